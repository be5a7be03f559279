"""Parallel branches and what they cost: modules, heads, sizes, a printed table."""

from collections.abc import Mapping, Sequence
from math import prod

from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from .base import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    _expect,
    _shape_text,
    _sheet,
    _text_color,
    _text_on,
    _text_width,
)
from .volumes import _tint


def _color(layer):
    if "Pooling" in type(layer).__name__:
        return GREEN
    return {1: SKY, 9: BLUE, 25: PURPLE}.get(prod(layer.kernel_size), ORANGE)


def _branches(model, name) -> tuple[list[list], tuple, tuple]:
    """Convolutions and poolings of each branch, and the shapes before and behind."""
    known = [layer.name for layer in model.layers]
    _expect(name in known, "the name of a layer of the model", repr(name))
    joint = model.get_layer(name)
    inputs = joint.input if isinstance(joint.input, list) else [joint.input]
    _expect(len(inputs) > 1, "a layer that joins several branches", repr(name))
    ways = []
    for tensor in inputs:
        way = []
        while (layer := tensor._keras_history.operation) and not isinstance(
            getattr(layer, "input", []), list
        ):
            way.append(layer)
            if layer.input is layer.output:  # the image itself
                break
            tensor = layer.input
        ways.append([layer, *way[::-1]] if layer not in way else way[::-1])
    shared = 0  # layers that all branches have run through, from the image on
    while all(len(way) > shared for way in ways) and (
        len({id(way[shared]) for way in ways}) == 1
    ):
        shared += 1
    source = ways[0][shared - 1].output
    branches = [
        [
            x
            for x in way[shared:]
            if hasattr(x, "kernel_size") or hasattr(x, "pool_size")
        ]
        for way in ways
    ]
    return branches, tuple(source.shape[1:]), tuple(joint.output.shape[1:])


def module_branches(model, name: str) -> Figure:
    """The parallel branches of a module, with heights in proportion to the channels.

    Args:
        model: built Keras model.
        name: of the layer that joins the branches; each is a chain of layers.

    Raises:
        ValueError: for an unknown name, or a layer that joins nothing.

    >>> from cnnkit import models
    >>> from cnnkit.profile import blueprint
    >>> fig = module_branches(blueprint(models.googlenet), "inception_3a")
    >>> [text.get_text() for text in fig.axes[0].texts][:3]
    ['28×28×192', '1×1, 64', '1×1, 96']
    """
    branches, before, behind = _branches(model, name)
    heights = [
        max([x.output.shape[-1] for x in way], default=before[-1]) for way in branches
    ]
    gap, top = 0.3, 0.12
    unit = 2.5 / sum(heights)  # inches a channel
    total = top + sum(heights) * unit + gap * len(branches) + 0.3
    fig, ax = _sheet(total)
    deepest = max(map(len, branches))
    left, right, wide = 0.25, WIDTH - 0.5, 0.95
    step = (right - left - 0.3) / (deepest + 0.45)
    middle = (total - 0.1) / 2

    start = before[-1] * unit
    ax.add_patch(Rectangle((left, middle - start / 2), 0.16, start, fc=GREY))
    style = {"size": 9, "va": "top"}
    ax.text(left - 0.12, middle + start / 2 + 0.05, _shape_text(before), **style)

    end = behind[-1] * unit
    y, joined = top, middle - end / 2
    for way, height in zip(branches, heights, strict=True):
        y += gap
        line = y + height * unit / 2
        x = left + 0.16
        ax.plot([x, left + step - wide / 2 + 0.3], [middle, line], color=GREY, lw=1)
        x = left + step - wide / 2 + 0.3
        for i, layer in enumerate(way):
            thick = layer.output.shape[-1] * unit
            if i:
                ax.plot([x, x + step - wide], [line, line], color=GREY, lw=1)
                x += step - wide
            fill = _color(layer)
            box = (x, line - thick / 2), wide, thick
            ax.add_patch(Rectangle(*box, fc=_tint(fill, 0.25), ec=fill, lw=0.8))
            kernel = getattr(layer, "kernel_size", None)
            words = "×".join(map(str, kernel or layer.pool_size))
            words = words if kernel else f"max {words}"
            text = f"{words}, {layer.output.shape[-1]}"
            style = {"ha": "center", "va": "bottom", "size": 9, "gid": "layer"}
            ax.text(x + wide / 2, line - thick / 2 - 0.03, text, **style)
            x += wide
        if way:
            last = left + 0.46 + step * deepest + wide / 2 - 0.16  # past all layers
            corners = [
                (x, line - thick / 2),
                (last, line - thick / 2),
                (right, joined),
                (right, joined + thick),
                (last, line + thick / 2),
                (x, line + thick / 2),
            ]
            ax.add_patch(Polygon(corners, fc=PALE, ec="none", zorder=0))
            ax.add_patch(Rectangle((right, joined), 0.16, thick, fc=fill, ec="white"))
            joined += thick
        y += height * unit
    style = {"size": 9, "va": "top", "ha": "right"}
    text = _shape_text(behind)
    ax.text(right + 0.4, middle + end / 2 + 0.05, text, **style)
    return fig


