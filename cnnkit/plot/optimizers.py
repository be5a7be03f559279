"""Paths of optimisers over a loss of two weights."""

from collections.abc import Mapping

import numpy as np

from .base import COLORS, INK, _expect, _text_color

LEVELS = 13  # bands of equal colour


def height_bands(landscape, points: int = 160):
    """What a contour plot of a landscape needs.

    Bands are narrow near the lowest value, where paths end, and wide up the walls.

    Args:
        landscape: a `reference.landscapes.Landscape`.
        points: of the grid, along each axis.

    Returns:
        x, y (points,), the values (points, points) and the borders of the bands.

    >>> from cnnkit.reference.landscapes import LANDSCAPES
    >>> x, y, values, levels = height_bands(LANDSCAPES["bowl"], 5)
    >>> values.shape, len(levels)
    ((5, 5), 14)
    """
    x, y = np.linspace(*landscape.x, points), np.linspace(*landscape.y, points)
    values = landscape.value(np.stack(np.meshgrid(x, y), axis=-1))
    low, high = values.min(), values.max()
    levels = low + (high - low) * np.linspace(0, 1, LEVELS + 1) ** 3
    levels[-1] += 1e-9 * (high - low)
    return x, y, values, levels


def band_colors():
    """A pale grey for each band, darker the higher it lies.

    >>> len(band_colors())
    13
    """
    return [(0.98 - 0.24 * k / (LEVELS - 1),) * 3 for k in range(LEVELS)]


def optimizer_paths(
    ax, landscape, paths: Mapping, title: str = "", colors: Mapping | None = None
) -> None:
    """Paths over the contours of a loss of two weights, a dot for each step.

    What leaves the picture is cut off at its edge.  The start is a ring, each end a
    square.

    Args:
        ax: axes to draw into.
        landscape: a `reference.landscapes.Landscape`.
        paths: label -> (steps + 1, 2) weights, the start first.
        title: above the plot.
        colors: label -> colour; those of the course in their order by default.

    Raises:
        ValueError: if a path is not a list of points.

    >>> from cnnkit.plot import figure
    >>> from cnnkit.reference.landscapes import LANDSCAPES
    >>> fig, ax = figure()
    >>> optimizer_paths(ax, LANDSCAPES["bowl"], {"SGD": [(5, 1), (4.9, 0)]})
    >>> [line.get_label() for line in ax.lines if line.get_label() == "SGD"]
    ['SGD']
    """
    paths = {label: np.asarray(path, float) for label, path in paths.items()}
    for label, path in paths.items():
        _expect(
            path.ndim == 2 and path.shape[1] == 2 and len(path),
            f"path {label!r} of shape (steps + 1, 2)",
            path.shape,
        )
    x, y, values, levels = height_bands(landscape)
    ax.contourf(x, y, values, levels, colors=band_colors())
    for i, (label, path) in enumerate(paths.items()):
        color = (colors or {}).get(label, COLORS[i % len(COLORS)])
        ax.plot(*path.T, "o-", color=color, lw=1.4, ms=2.2, label=label)
        ax.plot(*path[-1], "s", color=_text_color(color), ms=5.5, zorder=4)
    if paths:
        start = next(iter(paths.values()))[0]
        ax.plot(*start, "o", mfc="white", mec=INK, mew=1.4, ms=7, zorder=5)
    ax.set(xlim=landscape.x, ylim=landscape.y, title=title)
