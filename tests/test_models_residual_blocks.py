"""Every block of the residual families against the same formula in NumPy."""

import keras
import numpy as np
import pytest
from keras import layers
from numpy.lib.stride_tricks import sliding_window_view

from cnnkit import models
from cnnkit.models.densenet import dense_layer, transition
from cnnkit.models.resnet import (
    BASIC,
    BOTTLENECK,
    preactivation_block,
    residual_block,
)
from cnnkit.models.resnext import resnext_block
from cnnkit.models.senet import se_block
from cnnkit.models.wide_resnet import wide_block

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(2, 6, 6, 8)).astype("float32")


class Net:
    """A block as a model with random weights, and its weights by short name."""

    def __init__(self, block, shape=X.shape[1:]):
        inputs = keras.Input(shape)
        self.model = keras.Model(inputs, block(inputs))
        for layer in self.model.layers:
            new = [GENERATOR.normal(0.2, 0.5, w.shape) for w in layer.get_weights()]
            if isinstance(layer, layers.BatchNormalization):
                new[3] = GENERATOR.uniform(0.5, 1.5, new[3].shape)  # variance
            layer.set_weights(new)

    def weights(self, name):
        return self.model.get_layer(f"block_{name}").get_weights()

    def conv(self, x, name, strides=1, groups=1):
        (kernel,) = self.weights(name)
        half = kernel.shape[0] // 2
        x = np.pad(x, ((0, 0), (half, half), (half, half), (0, 0)))
        windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
        windows = windows[:, ::strides, ::strides]  # (n, h, w, channels, kh, kw)
        parts = zip(
            np.split(windows, groups, 3), np.split(kernel, groups, 3), strict=True
        )
        return np.concatenate(
            [np.einsum("nhwcij,ijcf->nhwf", part, k) for part, k in parts], axis=-1
        )

    def norm(self, x, name):
        gamma, beta, mean, variance = self.weights(f"{name}_normalization")
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def dense(self, x, name):
        kernel, bias = self.weights(name)
        return x @ kernel + bias

    def check(self, expected):
        assert all(
            layer.name.startswith(("block_", "input")) for layer in self.model.layers
        )
        actual = self.model.predict(X, verbose=0)
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def relu(x):
    return np.maximum(x, 0)


def widened(x, filters, strides):
    """Option A: every second pixel, and zeros in the new channels."""
    y = np.zeros((*x[:, ::strides, ::strides].shape[:3], filters))
    y[..., : x.shape[-1]] = x[:, ::strides, ::strides]
    return y


@pytest.mark.parametrize("kind", ["projection", "identity", "none"])
@pytest.mark.parametrize(("strides", "width"), [(1, 8), (1, 16), (2, 16), (2, 8)])
def test_basic_block(strides, width, kind):
    net = Net(lambda x: residual_block(x, BASIC, width, (strides, 1), "block", kind))
    y = relu(net.norm(net.conv(X, "conv1", strides), "conv1"))
    y = net.norm(net.conv(y, "conv2"), "conv2")
    path = {"identity": widened(X, width, strides), "none": 0}.get(kind, X)
    if kind == "projection" and (strides, width) != (1, 8):
        path = net.norm(net.conv(X, "shortcut", strides), "shortcut")
    net.check(relu(y + path))


@pytest.mark.parametrize("strides", [(1, 1, 1), (2, 1, 1), (1, 2, 1)])
@pytest.mark.parametrize("kind", ["projection", "identity"])
def test_bottleneck_block(strides, kind):
    net = Net(lambda x: residual_block(x, BOTTLENECK, 4, strides, "block", kind))
    y = relu(net.norm(net.conv(X, "conv1", strides[0]), "conv1"))
    y = relu(net.norm(net.conv(y, "conv2", strides[1]), "conv2"))
    y = net.norm(net.conv(y, "conv3"), "conv3")
    path = widened(X, 16, max(strides))
    if kind == "projection":
        path = net.norm(net.conv(X, "shortcut", max(strides)), "shortcut")
    net.check(relu(y + path))


