"""Pixels as a cloud of colours, and where test crops are cut."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .base import COLORS, DPI, INK, PALE, WIDTH, _bare, _expect, _picture, _text_color


def pixel_cloud(pixels, mean, axes, spreads, offsets) -> Figure:
    """Pixels in the space of red, green and blue, with their principal axes.

    Left all of it; right the offsets of `pca_jitter`, seen along blue.

    Args:
        pixels: (n, 3) colours from 0 to 1; each is drawn in its own colour.
        mean: (3,) of the pixels.
        axes: (3, 3) unit vectors, one a row.
        spreads: (3,) standard deviation along each axis.
        offsets: (m, 3) colour offsets, drawn on the right from the mean.

    Raises:
        ValueError: for other shapes.

    >>> rng = np.random.default_rng(0)
    >>> cloud = rng.random((20, 3))
    >>> fig = pixel_cloud(cloud, cloud.mean(0), np.eye(3), [0.1] * 3, cloud / 9)
    >>> fig.axes[0].get_zlabel()
    'blue'
    """
    pixels, mean, axes = (np.asarray(a, float) for a in (pixels, mean, axes))
    offsets = np.asarray(offsets, float)
    _expect(
        pixels.ndim == 2 and pixels.shape[1] == 3 and axes.shape == (3, 3),
        "pixels (n, 3) and axes (3, 3)",
        (pixels.shape, axes.shape),
    )
    fig = Figure((WIDTH, 3.4), dpi=DPI, layout="none")
    cloud = fig.add_axes((0.0, 0.05, 0.52, 0.92), projection="3d")
    cloud.scatter(*pixels.T, c=np.clip(pixels, 0, 1), s=5, depthshade=False)
    for k, (axis, spread) in enumerate(zip(axes[::-1], spreads[::-1], strict=True)):
        ends = mean + np.outer((-2, 2), axis) * spread
        label = ("first", "second", "third")[k]
        cloud.plot(*ends.T, color=COLORS[k], lw=3, label=f"{label} axis", zorder=9)
    cloud.set(xlim=(0, 1), ylim=(0, 1), zlim=(0, 1))
    cloud.set(xlabel="red", ylabel="green", zlabel="blue")
    for axis in (cloud.xaxis, cloud.yaxis, cloud.zaxis):
        axis.set_ticks([0, 0.5, 1])
        axis.set_pane_color(PALE, 0.3)
    cloud.view_init(20, -62)
    cloud.legend(loc="upper left", fontsize=8.5)
    flat = fig.add_axes((0.68, 0.17, 0.31, 0.7))
    flat.axhline(0, color=PALE, zorder=0)
    flat.axvline(0, color=PALE, zorder=0)
    flat.scatter(offsets[:, 0], offsets[:, 1], s=12, color=INK, alpha=0.6, lw=0)
    reach = 1.15 * np.abs(offsets[:, :2]).max()
    for k, axis in enumerate(axes[::-1][:2]):
        if np.abs(axis[:2]).max() > 1e-6:  # else it points at the reader
            ends = np.outer((-reach, reach), axis[:2] / np.abs(axis[:2]).max())
            flat.plot(*ends.T, color=COLORS[k], lw=1.4)
    flat.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    flat.set(xlabel="added to red", ylabel="added to green", title="offsets")
    return fig


def crop_rectangles(image, corners: Sequence[tuple[int, int]], size: int) -> Figure:
    """An image with squares outlined on it, and the squares cut out, in two rows.

    Args:
        image: (h, w, 3) or (h, w).
        corners: (top, left) of each square, in pixels.
        size: side of the squares in pixels.

    Raises:
        ValueError: if a square is not inside the image.

    >>> fig = crop_rectangles(np.zeros((8, 8, 3)), [(0, 0), (1, 1)], 6)
    >>> [ax.get_title() for ax in fig.axes]
    ['8×8', '(0, 0)', '(1, 1)', 'mirrored', 'mirrored']
    """
    picture, colour = _picture(image)
    high, wide = picture.shape[:2]
    for top, left in corners:
        _expect(
            0 <= top <= high - size and 0 <= left <= wide - size,
            f"squares of {size} inside {high}x{wide}",
            (top, left),
        )
    n = len(corners)
    fig = Figure((5.2, 1.9), dpi=DPI, layout="compressed")
    layout = [["whole", *(f"{k}" for k in range(n))]]
    layout += [["whole", *(f"m{k}" for k in range(n))]]
    ratios = [2.2, *[1] * n]
    axes = fig.subplot_mosaic(layout, width_ratios=ratios)
    style = {} if colour else {"cmap": "gray"}
    axes["whole"].imshow(picture, **style)
    axes["whole"].set_title(f"{high}×{wide}")
    for k, (top, left) in enumerate(corners):
        color = COLORS[k % len(COLORS)]
        inset = 1.5 + 1.2 * k  # so that shared edges stay visible
        side = size - 2 * inset
        axes["whole"].add_patch(
            _rectangle(left + inset - 0.5, top + inset - 0.5, side, color)
        )
        crop = picture[top : top + size, left : left + size]
        for name, shown in ((f"{k}", crop), (f"m{k}", crop[:, ::-1])):
            axes[name].imshow(shown, **style)
            axes[name].set_title(
                f"({top}, {left})" if shown is crop else "mirrored",
                color=_text_color(color),
                fontsize=9,
            )
    for ax in axes.values():
        _bare(ax)
    return fig


def _rectangle(x, y, side, color):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), side, side, fc="none", ec=color, lw=1.8)
