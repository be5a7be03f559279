"""Convolution as layers compute it, written to be read: NumPy, forward and backward.

Arrays are channels last, as in Keras: images (batch, height, width, channels), kernels
(height, width, channels in, filters).  What libraries and this module call convolution
is cross-correlation: the kernel is not flipped.  `convolve2d` is the flipped one.

Throughout, `stride` and `dilation` are an integer or a pair (height, width), and
`padding` is one of

- "valid": none, the kernel stays inside the image;
- "same": zeros such that there are ceil(n / stride) outputs, by Keras's rule, which
  puts the odd zero at the bottom and right;
- an integer: that many zeros on every side;
- ((top, bottom), (left, right)).

Functions named `*_backward` take the upstream gradient, that of the loss by the
output, and return the gradients by the inputs and the weights.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import _checks as checks
from . import _windows as windows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Padding = str | int | tuple[tuple[int, int], tuple[int, int]]
Pair = int | tuple[int, int]

_STRIP = 6  # kernel columns that conv2d unrolls at a time: bounds its memory


def conv2d_loops(
    image: np.ndarray,
    kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> np.ndarray:
    """Cross-correlation of one image with one kernel, as four plain loops.

    At each position the kernel is laid over the image, products are formed where they
    lie on each other, and their sum is one output:

        y[i, j] = sum over a, b of  image[i*stride + a*dilation, j*stride + b*dilation]
                                    * kernel[a, b]

    Args:
        image: (height, width).
        kernel: (kernel height, kernel width).
        stride: pixels from one position to the next.
        padding: zeros around the image, see `cnnkit.reference.conv`.
        dilation: pixels from one kernel point to the next; 1 is a dense kernel.

    Returns:
        (output height, output width).

    Raises:
        ValueError: if an array has not two axes, the kernel does not fit even once,
            or integer sums could leave the range of their dtype.

    Source: CS7015 L11 §11.1; Dumoulin & Visin 2016, arXiv:1603.07285, chapter 2.

    >>> image = np.arange(1, 13).reshape(3, 4)
    >>> conv2d_loops(image, np.array([[1, 2], [3, 4]]))
    array([[ 44,  54,  64],
           [ 84,  94, 104]])
    """
    image = checks.array(image, "height, width", "image")
    kernel = checks.array(kernel, "height, width", "kernel")
    dtype = _sum_dtype(image, kernel[:, :, None, None])
    stride, dilation, pads, (rows, columns) = windows.layout(
        image.shape, kernel.shape, stride, padding, dilation
    )
    image = np.pad(image, pads)

    output = np.zeros((rows, columns), dtype)
    for i in range(rows):
        for j in range(columns):
            for a in range(kernel.shape[0]):
                for b in range(kernel.shape[1]):
                    pixel = image[
                        i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1]
                    ]
                    output[i, j] += pixel * kernel[a, b]
    return output


def convolve2d(
    image: np.ndarray,
    kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> np.ndarray:
    """True convolution of one image with one kernel: the kernel is turned by 180°.

        y[i, j] = sum over a, b of  image[i - a, j - b] * kernel[a, b]

    The sum looks back from the bottom right pixel of each position, so a single bright
    pixel is replaced by the kernel itself; `conv2d` leaves the turned kernel there.
    Padding by kernel size - 1 gives the "full" convolution of two signals.

    Args:
        image: (height, width).
        kernel: (kernel height, kernel width).
        stride, padding, dilation: as in `conv2d`.

    Returns:
        (output height, output width).

    Raises:
        ValueError: as `conv2d`.

    Source: CS-878 W4 (two-dimensional convolution of signals); CS7015 L11 §11.1.

    >>> pixel = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    >>> convolve2d(pixel, np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]), padding=1)
    array([[1, 2, 3],
           [4, 5, 6],
           [7, 8, 9]])
    """
    image = checks.array(image, "height, width", "image")
    kernel = checks.array(kernel, "height, width", "kernel")
    turned = kernel[::-1, ::-1]
    image, turned = image[None, :, :, None], turned[:, :, None, None]
    y = conv2d(image, turned, None, stride, padding, dilation)
    return y[0, :, :, 0]


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> np.ndarray:
    """A convolution layer: every filter slides over every image of the batch.

    Each filter reaches through all channels, and gives one number at each position:

        y[n, i, j, f] = bias[f] + sum over a, b, c of
            x[n, i*stride + a*dilation, j*stride + b*dilation, c] * kernel[a, b, c, f]

    With `groups` = g the channels and the filters are cut into g parts of equal size;
    the filters of a part see only the channels of that part.

    How it is computed: for fixed kernel row a, laying the kernel's columns side by side
    turns the sum over b and c into one matrix product ("im2col" along the width); the
    products of the kernel's rows are then added up.  At most six columns are laid
    out at a time, so the extra memory stays below eight times the padded input.

    Args:
        x: (batch, height, width, channels).
        kernel: (kernel height, kernel width, channels / groups, filters).
        bias: (filters,), or None.
        stride: pixels from one position to the next.
        padding: "valid", "same", an integer, or ((top, bottom), (left, right)).
        dilation: pixels from one kernel point to the next; 1 is a dense kernel.
        groups: number of parts; it divides the channels and the filters.

    Returns:
        (batch, output height, output width, filters), in the dtype of the arguments.
        An image axis of n pixels with p zeros in all gives
        floor((n + p - dilation * (k - 1) - 1) / stride) + 1 outputs.

    Raises:
        ValueError: if an array has the wrong rank, the channels do not match, the
            groups do not divide, stride or dilation is below one, the kernel is larger
            than the padded image, or integer sums could leave their dtype's range.

    Source: CS-878 W4; Dumoulin & Visin 2016, arXiv:1603.07285, chapter 2;
        groups: Krizhevsky et al. 2012, section 3.2.

    One grey image, one kernel; axes of length one are added with `None`:

    >>> image = np.arange(1, 13).reshape(3, 4)
    >>> kernel = np.array([[1, 2], [3, 4]])
    >>> conv2d(image[None, :, :, None], kernel[:, :, None, None])[0, :, :, 0]
    array([[ 44,  54,  64],
           [ 84,  94, 104]])

    A batch of two colour images and six filters of 5x5:

    >>> conv2d(np.ones((2, 32, 32, 3)), np.ones((5, 5, 3, 6)), bias=np.zeros(6)).shape
    (2, 28, 28, 6)
    >>> conv2d(np.ones((2, 32, 32, 3)), np.ones((5, 5, 3, 6)), stride=2,
    ...        padding="same").shape
    (2, 16, 16, 6)
    """
    x, kernel, bias, groups = _operands(x, kernel, bias, groups)
    dtype = _sum_dtype(x, kernel, bias)
    stride, dilation, pads, (rows, columns) = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    work = dtype if dtype.kind in "iu" else checks.working(dtype)
    x = windows.pad(x.astype(work, copy=False), pads)
    kernel = kernel.astype(work, copy=False)

    y = np.zeros((len(x), rows, columns, kernel.shape[3]), work)
    for channels, filters in _groups(x.shape[3], kernel.shape[3], groups):
        _add_correlation(
            y[..., filters], x[..., channels], kernel[..., filters], stride, dilation
        )
    if bias is not None:
        y += bias
    return y.astype(dtype, copy=False)


def _add_correlation(y, x, kernel, stride, dilation):
    """Adds to `y` the valid cross-correlation of the padded `x` with `kernel`."""
    for b in range(0, kernel.shape[1], _STRIP):
        strip = kernel[:, b : b + _STRIP]  # (kernel height, up to 6, channels, filters)
        _add_strip(y, x[:, :, b * dilation[1] :], strip, stride, dilation)


def _add_strip(y, x, strip, stride, dilation):
    batch, rows, columns, filters = y.shape
    depth = strip.shape[1] * strip.shape[2]
    span = dilation[1] * (strip.shape[1] - 1) + 1
    view = sliding_window_view(x, span, axis=2)  # the span comes last
    view = view[:, :, :: stride[1], :, :: dilation[1]][:, :, :columns]
    unrolled = np.ascontiguousarray(view.swapaxes(3, 4))
    unrolled = unrolled.reshape(batch, x.shape[1], columns, depth)
    products = np.empty((batch, rows * columns, filters), y.dtype)
    for a in range(len(strip)):
        lines = unrolled[:, windows.steps(a, rows, stride[0], dilation[0])]
        lines = lines.reshape(batch, rows * columns, depth)
        np.matmul(lines, strip[a].reshape(depth, filters), out=products)
        y += products.reshape(y.shape)


def conv2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `conv2d` by its input, its kernel and its bias.

    Kernel point (a, b) meets at every position the pixel that lies (a, b) further.  So
    the kernel's gradient is the cross-correlation of the input with the upstream
    gradient, and the input's gradient spreads each upstream value back over the pixels
    that it came from: a full convolution with the kernel.

        dkernel[a, b, c, f] = sum over n, i, j of  x[n, i + a, j + b, c] * g[n, i, j, f]
        dx[n, i + a, j + b, c]   collects   g[n, i, j, f] * kernel[a, b, c, f]
        dbias[f]            = sum over n, i, j of  g[n, i, j, f]

    Args:
        upstream: g, the loss's gradient by the output, of the output's shape.
        x, kernel, stride, padding, dilation, groups: as given to `conv2d`.

    Returns:
        (dx, dkernel, dbias), of the shapes of x, the kernel and the bias.

    Raises:
        ValueError: as `conv2d`, and if `upstream` has not the output's shape.

    Source: CS7015 L11 §11.3; IS 6733 (backpropagation through a convolution layer).

    >>> x = np.arange(1.0, 10).reshape(1, 3, 3, 1)
    >>> kernel = np.array([[1.0, 0], [-1, 2]])[:, :, None, None]
    >>> upstream = np.array([[1.0, 2], [0, -1]])[None, :, :, None]
    >>> dx, dkernel, dbias = conv2d_backward(upstream, x, kernel)
    >>> dkernel[:, :, 0, 0]
    array([[0., 2.],
           [6., 8.]])
    >>> dx[0, :, :, 0]
    array([[ 1.,  2.,  0.],
           [-1., -1.,  4.],
           [ 0.,  1., -2.]])
    """
    x, kernel, _, groups = _operands(x, kernel, None, groups)
    stride, dilation, pads, positions = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    filters = kernel.shape[3]
    upstream = checks.same_shape(upstream, (len(x), *positions, filters))
    dtype, (x, kernel, upstream) = _floats(x, kernel, upstream)

    padded = windows.pad(x, pads)
    dkernel = np.zeros_like(kernel)
    for channels, part in _groups(x.shape[3], filters, groups):
        g = upstream[..., part].reshape(-1, filters // groups)
        for a, b, place in windows.places(kernel.shape, positions, stride, dilation):
            pixels = padded[place][..., channels].reshape(-1, kernel.shape[2])
            dkernel[a, b, :, part] = pixels.T @ g
    dx = _input_gradient(upstream, kernel, x.shape, stride, pads, dilation, groups)
    dbias = upstream.sum(axis=(0, 1, 2))
    return tuple(d.astype(dtype, copy=False) for d in (dx, dkernel, dbias))


def _input_gradient(upstream, kernel, shape, stride, pads, dilation, groups):
    """Spreads `upstream` back over an input of `shape`: the adjoint of conv2d."""
    (top, bottom), (left, right) = pads
    batch, height, width, channels = shape
    dx = np.zeros(
        (batch, height + top + bottom, width + left + right, channels), upstream.dtype
    )
    for part, filters in _groups(channels, kernel.shape[3], groups):
        g = upstream[..., filters]
        for a, b, place in windows.places(kernel.shape, g.shape[1:3], stride, dilation):
            dx[place][..., part] += g @ kernel[a, b, :, filters].T
    return windows.crop(dx, pads)


def conv2d_im2col(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> np.ndarray:
    """`conv2d` as one matrix product: each position's patch becomes a row of a matrix.

        patches (batch * positions, kernel height * width * channels)
        @ kernel (kernel height * width * channels, filters)

    This is how libraries reach the speed of matrix multiplication.  The price is
    memory: every pixel is copied once for each kernel point that meets it, for a kernel
    of 5x5 at stride 1 up to 25 times the input.

    Args:
        x: (batch, height, width, channels).
        kernel: (kernel height, kernel width, channels / groups, filters).
        bias: (filters,), or None.
        stride, padding, dilation, groups: as in `conv2d`.

    Returns:
        (batch, output height, output width, filters), as `conv2d`.

    Raises:
        ValueError: as `conv2d`.

    Source: Chellapilla, Puri & Simard 2006, "High performance convolutional neural
        networks for document processing", section 3.1.

    >>> x, kernel = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))
    >>> conv2d_im2col(x, kernel)[0, :, :, 0]
    array([[45., 54.],
           [81., 90.]])
    """
    x, kernel, bias, groups = _operands(x, kernel, bias, groups)
    dtype = _sum_dtype(x, kernel, bias)
    stride, dilation, pads, (rows, columns) = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    x = windows.pad(x, pads)
    patches = windows.patches(x, kernel.shape, (rows, columns), stride, dilation)
    parts = []
    for channels, filters in _groups(x.shape[3], kernel.shape[3], groups):
        weights = kernel[..., filters].reshape(-1, kernel.shape[3] // groups)
        matrix = patches[..., channels].reshape(-1, len(weights))
        parts.append(matrix @ weights)
    y = np.concatenate(parts, axis=1).reshape(len(x), rows, columns, kernel.shape[3])
    y = y if bias is None else y + bias
    return y.astype(dtype, copy=False)


def conv2d_fft(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> np.ndarray:
    """`conv2d` by way of the Fourier transform, where sliding becomes multiplying.

        y = inverse transform of  (transform of x) * conjugate of (transform of kernel)

    The conjugate turns convolution into cross-correlation.  The transform treats the
    image as a ring: positions at which the kernel would reach over the edge mix both
    ends, and exactly these are cut off.  The cost does not depend on the kernel's
    size, which pays for large kernels only; strides are computed and thrown away.

    Args:
        x: (batch, height, width, channels).
        kernel: (kernel height, kernel width, channels / groups, filters).
        bias: (filters,), or None.
        stride, padding, dilation, groups: as in `conv2d`.

    Returns:
        (batch, output height, output width, filters) floats: those of
        `conv2d` up to rounding.

    Raises:
        ValueError: as `conv2d`.

    Source: IS 6733; Mathieu, Henaff & LeCun 2013, arXiv:1312.5851, section 2.

    >>> x, kernel = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))
    >>> conv2d_fft(x, kernel)[0, :, :, 0].round(9)
    array([[45., 54.],
           [81., 90.]])
    """
    from scipy import fft  # in place, where numpy.fft takes seven times its input

    x, kernel, bias, groups = _operands(x, kernel, bias, groups)
    stride, dilation, pads, (rows, columns) = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    dtype, (x, kernel) = _floats(x, kernel)
    x = windows.pad(x, pads)
    size = x.shape[1:3]
    span = [d * (k - 1) + 1 for d, k in zip(dilation, kernel.shape, strict=False)]
    spread = np.zeros((*span, *kernel.shape[2:]), kernel.dtype)
    spread[:: dilation[0], :: dilation[1]] = kernel  # zeros between the kernel's points

    image_waves = fft.rfft2(x, axes=(1, 2))
    y = np.zeros((len(x), rows, columns, kernel.shape[3]), x.dtype)
    for channels, filters in _groups(x.shape[3], kernel.shape[3], groups):
        for f in range(filters.start, filters.stop):  # one at a time saves memory
            waves = fft.rfft2(spread[..., f], size, axes=(0, 1)).conj()
            mixed = np.einsum("nijc,ijc->nij", image_waves[..., channels], waves)
            ring = fft.irfft2(mixed, size, axes=(1, 2))
            y[..., f] = ring[:, :: stride[0], :: stride[1]][:, :rows, :columns]
    y = y if bias is None else y + bias
    return y.astype(dtype, copy=False)


def conv1d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    groups: int = 1,
) -> np.ndarray:
    """A convolution layer over sequences: `conv2d` on images of height one.

        y[n, i, f] = bias[f] + sum over a, c of
            x[n, i*stride + a*dilation, c] * kernel[a, c, f]

    Args:
        x: (batch, steps, channels).
        kernel: (kernel size, channels / groups, filters).
        bias: (filters,), or None.
        stride, dilation: as in `conv2d`, one integer.
        padding: "valid", "same", an integer for both ends, or (before, after);
            (kernel size - 1, 0) lets each output look at the past only.
        groups: as in `conv2d`.

    Returns:
        (batch, output steps, filters).

    Raises:
        ValueError: as `conv2d`.

    Source: CS7015 L11 §11.1.

    Seven readings, the newest of three weighted most:

    >>> readings = np.array([0, 0, 0, 1, 0, 2, 2])
    >>> oldest_first = np.array([1, 2, 3])
    >>> conv1d(readings[None, :, None], oldest_first[:, None, None])[0, :, 0]
    array([ 0,  3,  2,  7, 10])
    """
    x, kernel, padding = _as_image_row(x, kernel, padding)
    y = conv2d(x, kernel, bias, (1, stride), padding, (1, dilation), groups)
    return y[:, 0]


def conv1d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    stride: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `conv1d` by its input, its kernel and its bias.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, kernel, stride, padding, dilation, groups: as given to `conv1d`.

    Returns:
        (dx, dkernel, dbias), of the shapes of x, the kernel and the bias.

    Raises:
        ValueError: as `conv1d`, and if `upstream` has not the output's shape.

    Source: as `conv2d_backward`.

    >>> x, kernel = np.array([[[1.0], [2], [4]]]), np.array([[[3.0]], [[5.0]]])
    >>> dx, dkernel, dbias = conv1d_backward(np.ones((1, 2, 1)), x, kernel)
    >>> dx[0, :, 0], dkernel[:, 0, 0], dbias
    (array([3., 8., 5.]), array([3., 6.]), array([2.]))
    """
    upstream = checks.array(upstream, "batch, steps, filters", "upstream")
    x, kernel, padding = _as_image_row(x, kernel, padding)
    dx, dkernel, dbias = conv2d_backward(
        upstream[:, None], x, kernel, (1, stride), padding, (1, dilation), groups
    )
    return dx[:, 0], dkernel[0], dbias


def _as_image_row(x, kernel, padding):
    x = checks.array(x, "batch, steps, channels", "x")
    kernel = checks.array(kernel, "size, channels, filters", "kernel")
    if not isinstance(padding, str):
        both = padding if np.ndim(padding) else (padding, padding)
        padding = ((0, 0), tuple(both))
    return x[:, None], kernel[None], padding


def depthwise_conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> np.ndarray:
    """Each channel is filtered on its own: as many groups as channels.

        y[n, i, j, c*M + m] = bias[c*M + m] + sum over a, b of
            x[n, i*stride + a*dilation, j*stride + b*dilation, c] * kernel[a, b, c, m]

    Args:
        x: (batch, height, width, channels).
        kernel: (kernel height, kernel width, channels, M), M filters for a channel.
        bias: (channels * M,), or None.
        stride, padding, dilation: as in `conv2d`.

    Returns:
        (batch, output height, output width, channels * M).

    Raises:
        ValueError: as `conv2d`.

    Source: CS-878 W4 (groups); Chollet 2017, arXiv:1610.02357, section 2.

    >>> x = np.stack([np.ones((3, 3)), np.full((3, 3), 10)], axis=2)[None]
    >>> depthwise_conv2d(x, np.ones((2, 2, 2, 1)))[0, 0, 0]
    array([ 4., 40.])
    """
    x, kernel, bias = _depthwise_operands(x, kernel, bias)
    dtype = _sum_dtype(x, kernel.reshape(*kernel.shape[:2], 1, -1), bias)
    stride, dilation, pads, positions = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    work = dtype if dtype.kind in "iu" else checks.working(dtype)
    x = windows.pad(x.astype(work, copy=False), pads)
    kernel = kernel.astype(work, copy=False)

    y = np.zeros((len(x), *positions, *kernel.shape[2:]), work)
    for a, b, place in windows.places(kernel.shape, positions, stride, dilation):
        y += x[place][..., None] * kernel[a, b]
    y = y.reshape(len(x), *positions, kernel.shape[2] * kernel.shape[3])
    if bias is not None:
        y += bias
    return y.astype(dtype, copy=False)


def depthwise_conv2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `depthwise_conv2d` by its input, its kernel and its bias.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, kernel, stride, padding, dilation: as given to `depthwise_conv2d`.

    Returns:
        (dx, dkernel, dbias), of the shapes of x, the kernel and the bias.

    Raises:
        ValueError: as `conv2d_backward`.

    Source: as `conv2d_backward`, one channel at a time.

    >>> x, kernel = np.full((1, 2, 2, 1), 3.0), np.full((1, 1, 1, 2), 5.0)
    >>> dx, dkernel, dbias = depthwise_conv2d_backward(np.ones((1, 2, 2, 2)), x, kernel)
    >>> dx[0, 0, 0], dkernel[0, 0], dbias
    (array([10.]), array([[12., 12.]]), array([4., 4.]))
    """
    x, kernel, _ = _depthwise_operands(x, kernel, None)
    stride, dilation, pads, positions = windows.layout(
        x.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    channels, multiplier = kernel.shape[2:]
    upstream = checks.same_shape(upstream, (len(x), *positions, channels * multiplier))
    dtype, (x, kernel, upstream) = _floats(x, kernel, upstream)
    x = windows.pad(x, pads)
    dx, dkernel = np.zeros_like(x), np.zeros_like(kernel)
    g = upstream.reshape(len(x), *positions, channels, multiplier)
    for a, b, place in windows.places(kernel.shape, positions, stride, dilation):
        dkernel[a, b] = (x[place][..., None] * g).sum(axis=(0, 1, 2))
        dx[place] += (g * kernel[a, b]).sum(axis=4)
    dx = windows.crop(dx, pads)
    dbias = upstream.sum(axis=(0, 1, 2))
    return tuple(d.astype(dtype, copy=False) for d in (dx, dkernel, dbias))


def separable_conv2d(
    x: np.ndarray,
    depthwise_kernel: np.ndarray,
    pointwise_kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> np.ndarray:
    """Space first, channels second: a depthwise and then a 1x1 convolution.

    Args:
        x: (batch, height, width, channels).
        depthwise_kernel: (kernel height, kernel width, channels, M).
        pointwise_kernel: (1, 1, channels * M, filters).
        bias: (filters,), or None.
        stride, padding, dilation: of the depthwise part, as in `conv2d`.

    Returns:
        (batch, output height, output width, filters).

    Raises:
        ValueError: as `conv2d`.

    Source: Chollet 2017, arXiv:1610.02357, section 2; Keras's `SeparableConv2D`.

    >>> depthwise, pointwise = np.ones((3, 3, 4, 1)), np.ones((1, 1, 4, 8))
    >>> separable_conv2d(np.ones((1, 6, 6, 4)), depthwise, pointwise)[0, 0, 0, 0]
    np.float64(36.0)
    """
    pointwise_kernel = _pointwise(pointwise_kernel)
    filtered = depthwise_conv2d(x, depthwise_kernel, None, stride, padding, dilation)
    return conv2d(filtered, pointwise_kernel, bias)


def separable_conv2d_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    depthwise_kernel: np.ndarray,
    pointwise_kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `separable_conv2d` by its input, both kernels and its bias.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, depthwise_kernel, pointwise_kernel, stride, padding, dilation: as given to
            `separable_conv2d`.

    Returns:
        (dx, d depthwise kernel, d pointwise kernel, dbias).

    Raises:
        ValueError: as `conv2d_backward`.

    Source: the chain rule on `separable_conv2d`.

    >>> gradients = separable_conv2d_backward(
    ...     np.ones((1, 4, 4, 8)), np.ones((1, 6, 6, 4)), np.ones((3, 3, 4, 1)),
    ...     np.ones((1, 1, 4, 8)))
    >>> [gradient.shape for gradient in gradients]
    [(1, 6, 6, 4), (3, 3, 4, 1), (1, 1, 4, 8), (8,)]
    """
    pointwise_kernel = _pointwise(pointwise_kernel)
    filtered = depthwise_conv2d(x, depthwise_kernel, None, stride, padding, dilation)
    dfiltered, dpointwise, dbias = conv2d_backward(upstream, filtered, pointwise_kernel)
    dx, ddepthwise, _ = depthwise_conv2d_backward(
        dfiltered, x, depthwise_kernel, stride, padding, dilation
    )
    return dx, ddepthwise, dpointwise, dbias


def _pointwise(kernel):
    kernel = checks.array(kernel, "1, 1, channels, filters", "pointwise_kernel")
    if kernel.shape[:2] != (1, 1):
        raise ValueError(
            f"expected a pointwise_kernel of 1x1; received shape {kernel.shape}"
        )
    return kernel


def conv2d_transpose(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> np.ndarray:
    """Transposed convolution: every input value stamps its kernel into a larger map.

        y[n, i*stride + a*dilation, j*stride + b*dilation, f]  collects
            x[n, i, j, c] * kernel[a, b, f, c]

    It is the input gradient of the `conv2d` that leads from the larger map to the
    smaller one, the product with the transposed `conv_matrix`; it does not undo it.

    Args:
        x: (batch, height, width, channels).
        kernel: (kernel height, kernel width, filters / groups, channels): filters
            before channels, as the convolution that it transposes has them.
        bias: (filters,), or None.
        stride, padding, dilation, groups: those of the transposed convolution; padding
            cuts the map's border instead of widening it.

    Returns:
        (batch, output height, output width, filters); on an axis of n values the
        output has n * stride for "same", n * stride + max(k - stride, 0) for "valid",
        as in Keras, and (n - 1) * stride + k - before - after for numbers, where k is
        the kernel's size with dilation.

    Raises:
        ValueError: as `conv2d`, and if padding cuts everything away.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4.

    >>> x = np.array([[1.0, 2], [3, 4]])[None, :, :, None]
    >>> conv2d_transpose(x, np.ones((2, 2, 1, 1)), stride=2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [3., 3., 4., 4.],
           [3., 3., 4., 4.]])
    >>> conv2d_transpose(x, np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[ 1.,  3.,  2.],
           [ 4., 10.,  6.],
           [ 3.,  7.,  4.]])
    """
    x, kernel, groups = _transpose_operands(x, kernel, groups)
    filters = kernel.shape[2] * groups
    bias = _check_bias(bias, filters)
    dtype = np.result_type(*(a for a in (x, kernel, bias) if a is not None))
    stride, dilation, pads, size = _transpose_layout(
        x.shape, kernel.shape, stride, padding, dilation
    )
    work = checks.working(dtype)
    x, kernel = x.astype(work, copy=False), kernel.astype(work, copy=False)
    shape = (len(x), *size, filters)
    y = _input_gradient(x, kernel, shape, stride, pads, dilation, groups)
    y = y if bias is None else y + bias
    return y.astype(dtype, copy=False)


def conv2d_transpose_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `conv2d_transpose` by its input, its kernel and its bias.

    The transpose of the transpose is the convolution itself: the input's gradient is
    `conv2d(upstream, kernel)`, and in the kernel's gradient input and upstream gradient
    change places.

    Args:
        upstream: the loss's gradient by the output, of the output's shape.
        x, kernel, stride, padding, dilation, groups: as given to `conv2d_transpose`.

    Returns:
        (dx, dkernel, dbias), of the shapes of x, the kernel and the bias.

    Raises:
        ValueError: as `conv2d_transpose`, and if `upstream` has not the output's shape.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, section 4.1.

    >>> x, kernel = np.ones((1, 2, 2, 3)), np.ones((2, 2, 5, 3))
    >>> upstream = np.ones((1, 4, 4, 5))
    >>> gradients = conv2d_transpose_backward(upstream, x, kernel, stride=2)
    >>> [gradient.shape for gradient in gradients]
    [(1, 2, 2, 3), (2, 2, 5, 3), (5,)]
    """
    x, kernel, groups = _transpose_operands(x, kernel, groups)
    stride, dilation, pads, size = _transpose_layout(
        x.shape, kernel.shape, stride, padding, dilation
    )
    shape = (len(x), *size, kernel.shape[2] * groups)
    upstream = checks.same_shape(upstream, shape)
    dx = conv2d(upstream, kernel, None, stride, pads, dilation, groups)
    _, dkernel, _ = conv2d_backward(x, upstream, kernel, stride, pads, dilation, groups)
    return dx, dkernel, upstream.sum(axis=(0, 1, 2))


def _transpose_operands(x, kernel, groups):
    x = checks.array(x, "batch, height, width, channels", "x")
    kernel = checks.array(kernel, "height, width, filters, channels", "kernel")
    groups = checks.divisor(groups, x.shape[3])
    if kernel.shape[3] != x.shape[3]:
        raise ValueError(
            f"expected a kernel (height, width, filters, {x.shape[3]}) for the "
            f"{x.shape[3]} channels of x; received shape {kernel.shape}"
        )
    return checks.floating(x, "x"), checks.floating(kernel, "kernel"), groups


def _transpose_layout(shape, kernel_shape, stride, padding, dilation):
    """Stride, dilation, padding and *input* size of the transposed convolution."""
    stride, dilation = checks.pair(stride, "stride"), checks.pair(dilation, "dilation")
    size = []
    given = None if isinstance(padding, str) else windows.pad_amounts(padding)
    for axis in range(2):
        n, s = shape[1 + axis], stride[axis]
        k = dilation[axis] * (kernel_shape[axis] - 1) + 1
        if padding == "same":
            size.append(n * s)
        elif given is None:
            size.append(n * s + max(k - s, 0))
        else:
            size.append((n - 1) * s + k - sum(given[axis]))
    if min(size) < 1:
        raise ValueError(
            f"expected padding smaller than the map; received {padding!r}, "
            f"which leaves {size[0]}x{size[1]}"
        )
    found = windows.layout(size, kernel_shape[:2], stride, padding, dilation)
    return *found[:3], size


def conv_matrix(
    kernel: np.ndarray,
    input_shape: tuple[int, int, int],
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> "csr_array":
    """The sparse matrix that `conv2d` is: a dense layer with shared weights.

        conv_matrix(kernel, x.shape[1:]) @ x[0].ravel() == conv2d(x, kernel)[0].ravel()

    Row r holds the weights of output r (its row, column and filter, counted in this
    order); all but a kernel's worth of its entries are zero, and the rows of one filter
    hold the same weights, moved along.  Transposed, it is `conv2d_transpose`.

    Args:
        kernel: (kernel height, kernel width, channels / groups, filters).
        input_shape: (height, width, channels) of one image.
        stride, padding, dilation, groups: as in `conv2d`.

    Returns:
        `scipy.sparse.csr_array` (outputs, inputs); `.toarray()` shows it.

    Raises:
        ValueError: as `conv2d`.

    Source: CS7015 L11 §11.3; Dumoulin & Visin 2016, arXiv:1603.07285, section 4.1.

    >>> matrix = conv_matrix(np.array([[1, 2], [3, 4]])[:, :, None, None], (2, 3, 1))
    >>> matrix.toarray()
    array([[1, 2, 0, 3, 4, 0],
           [0, 1, 2, 0, 3, 4]])
    """
    from scipy import sparse

    inputs = int(np.prod(input_shape))
    number = np.arange(1, inputs + 1).reshape(1, *input_shape)  # 0 is for padding
    number, kernel, _, groups = _operands(number, kernel, None, groups)
    stride, dilation, pads, positions = windows.layout(
        number.shape[1:3], kernel.shape[:2], stride, padding, dilation
    )
    number = windows.pad(number, pads)
    meets = windows.patches(number, kernel.shape, positions, stride, dilation)[0]
    filters = kernel.shape[3]
    output = np.arange(np.prod(positions) * filters).reshape(*positions, filters)

    rows, columns, values = [], [], []
    for channels, part in _groups(number.shape[3], filters, groups):
        # (rows, columns, filters, kernel height, kernel width, channels)
        column = meets[:, :, None, :, :, channels]
        row = output[:, :, part, None, None, None]
        value = np.moveaxis(kernel[..., part], 3, 0)
        row, column, value = np.broadcast_arrays(row, column, value)
        inside = column > 0
        rows.append(row[inside])
        columns.append(column[inside] - 1)
        values.append(value[inside])
    entries = np.concatenate(values)
    where = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((entries, where), shape=(output.size, inputs))


# Checks of the operands.


def _operands(x, kernel, bias, groups):
    x = checks.array(x, "batch, height, width, channels", "x")
    kernel = checks.array(kernel, "height, width, channels, filters", "kernel")
    channels, filters = x.shape[3], kernel.shape[3]
    groups = checks.divisor(groups, channels)
    checks.divisor(groups, filters)
    if kernel.shape[2] * groups != channels:
        raise ValueError(
            f"expected a kernel (height, width, {channels // groups}, filters) for "
            f"{channels} channels in {groups} group(s); received shape {kernel.shape}"
        )
    return x, kernel, _check_bias(bias, filters), groups


def _depthwise_operands(x, kernel, bias):
    x = checks.array(x, "batch, height, width, channels", "x")
    kernel = checks.array(kernel, "height, width, channels, multiplier", "kernel")
    if kernel.shape[2] != x.shape[3]:
        raise ValueError(
            f"expected a kernel (height, width, {x.shape[3]}, multiplier) for the "
            f"{x.shape[3]} channels of x; received shape {kernel.shape}"
        )
    return x, kernel, _check_bias(bias, kernel.shape[2] * kernel.shape[3])


def _check_bias(bias, filters):
    if bias is None:
        return None
    bias = checks.numeric(bias, "bias")
    if bias.shape != (filters,):
        raise ValueError(
            f"expected a bias of shape ({filters},); received {bias.shape}"
        )
    return bias


def _sum_dtype(x, kernel, bias=None):
    """The output's dtype; refuses integers whose sums could leave its range."""
    dtype = np.result_type(*(a for a in (x, kernel, bias) if a is not None))
    if dtype.kind in "iu" and x.size and kernel.size:
        largest = np.abs(x.astype(float)).max()
        weights = np.abs(kernel.astype(float)).sum(axis=(0, 1, 2)).max()
        offset = 0 if bias is None else np.abs(bias.astype(float)).max()
        if largest * weights + offset > np.iinfo(dtype).max:
            raise ValueError(
                f"expected a dtype that holds sums up to "
                f"{largest * weights + offset:.0f}; received {dtype}, whose largest "
                f"number is {np.iinfo(dtype).max}: convert with .astype(float)"
            )
    return dtype


def _floats(*arrays):
    """The common float dtype, and the arrays in the dtype to compute with."""
    dtype = np.result_type(*(checks.floating(a, "array") for a in arrays))
    return dtype, [a.astype(checks.working(dtype), copy=False) for a in arrays]


def _groups(channels, filters, groups):
    """The slices of channels and of filters that belong together."""
    c, f = channels // groups, filters // groups
    for g in range(groups):
        yield slice(g * c, (g + 1) * c), slice(g * f, (g + 1) * f)
