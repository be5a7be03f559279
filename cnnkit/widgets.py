"""The explorers of the lessons: live in JupyterLab, a still where nothing can run.

Each function returns an `Explorer`; end a cell with its `show()`.  With CNNKIT_TEST=1
in the environment `show()` displays one figure with alternative text and makes no
widget, which is what a stored lesson holds and a regression test compares.

The live explorers are plain ipywidgets: every control is reached with the Tab key,
and the drawings are HTML, so no output area is captured or cleared.
"""

import base64
import html
import io
import itertools
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import SimpleNamespace

import ipywidgets
import numpy as np
from PIL import Image

from . import plot, reference, sizes

# HTML widgets run no scripts, but an image that has loaded may
_DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
# Plain keys typed into an explorer must not reach the notebook, where "dd" deletes a
# cell; JupyterLab looks for this attribute on the element that has the focus.
_KEEP_KEYS = f"""<img hidden alt="" src="{_DOT}" onload="
if (!window.cnnkitKeys) window.addEventListener('keydown', event => {{
  if (event.target.closest?.('.cnnkit-explorer'))
    event.target.toggleAttribute('data-lm-suppress-shortcuts',
      !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey));
}}, true);
window.cnnkitKeys = true">"""
# The buttons of ipywidgets.Play have no names of their own, and are made a moment later
_NAME_PLAY = f"""<img hidden alt="" src="{_DOT}" onload="
const names = ['Play or pause', 'Stop', 'Repeat'];
const name = tries => {{
  const explorer = this.closest('.cnnkit-explorer');
  const play = explorer?.querySelectorAll('.widget-play button');
  if (play?.length) play.forEach((button, k) => {{
    button.ariaLabel = button.title = names[k];
  }});
  else if (tries) setTimeout(name, 100, tries - 1);
}};
name(50);">"""
_ROW = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 12px"}


class Explorer:
    """Controls, what follows from their values, and a picture of it.

    Args:
        settings: name -> value at the start.
        compute: settings -> namespace of plain values; its `html` is the picture.
            It raises ValueError for settings that make no sense.
        build: explorer -> the widget, after filling `controls`; the values of the
            controls that `settings` names are the settings.
        still: result -> (figure, alternative text).

    Attributes:
        settings: the last values that made sense.
        result: what `compute` returned for them.
        message: why the controls' present values make no sense, or "".
        controls: name -> ipywidget; empty until `widget` is used.
    """

    def __init__(self, settings: dict, compute: Callable, build, still):
        self.settings = settings
        self.result = compute(settings)
        self.message = ""
        self.controls: dict[str, ipywidgets.Widget] = {}
        self._compute, self._build, self._still = compute, build, still
        self._widget = None
        self._busy = False

    @property
    def widget(self) -> ipywidgets.Box:
        """The live widget, made at the first use."""
        if self._widget is None:
            self.picture, self.status = ipywidgets.HTML(), ipywidgets.HTML()
            self._keys = ipywidgets.HTML(_KEEP_KEYS, layout={"display": "none"})
            self.view = ipywidgets.VBox([self.status, self.picture])
            self._widget = ipywidgets.VBox([self._build(self), self._keys])
            self._widget.add_class("cnnkit-explorer")
            for name in self.settings:
                self.controls[name].observe(lambda _: self._changed(), "value")
            self._changed()
        return self._widget

    def _changed(self) -> None:
        if self._busy:
            return
        self._busy = True  # a control moved from here is no second change
        try:
            settings = {name: self.controls[name].value for name in self.settings}
            self.result = self._compute(settings)
            for name, highest in getattr(self.result, "highest", {}).items():
                self.controls[name].max = highest
            self.settings = settings
            self._draw("")
        except Exception as error:  # shown to the student, who can go on
            self._draw(error)
        finally:
            self._busy = False

    def _draw(self, error: Exception | str) -> None:
        """The picture of the result, in pale and with a reason after an error."""
        self.message = str(error)
        if error and not isinstance(error, ValueError):
            self.message = f"{type(error).__name__}: {error}"
        opacity = 0.35 if error else 1
        self.picture.value = f'<div style="opacity:{opacity}">{self.result.html}</div>'
        self.status.value = self.message and (
            '<div role="alert" style="color:#b00020;line-height:1.4">'
            f"{html.escape(self.message)}<br>The picture keeps the last settings "
            "that worked.</div>"
        )

    def on_click(self, name: str, action: Callable) -> None:
        """Run an action when a button is clicked, and show what it raises."""

        def clicked(_):
            try:
                action()
            except Exception as error:
                self._draw(error)

        self.controls[name].on_click(clicked)

    def set(self, **values) -> None:
        """Move several controls at once, with one redraw."""
        self.widget  # noqa: B018 - makes the controls
        self._busy = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._busy = False
        self._changed()

    def show(self) -> None:
        """Display the live widget, or with CNNKIT_TEST=1 its still."""
        if os.environ.get("CNNKIT_TEST") == "1":
            plot.show(*self._still(self.result))
            return
        from IPython.display import display

        display(self.widget)

    def close(self) -> None:
        """Remove the widget and everything in it from the page and the kernel."""
        widgets = [self._widget] if self._widget else []
        while widgets:
            widget = widgets.pop()
            widgets += getattr(widget, "children", ())
            for name in ("layout", "style"):
                if widget.has_trait(name):
                    getattr(widget, name).close()
            widget.close()
        self._widget = None
        self.controls = {}


