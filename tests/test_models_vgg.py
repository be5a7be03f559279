"""VGG against published counts, the ledger of the lectures and keras.applications."""

import math
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from cnnkit import models, sizes
from cnnkit.course.claims import claim, load

# multiply-adds, receptive field of the last map: counted independently of this package
PUBLISHED = {
    "A": (7_609_090_048, 150),
    "A-LRN": (7_609_090_048, 150),
    "B": (11_308_466_176, 156),
    "C": (11_770_888_192, 156),
    "D": (15_470_264_320, 212),
    "E": (19_632_062_464, 268),
}


@contextmanager
def only_shapes():
    """Models without their half gigabyte of weights."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


def weighted(model):
    return [layer for layer in model.layers if layer.weights]


def weights(layers):
    return sum(math.prod(layer.kernel.shape) for layer in layers)


@pytest.mark.parametrize("configuration", PUBLISHED)
def test_counts_and_shapes(configuration):
    with only_shapes():
        model = models.vgg(configuration)
        layers = weighted(model)
        convolutions = [layer for layer in layers if len(layer.kernel.shape) == 4]
        dense = layers[len(convolutions) :]
        claim(
            f"arch/vgg/{configuration.lower()}",
            {
                "conv_weights": weights(convolutions),
                "dense_weights": weights(dense),
                "total_weights": weights(layers),
                "total_with_biases": model.count_params(),
                "weight_layers": len(layers),
                "millions_printed": round(model.count_params() / 1e6),
            },
        )
        macs = sum(
            math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
            for layer in layers
        )
        windows = [
            (layer.kernel_size[0], 1)
            if layer in convolutions
            else (layer.pool_size[0], layer.strides[0])
            for layer in model.layers
            if layer in convolutions or layer.name.endswith("pool")
        ]
        assert (macs, sizes.receptive_field(windows).size) == PUBLISHED[configuration]
        assert [
            model.get_layer(f"stage{i}_pool").output.shape[1:] for i in range(1, 6)
        ] == [(112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512)]
        assert [layer.units for layer in dense] == [4096, 4096, 1000]
        assert not model.non_trainable_weights
        norms = [i for i, r in enumerate(model.layers) if r.name.endswith("_norm")]
        assert norms == ([2] if configuration == "A-LRN" else [])  # after stage1_conv1
        ones = [layer.name for layer in convolutions if layer.kernel_size == (1, 1)]
        assert ones == (
            [f"stage{i}_conv3" for i in (3, 4, 5)] if configuration == "C" else []
        )


def test_ledger_of_the_table():
    millions, depths, totals, one_by_one = {}, {}, {}, ""
    for configuration in PUBLISHED:
        with only_shapes():
            model = models.vgg(configuration)
            totals[configuration] = model.count_params()
            millions[configuration] = round(model.count_params() / 1e6)
            depths[configuration] = len(weighted(model))
            if any(layer.kernel.shape[:2] == (1, 1) for layer in weighted(model)):
                one_by_one += configuration
    claim("arch/vgg/parameter-table", {"millions": millions, "weight_layers": depths})
    assert totals["C"] - totals["B"] == 591_104
    assert totals["D"] - totals["C"] == 4_718_592
    five = [c for c in PUBLISHED if c != "A-LRN"]
    claim(
        "arch/vgg/place",
        {
            "order": sorted(five, key=lambda c: (depths[c], totals[c])),
            "one_by_one_in": one_by_one,
        },
    )


def test_ledger_of_vgg_16_layer_by_layer():
    kind = {"Conv2D": "CONV3-{}", "MaxPooling2D": "POOL2", "Dense": "FC"}
    with only_shapes():
        model = models.vgg("D")
        rows = [
            layer
            for layer in model.layers
            if type(layer).__name__ in kind or layer is model.layers[0]
        ]

        def name(layer):
            if layer is rows[0]:
                return "INPUT"
            return kind[type(layer).__name__].format(layer.output.shape[-1])

        shapes = [tuple(layer.output.shape[1:]) for layer in rows]
        shapes = [s if len(s) == 3 else (1, 1, *s) for s in shapes]
        values = [math.prod(s) for s in shapes]
        claim(
            "arch/vgg/memory-table",
            {
                "rows": [
                    [name(layer), list(s), n]
                    for layer, s, n in zip(rows, shapes, values, strict=True)
                ],
                "total_values": sum(values),
                "total_mebibytes_float32": sum(values) * 4 / 2**20,
            },
        )
        counts = [math.prod(r.kernel.shape) if r.weights else 0 for r in rows]
        claim(
            "arch/vgg/weights-table",
            {
                "rows": [
                    [name(layer), n] for layer, n in zip(rows, counts, strict=True)
                ],
                "total_weights": sum(counts),
                "total_with_biases": model.count_params(),
            },
        )
        second_pool = [name(layer) for layer in rows].index("POOL2", 4)
        claim(
            "arch/vgg/where-memory-and-weights-are",
            {
                "share_of_activations_before_second_pooling": (
                    sum(values[:second_pool]) / sum(values)
                ),
                "share_of_weights_first_dense": counts[-3] / sum(counts),
            },
        )
        convolutions = [r for r in weighted(model) if "conv" in r.name]
        claim(
            "arch/vgg/non-dense-parameters",
            {
                "weights": weights(convolutions),
                "with_biases": sum(r.count_params() for r in convolutions),
            },
        )
        printed = load()["arch/vgg/dense-parameters"]["given"]["terms_printed"]
        claim(
            "arch/vgg/dense-parameters",
            {
                "weights": weights(rows[-3:]),
                "printed_terms_sum": sum(
                    math.prod(map(int, term.split("*"))) for term in printed
                ),
            },
        )
        claim("arch/vgg/first-dense", {"weights": counts[-3]})


@pytest.mark.parametrize(
    ("configuration", "peer"),
    [
        ("D", "VGG16"),
        pytest.param("E", "VGG19", marks=pytest.mark.full),
    ],
)
def test_same_function_as_keras_applications(configuration, peer):
    rng = np.random.default_rng(0)
    shape = (32, 48, 3)
    mine = models.vgg(configuration, shape, 7)
    theirs = getattr(keras.applications, peer)(
        weights=None, input_shape=shape, classes=7
    )
    for w in theirs.weights:
        fan = math.prod(w.shape[:-1])
        scale = (2 / fan) ** 0.5 if len(w.shape) > 1 else 0.1
        w.assign(scale * rng.standard_normal(w.shape, dtype="float32"))
    mine.set_weights(theirs.get_weights())
    x = rng.normal(size=(2, *shape)).astype("float32")
    expected = theirs.predict(x, verbose=0)
    assert expected.std() > 0.01  # it depends on the weights
    np.testing.assert_allclose(mine.predict(x, verbose=0), expected, rtol=1e-4)


def test_dropout_between_the_dense_layers():
    with only_shapes():
        model = models.vgg("A", (32, 32, 1), 10)
        order = [layer.name for layer in model.layers[-6:]]
        rates = [model.get_layer(f"dropout{i}").rate for i in (1, 2)]
    assert order == ["flatten", "dense1", "dropout1", "dense2", "dropout2", "scores"]
    assert rates == [0.5, 0.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"configuration": 16}, "'A', 'A-LRN', 'B', 'C', 'D', 'E'.*received 16"),
        ({"input_shape": (31, 64, 3)}, r"at least 32x32; received \(31, 64, 3\)"),
        ({"input_shape": (64, 31, 3)}, r"at least 32x32; received \(64, 31, 3\)"),
        ({"input_shape": (224, 224)}, r"received \(224, 224\)"),
        ({"input_shape": (None, None, 3)}, "None"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.vgg(**arguments)
