"""One pixel of a stack of maps: what a 1x1 filter makes of its channels."""

import numpy as np
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DIVERGING,
    DPI,
    GREY,
    INK,
    SEQUENTIAL,
    VERMILLION,
    WIDTH,
    _bare,
    _expect,
    _norm,
    _number,
    _outline,
    _picture,
)


def one_by_one(image, maps, weights, bias: float, row: int, column: int) -> Figure:
    """A 1x1 filter at one position: channels, weights, products, and its whole map.

    Args:
        image: (h, w), (h, w, 1) or (h, w, 3); what the maps were made of, of any size.
        maps: (rows, columns, channels), the input of the filter.
        weights: (channels,), the filter.
        bias: added to the sum of products.
        row: of the position, in the maps.
        column: of the position.

    Raises:
        ValueError: if the weights do not fit the maps, or the position is outside.

    Source: Lin, Chen & Yan 2014, arXiv:1312.4400, section 3.1.

    >>> fig = one_by_one(np.ones((4, 4)), np.ones((2, 2, 3)), [1, 2, -1], 0.5, 0, 1)
    >>> fig.axes[-1].get_title()
    'output: 2.50 here'
    """
    picture, colour = _picture(image)
    maps, weights = np.asarray(maps, float), np.asarray(weights, float)
    _expect(
        maps.ndim == 3 and weights.shape == maps.shape[2:],
        "maps (rows, columns, channels) and a weight for each channel",
        f"shapes {maps.shape} and {weights.shape}",
    )
    rows, columns, channels = maps.shape
    _expect(
        0 <= row < rows and 0 <= column < columns,
        f"a position (row, column) inside {rows}x{columns}",
        (row, column),
    )
    output = maps @ weights + bias
    vector = maps[row, column]
    fig = Figure((WIDTH, 2.75), dpi=DPI, layout="constrained")
    fig.get_layout_engine().set(w_pad=0.04, wspace=0.02)
    axes = fig.subplots(1, 5, width_ratios=(1.5, 1, 1, 1, 1.5))
    _bare(axes[0])
    axes[0].imshow(picture, **({} if colour else {"cmap": "gray"}))
    tall, wide = picture.shape[0] / rows, picture.shape[1] / columns
    _outline(axes[0], column * wide - 0.5, row * tall - 0.5, wide, tall)
    axes[0].set_title("image")
    panels = (
        ("channels", vector, BLUE),
        ("× weights", weights, GREY),
        ("= products", vector * weights, VERMILLION),
    )
    for k, (ax, (title, values, color)) in enumerate(
        zip(axes[1:4], panels, strict=True)
    ):
        ax.barh(range(channels), values, height=0.75, color=color)
        ax.axvline(0, color=INK, lw=0.8)
        ax.set_ylim(channels - 0.5, -0.5)
        reach = 1.08 * max(np.abs(values).max(), 1e-6)
        ax.set_xlim(min(-0.04 * reach, -reach * (values.min() < 0)), reach)
        step = max(1, channels // 8)
        ax.set_yticks(range(0, channels, step))
        ax.tick_params(length=0, labelleft=k == 0)
        ax.spines[:].set_visible(False)
        ax.set_xticks([])
        ax.set_title(title)
    total = f"sum {_number((vector * weights).sum())}, bias {_number(bias)}"
    axes[3].set_xlabel(total)
    cmap = DIVERGING if output.min() < 0 else SEQUENTIAL
    _bare(axes[4])
    axes[4].imshow(output, cmap=cmap, norm=_norm(output, cmap))
    _outline(axes[4], column - 0.5, row - 0.5, 1, 1)
    axes[4].set_title(f"output: {_number(output[row, column])} here")
    return fig
