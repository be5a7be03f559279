"""Blocks with shortcuts, drawn from models, and the family that came of them."""

from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.path import Path

from .base import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    WIDTH,
    _expect,
    _shape_text,
    _sheet,
    _text_width,
)
from .volumes import _tint

_BOX, _LINE, _TAG, _ROUND = 0.25, 0.12, 0.2, 0.11  # heights and a radius, inches
_WIDEST = 1.2  # inches, of the box with the most channels
_ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "silu": "swish",
    "swish": "swish",
    "hard_silu": "hard swish",
    "hard_swish": "hard swish",
    "hard_sigmoid": "hard sigmoid",
}


class _Fork(NamedTuple):
    """Two ways from one tensor to the layer that joins them."""

    joint: object
    trunk: list
    side: list


class _Size(NamedTuple):
    """Inches down, and to both sides of the line."""

    height: float
    left: float
    right: float


def _is(layer, *names: str) -> bool:
    """Whether the layer's class, or one it derives from, is named so."""
    return any(kind.__name__ in names for kind in type(layer).__mro__)


def _read(model, name: str) -> tuple[list, tuple, tuple, int]:
    """Steps of a block, its shapes before and behind, and its weights."""
    inside = {id(x): x for x in model.layers if x.name.startswith(f"{name}_")}
    _expect(inside, "the beginning of the layers' names of a block", repr(name))
    place = {id(layer): i for i, layer in enumerate(model.layers)}

    def maker(tensor):
        return tensor._keras_history.operation

    def sources(layer):
        found = layer.input if isinstance(layer.input, list) else [layer.input]
        zeros = [_is(maker(x), "Rescaling") and maker(x).scale == 0 for x in found]
        return [x for x, zero in zip(found, zeros, strict=True) if not zero]

    outside = {
        id(tensor): tensor
        for layer in inside.values()
        for tensor in sources(layer)
        if id(maker(tensor)) not in inside
    }
    _expect(len(outside) == 1, f"{name}: a block that reads one tensor", len(outside))
    (first,) = outside.values()
    last = list(inside.values())[-1]

    def reach(tensor):
        """Tensors on the way from the first one to this one, both included."""
        found, waiting = {}, [tensor]
        while waiting:
            tensor = waiting.pop()
            found[id(tensor)] = tensor
            if tensor is not first:
                waiting += sources(maker(tensor))
        return found

    def way(tensor, start):
        steps = []
        while tensor is not start:
            layer = maker(tensor)
            found = sources(layer)
            tensor = found[0]
            if len(found) == 1:
                steps.append(layer)
                continue
            _expect(len(found) == 2, f"{name}: joints of two ways", len(found))
            left, right = map(reach, found)
            common = [x for key, x in left.items() if key in right]
            tensor = max(common, key=lambda x: place[id(maker(x))])
            ways = sorted((way(x, tensor) for x in found), key=len)
            gate = _is(layer, "Multiply")  # the longer way stands aside
            steps.append(_Fork(layer, *(ways if gate else ways[::-1])))
        return steps[::-1]

    weights = sum(
        prod(weight.shape)
        for layer in inside.values()
        for weight in layer.trainable_weights
        if len(weight.shape) > 1  # a bias, scale or shift has one axis
    )
    shapes = tuple(first.shape[1:]), tuple(last.output.shape[1:])
    return way(last.output, first), *shapes, weights


