"""Inception v2 to v4 and Inception-ResNet-v2: published counts, Keras's own nets."""

import math
from importlib import import_module

import keras
import numpy as np
import pytest

from cnnkit import models
from cnnkit.course import claims

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.SeparableConv2D)
BUILDERS = {
    "inception_v2": models.inception_v2,
    "inception_v3": models.inception_v3,
    "inception_v4": models.inception_v4,
    "inception_resnet_v2": models.inception_resnet_v2,
}
# trainable parameters, moving statistics, multiply-adds, convolutions (a separable one
# counts 2), weight layers on the longest path (there it is one)
COUNTS = {
    "inception_v2": (11188288, 19904, 1934857216, 70, 34),
    "inception_v3": (23834568, 34432, 5713216096, 94, 48),
    "inception_v4": (42679816, 63168, 12253974624, 149, 76),
    "inception_resnet_v2": (55843464, 60544, 13155794016, 244, 176),
}
RECEPTIVE_FIELDS = {"inception_v3": 1311, "inception_resnet_v2": 3039}
SHAPES = {
    "inception_v2": {
        "conv1": (112, 112, 64),
        "pool2": (28, 28, 192),
        "inception_3a": (28, 28, 256),
        "inception_3b": (28, 28, 320),
        "inception_3c": (14, 14, 576),
        "inception_4a": (14, 14, 576),
        "inception_4b": (14, 14, 576),
        "inception_4c": (14, 14, 576),
        "inception_4d": (14, 14, 576),
        "inception_4e": (7, 7, 1024),
        "inception_5a": (7, 7, 1024),
        "inception_5b": (7, 7, 1024),
    },
    "inception_v3": {
        "stem1_conv1": (149, 149, 32),
        "stem1_conv2": (147, 147, 32),
        "stem1_conv3": (147, 147, 64),
        "stem1_pool": (73, 73, 64),
        "stem2_conv2": (71, 71, 192),
        "stem2_pool": (35, 35, 192),
        "inception_a1": (35, 35, 256),
        "inception_a2": (35, 35, 288),
        "inception_a3": (35, 35, 288),
        "reduction_a": (17, 17, 768),
        "inception_b1": (17, 17, 768),
        "inception_b4": (17, 17, 768),
        "reduction_b": (8, 8, 1280),
        "inception_c1": (8, 8, 2048),
        "inception_c2": (8, 8, 2048),
    },
    "inception_v4": {
        "stem1": (73, 73, 160),
        "stem2": (71, 71, 192),
        "stem3": (35, 35, 384),
        "inception_a4": (35, 35, 384),
        "reduction_a": (17, 17, 1024),
        "inception_b7": (17, 17, 1024),
        "reduction_b": (8, 8, 1536),
        "inception_c3": (8, 8, 1536),
    },
    "inception_resnet_v2": {
        "stem2_pool": (35, 35, 192),
        "inception_a": (35, 35, 320),
        "block_a10": (35, 35, 320),
        "reduction_a": (17, 17, 1088),
        "block_b20": (17, 17, 1088),
        "reduction_b": (8, 8, 2080),
        "block_c10": (8, 8, 2080),
        "final_conv1": (8, 8, 1536),
    },
}
BUILT = {}


def built(name):
    """Once for all tests, at the size of the paper."""
    if name not in BUILT:
        BUILT[name] = BUILDERS[name]()
    return BUILT[name]


def shape(model, name):
    return tuple(model.get_layer(name).output.shape[1:])


def trainable(model):
    return sum(math.prod(w.shape) for w in model.trainable_weights)


