"""Dropout: in training, each value is switched off with probability `rate`."""

import numpy as np

from . import _checks as checks


def dropout(
    x: np.ndarray,
    rate: float,
    rng: np.random.Generator | None = None,
    training: bool = True,
    inverted: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Multiplies by a random mask, and keeps the expectation in one of two ways.

                      in training             in use
        inverted      mask / (1 - rate)       1            as frameworks do
        otherwise     mask                    1 - rate     as the lecture does

    where the mask is 0 with probability `rate` and else 1.  The lecture prints "times
    the dropout probability" for the last case; the keep probability 1 - rate is what
    restores the expectation.

    Args:
        x: any shape.
        rate: probability of being switched off.
        rng: source of the mask; needed in training, so that results can be repeated.
        training: whether to switch values off.
        inverted: whether to scale in training or in use.

    Returns:
        (y, factors): y = x * factors, both of the shape of x.

    Raises:
        ValueError: if rate is outside [0, 1), or training lacks an rng.

    Source: IS 6733 (dropout); Srivastava et al. 2014, sections 4 and 10.

    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> dropout(x, 0.5, np.random.default_rng(0))
    (array([2., 0., 0., 0.]), array([2., 0., 0., 0.]))
    >>> dropout(x, 0.2, training=False, inverted=False)[0]
    array([0.8, 1.6, 2.4, 3.2])
    """
    x = checks.floating(x, "x")
    checks.rate(rate)
    if not training:
        factors = np.full(x.shape, 1 if inverted else 1 - rate, x.dtype)
        return x * factors, factors
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            "expected rng, for example np.random.default_rng(0), to draw the mask; "
            f"received {rng!r}"
        )
    mask = rng.random(x.shape) >= rate
    factors = (mask / (1 - rate) if inverted else mask).astype(x.dtype)
    return x * factors, factors


def dropout_backward(upstream: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Gradient of `dropout` by its input: through the same factors.

    Args:
        upstream: the loss's gradient by y.
        factors: as returned by `dropout`.

    Returns:
        Gradient of the shape of x.

    Raises:
        ValueError: if the shapes differ.

    Source: the product rule on `dropout`.

    >>> dropout_backward(np.array([1.0, 5.0]), np.array([0.0, 2.0]))
    array([ 0., 10.])
    """
    return checks.same_shape(upstream, np.shape(factors)) * factors
