"""Explanations of networks whose answer is known in closed form."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import explain, models

RANDOM = np.random.default_rng(0)


def linear(activation=None, shape=(5, 6, 3), classes=4):
    """Scores are weighted sums of the pixels; returns the weights too."""
    weights = RANDOM.normal(size=(*shape, classes)).astype("float32")
    x = keras.Input(shape)
    dense = layers.Dense(classes, activation=activation, name="scores")
    model = keras.Model(x, dense(layers.Flatten(name="flat")(x)), name="linear")
    dense.set_weights([weights.reshape(-1, classes), np.arange(classes) / 10])
    return model, weights


def corner():
    """Class 1 scores the mean of the top left 4x4 pixels, class 0 minus that."""
    x = keras.Input((16, 16, 1))
    y = layers.Conv2D(2, 1, use_bias=False, name="maps")(x)
    seen = layers.Cropping2D(((0, 12), (0, 12)), name="seen")(y)
    sums = layers.AveragePooling2D(4)(seen)
    y = layers.Activation("softmax")(layers.Flatten()(sums))
    model = keras.Model(x, y)
    model.set_weights([np.array([-1.0, 1.0]).reshape(1, 1, 1, 2)])
    return model


def tiny(last="plain"):
    """Convolution, ReLU, global mean, dense; the last layer in several forms."""
    keras.utils.set_random_seed(1)
    x = keras.Input((7, 8, 2))
    y = layers.Conv2D(3, 3, name="conv")(x)
    z = layers.ReLU(name="relu")(y)
    if last == "shortcut":  # passes by the layer that is explained
        z = layers.Add()([z, layers.Conv2D(3, 3, name="around")(x)])
    z = layers.GlobalAveragePooling2D()(z)
    activation = {"softmax": "softmax", "sigmoid": "sigmoid"}.get(last)
    z = layers.Dense(4, activation=activation, name="scores")(z)
    if last == "layer":
        z = layers.Softmax()(z)
    return keras.Model(x, z, name="tiny")


# ---- saliency


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid"])
def test_saliency_of_a_linear_model_is_its_weights(activation):
    model, weights = linear(activation)
    images = RANDOM.normal(size=(3, 5, 6, 3)).astype("float32")
    found = explain.saliency(model, images, [2, 0, 2])
    wanted = np.abs(weights).max(axis=2)[..., [2, 0, 2]]
    np.testing.assert_allclose(found, np.moveaxis(wanted, -1, 0), rtol=1e-5)
    one = explain.saliency(model, images[:1], 3)
    np.testing.assert_allclose(one[0], np.abs(weights[..., 3]).max(-1), rtol=1e-5)


def test_saliency_takes_integers_and_leaves_the_model_alone():
    model, weights = linear("softmax")
    before = [(layer.name, len(layer._inbound_nodes)) for layer in model.layers]
    images = np.full((1, 5, 6, 3), 7, "uint8")
    np.testing.assert_allclose(
        explain.saliency(model, images, 1)[0],
        np.abs(weights[..., 1]).max(-1),
        rtol=1e-5,
    )
    explain.grad_cam(tiny("softmax"), np.ones((1, 7, 8, 2)), "conv", 0)
    assert before == [(layer.name, len(layer._inbound_nodes)) for layer in model.layers]
    assert model.get_layer("scores").activation is keras.activations.softmax


# ---- occlusion


def test_occlusion_of_a_linear_model_is_the_weight_that_is_covered():
    model, weights = linear()
    image = RANDOM.normal(size=(5, 6, 3)).astype("float32")
    fill = np.array([0.5, -1.0, 2.0])
    found = explain.occlusion_map(
        model, image, 2, size=(2, 3), stride=(3, 1), fill=fill
    )
    assert found.shape == (2, 4)
    for row, column in np.ndindex(2, 4):
        window = np.s_[3 * row : 3 * row + 2, column : column + 3]
        wanted = ((image - fill) * weights[..., 2])[window].sum()
        np.testing.assert_allclose(found[row, column], wanted, rtol=1e-4, atol=1e-4)


def test_occlusion_peaks_where_the_network_looks():
    found = explain.occlusion_map(corner(), np.ones((16, 16, 1)), 1, size=4, stride=2)
    assert np.unravel_index(found.argmax(), found.shape) == (0, 0)
    assert (found[2:] == 0).all() and (found[:, 2:] == 0).all()
    assert found[0, 0] > found[1, 0] > 0.01
    against = explain.occlusion_map(corner(), np.ones((16, 16, 1)), 0, size=4, stride=2)
    assert against.min() == against[0, 0] < 0


# ---- Grad-CAM


@pytest.mark.parametrize("last", ["plain", "softmax", "sigmoid", "layer", "shortcut"])
@pytest.mark.parametrize("layer", ["conv", "relu"])
def test_grad_cam_is_the_formula_by_hand(last, layer):
    """Dense over a global mean: the slope of a score is a dense weight over the size,
    and behind the ReLU's kink only where the convolution is positive."""
    model = tiny(last)
    images = RANDOM.normal(size=(2, 7, 8, 2)).astype("float32")
    kernel, bias = model.get_layer("conv").get_weights()
    conv = np.array(
        [
            [
                [
                    (image[i : i + 3, j : j + 3, :, None] * kernel).sum((0, 1, 2))
                    + bias
                    for j in range(6)
                ]
                for i in range(5)
            ]
            for image in images
        ]
    )
    dense = model.get_layer("scores").get_weights()[0]
    classes = [3, 1]
    slopes = np.stack([np.broadcast_to(dense[:, c] / 30, (5, 6, 3)) for c in classes])
    maps = np.maximum(conv, 0)
    if layer == "conv":
        slopes, maps = slopes * (conv > 0), conv
    weights = slopes.mean(axis=(1, 2))
    wanted = np.maximum(np.einsum("bk,bijk->bij", weights, maps), 0)
    assert (wanted > 0).any() and (wanted == 0).any()
    found = explain.grad_cam(model, images, layer, classes)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_grad_cam_peaks_where_the_network_looks():
    image = np.zeros((1, 16, 16, 1))
    image[0, :4, :4] = image[0, 9:, 9:] = 1  # the second square is not read
    found = explain.grad_cam(corner(), image, "seen", 1)[0]
    assert found.shape == (4, 4) and (found > 0).all()
    assert (explain.grad_cam(corner(), -image, "seen", 1) == 0).all()
    spread = explain.grad_cam(corner(), image, "maps", 1)[0]
    assert spread[0, 0] > 0 == spread[6, 6]


