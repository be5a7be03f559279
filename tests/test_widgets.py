"""The explorers, driven without a browser; values against SciPy, NumPy and Keras."""

import os
import subprocess
import sys

import numpy as np
import pytest
import redraw
from ipywidgets.widgets import widget as registry
from scipy import signal

from cnnkit import plot, widgets

LETTERS = [list("abcd"), list("efgh"), list("ijkl")]
SUMS = [
    ["aw+bx+ey+fz", "bw+cx+fy+gz", "cw+dx+gy+hz"],
    ["ew+fx+iy+jz", "fw+gx+jy+kz", "gw+hx+ky+lz"],
]


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as (object, its plain text)."""
    import IPython.display

    displayed = []
    monkeypatch.setattr(
        IPython.display, "display", lambda *objects, **_: displayed.extend(objects)
    )
    return displayed


def open_models():
    return set(registry._instances)


# --- stepper ----------------------------------------------------------------------


def correlate(image, kernel, stride, pads, dilation):
    """SciPy's cross-correlation of the padded image with the kernel spread out."""
    spread = np.zeros([(n - 1) * dilation + 1 for n in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    full = signal.correlate2d(np.pad(image, pads), spread, mode="valid")
    return full[::stride, ::stride]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (1, 1)])
def test_stepper_computes_what_scipy_computes(stride, padding, dilation, shape):
    rng = np.random.default_rng(0)
    image = rng.integers(-9, 9, (7, 6))
    kernel = rng.integers(-3, 4, shape)
    stepper = widgets.convolution_stepper(image, kernel, stride, padding, dilation)
    expected = correlate(image, kernel, stride, padding, dilation)
    np.testing.assert_array_equal(stepper.result.output, expected)
    stepper.set(look="back")
    turned = correlate(image, np.rot90(kernel, 2), stride, padding, dilation)
    np.testing.assert_array_equal(stepper.result.output, turned)
    stepper.close()


def test_look_back_is_true_convolution():
    image, kernel = np.arange(20).reshape(4, 5), np.array([[1, 2], [3, 5]])
    stepper = widgets.convolution_stepper(image, kernel)
    stepper.set(look="back")
    expected = signal.convolve2d(image, kernel, mode="valid")
    np.testing.assert_array_equal(stepper.result.output, expected)
    assert "rotated by 180°" in stepper.picture.value
    stepper.close()


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2, "same"])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3)])
def test_the_keras_call_shown_computes_the_output_shown(
    stride, padding, dilation, shape
):
    import keras

    rng = np.random.default_rng(1)
    image = rng.integers(-9, 9, (7, 8)).astype("float32")
    kernel = rng.integers(-3, 4, shape).astype("float32")
    stepper = widgets.convolution_stepper(image, kernel, stride, padding, dilation)
    layer = eval(stepper.result.keras_call, {"keras": keras})
    layer(image[None, ..., None])  # builds it
    layer.set_weights([kernel[..., None, None]])
    output = np.asarray(layer(image[None, ..., None]))[0, ..., 0]
    np.testing.assert_array_equal(stepper.result.output, output)


def test_letters_give_sums_of_products():
    stepper = widgets.convolution_stepper(LETTERS, [["w", "x"], ["y", "z"]])
    assert stepper.result.output.tolist() == SUMS
    assert stepper.result.text == "output[0, 0] = aw + bx + ey + fz"
    stepper.set(kernel="w -1\n0 2")
    assert stepper.result.output[0, 0] == "aw−b+2f"
    stepper.set(kernel="w x\ny z", padding=1)
    assert stepper.result.output[0, 0] == "az"
    stepper.set(kernel="0")
    assert (stepper.result.output == "0").all()
    stepper.close()