# ---------------------------------------------------------------- small tools


def _number(value) -> str:
    """A number as short as it can be read, with a true minus sign; letters as is."""
    if isinstance(value, str):
        return value
    return "0" if value == 0 else f"{float(value):.4g}".replace("-", "−")


def _matrix(array, name: str) -> np.ndarray:
    """A matrix of numbers, or an object array if letters are among its entries."""
    matrix = np.array(array, dtype=object)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"expected {name}: a matrix (rows, columns); received shape {matrix.shape}"
        )
    if any(isinstance(entry, str) for entry in matrix.flat):
        return matrix
    matrix = np.array(matrix.tolist())
    if matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"expected {name}: numbers or letters; received {matrix.dtype} entries"
        )
    return matrix.astype(int) if matrix.dtype.kind in "bu" else matrix


def _entry(text: str) -> int | float | str:
    """A number or a letter as typed: 2, -1.5, 1/9, w."""
    text = text.replace("−", "-")
    if len(text) == 1 and text.isalpha():
        return text
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(
            "expected a number such as 2, -1.5 or 1/9, or a single letter; "
            f"received {text!r}"
        ) from None
    return int(value) if value.denominator == 1 else float(value)


def _parse_matrix(text: str) -> np.ndarray:
    """A matrix typed as one row a line, entries separated by spaces or commas."""
    lines = [line for line in text.replace(",", " ").splitlines() if line.strip()]
    if not lines:
        raise ValueError("expected a kernel: one row a line; received an empty text")
    rows = [[_entry(word) for word in line.split()] for line in lines]
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(
            "expected rows of equal length; received rows of "
            f"{', '.join(map(str, lengths))} entries"
        )
    return _matrix(rows, "kernel")


def _picture(fig, alt: str) -> str:
    """A figure as an HTML image, drawn at once when it replaces another.

    Larger files than `plot.image_bytes` makes, in a third of the time.
    """
    file = io.BytesIO()
    fig.savefig(file, dpi=144, pil_kwargs={"compress_level": 1})
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    return _image(file, width, height, alt)


def _image(file: io.BytesIO, width: int, height: int, alt: str) -> str:
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img src="data:image/png;base64,{data}" decoding="sync" width="{width}" '
        f'height="{height}" style="display:block;max-width:100%;height:auto" '
        f'alt="{html.escape(alt)}">'
    )


def _code(text: str) -> str:
    return (
        '<pre style="margin:4px 0;padding:6px 10px;background:#f5f5f5;'
        f'white-space:pre-wrap;word-break:normal;line-height:1.4">{html.escape(text)}</pre>'
    )


def _line(text: str) -> str:
    return f'<div style="line-height:1.5;margin:4px 0">{text}</div>'


def _button(text: str, tooltip: str, icon: str = "") -> ipywidgets.Button:
    layout = {"width": "auto", "padding": "0 9px"}
    return ipywidgets.Button(
        description=text, tooltip=tooltip, icon=icon, layout=layout
    )


def _columns(left: list, right: list) -> ipywidgets.HBox:
    """Controls, and beside them what follows, in the width that is left."""
    return ipywidgets.HBox(
        [
            ipywidgets.VBox(left, layout={"flex": "0 0 auto"}),
            ipywidgets.VBox(right, layout={"flex": "1 1 0", "min_width": "0"}),
        ],
        layout={"grid_gap": "24px"},
    )


# ---------------------------------------------------------------- lesson 01


def _times(a, b) -> int | float | str:
    """The product of two entries: a text such as aw or 2w if a letter is in it."""
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    if not isinstance(a, str) and not isinstance(b, str):
        return a * b
    factor, letter = (b, a) if isinstance(a, str) else (a, b)
    return {0: 0, 1: letter, -1: f"−{letter}"}.get(factor, _number(factor) + letter)


def _term(a, b) -> str:
    """The product written out."""
    if isinstance(a, str) or isinstance(b, str):
        return _number(_times(a, b))
    return f"{_number(a)}·" + (f"({_number(b)})" if b < 0 else _number(b))


def _plus(terms, sign: str) -> str:
    """Terms joined by a plus sign, or by a minus that one of them brings along."""
    return sign.join(terms).replace(f"{sign}−", sign.replace("+", "−"))


