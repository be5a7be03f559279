"""The small networks against the ledger of the lectures."""

import keras
import numpy as np
import pytest

from cnnkit import models
from cnnkit.course.claims import claim, load

X = np.array(load()["conv/x-image"]["expected"]["image"], "float32")[None, ..., None]


def maps_of(model, name, x):
    """Output of a layer for one image, maps first."""
    part = keras.Model(model.input, model.get_layer(name).output)
    return np.moveaxis(np.asarray(part(x))[0], -1, 0)


def test_letter_x_shows_what_the_lectures_show():
    model = models.letter_x()
    found = maps_of(model, "conv", X)
    claim(
        "conv/x-image-three-filters",
        {
            "maps_in_ninths": np.rint(found * 9).astype(int).tolist(),
            "perfect_matches_per_filter": (found > 0.999).sum(axis=(1, 2)).tolist(),
        },
    )
    np.testing.assert_allclose(found * 9, np.rint(found * 9), atol=1e-5)
    pooled = maps_of(model, "pool1", X)
    claim(
        "pool/x-image-three-stacks",
        {
            # the lectures cut off after two digits
            "maps_printed": (np.floor(pooled * 100 + 1e-4) / 100).tolist(),
            "maps_in_ninths": np.rint(pooled * 9).astype(int).tolist(),
        },
    )
    kernel, bias = model.get_layer("scores").get_weights()
    claim("cnn/fc-votes", {"weights": kernel.size, "biases": bias.size})
    twelve = np.asarray(maps_of(model, "flatten", X)).ravel()
    assert twelve.size == 12
    assert model.count_params() == 27 + 3 + 24 + 2


def test_letter_x_tells_x_from_o():
    keras.utils.set_random_seed(0)
    model = models.letter_x()
    rows, columns = np.mgrid[:9, :9]
    o = np.where(abs(np.hypot(rows - 4, columns - 4) - 3) < 0.6, 1.0, -1.0)
    x = np.concatenate([X, o[None, ..., None].astype("float32")])
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    model.fit(x, np.array([0, 1]), epochs=15, verbose=0)
    assert model.predict(x, verbose=0).argmax(1).tolist() == [0, 1]


def pixels_read(model):
    """For each hidden unit the pixels, counted from 1, that can change it."""
    keras.utils.set_random_seed(0)
    for w in model.get_layer("hidden").weights:  # positive: no ReLU hides a change
        w.assign(np.random.default_rng(0).uniform(1, 2, w.shape))
    part = keras.Model(model.input, model.get_layer("hidden").output)
    images = np.zeros((17, 4, 4, 1), "float32")
    images[1:].reshape(16, 16)[np.arange(16), np.arange(16)] = 1
    out = np.asarray(part(images)).reshape(17, 9)
    return [
        (np.flatnonzero(out[1:, unit] != out[0, unit]) + 1).tolist()
        for unit in range(9)
    ]


def test_digits_4x4_wiring():
    for wiring in ("local", "shared"):
        reads = pixels_read(models.digits_4x4(wiring))
        dense = pixels_read(models.digits_4x4("dense"))
        weights = models.digits_4x4("dense").get_layer("hidden").kernel.shape
        claim(
            "cnn/4x4-sparse",
            {
                "h11": reads[0],
                "inputs_of_all_units": reads,
                "connections": sum(map(len, reads)),
                "dense_connections": sum(map(len, dense)),
                "inputs_per_hidden_unit": len(dense[0]),
                "weights_to_hidden": weights[0] * weights[1],
                "ratio_connections": sum(map(len, reads)) / sum(map(len, dense)),
            },
        )

    def weights_and_maps(wiring):
        hidden = [models.digits_4x4(wiring, k).get_layer("hidden") for k in (1, 2)]
        return (
            [int(np.prod(layer.kernel.shape)) for layer in hidden],
            [layer.output.shape[-1] for layer in hidden],
        )

    shared, maps = weights_and_maps("shared")
    claim(
        "cnn/weight-sharing",
        {
            "weights_unshared": weights_and_maps("local")[0],
            "weights_shared": shared,
            "maps": maps,
        },
    )