def test_stepper_steps_plays_and_wraps_around():
    image, kernel = np.arange(1, 13).reshape(3, 4), [[1, 2], [3, 4]]
    stepper = widgets.convolution_stepper(image, kernel)
    stepper.widget  # noqa: B018
    seen = []
    for _ in range(7):
        seen.append((stepper.result.position, stepper.result.text))
        stepper.controls["next"].click()
    assert [place for place, _ in seen] == [*np.ndindex(2, 3), (0, 0)]
    assert seen[0][1] == "output[0, 0] = 1·1 + 2·2 + 5·3 + 6·4 = 44"
    stepper.set(step=1)
    stepper.controls["previous"].click()
    assert stepper.result.position == (1, 2)
    stepper.controls["play"].value = 3
    assert stepper.controls["step"].value == stepper.result.step == 3
    # a larger stride leaves fewer steps, and the step shown is one of them
    stepper.set(step=6, stride=2)
    assert stepper.controls["step"].max == stepper.controls["play"].max == 2
    assert stepper.result.position == (0, 1)
    stepper.close()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1 2\n3", "rows of 2, 1 entries"),
        ("1 2x", "received '2x'"),
        ("1 1/0", "received '1/0'"),
        ("", "empty text"),
        ("nan", "received 'nan'"),
        ("<b>", "received '<b>'"),
        ("1 1 1 1 1", "fits into 4 pixels"),
    ],
)
def test_a_kernel_that_does_not_parse_is_kept_and_explained(typed, says):
    stepper = widgets.convolution_stepper(np.ones((3, 4)), [[1, 2], [3, 4]])
    stepper.set(kernel=typed)
    assert says in stepper.message
    assert stepper.controls["kernel"].value == typed
    assert stepper.result.output.shape == (2, 3)  # the last that worked
    assert 'role="alert"' in stepper.status.value
    assert "<b>" not in stepper.status.value
    stepper.controls["next"].click()
    assert says in stepper.message and stepper.controls["kernel"].value == typed
    stepper.set(kernel="1/4, −0.5\n1 2")
    assert stepper.message == "" == stepper.status.value
    assert stepper.result.step == 2 and stepper.result.output[0, 0] == 2.75
    stepper.close()


def test_settings_that_do_not_fit_show_the_error_of_sizes():
    from cnnkit import sizes

    stepper = widgets.convolution_stepper(np.ones((5, 5)), np.ones((3, 3)))
    stepper.set(dilation=3)
    with pytest.raises(ValueError) as error:
        sizes.output_size(5, 3, dilation=3)
    assert stepper.message == str(error.value)
    stepper.set(padding=1)
    assert stepper.message == "" and stepper.result.output.shape == (1, 1)
    stepper.close()


def test_an_unforeseen_error_is_shown_and_the_state_kept(monkeypatch):
    stepper = widgets.convolution_stepper(np.ones((5, 5)), np.ones((3, 3)))
    stepper.set(step=2)
    monkeypatch.setattr(widgets.convolution, "_step_svg", lambda *_: 1 / 0)
    stepper.controls["next"].click()
    assert stepper.message == "ZeroDivisionError: division by zero"
    assert stepper.result.step == 2
    monkeypatch.undo()
    stepper.controls["next"].click()
    assert stepper.message == "" and stepper.result.step == 4
    stepper.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ([1, 2], [[1]]),
        ([[1, 2], [3]], [[1]]),
        ([[None, 2]], [[1]]),
        ([[1, 2]], [[1], [2]]),
        ([[1, 2]], [[1]], 0),
        ([[1, 2]], [[1]], 1, -1),
        ([[1, 2]], [[1]], 1, "full"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments):
    before = open_models()
    with pytest.raises(ValueError, match=r"expected|inhomogeneous"):
        widgets.convolution_stepper(*arguments)
    assert open_models() == before


# --- sizes ------------------------------------------------------------------------


def brute_force(n, kernel, stride, padding, dilation):
    """Number of placements and unread pixels, by trying every one."""
    places, read = 0, set()
    start = -padding
    while start + (kernel - 1) * dilation < n + padding:
        places += 1
        read |= {start + tap * dilation for tap in range(kernel)}
        start += stride
    return places, [pixel for pixel in range(n) if pixel not in read]


def test_size_explorer_follows_its_sliders():
    explorer = widgets.size_explorer()
    rng = np.random.default_rng(2)
    for _ in range(12):
        values = {
            "n": int(rng.integers(1, 13)),
            "kernel": int(rng.integers(1, 6)),
            "stride": int(rng.integers(1, 5)),
            "padding": int(rng.integers(0, 4)),
            "dilation": int(rng.integers(1, 4)),
        }
        explorer.set(**values)
        result = explorer.result
        assert explorer.message == ""
        assert (result.size, result.unread) == brute_force(**values)
        if result.size:
            assert result.formula.endswith(f"= {result.size}")
    explorer.close()


