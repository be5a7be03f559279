"""DenseNet against published counts and Keras's own DenseNet-121."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.profile import profile

LEDGER = claims.load()
full = pytest.mark.full

# Counted from the published structure by a program that knows no framework; parameters
# and multiply-adds agree with Keras and torchvision.
#    trainable, not trainable, multiply-adds, receptive field, ends of blocks 3 and 4
COUNTS = {
    121: (7_978_856, 83_648, 2_834_161_664, 2071, 1024, 1024),
    169: (14_149_480, 158_400, 3_359_843_328, 3351, 1280, 1664),
    201: (20_013_928, 229_056, 4_291_365_888, 3863, 1792, 1920),
}
LAYERS = {121: (24, 16), 169: (32, 32), 201: (48, 32)}


def numbers(model):
    ledger = profile(model)
    assert not ledger.not_counted
    field = next(r.receptive_field[0] for r in ledger.rows[::-1] if r.receptive_field)
    total = ledger.total
    return total.trainable, total.non_trainable, total.macs, field


def weight_layers(model):
    kinds = (layers.Conv2D, layers.Dense)
    return sum(isinstance(layer, kinds) for layer in model.layers)


def shape(model, name):
    return model.get_layer(name).output.shape[1:]


@pytest.mark.parametrize(
    "depth", [121, pytest.param(169, marks=full), pytest.param(201, marks=full)]
)
def test_counts(depth):
    model = models.densenet(depth)
    assert numbers(model) == COUNTS[depth][:4]
    assert weight_layers(model) == depth
    (third, fourth), (c3, c4) = LAYERS[depth], COUNTS[depth][4:]
    maps = {
        "conv1": (112, 112, 64),
        "pool1": (56, 56, 64),
        "block1_layer6_concatenate": (56, 56, 256),
        "transition1_pool": (28, 28, 128),
        "block2_layer12_concatenate": (28, 28, 512),
        "transition2_pool": (14, 14, 256),
        f"block3_layer{third}_concatenate": (14, 14, c3),
        "transition3_pool": (7, 7, c3 // 2),
        f"block4_layer{fourth}_concatenate": (7, 7, c4),
        "scores": (1000,),
    }
    assert {name: shape(model, name) for name in maps} == maps


# Trainable, not trainable, multiply-adds
CIFAR = {
    (100, 12): (769_162, 23_988, 287_929_692),
    (250, 24): (15_324_406, 257_976, 5_418_785_724),
    (190, 40): (25_624_430, 256_960, 9_301_945_740),
}


@pytest.mark.parametrize(
    "variant",
    [v if v[0] == 100 else pytest.param(v, marks=full) for v in CIFAR],
)
def test_counts_for_cifar(variant):
    depth, k = variant
    model = models.densenet_cifar(depth, k)
    assert numbers(model)[:3] == CIFAR[variant]
    assert weight_layers(model) == depth
    n = (depth - 4) // 6
    first = 2 * k + n * k
    second = first // 2 + n * k
    maps = {
        "conv1": (32, 32, 2 * k),
        f"block1_layer{n}_concatenate": (32, 32, first),
        "transition1_pool": (16, 16, first // 2),
        f"block2_layer{n}_concatenate": (16, 16, second),
        "transition2_pool": (8, 8, second // 2),
        f"block3_layer{n}_concatenate": (8, 8, second // 2 + n * k),
        "scores": (10,),
    }
    assert {name: shape(model, name) for name in maps} == maps
    if variant == (100, 12):
        assert [s[-1] for s in maps.values()] == [24, 216, 108, 300, 150, 342, 10]


def test_row_of_the_ledger():
    row = LEDGER["arch/densenet/named"]
    model = models.densenet(121, (8, 8, 3))
    depths = [
        model.get_layer(f"block1_layer{i}_conv1_normalization").input.shape[-1]
        for i in range(1, row["given"]["layers"] + 1)
    ]
    expected = row["expected"]
    assert depths == expected["input_depths"]
    assert shape(model, "block1_layer6_concatenate")[-1] == expected["output_depth"]
    larger = 49 - 9  # weights of the first convolution, for each pair of channels
    total = model.count_params() + larger * 3 * 64
    assert total == expected["keras_densenet121_parameters"]


# ---- the same function as Keras's ---------------------------------------------------


def ours(name):
    """Our name of a layer of Keras's with weights."""
    first = {
        "conv1_conv": "conv1",
        "conv1_bn": "conv1_normalization",
        "bn": "last_normalization",
        "predictions": "scores",
    }
    if name in first:
        return first[name]
    part, *rest = name.split("_")
    number = int(part[-1]) - 1
    if part.startswith("pool"):  # pool2_bn, pool2_conv: the first transition
        kind = {"bn": "conv_normalization", "conv": "conv"}[rest[0]]
        return f"transition{number}_{kind}"
    block, i, kind = rest  # conv2_block1_0_bn, 1_conv, 1_bn, 2_conv
    i = int(i) + (kind == "bn")
    return f"block{number}_layer{block[5:]}_conv{i}" + (
        "_normalization" if kind == "bn" else ""
    )


def test_same_function_as_keras():
    keras.utils.set_random_seed(0)
    theirs = keras.applications.DenseNet121(
        weights=None, input_shape=(64, 64, 3), classes=10
    )
    model = models.densenet(121, (64, 64, 3), 10)
    generator = np.random.default_rng(7)
    copied = set()
    for layer in theirs.layers:
        if not layer.weights:
            continue
        if isinstance(layer, layers.BatchNormalization):
            n = layer.gamma.shape
            layer.gamma.assign(generator.uniform(0.5, 1.5, n))
            layer.beta.assign(generator.normal(0, 0.2, n))
            layer.moving_mean.assign(generator.normal(0, 0.2, n))
            layer.moving_variance.assign(generator.uniform(0.5, 1.5, n))
        model.get_layer(ours(layer.name)).set_weights(layer.get_weights())
        copied.add(ours(layer.name))
    assert copied == {layer.name for layer in model.layers if layer.weights}

    x = generator.normal(size=(2, 64, 64, 3)).astype("float32")
    outputs = []
    for net in (theirs, model):  # the last map, and the scores
        heads = [net.layers[-2].input, net.output]
        results = keras.Model(net.input, heads)(x, training=False)
        outputs.append([keras.ops.convert_to_numpy(result) for result in results])
    for expected, actual in zip(*outputs, strict=True):
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(
            actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
        )


# ---- small images, and errors --------------------------------------------------------


def test_grey_images():
    model = models.densenet(121, (28, 28, 1), 10)
    assert shape(model, "block4_layer16_concatenate") == (3, 3, 1024)
    model = models.densenet_cifar(100, 12, (28, 28, 1))
    assert numbers(model)[0] == 768_730
    assert shape(model, "block3_layer16_concatenate") == (7, 7, 342)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 161}, r"depth in \[121, 169, 201\].*depth=161"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.densenet(**{"depth": 121, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 41}, r"6 n \+ 4.*depth=41"),
        ({"growth_rate": 0}, "growth_rate=0"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input_for_cifar(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.densenet_cifar(**arguments)
