"""The wiring explorer: which pixels a unit reads, found by nudging each pixel."""

import numpy as np
import pytest
from ipywidgets.widgets import widget as registry

from cnnkit import plot, widgets


def read_by_trying(side, kernel, unit):
    """Pixels, from 1, that change a unit of Keras's convolution."""
    import keras

    layer = keras.layers.Conv2D(1, kernel, kernel_initializer="ones", use_bias=False)
    images = np.eye(side**2, dtype="float32").reshape(-1, side, side, 1)
    out = np.asarray(layer(images)).reshape(side**2, -1)
    return [int(j) + 1 for j in np.flatnonzero(out[:, unit - 1])]


@pytest.mark.parametrize(("side", "kernel"), [(4, 2), (8, 3), (5, 5), (3, 1)])
def test_every_unit_reads_what_keras_reads(side, kernel):
    explorer = widgets.wiring_explorer([(side, kernel)])
    units = (side - kernel + 1) ** 2
    for unit in range(1, units + 1):
        expected = read_by_trying(side, kernel, unit)
        for wiring in ("shared", "local"):
            explorer.set(unit=unit, wiring=wiring)
            assert explorer.result.reads == expected
            assert explorer.result.connections == units * kernel**2
        explorer.set(wiring="dense")
        assert explorer.result.reads == list(range(1, side**2 + 1))
        assert explorer.result.connections == units * side**2
    explorer.close()


def test_weights_are_those_of_the_three_models():
    from cnnkit import models

    explorer = widgets.wiring_explorer()
    for wiring in ("dense", "local", "shared"):
        explorer.set(wiring=wiring)
        kernel = models.digits_4x4(wiring).get_layer("hidden").kernel
        assert explorer.result.different == np.prod(kernel.shape)
    explorer.set(unit=9)
    assert explorer.result.weights == [1, 2, 3, 4]  # the same at every unit
    explorer.set(wiring="local")
    assert explorer.result.weights == [33, 34, 35, 36]
    explorer.close()


def test_steps_wrap_and_a_click_chooses_a_unit():
    explorer = widgets.wiring_explorer()
    explorer.widget  # noqa: B018
    seen = []
    for _ in range(10):
        seen.append(explorer.result.position)
        explorer.controls["next"].click()
    assert seen == [(i + 1, j + 1) for i, j in np.ndindex(3, 3)] + [(1, 1)]
    explorer.controls["pick"].value = "5"  # what a click sends
    assert explorer.result.reads == [6, 7, 10, 11]
    assert explorer.controls["unit"].value == 5
    explorer.controls["previous"].click()
    explorer.controls["pick"].value = "5"  # the same one again
    assert explorer.result.position == (2, 2)
    assert explorer.picture.value.count('data-pick="') == 18  # units in both drawings
    explorer.set(example="8×8 pixels, kernel 3×3")  # lets the slider reach further
    explorer.set(unit=36)
    assert explorer.result.position == (6, 6)
    explorer.set(example="4×4 pixels, kernel 2×2")  # it has nine units only
    assert explorer.result.position == (3, 3) and explorer.message == ""
    explorer.close()


@pytest.mark.parametrize(
    "arguments",
    [{"examples": ()}, {"examples": [(2, 3)]}, {"wiring": "all"}, {"unit": 10}],
)
def test_what_makes_no_sense_is_refused(arguments):
    before = set(registry._instances)
    with pytest.raises(ValueError, match="expected"):
        widgets.wiring_explorer(**arguments)
    assert set(registry._instances) == before


@pytest.mark.parametrize("wiring", ["dense", "local", "shared"])
@pytest.mark.parametrize("example", [(4, 2), (8, 3)])
def test_still_and_names(wiring, example, monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    widgets.wiring_explorer([example], wiring, unit=2).show()
    ((figure, alt),) = stills
    assert hasattr(figure, "savefig")
    assert 20 <= len(alt) <= 400 and alt.endswith(".")
    assert alt.startswith(f"{wiring.capitalize()}: ")
    explorer = widgets.wiring_explorer([example], wiring)
    explorer.widget  # noqa: B018
    for name, control in explorer.controls.items():
        assert control.description or control.tooltip, name
    explorer.close()