def test_size_explorer_quotes_keras():
    import keras

    explorer = widgets.size_explorer(9)
    for kernel, stride, dilation in [(3, 1, 1), (3, 2, 1), (4, 3, 1), (3, 1, 2)]:
        explorer.set(kernel=kernel, stride=stride, dilation=dilation)
        for padding in ("valid", "same"):
            layer = keras.layers.Conv1D(
                1, kernel, strides=stride, padding=padding, dilation_rate=dilation
            )
            shape = layer.compute_output_shape((None, 9, 1))
            assert getattr(explorer.result, padding) == shape[1]
            assert f'padding="{padding}" gives <b>{shape[1]}</b>' in (
                explorer.picture.value
            )
    explorer.set(n=3, kernel=5, stride=1, dilation=1)
    assert explorer.result.size == 0 and explorer.result.unread == [0, 1, 2]
    assert explorer.result.valid is None and explorer.result.same == 3
    explorer.set(stride=2, dilation=2)
    assert explorer.result.valid is explorer.result.same is None
    with pytest.raises(ValueError):
        keras.layers.Conv1D(1, 3, strides=2, dilation_rate=2)
    explorer.close()


# --- smoothing --------------------------------------------------------------------


def test_smoothing_follows_time_and_weights():
    rng = np.random.default_rng(3)
    readings, weights = rng.normal(size=40), np.arange(7, 0, -1) / 28
    explorer = widgets.smoothing_explorer(readings, weights)
    assert explorer.result.t == 6
    explorer.set(t=20)
    by_hand = sum(readings[20 - lag] * weights[lag] for lag in range(7))
    assert explorer.result.value == pytest.approx(by_hand)
    spread = signal.lfilter(weights, [1], readings)[6:]
    np.testing.assert_allclose(explorer.result.smoothed[6:], spread)
    assert np.isnan(explorer.result.smoothed[:6]).all()
    # what the variance of white noise becomes
    long = widgets.smoothing_explorer(rng.normal(size=200_000)[:20_000], weights)
    measured = np.nanvar(long.result.smoothed)
    assert measured == pytest.approx(explorer.result.gain, rel=0.1)
    explorer.set(**{"w0": 3.0, "w−1": -1.0})
    assert explorer.result.weights[:3].tolist() == [3.0, -1.0, 5 / 28]
    assert explorer.result.gain == pytest.approx(10 + sum((weights[2:]) ** 2))
    explorer.close()


def test_normalise_divides_by_the_sum_or_says_why_not():
    explorer = widgets.smoothing_explorer(np.arange(10), [7, 6, 5, 4, 3, 2, 1])
    explorer.widget  # noqa: B018
    assert explorer.result.value == sum(k * (k + 1) for k in range(7))
    explorer.controls["normalise"].click()
    np.testing.assert_allclose(explorer.result.weights, np.arange(7, 0, -1) / 28)
    explorer.set(**{f"w−{lag}": 0.0 for lag in range(1, 7)}, w0=0.0)
    explorer.controls["normalise"].click()
    assert "a sum other than 0" in explorer.message
    assert (explorer.result.weights == 0).all()
    explorer.set(w0=2.0)
    assert explorer.message == ""
    explorer.close()


@pytest.mark.parametrize("weights", [[], [1, 2, 3, 4], [[1]]])
def test_smoothing_refuses_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match="expected readings"):
        widgets.smoothing_explorer([1, 2, 3], weights)


# --- receptive field --------------------------------------------------------------


def pooled_mask(layer, row, column):
    """Two layers on 8x8: a 3x3 window, then 2x2 pooling of it; -1 where read."""
    mask = np.zeros((8, 8))
    size, jump = {"conv": (3, 1), "pool": (4, 2)}[layer]
    mask[row * jump : row * jump + size, column * jump : column * jump + size] = -1
    return mask


def make_receptive_field():
    layers = {"conv": (6, 6), "pool": (3, 3)}
    return widgets.receptive_field_explorer(np.ones((8, 8, 1)), layers, pooled_mask)


def test_receptive_field_shows_the_chosen_unit():
    explorer = make_receptive_field()
    assert explorer.result.size == (3, 3)
    explorer.set(row=5, column=0)
    assert explorer.result.box == (5, 0, 7, 2)
    explorer.set(layer="pool")  # its map has 3 rows only
    assert explorer.controls["row"].max == 2 == explorer.controls["row"].value
    assert explorer.result.box == (4, 0, 7, 3)
    np.testing.assert_array_equal(explorer.result.mask, -pooled_mask("pool", 2, 0))
    assert "reads 4×4 pixels: rows 4 to 7, columns 0 to 3" in explorer.picture.value
    explorer.set(layer="conv")
    assert explorer.result.box == (2, 0, 4, 2)
    explorer.set(row=5)
    assert explorer.result.box == (5, 0, 7, 2)
    explorer.close()


