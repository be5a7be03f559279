"""Normalisation in NumPy against Keras, TensorFlow, differences and the lectures."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

import cnnkit
from cnnkit import check
from cnnkit.reference import normalization as norm

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
SHAPES = [(6, 4), (3, 5, 4), (2, 3, 5, 4)]


def operands(shape, scale=None):
    """x, upstream, gamma and beta, each off zero and off one."""
    rng = np.random.default_rng([*shape])
    scale = shape[-1:] if scale is None else scale
    x, up = rng.normal(1, 2, shape), rng.normal(size=shape)
    return x, up, rng.normal(1, 1, scale), rng.normal(size=scale)


def keras_layer(layer, shape, gamma, beta, *rest):
    """The layer in single precision, with our weights."""
    layer.build(shape)
    layer.set_weights([np.asarray(w, "float32") for w in (gamma, beta, *rest)])
    return layer


def assert_layer_agrees(y, gradients, layer, x, up, **call):
    """Output and the gradients by x, gamma and beta are the layer's own."""
    import keras

    narrow = x.astype("float32")
    theirs = np.asarray(layer(narrow, **call))
    np.testing.assert_allclose(y, theirs, rtol=1e-4, atol=1e-4)

    def loss(x, gamma, beta):
        weights = [(layer.gamma, gamma), (layer.beta, beta)]
        with keras.StatelessScope(weights):
            return keras.ops.sum(layer(x, **call) * up.astype("float32"))

    parts = [narrow, np.asarray(layer.gamma), np.asarray(layer.beta)]
    for mine, found in zip(gradients, check.gradient(loss, parts), strict=True):
        np.testing.assert_allclose(mine, found, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_equals_keras(shape):
    import keras

    x, up, gamma, beta = operands(shape)
    moving = np.array([1.0, -1, 0.5, 2]), np.array([1.0, 2, 0.5, 3])
    for momentum in (0.99, 0.5):
        layer = keras.layers.BatchNormalization(momentum=momentum)
        keras_layer(layer, shape, gamma, beta, *moving)
        y, _ = norm.batch_norm(x, gamma, beta, moving, training=False)
        gradients = norm.batch_norm_backward(up, x, gamma, moving, training=False)
        assert_layer_agrees(y, gradients, layer, x, up, training=False)

        y, moved = norm.batch_norm(x, gamma, beta, moving, momentum=momentum)
        gradients = norm.batch_norm_backward(up, x, gamma)
        np.testing.assert_allclose(
            y, layer(x.astype("float32"), training=True), rtol=1e-4, atol=1e-4
        )
        for mine, theirs in zip(
            moved, (layer.moving_mean, layer.moving_variance), strict=True
        ):
            np.testing.assert_allclose(mine, np.asarray(theirs), rtol=1e-5)
        assert_layer_agrees(y, gradients, layer, x, up, training=True)
    start = keras.layers.BatchNormalization()
    start(x.astype("float32"), training=True)
    moved = norm.batch_norm(x)[1]
    np.testing.assert_allclose(moved[0], np.asarray(start.moving_mean), rtol=1e-5)
    np.testing.assert_allclose(moved[1], np.asarray(start.moving_variance), rtol=1e-5)


@pytest.mark.parametrize(
    "shape, axis", [((6, 4), -1), ((2, 3, 5, 4), -1), ((2, 3, 5, 4), (1, 2, 3))]
)
def test_layer_norm_equals_keras(shape, axis):
    import keras

    scale = shape[-1:] if axis == -1 else shape[1:]
    x, up, gamma, beta = operands(shape, scale)
    layer = keras_layer(keras.layers.LayerNormalization(axis), shape, gamma, beta)
    y = norm.layer_norm(x, gamma, beta, axis)
    gradients = norm.layer_norm_backward(up, x, gamma, axis)
    assert_layer_agrees(y, gradients, layer, x, up)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_and_instance_norm_equal_keras(shape, groups):
    import keras

    x, up, gamma, beta = operands(shape)
    layer = keras_layer(keras.layers.GroupNormalization(groups), shape, gamma, beta)
    y = norm.group_norm(x, groups, gamma, beta)
    gradients = norm.group_norm_backward(up, x, groups, gamma)
    assert_layer_agrees(y, gradients, layer, x, up)
    if len(shape) > 2 and groups == 4:
        layer = keras_layer(keras.layers.GroupNormalization(-1), shape, gamma, beta)
        y = norm.instance_norm(x, gamma, beta)
        gradients = norm.instance_norm_backward(up, x, gamma)
        assert_layer_agrees(y, gradients, layer, x, up)


def test_local_response_norm_equals_tensorflow():
    tf = pytest.importorskip("tensorflow")
    x, up, _, _ = operands((2, 3, 2, 9))
    for size, bias, alpha, beta in [(5, 2, 1e-4, 0.75), (3, 1, 1, 0.5), (25, 1, 2, 1)]:
        narrow = tf.constant(x, "float32")
        with tf.GradientTape() as tape:
            tape.watch(narrow)
            theirs = tf.nn.local_response_normalization(
                narrow, size // 2, bias, alpha, beta
            )
            loss = tf.reduce_sum(theirs * up)
        mine = norm.local_response_norm(x, size, bias, alpha, beta)
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
        dx = norm.local_response_norm_backward(up, x, size, bias, alpha, beta)
        np.testing.assert_allclose(
            dx, tape.gradient(loss, narrow), rtol=1e-3, atol=1e-4
        )


def whiten_by_hand(x, epsilon):
    """Whitening by SciPy's general matrix functions."""
    flat = x.reshape(-1, x.shape[-1])
    covariance = np.cov(flat.T, bias=True).reshape(x.shape[-1], -1)
    root = linalg.sqrtm(covariance + epsilon * np.eye(x.shape[-1]))
    return linalg.solve(root, (flat - flat.mean(0)).T).T.reshape(x.shape), linalg.inv(
        root
    )


@pytest.mark.parametrize(
    "shape, size", [((9, 4), None), ((2, 3, 5, 6), 3), ((8, 2), 1)]
)
def test_decorrelated_batch_norm_equals_scipy(shape, size):
    x, _, gamma, beta = operands(shape)
    step = size or shape[-1]
    y, moving = norm.decorrelated_batch_norm(x, gamma, beta, size, momentum=0.9)
    for first in range(0, shape[-1], step):
        part = slice(first, first + step)
        white, matrix = whiten_by_hand(x[..., part], 1e-3)
        np.testing.assert_allclose(
            y[..., part], gamma[part] * white + beta[part], rtol=1e-8, atol=1e-8
        )
        np.testing.assert_allclose(
            moving[1][first // step], 0.9 * np.eye(step) + 0.1 * matrix, atol=1e-8
        )
    batch = tuple(range(x.ndim - 1))
    np.testing.assert_allclose(moving[0], 0.1 * x.mean(batch))
    used, kept = norm.decorrelated_batch_norm(x, gamma, beta, size, moving, False)
    assert kept[0] is not None and (kept[1] == moving[1]).all()
    for first in range(0, shape[-1], step):
        part = slice(first, first + step)
        centred = x[..., part] - moving[0][part]
        expected = np.einsum("ij,...j->...i", moving[1][first // step], centred)
        np.testing.assert_allclose(
            used[..., part], gamma[part] * expected + beta[part], atol=1e-12
        )


def test_decorrelated_batch_norm_gradient_equals_the_backends():
    import keras

    x, up, gamma, beta = (a.astype("float32") for a in operands((12, 3)))

    def theirs(x, gamma, beta):
        ops = keras.ops
        centred = x - ops.mean(x, axis=0)
        covariance = ops.matmul(ops.transpose(centred), centred) / 12
        values, axes = ops.eigh(covariance + 1e-3 * ops.eye(3))
        matrix = ops.matmul(axes / ops.sqrt(values), ops.transpose(axes))
        return ops.sum((ops.matmul(centred, matrix) * gamma + beta) * up)

    found = check.gradient(theirs, [x, gamma, beta])
    mine = norm.decorrelated_batch_norm_backward(up, x, gamma)
    for a, b in zip(mine, found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def first(result):
    return result[0] if isinstance(result, tuple) else result


MOVING = np.array([0.5, -1, 2, 0]), np.array([1.0, 2, 0.5, 3])
WHITENING = np.array([0.5, -1, 2, 0]), np.random.default_rng(0).normal(size=(2, 2, 2))
WHITENING = WHITENING[0], WHITENING[1] + WHITENING[1].swapaxes(1, 2)  # symmetric
METHODS = {
    "batch": (norm.batch_norm, norm.batch_norm_backward, {}),
    "batch, in use": (
        norm.batch_norm,
        norm.batch_norm_backward,
        dict(moving=MOVING, training=False),
    ),
    "layer": (norm.layer_norm, norm.layer_norm_backward, {}),
    "group": (norm.group_norm, norm.group_norm_backward, dict(groups=2)),
    "instance": (norm.instance_norm, norm.instance_norm_backward, {}),
    "decorrelated": (
        norm.decorrelated_batch_norm,
        norm.decorrelated_batch_norm_backward,
        {},
    ),
    "decorrelated groups": (
        norm.decorrelated_batch_norm,
        norm.decorrelated_batch_norm_backward,
        dict(group_size=2),
    ),
    "decorrelated, in use": (
        norm.decorrelated_batch_norm,
        norm.decorrelated_batch_norm_backward,
        dict(group_size=2, moving=WHITENING, training=False),
    ),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_backward_equals_differences(name, epsilon):
    forward, backward, options = METHODS[name]
    options = {**options, "epsilon": epsilon}
    x, up, gamma, beta = operands((3, 2, 3, 4))
    gradients = backward(up, x, gamma=gamma, **options)
    check.gradient_check(
        lambda x, g, b: np.sum(first(forward(x, gamma=g, beta=b, **options)) * up),
        [x, gamma, beta],
        list(gradients),
    )


def test_other_backwards_equal_differences():
    x, up, gamma, beta = operands((2, 3, 2, 4), (3, 2, 4))
    axes = (1, 2, 3)
    check.gradient_check(
        lambda x, g, b: np.sum(norm.layer_norm(x, g, b, axes) * up),
        [x, gamma, beta],
        list(norm.layer_norm_backward(up, x, gamma, axes)),
    )
    for place in [(5, 2, 1e-4, 0.75), (3, 1, 1, 0.5), (1, 0.5, 2, 2)]:
        check.gradient_check(
            lambda x, place=place: np.sum(norm.local_response_norm(x, *place) * up),
            x,
            norm.local_response_norm_backward(up, x, *place),
        )


def test_equal_eigenvalues_have_a_gradient():
    # the covariance is the identity: no axes to speak of, and still a derivative
    x = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    up = operands((4, 2))[1]
    check.gradient_check(
        lambda x: np.sum(norm.decorrelated_batch_norm(x)[0] * up),
        x,
        norm.decorrelated_batch_norm_backward(up, x)[0],
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 999), st.floats(0.1, 50), st.floats(-50, 50))
def test_properties(seed, factor, shift):
    rng = np.random.default_rng(seed)
    x, up = rng.normal(size=(4, 3, 3, 4)), rng.normal(size=(4, 3, 3, 4))
    tiny = dict(epsilon=1e-12)
    moved = factor * x + shift
    axes = {
        "batch": (0, 1, 2),
        "layer": 3,
        "instance": (1, 2),
        "decorrelated": (0, 1, 2),
    }
    for name, over in axes.items():
        forward, backward, options = METHODS[name]
        y = first(forward(x, **options, **tiny))
        np.testing.assert_allclose(y.mean(over), 0, atol=1e-9)
        np.testing.assert_allclose(y.var(over), 1, rtol=1e-6)
        # scale and shift of the input do not show
        again = first(forward(moved, **options, **tiny))
        np.testing.assert_allclose(again, y, rtol=1e-5, atol=1e-6)
        # so gradients sum to zero over every statistic
        dx = backward(up, x, **options)[0]
        np.testing.assert_allclose(dx.sum(over), 0, atol=1e-9)
    y = norm.decorrelated_batch_norm(x, **tiny)[0].reshape(-1, 4)
    np.testing.assert_allclose(y.T @ y / len(y), np.eye(4), atol=1e-6)
    # one group is layer normalisation of the whole map, single channels are instances
    np.testing.assert_allclose(
        norm.group_norm(x, 1), norm.layer_norm(x, axis=(1, 2, 3))
    )
    np.testing.assert_allclose(norm.group_norm(x, 4), norm.instance_norm(x))
    # groups of one channel do not decorrelate
    np.testing.assert_allclose(
        norm.decorrelated_batch_norm(x, group_size=1)[0], norm.batch_norm(x)[0]
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_is_kept(dtype):
    x, up, gamma, beta = (a.astype(dtype) for a in operands((4, 8, 8, 4)))
    x = x * 200  # squares exceed half precision
    for name, (forward, backward, options) in METHODS.items():
        if dtype == np.longdouble and name.startswith("decorrelated"):
            continue  # LAPACK's eigenvectors stop at doubles
        y = first(forward(x, gamma=gamma, beta=beta, **options))
        assert y.dtype == dtype and np.isfinite(y).all()
        exact = first(forward(x.astype(float), gamma=gamma, beta=beta, **options))
        tolerance = 4 * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(
            y.astype(float), exact, rtol=tolerance, atol=max(1e-4, tolerance * 100)
        )
        for gradient in backward(up, x, gamma=gamma, **options):
            assert gradient.dtype == dtype
    y = norm.local_response_norm(x)
    assert y.dtype == norm.local_response_norm_backward(up, x).dtype == dtype
    assert np.isfinite(y).all()


def test_whole_numbers_become_floats():
    photo = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    for f in (norm.batch_norm, norm.layer_norm, norm.instance_norm):
        y = first(f(photo))
        np.testing.assert_allclose(y, first(f(photo.astype(float))))
    y = norm.local_response_norm(photo)
    np.testing.assert_allclose(y, norm.local_response_norm(photo.astype(float)))


def test_statistics_are_not_changed_in_place():
    moving = np.zeros(4), np.ones(4)
    x = operands((6, 4))[0]
    norm.batch_norm(x, moving=moving)
    norm.decorrelated_batch_norm(x, group_size=2)
    assert not moving[0].any() and (moving[1] == 1).all()


def test_memory_stays_within_ten_times_input_and_output():
    x = np.random.default_rng(0).normal(size=(8, 32, 32, 16)).astype("float32")
    runs = [(f, b, o) for f, b, o in METHODS.values() if "moving" not in o]
    for forward, backward, options in [
        *runs,
        (norm.local_response_norm, norm.local_response_norm_backward, {}),
    ]:
        for run in (
            lambda f=forward, o=options: f(x, **o),
            lambda f=backward, o=options: f(x, x, **o),
        ):
            tracemalloc.start()
            run()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 10 * 2 * x.nbytes


X = np.zeros((2, 3, 3, 4))


@pytest.mark.parametrize("name", METHODS)
def test_bad_input(name):
    forward, backward, options = METHODS[name]

    def refused(message, x=X, up=X, **change):
        given = {**options, **change}
        with pytest.raises(ValueError, match=message):
            forward(x, **given)
        with pytest.raises(ValueError, match=message):
            backward(up, x, **{k: v for k, v in given.items() if k != "beta"})

    for epsilon in (0, -1e-3, np.nan):
        refused("epsilon > 0; received", epsilon=epsilon)
    refused("gamma of shape", gamma=np.ones(3))
    refused("expected .*received", x=np.float64(1), up=np.float64(1))
    refused("real numbers", x=X + 1j)
    with pytest.raises(ValueError, match="beta of shape"):
        forward(X, beta=np.ones((4, 1)), **options)
    with pytest.raises(ValueError, match="upstream"):
        backward(X[:1], X, **options)
    if "training" in options:
        refused("moving statistics of training; received None", moving=None)
        refused("expected moving statistics", moving=(np.zeros(3), np.zeros(3)))
    if "batch" in name or "decorrelated" in name:
        refused("at least one example", x=X[:0], up=X[:0])
        for momentum in (1, -0.1):
            with pytest.raises(ValueError, match="0 <= momentum < 1"):
                forward(X, momentum=momentum, **options)


def test_more_bad_input():
    with pytest.raises(ValueError, match=r"groups .*divides the 4 .* received 3"):
        norm.group_norm(X, 3)
    with pytest.raises(ValueError, match=r"group_size .*divides the 4 .* received 3"):
        norm.decorrelated_batch_norm(X, group_size=3)
    with pytest.raises(ValueError, match="received 0"):
        norm.decorrelated_batch_norm(X, group_size=0)
    with pytest.raises(ValueError, match="positions"):
        norm.instance_norm(X[0, 0])
    with pytest.raises(ValueError, match="axes 4"):
        norm.layer_norm(X, axis=4)
    with pytest.raises(ValueError, match="values along"):
        norm.layer_norm(X[..., :0])
    for size in (0, -1, 4):
        with pytest.raises(ValueError, match="odd, positive size"):
            norm.local_response_norm(X, size)
    with pytest.raises(ValueError, match="bias > 0"):
        norm.local_response_norm(X, bias=0)
    with pytest.raises(ValueError, match="upstream"):
        norm.local_response_norm_backward(X[:1], X)


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def test_claims_on_batch_normalisation():
    given, expected = claim("norm/batch-formula")
    x = np.array(given["x"])[:, None]
    tiny = dict(epsilon=1e-300)
    np.testing.assert_allclose(
        norm.batch_norm(x, **tiny)[0][:, 0], expected["normalised"], rtol=1e-8
    )
    apart = given["independent_dimensions"]["x_n_by_d"]
    np.testing.assert_allclose(
        norm.batch_norm(np.array(apart), **tiny)[0],
        expected["independent_dimensions"]["normalised"],
        rtol=1e-8,
        atol=1e-12,
    )
    x = operands(given["x_nchw"])[0].transpose(0, 2, 3, 1)
    y, moving = norm.batch_norm(x, momentum=0, **tiny)
    np.testing.assert_allclose(y.mean((0, 1, 2)), expected["channel_mean"], atol=1e-12)
    np.testing.assert_allclose(y.var((0, 1, 2)), expected["channel_variance"])
    dx = norm.batch_norm_backward(np.cos(x), x)[0]
    assert abs(dx.sum() - expected["sum_of_input_gradients"]) < 1e-12

    given, expected = claim("norm/batch-algorithm")
    x = np.array(given["x"])[:, None]
    y, moving = norm.batch_norm(
        x, given["gamma"], given["beta"], momentum=0, epsilon=given["epsilon"]
    )
    np.testing.assert_allclose(y[:, 0], expected["output"], rtol=1e-8)
    assert (moving[0][0], moving[1][0]) == (expected["mean"], expected["variance"])
    given, expected = claim("norm/gamma-beta-undo")
    x = np.array(given["x"])[:, None]
    place = dict(epsilon=given["epsilon"])
    y, _ = norm.batch_norm(x, expected["gamma_exact"], expected["beta"], **place)
    np.testing.assert_allclose(y[:, 0], expected["output"], rtol=1e-8)
    y, _ = norm.batch_norm(x, x.std(), expected["beta"], **place)
    np.testing.assert_allclose(
        y[:, 0], expected["output_with_printed_gamma"], rtol=1e-8
    )
    given, expected = claim("norm/test-time")
    y, _ = norm.batch_norm(
        np.array([[given["x"]]]),
        given["gamma"],
        given["beta"],
        (np.array([given["running_mean"]]), np.array([given["running_variance"]])),
        training=False,
        epsilon=1e-300,
    )
    assert y.item() == expected["output"]
    given, expected = claim("norm/running-average")
    moving, means = (np.array([given["start"]]), np.ones(1)), []
    for mean in given["batch_means"]:
        batch = np.array([[mean - 1], [mean + 1]])
        _, moving = norm.batch_norm(batch, moving=moving, momentum=given["momentum"])
        means.append(moving[0].item())
    np.testing.assert_allclose(means, expected["running_means"])


def test_claims_on_the_others():
    given, expected = claim("norm/layer-norm")
    y = norm.layer_norm(given["x_n_by_d"], epsilon=1e-300)
    np.testing.assert_allclose(y, expected["normalised"], rtol=1e-8, atol=1e-12)
    given, expected = claim("norm/group-norm")
    x = operands(given["x_nchw"])[0]
    y = norm.group_norm(x.transpose(0, 2, 3, 1), given["groups"], epsilon=1e-12)
    groups = y.transpose(0, 3, 1, 2).reshape(len(x), given["groups"], -1)
    assert groups[..., 0].size == expected["number_of_means"]
    assert groups.shape[2] == expected["values_per_statistic"]
    np.testing.assert_allclose(groups.mean(2), 0, atol=1e-12)
    np.testing.assert_allclose(groups.var(2), 1, rtol=1e-9)
    given, expected = claim("norm/instance-norm")
    x = operands(given["x_nchw"])[0].transpose(0, 2, 3, 1)
    means = norm.instance_norm(x).mean((1, 2))
    assert means.size == expected["number_of_means"]
    np.testing.assert_allclose(means, 0, atol=1e-12)
    given, expected = claim("norm/decorrelated-batch-norm")
    x = np.array(given["x_n_by_d"])
    y, moving = norm.decorrelated_batch_norm(x, momentum=0, epsilon=1e-300)
    np.testing.assert_allclose(y, expected["output"], rtol=1e-7)
    np.testing.assert_allclose(moving[1][0], expected["whitening_matrix"], rtol=1e-7)
    np.testing.assert_allclose(
        y.T @ y / len(y), expected["output_covariance"], atol=1e-9
    )
    y, _ = norm.batch_norm(x, epsilon=1e-300)
    np.testing.assert_allclose(
        y.T @ y / len(y), expected["batch_norm_output_covariance"], rtol=1e-7
    )
