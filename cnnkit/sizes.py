"""Shapes, counts and receptive fields of layers, in plain integers.

Lengths and positions are in pixels along one axis; heights and widths follow the same
rule separately.  "Weights" leave biases out, "parameters" include them, and one
multiply-add counts as one operation.  Every rule is the one Keras follows.
"""

import math
import operator
from collections.abc import Sequence
from typing import NamedTuple

BYTES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}

Padding = int | tuple[int, int] | str


class ReceptiveField(NamedTuple):
    """What one unit of a layer sees of the input, along one axis.

    size: pixels from the first to the last one seen.
    jump: pixels between the fields of neighbouring units.
    start: index of the first pixel seen by unit 0; negative if it lies in the padding.
    """

    size: int
    jump: int
    start: int


def _whole(name: str, value: int, least: int = 1) -> int:
    """The value as an int, if it is a whole number and not below `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"expected {name}: an integer >= {least}; received {value!r}")
    return number


def _pair(name: str, value: int | tuple[int, int], least: int = 1) -> tuple[int, int]:
    """(height, width) from one integer or a pair of them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 2:
            raise ValueError(f"expected {name}: an integer or a pair; received {value}")
        return _whole(name, value[0], least), _whole(name, value[1], least)
    return (_whole(name, value, least),) * 2


def effective_kernel_size(kernel: int, dilation: int = 1) -> int:
    """Pixels from the first to the last tap of a dilated kernel.

    Args:
        kernel: taps along the axis.
        dilation: distance between neighbouring taps in pixels; 1 is a dense kernel.

    Raises:
        ValueError: if a value is not an integer of at least 1.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, section 5.1.

    >>> effective_kernel_size(3, dilation=2)
    5
    """
    return (_whole("kernel", kernel) - 1) * _whole("dilation", dilation) + 1


