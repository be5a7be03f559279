"""Explorer of lesson 07: draw, and watch the network."""

import html
import io
import itertools
from collections.abc import Callable
from types import SimpleNamespace

import ipywidgets
import numpy as np
from PIL import Image

from .. import plot
from .base import _DOT, _ROW, Explorer, _button, _columns, _image

# The canvas writes its pixels, two hexadecimal digits each, into a hidden text field
# of ipywidgets and reports it as typed; that is all that passes between the two.
_CANVAS = """
<canvas class="cnnkit-canvas" tabindex="0" role="application" width="%(wide)d"
 height="%(high)d" data-pixels="%(pixels)s" data-columns="%(columns)d"
 data-version="%(version)d"
 aria-label="Drawing. Arrow keys move, Space puts the pen down and lifts it, Delete
 erases one pixel."
 style="touch-action:none;cursor:crosshair;background:#000"></canvas>
<img hidden alt="" src="%(dot)s" onload="
const canvas = this.parentNode.querySelector('canvas');
const field = canvas.closest('.cnnkit-explorer').querySelector('.cnnkit-pixels input');
const columns = +canvas.dataset.columns, pen = canvas.getContext('2d');
const hex = canvas.dataset.pixels, pixels = [];
for (let k = 0; k < hex.length; k += 2) pixels.push(parseInt(hex.slice(k, k + 2), 16));
const rows = pixels.length / columns, cell = canvas.width / columns;
const radius = Math.max(0.5, 0.04 * rows);
let cursor = [rows >> 1, columns >> 1], last = null, down = false, focus = false;
const paint = () => {
  pixels.forEach((value, k) => {
    pen.fillStyle = `rgb(${value},${value},${value})`;
    pen.fillRect((k %% columns) * cell, Math.floor(k / columns) * cell, cell, cell);
  });
  if (focus) {
    pen.strokeStyle = down ? '#D55E00' : '#56B4E9';
    pen.lineWidth = 2;
    pen.strokeRect(cursor[1] * cell, cursor[0] * cell, cell, cell);
  }
};
const report = () => {
  paint();
  field.value = pixels.map(value => value.toString(16).padStart(2, '0')).join('');
  field.dispatchEvent(new Event('input', {bubbles: true}));
};
const stroke = (from, to) => {
  const dy = to[0] - from[0], dx = to[1] - from[1], length = dy * dy + dx * dx || 1;
  pixels.forEach((value, k) => {
    const y = Math.floor(k / columns) + 0.5 - from[0];
    const x = k %% columns + 0.5 - from[1];
    const t = Math.min(1, Math.max(0, (y * dy + x * dx) / length));
    const away = Math.hypot(y - t * dy, x - t * dx);
    const ink = Math.min(1, Math.max(0, radius + 0.5 - away));
    pixels[k] = Math.max(value, Math.round(255 * ink));
  });
  report();
};
const at = event => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientY - box.top) / box.height * rows,
          (event.clientX - box.left) / box.width * columns];
};
canvas.addEventListener('pointerdown', event => {
  canvas.setPointerCapture(event.pointerId);
  last = at(event);
  stroke(last, last);
});
canvas.addEventListener('pointermove', event => {
  if (last === null) return;
  const here = at(event);
  stroke(last, here);
  last = here;
});
for (const name of ['pointerup', 'pointercancel'])
  canvas.addEventListener(name, () => { last = null; });
const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0],
               ArrowLeft: [0, -1], ArrowRight: [0, 1]};
canvas.addEventListener('keydown', event => {
  const centre = () => [cursor[0] + 0.5, cursor[1] + 0.5], before = centre();
  focus = event.key !== 'Tab';
  if (event.key in moves) {
    const [dy, dx] = moves[event.key];
    cursor = [Math.min(rows - 1, Math.max(0, cursor[0] + dy)),
              Math.min(columns - 1, Math.max(0, cursor[1] + dx))];
    if (down) stroke(before, centre()); else paint();
  } else if (event.key === ' ') {
    down = !down;
    if (down) stroke(before, before); else paint();
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    pixels[cursor[0] * columns + cursor[1]] = 0;
    report();
  } else return;
  event.preventDefault();
  event.stopPropagation();
});
canvas.addEventListener('focus', () => {
  focus = canvas.matches(':focus-visible');
  paint();
});
canvas.addEventListener('blur', () => { focus = down = false; paint(); });
paint();">
"""


