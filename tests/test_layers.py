"""The layers against NumPy, Keras's own with the same weights, TensorFlow, and SciPy.

All tests here run on TensorFlow, and again on JAX in one process of their own.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import linalg

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras
from keras import ops

from cnnkit import check, layers, reference
from cnnkit.layers import grouped_conv2d

BACKEND = keras.backend.backend()


def normal(*shape):
    rng = np.random.default_rng([*shape])
    return rng.normal(1, 2, shape).astype("float32")


def as_numpy(x):
    return np.asarray(ops.convert_to_numpy(ops.cast(x, "float32")))


def set_random_weights(layer):
    """Weights off 0 and 1, so that none is without effect; variances stay positive."""
    rng = np.random.default_rng(0)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])


def output(layer, x, **call):
    """The layer's output as an array; its averages move."""
    return as_numpy(outcome(layer, x, **call))


def outcome(layer, x, **call):
    """The layer's output; JAX compiles it whole, which is sooner done than op by op."""
    if BACKEND != "jax" or not layer.built:
        return layer(x, **call)
    import jax

    moving = layer.non_trainable_variables

    @jax.jit
    def run(values):
        with keras.StatelessScope(zip(layer.weights, values, strict=True)) as scope:
            y = layer(x, **call)
        return y, [scope.get_current_value(w) for w in moving]

    y, moved = run([w.value for w in layer.weights])
    for variable, value in zip(moving, moved, strict=True):
        variable.assign(value)
    return y


def gradient(f, values):
    """`check.gradient`, compiled whole on JAX."""
    if BACKEND != "jax":
        return check.gradient(f, values)
    import jax

    grad = jax.jit(jax.grad(f, argnums=tuple(range(len(values)))))
    return [np.asarray(g) for g in grad(*values)]


def gradients(layer, x, upstream, **call):
    """Gradients of sum(layer(x) * upstream) by x and by each trainable weight."""
    weights = layer.trainable_variables

    def loss(x, *values):
        with keras.StatelessScope(zip(weights, values, strict=True)):
            return ops.sum(layer(x, **call) * upstream)

    return gradient(loss, [x, *(as_numpy(w) for w in weights)])


def assert_close(mine, theirs, tolerance=1e-4):
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


# GroupedConv2D


@pytest.mark.parametrize(
    "channels, filters, groups, settings",
    [
        (8, 12, 1, {}),
        (8, 12, 2, dict(padding="same", activation="relu")),
        (12, 24, 3, dict(strides=2, padding="same")),
        (12, 6, 6, dict(dilation_rate=2, use_bias=False)),
        (64, 64, 32, dict(padding="same")),  # two parts of 16 groups
        (96, 48, 2, dict(strides=(1, 2))),  # a group wider than a part
        (20, 20, 20, dict(padding="same")),  # depthwise, one part
        (160, 160, 5, dict(kernel_size=1)),
        (128, 64, 16, dict(kernel_size=1, strides=2)),  # two parts of 8 groups
    ],
)
def test_grouped_conv2d_equals_keras_and_numpy(channels, filters, groups, settings):
    settings = dict(kernel_size=3, groups=groups, kernel_initializer="zeros") | settings
    mine = layers.GroupedConv2D(filters, **settings)
    theirs = keras.layers.Conv2D(filters, **settings)
    x = normal(2, 7, 9, channels)
    mine.build(x.shape)
    theirs.build(x.shape)
    assert [w.shape for w in mine.weights] == [w.shape for w in theirs.weights]
    theirs.set_weights([normal(*w.shape) / w.shape[0] ** 2 for w in theirs.weights])
    mine.set_weights(theirs.get_weights())
    y = output(mine, x)
    assert y.shape == mine.compute_output_shape(x.shape)
    scale = np.abs(y).max()
    assert_close(y / scale, output(theirs, x) / scale, 1e-5)

    arguments = dict(
        bias=as_numpy(theirs.bias) if theirs.use_bias else None,
        stride=theirs.strides,
        padding=theirs.padding,
        dilation=theirs.dilation_rate,
        groups=groups,
    )
    expected = reference.conv2d(x, as_numpy(theirs.kernel), **arguments)
    if "activation" in settings:
        expected = np.maximum(expected, 0)
    assert_close(y / scale, expected / scale, 1e-5)

    del arguments["bias"]
    upstream = normal(*y.shape) * (y != 0)
    expected = reference.conv2d_backward(
        upstream, x, as_numpy(theirs.kernel), **arguments
    )
    for found, wanted in zip(gradients(mine, x, upstream), expected, strict=False):
        assert_close(found / np.abs(wanted).max(), wanted / np.abs(wanted).max(), 1e-5)


