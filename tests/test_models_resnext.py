"""ResNeXt against published counts, and its groups against ResNet's."""

import keras
import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.models.resnext import resnext_block
from cnnkit.profile import profile

LEDGER = claims.load()

# Counted from the published structure by a program that knows no framework; parameters
# and multiply-adds agree with torchvision 0.29 (101 32x4d: parameters with timm).
#    depth, cardinality, base_width: trainable, not trainable, multiply-adds
COUNTS = {
    (50, 32, 4): (25_028_904, 68_224, 4_230_479_872),
    (101, 32, 4): (44_177_704, 137_856, 7_969_996_800),
    (101, 32, 8): (88_791_336, 202_880, 16_414_015_488),
    (101, 64, 4): (83_455_272, 202_880, 15_460_270_080),
}


@pytest.mark.parametrize(
    "variant",
    [v if v[0] == 50 else pytest.param(v, marks=pytest.mark.full) for v in COUNTS],
)
def test_counts(variant):
    depth, cardinality, base_width = variant
    model = models.resnext(depth, cardinality, base_width)
    ledger = profile(model)
    assert not ledger.not_counted
    total = ledger.total
    assert (total.trainable, total.non_trainable, total.macs) == COUNTS[variant]
    kinds = (layers.Conv2D, layers.Dense)
    named = [layer.name for layer in model.layers if isinstance(layer, kinds)]
    assert sum("shortcut" not in name for name in named) == depth
    blocks = (3, 4, 23 if depth == 101 else 6, 3)
    for i, n in enumerate(blocks):
        width = cardinality * base_width * 2**i
        grouped = model.get_layer(f"stage{i + 1}_block{n}_conv2")
        assert grouped.kernel.shape == (3, 3, width // cardinality, width)
        side = 56 // 2**i
        last = model.get_layer(f"stage{i + 1}_block{n}_relu").output
        assert last.shape[1:] == (side, side, 256 * 2**i)
    assert model.get_layer("conv1").output.shape[1:] == (112, 112, 64)
    assert model.get_layer("pool1").output.shape[1:] == (56, 56, 64)
    assert model.output_shape == (None, 1000)


def test_row_of_the_ledger():
    row = LEDGER["arch/resnext/named"]
    width, groups = row["given"]["width"], row["given"]["groups"]
    inputs = keras.Input((8, 8, 64))
    weights = []
    for cardinality in (groups, 1):
        outputs = resnext_block(inputs, width, 256, 1, cardinality, "block")
        block = keras.Model(inputs, outputs)
        weights.append(block.get_layer("block_conv2").count_params())
    expected = row["expected"]
    assert weights == [expected["weights_of_3x3"], expected["without_groups"]]


def test_one_group_of_64_is_resnet():
    total = profile(models.resnext(50, cardinality=1, base_width=64)).total
    assert (total.trainable, total.macs) == (25_557_032, 4_089_184_256)


def test_grey_images():
    model = models.resnext(50, 8, 4, (28, 28, 1), 10)
    assert model.get_layer("stage4_block3_relu").output.shape[1:] == (4, 4, 2048)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 29}, r"depth in \[50, 101\].*depth=29"),
        ({"cardinality": 0}, "cardinality=0"),
        ({"base_width": 0}, "base_width=0"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.resnext(**arguments)
