"""Dropout in NumPy: its masks, its expectation, Keras's layer and the lectures."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import cnnkit
from cnnkit import check, reference

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("rate", [0, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("inverted", [True, False])
def test_training_and_use_have_the_same_expectation(rate, inverted):
    x = rng(1).normal(size=4)
    many = np.tile(x, (100_000, 1))
    y, factors = reference.dropout(many, rate, rng(), inverted=inverted)
    used, _ = reference.dropout(x, rate, training=False, inverted=inverted)
    np.testing.assert_allclose(y.mean(0), used, atol=0.02)
    dropped = (factors == 0).mean(0)  # 100,000 draws: deviation below 0.0016
    np.testing.assert_allclose(dropped, rate, atol=0.008)
    assert np.unique(factors).size == (1 if rate == 0 else 2)
    # neighbours are dropped independently
    np.testing.assert_allclose(
        (factors[:, :3] == 0).astype(float).T @ (factors[:, 3] == 0) / len(many),
        rate**2,
        atol=0.008,
    )


def test_scaling_follows_the_table():
    x = np.full((1, 1000), 3.0)
    table = {
        (True, True): {0, 3 / 0.8},
        (True, False): {3},
        (False, True): {0, 3},
        (False, False): {3 * 0.8},
    }
    for (inverted, training), values in table.items():
        y, factors = reference.dropout(x, 0.2, rng(), training, inverted)
        assert set(y.ravel()) == values
        np.testing.assert_array_equal(y, x * factors)


def test_values_are_those_of_the_keras_layer():
    import keras

    x = np.ones((50, 50), np.float32)
    layer = keras.layers.Dropout(0.2, seed=0)
    theirs = np.unique(np.asarray(layer(x, training=True)))
    np.testing.assert_allclose(np.unique(reference.dropout(x, 0.2, rng())[0]), theirs)
    theirs = np.asarray(layer(x, training=False))
    np.testing.assert_array_equal(reference.dropout(x, 0.2, training=False)[0], theirs)


def test_backward_equals_differences_and_the_backend():
    import keras

    x = rng(1).normal(size=(3, 4))
    for training, inverted in itertools.product([True, False], repeat=2):
        place = 0.4, training, inverted

        def run(x, rate=place[0], training=training, inverted=inverted):
            return reference.dropout(x, rate, rng(5), training, inverted)

        y, factors = run(x)
        dx = reference.dropout_backward(np.cos(y), factors)
        check.gradient_check(lambda x, f=run: np.sum(np.sin(f(x)[0])), x, dx)
        f32 = factors.astype("float32")
        found = check.gradient(
            lambda x, f=f32: keras.ops.sum(keras.ops.sin(x * f)), x.astype("float32")
        )
        np.testing.assert_allclose(dx, found, rtol=1e-4, atol=1e-6)


def test_the_generator_decides_the_mask():
    x = np.ones((4, 5))
    first, again = (reference.dropout(x, 0.5, rng(3))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    generator = rng(3)
    reference.dropout(x, 0.5, generator)
    assert (reference.dropout(x, 0.5, generator)[0] != first).any()


def test_dtypes():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        y, factors = reference.dropout(np.ones(3, dtype), 0.5, rng())
        assert y.dtype == factors.dtype == dtype
        assert reference.dropout_backward(y, factors).dtype == dtype
    assert reference.dropout([1, 2], 0.5, rng())[0].dtype == np.float64


def test_bad_input():
    for rate in (-0.1, 1, 1.5, np.nan):
        for training in (True, False):
            with pytest.raises(ValueError, match="0 <= rate < 1; received"):
                reference.dropout(np.ones(3), rate, rng(), training)
    for generator in (None, 0, np.random):
        with pytest.raises(ValueError, match="expected rng"):
            reference.dropout(np.ones(3), 0.5, generator)
    with pytest.raises(ValueError, match="upstream"):
        reference.dropout_backward(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="real numbers"):
        reference.dropout(["a"], 0.5, rng())


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def test_claims():
    given, expected = claim("regularization/dropout-definition")
    seeds = (rng(s).random(4) >= expected["default"] for s in range(1000))
    seed = next(
        s for s, m in enumerate(seeds) if m.astype(int).tolist() == given["mask"]
    )
    y, _ = reference.dropout(
        given["activations"], expected["default"], rng(seed), inverted=False
    )
    assert y.tolist() == expected["output"]

    given, expected = claim("regularization/dropout-inverted")
    y, _ = reference.dropout(np.full(100, given["activation"]), given["rate"], rng())
    assert sorted(set(y)) == expected["training_values"]
    used, _ = reference.dropout(given["activation"], given["rate"], training=False)
    assert used == expected["test_value"]

    # the mean over all masks of one neuron, against one pass with scaled inputs
    given, expected = claim("regularization/dropout-single-neuron")
    w, inputs = np.array(given["w"]), np.array(given["inputs"])
    keep = given["keep_probability"]
    values = [w @ (inputs * m) for m in itertools.product([1, 0], repeat=2)]
    assert sorted(values) == sorted(expected["four_values"])
    scaled, _ = reference.dropout(inputs, 1 - keep, training=False, inverted=False)
    assert w @ scaled == expected["mean"] == np.mean(values)
    given, expected = claim("regularization/dropout-test-scaling")
    w, inputs = np.array(given["w"]), np.array(given["inputs"])
    scaled, factors = reference.dropout(
        inputs, given["drop_probability"], training=False, inverted=False
    )
    assert set(factors) == {expected["scale_at_test"]}
    np.testing.assert_allclose(w @ scaled, expected["scaled_test_output"])
    given, expected = claim("regularization/dropout-nonlinear-approximate")
    w, inputs = np.array(given["w"]), np.array(given["inputs"])
    masks = itertools.product([1, 0], repeat=2)
    mean = np.mean([reference.relu(w @ (inputs * m)) for m in masks])
    assert mean == expected["mean_of_relu_over_masks"]
    scaled, _ = reference.dropout(inputs, 0.5, training=False, inverted=False)
    assert reference.relu(w @ scaled) == expected["relu_of_scaled_input"]
