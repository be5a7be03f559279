"""ResNet: the tables of the lectures and of the paper, and Keras's own ResNet."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.models.resnet import RESNETS
from cnnkit.profile import profile

LEDGER = claims.load()
MAPS = {"conv1": (112, 112, 64), "pool1": (56, 56, 64)}
SIDES = (56, 28, 14, 7)


def weight_layers(model):
    """Convolutions and dense layers on the main path."""
    kinds = (layers.Conv2D, layers.Dense)
    named = [layer.name for layer in model.layers if isinstance(layer, kinds)]
    return sum("shortcut" not in name for name in named)


def last_field(ledger):
    """Receptive field of the last map, in pixels."""
    return next(r.receptive_field[0] for r in ledger.rows[::-1] if r.receptive_field)


def numbers(model):
    ledger = profile(model)
    assert not ledger.not_counted
    total = ledger.total
    return total.trainable, total.non_trainable, total.macs, last_field(ledger)


def stage_maps(model):
    """Output of the last block of each stage."""
    last = {}
    for layer in model.layers:
        if layer.name.startswith("stage"):
            last[layer.name.split("_")[0]] = tuple(layer.output.shape[1:])
    return list(last.values())


# Counted from the published structure by a program that knows no framework; the
# parameters agree with torchvision 0.29 and timm, the multiply-adds with torchvision.
#  trainable, not trainable, multiply-adds with stride on 1x1 and on 3x3, fields of both
COUNTS = {
    18: (11_689_512, 9_600, (1_814_073_344, 1_814_073_344), (435, 435)),
    34: (21_797_672, 17_024, (3_663_761_408, 3_663_761_408), (899, 899)),
    50: (25_557_032, 53_120, (3_857_973_248, 4_089_184_256), (483, 427)),
    101: (44_549_160, 105_344, (7_570_194_432, 7_801_405_440), (1027, 971)),
    152: (60_192_808, 151_424, (11_282_415_616, 11_513_626_624), (1507, 1451)),
}


@pytest.mark.parametrize("depth", COUNTS)
def test_table_of_the_lectures(depth):
    model = models.resnet(depth)
    trainable, fixed, (macs, _), (field, _) = COUNTS[depth]
    assert numbers(model) == (trainable, fixed, macs, field)
    assert weight_layers(model) == depth
    assert model.output_shape == (None, 1000)
    shapes = {name: model.get_layer(name).output.shape[1:] for name in MAPS}
    assert shapes == MAPS

    entry = LEDGER[f"arch/resnet/{depth}"]
    expected, given = entry["expected"], entry["given"]
    assert expected["weight_layers"] == depth
    assert expected["multiply_adds_projection_shortcuts"] == macs
    assert expected["parameters_projection_shortcuts"] == trainable
    assert list(RESNETS[depth][1]) == given["blocks_per_stage"]
    widths = given["output_widths"]
    assert stage_maps(model) == [
        (side, side, width) for side, width in zip(SIDES, widths, strict=True)
    ]
    if "keras_applications_parameters" in expected:  # a bias for each filter more
        convolutions = [m for m in model.layers if isinstance(m, layers.Conv2D)]
        biases = sum(layer.filters for layer in convolutions)
        total = expected["keras_applications_parameters"]
        assert model.count_params() + biases == total
        assert biases == {50: 26_560, 101: 52_672, 152: 75_712}[depth]


@pytest.mark.parametrize(
    "depth",
    [50, *(pytest.param(d, marks=pytest.mark.full) for d in (18, 34, 101, 152))],
)
def test_stride_on_3x3(depth):
    trainable, fixed, (on_1x1, macs), (_, field) = COUNTS[depth]
    model = models.resnet(depth, stride_on="3x3")
    assert numbers(model) == (trainable, fixed, macs, field)
    assert macs - on_1x1 == (231_211_008 if depth > 34 else 0)


# Version 2: trainable and not; at stride 3x3 the multiply-adds of version 1
COUNTS_2 = {
    50: (25_549_352, 45_440),
    101: (44_541_480, 97_664),
    152: (60_185_128, 143_744),
}


@pytest.mark.parametrize(
    "depth", [50, *(pytest.param(d, marks=pytest.mark.full) for d in (101, 152))]
)
def test_version_2(depth):
    trainable, fixed = COUNTS_2[depth]
    _, statistics, (_, macs), (_, field) = COUNTS[depth]
    model = models.resnet(depth, version=2, stride_on="3x3")
    assert numbers(model) == (trainable, fixed, macs, field)
    assert fixed == statistics - 2 * (256 + 512 + 1024 + 2048)  # of the projections
    assert weight_layers(model) == depth
    assert stage_maps(model) == [
        (side, side, 256 * 2**i) for i, side in enumerate(SIDES)
    ]


@pytest.mark.parametrize("shortcut", ["identity", "none"])
@pytest.mark.parametrize("depth", [18, pytest.param(34, marks=pytest.mark.full)])
def test_identity_shortcuts_cost_nothing(depth, shortcut):
    expected = LEDGER[f"arch/resnet/{depth}"]["expected"]
    model = models.resnet(depth, shortcut=shortcut)
    trainable, _, macs, field = numbers(model)
    assert trainable == expected["parameters_identity_shortcuts"]
    assert macs == expected["multiply_adds_identity_shortcuts"]
    assert field == COUNTS[depth][3][0]
    adds = sum(isinstance(layer, layers.Add) for layer in model.layers)
    assert adds == (0 if shortcut == "none" else (depth - 2) // 2)


def test_rows_of_the_ledger():
    model = models.resnet(18)
    table = LEDGER["arch/resnet/stage-table"]["expected"]
    first = model.get_layer("conv1")
    assert table["first_layer"] == {
        "kernel": first.kernel_size[0],
        "filters": first.filters,
        "stride": first.strides[0],
    }
    assert [first.output.shape[1], *(s[0] for s in stage_maps(model))] == [
        table[name] for name in ("conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x")
    ]
    assert table["depths"] == list(RESNETS)
    blocks = LEDGER["arch/resnet/stage-table"]["given"]["blocks"]
    assert {str(d): list(row[1]) for d, row in RESNETS.items()} == blocks

    shortcut = model.get_layer("stage2_block1_shortcut")
    row = LEDGER["arch/resnet/shortcut-across-stages"]
    assert list(shortcut.input.shape[1:]) == row["given"]["input"]
    assert list(shortcut.output.shape[1:]) == row["given"]["output"]
    assert row["expected"]["shortcut"] == {
        "kernel": list(shortcut.kernel_size),
        "filters": shortcut.filters,
        "stride": shortcut.strides[0],
        "weights": shortcut.count_params(),
    }

    names = {"BatchNormalization": "batch norm", "ReLU": "relu", "Add": "add"}
    block = [
        names.get(type(layer).__name__) or "{}x{}".format(*layer.kernel_size)
        for layer in model.layers
        if layer.name.startswith("stage1_block1")
    ]
    assert block == LEDGER["arch/resnet/skip-two-layers"]["expected"]["basic_block"]

    row = LEDGER["arch/resnet/pattern"]["expected"]
    sizes = {name: np.prod(shape) for name, shape in MAPS.items()}
    assert row["values_at_112"] == sizes["conv1"]
    assert row["values_at_56_after_pooling"] == sizes["pool1"]
    assert row["stages"] == len(stage_maps(model))
    assert [type(layer).__name__ for layer in model.layers[-2:]] == [
        "GlobalAveragePooling2D",
        "Dense",
    ]
    assert max(RESNETS) == LEDGER["arch/resnet/competition-2015"]["expected"]["layers"]
    depths = LEDGER["arch/resnet/revolution-of-depth"]["expected"]
    assert depths["ResNet 2015"] == max(RESNETS)


def test_bottleneck_of_the_ledger():
    model = models.resnet(50, (32, 32, 3), 10)
    parts = [
        model.get_layer(f"stage1_block2_conv{i}").count_params() for i in (1, 2, 3)
    ]
    row = LEDGER["arch/resnet/bottleneck-numbers"]["expected"]
    assert parts == row["parts"]


# ---- the same function as Keras's ---------------------------------------------------


def randomize(model, biases=True):
    """Weights and statistics that differ everywhere, with outputs of ordinary size."""
    generator = np.random.default_rng(7)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            n = layer.gamma.shape
            spread = 0.25 if layer.name.endswith("_3_bn") else 1
            layer.gamma.assign(spread * generator.uniform(0.5, 1.5, n))
            layer.beta.assign(generator.normal(0, 0.2, n))
            layer.moving_mean.assign(generator.normal(0, 0.2, n))
            layer.moving_variance.assign(generator.uniform(0.5, 1.5, n))
        elif biases and getattr(layer, "bias", None) is not None:
            layer.bias.assign(generator.normal(0, 0.3, layer.bias.shape))


def ours(name, version):
    """Our name of a layer of Keras's with weights."""
    if name == "predictions":
        return "scores"
    if name in ("conv1_conv", "conv1_bn", "post_bn"):
        return {"conv1_conv": "conv1", "conv1_bn": "conv1_normalization"}.get(
            name, "last_normalization"
        )
    stage, block, *rest = name.split("_")
    prefix = f"stage{int(stage[4:]) - 1}_{block}_"
    if rest == ["preact", "bn"]:
        return f"{prefix}conv1_normalization"
    number, kind = rest
    # in version 2 a normalization belongs to the convolution after it
    number = int(number) + (version == 2 and kind == "bn")
    part = f"conv{number}" if number else "shortcut"
    return prefix + part + ("_normalization" if kind == "bn" else "")


