"""Activations: values and slopes side by side."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .base import COLORS, DPI, GREY, PALE, WIDTH, _expect


def activations(
    x, curves: Mapping[str, tuple], at: float | None = None, height: float = 3.0
) -> Figure:
    """Functions on the left, their slopes on the right, on one axis each.

    Args:
        x: (n,) inputs, rising.
        curves: label -> (values, slopes), each of the shape of x.
        at: marks an input with a vertical line and a dot on every curve.
        height: inches.

    Raises:
        ValueError: if there is no curve, or one does not have the length of x.

    >>> x = np.linspace(-2, 2, 5)
    >>> fig = activations(x, {"square": (x**2, 2 * x)})
    >>> [ax.get_title() for ax in fig.axes]
    ['value', 'slope']
    """
    x = np.asarray(x, float)
    _expect(len(curves) > 0, "at least one curve", "none")
    fig = Figure((WIDTH, height), dpi=DPI, layout="none")  # drawn at once by explorers
    axes = fig.subplots(1, 2)
    handles = []
    for k, (label, pair) in enumerate(curves.items()):
        pair = [np.asarray(part, float) for part in pair]
        _expect(
            len(pair) == 2 and all(part.shape == x.shape for part in pair),
            f"values and slopes of {label!r}, of shape {x.shape} like x",
            [part.shape for part in pair],
        )
        style = {
            "color": COLORS[k % len(COLORS)],
            "linestyle": "-" if k < len(COLORS) else "--",
        }
        for ax, y in zip(axes, pair, strict=True):
            (line,) = ax.plot(x, y, label=label, **style)
            if at is not None:
                ax.plot(at, np.interp(at, x, y), "o", color=style["color"])
        handles.append(line)
    for ax, title in zip(axes, ("value", "slope"), strict=True):
        ax.axhline(0, color=PALE, lw=1, zorder=0)
        ax.axvline(0, color=PALE, lw=1, zorder=0)
        if at is not None:
            ax.axvline(at, color=GREY, lw=1, linestyle=":", zorder=0)
        ax.set(title=title, xlabel="input")
        ax.set_xlim(x[0], x[-1])
    below = 0.5
    if len(handles) > 1:
        columns = min(len(handles), 5)
        below += 0.1 + 0.19 * -(-len(handles) // columns)
        fig.legend(handles=handles, loc="lower center", ncols=columns)
    fig.subplots_adjust(0.06, below / height, 0.99, 1 - 0.28 / height, wspace=0.13)
    return fig
