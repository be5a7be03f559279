"""Grids of numbers, curves, pictures and bars."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .base import (
    BLUE,
    COLORS,
    DPI,
    INK,
    WIDTH,
    _bare,
    _expect,
    _norm,
    _number,
    _outline,
    _picture,
    _text_color,
    _text_on,
)


def number_grid(
    ax,
    array,
    title: str = "",
    highlight: Sequence[tuple[int, int, int, int]] = (),
    fmt: str | None = None,
    cmap=None,
) -> None:
    """A matrix as a table of cells with its numbers or letters in them.

    Args:
        ax: axes to draw into.
        array: (rows, columns); numbers or texts.  NaN makes a hatched cell, None an
            empty one.
        title: above the grid.
        highlight: windows to outline, each (row, column, height, width) in cells.
        fmt: format of a number, such as ".2f"; whole numbers and two decimals
            otherwise.
        cmap: fills cells by value: `SEQUENTIAL`, `DIVERGING` (white at zero) or
            the name of a Matplotlib map.  None leaves them white.

    Raises:
        ValueError: if the array is not two-dimensional or a window is outside it.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> number_grid(ax, [[1, 2], [3, 4]], highlight=[(0, 0, 1, 2)])
    >>> [text.get_text() for text in ax.texts]
    ['1', '2', '3', '4']
    """
    cells = np.asarray(array, dtype=object)
    _expect(cells.ndim == 2 and cells.size, "a matrix (rows, columns)", cells.shape)
    rows, columns = cells.shape
    for window in highlight:
        _expect(
            len(window) == 4
            and min(window) >= 0
            and window[0] + window[2] <= rows
            and window[1] + window[3] <= columns,
            f"windows (row, column, height, width) inside {rows}x{columns}",
            tuple(window),
        )
    values = np.full(cells.shape, np.nan)
    for where, cell in np.ndenumerate(cells):
        if cell is not None and not isinstance(cell, str):
            values[where] = cell
    fills = np.ones((rows, columns, 4))
    if cmap is not None:
        fills = mpl.colormaps.get_cmap(cmap)(_norm(values, cmap)(values))
        fills[np.isnan(values)] = 1.0
    ax.imshow(fills, extent=(0, columns, rows, 0), interpolation="nearest")
    ax.hlines(range(rows + 1), 0, columns, colors="#b5b5b5", lw=0.8, clip_on=False)
    ax.vlines(range(columns + 1), 0, rows, colors="#b5b5b5", lw=0.8, clip_on=False)
    for (i, j), cell in np.ndenumerate(cells):
        if cell is None:
            continue
        if not isinstance(cell, str) and np.isnan(values[i, j]):
            ax.add_patch(
                mpl.patches.Rectangle((j, i), 1, 1, fc="none", lw=0, hatch="////")
            )
            continue
        text = (
            format(cell, fmt).replace("-", "−")
            if fmt and not isinstance(cell, str)
            else _number(cell)
        )
        ax.text(
            j + 0.5,
            i + 0.5,
            text,
            color=_text_on(fills[i, j]),
            ha="center",
            va="center_baseline",
        ).set_in_layout(False)
    for row, column, height, width in highlight:
        _outline(ax, column, row, width, height)
    _bare(ax)
    ax.set_title(title)


def lines(
    ax, x, curves: Mapping, xlabel: str = "", ylabel: str = "", log: str = ""
) -> None:
    """Curves over a common axis, each labelled at its end or in a legend.

    Args:
        ax: axes to draw into.
        x: (n,) positions.
        curves: label -> y of shape (n,), or (mean, low, high) of shape (n,) each,
            which adds a band from low to high.
        xlabel: quantity and unit.
        ylabel: quantity and unit.
        log: axes with a logarithmic scale: "", "x", "y" or "xy".

    Raises:
        ValueError: if there is no curve, or one does not have the length of x.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> lines(ax, [1, 2], {"loss": [0.9, 0.5]}, "epoch", "cross-entropy")
    >>> ax.get_xlabel()
    'epoch'
    """
    _expect(log in ("", "x", "y", "xy"), 'log as "", "x", "y" or "xy"', repr(log))
    _expect(len(curves) > 0, "at least one curve", "none")
    x = np.asarray(x, float)
    ends = {}
    for i, (label, curve) in enumerate(curves.items()):
        parts = curve if isinstance(curve, tuple) and len(curve) == 3 else (curve,)
        parts = [np.asarray(part, float) for part in parts]
        _expect(
            all(part.shape == x.shape for part in parts),
            f"curve {label!r} of shape {x.shape} like x, or a tuple of three such",
            [part.shape for part in parts],
        )
        color = COLORS[i % len(COLORS)]
        ax.plot(
            x,
            parts[0],
            color=color,
            label=label,
            marker="o" if len(x) <= 12 else None,
            linestyle="-" if i < len(COLORS) else "--",
        )
        if len(parts) == 3:
            ax.fill_between(x, *parts[1:], color=color, alpha=0.2, lw=0)
        ends[label] = (parts[0][-1], color)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(curves) == 1:
        return
    # Labels at the ends where they do not collide, a legend otherwise
    ax.get_xlim(), ax.get_ylim()  # lets the limits follow the curves
    height = ax.get_figure().get_figheight() * ax.get_position().height
    places = [
        ax.transAxes.inverted().transform(ax.transData.transform((x[-1], y)))[1]
        for y, _ in ends.values()
    ]
    if np.all(np.isfinite(places)) and np.diff(sorted(places)).min() * height > 0.25:
        for label, (y, color) in ends.items():
            ax.annotate(
                label,
                (x[-1], y),
                (6, 0),
                textcoords="offset points",
                color=_text_color(color),
                va="center",
                annotation_clip=False,
            )
    else:
        ax.legend()


def images(
    images: Sequence,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    cmap="gray",
) -> Figure:
    """Pictures side by side.

    Args:
        images: each (h, w), (h, w, 1) or (h, w, 3); uint8 from 0 to 255, or floats:
            colours from 0 to 1, grey values on one scale for all pictures.
        titles: one above each picture.
        columns: pictures in a row; all up to six by default.
        cmap: map for grey pictures; `DIVERGING` centres it on zero.

    Raises:
        ValueError: for no picture, wrong shapes or a wrong number of titles.

    >>> fig = images([np.zeros((8, 8)), np.ones((8, 8, 3))], ["grey", "colour"])
    >>> [ax.get_title() for ax in fig.axes]
    ['grey', 'colour']
    """
    pictures = [_picture(image) for image in images]
    _expect(len(pictures) > 0, "at least one image", "none")
    if titles is not None:
        _expect(len(titles) == len(pictures), f"{len(pictures)} titles", len(titles))
    columns = columns or min(len(pictures), 6)
    rows = -(-len(pictures) // columns)
    grey = [picture for picture, colour in pictures if not colour]
    if grey and all(picture.dtype == np.uint8 for picture in grey):
        norm = Normalize(0, 255)
    elif grey:
        values = np.concatenate([picture.ravel().astype(float) for picture in grey])
        inside = values.min() >= 0 and values.max() <= 1 and cmap == "gray"
        norm = Normalize(0, 1) if inside else _norm(values, cmap)
    # columns as wide as their widest picture, so that a row has one height
    shapes = [picture.shape for picture, _ in pictures]
    aspects = np.full(rows * columns, np.nan)
    aspects[: len(shapes)] = [height / width for height, width, *_ in shapes]
    aspects = aspects.reshape(rows, columns)
    ratios = np.nanmax(1 / aspects, axis=0)
    inside = (WIDTH - 0.1 * columns) * ratios / ratios.sum()
    tall = np.minimum(np.nanmax(aspects * inside, axis=1), 2.6)
    height = sum(tall) + rows * (0.3 if titles else 0.06) + 0.06
    fig = Figure((WIDTH, height), dpi=DPI, layout="compressed")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    style = {"width_ratios": ratios, "height_ratios": tall, "squeeze": False}
    axes = fig.subplots(rows, columns, **style).ravel()
    for ax in axes:
        _bare(ax)
    for ax, (picture, colour) in zip(axes, pictures, strict=False):
        small = max(picture.shape) <= 64
        style = {"interpolation": "nearest" if small else "antialiased"}
        if not colour:
            style |= {"cmap": cmap, "norm": norm}
        ax.imshow(picture, **style)
    for ax, title in zip(axes, titles or (), strict=False):
        ax.set_title(title)
    return fig


def bars(
    ax, labels: Sequence[str], values: Sequence, xlabel: str = "", fmt: str = ",.4g"
) -> None:
    """Horizontal bars from top to bottom, each with its value.

    Args:
        ax: axes to draw into.
        labels: one a bar.
        values: one a bar: a number, or (mean, low, high), which adds a whisker.
        xlabel: quantity and unit.
        fmt: format of the values.

    Raises:
        ValueError: if there are no bars, or not as many labels as values.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> bars(ax, ["dense", "convolution"], [61706, 156], "parameters", fmt=",")
    >>> [text.get_text() for text in ax.texts]
    ['61,706', '156']
    """
    _expect(
        len(labels) == len(values) > 0,
        "as many labels as values, at least one",
        f"{len(labels)} labels and {len(values)} values",
    )
    whiskers = [np.ndim(value) == 1 for value in values]
    means = [v[0] if w else v for v, w in zip(values, whiskers, strict=True)]
    ax.barh(range(len(values)), means, height=0.7, color=BLUE)
    for i, (value, mean) in enumerate(zip(values, means, strict=True)):
        end = mean
        if whiskers[i]:
            _expect(len(value) == 3, "(mean, low, high)", tuple(value))
            ax.plot(value[1:], (i, i), color=INK, lw=1.5, marker="|", ms=8, mew=1.5)
            end = max(value) if mean >= 0 else min(value)
        text = format(mean, fmt).replace("-", "−")
        ax.annotate(
            text,
            (end, i),
            (4 if mean >= 0 else -4, 0),
            textcoords="offset points",
            va="center_baseline",
            ha="left" if mean >= 0 else "right",
        )
    ax.set_yticks(range(len(labels)), labels, color=INK)
    spare = max(0.0, (4 - len(labels)) / 2)  # few bars stay slim
    ax.set_ylim(len(labels) - 0.5 + spare, -0.5 - spare)
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(xlabel)