def _described(layer) -> tuple[str, str, list[str]]:
    """Text and colour of a box, and the tags behind it; no text: tags alone."""
    tags, text, color = [], "", BLUE
    kernel = getattr(layer, "kernel_size", None)
    if kernel is not None:
        side = "×".join(map(str, kernel))
        color = {1: SKY, 9: BLUE}.get(prod(kernel), PURPLE)
        text = f"{side}, {layer.output.shape[-1]}"
        if _is(layer, "DepthwiseConv2D"):
            text, color = f"depthwise {side}", ORANGE
        stride = layer.strides if isinstance(layer.strides, int) else layer.strides[0]
        text += f", /{stride}" if stride > 1 else ""
        if getattr(layer, "groups", 1) > 1:
            tags.append(f"{layer.groups} groups")
    elif _is(layer, "Dense"):
        text, color = f"dense, {layer.units}", PURPLE
    elif _is(layer, "GlobalAveragePooling2D"):
        text, color = "mean of each map", GREEN
    elif _is(layer, "MaxPooling2D") and prod(layer.pool_size) == 1:
        text, color = f"every {layer.strides[0]}nd pixel", GREEN
    elif _is(layer, "AveragePooling2D", "MaxPooling2D"):
        word = "max" if _is(layer, "MaxPooling2D") else "mean"
        text, color = f"{word} {'×'.join(map(str, layer.pool_size))}", GREEN
    elif _is(layer, "Concatenate"):
        tags.append("and zeros")
    elif _is(layer, "BatchNormalization"):
        tags.append("norm")
    elif _is(layer, "ReLU"):
        tags.append("ReLU" if layer.max_value is None else "ReLU6")
    elif _is(layer, "Dropout"):
        tags.append("dropout")
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if activation != "linear":
        tags.append(_ACTIVATIONS.get(activation, activation))
    return text, color, tags


class _Pen:
    """Draws steps from top to bottom; without axes it only measures."""

    def __init__(self, unit: float, ax=None):
        self.unit, self.ax = unit, ax

    def line(self, *points):
        if self.ax is not None:
            self.ax.plot(*zip(*points, strict=True), color=GREY, lw=1, zorder=1)

    def steps(self, steps, x: float = 0.0, y: float = 0.0) -> _Size:
        top, left, right, tags = y, 0.05, 0.05, []

        def flush(y):
            """The tags so far beside the line; where it goes on."""
            if not tags:
                return y, 0.0
            text = ", ".join(tags)
            tags.clear()
            self.line((x, y), (x, y + _TAG))
            self.text(text, x + 0.06, y + _TAG / 2, size=8, color=GREY, gid="tag")
            return y + _TAG, 0.1 + _text_width(text, 8)

        for step in steps:
            if isinstance(step, _Fork):
                y, beside = flush(y)
                size = self.fork(step, x, y)
                left, right = max(left, size.left), max(right, beside, size.right)
                y += size.height
                continue
            text, color, found = _described(step)
            if text:
                y, beside = flush(y)
                wide = self.unit * step.output.shape[-1] ** 0.5
                wide = max(wide, _text_width(text, 9) + 0.1)
                self.line((x, y), (x, y + _LINE))
                self.box(text, x, y + _LINE, wide, color, getattr(step, "groups", 1))
                y += _LINE + _BOX
                left, right = max(left, wide / 2), max(right, beside, wide / 2)
            tags += found
        y, beside = flush(y)
        return _Size(y - top, left, max(right, beside))

    def fork(self, fork: _Fork, x: float, y: float) -> _Size:
        measure = _Pen(self.unit)
        trunk, side = measure.steps(fork.trunk), measure.steps(fork.side)
        start = y + _LINE
        span = max(trunk.height, side.height) + _LINE
        middle = start + span + _ROUND
        gate = _is(fork.joint, "Multiply")
        away = trunk.right + side.left if gate else -trunk.left - side.right
        away += 0.14 if gate else -0.14
        aside = x + away
        joined = x + (_ROUND if gate else -_ROUND)
        self.line((x, y), (x, start), (aside, start), (aside, middle), (joined, middle))
        self.line((x, start), (x, middle - _ROUND))
        self.steps(fork.trunk, x, start)
        self.steps(fork.side, aside, start + (span - side.height) / 2)
        stacked = _is(fork.joint, "Concatenate")
        if stacked:
            self.box("concatenate", x, middle - _BOX / 2, 0.9, GREY)
        elif self.ax is not None:
            style = {"fc": "white", "ec": INK, "lw": 1, "zorder": 2}
            self.ax.add_patch(Circle((x, middle), _ROUND, **style))
            sign = "×" if gate else "+"
            self.text(sign, x, middle, ha="center", size=11, gid="joint")
        height = middle - y + (_BOX / 2 if stacked else _ROUND)
        if gate:
            return _Size(height, trunk.left, away + side.right)
        return _Size(height, -away + side.left, trunk.right)

    def box(self, text, x, y, wide, color, groups=1):
        if self.ax is None:
            return
        left = x - wide / 2
        style = {"fc": _tint(color, 0.6), "ec": color, "lw": 0.8, "zorder": 2}
        self.ax.add_patch(Rectangle((left, y), wide, _BOX, **style))
        for k in range(1, groups):
            at, cut = [left + wide * k / groups] * 2, 0.05
            for start in (y, y + _BOX - cut):  # the text keeps its ground
                edges = [start, start + cut]
                self.ax.plot(at, edges, color="white", lw=0.6, zorder=2)
        self.text(text, x, y + _BOX / 2, ha="center", size=9, gid="layer")

    def text(self, text, x, y, **style):
        if self.ax is not None:
            self.ax.text(x, y, text, va="center_baseline", zorder=3, **style)


