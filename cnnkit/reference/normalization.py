"""Normalisation: subtract a mean, divide by a deviation, then scale and shift.

The methods differ only in which values share a mean:

    batch       all examples and positions, one channel
    layer       one example, all its features (or the axes that are named)
    instance    one example, one channel
    group       one example, a group of channels

`gamma` and `beta` are learned; None stands for ones and zeros.  Variances are divided
by the number of values.  Channels are the last axis.  Methods that look at the batch
need fixed statistics when the net is used: they take and return `moving`, their
averages over the training steps so far.
"""

import numpy as np

from . import _checks as checks

Moving = tuple[np.ndarray, np.ndarray]


def batch_norm(
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    moving: Moving | None = None,
    training: bool = True,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, Moving]:
    """Each channel to mean 0 and variance 1 over the batch, then gamma and beta.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    In training mean and variance are those of the batch, and move the averages:

        moving <- momentum * moving + (1 - momentum) * batch

    Otherwise they are the averages themselves.

    Args:
        x: (batch, ..., channels).
        gamma, beta: (channels,), or None for 1 and 0.
        moving: (mean, variance) so far, each (channels,); None starts at 0 and 1.
        training: whether to use the batch's statistics.
        momentum: share of the old average that stays; Keras's default 0.99 needs
            hundreds of steps to forget the start.
        epsilon: added to the variance.

    Returns:
        (y, moving): y of the shape of x, and the averages after this step.

    Raises:
        ValueError: if x has fewer than two axes or no examples, gamma or beta have
            another shape, momentum is outside [0, 1), epsilon <= 0, or there are no
            averages to use.

    Source: IS 6733; Ioffe & Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.

    >>> x = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> y, moving = batch_norm(x, gamma=2.0, beta=-1.0)
    >>> y[:, 0].round(3)
    array([-3.682, -1.894, -0.106,  1.682])
    >>> moving  # a hundredth of the way from 0 and 1 to 2.5 and 1.25
    (array([0.025]), array([1.0025]))
    """
    x, gamma, beta, moving = _batch_operands(x, gamma, beta, moving, training)
    checks.positive(epsilon, "epsilon")
    checks.rate(momentum, "momentum")
    wide = _wide(x)
    if training:
        mean, variance = _batch_statistics(wide)
        moving = _moved(moving, (mean, variance), momentum)
    else:
        mean, variance = moving
    y = gamma * (wide - mean) / np.sqrt(variance + epsilon) + beta
    return y.astype(x.dtype, copy=False), moving