def test_a_unit_that_reads_nothing_and_a_mask_of_another_shape():
    image, layers = np.ones((4, 4)), {"conv": (2, 2)}
    explorer = widgets.receptive_field_explorer(
        image, layers, lambda *_: np.zeros((4, 4))
    )
    assert explorer.result.size == (0, 0) and "reads no pixel" in explorer.result.text
    with pytest.raises(ValueError, match=r"image's shape \(4, 4\); received \(3, 3\)"):
        widgets.receptive_field_explorer(image, layers, lambda *_: np.zeros((3, 3)))
    with pytest.raises(ValueError, match="at least one layer"):
        widgets.receptive_field_explorer(image, {}, lambda *_: image)


# --- drawing ----------------------------------------------------------------------

EXAMPLES = np.random.default_rng(4).integers(0, 256, (3, 8, 6, 1), dtype=np.uint8)


def predict(image):
    """Which half is brighter, with the image and its columns' means as layers."""
    assert image.dtype == np.float32 and 0 <= image.min() <= image.max() <= 1
    halves = np.array([image[:4].sum(), image[4:].sum()]) + 1e-6
    layers = [("image", image[..., None] - 0.5), ("columns", image.mean(0))]
    return halves / halves.sum(), layers


def make_drawing(predict=predict):
    return widgets.draw_digit(predict, EXAMPLES, ["top", "bottom"], (8, 6))


def test_drawing_reaches_the_network():
    explorer = make_drawing()
    np.testing.assert_allclose(explorer.result.image, EXAMPLES[0, ..., 0] / 255)
    image = np.zeros((8, 6), np.uint8)
    image[5, 2] = 255
    # what the browser sends while the pointer moves
    explorer.set(pixels=image.tobytes().hex())
    assert explorer.result.best == "bottom"
    assert ">1.000</td>" in explorer.picture.value
    np.testing.assert_array_equal(np.argwhere(explorer.result.image), [[5, 2]])
    explorer.close()


def test_drawing_buttons():
    explorer = make_drawing()
    explorer.set(example=2)
    image = EXAMPLES[2, ..., 0] / 255
    np.testing.assert_allclose(explorer.result.image, image, atol=1e-6)
    for name, moved in {
        "up": np.vstack([image[1:], np.zeros((1, 6))]),
        "down": np.vstack([np.zeros((1, 6)), image[:-1]]),
        "left": np.hstack([image[:, 1:], np.zeros((8, 1))]),
        "right": np.hstack([np.zeros((8, 1)), image[:, :-1]]),
    }.items():
        explorer.controls["load"].click()
        explorer.controls[name].click()
        np.testing.assert_allclose(explorer.result.image, moved, atol=1e-6)
    explorer.controls["load"].click()
    for _ in range(24):
        explorer.controls["turn"].click()
    assert explorer.message == "" and explorer.result.image.shape == (8, 6)
    explorer.controls["clear"].click()
    assert not explorer.result.image.any()
    explorer.close()


def test_one_turn_is_counter_clockwise():
    image = np.zeros((1, 28, 28))
    image[0, 14, 14:] = 1  # from the middle to the right
    explorer = widgets.draw_digit(lambda x: ([1.0], []), image, ["any"])
    explorer.widget  # noqa: B018
    explorer.controls["turn"].click()
    rows, columns = np.nonzero(explorer.result.image > 0.3)
    slope = np.polyfit(columns, rows, 1)[0]
    assert np.degrees(np.arctan(-slope)) == pytest.approx(15, abs=2)
    explorer.close()


def test_an_error_of_the_network_keeps_the_drawing():
    def fragile(image):
        if image[0, 0] == 1:
            raise RuntimeError("no weights")
        return predict(image)

    explorer = make_drawing(fragile)
    text = "ff" + "00" * 47
    explorer.set(pixels=text)
    assert explorer.message == "RuntimeError: no weights"
    assert explorer.controls["pixels"].value == text
    explorer.controls["right"].click()
    assert explorer.message == "" and explorer.result.image[0, 1] == 1
    explorer.set(pixels="00")
    assert "expected 48 pixels" in explorer.message
    explorer.close()


def test_drawing_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"expected examples of shape \(n, 28, 28\)"):
        widgets.draw_digit(predict, EXAMPLES, ["top", "bottom"])
    with pytest.raises(ValueError, match="expected 3 probabilities"):
        widgets.draw_digit(predict, EXAMPLES, ["a", "b", "c"], (8, 6))


