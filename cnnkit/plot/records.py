"""Curves of a recorded run, which say where they come from."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .base import COLORS, GREY, INK, WIDTH, _expect, _text_width, figure

#           metric of a record, its value as drawn, label of the axis
QUANTITIES = {
    "error": ("accuracy", lambda value: 100 * (1 - value), "error, percent"),
    "accuracy": ("accuracy", lambda value: 100 * value, "accuracy, percent"),
    "loss": ("loss", lambda value: value, "loss"),
}
PARTS = {"training": ("", "--"), "test": ("val_", "-")}  # prefix of a metric, line


def record_curves(
    record,
    quantity: str = "error",
    panels: Mapping | None = None,
    since: int = 1,
    log: bool = False,
) -> Figure:
    """Training and test curves of a recorded run over its epochs.

    A line is the mean over the seeds, a band reaches from the lowest to the highest.
    Below stands where the record comes from: command, scale, data, device, date.

    Training values are those that Keras reports: means over an epoch, while the
    weights move, on transformed images where the run transforms them.

    Args:
        record: what `cnnkit.course.runs.load` returns.
        quantity: "error", "accuracy" or "loss".
        panels: title of a panel -> {label: variant of the record}; a panel shows
            training dashed and test solid, and a label has one colour in all panels.
            None: one panel for training and one for test, with all variants.
        since: first epoch that is drawn, counted from 1.
        log: a logarithmic axis.

    Raises:
        ValueError: for an unknown quantity or variant, an empty panel, or no epoch
            left to draw.

    >>> from cnnkit.course import runs
    >>> row = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.2, "val_accuracy": 0.4}
    >>> run = {"variant": "A", "seed": 0, "epochs": [row]}
    >>> record = runs.Record(
    ...     "two", "Two", "small", "cnnkit run two", {"epochs": 1},
    ...     {"images": 10, "name": "digits8", "pixels": "8x8"},
    ...     {"count": 1, "kind": "CPU"},
    ...     {"backend": "tensorflow", "keras": "3"}, "2026-01-01", 5.0, "", [run], "")
    >>> fig = record_curves(record)
    >>> [(ax.get_title(), ax.lines[0].get_ydata().tolist()) for ax in fig.axes]
    [('training', [50.0]), ('test', [60.0])]
    """
    _expect(quantity in QUANTITIES, f"quantity in {list(QUANTITIES)}", repr(quantity))
    metric, value, ylabel = QUANTITIES[quantity]
    curves = {part: record.curves(p + metric) for part, (p, _) in PARTS.items()}
    known = list(curves["test"])
    epochs = len(curves["test"][known[0]][0])
    _expect(1 <= since <= epochs, f"since from 1 to {epochs}", since)
    if panels is None:
        drawn = {
            part: (dict(zip(known, known, strict=True)), (part,)) for part in PARTS
        }
    else:
        drawn = {
            title: (dict(chosen), tuple(PARTS)) for title, chosen in panels.items()
        }
    _expect(
        len(drawn) > 0 and all(chosen for chosen, _ in drawn.values()),
        "at least one panel, and a variant in each",
        panels,
    )
    chosen = [variant for labels, _ in drawn.values() for variant in labels.values()]
    unknown = [variant for variant in chosen if variant not in known]
    _expect(not unknown, f"variants of the record: {', '.join(known)}", unknown)
    labels = list(
        dict.fromkeys(label for names, _ in drawn.values() for label in names)
    )
    most = f"at most {len(COLORS)} labels (choose some with panels)"
    _expect(len(labels) <= len(COLORS), most, len(labels))
    color = dict(zip(labels, COLORS, strict=False))

    fig, axes = figure(columns=len(drawn), height=2.7, sharey=True, squeeze=False)
    x = np.arange(since, epochs + 1)
    for ax, (title, (names, parts)) in zip(axes[0], drawn.items(), strict=True):
        for label, variant in names.items():
            for part in parts:
                mean, *ends = (value(y[since - 1 :]) for y in curves[part][variant])
                style = {"color": color[label], "marker": "o" if len(x) == 1 else None}
                style["linestyle"] = PARTS[part][1] if len(parts) > 1 else "-"
                ax.plot(x, mean, label=f"{label}, {part}", **style)
                ax.fill_between(x, *ends, color=color[label], alpha=0.15, lw=0)
        ax.set(title=title, xlabel="epoch")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        if log:
            ax.set_yscale("log")
        ax.tick_params(labelleft=ax is axes[0][0])
    axes[0][0].set_ylabel(ylabel)

    handles = [Line2D([], [], color=color[label], label=label) for label in labels]
    if panels is not None:
        handles += [
            Line2D([], [], color=INK, linestyle=line, label=part)
            for part, (_, line) in PARTS.items()
        ]
    wide = max(_text_width(handle.get_label()) for handle in handles) + 0.46
    rows = -(-len(handles) // int((WIDTH - 0.1) / wide))
    style = {"ncols": -(-len(handles) // rows), "handlelength": 1.7}
    style |= {"handletextpad": 0.5, "columnspacing": 1.2}
    fig.legend(handles=handles, loc="outside upper center", **style)
    lines = _lines(record.origin)
    fig.set_figheight(2.7 + 0.2 * rows + 0.14 * len(lines))
    fig.supxlabel("\n".join(lines), x=0.012, ha="left", size=8, color=GREY)
    return fig


def _lines(text: str) -> list[str]:
    """The text in lines of the figure's width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _text_width(longer, 8) > WIDTH - 0.2:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
