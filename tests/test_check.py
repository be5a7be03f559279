"""Checks are checked: right passes, wrong fails where and why it should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnnkit  # noqa: F401  (quiet TensorFlow start)
from cnnkit import check
from cnnkit.questions import MISCONCEPTIONS, QUESTIONS

MARK = re.compile(r"≈-?[0-9][0-9.,]*(e[+-]?[0-9]+)?")  # as notebook tests hide it


# ---- approx


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.857142, 3, "≈0.857"),
        (0.8, 3, "≈0.800"),
        (-0.8571, 2, "≈-0.86"),
        (0.99999, 3, "≈1.00"),
        (12.345, 3, "≈12.3"),
        (123456.7, 3, "≈123457"),
        (1.2e-7, 3, "≈1.20e-07"),
        (-4.56e12, 2, "≈-4.6e+12"),
        (0.0, 3, "≈0"),
        (-0.0, 3, "≈0"),
        (61706, 3, "≈61706"),
        (-3, 3, "≈-3"),
        (np.float32(0.25), 3, "≈0.250"),
        (np.int64(7), 3, "≈7"),
        (np.array(0.5), 1, "≈0.5"),
        ([0.5, 2], 2, "[≈0.50, ≈2.0]"),
        (np.array([[1, 2], [3, 4]]), 3, "[[≈1, ≈2], [≈3, ≈4]]"),
        ([], 3, "[]"),
    ],
)
def test_approx(value, digits, text):
    assert check.approx(value, digits) == text


@given(
    st.floats(min_value=-1e300, max_value=1e300),
    st.integers(min_value=1, max_value=12),
)
def test_approx_is_hidden_whole_and_near(value, digits):
    text = check.approx(value, digits)
    assert MARK.fullmatch(text)
    assert float(text[1:]) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))


@pytest.mark.parametrize(
    "bad", [np.nan, np.inf, [1.0, -np.inf], "3", None, 1j, True, [True]]
)
def test_approx_refuses(bad):
    with pytest.raises(ValueError, match=r"expected x: .*; received "):
        check.approx(bad)


# ---- compare


def message(mine, theirs, **how):
    with pytest.raises(AssertionError) as caught:
        check.compare(mine, theirs, **how)
    return str(caught.value)


def test_compare_prints_the_same_line_on_every_machine(capsys):
    check.compare(np.arange(6).reshape(2, 3), np.arange(6.0).reshape(2, 3))
    check.compare(3, 3)
    check.compare(True, np.True_)
    check.compare([0.5], [0.5])  # not whole: equality to the bit is luck
    check.compare([[1.0, np.inf]], [[1.0 + 2e-7, np.inf]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "identical: shape (2, 3)",
        "identical: shape ()",
        "identical: shape ()",
        "equal: shape (1,), largest difference ≈0",
        "equal: shape (1, 2), largest difference ≈2.0e-07",
    ]


def test_compare_takes_tensors(capsys):
    import keras

    values = np.array([[0.25, 0.5]], "float32")
    check.compare(values, keras.ops.convert_to_tensor(values))
    check.compare(keras.Variable(values), values.tolist())
    check.compare(keras.ops.cast(values, "bfloat16"), values)
    assert capsys.readouterr().out.count("equal: shape (1, 2)") == 3


def test_compare_tolerances_are_those_of_numpy():
    check.compare([100.0009], [100.0])
    check.compare([1e-7], [0.0])
    check.compare([1.1], [1.0], rtol=0.1)
    for mine, theirs in [([100.002], [100.0]), ([2e-6], [0.0]), ([1.0], [1.1])]:
        message(mine, theirs)


def test_compare_is_exact_for_integers():
    message(1_000_001, 1_000_000)
    message(np.uint8([0, 1]), np.int64([0, 257]))
    message(2**60 + 1, 2**60)


def test_compare_says_where_and_what():
    theirs = np.arange(6.0).reshape(2, 3)
    mine = theirs.copy()
    mine[0, 2], mine[1, 1] = 2.5, 7
    assert message(mine, theirs) == (
        "values differ in 2 of 6 places, first at [0, 2]\n"
        "  mine    ≈2.500000\n"
        "  theirs  2\n"
        "  largest difference 3 at [1, 1]"
    )
    assert message(3, 4) == "values differ\n  mine    3\n  theirs  4"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [([1.0, np.nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, np.nan]), ([np.nan],) * 2],
)
def test_nan_agrees_with_nothing(mine, theirs):
    assert "holds NaN" in message(mine, theirs)


def test_infinity_agrees_with_itself_only():
    check.compare([np.inf, 1.0], [np.inf, 1.0])
    message([np.inf, 1.0], [-np.inf, 1.0])
    message([np.inf, 1.0], [1.0, 1.0])


@pytest.mark.parametrize(
    "bad", [[], np.zeros((0, 3)), "text", None, [[1], [2, 3]], [object()]]
)
def test_compare_refuses_what_holds_no_numbers(bad):
    with pytest.raises(ValueError, match=r"expected (mine|theirs).*; received "):
        check.compare(bad, bad)


def test_compare_never_broadcasts():
    assert message([1.0], 1.0).startswith("shapes differ\n  mine    (1,)")
    message(np.ones((3, 3)), np.ones((3, 1)))


KERNEL = np.array([[1.0, 2, 4], [3, 7, 5], [6, 0, 9]])
FILTERS = np.random.default_rng(0).normal(size=(3, 3, 2, 4))
IMAGES = np.random.default_rng(1).normal(size=(2, 5, 6, 3))


@pytest.mark.parametrize(
    ("mine", "theirs", "hint"),
    [
        (KERNEL[::-1, ::-1], KERNEL, "rotated by 180"),
        (FILTERS[::-1, ::-1], FILTERS, "rotated by 180"),
        (IMAGES[:, ::-1, ::-1], IMAGES, "rotated by 180"),
        (KERNEL[::-1], KERNEL, "upside down"),
        (KERNEL[:, ::-1], KERNEL, "left to right"),
        (KERNEL.T, KERNEL, "transposed"),
        (np.swapaxes(FILTERS, 0, 1), FILTERS, "transposed"),
        (IMAGES[..., ::-1], IMAGES, "channels in reverse"),
        ([1, 2, 3], [3, 2, 1], "reverse order"),
        (-KERNEL, KERNEL, "opposite sign"),
        (KERNEL + 0.5, KERNEL, "plus ≈0.50000 everywhere"),
        (IMAGES + np.arange(3), IMAGES, "constant differs in each channel"),
        (KERNEL / 9, KERNEL, "times ≈0.11111:"),
        (IMAGES[0], IMAGES[:1], "axes of length 1"),
        (KERNEL[None, ..., None], KERNEL, "axes of length 1"),
        (np.moveaxis(IMAGES, -1, 1), IMAGES, "channels first or last"),
        (np.moveaxis(IMAGES[0], -1, 0), IMAGES[0], "order of the axes"),
        (np.pad(KERNEL, 1), KERNEL, "mine is padded"),
        (KERNEL, np.pad(KERNEL, 2), "theirs is padded"),
        (IMAGES[:, 1:-1, 1:-1], IMAGES, "theirs is padded"),
    ],
)
def test_compare_recognises_usual_mistakes(mine, theirs, hint):
    assert "\n  hint: " in message(mine, theirs)
    assert hint in message(mine, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (KERNEL + np.eye(3), KERNEL),
        (IMAGES[:, 2:], IMAGES),
        ([1.0, 2.0, np.inf], [1.0, 2.0, 3.0]),
        ([2, 2, 2], [1, 1, 1]),  # offset or factor: no telling
        ([1j, 2], [1, 2j]),
        (np.zeros(3), np.array([1.0, 2, 3])),
    ],
)
def test_compare_does_not_guess(mine, theirs):
    assert "hint" not in message(mine, theirs)


# ---- predict

EVERY_WRONG = [
    (name, wrong, mistake)
    for name, question in QUESTIONS.items()
    for wrong, mistake in question.wrong
]


@pytest.fixture(autouse=True)
def no_guesses():
    check.guesses.clear()
    yield
    check.guesses.clear()


def scipy_kernel_on_bright_pixel():
    from scipy.signal import correlate2d

    pixel = np.zeros((5, 5), int)
    pixel[2, 2] = 1
    return correlate2d(pixel, np.arange(1, 10).reshape(3, 3), mode="same")[1:4, 1:4]


def keras_conv(shape, filters, kernel, **how):
    """(output shape, parameters) of a real layer; padding "explicit" as an int."""
    import keras

    model = keras.Sequential([keras.Input(shape)])
    if isinstance(how.get("padding"), int):
        model.add(keras.layers.ZeroPadding2D(how.pop("padding")))
    model.add(keras.layers.Conv2D(filters, kernel, **how))
    return model.output_shape[1:], model.count_params()


def keras_lenet():
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, name="conv1"),
            layers.AveragePooling2D(2, name="pool1"),
            layers.Conv2D(16, 5, name="conv2"),
            layers.AveragePooling2D(2),
            layers.Flatten(name="flat"),
            layers.Dense(120, name="dense1"),
            layers.Dense(84, name="dense2"),
            layers.Dense(10, name="dense3"),
        ]
    )


def lenet(layer):
    return keras_lenet().get_layer(layer)


def seen(layers, n=64):
    """Pixels per side that change the middle unit: perturb each, by brute force."""
    from scipy.signal import convolve

    def forward(x):
        for kernel, stride in layers:
            x = convolve(x, np.ones(kernel), mode="valid")[::stride]
        return x[len(x) // 2]

    return sum(forward(np.eye(n)[i]) != 0 for i in range(n))


def multiplications(image, kernel):
    """Counted by values that record being multiplied."""
    from scipy.signal import correlate2d

    one = correlate2d(np.ones(image), np.ones(kernel), mode="valid")
    return int(one.sum())


def flips():
    import keras
    from scipy.signal import convolve2d

    image = np.random.default_rng(0).normal(size=(6, 6)).astype("float32")
    kernel = np.random.default_rng(1).normal(size=(3, 3)).astype("float32")
    theirs = keras.ops.conv(
        image[None, :, :, None], kernel[:, :, None, None], data_format="channels_last"
    )
    return np.allclose(
        np.asarray(theirs)[0, :, :, 0], convolve2d(image, kernel, mode="valid"), 1e-4
    )


def cross_matters():
    from scipy.signal import convolve2d, correlate2d

    image = np.random.default_rng(0).normal(size=(6, 6))
    cross = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    return not np.allclose(convolve2d(image, cross), correlate2d(image, cross))


def same_zeros():
    """Which pixels the first and last window of a real layer read."""
    import keras

    reads = []
    for tap in range(3):
        kernel = np.zeros((3, 1, 1), "float32")
        kernel[tap] = 1
        ramp = np.arange(1, 33, dtype="float32")[None, :, None]
        out = keras.ops.conv(
            ramp, kernel, strides=2, padding="same", data_format="channels_last"
        )
        reads.append(np.asarray(out)[0, [0, -1], 0])
    return tuple(int(n) for n in (np.array(reads) == 0).sum(axis=0))


def unpadded_layers():
    layers, shape = 0, (32, 32, 1)
    while True:
        try:
            shape, _ = keras_conv(shape, 1, 5)
        except ValueError:
            return layers
        layers += 1


def keras_blocks(side, kernel):
    """Blocks of convolution and pooling that Keras builds before it refuses."""
    import keras

    blocks, shape = 0, (None, side, side, 1)
    try:
        while True:
            shape = keras.layers.Conv2D(1, kernel).compute_output_shape(shape)
            shape = keras.layers.MaxPooling2D(2).compute_output_shape(shape)
            assert shape[1] >= 1
            blocks += 1
    except (ValueError, AssertionError):
        return blocks


def keras_pool_stride():
    import keras

    sides = {
        s: keras.layers.MaxPooling2D(2, s).compute_output_shape((1, 28, 28, 6))[1]
        for s in (1, 2, 3)
    }
    return next(s for s, side in sides.items() if side == 14)


def measured_variance():
    noise = np.random.default_rng(0).normal(size=(7, 400_000))
    return float(noise.mean(axis=0).var())


def counted_windows(readings, weights):
    from scipy.signal import correlate

    return len(correlate(np.ones(readings), np.ones(weights), mode="valid"))


def seventh_sum():
    from scipy.signal import lfilter

    readings = np.eye(10)[3]
    return lfilter([7, 6, 5, 4, 3, 2, 1], [1], readings)[7]


def toy(what):
    from scipy.signal import correlate2d

    image, kernel = np.arange(1, 13).reshape(3, 4), np.array([[1, 2], [3, 4]])
    out = correlate2d(image, kernel, mode="valid")
    return out.shape if what == "shape" else out[0, 0]


def signal_at_1_1():
    from scipy.signal import convolve2d

    return convolve2d([[1, 2], [3, 4]], [[0, 1], [2, 3]])[1, 1]


def full_length():
    from scipy.signal import fftconvolve

    return len(fftconvolve([1, 2, 3], [0, 1, 0.5]))


def parameters_of(channels, filters, kernel, groups=1, bias=True, side=12):
    shape = (side, side, channels)
    return keras_conv(shape, filters, kernel, groups=groups, use_bias=bias)[1]


def reach(dilation):
    import keras

    layer = keras.layers.Conv2D(1, 3, dilation_rate=dilation)
    sides = [layer.compute_output_shape((1, n, n, 1))[1] for n in (20,)]
    return 20 - sides[0] + 1


def flatten_in_keras():
    import keras

    maps = np.array([[[3, 0], [3, 1]], [[-1, 1], [0, 3]]], "float32")
    return np.asarray(keras.layers.Flatten()(maps.transpose(1, 2, 0)[None]))[0]


def votes():
    import keras

    layer = keras.layers.Dense(2, use_bias=False)
    layer.build((None, 12))
    return layer.count_params()


def largest_part():
    model = keras_lenet()
    dense = sum(model.get_layer(f"dense{i}").count_params() for i in (1, 2, 3))
    return "dense" if dense > model.count_params() / 2 else "convolutions"


POOL_EXAMPLE = [[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]]


def keras_pool(image, kind="Max", size=2, stride=2, padding="valid"):
    import keras

    layer = getattr(keras.layers, f"{kind}Pooling2D")(size, stride, padding)
    image = np.array(image, "float32")[None, :, :, None]
    return np.asarray(layer(image))[0, :, :, 0]


def keras_pool_channels():
    import keras

    return keras.layers.MaxPooling2D(2).compute_output_shape((1, 14, 14, 16))[-1]


def keras_pool_parameters():
    import keras

    return keras.Sequential(
        [keras.Input((8, 8, 64)), keras.layers.MaxPooling2D(2)]
    ).count_params()


def partial_windows():
    """Windows that hold fewer than four pixels, by their mean of a constant sum."""
    sums = keras_pool(np.ones((8, 8)), "Average") * 4
    image = np.pad(np.ones((7, 7)), ((0, 1), (0, 1)))
    return int((keras_pool(image, "Average") * 4 < sums).sum())


def pooling_notices():
    maps = np.zeros((2, 4, 4))
    maps[0, 1, 1] = maps[1, 2, 2] = 1
    return not np.array_equal(*map(keras_pool, maps))


def keras_global():
    import keras

    layer = keras.layers.GlobalAveragePooling2D()
    return layer.compute_output_shape((1, 7, 7, 64))[-1]


def dense_units():
    """Tried one after the other, until Keras counts ten million weights."""
    import keras

    for units in (100, 1_000, 10_000):
        layer = keras.layers.Dense(units, use_bias=False)
        layer.build((None, 100 * 100))
        if layer.count_params() == 10_000_000:
            return units
    return None


def pixels_of_unit(side, kernel, row, column):
    """Pixels, counted from 1, whose gradient at one unit of Keras is not zero."""
    image = np.arange(1, side**2 + 1).reshape(side, side)
    read = [
        keras_correlate(np.where(image == n, 1.0, 0.0), np.ones((kernel, kernel)))
        for n in image.ravel()
    ]
    return tuple(
        int(n)
        for n, out in zip(image.ravel(), read, strict=True)
        if out[row - 1, column - 1]
    )


def keras_correlate(image, kernel):
    import keras

    image, kernel = (np.asarray(a, "float32") for a in (image, kernel))
    out = keras.ops.conv(
        image[None, :, :, None], kernel[:, :, None, None], data_format="channels_last"
    )
    return np.asarray(out)[0, :, :, 0]


def matrix_entries():
    """Columns of the matrix: what each single bright pixel becomes."""
    pixels = np.eye(12).reshape(12, 3, 4)
    matrix = np.array([keras_correlate(p, [[1, 2], [3, 4]]).ravel() for p in pixels])
    return np.count_nonzero(matrix), len(np.unique(matrix[matrix != 0]))


def map_moves():
    image = np.zeros((5, 9))
    image[1:3, 1:4] = [[1, 2, 3], [4, 5, 6]]
    kernel = [[1, 2], [3, 4]]
    here = keras_correlate(image, kernel)
    there = keras_correlate(np.roll(image, 2, axis=1), kernel)
    moved = np.array_equal(there[:, 2:], here[:, :-2])
    return "move" if moved and not np.array_equal(here, there) else "stay"


def one_by_one(image, kernel):
    import keras

    image, kernel = np.array(image, "float32"), np.array(kernel, "float32")
    layer = keras.layers.Conv2D(kernel.shape[1], 1, use_bias=False)
    layer.build((None, *image.shape))
    layer.set_weights([kernel[None, None]])
    return np.asarray(layer(image[None]))[0]


def maps_left():
    import keras

    kinds = keras.layers.MaxPooling2D(2), keras.layers.Conv2D(64, 1)
    return [kind.compute_output_shape((1, 256, 256, 512))[-1] for kind in kinds]


def same_pads_of_one():
    """Zeros at the left of what a 1x1 layer with padding "same" reads: none."""
    shape = keras_conv((5, 5, 1), 1, 1, padding="valid")[0]
    return (5 - shape[0]) // 2


def printed_line():
    import ast

    line = "model.add(Conv2D(512, (3, 3), padding='same', activation='relu', "
    line += "input_shape=(256, 256, 3))"
    for ending, verdict in (("", "nothing"), (")", "parenthesis")):
        try:
            ast.parse(line + ending)
        except SyntaxError:
            continue
        return verdict
    return "shape"


def slope_of_loss():
    """Centred difference of a loss with gradient (3, 4), along a line."""
    along = np.array([1.2, 1.6])
    along = along / np.sqrt((along**2).sum())

    def loss(t):
        w = np.array([1.0, 1.0]) + t * along
        return 1.5 * w[0] ** 2 + 2 * w[1] ** 2

    return round((loss(1e-5) - loss(-1e-5)) / 2e-5, 6)


def keras_hinge():
    """One wrong class comes within the margin, so Keras's largest one is the sum."""
    import keras

    loss = keras.losses.CategoricalHinge()
    return float(loss(np.eye(3)[:1], np.array([[2.0, 3.5, -1]])))


