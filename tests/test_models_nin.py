"""Network in Network against published counts, the ledger and a slow NumPy version."""

import math

import numpy as np
import pytest

from cnnkit import models
from cnnkit.course.claims import claim
from cnnkit.reference import conv

# counted from the authors' models, independently of this package
PUBLISHED = {
    "cifar10": {
        "parameters": 966_986,
        "macs": 222_486_528,
        "depth": 9,
        "shapes": {
            "mlpconv1_conv3": (32, 32, 96),
            "pool1": (16, 16, 96),
            "mlpconv2_conv3": (16, 16, 192),
            "pool2": (8, 8, 192),
            "mlpconv3_conv3": (8, 8, 10),
            "scores": (10,),
        },
    },
    "imagenet": {
        "parameters": 7_595_176,
        "macs": 1_100_188_800,
        "depth": 12,
        "shapes": {
            "mlpconv1_conv3": (54, 54, 96),
            "pool1": (27, 27, 96),
            "mlpconv2_conv3": (27, 27, 256),
            "pool2": (13, 13, 256),
            "mlpconv3_conv3": (13, 13, 384),
            "pool3": (6, 6, 384),
            "mlpconv4_conv3": (6, 6, 1000),
            "scores": (1000,),
        },
    },
}


@pytest.mark.parametrize("variant", PUBLISHED)
def test_counts_and_shapes(variant):
    model = models.nin(variant)
    weighted = [layer for layer in model.layers if layer.weights]
    shapes = PUBLISHED[variant]["shapes"]
    assert {
        "parameters": model.count_params(),
        "macs": sum(
            math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
            for layer in weighted
        ),
        "depth": len(weighted),
        "shapes": {name: model.get_layer(name).output.shape[1:] for name in shapes},
    } == PUBLISHED[variant]
    assert all(w.trainable for w in model.weights)


def test_ledger_of_the_first_block():
    block = [models.nin().get_layer(f"mlpconv1_conv{i}") for i in (1, 2, 3)]
    claim(
        "arch/nin/named",
        {
            "output_same_padding": block[-1].output.shape[1:],
            "parameters": [layer.count_params() for layer in block],
        },
    )


def pool_rounding_up(x, reduce):
    """3x3 with stride 2 as in Caffe: the last window may hang over the edge."""
    n = math.ceil((x.shape[1] - 3) / 2) + 1
    rows = [
        [
            reduce(x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3], axis=(1, 2))
            for j in range(n)
        ]
        for i in range(n)
    ]
    return np.moveaxis(np.array(rows), 2, 0)


@pytest.mark.parametrize(
    ("variant", "side", "poolings"),
    [("cifar10", 16, (np.max, np.mean)), ("imagenet", 63, (np.max,) * 3)],
)
def test_same_function_as_numpy(variant, side, poolings):
    """63 pixels leave 14, 7, 3 and 1: even and odd as the paper's 54, 27, 13 and 6."""
    rng = np.random.default_rng(0)
    model = models.nin(variant, (side, side, 3), 7)
    for w in model.weights:
        fan = math.prod(w.shape[:-1])
        w.assign(rng.normal(0, (2 / fan) ** 0.5 if len(w.shape) == 4 else 0.1, w.shape))
    x = y = rng.normal(size=(1, side, side, 3)).astype("float32")
    blocks = len(poolings) + 1
    for i in range(1, blocks + 1):
        for j in (1, 2, 3):
            layer = model.get_layer(f"mlpconv{i}_conv{j}")
            kernel, bias = layer.get_weights()
            first = variant == "imagenet" and i == j == 1
            pad = 0 if first else kernel.shape[0] // 2
            y = conv.conv2d(y, kernel, bias, stride=4 if first else 1, padding=pad)
            y = np.maximum(y, 0)
        if i < blocks:
            y = pool_rounding_up(y, poolings[i - 1])
    y = np.exp(y.mean(axis=(1, 2)))
    np.testing.assert_allclose(
        model.predict(x, verbose=0), y / y.sum(), rtol=1e-4, atol=1e-7
    )


def test_sizes_of_lessons_and_the_smallest():
    for side, channels in ((28, 1), (4, 3)):
        model = models.nin("cifar10", (side, side, channels), 5)
        assert model.output.shape == (None, 5)
    assert models.nin("imagenet", (59, 59, 1), 5).get_layer("pool3").output.shape[
        1:3
    ] == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "mnist"}, "'cifar10', 'imagenet'.*'mnist'"),
        ({"input_shape": (3, 32, 3)}, r"at least 4x4; received \(3, 32, 3\)"),
        ({"input_shape": (32, 32)}, r"\(32, 32\)"),
        ({"variant": "imagenet", "input_shape": (58, 58, 3)}, "at least 59x59"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.nin(**arguments)
