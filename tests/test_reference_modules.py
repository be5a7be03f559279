"""The chain of modules: gradients, learning, Keras's network, the lectures."""

import json
from pathlib import Path

import numpy as np
import pytest

import cnnkit
from cnnkit import check, data, reference
from cnnkit.reference import modules

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)


def small(rng, activation=("tanh", "tanh_derivative"), channels=1, classes=10):
    curve, derivative = (getattr(reference, name) for name in activation)
    return modules.Chain(
        [
            modules.Convolution(3, channels, 8, rng, padding="same"),
            modules.Activation(curve, derivative),
            modules.MaxPooling(2),
            modules.Convolution(3, 8, 16, rng),
            modules.Activation(curve, derivative),
            modules.Flatten(),
            modules.Dense(2 * 2 * 16, classes, rng),
        ]
    )


def test_gradients_equal_differences():
    rng = np.random.default_rng(0)
    network = small(rng)
    network.weights = [w + rng.normal(size=w.shape) * 0.1 for w in network.weights]
    x, up = rng.normal(size=(3, 8, 8, 1)), rng.normal(size=(3, 10))
    network.forward(x)
    dx, gradients = network.backward(up)

    def loss(x, *weights):
        network.weights = weights
        return np.sum(network.forward(x) * up)

    check.gradient_check(loss, [x, *network.weights], [dx, *gradients], samples=40)


def test_equals_the_same_network_in_keras():
    import keras

    rng = np.random.default_rng(0)
    network = small(rng, ("relu", "relu_derivative"))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.set_weights(network.weights)
    x = rng.normal(size=(16, 8, 8, 1)).astype("float32")
    labels = rng.integers(0, 10, 16)
    np.testing.assert_allclose(
        network.forward(x), np.asarray(model(x)), rtol=1e-4, atol=1e-5
    )
    # four steps of the same training
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for _ in range(4):
        model.train_on_batch(x, labels)
    modules.train(
        network,
        x,
        labels,
        rng,
        epochs=4,
        batch_size=16,
        update=reference.momentum,
        learning_rate=0.05,
        rho=0.9,
    )
    for mine, theirs in zip(network.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_learns_digits():
    digits = data.load("digits8")
    x, x_test = (a.astype("float32") / a.max() for a in (digits.x_train, digits.x_test))
    assert x.shape[1:] == (8, 8, 1)
    network = small(np.random.default_rng(0), ("relu", "relu_derivative"))
    before = modules.accuracy(network, x_test, digits.y_test)
    losses = modules.train(
        network,
        x,
        digits.y_train,
        np.random.default_rng(1),
        epochs=12,
        learning_rate=3e-3,
    )
    after = modules.accuracy(network, x_test, digits.y_test)
    assert before < 0.3 and 0.94 < after < 0.999
    assert losses[-1] < 0.2 < losses[0]
    assert all(w.dtype == np.float32 for w in network.weights)


@pytest.mark.parametrize("update", ["sgd", "adamw", "rmsprop"])
def test_any_optimizer_lowers_the_loss(update):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(64, 8, 8, 1)), rng.integers(0, 10, 64)
    losses = modules.train(
        small(rng),
        x.astype("float32"),
        labels,
        rng,
        epochs=5,
        batch_size=16,
        update=getattr(reference, update),
        learning_rate=5e-3,
    )
    assert losses[-1] < losses[0]


def test_training_is_repeatable():
    def run():
        rng = np.random.default_rng(3)
        x, labels = rng.normal(size=(20, 8, 8, 1)), rng.integers(0, 10, 20)
        network = small(rng)
        return modules.train(network, x, labels, rng, epochs=2, batch_size=7)

    assert run() == run()


def test_bad_input():
    rng = np.random.default_rng(0)
    network, x = small(rng), np.zeros((4, 8, 8, 1))
    with pytest.raises(ValueError, match=r"as many examples as labels.*4 and 3"):
        modules.train(network, x, [0, 1, 2], rng)
    with pytest.raises(ValueError, match="at least one"):
        modules.train(network, x[:0], [], rng)
    with pytest.raises(ValueError, match="received 0 and 32"):
        modules.train(network, x, [0, 1, 2, 3], rng, epochs=0)
    with pytest.raises(ValueError, match="expected labels from 0 to 9"):
        modules.train(network, x, [0, 1, 2, 10], rng)
    with pytest.raises(ValueError, match="expected weights of the shapes"):
        network.weights = network.weights[:-1]
    with pytest.raises(ValueError, match="channels"):
        network.forward(np.zeros((4, 8, 8, 3)))


class Stage:
    """z_i = tanh(w z_{i-1}), of the lecture's chain."""

    def __init__(self, w):
        self.weights = [np.array(w)]

    def forward(self, z):
        self.z = z
        return np.tanh(self.weights[0] * z)

    def backward(self, upstream):
        slope = upstream * reference.tanh_derivative(self.weights[0] * self.z)
        return slope * self.weights[0], [slope * self.z]


def test_claims():
    given, expected = (
        CLAIMS["backprop/chain-numeric"][k] for k in ("given", "expected")
    )
    chain = modules.Chain([Stage(w) for w in given["weights"]])
    z = [np.array(given["x"])]
    for stage in chain.modules:
        z.append(stage.forward(z[-1]))
    np.testing.assert_allclose(z, expected["z"], rtol=1e-8)
    np.testing.assert_allclose(chain.forward(z[0]), z[-1])
    dx, gradients = chain.backward(np.array(1.0))
    np.testing.assert_allclose(dx, expected["grad_z"][0], rtol=1e-8)
    np.testing.assert_allclose(gradients, expected["grad_w"], rtol=1e-8)

    entry = CLAIMS["backprop/forward-backward-modules"]
    given, expected = entry["given"], entry["expected"]
    layer = modules.Dense(1, 1, np.random.default_rng(0))
    layer.weights = [np.array([[given["w"]]]), np.zeros(1)]
    layer.forward(np.array([[given["z_prev"]]]))
    dx, (dw, db) = layer.backward(np.ones((1, 1)))
    assert (dx.item(), dw.item(), db.item()) == (
        expected["dz_dzprev"],
        expected["dz_dw"],
        expected["dz_db"],
    )
