"""Explorers of lesson 01: a kernel step by step, and smoothing."""

import html
import re
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot, sizes
from .base import (
    _NAME_PLAY,
    _ROW,
    Explorer,
    _button,
    _code,
    _columns,
    _line,
    _matrix,
    _number,
    _parse_matrix,
    _picture,
    _svg_grid,
    _svg_outline,
    _svg_text,
)


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
            _svg_text(x_kernel - gap / 2, middle, 20, ["⋆"], plot.INK),
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
            note += "; Conv2D refuses to stride and dilate at once, so pooling strides"
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
        number = {"width": "200px"}
        controls = explorer.controls = {
            "previous": _button("Previous", "One step back", "step-backward"),
            "next": _button("Next", "One step on", "step-forward"),
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

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        ipywidgets.link((controls["play"], "value"), (controls["step"], "value"))
        walk = ("previous", "play", "next", "step")
        shape = ("kernel", "stride", "padding", "dilation")
        columns = _columns(
            [controls[name] for name in shape], [controls["look"], explorer.view]
        )
        steps = ipywidgets.HBox([controls[name] for name in walk], layout=_ROW)
        names = ipywidgets.HTML(_NAME_PLAY, layout={"display": "none"})
        return ipywidgets.VBox([steps, columns, names])

    def still(result):
        alt = f"{result.alt}."
        if len(alt) > 400:
            alt = re.sub(r"= .* =", f"= sum of {result.still[1].size} products =", alt)
        return plot.convolution_step(*result.still), alt

    settings = {"step": 1, "kernel": typed, "stride": stride, "padding": padding}
    settings |= {"dilation": dilation, "look": "forward"}
    return Explorer(settings, compute, build, still)


def smoothing_explorer(readings, weights) -> Explorer:
    """A weighted sum slides along a noisy track; each weight can be edited.

    Args:
        readings: (n,) measured values.
        weights: (k,) the newest first: s(t) = sum over a of readings[t - a] times
            weights[a].

    Returns:
        An explorer whose `result` has `smoothed` (NaN where the window does not fit),
        `t`, `value` (of s at t), `weights` and `gain`, the sum of squared weights:
        the factor on the variance of independent noise.

    Raises:
        ValueError: if one is not a vector of numbers, or there are more weights than
            readings.

    >>> smoothing_explorer([1, 2, 3], [0.5, 0.5]).result.value
    1.5
    """
    readings, weights = np.asarray(readings, float), np.asarray(weights, float)
    n, k = readings.size, weights.size
    if readings.ndim != 1 or weights.ndim != 1 or not 0 < k <= n:
        raise ValueError(
            "expected readings (n,) and at most as many weights (k,); received shapes "
            f"{readings.shape} and {weights.shape}"
        )
    names = [f"w{-lag}".replace("-", "−") for lag in range(k)]

    def compute(settings):
        t = settings["t"]
        weights = np.array([settings[name] for name in names])
        smoothed = np.full(n, np.nan)
        smoothed[k - 1 :] = np.convolve(readings, weights, mode="valid")
        value, gain = float(smoothed[t]), float((weights**2).sum())
        fig = plot.smoothing(readings, weights, t, smoothed)
        window = readings[t - k + 1 : t + 1][::-1]
        terms = _plus(map(_term, window, weights), " + ")
        facts = (
            f"The weights sum to {_number(weights.sum())}, their squares to "
            f"{_number(gain)}: the factor on the variance of independent noise"
        )
        alt = (
            f"{n} readings and their smoothed values up to time {t}, where the sum of "
            f"{k} products is {_number(value)}. {facts}."
        )
        return SimpleNamespace(
            smoothed=smoothed,
            t=t,
            value=value,
            weights=weights,
            gain=gain,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + _line(f"<b>s({t}) = {terms} = {_number(value)}</b>")
            + _line(f"{facts}."),
        )

    def build(explorer):
        t = ipywidgets.IntSlider(
            k - 1,
            min=k - 1,
            max=n - 1,
            description="Time t",
            layout={"width": "420px"},
        )
        # number fields: a slider would round a seventh to its own steps
        cells = {
            name: ipywidgets.FloatText(
                weight,
                step=0.05,
                description=name,
                layout={"width": "104px"},
                style={"description_width": "32px"},
            )
            for name, weight in zip(names, weights.tolist(), strict=True)
        }
        normalise = _button(
            "Normalise", "Divide the weights by their sum", "balance-scale"
        )
        explorer.controls = {"t": t, **cells, "normalise": normalise}

        def divide():
            values = np.array([cell.value for cell in cells.values()])
            if abs(values.sum()) < 1e-9:
                raise ValueError(
                    "expected weights with a sum other than 0 to divide by; received "
                    f"a sum of {_number(values.sum())}"
                )
            explorer.set(**dict(zip(names, values / values.sum(), strict=True)))

        explorer.on_click("normalise", divide)
        return ipywidgets.VBox(
            [
                ipywidgets.HBox([t, normalise], layout=_ROW),
                ipywidgets.HBox(list(cells.values()), layout=_ROW),
                explorer.view,
            ]
        )

    settings = {"t": k - 1, **dict(zip(names, weights.tolist(), strict=True))}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))
