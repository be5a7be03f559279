"""Every figure of the course: one style, one way to show it, and the drawings.

Importing this module sets the style of Matplotlib for the whole process.  Helpers
draw the values they are given and nothing else, and either draw into `Axes` or return
a `Figure`; `show` displays a figure together with its alternative text.

Figures are made without pyplot, so no notebook backend shows one a second time.
"""

import base64
import functools
import io
import itertools
import re
import sys
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image

WIDTH = 7.0  # inches, 672 pixels of a page at 100 %
DPI = 192  # two dots for each pixel of the page, so text stays crisp on any screen
PHOTO_DPI = 144  # photographs need fewer
INK, GREY, PALE = "#1a1a1a", "#595959", "#e4e4e4"
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY = "#E69F00", "#56B4E9"
# Okabe and Ito's colour-blind-safe palette, strongest contrast to white first
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)

# Lightness falls in equal steps from white, which stands for zero in both maps
_BLUES = "#ffffff #d9e2f0 #b2c7e2 #8babd3 #6091c4 #2578b6 #085e96 #0c4471 #0b2c4f"
_REDS = "#ffffff #ffddca #f9bb97 #ef9966 #e17734 #ca5901 #a44703 #7f3603 #5c2600"
SEQUENTIAL = LinearSegmentedColormap.from_list("amount", _BLUES.split())
DIVERGING = LinearSegmentedColormap.from_list(
    "signed", _REDS.split()[:0:-1] + _BLUES.split()
)

STYLE = {
    "figure.figsize": (WIDTH, 3.0),
    "figure.dpi": 96,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlepad": 6,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "hatch.color": "#8c8c8c",
    "hatch.linewidth": 0.8,
}
mpl.rcParams.update(STYLE)

_LONGEST_ALT = 400
_RENDERER = FigureCanvasAgg(Figure((1, 1), dpi=DPI)).get_renderer()


def _expect(condition, expected: str, received) -> None:
    if not condition:
        raise ValueError(f"expected {expected}; received {received}")


# ---------------------------------------------------------------- figure and show


def figure(
    rows: int = 1,
    columns: int = 1,
    width: float = WIDTH,
    height: float | None = None,
    **options,
):
    """A new figure in the style of the course.

    Args:
        rows: number of axes from top to bottom.
        columns: number of axes from left to right.
        width: inches; 7 fills the column of a notebook.
        height: inches; by default it suits plots with the given rows and columns.
        **options: passed to `Figure.subplots`, such as `sharey=True`.

    Returns:
        The figure and its axes: one `Axes`, or an array of them.

    Raises:
        ValueError: for fewer than one row or column.

    >>> fig, axes = figure(columns=2)
    >>> axes.shape
    (2,)
    """
    _expect(rows >= 1 and columns >= 1, "rows and columns >= 1", (rows, columns))
    if height is None:
        height = rows * min(3.0, 0.72 * width / columns)
    fig = Figure((width, height), dpi=DPI, layout="compressed")
    fig.get_layout_engine().set(w_pad=0.06, wspace=0.04)
    return fig, fig.subplots(rows, columns, **options)


def _pixels(fig: Figure, dpi: int = DPI) -> Image.Image:
    fig.set_dpi(dpi)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    size = canvas.get_width_height()
    return Image.frombuffer("RGBA", size, canvas.buffer_rgba()).convert("RGB")


def _text_width(text: str, size: float = 9.5) -> float:
    """Width in inches of one line of text."""
    font = FontProperties(family=STYLE["font.family"], size=size)
    return _RENDERER.get_text_width_height_descent(text, font, False)[0] / DPI


def _caption(text: str, width: float, dpi: int) -> Image.Image:
    """The text in grey on white, wrapped to a width in inches."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _text_width(longer, 9) > width - 0.2:
            lines.append(word)
        else:
            lines[-1] = longer
    height = 0.16 * len(lines) + 0.12
    fig = Figure((width, height))
    for i, line in enumerate(lines):
        y = 1 - (0.04 + 0.16 * i) / height
        fig.text(0.1 / width, y, line, size=9, color=GREY, va="top", parse_math=False)
    return _pixels(fig, dpi)


def image_bytes(fig: Figure, alt: str = "", photo: bool = False) -> bytes:
    """The figure as a PNG file, or as a JPEG file when it holds photographs.

    The same figure gives the same bytes: the files carry no date and no version.

    Args:
        fig: any Matplotlib figure.
        alt: drawn below the figure as a grey caption.  Without it the file is made
            faster and larger, for widgets that redraw.
        photo: write a JPEG.

    >>> fig, ax = figure()
    >>> image_bytes(fig)[1:4]
    b'PNG'
    """
    dpi = PHOTO_DPI if photo else DPI
    picture = _pixels(fig, dpi)
    if alt:
        above, below = picture, _caption(alt, max(fig.get_figwidth(), 4.5), dpi)
        width, height = max(above.width, below.width), above.height + below.height
        whole = dpi // 48  # rounded up to whole pixels of the page
        size = [-(-n // whole) * whole for n in (width, height)]
        picture = Image.new("RGB", size, "white")
        picture.paste(above, (0, 0))
        picture.paste(below, (0, above.height))
    file = io.BytesIO()
    if photo:
        picture.save(file, "JPEG", quality=85, optimize=True)
    elif not alt:  # for live redrawing: fast, at twice the size
        picture.save(file, "PNG", compress_level=1)
    else:
        # 256 colours are as good as all to the eye here, and a third of the size;
        # this method keeps the rare ones, such as outlines
        method = Image.Quantize.MAXCOVERAGE
        picture = picture.quantize(256, method, dither=Image.Dither.NONE)
        picture.save(file, "PNG")
    return file.getvalue()


def show(fig: Figure, alt: str, photo: bool = False) -> None:
    """Display a figure once, with its alternative text.

    The text serves three readers: it stands below the figure as its caption, it is
    the output's plain text (which regression tests compare), and it is kept as `alt`
    in the output's metadata for pages made from the notebook.

    Args:
        fig: any Matplotlib figure; it is closed afterwards.
        alt: what the figure shows, in 1 to 400 characters.  Mark measured numbers
            with `≈`.
        photo: store a JPEG, for figures made of photographs.

    Raises:
        ValueError: if `alt` is empty or too long.

    >>> fig, ax = figure()
    >>> show(fig, "An empty plot.")
    An empty plot.
    """
    _expect(hasattr(fig, "savefig"), "a Matplotlib figure", type(fig).__name__)
    _expect(isinstance(alt, str) and alt.strip(), "alt: a non-empty text", repr(alt))
    alt = " ".join(alt.split())
    _expect(
        len(alt) <= _LONGEST_ALT,
        f"alt of at most {_LONGEST_ALT} characters (say more in the text)",
        f"{len(alt)} characters",
    )
    data = image_bytes(fig, alt, photo)
    if "matplotlib.pyplot" in sys.modules:  # a figure made by pyplot shows itself
        sys.modules["matplotlib.pyplot"].close(fig)
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(alt)
        return
    from IPython.display import display

    kind = "image/jpeg" if photo else "image/png"
    with Image.open(io.BytesIO(data)) as picture:
        width, height = (n * 96 // (PHOTO_DPI if photo else DPI) for n in picture.size)
    display(
        {kind: base64.b64encode(data).decode("ascii"), "text/plain": alt},
        metadata={kind: {"alt": alt, "height": height, "width": width}},
        raw=True,
    )


# ---------------------------------------------------------------- small tools


def _luminance(color) -> float:
    """Relative luminance of a colour (WCAG 2.2)."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _text_on(fill) -> str:
    """Black or white, whichever reads better: a contrast of at least 4.58 to 1."""
    return "black" if _luminance(fill) > 0.179 else "white"