def keras_softmax_loss():
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return float(loss(np.array([0]), np.array([[2.0, 3.5, -1]])))


def keras_kernel_gradient():
    import keras

    image = np.arange(1, 10, dtype="float32").reshape(1, 3, 3, 1)
    upstream = np.array([[1, 2], [0, -1]], "float32")[None, :, :, None]

    def loss(kernel):
        out = keras.ops.conv(image, kernel, data_format="channels_last")
        return keras.ops.sum(out * upstream)

    found = check.gradient(loss, np.ones((2, 2, 1, 1), "float32"))
    return found[..., 0, 0]


def keras_pool_gradient():
    import keras

    window = np.array([[1, 5], [3, 2]], "float32")[None, :, :, None]

    def loss(x):
        pooled = keras.ops.max_pool(x, 2, 2, data_format="channels_last")
        return 7 * keras.ops.sum(pooled)

    return check.gradient(loss, window)[0, ..., 0]


def counted_evaluations():
    """SciPy's forward differences of one and of two weights, with a loss that counts.

    Each further weight costs as much as the second.
    """
    from scipy.optimize import approx_fprime

    def count(weights):
        calls = []
        approx_fprime(np.zeros(weights), lambda w: calls.append(1) or 0.0)
        return len(calls)

    return count(1) + (61706 - 1) * (count(2) - count(1))


