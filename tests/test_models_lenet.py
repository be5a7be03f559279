"""LeNet-5, as taught and of 1998: published numbers, and a slow NumPy version."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from cnnkit import models, sizes
from cnnkit.models import lenet

# LeCun et al. 1998, section II-B: output, trainable or fixed numbers, connections
PAPER = {
    "C1": ((28, 28, 6), 156, 122_304),
    "S2": ((14, 14, 6), 12, 5_880),
    "C3": ((10, 10, 16), 1_516, 151_600),
    "S4": ((5, 5, 16), 32, 2_000),
    "C5": ((1, 1, 120), 48_120, 48_120),
    "F6": ((84,), 10_164, 10_164),
    "scores": ((10,), 840, 840),
}


def connections(model, name):
    """Every unit: its weights and its bias, once for each position."""
    layer = model.get_layer(name)
    positions = int(np.prod(layer.output.shape[1:-1]))
    if name.startswith("S"):  # four inputs share one weight
        return positions * layer.output.shape[-1] * (4 + 1)
    return positions * layer.count_params()


@pytest.mark.parametrize("side", [32, 28])
def test_lenet5_1998_layer_by_layer(side):
    model = models.lenet5_1998((side, side, 1))
    assert {
        name: (
            model.get_layer(name).output.shape[1:],
            model.get_layer(name).count_params(),
            connections(model, name),
        )
        for name in PAPER
    } == PAPER
    assert sum(connections(model, name) for name in PAPER) == 340_908
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 60_000
    assert sum(int(np.prod(w.shape)) for w in model.non_trainable_weights) == 840


def test_lenet5_1998_multiply_adds_and_receptive_field():
    model = models.lenet5_1998()
    # Subsampling and distances are not counted, as in the customary tables.
    macs = sum(
        int(np.prod(model.get_layer(name).kernel.shape))
        * int(np.prod(model.get_layer(name).output.shape[1:-1]))
        for name in ("C1", "C3", "C5", "F6")
    )
    assert macs == 325_680
    windows = [
        (model.get_layer("C1").kernel_size[0], 1),
        (
            model.get_layer("S2_mean").pool_size[0],
            model.get_layer("S2_mean").strides[0],
        ),
        (model.get_layer("C3").kernel_size, 1),
        (
            model.get_layer("S4_mean").pool_size[0],
            model.get_layer("S4_mean").strides[0],
        ),
        (model.get_layer("C5").kernel_size[0], 1),
    ]
    assert sizes.receptive_field(windows).size == 32


def test_table_1_by_its_description():
    """Six maps read 3 neighbours, six 4 neighbours, three 4 others, one reads all."""
    reads = [
        tuple(row for row in range(6) if lenet.C3_TABLE[row][column] == "X")
        for column in range(16)
    ]
    ring = lambda start, n: tuple(sorted((start + i) % 6 for i in range(n)))  # noqa: E731
    assert reads[:6] == [ring(i, 3) for i in range(6)]
    assert reads[6:12] == [ring(i, 4) for i in range(6)]
    assert all(len(r) == 4 for r in reads[12:15])
    assert not {ring(i, 4) for i in range(6)} & set(reads[12:15])
    assert reads[15] == (0, 1, 2, 3, 4, 5)
    assert len(set(reads)) == 16
    assert sum(map(len, reads)) == 60


def test_same_function_as_numpy():
    """Every link, mean and distance on its own, in float64."""
    rng = np.random.default_rng(0)
    model = models.lenet5_1998()
    trainable = [rng.normal(0, 0.3, w.shape) for w in model.trainable_weights]
    for variable, value in zip(model.trainable_weights, trainable, strict=True):
        variable.assign(value)
    weights = {
        name: [np.asarray(w, "float64") for w in model.get_layer(name).get_weights()]
        for name in PAPER
    }
    x = rng.normal(size=(2, 32, 32, 1))

    def squash(a):
        return 1.7159 * np.tanh(2 / 3 * a)

    def convolve(maps, kernels, bias, links):
        out = []
        for target, b in enumerate(bias):
            total = b
            for source in range(maps.shape[-1]):
                if (source, target) in links:
                    total = total + np.stack(
                        [
                            correlate2d(image, kernels[source, target], mode="valid")
                            for image in maps[..., source]
                        ]
                    )
            out.append(squash(total))
        return np.stack(out, axis=-1)

    def convolution(maps, kernel, bias):
        pairs = np.ndindex(*kernel.shape[2:])
        kernels = {(s, t): kernel[:, :, s, t] for s, t in pairs}
        return convolve(maps, kernels, bias, kernels)

    def subsampling(maps, scale, bias):
        b, h, w, c = maps.shape
        mean = maps.reshape(b, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
        return squash(mean * scale.ravel() + bias)

    y = convolution(x, *weights["C1"])
    y = subsampling(y, *weights["S2"])
    table = [
        (source, target)
        for source in range(6)
        for target in range(16)
        if lenet.C3_TABLE[source][target] == "X"
    ]
    kernel, bias = weights["C3"]
    kernels = {link: kernel[:, :, i] for i, link in enumerate(table)}
    y = convolve(y, kernels, bias, kernels)
    y = subsampling(y, *weights["S4"])
    y = convolution(y, *weights["C5"])[:, 0, 0]
    y = squash(y @ weights["F6"][0] + weights["F6"][1])
    pictures = [
        [
            1.0 if pixel == "#" else -1.0
            for pixel in "".join(row.split()[d] for row in lenet.DIGITS)
        ]
        for d in range(10)
    ]
    distances = ((y[:, None] - np.array(pictures)) ** 2).sum(-1)
    got = model.predict(x.astype("float32"), verbose=0)
    np.testing.assert_allclose(got, -distances, rtol=1e-4)


def test_pictures_of_digits():
    pictures = np.array(
        [
            [[p == "#" for p in row.split()[d]] for row in lenet.DIGITS]
            for d in range(10)
        ]
    )
    assert pictures.shape == (10, 12, 7)
    apart = (pictures[:, None] != pictures).sum(axis=(2, 3))
    assert apart[~np.eye(10, dtype=bool)].min() >= 12
    layer = lenet.DigitDistance()
    scores = np.asarray(layer(pictures.reshape(10, 84) * 2.0 - 1))
    np.testing.assert_allclose(scores, -4.0 * apart)


def test_lenet5_1998_learns_with_equation_9_and_survives_saving(tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(10, 28, 28, 1))
    y = np.arange(60) % 10
    x = (patterns[y] + rng.normal(size=(60, 28, 28, 1))).astype("float32")
    model = models.lenet5_1998((28, 28, 1))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    distances = -model.predict(x, verbose=0).astype("float64")
    equation_9 = np.mean(
        distances[np.arange(60), y] + np.log(np.exp(-distances).sum(axis=1))
    )
    assert float(loss(y, -distances)) == pytest.approx(equation_9, rel=1e-4)
    before = [np.array(w) for w in model.get_weights()]
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    history = model.fit(x, y, batch_size=20, epochs=15, verbose=0).history
    assert history["accuracy"][-1] > 0.8 > history["accuracy"][0]
    changed = [
        not np.array_equal(b, w)
        for b, w in zip(before, model.get_weights(), strict=True)
    ]
    assert changed == [w.trainable for w in model.weights]
    model.save(tmp_path / "lenet5_1998.keras")
    again = keras.models.load_model(tmp_path / "lenet5_1998.keras")
    np.testing.assert_allclose(
        again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5
    )


def test_first_weights_shrink_with_what_a_unit_reads():
    kernel = models.lenet5_1998().get_layer("C3").get_weights()[0]
    column = [t for s in range(6) for t in range(16) if lenet.C3_TABLE[s][t] == "X"]
    for maps, target in ((3, 0), (4, 6), (6, 15)):
        largest = abs(kernel[:, :, np.array(column) == target]).max()
        assert 0.9 * 2.4 / (25 * maps) < largest <= 2.4 / (25 * maps)


def test_lenet5_1998_bad_input():
    with pytest.raises(ValueError, match=r"\(28, 28, channels\).*\(30, 30, 1\)"):
        models.lenet5_1998((30, 30, 1))
    with pytest.raises(ValueError, match="expected 6 input maps; received 5"):
        lenet.TableConv2D(lenet.C3_TABLE, 5)(np.zeros((1, 9, 9, 5)))


def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        built = [models.lenet5(), models.lenet5_1998()]
    finally:
        keras.config.set_dtype_policy("float32")
    x = np.zeros((1, 32, 32, 1), "float32")
    for model in built:
        out = model(x)
        assert keras.backend.standardize_dtype(out.dtype) == "float32"
        assert np.isfinite(np.asarray(out)).all()


# as taught

SHAPES = {  # LeCun et al. 1998, figure 2, with today's dense layers
    "conv1": (28, 28, 6),
    "pool1": (14, 14, 6),
    "conv2": (10, 10, 16),
    "pool2": (5, 5, 16),
    "flatten": (400,),
    "dense3": (120,),
    "dense4": (84,),
    "scores": (10,),
}


@pytest.mark.parametrize("side", [32, 28])
def test_lenet5_shapes_and_parameters(side):
    model = models.lenet5((side, side, 1))
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers[1:]}
    assert shapes == SHAPES
    counts = [layer.count_params() for layer in model.layers if layer.weights]
    assert counts == [156, 2416, 48120, 10164, 850]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (30, 30, 1)}, r"\(30, 30, 1\)"),
        ({"input_shape": (32, 32)}, r"\(32, 32\)"),
        ({"classes": 0}, "classes=0"),
        ({"pooling": "mean"}, "'average', 'max'.*'mean'"),
    ],
)
def test_lenet5_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.lenet5(**arguments)
