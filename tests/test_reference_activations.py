"""Activations in NumPy against Keras, central differences and the lectures."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import integrate, optimize, stats

import cnnkit
from cnnkit import check
from cnnkit.reference import activations as act

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
POINTS = np.array([-30, -9, -3, -2, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 2, 3, 9, 30])
# function, derivative, arguments, Keras's name, Keras's arguments
CURVES = [
    (act.sigmoid, act.sigmoid_derivative, {}, "sigmoid", {}),
    (act.tanh, act.tanh_derivative, {}, "tanh", {}),
    (act.relu, act.relu_derivative, {}, "relu", {}),
    (
        act.leaky_relu,
        act.leaky_relu_derivative,
        {},
        "leaky_relu",
        {"negative_slope": 0.01},
    ),
    (
        act.leaky_relu,
        act.leaky_relu_derivative,
        {"negative_slope": 0.3},
        "leaky_relu",
        {"negative_slope": 0.3},
    ),
    (act.elu, act.elu_derivative, {}, "elu", {}),
    (act.elu, act.elu_derivative, {"alpha": 1.0}, "elu", {"alpha": 1.0}),
    (act.selu, act.selu_derivative, {}, "selu", {}),
    (act.gelu, act.gelu_derivative, {}, "gelu", {"approximate": False}),
    (
        act.gelu,
        act.gelu_derivative,
        {"approximate": True},
        "gelu",
        {"approximate": True},
    ),
    (act.swish, act.swish_derivative, {}, "silu", {}),
    (act.softplus, act.softplus_derivative, {}, "softplus", {}),
    (act.mish, act.mish_derivative, {}, "mish", {}),
]
IDS = [f"{c[0].__name__}-{c[2]}" for c in CURVES]


@pytest.mark.parametrize("f, slope, mine, name, theirs", CURVES, ids=IDS)
def test_equals_keras_with_gradient(f, slope, mine, name, theirs):
    import keras

    curve = getattr(keras.activations, name)
    x = POINTS.astype(np.float32)
    expected = np.asarray(curve(keras.ops.convert_to_tensor(x), **theirs))
    np.testing.assert_allclose(f(x, **mine), expected, rtol=1e-5, atol=1e-6)
    x = x[x != 0] if name in ("relu", "leaky_relu", "elu", "selu") else x
    gradient = check.gradient(lambda x: keras.ops.sum(curve(x, **theirs)), x)
    np.testing.assert_allclose(slope(x, **mine), gradient, rtol=2e-5, atol=2e-6)


STEEP = [
    *[(f, d, a) for f, d, a, _, _ in CURVES],
    (act.elu, act.elu_derivative, {"alpha": 2.5}),
    (act.swish, act.swish_derivative, {"beta": 1.702}),
    (act.swish, act.swish_derivative, {"beta": 0.3}),
]


@pytest.mark.parametrize("f, slope, options", STEEP)
def test_derivative_equals_differences(f, slope, options):
    x = POINTS[POINTS != 0]
    check.gradient_check(lambda x: np.sum(f(x, **options)), x, slope(x, **options))


def test_swish_with_beta_is_x_times_its_gate():
    for beta in (0.3, 1.0, 1.702):
        gate = 1 / (1 + np.exp(-beta * POINTS))
        np.testing.assert_allclose(act.swish(POINTS, beta), POINTS * gate)


@pytest.mark.parametrize("f, slope, options", STEEP)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_dtype_is_kept_and_nothing_overflows(f, slope, options, dtype):
    x = np.array([-6e4, -88, 0, 88, 6e4]).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        y, d = f(x, **options), slope(x, **options)
    assert y.dtype == d.dtype == dtype and y.shape == d.shape == x.shape
    assert np.isfinite(y).all() and np.isfinite(d).all()


def test_integers_and_lists():
    for f, slope, options in STEEP:
        whole = f([-2, 0, 1], **options)
        np.testing.assert_allclose(whole, f(np.array([-2.0, 0, 1]), **options))
        assert slope([-2, 0, 1], **options).dtype == np.float64
    assert act.relu(np.array([-3, 2], np.int8)).dtype == np.int8
    assert act.sigmoid(np.array([255], np.uint8)) == 1  # -255 would wrap around


def test_softmax_equals_keras_with_gradient():
    import keras

    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32) * 4
    up = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    for axis in (-1, 1):
        expected = np.asarray(keras.ops.softmax(x, axis))
        np.testing.assert_allclose(act.softmax(x, axis), expected, rtol=1e-5)
        dx = check.gradient(
            lambda x, axis=axis: keras.ops.sum(keras.ops.softmax(x, axis) * up), x
        )
        mine = act.softmax_backward(up, x, axis)
        np.testing.assert_allclose(mine, dx, rtol=1e-4, atol=1e-6)
    wide = x.astype(float)
    check.gradient_check(
        lambda x: np.sum(np.sin(act.softmax(x))),
        wide,
        act.softmax_backward(np.cos(act.softmax(wide)), wide),
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    arrays.arrays(float, (3, 4), elements=st.floats(-700, 700)), st.floats(-1e3, 1e3)
)
def test_softmax_properties(x, shift):
    p = act.softmax(x)
    np.testing.assert_allclose(p.sum(-1), 1)
    assert (p >= 0).all()
    np.testing.assert_allclose(act.softmax(x + shift), p, rtol=1e-9, atol=1e-12)
    # constant upstream: the sum of probabilities never changes
    np.testing.assert_allclose(act.softmax_backward(np.ones_like(x), x), 0, atol=1e-12)


@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("trained", [False, True])
def test_dice_equals_keras_and_differences(shape, trained):
    import keras

    rng = np.random.default_rng(0)
    x, up = rng.normal(1, 2, shape), rng.normal(size=shape)
    alpha = rng.normal(size=shape[-1])
    moving = (rng.normal(size=shape[-1]), rng.uniform(1, 2, shape[-1]))
    moving = moving if trained else None

    def theirs(x, alpha):
        ops, axes = keras.ops, tuple(range(len(shape) - 1))
        mean, variance = ops.moments(x, axes)
        if trained:
            mean, variance = (ops.cast(m, x.dtype) for m in moving)
        p = ops.sigmoid((x - mean) / ops.sqrt(variance + 1e-3))
        return p * x + (1 - p) * alpha * x

    narrow = [x.astype("float32"), alpha.astype("float32")]
    expected = np.asarray(theirs(*map(keras.ops.convert_to_tensor, narrow)))
    mine = act.dice(x, alpha, moving, epsilon=1e-3)
    np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5)
    gradients = act.dice_backward(up, x, alpha, moving, epsilon=1e-3)
    found = check.gradient(
        lambda x, a: keras.ops.sum(theirs(x, a) * up.astype("float32")), narrow
    )
    for a, b in zip(gradients, found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    check.gradient_check(
        lambda x, a: np.sum(act.dice(x, a, moving, 1e-3) * up),
        [x, alpha],
        list(gradients),
    )


def test_dice_dtype():
    x = np.random.default_rng(0).normal(200, 90, (50, 2))  # squares exceed half
    half = act.dice(x.astype(np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, act.dice(x), rtol=2e-2, atol=0.5)


def test_bad_input():
    x = np.zeros((4, 3))
    for epsilon in (0, -1e-3, np.nan):
        with pytest.raises(ValueError, match="epsilon > 0; received"):
            act.dice(x, epsilon=epsilon)
        with pytest.raises(ValueError, match="epsilon > 0; received"):
            act.dice_backward(x, x, epsilon=epsilon)
    with pytest.raises(ValueError, match=r"received shape \(4,\)"):
        act.dice(x[:, 0])
    with pytest.raises(ValueError, match="at least one example"):
        act.dice(x[:0])
    with pytest.raises(ValueError, match="upstream"):
        act.dice_backward(x[:2], x)
    with pytest.raises(ValueError, match="axis 2"):
        act.softmax(x, axis=2)
    with pytest.raises(ValueError, match="upstream"):
        act.softmax_backward(x[:2], x)
    for f, slope, options in STEEP:
        for g in (f, slope):
            with pytest.raises(ValueError, match="real numbers"):
                g(np.array([1j]), **options)


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


@pytest.mark.parametrize(
    "name, f, leaf",
    [
        ("activation/sigmoid", act.sigmoid, "values"),
        ("activation/sigmoid", act.sigmoid_derivative, "derivative"),
        ("activation/tanh", act.tanh, "values"),
        ("activation/relu", act.relu, "values"),
        ("activation/elu", act.elu, "values"),
        ("activation/selu", act.selu, "values"),
        ("activation/leaky-relu", act.leaky_relu, "values"),
        ("activation/gelu-tanh-formula", lambda x: act.gelu(x, True), "values"),
        ("activation/gelu-tanh-error", act.gelu, "exact_values"),
        (
            "activation/gelu-derivative",
            lambda x: act.gelu_derivative(x, True),
            "values",
        ),
        ("activation/swish", act.swish, "values_beta_1"),
        ("activation/swish", lambda x: act.swish(x, 1.702), "values_beta_1.702"),
        ("activation/mish", act.mish, "values"),
        ("activation/relu-gradient", act.relu_derivative, "gradient"),
    ],
)
def test_claimed_values(name, f, leaf):
    given, expected = claim(name)
    np.testing.assert_allclose(f(given["x"]), expected[leaf], rtol=1e-7, atol=1e-9)


def test_claims():
    expected = claim("activation/sigmoid")[1]
    fine = np.linspace(-10, 10, 20001)
    slopes = act.sigmoid_derivative(fine)
    assert np.isclose(slopes.max(), expected["max_derivative"])
    assert abs(fine[slopes.argmax()] - expected["max_derivative_at"]) < 1e-9
    assert act.tanh_derivative(0.0) == claim("activation/tanh")[1]["max_derivative"]

    given, expected = claim("activation/relu")
    assert act.relu(given["wave"]).tolist() == expected["rectified"]
    given, expected = claim("activation/relu-on-x-map")
    assert act.relu(given["map"]).tolist() == expected["output"]
    assert (np.array(given["map"]) < 0).sum() == expected["negatives_replaced"]

    given, expected = claim("activation/relu-dying")
    x = np.array(given["inputs"])
    z = given["weight"] * x + given["bias"]
    assert act.relu(z)[:, 0].tolist() == expected["outputs"]
    assert (act.relu_derivative(z) * x).sum() == expected["gradient_weight"]
    assert act.relu_derivative(z).sum() == expected["gradient_bias"]

    expected = claim("activation/selu")[1]
    np.testing.assert_allclose(act.SELU_SCALE, expected["lambda"], rtol=1e-8)
    np.testing.assert_allclose(act.SELU_ALPHA, expected["alpha"], rtol=1e-8)
    for power, leaf in [
        (1, "mean_for_standard_normal"),
        (2, "second_moment_for_standard_normal"),
    ]:
        moment, _ = integrate.quad(
            lambda x, p=power: act.selu(x) ** p * stats.norm.pdf(x), -12, 12, points=[0]
        )
        assert abs(moment - expected[leaf]) < 1e-7

    expected = claim("activation/gelu-tanh-error")[1]
    error = abs(act.gelu(fine) - act.gelu(fine, approximate=True))
    np.testing.assert_allclose(error.max(), expected["max_abs_error"], rtol=1e-4)
    assert abs(abs(fine[error.argmax()]) - expected["at_abs_x"]) < 0.01
    expected = claim("activation/swish-near-gelu")[1]
    error = abs(act.gelu(fine) - act.swish(fine, 1.702))
    np.testing.assert_allclose(error.max(), expected["max_abs_difference"], rtol=1e-3)
    assert abs(abs(fine[error.argmax()]) - expected["at_abs_x"]) < 0.01
    error = abs(act.gelu(fine) - act.swish(fine)).max()
    np.testing.assert_allclose(error, expected["max_abs_difference_beta_1"], rtol=1e-3)

    expected = claim("activation/mish")[1]
    lowest = optimize.minimize_scalar(act.mish, bracket=(-2, -1, 0))
    np.testing.assert_allclose(lowest.fun, expected["minimum"], rtol=1e-6)
    np.testing.assert_allclose(lowest.x, expected["minimum_at"], atol=1e-3)
    assert act.elu(-1e3) == claim("activation/elu")[1]["left_limit"]

    given, expected = claim("activation/prelu-as-gate")
    values = act.leaky_relu(given["s"], given["alpha"])
    assert values.tolist() == expected["values"]
    assert act.relu_derivative(given["s"]).tolist() == expected["p"]
    given, expected = claim("activation/dice")
    values = act.dice(
        np.array(given["s"])[:, None], given["alpha"], epsilon=given["epsilon"]
    )
    np.testing.assert_allclose(values[:, 0], expected["values"], rtol=1e-7)
    given, expected = claim("loss/softmax")
    np.testing.assert_allclose(act.softmax(given["scores"]), expected["probabilities"])