def chained(stages):
    """Change of the end for a unit of the beginning."""
    ends = []
    for x in (0.0, 1.0):
        for stage in stages:
            x = stage(x)
        ends.append(x)
    return ends[1] - ends[0]


def side_of_both():
    """Extent of what a bright pixel becomes in two linear layers of Keras."""
    pixel = np.zeros((11, 11))
    pixel[5, 5] = 1
    for _ in range(2):
        pixel = keras_correlate(np.pad(pixel, 1), np.ones((3, 3)))
    return int(np.any(pixel != 0, axis=0).sum())


def keras_activation(name, x):
    import keras

    return float(getattr(keras.activations, name)(keras.ops.convert_to_tensor(x)))


def keras_slope(f, x):
    """By automatic differentiation; f by its name in Keras, or a function."""
    import keras

    f = getattr(keras.activations, f) if isinstance(f, str) else f
    return float(check.gradient(f, np.array(x, "float32")))


def ten_sigmoids(x):
    """Each centred again, so that its slope is the largest."""
    import keras

    for _ in range(10):
        x = keras.ops.sigmoid(x) - 0.5
    return x


def gelu_tanh(x):
    import keras

    return keras.activations.gelu(x, approximate=True)


def step_of_a_dead_unit():
    """How far Keras moves the bias."""
    import keras

    unit = keras.layers.Dense(1, "relu", kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), unit])
    unit.bias.assign([-10.0])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(np.array([[1.0], [2.0], [3.0]]), np.ones((3, 1)))
    return abs(float(np.asarray(unit.bias)[0]) + 10)


def he_deviation():
    import keras

    weights = keras.initializers.HeNormal(seed=0)((3, 3, 64, 3000))
    return float(np.std(np.asarray(weights)))


def uniform_gain():
    rng = np.random.default_rng(0)
    weights = rng.uniform(-1 / 25, 1 / 25, (400_000, 25))
    return float(np.mean(weights.sum(axis=1) ** 2))  # inputs of one


def keras_batch_norm(bias=0):
    import keras

    layer = keras.layers.BatchNormalization(
        beta_initializer=keras.initializers.Constant(-1),
        gamma_initializer=keras.initializers.Constant(2),
    )
    x = np.array([[1.0], [2.0], [3.0], [4.0]], "float32") + bias
    return np.asarray(layer(x, training=True))[:, 0]


def numbers_of_means():
    x = np.zeros((8, 10, 10, 16))
    axes = (0, 1, 2), (1, 2, 3), (1, 2)
    return tuple(x.mean(axis=a).size for a in axes)


def keras_test_time():
    import keras

    layer = keras.layers.BatchNormalization(epsilon=0)
    layer.build((None, 1))
    layer.set_weights([np.array([n]) for n in (1.0, 0.0, 2.0, 4.0)])
    return float(np.asarray(layer(np.array([[3.0]])))[0, 0])


def keras_running_mean():
    import keras

    layer = keras.layers.BatchNormalization(momentum=0.9)
    for mean in (1.0, 3.0, 5.0):
        layer(np.array([[mean - 1], [mean + 1]]), training=True)
    return float(np.asarray(layer.moving_mean)[0])


def keras_weight(optimizer, gradients, w=1.0):
    """A weight after some gradients, moved by a real optimizer."""
    import keras

    weight = keras.Variable(np.array(w, "float32"))
    for g in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.float32(g))], [weight])
    return np.asarray(weight.value)


def keras_momentum():
    import keras

    return keras_weight(keras.optimizers.SGD(0.1, momentum=0.9), (1, 0.5, -0.25))