def test_grad_cam_runs_without_dropout():
    x = keras.Input((6, 6, 1))
    y = layers.Conv2D(2, 3, name="conv")(x)
    y = layers.Dropout(0.5)(layers.BatchNormalization()(y))
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))
    image = np.ones((1, 6, 6, 1))
    first = explain.grad_cam(model, image, "conv", 0)
    assert (first == explain.grad_cam(model, image, "conv", 0)).all()
    assert (
        explain.saliency(model, image, 0) == explain.saliency(model, image, 0)
    ).all()


# ---- filters and maps


def test_first_layer_filters_also_inside_a_nested_model():
    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(5, (2, 3)), layers.Conv2D(4, 1)]
    )
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, layers.Flatten()(inner(layers.AveragePooling2D(2)(x))))
    found = explain.first_layer_filters(model)
    np.testing.assert_array_equal(found, inner.layers[0].get_weights()[0])
    found[:] = 0  # a copy
    assert inner.layers[0].get_weights()[0].any()


def test_feature_maps_are_what_layers_compute():
    model = tiny("softmax")
    image = RANDOM.normal(size=(7, 8, 2)).astype("float32")
    ((name, maps),) = explain.feature_maps(model, image)
    kernel, bias = model.get_layer("conv").get_weights()
    corner = (image[:3, :3, :, None] * kernel).sum((0, 1, 2)) + bias
    assert name == "conv" and maps.shape == (5, 6, 3)
    np.testing.assert_allclose(maps[0, 0], corner, rtol=1e-4, atol=1e-5)
    wanted = ["scores", model.get_layer("relu")]
    (_, scores), (name, relu) = explain.feature_maps(model, image, wanted)
    assert name == "relu" and scores.shape == (4,)
    np.testing.assert_allclose(relu, np.maximum(maps, 0))
    np.testing.assert_allclose(scores.sum(), 1, rtol=1e-5)
    assert [name for name, _ in explain.feature_maps(model, image, "relu")] == ["relu"]


