"""Optimisers in NumPy against Keras's own, step by step, and the lectures."""

import json
from pathlib import Path

import numpy as np
import pytest

import cnnkit
from cnnkit.reference import optimizers as opt

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
# ours, hyperparameters, Keras's name, hyperparameters; where rates are large, epsilon
# is made small enough that its place, beside or under the root, does not show
PAIRS = [
    (opt.sgd, dict(learning_rate=0.1), "SGD", dict(learning_rate=0.1)),
    (
        opt.momentum,
        dict(learning_rate=0.1, rho=0.8),
        "SGD",
        dict(learning_rate=0.1, momentum=0.8),
    ),
    (
        opt.nesterov,
        dict(learning_rate=0.1, rho=0.8),
        "SGD",
        dict(learning_rate=0.1, momentum=0.8, nesterov=True),
    ),
    (
        opt.adagrad,
        dict(learning_rate=0.1),
        "Adagrad",
        dict(learning_rate=0.1, initial_accumulator_value=0, epsilon=1e-14),
    ),
    (
        opt.rmsprop,
        dict(learning_rate=0.1, decay=0.8),
        "RMSprop",
        dict(learning_rate=0.1, rho=0.8, epsilon=1e-14),
    ),
    (
        opt.adam,
        dict(learning_rate=0.1, beta1=0.8, beta2=0.95, epsilon=1e-14),
        "Adam",
        dict(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-14),
    ),
    (opt.adam, {}, "Adam", {}),
    (
        opt.adamw,
        dict(learning_rate=0.1, weight_decay=0.3, epsilon=1e-14),
        "AdamW",
        dict(learning_rate=0.1, weight_decay=0.3, epsilon=1e-14),
    ),
    (opt.adamw, {}, "AdamW", {}),
    (opt.adadelta, {}, "Adadelta", dict(learning_rate=1.0)),
    (
        opt.adadelta,
        dict(learning_rate=0.5, rho=0.8, epsilon=1e-3),
        "Adadelta",
        dict(learning_rate=0.5, rho=0.8, epsilon=1e-3),
    ),
    (opt.rmsprop, {}, "RMSprop", {}),
    (opt.sgd, {}, "SGD", {}),
]
UPDATES = [
    opt.sgd,
    opt.momentum,
    opt.nesterov,
    opt.adagrad,
    opt.rmsprop,
    opt.adam_almost,
    opt.adam,
    opt.adamw,
    opt.adadelta,
]


def gradients(steps=12):
    rng = np.random.default_rng(0)
    return rng.normal(size=(steps, 3, 2)) * [[10, 1], [0.1, 1], [1, 1]]