def _text_color(color) -> str:
    """A darker version of a colour, readable as text on white."""
    rgb = np.array(to_rgb(color))
    while _luminance(rgb) > 0.175:  # contrast 4.67 : 1
        rgb = rgb * 0.96
    return mpl.colors.to_hex(rgb)


def _norm(values: np.ndarray, cmap) -> Normalize:
    """Centred on zero for the diverging map, from zero for the sequential one."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    if cmap is DIVERGING:
        high = max(abs(low), abs(high)) or 1.0
        return Normalize(-high, high)
    if cmap is SEQUENTIAL:
        low = min(low, 0.0)
    return Normalize(low, high if high > low else low + 1.0)


def _number(value, digits: int = 2) -> str:
    """A short text for a number, with a true minus sign; letters stay letters."""
    if value is None or isinstance(value, str):
        return value or ""
    digits = 0 if float(value).is_integer() else digits
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


@functools.lru_cache(maxsize=4096)
def _widest(text: str) -> float:
    """Width in inches of the widest line of a small text."""
    return max(_text_width(line, 9) for line in text.split("\n"))


def _bare(ax) -> None:
    """No ticks, no frame."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _picture(image) -> tuple[np.ndarray, bool]:
    """An image as (h, w) or (h, w, 3), and whether it is in colour."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    colour = image.ndim == 3 and image.shape[-1] == 3
    _expect(
        (image.ndim == 2 or colour) and image.size > 0,
        "an image of shape (h, w), (h, w, 1) or (h, w, 3)",
        image.shape,
    )
    _expect(
        not (
            colour and image.dtype.kind == "f" and (image.min() < 0 or image.max() > 1)
        ),
        "colours from 0 to 1 (divide by 255), or uint8",
        f"values up to {image.max()}",
    )
    return (image.astype(float) if image.dtype == bool else image), colour


def _cells(ax, x, y, unit, where, height=None, **style) -> None:
    """Squares at the (row, column) positions of a grid with its corner at x, y."""
    height = unit if height is None else height
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])  # row, column
    places = np.reshape([*where], (-1, 1, 2)) + corners
    cells = np.array((x, y)) + places[..., ::-1] * (unit, height)
    ax.add_collection(mpl.collections.PolyCollection(cells, **style), autolim=False)


def _outline(ax, x, y, width, height, color=VERMILLION, **style) -> None:
    ax.add_patch(
        mpl.patches.Rectangle(
            (x, y),
            width,
            height,
            **{"fc": "none", "ec": color, "lw": 2.2, "zorder": 3, "clip_on": False}
            | style,
        )
    )


def _sheet(height: float):
    """A figure with one pair of axes whose unit is the inch, from the top left."""
    fig = Figure((WIDTH, height), dpi=DPI, layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    ax.set_axis_off()
    return fig, ax


def _shape_text(shape) -> str:
    return "×".join(f"{n:,}" for n in shape)


# ---------------------------------------------------------------- general plots


def number_grid(
    ax,
    array,
    title: str = "",
    highlight: Sequence[tuple[int, int, int, int]] = (),
    fmt: str | None = None,
    cmap=None,
) -> None:
    """A matrix as a table of cells with its numbers or letters in them.

    Args:
        ax: axes to draw into.
        array: (rows, columns); numbers or texts.  NaN makes a hatched cell, None an
            empty one.
        title: above the grid.
        highlight: windows to outline, each (row, column, height, width) in cells.
        fmt: format of a number, such as ".2f"; whole numbers and two decimals
            otherwise.
        cmap: fills cells by value: `SEQUENTIAL`, `DIVERGING` (white at zero) or
            the name of a Matplotlib map.  None leaves them white.

    Raises:
        ValueError: if the array is not two-dimensional or a window is outside it.

    >>> fig, ax = figure()
    >>> number_grid(ax, [[1, 2], [3, 4]], highlight=[(0, 0, 1, 2)])
    >>> [text.get_text() for text in ax.texts]
    ['1', '2', '3', '4']
    """
    cells = np.asarray(array, dtype=object)
    _expect(cells.ndim == 2 and cells.size, "a matrix (rows, columns)", cells.shape)
    rows, columns = cells.shape
    for window in highlight:
        _expect(
            len(window) == 4
            and min(window) >= 0
            and window[0] + window[2] <= rows
            and window[1] + window[3] <= columns,
            f"windows (row, column, height, width) inside {rows}x{columns}",
            tuple(window),
        )
    values = np.full(cells.shape, np.nan)
    for where, cell in np.ndenumerate(cells):
        if cell is not None and not isinstance(cell, str):
            values[where] = cell
    fills = np.ones((rows, columns, 4))
    if cmap is not None:
        fills = mpl.colormaps.get_cmap(cmap)(_norm(values, cmap)(values))
        fills[np.isnan(values)] = 1.0
    ax.imshow(fills, extent=(0, columns, rows, 0), interpolation="nearest")
    ax.hlines(range(rows + 1), 0, columns, colors="#b5b5b5", lw=0.8, clip_on=False)
    ax.vlines(range(columns + 1), 0, rows, colors="#b5b5b5", lw=0.8, clip_on=False)
    for (i, j), cell in np.ndenumerate(cells):
        if cell is None:
            continue
        if not isinstance(cell, str) and np.isnan(values[i, j]):
            ax.add_patch(
                mpl.patches.Rectangle((j, i), 1, 1, fc="none", lw=0, hatch="////")
            )
            continue
        text = (
            format(cell, fmt).replace("-", "−")
            if fmt and not isinstance(cell, str)
            else _number(cell)
        )
        ax.text(
            j + 0.5,
            i + 0.5,
            text,
            color=_text_on(fills[i, j]),
            ha="center",
            va="center_baseline",
        ).set_in_layout(False)
    for row, column, height, width in highlight:
        _outline(ax, column, row, width, height)
    _bare(ax)
    ax.set_title(title)


def lines(
    ax, x, curves: Mapping, xlabel: str = "", ylabel: str = "", log: str = ""
) -> None:
    """Curves over a common axis, each labelled at its end or in a legend.

    Args:
        ax: axes to draw into.
        x: (n,) positions.
        curves: label -> y of shape (n,), or (mean, low, high) of shape (n,) each,
            which adds a band from low to high.
        xlabel: quantity and unit.
        ylabel: quantity and unit.
        log: axes with a logarithmic scale: "", "x", "y" or "xy".

    Raises:
        ValueError: if there is no curve, or one does not have the length of x.

    >>> fig, ax = figure()
    >>> lines(ax, [1, 2], {"loss": [0.9, 0.5]}, "epoch", "cross-entropy")
    >>> ax.get_xlabel()
    'epoch'
    """
    _expect(log in ("", "x", "y", "xy"), 'log as "", "x", "y" or "xy"', repr(log))
    _expect(len(curves) > 0, "at least one curve", "none")
    x = np.asarray(x, float)
    ends = {}
    for i, (label, curve) in enumerate(curves.items()):
        parts = curve if isinstance(curve, tuple) and len(curve) == 3 else (curve,)
        parts = [np.asarray(part, float) for part in parts]
        _expect(
            all(part.shape == x.shape for part in parts),
            f"curve {label!r} of shape {x.shape} like x, or a tuple of three such",
            [part.shape for part in parts],
        )
        color = COLORS[i % len(COLORS)]
        ax.plot(
            x,
            parts[0],
            color=color,
            label=label,
            marker="o" if len(x) <= 12 else None,
            linestyle="-" if i < len(COLORS) else "--",
        )
        if len(parts) == 3:
            ax.fill_between(x, *parts[1:], color=color, alpha=0.2, lw=0)
        ends[label] = (parts[0][-1], color)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(curves) == 1:
        return
    # Labels at the ends where they do not collide, a legend otherwise
    ax.get_xlim(), ax.get_ylim()  # lets the limits follow the curves
    height = ax.get_figure().get_figheight() * ax.get_position().height
    places = [
        ax.transAxes.inverted().transform(ax.transData.transform((x[-1], y)))[1]
        for y, _ in ends.values()
    ]
    if np.all(np.isfinite(places)) and np.diff(sorted(places)).min() * height > 0.25:
        for label, (y, color) in ends.items():
            ax.annotate(
                label,
                (x[-1], y),
                (6, 0),
                textcoords="offset points",
                color=_text_color(color),
                va="center",
                annotation_clip=False,
            )
    else:
        ax.legend()


def images(
    images: Sequence,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    cmap="gray",
) -> Figure:
    """Pictures side by side.

    Args:
        images: each (h, w), (h, w, 1) or (h, w, 3); uint8 from 0 to 255, or floats:
            colours from 0 to 1, grey values on one scale for all pictures.
        titles: one above each picture.
        columns: pictures in a row; all up to six by default.
        cmap: map for grey pictures; `DIVERGING` centres it on zero.

    Raises:
        ValueError: for no picture, wrong shapes or a wrong number of titles.

    >>> fig = images([np.zeros((8, 8)), np.ones((8, 8, 3))], ["grey", "colour"])
    >>> [ax.get_title() for ax in fig.axes]
    ['grey', 'colour']
    """
    pictures = [_picture(image) for image in images]
    _expect(len(pictures) > 0, "at least one image", "none")
    if titles is not None:
        _expect(len(titles) == len(pictures), f"{len(pictures)} titles", len(titles))
    columns = columns or min(len(pictures), 6)
    rows = -(-len(pictures) // columns)
    grey = [picture for picture, colour in pictures if not colour]
    if grey and all(picture.dtype == np.uint8 for picture in grey):
        norm = Normalize(0, 255)
    elif grey:
        values = np.concatenate([picture.ravel().astype(float) for picture in grey])
        inside = values.min() >= 0 and values.max() <= 1 and cmap == "gray"
        norm = Normalize(0, 1) if inside else _norm(values, cmap)
    # columns as wide as their widest picture, so that a row has one height
    shapes = [picture.shape for picture, _ in pictures]
    aspects = np.full(rows * columns, np.nan)
    aspects[: len(shapes)] = [height / width for height, width, *_ in shapes]
    aspects = aspects.reshape(rows, columns)
    ratios = np.nanmax(1 / aspects, axis=0)
    inside = (WIDTH - 0.1 * columns) * ratios / ratios.sum()
    tall = np.minimum(np.nanmax(aspects * inside, axis=1), 2.6)
    height = sum(tall) + rows * (0.3 if titles else 0.06) + 0.06
    fig = Figure((WIDTH, height), dpi=DPI, layout="compressed")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    style = {"width_ratios": ratios, "height_ratios": tall, "squeeze": False}
    axes = fig.subplots(rows, columns, **style).ravel()
    for ax in axes:
        _bare(ax)
    for ax, (picture, colour) in zip(axes, pictures, strict=False):
        small = max(picture.shape) <= 64
        style = {"interpolation": "nearest" if small else "antialiased"}
        if not colour:
            style |= {"cmap": cmap, "norm": norm}
        ax.imshow(picture, **style)
    for ax, title in zip(axes, titles or (), strict=False):
        ax.set_title(title)
    return fig


def bars(
    ax, labels: Sequence[str], values: Sequence, xlabel: str = "", fmt: str = ",.4g"
) -> None:
    """Horizontal bars from top to bottom, each with its value.

    Args:
        ax: axes to draw into.
        labels: one a bar.
        values: one a bar: a number, or (mean, low, high), which adds a whisker.
        xlabel: quantity and unit.
        fmt: format of the values.

    Raises:
        ValueError: if there are no bars, or not as many labels as values.

    >>> fig, ax = figure()
    >>> bars(ax, ["dense", "convolution"], [61706, 156], "parameters", fmt=",")
    >>> [text.get_text() for text in ax.texts]
    ['61,706', '156']
    """
    _expect(
        len(labels) == len(values) > 0,
        "as many labels as values, at least one",
        f"{len(labels)} labels and {len(values)} values",
    )
    whiskers = [np.ndim(value) == 1 for value in values]
    means = [v[0] if w else v for v, w in zip(values, whiskers, strict=True)]
    ax.barh(range(len(values)), means, height=0.7, color=BLUE)
    for i, (value, mean) in enumerate(zip(values, means, strict=True)):
        end = mean
        if whiskers[i]:
            _expect(len(value) == 3, "(mean, low, high)", tuple(value))
            ax.plot(value[1:], (i, i), color=INK, lw=1.5, marker="|", ms=8, mew=1.5)
            end = max(value) if mean >= 0 else min(value)
        text = format(mean, fmt).replace("-", "−")
        ax.annotate(
            text,
            (end, i),
            (4 if mean >= 0 else -4, 0),
            textcoords="offset points",
            va="center_baseline",
            ha="left" if mean >= 0 else "right",
        )
    ax.set_yticks(range(len(labels)), labels, color=INK)
    spare = max(0.0, (4 - len(labels)) / 2)  # few bars stay slim
    ax.set_ylim(len(labels) - 0.5 + spare, -0.5 - spare)
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(xlabel)


# ---------------------------------------------------------------- what a network sees


def _montage(tiles: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Tiles (n, h, w) in one array, with NaN between them."""
    n, h, w = tiles.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for i, tile in enumerate(tiles):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = tile
    return sheet


