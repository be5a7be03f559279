"""Explorer of lesson 04: a pooling window that moves."""

import html
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot, reference, sizes
from .base import (
    _ROW,
    Explorer,
    _button,
    _code,
    _line,
    _matrix,
    _number,
    _sliders,
    _svg_grid,
    _svg_outline,
)

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