def _keras_call(kernel_size, stride: int, padding, pads, dilation: int) -> str:
    """A Keras layer that computes what the stepper shows."""
    size = kernel_size[0] if len(set(kernel_size)) == 1 else kernel_size
    both = stride > 1 and dilation > 1  # Conv2D refuses this pair
    if padding == "same" and both:
        zeros = pads
    else:
        zeros = padding if padding not in (0, "same") else None
    conv = (
        f"keras.layers.Conv2D(1, {size}, strides={1 if both else stride}, "
        f'padding="{"same" if padding == "same" and not both else "valid"}", '
        f"dilation_rate={dilation}, use_bias=False)"
    )
    parts = [conv]
    if zeros is not None:
        parts.insert(0, f"keras.layers.ZeroPadding2D({zeros})")
    if both:  # a window of one pixel only skips
        parts.append(f"keras.layers.MaxPooling2D(1, strides={stride})")
    if len(parts) == 1:
        return conv
    return "keras.Sequential([\n" + "".join(f"    {p},\n" for p in parts) + "])"


def _svg_text(x: float, y: float, size: float, lines, ink: str, extra="") -> str:
    """Lines of text centred on a point of an SVG drawing."""
    top = y - 0.6 * size * (len(lines) - 1)
    return "".join(
        f'<text x="{x:.1f}" y="{top + 1.2 * size * k:.1f}" font-size="{size:.1f}" '
        f'fill="{ink}" text-anchor="middle" dominant-baseline="central"{extra}>'
        f"{html.escape(line)}</text>"
        for k, line in enumerate(lines)
    )


def _svg_grid(x, y, wide, high, title: str, cells, wrap: int = 12) -> str:
    """A table with a title as part of an SVG drawing; cells are (text, fill, ink)."""
    middle = x + wide * len(cells[0]) / 2
    parts = [_svg_text(middle, y - 14, 14, [title], plot.INK)]
    for i, row in enumerate(cells):
        for j, (text, fill, ink) in enumerate(row):
            left, top = x + j * wide, y + i * high
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                f'height="{high:.1f}" fill="{fill}" stroke="#b5b5b5"/>'
            )
            if text and high >= 14:
                # sums of letters go over several lines
                lines = textwrap.wrap(re.sub(r"(?<=\w)(?=[+−])", " ", text), wrap)
                lines = [line.replace(" ", "") for line in lines]
                size = min(
                    15,
                    0.45 * high,
                    0.8 * high / len(lines),
                    1.6 * wide / max(map(len, lines)),
                )
                centre = left + wide / 2, top + high / 2
                parts.append(_svg_text(*centre, size, lines, ink))
    return "".join(parts)


def _svg_outline(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="none" stroke="{plot.VERMILLION}" stroke-width="3"/>'
    )


def _step_svg(field, inside, kernel, output, step, stride, dilation, alt) -> str:
    """Input with the window, kernel, and the output so far, as one drawing.

    An SVG is drawn in a few milliseconds, a Matplotlib figure of it in 100 to 500.
    """
    window, light = "#ffddca", "#ececec"  # as in plot.convolution_step
    row, column = divmod(step - 1, output.shape[1])
    top, left = row * stride, column * stride
    taps = np.zeros(field.shape, bool)
    reach = [(n - 1) * dilation + 1 for n in kernel.shape]
    taps[top : top + reach[0] : dilation, left : left + reach[1] : dilation] = True
    share = 2 if output.dtype == object else 1.2  # outputs are longer texts
    gap, y = 46, 30
    columns = field.shape[1] + kernel.shape[1] + share * output.shape[1]
    size = min(44, (620 - 2 * gap) / columns)
    x_kernel = 2 + field.shape[1] * size + gap
    x_output = x_kernel + kernel.shape[1] * size + gap
    full = x_output + output.shape[1] * share * size + 2
    high = y + size * max(len(field), len(kernel), len(output)) + 3
    fields = [
        [
            (
                _number(value),
                window if taps[i, j] else "#fff" if inside[i, j] else light,
                plot.INK if inside[i, j] else plot.GREY,
            )
            for j, value in enumerate(line)
        ]
        for i, line in enumerate(field.tolist())
    ]
    kernels = [
        [(_number(k), "#fff", plot.INK) for k in line] for line in kernel.tolist()
    ]
    outputs = [
        [
            (_number(v), window, plot.INK)
            if (i, j) == (row, column)
            else (_number(v), "#fff", plot.INK)
            if (i, j) < (row, column)
            else ("", light, plot.INK)
            for j, v in enumerate(line)
        ]
        for i, line in enumerate(output.tolist())
    ]
    wide = share * size
    middle = y + size * min(len(field), len(kernel), len(output)) / 2
    drawing = "".join(
        [
            _svg_grid(2, y, size, size, "input", fields),
            _svg_grid(x_kernel, y, size, size, "kernel", kernels),
            _svg_grid(x_output, y, wide, size, "output", outputs, 4 * kernel.shape[1]),
            _svg_text(x_kernel - gap / 2, middle, 20, ["⋆"], plot.INK),
            _svg_text(x_output - gap / 2, middle, 20, ["="], plot.INK),
            _svg_outline(
                2 + left * size, y + top * size, *(n * size for n in reach[::-1])
            ),
            _svg_outline(x_output + column * wide, y + row * size, wide, size),
        ]
    )
    return (
        f'<svg viewBox="0 0 {full:.0f} {high:.0f}" width="{full:.0f}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{drawing}</svg>'
    )


