"""Explorers of lesson 03: output sizes and receptive fields."""

import html
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot, sizes
from .base import _ROW, Explorer, _columns, _line, _picture, _sliders


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