def keras_velocity():
    import keras

    places = [
        keras_weight(keras.optimizers.SGD(1.0, momentum=0.9), [1] * steps)
        for steps in (300, 301)
    ]
    return np.round(places[0] - places[1], 2)


def keras_own_rates():
    import keras

    moved = keras_weight(keras.optimizers.RMSprop(), [(10, 0.1)], (0, 0))
    return np.round(moved[0] / moved[1])


def keras_adam_step():
    import keras

    return -keras_weight(keras.optimizers.Adam(), [50], 0)


def keras_steps_per_epoch():
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(1.0)])
    model.compile("sgd", "mse")
    batches = []
    counter = keras.callbacks.LambdaCallback(
        on_test_batch_begin=lambda batch, logs: batches.append(batch)
    )
    x = np.ones((50_000, 1), "float32")
    model.evaluate(x, x, batch_size=128, callbacks=[counter], verbose=0)
    return len(batches)


def largest_stable_rate():
    """The rate up to which gradient descent on x^2 stays where it began, by trying."""
    rates = np.arange(1, 400) / 100
    return rates[[abs((1 - 2 * rate) ** 50) <= 1 for rate in rates]].max()


def printed_average():
    w, p = 1.0, 0.0
    for _ in range(5):
        p = 0.9 * p - 0.1 * w
        w -= 0.5 * p
    return "away" if abs(w) > 1 else "towards"


def l2_argument():
    """From the slope of Keras's penalty, measured at w = 1."""
    import keras

    penalty = keras.regularizers.L2(1.0)
    slope = check.gradient(penalty, np.ones(1, "float32"))
    return 0.0001 / slope.item()


def keras_step_schedule():
    import keras

    rates = [0.1, 0.01, 0.001, 0.0001]
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([30, 60, 90], rates)
    return float(schedule(75))


def keras_cosine():
    import keras

    return float(keras.optimizers.schedules.CosineDecay(0.1, 100)(25))


def keras_penalty(kind, *factors):
    import keras

    return float(getattr(keras.regularizers, kind)(*factors)(np.float32([1, -2, 3, 0])))


def minimiser(f):
    grid = np.linspace(-2, 2, 4001)
    return round(float(grid[np.argmin(f(grid))]), 6)


def keras_early_stopping():
    import keras

    net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    stopper = keras.callbacks.EarlyStopping(patience=3)
    stopper.set_model(net)
    stopper.on_train_begin()
    net.stop_training = False
    for epoch, loss in enumerate([0.9, 0.7, 0.6, 0.55, 0.56, 0.54, 0.57, 0.58, 0.6]):
        if not net.stop_training:
            stopper.on_epoch_end(epoch, {"val_loss": loss})
    return stopper.stopped_epoch, stopper.best_epoch


def keras_dropout():
    import keras

    keras.utils.set_random_seed(0)
    return np.asarray(keras.layers.Dropout(0.2)(np.ones(10000), training=True))


def dropout_mean():
    kept = np.random.default_rng(0).random((200_000, 2)) >= 0.2
    mean = (kept @ [6.0, -4.0]).mean()
    return np.round((mean, mean / 2), 2)


