"""Features, made by hand or learned: directions in cells, sheets of patches, heat."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DPI,
    GREY,
    ORANGE,
    VERMILLION,
    WIDTH,
    _bare,
    _expect,
    _picture,
)


def direction_cells(
    ax, image, histograms, cell: int, title: str = "", bars: bool = False
) -> None:
    """A photograph with its grid of cells, and in each cell a stroke a direction.

    A stroke lies along the edge, square to the slope of the brightness, and is the
    longer the more of the cell's slope has that direction; the longest of all cells
    spans its cell.

    Args:
        ax: axes to draw into.
        image: (h, w), (h, w, 1) or (h, w, 3).
        histograms: (rows, columns, bins); bin k holds slopes from k to k + 1 times
            180 / bins degrees, 0 along the rows.
        cell: side of a cell in pixels.
        title: above the picture.
        bars: a bar for each bin in place of strokes: the histogram itself.

    Raises:
        ValueError: if the cells do not lie within the image, or a count is negative.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> direction_cells(ax, np.zeros((16, 24)), np.ones((2, 3, 9)), cell=8)
    >>> len(ax.collections[-1].get_segments())
    54
    """
    picture, colour = _picture(image)
    found = np.asarray(histograms, float)
    _expect(
        found.ndim == 3
        and found.size
        and found.min() >= 0
        and found.shape[0] * cell <= picture.shape[0]
        and found.shape[1] * cell <= picture.shape[1],
        f"histograms (rows, columns, bins) >= 0 of cells within {picture.shape[:2]}",
        f"{found.shape} cells of {cell} pixels",
    )
    rows, columns, bins = found.shape
    style = {} if colour else {"cmap": "gray"}
    ax.imshow(picture, extent=(0, picture.shape[1], picture.shape[0], 0), **style)
    high, wide = rows * cell, columns * cell
    grid = {"colors": "white", "lw": 0.5, "alpha": 0.35}
    ax.hlines(np.arange(rows + 1) * cell, 0, wide, **grid)
    ax.vlines(np.arange(columns + 1) * cell, 0, high, **grid)
    share = found / (found.max() or 1.0)
    i, j, k = np.indices(found.shape).reshape(3, -1)
    size = share.ravel()
    if bars:
        step = 0.9 * cell / bins
        left = j * cell + 0.05 * cell + k * step
        foot = (i + 0.95) * cell
        top = foot - 0.9 * cell * size
        corners = [(left, foot), (left, top), (left + step, top), (left + step, foot)]
        outlines = np.stack([np.stack(corner, -1) for corner in corners], 1)
        ax.add_collection(
            mpl.collections.PolyCollection(outlines, fc=ORANGE, ec="#5c2600", lw=0.3)
        )
    else:
        angle = (k + 0.5) * np.pi / bins + np.pi / 2  # along the edge
        reach = 0.5 * cell * size
        way = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], -1)
        centre = np.stack([(j + 0.5) * cell, (i + 0.5) * cell], -1)
        ax.add_collection(
            mpl.collections.LineCollection(
                np.stack([centre - way, centre + way], 1), colors=ORANGE, lw=1.1
            )
        )
    _bare(ax)
    ax.set(xlim=(0, picture.shape[1]), ylim=(picture.shape[0], 0), title=title)


def tiles(
    ax, pictures, columns: int, title: str = "", labels: Sequence[str] = ()
) -> None:
    """Many small pictures of one size in one sheet, row by row.

    Args:
        ax: axes to draw into.
        pictures: (n, h, w), (n, h, w, 1) or (n, h, w, 3): uint8, or floats from 0 to 1.
        columns: pictures in a row.
        title: above the sheet.
        labels: one a row, at its left.

    Raises:
        ValueError: for other shapes or values, or a wrong number of labels.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> tiles(ax, np.zeros((6, 5, 5, 3)), columns=4)
    >>> ax.images[0].get_array().shape
    (11, 23, 3)
    """
    pictures = np.asarray(pictures)
    _expect(
        pictures.size and pictures.ndim > 2 and pictures.shape[3:] in ((), (1,), (3,)),
        "pictures (n, h, w), (n, h, w, 1) or (n, h, w, 3)",
        pictures.shape,
    )
    if pictures.dtype == np.uint8:
        pictures = pictures / 255
    _expect(
        pictures.dtype.kind == "f" and pictures.min() >= 0 and pictures.max() <= 1,
        "uint8, or floats from 0 to 1",
        f"{pictures.dtype} from {pictures.min()} to {pictures.max()}",
    )
    n, h, w = pictures.shape[:3]
    rows = -(-n // columns)
    _expect(len(labels) in (0, rows), f"no label or {rows}", len(labels))
    sheet = np.ones((rows * (h + 1) - 1, columns * (w + 1) - 1, 3))
    for k, picture in enumerate(pictures):
        y, x = k // columns * (h + 1), k % columns * (w + 1)
        sheet[y : y + h, x : x + w] = picture.reshape(h, w, -1)
    ax.imshow(sheet)
    _bare(ax)
    ax.set_title(title)
    if len(labels):
        ax.set_yticks([k * (h + 1) + (h - 1) / 2 for k in range(rows)], labels)
        ax.tick_params(length=0)


def word_counts(words, counts: Mapping) -> Figure:
    """A codebook of patches, and how often each occurs in images: a row of bars each.

    Args:
        words: (n, h, w, 3), values from 0 to 255: the codebook.
        counts: title -> (n,) counts, or shares, of the words in one image.

    Raises:
        ValueError: for other words, or counts that do not fit them.

    >>> fig = word_counts(np.zeros((4, 6, 6, 3)), {"a cat": [1, 0, 3, 2]})
    >>> len(fig.axes)
    2
    """
    words = np.asarray(words, float)
    n = len(words)
    _expect(
        words.ndim == 4 and n and words.shape[3] == 3,
        "words (n, h, w, 3)",
        words.shape,
    )
    for values in counts.values():
        _expect(np.shape(values) == (n,), f"{n} counts", np.shape(values))
    _expect(len(counts) > 0, "counts of at least one image", "none")
    high = 0.95 * WIDTH / n
    fig = Figure((WIDTH, len(counts) + high + 0.3), dpi=DPI, layout="constrained")
    fig.get_layout_engine().set(h_pad=0.03, hspace=0.02)
    ratios = [1] * len(counts) + [high]
    *axes, book = fig.subplots(1 + len(counts), sharex=True, height_ratios=ratios)
    top = max(np.max(values) for values in counts.values())
    for ax, (title, values) in zip(axes, counts.items(), strict=True):
        ax.bar(range(n), values, width=0.8, color=BLUE)
        ax.set(ylim=(0, 1.05 * top), xticks=[])
        ax.set_ylabel(title)
    for k, word in enumerate(words):
        place = (k - 0.45, k + 0.45, 0, 0.9)
        book.imshow(np.clip(word / 255, 0, 1), extent=place, aspect="auto")
    _bare(book)
    book.set(xlim=(-0.6, n - 0.4), ylim=(0, 0.9))
    return fig


def heat(images: Sequence, maps: Mapping, titles: Sequence[str]) -> Figure:
    """Pictures, and below each the same in grey with a map laid over it, or several.

    Args:
        images: (h, w), (h, w, 1) or (h, w, 3) each.
        maps: label of a row -> (a map of shape (rows, columns) for each picture, first
            and last pixel that the map covers in both directions).  What is negative
            is not shown; the largest value of each map is the strongest colour.
        titles: one a picture, above it.

    Raises:
        ValueError: for no picture or row, or not as many maps and titles as pictures.

    >>> fig = heat([np.ones((8, 8, 3))], {"map": ([np.eye(2)], (0, 8))}, ["a star"])
    >>> len(fig.axes)
    2
    """
    n = len(images)
    counts = {len(found) for found, _ in maps.values()} | {len(titles)}
    _expect(
        counts == {n} and n and maps,
        "as many maps in each row and as many titles as images, at least one",
        f"{n} images, {len(titles)} titles and {len(maps)} rows of maps",
    )
    each = min((WIDTH - 0.8) / n, 0.95)
    height = (1 + len(maps)) * each + 0.35
    fig = Figure((WIDTH, height), dpi=DPI, layout="compressed")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    axes = fig.subplots(1 + len(maps), n, squeeze=False)
    for column, (image, title) in enumerate(zip(images, titles, strict=True)):
        picture, colour = _picture(image)
        high, wide = picture.shape[:2]
        place = {"extent": (0, wide, high, 0)}
        grey = picture.mean(axis=-1) if colour else picture
        first = axes[0, column]
        first.imshow(picture, **place, **({} if colour else {"cmap": "gray"}))
        first.set_title(title)
        for ax, (found, (start, stop)) in zip(
            axes[1:, column], maps.values(), strict=True
        ):
            ax.imshow(grey, cmap="gray", **place)
            values = np.maximum(np.asarray(found[column], float), 0)
            _expect(
                values.ndim == 2 and values.size, "maps (rows, columns)", values.shape
            )
            overlay = np.zeros((*values.shape, 4))
            overlay[..., :3] = to_rgb(VERMILLION)
            overlay[..., 3] = 0.8 * values / (values.max() or 1.0)
            ax.imshow(
                overlay, interpolation="bilinear", extent=(start, stop, stop, start)
            )
            ax.set(xlim=(0, wide), ylim=(high, 0))
    for ax in axes.flat:
        _bare(ax)
        ax.spines[:].set(visible=True, color=GREY, lw=0.5)
    for ax, label in zip(axes[1:, 0], maps, strict=True):
        ax.set_ylabel(label)
    return fig
