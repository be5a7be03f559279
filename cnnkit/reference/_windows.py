"""Where windows lie: padding, positions, and the pixels that each point meets.

Shared by convolution and pooling.  Images are (batch, height, width, channels).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnkit import sizes

from . import _checks as checks


def layout(size, kernel_size, stride, padding, dilation):
    """Stride and dilation as pairs, ((top, bottom), (left, right)), output size."""
    stride = checks.pair(stride, "stride")
    dilation = checks.pair(dilation, "dilation")
    pads, output = [], []
    given = None if isinstance(padding, str) else pad_amounts(padding)
    for axis in range(2):
        place = kernel_size[axis], stride[axis]
        if given is not None:
            pads.append(given[axis])
        elif padding == "same":
            pads.append(tuple(sizes.same_padding(size[axis], *place, dilation[axis])))
        elif padding == "valid":
            pads.append((0, 0))
        else:
            raise ValueError(
                'expected padding "valid", "same", an integer, or ((top, bottom), '
                f"(left, right)); received {padding!r}"
            )
        output.append(sizes.output_size(size[axis], *place, pads[axis], dilation[axis]))
    return stride, dilation, tuple(pads), tuple(output)


def pad_amounts(padding):
    """((top, bottom), (left, right)) from an integer or that form."""
    try:
        amounts = np.asarray(padding)
        if amounts.dtype.kind not in "iu" or amounts.min() < 0:
            raise ValueError
        if amounts.shape not in ((), (2, 2)):
            raise ValueError
    except ValueError:
        raise ValueError(
            'expected padding "valid", "same", an integer >= 0, or ((top, bottom), '
            f"(left, right)); received {padding!r}"
        ) from None
    (top, bottom), (left, right) = np.broadcast_to(amounts, (2, 2)).tolist()
    return (top, bottom), (left, right)


def pad(x, pads, value=0):
    """The images with `value` around them."""
    if not np.any(pads):
        return x
    return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)


def crop(x, pads):
    """The images without their padding."""
    (top, bottom), (left, right) = pads
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def steps(point, positions, stride, dilation):
    """The pixels that kernel point `point` meets at all positions of one axis."""
    first = point * dilation
    return slice(first, first + (positions - 1) * stride + 1, stride)


def places(kernel_shape, positions, stride, dilation):
    """For each kernel point (a, b), the index of the pixels that it meets."""
    for a in range(kernel_shape[0]):
        for b in range(kernel_shape[1]):
            rows = steps(a, positions[0], stride[0], dilation[0])
            columns = steps(b, positions[1], stride[1], dilation[1])
            yield a, b, (slice(None), rows, columns)


def patches(x, kernel_shape, positions, stride, dilation):
    """A view (batch, rows, columns, kernel height, kernel width, channels) of `x`."""
    span = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_shape[:2], strict=True)]
    view = sliding_window_view(x, span, axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
    return view[:, : positions[0], : positions[1]].transpose(0, 1, 2, 4, 5, 3)