def convolution_stepper(
    image, kernel, stride: int = 1, padding: int | str = 0, dilation: int = 1
) -> Explorer:
    """A kernel walks over an image step by step, each sum written out.

    Numbers give numbers; letters give sums of products of letters.  A switch turns
    what Keras computes (cross-correlation) into true convolution, which rotates the
    kernel by 180 degrees.

    Args:
        image: (h, w) numbers or letters.
        kernel: (kh, kw) numbers or letters; the student can type another.
        stride: pixels between neighbouring windows.
        padding: zeros on each side in pixels, or "same" (Keras's rule).
        dilation: distance between neighbouring taps in pixels.

    Returns:
        An explorer whose `result` has `output` (a matrix, of texts if letters are in
        it), `step` (outputs filled), `position` (row, column), `text` (the sum) and
        `keras_call`.

    Raises:
        ValueError: if image or kernel is no matrix, or the kernel does not fit.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 15.

    >>> explorer = convolution_stepper([["a", "b"]], [["w", "x"]])
    >>> explorer.result.text
    'output[0, 0] = aw + bx'
    """
    image = _matrix(image, "image")
    kernel = _matrix(kernel, "kernel")
    typed = "\n".join("  ".join(map(_number, row)) for row in kernel.tolist())

    def compute(settings):
        text, stride = settings["kernel"], settings["stride"]
        padding, dilation = settings["padding"], settings["dilation"]
        # the caller's kernel keeps all its digits
        mine = kernel if text == typed else _parse_matrix(text)
        shape = [
            sizes.output_size(n, k, stride, padding, dilation)
            for n, k in zip(image.shape, mine.shape, strict=True)
        ]
        pads = (padding,) * 2, (padding,) * 2
        if padding == "same":
            pads = tuple(
                sizes.same_padding(n, k, stride, dilation)
                for n, k in zip(image.shape, mine.shape, strict=True)
            )
        field = np.pad(image, pads)
        inside = np.pad(np.ones(image.shape, bool), pads)
        turned = mine[::-1, ::-1] if settings["look"] == "back" else mine
        reach = [sizes.effective_kernel_size(k, dilation) for k in mine.shape]
        windows = np.lib.stride_tricks.sliding_window_view(field, reach)
        windows = windows[::stride, ::stride, ::dilation, ::dilation]
        if object in (field.dtype, turned.dtype):
            output = np.empty(shape, object)
            for place in np.ndindex(*shape):
                terms = map(_times, windows[place].flat, turned.flat)
                terms = [_number(term) for term in terms if term != 0]
                output[place] = _plus(terms, "+") or "0"
        else:
            output = (windows * turned).sum((-2, -1))
        step = min(settings["step"], output.size)
        position = divmod(step - 1, shape[1])
        terms = map(_term, windows[position].flat, turned.flat)
        text = f"output[{position[0]}, {position[1]}] = {_plus(terms, ' + ')}"
        if output.dtype != object:
            text += f" = {_number(output[position])}"
        call = _keras_call(mine.shape, stride, padding, pads, dilation)
        note = "The Keras layer with these settings"
        if settings["look"] == "back":
            note += ", given the kernel rotated by 180°"
        if stride > 1 and dilation > 1:
            note += "; Conv2D refuses to stride and dilate at once, so pooling strides"
        alt = f"Step {step} of {output.size}: {text}"
        drawing = _step_svg(field, inside, turned, output, step, stride, dilation, alt)
        return SimpleNamespace(
            output=output,
            step=step,
            position=position,
            text=text,
            keras_call=call,
            alt=alt,
            highest={"step": output.size, "play": output.size},
            still=(image, turned, stride, pads, dilation, *position),
            html=drawing
            + _line(f"<b>{html.escape(text)}</b>")
            + _line(f"{note}:")
            + _code(call),
        )

    def build(explorer):
        last = explorer.result.highest["step"]
        number = {"width": "200px"}
        controls = explorer.controls = {
            "previous": _button("Previous", "One step back", "step-backward"),
            "next": _button("Next", "One step on", "step-forward"),
            "play": ipywidgets.Play(
                1, min=1, max=last, interval=600, tooltip="Play the steps"
            ),
            "step": ipywidgets.IntSlider(
                1, min=1, max=last, description="Step", layout={"width": "330px"}
            ),
            "kernel": ipywidgets.Textarea(
                typed,
                description="Kernel",
                rows=max(3, len(kernel)),
                tooltip="One row a line: numbers such as 2, -1.5 or 1/9, or letters",
                layout=number,
            ),
            "stride": ipywidgets.BoundedIntText(
                stride, min=1, description="Stride", layout=number
            ),
            "padding": ipywidgets.Dropdown(
                options=[
                    *range(max(4, 0 if padding == "same" else padding + 1)),
                    "same",
                ],
                value=padding,
                description="Padding",
                layout=number,
            ),
            "dilation": ipywidgets.BoundedIntText(
                dilation, min=1, description="Dilation", layout=number
            ),
            "look": ipywidgets.RadioButtons(
                options=[
                    ("look forward: cross-correlation, what Keras does", "forward"),
                    ("look back: true convolution, the kernel rotated", "back"),
                ],
                tooltip="Cross-correlation or true convolution",
                layout={"width": "max-content"},
            ),
        }

        def move(by):
            step = controls["step"]
            step.value = (step.value - 1 + by) % step.max + 1

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        ipywidgets.link((controls["play"], "value"), (controls["step"], "value"))
        walk = ("previous", "play", "next", "step")
        shape = ("kernel", "stride", "padding", "dilation")
        columns = _columns(
            [controls[name] for name in shape], [controls["look"], explorer.view]
        )
        steps = ipywidgets.HBox([controls[name] for name in walk], layout=_ROW)
        names = ipywidgets.HTML(_NAME_PLAY, layout={"display": "none"})
        return ipywidgets.VBox([steps, columns, names])

    def still(result):
        alt = f"{result.alt}."
        if len(alt) > 400:
            alt = re.sub(r"= .* =", f"= sum of {result.still[1].size} products =", alt)
        return plot.convolution_step(*result.still), alt

    settings = {"step": 1, "kernel": typed, "stride": stride, "padding": padding}
    settings |= {"dilation": dilation, "look": "forward"}
    return Explorer(settings, compute, build, still)