def test_feature_maps_of_a_sequential_and_of_a_layer_used_elsewhere_first():
    conv = layers.Conv2D(2, 3, name="conv")
    conv(keras.Input((9, 9, 1)))  # its first call lies outside the model
    model = keras.Sequential([keras.Input((5, 5, 1)), conv, layers.MaxPooling2D(2)])
    found = explain.feature_maps(model, np.ones((5, 5, 1)))
    assert [maps.shape for _, maps in found] == [(3, 3, 2), (1, 1, 2)]


# ---- activation maximisation


def test_maximisation_of_a_linear_score_fills_the_bounds():
    """The best image is known: the upper bound where the weight is positive."""
    model, weights = linear("softmax", shape=(4, 4, 1))
    found = explain.activation_maximisation(
        model, "scores", 2, steps=80, step_size=0.2, bounds=(-1.0, 3.0)
    )
    clear = np.abs(weights[..., 2]) > 0.1
    wanted = np.where(weights[..., 2] > 0, 3.0, -1.0)
    np.testing.assert_allclose(found[clear], wanted[clear], atol=1e-5)


def test_maximisation_excites_the_channel_and_stays_inside():
    model = models.lenet5()
    start = RANDOM.uniform(0.2, 0.8, (32, 32, 1)).astype("float32")

    def mean(image):
        ((_, maps),) = explain.feature_maps(model, image, ["conv2"])
        return maps[..., 5].mean()

    once = explain.activation_maximisation(model, "conv2", 5, steps=1, start=start)
    found = explain.activation_maximisation(model, "conv2", 5, steps=15, start=start)
    assert mean(found) > mean(once) > mean(start)
    assert np.abs(once - start).max() == pytest.approx(0.05, rel=1e-4)
    assert found.shape == (32, 32, 1) and found.min() >= 0 and found.max() <= 1
    again = [
        explain.activation_maximisation(model, "conv2", 5, steps=2, seed=seed)
        for seed in (0, 0, 1)
    ]
    assert (again[0] == again[1]).all() and (again[0] != again[2]).any()


def test_decay_draws_towards_zero():
    model, weights = linear(shape=(4, 4, 1))
    images = [
        explain.activation_maximisation(
            model, "scores", 0, steps=100, step_size=0.01, decay=d, bounds=(-9, 9)
        )
        for d in (0.0, 200.0)
    ]
    assert np.abs(images[1]).max() < 0.5 < np.abs(images[0]).max()
    # the maximum of w·x − decay·mean(x²) is w·16 / (2·decay)
    np.testing.assert_allclose(images[1], weights[..., 0] * 16 / 400, atol=0.15)


# ---- bad input


def two_outputs():
    x = keras.Input((4, 4, 1))
    y = layers.Flatten()(x)
    return keras.Model(x, [layers.Dense(2)(y), layers.Dense(3)(y)])