def test_grouped_conv2d_is_cut_into_parts_on_cpus_only(monkeypatch):
    convolve, seen = keras.layers.Conv2D.convolution_op, []

    def watched(self, inputs, kernel):
        seen.append((inputs.shape[-1], tuple(kernel.shape)))
        return convolve(self, inputs, kernel)

    monkeypatch.setattr(keras.layers.Conv2D, "convolution_op", watched)
    x = normal(1, 5, 5, 128)
    layer = layers.GroupedConv2D(64, 3, groups=32)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    layer(x)
    assert seen == [(32, (3, 3, 32, 16))] * 4
    seen.clear()
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", "gpu:0"])
    layer(x)
    assert seen == [(128, (3, 3, 4, 64))]


def test_groups_of_a_grouped_conv2d_do_not_see_each_other():
    layer = layers.GroupedConv2D(8, 3, groups=4, padding="same")
    x = normal(1, 5, 5, 16)
    changed = x.copy()
    changed[..., 4:8] += 1  # the second group's input
    same = (output(layer, x) == output(layer, changed)).all(axis=(0, 1, 2))
    assert same.tolist() == [True, True, False, False, True, True, True, True]


@pytest.mark.parametrize(
    "groups, size, width, together", [(6, 4, 12, 3), (6, 4, 23, 3)]
)
def test_groups_in_part_divide_the_groups(groups, size, width, together):
    assert grouped_conv2d.groups_in_part(groups, size, width) == together


# DecorrelatedBatchNormalization


@pytest.mark.parametrize(
    "shape, size",
    [
        ((40, 6), 3),
        ((9, 3, 4, 6), None),
        ((64, 5, 64), 16),
        ((80, 70), 35),
        ((30, 5), 1),
    ],
)
def test_decorrelated_batch_normalization_equals_numpy(shape, size):
    layer = layers.DecorrelatedBatchNormalization(size, momentum=0.8, epsilon=1e-2)
    layer.build(shape)
    layer.gamma.assign(normal(shape[-1]))
    layer.beta.assign(normal(shape[-1]) - 1)
    gamma, beta = as_numpy(layer.gamma), as_numpy(layer.beta)
    mixing = np.random.default_rng(0).normal(size=(shape[-1], shape[-1]))
    x = (normal(*shape) @ (np.eye(shape[-1]) + mixing / shape[-1])).astype("float32")
    upstream = normal(*shape) - 1
    moving = None
    for batch in (x, x[::-1] * 2):
        wide = batch.astype("float64")
        y, moving = reference.decorrelated_batch_norm(
            wide, gamma, beta, size, moving, momentum=0.8, epsilon=1e-2
        )
        assert_close(output(layer, batch, training=True), y)
        assert_close(as_numpy(layer.moving_mean), moving[0])
        assert_close(as_numpy(layer.moving_whitening), moving[1])
    for training in (True, False):
        y, _ = reference.decorrelated_batch_norm(
            x.astype("float64"), gamma, beta, size, moving, training, epsilon=1e-2
        )
        expected = reference.decorrelated_batch_norm_backward(
            upstream, x.astype("float64"), gamma, size, moving, training, epsilon=1e-2
        )
        found = gradients(layer, x, upstream, training=training)
        if not training:
            assert_close(output(layer, x), y)
        for mine, theirs in zip(found, expected, strict=True):
            scale = np.abs(theirs).max()
            assert_close(mine / scale, theirs / scale)


def test_whitened_groups_are_uncorrelated():
    layer = layers.DecorrelatedBatchNormalization(4, epsilon=1e-6)
    layer.build((500, 8))
    x = normal(500, 8) @ np.tril(np.ones((8, 8), "float32"))
    y = output(layer, x, training=True)
    covariance = y.T @ y / 500
    for start in (0, 4):
        block = covariance[start : start + 4, start : start + 4]
        assert_close(block, np.eye(4), 1e-3)
    assert np.abs(covariance[:4, 4:]).max() > 0.1  # groups are left as they are


