"""Explorer of lesson 05: which pixels a hidden unit reads, and with which weights."""

import html
from collections.abc import Sequence
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot, reference, sizes
from .base import (
    _PICK,
    _ROW,
    Explorer,
    _button,
    _line,
    _pick_field,
    _svg,
    _svg_grid,
    _svg_target,
    _svg_text,
)

_WIRINGS = ("dense", "local", "shared")
_LIT = "#ffddca"


def _links(side: int, kernel: int, wiring: str) -> np.ndarray:
    """(units, pixels): 0 for no connection, otherwise the number of its weight."""
    numbers = np.arange(1, kernel**2 + 1).reshape(kernel, kernel, 1, 1)
    links = reference.conv_matrix(numbers, (side, side, 1)).toarray()
    if wiring == "dense":
        links[:] = 1
    if wiring != "shared":
        links[links > 0] = np.arange(1, np.count_nonzero(links) + 1)
    return links


def _colors(links: np.ndarray) -> list[str]:
    """A colour for each weight number, all alike if there are many of them."""
    if links.max() <= len(plot.WEIGHT_COLORS):
        return [*plot.WEIGHT_COLORS]
    return [plot.VERMILLION] * links.max()


def _wiring_svg(links, unit, side, units, alt) -> str:
    """The image, the weights of one unit, all units; below, every connection."""
    colors, pixels = _colors(links), side * side
    cell = min(34, 190 / side)
    shared = links.max() <= len(plot.WEIGHT_COLORS)
    size, y, gap = side * cell, 30, 40

    def grid(rows, columns, cells):
        return [cells[i * columns : (i + 1) * columns] for i in range(rows)]

    def entry(text, lit):
        return text, _LIT if lit else "#fff", plot.INK if lit else plot.GREY

    image = [entry(str(j + 1), links[unit, j]) for j in range(pixels)]
    weights = []
    for number in links[unit]:
        ink = colors[number - 1] if number and shared else plot.INK
        weights.append((f"w{number}" if number else "", "#fff", ink))
    outputs = [entry(str(i + 1), i == unit) for i in range(units**2)]
    x_weights, x_units = 2 + size + gap, 2 + 2 * (size + gap)
    full = max(x_units + units * cell + 2, 660.0)
    parts = [
        _svg_grid(2, y, cell, cell, "pixels", grid(side, side, image)),
        _svg_grid(x_weights, y, cell, cell, "weights", grid(side, side, weights)),
        _svg_grid(x_units, y, cell, cell, "units", grid(units, units, outputs)),
    ]
    low, high = y + size + 145, y + size + 40  # of pixels and units in the diagram
    pixel_x = [(j + 0.5) * full / pixels for j in range(pixels)]
    unit_x = [(i + 0.5) * full / units**2 for i in range(units**2)]

    def line(i, j, width, color, opacity):
        return (
            f'<line x1="{pixel_x[j]:.1f}" y1="{low:.1f}" x2="{unit_x[i]:.1f}" '
            f'y2="{high:.1f}" stroke="{color}" stroke-width="{width}" '
            f'opacity="{opacity}"/>'
        )

    pairs = [(i, j) for i, j in np.argwhere(links).tolist() if i != unit]
    for i, j in pairs:
        pale = colors[links[i, j] - 1] if shared else "#b5b5b5"
        parts.append(line(i, j, 0.8, pale, 0.5 if len(pairs) < 500 else 0.25))
    for j in np.flatnonzero(links[unit]).tolist():
        parts.append(line(unit, j, 2.5, colors[links[unit, j] - 1], 1))
    rows = (
        (low, pixel_x, links[unit] > 0, ""),
        (high, unit_x, np.arange(units**2) == unit, "unit"),
    )
    for middle, places, lit, pick in rows:
        radius = min(11, 0.4 * full / len(places))
        for k, x in enumerate(places):
            parts.append(
                f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="{radius:.1f}" '
                f'fill="{plot.ORANGE if lit[k] else "#fff"}" stroke="{plot.GREY}"/>'
            )
            if radius > 8:
                parts.append(_svg_text(x, middle, 11, [str(k + 1)], plot.INK))
            if pick:
                corner = x - full / units**2 / 2, middle - 14
                parts.append(_svg_target(*corner, full / units**2, 28, str(k + 1)))
    for k in range(units**2):
        i, j = divmod(k, units)
        parts.append(
            _svg_target(x_units + j * cell, y + i * cell, cell, cell, str(k + 1))
        )
    return _svg(full, low + 16, alt, parts)


