"""ZFNet against published counts, the ledger and NumPy."""

import math
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from cnnkit import models, sizes
from cnnkit.course.claims import claim, load
from cnnkit.reference import conv, normalization, pool

# parameters, multiply-adds: counted independently of this package; conv3 to conv5
PUBLISHED = {
    "figure 3": (62_357_608, 1_168_032_896, (384, 384, 256)),
    "wide": (107_627_624, 2_476_704_896, (512, 1024, 512)),
}


@contextmanager
def only_shapes():
    """Models without their quarter gigabyte of weights."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


def weighted(model):
    return [layer for layer in model.layers if layer.weights]


@pytest.mark.parametrize("variant", PUBLISHED)
def test_counts_and_shapes(variant):
    parameters, macs, (three, four, five) = PUBLISHED[variant]
    shapes = {
        "conv1": (110, 110, 96),
        "pool1": (55, 55, 96),
        "conv2": (26, 26, 256),
        "pool2": (13, 13, 256),
        "conv3": (13, 13, three),
        "conv4": (13, 13, four),
        "conv5": (13, 13, five),
        "pool5": (6, 6, five),
        "scores": (1000,),
    }
    with only_shapes():
        model = models.zfnet(variant)
        assert {
            name: model.get_layer(name).output.shape[1:] for name in shapes
        } == shapes
        assert model.count_params() == parameters
        assert not model.non_trainable_weights
        assert len(weighted(model)) == 8
        assert [r.rate for r in model.layers if hasattr(r, "rate")] == [0.5, 0.5]
        assert macs == sum(
            math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
            for layer in weighted(model)
        )
        windows = [
            (getattr(layer, "kernel_size", None) or layer.pool_size, layer.strides)
            for layer in model.layers
            if layer.name.startswith(("conv", "pool"))
        ]
        windows = [(kernel[0], stride[0]) for kernel, stride in windows]
        assert sizes.receptive_field(windows).size == 171


def test_ledger_first_layer():
    with only_shapes():
        mine, before = models.zfnet(), models.alexnet()
        first = mine.get_layer("conv1")
        window, stride = load()["arch/zfnet/first-layer"]["given"]["pool"]
        claim(
            "arch/zfnet/first-layer",
            {
                "output": mine.get_layer("norm1").output.shape[1:],
                "conv_side_with_padding_1": first.output.shape[1],
                "pool_formula": (first.output.shape[1] - window) / stride + 1,
                "layers": len(weighted(mine)),
                "first_layer_weights": {
                    "alexnet": math.prod(before.get_layer("conv1").kernel.shape),
                    "zfnet": math.prod(first.kernel.shape),
                },
                "vector": mine.get_layer("flatten").output.shape[1],
            },
        )


def test_same_function_as_numpy():
    """A window over the edge gains zeros: after ReLU, nothing is smaller.

    116 pixels leave 56, 28, 12 and 6, even where the paper's 110 and 26 are.
    """
    rng = np.random.default_rng(0)
    side = 116
    model = models.zfnet(input_shape=(side, side, 3), classes=5)
    for w in model.weights:
        fan = math.prod(w.shape[:-1])
        scale = (2 / fan) ** 0.5 if len(w.shape) > 1 else 0.1
        w.assign(scale * rng.standard_normal(w.shape, dtype="float32"))
    weights = {layer.name: layer.get_weights() for layer in weighted(model)}
    x = 20 * rng.standard_normal((1, side, side, 3), dtype="float32")

    def convolution(x, name, **how):
        return np.maximum(conv.conv2d(x, *weights[name], **how), 0)

    def pool_and_normalise(x):
        assert x.shape[1] % 2 == 0
        x = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
        return normalization.local_response_norm(pool.max_pool2d(x, 3, 2))

    y = pool_and_normalise(convolution(x, "conv1", stride=2, padding=1))
    y = pool_and_normalise(convolution(y, "conv2", stride=2))
    for i in (3, 4, 5):
        y = convolution(y, f"conv{i}", padding=1)
    y = pool.max_pool2d(y, 3, 2).reshape(1, -1)
    for name in ("dense6", "dense7"):
        y = np.maximum(y @ weights[name][0] + weights[name][1], 0)
    y = np.exp(y @ weights["scores"][0] + weights["scores"][1])
    assert (y / y.sum()).std() > 0.01
    np.testing.assert_allclose(model.predict(x, verbose=0), y / y.sum(), rtol=1e-3)


def test_smallest():
    with only_shapes():
        model = models.zfnet(input_shape=(53, 53, 1), classes=2)
        assert model.get_layer("pool5").output.shape[1:3] == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "small"}, "'figure 3', 'wide'.*'small'"),
        ({"input_shape": (52, 99, 3)}, r"at least 53x53; received \(52, 99, 3\)"),
        ({"input_shape": (224, 224)}, r"received \(224, 224\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.zfnet(**arguments)