def branch_costs(ax, branches: Mapping[str, tuple], xlabel: str = "") -> None:
    """Two bars a branch: all at once, and as reduction plus filters.

    Args:
        ax: axes to draw into.
        branches: name -> (without reduction, 1x1 layer, filters).
        xlabel: quantity and unit.

    Raises:
        ValueError: for no branch, or other than three numbers.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> branch_costs(ax, {"5x5": (120, 2, 10)})
    >>> [text.get_text() for text in ax.texts]
    ['120', '12']
    """
    _expect(len(branches) > 0, "at least one branch", "none")
    _expect(
        all(len(costs) == 3 for costs in branches.values()),
        "(without reduction, 1x1 layer, filters) for each branch",
        list(branches.values()),
    )
    for i, (naive, reduction, filters) in enumerate(branches.values()):
        first = {"height": 0.36, "label": None if i else "naive"}
        ax.barh(i - 0.2, naive, color=VERMILLION, **first)
        ax.barh(
            i + 0.2, reduction, height=0.36, color=SKY, label=None if i else "1x1 layer"
        )
        ax.barh(
            i + 0.2,
            filters,
            left=reduction,
            height=0.36,
            color=BLUE,
            label=None if i else "filters behind it",
        )
        for y, value in ((i - 0.2, naive), (i + 0.2, reduction + filters)):
            style = {"textcoords": "offset points", "va": "center_baseline", "size": 9}
            ax.annotate(f"{value:,.3g}", (value, y), (4, 0), **style)
    ax.set_yticks(range(len(branches)), list(branches), color=INK)
    ax.set_ylim(len(branches) - 0.4, -0.6)
    ax.margins(x=0.1)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(xlabel)
    ax.legend(loc="lower right")


def weight_areas(heads: Mapping[str, Sequence[tuple[int, int]]]) -> Figure:
    """Weight matrices of dense layers as areas, all on one scale.

    Args:
        heads: name -> (inputs, units) of each of its dense layers.

    Raises:
        ValueError: for no head or no layer.

    >>> fig = weight_areas({"small": [(400, 120), (120, 84)]})
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['small: 400×120 + 120×84 = 58,080 weights']
    """
    _expect(
        len(heads) > 0 and all(len(layers) > 0 for layers in heads.values()),
        "at least one dense layer for each name",
        dict(heads),
    )
    longest = max(
        sum(n for n, _ in layers) + 1e-9 * len(layers) for layers in heads.values()
    )
    unit = (WIDTH - 0.4) / longest
    for layers in heads.values():  # room for the gaps between the layers of a head
        unit = min(unit, (WIDTH - 0.3 - 0.1 * len(layers)) / sum(n for n, _ in layers))
    tall = [max(units for _, units in layers) * unit for layers in heads.values()]
    fig, ax = _sheet(sum(tall) + 0.5 * len(tall) + 0.05)
    y = 0.0
    for (name, layers), height in zip(heads.items(), tall, strict=True):
        total = sum(n * units for n, units in layers)
        parts = " + ".join(f"{n:,}×{units:,}" for n, units in layers)
        text = f"{name}: {parts} = {total:,} weights"
        ax.text(0.12, y + 0.3, text, va="bottom", size=9)
        x = 0.12
        for n, units in layers:
            box = (x, y + 0.35), n * unit, units * unit
            style = {"fc": _tint(ORANGE, 0.35), "ec": _tint(ORANGE, -0.35), "lw": 0.8}
            ax.add_patch(Rectangle(*box, **style))
            x += n * unit + 0.1
        y += height + 0.5
    return fig


