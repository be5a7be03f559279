"""Plain and residual networks for CIFAR: equal weights, equal work, equal sight."""

import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.profile import profile

LEDGER = claims.load()

# Counted from the published structure by a program that knows no framework; the paper
# prints 0.27, 0.46, 0.66, 0.85 and 1.7 million.
#       trainable, not trainable, multiply-adds, receptive field of the last map
COUNTS = {
    20: (269_722, 1_376, 40_551_040, 81),
    32: (464_154, 2_272, 68_862_592, 137),
    44: (658_586, 3_168, 97_174_144, 193),
    56: (853_018, 4_064, 125_485_696, 249),
    110: (1_727_962, 8_096, 252_887_680, 501),
}
DEPTHS = [20, 32, 44, 56, pytest.param(110, marks=pytest.mark.full)]


def numbers(model):
    ledger = profile(model)
    assert not ledger.not_counted
    field = next(r.receptive_field[0] for r in ledger.rows[::-1] if r.receptive_field)
    total = ledger.total
    return total.trainable, total.non_trainable, total.macs, field


def main_path(model):
    kinds = (layers.Conv2D, layers.Dense)
    named = [layer.name for layer in model.layers if isinstance(layer, kinds)]
    return sum("shortcut" not in name for name in named)


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("depth", DEPTHS)
def test_counts(depth, residual):
    model = models.resnet_cifar(depth, residual)
    assert numbers(model) == COUNTS[depth]
    assert main_path(model) == depth
    adds = sum(isinstance(layer, layers.Add) for layer in model.layers)
    assert adds == ((depth - 2) // 2 if residual else 0)
    n = (depth - 2) // 6
    maps = [model.get_layer(f"stage{i}_block{n}_relu").output for i in (1, 2, 3)]
    assert [m.shape[1:] for m in maps] == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    assert model.output_shape == (None, 10)


def test_row_of_the_ledger():
    row = LEDGER["arch/resnet-cifar/plain-and-residual"]
    depths = [6 * n + 2 for n in row["given"]["n"]]
    assert depths == row["expected"]["depths"]
    for residual in (True, False):
        nets = [models.resnet_cifar(depth, residual) for depth in depths]
        assert [main_path(net) for net in nets] == depths
        trained = [profile(net).total.trainable for net in nets]
        assert trained == row["expected"]["parameters"]
    sides = [nets[0].get_layer(f"stage{i}_block3_relu").output.shape for i in (1, 2, 3)]
    assert [s[1] for s in sides] == row["given"]["sides"]
    assert [s[3] for s in sides] == row["given"]["widths"]


#       version 1: trainable, not trainable, multiply-adds with projections
PROJECTIONS = {
    20: (272_474, 1_568, 40_813_184),
    32: (466_906, 2_464, 69_124_736),
    44: (661_338, 3_360, 97_436_288),
    56: (855_770, 4_256, 125_747_840),
    110: (1_730_714, 8_288, 253_149_824),
}


@pytest.mark.parametrize(
    "depth", [20, *(pytest.param(d, marks=pytest.mark.full) for d in (32, 44, 56, 110))]
)
def test_projections(depth):
    model = models.resnet_cifar(depth, shortcut="projection")
    counts = numbers(model)
    assert counts[:3] == PROJECTIONS[depth]
    assert counts[0] - COUNTS[depth][0] == 2_752
    assert main_path(model) == depth


@pytest.mark.parametrize(
    ("shortcut", "trainable", "macs"),
    [("identity", 1_727_962, 252_887_680), ("projection", 1_730_522, 253_149_824)],
)
@pytest.mark.full
def test_version_2_of_110_layers(shortcut, trainable, macs):
    model = models.resnet_cifar(110, version=2, shortcut=shortcut)
    assert numbers(model) == (trainable, 8_096, macs, 501)


def test_version_2():
    model = models.resnet_cifar(20, version=2)
    assert numbers(model) == COUNTS[20]
    assert main_path(model) == 20
    assert model.layers[-3].name == "last_relu"


def test_grey_images():
    model = models.resnet_cifar(20, input_shape=(28, 28, 1))
    last = model.get_layer("stage3_block3_relu").output
    assert last.shape[1:] == (7, 7, 64)
    assert profile(model).total.trainable == 269_722 - 2 * 9 * 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 18}, r"6 n \+ 2.*depth=18"),
        ({"depth": 2}, "depth=2"),
        ({"version": 0}, r"\[1, 2\].*version=0"),
        ({"shortcut": "none"}, "'identity', 'projection'.*'none'"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.resnet_cifar(**{"depth": 20, **arguments})
