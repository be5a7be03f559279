"""Argument checks that the reference operations share.

Each raises ValueError at once, says what was expected and what came, and returns the
argument in the form that the operation works with.
"""

import operator

import numpy as np


def array(x, axes: str, name: str) -> np.ndarray:
    """`x` as a numeric array with the axes that are named, e.g. "batch, channels"."""
    x = np.asarray(x)
    if x.ndim != len(axes.split(", ")):
        raise ValueError(
            f"expected {name} with the axes ({axes}); received shape {x.shape}"
        )
    return numeric(x, name)


def numeric(x, name: str) -> np.ndarray:
    """`x` as an array of integers or floats; booleans count as 0 and 1."""
    x = np.asarray(x)
    if x.dtype.kind == "b":
        return x.astype(np.int64)
    if x.dtype.kind not in "iuf":
        raise ValueError(f"expected real numbers in {name}; received dtype {x.dtype}")
    return x


def floating(x, name: str) -> np.ndarray:
    """`x` as an array of floats; integers become float64, as in `np.mean`."""
    x = numeric(x, name)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def working(dtype) -> np.dtype:
    """The dtype to compute in: half precision is too coarse for long sums."""
    return np.promote_types(dtype, np.float32)


def same_shape(upstream, shape, name: str = "upstream") -> np.ndarray:
    """The upstream gradient, which has the shape of the operation's output."""
    upstream = floating(upstream, name)
    if upstream.shape != tuple(shape):
        raise ValueError(
            f"expected {name} with the output's shape {tuple(shape)}; "
            f"received {upstream.shape}"
        )
    return upstream


def pair(value, name: str) -> tuple[int, int]:
    """A positive integer for both axes, or one for height and one for width."""
    values = tuple(value) if np.ndim(value) else (value, value)
    try:
        values = tuple(operator.index(v) for v in values)
    except TypeError:
        values = ()
    if len(values) != 2 or min(values) < 1:
        raise ValueError(
            f"expected {name} as a positive integer or a pair of them; "
            f"received {value!r}"
        )
    return values


def positive(value, name: str) -> float:
    """A number above zero."""
    if not value > 0:
        raise ValueError(f"expected {name} > 0; received {value!r}")
    return value


def rate(value, name: str = "rate") -> float:
    """A share in [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"expected 0 <= {name} < 1; received {value!r}")
    return value


def divisor(groups, channels: int, name: str = "groups") -> int:
    """A number of groups into which the channels fall without a rest."""
    if np.ndim(groups) or int(groups) != groups or groups < 1 or channels % groups:
        raise ValueError(
            f"expected {name} to be a positive integer that divides the {channels} "
            f"channels; received {groups!r}"
        )
    return int(groups)
