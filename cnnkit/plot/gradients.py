"""Losses and gradients: a chain of stages, and a surface over two weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .base import (
    BLUE,
    INK,
    SEQUENTIAL,
    VERMILLION,
    WIDTH,
    _expect,
    _outline,
    _sheet,
    _text_color,
)

_FORWARD, _BACKWARD, _NOT_YET = "#d9e2f0", "#ffddca", "#f4f4f4"


def _short(value: float) -> str:
    """A number in at most seven characters, with a true minus sign."""
    if value and not 1e-4 <= abs(value) < 1e4:
        return f"{value:.0e}".replace("-", "−")
    decimals = 5 - len(str(int(abs(value))))
    text = f"{round(value, decimals) + 0.0:.{decimals}f}"
    return text.rstrip("0").rstrip(".").replace("-", "−")


def chain(
    z: Sequence[float],
    weights: Sequence[float],
    grad_z: Sequence[float],
    grad_w: Sequence[float],
    step: int | None = None,
    stage: str = "tanh(w·z)",
) -> Figure:
    """A chain of stages: values run forward above, gradients backward below.

    Args:
        z: (n + 1,) values, the input first.
        weights: (n,) one for each stage, at most six.
        grad_z: (n + 1,) gradient of the last value by each value.
        grad_w: (n,) gradient of the last value by each weight.
        step: how far the computation has come: 1 to n are the stages forward, n + 1
            the start of the way back, n + 2 to 2n + 1 the stages backward.  What comes
            later is left empty, what is new is outlined.  None shows all.
        stage: what a stage computes, for the title.

    Raises:
        ValueError: if the lengths do not fit, there is no stage or more than six, or
            no such step.

    >>> fig = chain([2, 6], [3], [3, 1], [2], stage="w·z")
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "g(z)"]
    ['3', '1']
    """
    n = len(weights)
    _expect(1 <= n <= 6, "one to six stages", n)
    lengths = [len(part) for part in (z, weights, grad_z, grad_w)]
    _expect(lengths == [n + 1, n, n + 1, n], f"lengths {[n + 1, n] * 2}", lengths)
    last = 2 * n + 1
    _expect(step is None or 1 <= step <= last, f"a step from 1 to {last}", step)
    done = last if step is None else step

    fig, ax = _sheet(2.85)
    margin, high = 0.12, 0.3
    wide = min(0.7, (WIDTH - 2 * margin) / (2 * n + 1) * 1.15)
    centre = np.linspace(margin + wide / 2, WIDTH - margin - wide / 2, 2 * n + 1)
    y_w, y_z, y_g, y_gw = 0.68, 1.24, 1.68, 2.24

    def cell(gid, name, x, y, value, since, fill):
        """A box with a value that is known from a step on, and its name."""
        known, up = done >= since, gid in "wz"
        box = (x - wide / 2, y - high / 2), wide, high
        fill = fill if known else _NOT_YET
        ax.add_patch(Rectangle(*box, fc=fill, ec="#b5b5b5", lw=0.8))
        if known:
            ax.text(x, y, _short(value), ha="center", va="center_baseline", gid=gid)
        if since == step:
            _outline(ax, *box[0], *box[1:])
        ax.text(
            x,
            y + (-1 if up else 1) * (high / 2 + 0.11),
            name,
            ha="center",
            va="center",
            color=_text_color(BLUE if up else VERMILLION),
        )

    def arrow(start, end, color, known):
        style = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 1, "lw": 1.4}
        style["color"] = color if known else "#d0d0d0"
        ax.annotate("", end, start, arrowprops=style)

    for i in range(n):
        left, middle, right = centre[2 * i : 2 * i + 3]
        forward, back = done > i, done > last - 1 - i
        inner = left + wide / 2, right - wide / 2
        arrow((inner[0], y_z), (inner[1], y_z), BLUE, forward)
        arrow((middle, y_w + high / 2), (middle, y_z), BLUE, forward)
        arrow((inner[1], y_g), (inner[0], y_g), VERMILLION, back)
        arrow((middle, y_g), (middle, y_gw - high / 2), VERMILLION, back)
        cell("w", f"w{i + 1}", middle, y_w, weights[i], 0, "white")
        cell("g(w)", f"g(w{i + 1})", middle, y_gw, grad_w[i], last - i, _BACKWARD)
    for i, x in enumerate(centre[::2]):
        cell("z", f"z{i}", x, y_z, z[i], i, _FORWARD)
        cell("g(z)", f"g(z{i})", x, y_g, grad_z[i], last - i, _BACKWARD)
    ax.text(
        margin,
        0.15,
        f"forward: each stage computes {stage}",
        color=_text_color(BLUE),
        va="center",
    )
    ax.text(
        margin,
        2.7,
        f"backward: g is the gradient of z{n}",
        color=_text_color(VERMILLION),
        va="center",
    )
    return fig


def loss_surface(
    ax,
    first: Sequence[float],
    second: Sequence[float],
    losses,
    point: tuple[float, float],
    gradient: tuple[float, float],
    path=None,
) -> None:
    """Loss over two weights as contours, with the direction of steepest descent.

    The axes have one scale, so that the arrow crosses the contour at a right angle.

    Args:
        ax: axes to draw into.
        first: (n,) values of the first weight, ascending.
        second: (m,) values of the second weight, ascending.
        losses: (m, n) loss for each pair; rows belong to the second weight.
        point: weights at which the arrow starts.
        gradient: of the loss at the point; the arrow points against it and is a
            quarter of the picture long.
        path: (k, 2) weights on the way down, or None.

    Raises:
        ValueError: if the shapes do not fit, or the gradient is zero.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> w = np.linspace(-1, 1, 9)
    >>> loss_surface(ax, w, w, w**2 + w[:, None] ** 2, (1, 0), (2, 0))
    >>> ax.get_xlabel()
    'first weight'
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    losses, gradient = np.asarray(losses, float), np.asarray(gradient, float)
    shape = second.shape + first.shape
    _expect(losses.shape == shape, f"losses of shape {shape}", losses.shape)
    _expect(
        gradient.shape == (2,) and gradient.any(),
        "a gradient of two numbers, not both zero",
        gradient,
    )
    # steps that double show the bottom as well as the walls
    heights = losses.min() + np.ptp(losses) * 0.6 ** np.arange(12)[::-1]
    ax.contourf(first, second, losses, [losses.min(), *heights], cmap=SEQUENTIAL)
    ax.contour(first, second, losses, heights[:-1], colors="white", linewidths=0.8)
    if path is not None:
        path = np.asarray(path, float)
        ax.plot(*path.T, color=INK, marker=".", markersize=4, lw=1, label="descent")
    span = min(np.ptp(first), np.ptp(second))
    along = -gradient / np.hypot(*gradient) * span / 4
    ax.annotate(
        "",
        np.add(point, along),
        point,
        arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "lw": 2.4, "shrinkA": 0},
    )
    ax.plot(*point, "o", color=VERMILLION, markersize=6)
    ax.set(xlabel="first weight", ylabel="second weight", aspect="equal")
    ax.set(xlim=first[[0, -1]], ylim=second[[0, -1]])