def batch_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    moving: Moving | None = None,
    training: bool = True,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `batch_norm` by its input, gamma and beta.

    With z the normalised x and h = upstream * gamma, in training

        dx = (h - mean of h - z * mean of (h z)) / sqrt(variance + epsilon)

    as raising one value also raises the batch's mean and changes its variance.  So the
    gradients of a channel sum to zero: adding a constant to the batch changes nothing.

    Args:
        upstream: the loss's gradient by y, of the shape of x.
        x, gamma, moving, training, epsilon: as given to `batch_norm`.

    Returns:
        (dx, dgamma, dbeta), of the shapes of x and (channels,) twice.

    Raises:
        ValueError: as `batch_norm`, and if `upstream` has not the shape of x.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.

    >>> x, upstream = np.array([[1.0], [2], [3], [4]]), np.array([[1.0], [0], [0], [0]])
    >>> dx, dgamma, dbeta = batch_norm_backward(upstream, x)
    >>> dx[:, 0].round(4)
    array([ 0.2685, -0.3575, -0.0895,  0.1785])
    """
    x, gamma, _, moving = _batch_operands(x, gamma, None, moving, training)
    upstream = checks.same_shape(upstream, x.shape)
    checks.positive(epsilon, "epsilon")
    wide, g = _wide(x), _wide(upstream)
    mean, variance = _batch_statistics(wide) if training else moving
    deviation = np.sqrt(variance + epsilon)
    z = (wide - mean) / deviation
    batch = tuple(range(x.ndim - 1))
    if training:
        dx = _through_statistics(g * gamma, z, batch) / deviation
    else:
        dx = g * gamma / deviation
    return _cast(x, dx, (g * z).sum(batch), g.sum(batch))


def layer_norm(
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    axis: int | tuple[int, ...] = -1,
    epsilon: float = 1e-3,
) -> np.ndarray:
    """Each example to mean 0 and variance 1 over its features, then gamma and beta.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Args:
        x: (batch, ..., features).
        gamma, beta: of the shape of the axes that are normalised, or None.
        axis: the axes that share a mean: the last one, as in Keras, or for all
            features of a map (1, 2, 3).
        epsilon: added to the variance.

    Returns:
        y of the shape of x, the same in training and in use.

    Raises:
        ValueError: if x has no such axis or no values along it, gamma or beta have
            another shape, or epsilon <= 0.

    Source: IS 6733; Ba, Kiros & Hinton 2016, arXiv:1607.06450, section 3.

    >>> layer_norm(np.array([[1.0, 2, 3], [4, 8, 12]]), epsilon=1e-9).round(3)
    array([[-1.225,  0.   ,  1.225],
           [-1.225,  0.   ,  1.225]])
    """
    x, axes, gamma, beta = _layer_operands(x, gamma, beta, axis)
    z, _ = _standardise(_wide(x), axes, epsilon)
    return (gamma * z + beta).astype(x.dtype, copy=False)


def layer_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    axis: int | tuple[int, ...] = -1,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `layer_norm` by its input, gamma and beta.

    Args:
        upstream: the loss's gradient by y, of the shape of x.
        x, gamma, axis, epsilon: as given to `layer_norm`.

    Returns:
        (dx, dgamma, dbeta), of the shapes of x and of the normalised axes twice.

    Raises:
        ValueError: as `layer_norm`, and if `upstream` has not the shape of x.

    Source: as `batch_norm_backward`, along other axes.

    >>> x = np.array([[1.0, 2, 3]])
    >>> dx, dgamma, dbeta = layer_norm_backward(np.array([[1.0, 0, 0]]), x)
    >>> dx.round(4)
    array([[ 0.2049, -0.4079,  0.2031]])
    """
    x, axes, gamma, _ = _layer_operands(x, gamma, None, axis)
    upstream = checks.same_shape(upstream, x.shape)
    g = _wide(upstream)
    z, deviation = _standardise(_wide(x), axes, epsilon)
    dx = _through_statistics(g * gamma, z, axes) / deviation
    others = tuple(a for a in range(x.ndim) if a not in axes)
    return _cast(x, dx, (g * z).sum(others), g.sum(others))


def group_norm(
    x: np.ndarray,
    groups: int,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    epsilon: float = 1e-3,
) -> np.ndarray:
    """Each example's groups of channels to mean 0 and variance 1 over all positions.

    One group is layer normalisation over (height, width, channels), as many groups as
    channels are instance normalisation.

    Args:
        x: (batch, ..., channels).
        groups: number of groups; it divides the channels.
        gamma, beta: (channels,), or None.
        epsilon: added to the variance.

    Returns:
        y of the shape of x.

    Raises:
        ValueError: if the groups do not divide the channels, x has fewer than two axes
            or no values to average, gamma or beta have another shape, or epsilon <= 0.

    Source: IS 6733; Wu & He 2018, arXiv:1803.08494, section 3.1.

    >>> x = np.array([[1.0, 3.0, 10.0, 50.0]])
    >>> group_norm(x, groups=2).round(3)
    array([[-1.,  1., -1.,  1.]])
    """
    x, grouped, gamma, beta = _group_operands(x, groups, gamma, beta)
    z, _ = _standardise(grouped, (*range(1, x.ndim - 1), x.ndim), epsilon)
    return (gamma * z.reshape(x.shape) + beta).astype(x.dtype, copy=False)


