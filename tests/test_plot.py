"""Figures: what is shown, that it can be read, and that it tells the truth."""

import base64
import hashlib
import io
import itertools
import subprocess
import sys

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image
from scipy.signal import correlate2d

from cnnkit import plot

ALT = "Two rising curves; the second one starts later."


@pytest.fixture
def shell():
    """A running IPython, as far as `show` can tell."""
    shell = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


def curves():
    fig, ax = plot.figure()
    x = np.arange(40)
    plot.lines(ax, x, {"one": x**0.5, "two": (x, x - 1, x + 1)}, "epoch", "loss")
    return fig


def decode(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def texts(fig, gid=None):
    found = [text for ax in fig.axes for text in ax.texts]
    return [text.get_text() for text in found if gid in (None, text.get_gid())]


# ---------------------------------------------------------------- show


@pytest.mark.parametrize("photo", [False, True])
def test_show_emits_one_output_with_its_text(shell, photo):
    with capture_output() as captured:
        assert plot.show(curves(), f"  Two rising curves;\n {ALT[19:]} ", photo) is None
    assert captured.stdout == captured.stderr == ""
    (output,) = captured.outputs
    kind = "image/jpeg" if photo else "image/png"
    assert set(output.data) == {kind, "text/plain"}
    assert output.data["text/plain"] == ALT
    image = Image.open(io.BytesIO(base64.b64decode(output.data[kind], validate=True)))
    assert image.format == ("JPEG" if photo else "PNG")
    metadata = output.metadata[kind]
    assert metadata["alt"] == ALT
    # 7 inches of a page with 96 pixels an inch; two dots a pixel, 1.5 for photographs
    assert metadata["width"] == 672
    dots = 1.5 if photo else 2
    assert image.size == (dots * metadata["width"], dots * metadata["height"])


def test_show_outside_ipython_prints_the_text(capsys):
    assert plot.show(curves(), ALT) is None
    assert capsys.readouterr().out == ALT + "\n"


@pytest.mark.parametrize("alt", ["", "  \n", None, "a" * 401])
def test_show_refuses_figures_without_a_usable_text(alt):
    with pytest.raises(ValueError, match=r"expected alt.*received"):
        plot.show(curves(), alt)


def test_show_refuses_what_is_no_figure():
    with pytest.raises(ValueError, match="expected a Matplotlib figure; received"):
        plot.show("curve.png", ALT)


def test_caption_grows_the_canvas_and_leaves_the_figure_alone():
    plain = decode(plot.image_bytes(curves()))
    short = decode(plot.image_bytes(curves(), ALT))
    long = decode(plot.image_bytes(curves(), "many words " * 36))
    assert plain.shape[1] == short.shape[1] == long.shape[1]
    assert plain.shape[0] < short.shape[0] < long.shape[0]
    for grown in (short, long):
        assert np.abs(grown[: len(plain)] - plain).max() <= 16
        below = grown[len(plain) :].min(axis=2)
        assert below.min() < 130, "no caption was drawn"
        margins = below[[0, -1]].min(), below[:, [0, -1]].min()
        assert min(margins) == 255, "the caption touches the edge"


def test_narrow_figures_keep_a_readable_caption():
    fig, _ = plot.figure(width=1.5, height=1)
    height, width, _ = decode(plot.image_bytes(fig, ALT)).shape
    assert width == 4.5 * plot.DPI
    assert height < 1.5 * plot.DPI


def test_files_are_small_and_always_the_same():
    first = plot.image_bytes(curves(), ALT)
    assert first == plot.image_bytes(curves(), ALT)
    assert len(first) < 60_000
    assert not {"Software", "date", "Creation Time"} & set(
        Image.open(io.BytesIO(first)).info
    )
    code = (
        "import hashlib, sys, cnnkit.plot as plot\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "assert not {'keras', 'matplotlib.pyplot', 'scipy'} & set(sys.modules)\n"
        "import test_plot\n"
        "data = plot.image_bytes(test_plot.curves(), test_plot.ALT)\n"
        "print(hashlib.sha256(data).hexdigest())\n"
        "from matplotlib_inline import backend_inline\n"
        "import matplotlib\n"
        "backend = 'module://matplotlib_inline.backend_inline'\n"
        "matplotlib.use(backend)\n"
        "matplotlib.interactive(True)\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\n"
        "shell = InteractiveShell.instance()\n"
        "backend_inline.configure_inline_support(shell, backend)\n"
        "for cell in ('''import matplotlib.pyplot as plt\n"
        "from cnnkit import plot\n"
        "fig, ax = plt.subplots()\n"
        "plot.show(fig, 'pyplot')\n"
        "fig, ax = plot.figure()\n"
        "plot.show(fig, 'ours')''', 'fig, ax = plt.subplots()'):\n"
        "    with capture_output() as captured:\n"
        "        shell.run_cell(cell)\n"
        "    print([output.data['text/plain'] for output in captured.outputs])\n"
    )
    here = __file__.rpartition("/")[0]
    run = subprocess.run(
        [sys.executable, "-c", code, here], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    digest, shown, forgotten = run.stdout.splitlines()
    assert digest == hashlib.sha256(first).hexdigest()
    assert shown == "['pyplot', 'ours']"
    assert "Figure" in forgotten  # the backend does show figures by itself


# ---------------------------------------------------------------- style


def channel(eight_bits):
    part = eight_bits / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one, two):
    """WCAG 2.2 contrast of two colours as six hexadecimal digits."""
    bright = []
    for color in (one, two):
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        bright.append(
            0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
        )
    return (max(bright) + 0.05) / (min(bright) + 0.05)


def hexadecimal(color):
    from matplotlib.colors import to_hex

    return to_hex(color)


def test_contrast_of_text():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    for color in (plot.INK, plot.GREY, *map(plot.base._text_color, plot.COLORS)):
        assert contrast("#ffffff", color) >= 4.5, color
    for cmap in (plot.SEQUENTIAL, plot.DIVERGING):
        for fill in cmap(np.linspace(0, 1, 256)):
            text = hexadecimal(plot.base._text_on(fill))
            assert contrast(hexadecimal(fill), text) >= 4.5, hexadecimal(fill)


def test_first_curves_stand_out_from_the_page():
    for color in plot.COLORS[:3]:
        assert contrast("#ffffff", color) >= 3


# Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1.0
DEFICIENCIES = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_colors_differ_for_colour_blind_readers(kind):
    from skimage.color import rgb2lab

    seen = []
    for color in plot.COLORS:
        linear = [channel(int(color[i : i + 2], 16)) for i in (1, 3, 5)]
        linear = np.clip(np.array(DEFICIENCIES[kind]) @ linear, 0, 1)
        encoded = np.where(
            linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
        )
        seen.append(rgb2lab(encoded[None, None])[0, 0])
    distance = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert distance > 10  # about 2.3 is just noticeable


def test_maps_fall_evenly_from_white_at_zero():
    from skimage.color import rgb2lab

    lightness = rgb2lab(plot.SEQUENTIAL(np.linspace(0, 1, 9))[None, :, :3])[0, :, 0]
    steps = -np.diff(lightness)
    assert lightness[0] == pytest.approx(100, abs=0.1)
    assert steps.min() > 0.85 * steps.mean()
    assert steps.max() < 1.15 * steps.mean()
    signed = rgb2lab(plot.DIVERGING(np.linspace(0, 1, 257))[None, :, :3])[0, :, 0]
    assert signed.argmax() in (127, 128, 129)
    assert np.allclose(signed, signed[::-1], atol=8)


def test_style_has_no_text_smaller_than_nine_points():
    sizes = {key: size for key, size in plot.STYLE.items() if key.endswith("size")}
    del sizes["figure.figsize"], sizes["lines.markersize"]
    assert len(sizes) >= 5
    assert min(sizes.values()) >= 9


# ---------------------------------------------------------------- every helper


def every_helper():
    """Each helper on shapes at the edge of what it accepts."""
    rng = np.random.default_rng(0)
    fig, ax = plot.figure()
    plot.number_grid(ax, [[None, np.nan, -0.001]], "one row", cmap=plot.DIVERGING)
    yield fig
    fig, ax = plot.figure(rows=2, columns=3)
    plot.number_grid(ax[0, 0], [[7]], highlight=[(0, 0, 1, 1)], fmt=".1f")
    plot.number_grid(ax[0, 1], [[0, 0]], cmap=plot.SEQUENTIAL)
    plot.number_grid(ax[0, 2], np.array([["a", "b"]]))
    plot.lines(ax[1, 0], [1], {"point": [2.0]})
    plot.lines(ax[1, 1], [1, 2], {"a": [1, np.nan], "b": [1, 2]}, log="xy")
    plot.bars(ax[1, 2], ["none"], [0])
    yield fig
    yield plot.images([np.zeros((1, 1), np.uint8)])
    yield plot.images([rng.random((4, 9)), rng.random((9, 4, 3))], columns=1)
    yield plot.images([rng.normal(size=(3, 3, 1))] * 7, list("abcdefg"))
    yield plot.images([np.eye(3, dtype=bool), -np.eye(3)], cmap=plot.DIVERGING)
    for shape in ((1, 1, 1, 1), (3, 7, 1, 70), (5, 5, 6, 20), (2, 1, 3, 1)):
        yield plot.filters(rng.normal(size=shape))
    yield plot.filters(np.zeros((3, 3, 1, 4)))
    yield plot.feature_maps([np.zeros((1, 1, 1)), np.ones(1)], ["a", "b"])
    yield plot.feature_maps([rng.normal(size=(4, 12, 20))], ["wide"])
    yield plot.feature_maps([rng.normal(size=(12, 2, 3))], ["tall"])
    yield plot.confusion_matrix([[0]], ["only"])
    yield plot.confusion_matrix(np.eye(20, dtype=int) * 1000, ["class"] * 20)
    yield plot.mistakes([np.zeros((8, 4, 3))] * 15, [0] * 15, [0] * 15, [1] * 15, "x")
    yield plot.receptive_field(np.zeros((1, 1)), [np.zeros((1, 1))], ["dead"])
    yield plot.receptive_field(np.zeros((4, 9, 3)), [np.ones((4, 9))] * 5, "abcde")
    yield plot.smoothing([1.0], [1.0], 0, [1.0])
    yield plot.convolution_step([[2]], [[3]])
    yield plot.convolution_step(rng.normal(size=(20, 30)), np.ones((9, 9)))
    yield plot.placements(1, 1)
    yield plot.placements(2, 5)
    yield plot.placements(64, 3, padding=1)
    yield plot.filter_volume((1, 1, 1), 1, 1)
    yield plot.filter_volume((7, 9, 512), 3, 1000, stride=2)


def test_every_helper_draws_at_the_edge_of_its_domain(recwarn, caplog):
    for i, fig in enumerate(every_helper()):
        data = plot.image_bytes(fig, ALT)
        width = decode(data).shape[1]
        assert width == plot.WIDTH * plot.DPI, i
        assert len(data) < 100_000, i
        drawn = [text for ax in fig.axes for text in ax.texts] + fig.texts
        assert all(text.get_fontsize() >= 9 for text in drawn), i
    assert not recwarn.list
    assert not caplog.records  # Matplotlib warns through logging, too


def bad_calls():
    grid, zeros = np.zeros((4, 4)), np.zeros
    ax = plot.figure()[1]
    yield "rows and columns", lambda: plot.figure(rows=0)
    yield "a matrix", lambda: plot.number_grid(ax, [1, 2, 3])
    yield "windows", lambda: plot.number_grid(ax, grid, highlight=[(2, 2, 3, 1)])
    yield "windows", lambda: plot.number_grid(ax, grid, highlight=[(-1, 0, 1, 1)])
    yield "shape", lambda: plot.lines(ax, [1, 2], {"loss": [1, 2, 3]})
    yield "at least one curve", lambda: plot.lines(ax, [1, 2], {})
    yield "log", lambda: plot.lines(ax, [1], {"a": [1]}, log="z")
    yield "labels", lambda: plot.bars(ax, ["a"], [1, 2])
    yield "mean, low, high", lambda: plot.bars(ax, ["a"], [(1, 2)])
    yield "image", lambda: plot.images([zeros((2, 2, 4))])
    yield "divide by 255", lambda: plot.images([np.full((2, 2, 3), 200.0)])
    yield "at least one image", lambda: plot.images([])
    yield "2 titles", lambda: plot.images([grid, grid], ["one"])
    yield "kernels", lambda: plot.filters(zeros((3, 3)))
    yield "maps", lambda: plot.feature_maps([zeros((3, 3))], ["a"])
    yield "titles", lambda: plot.feature_maps([zeros(3)], [])
    yield "matrix", lambda: plot.confusion_matrix(zeros((2, 3)), ["a", "b"])
    yield "15 images", lambda: plot.mistakes([grid] * 16, [0] * 16, [0], [1], ["a"])
    yield "masks", lambda: plot.receptive_field(grid, [zeros((3, 4))], ["a"])
    yield "masks", lambda: plot.receptive_field(grid, [grid - 1], ["a"])
    yield "a full window", lambda: plot.smoothing([1, 2], [1, 1], 0, [1, 2])
    yield "same length", lambda: plot.smoothing([1, 2], [1], 0, [1])
    yield "covers at most", lambda: plot.convolution_step(grid, zeros((5, 5)))
    yield "2x2 output", lambda: plot.convolution_step(grid, zeros((3, 3)), row=2)
    yield "padding >= 0", lambda: plot.convolution_step(grid, grid, padding=-1)
    yield "stride and dilation", lambda: plot.convolution_step(grid, grid, stride=0)
    yield "an image", lambda: plot.convolution_step([1, 2], grid)
    yield "stride", lambda: plot.placements(5, 3, stride=0)
    yield "padding >= 0", lambda: plot.placements(5, 3, padding=(-1, 0))
    yield "kernel_size", lambda: plot.filter_volume((4, 4, 3), 5, 1)
    yield "input_shape", lambda: plot.filter_volume((4,), 1, 1)


@pytest.mark.parametrize(("what", "call"), list(bad_calls()))
def test_bad_input_is_refused_with_what_was_expected(what, call):
    with pytest.raises(ValueError, match=rf"expected .*{what}.*; received "):
        call()


# ---------------------------------------------------------------- true to the values


def test_number_grid_writes_the_numbers():
    fig, ax = plot.figure()
    plot.number_grid(ax, [[1, -2.5], [np.nan, None]], highlight=[(1, 0, 1, 2)])
    assert texts(fig) == ["1", "−2.50"]
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert [patch.get_xy() for patch in hatched] == [(0, 1)]
    outline = [patch for patch in ax.patches if not patch.get_hatch()]
    assert [patch.get_bbox().bounds for patch in outline] == [(0, 1, 2, 1)]


def test_lines_are_labelled_at_their_ends_unless_labels_would_collide():
    x = np.arange(5.0)
    fig, ax = plot.figure()
    plot.lines(ax, x, {"low": x, "high": (5 * x, 4 * x, 6 * x)}, "x", "y")
    assert texts(fig) == ["low", "high"]
    assert ax.get_legend() is None
    assert ax.collections[0].get_datalim(ax.transData).y1 == 24
    fig, ax = plot.figure()
    plot.lines(ax, x, {"one": x, "two": x + 0.01})
    assert texts(fig) == []
    assert [text.get_text() for text in ax.get_legend().texts] == ["one", "two"]


def test_pictures_share_their_scale():
    one, two = np.full((2, 2), -3.0), np.full((2, 2), 1.0)
    for fig, limits in (
        (plot.images([one, two], cmap=plot.DIVERGING), {(-3, 3)}),
        (plot.images([one, two]), {(-3, 1)}),
        (plot.images([one.astype("uint8"), two.astype("uint8")]), {(0, 255)}),
        (plot.images([two, two / 2]), {(0, 1)}),
        (plot.filters(np.stack([one, two], -1)[:, :, None]), {(-3, 3)}),
    ):
        drawn = [image.norm for ax in fig.axes for image in ax.images]
        assert {(norm.vmin, norm.vmax) for norm in drawn} == limits
    fig = plot.feature_maps(
        [np.stack([one, two], -1), np.array([0.25, 0.75])], ["conv", "scores"]
    )
    rows = [[image.norm for image in ax.images] for ax in fig.axes if ax.images]
    assert [{(n.vmin, n.vmax) for n in row} for row in rows] == [{(-3, 3)}, {(0, 0.75)}]


def test_hidden_channels_are_announced():
    assert "+12" in texts(plot.feature_maps([np.ones((2, 2, 20))], ["conv"]))
    title = plot.filters(np.ones((2, 2, 9, 20))).axes[0].get_title()
    assert title == "20 filters of 2×2×9 · +4 more filters · +5 more channels"


def test_receptive_field_is_measured_from_the_mask():
    mask = np.zeros((9, 12))
    mask[2, 3] = mask[6, 5] = 0.1
    ax = plot.receptive_field(np.zeros((9, 12)), [mask], ["unit"]).axes[0]
    assert ax.get_title() == "unit\n5×3 pixels"
    assert ax.patches[0].get_bbox().bounds == (2.5, 1.5, 3, 5)


def test_smoothing_puts_the_newest_weight_on_the_present():
    fig = plot.smoothing(np.arange(9.0), [3, 2, 1], 5, np.arange(9.0))
    bars = {
        bar.get_x() + bar.get_width() / 2: bar.get_height()
        for bar in fig.axes[1].patches
        if bar.get_width() < 1
    }
    assert bars == pytest.approx({3: 1, 4: 2, 5: 3})
    assert "s(5) = 5" in fig.axes[0].get_legend().texts[2].get_text()


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"),
    [(1, 0, 1), (2, 1, 1), (1, (0, 1), 2), (3, ((2, 0), (1, 1)), 1)],
)
def test_convolution_step_writes_the_cross_correlation(stride, padding, dilation):
    rng = np.random.default_rng(7)
    image, kernel = rng.integers(-3, 9, (5, 6)), rng.integers(-2, 3, (2, 3))
    pads = {(0, 1): [(0, 1), (0, 1)], 0: 0, 1: 1}.get(padding, padding)
    field = np.pad(image, pads)
    spread = np.zeros(((2 - 1) * dilation + 1, (3 - 1) * dilation + 1), int)
    spread[::dilation, ::dilation] = kernel
    expected = correlate2d(field, spread, "valid")[::stride, ::stride]
    row, column = np.array(expected.shape) - (1, 1)
    fig = plot.convolution_step(image, kernel, stride, padding, dilation, row, column)

    def numbers(gid):
        return [int(text.replace("−", "-")) for text in texts(fig, gid)]

    # cells are written row by row
    assert [n for n in numbers("output")] == expected.ravel().tolist()
    assert numbers("input") == field.ravel().tolist()
    assert numbers("kernel") == kernel.ravel().tolist()
    written = " ".join(texts(fig, "sum"))
    products, total = written.replace("−", "-").replace("·", "*").split(" = ")
    assert eval(products) == int(total) == expected[-1, -1]
    assert products.count("*") == 6