IMAGE = np.zeros((7, 8, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explain.saliency(3, IMAGE, 0), "Keras model; received int"),
        (
            lambda: explain.saliency(keras.Sequential([layers.Dense(1)]), IMAGE, 0),
            "not built: begin it with",
        ),
        (
            lambda: explain.saliency(tiny(), IMAGE, 0),
            r"\(batch, height, width, channels\) with \(7, 8, 2\).*of shape \(7",
        ),
        (
            lambda: explain.saliency(tiny(), IMAGE[None, :, :7], 0),
            r"shape \(1, 7, 7, 2",
        ),
        (lambda: explain.saliency(tiny(), IMAGE[:0, None], 0), "expected numbers"),
        (lambda: explain.saliency(tiny(), IMAGE[None], 4), "from 0 to 3.*received 4"),
        (lambda: explain.saliency(tiny(), IMAGE[None], -1), "from 0 to 3.*received -1"),
        (lambda: explain.saliency(tiny(), IMAGE[None], [0, 1]), r"or 1 of them; rec"),
        (lambda: explain.saliency(tiny(), IMAGE[None], 1.0), "received 1.0"),
        (
            lambda: explain.saliency(two_outputs(), np.zeros((1, 4, 4, 1)), 0),
            r"one output.*received \[\(None, 2\), \(None, 3\)\]",
        ),
        (lambda: explain.occlusion_map(tiny(), IMAGE[None], 0), r"shape \(height, wid"),
        (lambda: explain.occlusion_map(tiny(), IMAGE, 9), "from 0 to 3.*received 9"),
        (lambda: explain.occlusion_map(tiny(), IMAGE, 0, size=9), "a kernel that fits"),
        (lambda: explain.occlusion_map(tiny(), IMAGE, 0, 2, 0), "stride: an integer"),
        (
            lambda: explain.occlusion_map(tiny(), IMAGE, 0, 2, fill=(1, 2, 3)),
            r"fill: one value or 2; received \(3,\)",
        ),
        (
            lambda: explain.grad_cam(tiny(), IMAGE[None], "cnv", 0),
            "a layer of 'tiny', such as conv.*received 'cnv'",
        ),
        (
            lambda: explain.grad_cam(tiny(), IMAGE[None], "scores", 0),
            "a layer with maps",
        ),
        (
            lambda: explain.grad_cam(tiny(), IMAGE[None], layers.ReLU(name="relu"), 0),
            "a layer of 'tiny', such as relu",
        ),
        (lambda: explain.first_layer_filters(linear()[0]), "'linear' without"),
        (lambda: explain.feature_maps(tiny(), IMAGE, ["x"]), "a layer of 'tiny'"),
        (lambda: explain.feature_maps(tiny(), IMAGE, []), "received none"),
        (
            lambda: explain.activation_maximisation(tiny(), "conv", 3),
            "channel: 0 to 2 in 'conv'; received 3",
        ),
        (
            lambda: explain.activation_maximisation(tiny(), "conv", 0, steps=0),
            "steps: at least 1; received 0",
        ),
        (
            lambda: explain.activation_maximisation(tiny(), "conv", 0, bounds=(1, 1)),
            "low < high; received",
        ),
        (
            lambda: explain.activation_maximisation(tiny(), "conv", 0, step_size=0),
            "step_size: above 0",
        ),
        (
            lambda: explain.activation_maximisation(tiny(), "conv", 0, decay=-1),
            "decay: at least 0",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_two_inputs_and_an_open_size():
    x, y = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    model = keras.Model([x, y], layers.Conv2D(1, 1)(layers.Add()([x, y])))
    with pytest.raises(ValueError, match="one input; received 2"):
        explain.first_layer_filters(model)
    x = keras.Input((None, None, 1))
    model = keras.Model(x, layers.Conv2D(1, 1, name="conv")(x))
    with pytest.raises(ValueError, match="expected start: an image"):
        explain.activation_maximisation(model, "conv", 0)
    start = np.full((3, 4, 1), 0.5)
    found = explain.activation_maximisation(model, "conv", 0, steps=1, start=start)
    assert found.shape == (3, 4, 1)


# ---- the other backend


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="already there")
def test_on_jax():
    pytest.importorskip("jax")
    chosen = "saliency or shortcut or elsewhere or fills or occlusion_peaks"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", __file__, "-q", "-k", chosen],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert run.stderr == ""