def macs(model):
    """Kernel values times the positions of the output."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
            kernels = [w for w in layer.weights if "kernel" in w.name]
            positions = math.prod(layer.output.shape[1:-1])
            total += positions * sum(math.prod(w.shape) for w in kernels)
    return total


def scales(model):
    """How many scales batch normalization learns."""
    return sum(w.shape[0] for w in model.trainable_weights if w.name == "gamma")


def inputs_of(layer):
    return layer.input if isinstance(layer.input, list) else [layer.input]


def along(model, step, start):
    """Value of the last layer: step(layer, value before) on the worst path."""
    found = {}
    for layer in model.layers[1:]:  # in the order of computation
        before = max(found.get(id(tensor), start) for tensor in inputs_of(layer))
        found[id(layer.output)] = step(layer, before)
    return found[id(layer.output)]


def weight_layers(layer, before):
    return before + isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense))


def field(layer, before):
    """(receptive field, distance between neighbours) along the height."""
    size, jump = before
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", (1,))
    strides = getattr(layer, "strides", (1,))
    return size + (window[0] - 1) * jump, jump * strides[0]


@pytest.mark.parametrize("name", BUILDERS)
def test_counts_and_shapes(name):
    model = built(name)
    kinds = [isinstance(x, keras.layers.SeparableConv2D) for x in model.layers]
    convolutions = sum(isinstance(x, CONVOLUTIONS) for x in model.layers) + sum(kinds)
    assert (
        trainable(model),
        model.count_params() - trainable(model),
        macs(model),
        convolutions,
        along(model, weight_layers, 0),
    ) == COUNTS[name]
    assert {x: shape(model, x) for x in SHAPES[name]} == SHAPES[name]
    if name in RECEPTIVE_FIELDS:
        assert along(model, field, (1, 1))[0] == RECEPTIVE_FIELDS[name]


def test_v3_with_the_auxiliary_classifier():
    model = models.inception_v3(auxiliary=True)
    assert trainable(model) == 27161264
    assert model.count_params() - trainable(model) == 36224
    assert macs(model) == 5718899296
    assert model.output_names == ["scores", "auxiliary_scores"]
    assert shape(model, "auxiliary_pool") == (5, 5, 768)
    assert shape(model, "auxiliary_conv2") == (1, 1, 768)


def test_counts_of_keras_and_of_the_ledger():
    """Without scales; five by five as two 3x3, seven by seven as 1x7 and 7x1."""
    model = built("inception_v3")
    assert scales(model) == 17216
    keys = ("5x5_weights", "two_3x3_weights", "7x7_weights", "1x7_then_7x1_weights")
    plans = (((5, 5),), ((3, 3), (3, 3)), ((7, 7),), ((1, 7), (7, 1)))
    found = {}
    for key, plan in zip(keys, plans, strict=True):
        inputs = x = keras.Input((8, 8, 64))
        for kernel_size in plan:
            x = keras.layers.Conv2D(64, kernel_size, use_bias=False)(x)
        found[key] = keras.Model(inputs, x).count_params()
    keras_total = model.count_params() - scales(model)
    found["keras_inceptionv3_parameters"] = keras_total
    claims.claim("arch/inception-v2-v3/changes", found)
    model = built("inception_resnet_v2")
    assert scales(model) == 30272
    keras_total = model.count_params() - scales(model)
    claims.claim(
        "arch/inception-v4/named", {"keras_inceptionresnetv2_parameters": keras_total}
    )
    assert scales(built("inception_v4")) == 31584


def test_v2_other_networks_of_that_name(monkeypatch):
    """11,178,336 without scales; 11,285,224 and 11,295,240 for `bninception`."""
    model = built("inception_v2")
    assert trainable(model) - scales(model) == 11178336
    rows = import_module("cnnkit.models.inception_v2").MODULES
    for name in ("4c", "4d"):
        monkeypatch.setitem(rows, name, (*rows[name][:-1], 128))
    wide = models.inception_v2()
    assert [shape(wide, f"inception_{x}")[-1] for x in ("4c", "4d", "4e")] == [
        608,
        608,
        1056,
    ]
    separable = 7 * 7 * 3 * 8 + 24 * 64
    dense = 7 * 7 * 3 * 64
    assert trainable(wide) + dense - separable == 11285224
    assert macs(wide) + (dense - separable) * 112 * 112 == 2032600064
    biases = scales(wide)  # one for each channel of each convolution
    assert trainable(wide) + dense - separable + biases == 11295240


def test_v2_pooling_as_in_the_table():
    model = built("inception_v2")
    pools = {
        name: type(model.get_layer(f"inception_{name}_{kind}")).__name__[:3]
        for name, kind in [
            ("3a", "average"),
            ("3c", "max"),
            ("4e", "max"),
            ("5b", "max"),
        ]
    }
    assert pools == {"3a": "Ave", "3c": "Max", "4e": "Max", "5b": "Max"}
    halved = [x.name for x in model.layers if getattr(x, "strides", (1,))[0] == 2]
    assert len(halved) == 3 + 3 * 2  # stem, and each branch of 3c and 4e


def test_v4_filters_in_the_order_of_the_authors():
    model = built("inception_v4")
    expected = {
        "stem2_7x7": [(1, 1), (1, 7), (7, 1), (3, 3)],
        "inception_b1_7x7": [(1, 1), (1, 7), (7, 1)],
        "inception_b7_double7x7": [(1, 1), (7, 1), (1, 7), (7, 1), (1, 7)],
        "reduction_b_7x7": [(1, 1), (1, 7), (7, 1), (3, 3)],
        "inception_c3_double3x3": [(1, 1), (3, 1), (1, 3)],
    }
    for name, kernels in expected.items():
        found = [model.get_layer(f"{name}_conv{i + 1}") for i in range(len(kernels))]
        assert [layer.kernel_size for layer in found] == kernels


def weighted(model):
    """The layers with weights, first branches first: the order of any equal graph."""
    made = {id(layer.output): layer for layer in model.layers}
    order = {}

    def visit(tensor):
        layer = made[id(tensor)]
        if layer.name in order:
            return
        if not isinstance(layer, keras.layers.InputLayer):
            for before in inputs_of(layer):
                visit(before)
        order[layer.name] = layer

    visit(model.output)
    return [layer for layer in order.values() if layer.weights]


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("inception_v3", "InceptionV3"),
        pytest.param(
            "inception_resnet_v2", "InceptionResNetV2", marks=pytest.mark.full
        ),
    ],
)
def test_same_function_as_keras(name, peer):
    """Scales are 1 there; dropout, which it has not, does nothing here."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    arguments = {"input_shape": (75, 75, 3), "classes": 10}
    mine = BUILDERS[name](**arguments)
    theirs = getattr(keras.applications, peer)(weights=None, **arguments)
    x = rng.normal(size=(4, 75, 75, 3)).astype("float32")
    for layer in weighted(theirs):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0
            layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape))
        elif layer.bias is not None:
            layer.bias.assign(rng.normal(0, 0.3, layer.bias.shape))
    theirs(x, training=True)  # statistics that keep the signal alive
    for own, other in zip(weighted(mine), weighted(theirs), strict=True):
        values = other.get_weights()
        if isinstance(other, keras.layers.BatchNormalization):
            values = [np.ones_like(values[0]), *values]
        own.set_weights(values)
    own = keras.Model(mine.input, [mine.get_layer("global_pool").output, mine.output])
    other = keras.Model(
        theirs.input, [theirs.get_layer("avg_pool").output, theirs.output]
    )
    expected = [np.asarray(y) for y in other(x, training=False)]
    assert np.abs(expected[0][0] - expected[0][1]).max() > 0.1  # the image matters
    for found, known in zip(own(x, training=False), expected, strict=True):
        tolerance = 1e-4 * np.abs(known).max()
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=tolerance)


def test_v2_small_images_keep_their_size():
    model = models.inception_v2((28, 28, 1), 10)
    names = ("conv1", "inception_3b", "inception_4a", "inception_5b")
    assert [shape(model, name)[0] for name in names] == [28, 14, 7, 4]


@pytest.mark.parametrize("name", BUILDERS)
def test_bad_input(name):
    least = 28 if name == "inception_v2" else 75
    for bad in [(least - 1, least, 3), (least, least), (None, None, 3)]:
        with pytest.raises(ValueError, match=f"{least}x{least} pixels; received"):
            BUILDERS[name](bad)
    with pytest.raises(ValueError, match="classes=0"):
        BUILDERS[name](classes=0)