def filtered_by_scipy(image, kernel):
    """A lecture's kernel slid over an image, by SciPy."""
    from scipy.signal import correlate2d

    kernels = {
        "blur": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "edge": [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
        "falling": [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
    }
    return correlate2d(image, np.array(kernels[kernel]), mode="valid")


def six_by_six():
    """The response of the falling diagonal to the 6x6 image."""
    rows = "100001", "010010", "001100", "100010", "010010", "001010"
    return filtered_by_scipy(np.array([[*map(int, row)] for row in rows]), "falling")


def third_map():
    """The diagonal whose filter matches a letter X perfectly on its rising stroke."""
    letter = np.where(np.eye(9) + np.eye(9)[::-1] > 0, 1, -1)
    letter[[0, -1]] = letter[:, [0, -1]] = -1
    rising = filtered_by_scipy(letter[:, ::-1], "falling")[:, ::-1]  # mirrored twice
    rows, columns = np.nonzero(rising == 9)
    return "rising" if all(np.diff(columns[np.argsort(rows)]) < 0) else "falling"


def shuffling_seen():
    """Whether a count of bytes tells an image from its shuffled pixels."""
    from collections import Counter

    image = np.random.default_rng(0).integers(0, 4, (9, 9, 3))
    mixed = np.random.default_rng(1).permutation(image.reshape(-1, 3))
    return Counter(map(tuple, image.reshape(-1, 3))) != Counter(map(tuple, mixed))


def fullest_bin():
    """scikit-image's histogram of a vertical edge, dark on the left."""
    from skimage.feature import hog

    edge = np.repeat([[0, 0, 0, 0, 9, 9, 9, 9]], 8, axis=0)
    return hog(edge, pixels_per_cell=(8, 8), cells_per_block=(1, 1)).argmax()


def hog_length():
    from skimage.feature import hog

    image = np.zeros((240, 320))
    return hog(image, pixels_per_cell=(8, 8), cells_per_block=(1, 1)).size


def words_by_scipy():
    from scipy.cluster.vq import vq

    patches = np.array([[0.4], [4.1], [5.5], [9.0], [9.7], [2.4]])
    nearest, _ = vq(patches, np.array([[0.0], [5.0], [10.0]]))
    return np.bincount(nearest)


def dense_parameters(inputs, units):
    import keras

    layer = keras.layers.Dense(units)
    layer.build((None, inputs))
    return layer.count_params()


def templates_of_perceptron():
    """Columns of the one weight matrix that has a row for each number of the image."""
    import keras

    image = keras.Input((32 * 32 * 3,))
    net = keras.Model(image, keras.layers.Dense(10)(keras.layers.Dense(100)(image)))
    return next(w.shape[1] for w in net.weights if w.shape[0] == 32 * 32 * 3)


def filters_of_alexnet():
    from cnnkit.models import alexnet

    return alexnet(input_shape=(67, 67, 3), classes=10).get_layer("conv1").filters


def distinct_variants():
    image = np.pad(np.random.default_rng(0).random((9, 9)), 2)
    steps = range(-2, 3)
    moved = [np.roll(image, (i, j), (0, 1)) for i in steps for j in steps]
    return len({x.tobytes() for y in moved for x in (y, y[:, ::-1].copy())})


def keras_side(n, kernel, stride):
    from keras import layers

    layer = layers.MaxPooling2D(kernel, stride)
    return layer.compute_output_shape((None, n, n, 1))[1]


def keras_counts(filters, kernel, channels, **how):
    """Weights and biases of a convolution layer."""
    from keras import layers

    layer = layers.Conv2D(filters, kernel, **how)
    layer.build((None, 16, 16, channels))
    return [int(np.prod(w.shape)) for w in layer.weights]


def keras_joined(*depths):
    from keras import layers

    shapes = [(None, 28, 28, depth) for depth in depths]
    return layers.Concatenate().compute_output_shape(shapes)[-1]


def ways_through_ones():
    """How often each pixel counts in three filters of ones, one behind the other."""
    from scipy.signal import convolve2d

    ones = np.ones((3, 3))
    return convolve2d(convolve2d(ones, ones), ones)


def reachable_dimensions():
    """Rank of the map from three 3x3 kernels to the 7x7 kernel of their product."""
    from scipy.signal import convolve2d

    kernels = np.random.default_rng(0).normal(size=(3, 3, 3))
    columns = []
    for k in range(3):
        a, b = (kernels[j] for j in range(3) if j != k)
        for place in np.ndindex(3, 3):
            unit = np.zeros((3, 3))
            unit[place] = 1
            full = convolve2d(convolve2d(a, b), unit)
            columns.append(full.ravel())
    return np.linalg.matrix_rank(columns)


def blocks_of_the_cifar_net(depth):
    """Counted as additions in the graph."""
    from cnnkit import models
    from cnnkit.profile import blueprint

    net = blueprint(models.resnet_cifar, depth)
    return sum(type(layer).__name__ == "Add" for layer in net.layers)


def keras_zero_block(x):
    import keras

    zero = keras.layers.BatchNormalization(gamma_initializer="zeros")
    x = np.array(x, "float32").reshape(1, 1, 1, -1)
    return keras.ops.convert_to_numpy(keras.ops.relu(zero(x) + x)).ravel()


def weight_layers_of_resnet50():
    """Layers with a kernel in Keras's own network, without those of the shortcuts."""
    import keras

    from cnnkit.profile import blueprint

    net = blueprint(keras.applications.ResNet50, weights=None)
    names = [layer.name for layer in net.layers if hasattr(layer, "kernel")]
    return sum(not name.endswith("_0_conv") for name in names)


def keras_separable_weights():
    import keras

    layer = keras.layers.SeparableConv2D(128, 3, use_bias=False)
    layer.build((None, 8, 8, 64))
    return layer.count_params()


def slope_of_l2(w, step=1e-3):
    """By a central difference, of Keras's L2 with the argument 1."""
    import keras

    penalty = keras.regularizers.L2(1.0)
    up, down = (float(penalty(np.array([w + d], "float64"))) for d in (step, -step))
    return round((up - down) / (2 * step), 2)


def rate_after_plateaus():
    """What Keras's callback makes of the errors."""
    from types import SimpleNamespace

    import keras

    callback = keras.callbacks.ReduceLROnPlateau("error", patience=2, mode="min")
    callback.set_model(SimpleNamespace(optimizer=keras.optimizers.SGD(0.1)))
    callback.on_train_begin()
    errors = [50, 40, 35, 35, 35.2, 30, 29, 29.1, 29.3]
    for epoch, error in enumerate(errors):
        callback.on_epoch_end(epoch, {"error": error})
    return float(callback.model.optimizer.learning_rate)


def read_off(patient):
    """The number of a fault, from what its code gives away."""
    from cnnkit import clinic

    traces = {
        1: r"np\.roll\(labels, 1\)",
        2: r"images\[:WATCHED\]",
        4: r"augment\.",
        5: r"\(0, 4\), \(0, 4\)",
        6: r"shuffle = False",
        7: r"RandomUniform\(-0\.1, 0\.0\)",
        8: r"trainable = False",
        9: r"momentum=0\.99",
        10: r"layers\.Softmax\(\)",
        11: r"axis=0",
        12: r"rate = 0\.3",
    }
    code = clinic.code(patient)
    found = [k for k, trace in traces.items() if re.search(trace, code)]
    if not found and "pad" in code and "255" not in code:
        found = [3]
    (number,) = found
    return number


ORACLES = {
    "00/pixels": lambda: np.zeros((8, 6)).size,
    "02/constant": lambda: tuple(
        int(filtered_by_scipy(np.full((3, 3), 10), name).item())
        for name in ("blur", "sharpen", "edge")
    ),
    "02/step-sharpen": lambda: filtered_by_scipy(
        np.repeat([[10, 10, 10, 20, 20, 20]], 3, axis=0), "sharpen"
    )[0],
    "02/zero-border": lambda: keras_conv((7, 7, 1), 1, 5)[0][0],
    "02/largest": lambda: int(six_by_six().max()),
    "02/places": lambda: int(np.sum(six_by_six() == 3)),
    "02/agreeing": lambda: (  # agreements minus disagreements, of nine
        (9 + filtered_by_scipy(np.diag([0, 2, 2]) - 1, "falling")) / 2
    ).item(),
    "02/two-decimals": lambda: float(f"{7 / 9:.2f}"),
    "02/third-map": third_map,
    "02/without-its-mean": lambda: int(
        np.round(np.sum(137 * (np.arange(9) - np.mean(np.arange(9)))))
    ),
    "02/dictionary": lambda: False,
    "01/seven-weights": seventh_sum,
    "01/window-count": lambda: counted_windows(17, 7),
    "01/noise-variance": measured_variance,
    "01/toy-shape": lambda: toy("shape"),
    "01/toy-top-left": lambda: toy("value"),
    "01/centred-terms": lambda: len([a for a in (-3, -2, -1, 0, 1, 2) if abs(a) < 1.5]),
    "01/bright-pixel": scipy_kernel_on_bright_pixel,
    "01/does-conv2d-flip": flips,
    "01/cross-kernel": cross_matters,
    "01/signal-formula": signal_at_1_1,
    "01/full-length": full_length,
    "01/direct-or-fourier": lambda: "direct" if 451_584 < 783_484 else "fourier",
    "03/exercise-227": lambda: keras_conv((227, 227, 3), 96, 11, strides=4)[0],
    "03/exercise-32": lambda: keras_conv((32, 32, 1), 6, 5)[0],
    "03/ten-filters-output": lambda: keras_conv((32, 32, 3), 10, 5, padding=2)[0],
    "03/ten-filters-parameters": lambda: parameters_of(3, 10, 5),
    "03/one-filter-products": lambda: parameters_of(3, 1, 5, bias=False),
    "03/one-filter-map": lambda: keras_conv((32, 32, 3), 1, 5)[0][:2],
    "03/twice-the-image": lambda: (
        parameters_of(3, 10, 5, side=64) / parameters_of(3, 10, 5, side=32)
    ),
    "03/stride-2": lambda: keras_conv((7, 7, 1), 1, 3, padding=1, strides=2)[0][0],
    "03/stride-3-keras": lambda: tuple(
        keras_conv((7, 7, 1), 1, 3, strides=3, padding=p)[0][0]
        for p in ("valid", "same")
    ),
    "03/same-stride-2": same_zeros,
    "03/zeros-added": lambda: int((np.pad(np.ones((7, 7)), 1) == 0).sum()),
    "03/unpadded-layers": unpadded_layers,
    "03/height-and-width": lambda: keras_conv((10, 12, 3), 5, (3, 5))[0],
    "03/receptive-field-three": lambda: seen([(3, 1)] * 3),
    "03/receptive-field-stride": lambda: seen([(3, 2), (3, 1)]),
    "03/receptive-field-pool": lambda: seen([(3, 1), (2, 2), (3, 1)]),
    "03/dilation": lambda: reach(2),
    "03/groups-parameters": lambda: parameters_of(4, 8, 3, groups=2),
    "03/depthwise-weights": lambda: parameters_of(4, 8, 3, groups=4, bias=False),
    "04/max": lambda: keras_pool(POOL_EXAMPLE),
    "04/l2": lambda: keras_pool([[1, 49], [25, 25]], "Average")[0, 0] ** 0.5,
    "04/channels": keras_pool_channels,
    "04/parameters": keras_pool_parameters,
    "04/overlapping": lambda: len(keras_pool(np.ones((13, 13)), size=3)),
    "04/seven-valid": lambda: len(keras_pool(np.ones((7, 7)))),
    "04/partial-windows": partial_windows,
    "04/bright-pixel": pooling_notices,
    "04/global": keras_global,
    "04/subsampling": lambda: np.ones((200, 200))[::2, ::2].sum() / 200**2,
    "05/hidden-units": dense_units,
    "05/pixels-read": lambda: pixels_of_unit(4, 2, 2, 2),
    "05/connections": lambda: multiplications((8, 8), (3, 3)),
    "05/parameters": lambda: parameters_of(1, 1, 3, side=8),
    "05/matrix-entries": matrix_entries,
    "05/two-layers": lambda: seen([(3, 1)] * 2),
    "05/shift": map_moves,
    "06/shuffled": shuffling_seen,
    "06/slope": fullest_bin,
    "06/hog-length": hog_length,
    "06/words": words_by_scipy,
    "06/linear-parameters": lambda: dense_parameters(32 * 32 * 3, 10),
    "06/templates": templates_of_perceptron,
    "06/hog-classifier": lambda: dense_parameters(hog_length(), 4),
    "06/alexnet-filters": filters_of_alexnet,
    "07/conv1-parameters": lambda: lenet("conv1").count_params(),
    "07/conv1-multiply-adds": lambda: 6 * multiplications((32, 32), (5, 5)),
    "07/conv2-shape": lambda: keras_conv((14, 14, 6), 16, 5)[0],
    "07/conv2-parameters": lambda: lenet("conv2").count_params(),
    "07/pool-stride": keras_pool_stride,
    "07/pool-parameters": lambda: lenet("pool1").count_params(),
    "07/blocks-that-fit": lambda: (keras_blocks(6, 3), keras_blocks(32, 5)),
    "07/flatten-length": lambda: lenet("flat").output.shape[1],
    "07/flatten": flatten_in_keras,
    "07/dense1-parameters": lambda: lenet("dense1").count_params(),
    "07/votes": votes,
    "07/largest-part": largest_part,
    "07/total-parameters": lambda: keras_lenet().count_params(),
    "08/one-channel": lambda: one_by_one([[[1], [2]], [[3], [5]]], [[2]])[..., 0],
    "08/two-filters": lambda: one_by_one(
        [[[1, 2, 0], [0, 1, 1]], [[3, 0, 1], [2, 2, 2]]], [[1, 0], [0, 2], [-1, 1]]
    ).ravel(),
    "08/output": lambda: keras_conv((6, 6, 32), 5, 1)[0],
    "08/padding": same_pads_of_one,
    "08/parameters": lambda: parameters_of(512, 64, 1),
    "08/pooling-or-filters": maps_left,
    "08/seven-direct": lambda: parameters_of(512, 64, 7),
    "08/saving": lambda: (
        parameters_of(512, 64, 7)
        / (parameters_of(512, 64, 1) + parameters_of(64, 64, 7))
    ),
    "08/printed-line": printed_line,
    "09/hinge": keras_hinge,
    "09/softmax": keras_softmax_loss,
    "09/log-likelihood": lambda: np.log(0.7 * 0.2 * 0.9),
    "09/quotient": lambda: 3.1 + 3.0,  # (a^2 - b^2) / (a - b)
    "09/derivative": lambda: -25e-5 / 1e-4,
    "09/precision": lambda: (1.253225 - 1.253465) / 1e-4 - (1.25322 - 1.25347) / 1e-4,
    "09/evaluations": counted_evaluations,
    "09/slope": slope_of_loss,
    "09/fall": lambda: 14.7 / 1000,
    "09/gears": lambda: chained([lambda x: 3 * x, lambda y: 2 * y]),
    "09/start": lambda: chained([lambda z: z]),
    "09/local": lambda: (2.5 * 3 - 2 * 3) / 0.5,
    "09/kernel-gradient": keras_kernel_gradient,
    "09/winner": keras_pool_gradient,
    "09/thirty-stages": lambda: chained([lambda z: z / 2] * 30),
    "10/two-linear-layers": side_of_both,
    "10/ten-sigmoids": lambda: keras_slope(ten_sigmoids, 0.0),
    "10/relu-at-minus-one": lambda: keras_slope("relu", -1.0),
    "10/dead-unit": step_of_a_dead_unit,
    "10/elu-left": lambda: keras_activation("elu", -1000.0),
    "10/gelu-slope": lambda: keras_slope(gelu_tanh, 1.0),
    "10/swish-is-gelu": lambda: (
        abs(keras_activation("gelu", 2.0) - 2 / (1 + np.exp(-3.404))) < 1e-3
    ),
    "10/swish-slope": lambda: keras_slope("silu", 0.0),
    "11/he-deviation": he_deviation,
    "11/xavier-over-2": lambda: (1 / np.sqrt(576 / 2)) ** 2,
    "11/uniform-gain": uniform_gain,
    "11/batch-norm": keras_batch_norm,
    "11/bias": lambda: not np.allclose(keras_batch_norm(5), keras_batch_norm(0)),
    "11/means": numbers_of_means,
    "11/test-time": keras_test_time,
    "11/running-mean": keras_running_mean,
    "12/diverges": largest_stable_rate,
    "12/two-rates": lambda: "equal" if 0.8**20 == (-0.8) ** 20 else "0.1",
    "12/ridge": lambda: check.gradient(lambda y: -(y**2), 0.0) != 0,
    "12/batch-variance": lambda: np.var(
        np.add.outer([1.0, 2, 3, 6], [1.0, 2, 3, 6]) / 2
    ),
    "12/steps-per-epoch": keras_steps_per_epoch,
    "12/momentum": keras_momentum,
    "12/velocity": keras_velocity,
    "12/printed-momentum": printed_average,
    "12/own-rates": keras_own_rates,
    "12/adam-first-step": keras_adam_step,
    "12/adam-updates": lambda: sum(1 for t in range(1, 100)),
    "12/printed-decay": lambda: 2 - 0.5 * (0 - 0.1 * 2),
    "12/l2-argument": l2_argument,
    "12/step": keras_step_schedule,
    "12/cosine": keras_cosine,
    "13/remedy": lambda: "more capacity",
    "13/degree-8": lambda: np.linalg.matrix_rank(np.vander(np.arange(9.0))) == 9,
    "13/l2": lambda: keras_penalty("L2", 1.0),
    "13/l1": lambda: keras_penalty("L1", 1.0),
    "13/elastic-net": lambda: keras_penalty("L1L2", 1.0, 0.5),
    "13/lambda-over-n": lambda: 1 + float(np.dot([1, -2], [1, -2])) * 0.2,
    "13/soft": lambda: minimiser(lambda w: 0.5 * (w - 0.3) ** 2 + 0.5 * abs(w)),
    "13/patience": keras_early_stopping,
    "13/masks": lambda: 2**3,
    "13/dropout-scaling": dropout_mean,
    "13/inverted": lambda: float(keras_dropout().max()),
    "13/relu-mean": lambda: (2 + 6) / 4 == max((2 + 6 + 0 - 4) / 4, 0),
    "14/variants": distinct_variants,
    "14/positions": lambda: len(list(np.ndindex(33, 33))),
    "14/contrast": lambda: np.array([-50, 0, 50]) * 1.2 + 110,
    "14/digits": lambda: False,
    "14/views": lambda: (5 * 10, len({(0, mirrored) for mirrored in (0, 1)})),
    "14/where": lambda: "training",
    "15/printed-input": lambda: keras_side(224, 11, 4),
    "15/first-dense-weights": lambda: np.zeros((4096, 6, 6, 256), bool).size,
    "15/two-towers": lambda: keras_counts(256, 5, 96, groups=2)[0],
    "15/zfnet-side": lambda: keras_side(keras_side(226, 7, 2), 3, 2),
    "15/vgg-first-parameters": lambda: sum(keras_counts(64, 3, 3)),
    "15/dense-sum": lambda: sum([25088 * 4096, 4096 * 4096, 4096 * 1000]),
    "15/second-map-memory": lambda: np.zeros((224, 224, 64), "float32").nbytes / 2**20,
    "15/seven-or-three": lambda: (
        keras_counts(512, 7, 512)[0],
        3 * keras_counts(512, 3, 512)[0],
    ),
    "15/ways-from-the-centre": lambda: ways_through_ones()[3, 3],
    "15/three-linear-layers": lambda: reachable_dimensions() >= 49,
    "16/padding": lambda: [
        next(p for p in range(9) if len(range(28 + 2 * p - k + 1)) == 28)
        for k in (1, 3, 5)
    ],
    "16/naive-depth": lambda: keras_joined(64, 128, 32, 192),
    "16/output-depth": lambda: keras_joined(64, 128, 32, 32),
    "16/module-weights": lambda: sum(
        keras_counts(filters, kernel, channels)[0]
        for kernel, channels, filters in (
            *((1, 192, 64), (1, 192, 96), (3, 96, 128)),
            *((1, 192, 16), (5, 16, 32), (1, 192, 32)),
        )
    ),
    "16/first-weights": lambda: keras_counts(64, 7, 3)[0],
    "16/depth": lambda: sum([1, 0, 2, 0, 2, 2, 0, 2, 2, 2, 2, 2, 0, 2, 2, 0, 0, 1, 0]),
    "16/head": lambda: np.zeros((1024 + 1, 1000), bool).size,
    "16/twice-three": lambda: 2 * keras_counts(64, 3, 64)[0],
    "16/one-by-seven": lambda: (
        keras_counts(64, (1, 7), 64)[0] + keras_counts(64, (7, 1), 64)[0]
    ),
    "17/which-curve": lambda: "training error",
    "17/blocks-a-stage": lambda: blocks_of_the_cifar_net(56) / 3,
    "17/zero-block": lambda: keras_zero_block([0, 1.5, 3]),
    "17/fifty-stages": lambda: (
        np.prod(np.full(50, 0.01)),
        np.linalg.matrix_power(np.eye(1) + 0.01, 50)[0, 0],
    ),
    "17/projection-weights": lambda: keras_counts(128, 1, 64)[0],
    "17/bottleneck-weights": lambda: sum(
        keras_counts(filters, kernel, channels)[0]
        for filters, kernel, channels in ((64, 1, 256), (64, 3, 64), (256, 1, 64))
    ),
    "17/bottleneck-depth": weight_layers_of_resnet50,
    "17/gate-weights": lambda: np.zeros((64, 4)).size + np.zeros((4, 64)).size,
    "17/group-weights": lambda: keras_counts(128, 3, 128, groups=32)[0],
    "17/stacked-depth": lambda: keras_joined(64, *[32] * 6),
    "17/depthwise-weights": keras_separable_weights,
    "17/scaled-work": lambda: (12 * 110**2 * 230**2) / (10 * 100**2 * 200**2),
    "18/weight-decay": lambda: [1e-4, 1e-4 / slope_of_l2(1.0)],
    "18/plateau": rate_after_plateaus,
    "18/first-loss": lambda: -np.log(np.full(10, 0.1)).mean(),
    "18/two-softmaxes": lambda: np.logaddexp.reduce(np.eye(10)[0]) - 1,
    **{f"18/patient-{k.lower()}": lambda k=k: read_off(k) for k in "ABCDEFGHIJKL"},
    "18/which-costs-more": lambda: ["VGG-16", "ResNet-152"][
        int(np.argmax([15_470_264_320, 11_282_415_616]))
    ],
    "18/error-ratio": lambda: 1 / np.divide(16.4, 3.57),
    "18/single-network": lambda: 3.57 >= 4.49,
    "18/share-of-a-batch": lambda: len(np.arange(256)[0::4]),
}


def test_every_question_has_an_oracle():
    assert set(ORACLES) == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_truth_is_what_an_independent_way_finds(name, capsys):
    answer = ORACLES[name]()
    truth = QUESTIONS[name].truth()
    assert check.judge(name, answer) == (True, None)
    assert check.judge(name, truth) == (True, None)
    if not isinstance(truth, str | bool):
        np.testing.assert_allclose(np.squeeze(answer), truth, rtol=0.01)
    check.predict(name, answer)
    assert capsys.readouterr().out.startswith(f"right · {name} · ")
    for other in QUESTIONS[name].accept:
        assert check.judge(name, other) == (True, None)


@pytest.mark.parametrize(("name", "wrong", "mistake"), EVERY_WRONG)
def test_a_usual_wrong_answer_gets_its_message(name, wrong, mistake, capsys):
    assert check.judge(name, wrong) == (False, mistake)
    check.predict(name, wrong)
    first, *message = capsys.readouterr().out.splitlines()
    assert first.startswith(f"not yet · {name} · your guess: ")
    assert " ".join(message) == MISCONCEPTIONS[mistake]


def test_every_misconception_is_used_and_teaches():
    asked = {mistake for _, _, mistake in EVERY_WRONG}
    assert asked <= set(MISCONCEPTIONS)
    folder = Path(__file__).parents[1] / "lessons" / "exercises"
    exercises = "".join(
        path.read_text(encoding="utf-8").replace("\\", "")
        for kind in ("*/*.ipynb", "*/mutants.toml")
        for path in folder.glob(kind)
    )
    assert not [x for x in set(MISCONCEPTIONS) - asked if f'"{x}"' not in exercises]
    for text in MISCONCEPTIONS.values():
        assert 30 < len(text) < 200 and text.endswith((".", "?"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_is_revealed_before_a_guess(name, capsys):
    check.predict(name, None)
    *text, invitation = capsys.readouterr().out.splitlines()
    assert " ".join(text) == QUESTIONS[name].text and max(map(len, text)) <= 80
    assert invitation == "Set a guess in place of None and run this cell again."
    assert check.guesses == {}
    truth = QUESTIONS[name].truth()
    if isinstance(truth, tuple) and not isinstance(truth[0], tuple) and len(truth) > 2:
        assert "x".join(str(v) for v in truth) not in "".join(text).replace(" ", "")


def test_an_unknown_mistake_reveals_nothing(capsys):
    check.predict("03/exercise-227", "12x34x5")
    check.predict("03/exercise-227", 55)
    check.predict("03/exercise-227", True)
    check.predict("01/does-conv2d-flip", "maybe")
    out = capsys.readouterr().out
    assert "55, 55" not in out and "55x55" not in out
    assert out.count("The answer is 3 numbers.") == 2
    assert out.count("The answer is yes or no.") == 1


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("03/exercise-227", "55x55x96"),
        ("03/exercise-227", " 55 X 55 x 96 "),
        ("03/exercise-227", "55×55×96"),
        ("03/exercise-227", "(55, 55, 96)"),
        ("03/exercise-227", "55*55*96"),
        ("03/exercise-227", [55, 55, 96]),
        ("03/exercise-227", np.array([55, 55, 96])),
        ("03/exercise-227", (55.0, 55, np.int64(96))),
        ("03/stride-3-keras", "2 and 3"),
        ("03/one-filter-map", "28x28x1"),
        ("07/total-parameters", "61,706"),
        ("07/total-parameters", "61 706"),
        ("07/total-parameters", "61_706"),
        ("07/total-parameters", 61706.0),
        ("07/total-parameters", np.array(61706)),
        ("01/noise-variance", "1/7"),
        ("01/noise-variance", 0.143),
        ("01/does-conv2d-flip", "No"),
        ("01/does-conv2d-flip", np.False_),
        ("01/direct-or-fourier", " Direct"),
        ("01/bright-pixel", "9 8 7 / 6 5 4 / 3 2 1"),
        ("01/bright-pixel", "9 8 7\n6 5 4\n3 2 1".replace("\n", ";")),
        ("01/bright-pixel", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("07/flatten", "3 -1 0 1 3 0 1 3"),
    ],
)
def test_a_right_guess_may_be_written_in_many_ways(name, guess):
    assert check.judge(name, guess) == (True, None)


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("07/total-parameters", 61705.9999),
        ("07/total-parameters", "61706x1x1"),
        ("03/twice-the-image", True),  # 1 == True in Python
        ("07/pool-parameters", False),
        ("01/does-conv2d-flip", 0),
        ("03/exercise-227", "96x55x55"),
        ("03/exercise-227", (55, 55)),
        ("03/exercise-227", [[55, 55, 96]] * 2),
        ("01/noise-variance", 0.15),
        ("01/noise-variance", "1/0"),
        ("03/zeros-added", "thirty-two"),
        ("03/zeros-added", ""),
        ("01/bright-pixel", np.arange(9).reshape(3, 3)),
        ("03/zeros-added", np.nan),
        ("01/bright-pixel", np.arange(9, 0, -1).reshape(9, 1)),
    ],
)
def test_lenient_is_not_careless(name, guess):
    assert check.judge(name, guess)[0] is False


def test_guesses_are_kept_in_order():
    for guess in (30, "26", 44):
        check.predict("01/toy-top-left", guess)
    check.predict("01/toy-top-left", None)
    assert check.guesses == {"01/toy-top-left": [30, "26", 44]}


def test_an_unknown_question_names_close_ones():
    with pytest.raises(ValueError, match=r"01/toy-top-left.*; received '01/toy-left'"):
        check.predict("01/toy-left", 3)
    for bad in (None, 7, "zzzzzz"):
        with pytest.raises(ValueError, match="expected the id of a question"):
            check.predict(bad)


@pytest.mark.parametrize("bad", [[[1], [2, 3]], object(), {"a": 1}, ["x", "y"]])
def test_an_unreadable_guess_is_refused_and_not_kept(bad):
    with pytest.raises(ValueError, match="expected a guess"):
        check.predict("03/zeros-added", bad)
    assert check.guesses == {}


# ---- gradient (the same file runs once more on JAX, below)


def test_gradient_of_a_quadratic_form():
    from keras import ops

    matrix = np.array([[1.0, 2.0], [5.0, -3.0]], "float32")
    point = np.array([0.5, -2.0], "float32")
    found = check.gradient(lambda x: ops.sum(x * ops.matmul(matrix, x)), point)
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, (matrix + matrix.T) @ point, rtol=1e-6)