def group_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    groups: int,
    gamma: np.ndarray | None = None,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `group_norm` by its input, gamma and beta.

    Args:
        upstream: the loss's gradient by y, of the shape of x.
        x, groups, gamma, epsilon: as given to `group_norm`.

    Returns:
        (dx, dgamma, dbeta), of the shapes of x and (channels,) twice.

    Raises:
        ValueError: as `group_norm`, and if `upstream` has not the shape of x.

    Source: as `batch_norm_backward`, along other axes.

    >>> x = np.array([[1.0, 2.0, 3.0, 10.0, 50.0, 60.0]])
    >>> dx, _, _ = group_norm_backward(np.array([[1.0, 0, 0, 0, 0, 0]]), x, groups=2)
    >>> dx.round(4)
    array([[ 0.2049, -0.4079,  0.2031,  0.    ,  0.    ,  0.    ]])
    """
    x, grouped, gamma, _ = _group_operands(x, groups, gamma, None)
    upstream = checks.same_shape(upstream, x.shape)
    g = _wide(upstream)
    axes = (*range(1, x.ndim - 1), x.ndim)
    z, deviation = _standardise(grouped, axes, epsilon)
    dz = (g * gamma).reshape(grouped.shape)
    dx = (_through_statistics(dz, z, axes) / deviation).reshape(x.shape)
    z, batch = z.reshape(x.shape), tuple(range(x.ndim - 1))
    return _cast(x, dx, (g * z).sum(batch), g.sum(batch))


def instance_norm(
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    epsilon: float = 1e-3,
) -> np.ndarray:
    """Each example's channels, one by one, to mean 0 and variance 1 over all positions.

    It is `group_norm` with as many groups as channels.

    Args:
        x: (batch, ..., channels), with at least one axis of positions.
        gamma, beta: (channels,), or None.
        epsilon: added to the variance.

    Returns:
        y of the shape of x.

    Raises:
        ValueError: if x has fewer than three axes; else as `group_norm`.

    Source: IS 6733; Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022, equation 2.

    >>> instance_norm(np.array([[[1.0, 10.0], [3.0, 50.0]]])).round(3)
    array([[[-1., -1.],
            [ 1.,  1.]]])
    """
    return group_norm(x, _instance_channels(x), gamma, beta, epsilon)


def instance_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `instance_norm` by its input, gamma and beta.

    Args:
        upstream: the loss's gradient by y, of the shape of x.
        x, gamma, epsilon: as given to `instance_norm`.

    Returns:
        (dx, dgamma, dbeta), of the shapes of x and (channels,) twice.

    Raises:
        ValueError: as `instance_norm`, and if `upstream` has not the shape of x.

    Source: as `batch_norm_backward`, along other axes.

    >>> x, upstream = np.array([[[1.0], [2], [3]]]), np.array([[[1.0], [0], [0]]])
    >>> instance_norm_backward(upstream, x)[0][0, :, 0].round(4)
    array([ 0.2049, -0.4079,  0.2031])
    """
    return group_norm_backward(upstream, x, _instance_channels(x), gamma, epsilon)


