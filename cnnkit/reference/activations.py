"""Activations: each unit's value through one curve, and the slope of that curve.

`f_derivative(x)` is the slope at x; the gradient by the input is the upstream gradient
times it.  Softmax and Dice mix several values and have `f_backward(upstream, x)`
instead.  Integers are taken as float64, except by `relu`, which keeps them.
"""

import numpy as np

from . import _checks as checks

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_GELU_INNER = np.sqrt(2 / np.pi)
_GELU_CUBIC = 0.044715


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), between 0 and 1.

    Args:
        x: any shape.

    Returns:
        Values of the shape of x.

    Source: IS 6733 (activation functions).

    >>> sigmoid([-2.0, 0.0, 1000.0]).round(4)
    array([0.1192, 0.5   , 1.    ])
    """
    x = checks.floating(x, "x")
    small = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, small) / (1 + small)


def sigmoid_derivative(x: np.ndarray) -> np.ndarray:
    """s (1 - s) with s = sigmoid(x): at most a quarter, at 0.

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: IS 6733 (vanishing gradients).

    >>> sigmoid_derivative([0.0, 10.0]).round(6)
    array([2.5e-01, 4.5e-05])
    """
    return sigmoid(x) * sigmoid(-checks.floating(x, "x"))


def tanh(x: np.ndarray) -> np.ndarray:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)), between -1 and 1.

    Args:
        x: any shape.

    Returns:
        Values of the shape of x.

    Source: IS 6733 (LeNet).

    >>> tanh([0.0, 1.0]).round(4)
    array([0.    , 0.7616])
    """
    return np.tanh(checks.floating(x, "x"))


def tanh_derivative(x: np.ndarray) -> np.ndarray:
    """1 - tanh(x)^2: at most 1, at 0.

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: IS 6733.

    >>> tanh_derivative([0.0, 1.0]).round(4)
    array([1.  , 0.42])
    """
    return 1 - np.tanh(checks.floating(x, "x")) ** 2


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0).

    Args:
        x: any shape; integers stay integers.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Nair & Hinton 2010.

    >>> relu([-2, 0, 3])
    array([0, 0, 3])
    """
    return np.maximum(checks.numeric(x, "x"), 0)


def relu_derivative(x: np.ndarray) -> np.ndarray:
    """1 for x > 0, else 0; at the kink Keras and this function take 0.

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: IS 6733.

    >>> relu_derivative([-1.0, 0.0, 2.0])
    array([0., 0., 1.])
    """
    x = checks.floating(x, "x")
    return (x > 0).astype(x.dtype)


def leaky_relu(x: np.ndarray, negative_slope: float = 0.01) -> np.ndarray:
    """x for x > 0, else negative_slope * x.

    Args:
        x: any shape.
        negative_slope: slope on the left; Keras's layer takes 0.3, its function 0.2.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Maas, Hannun & Ng 2013, section 2.

    >>> leaky_relu([-2.0, 3.0])
    array([-0.02,  3.  ])
    """
    x = checks.floating(x, "x")
    return x * leaky_relu_derivative(x, negative_slope)


def leaky_relu_derivative(x: np.ndarray, negative_slope: float = 0.01) -> np.ndarray:
    """1 for x > 0, else negative_slope.

    Args:
        x: any shape.
        negative_slope: slope on the left.

    Returns:
        Slopes of the shape of x.

    Source: IS 6733.

    >>> leaky_relu_derivative([-2.0, 3.0])
    array([0.01, 1.  ])
    """
    x = checks.floating(x, "x")
    return np.where(x > 0, 1, negative_slope).astype(x.dtype)


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """x for x > 0, else alpha * (exp(x) - 1), which bends to -alpha.

    Args:
        x: any shape.
        alpha: depth of the left end.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289.

    >>> elu([-100.0, -1.0, 2.0]).round(4)
    array([-1.    , -0.6321,  2.    ])
    """
    x = checks.floating(x, "x")
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))).astype(x.dtype)


def elu_derivative(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """1 for x > 0, else alpha * exp(x).

    Args:
        x: any shape.
        alpha: depth of the left end.

    Returns:
        Slopes of the shape of x.

    Source: as `elu`.

    >>> elu_derivative([-1.0, 2.0]).round(4)
    array([0.3679, 1.    ])
    """
    x = checks.floating(x, "x")
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))).astype(x.dtype)


def selu(x: np.ndarray) -> np.ndarray:
    """A scaled ELU that keeps mean 0 and variance 1 of standard normal inputs.

    Args:
        x: any shape.

    Returns:
        1.0507 * elu(x, alpha=1.6733), of the shape of x.

    Source: IS 6733; Klambauer et al. 2017, arXiv:1706.02515, equation 2.

    >>> selu([-1.0, 1.0]).round(4)
    array([-1.1113,  1.0507])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_derivative(x: np.ndarray) -> np.ndarray:
    """1.0507 times the slope of elu(x, alpha=1.6733).

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: as `selu`.

    >>> selu_derivative([-1.0, 1.0]).round(4)
    array([0.6468, 1.0507])
    """
    return SELU_SCALE * elu_derivative(x, SELU_ALPHA)