def blocks(drawn: Mapping[str, tuple], columns: int = 4) -> Figure:
    """Blocks of networks side by side, from the input at the top to the output.

    A box is a layer, as wide as the root of its channels on one scale for all blocks,
    but at least as wide as its text.
    Shortcuts run down on the left, gates on the right of the layers.

    Args:
        drawn: title -> (built Keras model, beginning of the names of its layers).
        columns: blocks in a row.

    Raises:
        ValueError: for no block, an unknown one, or one of another form: it must read
            one tensor and join two ways at a time.

    >>> from cnnkit import models
    >>> net = models.resnet_cifar(8)
    >>> fig = blocks({"basic": (net, "stage1_block1")})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "layer"]
    ['3×3, 16', '3×3, 16']
    """
    _expect(len(drawn) > 0 and columns > 0, "at least one block and column", len(drawn))
    read = {title: _read(*block) for title, block in drawn.items()}
    channels = [1]

    def widest(steps):
        for step in steps:
            if isinstance(step, _Fork):
                widest(step.trunk), widest(step.side)
            elif _described(step)[0]:
                channels.append(step.output.shape[-1])

    for steps, *_ in read.values():
        widest(steps)
    unit = _WIDEST / max(channels) ** 0.5
    sizes = {title: _Pen(unit).steps(steps) for title, (steps, *_) in read.items()}
    titles = list(read)
    rows = [titles[i : i + columns] for i in range(0, len(titles), columns)]
    above, below = 0.52, 0.6
    tall = [max(sizes[title].height for title in row) + above + below for row in rows]
    fig, ax = _sheet(sum(tall) + 0.05)
    pen, top = _Pen(unit, ax), 0.0
    for row, height in zip(rows, tall, strict=True):
        around = [
            (
                max(sizes[title].left, _text_width(title, 10) / 2),
                max(sizes[title].right, _text_width(title, 10) / 2),
            )
            for title in row
        ]
        gap = (WIDTH - sum(map(sum, around))) / (len(row) + 1)
        _expect(gap > 0.02, "blocks that fit side by side (fewer columns)", row)
        x = gap
        for title, (left, right) in zip(row, around, strict=True):
            steps, before, behind, weights = read[title]
            x += left
            style = {"ha": "center", "va": "center_baseline"}
            ax.text(x, top + 0.14, title, size=10, gid="title", **style)
            style |= {"size": 9, "color": GREY}
            ax.text(x, top + 0.36, _shape_text(before), gid="shape", **style)
            y = top + above - 0.06
            pen.line((x, y), (x, top + above))
            pen.steps(steps, x, top + above)
            y = top + above + sizes[title].height
            arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, y + 0.14), (x, y), arrowprops=arrow)
            ax.text(x, y + 0.25, _shape_text(behind), gid="shape", **style)
            ax.text(x, y + 0.43, f"{weights:,} weights", gid="weights", **style)
            x += right + gap
        top += height
    return fig


