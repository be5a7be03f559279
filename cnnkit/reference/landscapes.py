"""Losses of two weights, to watch an optimiser on: each with its gradient.

A loss of two weights can be drawn.  Each landscape here has one of the troubles that a
loss of millions of weights has: directions of unequal steepness, a saddle, a second and
worse minimum, a bent ravine.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Landscape(NamedTuple):
    """A loss of two weights.

    value: from points, (..., 2), to the loss, (...).
    gradient: from points, (..., 2), to the slopes, (..., 2).
    start: where a path begins, (2,).
    x, y: from where to where it is worth drawing.
    trouble: what makes it hard, in a few words.

    >>> bowl = LANDSCAPES["bowl"]
    >>> float(bowl.value(np.array([5.0, 1.0]))), bowl.gradient(np.array([5.0, 1.0]))
    (37.5, array([ 5., 50.]))
    """

    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    start: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]
    trouble: str


def _landscape(value, slopes, *rest):
    """From functions of x and y to functions of points."""
    return Landscape(
        lambda w: value(*np.moveaxis(np.asarray(w, float), -1, 0)),
        lambda w: np.stack(slopes(*np.moveaxis(np.asarray(w, float), -1, 0)), -1),
        *rest,
    )


LANDSCAPES = {
    "bowl": _landscape(
        lambda x, y: 0.5 * (x**2 + 50 * y**2),
        lambda x, y: (x, 50 * y),
        (5.0, 1.0),
        (-6.0, 6.0),
        (-1.6, 1.6),
        "50 times as steep across as along",
    ),
    "saddle": _landscape(
        lambda x, y: x**2 - y**2 + y**4 / 4,
        lambda x, y: (2 * x, -2 * y + y**3),
        (1.0, 0.001),
        (-1.6, 1.6),
        (-2.0, 2.0),
        "flat at the pass between two minima",
    ),
    "two valleys": _landscape(
        lambda x, y: x**4 - 2 * x**2 + 0.3 * x + y**2,
        lambda x, y: (4 * x**3 - 4 * x + 0.3, 2 * y),
        (1.5, 0.8),
        (-1.8, 1.8),
        (-1.5, 1.5),
        "the nearer minimum is the worse one",
    ),
    "ravine": _landscape(
        lambda x, y: (1 - x) ** 2 + 20 * (y - x**2) ** 2,
        lambda x, y: (
            -2 * (1 - x) - 80 * x * (y - x**2),
            40 * (y - x**2),
        ),
        (-1.2, 1.0),
        (-1.8, 1.8),
        (-0.7, 2.2),
        "steep walls and a bend",
    ),
}
