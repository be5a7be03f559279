"""What every explorer is, and the small tools they share."""

import base64
import html
import io
import os
import re
import textwrap
from collections.abc import Callable
from fractions import Fraction

import ipywidgets
import numpy as np
from PIL import Image

from .. import plot

# HTML widgets run no scripts, but an image that has loaded may
_DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
# Plain keys typed into an explorer must not reach the notebook, where "dd" deletes a
# cell; JupyterLab looks for this attribute on the element that has the focus.
_KEEP_KEYS = f"""<img hidden alt="" src="{_DOT}" onload="
if (!window.cnnkitKeys) window.addEventListener('keydown', event => {{
  if (event.target.closest?.('.cnnkit-explorer'))
    event.target.toggleAttribute('data-lm-suppress-shortcuts',
      !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey));
}}, true);
window.cnnkitKeys = true">"""
# The buttons of ipywidgets.Play have no names of their own, and are made a moment later
_NAME_PLAY = f"""<img hidden alt="" src="{_DOT}" onload="
const names = ['Play or pause', 'Stop', 'Repeat'];
const name = tries => {{
  const explorer = this.closest('.cnnkit-explorer');
  const play = explorer?.querySelectorAll('.widget-play button');
  if (play?.length) play.forEach((button, k) => {{
    button.ariaLabel = button.title = names[k];
  }});
  else if (tries) setTimeout(name, 100, tries - 1);
}};
name(50);">"""
# A click on a part of a drawing puts the part's data-pick into a hidden text field of
# ipywidgets and reports it as typed
_PICK = f"""<img hidden alt="" src="{_DOT}" onload="
const field = this.closest('.cnnkit-explorer')?.querySelector('.cnnkit-pick input');
for (const part of this.parentNode.querySelectorAll('[data-pick]'))
  part.addEventListener('click', () => {{
    field.value = part.dataset.pick;
    field.dispatchEvent(new Event('input', {{bubbles: true}}));
  }});">"""
_ROW = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 12px"}


class Explorer:
    """Controls, what follows from their values, and a picture of it.

    Args:
        settings: name -> value at the start.
        compute: settings -> namespace of plain values; its `html` is the picture.
            It raises ValueError for settings that make no sense.
        build: explorer -> the widget, after filling `controls`; the values of the
            controls that `settings` names are the settings.
        still: result -> (figure, alternative text), and True where it is a photograph.

    Attributes:
        settings: the last values that made sense.
        result: what `compute` returned for them.
        message: why the controls' present values make no sense, or "".
        controls: name -> ipywidget; empty until `widget` is used.
    """

    def __init__(self, settings: dict, compute: Callable, build, still):
        self.settings = settings
        self.result = compute(settings)
        self.message = ""
        self.controls: dict[str, ipywidgets.Widget] = {}
        self._compute, self._build, self._still = compute, build, still
        self._widget = None
        self._busy = False

    @property
    def widget(self) -> ipywidgets.Box:
        """The live widget, made at the first use."""
        if self._widget is None:
            self.picture, self.status = ipywidgets.HTML(), ipywidgets.HTML()
            self._keys = ipywidgets.HTML(_KEEP_KEYS, layout={"display": "none"})
            self.view = ipywidgets.VBox([self.status, self.picture])
            self._widget = ipywidgets.VBox([self._build(self), self._keys])
            self._widget.add_class("cnnkit-explorer")
            for name in self.settings:
                self.controls[name].observe(lambda _: self._changed(), "value")
            self._changed()
        return self._widget

    def _changed(self) -> None:
        if self._busy:
            return
        self._busy = True  # a control moved from here is no second change
        try:
            settings = {name: self.controls[name].value for name in self.settings}
            self.result = self._compute(settings)
            for name, highest in getattr(self.result, "highest", {}).items():
                self.controls[name].max = highest
            self.settings = settings
            self._draw("")
        except Exception as error:  # shown to the student, who can go on
            self._draw(error)
        finally:
            self._busy = False

    def _draw(self, error: Exception | str) -> None:
        """The picture of the result, in pale and with a reason after an error."""
        self.message = str(error)
        if error and not isinstance(error, ValueError):
            self.message = f"{type(error).__name__}: {error}"
        opacity = 0.35 if error else 1
        self.picture.value = f'<div style="opacity:{opacity}">{self.result.html}</div>'
        self.status.value = self.message and (
            '<div role="alert" style="color:#b00020;line-height:1.4">'
            f"{html.escape(self.message)}<br>The picture keeps the last settings "
            "that worked.</div>"
        )

    def on_click(self, name: str, action: Callable) -> None:
        """Run an action when a button is clicked, and show what it raises."""

        def clicked(_):
            try:
                action()
            except Exception as error:
                self._draw(error)

        self.controls[name].on_click(clicked)

    def set(self, **values) -> None:
        """Move several controls at once, with one redraw."""
        self.widget  # noqa: B018 - makes the controls
        self._busy = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._busy = False
        self._changed()

    def show(self) -> None:
        """Display the live widget, or with CNNKIT_TEST=1 its still."""
        if os.environ.get("CNNKIT_TEST") == "1":
            plot.show(*self._still(self.result))
            return
        from IPython.display import display

        display(self.widget)

    def close(self) -> None:
        """Remove the widget and everything in it from the page and the kernel."""
        widgets = [self._widget] if self._widget else []
        while widgets:
            widget = widgets.pop()
            widgets += getattr(widget, "children", ())
            for name in ("layout", "style"):
                if widget.has_trait(name):
                    getattr(widget, name).close()
            widget.close()
        self._widget = None
        self.controls = {}