def searched_cell(model, name: str) -> Figure:
    """A cell of NASNet: pairs of operations, their sums, and what is concatenated.

    An operation has the colour of what it reads.

    Args:
        model: built Keras model with the layers' names of `cnnkit.models.nasnet`.
        name: of the layer that ends the cell.

    Raises:
        ValueError: for an unknown cell, or one whose blocks are not sums of two.

    >>> from cnnkit import models
    >>> from cnnkit.profile import blueprint
    >>> fig = searched_cell(blueprint(models.nasnet), "stack1_cell2")
    >>> found = [t.get_text() for t in fig.axes[0].texts if t.get_gid() == "operation"]
    >>> found[:2]
    ['separable\\n5×5', 'separable\\n3×3']
    """
    known = {layer.name: layer for layer in model.layers}
    sums = []
    while f"{name}_block{len(sums) + 1}" in known:
        sums.append(known[f"{name}_block{len(sums) + 1}"])
    _expect(name in known and sums, "the name of a cell of blocks", repr(name))

    def maker(tensor):
        return tensor._keras_history.operation

    def read(tensor, start):
        """What an operation does, and what it reads."""
        words = "identity"
        while (layer := maker(tensor)).name.startswith(f"{start}_"):
            if hasattr(layer, "kernel_size"):
                words = f"separable\n{'×'.join(map(str, layer.kernel_size))}"
            elif hasattr(layer, "pool_size"):
                word = "max" if _is(layer, "MaxPooling2D") else "mean"
                words = f"{word}\n{'×'.join(map(str, layer.pool_size))}"
            tensor = layer.input
        return words, source(layer)

    def source(layer):
        if layer in sums:
            return f"sum {sums.index(layer) + 1}"
        return "input" if layer.name.startswith(f"{name}_input") else "before"

    pairs = []
    for joint in sums:
        found = joint.input if isinstance(joint.input, list) else []
        _expect(len(found) == 2, "blocks that are sums of two", joint.name)
        pairs.append([read(tensor, joint.name) for tensor in found])
    stacked = [source(maker(tensor)) for tensor in known[name].input]

    colors = {"input": BLUE, "before": ORANGE}
    said = {"input": "the cell's input", "before": "input of the cell before"}
    fig, ax = _sheet(2.75)
    each = (WIDTH - 0.62) / len(pairs)
    left = {
        "before": 0.25,
        "input": 0.75 + each * 1.2,
    }  # of the boxes of the two sources
    top, line, low = 0.14, 1.0, 2.33
    style = {"ha": "center", "va": "center_baseline", "zorder": 3}
    ends = {}
    for what, words in said.items():
        wide = _text_width(words, 9) + 0.2
        box = {"fc": _tint(colors[what], 0.6), "ec": colors[what], "lw": 0.8}
        ax.add_patch(Rectangle((left[what], top), wide, _BOX, zorder=2, **box))
        ax.text(left[what] + wide / 2, top + _BOX / 2, words, size=9, **style)
        ends[what] = (left[what] + wide / 2, top + _BOX)
    for i, pair in enumerate(pairs):
        middle = 0.55 + (i + 0.5) * each
        for k, (words, what) in enumerate(pair):
            x = middle + (k - 0.5) * each * 0.5
            wide, color = min(0.475 * each, 0.66), colors.get(what, PURPLE)
            box = {"fc": _tint(color, 0.6), "ec": color, "lw": 0.8, "zorder": 2}
            ax.add_patch(Rectangle((x - wide / 2, line), wide, 0.4, **box))
            ax.text(x, line + 0.2, words, size=8, gid="operation", **style)
            if what in ends:
                x0, y0 = ends[what]
                ax.plot([x0, x], [y0, line], color=color, lw=0.9, zorder=1)
            ax.plot([x, middle], [line + 0.4, 1.75], color=GREY, lw=1, zorder=1)
        box = {"fc": "white", "ec": INK, "lw": 1, "zorder": 2}
        ax.add_patch(Circle((middle, 1.75), _ROUND, **box))
        ax.text(middle, 1.75, "+", size=11, gid="joint", **style)
        if f"sum {i + 1}" in stacked:
            ax.plot([middle, middle], [1.75, low], color=GREY, lw=1, zorder=1)
    for what in set(stacked) & set(ends):
        x = left[what] + 0.1
        ax.plot([x, x], [top + _BOX, low], color=colors[what], lw=0.9, zorder=1)
    box = {"fc": _tint(GREY, 0.6), "ec": GREY, "lw": 0.8, "zorder": 2}
    ax.add_patch(Rectangle((0.2, low), WIDTH - 0.4, _BOX, **box))
    maps = known[name].output.shape[-1]
    text = f"concatenate: {maps} maps"
    ax.text(WIDTH / 2, low + _BOX / 2, text, size=9, gid="joint", **style)
    return fig


