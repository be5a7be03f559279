"""Losses and penalties in NumPy against Keras, differences and the lectures."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import optimize

import cnnkit
from cnnkit import check
from cnnkit.reference import losses, softmax

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
RNG = np.random.default_rng(0)
SCORES, LABELS = RNG.normal(size=(6, 4)) * 3, np.array([0, 3, 1, 1, 2, 0])
PROBABILITIES, UP = softmax(SCORES), RNG.normal(size=6)
LOSSES = {
    "cross entropy": (
        losses.softmax_cross_entropy,
        losses.softmax_cross_entropy_backward,
        SCORES,
    ),
    "hinge": (losses.multiclass_hinge, losses.multiclass_hinge_backward, SCORES),
    "likelihood": (
        losses.negative_log_likelihood,
        losses.negative_log_likelihood_backward,
        PROBABILITIES,
    ),
}


def keras_loss(name, values):
    """Per example, by Keras's operations and in another form than ours."""
    import keras

    ops, hot = keras.ops, keras.ops.one_hot(LABELS, 4, dtype="float32")
    if name == "cross entropy":
        return ops.sparse_categorical_crossentropy(LABELS, values, from_logits=True)
    if name == "likelihood":
        return ops.categorical_crossentropy(hot, values)
    right = ops.sum(values * hot, axis=1, keepdims=True)
    return ops.sum(ops.relu(values - right + 1) * (1 - hot), axis=1)


@pytest.mark.parametrize("name", LOSSES)
def test_equals_keras_with_gradient(name):
    import keras

    forward, backward, values = LOSSES[name]
    narrow = values.astype("float32")
    theirs = np.asarray(keras_loss(name, keras.ops.convert_to_tensor(narrow)))
    np.testing.assert_allclose(forward(values, LABELS), theirs, rtol=1e-5, atol=1e-6)
    found = check.gradient(
        lambda v: keras.ops.sum(keras_loss(name, v) * UP.astype("float32")), narrow
    )
    mine = backward(UP, values, LABELS)
    if name == "likelihood":  # Keras divides by the row's sum, which also has a slope
        mine = mine - UP[:, None] * -1
    np.testing.assert_allclose(mine, found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_backward_equals_differences(name):
    forward, backward, values = LOSSES[name]
    check.gradient_check(
        lambda v: np.sum(forward(v, LABELS) * UP),
        values,
        backward(UP, values, LABELS),
    )


def test_margin_of_the_hinge():
    for margin in (0.0, 0.5, 3.0):
        expected = [
            sum(max(0, s - row[y] + margin) for j, s in enumerate(row) if j != y)
            for row, y in zip(SCORES, LABELS, strict=True)
        ]
        mine = losses.multiclass_hinge(SCORES, LABELS, margin)
        np.testing.assert_allclose(mine, expected)
        check.gradient_check(
            lambda s, m=margin: np.sum(losses.multiclass_hinge(s, LABELS, m) * UP),
            SCORES,
            losses.multiclass_hinge_backward(UP, SCORES, LABELS, margin),
        )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    arrays.arrays(float, (5, 3), elements=st.floats(-300, 300)),
    arrays.arrays(int, 5, elements=st.integers(0, 2)),
    st.floats(-1e3, 1e3),
)
def test_properties(scores, labels, shift):
    loss = losses.softmax_cross_entropy(scores, labels)
    assert (loss >= 0).all() and np.isfinite(loss).all()
    for f in (losses.softmax_cross_entropy, losses.multiclass_hinge):
        np.testing.assert_allclose(
            f(scores + shift, labels), f(scores, labels), rtol=1e-6, atol=1e-6
        )
    up = np.ones(5)
    for f in (
        losses.softmax_cross_entropy_backward,
        losses.multiclass_hinge_backward,
    ):
        np.testing.assert_allclose(f(up, scores, labels).sum(1), 0, atol=1e-12)
    # one after the other is the same as both at once
    likely = softmax(scores)
    assert np.isfinite(likely).all()
    right = likely[np.arange(5), labels]
    seen = right > 1e-200
    np.testing.assert_allclose(
        losses.negative_log_likelihood(likely, labels)[seen],
        loss[seen],
        rtol=1e-7,
        atol=1e-9,
    )


def test_extremes():
    assert losses.softmax_cross_entropy([[1e4, 0.0]], [1]) == 1e4
    assert losses.softmax_cross_entropy([[1e4, 0.0]], [0]) == 0
    with np.errstate(all="raise"):
        assert losses.negative_log_likelihood([[1.0, 0.0]], [1]) == np.inf
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        for forward, backward, values in LOSSES.values():
            values = values.astype(dtype)
            y = forward(values, LABELS)
            assert y.dtype == backward(y, values, LABELS).dtype == dtype
        w = SCORES.astype(dtype)
        for penalty in (losses.l1_penalty, losses.l2_penalty):
            assert penalty(w).dtype == dtype
        assert losses.elastic_net_penalty_backward(0.5, w).dtype == dtype
    assert losses.multiclass_hinge(np.array([[0, 250]], np.uint8), [0]) == 251
    assert losses.l2_penalty(np.array([200], np.uint8)) == 40000


