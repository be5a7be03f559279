"""Wide ResNet against published counts."""

import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.profile import profile

LEDGER = claims.load()

# Counted from the published structure by a program that knows no framework.
#    depth, widen_factor, classes: trainable, not trainable, multiply-adds
COUNTS = {
    (16, 8, 10): (10_961_370, 7_200, 1_548_145_664),
    (16, 8, 100): (11_007_540, 7_200, 1_548_191_744),
    (28, 10, 10): (36_479_194, 17_952, 5_243_328_768),
    (28, 10, 100): (36_536_884, 17_952, 5_243_386_368),
    (40, 4, 10): (8_949_210, 10_784, 1_298_582_016),
}
DEFAULT = [(16, 8, 10), (28, 10, 10)]


@pytest.mark.parametrize(
    "variant",
    [v if v in DEFAULT else pytest.param(v, marks=pytest.mark.full) for v in COUNTS],
)
def test_counts(variant):
    depth, k, classes = variant
    model = models.wide_resnet(depth, k, classes=classes, dropout=0.3)
    ledger = profile(model)
    assert not ledger.not_counted
    total = ledger.total
    assert (total.trainable, total.non_trainable, total.macs) == COUNTS[variant]
    # the name counts the convolutions of the shortcuts, and not the dense layer
    convolutions = [m for m in model.layers if isinstance(m, layers.Conv2D)]
    assert len(convolutions) == depth
    n = (depth - 4) // 6
    maps = [model.get_layer(f"stage{i}_block{n}_add").output for i in (1, 2, 3)]
    assert [m.shape[1:] for m in maps] == [
        (32, 32, 16 * k),
        (16, 16, 32 * k),
        (8, 8, 64 * k),
    ]
    dropouts = [m for m in model.layers if isinstance(m, layers.Dropout)]
    assert [m.rate for m in dropouts] == [0.3] * 3 * n


def test_row_of_the_ledger():
    expected = LEDGER["arch/wide-resnet/named"]["expected"]
    weights = [
        models.wide_resnet(10, k).get_layer("stage3_block1_conv2").count_params()
        for k in (1, 2)
    ]
    assert weights == expected["weights_of_3x3_layer"]
    assert weights[1] == expected["factor"] * weights[0]


def test_without_dropout_and_for_grey_images():
    model = models.wide_resnet(10, 1, (28, 28, 1))
    assert not any(isinstance(layer, layers.Dropout) for layer in model.layers)
    assert model.get_layer("stage3_block1_add").output.shape[1:] == (7, 7, 64)
    # 16 channels in and out of stage 1: its shortcut is the identity
    assert "stage1_block1_shortcut" not in [layer.name for layer in model.layers]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 20}, r"6 n \+ 4.*depth=20"),
        ({"depth": 4}, "depth=4"),
        ({"widen_factor": 0}, "widen_factor=0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.wide_resnet(**{"depth": 10, "widen_factor": 1, **arguments})