def family(members: Mapping[str, tuple]) -> Figure:
    """Networks as boxes over the years, each with its idea, below what it came from.

    Args:
        members: name -> (year, row, idea, names of its parents); the idea may have two
            lines.

    Raises:
        ValueError: for no member, an unknown parent, two in one place, or a text that
            has no room.

    >>> fig = family({
    ...     "LeNet": (1998, 0, "convolutions", []),
    ...     "AlexNet": (1999, 0, "larger", ["LeNet"]),
    ... })
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "name"]
    ['LeNet', 'AlexNet']
    """
    _expect(len(members) > 0, "at least one member", "none")
    for name, (_, _, _, parents) in members.items():
        unknown = [parent for parent in parents if parent not in members]
        _expect(not unknown, f"parents of {name} that are members", unknown)
    places = [(year, row) for year, row, *_ in members.values()]
    _expect(len(set(places)) == len(places), "one member in a place", sorted(places))
    years = sorted({year for year, _ in places})
    rows = 1 + max(row for _, row in places)
    step, line, tall, top = (WIDTH - 0.1) / len(years), 0.74, 0.57, 0.36
    wide = min(step - 0.28, 2.0)
    fig, ax = _sheet(top + line * rows)
    for k, year in enumerate(years):
        style = {"ha": "center", "va": "center_baseline", "color": GREY}
        ax.text(0.05 + (k + 0.5) * step, 0.17, f"{year}", size=9, gid="year", **style)

    def centre(name):
        year, row, *_ = members[name]
        return 0.05 + (years.index(year) + 0.5) * step, top + row * line + tall / 2

    for name, (_, _, idea, parents) in members.items():
        x, y = centre(name)
        color = BLUE if parents else ORANGE
        style = {"fc": _tint(color, 0.8), "ec": color, "lw": 1.1, "zorder": 2}
        ax.add_patch(Rectangle((x - wide / 2, y - tall / 2), wide, tall, **style))
        texts = [(name, 9.5, INK, "name")]
        texts += [(part, 8, GREY, "idea") for part in idea.split("\n")]
        for i, (text, size, color, gid) in enumerate(texts):
            fits = _text_width(text, size) < wide - 0.04
            _expect(fits, f"texts that fit into {wide:.1f} inches", repr(text))
            at = y + 0.17 * (i - (len(texts) - 1) / 2)
            style = {"ha": "center", "va": "center_baseline", "zorder": 3}
            ax.text(x, at, text, size=size, color=color, gid=gid, **style)
        for parent in parents:
            x0, y0 = centre(parent)
            _curve(ax, (x0 + wide / 2, y0), (x - wide / 2, y))
    return fig


def _curve(ax, start, end) -> None:
    """An arrow that leaves and arrives level."""
    (x0, y0), (x1, y1) = start, end
    middle = (x0 + x1) / 2
    path = Path(
        [start, (middle, y0), (middle, y1), end],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    style = {"arrowstyle": "-|>", "mutation_scale": 8, "lw": 1, "color": GREY}
    ax.add_patch(FancyArrowPatch(path=path, shrinkA=0, shrinkB=0, zorder=1, **style))
