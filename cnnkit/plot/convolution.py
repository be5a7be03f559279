"""Convolution drawn: smoothing, one step of a kernel, placements."""

import numpy as np
from matplotlib.figure import Figure

from .base import (
    BLUE,
    DIVERGING,
    GREY,
    INK,
    VERMILLION,
    WIDTH,
    _cells,
    _expect,
    _norm,
    _number,
    _outline,
    _sheet,
    _text_color,
    _text_width,
    _widest,
)


def _sides(padding) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) of an int, a pair, or two pairs."""
    sides = np.broadcast_to(np.asarray(padding, int), (2, 2))
    _expect(sides.min() >= 0, "padding >= 0", padding)
    return tuple(map(tuple, sides.tolist()))


def convolution_step(
    image,
    kernel,
    stride: int = 1,
    padding=0,
    dilation: int = 1,
    row: int = 0,
    column: int = 0,
) -> Figure:
    """One step of a convolution layer: the window, the kernel, the sum, the output.

    The operation is cross-correlation, as in every deep-learning library: the kernel
    is not rotated.  Outputs before this step, row by row, are filled in.

    Args:
        image: (h, w) numbers or letters.
        kernel: (kh, kw) numbers or letters.
        stride: step between windows, in cells.
        padding: zeros on each side, (before, after) for both axes, or
            ((top, bottom), (left, right)).
        dilation: distance between the cells that one window reads.
        row: of the output cell being computed.
        column: of the output cell being computed.

    Raises:
        ValueError: if the kernel does not fit, or the output has no such cell.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, Relationships 6 and 15.

    >>> fig = convolution_step([[1, 2], [3, 4]], [[1, -1]], row=1)
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "sum"]
    ['3·1 + 4·(−1) = −1']
    """
    image, kernel = (np.asarray(a) for a in (image, kernel))
    _expect(
        image.ndim == kernel.ndim == 2 and image.size and kernel.size,
        "an image (h, w) and a kernel (kh, kw)",
        f"shapes {image.shape} and {kernel.shape}",
    )
    _expect(min(stride, dilation) >= 1, "stride and dilation >= 1", (stride, dilation))
    letters = not {image.dtype.kind, kernel.dtype.kind} <= set("biuf")
    (above, _), (before, _) = sides = _sides(padding)
    kind = object if letters else np.result_type(image, kernel, int)
    field, kernel = np.pad(image.astype(kind), sides), kernel.astype(kind)
    h, w = field.shape
    kh, kw = kernel.shape
    reach = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    _expect(
        reach[0] <= h and reach[1] <= w,
        f"a kernel that covers at most the padded input, {h}x{w} cells",
        f"{reach[0]}x{reach[1]} cells",
    )
    out = (h - reach[0]) // stride + 1, (w - reach[1]) // stride + 1
    _expect(
        0 <= row < out[0] and 0 <= column < out[1],
        f"a cell (row, column) of the {out[0]}x{out[1]} output",
        (row, column),
    )
    windows = np.lib.stride_tricks.sliding_window_view(field, reach)
    windows = windows[::stride, ::stride, ::dilation, ::dilation]

    def product(a, b):
        a, b = _number(a), _number(b)
        if letters:
            return a + b
        return "·".join(f"({x})" if x.startswith("−") else x for x in (a, b))

    # all outputs, also those still to come: the layout is the same at every step
    if letters:
        outputs = np.empty(out, object)
        for i, j in np.ndindex(out):
            pairs = zip(windows[i, j], kernel, strict=True)
            outputs[i, j] = "\n+".join("+".join(map(product, *p)) for p in pairs)
    else:
        outputs = np.einsum("ijkl,kl->ij", windows, kernel)
    top, values = 0.42, (field, kernel, outputs)
    tallest, free = max(h, out[0]), WIDTH - 1.1
    largest = min(free / (w + kw + out[1]), 3.6 / max(tallest, kh))
    texts, needed = [], []
    for grid in values:
        for digits in (2, 1):
            text = [_number(value, digits) for value in grid.flat]
            need = 0.07 + max(map(_widest, text))
            if need <= largest:
                break
        texts.append(text)
        needed.append(need)
    unit = min(largest, max(0.4, *needed))
    units = [unit, unit, unit]
    if unit < needed[1] < 0.6:  # the kernel's numbers count: give it larger squares
        units[1] = needed[1]
        unit = units[0] = units[2] = min(unit, (free - kw * needed[1]) / (w + out[1]))
    height = top + max(unit * tallest, units[1] * kh) + 0.24 + 0.19 * min(kh, 7)
    fig, ax = _sheet(height)
    free = WIDTH - unit * (w + out[1]) - units[1] * kw
    space = min(free / 4, 0.9)
    x_in = (free - 2 * space) / 2
    x_kernel = x_in + w * unit + space
    x_out = x_kernel + kw * units[1] + space
    grids = ((x_in, h, w), (x_kernel, kh, kw), (x_out, *out))

    todo = np.arange(outputs.size).reshape(out) > row * out[1] + column
    texts[2] = np.where(todo.ravel(), "", texts[2])
    start = row * stride, column * stride
    reads = [
        (start[0] + i * dilation, start[1] + j * dilation)
        for i in range(kh)
        for j in range(kw)
    ]
    size = f"{image.shape[0]}×{image.shape[1]}"
    padded = f" padded to {h}×{w}" if field.shape != image.shape else ""
    names = f"input {size}{padded}", f"kernel {kh}×{kw}", f"output {out[0]}×{out[1]}"
    inside = np.zeros(field.shape, bool)
    inside[above : above + image.shape[0], before : before + image.shape[1]] = True
    _cells(ax, x_in, top, unit, np.argwhere(~inside), fc="#ececec", ec="none")
    _cells(ax, x_in, top, unit, reads, fc="#ffddca", ec="none")
    _cells(ax, x_out, top, unit, [(row, column)], fc="#ffddca", ec="none")
    for (x, rows, columns), u, name in zip(grids, units, names, strict=True):
        grid = {"colors": "#b5b5b5", "lw": 0.8, "zorder": 1.5}
        ax.hlines(top + u * np.arange(rows + 1), x, x + columns * u, **grid)
        ax.vlines(x + u * np.arange(columns + 1), top, top + rows * u, **grid)
        ax.text(x + columns * u / 2, top - 0.1, name, ha="center", va="baseline")
    for x, sign in ((x_kernel, "⋆"), (x_out, "=")):
        middle = top + min(unit * h, units[1] * kh, unit * out[0]) / 2
        ax.text(x - space / 2, middle, sign, size=14, ha="center", va="center")
    _outline(
        ax,
        x_in + start[1] * unit,
        top + start[0] * unit,
        reach[1] * unit,
        reach[0] * unit,
    )
    _outline(ax, x_out + column * unit, top + row * unit, unit, unit)

    for k, name in enumerate(("input", "kernel", "output")):
        (x, rows, columns), u = grids[k], units[k]
        if needed[k] > u + 0.01 and not letters:  # no room for numbers: shades
            norm = _norm(values[k], DIVERGING)
            shades = np.where(todo, np.nan, values[k]) if k == 2 else values[k]
            ax.imshow(
                shades,
                cmap=DIVERGING,
                norm=norm,
                aspect="auto",
                extent=(x, x + columns * u, top + rows * u, top),
                zorder=1.2,
            )
            continue
        for (i, j), text in zip(np.ndindex(rows, columns), texts[k], strict=True):
            grey = name == "input" and not inside[i, j]
            ax.text(
                x + (j + 0.5) * u,
                top + (i + 0.5) * u,
                text,
                gid=name,
                size=9,
                ha="center",
                va="center" if "\n" in text else "center_baseline",
                color=GREY if grey else INK,
            )
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    pairs = zip(windows[row, column], kernel, strict=True)
    terms = [" + ".join(map(product, *pair)) for pair in pairs]
    if kh > 7 or max(map(_text_width, terms)) > 5.0:
        terms = [f"sum of {kernel.size} products"]
    terms = [terms[0], *(f"+ {term}" for term in terms[1:])]
    if not letters:
        terms[-1] += f" = {_number(outputs[row, column])}"
    y = height - 0.19 * min(kh, 7) + 0.08
    ax.text(1.32, y, f"output[{row}, {column}] =", ha="right", va="baseline")
    for i, term in enumerate(terms):
        ax.text(1.4, y + 0.19 * i, term, va="baseline", gid="sum")
    return fig


def placements(
    n: int, kernel: int, stride: int = 1, padding=0, dilation: int = 1
) -> Figure:
    """Where a kernel can stand: on a square input, and along one of its axes.

    Every placement that fits is drawn with the cells it reads; the first one that
    overhangs is hatched; input cells that no placement reads are crossed.

    Args:
        n: input length in cells.
        kernel: kernel length in cells.
        stride: step between placements.
        padding: cells added on each side, or (before, after).
        dilation: distance between the cells that one placement reads.

    Raises:
        ValueError: for sizes below one or negative padding.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, Relationships 6 and 15.

    >>> fig = placements(7, 3, stride=3)
    >>> fig.texts[0].get_text()
    'output length = ⌊(7 − 3) / 3⌋ + 1 = ⌊4 / 3⌋ + 1 = 2'
    """
    sizes = (n, kernel, stride, dilation)
    _expect(min(sizes) >= 1, "n, kernel, stride and dilation >= 1", sizes)
    before, after = _sides(padding)[0] if np.ndim(padding) == 0 else padding
    _expect(min(before, after) >= 0, "padding >= 0", padding)
    total = n + before + after
    reach = dilation * (kernel - 1) + 1
    count = max(0, (total - reach) // stride + 1)

    pads = "" if total == n else f" + {before} + {after}"
    if before == after and before:
        pads = f" + 2·{before}"
    taps = f"{kernel}" if dilation == 1 else f"({dilation}·({kernel} − 1) + 1)"
    formula = f"output length = ⌊({n}{pads} − {taps}) / {stride}⌋ + 1 = "
    formula += (
        f"⌊{total - reach} / {stride}⌋ + 1 = {count}"
        if count
        else f"none: a reach of {reach} is more than {total}"
    )

    def reads(start):
        return [start + i * dilation for i in range(kernel)]

    starts = [i * stride for i in range(count)]
    read = {cell for start in starts for cell in reads(start)}
    unread = [i for i in range(before, before + n) if i not in read]
    over = count * stride if count * stride < total else None
    rows = [*starts] if count <= 10 else [*starts[:7], None, *starts[-2:]]
    rows += [] if over is None else [over]

    # left: the square; right: one axis, a line for each placement
    unit = min(0.3, 2.3 / total)
    left, top, line = 0.15, 0.68, 0.25
    axis = left + 2.3 + 0.55
    longest = max(total, 0 if over is None else over + reach)
    step = min(0.3, (WIDTH - axis - 1.25) / longest)
    height = top + max(total * unit, 0.34 + line * len(rows)) + 0.12
    notes = axis + step * longest + 0.15
    fig, ax = _sheet(height)
    fig.text(left / WIDTH, 1 - 0.12 / height, formula, va="top", size=10.5)

    inside = range(before, before + n)
    border = {"ec": "#b5b5b5", "lw": 0.7}
    square = [(i, j) for i in range(total) for j in range(total)]
    pad = [(i, j) for i, j in square if i not in inside or j not in inside]
    lost = [(i, j) for i, j in square if (i, j) not in set(pad)]
    lost = [(i, j) for i, j in lost if i in unread or j in unread]
    _cells(ax, left, top, unit, square, fc="white", **border)
    _cells(ax, left, top, unit, pad, fc="#ececec", **border)
    cross = {"ls": "none", "marker": "x", "color": "#8c8c8c", "mew": 0.8}
    for i, j in lost:
        ax.plot(left + (j + 0.5) * unit, top + (i + 0.5) * unit, ms=25 * unit, **cross)
    for start, color in list(zip(starts[:2], (VERMILLION, BLUE), strict=False))[::-1]:
        cells = [(i, start + j) for i in reads(0) for j in reads(0)]
        _cells(ax, left, top, unit, cells, fc=color, alpha=0.3, ec="none")
        _outline(ax, left + start * unit, top, reach * unit, reach * unit, color)
    padded = f", padded to {total}×{total}" if total > n else ""
    ax.text(left, top - 0.1, f"input {n}×{n}{padded}", va="baseline")

    one = {"height": 0.2}
    ax.text(axis, top - 0.1, "along one axis", va="baseline")
    _cells(
        ax, axis, top, step, [(0, i) for i in range(total)], fc="white", **one, **border
    )
    outer = [(0, i) for i in range(total) if i not in inside]
    _cells(ax, axis, top, step, outer, fc="#ececec", **one, **border)
    for i in unread:
        ax.plot(axis + (i + 0.5) * step, top + 0.1, ms=min(6, 25 * step), **cross)
    cells = "cell" if len(unread) == 1 else "cells"
    note = f"{len(unread)} {cells} not read" if unread else ""
    ax.text(notes, top + 0.11, note, va="center_baseline", color=GREY)
    for i, start in enumerate(rows):
        y = top + 0.34 + line * i
        if start is None:
            ax.text(axis, y + 0.09, "⋮", va="center_baseline")
            continue
        fits = start != over
        color = {0: VERMILLION, stride: BLUE}.get(start, GREY) if fits else GREY
        style = {"fc": color, "alpha": 0.3, "ec": "none"}
        if not fits:
            style = {"fc": "white", "hatch": "////", "ec": "#8c8c8c", "lw": 0.7}
        taken = [(0, cell) for cell in reads(start)]
        _cells(ax, axis, y, step, taken, height=0.18, **style)
        _outline(
            ax,
            axis + start * step,
            y,
            reach * step,
            0.18,
            color if fits else GREY,
            lw=1.6 if fits else 1,
            ls="-" if fits else "--",
        )
        label = f"output {start // stride}" if fits else "does not fit"
        ax.text(notes, y + 0.09, label, va="center_baseline", color=_text_color(color))
    ax.vlines(axis + step * total, top, height - 0.1, color=GREY, lw=0.8, ls=":")
    return fig