def test_gradient_of_a_convolution_in_both_inputs():
    from keras import ops
    from scipy.signal import convolve2d, correlate2d

    random = np.random.default_rng(0)
    image, kernel = random.normal(size=(6, 5)), random.normal(size=(3, 2))
    weights = random.normal(size=(4, 4)).astype("float32")

    def loss(x, k):
        out = ops.conv(
            x[None, :, :, None], k[:, :, None, None], data_format="channels_last"
        )
        return ops.sum(out[0, :, :, 0] * weights)

    found = check.gradient(loss, (image.astype("float32"), kernel.astype("float32")))
    assert isinstance(found, list)
    np.testing.assert_allclose(found[0], convolve2d(weights, kernel), atol=1e-5)
    np.testing.assert_allclose(
        found[1], correlate2d(image, weights, mode="valid"), atol=1e-5
    )


def test_gradient_takes_tensors_scalars_and_layers():
    import keras
    from keras import ops

    assert check.gradient(lambda x: x**3, 2.0) == 12
    tensor = ops.convert_to_tensor([1.0, 2.0])
    np.testing.assert_allclose(check.gradient(lambda x: ops.sum(x**2), tensor), [2, 4])
    dense = keras.layers.Dense(1, kernel_initializer="ones")
    found = check.gradient(lambda x: ops.sum(dense(x)), np.ones((1, 3)))
    np.testing.assert_allclose(found, np.ones((1, 3)))
    rows = ops.convert_to_tensor([1])
    found = check.gradient(
        lambda x: ops.sum(ops.take(x, rows, axis=0)), np.ones((3, 2), "float32")
    )
    np.testing.assert_allclose(found, [[0, 0], [1, 1], [0, 0]])