def smoothing_explorer(readings, weights) -> Explorer:
    """A weighted sum slides along a noisy track; each weight can be edited.

    Args:
        readings: (n,) measured values.
        weights: (k,) the newest first: s(t) = sum over a of readings[t - a] times
            weights[a].

    Returns:
        An explorer whose `result` has `smoothed` (NaN where the window does not fit),
        `t`, `value` (of s at t), `weights` and `gain`, the sum of squared weights:
        the factor on the variance of independent noise.

    Raises:
        ValueError: if one is not a vector of numbers, or there are more weights than
            readings.

    >>> smoothing_explorer([1, 2, 3], [0.5, 0.5]).result.value
    1.5
    """
    readings, weights = np.asarray(readings, float), np.asarray(weights, float)
    n, k = readings.size, weights.size
    if readings.ndim != 1 or weights.ndim != 1 or not 0 < k <= n:
        raise ValueError(
            "expected readings (n,) and at most as many weights (k,); received shapes "
            f"{readings.shape} and {weights.shape}"
        )
    names = [f"w{-lag}".replace("-", "−") for lag in range(k)]

    def compute(settings):
        t = settings["t"]
        weights = np.array([settings[name] for name in names])
        smoothed = np.full(n, np.nan)
        smoothed[k - 1 :] = np.convolve(readings, weights, mode="valid")
        value, gain = float(smoothed[t]), float((weights**2).sum())
        fig = plot.smoothing(readings, weights, t, smoothed)
        window = readings[t - k + 1 : t + 1][::-1]
        terms = _plus(map(_term, window, weights), " + ")
        facts = (
            f"The weights sum to {_number(weights.sum())}, their squares to "
            f"{_number(gain)}: the factor on the variance of independent noise"
        )
        alt = (
            f"{n} readings and their smoothed values up to time {t}, where the sum of "
            f"{k} products is {_number(value)}. {facts}."
        )
        return SimpleNamespace(
            smoothed=smoothed,
            t=t,
            value=value,
            weights=weights,
            gain=gain,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + _line(f"<b>s({t}) = {terms} = {_number(value)}</b>")
            + _line(f"{facts}."),
        )

    def build(explorer):
        t = ipywidgets.IntSlider(
            k - 1,
            min=k - 1,
            max=n - 1,
            description="Time t",
            layout={"width": "420px"},
        )
        # number fields: a slider would round a seventh to its own steps
        cells = {
            name: ipywidgets.FloatText(
                weight,
                step=0.05,
                description=name,
                layout={"width": "104px"},
                style={"description_width": "32px"},
            )
            for name, weight in zip(names, weights.tolist(), strict=True)
        }
        normalise = _button(
            "Normalise", "Divide the weights by their sum", "balance-scale"
        )
        explorer.controls = {"t": t, **cells, "normalise": normalise}

        def divide():
            values = np.array([cell.value for cell in cells.values()])
            if abs(values.sum()) < 1e-9:
                raise ValueError(
                    "expected weights with a sum other than 0 to divide by; received "
                    f"a sum of {_number(values.sum())}"
                )
            explorer.set(**dict(zip(names, values / values.sum(), strict=True)))

        explorer.on_click("normalise", divide)
        return ipywidgets.VBox(
            [
                ipywidgets.HBox([t, normalise], layout=_ROW),
                ipywidgets.HBox(list(cells.values()), layout=_ROW),
                explorer.view,
            ]
        )

    settings = {"t": k - 1, **dict(zip(names, weights.tolist(), strict=True))}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))