def test_equal_eigenvalues_leave_the_whitening_gradient_exact():
    white = linalg.orth(np.random.default_rng(0).normal(size=(64, 5)))
    white = linalg.orth(white - white.mean(0)) * 8  # covariance: the identity
    x, upstream = white.astype("float32"), normal(64, 5)
    layer = layers.DecorrelatedBatchNormalization(None, center=False, scale=False)
    layer.build(x.shape)
    (found,) = gradients(layer, x, upstream, training=True)
    expected, *_ = reference.decorrelated_batch_norm_backward(upstream, white)
    assert_close(found, expected, 1e-5)
    constant = np.ones_like(x)  # every eigenvalue epsilon
    (found,) = gradients(layer, constant, upstream, training=True)
    assert np.isfinite(found).all()


def test_a_diverged_batch_gives_nan_and_no_error():
    x = normal(20, 4)
    x[3, 2] = np.nan
    layer = layers.DecorrelatedBatchNormalization(2, center=False, scale=False)
    layer.build(x.shape)
    y = output(layer, x, training=True)
    assert np.isnan(y[:, 2:]).all()


# LocalResponseNormalization


@pytest.mark.parametrize("shape", [(2, 3, 4, 9), (4, 3)])
@pytest.mark.parametrize(
    "size, bias, alpha, beta", [(5, 2.0, 1e-4, 0.75), (3, 1.0, 1.0, 0.5), (1, 1, 2, 1)]
)
def test_local_response_normalization_equals_numpy(shape, size, bias, alpha, beta):
    arguments = size, bias, alpha, beta
    layer = layers.LocalResponseNormalization(*arguments)
    x, upstream = normal(*shape), normal(*shape)
    assert_close(output(layer, x), reference.local_response_norm(x, *arguments), 1e-5)
    (found,) = gradients(layer, x, upstream)
    expected = reference.local_response_norm_backward(upstream, x, *arguments)
    assert_close(found, expected, 1e-4)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="needs TensorFlow")
def test_local_response_normalization_equals_tensorflow():
    import tensorflow as tf

    x = normal(2, 5, 5, 96) * 20
    layer = layers.LocalResponseNormalization()
    expected = tf.nn.local_response_normalization(x, 2, 2.0, 1e-4, 0.75)
    assert_close(output(layer, x), expected.numpy(), 1e-5)


# Dice


@pytest.mark.parametrize("shape", [(12, 3), (4, 3, 2, 5)])
def test_dice_equals_numpy(shape):
    layer = layers.Dice(momentum=0.8)
    layer.build(shape)
    layer.slope.assign(normal(shape[-1]))
    slope, x, upstream = as_numpy(layer.slope), normal(*shape), normal(*shape)
    assert_close(output(layer, x, training=True), reference.dice(x, slope), 1e-5)
    batch = tuple(range(x.ndim - 1))
    statistics = 0.2 * x.mean(batch), 0.8 + 0.2 * x.var(batch)
    assert_close(as_numpy(layer.moving_mean), statistics[0], 1e-5)
    assert_close(as_numpy(layer.moving_variance), statistics[1], 1e-5)
    used = reference.dice(x, slope, statistics)
    assert_close(output(layer, x, training=False), used, 1e-5)
    for training, known in ((True, None), (False, statistics)):
        found = gradients(layer, x, upstream, training=training)
        expected = reference.dice_backward(upstream, x, slope, known)
        for mine, theirs in zip(found, expected, strict=True):
            assert_close(mine, theirs, 1e-4)


# Blocks