def test_gradient_says_what_is_wrong():
    import keras
    from keras import ops

    x = np.ones(3, "float32")
    with pytest.raises(ValueError, match=r"expected x: floats.*received int64"):
        check.gradient(lambda x: ops.sum(x), np.arange(3))
    with pytest.raises(ValueError, match=r"expected x\[1\]: floats.*received bool"):
        check.gradient(lambda x, y: ops.sum(x), [x, x > 0])
    with pytest.raises(ValueError, match=r"expected f to return a scalar.*\(3,\)"):
        check.gradient(lambda x: x**2, x)
    with pytest.raises(ValueError, match="cuts the gradient"):
        check.gradient(lambda x: np.sum(np.asarray(x)), x)
    if keras.backend.backend() == "tensorflow":  # JAX cannot tell: it says zero
        with pytest.raises(ValueError, match="does not depend on it"):
            check.gradient(lambda x: ops.sum(ops.ones(3)), x)


# ---- gradient_check


def cubic(x):
    return np.sum(x**3) / 7


def test_gradient_check_passes_what_is_right(capsys):
    x = np.random.default_rng(0).normal(size=(3, 4))
    before = x.copy()
    check.gradient_check(cubic, x, 3 * x**2 / 7)
    check.gradient_check(cubic, x, lambda x: 3 * x**2 / 7)
    check.gradient_check(cubic, x.astype("float32"), 3 * x.astype("float32") ** 2 / 7)
    check.gradient_check(lambda a, b: a @ b, [x[0], x[1]], [x[1], x[0]])
    check.gradient_check(lambda a: a**2, np.array(3.0), 6.0)
    check.gradient_check(lambda a: 5.0 + 0 * a.sum(), x, np.zeros((3, 4)))
    check.gradient_check(lambda a: 1e6 * np.sum(a**2), x, 2e6 * x)
    np.testing.assert_array_equal(x, before)
    lines = capsys.readouterr().out.splitlines()
    form = r"gradient agrees: (\d+) of \1 entries, largest relative error ≈NUM"
    assert len(lines) == 7
    assert all(re.fullmatch(form, MARK.sub("≈NUM", line)) for line in lines)