# ---------------------------------------------------------------- lesson 03


def _sliders(settings: dict, ranges: dict) -> dict:
    """One integer slider a setting; the value at the start is always within reach."""
    return {
        name: ipywidgets.IntSlider(
            value,
            min=ranges[name][0],
            max=max(ranges[name][1], value),
            description=name.capitalize(),
            layout={"width": "270px"},
        )
        for name, value in settings.items()
    }


def size_explorer(
    n: int = 7, kernel: int = 3, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Explorer:
    """Where a kernel fits along an axis: drawing, formula, and what Keras returns.

    Args:
        n: input length in pixels.
        kernel: taps along the axis.
        stride: pixels between neighbouring placements.
        padding: zeros on each side in pixels.
        dilation: distance between neighbouring taps in pixels.

    Returns:
        An explorer whose `result` has `size` (0 if the kernel does not fit),
        `formula`, `unread` (input pixels no placement reads, counted from 0), and
        `valid` and `same`, the sizes Keras returns (None where it refuses).

    Raises:
        ValueError: if a value is not an integer in range.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 15.

    >>> result = size_explorer(7, kernel=3, stride=3).result
    >>> result.size, result.unread, result.valid, result.same
    (2, [6], 2, 3)
    """

    def compute(settings):
        n, kernel, stride, padding, dilation = settings.values()
        fig = plot.placements(n, kernel, stride, padding, dilation)
        try:
            size = sizes.output_size(n, kernel, stride, padding, dilation)
        except ValueError:
            size = 0  # the drawing says so
        read = {
            place * stride + tap * dilation - padding
            for place in range(size)
            for tap in range(kernel)
        }
        unread = [pixel for pixel in range(n) if pixel not in read]
        keras = dict.fromkeys(("valid", "same"))
        notes = []
        for name in keras:
            try:
                keras[name] = sizes.output_size(n, kernel, stride, name, dilation)
            except ValueError:
                notes.append(f'"{name}" raises an error, the kernel does not fit')
                continue
            zeros = ""
            if name == "same":
                before, after = sizes.same_padding(n, kernel, stride, dilation)
                zeros = f" with {before} zeros before and {after} after"
            notes.append(f'padding="{name}" gives <b>{keras[name]}</b>{zeros}')
        note = "Keras: " + ", ".join(notes) + "."
        if stride > 1 and dilation > 1:
            keras = dict.fromkeys(keras)
            note = "Keras: Conv2D refuses strides and dilation_rate above 1 together."
        formula = fig.texts[0].get_text()
        names = ", ".join(map(str, unread)) if unread else "none"
        alt = f"{formula}. Input pixels that no placement reads: {names}."
        return SimpleNamespace(
            size=size,
            formula=formula,
            unread=unread,
            **keras,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + _line(f"Input pixels that no placement reads (counted from 0): {names}.")
            + _line(note),
        )

    def build(explorer):
        ranges = {"n": (1, 16), "kernel": (1, 7), "stride": (1, 5)}
        ranges |= {"padding": (0, 4), "dilation": (1, 4)}
        explorer.controls = _sliders(explorer.settings, ranges)
        explorer.controls["n"].description = "Input"
        sliders = ipywidgets.HBox(list(explorer.controls.values()), layout=_ROW)
        return ipywidgets.VBox([sliders, explorer.view])

    settings = {"n": n, "kernel": kernel, "stride": stride, "padding": padding}
    settings |= {"dilation": dilation}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))