@pytest.mark.parametrize("kind", ["projection", "identity", "none"])
@pytest.mark.parametrize(("strides", "width"), [(1, 8), (2, 16)])
def test_preactivation_block(strides, width, kind):
    net = Net(
        lambda x: preactivation_block(x, BASIC, width, (strides, 1), "block", kind)
    )
    first = relu(net.norm(X, "conv1"))
    y = net.conv(first, "conv1", strides)
    y = net.conv(relu(net.norm(y, "conv2")), "conv2")
    path = {"identity": widened(X, width, strides), "none": 0}.get(kind, X)
    if kind == "projection" and width == 16:
        path = net.conv(first, "shortcut", strides)
    net.check(y + path)


@pytest.mark.parametrize(("strides", "filters"), [(1, 8), (1, 16), (2, 16)])
def test_wide_block(strides, filters):
    net = Net(lambda x: wide_block(x, filters, strides, 0.3, "block"))
    first = relu(net.norm(X, "conv1"))
    y = net.conv(first, "conv1", strides)
    y = net.conv(relu(net.norm(y, "conv2")), "conv2")
    net.check(y + (X if filters == 8 else net.conv(first, "shortcut", strides)))


@pytest.mark.parametrize(("strides", "filters"), [(1, 8), (2, 16)])
def test_resnext_block(strides, filters):
    net = Net(lambda x: resnext_block(x, 12, filters, strides, 4, "block"))
    assert net.weights("conv2")[0].shape == (3, 3, 3, 12)
    y = relu(net.norm(net.conv(X, "conv1"), "conv1"))
    # each group has its own part of the input and of the filters
    y = relu(net.norm(net.conv(y, "conv2", strides, groups=4), "conv2"))
    y = net.norm(net.conv(y, "conv3"), "conv3")
    path = X
    if strides == 2:
        path = net.norm(net.conv(X, "shortcut", 2), "shortcut")
    net.check(relu(y + path))


@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("width", [2, 4])
def test_se_block(strides, width):
    net = Net(lambda x: se_block(x, width, strides, 2, "block"))
    y = relu(net.norm(net.conv(X, "conv1", strides[0]), "conv1"))
    y = relu(net.norm(net.conv(y, "conv2", strides[1]), "conv2"))
    y = net.norm(net.conv(y, "conv3"), "conv3")
    hidden = relu(net.dense(y.mean((1, 2)), "se_reduce"))
    gate = 1 / (1 + np.exp(-net.dense(hidden, "se_gate")))
    assert hidden.shape == (2, 2 * width)
    path = X
    if width == 4 or max(strides) == 2:
        path = net.norm(net.conv(X, "shortcut", max(strides)), "shortcut")
    net.check(relu(gate[:, None, None] * y + path))


def test_dense_layer():
    net = Net(lambda x: dense_layer(x, 3, "block"))
    y = net.conv(relu(net.norm(X, "conv1")), "conv1")
    assert y.shape[-1] == 4 * 3
    y = net.conv(relu(net.norm(y, "conv2")), "conv2")
    net.check(np.concatenate([X, y], axis=-1))


def test_transition():
    net = Net(lambda x: transition(x, "block"))
    y = net.conv(relu(net.norm(X, "conv")), "conv")
    net.check(y.reshape(2, 3, 2, 3, 2, 4).mean((2, 4)))


def test_blocks_that_add_nothing_are_identities():
    """With scales of 0 behind the last convolutions only the shortcuts are left."""
    model = models.resnet_cifar(14)
    for layer in model.layers:
        if layer.name.endswith("conv2_normalization"):
            layer.set_weights([0 * layer.gamma, *layer.get_weights()[1:]])
    names = [f"stage{stage}_block2_relu" for stage in (1, 2, 3)]
    outputs = [model.get_layer(name).output for name in ("conv1_relu", *names)]
    x = GENERATOR.normal(size=(2, 32, 32, 3))
    first, *stages = keras.Model(model.input, outputs).predict(x, verbose=0)
    assert first.max() > 0.5
    for factor, stage in zip((1, 2, 4), stages, strict=True):
        np.testing.assert_array_equal(stage, widened(first, 16 * factor, factor))
