"""The activation explorer; values and slopes against Keras's functions."""

import html

import numpy as np
import pytest
import redraw
from ipywidgets.widgets import widget as registry

from cnnkit import plot, widgets
from cnnkit.widgets.activations import _FUNCTIONS


def keras_function(call):
    """The code that the explorer shows, as a function of a float64 array."""
    import keras

    return lambda x: np.asarray(
        eval(call, {"keras": keras, "x": keras.ops.convert_to_tensor(x, "float32")})
    ).astype("float64")


@pytest.mark.parametrize(
    "parameters", [{}, {"leak": 0.3, "alpha": 1.7, "beta": 1.702}, {"beta": 0.1}]
)
def test_curves_are_those_of_the_keras_calls_shown(parameters):
    result = widgets.activation_explorer(list(_FUNCTIONS), **parameters).result
    x, h = result.field[::7] + 0.003, 1e-2  # off the kinks
    inside = np.abs(x) > 2 * h
    for name, (values, slopes) in result.curves.items():
        function = keras_function(result.keras_calls[name])
        np.testing.assert_allclose(
            values, function(result.field), atol=1e-5, err_msg=name
        )
        differences = (function(x + h) - function(x - h)) / (2 * h)
        drawn = np.interp(x, result.field, slopes)
        np.testing.assert_allclose(
            drawn[inside], differences[inside], atol=2e-3, err_msg=name
        )


def test_controls_move_the_numbers():
    explorer = widgets.activation_explorer(["leaky ReLU", "ELU", "Swish"], x=-2.0)
    assert explorer.result.values["leaky ReLU"] == pytest.approx(-0.02)
    explorer.set(leak=0.5, alpha=2.0, beta=0.0)
    assert explorer.result.values["leaky ReLU"] == pytest.approx(-1.0)
    assert explorer.result.slopes["leaky ReLU"] == pytest.approx(0.5)
    assert explorer.result.values["ELU"] == pytest.approx(2 * (np.exp(-2) - 1))
    assert explorer.result.values["Swish"] == pytest.approx(-1.0)  # a half, times x
    explorer.set(functions=("sigmoid",), x=0.0)
    assert list(explorer.result.values) == ["sigmoid"]
    assert explorer.result.slopes["sigmoid"] == pytest.approx(0.25)
    assert "keras.activations.sigmoid(x)" in html.unescape(explorer.picture.value)
    explorer.close()


def test_nothing_chosen_is_explained_and_the_picture_kept():
    explorer = widgets.activation_explorer(["tanh"])
    explorer.set(functions=())
    assert "at least one function" in explorer.message
    assert list(explorer.result.values) == ["tanh"]
    explorer.set(functions=("tanh", "ReLU"))
    assert explorer.message == "" and len(explorer.result.values) == 2
    explorer.close()


@pytest.mark.parametrize("functions", [["relu"], [], ["ReLU", "step"]])
def test_unknown_functions_are_refused(functions):
    before = set(registry._instances)
    with pytest.raises(ValueError, match=r"expected .*; received "):
        widgets.activation_explorer(functions)
    assert set(registry._instances) == before


def test_still_has_a_text_and_makes_no_widget(monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    before = set(registry._instances)
    widgets.activation_explorer().show()
    assert set(registry._instances) == before
    ((figure, alt),) = stills
    assert hasattr(figure, "savefig")
    assert 20 <= len(alt) <= 400 and alt.endswith(".")


def test_every_control_has_a_name_and_closing_leaves_nothing():
    before = set(registry._instances)
    explorer = widgets.activation_explorer()
    explorer.widget  # noqa: B018
    assert all(control.description for control in explorer.controls.values())
    explorer.close()
    assert set(registry._instances) == before


def test_a_redraw_is_quick():
    explorer = widgets.activation_explorer()
    explorer.widget  # noqa: B018
    taken = redraw.plain_figures(explorer.set, [{"x": k / 10} for k in range(1, 5)])
    assert taken < redraw.PLAIN
    explorer.close()