def gelu(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    """x times the share of a standard normal distribution that lies below x.

    Args:
        x: any shape.
        approximate: the lecture's form,
            0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), off by at most 0.0005;
            else 0.5 x (1 + erf(x / sqrt(2))), which is Keras's default.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.

    >>> gelu([-1.0, 1.0]).round(4), gelu([-1.0, 1.0], approximate=True).round(4)
    (array([-0.1587,  0.8413]), array([-0.1588,  0.8412]))
    """
    x = checks.floating(x, "x")
    wide = x.astype(checks.working(x.dtype), copy=False)  # x^3 leaves half precision
    if approximate:
        below = 0.5 * (1 + np.tanh(_GELU_INNER * (wide + _GELU_CUBIC * wide**3)))
    else:
        below = _normal_share_below(wide)
    return (x * below).astype(x.dtype, copy=False)


def gelu_derivative(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    """Slope of `gelu`: the share below x, plus x times the density at x.

    In the tanh form, with u = sqrt(2 / pi) (x + 0.044715 x^3):

        0.5 (1 + tanh u) + 0.5 x (1 - tanh^2 u) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)

    Args:
        x: any shape.
        approximate: as in `gelu`.

    Returns:
        Slopes of the shape of x.

    Source: IS 6733; the lecture prints the last term without its factor sqrt(2 / pi).

    >>> gelu_derivative([-1.0, 1.0]).round(4)
    array([-0.0833,  1.0833])
    >>> gelu_derivative([-1.0, 1.0], approximate=True).round(4)
    array([-0.083,  1.083])
    """
    dtype = checks.floating(x, "x").dtype
    x = np.asarray(x, checks.working(dtype))
    if approximate:
        t = np.tanh(_GELU_INNER * (x + _GELU_CUBIC * x**3))
        inner = _GELU_INNER * (1 + 3 * _GELU_CUBIC * x**2)
        slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner
    else:
        density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
        slope = _normal_share_below(x) + x * density
    return slope.astype(dtype, copy=False)


def _normal_share_below(x):
    from scipy.special import erf  # knows no long doubles

    z = x / np.sqrt(2)
    return 0.5 * (1 + erf(z if z.dtype.itemsize <= 8 else z.astype(np.float64)))


def swish(x: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """x * sigmoid(beta x); with beta = 1 also called SiLU.

    Args:
        x: any shape.
        beta: steepness of the gate; 1.702 comes within 0.0204 of `gelu`.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Ramachandran, Zoph & Le 2017, arXiv:1710.05941, section 3.

    >>> swish([-1.0, 1.0]).round(4)
    array([-0.2689,  0.7311])
    """
    x = checks.floating(x, "x")
    gate = sigmoid(beta * x.astype(checks.working(x.dtype), copy=False))
    return (x * gate).astype(x.dtype, copy=False)


def swish_derivative(x: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """s + beta x s (1 - s) with s = sigmoid(beta x).

    Args:
        x: any shape.
        beta: steepness of the gate.

    Returns:
        Slopes of the shape of x.

    Source: as `swish`.

    >>> swish_derivative([-1.0, 0.0, 1.0]).round(4)
    array([0.0723, 0.5   , 0.9277])
    """
    x = checks.floating(x, "x")
    z = beta * x.astype(checks.working(x.dtype), copy=False)
    return (sigmoid(z) + z * sigmoid_derivative(z)).astype(x.dtype, copy=False)


def softplus(x: np.ndarray) -> np.ndarray:
    """ln(1 + exp(x)), a smooth `relu`.

    Args:
        x: any shape.

    Returns:
        Values of the shape of x.

    Source: IS 6733 (as part of Mish); Dugas et al. 2000.

    >>> softplus([-1000.0, 0.0, 1000.0]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    x = checks.floating(x, "x")
    return np.logaddexp(x, np.zeros_like(x))


def softplus_derivative(x: np.ndarray) -> np.ndarray:
    """The sigmoid.

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: as `softplus`.

    >>> softplus_derivative([0.0])
    array([0.5])
    """
    return sigmoid(x)


def mish(x: np.ndarray) -> np.ndarray:
    """x * tanh(softplus(x)).

    Args:
        x: any shape.

    Returns:
        Values of the shape of x.

    Source: IS 6733; Misra 2019, arXiv:1908.08681, equation 1.

    >>> mish([-1.0, 1.0]).round(4)
    array([-0.3034,  0.8651])
    """
    x = checks.floating(x, "x")
    return x * np.tanh(softplus(x))


def mish_derivative(x: np.ndarray) -> np.ndarray:
    """t + x (1 - t^2) sigmoid(x) with t = tanh(softplus(x)).

    Args:
        x: any shape.

    Returns:
        Slopes of the shape of x.

    Source: as `mish`.

    >>> mish_derivative([-1.0, 0.0, 1.0]).round(4)
    array([0.0592, 0.6   , 1.049 ])
    """
    x = checks.floating(x, "x")
    t = np.tanh(softplus(x))
    return t + x * (1 - t**2) * sigmoid(x)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) divided by its sum along an axis: scores become probabilities.

    The largest score is subtracted first, which changes nothing but prevents overflow.

    Args:
        x: any shape of at least one axis.
        axis: the axis of the classes.

    Returns:
        Values of the shape of x; they sum to 1 along the axis.

    Raises:
        ValueError: if x has no such axis.

    Source: CS-878 W4 (softmax loss).

    >>> softmax([2.0, 3.5, -1.0]).round(4)
    array([0.1808, 0.8102, 0.009 ])
    """
    x = _with_axis(x, axis)
    powers = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=axis, keepdims=True)


def softmax_backward(upstream: np.ndarray, x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Gradient of `softmax` by the scores.

        dx = p * (g - sum of g * p)

    Raising one score takes from all probabilities what its own one gains.

    Args:
        upstream: g, of the shape of x.
        x, axis: as given to `softmax`.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: as `softmax`, and if `upstream` has not the shape of x.

    Source: the quotient rule on `softmax`.

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([ 0.25, -0.25])
    """
    p = softmax(x, axis)
    upstream = checks.same_shape(upstream, p.shape)
    return p * (upstream - (upstream * p).sum(axis=axis, keepdims=True))


def dice(
    x: np.ndarray,
    alpha: float | np.ndarray = 0.25,
    statistics: tuple[np.ndarray, np.ndarray] | None = None,
    epsilon: float = 1e-9,
) -> np.ndarray:
    """A leaky ReLU whose gate adapts to the data.

        p = sigmoid((x - mean) / sqrt(variance + epsilon))
        y = p x + (1 - p) alpha x

    Each channel (the last axis) has its own mean and variance, taken over the batch and
    all positions.

    Args:
        x: (batch, ..., channels).
        alpha: slope on the left: a number, or (channels,).
        statistics: (mean, variance), each (channels,), to be used instead of the
            batch's own: the averages gathered in training, when the net is tested.
        epsilon: added to the variance.

    Returns:
        Values of the shape of x.

    Raises:
        ValueError: if x has fewer than two axes or no examples, or epsilon <= 0.

    Source: IS 6733; Zhou et al. 2018, arXiv:1706.06978, equation 3.

    >>> s = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 6.0])
    >>> dice(s[:, None])[:, 0].round(4)
    array([-0.8575, -0.4866,  0.    ,  0.625 ,  1.3934,  5.4328])
    """
    x, mean, deviation = _dice_statistics(x, statistics, epsilon)
    p = sigmoid((x - mean) / deviation)
    return (p * x + (1 - p) * alpha * x).astype(x.dtype, copy=False)


def dice_backward(
    upstream: np.ndarray,
    x: np.ndarray,
    alpha: float | np.ndarray = 0.25,
    statistics: tuple[np.ndarray, np.ndarray] | None = None,
    epsilon: float = 1e-9,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of `dice` by its input and by alpha.

    The gate moves with x in three ways: through x itself, the mean and the variance.
    With z = (x - mean) / deviation, a gradient h by z becomes, for batch statistics,

        (h - mean of h - z * mean of (h z)) / deviation

    Args:
        upstream: of the shape of x.
        x, alpha, statistics, epsilon: as given to `dice`.

    Returns:
        (dx, dalpha): of the shape of x, and (channels,).

    Raises:
        ValueError: as `dice`, and if `upstream` has not the shape of x.

    Source: the chain rule on `dice`.

    >>> s = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 6.0])[:, None]
    >>> dx, dalpha = dice_backward(np.ones_like(s), s)
    >>> dx[:, 0].round(3), dalpha.round(3)
    (array([0.4  , 0.462, 0.552, 0.658, 0.759, 0.865]), array([-0.143]))
    """
    x, mean, deviation = _dice_statistics(x, statistics, epsilon)
    upstream = checks.same_shape(upstream, x.shape)
    batch = tuple(range(x.ndim - 1))
    z = (x - mean) / deviation
    p = sigmoid(z)
    dz = upstream * x * (1 - alpha) * sigmoid_derivative(z)
    through_gate = dz
    if statistics is None:
        through_gate = dz - dz.mean(batch) - z * (dz * z).mean(batch)
    dx = upstream * (p + (1 - p) * alpha) + through_gate / deviation
    dalpha = (upstream * (1 - p) * x).sum(batch)
    return dx.astype(x.dtype, copy=False), dalpha


def _dice_statistics(x, statistics, epsilon):
    x = checks.floating(x, "x")
    checks.positive(epsilon, "epsilon")
    if x.ndim < 2 or not len(x):
        raise ValueError(
            "expected x with the axes (batch, ..., channels) and at least one example; "
            f"received shape {x.shape}"
        )
    wide = x.astype(checks.working(x.dtype), copy=False)
    batch = tuple(range(x.ndim - 1))
    if statistics is None:
        statistics = wide.mean(batch), wide.var(batch)
    mean, variance = statistics
    return x, mean, np.sqrt(variance + epsilon)


def _with_axis(x, axis):
    x = checks.floating(x, "x")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"expected x with an axis {axis}; received shape {x.shape}")
    return x
