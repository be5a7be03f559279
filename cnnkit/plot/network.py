"""What a network sees and says: filters, maps, mistakes, receptive fields."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DIVERGING,
    DPI,
    GREY,
    INK,
    ORANGE,
    PALE,
    SEQUENTIAL,
    VERMILLION,
    WIDTH,
    _bare,
    _expect,
    _norm,
    _number,
    _outline,
    _picture,
    _shape_text,
    _sheet,
    _text_color,
    _text_on,
)


def _montage(tiles: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Tiles (n, h, w) in one array, with NaN between them."""
    n, h, w = tiles.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for i, tile in enumerate(tiles):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = tile
    return sheet


def filters(kernels, title: str = "", columns: int | None = None) -> Figure:
    """The kernels of a layer on one scale: red below zero, white, blue above.

    One row for each of the first four input channels, or, where there is one input
    channel, as many rows as it takes.  At most 16 filters, or 64, are drawn.

    Args:
        kernels: (kernel height, kernel width, channels in, filters), as Keras has
            them.
        title: above the picture.
        columns: filters in a row where there is one input channel; by default it
            suits their number.

    Raises:
        ValueError: if the kernels do not have four axes.

    >>> fig = filters(np.ones((3, 3, 1, 8)))
    >>> fig.axes[0].get_title()
    '8 filters of 3×3×1'
    """
    kernels = np.asarray(kernels, float)
    _expect(
        kernels.ndim == 4 and kernels.size,
        "kernels of shape (height, width, channels in, filters)",
        kernels.shape,
    )
    height, width, channels, count = kernels.shape
    rows = min(channels, 4)
    if channels == 1:
        shown = min(count, 64)
        columns = columns or min(count, 8 if count <= 32 else 16)
        tiles = np.moveaxis(kernels[:, :, 0, :shown], -1, 0)
        rows = -(-shown // columns)
    else:
        shown = columns = min(count, 16)
        tiles = kernels[:, :, :rows, :shown].transpose(2, 3, 0, 1)
        tiles = tiles.reshape(-1, height, width)
    each = min(0.8, 5.7 / columns)  # inches
    aspect = height / width
    fig = Figure((WIDTH, rows * each * aspect + 0.5), dpi=DPI, layout="compressed")
    ax = fig.subplots()
    # whole kernel entries as squares with a fine gap between kernels
    scale = 8
    tiles = tiles.repeat(scale, 1).repeat(scale, 2)
    sheet = _montage(tiles, columns, max(2, scale * width // 10))
    picture = ax.imshow(sheet, cmap=DIVERGING, norm=_norm(kernels, DIVERGING))
    _bare(ax)
    for i, tile in enumerate(tiles):
        h, w = tile.shape
        gap = max(2, scale * width // 10)
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        _outline(ax, x - 0.5, y - 0.5, w, h, GREY, lw=0.5)
    if channels > 1:
        step = height * scale + max(2, scale * width // 10)
        ax.set_yticks(
            [i * step + height * scale / 2 for i in range(rows)],
            [f"channel {i}" for i in range(rows)],
        )
        ax.tick_params(length=0)
    more = [f"{count - shown} more filters"] if count > shown else []
    if channels > rows:
        more.append(f"{channels - rows} more channels")
    what = title or f"{count} filter{'s' * (count > 1)} of {height}×{width}×{channels}"
    ax.set_title(" · ".join([what, *(f"+{text}" for text in more)]))
    fig.colorbar(picture, ax=ax, shrink=0.95, aspect=12, pad=0.02).outline.set_lw(0.5)
    return fig


def feature_maps(maps: Sequence, titles: Sequence[str]) -> Figure:
    """What each layer makes of one image: a row a layer, a picture a channel.

    Each row has one scale: white is zero, blue grows above it and red below it.  The
    range of a layer's values stands at the end of its row.

    Args:
        maps: a layer each: (height, width, channels), or (units,) for a vector.
        titles: one a layer.

    Raises:
        ValueError: for no map, other shapes or a wrong number of titles.

    >>> fig = feature_maps([np.ones((4, 4, 2)), np.ones(10)], ["conv1", "scores"])
    >>> [text.get_text() for text in fig.axes[0].texts][:2]
    ['conv1', '4×4×2']
    """
    maps = [np.asarray(values, float) for values in maps]
    _expect(
        len(maps) == len(titles) > 0,
        "as many titles as maps, at least one",
        f"{len(maps)} maps and {len(titles)} titles",
    )
    for values in maps:
        _expect(
            values.ndim in (1, 3) and values.size,
            "maps of shape (height, width, channels) or (units,)",
            values.shape,
        )
    left, unit, step, gap = 0.9, 0.56, 0.61, 0.1  # inches
    heights = [
        np.clip(unit * v.shape[0] / v.shape[1], 0.34, 0.84) if v.ndim == 3 else 0.34
        for v in maps
    ]
    fig, sheet = _sheet(sum(heights) + gap * (len(maps) + 1))
    total, y = fig.get_figheight(), gap
    for values, title, height in zip(maps, titles, heights, strict=True):
        style = {"cmap": DIVERGING if values.min() < 0 else SEQUENTIAL}
        style["norm"] = _norm(values, style["cmap"])
        if values.ndim == 3:
            width = min(height * values.shape[1] / values.shape[0], unit)
            tiles = [values[..., i] for i in range(min(values.shape[-1], 8))]
            corner = y
        else:  # one strip, an entry a unit
            tiles, width, corner = [values[None]], 7 * step + unit, y + 0.07
        tall = height - 2 * (corner - y)
        ax = fig.add_axes((0, 1 - (corner + tall) / total, 1, tall / total))
        for i, tile in enumerate(tiles):
            x = left + i * step
            ax.imshow(tile, extent=(x, x + width, tall, 0), aspect="auto", **style)
            _outline(ax, x, 0, width, tall, GREY, lw=0.5)
        _bare(ax)
        ax.set(xlim=(0, WIDTH), ylim=(tall, 0), facecolor="none")
        if values.ndim == 3 and values.shape[-1] > 8:
            x = left + 8 * step
            more = f"+{values.shape[-1] - 8}"
            sheet.text(x, y + height / 2, more, va="center_baseline", color=GREY)
        middle = y + height / 2
        grey = {"color": GREY, "size": 9}
        sheet.text(0.1, middle - 0.02, title, va="bottom")
        sheet.text(0.1, middle + 0.02, _shape_text(values.shape), va="top", **grey)
        ends = f"max {values.max():.2g}", f"min {values.min():.2g}".replace("-", "−")
        for end, shift in zip(ends, (0, 0.15), strict=True):
            sheet.text(6.1, middle - 0.14 + shift, end, va="top", **grey)
        y += height + gap
    return fig


def confusion_matrix(matrix, class_names: Sequence[str]) -> Figure:
    """How often each true class (row) was taken for each class (column).

    The numbers are counts; the shade is the share of the row, so rare classes show
    as clearly as frequent ones.  The column on the right is the share that is right.

    Args:
        matrix: (classes, classes) counts; rows are the true classes.
        class_names: in the order of the matrix.

    Raises:
        ValueError: if the matrix is not square or does not fit the names.

    >>> fig = confusion_matrix([[3, 1], [0, 4]], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['3', '1', '75 %', '', '4', '100 %', 'right']
    """
    matrix = np.asarray(matrix)
    n = len(class_names)
    _expect(
        matrix.shape == (n, n) and n > 0,
        f"a matrix of {n} x {n} counts for {n} class names",
        matrix.shape,
    )
    total = matrix.sum(axis=1)
    share = matrix / np.maximum(total, 1)[:, None]
    side = min(0.42, 5.0 / n)
    fig = Figure((WIDTH, min(n * side + 1.3, 6.5)), dpi=DPI, layout="constrained")
    ax = fig.subplots()
    ax.imshow(share, cmap=SEQUENTIAL, vmin=0, vmax=1)
    for i in range(n):
        for j in range(n):
            ax.text(
                j,
                i,
                f"{matrix[i, j]:,}" if matrix[i, j] else "",
                ha="center",
                va="center_baseline",
                size=9,
                color=_text_on(SEQUENTIAL(share[i, j])),
            ).set_in_layout(False)
        right = f"{share[i, i]:.0%}".replace("%", " %") if total[i] else "–"
        ax.text(n - 0.3, i, right, va="center_baseline", color=GREY, size=9)
    ax.text(n - 0.3, -0.55, "right", va="bottom", color=GREY, size=9)
    edges = np.arange(n + 1) - 0.5
    ax.hlines(edges, -0.5, n - 0.5, color=PALE, lw=0.6)
    ax.vlines(edges, -0.5, n - 0.5, color=PALE, lw=0.6)
    _bare(ax)
    ax.set_yticks(range(n), class_names, color=INK)
    slant = max(map(len, class_names)) > 4
    ax.set_xticks(
        range(n),
        class_names,
        color=INK,
        rotation=40 if slant else 0,
        ha="right" if slant else "center",
        rotation_mode="anchor",
    )
    ax.tick_params(length=0)
    ax.set(xlabel="predicted class", ylabel="true class")
    return fig


def mistakes(
    images: Sequence, true, predicted, confidence, class_names: Sequence[str]
) -> Figure:
    """Images with their true class, and the class the network said instead.

    Args:
        images: up to 15 pictures, (h, w), (h, w, 1) or (h, w, 3).
        true: (n,) class indices.
        predicted: (n,) class indices.
        confidence: (n,) probabilities of the predicted classes.
        class_names: names by index.

    Raises:
        ValueError: if the lengths differ, or for more than 15 images.

    >>> fig = mistakes([np.zeros((8, 8))], [0], [1], [0.9], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['cat', 'dog 90 %']
    """
    n = len(images)
    lengths = (n, len(true), len(predicted), len(confidence))
    _expect(
        1 <= n <= 15 and len(set(lengths)) == 1,
        "1 to 15 images, with a true class, a predicted class and a confidence each",
        f"lengths {lengths}",
    )
    pictures = [_picture(image) for image in images]
    columns = 5
    rows = -(-n // columns)
    aspect = max(picture.shape[0] / picture.shape[1] for picture, _ in pictures)
    each, text = 1.0, 0.5
    height = rows * (each * aspect + text) + 0.28
    fig = Figure((WIDTH, height), dpi=DPI, layout="none")
    fig.text(
        0.1 / WIDTH,
        1 - 0.06 / height,
        "true class above, predicted class below",
        va="top",
        color=GREY,
    )
    for i, (picture, colour) in enumerate(pictures):
        x = (i % columns) * WIDTH / columns + (WIDTH / columns - each) / 2
        y = height - 0.28 - (i // columns + 1) * (each * aspect + text) + text / 2
        ax = fig.add_axes((x / WIDTH, y / height, each / WIDTH, each * aspect / height))
        ax.imshow(picture, **({} if colour else {"cmap": "gray"}))
        _bare(ax)
        middle = {"ha": "center", "transform": ax.transAxes, "size": 9}
        pad = 0.05 / (each * aspect)
        ax.text(0.5, 1 + pad, class_names[true[i]], va="bottom", **middle)
        said = f"{class_names[predicted[i]]} {confidence[i]:.0%}".replace("%", " %")
        ax.text(0.5, -pad, said, va="top", color=_text_color(VERMILLION), **middle)
    return fig


def receptive_field(image, masks: Sequence, titles: Sequence[str]) -> Figure:
    """The part of an image that one unit reads, for several units.

    Args:
        image: (h, w), (h, w, 1) or (h, w, 3).
        masks: (h, w) each: how strongly the unit reacts to each pixel, for instance
            the magnitude of its gradient.  Zero means: the pixel is not read.
        titles: one a unit.

    Raises:
        ValueError: if a mask does not fit the image or is negative, or for a wrong
            number of titles.

    >>> mask = np.zeros((8, 8))
    >>> mask[2:5, 3:6] = 1
    >>> fig = receptive_field(np.ones((8, 8)), [mask], ["conv1"])
    >>> fig.axes[0].get_title()
    'conv1\\n3×3 pixels'
    """
    picture, colour = _picture(image)
    masks = [np.asarray(mask, float) for mask in masks]
    _expect(
        len(masks) == len(titles) > 0,
        "as many titles as masks, at least one",
        f"{len(masks)} masks and {len(titles)} titles",
    )
    columns = min(len(masks), 4)
    rows = -(-len(masks) // columns)
    aspect = picture.shape[0] / picture.shape[1]
    each = min(WIDTH / columns, 2.2)
    fig = Figure((WIDTH, rows * (each * aspect + 0.5)), dpi=DPI, layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        _bare(ax)
    for ax, mask, title in zip(axes, masks, titles, strict=False):
        _expect(
            mask.shape == picture.shape[:2] and mask.min() >= 0,
            f"masks of shape {picture.shape[:2]} without negative values",
            f"shape {mask.shape}, smallest value {mask.min() if mask.size else None}",
        )
        ax.imshow(picture, **({} if colour else {"cmap": "gray"}))
        strength = np.sqrt(mask / (mask.max() or 1.0))
        overlay = np.zeros((*mask.shape, 4))
        overlay[..., :3] = to_rgb(ORANGE)
        overlay[..., 3] = np.where(mask > 0, 0.25 + 0.55 * strength, 0)
        ax.imshow(overlay)
        read = np.argwhere(mask > 0)
        size = "nothing read"
        if len(read):
            (top, left), (bottom, right) = read.min(0), read.max(0)
            height, width = bottom - top + 1, right - left + 1
            _outline(ax, left - 0.5, top - 0.5, width, height, lw=1.8)
            size = f"{height}×{width} pixels"
        ax.set_title(f"{title}\n{size}")
    return fig


def smoothing(readings, weights, t: int, smoothed) -> Figure:
    """A noisy track, the window of weights that ends at time t, and the result.

    Args:
        readings: (n,) measured values.
        weights: (k,) the newest first: weights[0] multiplies readings[t].
        t: the present, an index of `readings`.
        smoothed: (n,) smoothed values, NaN where the window does not fit.

    Raises:
        ValueError: if the lengths do not fit, or t has no full window.

    >>> fig = smoothing([1, 2, 3], [0.5, 0.5], 2, [np.nan, 1.5, 2.5])
    >>> len(fig.axes)
    2
    """
    readings, smoothed = np.asarray(readings, float), np.asarray(smoothed, float)
    weights = np.asarray(weights, float)
    n, k = len(readings), len(weights)
    _expect(
        readings.ndim == 1 and smoothed.shape == readings.shape and k > 0,
        "readings and smoothed values of the same length, and weights",
        f"shapes {readings.shape}, {smoothed.shape} and {weights.shape}",
    )
    _expect(k - 1 <= t < n, f"t from {k - 1} to {n - 1}, a full window", t)
    fig = Figure((WIDTH, 3.4), dpi=DPI, layout="constrained")
    top, bottom = fig.subplots(2, sharex=True, height_ratios=(2.4, 1))
    window = np.arange(t - k + 1, t + 1)
    for ax in (top, bottom):
        ax.axvspan(window[0] - 0.5, t + 0.5, color="#ffddca", lw=0)
    top.plot(readings, "o", color="#8c8c8c", ms=3.5, label="reading")
    top.plot(
        window, readings[window], "o", color=VERMILLION, ms=5, label="in the window"
    )
    past = np.where(np.arange(n) <= t, smoothed, np.nan)
    result = f"smoothed, now s({t}) = {_number(round(smoothed[t], 2))}"
    top.plot(past, color=BLUE, label=result)
    top.plot(t, smoothed[t], "s", color=BLUE, ms=7)
    top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
    top.set_ylabel("value")
    bottom.bar(window, weights[::-1], width=0.8, color=VERMILLION)
    bottom.axhline(0, color=GREY, lw=0.8)
    bottom.set(ylabel="weight", xlabel="time", xlim=(-1, n))
    return fig