def wiring_explorer(
    examples: Sequence[tuple[int, int]] = ((4, 2), (8, 3)),
    wiring: str = "shared",
    unit: int = 1,
) -> Explorer:
    """Step through hidden units, or click on one, and see the pixels that it reads.

    Args:
        examples: (side of a square image, side of the kernel) each; stride 1, no
            padding.
        wiring: "dense": every unit reads every pixel. "local": a window of its own,
            with weights of its own. "shared": the windows have the same weights.
        unit: number of the unit at the start, counted from 1, row by row.

    Returns:
        An explorer whose `result` has `reads` (pixels, counted from 1), `weights`
        (their numbers, in the same order), `position` of the unit (row, column, from
        1), `connections`, `different` (weights in the layer) and `links`, the
        (units, pixels) matrix of weight numbers.

    Raises:
        ValueError: for no example, a kernel that does not fit, an unknown wiring or
            unit.

    Source: CS7015 L11 §11.3; CS-878 W4.

    >>> result = wiring_explorer(unit=5).result
    >>> result.reads, result.connections, result.different
    ([6, 7, 10, 11], 36, 4)
    """
    if not len(examples):
        raise ValueError("expected at least one example; received none")
    names = {
        f"{side}×{side} pixels, kernel {kernel}×{kernel}": (
            side,
            kernel,
            sizes.output_size(side, kernel),
        )
        for side, kernel in examples
    }
    first = next(iter(names))
    if wiring not in _WIRINGS:
        raise ValueError(f"expected wiring in {list(_WIRINGS)}; received {wiring!r}")
    if not 1 <= unit <= names[first][2] ** 2:
        raise ValueError(
            f"expected unit from 1 to {names[first][2] ** 2}; received {unit}"
        )

    def compute(settings):
        side, kernel, units = names[settings["example"]]
        links = _links(side, kernel, settings["wiring"])
        unit = min(settings["unit"], units**2)
        row, column = divmod(unit - 1, units)
        reads = [int(j) + 1 for j in np.flatnonzero(links[unit - 1])]
        connections, different = np.count_nonzero(links), links.max()
        text = f"unit {unit} (row {row + 1}, column {column + 1}) reads "
        if len(reads) == side**2:
            text += f"all {side**2} pixels"
        else:
            text += f"{len(reads)} of {side**2} pixels: {', '.join(map(str, reads))}"
        count = (
            f"{settings['wiring']}: {connections:,} connections, {different:,} "
            f"different weights"
        )
        alt = f"{count[0].upper()}{count[1:]}. {text[0].upper()}{text[1:]}"
        drawing = _wiring_svg(links, unit - 1, side, units, alt)
        return SimpleNamespace(
            reads=reads,
            weights=links[unit - 1, np.array(reads) - 1].tolist(),
            position=(row + 1, column + 1),
            connections=int(connections),
            different=int(different),
            links=links,
            text=text,
            alt=alt,
            highest={"unit": units**2},
            still=(unit - 1, side, kernel, units, settings["wiring"]),
            html=drawing
            + _line(f"<b>{html.escape(text)}</b>")
            + _line(html.escape(count))
            + _PICK,
        )

    def build(explorer):
        controls = explorer.controls = {
            "previous": _button("Previous", "One unit back", "step-backward"),
            "next": _button("Next", "One unit on", "step-forward"),
            "unit": ipywidgets.IntSlider(
                explorer.settings["unit"],
                min=1,
                max=explorer.result.highest["unit"],
                description="Unit",
                layout={"width": "330px"},
            ),
            "example": ipywidgets.Dropdown(
                options=list(names), description="Example", layout={"width": "300px"}
            ),
            "wiring": ipywidgets.Dropdown(
                options=_WIRINGS,
                value=explorer.settings["wiring"],
                description="Wiring",
                layout={"width": "200px"},
            ),
        }

        def move(by):
            unit = controls["unit"]
            unit.value = (unit.value - 1 + by) % unit.max + 1

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        controls["pick"] = _pick_field(explorer, lambda text: {"unit": int(text)})
        walk = [controls[name] for name in ("previous", "next", "unit", "pick")]
        kind = [controls[name] for name in ("example", "wiring")]
        rows = [ipywidgets.HBox(row, layout=_ROW) for row in (walk, kind)]
        return ipywidgets.VBox([*rows, explorer.view])

    def still(result):
        unit, side, kernel, units, wiring = result.still
        row, column = divmod(unit, units)
        window = (0, 0, side, side)
        if wiring != "dense":
            window = (row, column, kernel, kernel)
        fig, axes = plot.figure(columns=3, height=1.9, width_ratios=(1, 1, 3.4))
        pixels = np.arange(1, side**2 + 1).reshape(side, side)
        hidden = np.arange(1, units**2 + 1).reshape(units, units)
        if side > 5:  # no room for numbers
            pixels, hidden = np.full((side, side), ""), np.full((units, units), "")
        plot.number_grid(axes[0], pixels, "pixels", [window])
        plot.number_grid(axes[1], hidden, "units", [(row, column, 1, 1)])
        labels = [[str(i + 1) for i in range(n)] for n in result.links.shape[::-1]]
        marked = [{j - 1 for j in result.reads}, {unit}]
        plot.wiring(axes[2], labels, [result.links], marked)
        return fig, f"{result.alt}."

    settings = {"unit": unit, "example": first, "wiring": wiring}
    return Explorer(settings, compute, build, still)