def copy(theirs, model, version):
    """Weights into ours; a bias before a normalization shifts its moving mean."""
    copied = set()
    biases = {}
    for layer in theirs.layers:
        if not layer.weights:
            continue
        mine = model.get_layer(ours(layer.name, version))
        values = layer.get_weights()
        if isinstance(layer, layers.Conv2D):
            kernel, *bias = values
            mine.set_weights([kernel])
            biases[f"{mine.name}_normalization"] = bias[0] if bias else 0
            if version == 2:
                assert not bias or not bias[0].any()
        else:
            mine.set_weights(values)
        copied.add(mine.name)
    assert copied == {layer.name for layer in model.layers if layer.weights}
    if version == 1:
        for name, bias in biases.items():
            layer = model.get_layer(name)
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, mean - bias, variance])


def strides_where_the_paper_has_them(layer):
    """Keras's ResNet50V2 with stride 2 in the first block of a stage."""
    settings = layer.get_config()
    part = layer.name.split("_")
    if layer.name.endswith(("_2_conv", "_0_conv")):
        down = part[1] == "block1" and part[0] != "conv2"
        settings["strides"] = (2, 2) if down else (1, 1)
    elif layer.name.startswith("max_pooling2d"):  # the shortcut of the last block
        settings["strides"] = (1, 1)
    return type(layer).from_config(settings)