def test_convolution_step_fills_the_output_up_to_the_step():
    fig = plot.convolution_step(np.ones((4, 4)), np.ones((2, 2)), row=1, column=1)
    assert [text for text in texts(fig, "output") if text] == ["4"] * 5


def test_convolution_step_does_not_overflow_bytes_and_keeps_its_layout():
    image = np.diag([255, 255, 1]).astype("uint8")
    sizes = set()
    for row, column in np.ndindex(2, 2):
        fig = plot.convolution_step(
            image, np.full((2, 2), 255, "uint8"), row=row, column=column
        )
        places = [text.get_position() for text in fig.axes[0].texts[:21]]
        sizes.add((fig.get_figheight(), tuple(places)))
    assert texts(fig, "output") == ["130050", "65025", "65025", "65280"]
    assert len(sizes) == 1


def test_convolution_step_with_letters():
    image = np.array(list("abcdefghijkl")).reshape(3, 4)
    fig = plot.convolution_step(image, [["w", "x"], ["y", "z"]], row=1, column=2)
    assert texts(fig, "output")[0] == "aw+bx\n+ey+fz"
    assert texts(fig, "output")[-1] == "gw+hx\n+ky+lz"
    assert texts(fig, "sum") == ["gw + hx", "+ ky + lz"]


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "padding", "dilation"),
    [(7, 3, 3, 0, 1), (7, 2, 4, 0, 1), (9, 3, 2, (0, 1), 2), (5, 3, 1, 1, 1)],
)
def test_placements_counts_by_trying(n, kernel, stride, padding, dilation):
    before, after = padding if isinstance(padding, tuple) else (padding, padding)
    fits, read, start = 0, set(), 0
    while start + dilation * (kernel - 1) < n + before + after:
        read |= {start + dilation * i - before for i in range(kernel)}
        fits, start = fits + 1, start + stride
    fig = plot.placements(n, kernel, stride, padding, dilation)
    labels = texts(fig)
    assert [t for t in labels if t.startswith("output")] == [
        f"output {i}" for i in range(fits)
    ]
    missed = len(set(range(n)) - read)
    notes = [text for text in labels if text.endswith("not read")]
    assert notes == ([f"{missed} cell{'s' * (missed > 1)} not read"] if missed else [])
    assert ("does not fit" in labels) == (start < n + before + after)
    formula = fig.texts[0].get_text()
    assert formula.endswith(f" = {fits}")
    # the formula as printed, evaluated
    expression = formula.split(" = ")[1]
    for sign, code in {"⌊": "int(", "⌋": ")", "·": "*", "−": "-"}.items():
        expression = expression.replace(sign, code)
    assert eval(expression) == fits