def decorrelated_batch_norm(
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    group_size: int | None = None,
    moving: Moving | None = None,
    training: bool = True,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, Moving]:
    """Whitening: the channels of a batch to mean 0, variance 1 and no correlation.

        y = gamma * (covariance + epsilon * identity)^(-1/2) (x - mean) + beta

    The inverse square root is the symmetric one (ZCA): the covariance's eigenvectors
    D and eigenvalues v give it as D diag(1 / sqrt(v)) D^T, which turns the data onto
    their axes, stretches, and turns back, so that channels stay as they are as far as
    possible.

    Args:
        x: (batch, ..., channels).
        gamma, beta: (channels,), or None.
        group_size: channels that are whitened together; it divides the channels. None
            takes all.  Estimating a covariance needs more values than channels.
        moving: (mean, whitening matrices) so far, of the shapes (channels,) and
            (groups, group_size, group_size); None starts at 0 and identities.
        training: whether to use the batch's statistics.
        momentum: share of the old average that stays.
        epsilon: added to the variances.

    Returns:
        (y, moving): y of the shape of x, and the averages after this step.

    Raises:
        ValueError: if x has fewer than two axes or no examples, group_size does not
            divide the channels, gamma or beta have another shape, momentum is outside
            [0, 1), epsilon <= 0, or there are no averages to use.

    Source: IS 6733; Huang, Yang, Lang & Deng 2018, arXiv:1804.08450, algorithm 1.

    >>> x = np.array([[2.0, 1], [1, 2], [-2, -1], [-1, -2], [3, 3], [-3, -3]])
    >>> y, _ = decorrelated_batch_norm(x, epsilon=1e-9)
    >>> y.round(3)
    array([[ 1.366, -0.366],
           [-0.366,  1.366],
           [-1.366,  0.366],
           [ 0.366, -1.366],
           [ 1.   ,  1.   ],
           [-1.   , -1.   ]])
    >>> (y.T @ y / 6).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    x, gamma, beta, _ = _batch_operands(x, gamma, beta, None, True)
    groups = _whitening_groups(x, group_size, epsilon)
    checks.rate(momentum, "momentum")
    moving = _whitening_moving(moving, x, groups, training)
    wide = _wide(x)
    if training:
        mean = wide.mean(tuple(range(x.ndim - 1)))
        values, axes = _principal_axes(_channel_groups(wide - mean, groups), epsilon)
        whitening = (axes / np.sqrt(values)[:, None]) @ axes.swapaxes(1, 2)
        moving = _moved(moving, (mean, whitening), momentum)
    else:
        mean, whitening = moving
    white = _channel_groups(wide - mean, groups) @ whitening  # symmetric: x W = W x
    y = gamma * _ungroup(white, x.shape) + beta
    return y.astype(x.dtype, copy=False), moving


def decorrelated_batch_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    group_size: int | None = None,
    moving: Moving | None = None,
    training: bool = True,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `decorrelated_batch_norm` by its input, gamma and beta.

    The whitening matrix W depends on the batch through the covariance S.  In the axes D
    of S a change E of S changes W by  -E_ij / (s_i s_j (s_i + s_j)),  s being the
    deviations along the axes; so a gradient by W becomes one by S, and that one by x.

    Args:
        upstream: the loss's gradient by y, of the shape of x.
        x, gamma, group_size, moving, training, epsilon: as given to
            `decorrelated_batch_norm`.

    Returns:
        (dx, dgamma, dbeta), of the shapes of x and (channels,) twice.

    Raises:
        ValueError: as `decorrelated_batch_norm`, and if `upstream` has not the shape
            of x.

    Source: Huang et al. 2018, arXiv:1804.08450, section 3.3; the derivative of a
        matrix function: Higham 2008, Functions of Matrices, theorem 3.11.

    >>> x = np.array([[2.0, 1], [1, 2], [-2, -1], [-1, -2], [3, 3], [-3, -3]])
    >>> dx, _, _ = decorrelated_batch_norm_backward(np.eye(6, 2), x)
    >>> abs(dx.sum(axis=0)) < 1e-12  # adding a constant to the batch changes nothing
    array([ True,  True])
    """
    x, gamma, _, _ = _batch_operands(x, gamma, None, None, True)
    groups = _whitening_groups(x, group_size, epsilon)
    moving = _whitening_moving(moving, x, groups, training)
    upstream = checks.same_shape(upstream, x.shape)
    batch, wide, g = tuple(range(x.ndim - 1)), _wide(x), _wide(upstream)
    mean = wide.mean(batch) if training else moving[0]
    centred = _channel_groups(wide - mean, groups)  # (groups, values, group size)
    dwhite = _channel_groups(g * gamma, groups)
    if training:
        values, axes = _principal_axes(centred, epsilon)
        s, turned = np.sqrt(values), axes.swapaxes(1, 2)
        whitening = (axes / s[:, None]) @ turned
        pairs = s[:, :, None] * s[:, None, :] * (s[:, :, None] + s[:, None, :])
        dmatrix = centred.swapaxes(1, 2) @ dwhite
        dmatrix = (dmatrix + dmatrix.swapaxes(1, 2)) / 2  # W can only change so
        dcovariance = -axes @ ((turned @ dmatrix @ axes) / pairs) @ turned
        dcentred = dwhite @ whitening + centred @ dcovariance * (2 / centred.shape[1])
        dx = _ungroup(dcentred - dcentred.mean(axis=1, keepdims=True), x.shape)
    else:
        whitening = moving[1]
        dx = _ungroup(dwhite @ whitening, x.shape)
    white = _ungroup(centred @ whitening, x.shape)
    return _cast(x, dx, (g * white).sum(batch), g.sum(batch))