# --- pooling ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_keras_calls_shown_compute_the_pooling_shown(size, stride, padding):
    import keras

    image = np.random.default_rng(2).integers(-9, 9, (7, 5))
    result = widgets.pooling_stepper(image, size, stride, padding).result
    pools = [eval(call, {"keras": keras}) for call in result.keras_calls]
    x = image[None, :, :, None].astype("float32")
    for name, pool, of in (("max", *pools[:1], x), ("average", *pools[1:], x)):
        expected = np.asarray(pool(of))[0, :, :, 0]
        np.testing.assert_allclose(result.outputs[name], expected, rtol=1e-6)
    squares = np.asarray(pools[1](x**2))[0, :, :, 0]
    np.testing.assert_allclose(result.outputs["L2"], np.sqrt(squares), rtol=1e-6)


def test_pooling_steps_from_window_to_window():
    image = np.arange(1, 50).reshape(7, 7)
    stepper = widgets.pooling_stepper(image, padding="same")
    stepper.widget  # noqa: B018
    seen = []
    for _ in range(17):
        seen.append((stepper.result.position, stepper.result.window.tolist()))
        stepper.controls["next"].click()
    assert [place for place, _ in seen] == [*np.ndindex(4, 4), (0, 0)]
    assert seen[0][1] == [1, 2, 8, 9]
    assert seen[3][1] == [7, 14] and seen[12][1] == [43, 44] and seen[15][1] == [49]
    stepper.set(step=16, padding="valid")  # only nine windows are left
    assert stepper.controls["step"].max == 9 and stepper.result.step == 9
    assert stepper.result.text == "window 33, 34, 40, 41: max 41, average 37, L2 37.17"
    stepper.set(step=1)
    stepper.controls["previous"].click()
    assert stepper.result.position == (2, 2)
    stepper.close()


@pytest.mark.parametrize(
    "arguments",
    [([1, 2],), ([["a", "b"]],), ([[1, 2]], 3), ([[1]], 1, 0), ([[1]], 1, 1, "full")],
)
def test_pooling_refuses_what_makes_no_sense(arguments):
    before = open_models()
    with pytest.raises(ValueError, match="expected"):
        widgets.pooling_stepper(*arguments)
    assert open_models() == before


# --- all --------------------------------------------------------------------------

EXPLORERS = {
    "convolution": lambda: widgets.convolution_stepper(
        np.arange(49).reshape(7, 7), np.ones((3, 3))
    ),
    "letters": lambda: widgets.convolution_stepper(LETTERS, [["w", "x"], ["y", "z"]]),
    "long sum": lambda: widgets.convolution_stepper(
        np.linspace(-0.1, 0.1, 169).reshape(13, 13), np.full((7, 7), -1 / 49)
    ),
    "size": widgets.size_explorer,
    "pooling": lambda: widgets.pooling_stepper(np.arange(49).reshape(7, 7)),
    "smoothing": lambda: widgets.smoothing_explorer(np.arange(30) % 7, np.ones(7) / 7),
    "receptive field": make_receptive_field,
    "drawing": make_drawing,
}
every = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS.keys())


@every
def test_under_test_one_still_and_no_widget(make, monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    before = open_models()
    assert make().show() is None
    assert open_models() == before
    ((figure, alt),) = stills
    assert hasattr(figure, "savefig")
    assert 20 <= len(alt) <= 400 and alt == alt.strip() and alt.endswith(".")
    make().show()
    assert stills[1][1] == alt


@every
def test_without_test_one_live_widget_with_labels(make, monkeypatch, shown):
    monkeypatch.delenv("CNNKIT_TEST", raising=False)
    explorer = make()
    assert explorer.show() is None
    assert shown == [explorer.widget]
    for name, control in explorer.controls.items():
        label = getattr(control, "description", "") or getattr(control, "tooltip", "")
        assert label, name
    explorer.close()


@every
def test_closing_leaves_no_model_behind(make):
    before = open_models()
    explorer = make()
    explorer.widget  # noqa: B018
    assert open_models() > before
    explorer.close()
    assert open_models() == before


def test_import_loads_no_keras():
    code = "import sys, cnnkit.widgets; print({'keras', 'tensorflow'} & {*sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ
    )
    assert (result.stdout, result.stderr) == ("set()\n", "")


def test_a_redraw_is_quick():
    for name, control, values in (
        ("convolution", "step", range(4, 9)),
        ("size", "n", range(4, 9)),
        ("pooling", "step", range(4, 9)),
        ("smoothing", "t", range(9, 14)),
        ("receptive field", "row", range(5)),
        ("drawing", "pixels", [f"{k:02x}" * 48 for k in range(5)]),
    ):
        explorer = EXPLORERS[name]()
        explorer.widget  # noqa: B018
        taken = redraw.plain_figures(explorer.set, [{control: v} for v in values])
        assert explorer.message == "" and taken < redraw.PLAIN, name
        explorer.close()