def test_penalties_equal_keras_and_differences():
    import keras

    for mine, backward, theirs in [
        (losses.l1_penalty, losses.l1_penalty_backward, keras.regularizers.L1(1)),
        (losses.l2_penalty, losses.l2_penalty_backward, keras.regularizers.L2(1)),
        (
            lambda w: losses.elastic_net_penalty(w, 0.3),
            lambda up, w: losses.elastic_net_penalty_backward(up, w, 0.3),
            keras.regularizers.L1L2(1, 0.3),
        ),
    ]:
        narrow = SCORES.astype("float32")
        np.testing.assert_allclose(mine(SCORES), theirs(narrow), rtol=1e-5)
        dw = backward(0.7, SCORES)
        found = check.gradient(lambda w, f=theirs: 0.7 * f(w), narrow)
        np.testing.assert_allclose(dw, found, rtol=1e-5)
        check.gradient_check(lambda w, f=mine: 0.7 * f(w), SCORES, dw)


def test_bad_input():
    for forward, backward, values in LOSSES.values():

        def refused(message, values=values, labels=LABELS, f=forward, b=backward):
            with pytest.raises(ValueError, match=message):
                f(values, labels)
            with pytest.raises(ValueError, match=message):
                b(UP, values, labels)

        refused("axes .batch, classes.; received", values=values[0])
        refused(r"6 integers.*; received shape \(5,\)", labels=LABELS[:5])
        refused("integers.*; received .*float64", labels=LABELS * 1.0)
        refused(r"integers.*; received shape \(6, 1\)", labels=LABELS[:, None])
        refused("labels from 0 to 3; received 0 to 4", labels=np.minimum(LABELS * 2, 4))
        refused("received -1 to 2", labels=LABELS - 1)
        with pytest.raises(ValueError, match="upstream"):
            backward(UP[:, None], values, LABELS)
    for wrong in (SCORES, PROBABILITIES + 0.9, PROBABILITIES * np.nan):
        with pytest.raises(ValueError, match="between 0 and 1; received"):
            losses.negative_log_likelihood(wrong, LABELS)


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def test_claims_on_losses():
    for name in ("loss/log-likelihood", "loss/negative-log-likelihood"):
        given, expected = claim(name)
        right = np.array(given["probability_of_true_class"])
        likely = np.stack([1 - right, right], axis=1)
        loss = losses.negative_log_likelihood(likely, np.ones(len(right), int))
        if "value" in expected:
            np.testing.assert_allclose(-loss.sum(), expected["value"], rtol=1e-8)
        else:
            np.testing.assert_allclose(loss.sum(), expected["sum"], rtol=1e-8)
            np.testing.assert_allclose(loss.mean(), expected["mean"], rtol=1e-8)
    for name, f in [
        ("loss/hinge", losses.multiclass_hinge),
        ("loss/softmax", losses.softmax_cross_entropy),
    ]:
        given, expected = claim(name)
        loss = f([given["scores"]], [given["true_class"]])
        np.testing.assert_allclose(loss, expected["value"], rtol=1e-8)
    given, expected = claim("loss/data-plus-regularization")
    total = np.mean(given["example_losses"])
    total += given["lambda"] * losses.l2_penalty(given["weights"])
    np.testing.assert_allclose(total, expected["value"])
    given, expected = given["hinge_plus_penalty"], expected["hinge_plus_penalty"]
    hinge = losses.multiclass_hinge(given["scores"], given["labels"])
    assert hinge.tolist() == expected["hinge_losses"]
    assert hinge.mean() == expected["data_loss"]
    total = hinge.mean() + given["lambda"] * losses.l2_penalty(given["W"])
    np.testing.assert_allclose(total, expected["loss"])


def test_claims_on_penalties():
    given, expected = claim("regularization/l2")
    assert losses.l2_penalty(given["W"]) == expected["value"]
    assert losses.l2_penalty_backward(1, given["W"]).tolist() == expected["gradient"]
    given, expected = claim("regularization/l1")
    assert losses.l1_penalty(given["W"]) == expected["value"]
    given, expected = claim("regularization/elastic-net")
    value = losses.elastic_net_penalty(given["W"], given["beta"])
    assert value == expected["value"]
    given, expected = claim("regularization/l2-cost-linear")
    factor = given["lambda"] / given["n"]
    w = np.array(given["w"])
    cost = np.mean(given["losses"]) + factor * losses.l2_penalty(w)
    np.testing.assert_allclose(cost, expected["regularised_cost"])
    for _ in range(given["steps"]):
        w = w - given["learning_rate"] * losses.l2_penalty_backward(factor, w)
    np.testing.assert_allclose(w, expected["w"])
    given, expected = claim("regularization/l1-sparse-l2-small")
    for penalty, leaf in [
        (losses.l1_penalty, "l1_minimiser"),
        (losses.l2_penalty, "l2_minimiser"),
    ]:
        for c, minimum in zip(given["c"], expected[leaf], strict=True):
            found = optimize.minimize_scalar(
                lambda w, c=c, f=penalty: 0.5 * (w - c) ** 2 + given["lambda"] * f(w),
                bounds=(-3, 3),
                method="bounded",
                options={"xatol": 1e-9},
            )
            assert abs(found.x - minimum) < 1e-6