def filters(kernels, title: str = "", columns: int | None = None) -> Figure:
    """The kernels of a layer on one scale: red below zero, white, blue above.

    One row for each of the first four input channels, or, where there is one input
    channel, as many rows as it takes.  At most 16 filters, or 64, are drawn.

    Args:
        kernels: (kernel height, kernel width, channels in, filters), as Keras has
            them.
        title: above the picture.
        columns: filters in a row where there is one input channel; by default it
            suits their number.

    Raises:
        ValueError: if the kernels do not have four axes.

    >>> fig = filters(np.ones((3, 3, 1, 8)))
    >>> fig.axes[0].get_title()
    '8 filters of 3×3×1'
    """
    kernels = np.asarray(kernels, float)
    _expect(
        kernels.ndim == 4 and kernels.size,
        "kernels of shape (height, width, channels in, filters)",
        kernels.shape,
    )
    height, width, channels, count = kernels.shape
    rows = min(channels, 4)
    if channels == 1:
        shown = min(count, 64)
        columns = columns or min(count, 8 if count <= 32 else 16)
        tiles = np.moveaxis(kernels[:, :, 0, :shown], -1, 0)
        rows = -(-shown // columns)
    else:
        shown = columns = min(count, 16)
        tiles = kernels[:, :, :rows, :shown].transpose(2, 3, 0, 1)
        tiles = tiles.reshape(-1, height, width)
    each = min(0.8, 5.7 / columns)  # inches
    aspect = height / width
    fig = Figure((WIDTH, rows * each * aspect + 0.5), dpi=DPI, layout="compressed")
    ax = fig.subplots()
    # whole kernel entries as squares with a fine gap between kernels
    scale = 8
    tiles = tiles.repeat(scale, 1).repeat(scale, 2)
    sheet = _montage(tiles, columns, max(2, scale * width // 10))
    picture = ax.imshow(sheet, cmap=DIVERGING, norm=_norm(kernels, DIVERGING))
    _bare(ax)
    for i, tile in enumerate(tiles):
        h, w = tile.shape
        gap = max(2, scale * width // 10)
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        _outline(ax, x - 0.5, y - 0.5, w, h, GREY, lw=0.5)
    if channels > 1:
        step = height * scale + max(2, scale * width // 10)
        ax.set_yticks(
            [i * step + height * scale / 2 for i in range(rows)],
            [f"channel {i}" for i in range(rows)],
        )
        ax.tick_params(length=0)
    more = [f"{count - shown} more filters"] if count > shown else []
    if channels > rows:
        more.append(f"{channels - rows} more channels")
    what = title or f"{count} filter{'s' * (count > 1)} of {height}×{width}×{channels}"
    ax.set_title(" · ".join([what, *(f"+{text}" for text in more)]))
    fig.colorbar(picture, ax=ax, shrink=0.95, aspect=12, pad=0.02).outline.set_lw(0.5)
    return fig


def feature_maps(maps: Sequence, titles: Sequence[str]) -> Figure:
    """What each layer makes of one image: a row a layer, a picture a channel.

    Each row has one scale: white is zero, blue grows above it and red below it.  The
    range of a layer's values stands at the end of its row.

    Args:
        maps: a layer each: (height, width, channels), or (units,) for a vector.
        titles: one a layer.

    Raises:
        ValueError: for no map, other shapes or a wrong number of titles.

    >>> fig = feature_maps([np.ones((4, 4, 2)), np.ones(10)], ["conv1", "scores"])
    >>> [text.get_text() for text in fig.axes[0].texts][:2]
    ['conv1', '4×4×2']
    """
    maps = [np.asarray(values, float) for values in maps]
    _expect(
        len(maps) == len(titles) > 0,
        "as many titles as maps, at least one",
        f"{len(maps)} maps and {len(titles)} titles",
    )
    for values in maps:
        _expect(
            values.ndim in (1, 3) and values.size,
            "maps of shape (height, width, channels) or (units,)",
            values.shape,
        )
    left, unit, step, gap = 0.9, 0.56, 0.61, 0.1  # inches
    heights = [
        np.clip(unit * v.shape[0] / v.shape[1], 0.34, 0.84) if v.ndim == 3 else 0.34
        for v in maps
    ]
    fig, sheet = _sheet(sum(heights) + gap * (len(maps) + 1))
    total, y = fig.get_figheight(), gap
    for values, title, height in zip(maps, titles, heights, strict=True):
        style = {"cmap": DIVERGING if values.min() < 0 else SEQUENTIAL}
        style["norm"] = _norm(values, style["cmap"])
        if values.ndim == 3:
            width = min(height * values.shape[1] / values.shape[0], unit)
            tiles = [values[..., i] for i in range(min(values.shape[-1], 8))]
            corner = y
        else:  # one strip, an entry a unit
            tiles, width, corner = [values[None]], 7 * step + unit, y + 0.07
        tall = height - 2 * (corner - y)
        ax = fig.add_axes((0, 1 - (corner + tall) / total, 1, tall / total))
        for i, tile in enumerate(tiles):
            x = left + i * step
            ax.imshow(tile, extent=(x, x + width, tall, 0), aspect="auto", **style)
            _outline(ax, x, 0, width, tall, GREY, lw=0.5)
        _bare(ax)
        ax.set(xlim=(0, WIDTH), ylim=(tall, 0), facecolor="none")
        if values.ndim == 3 and values.shape[-1] > 8:
            x = left + 8 * step
            more = f"+{values.shape[-1] - 8}"
            sheet.text(x, y + height / 2, more, va="center_baseline", color=GREY)
        middle = y + height / 2
        grey = {"color": GREY, "size": 9}
        sheet.text(0.1, middle - 0.02, title, va="bottom")
        sheet.text(0.1, middle + 0.02, _shape_text(values.shape), va="top", **grey)
        ends = f"max {values.max():.2g}", f"min {values.min():.2g}".replace("-", "−")
        for end, shift in zip(ends, (0, 0.15), strict=True):
            sheet.text(6.1, middle - 0.14 + shift, end, va="top", **grey)
        y += height + gap
    return fig


def confusion_matrix(matrix, class_names: Sequence[str]) -> Figure:
    """How often each true class (row) was taken for each class (column).

    The numbers are counts; the shade is the share of the row, so rare classes show
    as clearly as frequent ones.  The column on the right is the share that is right.

    Args:
        matrix: (classes, classes) counts; rows are the true classes.
        class_names: in the order of the matrix.

    Raises:
        ValueError: if the matrix is not square or does not fit the names.

    >>> fig = confusion_matrix([[3, 1], [0, 4]], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['3', '1', '75 %', '', '4', '100 %', 'right']
    """
    matrix = np.asarray(matrix)
    n = len(class_names)
    _expect(
        matrix.shape == (n, n) and n > 0,
        f"a matrix of {n} x {n} counts for {n} class names",
        matrix.shape,
    )
    total = matrix.sum(axis=1)
    share = matrix / np.maximum(total, 1)[:, None]
    side = min(0.42, 5.0 / n)
    fig = Figure((WIDTH, min(n * side + 1.3, 6.5)), dpi=DPI, layout="constrained")
    ax = fig.subplots()
    ax.imshow(share, cmap=SEQUENTIAL, vmin=0, vmax=1)
    for i in range(n):
        for j in range(n):
            ax.text(
                j,
                i,
                f"{matrix[i, j]:,}" if matrix[i, j] else "",
                ha="center",
                va="center_baseline",
                size=9,
                color=_text_on(SEQUENTIAL(share[i, j])),
            ).set_in_layout(False)
        right = f"{share[i, i]:.0%}".replace("%", " %") if total[i] else "–"
        ax.text(n - 0.3, i, right, va="center_baseline", color=GREY, size=9)
    ax.text(n - 0.3, -0.55, "right", va="bottom", color=GREY, size=9)
    edges = np.arange(n + 1) - 0.5
    ax.hlines(edges, -0.5, n - 0.5, color=PALE, lw=0.6)
    ax.vlines(edges, -0.5, n - 0.5, color=PALE, lw=0.6)
    _bare(ax)
    ax.set_yticks(range(n), class_names, color=INK)
    slant = max(map(len, class_names)) > 4
    ax.set_xticks(
        range(n),
        class_names,
        color=INK,
        rotation=40 if slant else 0,
        ha="right" if slant else "center",
        rotation_mode="anchor",
    )
    ax.tick_params(length=0)
    ax.set(xlabel="predicted class", ylabel="true class")
    return fig


def mistakes(
    images: Sequence, true, predicted, confidence, class_names: Sequence[str]
) -> Figure:
    """Images with their true class, and the class the network said instead.

    Args:
        images: up to 15 pictures, (h, w), (h, w, 1) or (h, w, 3).
        true: (n,) class indices.
        predicted: (n,) class indices.
        confidence: (n,) probabilities of the predicted classes.
        class_names: names by index.

    Raises:
        ValueError: if the lengths differ, or for more than 15 images.

    >>> fig = mistakes([np.zeros((8, 8))], [0], [1], [0.9], ["cat", "dog"])
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['cat', 'dog 90 %']
    """
    n = len(images)
    lengths = (n, len(true), len(predicted), len(confidence))
    _expect(
        1 <= n <= 15 and len(set(lengths)) == 1,
        "1 to 15 images, with a true class, a predicted class and a confidence each",
        f"lengths {lengths}",
    )
    pictures = [_picture(image) for image in images]
    columns = 5
    rows = -(-n // columns)
    aspect = max(picture.shape[0] / picture.shape[1] for picture, _ in pictures)
    each, text = 1.0, 0.5
    height = rows * (each * aspect + text) + 0.28
    fig = Figure((WIDTH, height), dpi=DPI, layout="none")
    fig.text(
        0.1 / WIDTH,
        1 - 0.06 / height,
        "true class above, predicted class below",
        va="top",
        color=GREY,
    )
    for i, (picture, colour) in enumerate(pictures):
        x = (i % columns) * WIDTH / columns + (WIDTH / columns - each) / 2
        y = height - 0.28 - (i // columns + 1) * (each * aspect + text) + text / 2
        ax = fig.add_axes((x / WIDTH, y / height, each / WIDTH, each * aspect / height))
        ax.imshow(picture, **({} if colour else {"cmap": "gray"}))
        _bare(ax)
        middle = {"ha": "center", "transform": ax.transAxes, "size": 9}
        pad = 0.05 / (each * aspect)
        ax.text(0.5, 1 + pad, class_names[true[i]], va="bottom", **middle)
        said = f"{class_names[predicted[i]]} {confidence[i]:.0%}".replace("%", " %")
        ax.text(0.5, -pad, said, va="top", color=_text_color(VERMILLION), **middle)
    return fig


def receptive_field(image, masks: Sequence, titles: Sequence[str]) -> Figure:
    """The part of an image that one unit reads, for several units.

    Args:
        image: (h, w), (h, w, 1) or (h, w, 3).
        masks: (h, w) each: how strongly the unit reacts to each pixel, for instance
            the magnitude of its gradient.  Zero means: the pixel is not read.
        titles: one a unit.

    Raises:
        ValueError: if a mask does not fit the image or is negative, or for a wrong
            number of titles.

    >>> mask = np.zeros((8, 8))
    >>> mask[2:5, 3:6] = 1
    >>> fig = receptive_field(np.ones((8, 8)), [mask], ["conv1"])
    >>> fig.axes[0].get_title()
    'conv1\\n3×3 pixels'
    """
    picture, colour = _picture(image)
    masks = [np.asarray(mask, float) for mask in masks]
    _expect(
        len(masks) == len(titles) > 0,
        "as many titles as masks, at least one",
        f"{len(masks)} masks and {len(titles)} titles",
    )
    columns = min(len(masks), 4)
    rows = -(-len(masks) // columns)
    aspect = picture.shape[0] / picture.shape[1]
    each = min(WIDTH / columns, 2.2)
    fig = Figure((WIDTH, rows * (each * aspect + 0.5)), dpi=DPI, layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        _bare(ax)
    for ax, mask, title in zip(axes, masks, titles, strict=False):
        _expect(
            mask.shape == picture.shape[:2] and mask.min() >= 0,
            f"masks of shape {picture.shape[:2]} without negative values",
            f"shape {mask.shape}, smallest value {mask.min() if mask.size else None}",
        )
        ax.imshow(picture, **({} if colour else {"cmap": "gray"}))
        strength = np.sqrt(mask / (mask.max() or 1.0))
        overlay = np.zeros((*mask.shape, 4))
        overlay[..., :3] = to_rgb(ORANGE)
        overlay[..., 3] = np.where(mask > 0, 0.25 + 0.55 * strength, 0)
        ax.imshow(overlay)
        read = np.argwhere(mask > 0)
        size = "nothing read"
        if len(read):
            (top, left), (bottom, right) = read.min(0), read.max(0)
            height, width = bottom - top + 1, right - left + 1
            _outline(ax, left - 0.5, top - 0.5, width, height, lw=1.8)
            size = f"{height}×{width} pixels"
        ax.set_title(f"{title}\n{size}")
    return fig


def smoothing(readings, weights, t: int, smoothed) -> Figure:
    """A noisy track, the window of weights that ends at time t, and the result.

    Args:
        readings: (n,) measured values.
        weights: (k,) the newest first: weights[0] multiplies readings[t].
        t: the present, an index of `readings`.
        smoothed: (n,) smoothed values, NaN where the window does not fit.

    Raises:
        ValueError: if the lengths do not fit, or t has no full window.

    >>> fig = smoothing([1, 2, 3], [0.5, 0.5], 2, [np.nan, 1.5, 2.5])
    >>> len(fig.axes)
    2
    """
    readings, smoothed = np.asarray(readings, float), np.asarray(smoothed, float)
    weights = np.asarray(weights, float)
    n, k = len(readings), len(weights)
    _expect(
        readings.ndim == 1 and smoothed.shape == readings.shape and k > 0,
        "readings and smoothed values of the same length, and weights",
        f"shapes {readings.shape}, {smoothed.shape} and {weights.shape}",
    )
    _expect(k - 1 <= t < n, f"t from {k - 1} to {n - 1}, a full window", t)
    fig = Figure((WIDTH, 3.4), dpi=DPI, layout="constrained")
    top, bottom = fig.subplots(2, sharex=True, height_ratios=(2.4, 1))
    window = np.arange(t - k + 1, t + 1)
    for ax in (top, bottom):
        ax.axvspan(window[0] - 0.5, t + 0.5, color="#ffddca", lw=0)
    top.plot(readings, "o", color="#8c8c8c", ms=3.5, label="reading")
    top.plot(
        window, readings[window], "o", color=VERMILLION, ms=5, label="in the window"
    )
    past = np.where(np.arange(n) <= t, smoothed, np.nan)
    result = f"smoothed, now s({t}) = {_number(round(smoothed[t], 2))}"
    top.plot(past, color=BLUE, label=result)
    top.plot(t, smoothed[t], "s", color=BLUE, ms=7)
    top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
    top.set_ylabel("value")
    bottom.bar(window, weights[::-1], width=0.8, color=VERMILLION)
    bottom.axhline(0, color=GREY, lw=0.8)
    bottom.set(ylabel="weight", xlabel="time", xlim=(-1, n))
    return fig


# ---------------------------------------------------------------- convolution drawn


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


# ---------------------------------------------------------------- volumes and models


def _tint(color, amount: float) -> np.ndarray:
    """A colour mixed with white; negative amounts mix it with black."""
    rgb = np.array(to_rgb(color))
    return rgb + (1 - rgb) * amount if amount >= 0 else rgb * (1 + amount)


def _box(ax, x, y, thickness, height, depth, color, slices=1, alpha=1.0) -> None:
    """A block in oblique projection: x, y is the lower left front corner.

    Channels run to the right (thickness), rows down, columns into the page (depth).
    """
    away = depth * np.array((0.42, -0.3))
    corner = np.array((x, y - height))
    right, down = np.array((thickness, 0)), np.array((0, height))
    faces = (
        (corner, right, down, 0.45),  # front
        (corner, right, away, 0.7),  # top
        (corner + right, away, down, 0.25),  # right: the last map
    )
    for origin, one, two, tint in faces:
        outline = [origin, origin + one, origin + one + two, origin + two]
        ax.add_patch(
            mpl.patches.Polygon(
                outline,
                fc=_tint(color, tint),
                ec=_tint(color, -0.35),
                lw=0.8,
                alpha=alpha,
                joinstyle="round",
            )
        )
    for i in range(1, slices):
        edge = corner + right * i / slices
        ax.plot(
            *zip(edge + down, edge, edge + away, strict=True),
            color=_tint(color, -0.35),
            lw=0.5,
        )


def _arrow(ax, start: float, end: float, y: float) -> None:
    ax.annotate(
        "",
        (end, y),
        (start, y),
        arrowprops={
            "arrowstyle": "-|>",
            "color": GREY,
            "lw": 1,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def _blocks(ax, shapes, centres, y, tall: float) -> None:
    """A block for each shape on one scale, arrows between, standing on the line y.

    Heights and depths are to scale, the thickness grows with the logarithm of the
    channels; a vector is a flat bar whose height grows with its logarithm.
    """
    side = max((max(s[:2]) for s in shapes if len(s) == 3), default=1)
    longest = max((s[0] for s in shapes if len(s) == 1), default=1)
    room = min(np.diff(centres), default=1.2)
    edges = []
    for shape, centre in zip(shapes, centres, strict=True):
        if len(shape) == 3:
            height, depth = (max(n / side * tall, 0.03) for n in shape[:2])
            thickness = 0.045 * np.log2(1 + shape[2]) * min(room / 0.75, 1.5)
            across = thickness + 0.42 * depth
            _box(ax, centre - across / 2, y, thickness, height, depth, BLUE)
        else:
            height = max(
                tall * 1.2 * np.log2(1 + shape[0]) / np.log2(1 + longest), 0.05
            )
            across = 0.11
            ax.add_patch(
                mpl.patches.Rectangle(
                    (centre - across / 2, y - height),
                    across,
                    height,
                    fc=_tint(ORANGE, 0.35),
                    ec=_tint(ORANGE, -0.35),
                    lw=0.8,
                )
            )
        edges.append((centre - across / 2, centre + across / 2))
    for (_, start), (end, _) in itertools.pairwise(edges):
        if end - start > 0.1:
            _arrow(ax, start + 0.02, end - 0.02, y - 0.08)


def _volumes(shapes) -> list[tuple[int, ...]]:
    shapes = [tuple(int(n) for n in shape) for shape in shapes]
    _expect(
        shapes and all(len(s) in (1, 3) and min(s) >= 1 for s in shapes),
        "shapes (height, width, channels) or (units,), all >= 1",
        shapes,
    )
    return shapes


def filter_volume(
    input_shape: tuple[int, int, int], kernel_size: int, filters: int, stride: int = 1
) -> Figure:
    """Why a filter has full depth, gives one map, and several filters give a stack.

    Args:
        input_shape: (height, width, channels).
        kernel_size: rows and columns of the filter.
        filters: number of filters.
        stride: step between windows; no padding.

    Raises:
        ValueError: if the filter is larger than the input, or a size is below one.

    >>> fig = filter_volume((32, 32, 3), 5, 6)
    >>> [text.get_text() for text in fig.axes[0].texts if "weights" in text.get_text()]
    ['one filter: 5×5×3 = 75 weights, 1 bias']
    """
    (shape,) = _volumes([input_shape])
    _expect(len(shape) == 3, "input_shape (height, width, channels)", shape)
    height, width, channels = shape
    _expect(
        1 <= kernel_size <= min(height, width) and min(filters, stride) >= 1,
        f"kernel_size from 1 to {min(height, width)}, filters and stride >= 1",
        (kernel_size, filters, stride),
    )
    out = [(n - kernel_size) // stride + 1 for n in (height, width)]
    fig, ax = _sheet(2.55)
    scale = 1.35 / max(height, width)  # inches a pixel

    def thick(count):  # 0.09 inches a channel while there is room
        return min(0.09 * count, 0.09 * 6 + 0.12 * np.log2(max(count / 6, 1)))

    base, starts = 2.05, (0.35, 2.85, 4.75)
    taps = kernel_size * scale
    counts = (channels, 1, filters)
    for x, count, size in zip(starts, counts, ((height, width), out, out), strict=True):
        across = size[1] * scale
        _box(
            ax,
            x,
            base,
            thick(count),
            size[0] * scale,
            across,
            BLUE,
            slices=count if count <= 16 else 1,
        )
    # the filter stands in the first corner of the input, its value in that of the map
    front = base - height * scale + taps
    _box(
        ax,
        starts[0],
        front,
        thick(channels),
        taps,
        taps,
        VERMILLION,
        slices=channels if channels <= 16 else 1,
    )
    target = np.array((starts[1], base - out[0] * scale))
    unit = max(scale, 0.06)
    _box(ax, target[0], target[1] + unit, thick(1), unit, unit, VERMILLION)
    edge = np.array((starts[0] + thick(channels), base - height * scale))
    slant, down = np.array((0.42, -0.3)) * taps, np.array((0, taps))
    target = target + np.array((0, unit / 2))
    for corner in (edge + slant, edge + down, edge + slant + down):
        ax.plot(*zip(corner, target, strict=True), color=VERMILLION, lw=0.8)
    _arrow(ax, 4.3, 4.65, base - 0.5)
    weights = kernel_size**2 * channels
    full = f"{kernel_size}×{kernel_size}×{channels}"
    lower = (
        (f"input {_shape_text(shape)}", "the filter is just as deep"),
        (f"one map {out[0]}×{out[1]}", "one number a position"),
        (f"stack {out[0]}×{out[1]}×{filters}", "one map a filter"),
    )
    for x, (one, two) in zip(starts, lower, strict=True):
        ax.text(x, base + 0.12, one, va="top")
        ax.text(x, base + 0.3, two, va="top", color=GREY)
    ax.text(
        0.35,
        0.12,
        f"one filter: {full} = {weights:,} weights, 1 bias",
        va="top",
        color=_text_color(VERMILLION),
    )
    several = f"{filters} filter{'s' * (filters > 1)}"
    total = f"{several}: {filters * (weights + 1):,} parameters"
    ax.text(starts[2], 0.12, total, va="top")
    return fig


def model(model) -> Figure:
    """A chain of layers as volumes, with what the model object says about each.

    Heights and widths are to scale; thickness grows with the logarithm of the number
    of channels, and so does the height of a vector.

    Args:
        model: a built Keras model whose layers form a chain.

    Raises:
        ValueError: if the model is not built, or is no chain of layers.
    """
    layers = list(model.layers)
    _expect(len(layers) > 0, "a model with at least one layer", "none")
    rows = []
    for previous, layer in zip([None, *layers], layers, strict=False):
        try:
            output, source = layer.output, getattr(layer, "input", None)
        except (AttributeError, ValueError) as error:
            raise ValueError(
                f"expected a built model (give it an Input); received layer "
                f"{layer.name!r} without a known output"
            ) from error
        _expect(
            previous is None or source is previous.output,
            "a chain of layers, each reading the one before it",
            f"layer {layer.name!r}, which does not read {previous and previous.name!r}",
        )
        kind = type(layer).__name__
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        own = re.sub(r"_\d+$", "", layer.name)
        name = "" if own in (snake, "input_layer", "keras_tensor") else layer.name
        kind = "Input" if kind == "InputLayer" else kind
        words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "\n", kind)
        parameters = f"{layer.count_params():,}" if kind != "Input" else ""
        rows.append((name, words, tuple(output.shape[1:]), parameters))
    shapes = _volumes([row[2] for row in rows])
    left = 0.85

    def last(shape):
        return f"\n×{shape[2]:,}" if len(shape) == 3 else ""

    texts = [
        (f"{name}\n{kind}".strip(), _shape_text(shape[:2]) + last(shape), parameters)
        for name, kind, shape, parameters in rows
    ]
    widths = np.array([[_widest(text) for text in column] for column in texts])
    widths = np.vstack([widths, np.zeros_like(widths[:1])])
    needed = 0.08 + ((widths[1:] + widths[:-1]) / 2).max()  # of two neighbours
    columns = max(1, min(len(rows), int((WIDTH - left) / needed)))
    lines = -(-len(rows) // columns)
    columns = -(-len(rows) // lines)
    step = min((WIDTH - left) / columns, 1.2)
    named = 0.15 * max(text[0].count("\n") for text in texts)
    each = 2.1 + named
    fig, ax = _sheet(lines * each + 0.4)
    title = f"{model.name}: {model.count_params():,} parameters"
    ax.text(0.08, 0.08, title, va="top", size=10)
    for k in range(lines):
        part = slice(k * columns, (k + 1) * columns)
        base = k * each + 1.6
        centres = [left + (i + 0.5) * step for i in range(len(texts[part]))]
        _blocks(ax, shapes[part], centres, base, min(0.95, 1.35 * step))
        below = base + 0.1, base + 0.3 + named, base + 0.64 + named
        for text, y in zip(("layer", "output", "parameters"), below, strict=True):
            ax.text(0.08, y, text, va="top", color=GREY, size=9)
        for column, x in zip(texts[part], centres, strict=True):
            for text, y in zip(column, below, strict=True):
                ax.text(x, y, text, ha="center", va="top", size=9)
    return fig
