"""Units and their connections: who reads whom, and with which weight."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from .base import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    _bare,
    _expect,
    _text_on,
)

# one for each weight of a 3x3 kernel
WEIGHT_COLORS = (
    *(BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY),
    *("#6b4c2a", "#8c8c8c", "#a3b300"),
)


def wiring(
    ax,
    rows: Sequence[Sequence[str]],
    links: Sequence,
    marked: Sequence = (),
    names: Sequence[str] = (),
    title: str = "",
) -> None:
    """Rows of units, the input at the bottom, and the connections between them.

    Up to nine different weights have a colour each, so that a shared weight is seen
    as one; more of them are all grey.  Connections between marked units stand out.

    Args:
        ax: axes to draw into.
        rows: labels of the units of each row, the lowest row first.
        links: between each row and the next: (units above, units below) whole
            numbers; 0 for no connection, otherwise the number of its weight, from 1.
        marked: indices of units to mark, one collection a row; none by default.
        names: of the rows, written at their left ends.
        title: above the drawing.

    Raises:
        ValueError: for fewer than two rows, links that do not fit between the rows, or
            marks that are not one collection a row.

    Source: Goodfellow, Bengio & Courville 2016, figures 9.2 to 9.5.

    >>> from cnnkit import plot
    >>> fig, ax = plot.figure()
    >>> plot.wiring(ax, ["abc", "xy"], [[[1, 2, 0], [0, 1, 2]]], [{0, 1}, {0}])
    >>> [text.get_text() for text in ax.texts]
    ['a', 'b', 'c', 'x', 'y']
    """
    links = [np.asarray(link) for link in links]
    marked = [set(units) for units in marked] or [set() for _ in rows]
    _expect(len(rows) >= 2, "at least two rows of units", len(rows))
    shapes = [(len(above), len(below)) for below, above in itertools.pairwise(rows)]
    _expect(
        [link.shape for link in links] == shapes,
        f"links of shapes {shapes}, (units above, units below)",
        [link.shape for link in links],
    )
    _expect(
        len(marked) == len(rows)
        and all(0 <= i < len(r) for r, m in zip(rows, marked, strict=True) for i in m),
        "marked: indices of units, one collection a row",
        [sorted(units) for units in marked],
    )
    widest = max(map(len, rows))
    labelled = widest <= 20
    size = 0.36 if labelled else 0.3  # radius, where neighbours are 1 apart
    gap = max(0.2 * widest, 2.2) if labelled else 0.22 * widest
    places = [
        [((i + 0.5) * widest / len(row), k * gap) for i in range(len(row))]
        for k, row in enumerate(rows)
    ]
    for k, link in enumerate(links):
        colored = link.max(initial=0) <= len(WEIGHT_COLORS)
        for strong in (False, True):
            lines, colors = [], []
            for i, j in np.argwhere(link):
                if strong == (i in marked[k + 1] and j in marked[k]):
                    lines.append((places[k][j], places[k + 1][i]))
                    shade = VERMILLION if strong else "#b5b5b5"
                    weight = WEIGHT_COLORS[link[i, j] - 1] if colored else shade
                    colors.append(weight)
            style = {"lw": 2.4} if strong else {"lw": 0.8, "alpha": 0.55}
            ax.add_collection(
                LineCollection(lines, colors=colors, zorder=1 + strong, **style),
                autolim=False,
            )
    for row, units, spots in zip(rows, marked, places, strict=True):
        for i, (label, spot) in enumerate(zip(row, spots, strict=True)):
            fill = ORANGE if i in units else "white"
            edge = INK if i in units else GREY
            circle = {"fc": fill, "ec": edge, "lw": 1.0, "zorder": 3}
            ax.add_patch(Circle(spot, size, clip_on=False, **circle))
            if labelled:
                text = {"ha": "center", "va": "center_baseline", "size": 9, "zorder": 4}
                ax.text(*spot, label, color=_text_on(fill), **text)
    left = 0.0
    for k, name in enumerate(names):
        ax.text(-0.3, k * gap, name, ha="right", va="center_baseline", color=GREY)
        left = min(left, -0.3)
    top = (len(rows) - 1) * gap + size
    ax.set(xlim=(left, widest), ylim=(-size - 0.1, top + 0.1), aspect="equal")
    _bare(ax)
    ax.set_title(title)