def _bars(probabilities, class_names) -> str:
    """Probabilities as a table of bars; the largest stands out."""
    best = int(np.argmax(probabilities))
    rows = "".join(
        f'<tr style="{"font-weight:bold" if k == best else ""}">'
        f'<td style="text-align:right;padding:0 8px;white-space:nowrap">'
        f"{html.escape(str(name))}</td>"
        f'<td style="width:150px"><div style="height:13px;width:{100 * p:.1f}%;'
        f'min-width:1px;background:{plot.BLUE if k == best else "#8babd3"}"></div></td>'
        f'<td style="text-align:right;padding:0 8px">{p:.3f}</td></tr>'
        for k, (name, p) in enumerate(zip(class_names, probabilities, strict=True))
    )
    return f'<table style="line-height:1.35;border:0">{rows}</table>'


def _maps(maps) -> str:
    """Every channel of every layer as a small picture, a row a layer.

    A few milliseconds where a figure takes 150, too long while a hand is drawing.
    """
    rows = []
    for name, values in maps:
        values = np.asarray(values, float)
        signed = values.min() < 0
        colors = plot.DIVERGING if signed else plot.SEQUENTIAL
        values = values / (np.abs(values).max() or 1)
        values = colors(values / 2 + 0.5 if signed else values, bytes=True)[..., :3]
        if values.ndim == 2:  # a vector: one strip
            shape, columns = f"{len(values)}", 1
            tiles, size = values[None, None], (12, 8 * 43 - 3)
        else:
            shape = "×".join(map(str, values.shape[:3]))
            columns = min(values.shape[2], 8)
            tiles = values.transpose(2, 0, 1, 3)
            size = 40, round(40 * values.shape[1] / values.shape[0])
        count, height, width, _ = tiles.shape
        down = np.arange(size[0]) * height // size[0]
        across = np.arange(size[1]) * width // size[1]
        lines = -(-count // columns)
        sheet = np.full((lines, size[0] + 3, columns, size[1] + 3, 3), 225, np.uint8)
        for k, tile in enumerate(tiles):
            sheet[k // columns, :-3, k % columns, :-3] = tile[down][:, across]
        sheet = sheet.reshape(lines * (size[0] + 3), -1, 3)[:-3, :-3]
        file = io.BytesIO()
        Image.fromarray(sheet).save(file, "PNG", compress_level=1)
        rows.append(
            f'<tr><td style="text-align:right;padding:3px 8px;line-height:1.2">'
            f'{html.escape(name)}<br><small style="color:{plot.GREY}">{shape}</small>'
            f'</td><td style="padding:3px 0">'
            f"{_image(file, *sheet.shape[1::-1], f'values of {name}')}</td></tr>"
        )
    return f'<table style="border:0">{"".join(rows)}</table>'


def draw_digit(
    predict: Callable, examples, class_names, shape: tuple[int, int] = (28, 28)
) -> Explorer:
    """A sheet to draw on with mouse, finger or keys; a network reads along.

    Args:
        predict: called as predict(image) with a float32 image (h, w) from 0 (dark
            sheet) to 1 (stroke); returns the probabilities (classes,) and a list of
            (layer name, maps of shape (h, w, channels) or (units,)).
        examples: (n, h, w) or (n, h, w, 1), uint8 or from 0 to 1; images to begin
            with.
        class_names: one a class.
        shape: (h, w) of the sheet in pixels.

    Returns:
        An explorer whose `result` has `image`, `probabilities`, `best` (class name)
        and `maps`.

    Raises:
        ValueError: if the examples do not have the sheet's shape, or there is not one
            probability for each class.

    >>> def predict(image):
    ...     return [image.mean(), 1 - image.mean()], [("image", image[..., None])]
    >>> explorer = draw_digit(predict, np.zeros((1, 8, 8)), ["light", "dark"], (8, 8))
    >>> explorer.result.best
    'dark'
    """
    height, width = shape
    examples = np.asarray(examples)
    scale = 255 if examples.dtype == np.uint8 else 1
    if examples.shape[1:] not in ((height, width), (height, width, 1)) or not len(
        examples
    ):
        raise ValueError(
            f"expected examples of shape (n, {height}, {width}); received "
            f"{examples.shape}"
        )
    examples = (examples / scale).reshape(-1, height, width)

    def write(image) -> str:
        return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8).tobytes().hex()

    def read(text: str) -> np.ndarray:
        try:
            values = np.frombuffer(bytes.fromhex(text), np.uint8)
            return values.reshape(height, width).astype("float32") / 255
        except ValueError:
            raise ValueError(
                f"expected {height * width} pixels of two hexadecimal digits each; "
                f"received {len(text)} characters"
            ) from None

    def compute(settings):
        image = read(settings["pixels"])
        probabilities, maps = predict(image)
        probabilities = np.asarray(probabilities, float)
        if probabilities.shape != (len(class_names),):
            raise ValueError(
                f"expected {len(class_names)} probabilities, one a class; received "
                f"shape {probabilities.shape}"
            )
        return SimpleNamespace(
            image=image,
            probabilities=probabilities,
            best=class_names[int(probabilities.argmax())],
            maps=maps,
            html=_bars(probabilities, class_names) + _maps(maps),
        )

    def build(explorer):
        controls = explorer.controls = {
            "pixels": ipywidgets.Text(
                explorer.settings["pixels"],
                description="Pixels",
                layout={"display": "none"},
            ),
            "example": ipywidgets.BoundedIntText(
                0,
                max=len(examples) - 1,
                description="Example",
                layout={"width": "150px"},
                style={"description_width": "60px"},
            ),
            "load": _button("Load", "Put the example on the sheet again"),
            "clear": _button("Clear", "An empty sheet", "trash"),
            "up": _button("Up", "Shift up by a pixel"),
            "down": _button("Down", "Shift down by a pixel"),
            "left": _button("Left", "Shift left by a pixel"),
            "right": _button("Right", "Shift right by a pixel"),
            "turn": _button("Turn", "Rotate left by 15 degrees", "rotate-left"),
        }
        controls["pixels"].add_class("cnnkit-pixels")
        sheet = ipywidgets.HTML()
        cell = max(1, 252 // max(shape))
        versions = itertools.count()  # an HTML equal to the last is not drawn again

        def draw(text):
            sheet.value = _CANVAS % {
                "dot": _DOT,
                "wide": width * cell,
                "high": height * cell,
                "columns": width,
                "pixels": text,
                "version": next(versions),
            }

        def put(image):
            draw(write(image))
            explorer.set(pixels=write(image))

        def shifted(rows, columns):
            image = np.pad(read(controls["pixels"].value), 1)
            return np.roll(image, (rows, columns), (0, 1))[1:-1, 1:-1]

        def turned():
            from scipy import ndimage

            image = read(controls["pixels"].value)
            return ndimage.rotate(image, 15, reshape=False, order=1)

        def load(_=None):
            put(examples[controls["example"].value])

        draw(explorer.settings["pixels"])
        controls["example"].observe(load, "value")
        explorer.on_click("load", load)
        explorer.on_click("clear", lambda: put(np.zeros(shape)))
        explorer.on_click("up", lambda: put(shifted(-1, 0)))
        explorer.on_click("down", lambda: put(shifted(1, 0)))
        explorer.on_click("left", lambda: put(shifted(0, -1)))
        explorer.on_click("right", lambda: put(shifted(0, 1)))
        explorer.on_click("turn", lambda: put(turned()))
        keys = ipywidgets.HTML(
            '<div style="width:252px;line-height:1.4">Draw with mouse or finger. With '
            "keys: arrows move, Space puts the pen down and lifts it, Delete erases."
            "</div>"
        )
        rows = [("clear", "example", "load"), ("left", "right", "up", "down", "turn")]
        buttons = [
            ipywidgets.HBox([controls[name] for name in row], layout=_ROW)
            for row in rows
        ]
        left = [sheet, keys, *buttons, controls["pixels"]]
        return _columns(left, [explorer.view])

    def still(result):
        names = [name for name, _ in result.maps]
        fig = plot.feature_maps(
            [result.image[..., None], *(values for _, values in result.maps)],
            ["drawing", *names],
        )
        alt = (
            f"An image and what the layers {', '.join(names)} make of it; the most "
            f"probable class is {result.best}, ≈{result.probabilities.max():.3f}."
        )
        return fig, alt

    return Explorer({"pixels": write(examples[0])}, compute, build, still)