def test_squeeze_excite_equals_numpy():
    inputs = keras.Input((None, None, 12))
    model = keras.Model(inputs, layers.squeeze_excite(inputs, 4, "se"))
    assert [layer.name for layer in model.layers[1:]] == [
        "se_squeeze",
        "se_reduce",
        "se_gate",
        "se_scale",
    ]
    assert model.count_params() == 2 * 12 * 12 // 4 + 12 // 4 + 12
    x = normal(3, 4, 5, 12)
    set_random_weights(model)
    w1, b1, w2, b2 = model.get_weights()
    w2, b2 = w2 / 20, b2 - 1  # gates neither open nor shut
    model.set_weights([w1, b1, w2, b2])
    hidden = np.maximum(x.mean((1, 2)) @ w1 + b1, 0)
    gate = reference.sigmoid(hidden @ w2 + b2)
    assert 0.05 < gate.min() < gate.max() < 0.95
    assert_close(model.predict(x, verbose=0), x * gate[:, None, None], 1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size, stride", [(2, None), (3, 2), ((2, 3), 1)])
def test_l2_pooling2d_equals_numpy(size, stride, padding):
    x = normal(2, 6, 7, 3)
    x[0, :3, :3] = 0  # windows without a derivative
    expected = reference.l2_pool2d(x, size, stride, padding)
    assert_close(as_numpy(layers.l2_pooling2d(x, size, stride, padding)), expected)
    upstream = normal(*expected.shape)
    (found,) = gradient(
        lambda x: ops.sum(layers.l2_pooling2d(x, size, stride, padding) * upstream), [x]
    )
    assert_close(
        found, reference.l2_pool2d_backward(upstream, x, size, stride, padding)
    )


def test_l2_pooling2d_keeps_half_precision_from_overflowing():
    x = ops.cast(np.full((1, 2, 2, 1), 1000.0), "float16")  # 1000^2 > 65504
    y = layers.l2_pooling2d(x)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    assert as_numpy(y).item() == 1000


# Keras's own requirements


def make_layers():
    return [
        layers.GroupedConv2D(8, 3, padding="same", groups=2, activation="relu"),
        layers.GroupedConv2D(8, 1, groups=4, use_bias=False, name="pointwise"),
        layers.DecorrelatedBatchNormalization(4, momentum=0.9, epsilon=1e-2),
        layers.DecorrelatedBatchNormalization(None, center=False, scale=False),
        layers.LocalResponseNormalization(3, 1.0, 0.1, 0.5),
        layers.Dice(0.1, momentum=0.9, epsilon=1e-3),
    ]


def small_model(dtype=None):
    inputs = keras.Input((6, 6, 8))
    x = inputs
    for layer in make_layers():
        x = layer(x)
    x = layers.squeeze_excite(x, 2)
    x = layers.l2_pooling2d(x)
    x = keras.layers.Dense(3, dtype=dtype)(keras.layers.Flatten()(x))
    return keras.Model(inputs, x)


def test_configurations_hold_what_was_passed_and_make_the_same_layer():
    passed = [
        (layers.DecorrelatedBatchNormalization, "group_size momentum epsilon center"),
        (layers.LocalResponseNormalization, "size bias alpha beta"),
        (layers.Dice, "alpha momentum epsilon"),
    ]
    values = {
        "group_size": None,
        "momentum": 0.5,
        "epsilon": 1e-4,
        "center": False,
        "size": 7,
        "bias": 1.5,
        "alpha": 0.125,
        "beta": 0.25,
    }
    for layer, names in passed:
        arguments = {name: values[name] for name in names.split()}
        config = layer(**arguments, name="mine").get_config()
        assert {name: config[name] for name in arguments} == arguments
        assert config["name"] == "mine"
    for layer in make_layers():
        config = keras.saving.serialize_keras_object(layer)
        assert config["registered_name"] == f"cnnkit>{type(layer).__name__}"
        again = keras.saving.deserialize_keras_object(config)
        assert type(again) is type(layer)
        assert again.get_config() == layer.get_config()


def test_a_model_of_all_layers_learns_and_survives_saving(tmp_path):
    keras.utils.set_random_seed(0)
    model = small_model()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = normal(20, 6, 6, 8), normal(20, 3)
    before = [as_numpy(w) for w in model.weights]
    # the last batch is a smaller one
    losses = model.fit(x, y, batch_size=8, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    moved = [
        np.abs(as_numpy(w) - old).max()
        for w, old in zip(model.weights, before, strict=True)
    ]
    assert min(moved) > 0, [w.path for w in model.weights]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for batch in (1, 5):
        np.testing.assert_array_equal(
            again.predict(x[:batch], verbose=0), model.predict(x[:batch], verbose=0)
        )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_in_half_and_keeps_weights_in_single(policy):
    x = normal(16, 6, 6, 8) / 4
    full = make_layers()
    kept = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        half = make_layers()
        model = small_model("float32") if policy == "mixed_float16" else None
    finally:
        keras.config.set_dtype_policy(kept)
    for layer, single in zip(half, full, strict=True):
        call = {"training": True} if layer.non_trainable_variables else {}
        single.build(x.shape)
        layer.build(x.shape)
        set_random_weights(single)
        layer.set_weights(single.get_weights())
        y = outcome(layer, x, **call)
        assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
        assert {w.dtype for w in layer.weights} <= {"float32"}
        expected = output(single, x, **call)
        error = np.abs(as_numpy(y) - expected).max() / np.abs(expected).max()
        assert error < 0.02
    if policy == "mixed_float16":  # the harder one: losses are scaled
        model.compile("adam", "mse")
        history = model.fit(x, normal(16, 3), batch_size=8, verbose=0).history
        assert np.isfinite(history["loss"]).all()


def test_without_trainable_the_averages_are_used_and_kept():
    x = normal(16, 4)
    for layer in (layers.Dice(), layers.DecorrelatedBatchNormalization(2)):
        layer.build(x.shape)
        layer.trainable = False
        before = [as_numpy(w) for w in layer.weights]
        y = output(layer, x, training=True)
        np.testing.assert_array_equal(y, output(layer, x, training=False))
        for weight, old in zip(layer.weights, before, strict=True):
            np.testing.assert_array_equal(as_numpy(weight), old)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.GroupedConv2D(9, 3, groups=2),
        lambda: layers.GroupedConv2D(8, 3, groups=0),
        lambda: layers.GroupedConv2D(8, 3, groups=2).build((None, 5, 5, 7)),
        lambda: layers.GroupedConv2D(8, 3, groups=2, data_format="channels_first"),
        lambda: layers.DecorrelatedBatchNormalization(0),
        lambda: layers.DecorrelatedBatchNormalization(2.5),
        lambda: layers.DecorrelatedBatchNormalization(epsilon=0),
        lambda: layers.DecorrelatedBatchNormalization(momentum=1),
        lambda: layers.DecorrelatedBatchNormalization(momentum=-0.1),
        lambda: layers.DecorrelatedBatchNormalization(4).build((None, 6)),
        lambda: layers.DecorrelatedBatchNormalization(4).build((None, None)),
        lambda: layers.DecorrelatedBatchNormalization(4).build((4,)),
        lambda: layers.LocalResponseNormalization(4),
        lambda: layers.LocalResponseNormalization(-1),
        lambda: layers.LocalResponseNormalization(bias=0),
        lambda: layers.LocalResponseNormalization(alpha=-1),
        lambda: layers.LocalResponseNormalization(beta=0),
        lambda: layers.LocalResponseNormalization().build((None, None)),
        lambda: layers.Dice(momentum=1),
        lambda: layers.Dice(epsilon=0),
        lambda: layers.Dice().build((None, 3, None)),
        lambda: layers.Dice().build((3,)),
        lambda: layers.squeeze_excite(np.ones((1, 2, 2, 6)), 4),
        lambda: layers.squeeze_excite(np.ones((1, 2, 2, 6)), 0),
        lambda: layers.squeeze_excite(np.ones((1, 6)), 2),
        lambda: layers.l2_pooling2d(np.ones((2, 2, 6))),
    ],
)
def test_bad_input_raises(make):
    with pytest.raises(ValueError, match=r"(?s)expected.*; *received"):
        make()


@pytest.mark.skipif(BACKEND == "jax", reason="this is the run on JAX")
def test_everything_holds_on_jax():
    pytest.importorskip("jax")
    here = Path(__file__).parent
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "no:xdist", "--no-header", "--tb=short"),
            *(here / "test_layers.py", here / "test_schedules.py"),
        ],
        env=os.environ
        | {"KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        cwd=here.parent,
        capture_output=True,
        text=True,
        timeout=600,  # half a minute on a quiet machine
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
