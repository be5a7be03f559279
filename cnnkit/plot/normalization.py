"""Which values share a mean: cubes of batch, channels and positions."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from .base import BLUE, GREY, VERMILLION, WIDTH, _expect, figure
from .volumes import _tint

_AWAY = np.array((0.52, 0.40))  # one example further into the page


def _small_cube(corner, size=0.62):
    """Front, top and right face of a cube; y points up."""
    x, y = corner
    right, up, away = np.array((size, 0)), np.array((0, size)), _AWAY * size * 0.62
    start = np.array((x, y))
    return [
        [start, start + right, start + right + up, start + up],
        [start + up, start + up + right, start + up + right + away, start + up + away],
        [
            start + right,
            start + right + away,
            start + right + up + away,
            start + right + up,
        ],
    ]


def normalization_cubes(
    shape: tuple[int, int, int],
    masks: Mapping[str, np.ndarray],
    cell: tuple[int, int, int] | None = None,
) -> Figure:
    """One cube a method: coloured are the values that share a mean with a cell.

    Channels run to the right, positions down, examples into the page.

    Args:
        shape: (examples, channels, positions).
        masks: title -> booleans of that shape, True for the coloured cells.
        cell: (example, channel, position) of the cell itself, in another colour.

    Raises:
        ValueError: if there is no mask, or one has another shape.

    >>> mask = np.zeros((2, 3, 4), bool)
    >>> mask[0, 0] = True
    >>> fig = normalization_cubes((2, 3, 4), {"instance": mask})
    >>> fig.axes[0].get_title()
    'instance'
    """
    shape = tuple(int(n) for n in shape)
    _expect(
        len(shape) == 3 and min(shape) >= 1,
        "a shape (examples, channels, positions), all >= 1",
        shape,
    )
    _expect(len(masks) > 0, "at least one mask", "none")
    examples, channels, positions = shape
    width = channels + _AWAY[0] * examples
    height = positions + _AWAY[1] * examples
    columns = len(masks)
    inches = min((WIDTH - 0.3) / columns, 3.2)
    fig, axes = figure(
        columns=columns, height=inches * (height + 1.2) / (width + 0.8) + 0.35
    )
    for ax, (title, mask) in zip(np.ravel(axes), masks.items(), strict=True):
        mask = np.asarray(mask, bool)
        _expect(mask.shape == shape, f"a mask of shape {shape}", mask.shape)
        faces, fills, edges = [], [], []
        for n in range(examples - 1, -1, -1):  # from the back to the front
            for p in range(positions - 1, -1, -1):
                for c in range(channels):
                    corner = np.array((c, positions - 1 - p)) + n * _AWAY
                    faces += _small_cube(corner)
                    color = VERMILLION if (n, c, p) == cell else BLUE
                    for tint in (0.25, 0.55, 0.0):
                        if mask[n, c, p]:
                            fills.append((*_tint(color, tint), 1.0))
                            edges.append((*_tint(color, -0.35), 1.0))
                        else:
                            fills.append((0.6, 0.6, 0.6, 0.06))
                            edges.append((0.55, 0.55, 0.55, 0.35))
        cubes = mpl.collections.PolyCollection(
            faces, facecolors=fills, edgecolors=edges, linewidths=0.5
        )
        ax.add_collection(cubes)
        ax.set(
            xlim=(-0.5, width + 0.3), ylim=(-0.75, height + 0.3), xticks=[], yticks=[]
        )
        ax.set_aspect("equal")
        ax.spines[:].set_visible(False)
        ax.set_title(title)
        small = {"color": GREY, "size": 9}
        corner = np.array((channels + 0.05, 0.0)) + _AWAY * examples / 2
        slant = np.degrees(np.arctan2(*_AWAY[::-1]))
        ax.text(
            *corner,
            "examples",
            rotation=slant,
            rotation_mode="anchor",
            ha="center",
            va="top",
            **small,
        )
        ax.text(channels / 2, -0.25, "channels", ha="center", va="top", **small)
        ax.text(
            -0.2,
            positions / 2,
            "positions",
            rotation=90,
            ha="right",
            va="center",
            **small,
        )
    return fig


def signal_histograms(
    signals: Mapping[str, Sequence], titles: Sequence[str], limit: float = 3.0
) -> Figure:
    """Histograms in rows and columns on one common axis, each with its deviation.

    Args:
        signals: label of a row -> the values of each column, arrays of any shape.
        titles: one a column.
        limit: the axes run from -limit to limit; the share outside is not drawn.

    Raises:
        ValueError: if there is no row, a row has not as many arrays as titles, or an
            array is empty.

    >>> fig = signal_histograms({"normal": [np.random.normal(size=99)]}, ["layer 1"])
    >>> fig.axes[0].get_ylabel()
    'normal'
    """
    _expect(len(signals) > 0, "at least one row", "none")
    rows, columns = len(signals), len(titles)
    fig, axes = figure(rows, columns, height=0.85 * rows + 0.5, squeeze=False)
    edges = np.linspace(-limit, limit, 62)  # one bin has zero in its middle
    for row, (label, arrays) in zip(axes, signals.items(), strict=True):
        sizes = [np.size(values) for values in arrays]
        _expect(
            len(sizes) == columns and min(sizes) > 0,
            f"{columns} arrays of values in row {label!r}",
            sizes,
        )
        for ax, values in zip(row, arrays, strict=True):
            values = np.ravel(np.asarray(values, float))
            counts, _ = np.histogram(values, edges)
            ax.bar(edges[:-1], counts / values.size, np.diff(edges), align="edge")
            ax.set(xlim=(-limit, limit), yticks=[])
            ax.set_ylim(0, max(counts.max() / values.size, 1e-9) * 1.25)
            ax.spines["left"].set_visible(False)
            if row is not axes[-1]:
                ax.set_xticklabels([])
            text = f"{values.std():.1e}".replace("-", "−")
            ax.text(
                0.98, 0.95, text, transform=ax.transAxes, ha="right", va="top", size=9
            )
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title)
    return fig