def local_response_norm(
    x: np.ndarray,
    size: int = 5,
    bias: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
) -> np.ndarray:
    """Each value is damped by its neighbours in the channels at the same position.

        y[..., c] = x[..., c] / (bias + alpha * sum of x[..., c - r to c + r]^2)^beta

    with r = (size - 1) / 2; channels that do not exist are left out.  Nothing is
    learned.

    Args:
        x: (batch, ..., channels).
        size: neighbouring channels in the sum, odd.
        bias, alpha, beta: as in the formula; the defaults are AlexNet's.

    Returns:
        y of the shape of x.

    Raises:
        ValueError: if x has no channels, size is not odd and positive, or bias <= 0.

    Source: Krizhevsky et al. 2012, section 3.3.

    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> local_response_norm(x, size=3, bias=1.0, alpha=1.0, beta=0.5).round(4)
    array([[0.4082, 0.5164, 0.8018]])
    """
    x, wide, base = _local_operands(x, size, bias, alpha)
    return (wide / base**beta).astype(x.dtype, copy=False)


def local_response_norm_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    size: int = 5,
    bias: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
) -> np.ndarray:
    """Gradient of `local_response_norm` by its input.

    A value acts on its own output and, through the sums, on its neighbours' outputs.
    With b the bracket of the formula,

        dx[c] = g[c] / b[c]^beta
              - 2 alpha beta x[c] * sum over c's neighbours of  g x / b^(beta + 1)

    Args:
        upstream: g, of the shape of x.
        x, size, bias, alpha, beta: as given to `local_response_norm`.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `local_response_norm`, and if `upstream` has not the shape of x.

    Source: the chain rule on `local_response_norm`.

    >>> x, upstream = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    >>> local_response_norm_backward(upstream, x, 3, 1.0, 1.0, 0.5).round(4)
    array([[ 0.3402, -0.1361]])
    """
    x, wide, base = _local_operands(x, size, bias, alpha)
    g = _wide(checks.same_shape(upstream, x.shape))
    shared = _neighbours(g * wide / base ** (beta + 1), size)
    dx = g / base**beta - 2 * alpha * beta * wide * shared
    return dx.astype(x.dtype, copy=False)


def _wide(x):
    return x.astype(checks.working(x.dtype), copy=False)


def _cast(x, *gradients):
    return tuple(g.astype(x.dtype, copy=False) for g in gradients)


def _standardise(x, axes, epsilon):
    checks.positive(epsilon, "epsilon")
    deviation = np.sqrt(x.var(axes, keepdims=True) + epsilon)
    return (x - x.mean(axes, keepdims=True)) / deviation, deviation


def _through_statistics(h, z, axes):
    """What is left of a gradient h by z once mean and variance have moved along."""
    h = h - h.mean(axes, keepdims=True)
    return h - z * (h * z).mean(axes, keepdims=True)


def _batch_statistics(x):
    batch = tuple(range(x.ndim - 1))
    return x.mean(batch), x.var(batch)


def _moved(moving, batch, momentum):
    return tuple(
        momentum * old + (1 - momentum) * new
        for old, new in zip(moving, batch, strict=True)
    )


def _batch_operands(x, gamma, beta, moving, training):
    x = checks.floating(x, "x")
    if x.ndim < 2 or not x.size:
        raise ValueError(
            "expected x with the axes (batch, ..., channels) and at least one example; "
            f"received shape {x.shape}"
        )
    channels = x.shape[-1:]
    gamma = _scale(gamma, 1, "gamma", channels, x.dtype)
    beta = _scale(beta, 0, "beta", channels, x.dtype)
    if moving is None:
        if not training:
            raise ValueError(
                "expected the moving statistics of training; received None: pass "
                "moving=(mean, variance)"
            )
        moving = np.zeros(channels), np.ones(channels)
    mean, variance = (np.asarray(m) for m in moving)
    if mean.shape != channels or variance.shape != channels:
        raise ValueError(
            f"expected moving statistics of shape {channels}; "
            f"received {mean.shape} and {variance.shape}"
        )
    return x, gamma, beta, (mean, variance)