def test_digits_4x4_local_with_equal_kernels_is_a_convolution():
    rng = np.random.default_rng(0)
    local, shared = models.digits_4x4("local", 3), models.digits_4x4("shared", 3)
    kernel, bias = rng.normal(size=(2, 2, 1, 3)), rng.normal(size=3)
    shared.get_layer("hidden").set_weights([kernel, bias])
    local.get_layer("hidden").set_weights(
        [np.tile(kernel.reshape(4, 3), (3, 3, 1, 1)), np.tile(bias, (3, 3, 1))]
    )
    local.get_layer("scores").set_weights(shared.get_layer("scores").get_weights())
    x = rng.normal(size=(5, 4, 4, 1)).astype("float32")
    np.testing.assert_allclose(
        local.predict(x, verbose=0), shared.predict(x, verbose=0), rtol=1e-5
    )


def test_convnetjs_cifar10():
    model = models.convnetjs_cifar10()
    # parameters as the demonstration shows them, layer by layer
    shown = [
        16 * 5 * 5 * 3 + 16,
        20 * 5 * 5 * 16 + 20,
        20 * 5 * 5 * 20 + 20,
        10 * 320 + 10,
    ]
    assert [w.count_params() for w in model.layers if w.weights] == shown
    assert model.count_params() == 22_466
    assert [model.get_layer(f"pool{i}").output.shape[1:] for i in (1, 2, 3)] == [
        (16, 16, 16),
        (8, 8, 20),
        (4, 4, 20),
    ]
    given = load()["training/demo-cifar10"]["expected"]
    assert model.input.shape[1:] == tuple(given["image"])
    assert model.output.shape[1] == given["classes"]
    macs = 32 * 32 * 75 * 16 + 16 * 16 * 400 * 20 + 8 * 8 * 500 * 20 + 3200
    assert macs == sum(
        int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:-1]))
        for layer in model.layers
        if layer.weights
    )


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_autoencoder(rate):
    model = models.autoencoder(rate=rate)
    expected = load()["regularization/dropout-autoencoder"]
    hidden = model.get_layer("hidden")
    assert hidden.output.shape[1] == expected["expected"]["filters_to_show"]
    assert rate in expected["given"]["rates"]
    assert model.output.shape == model.input.shape
    assert model.count_params() == 784 * 256 + 256 + 256 * 784 + 784
    rng = np.random.default_rng(0)
    for w in model.weights:
        w.assign(rng.normal(0, 0.1, w.shape))
    x = rng.uniform(size=(3, 28, 28, 1)).astype("float32")
    into, into_bias, out_of, out_bias = model.get_weights()
    code = np.maximum(x.reshape(3, 784) @ into + into_bias, 0)
    y = 1 / (1 + np.exp(-(code @ out_of + out_bias)))
    np.testing.assert_allclose(
        model.predict(x, verbose=0), y.reshape(x.shape), rtol=1e-4, atol=1e-6
    )
    kept = keras.Model(model.input, model.get_layer("dropout").output)
    share = np.mean(np.asarray(kept(x, training=True))[code > 0] == 0)
    assert abs(share - rate) < 0.15


@pytest.mark.parametrize(
    ("builder", "arguments", "message"),
    [
        (
            models.digits_4x4,
            {"wiring": "sparse"},
            "'dense', 'local', 'shared'.*'sparse'",
        ),
        (models.digits_4x4, {"kernels": 0}, "kernels=0"),
        (models.convnetjs_cifar10, {"input_shape": (7, 9, 3)}, r"8x8; received \(7, 9"),
        (models.convnetjs_cifar10, {"classes": 0}, "classes=0"),
        (models.autoencoder, {"input_shape": (28, 28)}, r"received \(28, 28\)"),
        (models.autoencoder, {"units": 0}, "units=0"),
        (models.autoencoder, {"rate": 1.0}, "rate=1.0"),
    ],
)
def test_bad_input(builder, arguments, message):
    with pytest.raises(ValueError, match=message):
        builder(**arguments)
