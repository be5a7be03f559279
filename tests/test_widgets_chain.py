"""The stepper through a chain; values against Keras's derivative and differences."""

import itertools

import numpy as np
import pytest

from cnnkit import plot, widgets

WEIGHTS = [0.5, -1.5, 2.0, 0.8, -1.2]
STAGES = {
    "tanh(w·z)": np.tanh,
    "sigmoid(w·z)": lambda a: 1 / (1 + np.exp(-a)),
    "relu(w·z)": lambda a: max(a, 0.0),
    "w·z": lambda a: a,
}


def values(x, weights, stage):
    return [
        *itertools.accumulate(weights, lambda z, w: STAGES[stage](w * z), initial=x)
    ]


def slope(f, at, h=1e-6):
    return (f(at + h) - f(at - h)) / (2 * h)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("weights", [[2.0], [0.5, -0.7], WEIGHTS, [0.9] * 6])
def test_gradients_are_what_small_steps_measure(stage, weights):
    if "relu" in stage:  # away from its corner
        weights = np.abs(weights)
    result = widgets.backpropagation_stepper(0.7, weights, stage).result
    z = values(0.7, weights, stage)
    np.testing.assert_allclose(result.z, z)
    for i in range(len(weights) + 1):
        measured = slope(lambda v, i=i: values(v, weights[i:], stage)[-1], z[i])
        assert result.grad_z[i] == pytest.approx(measured, rel=1e-6, abs=1e-8)
    for i in range(len(weights)):
        measured = slope(
            lambda w, i=i: values(0.7, [*weights[:i], w, *weights[i + 1 :]], stage)[-1],
            weights[i],
        )
        assert result.grad_w[i] == pytest.approx(measured, rel=1e-6, abs=1e-8)


def test_gradients_are_keras_gradients():
    from keras import ops

    from cnnkit import check

    def last(*inputs):
        z, *weights = inputs
        for w in weights:
            z = ops.tanh(w * z)
        return z

    inputs = [np.array(v, "float32") for v in (0.7, *WEIGHTS)]
    by_x, *by_w = check.gradient(last, inputs)
    result = widgets.backpropagation_stepper(0.7, WEIGHTS).result
    np.testing.assert_allclose(result.grad_z[0], by_x, rtol=1e-5)
    np.testing.assert_allclose(result.grad_w, by_w, rtol=1e-5)


def test_what_is_written_is_what_is_computed():
    explorer = widgets.backpropagation_stepper(0.7, WEIGHTS, "w·z")
    for step in range(1, 12):
        explorer.set(step=step)
        for line in explorer.result.text.replace("−", "-").split(";  "):
            if step == 6:
                assert line.startswith("g(z5) = 1")
                continue
            *_, product, total = line.replace("·", "*").split(" = ")
            assert eval(product) == pytest.approx(float(total), rel=2e-3)
    explorer.close()


def test_the_slope_of_the_stage_is_in_the_text():
    result = widgets.backpropagation_stepper(0.7, WEIGHTS, step=7).result
    *_, product, total = result.text.split(";  ")[0].split(" = ")
    terms = product.replace("−", "-").replace("·", "*")
    assert eval(terms) == pytest.approx(result.grad_w[4], rel=2e-3)
    assert float(total.replace("−", "-")) == pytest.approx(result.grad_w[4], rel=1e-3)
    assert "tanh′" in result.text


def test_steps_wrap_around_and_play():
    explorer = widgets.backpropagation_stepper(0.7, [1.0, 2.0], step=5)
    explorer.widget  # noqa: B018
    explorer.controls["next"].click()
    assert explorer.result.step == 1
    explorer.controls["previous"].click()
    assert explorer.result.step == 5
    explorer.controls["play"].value = 3
    assert explorer.controls["step"].value == explorer.result.step == 3
    assert explorer.result.text.startswith("g(z2) = 1")
    explorer.close()


def test_other_numbers_and_stages():
    explorer = widgets.backpropagation_stepper(0.7, WEIGHTS)
    explorer.set(w3=0.0)
    # nothing passes w3 = 0 backward, and z2 still decides about w3
    assert explorer.result.grad_z[:3].tolist() == [0, 0, 0]
    assert explorer.result.grad_w[2] != 0 == explorer.result.grad_w[0]
    explorer.set(w3=2.0, x=0.0)
    assert not explorer.result.grad_w.any() and explorer.result.grad_z.all()
    explorer.set(stage="relu(w·z)", x=1.0)
    assert explorer.result.z[2] == 0 and not explorer.result.grad_z[:3].any()
    explorer.set(stage="w·z", x=1e200, w1=1e200)
    assert "smaller numbers" in explorer.message
    explorer.set(x=1.0, w1=1.0)
    assert explorer.message == ""
    explorer.close()


@pytest.mark.parametrize(
    "arguments",
    [(1, []), (1, [1] * 7), (1, [[1]]), (1, [1], "cube"), (1, [1], "w·z", 4)],
)
def test_what_makes_no_sense_is_refused(arguments):
    with pytest.raises(ValueError, match=r"expected .*; received"):
        widgets.backpropagation_stepper(*arguments)


def test_one_still_or_one_live_widget(monkeypatch):
    import IPython.display

    shown, displayed = [], []
    monkeypatch.setattr(plot, "show", lambda fig, alt, **_: shown.append(alt))
    monkeypatch.setattr(IPython.display, "display", displayed.append)
    explorer = widgets.backpropagation_stepper(0.7, WEIGHTS, step=8)
    monkeypatch.setenv("CNNKIT_TEST", "1")
    explorer.show()
    assert len(shown) == 1 and not displayed and 20 <= len(shown[0]) <= 400
    assert shown[0].startswith("Step 8 of 11: g(w4)")
    monkeypatch.setenv("CNNKIT_TEST", "0")
    explorer.show()
    assert displayed == [explorer.widget] and len(shown) == 1
    assert all(
        control.description or control.tooltip for control in explorer.controls.values()
    )
    explorer.close()
