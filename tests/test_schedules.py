"""Schedules against closed formulas in plain Python, and inside optimizers."""

import math

import numpy as np
import pytest

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras

from cnnkit import schedules

RATE = 0.2
WARM = 10


def warmed(rate, step, schedule):
    """A straight line to `rate` over WARM steps; then `schedule(steps since)`."""
    return rate * step / WARM if step < WARM else schedule(step - WARM)


def cut(step, boundaries, factor):
    return RATE * factor ** sum(step >= boundary for boundary in boundaries)


def half_wave(t, steps, final=0.0):
    return final + (RATE - final) * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


def line(t, steps, final=0.0):
    return RATE + (final - RATE) * min(t / steps, 1)


#    name: (schedule, formula of the step)
CASES = {
    "constant": (schedules.constant(RATE), lambda n: RATE),
    "constant, warm": (
        schedules.constant(RATE, WARM),
        lambda n: warmed(RATE, n, lambda t: RATE),
    ),
    "step": (
        schedules.step(RATE, [30, 60, 61]),
        lambda n: cut(n, [30, 60, 61], 0.1),
    ),
    "step, warm": (
        schedules.step(RATE, (11, 60), factor=0.5, warmup=WARM),
        lambda n: warmed(RATE, n, lambda t: cut(n, (11, 60), 0.5)),
    ),
    "cosine": (schedules.cosine(RATE, 100), lambda n: half_wave(n, 100)),
    "cosine to a rate": (
        schedules.cosine(RATE, 100, final=0.05),
        lambda n: half_wave(n, 100, 0.05),
    ),
    "cosine, warm": (
        schedules.cosine(RATE, 100, final=0.05, warmup=WARM),
        lambda n: warmed(RATE, n, lambda t: half_wave(t, 90, 0.05)),
    ),
    "linear": (schedules.linear(RATE, 100), lambda n: line(n, 100)),
    "linear, warm": (
        schedules.linear(RATE, 100, final=0.05, warmup=WARM),
        lambda n: warmed(RATE, n, lambda t: line(t, 90, 0.05)),
    ),
    "inverse square root": (
        schedules.inverse_square_root(RATE),
        lambda n: RATE / math.sqrt(n + 1),
    ),
    "inverse square root, by epochs": (
        schedules.inverse_square_root(RATE, timescale=20),
        lambda n: RATE / math.sqrt(1 + n / 20),
    ),
    "inverse square root, warm": (
        schedules.inverse_square_root(RATE, warmup=WARM),
        lambda n: RATE * min(n / WARM, math.sqrt(WARM / max(n, 1))),
    ),
}


def rates(schedule, steps):
    """The rate at each step; JAX compiles once, not at each call."""
    if keras.backend.backend() == "jax":
        import jax

        schedule = jax.jit(schedule)
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("name", CASES)
def test_schedule_equals_its_formula(name):
    schedule, formula = CASES[name]
    assert isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    steps = [*range(125), 1000, 70_000]
    expected = [formula(step) for step in steps]
    np.testing.assert_allclose(rates(schedule, steps), expected, rtol=1e-5, atol=1e-7)
    as_variable = [float(schedule(keras.Variable(n, dtype="int32"))) for n in (9, 31)]
    np.testing.assert_allclose(
        as_variable, [formula(9), formula(31)], rtol=1e-5, atol=1e-7
    )


def test_keras_has_most_of_them():
    kinds = {name: type(case[0]).__name__ for name, case in CASES.items()}
    assert kinds["constant"] == kinds["constant, warm"] == "PolynomialDecay"
    assert kinds["step"] == "PiecewiseConstantDecay"
    assert kinds["cosine"] == kinds["cosine, warm"] == "CosineDecay"
    assert kinds["linear"] == "PolynomialDecay"
    assert kinds["linear, warm"] == kinds["step, warm"] == "Warmup"


@pytest.mark.parametrize("name", CASES)
def test_saved_schedules_are_the_same(name):
    schedule, _ = CASES[name]
    config = keras.saving.serialize_keras_object(schedule)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(schedule)
    for step in (0, 7, 45, 99):
        assert float(again(step)) == float(schedule(step))


def predicted(y, predicted):
    """A loss with slope 1: plain gradient descent subtracts the rate itself."""
    return predicted


@pytest.mark.parametrize("name", ["step, warm", "inverse square root, warm", "cosine"])
def test_an_optimizer_follows_its_schedule_and_is_saved_with_it(name, tmp_path):
    schedule, formula = CASES[name]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(schedule), predicted)
    x = np.ones((17, 1), "float32")

    def epoch(model):
        start = model.get_weights()[0].item()
        model.fit(x, x, batch_size=1, verbose=0)
        return start - model.get_weights()[0].item()

    moved = epoch(model)
    assert moved == pytest.approx(sum(map(formula, range(17))), rel=1e-4)
    model.save(tmp_path / "model.keras")
    custom = {"predicted": predicted}
    again = keras.saving.load_model(tmp_path / "model.keras", custom_objects=custom)
    assert int(again.optimizer.iterations) == 17
    assert epoch(again) == pytest.approx(sum(map(formula, range(17, 34))), rel=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.constant(0),
        lambda: schedules.constant(-1.0),
        lambda: schedules.constant(math.nan),
        lambda: schedules.constant("0.1"),
        lambda: schedules.constant(0.1, warmup=-1),
        lambda: schedules.constant(0.1, warmup=2.5),
        lambda: schedules.step(0.1, []),
        lambda: schedules.step(0.1, [30, 30]),
        lambda: schedules.step(0.1, [0, 30]),
        lambda: schedules.step(0.1, [30.5]),
        lambda: schedules.step(0.1, [30, 60], warmup=30),
        lambda: schedules.step(0.1, [30], factor=1),
        lambda: schedules.step(0.1, [30], factor=0),
        lambda: schedules.cosine(0.1, 0),
        lambda: schedules.cosine(0.1, None),
        lambda: schedules.cosine(0.1, 10, final=0.2),
        lambda: schedules.cosine(0.1, 10, final=-0.1),
        lambda: schedules.cosine(0.1, 10, warmup=10),
        lambda: schedules.linear(0.1, 10, warmup=11),
        lambda: schedules.linear(math.inf, 10),
        lambda: schedules.inverse_square_root(0.1, timescale=0),
        lambda: schedules.inverse_square_root(None),
        lambda: schedules.InverseSquareRoot(0.1, 0),
        lambda: schedules.Warmup(0.1, 10),
        lambda: schedules.Warmup(schedules.constant(0.1), 0),
    ],
)
def test_bad_input_raises(make):
    with pytest.raises(ValueError, match=r"(?s)expected.*; *received"):
        make()
