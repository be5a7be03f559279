"""Fits of too little and too much capacity, shrinking weights, dropped units."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DIVERGING,
    GREY,
    INK,
    ORANGE,
    PALE,
    VERMILLION,
    WIDTH,
    _bare,
    _expect,
    _number,
    _text_color,
    figure,
)
from .network import _montage


def polynomial_fit(x, y, grid, fitted, truth, errors: Mapping, degree: int) -> Figure:
    """Noisy points with a polynomial through them, and what each degree costs.

    Args:
        x: (n,) places of the training points.
        y: (n,) their values.
        grid: (m,) places of the two curves.
        fitted: (m,) the polynomial.
        truth: (m,) what lies under the noise.
        errors: "training" and "test" -> (degrees,) root mean squares, from degree 0.
        degree: of the polynomial shown, marked among the errors.

    Raises:
        ValueError: if the errors do not reach up to the degree.

    >>> errors = {"training": [1, 0.5], "test": [1, 0.6]}
    >>> fig = polynomial_fit([0, 1], [0, 1], [0, 1], [0, 1], [0, 1], errors, 1)
    >>> [ax.get_xlabel() for ax in fig.axes]
    ['x', 'degree']
    """
    degrees = np.arange(len(errors["training"]))
    _expect(0 <= degree < len(degrees), f"degree below {len(degrees)}", degree)
    fig, (left, right) = figure(columns=2, height=2.9)
    left.plot(grid, truth, color=GREY, ls="--", lw=1.4, label="truth")
    left.plot(grid, fitted, color=BLUE, label=f"degree {degree}")
    left.plot(x, y, "o", color=INK, ms=5, label="training points")
    high = 1.6 * max(np.abs(truth).max(), np.abs(y).max(), 1e-9)
    left.set(xlabel="x", ylabel="y", ylim=(-high, high))
    left.legend(loc="upper left", fontsize=8.5, handlelength=1.6)
    for (name, values), color in zip(errors.items(), (BLUE, VERMILLION), strict=False):
        shown = np.maximum(np.asarray(values, float), 1e-3)  # zero has no logarithm
        right.plot(degrees, shown, "o-", color=color, label=name)
    right.axvline(degree, color=ORANGE, lw=6, alpha=0.35, zorder=0)
    right.set(xlabel="degree", ylabel="root of mean squared error", yscale="log")
    right.set(ylim=(8e-4, 20), xticks=degrees[:: 2 if len(degrees) > 8 else 1])
    right.legend(loc="upper left")
    return fig


def feature_sheets(sheets: Mapping[str, Sequence], columns: int = 16) -> Figure:
    """Many small images side by side, each on its own scale: white is zero.

    Args:
        sheets: title -> (n, height, width).
        columns: images in a row of a sheet.

    Raises:
        ValueError: if a sheet has other axes.

    >>> fig = feature_sheets({"one": np.ones((4, 3, 3)), "two": np.ones((4, 3, 3))}, 2)
    >>> [ax.get_title() for ax in fig.axes]
    ['one', 'two']
    """
    arrays = {title: np.asarray(tiles, float) for title, tiles in sheets.items()}
    for tiles in arrays.values():
        _expect(tiles.ndim == 3 and tiles.size, "(n, height, width)", tiles.shape)
    n, high, wide = next(iter(arrays.values())).shape
    rows = -(-n // columns)
    each = WIDTH / len(arrays)
    height = each * rows * (high + 1) / (columns * (wide + 1)) + 0.35
    fig, axes = figure(columns=len(arrays), height=height, squeeze=False)
    for ax, (title, tiles) in zip(axes[0], arrays.items(), strict=True):
        largest = np.abs(tiles).max(axis=(1, 2), keepdims=True)
        sheet = _montage(tiles / np.where(largest, largest, 1), columns, 1)
        ax.imshow(sheet, cmap=DIVERGING, vmin=-1, vmax=1)
        ax.set_title(title)
        _bare(ax)
    return fig


def weight_histograms(
    rows: Mapping[str, Mapping[str, Sequence]], high: float | None = None
) -> Figure:
    """Histograms of weights on one scale, a row a kind, a column a strength.

    The count of weights that are exactly zero stands in each, and they are left out
    of the bars, which they would dwarf.

    Args:
        rows: kind -> strength -> weights of any shape; as many strengths in each row.
        high: where the scale ends on both sides; default: at the largest weight.

    Raises:
        ValueError: if rows differ in length.

    >>> fig = weight_histograms({"L1": {"0.1": [0.0, 0.0, 1.0], "1": [0.0] * 3}})
    >>> [ax.texts[0].get_text() for ax in fig.axes]
    ['2 of 3\\nare zero', '3 of 3\\nare zero']
    """
    lengths = {len(row) for row in rows.values()}
    _expect(len(lengths) == 1, "as many strengths in each row", sorted(lengths))
    fig, axes = figure(
        len(rows), lengths.pop(), height=1.75 * len(rows), sharey=True, squeeze=False
    )
    everything = [np.ravel(w) for row in rows.values() for w in row.values()]
    high = high or max(np.abs(w).max() for w in everything) or 1.0
    bins = np.linspace(-high, high, 42)
    for line, (kind, row) in zip(axes, rows.items(), strict=True):
        for ax, (strength, weights) in zip(line, row.items(), strict=True):
            weights = np.ravel(weights)
            ax.hist(weights[weights != 0], bins, color=BLUE)
            text = f"{np.sum(weights == 0)} of {weights.size}\nare zero"
            ax.text(0.97, 0.95, text, ha="right", va="top", transform=ax.transAxes)
            ax.set_title(f"{kind}, strength {strength}")
        line[0].set_ylabel("weights")
    for ax in axes[-1]:
        ax.set_xlabel("value")
    return fig


def dropout_masks(w, inputs, masks, values, mean) -> Figure:
    """One unit with two inputs under each mask, and the mean of its values.

    Args:
        w: (2,) weights.
        inputs: (2,) what comes in.
        masks: (n, 2) of 0 and 1.
        values: (n,) of the unit under each mask.
        mean: of the values.

    >>> fig = dropout_masks([2, -1], [3, 4], [[1, 1], [0, 1]], [2, -4], -1)
    >>> [ax.get_title() for ax in fig.axes]
    ['mask 1, 1', 'mask 0, 1', 'mean']
    """
    fig, axes = figure(columns=len(masks) + 1, height=1.75)
    for ax in axes:
        ax.set(xlim=(-0.35, 1.35), ylim=(-0.25, 1.25), aspect="equal")
        _bare(ax)
    for ax, mask, value in zip(axes, masks, values, strict=False):
        for place, weight, x, kept in zip((1, 0), w, inputs, mask, strict=True):
            color = BLUE if kept else GREY
            style = {"color": color, "ls": "-" if kept else ":", "lw": 1.6}
            ax.plot((0, 1), (place, 0.5), zorder=1, **style)
            ax.scatter(
                0, place, 420, ec=color, fc="white" if kept else PALE, lw=1.4, zorder=2
            )
            ink = INK if kept else GREY
            ax.text(0, place, _number(x), ha="center", va="center", color=ink)
            if kept:
                y = 0.25 + 0.5 * place + (0.14 if place else -0.14)
                ax.text(0.55, y, f"×{_number(weight)}", ha="center", va="center")
        ax.scatter(1, 0.5, 420, ec=INK, fc="white", lw=1.4, zorder=2)
        ax.text(1, 0.5, _number(value), ha="center", va="center", weight="bold")
        ax.set_title(f"mask {', '.join(str(int(m)) for m in mask)}")
    axes[-1].scatter(0.5, 0.5, 900, ec=VERMILLION, fc="white", lw=2)
    axes[-1].text(
        0.5,
        0.5,
        _number(mean),
        ha="center",
        va="center",
        weight="bold",
        color=_text_color(VERMILLION),
        size=12,
    )
    axes[-1].set_title("mean")
    return fig