@pytest.mark.parametrize("update, mine, name, theirs", PAIRS)
def test_equals_keras_step_by_step(update, mine, name, theirs):
    import keras

    w, state = np.random.default_rng(1).normal(size=(3, 2)), None
    variable = keras.Variable(w.astype("float32"))
    optimizer = getattr(keras.optimizers, name)(**theirs)
    for g in gradients():
        w, state = update(w, g, state, **mine)
        # 1 - 0.999 in single precision costs four digits, times a rate of 0.1
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32")], [variable])
        np.testing.assert_allclose(w, np.asarray(variable.value), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("update", UPDATES)
def test_updates_are_pure(update):
    w, g = np.ones((2, 3)), np.full((2, 3), 0.5)
    w.setflags(write=False)
    g.setflags(write=False)
    first, state = update(w, g)
    for value in state.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    kept = dict(state)
    second, later = update(first, g, state)
    assert state is not later and state.keys() == kept.keys()
    assert all(state[name] is kept[name] for name in state)
    again, _ = update(first, g, state)
    np.testing.assert_array_equal(second, again)
    assert (first < w).all() and (second < first).all()  # downhill
    np.testing.assert_array_equal(update(w, g, {})[0], first)


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_is_kept(update, dtype):
    w, state = np.ones(3, dtype), None
    for _ in range(3):
        w, state = update(w, np.array([1, 0.5, -2], dtype), state)
    assert w.dtype == dtype
    assert all(v.dtype == dtype for v in state.values() if isinstance(v, np.ndarray))


def test_the_rate_may_change_between_steps():
    w, state = np.array([1.0]), None
    for rate in (0.1, 0.01):
        w, state = opt.momentum(w, np.array([1.0]), state, learning_rate=rate)
    np.testing.assert_allclose(w, 1 - 0.1 - 0.01 * 1.9)


@pytest.mark.parametrize("update", UPDATES)
def test_bad_input(update):
    with pytest.raises(ValueError, match=r"weights' shape \(3,\); received \(2,\)"):
        update(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="real numbers"):
        update(np.ones(1) * 1j, np.ones(1))
    names = update.__code__.co_varnames[: update.__code__.co_argcount]
    for name in set(names) & {"rho", "decay", "beta1", "beta2"}:
        for share in (1, -0.1, np.nan):
            with pytest.raises(ValueError, match=f"0 <= {name} < 1; received"):
                update(np.ones(1), np.ones(1), **{name: share})
    if "epsilon" in names:
        for epsilon in (0, -1e-7, np.nan):
            with pytest.raises(ValueError, match="epsilon > 0; received"):
                update(np.ones(1), np.ones(1), epsilon=epsilon)


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def path(update, given, gradient=None, **options):
    """Weights after each step, and the states."""
    w, state, weights, states = np.array([given["x0"]]), None, [], []
    for g in given["gradients"]:
        g = g if gradient is None else gradient(w, g)
        w, state = update(
            w, np.array([g]).reshape(1), state, given["learning_rate"], **options
        )
        weights.append(w.item())
        states.append(state)
    return weights, states


def test_claims_on_updates():
    given, expected = claim("optimizer/follow-the-slope")
    np.testing.assert_allclose(path(opt.sgd, given)[0], expected["iterates"])
    given, expected = claim("optimizer/momentum-formula")
    weights, states = path(opt.momentum, given, rho=given["rho"])
    np.testing.assert_allclose(weights, expected["iterates"])
    velocity = [s["velocity"].item() for s in states]
    np.testing.assert_allclose(velocity, expected["velocity"])
    given, expected = claim("optimizer/rmsprop")
    weights, states = path(
        opt.rmsprop, given, decay=given["decay_rate"], epsilon=given["epsilon"]
    )
    np.testing.assert_allclose(weights, expected["iterates"], rtol=1e-6)
    squares = [s["squares"].item() for s in states]
    np.testing.assert_allclose(squares, expected["squared_average"])

    given, expected = claim("optimizer/adam-almost")
    betas = dict(beta1=given["beta1"], beta2=given["beta2"], epsilon=given["epsilon"])
    weights, _ = path(opt.adam_almost, given, **betas)
    np.testing.assert_allclose(weights, expected["iterates"], rtol=1e-6)
    first = (given["x0"] - weights[0]) / given["learning_rate"]
    np.testing.assert_allclose(
        first, expected["first_step_over_learning_rate"], rtol=1e-5
    )
    given, expected = claim("optimizer/adam-full")
    weights, states = path(opt.adam, given, **betas)
    np.testing.assert_allclose(weights, expected["iterates"], rtol=1e-6)
    moments = [[s["mean"].item(), s["squares"].item()] for s in states]
    table = np.array(expected["moments_m_v_mhat_vhat"])
    np.testing.assert_allclose(moments, table[:, :2], rtol=1e-6)
    assert [s["step"] for s in states] == [1, 2, 3, 4, 5]
    constant, table = given["bias_correction"], expected["bias_correction"]
    w, state = np.zeros(1), None
    for t in range(1, max(constant["t"]) + 1):
        w, state = opt.adam(w, np.array([constant["constant_gradient"]]), state)
        if t in constant["t"]:
            i = constant["t"].index(t)
            np.testing.assert_allclose(state["mean"], table["m"][i], rtol=1e-6)
            np.testing.assert_allclose(state["squares"], table["v"][i], rtol=1e-6)
    np.testing.assert_allclose(w, -0.001 * 100, rtol=1e-6)  # every step is one rate

    given, expected = claim("optimizer/adamw")
    decay = given["weight_decay"]
    weights, _ = path(opt.adamw, given, **betas, weight_decay=decay)
    np.testing.assert_allclose(weights, expected["adamw_iterates"], rtol=1e-6)
    weights, _ = path(opt.adam, given, lambda w, g: g + decay * w, **betas)
    np.testing.assert_allclose(
        weights, expected["adam_with_l2_gradient_iterates"], rtol=2e-5
    )


def test_claims_on_behaviour():
    given, expected = claim("optimizer/momentum-is-sum")
    for rho, limit in zip(given["rho"], expected["velocity_limit"], strict=True):
        w, state = np.zeros(1), None
        for _ in range(3000):
            g = np.array([given["constant_gradient"]])
            w, state = opt.momentum(w, g, state, rho=rho)
        np.testing.assert_allclose(state["velocity"], limit, rtol=1e-6)
    given, expected = claim("optimizer/rmsprop-per-parameter")
    g = np.array(given["gradient"])
    place = given["learning_rate"]
    w, _ = opt.rmsprop(np.zeros(2), g, None, place, given["decay_rate"])
    np.testing.assert_allclose(-w, expected["step_sizes"], rtol=1e-4)
    w, _ = opt.sgd(np.zeros(2), g, None, place)
    np.testing.assert_allclose(-w, expected["sgd_step_sizes"])

    given, expected = claim("optimizer/l2-in-adam-is-uneven")
    rate, decay = given["learning_rate"], given["weight_decay"]
    for update, leaf in [(opt.adam, "adam_l2"), (opt.adamw, "adamw")]:
        w, state = np.array(given["x0"]), None
        for step in range(given["steps"]):
            g = np.array([10, 0.1]) * (-1) ** step
            if update is opt.adam:
                w, state = opt.adam(w, g + decay * w, state, rate)
            else:
                w, state = opt.adamw(w, g, state, rate, weight_decay=decay)
        np.testing.assert_allclose(w, expected[leaf], rtol=1e-4)

    given, expected = claim("optimizer/comparison")
    runs = {
        "SGD": (opt.sgd, {}),
        "SGD+momentum": (opt.momentum, dict(rho=0.9)),
        "RMSProp": (opt.rmsprop, dict(decay=0.9)),
        "Adam": (opt.adam, {}),
    }
    for name, (update, options) in runs.items():
        w, state, steps = np.array(given["start"]), None, 0
        while 0.5 * (w[0] ** 2 + 50 * w[1] ** 2) >= 1e-3:
            g = w * [1, 50]
            rate = given["settings"][name]["learning_rate"]
            w, state = update(w, g, state, rate, **options)
            steps += 1
        assert steps == expected["steps"][name]

    given, expected = claim("optimizer/sgd-troubles")
    w = np.array(given["start"])
    for _ in range(given["steps"]):
        w, _ = opt.sgd(w, w * [2, -2], None, given["learning_rate"])
    np.testing.assert_allclose(w, [expected["x"], expected["y"]])
    given, expected = claim("optimizer/weight-decay-term")
    w = np.array(given["w"])
    for value in expected["iterates"]:
        g = given["gradient"] + given["a"] * w
        w, _ = opt.sgd(w, g, None, given["learning_rate"])
        np.testing.assert_allclose(w, value)