@pytest.mark.parametrize("version", [1, 2])
def test_same_function_as_keras(version):
    keras.utils.set_random_seed(0)
    build = (keras.applications.ResNet50, keras.applications.ResNet50V2)[version - 1]
    theirs = build(weights=None, input_shape=(64, 64, 3), classes=10)
    if version == 2:
        theirs = keras.models.clone_model(
            theirs, clone_function=strides_where_the_paper_has_them
        )
    randomize(theirs, biases=version == 1)
    stride_on = ("1x1", "3x3")[version - 1]
    model = models.resnet(50, (64, 64, 3), 10, version, stride_on)
    copy(theirs, model, version)

    x = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
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


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((28, 28, 1), (28, 14, 7, 4)),
        ((32, 32, 3), (32, 16, 8, 4)),
        ((63, 63, 3), (63, 32, 16, 8)),
        ((64, 64, 3), (16, 8, 4, 2)),
        ((64, 40, 3), (64, 32, 16, 8)),
        ((8, 8, 3), (8, 4, 2, 1)),
    ],
)
def test_stem_of_small_images(shape, sides):
    model = models.resnet(18, shape, classes=10)
    assert [s[0] for s in stage_maps(model)] == list(sides)
    assert model.get_layer("conv1").kernel_size == (
        (7, 7) if min(shape[:2]) > 63 else (3, 3)
    )
    small = 9 * 64 * shape[-1] if min(shape[:2]) < 64 else 49 * 64 * 3
    ten = 11_689_512 - 49 * 64 * 3 - 990 * 513 + small
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == ten


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 20}, r"depth in \[18, 34, 50, 101, 152\].*depth=20"),
        ({"version": 3}, r"version in \[1, 2\].*version=3"),
        ({"stride_on": "7x7"}, r"\['1x1', '3x3'\].*'7x7'"),
        ({"shortcut": None}, "'projection', 'identity', 'none'.*None"),
        ({"input_shape": (7, 32, 3)}, r"8x8.*\(7, 32, 3\)"),
        ({"input_shape": (32, 32)}, r"\(32, 32\)"),
        ({"input_shape": (None, None, 3)}, "None"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.resnet(**{"depth": 18, "input_shape": (32, 32, 3), **arguments})
