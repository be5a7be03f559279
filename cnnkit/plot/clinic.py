"""Charts of patients: curves beside those of a healthy training, and a few signs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .base import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILLION,
    WIDTH,
    _expect,
    _sheet,
    _text_color,
    _text_width,
)

QUANTITIES = {"loss": ("loss", "val_loss"), "accuracy": ("accuracy", "val_accuracy")}
COLORS = (BLUE, VERMILLION)  # images that are trained on, and that are watched
LINE, TOP = 0.205, 0.34  # inches: of a row of the table, above the curves


def patient_charts(charts: Mapping, healthy, signs: Mapping[str, str]) -> Figure:
    """Loss and accuracy of patients over their epochs, and a table of signs below.

    The first column is the healthy training; its curves stand in grey behind those of
    each patient.

    Args:
        charts: title of a patient -> `clinic.Chart`; one to four.
        healthy: the chart to compare with.
        signs: key of a sign -> what its row of the table says.

    Raises:
        ValueError: for no patient, more than four, or a sign that a chart lacks.

    >>> from cnnkit.clinic import Chart
    >>> curves = {"loss": [2, 1], "accuracy": [0.1, 0.5]}
    >>> curves |= {"val_loss": [2, 2], "val_accuracy": [0.1, 0.2]}
    >>> chart = Chart(curves, {"start": 2.3})
    >>> fig = patient_charts({"A": chart}, chart, {"start": "loss before training"})
    >>> [text.get_text() for text in fig.axes[0].texts][-3:]
    ['loss before training', '2.30', '2.30']
    """
    _expect(1 <= len(charts) <= 4, "one to four patients", len(charts))
    columns = {"healthy": healthy, **charts}
    lacking = [s for s in signs if any(s not in c.signs for c in columns.values())]
    _expect(not lacking, "signs that each chart has", lacking)

    left = max(_text_width(text, 9) for text in signs.values()) + 0.2
    wide = (WIDTH - left - 0.05) / 5
    side = wide - 0.12
    table = TOP + 2 * side + 0.62
    fig, sheet = _sheet(table + LINE * len(signs) + 0.08)
    high = fig.get_figheight()

    for row, (quantity, names) in enumerate(QUANTITIES.items()):
        top = TOP + row * (side + 0.12)
        everything = [c.curves[name] for c in columns.values() for name in names]
        values = np.concatenate(everything)
        for k, (title, chart) in enumerate(columns.items()):
            place = left + k * wide + 0.06
            box = (place / WIDTH, 1 - (top + side) / high, side / WIDTH, side / high)
            ax = fig.add_axes(box)
            for name, color in zip(names, COLORS, strict=True):
                if k:
                    ax.plot(
                        _epochs(healthy, name), healthy.curves[name], color="#b8b8b8"
                    )
                ax.plot(_epochs(chart, name), chart.curves[name], color=color, zorder=3)
            if quantity == "loss":
                ax.set_yscale("log")
                ax.set(ylim=(0.75 * values.min(), 1.4 * values.max()), title=title)
            else:
                ax.set(ylim=(0, 1.03), yticks=(0, 0.5, 1))
                ax.set_xlabel("epoch", size=8.5, labelpad=1)
            ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            ax.tick_params(
                labelleft=k == 0, labelbottom=row == 1, labelsize=8, which="major"
            )
            ax.tick_params(labelleft=False, which="minor", length=0)
        middle = top + side / 2
        sheet.text(0.05, middle - 0.2, quantity, size=9.5, va="center", weight="bold")
        texts = ("training images", "watched images") if not row else ()
        for k, (text, color) in enumerate(zip(texts, COLORS, strict=False)):
            y = middle + 0.02 + 0.18 * k
            sheet.plot([0.05, 0.25], [y, y], color=color, lw=1.8)
            sheet.text(0.31, y, text, size=9, va="center", color=_text_color(color))

    for row, (sign, text) in enumerate(signs.items()):
        y = table + LINE * (row + 0.5)
        sheet.plot([0.05, WIDTH - 0.05], [y - LINE / 2] * 2, color=PALE, lw=0.8)
        sheet.text(0.05, y, text, size=9, va="center")
        for k, chart in enumerate(columns.values()):
            middle = left + k * wide + 0.06 + side / 2
            sheet.text(
                middle,
                y,
                _value(chart.signs[sign]),
                size=9,
                ha="center",
                va="center",
                color=INK if k else GREY,
                gid=sign,
            )
    return fig


def _epochs(chart, name):
    return np.arange(1, len(chart.curves[name]) + 1)


def _value(value) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
