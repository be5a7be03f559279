"""What each ingredient of a recipe is worth, what accuracy costs, and how it grew."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .base import (
    BLUE,
    COLORS,
    GREY,
    INK,
    PALE,
    VERMILLION,
    WIDTH,
    _expect,
    _sheet,
    _text_color,
    _text_width,
    figure,
)

ROW = 0.46  # inches: a row of the checklist


def checklist(rows: Mapping, whole: Sequence[float], xlabel: str) -> Figure:
    """A recipe as a list of its items, and what was measured without each of them.

    A dot is a seed and the stroke their mean; the band reaches over the seeds of the
    whole recipe.

    Args:
        rows: item -> (what breaks without it, one value a seed).
        whole: the same of the whole recipe, one value a seed.
        xlabel: what was measured.

    Raises:
        ValueError: if there is no item, or one without a value.

    >>> fig = checklist({"momentum": ("slow", [0.7, 0.8])}, [0.9, 0.92], "accuracy")
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['momentum', 'slow']
    """
    _expect(len(rows) > 0 and len(whole) > 0, "at least one item and one seed", rows)
    empty = [item for item, (_, values) in rows.items() if len(values) == 0]
    _expect(not empty, "at least one value for each item", empty)
    left = 0.35 + max(
        max(_text_width(item, 9.5), _text_width(text, 8.5))
        for item, (text, _) in rows.items()
    )
    left = min(left, 0.55 * WIDTH)
    height = ROW * len(rows)
    fig, sheet = _sheet(height + 0.8)
    high = fig.get_figheight()
    wide = WIDTH - left - 0.25
    ax = fig.add_axes((left / WIDTH, 0.55 / high, wide / WIDTH, height / high))
    ax.axvspan(min(whole), max(whole), color=BLUE, alpha=0.18, lw=0)
    ax.axvline(np.mean(whole), color=BLUE, lw=1.4)
    mark = ax.get_xaxis_transform()
    at, style = (np.mean(whole), 1.0), {"xytext": (0, 4), "textcoords": "offset points"}
    ax.annotate(
        "the whole recipe",
        at,
        xycoords=mark,
        color=_text_color(BLUE),
        size=9,
        ha="right"
        if np.mean(whole) > np.mean([np.mean(v) for _, v in rows.values()])
        else "left",
        **style,
    )
    for k, (item, (text, values)) in enumerate(rows.items()):
        y = 0.25 + ROW * k
        if k:
            sheet.plot([0.05, WIDTH - 0.25], [y, y], color=PALE, lw=0.8)
        _tick(sheet, 0.12, y + ROW / 2)
        sheet.text(0.32, y + 0.17, item, size=9.5, weight="bold", va="center")
        sheet.text(0.32, y + 0.33, text, size=8.5, color=GREY, va="center")
        ax.plot(values, [k] * len(values), "o", color=VERMILLION, ms=5, mec="white")
        ax.plot(np.mean(values), k, "|", color=INK, ms=15, mew=2)
    ax.set(ylim=(len(rows) - 0.5, -0.5), yticks=[], xlabel=xlabel)
    ax.spines["left"].set_visible(False)
    ax.patch.set_visible(False)
    return fig


def _tick(sheet, x, y):
    """A small box with a tick."""
    sheet.add_patch(Rectangle((x - 0.06, y - 0.06), 0.12, 0.12, fc="white", ec=GREY))
    right, down = np.array([-0.035, -0.008, 0.04]), np.array([0.0, 0.03, -0.035])
    sheet.plot(x + right, y + down, color=BLUE, lw=1.6, solid_capstyle="round")


def efficiency(
    families: Mapping[str, Sequence[tuple]],
    ylabel: str,
    beside: Mapping[str, str] | None = None,
) -> Figure:
    """Networks by what they cost and how good they are; the area of a dot is its size.

    The broad line joins those that no other network beats at the same cost.

    Args:
        families: name -> rows (name of the network, multiply-adds, percent right,
            parameters); a family has one colour and a line
            through its members, in their order.
        ylabel: what the percents are of.
        beside: network -> "right", "left", "above" or "below": where its name stands;
            those left out have none.

    Raises:
        ValueError: for more families than colours, or none.

    >>> fig = efficiency({"VGG": [("VGG-16", 15e9, 71.3, 138e6)]}, "top-1", {})
    >>> fig.axes[0].get_xscale()
    'log'
    """
    _expect(
        1 <= len(families) <= len(COLORS), f"1 to {len(COLORS)} families", len(families)
    )
    fig, ax = figure(height=3.5)
    everything = [row for rows in families.values() for row in rows]
    best = [
        row
        for row in everything
        if not any(o[1] < row[1] and o[2] >= row[2] for o in everything)
        and not any(o[1] == row[1] and o[2] > row[2] for o in everything)
    ]
    best.sort(key=lambda row: row[1])
    best_line = ax.plot(
        [row[1] for row in best],
        [row[2] for row in best],
        color="#b8b8b8",
        lw=5,
        zorder=0,
        solid_capstyle="round",
        label="best at its cost",
    )
    offsets = {
        "right": ((1, 0), "left", "center"),
        "left": ((-1, 0), "right", "center"),
        "above": ((0, 1), "center", "bottom"),
        "below": ((0, -1), "center", "top"),
    }
    for color, (family, rows) in zip(COLORS, families.items(), strict=False):
        _, macs, right, parameters = zip(*rows, strict=True)
        ax.plot(macs, right, color=color, lw=1, alpha=0.6, zorder=1)
        area = 4 * np.array(parameters) / 1e6
        ax.scatter(
            macs, right, area, color=color, alpha=0.6, zorder=2, lw=0, label=family
        )
        ax.scatter(macs, right, 3, color=color, zorder=3)
        for name, x, y, n in rows:
            if name not in (beside or {}):
                continue
            way, ha, va = offsets[(beside or {})[name]]
            radius = np.sqrt(4 * n / 1e6 / np.pi) + 2  # points
            ax.annotate(
                name,
                (x, y),
                np.multiply(way, radius),
                textcoords="offset points",
                ha=ha,
                va=va,
                size=8.5,
                color=_text_color(color),
            )
    ax.set(xscale="log", xlabel="multiply-adds for one image", ylabel=ylabel)
    ax.margins(x=0.08, y=0.08)
    sizes = [
        ax.scatter(
            [], [], 4 * n, color=GREY, alpha=0.5, lw=0, label=f"{n} M parameters"
        )
        for n in (5, 50, 150)
    ]
    ax.legend(
        handles=[*best_line, *sizes],
        loc="lower right",
        labelspacing=1.1,
        borderpad=0.8,
    )
    return fig


def depth_and_error(rows: Sequence[tuple], human: float) -> Figure:
    """Depth and top-5 error of the entries of a contest, year by year.

    Args:
        rows: (name, year, layers or None, error in percent), in order.
        human: error of a person, in percent.

    Raises:
        ValueError: for no row.

    >>> fig = depth_and_error([("AlexNet", 2012, 8, 16.4), ("x", 2013, None, 11)], 5.1)
    >>> [text.get_text() for text in fig.axes[1].texts]
    ['16.4', '11', 'a trained person: 5.1']
    """
    _expect(len(rows) > 0, "at least one row", "none")
    fig, (above, below) = figure(rows=2, height=3.2, sharex=True)
    for k, (_, _, layers, error) in enumerate(rows):
        if layers:
            above.bar(k, layers, width=0.5, color=BLUE)
            above.text(k, layers + 4, f"{layers} layers", ha="center", va="bottom")
        below.bar(k, error, width=0.5, color=VERMILLION if error > human else BLUE)
        below.text(k, error - 0.25, f"{error:g}", ha="center", va="top", color="white")
    below.axhline(human, color=INK, ls="--", lw=1.2)
    below.text(
        len(rows) - 0.45, human + 0.4, f"a trained person: {human:g}", ha="right"
    )
    deepest = max((row[2] or 0) for row in rows)
    above.set(ylabel="layers with weights", ylim=(0, 1.25 * max(deepest, 1)))
    below.set(ylabel="top-5 error, percent", ylim=(0, 1.2 * max(r[3] for r in rows)))
    below.set_xticks(
        range(len(rows)), [f"{name}\n{year}" for name, year, *_ in rows], color=INK
    )
    below.tick_params(axis="x", length=0)
    above.tick_params(axis="x", length=0)
    return fig
