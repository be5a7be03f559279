"""Volumes, filters of full depth, and whole models as rows of boxes."""

import itertools
import re

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .base import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    WIDTH,
    _expect,
    _shape_text,
    _sheet,
    _text_color,
    _widest,
)


def _tint(color, amount: float) -> np.ndarray:
    """A colour mixed with white; negative amounts mix it with black."""
    rgb = np.array(to_rgb(color))
    return rgb + (1 - rgb) * amount if amount >= 0 else rgb * (1 + amount)


def _box(ax, x, y, thickness, height, depth, color, slices=1, alpha=1.0) -> None:
    """A block in oblique projection: x, y is the lower left front corner.

    Channels run to the right (thickness), rows down, columns into the page (depth).
    """
    away = depth * np.array((0.42, -0.3))
    corner = np.array((x, y - height))
    right, down = np.array((thickness, 0)), np.array((0, height))
    faces = (
        (corner, right, down, 0.45),  # front
        (corner, right, away, 0.7),  # top
        (corner + right, away, down, 0.25),  # right: the last map
    )
    for origin, one, two, tint in faces:
        outline = [origin, origin + one, origin + one + two, origin + two]
        ax.add_patch(
            mpl.patches.Polygon(
                outline,
                fc=_tint(color, tint),
                ec=_tint(color, -0.35),
                lw=0.8,
                alpha=alpha,
                joinstyle="round",
            )
        )
    for i in range(1, slices):
        edge = corner + right * i / slices
        ax.plot(
            *zip(edge + down, edge, edge + away, strict=True),
            color=_tint(color, -0.35),
            lw=0.5,
        )


