"""Whole networks side by side: volumes on one scale, columns of layers, two bars."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .base import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    WIDTH,
    _expect,
    _sheet,
    _text_color,
    _text_width,
)
from .volumes import _box, _tint


def _kind(layer) -> str:
    """What is drawn: one of four words, or "" for a layer that is left out."""
    name = type(layer).__name__
    if "Pooling" in name:
        return "pooling"
    if "Normalization" in name:
        return "normalisation"
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return ""
    return "convolution" if len(kernel.shape) == 4 else "dense"


def _layers(name, model) -> list:
    """(kind, layer) of what is drawn of a network, in its order."""
    found = [(_kind(layer), layer) for layer in model.layers]
    found = [(kind, layer) for kind, layer in found if kind]
    kinds = [kind for kind, _ in found]
    first = kinds.index("dense") if "dense" in kinds else len(kinds)
    _expect(
        found and set(kinds[first:]) <= {"dense"},
        f"{name}: convolutions and poolings, dense layers behind them",
        ", ".join(kinds) or "neither",
    )
    return found


def networks(models: Mapping) -> Figure:
    """Networks as rows of volumes, all on one scale.

    Heights and depths are sides of the maps, to scale; thickness grows with the
    logarithm of the channels, and so does the height of a vector.  Below each run of
    maps of one size stand its side and the channels of its last layer.

    Args:
        models: name -> built Keras model: convolutions and poolings, then dense layers.

    Raises:
        ValueError: for no model, or one of another form.

    >>> from cnnkit import models
    >>> fig = networks({"LeNet-5": models.lenet5()})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "size"][:2]
    ['32\\n×1', '28\\n×6']
    """
    _expect(len(models) > 0, "at least one model", "none")
    rows = {}
    for name, model in models.items():
        drawn = [("image", tuple(model.input_shape[1:]))]
        drawn += [
            (kind, tuple(layer.output.shape[1:]))
            for kind, layer in _layers(name, model)
            if kind != "normalisation"  # it changes no shape
        ]
        rows[name] = drawn
    shapes = [shape for drawn in rows.values() for _, shape in drawn]
    side = max(shape[0] for shape in shapes if len(shape) == 3)
    longest = max((shape[0] for shape in shapes if len(shape) == 1), default=1)
    tall = 1.05  # inches, of the largest map
    slant = 0.42 * tall / side  # inches to the right for each pixel into the page
    colors = {"image": GREY, "convolution": BLUE, "pooling": GREEN, "dense": ORANGE}
    # a row is as high as its own volumes
    heights = [
        max(
            tall * s[0] / side + 0.3 * tall * s[1] / side
            if len(s) == 3
            else tall * np.log2(1 + s[0]) / np.log2(1 + longest)
            for _, s in drawn
        )
        for drawn in rows.values()
    ]
    tops = np.cumsum([0.1, *(height + 0.85 for height in heights)])
    fig, ax = _sheet(tops[-1] + 0.3)
    for k, (name, drawn) in enumerate(rows.items()):
        count = models[name].count_params()
        top = tops[k]
        ax.text(0.1, top, f"{name}: {count:,} parameters", va="top", size=10)
        base = top + 0.28 + heights[k]
        run: list = []  # (left, right, shape) of neighbours with one label
        runs = [run]
        maps = [shape for kind, shape in drawn if kind != "dense"]
        thick = [0.3 * np.log2(1 + shape[2]) for shape in maps]
        # what the slabs may take when the vectors and the deepest slab have their room
        dense = [shape for kind, shape in drawn if kind == "dense"]
        room = WIDTH - 0.35 - 0.42 * len(dense) - maps[0][1] * slant - 0.05 * len(maps)
        unit = min(0.12, (room - 0.12 * len(set(s[0] for s in maps))) / sum(thick))
        x = 0.15
        for i, ((kind, shape), depth) in enumerate(zip(drawn, thick, strict=False)):
            if run and run[-1][2][0] != shape[0]:
                # a smaller map begins where the last one ends, in front of its depth
                x += max(0.12, 0.32 - (run[-1][1] - run[0][0]))
                run = []
                runs.append(run)
            height = max(shape[0] / side * tall, 0.03)
            across = max(shape[1] / side * tall, 0.03)
            _box(ax, x, base, unit * depth, height, across, colors[kind])
            run.append((x, x + unit * depth, shape))
            x += unit * depth + 0.05
            if i == 0:
                x += maps[0][1] * slant * 0.5
        x = max(x + 0.1, run[-1][1] + maps[-1][1] * slant + 0.12)
        for shape in dense:
            height = max(tall * np.log2(1 + shape[0]) / np.log2(1 + longest), 0.05)
            style = {"fc": _tint(ORANGE, 0.35), "ec": _tint(ORANGE, -0.35), "lw": 0.8}
            ax.add_patch(Rectangle((x + 0.15, base - height), 0.11, height, **style))
            runs.append([(x + 0.15, x + 0.26, shape)])
            x += 0.42
        for run in runs:
            shape = run[-1][2]
            text = f"{shape[0]}\n×{shape[2]}" if len(shape) == 3 else f"{shape[0]}"
            middle = (run[0][0] + run[-1][1]) / 2
            style = {"ha": "center", "va": "top", "size": 9, "gid": "size"}
            ax.text(middle, base + 0.07, text, **style)
    x, y = 0.1, tops[-1] + 0.1
    for kind, color in colors.items():
        ax.text(x, y, kind, color=_text_color(color), va="center_baseline", size=9)
        x += _text_width(kind, 9) + 0.2
    return fig


def stacks(models: Mapping) -> Figure:
    """Networks as columns of layers from the image down, like a table of a paper.

    A box says kernel and filters of a convolution, or the units of a dense layer; a
    line is a pooling layer, with the side of the maps behind it.  Layers between the
    same two poolings stand side by side.

    Args:
        models: name -> built Keras model: convolutions and poolings, then dense layers.

    Raises:
        ValueError: for no model, one of another form, or a text that has no room.

    >>> from cnnkit import models
    >>> fig = stacks({"LeNet-5": models.lenet5()})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "layer"][:2]
    ['5×5, 6', '5×5, 16']
    """
    _expect(len(models) > 0, "at least one model", "none")
    columns = {}
    for name, model in models.items():
        stages: list = [[]]
        sides = []
        for kind, layer in _layers(name, model):
            if kind == "pooling":
                stages.append([])
                sides.append(layer.output.shape[1])
            else:
                stages[-1].append((kind, _words(kind, layer)))
        columns[name] = stages, sides
    count = max(len(stages) for stages, _ in columns.values())
    rows = [
        max(len(s[i]) if i < len(s) else 0 for s, _ in columns.values())
        for i in range(count)
    ]
    line, gap, top = 0.2, 0.19, 0.62
    starts = top + np.cumsum([0, *(line * n + gap for n in rows)])
    fig, ax = _sheet(starts[-1] - gap + 0.12)
    step = min((WIDTH - 0.2) / len(columns), 2.2)
    width = step - 0.14
    fills = {
        "convolution": BLUE,
        "dense": ORANGE,
        "normalisation": PURPLE,
    }
    for k, (name, (stages, sides)) in enumerate(columns.items()):
        x = 0.1 + k * step
        middle = x + width / 2
        million = f"{models[name].count_params() / 1e6:.1f} M"
        ax.text(middle, 0.12, name, ha="center", va="top", size=10)
        ax.text(middle, 0.34, million, ha="center", va="top", color=GREY, size=9)
        for i, stage in enumerate(stages):
            for j, (kind, text) in enumerate(stage):
                y = starts[i] + j * line
                _expect(
                    _text_width(text, 9) < width,
                    f"texts that fit into {width:.1f} inches (draw fewer models)",
                    text,
                )
                tint = [1 - 0.3 * (1 - part) for part in to_rgb(fills[kind])]
                style = {"fc": tint, "ec": fills[kind], "lw": 0.8}
                ax.add_patch(Rectangle((x, y), width, line - 0.03, **style))
                style = {"ha": "center", "va": "center_baseline", "gid": "layer"}
                ax.text(middle, y + line / 2 - 0.015, text, size=9, **style)
            if i < len(sides):
                y = starts[i + 1] - gap / 2 - 0.015
                ax.plot([x, x + width], [y, y], color=GREEN, lw=1.6)
                style = {"ha": "center", "va": "center_baseline", "gid": "pool"}
                style["bbox"] = {"fc": "white", "ec": "none", "pad": 1}
                text = f"{sides[i]}×{sides[i]}"
                ax.text(middle, y, text, color=_text_color(GREEN), size=9, **style)
    return fig


def _words(kind, layer) -> str:
    """What a box says about its layer."""
    if kind == "dense":
        return f"{layer.units:,}"
    if kind == "normalisation":
        return "LRN" if "LocalResponse" in type(layer).__name__ else "norm"
    height, width = layer.kernel_size
    text = f"{height}×{width}, {layer.filters}"
    stride = layer.strides if isinstance(layer.strides, int) else layer.strides[0]
    if stride > 1:
        text += f", /{stride}"
    if getattr(layer, "groups", 1) > 1:
        text += f", {layer.groups} groups"
    return text


def back_to_back(
    labels: Sequence[str],
    left: tuple[str, Sequence[float]],
    right: tuple[str, Sequence[float]],
    fmt: str = ".3g",
) -> Figure:
    """Two quantities of the same things, each on its own axis: bars to both sides.

    Args:
        labels: one a row, from top to bottom; they stand in the middle.
        left: name with unit, and one value a row, none negative.
        right: the same for the bars to the right.
        fmt: format of the values at the bars; a value that is zero has neither.

    Raises:
        ValueError: if the lengths differ, or for a negative value.

    >>> fig = back_to_back(["a", "b"], ("length, m", [1, 2]), ("mass, kg", [30, 0]))
    >>> [[text.get_text() for text in ax.texts] for ax in fig.axes]
    [['1', '2'], ['30', '']]
    """
    sides = [(name, np.asarray(values, float)) for name, values in (left, right)]
    _expect(
        len(labels) > 0
        and all(v.shape == (len(labels),) and v.min() >= 0 for _, v in sides),
        f"{len(labels)} values for each side, none negative",
        [v.tolist() for _, v in sides],
    )
    middle = max(_text_width(label, 9) for label in labels) + 0.24
    height = 0.19 * len(labels) + 0.75
    fig = Figure((WIDTH, height), dpi=DPI, layout="none")
    edge, bottom = 0.12, 0.5
    span = (WIDTH - 2 * edge - middle) / 2
    share = (height - bottom - 0.12) / height
    starts = edge, edge + span + middle
    for i, ((name, values), color) in enumerate(
        zip(sides, (BLUE, ORANGE), strict=True)
    ):
        box = (starts[i] / WIDTH, bottom / height, span / WIDTH, share)
        ax = fig.add_axes(box)
        ax.barh(range(len(labels)), values, height=0.72, color=color)
        reach = 1.22 * (values.max() or 1.0)  # room for the text of the longest
        ax.set(xlim=(0, reach), ylim=(len(labels) - 0.4, -0.6), yticks=[])
        if i == 0:
            ax.invert_xaxis()
            ax.spines[["left", "right"]].set_visible(False)
        else:
            ax.spines["left"].set_visible(False)
        for row, value in enumerate(values):
            text = ax.annotate(
                format(value, fmt) if value else "",
                (value, row),
                (-3 if i == 0 else 3, 0),
                textcoords="offset points",
                ha="right" if i == 0 else "left",
                va="center_baseline",
                size=9,
            )
            text.set_in_layout(False)
        ax.axvline(0, color=GREY, lw=0.8)
        ax.set_xlabel(name, color=_text_color(color))
    for row, label in enumerate(labels):
        fig.text(
            (edge + span + middle / 2) / WIDTH,
            1 - (0.12 + (row + 0.6) / (len(labels) + 0.2) * share * height) / height,
            label,
            ha="center",
            va="center_baseline",
            size=9,
            color=INK,
        )
    return fig


def descent(path: Sequence[str], beside: Mapping[str, str] | None = None) -> Figure:
    """A path through a tree of names, from the root at the top to a leaf.

    Args:
        path: names from the most general to the most special.
        beside: name on the path -> other branches that leave it.

    Raises:
        ValueError: for fewer than two names, or branches of a name not on the path.

    >>> fig = descent(["animal", "dog", "husky"], {"animal": "cat"})
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['1', 'animal', '2', 'dog', 'cat', '3', 'husky']
    """
    beside = beside or {}
    _expect(len(path) >= 2, "at least two names", len(path))
    unknown = [name for name in beside if name not in path[:-1]]
    _expect(not unknown, "branches of names on the path above its end", unknown)
    line = 0.25
    fig, ax = _sheet(line * len(path) + 0.2)
    step = min(0.27, (WIDTH - 2.6) / (len(path) - 1))
    for i, name in enumerate(path):
        x, y = 0.45 + i * step, 0.22 + i * line
        style = {"va": "center_baseline"}
        ax.text(0.25, y, f"{i + 1}", ha="right", color=GREY, size=9, **style)
        last = i == len(path) - 1
        weight = {"color": _text_color(BLUE), "weight": "bold"} if last else {}
        ax.text(x, y, name, **style, **weight)
        if i:
            elbow = x - step + 0.09
            ax.plot([elbow, elbow, x - 0.05], [y - line + 0.09, y, y], color=GREY, lw=1)
        above = path[i - 1] if i else None
        if above in beside:
            right = x + _text_width(name, 9.5) + (0.07 if last else 0) + 0.15
            ax.text(right, y, beside[above], color=GREY, size=9, **style)
    return fig
