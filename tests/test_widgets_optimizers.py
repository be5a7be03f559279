"""The optimiser playground, driven without a browser; paths against Keras."""

import re

import numpy as np
import pytest
import redraw
from ipywidgets.widgets import widget as registry

from cnnkit import plot, widgets
from cnnkit.reference.landscapes import LANDSCAPES
from cnnkit.widgets.optimizers import OPTIMIZERS, STEPS

ALL = dict.fromkeys(OPTIMIZERS, True)


def in_keras(label, rate, rho):
    import keras

    return {
        "SGD": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, rho),
        "Nesterov": lambda: keras.optimizers.SGD(rate, rho, nesterov=True),
        "AdaGrad": lambda: keras.optimizers.Adagrad(rate, 0, epsilon=1e-14),
        "RMSProp": lambda: keras.optimizers.RMSprop(rate, epsilon=1e-14),
        "Adam": lambda: keras.optimizers.Adam(rate),
    }[label]()


@pytest.mark.parametrize("label", OPTIMIZERS)
@pytest.mark.parametrize("name", ["bowl", "two valleys"])
def test_paths_are_those_of_keras(name, label):
    import keras

    land = LANDSCAPES[name]
    explorer = widgets.optimizer_playground(name)
    explorer.set(**ALL, rho=0.8, rate=0.01, own_rate=0.05)
    path = explorer.result.paths[label]
    rate = 0.01 if OPTIMIZERS[label][1] == "rate" else 0.05
    optimizer, weights = in_keras(label, rate, 0.8), keras.Variable(land.start)
    for step in range(30):
        np.testing.assert_allclose(path[step], np.asarray(weights.value), atol=2e-3)
        slope = land.gradient(np.asarray(weights.value, float))
        optimizer.apply([keras.ops.convert_to_tensor(slope, "float32")], [weights])
    np.testing.assert_allclose(explorer.result.values[label], land.value(path))
    explorer.close()


def test_steps_play_and_wrap_around():
    explorer = widgets.optimizer_playground("bowl")
    explorer.set(step=STEPS - 1)
    explorer.controls["next"].click()
    assert explorer.result.step == STEPS
    explorer.controls["next"].click()
    assert explorer.result.step == 0 == explorer.controls["play"].value
    explorer.controls["previous"].click()
    assert explorer.result.step == STEPS
    explorer.controls["play"].value = 7
    assert explorer.controls["step"].value == explorer.result.step == 7
    # the picture holds the steps so far, a dot each, for each of four optimisers
    assert explorer.picture.value.count("<circle") == 4 * 8 + 1
    assert "step 7" in explorer.picture.value
    explorer.close()


def test_another_landscape_brings_its_start_and_rates():
    explorer = widgets.optimizer_playground("bowl")
    explorer.set(rate=0.3)
    explorer.controls["landscape"].value = "ravine"
    assert explorer.message == ""
    land = LANDSCAPES["ravine"]
    assert (explorer.settings["x"], explorer.settings["y"]) == land.start
    assert explorer.settings["rate"] == 0.002 and explorer.result.step == 0
    assert explorer.result.landscape is land
    explorer.close()


def test_noise_is_shared_and_repeated():
    explorer = widgets.optimizer_playground("saddle")
    explorer.set(noise=1.0, rho=0.0, **ALL)
    paths = explorer.result.paths
    # without any memory momentum is SGD, so it must have met the same noise
    np.testing.assert_array_equal(paths["SGD"], paths["momentum"])
    first = paths["SGD"].copy()
    explorer.set(noise=0.0)
    assert not np.allclose(explorer.result.paths["SGD"], first)
    explorer.set(noise=1.0)
    np.testing.assert_array_equal(explorer.result.paths["SGD"], first)
    explorer.close()


def test_divergence_is_said_and_does_not_stop_the_others():
    explorer = widgets.optimizer_playground("bowl")
    explorer.set(rate=0.05, step=100)  # above 2 / 50
    assert explorer.message == "" and "SGD diverged" in explorer.result.alt
    assert np.isnan(explorer.result.paths["SGD"][100]).all()
    assert np.isfinite(explorer.result.paths["Adam"]).all()
    drawing = explorer.picture.value.partition("<g")[2]  # behind the base64 image
    assert "diverged" in drawing and not re.search(r"\bnan\b", drawing)
    explorer.set(rate=0.039)
    assert "diverged" not in explorer.result.alt
    explorer.close()


def test_settings_without_sense_are_explained():
    explorer = widgets.optimizer_playground("bowl")
    explorer.set(x=9.0)
    assert "x from -6 to 6; received 9" in explorer.message
    explorer.set(x=1.0)
    assert explorer.message == ""
    explorer.set(**dict.fromkeys(OPTIMIZERS, False))
    assert "at least one optimiser" in explorer.message
    assert 'role="alert"' in explorer.status.value
    explorer.close()
    with pytest.raises(ValueError, match=r"expected a landscape of bowl, .*'hill'"):
        widgets.optimizer_playground("hill")


@pytest.mark.parametrize("name", LANDSCAPES)
def test_still_and_widget(name, monkeypatch):
    before = set(registry._instances)
    stills = []
    monkeypatch.setenv("CNNKIT_TEST", "1")
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    explorer = widgets.optimizer_playground(name)
    explorer.show()
    ((figure, alt),) = stills
    assert hasattr(figure, "savefig") and 20 <= len(alt) <= 400 and alt.endswith(".")
    assert set(registry._instances) == before
    explorer.widget  # noqa: B018
    for key, control in explorer.controls.items():
        assert getattr(control, "description", "") or control.tooltip, key
    taken = redraw.plain_figures(explorer.set, [{"step": k} for k in (149, 150)])
    assert taken < redraw.PLAIN and explorer.message == ""
    explorer.close()
    assert set(registry._instances) == before
