"""Every figure of the course: one style, one way to show it, and the drawings.

Importing this module sets the style of Matplotlib for the whole process.  Helpers
draw the values they are given and nothing else, and either draw into `Axes` or return
a `Figure`; `show` displays a figure together with its alternative text.

Figures are made without pyplot, so no notebook backend shows one a second time.
"""

import base64
import io
import sys
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from PIL import Image

WIDTH = 7.0  # inches, 672 pixels of a page at 100 %
DPI = 192  # two dots for each pixel of the page, so text stays crisp on any screen
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
    "signed", _BLUES.split()[:0:-1] + _REDS.split()
)

STYLE = {
    "figure.figsize": (WIDTH, 3.0),
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
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


def _pixels(fig: Figure) -> Image.Image:
    fig.set_dpi(DPI)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    size = canvas.get_width_height()
    return Image.frombuffer("RGBA", size, canvas.buffer_rgba()).convert("RGB")


def _caption(text: str, width: float) -> Image.Image:
    """The text in grey on white, wrapped to a width in inches."""
    size = mpl.font_manager.FontProperties(size=9)
    renderer = FigureCanvasAgg(Figure((1, 1), dpi=DPI)).get_renderer()
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        extent = renderer.get_text_width_height_descent(longer, size, False)[0]
        if lines[-1] and extent > (width - 0.2) * DPI:
            lines.append(word)
        else:
            lines[-1] = longer
    height = 0.16 * len(lines) + 0.12
    fig = Figure((width, height), dpi=DPI)
    for i, line in enumerate(lines):
        y = 1 - (0.04 + 0.16 * i) / height
        fig.text(0.1 / width, y, line, size=9, color=GREY, va="top", parse_math=False)
    return _pixels(fig)


def image_bytes(fig: Figure, alt: str = "", photo: bool = False) -> bytes:
    """The figure as a PNG file, or as a JPEG file when it holds photographs.

    The same figure gives the same bytes: the files carry no date and no version.

    Args:
        fig: any Matplotlib figure.
        alt: drawn below the figure as a grey caption, unless it is empty.
        photo: write a JPEG.

    >>> fig, ax = figure()
    >>> image_bytes(fig)[1:4]
    b'PNG'
    """
    picture = _pixels(fig)
    if alt:
        below = _caption(alt, max(fig.get_figwidth(), 4.5))
        above, size = picture, (max(picture.width, below.width),)
        picture = Image.new("RGB", (*size, above.height + below.height), "white")
        picture.paste(above, (0, 0))
        picture.paste(below, (0, above.height))
    file = io.BytesIO()
    if photo:
        picture.save(file, "JPEG", quality=85, optimize=True)
    else:
        # 256 colours are as good as all to the eye here, and a third of the size
        picture.quantize(256, dither=Image.Dither.NONE).save(file, "PNG")
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
        width, height = (round(n * 96 / DPI) for n in picture.size)
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


def _number(value) -> str:
    """A short text for a number, with a true minus sign; letters stay letters."""
    if isinstance(value, (str, np.str_)):
        return str(value)
    text = f"{float(value):.2f}"
    if float(value) == round(float(value)):
        text = f"{float(value):.0f}"
    return ("0" if text == "-0" else text).replace("-", "−")


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
    return image, colour


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
        if cell is not None and not isinstance(cell, (str, np.str_)):
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
        if not isinstance(cell, (str, np.str_)) and np.isnan(values[i, j]):
            ax.add_patch(
                mpl.patches.Rectangle((j, i), 1, 1, fc="none", lw=0, hatch="////")
            )
            continue
        text = (
            format(cell, fmt).replace("-", "−")
            if fmt and not isinstance(cell, (str, np.str_))
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
        ax.add_patch(
            mpl.patches.Rectangle(
                (column, row), width, height, fc="none", ec=VERMILLION, lw=2.4,
                clip_on=False, zorder=3,
            )
        )  # fmt: skip
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
    height = ax.get_figure().get_figheight() * ax.get_position().height
    places = [
        ax.transAxes.inverted().transform(ax.transData.transform((x[-1], y)))[1]
        for y, _ in ends.values()
    ]
    if np.all(np.isfinite(places)) and np.diff(sorted(places)).min() * height > 0.17:
        for label, (y, color) in ends.items():
            ax.annotate(
                label, (x[-1], y), (6, 0), textcoords="offset points",
                color=_text_color(color), va="center", annotation_clip=False,
            )  # fmt: skip
    else:
        ax.legend()


def _canvas(rows: int, columns: int, aspect: float, width: float, title: bool):
    """Figure and axes for a grid of pictures; aspect is height over width."""
    each = min(width / columns, 2.2 if columns < 4 else width / columns)
    height = rows * (each * aspect + (0.28 if title else 0.06)) + 0.05
    fig = Figure((width, height), dpi=DPI, layout="compressed")
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    axes = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        _bare(ax)
    return fig, axes


def images(
    images: Sequence, titles: Sequence[str] | None = None,
    columns: int | None = None, cmap="gray",
) -> Figure:  # fmt: skip
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
    aspect = max(picture.shape[0] / picture.shape[1] for picture, _ in pictures)
    fig, axes = _canvas(rows, columns, aspect, WIDTH, bool(titles))
    for ax, (picture, colour) in zip(axes, pictures, strict=False):
        small = max(picture.shape) <= 64
        style = {"interpolation": "nearest" if small else "antialiased"}
        if not colour:
            style |= {"cmap": cmap, "norm": norm}
        ax.imshow(picture, **style)
    for ax, title in zip(axes, titles or (), strict=False):
        ax.set_title(title)
    return fig