# ---------------------------------------------------------------- small tools


def _number(value) -> str:
    """A number as short as it can be read, with a true minus sign; letters as is."""
    if isinstance(value, str):
        return value
    return "0" if value == 0 else f"{float(value):.4g}".replace("-", "−")


def _matrix(array, name: str) -> np.ndarray:
    """A matrix of numbers, or an object array if letters are among its entries."""
    matrix = np.array(array, dtype=object)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"expected {name}: a matrix (rows, columns); received shape {matrix.shape}"
        )
    if any(isinstance(entry, str) for entry in matrix.flat):
        return matrix
    matrix = np.array(matrix.tolist())
    if matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"expected {name}: numbers or letters; received {matrix.dtype} entries"
        )
    return matrix.astype(int) if matrix.dtype.kind in "bu" else matrix


def _entry(text: str) -> int | float | str:
    """A number or a letter as typed: 2, -1.5, 1/9, w."""
    text = text.replace("−", "-")
    if len(text) == 1 and text.isalpha():
        return text
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(
            "expected a number such as 2, -1.5 or 1/9, or a single letter; "
            f"received {text!r}"
        ) from None
    return int(value) if value.denominator == 1 else float(value)


def _parse_matrix(text: str) -> np.ndarray:
    """A matrix typed as one row a line, entries separated by spaces or commas."""
    lines = [line for line in text.replace(",", " ").splitlines() if line.strip()]
    if not lines:
        raise ValueError("expected a kernel: one row a line; received an empty text")
    rows = [[_entry(word) for word in line.split()] for line in lines]
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(
            "expected rows of equal length; received rows of "
            f"{', '.join(map(str, lengths))} entries"
        )
    return _matrix(rows, "kernel")


def _picture(fig, alt: str) -> str:
    """A figure as an HTML image, drawn at once when it replaces another.

    Larger files than `plot.image_bytes` makes, in a third of the time.
    """
    file = io.BytesIO()
    fig.savefig(file, dpi=144, pil_kwargs={"compress_level": 1})
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    return _image(file, width, height, alt)


def _image(file: io.BytesIO, width: int, height: int, alt: str) -> str:
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img src="data:image/png;base64,{data}" decoding="sync" width="{width}" '
        f'height="{height}" style="display:block;max-width:100%;height:auto" '
        f'alt="{html.escape(alt)}">'
    )


