"""GoogLeNet against its table: published counts, the ledger's rows, NumPy."""

import math

import keras
import numpy as np
import pytest

from cnnkit import models, reference
from cnnkit.course import claims
from cnnkit.models.googlenet import MODULES, inception

WEIGHTED = (keras.layers.Conv2D, keras.layers.Dense)
SHAPES = {  # Szegedy et al. 2015, table 1, column "output size"
    "conv1": (112, 112, 64),
    "pool1": (56, 56, 64),
    "conv2": (56, 56, 192),
    "pool2": (28, 28, 192),
    "inception_3a": (28, 28, 256),
    "inception_3b": (28, 28, 480),
    "pool3": (14, 14, 480),
    "inception_4a": (14, 14, 512),
    "inception_4b": (14, 14, 512),
    "inception_4c": (14, 14, 512),
    "inception_4d": (14, 14, 528),
    "inception_4e": (14, 14, 832),
    "pool4": (7, 7, 832),
    "inception_5a": (7, 7, 832),
    "inception_5b": (7, 7, 1024),
    "global_pool": (1024,),
    "scores": (1000,),
}
BRANCHES = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_projection")


@pytest.fixture(scope="module")
def net():
    return models.googlenet()


def shape(model, name):
    return tuple(model.get_layer(name).output.shape[1:])


def macs(layer):
    return math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)


def cost(model, names):
    """Weights, parameters and multiply-adds of these convolutions and dense layers."""
    found = [model.get_layer(name) for name in names]
    return (
        sum(math.prod(layer.kernel.shape) for layer in found),
        sum(layer.count_params() for layer in found),
        sum(map(macs, found)),
    )


def depth(model, goal):
    """Weight layers on the longest path from the image to the layer `goal`."""
    found = {}
    for layer in model.layers[1:]:  # in the order of computation
        before = layer.input if isinstance(layer.input, list) else [layer.input]
        longest = max(found.get(id(tensor), 0) for tensor in before)
        found[id(layer.output)] = longest + isinstance(layer, WEIGHTED)
    return found[id(model.get_layer(goal).output)]


@pytest.mark.parametrize(
    ("arguments", "trainable", "moving", "multiply_adds", "kernels"),
    [
        ({}, 6998552, 0, 1582671872, 58),
        ({"auxiliary": True}, 13378280, 0, 1591044096, 64),
        ({"normalization": "batch"}, 7005832, 14560, 1582671872, 58),
        (
            {"normalization": "batch", "auxiliary": True},
            13385816,
            15072,
            1591044096,
            64,
        ),
    ],
)
def test_counts(arguments, trainable, moving, multiply_adds, kernels):
    model = models.googlenet(**arguments)
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == trainable
    assert sum(math.prod(w.shape) for w in model.non_trainable_weights) == moving
    found = [layer for layer in model.layers if isinstance(layer, WEIGHTED)]
    assert (len(found), sum(map(macs, found))) == (kernels, multiply_adds)
    assert {name: shape(model, name) for name in SHAPES} == SHAPES
    assert depth(model, "scores") == 22
    if arguments.get("auxiliary"):
        assert model.output_names == [
            "scores",
            "auxiliary1_scores",
            "auxiliary2_scores",
        ]
        assert shape(model, "auxiliary1_pool") == (4, 4, 512)
        assert shape(model, "auxiliary2_pool") == (4, 4, 528)
        assert [depth(model, f"auxiliary{i}_scores") for i in (1, 2)] == [12, 18]


