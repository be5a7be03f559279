"""SE-ResNet against published counts: what the gates cost."""

import keras
import pytest
from keras import layers

from cnnkit import models
from cnnkit.course import claims
from cnnkit.models.senet import se_block
from cnnkit.profile import profile

LEDGER = claims.load()
full = pytest.mark.full

# Counted from the published structure by a program that knows no framework; parameters
# agree with timm.
#    depth, stride_on: trainable, not trainable, multiply-adds
COUNTS = {
    (50, "1x1"): (28_088_024, 53_120, 3_860_488_192),
    (50, "3x3"): (28_088_024, 53_120, 4_091_699_200),
    (101, "3x3"): (49_326_872, 105_344, 7_806_148_608),
}


@pytest.mark.parametrize(
    "variant", [(50, "1x1"), *(pytest.param(v, marks=full) for v in list(COUNTS)[1:])]
)
def test_counts(variant):
    depth, stride_on = variant
    model = models.se_resnet(depth, stride_on=stride_on)
    ledger = profile(model)
    assert not ledger.not_counted
    total = ledger.total
    assert (total.trainable, total.non_trainable, total.macs) == COUNTS[variant]
    kinds = (layers.Conv2D, layers.Dense)
    named = [layer.name for layer in model.layers if isinstance(layer, kinds)]
    main = [n for n in named if "shortcut" not in n and "_se_" not in n]
    assert len(main) == depth
    blocks = (3, 4, 23 if depth == 101 else 6, 3)
    for i, n in enumerate(blocks):
        side = 56 // 2**i
        last = model.get_layer(f"stage{i + 1}_block{n}_relu").output
        assert last.shape[1:] == (side, side, 256 * 2**i)
        reduced = model.get_layer(f"stage{i + 1}_block{n}_se_reduce")
        assert reduced.units == 16 * 2**i
    assert model.output_shape == (None, 1000)


# Without gates SE-ResNet-50 is ResNet-50: 25,557,032 parameters, 3,857,973,248
# multiply-adds.  They add 2 C^2 / r + C / r + C parameters for C channels.
def test_the_gates_cost_a_tenth_of_the_parameters():
    trainable, _, macs = COUNTS[50, "1x1"]
    gates = [2 * c * c // 16 + c // 16 + c for c in (256, 512, 1024, 2048)]
    cost = sum(n * gate for n, gate in zip((3, 4, 6, 3), gates, strict=True))
    assert cost == 2_530_992
    assert trainable - cost == 25_557_032
    weights = cost - 16_048  # without the biases
    assert macs - weights == 3_857_973_248


@full
def test_152_layers():
    model = models.se_resnet(152, (8, 8, 3), 2)
    adds = sum(isinstance(layer, layers.Add) for layer in model.layers)
    assert adds == (152 - 2) // 3


def test_row_of_the_ledger():
    row = LEDGER["arch/senet/named"]
    channels, ratio = row["given"]["C"], row["given"]["reduction"]
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, se_block(inputs, channels // 4, (1, 1), ratio, "block"))
    kernels = [
        model.get_layer(f"block_se_{part}").kernel for part in ("reduce", "gate")
    ]
    weights = sum(kernel.shape[0] * kernel.shape[1] for kernel in kernels)
    assert weights == row["expected"]["block_weights"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 18}, r"depth in \[50, 101, 152\].*depth=18"),
        ({"stride_on": "2x2"}, "'1x1', '3x3'.*'2x2'"),
        ({"ratio": 0}, "ratio.*received 0"),
        ({"ratio": 7}, "ratio.*received 7"),
        ({"input_shape": (4, 4, 3)}, r"8x8.*\(4, 4, 3\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.se_resnet(**{"input_shape": (32, 32, 3), **arguments})
