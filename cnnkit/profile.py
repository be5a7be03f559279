"""What every layer of a Keras graph costs and sees: `profile(model)`.

Conventions.  One multiply-add (MAC) is one operation.  Convolutions and dense layers
are counted, taps on padding included; biases, activations, elementwise arithmetic,
pooling, normalisation, resizing and copies count 0, as in the tables of most papers.
Memory is what the layers put out, in the number type of each; views of the same
numbers (`Flatten`, `Reshape`) take none.

A receptive field reaches from the first to the last input pixel on any path, padding
included.  Left out are statistics taken over the image (normalisation) and gates that
are broadcast over it (squeeze and excitation).  A layer of unknown kind, such as your
own, is named as not counted; behind it the receptive field is unknown.
"""

import html
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from . import sizes


class Row(NamedTuple):
    """One call of one layer.

    name: of the layer; "encoder/conv1" inside the nested model "encoder".
    kind: its class.
    output_shape: for one example; a tuple of shapes if there are several outputs.
    parameters, trainable, non_trainable: 0 where an earlier row has counted them.
    shared: the layer has weights, and an earlier row has counted them all.
    macs: multiply-adds for one example; None if the kind is unknown.
    memory: bytes of the output for the whole batch; None if its size is unknown.
    receptive_field, stride, padding: in input pixels, one number an axis: what one unit
        sees, the distance between the fields of neighbours (their mean distance behind
        upsampling), and how far the first field begins before the first pixel.  None
        instead of all axes: the whole input (behind flatten, dense and global pooling).
        None for one axis: unknown; as stride: paths of different strides meet, and the
        size is the largest.
    """

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    trainable: int
    non_trainable: int
    shared: bool
    macs: int | None
    memory: int | None
    receptive_field: tuple[int | None, ...] | None
    stride: tuple[int | float | None, ...] | None
    padding: tuple[int | None, ...] | None


class Total(NamedTuple):
    """Sums over the rows; macs and memory leave out what is unknown.

    depth: the most weight layers (convolutions and dense layers; a separable one counts
        as two) on one way from an input to an output, gates left out.
    """

    parameters: int
    trainable: int
    non_trainable: int
    macs: int
    memory: int
    depth: int


