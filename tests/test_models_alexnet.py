"""AlexNet against published counts, the ledger and two towers in NumPy."""

import math
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from cnnkit import models, sizes
from cnnkit.course.claims import claim, load
from cnnkit.reference import conv, normalization, pool

SHAPES = {
    "conv1": (55, 55, 96),
    "pool1": (27, 27, 96),
    "conv2": (27, 27, 256),
    "pool2": (13, 13, 256),
    "conv3": (13, 13, 384),
    "conv4": (13, 13, 384),
    "conv5": (13, 13, 256),
    "pool5": (6, 6, 256),
    "dense6": (4096,),
    "dense7": (4096,),
    "scores": (1000,),
}
MACS = {2: 724_406_816, 1: 1_135_256_096}  # counted independently of this package
# the names of the dense layers in the ledger
DENSE = {"dense6": "fc6", "dense7": "fc7", "scores": "fc8"}


@contextmanager
def only_shapes():
    """Models without their quarter gigabyte of weights."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


def weighted(model):
    return [layer for layer in model.layers if layer.weights]


def convolutions(model):
    return [layer for layer in model.layers if layer.name.startswith("conv")]


@pytest.mark.parametrize("groups", [2, 1])
def test_counts_and_shapes(groups):
    with only_shapes():
        model = models.alexnet(groups)
        assert {
            name: model.get_layer(name).output.shape[1:] for name in SHAPES
        } == SHAPES
        assert len(weighted(model)) == 8
        assert not model.non_trainable_weights
        macs = sum(
            math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
            for layer in weighted(model)
        )
        assert macs == MACS[groups]
        windows = [
            (getattr(layer, "kernel_size", None) or layer.pool_size, layer.strides)
            for layer in model.layers
            if layer.name.startswith(("conv", "pool"))
        ]
        windows = [(kernel[0], stride[0]) for kernel, stride in windows]
        assert sizes.receptive_field(windows).size == 195


def test_ledger_first_layer_and_shapes():
    with only_shapes():
        model = models.alexnet()
        conv1 = model.get_layer("conv1")
        claim(
            "arch/alexnet/conv1",
            {
                "output": conv1.output.shape[1:],
                "weights": math.prod(conv1.kernel.shape),
                "parameters": conv1.count_params(),
            },
        )
        given = load()["arch/alexnet/shapes"]["given"]["layers_K_F_S_P"]
        claim(
            "arch/alexnet/shapes",
            {"shapes": [model.get_layer(name).output.shape[1:] for name in given]},
        )
        side, last = 227, model.get_layer("pool5").output.shape[1:]
        for layer in model.layers:
            if layer.name.startswith("conv"):
                side = sizes.output_size(side, layer.kernel_size[0], layer.strides[0])
            if layer.name.startswith("pool"):
                side = sizes.output_size(side, layer.pool_size[0], layer.strides[0])
        claim(
            "arch/alexnet/last-map",
            {
                "without_padding": (side, side, last[-1]),
                "with_padding": last,
                "vector_with_padding": model.get_layer("flatten").output.shape[1],
                "fc6_weights_from_1024": sizes.dense_parameters(
                    side * side * last[-1], 4096, bias=False
                ),
                "fc6_weights_from_9216": math.prod(
                    model.get_layer("dense6").kernel.shape
                ),
            },
        )


def test_ledger_size():
    counts = {}
    for groups in (1, 2):
        with only_shapes():
            model = models.alexnet(groups)
            counts[groups] = {
                DENSE.get(layer.name, layer.name): layer.count_params()
                for layer in weighted(model)
            }
            units = sum(math.prod(layer.output.shape[1:]) for layer in weighted(model))
    totals = {groups: sum(each.values()) for groups, each in counts.items()}
    dense = sum(counts[2][name] for name in DENSE.values())
    claim(
        "arch/alexnet/size",
        {
            "hidden_layers": len(counts[2]) - 1,
            "weight_layers": len(counts[2]),
            "units_computed": units,
            "parameters_two_groups": totals[2],
            "parameters_one_tower": totals[1],
            "one_tower": counts[1],
            "two_groups": counts[2],
            "share_of_dense_layers_two_groups": dense / totals[2],
        },
    )


def test_ledger_changes_from_lenet():
    with only_shapes():
        model = models.alexnet()
        pools = {
            type(layer).__name__
            for layer in model.layers
            if layer.name.startswith("pool")
        }
        assert pools == {"MaxPooling2D"}
        (activation,) = {layer.activation.__name__ for layer in weighted(model)[:-1]}
        rates = [layer.rate for layer in model.layers if hasattr(layer, "rate")]
        claim(
            "arch/alexnet/changes-from-lenet",
            {
                "pooling": "max" if pools == {"MaxPooling2D"} else "other",
                "activation": activation,
                "regularisation": "dropout" if rates else "none",
                "uses_dropout": rates == [0.5, 0.5],
            },
        )


def test_initial_weights_of_the_paper():
    model = models.alexnet(input_shape=(67, 67, 3), classes=10)
    bias = {layer.name: layer.get_weights()[1] for layer in weighted(model)}
    ones = [name for name, values in bias.items() if (values == 1).all()]
    assert ones == ["conv2", "conv4", "conv5", "dense6", "dense7"]
    assert all((bias[name] == 0).all() for name in bias.keys() - set(ones))
    for layer in weighted(model):
        kernel = layer.get_weights()[0]
        assert abs(kernel.std() - 0.01) < 0.0005
        assert abs(kernel.mean()) < 0.001


@pytest.mark.parametrize("groups", [2, 1])
def test_same_function_as_towers_in_numpy(groups):
    """Two halves that meet only in conv3 and the dense layers; normalised together."""
    rng = np.random.default_rng(0)
    model = models.alexnet(groups, (67, 67, 3), 5)
    for w in model.weights:
        fan = math.prod(w.shape[:-1])
        scale = (2 / fan) ** 0.5 if len(w.shape) > 1 else 0.1
        w.assign(scale * rng.standard_normal(w.shape, dtype="float32"))
    weights = {layer.name: layer.get_weights() for layer in weighted(model)}
    x = 20 * rng.standard_normal((1, 67, 67, 3), dtype="float32")

    def convolution(x, name, towers, **how):
        kernel, bias = weights[name]
        parts = [
            conv.conv2d(half, k, b, **how)
            for half, k, b in zip(
                np.split(x, towers, axis=-1),
                np.split(kernel, towers, axis=-1),
                np.split(bias, towers),
                strict=True,
            )
        ]
        return np.maximum(np.concatenate(parts, axis=-1), 0)

    def normalise_and_pool(x):
        return pool.max_pool2d(normalization.local_response_norm(x), 3, 2)

    y = normalise_and_pool(convolution(x, "conv1", 1, stride=4))
    y = normalise_and_pool(convolution(y, "conv2", groups, padding=2))
    y = convolution(y, "conv3", 1, padding=1)
    y = convolution(y, "conv4", groups, padding=1)
    y = convolution(y, "conv5", groups, padding=1)
    y = pool.max_pool2d(y, 3, 2).reshape(1, -1)
    for name in ("dense6", "dense7"):
        y = np.maximum(y @ weights[name][0] + weights[name][1], 0)
    y = np.exp(y @ weights["scores"][0] + weights["scores"][1])
    assert (y / y.sum()).std() > 0.01
    np.testing.assert_allclose(model.predict(x, verbose=0), y / y.sum(), rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": 3}, "groups 1 or 2; received 3"),
        ({"input_shape": (66, 99, 3)}, r"at least 67x67; received \(66, 99, 3\)"),
        ({"input_shape": (227, 227)}, r"received \(227, 227\)"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.alexnet(**arguments)