def test_gradient_check_of_automatic_differentiation(capsys):
    from keras import ops

    x = np.random.default_rng(0).normal(size=(2, 3))
    found = check.gradient(lambda a: ops.sum(ops.tanh(a) ** 2), x)
    check.gradient_check(lambda a: np.sum(np.tanh(a) ** 2), x, found, rtol=1e-3)
    assert "6 of 6 entries" in capsys.readouterr().out


def test_gradient_check_finds_one_wrong_entry():
    x = np.random.default_rng(0).normal(size=(3, 4)) + 2
    wrong = 3 * x**2 / 7
    wrong[1, 2] *= 1.001
    with pytest.raises(AssertionError, match=r"1 of 12 entries, most at x\[1, 2\]"):
        check.gradient_check(cubic, x, wrong)
    with pytest.raises(AssertionError, match=r"most at x\[1\]\[0\]"):
        check.gradient_check(
            lambda a, b: a @ b, [x[0], x[1]], [x[1], x[0] + np.eye(4)[0]]
        )
    wrong[1, 2] = np.nan
    with pytest.raises(AssertionError, match=r"x\[1, 2\]\n  yours     nan"):
        check.gradient_check(cubic, x, wrong)


def test_gradient_check_recognises_a_missing_factor():
    x = np.random.default_rng(0).normal(size=(3, 4))
    with pytest.raises(AssertionError, match=r"hint: mine is theirs times 7: "):
        check.gradient_check(cubic, x, 3 * x**2)
    with pytest.raises(AssertionError, match="hint: mine is theirs with the opposite"):
        check.gradient_check(cubic, x, -3 * x**2 / 7)


def test_gradient_check_draws_from_large_arrays(capsys):
    x = np.random.default_rng(0).normal(size=(40, 50))
    check.gradient_check(cubic, x, 3 * x**2 / 7, samples=30)
    assert "30 of 2000 entries" in capsys.readouterr().out
    with pytest.raises(AssertionError):
        check.gradient_check(cubic, x, 3 * x**2 / 7 + 0.01, samples=30)


def test_gradient_check_says_what_is_wrong():
    x = np.ones(3)
    with pytest.raises(ValueError, match="expected x: arrays of floats"):
        check.gradient_check(cubic, np.arange(3), x)
    with pytest.raises(ValueError, match=r"expected a gradient of shape \[\(3,\)\]"):
        check.gradient_check(cubic, x, np.ones((3, 1)))
    with pytest.raises(ValueError, match="expected f to return one float64 number"):
        check.gradient_check(lambda x: x**2, x, 2 * x)
    with pytest.raises(ValueError, match="received float32"):
        check.gradient_check(lambda x: np.sum(x, dtype="float32"), x, np.ones(3))


# ---- the other backend, and what an import costs


def test_gradients_on_jax():
    pytest.importorskip("jax")
    chosen = "(gradient or tensors or flip) and not on_jax"
    ran = subprocess.run(
        [
            sys.executable,
            *"-m pytest -q -p no:cacheprovider -k".split(),
            chosen,
            __file__,
        ],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "skipped" not in ran.stdout


def test_check_imports_no_framework():
    code = (
        "import sys, cnnkit.check; print(set(sys.modules) "
        "& {'keras', 'tensorflow', 'jax', 'scipy', 'matplotlib'})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"