def test_torchvision_has_3x3_for_5x5(net):
    """Its 6,624,904 parameters and 1,498,376,192 multiply-adds, to the last one."""
    found = [net.get_layer(f"inception_{name}_5x5") for name in MODULES]
    less = sum(16 * math.prod(layer.kernel.shape[2:]) for layer in found)
    assert (less, 7005832 - less) == (380928, 6624904)
    assert 1582671872 - sum(16 * macs(layer) // 25 for layer in found) == 1498376192


def rows(net):
    """What the model says to the rows of the table."""
    conv1, conv2 = cost(net, ["conv1"]), cost(net, ["conv2_reduce", "conv2"])
    dense = cost(net, ["scores"])
    found = {
        "stem-conv1": {
            "output": shape(net, "conv1"),
            "weights": conv1[0],
            "multiply_adds": conv1[2],
        },
        "stem-conv2": {
            "output": shape(net, "conv2"),
            "weights": conv2[0],
            "multiply_adds": conv2[2],
        },
        "classifier": {
            "after_pooling": shape(net, "global_pool"),
            "dropout_rate": net.get_layer("dropout").rate,
            "linear_weights": dense[0],
            "linear_with_biases": dense[1],
            "multiply_adds": dense[2],
        },
    }
    for name in MODULES:
        names = {b: f"inception_{name}_{b}" for b in BRANCHES}
        weights, parameters, multiply_adds = cost(net, names.values())
        found[f"inception-{name}"] = {
            "output": shape(net, f"inception_{name}"),
            "branch_weights": {b: cost(net, [n])[0] for b, n in names.items()},
            "weights": weights,
            "with_biases": parameters,
            "multiply_adds": multiply_adds,
        }
    return found


def test_rows_of_the_table(net):
    claims.table("arch/googlenet", rows(net))


def test_size_chain_and_totals(net):
    chain = [shape(net, name) for name in list(SHAPES)[:-2]] + [(1, 1, 1024)]
    modules = [name for name in SHAPES if name.startswith("inception")]
    claims.claim(
        "arch/googlenet/size-chain",
        {
            "sides": [height for height, _, _ in chain],
            "depths": [channels for _, _, channels in chain],
            "modules": [
                sum(f"_{stage}" in name for name in modules) for stage in "345"
            ],
            "total": len(modules),
        },
    )
    weighted = [x.name for x in net.layers if isinstance(x, WEIGHTED)]
    weights, parameters, multiply_adds = cost(net, weighted)
    ledger = claims.load()
    totals = ledger["arch/googlenet/totals"]["expected"]
    claims.claim(
        "arch/googlenet/totals",
        {
            **{name: v for name, v in totals.items() if name.startswith("printed")},
            "weights_computed": weights,
            "with_biases_computed": parameters,
            "multiply_adds_computed": multiply_adds,
        },
    )
    layers = {"weight_layers": depth(net, "scores"), "inception_modules": len(modules)}
    claims.claim("arch/googlenet/depth", layers)
    known = ledger["arch/googlenet/vs-alexnet-parameters"]["given"]
    assert known["googlenet"] == parameters
    known = ledger["arch/googlenet/vs-alexnet-operations"]["given"]
    assert known["googlenet_multiply_adds"] == multiply_adds
    known = ledger["arch/googlenet/where-savings-come-from"]["expected"]
    weights, parameters, _ = cost(net, ["scores"])
    assert known["googlenet_dense_parameters"] == parameters
    assert (
        known["googlenet_convolution_weights"] == totals["weights_computed"] - weights
    )


def test_input_size(net):
    first = [models.googlenet((n, n, 3)).get_layer("conv1") for n in (227, 229)]
    claims.claim(
        "arch/googlenet/input-size",
        {
            "input": net.input_shape[1:],
            "first_map": shape(net, "conv1")[0],
            "first_map_for_227_and_229": [layer.output.shape[1] for layer in first],
        },
    )


def test_module_and_head(net):
    def path(tensor):
        layer = tensor._keras_history.operation
        if layer.name == "pool2":
            return []
        kind = {"Conv2D": "", "MaxPooling2D": "max pooling "}.get(type(layer).__name__)
        size = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
        label = [] if kind is None else [kind + "x".join(map(str, size))]
        return path(layer.input) + label

    branches = [path(tensor) for tensor in net.get_layer("inception_3a").input]
    claims.claim(
        "arch/googlenet/module-final",
        {"branches": branches, "output_depth_3a": shape(net, "inception_3a")[-1]},
    )
    sizes = [int(branch[-1].split("x")[0]) for branch in branches[:3]]
    claims.claim("arch/googlenet/module-idea", {"receptive_fields": sizes})
    names = [f"inception_3a_{b}" for b in BRANCHES]
    height, width, channels = shape(net, "pool2")
    filters = [net.get_layer(f"inception_3a_{b}").filters for b in BRANCHES[::2]]
    weights = channels * sum(f * k * k for f, k in zip(filters, sizes, strict=True))
    reduced = cost(net, names)[2]
    claims.claim(
        "arch/googlenet/naive-module-cost",
        {
            "output_depth": channels + sum(filters),
            "weights": weights,
            "multiply_adds": weights * height * width,
            "multiply_adds_with_reductions": reduced,
            "factor": weights * height * width / reduced,
        },
    )
    last, (averaged, *_) = shape(net, "inception_5b"), shape(net, "global_pool")
    weights, parameters, _ = cost(net, ["scores"])
    flat = math.prod(last)
    claims.claim(
        "arch/googlenet/no-big-dense-layer",
        {
            "flattened": {"inputs": flat, "weights": flat * net.output_shape[-1]},
            "averaged": {
                "inputs": averaged,
                "weights": weights,
                "with_biases": parameters,
            },
            "reduction": flat // averaged,
        },
    )


def test_module_computes_what_numpy_computes():
    """Each branch reads the module's input, in the order of the table."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 7, 8, 5)).astype("float32")
    inputs = keras.Input(x.shape[1:])
    outputs = inception(inputs, (2, 3, 4, 5, 6, 7), False, "m")
    model = keras.Model(inputs, outputs)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])

    def conv(x, name):
        kernel, bias = model.get_layer(f"m_{name}").get_weights()
        y = reference.conv2d(x, kernel, bias, padding=kernel.shape[0] // 2)
        return np.maximum(y, 0)

    pooled = reference.max_pool2d(
        np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf), 3, 1
    )
    expected = [
        conv(x, "1x1"),
        conv(conv(x, "3x3_reduce"), "3x3"),
        conv(conv(x, "5x5_reduce"), "5x5"),
        conv(pooled, "pool_projection"),
    ]
    np.testing.assert_allclose(
        model(x), np.concatenate(expected, axis=-1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(("side", "maps"), [(32, (32, 16, 8, 4)), (64, (32, 8, 4, 2))])
def test_small_images_keep_their_size(side, maps):
    model = models.googlenet((side, side, 3), 10, auxiliary=True)
    names = ("conv1", "inception_3a", "inception_4a", "inception_5b")
    assert tuple(shape(model, name)[0] for name in names) == maps
    assert [tuple(t.shape) for t in model.outputs] == [(None, 10)] * 3
    last = math.prod(model.get_layer("auxiliary1_flatten").output.shape[1:])
    assert last == {32: 512, 64: 128}[side]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (27, 32, 3)}, r"28x28 pixels; received \(27, 32, 3\)"),
        ({"input_shape": (224, 224)}, r"received \(224, 224\)"),
        ({"input_shape": (None, None, 3)}, r"received \(None, None, 3\)"),
        ({"classes": 0}, "classes=0"),
        ({"normalization": "layer"}, "'local', 'batch'.*'layer'"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.googlenet(**arguments)