def _scale(value, default, name, shape, dtype):
    value = checks.floating(default if value is None else value, name)
    if value.shape not in ((), tuple(shape)):
        raise ValueError(
            f"expected {name} of shape {tuple(shape)}; received {value.shape}"
        )
    return value.astype(checks.working(dtype))


def _layer_operands(x, gamma, beta, axis):
    x = checks.floating(x, "x")
    try:
        axes = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    except ValueError:
        raise ValueError(
            f"expected x with the axes {axis}; received shape {x.shape}"
        ) from None
    axes = tuple(sorted(axes))
    shape = tuple(x.shape[a] for a in axes)
    if not np.prod(shape):
        raise ValueError(f"expected values along {axis}; received shape {x.shape}")
    spread = [n if a in axes else 1 for a, n in enumerate(x.shape)]
    scales = []
    for value, default, name in ((gamma, 1, "gamma"), (beta, 0, "beta")):
        value = _scale(value, default, name, shape, x.dtype)
        scales.append(value.reshape(spread) if value.ndim else value)
    return x, axes, *scales


def _group_operands(x, groups, gamma, beta):
    x, gamma, beta, _ = _batch_operands(x, gamma, beta, None, True)
    groups = checks.divisor(groups, x.shape[-1])
    grouped = _wide(x).reshape(*x.shape[:-1], groups, x.shape[-1] // groups)
    return x, grouped, gamma, beta


def _instance_channels(x):
    shape = np.shape(x)
    if len(shape) < 3:
        raise ValueError(
            f"expected x with the axes (batch, positions, channels); received {shape}"
        )
    return shape[-1]


def _whitening_groups(x, group_size, epsilon):
    checks.positive(epsilon, "epsilon")
    channels = x.shape[-1]
    size = channels if group_size is None else group_size
    return channels // checks.divisor(size, channels, "group_size")


def _whitening_moving(moving, x, groups, training):
    channels, size = x.shape[-1], x.shape[-1] // groups
    if moving is None:
        if not training:
            raise ValueError(
                "expected the moving statistics of training; received None: pass "
                "moving=(mean, whitening matrices)"
            )
        return np.zeros(channels), np.tile(np.eye(size), (groups, 1, 1))
    mean, whitening = (np.asarray(m) for m in moving)
    shapes = (channels,), (groups, size, size)
    if (mean.shape, whitening.shape) != shapes:
        raise ValueError(
            f"expected moving statistics of shapes {shapes[0]} and {shapes[1]}; "
            f"received {mean.shape} and {whitening.shape}"
        )
    return mean, whitening


def _channel_groups(x, groups):
    """(groups, values, channels of a group) of (..., channels)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).swapaxes(0, 1)


def _ungroup(x, shape):
    return x.swapaxes(0, 1).reshape(shape)


def _principal_axes(centred, epsilon):
    """Eigenvalues and eigenvectors (columns) of each group's covariance matrix."""
    covariance = centred.swapaxes(1, 2) @ centred / centred.shape[1]
    return np.linalg.eigh(covariance + epsilon * np.eye(covariance.shape[1]))


def _local_operands(x, size, bias, alpha):
    x = checks.floating(x, "x")
    if not x.ndim:
        raise ValueError("expected x with the axes (batch, ..., channels); received ()")
    if size < 1 or size % 2 != 1:
        raise ValueError(f"expected an odd, positive size; received {size!r}")
    checks.positive(bias, "bias")
    wide = _wide(x)
    return x, wide, bias + alpha * _neighbours(wide * wide, size)


def _neighbours(x, size):
    """Sums over the channels within (size - 1) / 2 of each."""
    total = np.zeros_like(x)
    for away in range(-(size // 2), size // 2 + 1):
        channels = max(x.shape[-1] - abs(away), 0)
        to, start = max(-away, 0), max(away, 0)
        total[..., to : to + channels] += x[..., start : start + channels]
    return total