def _code(text: str) -> str:
    return (
        '<pre style="margin:4px 0;padding:6px 10px;background:#f5f5f5;'
        f'white-space:pre-wrap;word-break:normal;line-height:1.4">{html.escape(text)}</pre>'
    )


def _line(text: str) -> str:
    return f'<div style="line-height:1.5;margin:4px 0">{text}</div>'


def _button(text: str, tooltip: str, icon: str = "") -> ipywidgets.Button:
    layout = {"width": "auto", "padding": "0 9px"}
    return ipywidgets.Button(
        description=text, tooltip=tooltip, icon=icon, layout=layout
    )


def _pick_field(explorer: Explorer, settings: Callable) -> ipywidgets.Text:
    """A hidden field for `_PICK`; the clicked part's text tells what to set."""
    field = ipywidgets.Text(description="Clicked", layout={"display": "none"})
    field.add_class("cnnkit-pick")

    def picked(change):
        if change["new"]:
            field.value = ""  # so that the same part can be clicked again
            explorer.set(**settings(change["new"]))

    field.observe(picked, "value")
    return field


def _columns(left: list, right: list) -> ipywidgets.HBox:
    """Controls, and beside them what follows, in the width that is left."""
    return ipywidgets.HBox(
        [
            ipywidgets.VBox(left, layout={"flex": "0 0 auto"}),
            ipywidgets.VBox(right, layout={"flex": "1 1 0", "min_width": "0"}),
        ],
        layout={"grid_gap": "24px"},
    )


def _svg_text(x: float, y: float, size: float, lines, ink: str, extra="") -> str:
    """Lines of text centred on a point of an SVG drawing."""
    top = y - 0.6 * size * (len(lines) - 1)
    return "".join(
        f'<text x="{x:.1f}" y="{top + 1.2 * size * k:.1f}" font-size="{size:.1f}" '
        f'fill="{ink}" text-anchor="middle" dominant-baseline="central"{extra}>'
        f"{html.escape(line)}</text>"
        for k, line in enumerate(lines)
    )


def _svg_grid(x, y, wide, high, title: str, cells, wrap: int = 12) -> str:
    """A table with a title as part of an SVG drawing; cells are (text, fill, ink)."""
    middle = x + wide * len(cells[0]) / 2
    parts = [_svg_text(middle, y - 14, 14, [title], plot.INK)]
    for i, row in enumerate(cells):
        for j, (text, fill, ink) in enumerate(row):
            left, top = x + j * wide, y + i * high
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                f'height="{high:.1f}" fill="{fill}" stroke="#b5b5b5"/>'
            )
            if text and high >= 14:
                # sums of letters go over several lines
                lines = textwrap.wrap(re.sub(r"(?<=\w)(?=[+−])", " ", text), wrap)
                lines = [line.replace(" ", "") for line in lines]
                size = min(
                    15,
                    0.45 * high,
                    0.8 * high / len(lines),
                    1.6 * wide / max(map(len, lines)),
                )
                centre = left + wide / 2, top + high / 2
                parts.append(_svg_text(*centre, size, lines, ink))
    return "".join(parts)


def _svg_target(x, y, width, height, pick: str) -> str:
    """An unseen rectangle to click on, see `_PICK`."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="transparent" style="cursor:pointer" data-pick="{pick}"/>'
    )


def _svg_picture(x, y, width, height, pixels: np.ndarray) -> str:
    """Colours (rows, columns, 3) of type uint8 as a part of an SVG drawing."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        'preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{data}"/>'
    )


def _svg(width: float, height: float, alt: str, parts: list[str]) -> str:
    """A drawing of the given size, smaller where there is less room."""
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{"".join(parts)}</svg>'
    )


def _svg_outline(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="none" stroke="{plot.VERMILLION}" stroke-width="3"/>'
    )


def _sliders(settings: dict, ranges: dict) -> dict:
    """One integer slider a setting; the value at the start is always within reach."""
    return {
        name: ipywidgets.IntSlider(
            value,
            min=ranges[name][0],
            max=max(ranges[name][1], value),
            description=name.capitalize(),
            layout={"width": "270px"},
        )
        for name, value in settings.items()
    }