def size_chain(stages: Sequence[tuple[str, int, int]]) -> Figure:
    """Maps of a network from the side: height is their side, width their number.

    Both are to scale, each on its own.

    Args:
        stages: (name, side, channels) of each, in the order of the network.

    Raises:
        ValueError: for fewer than two stages.

    >>> fig = size_chain([("conv1", 112, 64), ("pool1", 56, 64)])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['conv1', '112', '64', 'pool1', '56', '64', 'side', 'maps']
    """
    _expect(len(stages) > 1, "at least two stages", len(stages))
    left = 0.55
    step = (WIDTH - left - 0.1) / len(stages)
    side, deep = (max(stage[i] for stage in stages) for i in (1, 2))
    tall, base = 1.1, 1.5
    fig, ax = _sheet(2.1)
    for i, (name, high, maps) in enumerate(stages):
        x = left + (i + 0.5) * step
        wide, height = 0.8 * step * maps / deep, max(tall * high / side, 0.012)
        fill = GREEN if name.startswith(("pool", "mean")) else BLUE
        style = {"fc": fill, "ec": "none"}
        ax.add_patch(Rectangle((x - wide / 2, base - height), wide, height, **style))
        style = {"ha": "center", "size": 9}
        ax.text(x, 0.2, name, color=_text_color(fill), **style)
        ax.text(x, base + 0.2, f"{high}", **style)
        ax.text(x, base + 0.42, f"{maps}", **style)
    for name, y in (("side", base + 0.2), ("maps", base + 0.42)):
        ax.text(0.1, y, name, color=GREY, size=9)
    return fig


def audit(columns: Sequence[str], rows: Mapping[str, Sequence[tuple]]) -> Figure:
    """A printed table beside computed values; what rounding cannot explain is red.

    Args:
        columns: name of each printed column, with its unit.
        rows: name -> (printed, computed) for each column.  A difference of more than
            one unit of the last printed digit counts as wrong.

    Raises:
        ValueError: for no row, or pairs that do not fit the columns.

    >>> fig = audit(["length, m"], {"a": [(12, 12.4)], "b": [(20, 25)]})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "off"]
    ['−3.2 %', '−20.0 %']
    """
    _expect(
        len(rows) > 0 and all(len(pairs) == len(columns) for pairs in rows.values()),
        f"{len(columns)} pairs (printed, computed) for each row",
        {name: len(pairs) for name, pairs in rows.items()},
    )
    line, top = 0.23, 0.55
    fig, ax = _sheet(top + line * len(rows) + 0.1)
    left = max(_text_width(name, 9) for name in rows) + 0.3
    each = (WIDTH - left - 0.1) / len(columns)
    for k, column in enumerate(columns):
        x = left + k * each
        ax.text(x + each / 2, 0.18, column, ha="center", va="center_baseline")
        for j, word in enumerate(("printed", "computed", "off by")):
            right = x + (j + 1) * each / 3 - 0.08
            style = {"ha": "right", "va": "center_baseline", "color": GREY, "size": 9}
            ax.text(right, 0.4, word, **style)
    for i, (name, pairs) in enumerate(rows.items()):
        y = top + (i + 0.5) * line
        ax.plot([0.1, WIDTH - 0.1], [y - line / 2] * 2, color=PALE, lw=0.8)
        ax.text(0.12, y, name, va="center_baseline", size=9)
        for k, (printed, computed) in enumerate(pairs):
            place = 10 ** -len(str(printed).partition(".")[2])
            off = 100 * (printed / computed - 1)
            wrong = abs(printed - computed) > place * 1.0001
            amount = 0.75 - 0.75 * min(abs(off) / 20, 1)  # white for none, red for 20 %
            fill = _tint(VERMILLION, amount)
            x = left + k * each
            texts = (f"{printed:,}", f"{computed:,.5g}", f"{off:+.1f} %")
            for j, text in enumerate(texts):
                right = x + (j + 1) * each / 3
                marked = j == 2 and wrong
                if marked:
                    box = (right - 0.68, y - line / 2 + 0.02), 0.66, line - 0.04
                    ax.add_patch(Rectangle(*box, fc=fill, ec="none"))
                style = {"ha": "right", "va": "center_baseline", "size": 9}
                style["color"] = _text_on(fill) if marked else INK
                style["gid"] = "off" if j == 2 else "value"
                ax.text(right - 0.08, y, text.replace("-", "−"), **style)
    return fig
