"""A training run at one moment: curves, filters, maps and mistakes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DIVERGING,
    DPI,
    GREY,
    SEQUENTIAL,
    VERMILLION,
    WIDTH,
    _bare,
    _expect,
    _norm,
    _picture,
    _text_color,
)


def kernel_tiles(kernels) -> tuple[np.ndarray, bool]:
    """The kernels of a first layer as small pictures.

    Args:
        kernels: (height, width, channels, filters), as Keras has them.

    Returns:
        (filters, height, width, 3) colours from 0 to 1, with grey for zero, and True,
        where there are three channels; else (filters, height, width), the weights of
        the first channel, and False.

    Raises:
        ValueError: if the kernels do not have four axes.

    >>> tiles, colour = kernel_tiles(np.ones((5, 5, 3, 16)))
    >>> tiles.shape, colour, float(tiles.max())
    ((16, 5, 5, 3), True, 1.0)
    """
    kernels = np.asarray(kernels, float)
    _expect(
        kernels.ndim == 4 and kernels.size,
        "kernels of shape (height, width, channels in, filters)",
        kernels.shape,
    )
    tiles = np.moveaxis(np.nan_to_num(kernels), -1, 0)
    if kernels.shape[2] != 3:
        return tiles[..., 0], False
    largest = np.abs(tiles).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + tiles / (2 * np.where(largest > 0, largest, 1)), True


def training_moment(
    losses,
    smoothed,
    evaluations: Sequence[tuple[int, float]],
    accuracies,
    kernels,
    image,
    maps,
    layer: str,
    mistakes: Sequence[tuple],
) -> Figure:
    """Loss and accuracy so far, and what the network looks like after that.

    Args:
        losses: (steps,), of each batch.
        smoothed: (steps,), their running mean.
        evaluations: (step, accuracy on held-out images).
        accuracies: (steps,), running mean of the accuracy on the batches.
        kernels: of the first convolution, as Keras has them, or None.
        image: one image.
        maps: (height, width, channels) or (units,): what a layer makes of the image.
        layer: its name.
        mistakes: up to five of (image, name of its class, name of the class said).

    Raises:
        ValueError: if there is no step, or the lengths do not fit.

    >>> square = np.zeros((8, 8))
    >>> fig = training_moment(
    ...     [2.3, 2.2], [2.3, 2.25], [(0, 0.1), (2, 0.2)], [0.1, 0.15],
    ...     np.ones((3, 3, 1, 4)), square, np.ones((8, 8, 4)), "conv1",
    ...     [(square, "cat", "dog")])
    >>> [ax.get_ylabel() for ax in fig.axes[:2]]
    ['loss', 'accuracy']
    """
    losses, smoothed = np.asarray(losses, float), np.asarray(smoothed, float)
    _expect(
        losses.ndim == 1
        and len(losses)
        and smoothed.shape == losses.shape == np.shape(accuracies),
        "a loss, a running mean of it and one of the accuracy for each step",
        f"shapes {losses.shape}, {smoothed.shape} and {np.shape(accuracies)}",
    )
    fig = Figure((WIDTH, 4.7), dpi=DPI, layout="none")
    steps = np.arange(1, len(losses) + 1)

    def axes(left, bottom, width, height):  # inches from the bottom left
        return fig.add_axes((left / WIDTH, bottom / 4.7, width / WIDTH, height / 4.7))

    left = axes(0.55, 2.95, 2.65, 1.6)
    left.plot(steps, losses, color=BLUE, alpha=0.35, lw=0.8)
    left.plot(steps, smoothed, color=BLUE)
    top = np.nanmax(np.where(np.isfinite(smoothed), smoothed, np.nan), initial=1e-3)
    left.set(xlabel="step", ylabel="loss", ylim=(0, 1.25 * top))
    right = axes(4.0, 2.95, 2.1, 1.6)
    right.plot(steps, accuracies, color=BLUE)
    right.plot(*zip(*evaluations, strict=True), "o-", color=VERMILLION, ms=3.5, lw=1.2)
    right.set(xlabel="step", ylabel="accuracy", ylim=(0, 1))
    ends = {
        "batches": (accuracies[-1], BLUE),
        "held out": (evaluations[-1][1], VERMILLION),
    }
    (low, y0), (high, y1) = sorted(ends.items(), key=lambda item: item[1][0])
    gap = max(0.0, 0.13 - (y1[0] - y0[0])) / 2
    for (name, (y, color)), shift in (((low, y0), -gap), ((high, y1), gap)):
        right.text(
            1.03, np.clip(y + shift, 0.03, 0.97), name, color=_text_color(color),
            va="center", transform=right.transAxes,
        )  # fmt: skip

    def title(text, x, y=2.22):
        fig.text(x / WIDTH, y / 4.7, text, size=9.5, va="bottom")

    def montage(tiles, x, y, each, columns, gap=0.05, **style):
        for k, tile in enumerate(tiles):
            row, column = divmod(k, columns)
            ax = axes(
                x + column * (each + gap), y - (row + 1) * (each + gap), each, each
            )
            ax.imshow(tile, **style)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color=GREY, lw=0.5)

    if kernels is not None:
        tiles, colour = kernel_tiles(kernels)
        title("first filters", 0.1)
        style = {} if colour else {"cmap": DIVERGING, "norm": _norm(tiles, DIVERGING)}
        montage(tiles[:16], 0.1, 2.2, 0.42, 4, **style)
    picture, colour = _picture(image)
    style = {} if colour else {"cmap": "gray"}
    title(f"an image, and {layer}", 2.2)
    montage([picture], 2.2, 2.2, 0.89, 1, **style)
    maps = np.nan_to_num(np.asarray(maps, float))
    cmap = DIVERGING if maps.min() < 0 else SEQUENTIAL
    tiles = [maps[None]] if maps.ndim == 1 else np.moveaxis(maps, -1, 0)[:12]
    style = {"cmap": cmap, "norm": _norm(maps, cmap), "aspect": "auto"}
    montage(tiles, 3.14, 2.2, 0.42, 4, **style)
    title("surest mistakes", 5.15)
    for k, (image, true, said) in enumerate(mistakes[:5]):
        y = 2.2 - 0.41 * (k + 1)
        ax = axes(5.15, y, 0.36, 0.36)
        picture, colour = _picture(image)
        ax.imshow(picture, **({} if colour else {"cmap": "gray"}))
        _bare(ax)
        x = 5.58 / WIDTH
        fig.text(x, (y + 0.2) / 4.7, true, size=8.5, va="bottom")
        color = _text_color(VERMILLION)
        fig.text(x, (y + 0.17) / 4.7, f"said {said}", size=8.5, va="top", color=color)
    return fig
