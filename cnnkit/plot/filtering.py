"""What kernels make of photographs: the result of one, the strongest of several."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .base import COLORS, DIVERGING, DPI, WIDTH, _bare, _expect, _norm, _picture
from .general import images, number_grid


def filtering(photo, kernel, result, signed: bool = False) -> Figure:
    """A photograph, a kernel with its numbers, and what comes out, side by side.

    Args:
        photo: (h, w) grey values from 0 to 255.
        kernel: (kh, kw) weights; many in a row are drawn as shades.
        result: (rows, columns).
        signed: draw the result white at zero, blue above and red below; otherwise as
            grey values, cut off at 0 and 255.

    Raises:
        ValueError: if one of the three is no matrix.

    >>> fig = filtering(np.zeros((4, 4)), np.ones((1, 3)), np.zeros((4, 2)))
    >>> [ax.get_title() for ax in fig.axes]
    ['photograph', 'kernel, sum of weights 3', 'result']
    """
    photo, kernel, result = (np.asarray(a, float) for a in (photo, kernel, result))
    for name, array in (("photo", photo), ("kernel", kernel), ("result", result)):
        _expect(array.ndim == 2 and array.size, f"{name} as a matrix", array.shape)
    aspect = photo.shape[0] / photo.shape[1]
    widths = (1.0, 0.62, 1.0)
    inside = (0.78 * WIDTH - 0.4) / sum(widths)
    height = min(max(inside * aspect, 1.3), 2.6) + 0.36
    fig = Figure((0.78 * WIDTH, height), dpi=DPI, layout="compressed")
    left, middle, right = fig.subplots(1, 3, width_ratios=widths)
    grey = {"cmap": "gray", "norm": Normalize(0, 255)}
    left.imshow(photo, **grey)
    fmt = ".0f" if np.array_equal(kernel, kernel.round()) else ".2f"
    longest = max(len(format(value, fmt)) for value in kernel.flat)
    if longest * kernel.shape[1] <= 15:  # there is room for numbers
        number_grid(middle, kernel, fmt=fmt, cmap=DIVERGING)
    else:
        middle.imshow(kernel, cmap=DIVERGING, norm=_norm(kernel, DIVERGING))
    if signed:
        grey = {"cmap": DIVERGING, "norm": _strong(result)}
    right.imshow(result, **grey)
    total = f"{kernel.sum() + 0.0:.3g}".replace("-", "−")
    titles = ("photograph", f"kernel, sum of weights {total}", "result")
    for ax, title in zip((left, middle, right), titles, strict=True):
        _bare(ax)
        ax.set_title(title)
    return fig


def _strong(values: np.ndarray) -> Normalize:
    """Centred on zero; the largest 1 % are drawn alike, so that the others show."""
    most = np.quantile(np.abs(values), 0.99) or np.abs(values).max() or 1.0
    return Normalize(-most, most, clip=True)


def orientations(
    photos: Sequence, strengths: Sequence, angles: Sequence[float], scales: Sequence
) -> Figure:
    """Photographs, and at each pixel the orientation whose kernel answers strongest.

    The colour is the orientation, its depth the strength; white means no answer.

    Args:
        photos: (h, w) or (h, w, 3) each, as for `images`.
        strengths: for each photograph one array (angles, rows, columns) a scale, the
            sizes of the responses.
        angles: degrees, anticlockwise from the horizontal; at most seven.
        scales: a title each.

    Raises:
        ValueError: if the numbers of photographs, scales or angles do not agree.

    >>> fig = orientations([np.zeros((4, 4))], [[np.ones((2, 4, 4))]], [0, 90], ["3x3"])
    >>> [ax.get_title() for ax in fig.axes]
    ['photograph', '3x3']
    """
    _expect(
        len(photos) == len(strengths) > 0
        and all(len(scale) == len(scales) > 0 for scale in strengths),
        f"{len(scales)} arrays of strengths for each of {len(photos)} photographs",
        [len(scale) for scale in strengths],
    )
    _expect(0 < len(angles) <= len(COLORS), "1 to 7 angles", len(angles))
    colors = np.array([to_rgb(color) for color in COLORS[: len(angles)]])
    panels = []
    for photo, found in zip(photos, strengths, strict=True):
        panels.append(_picture(photo)[0])
        for strength in found:
            strength = np.asarray(strength, float)
            _expect(
                strength.ndim == 3 and len(strength) == len(angles),
                f"strengths of shape ({len(angles)}, rows, columns)",
                strength.shape,
            )
            depth = strength.max(axis=0)
            depth = np.clip(depth / (np.quantile(depth, 0.97) or 1.0), 0, 1)[..., None]
            panels.append(1 - depth * (1 - colors[strength.argmax(axis=0)]))
    fig = images(panels, columns=1 + len(scales))
    for ax, title in zip(fig.axes, ("photograph", *scales), strict=False):
        ax.set_title(title)
    fig.set_figheight(fig.get_figheight() + 0.6)
    strokes = [
        Line2D(
            *([], []),
            ls="none",
            marker=np.array([(-x, -y), (x, y)]),
            ms=15 * max(abs(x), abs(y)),
            mew=4,
            color=color,
            label=f"{angle:g}°",
        )
        for angle, color in zip(angles, COLORS, strict=False)
        for x, y in [(np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle)))]
    ]
    fig.legend(handles=strokes, loc="outside lower center", ncols=len(angles))
    return fig
