"""Each patient shows its fault, and the right step heals it."""

import functools

import keras
import numpy as np
import pytest

from cnnkit import clinic, data

healthy = functools.cache(clinic.examine)


@functools.cache
def sick(patient):
    return clinic.examine(patient)


@functools.cache
def treated(patient):
    fault = clinic.fault(patient)
    return clinic.examine(patient, **{fault.step: fault.right})


def end(chart, name):
    return chart.curves[name][-1]


def ahead(chart, epochs):
    """By how much watched images are more often right than those of the training."""
    watched, trained = (chart.curves[name] for name in ("val_accuracy", "accuracy"))
    return np.mean(watched[epochs]) - np.mean(trained[epochs])


# What gives a fault away: patient -> a condition that the healthy chart does not meet
SYMPTOMS = {
    "A": lambda c: max(c.curves["loss"]) > 5 and end(c, "accuracy") < 0.2,
    "B": lambda c: (
        end(c, "val_accuracy") < 0.2
        and c.signs["fresh"] < 0.2
        and c.signs["off"] < 32
        and end(c, "loss") < c.curves["loss"][0] - 0.02
    ),
    "C": lambda c: c.signs["off"] == 32 and np.ptp(c.curves["loss"]) < 0.02,
    "D": lambda c: min(c.curves["loss"]) > 1.461 and end(c, "accuracy") > 0.5,
    "E": lambda c: c.curves["loss"][0] > np.log(10) and ahead(c, slice(3, None)) > 0.02,
    "F": lambda c: (
        c.signs["fresh"] - end(c, "val_accuracy") > 0.1 and c.signs["twice"] == 1
    ),
    "G": lambda c: ahead(c, slice(3)) < -0.02,
    "H": lambda c: c.signs["twice"] < 0.9,
    "I": lambda c: c.signs["moved"] == 1 and end(c, "accuracy") < 0.7,
    "J": lambda c: (
        end(c, "val_accuracy") > end(c, "accuracy") - 0.01
        and end(c, "val_accuracy") - c.signs["fresh"] > 0.05
    ),
    "K": lambda c: c.signs["high"] == 255 and c.signs["start"] > 10,
    "L": lambda c: c.signs["alone"] < 0.6 and c.signs["fresh"] > 0.6,
}


def test_twelve_patients_have_twelve_faults():
    assert sorted(clinic.PATIENTS.values()) == list(range(1, 13))
    assert list(clinic.PATIENTS) == list("ABCDEFGHIJKL") == list(SYMPTOMS)
    assert len({fault.name for fault in clinic.FAULTS}) == 12


def test_the_healthy_training_is_healthy():
    chart = healthy()
    assert abs(chart.signs["start"] - np.log(10)) < 0.5
    assert chart.signs["high"] == 1 and set(chart.signs) == set(clinic.SIGNS)
    assert chart.signs["moved"] == 4 and chart.signs["named"] == 10
    assert chart.signs["twice"] == chart.signs["alone"] == 1
    assert 0.7 < chart.signs["fresh"] < 0.95
    assert end(chart, "loss") < 0.5 < end(chart, "accuracy")
    assert chart.signs["off"] < 20


@pytest.mark.parametrize("patient", clinic.PATIENTS)
def test_a_symptom_appears_and_the_fix_removes_it(patient):
    symptom = SYMPTOMS[patient]
    assert symptom(sick(patient)), sick(patient)
    assert not symptom(healthy()), healthy()
    assert not symptom(treated(patient)), treated(patient)
    assert treated(patient).signs["fresh"] > 0.7


@pytest.mark.parametrize("patient", clinic.PATIENTS)
def test_a_patient_differs_from_the_healthy_recipe_in_one_step(patient):
    fault, healthy_one = clinic.fault(patient), clinic.Recipe()
    assert fault.wrong != getattr(healthy_one, fault.step)
    changed = healthy_one._replace(**{fault.step: fault.wrong})
    assert sum(a != b for a, b in zip(changed, healthy_one, strict=True)) == 1
    code = clinic.code(patient)
    assert code.startswith(("def ", f"{fault.step} = "))
    assert len(code.splitlines()) <= 9


def test_the_first_loss_is_what_keras_says():
    """Of weights that have learned nothing, on the images of the archive."""
    keras.utils.set_random_seed(3)
    model = clinic.network()
    clothes = data.load("fashion_mnist")
    x = np.zeros((1000, 32, 32, 1), "float32")
    x[:, 2:30, 2:30] = clothes.x_train[:1000] / np.float32(255)
    model.compile("sgd", "sparse_categorical_crossentropy")
    whole = model.evaluate(x, clothes.y_train[:1000], verbose=0)
    chart = clinic.examine(seed=3)
    assert chart.signs["start"] == pytest.approx(whole, rel=1e-3)


def always_three():
    """Class 3 with a probability of e^2 / (e^2 + 9), whatever the image."""
    inputs = keras.Input(clinic.SHAPE)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(32, "relu", name="hidden")(x)
    bias = keras.initializers.Constant([0, 0, 0, 2.0, 0, 0, 0, 0, 0, 0])
    x = keras.layers.Dense(10, "softmax", True, "zeros", bias)(0 * x)
    return keras.Model(inputs, x)


def test_signs_of_a_network_that_is_known():
    chart = clinic.examine(network=always_three, rate=1e-9)
    assert chart.signs["named"] == 1
    assert chart.signs["twice"] == chart.signs["alone"] == 1
    y = data.load("fashion_mnist").y_test[:1000]
    assert chart.signs["fresh"] == pytest.approx(np.mean(y == 3))
    y = data.load("fashion_mnist").y_train[1000:2000]
    expected = np.log(np.exp(2) + 9) - 2 * np.mean(y == 3)
    assert end(chart, "val_loss") == pytest.approx(expected, rel=1e-4)


def test_same_seed_same_chart():
    again = clinic.examine()
    for name, values in healthy().curves.items():
        np.testing.assert_allclose(again.curves[name], values, rtol=1e-5)


def test_what_is_no_patient_and_no_step_is_refused():
    with pytest.raises(
        ValueError, match="expected a patient from A to L; received 'M'"
    ):
        clinic.examine("M")
    with pytest.raises(
        ValueError, match=r"expected steps among read, .* received speed"
    ):
        clinic.examine("A", speed=3)
