"""The charts and pictures of the training view, as HTML."""

import html
import io

import numpy as np
from PIL import Image

from .. import plot
from .base import _image
from .optimizers import _ticks

POINTS = 250  # of a curve
WIDE, HIGH, LEFT, RIGHT = 408, 190, 40, 18  # pixels of a chart
BELOW, ABOVE = 22, 24


def _pixels(images) -> np.ndarray:
    """Images for the eye: (n, height, width, 3) of type uint8."""
    images = np.asarray(images)
    if images.dtype != np.uint8:
        low, high = float(images.min()), float(images.max())
        if low >= 0 and high <= 1:
            low, high = 0.0, 1.0
        images = np.uint8(255 * (images - low) / ((high - low) or 1))
    if images.shape[-1] != 3:
        images = images[..., :1].repeat(3, axis=-1)
    return images


def _sheet(tiles: np.ndarray, side: int, columns: int, alt: str) -> str:
    """Pictures (n, height, width, 3) of type uint8, each about `side` pixels wide."""
    count, height, width, _ = tiles.shape
    high = max(1, round(side * height / width))
    down, across = np.arange(high) * height // high, np.arange(side) * width // side
    columns = min(columns if count <= 16 else 2 * columns, count)
    rows, gap = -(-count // columns), 3 if count > 1 else 0
    sheet = np.full((rows, high + gap, columns, side + gap, 3), 255, np.uint8)
    for k, tile in enumerate(tiles):
        place = sheet[k // columns, :high, k % columns, :side]
        place[:] = tile[down][:, across]
    sheet = sheet.reshape(rows * (high + gap), columns * (side + gap), 3)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", compress_level=1)
    return _image(file, *sheet.shape[1::-1], alt)


def _titled(title: str, body: str) -> str:
    return (
        f'<div style="line-height:1.6;color:{plot.GREY}">{html.escape(title)}</div>'
        f"{body}"
    )


def _key(**colors) -> str:
    """Coloured squares with words, within a text of a drawing."""
    return " ".join(
        f'<tspan fill="{color}" dx="6">■</tspan> {text}'
        for text, color in colors.items()
    )


def _says(names, probabilities) -> str:
    """The likeliest classes, each with a bar."""
    return "".join(
        f'<div style="line-height:1.4">{html.escape(name)} {p:.3f}<div style="height:'
        f'5px;width:{max(1, 128 * p):.0f}px;background:{plot.BLUE}"></div></div>'
        for name, p in zip(names, probabilities, strict=True)
    )


def _places(steps, values, end: float, top: float) -> str:
    """Points of a curve in the pixels of a chart."""
    x = np.asarray(steps, float) / end * (WIDE - LEFT - RIGHT)
    y = (1 - np.asarray(values, float) / top) * (HIGH - BELOW - ABOVE)
    return " ".join(
        f"{a:.1f},{b:.1f}" for a, b in zip(x, y.clip(-99, 999), strict=True)
    )


def _curve(values, end, top, color, width, points=()) -> str:
    """A line through one value a step, or through (step, value) with dots."""
    values = np.asarray(values, float)
    if points:
        steps = np.array([step for step, _ in points])
    else:
        steps = np.arange(1, len(values) + 1)
    fine = np.isfinite(values)
    steps, values = steps[fine], values[fine]
    if not len(values):
        return ""
    if len(values) > POINTS:
        chosen = np.linspace(0, len(values) - 1, POINTS).round().astype(int)
        steps, values = steps[chosen], values[chosen]
    line = _places(steps, values, end, top)
    dots = ""
    if points and len(values) <= 60:
        dots = "".join(
            f'<circle cx="{x}" cy="{y}" r="2.6" fill="{color}"/>'
            for x, y in (place.split(",") for place in line.split())
        )
    return (
        f'<polyline points="{line}" fill="none" stroke="{color}" '
        f'stroke-width="{width}" stroke-linejoin="round"/>{dots}'
    )


def _band(values, end, top) -> str:
    """From the lowest to the highest of each stretch of steps."""
    values = np.where(np.isfinite(values), values, 2 * top)
    if not len(values):
        return ""
    starts = np.unique(np.linspace(0, len(values), POINTS, False).astype(int))
    steps = starts + 1
    high = _places(steps, np.maximum.reduceat(values, starts), end, top)
    low = _places(steps[::-1], np.minimum.reduceat(values, starts)[::-1], end, top)
    return (
        f'<polygon points="{high} {low}" fill="{plot.BLUE}" fill-opacity="0.22" '
        f'stroke="{plot.BLUE}" stroke-opacity="0.3" stroke-width="0.7"/>'
    )


def _chart(title, curves, end, top, marks, alt) -> str:
    """Curves over steps with numbered marks, as a drawing."""
    wide, high = WIDE - LEFT - RIGHT, HIGH - BELOW - ABOVE
    parts = [f'<text x="0" y="13" font-size="13" fill="{plot.INK}">{title}</text>']
    style = f'font-size="12" fill="{plot.GREY}"'
    for value in _ticks(0, end):
        x = LEFT + value / end * wide
        parts.append(
            f'<text x="{x:.1f}" y="{HIGH - 6}" text-anchor="middle" {style}>'
            f"{value:,.0f}</text>"
        )
    for value in _ticks(0, top):
        y = ABOVE + (1 - value / top) * high
        parts.append(
            f'<line x1="{LEFT}" x2="{LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{plot.PALE}"/><text x="{LEFT - 6}" y="{y:.1f}" '
            f'text-anchor="end" dominant-baseline="central" {style}>{value:.3g}</text>'
        )
    inside = "".join(curves)
    for step, text in marks:
        x = step / end * wide
        inside += (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{high}" '
            f'stroke="{plot.GREY}" stroke-dasharray="3 3"/>'
            f'<text x="{x + 3:.1f}" y="10" {style}>{text}</text>'
        )
    parts.append(
        f'<svg x="{LEFT}" y="{ABOVE}" width="{wide}" height="{high}">{inside}</svg>'
    )
    return (
        f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{"".join(parts)}</svg>'
    )
