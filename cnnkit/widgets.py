"""The explorers of the lessons: live in JupyterLab, a still where nothing can run.

Each function returns an `Explorer`; end a cell with its `show()`.  With CNNKIT_TEST=1
in the environment `show()` displays one figure with alternative text and makes no
widget, which is what a stored lesson holds and a regression test compares.

The live explorers are plain ipywidgets: every control is reached with the Tab key,
and the drawings are HTML, so no output area is captured or cleared.
"""

import base64
import html
import io
import os
import re
import textwrap
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import ipywidgets
import numpy as np

from . import plot, sizes

# Keys typed into an explorer must not reach the notebook, where "dd" deletes a cell.
_KEEP_KEYS = (
    '<img hidden alt="" src="data:image/gif;base64,'
    'R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" onload="'
    "this.closest('.cnnkit-explorer')?.setAttribute("
    "'data-lm-suppress-shortcuts', 'true')\">"
)
_ROW = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 12px"}


class Explorer:
    """Controls, what follows from their values, and a picture of it.

    Args:
        settings: name -> value at the start.
        compute: settings -> namespace of plain values; its `html` is the picture.
            It raises ValueError for settings that make no sense.
        build: explorer -> the widget, after filling `controls`; the values of the
            controls that `settings` names are the settings.
        still: result -> (figure, alternative text).

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
            box = self._build(self)
            box.children += (self.status, self._keys)
            box.add_class("cnnkit-explorer")
            self._widget = box
            for name in self.settings:
                self.controls[name].observe(lambda _: self._changed(), "value")
            self._changed()
        return self._widget

    def _changed(self) -> None:
        if self._busy:
            return
        self._busy = True  # a control moved from here is no second change
        settings = {name: self.controls[name].value for name in self.settings}
        try:
            self.result = self._compute(settings)
            for name, highest in getattr(self.result, "highest", {}).items():
                self.controls[name].max = highest
            self.settings = settings
            self.message = ""
        except Exception as error:  # shown to the student, who can go on
            wrong = isinstance(error, ValueError)
            self.message = str(error) if wrong else f"{type(error).__name__}: {error}"
        finally:
            self._busy = False
        opacity = 0.35 if self.message else 1
        self.picture.value = f'<div style="opacity:{opacity}">{self.result.html}</div>'
        self.status.value = self.message and (
            '<div role="alert" style="color:#b00020;line-height:1.4">'
            f"{html.escape(self.message)}<br>The picture keeps the last settings "
            "that worked.</div>"
        )

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
    data = base64.b64encode(file.getvalue()).decode("ascii")
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    return (
        f'<img src="data:image/png;base64,{data}" decoding="sync" width="{width}" '
        f'height="{height}" style="max-width:100%;height:auto" '
        f'alt="{html.escape(alt)}">'
    )


def _code(text: str) -> str:
    return (
        '<pre style="margin:4px 0;padding:6px 10px;background:#f5f5f5;'
        f'white-space:pre-wrap;word-break:normal;line-height:1.4">{html.escape(text)}</pre>'
    )


def _line(text: str) -> str:
    return f'<div style="line-height:1.5;margin:4px 0">{text}</div>'


def _columns(top, left: list, right: list) -> ipywidgets.VBox:
    """Controls on top and on the left, the rest beside them or, if narrow, below."""
    return ipywidgets.VBox(
        [
            top,
            ipywidgets.HBox(
                [
                    ipywidgets.VBox(left, layout={"flex": "0 0 auto"}),
                    ipywidgets.VBox(right, layout={"flex": "1 1 0", "min_width": "0"}),
                ],
                layout={"grid_gap": "24px"},
            ),
        ]
    )


# ---------------------------------------------------------------- lesson 01


def _times(a, b) -> int | float | str:
    """The product of two entries: a text such as aw or 2w if a letter is in it."""
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    if not isinstance(a, str) and not isinstance(b, str):
        return a * b
    factor, letter = (b, a) if isinstance(a, str) else (a, b)
    return {0: 0, 1: letter, -1: f"−{letter}"}.get(factor, _number(factor) + letter)


def _term(a, b) -> str:
    """The product written out."""
    if isinstance(a, str) or isinstance(b, str):
        return _number(_times(a, b))
    return f"{_number(a)}·" + (f"({_number(b)})" if b < 0 else _number(b))


def _plus(terms, sign: str) -> str:
    """Terms joined by a plus sign, or by a minus that one of them brings along."""
    return sign.join(terms).replace(f"{sign}−", sign.replace("+", "−"))


def _keras_call(kernel_size, stride: int, padding, pads, dilation: int) -> str:
    """A Keras layer that computes what the stepper shows."""
    size = kernel_size[0] if len(set(kernel_size)) == 1 else kernel_size
    both = stride > 1 and dilation > 1  # Conv2D refuses this pair
    if padding == "same" and both:
        zeros = pads
    else:
        zeros = padding if padding not in (0, "same") else None
    conv = (
        f"keras.layers.Conv2D(1, {size}, strides={1 if both else stride}, "
        f'padding="{"same" if padding == "same" and not both else "valid"}", '
        f"dilation_rate={dilation}, use_bias=False)"
    )
    parts = [conv]
    if zeros is not None:
        parts.insert(0, f"keras.layers.ZeroPadding2D({zeros})")
    if both:  # a window of one pixel only skips
        parts.append(f"keras.layers.MaxPooling2D(1, strides={stride})")
    if len(parts) == 1:
        return conv
    return "keras.Sequential([\n" + "".join(f"    {p},\n" for p in parts) + "])"


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


def _svg_outline(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="none" stroke="{plot.VERMILLION}" stroke-width="3"/>'
    )


def _step_svg(field, inside, kernel, output, step, stride, dilation, alt) -> str:
    """Input with the window, kernel, and the output so far, as one drawing.

    An SVG is drawn in a few milliseconds, a Matplotlib figure of it in 100 to 500.
    """
    window, light = "#ffddca", "#ececec"  # as in plot.convolution_step
    row, column = divmod(step - 1, output.shape[1])
    top, left = row * stride, column * stride
    taps = np.zeros(field.shape, bool)
    reach = [(n - 1) * dilation + 1 for n in kernel.shape]
    taps[top : top + reach[0] : dilation, left : left + reach[1] : dilation] = True
    share = 2 if output.dtype == object else 1.2  # outputs are longer texts
    gap, y = 46, 30
    columns = field.shape[1] + kernel.shape[1] + share * output.shape[1]
    size = min(44, (620 - 2 * gap) / columns)
    x_kernel = 2 + field.shape[1] * size + gap
    x_output = x_kernel + kernel.shape[1] * size + gap
    full = x_output + output.shape[1] * share * size + 2
    high = y + size * max(len(field), len(kernel), len(output)) + 3
    fields = [
        [
            (
                _number(value),
                window if taps[i, j] else "#fff" if inside[i, j] else light,
                plot.INK if inside[i, j] else plot.GREY,
            )
            for j, value in enumerate(line)
        ]
        for i, line in enumerate(field.tolist())
    ]
    kernels = [
        [(_number(k), "#fff", plot.INK) for k in line] for line in kernel.tolist()
    ]
    outputs = [
        [
            (_number(v), window, plot.INK)
            if (i, j) == (row, column)
            else (_number(v), "#fff", plot.INK)
            if (i, j) < (row, column)
            else ("", light, plot.INK)
            for j, v in enumerate(line)
        ]
        for i, line in enumerate(output.tolist())
    ]
    wide = share * size
    middle = y + size * min(len(field), len(kernel), len(output)) / 2
    drawing = "".join(
        [
            _svg_grid(2, y, size, size, "input", fields),
            _svg_grid(x_kernel, y, size, size, "kernel", kernels),
            _svg_grid(x_output, y, wide, size, "output", outputs, 4 * kernel.shape[1]),
            _svg_text(x_kernel - gap / 2, middle, 20, ["∗"], plot.INK),
            _svg_text(x_output - gap / 2, middle, 20, ["="], plot.INK),
            _svg_outline(
                2 + left * size, y + top * size, *(n * size for n in reach[::-1])
            ),
            _svg_outline(x_output + column * wide, y + row * size, wide, size),
        ]
    )
    return (
        f'<svg viewBox="0 0 {full:.0f} {high:.0f}" width="{full:.0f}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{drawing}</svg>'
    )


def convolution_stepper(
    image, kernel, stride: int = 1, padding: int | str = 0, dilation: int = 1
) -> Explorer:
    """A kernel walks over an image step by step, each sum written out.

    Numbers give numbers; letters give sums of products of letters.  A switch turns
    what Keras computes (cross-correlation) into true convolution, which rotates the
    kernel by 180 degrees.

    Args:
        image: (h, w) numbers or letters.
        kernel: (kh, kw) numbers or letters; the student can type another.
        stride: pixels between neighbouring windows.
        padding: zeros on each side in pixels, or "same" (Keras's rule).
        dilation: distance between neighbouring taps in pixels.

    Returns:
        An explorer whose `result` has `output` (a matrix, of texts if letters are in
        it), `step` (outputs filled), `position` (row, column), `text` (the sum) and
        `keras_call`.

    Raises:
        ValueError: if image or kernel is no matrix, or the kernel does not fit.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 15.

    >>> explorer = convolution_stepper([["a", "b"]], [["w", "x"]])
    >>> explorer.result.text
    'output[0, 0] = aw + bx'
    """
    image = _matrix(image, "image")
    kernel = _matrix(kernel, "kernel")
    typed = "\n".join("  ".join(map(_number, row)) for row in kernel.tolist())

    def compute(settings):
        text, stride = settings["kernel"], settings["stride"]
        padding, dilation = settings["padding"], settings["dilation"]
        # the caller's kernel keeps all its digits
        mine = kernel if text == typed else _parse_matrix(text)
        shape = [
            sizes.output_size(n, k, stride, padding, dilation)
            for n, k in zip(image.shape, mine.shape, strict=True)
        ]
        pads = (padding,) * 2, (padding,) * 2
        if padding == "same":
            pads = tuple(
                sizes.same_padding(n, k, stride, dilation)
                for n, k in zip(image.shape, mine.shape, strict=True)
            )
        field = np.pad(image, pads)
        inside = np.pad(np.ones(image.shape, bool), pads)
        turned = mine[::-1, ::-1] if settings["look"] == "back" else mine
        reach = [sizes.effective_kernel_size(k, dilation) for k in mine.shape]
        windows = np.lib.stride_tricks.sliding_window_view(field, reach)
        windows = windows[::stride, ::stride, ::dilation, ::dilation]
        if object in (field.dtype, turned.dtype):
            output = np.empty(shape, object)
            for place in np.ndindex(*shape):
                terms = map(_times, windows[place].flat, turned.flat)
                terms = [_number(term) for term in terms if term != 0]
                output[place] = _plus(terms, "+") or "0"
        else:
            output = (windows * turned).sum((-2, -1))
        step = min(settings["step"], output.size)
        position = divmod(step - 1, shape[1])
        terms = map(_term, windows[position].flat, turned.flat)
        text = f"output[{position[0]}, {position[1]}] = {_plus(terms, ' + ')}"
        if output.dtype != object:
            text += f" = {_number(output[position])}"
        call = _keras_call(mine.shape, stride, padding, pads, dilation)
        note = "The Keras layer with these settings"
        if settings["look"] == "back":
            note += ", given the kernel rotated by 180°"
        if stride > 1 and dilation > 1:
            note += "; Conv2D refuses strides and dilation together, so pooling strides"
        alt = f"Step {step} of {output.size}: {text}"
        drawing = _step_svg(field, inside, turned, output, step, stride, dilation, alt)
        return SimpleNamespace(
            output=output,
            step=step,
            position=position,
            text=text,
            keras_call=call,
            alt=alt,
            highest={"step": output.size, "play": output.size},
            still=(image, turned, stride, pads, dilation, *position),
            html=drawing
            + _line(f"<b>{html.escape(text)}</b>")
            + _line(f"{note}:")
            + _code(call),
        )

    def build(explorer):
        last = explorer.result.highest["step"]
        button, number = {"width": "105px"}, {"width": "200px"}
        controls = explorer.controls = {
            "previous": ipywidgets.Button(
                description="Previous",
                icon="step-backward",
                tooltip="One step back",
                layout=button,
            ),
            "next": ipywidgets.Button(
                description="Next",
                icon="step-forward",
                tooltip="One step on",
                layout=button,
            ),
            "play": ipywidgets.Play(
                1, min=1, max=last, interval=600, tooltip="Play the steps"
            ),
            "step": ipywidgets.IntSlider(
                1, min=1, max=last, description="Step", layout={"width": "330px"}
            ),
            "kernel": ipywidgets.Textarea(
                typed,
                description="Kernel",
                rows=max(3, len(kernel)),
                tooltip="One row a line: numbers such as 2, -1.5 or 1/9, or letters",
                layout=number,
            ),
            "stride": ipywidgets.BoundedIntText(
                stride, min=1, description="Stride", layout=number
            ),
            "padding": ipywidgets.Dropdown(
                options=[
                    *range(max(4, 0 if padding == "same" else padding + 1)),
                    "same",
                ],
                value=padding,
                description="Padding",
                layout=number,
            ),
            "dilation": ipywidgets.BoundedIntText(
                dilation, min=1, description="Dilation", layout=number
            ),
            "look": ipywidgets.RadioButtons(
                options=[
                    ("look forward: cross-correlation, what Keras does", "forward"),
                    ("look back: true convolution, the kernel rotated", "back"),
                ],
                tooltip="Cross-correlation or true convolution",
                layout={"width": "max-content"},
            ),
        }

        def move(by):
            step = controls["step"]
            step.value = (step.value - 1 + by) % step.max + 1

        controls["previous"].on_click(lambda _: move(-1))
        controls["next"].on_click(lambda _: move(1))
        ipywidgets.link((controls["play"], "value"), (controls["step"], "value"))
        walk = ("previous", "play", "next", "step")
        shape = ("kernel", "stride", "padding", "dilation")
        return _columns(
            ipywidgets.HBox([controls[name] for name in walk], layout=_ROW),
            [controls[name] for name in shape],
            [controls["look"], explorer.picture],
        )

    def still(result):
        alt = f"{result.alt}."
        if len(alt) > 400:
            alt = re.sub(r"= .* =", f"= sum of {result.still[1].size} products =", alt)
        return plot.convolution_step(*result.still), alt

    settings = {"step": 1, "kernel": typed, "stride": stride, "padding": padding}
    settings |= {"dilation": dilation, "look": "forward"}
    return Explorer(settings, compute, build, still)


# ---------------------------------------------------------------- lesson 03


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


def size_explorer(
    n: int = 7, kernel: int = 3, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Explorer:
    """Where a kernel fits along an axis: drawing, formula, and what Keras returns.

    Args:
        n: input length in pixels.
        kernel: taps along the axis.
        stride: pixels between neighbouring placements.
        padding: zeros on each side in pixels.
        dilation: distance between neighbouring taps in pixels.

    Returns:
        An explorer whose `result` has `size` (0 if the kernel does not fit),
        `formula`, `unread` (input pixels no placement reads, counted from 0), and
        `valid` and `same`, the sizes Keras returns (None where it refuses).

    Raises:
        ValueError: if a value is not an integer in range.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 15.

    >>> result = size_explorer(7, kernel=3, stride=3).result
    >>> result.size, result.unread, result.valid, result.same
    (2, [6], 2, 3)
    """

    def compute(settings):
        n, kernel, stride, padding, dilation = settings.values()
        fig = plot.placements(n, kernel, stride, padding, dilation)
        try:
            size = sizes.output_size(n, kernel, stride, padding, dilation)
        except ValueError:
            size = 0  # the drawing says so
        read = {
            place * stride + tap * dilation - padding
            for place in range(size)
            for tap in range(kernel)
        }
        unread = [pixel for pixel in range(n) if pixel not in read]
        keras = dict.fromkeys(("valid", "same"))
        notes = []
        for name in keras:
            try:
                keras[name] = sizes.output_size(n, kernel, stride, name, dilation)
            except ValueError:
                notes.append(f'"{name}" raises an error, the kernel does not fit')
                continue
            zeros = ""
            if name == "same":
                before, after = sizes.same_padding(n, kernel, stride, dilation)
                zeros = f" with {before} zeros before and {after} after"
            notes.append(f'padding="{name}" gives <b>{keras[name]}</b>{zeros}')
        note = "Keras: " + ", ".join(notes) + "."
        if stride > 1 and dilation > 1:
            keras = dict.fromkeys(keras)
            note = "Keras: Conv2D refuses strides and dilation_rate above 1 together."
        formula = fig.texts[0].get_text()
        names = ", ".join(map(str, unread)) if unread else "none"
        alt = f"{formula}. Input pixels that no placement reads: {names}."
        return SimpleNamespace(
            size=size,
            formula=formula,
            unread=unread,
            **keras,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + _line(f"Input pixels that no placement reads (counted from 0): {names}.")
            + _line(note),
        )

    def build(explorer):
        ranges = {"n": (1, 16), "kernel": (1, 7), "stride": (1, 5)}
        ranges |= {"padding": (0, 4), "dilation": (1, 4)}
        explorer.controls = _sliders(explorer.settings, ranges)
        explorer.controls["n"].description = "Input"
        sliders = ipywidgets.HBox(list(explorer.controls.values()), layout=_ROW)
        return ipywidgets.VBox([sliders, explorer.picture])

    settings = {"n": n, "kernel": kernel, "stride": stride, "padding": padding}
    settings |= {"dilation": dilation}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))