def test_placements_of_a_kernel_that_never_fits():
    fig = plot.placements(2, 5)
    assert "none: a reach of 5 is more than 2" in fig.texts[0].get_text()
    assert "does not fit" in texts(fig)


def test_confusion_matrix_and_mistakes_name_the_classes():
    fig = plot.confusion_matrix([[8, 2], [0, 0]], ["cat", "dog"])
    ax = fig.axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["cat", "dog"]
    assert texts(fig) == ["8", "2", "80 %", "", "", "–", "right"]
    assert ax.images[0].get_array().tolist() == [[0.8, 0.2], [0, 0]]
    fig = plot.mistakes([np.zeros((4, 4))], [1], [0], [0.987], ["cat", "dog"])
    assert texts(fig) == ["dog", "cat 99 %"]


def test_filter_volume_counts():
    labels = texts(plot.filter_volume((32, 32, 3), 5, 10))
    assert "one filter: 5×5×3 = 75 weights, 1 bias" in labels
    assert "10 filters: 760 parameters" in labels
    assert "stack 28×28×10" in labels


def test_model_shows_what_the_model_says():
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            layers.Conv2D(4, 3, name="edges"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, name="scores"),
        ],
        name="tiny",
    )
    labels = texts(plot.model(model))
    # 3·3·2·4 + 4; four vectors of 4; none; none; 2·1·4·3 + 3
    parameters = [text for text in labels if text.isdecimal()]
    assert parameters == ["76", "16", "0", "8", "0", "3", "27"]
    assert "tiny: 119 parameters" in labels
    assert [text for text in labels if "×" in text] == [
        "4×3\n×4", "4×3\n×4", "2×1\n×4",
    ]  # fmt: skip
    for name in ("edges\nConv2D", "Batch\nNormalization", "Max\nPooling2D", "Flatten"):
        assert name in labels

    inputs = keras.Input((4,))
    x = layers.Dense(4)(inputs)
    skip = keras.Model(inputs, layers.Add()([inputs, x]))
    with pytest.raises(ValueError, match="expected a chain of layers"):
        plot.model(skip)
    with pytest.raises(ValueError, match="expected a built model"):
        plot.model(keras.Sequential([layers.Dense(3)]))


def test_deep_models_wrap_into_rows():
    import keras
    from keras import layers

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), *(layers.Conv2D(2, 1) for _ in range(20))]
    )
    fig = plot.model(model)
    assert texts(fig).count("Conv2D") == 20
    assert texts(fig).count("layer") > 1
    assert fig.get_figwidth() == plot.WIDTH
