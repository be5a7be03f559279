"""Style, one way to show a figure, and the small tools of the drawings."""

import base64
import functools
import io
import sys

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
        picture.save(file, "PNG", optimize=True)
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