def same_padding(
    n: int, kernel: int, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """Zeros that Keras adds before and after an axis for ``padding="same"``.

    Args:
        n: input length in pixels.
        kernel: taps along the axis.
        stride: pixels between neighbouring placements.
        dilation: distance between neighbouring taps in pixels.

    Returns:
        (before, after).  An odd zero goes after, so a stride of 2 on an even length
        pads the bottom and right only.

    Raises:
        ValueError: if a value is not an integer of at least 1.

    Source: TensorFlow, documentation of ``tf.nn``, "Notes on padding".

    >>> same_padding(7, kernel=3)
    (1, 1)
    >>> same_padding(32, kernel=3, stride=2)
    (0, 1)
    """
    n, stride = _whole("n", n), _whole("stride", stride)
    reach = effective_kernel_size(kernel, dilation)
    total = max((math.ceil(n / stride) - 1) * stride + reach - n, 0)
    return total // 2, total - total // 2


def output_size(
    n: int, kernel: int, stride: int = 1, padding: Padding = 0, dilation: int = 1
) -> int:
    """Number of placements of a kernel or pooling window along one axis.

    Args:
        n: input length in pixels.
        kernel: taps along the axis.
        stride: pixels between neighbouring placements.
        padding: zeros on *each* side in pixels, or (before, after), or "valid" (none),
            or "same" (Keras's rule, see `same_padding`).
        dilation: distance between neighbouring taps in pixels; 1 is a dense kernel.

    Raises:
        ValueError: if a value is not an integer in range, or if the kernel does not
            fit even once.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 15.

    >>> output_size(227, kernel=11, stride=4)
    55
    >>> output_size(7, kernel=3, stride=3), output_size(7, 3, 3, "same")
    (2, 3)
    """
    n, stride = _whole("n", n), _whole("stride", stride)
    reach = effective_kernel_size(kernel, dilation)
    if padding == "same":
        before, after = same_padding(n, kernel, stride, dilation)
    elif padding == "valid":
        before, after = 0, 0
    elif isinstance(padding, str):
        raise ValueError(
            'expected padding: an integer, (before, after), "valid" or "same"; '
            f"received {padding!r}"
        )
    else:
        before, after = _pair("padding", padding, least=0)
    padded = before + n + after
    if reach > padded:
        raise ValueError(
            f"expected a kernel that fits into {padded} pixels ({before} + {n} + "
            f"{after}); received one that reaches over {reach} (kernel {kernel}, "
            f"dilation {dilation}): pad more or use a smaller kernel"
        )
    return (padded - reach) // stride + 1


def conv_parameters(
    kernel_size: int | tuple[int, int],
    channels_in: int,
    filters: int,
    groups: int = 1,
    bias: bool = True,
) -> int:
    """Parameters of a two-dimensional convolution, whatever the image size.

    Args:
        kernel_size: side, or (height, width), in pixels.
        channels_in: depth of the input, which is the depth of a filter if groups is 1.
        filters: number of filters, which is the depth of the output.
        groups: parts into which the channels are split; each filter sees one part.
        bias: whether each filter has one; without, the result counts the weights.

    Raises:
        ValueError: if a value is not an integer of at least 1, or if groups does not
            divide channels_in and filters.

    Source: CS-878 W4; groups: Krizhevsky et al. 2012, section 3.5.

    >>> conv_parameters(5, channels_in=3, filters=10)
    760
    >>> conv_parameters(3, channels_in=4, filters=8, groups=2)
    152
    """
    height, width = _pair("kernel_size", kernel_size)
    channels_in = _whole("channels_in", channels_in)
    filters, groups = _whole("filters", filters), _whole("groups", groups)
    if channels_in % groups or filters % groups:
        raise ValueError(
            "expected groups that divide channels_in and filters; received "
            f"groups {groups}, channels_in {channels_in}, filters {filters}"
        )
    weights = height * width * (channels_in // groups) * filters
    return weights + (filters if bias else 0)


def dense_parameters(inputs: int, units: int, bias: bool = True) -> int:
    """Parameters of a fully connected layer.

    Args:
        inputs: numbers that each unit reads.
        units: outputs of the layer.
        bias: whether each unit has one; without, the result counts the weights.

    Raises:
        ValueError: if a value is not an integer of at least 1.

    Source: LeCun et al. 1998, section II.B (layers F6 and output).

    >>> dense_parameters(400, units=120)
    48120
    """
    inputs, units = _whole("inputs", inputs), _whole("units", units)
    return inputs * units + (units if bias else 0)


def conv_macs(
    output_shape_hw: int | tuple[int, int],
    kernel_size: int | tuple[int, int],
    channels_in: int,
    filters: int,
    groups: int = 1,
) -> int:
    """Multiply-adds of a two-dimensional convolution for one image.

    Each output value takes one multiply-add per weight of its filter; biases and taps
    that fall on padding are not told apart: padding counts, biases do not.

    Args:
        output_shape_hw: side, or (height, width), of the *output* map in pixels.
        kernel_size: side, or (height, width), in pixels.
        channels_in: depth of the input.
        filters: depth of the output.
        groups: parts into which the channels are split.

    Raises:
        ValueError: as `conv_parameters`.

    Source: He & Sun 2015, arXiv:1412.1710, equation 1.

    >>> conv_macs((28, 28), kernel_size=5, channels_in=1, filters=6)
    117600
    """
    height, width = _pair("output_shape_hw", output_shape_hw)
    weights = conv_parameters(kernel_size, channels_in, filters, groups, bias=False)
    return height * width * weights


def dense_macs(inputs: int, units: int) -> int:
    """Multiply-adds of a fully connected layer for one example: its weights.

    Args:
        inputs: numbers that each unit reads.
        units: outputs of the layer.

    Raises:
        ValueError: if a value is not an integer of at least 1.

    Source: each weight is used once; LeCun et al. 1998, section II.B.

    >>> dense_macs(400, units=120)
    48000
    """
    return dense_parameters(inputs, units, bias=False)


def receptive_field(layers: Sequence[tuple]) -> ReceptiveField:
    """What one unit at the end of a chain of layers sees of the input.

    Args:
        layers: from the input on, one tuple a layer along one axis: (kernel, stride),
            (kernel, stride, dilation) or (kernel, stride, dilation, padding), where
            padding is a number of pixels on each side or (before, after).  Pooling
            counts like a convolution.  For Keras's "same" pass `same_padding(...)`.

    Returns:
        ReceptiveField(size, jump, start).

    Raises:
        ValueError: if a layer is not such a tuple.

    Source: Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural
    Networks", Distill, equations 1 and 2.

    >>> receptive_field([(3, 1), (2, 2), (3, 1)])
    ReceptiveField(size=8, jump=2, start=0)
    >>> receptive_field([(3, 1, 1, 1)] * 3)
    ReceptiveField(size=7, jump=1, start=-3)
    """
    size, jump, start = 1, 1, 0
    for layer in layers:
        if not isinstance(layer, Sequence) or not 2 <= len(layer) <= 4:
            raise ValueError(
                "expected layers: tuples (kernel, stride[, dilation[, padding]]); "
                f"received {layer!r}"
            )
        kernel, stride, dilation, padding = (*layer, *(1, 0)[len(layer) - 2 :])
        before, _ = _pair("padding (same_padding gives it)", padding, least=0)
        size += (effective_kernel_size(kernel, dilation) - 1) * jump
        start -= before * jump
        jump *= _whole("stride", stride)
    return ReceptiveField(size, jump, start)


def memory_bytes(shape: Sequence[int], dtype: str = "float32") -> int:
    """Bytes that an array of this shape occupies.

    Args:
        shape: lengths of its axes, the batch included if it is meant.
        dtype: name of the number type, as Keras and NumPy write it.

    Raises:
        ValueError: if a length is not an integer of at least 1 or the type is unknown.

    Source: width of the types: IEEE 754 (floats); bfloat16: 16 bits.

    >>> memory_bytes((224, 224, 64)) / 2**20
    12.25
    """
    if dtype not in BYTES:
        raise ValueError(f"expected dtype: one of {sorted(BYTES)}; received {dtype!r}")
    return math.prod(_whole("shape entries", side) for side in shape) * BYTES[dtype]