def receptive_field_explorer(
    image, layers: Mapping[str, tuple[int, int]], mask: Callable
) -> Explorer:
    """The pixels of the input that one unit reads, for any unit of any layer.

    Args:
        image: (h, w), (h, w, 1) or (h, w, 3); the background.
        layers: name -> (height, width) of its map of units.
        mask: called as mask(name, row, column); returns (h, w), which is not zero at
            the pixels the unit reads, such as gradients of the unit.

    Returns:
        An explorer whose `result` has `mask` (magnitudes), `size` (height, width of
        the field in pixels; 0, 0 if nothing is read) and `box` (top, left, bottom,
        right of its first and last pixels).

    Raises:
        ValueError: if there is no layer, or a mask does not have the image's shape.

    >>> def mask(layer, row, column):
    ...     field = np.zeros((6, 6))
    ...     field[row : row + 3, column : column + 3] = 1
    ...     return field
    >>> receptive_field_explorer(np.ones((6, 6)), {"conv": (4, 4)}, mask).result.size
    (3, 3)
    """
    if not layers:
        raise ValueError("expected at least one layer; received none")

    def field(layer, row, column):
        strength = np.abs(np.asarray(mask(layer, row, column), float))
        if strength.shape != np.shape(image)[:2]:
            raise ValueError(
                f"expected a mask of the image's shape {np.shape(image)[:2]}; received "
                f"{strength.shape}"
            )
        read = np.argwhere(strength > 0)
        if not len(read):
            return strength, (0, 0), None
        first, last = read.min(0), read.max(0)
        size = tuple((last - first + 1).tolist())
        return strength, size, (*first.tolist(), *last.tolist())

    def compute(settings):
        layer = settings["layer"]
        height, width = layers[layer]
        row, column = (
            min(settings["row"], height - 1),
            min(settings["column"], width - 1),
        )
        strength, size, box = field(layer, row, column)
        text = f"Unit ({row}, {column}) of {layer}, a map of {height}×{width} units, "
        text += "reads no pixel"
        if box:
            text = text.replace("no pixel", f"{size[0]}×{size[1]} pixels: ")
            text += f"rows {box[0]} to {box[2]}, columns {box[1]} to {box[3]}"
        fig = plot.receptive_field(image, [strength], [f"{layer} ({row}, {column})"])
        fig.set_size_inches(4.2, 4.5)
        return SimpleNamespace(
            mask=strength,
            size=size,
            box=box,
            text=text,
            highest={"row": height - 1, "column": width - 1},
            html=_picture(fig, text) + _line(f"<b>{html.escape(text)}.</b>"),
        )

    def build(explorer):
        width = {"width": "300px"}
        highest = explorer.result.highest
        controls = explorer.controls = {
            "layer": ipywidgets.Dropdown(
                options=list(layers), description="Layer", layout=width
            )
        }
        for name in ("row", "column"):
            controls[name] = ipywidgets.IntSlider(
                explorer.settings[name],
                max=highest[name],
                description=name.capitalize(),
                layout=width,
            )
        return _columns(list(controls.values()), [explorer.view])

    def still(_):
        middle = {name: (h // 2, w // 2) for name, (h, w) in layers.items()}
        found = {name: field(name, *unit) for name, unit in middle.items()}
        fig = plot.receptive_field(
            image, [strength for strength, _, _ in found.values()], list(layers)
        )
        fields = ", ".join(f"{name} {h}×{w}" for name, (_, (h, w), _) in found.items())
        return fig, f"Pixels read by the middle unit of each layer: {fields}."

    name, (height, width) = next(iter(layers.items()))
    settings = {"layer": name, "row": height // 2, "column": width // 2}
    return Explorer(settings, compute, build, still)


# ---------------------------------------------------------------- lesson 04

_POOLS = {
    "max": reference.max_pool2d,
    "average": reference.avg_pool2d,
    "L2": reference.l2_pool2d,
}


def _pooling_svg(field, outputs, step, corner, size, alt) -> str:
    """Input with the window (NaN outside of it), and what three poolings make of it."""
    window, light = "#ffddca", "#ececec"
    row, column = divmod(step - 1, outputs["max"].shape[1])
    top, left = corner
    gap, y = 26, 30
    columns = field.shape[1] + sum(1.3 * out.shape[1] for out in outputs.values())
    unit = min(44, (640 - gap * len(outputs)) / columns)
    wide, high = 1.3 * unit, y + unit * max(len(field), len(outputs["max"])) + 3

    def cells(array, marked):
        return [
            [
                ("", light, plot.GREY)
                if np.isnan(value)
                else (_number(value), window if marked(i, j) else "#fff", plot.INK)
                for j, value in enumerate(line)
            ]
            for i, line in enumerate(array.tolist())
        ]

    def inside(i, j):
        return top <= i < top + size and left <= j < left + size

    parts = [_svg_grid(2, y, unit, unit, "input", cells(field, inside))]
    parts.append(_svg_outline(2 + left * unit, y + top * unit, *(size * unit,) * 2))
    x = 2 + field.shape[1] * unit + gap
    for name, out in outputs.items():
        here = cells(out, lambda i, j: (i, j) == (row, column))
        parts.append(_svg_grid(x, y, wide, unit, name, here))
        parts.append(_svg_outline(x + column * wide, y + row * unit, wide, unit))
        x += out.shape[1] * wide + gap
    return (
        f'<svg viewBox="0 0 {x:.0f} {high:.0f}" width="{x:.0f}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{"".join(parts)}</svg>'
    )


def pooling_stepper(
    image, size: int = 2, stride: int = 2, padding: str = "valid"
) -> Explorer:
    """A pooling window moves over a map: largest, mean and root mean square of it.

    Args:
        image: (h, w) numbers.
        size: pixels of the window per side.
        stride: pixels between neighbouring windows.
        padding: "valid", or "same" (Keras's rule), whose windows may reach over the
            edge and take the pixels that exist.

    Returns:
        An explorer whose `result` has `outputs` ("max", "average", "L2": a matrix
        each), `step`, `position` (row, column), `window` (its pixels, in a row) and
        `keras_calls`.

    Raises:
        ValueError: if the image is no matrix of numbers, or the window does not fit.

    Source: IS 6733 (pooling).

    >>> pooling_stepper([[1, 7], [5, 5]]).result.text
    'window 1, 7, 5, 5: max 7, average 4.5, L2 5'
    """
    image = _matrix(image, "image")
    if image.dtype == object:
        raise ValueError("expected image: numbers; received letters")

    def compute(settings):
        size, stride = settings["size"], settings["stride"]
        padding = settings["padding"]
        shape = [sizes.output_size(n, size, stride, padding) for n in image.shape]
        pads = [
            sizes.same_padding(n, size, stride) if padding == "same" else (0, 0)
            for n in image.shape
        ]
        x = image[None, :, :, None].astype(float)
        outputs = {
            name: pool(x, size, stride, padding)[0, :, :, 0]
            for name, pool in _POOLS.items()
        }
        step = min(settings["step"], shape[0] * shape[1])
        position = divmod(step - 1, shape[1])
        corner = [place * stride for place in position]  # in the padded image
        field = np.pad(image.astype(float), pads, constant_values=np.nan)
        window = field[tuple(slice(start, start + size) for start in corner)]
        window = window[~np.isnan(window)]
        found = [f"{name} {_number(out[position])}" for name, out in outputs.items()]
        pixels = ", ".join(map(_number, window))
        text = f"window {pixels}: {', '.join(found)}"
        arguments = f'2D({size}, strides={stride}, padding="{padding}")'
        calls = [
            f"keras.layers.{kind}Pooling{arguments}" for kind in ("Max", "Average")
        ]
        alt = f"Window {step} of {shape[0] * shape[1]}: {text.removeprefix('window ')}"
        return SimpleNamespace(
            outputs=outputs,
            step=step,
            position=position,
            window=window,
            text=text,
            keras_calls=calls,
            alt=alt,
            highest={"step": shape[0] * shape[1]},
            still=(field, corner, size),
            html=_pooling_svg(field, outputs, step, corner, size, alt)
            + _line(f"<b>{html.escape(text)}</b>")
            + _code("\n".join(calls)),
        )

    def build(explorer):
        last = explorer.result.highest["step"]
        most = {"size": min(image.shape), "stride": 4}
        controls = explorer.controls = {
            "previous": _button("Previous", "One window back", "step-backward"),
            "next": _button("Next", "One window on", "step-forward"),
            "step": ipywidgets.IntSlider(
                1, min=1, max=last, description="Window", layout={"width": "330px"}
            ),
            **_sliders(
                {name: explorer.settings[name] for name in most},
                {name: (1, high) for name, high in most.items()},
            ),
            "padding": ipywidgets.Dropdown(
                options=["valid", "same"],
                value=padding,
                description="Padding",
                layout={"width": "200px"},
            ),
        }

        def move(by):
            step = controls["step"]
            step.value = (step.value - 1 + by) % step.max + 1

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        walk = [controls[name] for name in ("previous", "next", "step")]
        shape = [controls[name] for name in ("size", "stride", "padding")]
        rows = [ipywidgets.HBox(row, layout=_ROW) for row in (walk, shape)]
        return ipywidgets.VBox([*rows, explorer.view])

    def still(result):
        field, (top, left), size = result.still
        row, column = result.position
        fig, axes = plot.figure(columns=4, height=2.1)
        plot.number_grid(axes[0], field, "input", [(top, left, size, size)])
        for ax, (name, out) in zip(axes[1:], result.outputs.items(), strict=True):
            plot.number_grid(ax, out, name, [(row, column, 1, 1)])
        return fig, f"{result.alt}."

    settings = {"step": 1, "size": size, "stride": stride, "padding": padding}
    return Explorer(settings, compute, build, still)


# ---------------------------------------------------------------- lesson 07

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