class Profile(NamedTuple):
    """Result of `profile`: a table that prints itself, and its numbers.

    name: of the model.
    rows: one `Row` for each call of a layer, inputs first, each behind what it reads.
    total: their sums.
    not_counted: names of the layers whose multiply-adds are unknown.
    notes: what else a reader of the table should know.
    """

    name: str
    rows: list[Row]
    total: Total
    not_counted: list[str]
    notes: list[str]

    def __repr__(self) -> str:
        head, *body = _HEAD, *map(_texts, self.rows)
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        lines = [
            "  ".join(
                text.ljust(width) if i < _LEFT else text.rjust(width)
                for i, (text, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
            for cells in (head, *body)
        ]
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join([*lines, lines[1], self._summary(), *self.notes])

    def _repr_html_(self) -> str:
        def row(cells, tag):
            return "".join(
                f'<{tag} style="text-align: {"left" if i < _LEFT else "right"}">'
                f"{html.escape(text)}</{tag}>"
                for i, text in enumerate(cells)
            )

        body = "".join(f"<tr>{row(_texts(r), 'td')}</tr>" for r in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<table><caption>{html.escape(self._summary())}</caption>"
            f"<thead><tr>{row(_HEAD, 'th')}</tr></thead><tbody>{body}</tbody></table>"
            f"{notes}"
        )

    def _summary(self) -> str:
        total = self.total
        least = "at least " if self.not_counted else ""
        return (
            f"{self.name}: {total.parameters:,} parameters "
            f"({total.non_trainable:,} not trainable), {least}{total.macs:,} "
            f"multiply-adds, {_size(total.memory)} of activations"
        )


_HEAD = (
    "layer",
    "kind",
    "output",
    "parameters",
    "multiply-adds",
    "bytes",
    "sees",
    "stride",
    "padding",
)
_LEFT = 3  # columns of text


def _size(count: int) -> str:
    kib = count / 2**10
    return f"{kib:,.1f} KiB" if kib < 1000 else f"{kib / 2**10:,.1f} MiB"


def _texts(row: Row) -> tuple[str, ...]:
    """The cells of a row."""

    def count(n):
        return "?" if n is None else f"{n:,}"

    def axes(values):
        if values is None:
            return ""
        cells = ["?" if v is None else f"{v:g}" for v in values]
        return "×".join(cells[:1] if len(set(cells)) == 1 else cells)

    shapes = row.output_shape
    if not any(isinstance(side, tuple) for side in shapes):
        shapes = (shapes,)
    return (
        row.name,
        row.kind,
        ", ".join("×".join("?" if n is None else str(n) for n in s) for s in shapes),
        "shared" if row.shared else count(row.parameters),
        count(row.macs),
        count(row.memory),
        "all" if row.receptive_field is None else axes(row.receptive_field),
        axes(row.stride),
        axes(row.padding),
    )


def profile(model, batch: int = 1, input_shape: Sequence | None = None) -> Profile:
    """Parameters, multiply-adds, memory and receptive field of each layer of a model.

    Args:
        model: a functional or sequential Keras model, channels last, with any branches,
            shared layers, nested models, several inputs and outputs.
        batch: examples at once; only memory grows with it.
        input_shape: shape of one example, where the model leaves sizes open; with
            several inputs a list of shapes.

    Returns:
        A `Profile`: prints as a table; `.rows` and `.total` hold the numbers.  With
        several inputs a receptive field belongs to the first that its layer sees.

    Raises:
        ValueError: if the model is not built or has no graph (subclassed models), an
            input size is open, a layer is channels-first, or batch < 1.

    Source: multiply-adds: He & Sun 2015, arXiv:1412.1710, equation 1.  Receptive
    fields: Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural
    Networks", Distill, equations 1 and 2 along each path, and their union.

    >>> from cnnkit import models
    >>> ledger = profile(models.lenet5())
    >>> ledger.total.parameters, ledger.total.macs
    (61706, 416520)
    >>> [(r.name, r.receptive_field) for r in ledger.rows if r.kind == "Conv2D"]
    [('conv1', (5, 5)), ('conv2', (14, 14))]
    """
    import keras

    batch = sizes._whole("batch", batch)
    if not _has_graph(model):
        raise ValueError(
            "expected a built functional or sequential Keras model; received "
            f"{type(model).__name__}{_how_to_build(model)}"
        )
    shapes = _input_shapes(model, input_shape)
    specs = [
        keras.KerasTensor((None, *shape), dtype=tensor.dtype)
        for shape, tensor in zip(shapes, model.inputs, strict=True)
    ]
    fields = [
        _Field(i, (_ITSELF,) * max(len(shape) - 1, 1)) for i, shape in enumerate(shapes)
    ]
    ledger = _Ledger(batch)
    outputs = ledger.walk(model, specs, fields)
    rows = ledger.rows
    total = Total(
        sum(row.parameters for row in rows),
        sum(row.trainable for row in rows),
        sum(row.non_trainable for row in rows),
        sum(row.macs or 0 for row in rows),
        sum(row.memory or 0 for row in rows),
        max(field.depth for field in outputs),
    )
    unknown = {row.name: row.kind for row in rows if row.macs is None}
    notes = []
    if unknown:
        named = ", ".join(f"{name} ({kind})" for name, kind in unknown.items())
        notes.append(f"Not counted, kind unknown: {named}.")
    if ledger.gates:
        notes.append(
            "Gates broadcast over the map are left out of the receptive fields: "
            f"{', '.join(ledger.gates)}."
        )
    outside = {id(w): w for w in model.weights if id(w) not in ledger.counted}
    if outside:
        count = sum(math.prod(weight.shape) for weight in outside.values())
        notes.append(
            f"Parameters of the model outside its graph, not counted: {count:,}."
        )
    if len(shapes) > 1:
        notes.append("Receptive fields belong to the first input that a layer sees.")
    return Profile(model.name, rows, total, list(unknown), notes)


def blueprint(build: Callable, *args, **kwargs):
    """The network that `build` makes, without its numbers: for counting and drawing.

    Its variables have shapes and no values, so that VGG takes neither half a gigabyte
    nor a second.  It can be profiled and drawn, not run or trained.  What Keras keeps
    between models (the counters of names, the seed of `keras.random`) starts anew.

    Args:
        build: a function that returns a Keras model.
        args: for `build`.
        kwargs: for `build`.

    Source: ``keras.StatelessScope`` and ``keras.utils.clear_session``.

    >>> from cnnkit import models
    >>> blueprint(models.vgg, "D").count_params()
    138357544
    """
    import keras

    policy = keras.config.dtype_policy()
    try:
        with keras.StatelessScope(initialize_variables=False):
            return build(*args, **kwargs)
    finally:
        # forgets the variables that wait for their values; the next model would else
        # bring them to life
        keras.utils.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)


def _has_graph(layer) -> bool:
    """Whether it is a model whose layers and tensors Keras keeps."""
    import keras

    return (
        isinstance(layer, keras.Model)
        and bool(getattr(layer, "inputs", None))
        and bool(getattr(layer, "outputs", None))
    )


def _how_to_build(model) -> str:
    import keras

    if isinstance(model, keras.Sequential):
        return (
            " that is not built: begin it with keras.Input(shape) or call "
            "model.build((None, *shape))"
        )
    if isinstance(model, keras.Model):
        return ", whose call() Keras does not keep as a graph: use keras.Model(x, y)"
    return ""


def _input_shapes(model, wanted) -> list[tuple[int, ...]]:
    """Shape of one example for each input; every size is known."""
    known = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    shapes = known
    if wanted is not None:
        if not isinstance(wanted, Sequence) or isinstance(wanted, str):
            wanted = (wanted,)
        several = any(isinstance(shape, Sequence) for shape in wanted)
        shapes = [
            tuple(shape) if isinstance(shape, Sequence) else (shape,)
            for shape in (wanted if several else [wanted])
        ]
    fits = [len(shape) for shape in shapes] == [len(shape) for shape in known] and all(
        there in (None, here)
        for pair in zip(shapes, known, strict=True)
        for here, there in zip(*pair, strict=True)
    )
    if not fits:
        raise ValueError(
            f"expected input_shape that fits {known} (one shape an input, without the "
            f"batch); received {wanted}"
        )
    for tensor, shape in zip(model.inputs, shapes, strict=True):
        if None in shape:
            raise ValueError(
                f"expected every size of input {tensor.name!r}; received {shape}: pass "
                "input_shape, such as (224, 224, 3)"
            )
    return [tuple(sizes._whole("input_shape", n) for n in shape) for shape in shapes]


# ---------------------------------------------------------------- walking the graph


class _Field(NamedTuple):
    """What the units of a tensor see.

    source: index of the model's input.
    axes: for the tensor's axes 1, 2, ... the `_Path`s, or None where unknown;
        None instead of all: the whole input.
    depth: weight layers passed on the longest way.
    """

    source: int
    axes: tuple | None
    depth: int = 0


class _Ledger:
    """Rows in the making, and what must be counted once."""

    def __init__(self, batch: int):
        self.batch = batch
        self.rows: list[Row] = []
        self.gates: list[str] = []
        self.counted: set[int] = set()  # ids of variables

    def walk(self, model, specs: list, fields: list, prefix: str = "") -> list:
        """Add the rows of a model called on such inputs; fields of its outputs."""
        nodes = _nodes(model)
        shaped = _specs(model, nodes, specs)
        seen = {id(tensor): f for tensor, f in zip(model.inputs, fields, strict=True)}
        if not prefix:  # a nested model reads what an outer layer has put out
            for tensor, field in zip(model.inputs, fields, strict=True):
                layer = tensor._keras_history.operation
                self.add(layer, layer.name, [shaped[id(tensor)]], 0, field)
        for node in nodes:
            layer, name = node.operation, prefix + node.operation.name
            inputs = [(shaped[id(t)], seen[id(t)]) for t in node.input_tensors]
            outputs = [shaped[id(t)] for t in node.outputs]
            if _has_graph(layer):
                found = self.walk(
                    layer, *map(list, zip(*inputs, strict=True)), f"{name}/"
                )
            else:
                if getattr(layer, "data_format", "") == "channels_first":
                    raise ValueError(
                        "expected layers with data_format channels_last; received "
                        f"channels_first in {name!r}"
                    )
                macs, field = self.rules(layer, name, node, inputs, outputs[0])
                found = [field] * len(outputs)
                self.add(layer, name, outputs, macs, field)
            seen.update(zip(map(id, node.outputs), found, strict=True))
        return [seen[id(tensor)] for tensor in model.outputs]

    def rules(self, layer, name: str, node, inputs: list, output) -> tuple:
        """Multiply-adds and the field of the output, by the kind of the layer."""
        kind = _kind(layer)
        after = tuple(output.shape)
        if kind not in RULES or None in after[1:]:
            return None, _lost(inputs)
        count, look = RULES[kind]
        if look is _merge:
            return 0, self.merge(layer, name, inputs, after)
        before, field = tuple(inputs[0][0].shape), inputs[0][1]
        if len(inputs) > 1:  # only what merges is known to read several tensors
            return None, _lost(inputs)
        macs = count(layer, before[1:], after[1:]) if count else 0
        passed = 2 if count is _separable else 1 if count else 0
        field = field._replace(depth=field.depth + passed)
        if field.axes is not None:
            field = field._replace(axes=look(layer, field.axes, before, after, node))
        return macs, field

    def merge(self, layer, name: str, inputs: list, after: tuple) -> _Field:
        """The union of the fields; broadcast inputs are noted as gates."""
        joined = (
            getattr(layer, "axis", None) if "Concat" in type(layer).__name__ else None
        )
        carriers = []
        for spec, field in inputs:
            rank = len(field.axes) if field.axes else len(after) - 2
            space = slice(1, 1 + max(rank, 1))
            if joined is not None or tuple(spec.shape)[space] == after[space]:
                carriers.append(field)
        if not carriers:
            return _lost(inputs)
        if len(carriers) < len(inputs):
            self.gates.append(name)
        keeping = [field for field in carriers if field.axes is not None] or carriers
        source = min(field.source for field in keeping)
        depth = max(field.depth for field in carriers)
        same = [field for field in carriers if field.source == source]
        if any(field.axes is None for field in same):
            return _Field(source, None, depth)
        ranks = {len(field.axes) for field in same}
        if len(ranks) > 1:
            return _lost(inputs)
        axes = [_union(paths) for paths in zip(*(f.axes for f in same), strict=True)]
        if joined is not None:
            along = joined % len(after) - 1
            if along < len(axes):
                axes[along] = None
        return _Field(source, tuple(axes), depth)

    def add(self, layer, name: str, outputs: list, macs, field: _Field) -> None:
        weights = getattr(layer, "weights", [])
        fresh = [w for w in weights if id(w) not in self.counted]
        self.counted.update(map(id, fresh))
        learns = {id(w) for w in getattr(layer, "trainable_weights", [])}
        trainable = sum(math.prod(w.shape) for w in fresh if id(w) in learns)
        everything = sum(math.prod(w.shape) for w in fresh)
        shapes = tuple(tuple(output.shape[1:]) for output in outputs)
        sees = stride = padding = None
        if field.axes is not None:
            lengths = (*shapes[0], *[None] * len(field.axes))
            seen = [_see(axis, n) for axis, n in zip(field.axes, lengths, strict=False)]
            sees, stride, padding = zip(*seen, strict=True)
        self.rows.append(
            Row(
                name,
                type(layer).__name__,
                shapes if len(shapes) > 1 else shapes[0],
                everything,
                trainable,
                everything - trainable,
                bool(weights) and not fresh,
                macs,
                _memory(layer, outputs, self.batch),
                sees,
                stride,
                padding,
            )
        )


def _nodes(model) -> list:
    """The calls of layers between inputs and outputs, each behind what it reads.

    No public name of Keras shows the calls of a shared layer: `layer.output` is the
    first one only.  So this reads `_keras_history` and `_inbound_nodes`, as Keras's own
    summary and plots do.
    """

    def node_of(tensor):
        operation, index, _ = tensor._keras_history
        return operation._inbound_nodes[index]

    given = {id(tensor) for tensor in model.inputs}
    order, done = [], set()
    waiting = [node_of(t) for t in reversed(model.outputs) if id(t) not in given]
    while waiting:
        node = waiting[-1]
        missing = [
            parent
            for tensor in node.input_tensors
            if id(tensor) not in given and id(parent := node_of(tensor)) not in done
        ]
        if id(node) not in done and missing:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if id(node) not in done:
            done.add(id(node))
            order.append(node)
    return order


def _specs(model, nodes: list, inputs: list) -> dict:
    """Shape and number type of every tensor, by its id, for inputs of such shapes."""
    import keras

    tensors = [tensor for node in nodes for tensor in node.outputs]
    known = dict(zip(map(id, tensors), tensors, strict=True))
    if all(
        a.shape[1:] == b.shape[1:] for a, b in zip(inputs, model.inputs, strict=True)
    ):
        found = tensors
    else:
        inside = keras.Function(model.inputs, tensors)
        found = inside.compute_output_spec(inputs)
    shaped = dict(zip(known, found, strict=True))
    return shaped | dict(zip(map(id, model.inputs), inputs, strict=True))


def _kind(layer) -> str:
    """The class whose rule holds: Keras's own, or one that inherits its `call`."""
    for known in type(layer).__mro__:
        if known.__module__.partition(".")[0] in ("keras", "cnnkit"):
            same = getattr(type(layer), "call", None) is getattr(known, "call", None)
            # keras.ops.average reduces; the layer Average merges
            reduces = known.__name__ == "Average" and not hasattr(layer, "weights")
            return known.__name__ if same and not reduces else ""
    return ""


def _memory(layer, outputs, batch: int) -> int | None:
    """Bytes of the outputs; 0 for a view of the input."""
    if _kind(layer) in VIEWS:
        return 0
    total = 0
    for output in outputs:
        if None in output.shape[1:] or output.dtype not in sizes.BYTES:
            return None
        if 0 not in output.shape[1:]:
            total += sizes.memory_bytes((batch, *output.shape[1:]), output.dtype)
    return total


# ---------------------------------------------------------------- receptive fields


class _Path(NamedTuple):
    """First and last input pixel that unit i sees along one axis, for every i.

    Both repeat: unit ``i + len(first)`` sees what unit i sees, `advance` pixels on.
    Convolutions need a period of 1; upsampling by 2 makes neighbours differ.
    """

    first: tuple[int, ...]
    last: tuple[int, ...]
    advance: int

    def begin(self, i: int) -> int:
        return self.first[i % len(self.first)] + i // len(self.first) * self.advance

    def end(self, i: int) -> int:
        return self.last[i % len(self.last)] + i // len(self.last) * self.advance


_ITSELF = (_Path((0,), (0,), 1),)  # an axis: paths of different strides


def _through(axis, every: int, step: int, first: Callable, last: Callable):
    """The axis behind a layer whose unit o reads units first(o) to last(o).

    Both go on regularly: ``first(o + every) == first(o) + step``.
    """
    if axis is None:
        return None
    behind = []
    for path in axis:
        period = len(path.first)
        repeats = period // math.gcd(period, step)
        units = range(every * repeats)
        behind.append(
            _Path(
                tuple(path.begin(first(o)) for o in units),
                tuple(path.end(last(o)) for o in units),
                repeats * step // period * path.advance,
            )
        )
    return tuple(behind)


def _union(axes):
    """Smallest intervals that hold those of all paths, stride by stride."""
    if None in axes:
        return None
    together = {}
    for path in (path for axis in axes for path in axis):
        rate = Fraction(path.advance, len(path.first))
        other = together.get(rate, path)
        period = math.lcm(len(path.first), len(other.first))
        together[rate] = _Path(
            tuple(min(path.begin(i), other.begin(i)) for i in range(period)),
            tuple(max(path.end(i), other.end(i)) for i in range(period)),
            int(rate * period),
        )
    return tuple(together.values())


def _see(axis, n: int | None) -> tuple:
    """Size, stride and padding of the fields of the n units along an axis."""
    if axis is None:
        return None, None, None
    # one path repeats itself; paths of different strides drift apart
    period = len(axis[0].first)
    length = n if len(axis) > 1 else min(n or period, period)
    if length is None:
        return None, None, None
    size = max(
        max(path.end(i) for path in axis) - min(path.begin(i) for path in axis) + 1
        for i in range(length)
    )
    rate = Fraction(axis[0].advance, period)
    stride = int(rate) if rate.denominator == 1 else float(rate)
    padding = -min(path.begin(0) for path in axis)
    return size, stride if len(axis) == 1 else None, padding


def _lost(inputs) -> _Field:
    """Behind a layer of unknown kind."""
    kept = [field for _, field in inputs if field.axes is not None]
    if not kept:
        return inputs[0][1] if inputs else _Field(0, None)
    return kept[0]._replace(axes=(None,) * len(kept[0].axes))


# Rules for fields: layer, axes, shapes before and after (batch first), node -> axes


def _same_place(layer, axes, before, after, node):
    return axes


def _everything(layer, axes, before, after, node):
    return None


def _unknown(layer, axes, before, after, node):
    return (None,) * len(axes)


def _merge(layer, axes, before, after, node):
    raise AssertionError("_Ledger.merge knows all inputs")


def _window(layer, axes, before, after, node):
    """Convolution and pooling."""
    kernel = getattr(layer, "kernel_size", None) or layer.pool_size
    dilation = getattr(layer, "dilation_rate", (1,) * len(kernel))
    if len(axes) != len(kernel):
        return _unknown(layer, axes, before, after, node)
    behind = []
    for axis, n, k, s, d in zip(
        axes, before[1:-1], kernel, layer.strides, dilation, strict=True
    ):
        reach = sizes.effective_kernel_size(k, d)
        pad = {
            "valid": 0,
            "same": sizes.same_padding(n, k, s, d)[0],
            "causal": reach - 1,
        }[layer.padding]
        behind.append(
            _through(
                axis,
                1,
                s,
                lambda o, s=s, pad=pad: o * s - pad,
                lambda o, s=s, pad=pad, reach=reach: o * s - pad + reach - 1,
            )
        )
    return tuple(behind)


def _spread(layer, axes, before, after, node):
    """Transposed convolution: unit i of the input reaches i*s to i*s + reach - 1."""
    if len(axes) != len(layer.kernel_size):
        return _unknown(layer, axes, before, after, node)
    behind = []
    for axis, n, k, s, d in zip(
        axes,
        after[1:-1],
        layer.kernel_size,
        layer.strides,
        layer.dilation_rate,
        strict=True,
    ):
        reach = sizes.effective_kernel_size(k, d)
        crop = sizes.same_padding(n, k, s, d)[0] if layer.padding == "same" else 0
        behind.append(
            _through(
                axis,
                s,
                1,
                lambda o, s=s, crop=crop, reach=reach: -((reach - 1 - crop - o) // s),
                lambda o, s=s, crop=crop: (o + crop) // s,
            )
        )
    return tuple(behind)


def _enlarge(layer, axes, before, after, node):
    """UpSampling: the nearest unit, or the two around the centre of the new one."""
    factors = layer.size if isinstance(layer.size, Sequence) else (layer.size,)
    how = getattr(layer, "interpolation", "nearest")
    if how not in ("nearest", "bilinear") or len(axes) != len(factors):
        return _unknown(layer, axes, before, after, node)
    behind = []
    for axis, s in zip(axes, factors, strict=True):
        if how == "nearest":
            ends = (lambda o, s=s: o // s,) * 2
        else:
            ends = (
                lambda o, s=s: (2 * o + 1 - s) // (2 * s),
                lambda o, s=s: -((s - 1 - 2 * o) // (2 * s)),
            )
        behind.append(_through(axis, s, 1, *ends))
    return tuple(behind)


def _shift(layer, axes, before, after, node):
    """Zero padding and cropping."""
    padding = getattr(layer, "padding", None)
    amounts = layer.cropping if padding is None else padding
    if not isinstance(amounts[0], Sequence):  # one axis
        amounts = (amounts,)
    if len(axes) != len(amounts):
        return _unknown(layer, axes, before, after, node)
    sign = 1 if padding is None else -1
    return tuple(
        _through(axis, 1, 1, *(lambda o, by=sign * begin: o + by,) * 2)
        for axis, (begin, _) in zip(axes, amounts, strict=True)
    )


def _flatten(layer, axes, before, after, node):
    return axes if before == after else None


def _reshape(layer, axes, before, after, node):
    """The leading axes stay what they are; channels may be regrouped."""
    space = slice(1, 1 + len(axes))
    kept = before[space] == after[space]
    return axes if kept else _unknown(layer, axes, before, after, node)


def _permute(layer, axes, before, after, node):
    order = getattr(layer, "dims", None) or getattr(layer, "axes", None) or (0,)
    order = [i % len(before) for i in order]
    if len(order) == len(before) and order[0] == 0:  # keras.ops: with the batch
        order = order[1:]
    sources = order[: len(axes)]
    if sorted(sources) != list(range(1, 1 + len(axes))):
        return _unknown(layer, axes, before, after, node)
    return tuple(axes[i - 1] for i in sources)


def _dense(layer, axes, before, after, node):
    """On a map each position alone, like a 1x1 convolution."""
    return axes if len(before) >= len(axes) + 2 else None


def _reduce(layer, axes, before, after, node):
    """Mean, maximum, sum: over the image like global pooling."""
    over = layer.axis
    if over is None:
        return None
    over = {i % len(before) for i in (over if isinstance(over, Sequence) else (over,))}
    space = set(range(1, 1 + len(axes)))
    if space <= over:
        return None
    return _unknown(layer, axes, before, after, node) if space & over else axes


def _slice(layer, axes, before, after, node):
    """x[...]: slices with a positive step."""
    key = node.arguments.args[1] if len(node.arguments.args) > 1 else ()
    key = list(key) if isinstance(key, tuple | list) else [key]
    if Ellipsis in key:
        at = key.index(Ellipsis)
        key[at : at + 1] = [slice(None)] * (len(before) - len(key) + 1)
    key += [slice(None)] * (len(before) - len(key))
    inside = key[: 1 + len(axes)]
    if not all(isinstance(part, slice) and (part.step or 1) > 0 for part in inside):
        return _unknown(layer, axes, before, after, node)
    behind = []
    for axis, n, part in zip(axes, before[1:], inside[1:], strict=False):
        begin, _, step = part.indices(n)
        ends = (lambda o, begin=begin, step=step: begin + o * step,) * 2
        behind.append(_through(axis, 1, step, *ends))
    return tuple(behind)


def _split(layer, axes, before, after, node):
    along = layer.axis % len(before)
    return axes if along > len(axes) else _unknown(layer, axes, before, after, node)


# ---------------------------------------------------------------- multiply-adds

# layer, shapes of one example before and after -> int; sizes' rules for images hold
# for any number of axes, because only the products of the sides enter.


def _conv(layer, before, after) -> int:
    return sizes.conv_macs(
        (math.prod(after[:-1]), 1),
        (math.prod(layer.kernel_size), 1),
        before[-1],
        after[-1],
        layer.groups,
    )


def _depthwise(layer, before, after) -> int:
    return sizes.conv_macs(
        (math.prod(after[:-1]), 1),
        (math.prod(layer.kernel_size), 1),
        before[-1],
        before[-1] * layer.depth_multiplier,
        before[-1],
    )


def _separable(layer, before, after) -> int:
    between = before[-1] * layer.depth_multiplier
    pointwise = math.prod(after[:-1]) * sizes.dense_macs(between, after[-1])
    return _depthwise(layer, before, after) + pointwise


def _transpose(layer, before, after) -> int:
    """Every value of the input meets every weight of its channel."""
    return sizes.conv_macs(
        (math.prod(before[:-1]), 1),
        (math.prod(layer.kernel_size), 1),
        before[-1],
        after[-1],
    )


def _matrix(layer, before, after) -> int:
    return math.prod(before[:-1]) * sizes.dense_macs(before[-1], after[-1])


VIEWS = {"Flatten", "Reshape", "Identity", "ExpandDims", "Squeeze"}
DIMENSIONS = ("1D", "2D", "3D")
ELEMENTWISE = """
    Activation ActivityRegularization AlphaDropout BatchNormalization Dropout ELU
    GaussianDropout GaussianNoise GroupNormalization Identity LayerNormalization
    LeakyReLU Masking Normalization PReLU RMSNormalization ReLU Rescaling Softmax
    SpatialDropout1D SpatialDropout2D SpatialDropout3D UnitNormalization
    RandomBrightness RandomContrast RandomFlip RandomRotation RandomTranslation
    RandomZoom
    Absolute Cast Clip Elu Exp Gelu HardSigmoid HardSilu LeakyRelu Log LogSoftmax
    Negative Reciprocal Relu Relu6 Rsqrt Selu Sigmoid Silu Softplus Softsign Sqrt
    Square StopGradient Tanh
    DecorrelatedBatchNormalization Dice LocalResponseNormalization
"""
MERGING = """
    Add Average Concatenate Divide Maximum Minimum Multiply Power Subtract TrueDivide
    Where
"""

#       class: (multiply-adds or None for 0, receptive field)
RULES = {
    **{name: (None, _same_place) for name in ELEMENTWISE.split()},
    **{name: (None, _merge) for name in MERGING.split()},
    **{f"Conv{d}": (_conv, _window) for d in DIMENSIONS},
    **{f"Conv{d}Transpose": (_transpose, _spread) for d in DIMENSIONS},
    **{f"DepthwiseConv{d}": (_depthwise, _window) for d in DIMENSIONS[:2]},
    **{f"SeparableConv{d}": (_separable, _window) for d in DIMENSIONS[:2]},
    **{
        f"{what}Pooling{d}": (None, rule)
        for what, rule in {
            "Average": _window,
            "Max": _window,
            "GlobalAverage": _everything,
            "GlobalMax": _everything,
            "AdaptiveAverage": _unknown,
            "AdaptiveMax": _unknown,
        }.items()
        for d in DIMENSIONS
    },
    **{f"UpSampling{d}": (None, _enlarge) for d in DIMENSIONS},
    **{f"ZeroPadding{d}": (None, _shift) for d in DIMENSIONS},
    **{f"Cropping{d}": (None, _shift) for d in DIMENSIONS},
    **{name: (None, _reduce) for name in ("Amax", "Max", "Mean", "Min", "Sum")},
    **{name: (None, _permute) for name in ("Permute", "Transpose")},
    **{name: (None, _reshape) for name in ("Reshape", "ExpandDims", "Squeeze")},
    "Dense": (_matrix, _dense),
    "Embedding": (None, _same_place),
    "Flatten": (None, _flatten),
    "GetItem": (None, _slice),
    "GroupedConv2D": (_conv, _window),
    "RepeatVector": (None, _unknown),
    "Resizing": (None, _unknown),
    "CenterCrop": (None, _unknown),
    "Split": (None, _split),
}
