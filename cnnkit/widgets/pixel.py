"""Explorer of lesson 08: a 1x1 filter at the position that was picked."""

import html
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot
from .base import (
    _PICK,
    _ROW,
    Explorer,
    _line,
    _number,
    _pick_field,
    _svg,
    _svg_outline,
    _svg_picture,
    _svg_target,
    _svg_text,
)


def _colors(values: np.ndarray) -> np.ndarray:
    """Map values as uint8 colours, white at zero."""
    signed = values.min() < 0
    cmap = plot.DIVERGING if signed else plot.SEQUENTIAL
    values = values / (np.abs(values).max() or 1)
    return cmap(values / 2 + 0.5 if signed else values, bytes=True)[..., :3]


def _pixel_svg(picture, vector, weights, output, row, column, alt) -> str:
    """Image and output map with the position, and the channels as bars between."""
    channels, (rows, columns) = len(vector), output.shape
    wide = 190.0
    high, y = wide * rows / columns, 30.0
    x_bars, bar = wide + 62, 92.0
    x_out = x_bars + 3 * (bar + 12) + 12
    thick = min(20.0, 300.0 / channels)
    parts = []
    for x, title, pixels in (
        (2.0, "image", picture),
        (x_out, "output", _colors(output)),
    ):
        parts.append(_svg_text(x + wide / 2, y - 14, 14, [title], plot.INK))
        parts.append(_svg_picture(x, y, wide, high, pixels))
        cell = wide / columns, high / rows
        parts.append(
            _svg_outline(x + column * cell[0], y + row * cell[1], cell[0], cell[1])
        )
        parts += [
            _svg_target(x + j * cell[0], y + i * cell[1], *cell, f"{i},{j}")
            for i, j in np.ndindex(rows, columns)
        ]
    panels = (
        ("channels", vector, plot.BLUE),
        ("× weights", weights, plot.GREY),
        ("= products", vector * weights, plot.VERMILLION),
    )
    for k, (title, values, color) in enumerate(panels):
        x = x_bars + k * (bar + 12)
        parts.append(_svg_text(x + bar / 2, y - 14, 14, [title], plot.INK))
        low, top = min(values.min(), 0.0), max(values.max(), 0.0)
        scale = (bar - 6) / ((top - low) or 1.0)
        zero = x + 3 - low * scale
        for c, value in enumerate(values.tolist()):
            left, length = zero + min(value, 0) * scale, abs(value) * scale
            parts.append(
                f'<rect x="{left:.1f}" y="{y + c * thick + 1:.1f}" '
                f'width="{max(length, 0.5):.1f}" height="{max(thick - 2, 1):.1f}" '
                f'fill="{color}"><title>channel {c}: {_number(value)}</title></rect>'
            )
        parts.append(
            f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="{y:.1f}" '
            f'y2="{y + channels * thick:.1f}" stroke="{plot.INK}"/>'
        )
    every = max(1, -(-channels // 8))
    parts += [
        _svg_text(x_bars - 16, y + (c + 0.5) * thick, 12, [str(c)], plot.GREY)
        for c in range(0, channels, every)
    ]
    return _svg(x_out + wide + 4, y + max(high, channels * thick) + 6, alt, parts)


def pixel_picker(maps, kernel, bias=None, image=None) -> Explorer:
    """Pick a position, by mouse or sliders, and a 1x1 filter: channels, weights, sum.

    Args:
        maps: (rows, columns, channels), the input of the layer.
        kernel: (channels, filters), or as Keras has it (1, 1, channels, filters).
        bias: (filters,); zero by default.
        image: what the maps were made of, (h, w), (h, w, 1) or (h, w, 3), from 0 to 1;
            by default the mean of the maps.

    Returns:
        An explorer whose `result` has `vector` and `weights` (channels,), `products`,
        `value` (their sum and the bias), `activated` (0 if the value is negative) and
        `output` (rows, columns), the whole map of the filter.

    Raises:
        ValueError: if kernel, bias or image do not fit the maps.

    Source: Lin, Chen & Yan 2014, arXiv:1312.4400, section 3.1.

    >>> maps = np.arange(12.0).reshape(2, 2, 3)
    >>> result = pixel_picker(maps, [[1.0], [0.0], [-1.0]]).result
    >>> result.vector.tolist(), result.value, result.activated
    ([9.0, 10.0, 11.0], -2.0, 0.0)
    """
    maps, kernel = np.asarray(maps, float), np.asarray(kernel, float)
    if kernel.ndim == 4 and kernel.shape[:2] == (1, 1):
        kernel = kernel[0, 0]
    if maps.ndim != 3 or kernel.ndim != 2 or kernel.shape[0] != maps.shape[-1]:
        raise ValueError(
            "expected maps (rows, columns, channels) and a kernel (channels, filters); "
            f"received shapes {maps.shape} and {kernel.shape}"
        )
    rows, columns, channels = maps.shape
    bias = np.zeros(kernel.shape[1]) if bias is None else np.asarray(bias, float)
    if bias.shape != kernel.shape[1:]:
        raise ValueError(
            f"expected a bias for each of {kernel.shape[1]} filters; received shape "
            f"{bias.shape}"
        )
    if image is None:
        image = maps.mean(axis=-1)
        image = (image - image.min()) / (np.ptp(image) or 1)
    image = np.asarray(image)
    grey = image.reshape(*image.shape[:2], -1)
    if image.ndim not in (2, 3) or grey.shape[-1] not in (1, 3):
        raise ValueError(
            "expected an image (h, w), (h, w, 1) or (h, w, 3); received shape "
            f"{image.shape}"
        )
    scale = 1 if image.dtype == np.uint8 else 255
    shown = np.clip(grey * float(scale), 0, 255).astype(np.uint8)
    shown = np.broadcast_to(shown, (*shown.shape[:2], 3))

    def compute(settings):
        row, column = settings["row"], settings["column"]
        weights = kernel[:, settings["filter"]]
        offset = bias[settings["filter"]]
        output = maps @ weights + offset
        vector = maps[row, column]
        value = float(output[row, column])
        text = (
            f"position ({row}, {column}), filter {settings['filter']}: sum of "
            f"{channels} products {_number((vector * weights).sum())} + bias "
            f"{_number(offset)} = {_number(value)}, after ReLU {_number(max(value, 0))}"
        )
        drawing = _pixel_svg(shown, vector, weights, output, row, column, text)
        return SimpleNamespace(
            vector=vector,
            weights=weights,
            products=vector * weights,
            value=value,
            activated=max(value, 0.0),
            output=output,
            text=text,
            still=(image, maps, weights, float(offset), row, column),
            html=drawing + _line(f"<b>{html.escape(text)}</b>") + _PICK,
        )

    def build(explorer):
        limits = {"row": rows, "column": columns, "filter": kernel.shape[1]}
        controls = explorer.controls = {
            name: ipywidgets.IntSlider(
                explorer.settings[name],
                max=count - 1,
                description=name.capitalize(),
                layout={"width": "270px"},
            )
            for name, count in limits.items()
        }

        def place(text):
            return dict(zip(("row", "column"), map(int, text.split(",")), strict=True))

        sliders = ipywidgets.HBox(list(controls.values()), layout=_ROW)
        controls["pick"] = _pick_field(explorer, place)
        return ipywidgets.VBox([sliders, controls["pick"], explorer.view])

    def still(result):
        _, _, _, _, row, column = result.still
        alt = (
            f"Position ({row}, {column}) of an image and {channels} maps: its channels "
            "times the weights of a 1x1 filter, and the map of the filter. Sum and "
            f"bias give ≈{result.value:.3g}."
        )
        return plot.one_by_one(*result.still), alt

    settings = {"row": rows // 2, "column": columns // 2, "filter": 0}
    return Explorer(settings, compute, build, still)