def _arrow(ax, start: float, end: float, y: float) -> None:
    ax.annotate(
        "",
        (end, y),
        (start, y),
        arrowprops={
            "arrowstyle": "-|>",
            "color": GREY,
            "lw": 1,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def _blocks(ax, shapes, centres, y, tall: float) -> None:
    """A block for each shape on one scale, arrows between, standing on the line y.

    Heights and depths are to scale, the thickness grows with the logarithm of the
    channels; a vector is a flat bar whose height grows with its logarithm.
    """
    side = max((max(s[:2]) for s in shapes if len(s) == 3), default=1)
    longest = max((s[0] for s in shapes if len(s) == 1), default=1)
    room = min(np.diff(centres), default=1.2)
    edges = []
    for shape, centre in zip(shapes, centres, strict=True):
        if len(shape) == 3:
            height, depth = (max(n / side * tall, 0.03) for n in shape[:2])
            thickness = 0.045 * np.log2(1 + shape[2]) * min(room / 0.75, 1.5)
            across = thickness + 0.42 * depth
            _box(ax, centre - across / 2, y, thickness, height, depth, BLUE)
        else:
            height = max(
                tall * 1.2 * np.log2(1 + shape[0]) / np.log2(1 + longest), 0.05
            )
            across = 0.11
            ax.add_patch(
                mpl.patches.Rectangle(
                    (centre - across / 2, y - height),
                    across,
                    height,
                    fc=_tint(ORANGE, 0.35),
                    ec=_tint(ORANGE, -0.35),
                    lw=0.8,
                )
            )
        edges.append((centre - across / 2, centre + across / 2))
    for (_, start), (end, _) in itertools.pairwise(edges):
        if end - start > 0.1:
            _arrow(ax, start + 0.02, end - 0.02, y - 0.08)


def _volumes(shapes) -> list[tuple[int, ...]]:
    shapes = [tuple(int(n) for n in shape) for shape in shapes]
    _expect(
        shapes and all(len(s) in (1, 3) and min(s) >= 1 for s in shapes),
        "shapes (height, width, channels) or (units,), all >= 1",
        shapes,
    )
    return shapes


def filter_volume(
    input_shape: tuple[int, int, int], kernel_size: int, filters: int, stride: int = 1
) -> Figure:
    """Why a filter has full depth, gives one map, and several filters give a stack.

    Args:
        input_shape: (height, width, channels).
        kernel_size: rows and columns of the filter.
        filters: number of filters.
        stride: step between windows; no padding.

    Raises:
        ValueError: if the filter is larger than the input, or a size is below one.

    >>> fig = filter_volume((32, 32, 3), 5, 6)
    >>> [text.get_text() for text in fig.axes[0].texts if "weights" in text.get_text()]
    ['one filter: 5×5×3 = 75 weights, 1 bias']
    """
    (shape,) = _volumes([input_shape])
    _expect(len(shape) == 3, "input_shape (height, width, channels)", shape)
    height, width, channels = shape
    _expect(
        1 <= kernel_size <= min(height, width) and min(filters, stride) >= 1,
        f"kernel_size from 1 to {min(height, width)}, filters and stride >= 1",
        (kernel_size, filters, stride),
    )
    out = [(n - kernel_size) // stride + 1 for n in (height, width)]
    fig, ax = _sheet(2.55)
    scale = 1.35 / max(height, width)  # inches a pixel

    def thick(count):  # 0.09 inches a channel while there is room
        return min(0.09 * count, 0.09 * 6 + 0.12 * np.log2(max(count / 6, 1)))

    base, starts = 2.05, (0.35, 2.85, 4.75)
    taps = kernel_size * scale
    counts = (channels, 1, filters)
    for x, count, size in zip(starts, counts, ((height, width), out, out), strict=True):
        across = size[1] * scale
        _box(
            ax,
            x,
            base,
            thick(count),
            size[0] * scale,
            across,
            BLUE,
            slices=count if count <= 16 else 1,
        )
    # the filter stands in the first corner of the input, its value in that of the map
    front = base - height * scale + taps
    _box(
        ax,
        starts[0],
        front,
        thick(channels),
        taps,
        taps,
        VERMILLION,
        slices=channels if channels <= 16 else 1,
    )
    target = np.array((starts[1], base - out[0] * scale))
    unit = max(scale, 0.06)
    _box(ax, target[0], target[1] + unit, thick(1), unit, unit, VERMILLION)
    edge = np.array((starts[0] + thick(channels), base - height * scale))
    slant, down = np.array((0.42, -0.3)) * taps, np.array((0, taps))
    target = target + np.array((0, unit / 2))
    for corner in (edge + slant, edge + down, edge + slant + down):
        ax.plot(*zip(corner, target, strict=True), color=VERMILLION, lw=0.8)
    _arrow(ax, 4.3, 4.65, base - 0.5)
    weights = kernel_size**2 * channels
    full = f"{kernel_size}×{kernel_size}×{channels}"
    lower = (
        (f"input {_shape_text(shape)}", "the filter is just as deep"),
        (f"one map {out[0]}×{out[1]}", "one number a position"),
        (f"stack {out[0]}×{out[1]}×{filters}", "one map a filter"),
    )
    for x, (one, two) in zip(starts, lower, strict=True):
        ax.text(x, base + 0.12, one, va="top")
        ax.text(x, base + 0.3, two, va="top", color=GREY)
    ax.text(
        0.35,
        0.12,
        f"one filter: {full} = {weights:,} weights, 1 bias",
        va="top",
        color=_text_color(VERMILLION),
    )
    several = f"{filters} filter{'s' * (filters > 1)}"
    total = f"{several}: {filters * (weights + 1):,} parameters"
    ax.text(starts[2], 0.12, total, va="top")
    return fig


def model(model) -> Figure:
    """A chain of layers as volumes, with what the model object says about each.

    Heights and widths are to scale; thickness grows with the logarithm of the number
    of channels, and so does the height of a vector.

    Args:
        model: a built Keras model whose layers form a chain.

    Raises:
        ValueError: if the model is not built, or is no chain of layers.
    """
    layers = list(model.layers)
    _expect(len(layers) > 0, "a model with at least one layer", "none")
    rows = []
    for previous, layer in zip([None, *layers], layers, strict=False):
        try:
            output, source = layer.output, getattr(layer, "input", None)
        except (AttributeError, ValueError) as error:
            raise ValueError(
                f"expected a built model (give it an Input); received layer "
                f"{layer.name!r} without a known output"
            ) from error
        _expect(
            previous is None or source is previous.output,
            "a chain of layers, each reading the one before it",
            f"layer {layer.name!r}, which does not read {previous and previous.name!r}",
        )
        kind = type(layer).__name__
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        own = re.sub(r"_\d+$", "", layer.name)
        name = "" if own in (snake, "input_layer", "keras_tensor") else layer.name
        kind = "Input" if kind == "InputLayer" else kind
        words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "\n", kind)
        parameters = f"{layer.count_params():,}" if kind != "Input" else ""
        rows.append((name, words, tuple(output.shape[1:]), parameters))
    shapes = _volumes([row[2] for row in rows])
    left = 0.85

    def last(shape):
        return f"\n×{shape[2]:,}" if len(shape) == 3 else ""

    texts = [
        (f"{name}\n{kind}".strip(), _shape_text(shape[:2]) + last(shape), parameters)
        for name, kind, shape, parameters in rows
    ]
    widths = np.array([[_widest(text) for text in column] for column in texts])
    widths = np.vstack([widths, np.zeros_like(widths[:1])])
    needed = 0.08 + ((widths[1:] + widths[:-1]) / 2).max()  # of two neighbours
    columns = max(1, min(len(rows), int((WIDTH - left) / needed)))
    lines = -(-len(rows) // columns)
    columns = -(-len(rows) // lines)
    step = min((WIDTH - left) / columns, 1.2)
    named = 0.15 * max(text[0].count("\n") for text in texts)
    each = 2.1 + named
    fig, ax = _sheet(lines * each + 0.4)
    title = f"{model.name}: {model.count_params():,} parameters"
    ax.text(0.08, 0.08, title, va="top", size=10)
    for k in range(lines):
        part = slice(k * columns, (k + 1) * columns)
        base = k * each + 1.6
        centres = [left + (i + 0.5) * step for i in range(len(texts[part]))]
        _blocks(ax, shapes[part], centres, base, min(0.95, 1.35 * step))
        below = base + 0.1, base + 0.3 + named, base + 0.64 + named
        for text, y in zip(("layer", "output", "parameters"), below, strict=True):
            ax.text(0.08, y, text, va="top", color=GREY, size=9)
        for column, x in zip(texts[part], centres, strict=True):
            for text, y in zip(column, below, strict=True):
                ax.text(x, y, text, ha="center", va="top", size=9)
    return fig
