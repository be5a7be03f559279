"""Pooling: one number for each window, each channel on its own.

Arrays are (batch, height, width, channels).  `size` and `stride` are an integer or a
pair (height, width); without `stride`, windows lie side by side.  `padding` is as in
`cnnkit.reference.conv`.  Padding widens the image so that windows may reach over its
edge; it is never part of a maximum or a mean.
"""

import numpy as np

from . import _checks as checks
from . import _windows as windows
from .conv import Padding, Pair


def max_pool2d(
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """The largest value of each window.

        y[n, i, j, c] = max over a, b of  x[n, i*stride + a, j*stride + b, c]

    Args:
        x: (batch, height, width, channels), integers or floats.
        size: pixels of a window along height and width.
        stride: pixels from one window to the next; the size if None.
        padding: "valid", "same", an integer, or ((top, bottom), (left, right)).

    Returns:
        (batch, output height, output width, channels), in the dtype of x.

    Raises:
        ValueError: if x has not four axes, the window does not fit even once, or
            padding reaches the window's size, so that a window could hold no pixel.

    Source: IS 6733 (pooling); CS-878 W4.

    >>> x = np.array([[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]])
    >>> max_pool2d(x[None, :, :, None])[0, :, :, 0]
    array([[ 4,  8],
           [10,  4]])
    """
    x = checks.array(x, "batch, height, width, channels", "x")
    size, stride, pads, positions = _layout(x.shape, size, stride, padding)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = windows.pad(x, pads, lowest)
    y = np.full((len(x), *positions, x.shape[3]), lowest, x.dtype)
    for _, _, place in windows.places(size, positions, stride, (1, 1)):
        y = np.maximum(y, padded[place])
    return y


def max_pool2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """Gradient of `max_pool2d` by its input: all of it goes to the winning pixel.

    Where several pixels of a window share the maximum there is no derivative; the
    first of them, in reading order, gets everything.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, size, stride, padding: as given to `max_pool2d`.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `max_pool2d`, and if `upstream` has not the output's shape.

    Source: IS 6733 (backpropagation through modules).

    >>> x = np.array([[1.0, 5], [3, 2]])[None, :, :, None]
    >>> max_pool2d_backward(np.full((1, 1, 1, 1), 7.0), x)[0, :, :, 0]
    array([[0., 7.],
           [0., 0.]])
    """
    x = checks.array(x, "batch, height, width, channels", "x")
    size, stride, pads, positions = _layout(x.shape, size, stride, padding)
    y = max_pool2d(x, size, stride, padding)
    upstream = checks.same_shape(upstream, y.shape)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = windows.pad(x, pads, lowest)
    dpadded = np.zeros(padded.shape, upstream.dtype)
    waiting = np.ones(y.shape, bool)  # windows whose winner is not yet met
    for _, _, place in windows.places(size, positions, stride, (1, 1)):
        wins = waiting & (padded[place] == y)
        dpadded[place] += wins * upstream
        waiting &= ~wins
    return windows.crop(dpadded, pads)


def avg_pool2d(
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """The mean of each window.

        y[n, i, j, c] = mean over a, b of  x[n, i*stride + a, j*stride + b, c]

    A window that reaches over the edge averages the pixels that exist.

    Args:
        x: (batch, height, width, channels).
        size: pixels of a window along height and width.
        stride: pixels from one window to the next; the size if None.
        padding: as in `max_pool2d`.

    Returns:
        (batch, output height, output width, channels); integers become float64.

    Raises:
        ValueError: as `max_pool2d`.

    Source: IS 6733 (pooling); CS7015 L11 §11.3.

    >>> x = np.array([[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]])
    >>> avg_pool2d(x[None, :, :, None])[0, :, :, 0]
    array([[2.5, 5. ],
           [6. , 3. ]])
    """
    x = checks.floating(checks.array(x, "batch, height, width, channels", "x"), "x")
    size, stride, pads, positions = _layout(x.shape, size, stride, padding)
    padded = windows.pad(x.astype(checks.working(x.dtype), copy=False), pads)
    y = np.zeros((len(x), *positions, x.shape[3]), padded.dtype)
    for _, _, place in windows.places(size, positions, stride, (1, 1)):
        y += padded[place]
    y /= _pixels(x.shape, size, stride, pads, positions)
    return y.astype(x.dtype, copy=False)


def avg_pool2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """Gradient of `avg_pool2d` by its input: every pixel of a window gets its share.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, size, stride, padding: as given to `avg_pool2d`; of x only the shape counts.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `avg_pool2d`, and if `upstream` has not the output's shape.

    Source: IS 6733 (backpropagation through modules).

    >>> upstream = np.full((1, 1, 1, 1), 8.0)
    >>> avg_pool2d_backward(upstream, np.zeros((1, 2, 2, 1)))[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    x = checks.array(x, "batch, height, width, channels", "x")
    size, stride, pads, positions = _layout(x.shape, size, stride, padding)
    upstream = checks.same_shape(upstream, (len(x), *positions, x.shape[3]))
    share = upstream / _pixels(x.shape, size, stride, pads, positions)
    dpadded = _spread(share, x.shape, size, stride, pads)
    return windows.crop(dpadded, pads).astype(upstream.dtype, copy=False)


def l2_pool2d(
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """The root of the mean of squares of each window.

        y[n, i, j, c] = sqrt(mean over a, b of  x[n, i*stride + a, j*stride + b, c]^2)

    Args:
        x: (batch, height, width, channels).
        size: pixels of a window along height and width.
        stride: pixels from one window to the next; the size if None.
        padding: as in `max_pool2d`.

    Returns:
        (batch, output height, output width, channels); integers become float64.

    Raises:
        ValueError: as `max_pool2d`.

    Source: IS 6733 (pooling).

    >>> l2_pool2d(np.array([[1, 7], [5, 5]])[None, :, :, None])
    array([[[[5.]]]])
    """
    x = checks.floating(checks.array(x, "batch, height, width, channels", "x"), "x")
    wide = x.astype(checks.working(x.dtype), copy=False)
    y = np.sqrt(avg_pool2d(wide * wide, size, stride, padding))
    return y.astype(x.dtype, copy=False)


def l2_pool2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = "valid",
) -> np.ndarray:
    """Gradient of `l2_pool2d` by its input: shares in proportion to the values.

        dx = x / (pixels of the window * y) * upstream, summed over the windows of x

    A window of zeros has no derivative; its pixels get 0.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, size, stride, padding: as given to `l2_pool2d`.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `l2_pool2d`, and if `upstream` has not the output's shape.

    Source: the chain rule on `l2_pool2d`.

    >>> x = np.array([[1.0, 7], [5, 5]])[None, :, :, None]
    >>> l2_pool2d_backward(np.full((1, 1, 1, 1), 20.0), x)[0, :, :, 0]
    array([[1., 7.],
           [5., 5.]])
    """
    x = checks.floating(checks.array(x, "batch, height, width, channels", "x"), "x")
    y = l2_pool2d(x, size, stride, padding)
    upstream = checks.same_shape(upstream, y.shape)
    share = np.divide(upstream, y, out=np.zeros_like(upstream), where=y > 0)
    return x * avg_pool2d_backward(share, x, size, stride, padding)


def global_avg_pool2d(x: np.ndarray) -> np.ndarray:
    """The mean of each map: one number for a channel, whatever the map's size.

        y[n, c] = mean over i, j of  x[n, i, j, c]

    Args:
        x: (batch, height, width, channels).

    Returns:
        (batch, channels); integers become float64.

    Raises:
        ValueError: if x has not four axes, or no pixels.

    Source: CS7015 L11 §11.5; Lin, Chen & Yan 2013, arXiv:1312.4400, section 3.2.

    >>> global_avg_pool2d(np.arange(8).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    """
    x = checks.floating(checks.array(x, "batch, height, width, channels", "x"), "x")
    if not x.shape[1] * x.shape[2]:
        raise ValueError(f"expected maps with at least one pixel; received {x.shape}")
    return x.mean(axis=(1, 2))


def global_avg_pool2d_backward(upstream: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Gradient of `global_avg_pool2d` by its input: equal shares for all pixels.

    Args:
        upstream: (batch, channels).
        x: as given to `global_avg_pool2d`; only its shape counts.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `global_avg_pool2d`, and if `upstream` has not its output's
            shape.

    Source: the chain rule on `global_avg_pool2d`.

    >>> global_avg_pool2d_backward(np.array([[6.0]]), np.zeros((1, 1, 3, 1)))
    array([[[[2.],
             [2.],
             [2.]]]])
    """
    x = checks.array(x, "batch, height, width, channels", "x")
    upstream = checks.same_shape(upstream, (len(x), x.shape[3]))
    share = upstream / (x.shape[1] * x.shape[2])
    return np.broadcast_to(share[:, None, None], x.shape).astype(upstream.dtype)


def _layout(shape, size, stride, padding):
    size = checks.pair(size, "size")
    stride, _, pads, positions = windows.layout(
        shape[1:3], size, size if stride is None else stride, padding, (1, 1)
    )
    for window, amounts in zip(size, pads, strict=True):
        if max(amounts) >= window:
            raise ValueError(
                f"expected padding smaller than the window {size}; received {padding!r}"
            )
    return size, stride, pads, positions


def _pixels(shape, size, stride, pads, positions):
    """How many real pixels each window holds: (1, output height, output width, 1)."""
    real = windows.pad(np.ones((1, *shape[1:3], 1)), pads)
    count = np.zeros((1, *positions, 1), np.float32)
    for _, _, place in windows.places(size, positions, stride, (1, 1)):
        count += real[place]
    return count


def _spread(share, shape, size, stride, pads):
    """Adds each window's share to all of its pixels, padding included."""
    (top, bottom), (left, right) = pads
    batch, height, width, channels = shape
    dpadded = np.zeros(
        (batch, height + top + bottom, width + left + right, channels), share.dtype
    )
    for _, _, place in windows.places(size, share.shape[1:3], stride, (1, 1)):
        dpadded[place] += share
    return dpadded
