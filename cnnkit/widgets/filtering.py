"""Explorer of lesson 02: a photograph, a kernel to edit, and the result."""

import base64
import html
import io
from collections.abc import Mapping
from types import SimpleNamespace

import ipywidgets
import numpy as np
from matplotlib.colors import to_hex
from PIL import Image

from .. import plot
from .base import (
    _ROW,
    Explorer,
    _button,
    _line,
    _number,
    _parse_matrix,
    _svg_grid,
)

_OWN = "your own"
#   name: (kernel as typed, how its result is shown)
_PRESETS = {
    "nine ones": ("1 1 1\n1 1 1\n1 1 1", "grey"),
    "blur": ("1/9 1/9 1/9\n1/9 1/9 1/9\n1/9 1/9 1/9", "grey"),
    "sharpen": ("0 -1 0\n-1 5 -1\n0 -1 0", "grey"),
    "edge": ("1 1 1\n1 -8 1\n1 1 1", "signed"),
    "vertical lines": ("-1 2 -1\n-1 2 -1\n-1 2 -1", "signed"),
    "nothing": ("0 0 0\n0 1 0\n0 0 0", "grey"),
}


def _jpeg(pixels: np.ndarray, alt: str) -> str:
    """Pixels (h, w) or (h, w, 3) as an HTML image that shrinks with the page."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    shown = min(width, 310)
    return (
        f'<img src="data:image/jpeg;base64,{data}" decoding="sync" width="{shown}" '
        f'height="{round(height * shown / width)}" '
        f'style="max-width:100%;height:auto" alt="{html.escape(alt)}">'
    )


def _shades(values: np.ndarray, signed: bool) -> np.ndarray:
    """Values as pixels: grey and cut off at 0 and 255, or white at zero."""
    if not signed:
        return np.clip(values, 0, 255).round().astype(np.uint8)
    most = np.quantile(np.abs(values), 0.99) or np.abs(values).max() or 1.0
    return plot.DIVERGING(np.clip(values / most, -1, 1) / 2 + 0.5, bytes=True)[..., :3]


def _kernel_svg(kernel: np.ndarray) -> str:
    """The weights as coloured squares, with their numbers where there is room."""
    unit = min(44, 150 / max(kernel.shape))
    most = np.abs(kernel).max() or 1.0
    rows = []
    for row in kernel:
        fills = plot.DIVERGING(row / most / 2 + 0.5)
        inks = [plot.base._text_on(fill) for fill in fills]
        texts = [f"{value:.3g}".replace("-", "−") if unit > 25 else "" for value in row]
        rows.append(list(zip(texts, map(to_hex, fills), inks, strict=True)))
    wide, high = unit * kernel.shape[1] + 4, unit * kernel.shape[0] + 34
    return (
        f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" '
        f'height="{high:.0f}" role="img" style="font-family:sans-serif" '
        f'aria-label="kernel of {kernel.shape[0]} by {kernel.shape[1]} weights">'
        f"{_svg_grid(2, 30, unit, unit, 'kernel', rows)}</svg>"
    )


def kernel_explorer(
    photographs: Mapping[str, np.ndarray], preset: str = "sharpen", photo: str = ""
) -> Explorer:
    """A photograph, a kernel to edit, and what the kernel makes of it.

    Args:
        photographs: name -> (h, w) or (h, w, 3) values from 0 to 255; colours are
            averaged to grey.
        preset: the kernel at the start: "nine ones", "blur" (the same divided by 9),
            "sharpen", "edge", "vertical lines" or "nothing".
        photo: name of the photograph at the start; by default the first.

    Returns:
        An explorer whose `result` has `kernel`, `total` (the sum of its weights),
        `response` (rows, columns; only where the kernel fits), `low` and `high` (its
        smallest and largest value) and `cut` (the share of it outside 0 to 255).

    Raises:
        ValueError: for no photograph, or an unknown preset or name.

    Source: CS7015 lecture 11, section 11.1 (blur, sharpen, edge).

    >>> result = kernel_explorer({"flat": np.full((5, 5), 10)}, "nine ones").result
    >>> result.total, result.high
    (9.0, 90.0)
    """
    if not photographs:
        raise ValueError("expected at least one photograph; received none")
    photo = photo or next(iter(photographs))
    for known, name in ((_PRESETS, preset), (photographs, photo)):
        if name not in known:
            raise ValueError(f"expected one of {', '.join(known)}; received {name!r}")
    grey = {}
    for name, pixels in photographs.items():
        pixels = np.asarray(pixels, float)
        grey[name] = pixels.mean(axis=-1) if pixels.ndim == 3 else pixels

    def compute(settings):
        from scipy import signal

        kernel = _parse_matrix(settings["kernel"])
        if kernel.dtype == object:
            raise ValueError("expected numbers in the kernel; received letters")
        kernel, pixels = kernel.astype(float), grey[settings["photo"]]
        if np.any(np.greater(kernel.shape, pixels.shape)):
            raise ValueError(
                f"expected a kernel that fits into {pixels.shape[0]}x"
                f"{pixels.shape[1]} pixels; received {kernel.shape[0]}x"
                f"{kernel.shape[1]}"
            )
        response = signal.correlate(pixels, kernel, "valid")
        total = float(kernel.sum())
        total = 0.0 if abs(total) < 1e-12 else total
        signed = settings["show"] == "signed"
        low, high = float(response.min()), float(response.max())
        cut = float(np.mean((response < 0) | (response > 255)))
        flat = f"A flat area of brightness 100 becomes {_number(100 * total)}"
        spread = f"Results lie between {low:.0f} and {high:.0f}".replace("-", "−")
        if not signed:
            spread += f"; {100 * cut:.0f} % are cut off at 0 or 255"
        rows, columns = kernel.shape
        alt = (
            f"The photograph {settings['photo']} after a {rows}x{columns} kernel whose "
            f"weights sum to {_number(total)}"
        )
        parts = [
            _jpeg(
                _shades(pixels, False), f"The photograph {settings['photo']} in grey"
            ),
            _kernel_svg(kernel),
            _jpeg(_shades(response, signed), alt),
        ]
        return SimpleNamespace(
            kernel=kernel,
            total=total,
            response=response,
            low=low,
            high=high,
            cut=cut,
            alt=alt,
            signed=signed,
            pixels=pixels,
            photo=settings["photo"],
            html='<div style="display:flex;flex-wrap:wrap;gap:12px;align-items:center">'
            + "".join(f"<div>{part}</div>" for part in parts)
            + "</div>"
            + _line(f"<b>Sum of weights: {_number(total)}.</b> {flat}.")
            + _line(f"{spread}."),
        )

    def build(explorer):
        width = {"width": "260px"}
        controls = explorer.controls = {
            "photo": ipywidgets.Dropdown(
                options=list(grey), value=photo, description="Photograph", layout=width
            ),
            "preset": ipywidgets.Dropdown(
                options=[*_PRESETS, _OWN],
                value=preset,
                description="Preset",
                layout=width,
            ),
            "kernel": ipywidgets.Textarea(
                explorer.settings["kernel"],
                description="Kernel",
                rows=4,
                tooltip="One row a line: numbers such as 2, -1.5 or 1/9",
                layout=width,
            ),
            "show": ipywidgets.Dropdown(
                options=[
                    ("grey, 0 to 255", "grey"),
                    ("signed: blue, red", "signed"),
                ],
                value=explorer.settings["show"],
                description="Show",
                layout=width,
            ),
            "normalise": _button(
                "Normalise", "Divide the weights by their sum", "balance-scale"
            ),
        }

        def choose(change):
            if change["new"] != _OWN:
                kernel, show = _PRESETS[change["new"]]
                explorer.set(kernel=kernel, show=show)

        def typed(change):
            found = [n for n, (kernel, _) in _PRESETS.items() if kernel == change.new]
            # the name follows the text, and choosing "your own" changes nothing
            controls["preset"].value = found[0] if found else _OWN

        def divide():
            kernel = _parse_matrix(controls["kernel"].value).astype(float)
            if abs(kernel.sum()) < 1e-9:
                raise ValueError(
                    "expected weights with a sum other than 0 to divide by; received "
                    "a sum of 0"
                )
            rows = kernel / kernel.sum()
            text = "\n".join(" ".join(f"{v:.6g}" for v in row) for row in rows)
            explorer.set(kernel=text)

        controls["preset"].observe(choose, "value")
        controls["kernel"].observe(typed, "value")
        explorer.on_click("normalise", divide)
        groups = ("kernel",), ("photo", "preset"), ("show", "normalise")
        columns = [ipywidgets.VBox([controls[n] for n in names]) for names in groups]
        top = ipywidgets.HBox(columns, layout=_ROW | {"align_items": "flex-start"})
        return ipywidgets.VBox([top, explorer.view])

    def still(result):
        fig = plot.filtering(
            result.pixels, result.kernel, result.response, result.signed
        )
        return fig, f"{result.alt}: before, the weights, and after.", True

    kernel, show = _PRESETS[preset]
    return Explorer(
        {"photo": photo, "kernel": kernel, "show": show}, compute, build, still
    )
