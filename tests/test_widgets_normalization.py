"""The normalisation explorer; what it colours against Keras's layers."""

import numpy as np
import pytest
import redraw
from ipywidgets.widgets import widget as registry

from cnnkit import plot, widgets

X = np.random.default_rng(1).normal(size=(3, 2, 4))  # examples, positions, channels


def keras_layer(call):
    import keras

    layer = eval(call, {"keras": keras})
    return lambda x: np.asarray(layer(x.astype("float32"), training=True))


@pytest.mark.parametrize("method", ["batch", "layer", "instance", "group"])
@pytest.mark.parametrize("place", [(0, 0, 0), (2, 1, 3), (1, 0, 2)])
def test_coloured_are_the_values_that_move_the_cell_in_keras(method, place):
    explorer = widgets.normalization_explorer(X, method, groups=2)
    explorer.set(**dict(zip(("example", "position", "channel"), place, strict=True)))
    result = explorer.result
    layer = keras_layer(result.keras_call)
    before = layer(X)
    felt = np.zeros(X.shape, bool)
    for index in np.ndindex(X.shape):
        moved = X.copy()
        moved[index] += 1.0
        felt[index] = abs(layer(moved)[place] - before[place]) > 1e-5
    np.testing.assert_array_equal(result.mask, felt)
    assert result.values == felt.sum()
    assert result.statistics * result.values == X.size
    raw = eval(result.keras_call, {"keras": __import__("keras")})
    raw.epsilon = 1e-9  # the explorer leaves it out
    exact = np.asarray(raw(X.astype("float32"), training=True))[place]
    assert result.output == pytest.approx(float(exact), abs=1e-4)
    explorer.close()


def test_one_group_is_layer_and_as_many_as_channels_instance():
    explorer = widgets.normalization_explorer(X, "group", groups=1)
    layer = widgets.normalization_explorer(X, "layer", groups=1)
    np.testing.assert_array_equal(explorer.result.mask, layer.result.mask)
    explorer.set(groups=4)
    instance = widgets.normalization_explorer(X, "instance", groups=1)
    np.testing.assert_array_equal(explorer.result.mask, instance.result.mask)
    assert explorer.result.keras_call == "keras.layers.GroupNormalization(groups=4)"
    explorer.close()


def test_a_constant_array_divides_by_nothing():
    result = widgets.normalization_explorer(np.ones((2, 2, 2)), groups=1).result
    assert result.output == 0 and result.deviation == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (np.ones((2, 2)),),
        (np.ones((9, 2, 2)),),
        (np.ones((0, 2, 2)),),
        (X, "weight"),
        (X, "group", 3),
    ],
)
def test_what_does_not_fit_is_refused(arguments):
    before = set(registry._instances)
    with pytest.raises(ValueError, match=r"expected .*; received "):
        widgets.normalization_explorer(*arguments)
    assert set(registry._instances) == before


def test_still_shows_all_four_and_makes_no_widget(monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    before = set(registry._instances)
    widgets.normalization_explorer().show()
    assert set(registry._instances) == before
    ((figure, alt),) = stills
    assert len(figure.axes) == 4
    assert "batch 20 (6 means), layer 30 (4 means), instance 5 (24 means)" in alt
    assert 20 <= len(alt) <= 400 and alt.endswith(".")


def test_every_control_has_a_name_and_closing_leaves_nothing():
    before = set(registry._instances)
    explorer = widgets.normalization_explorer()
    explorer.widget  # noqa: B018
    assert all(control.description for control in explorer.controls.values())
    explorer.close()
    assert set(registry._instances) == before


def test_a_redraw_is_quick():
    explorer = widgets.normalization_explorer()
    explorer.widget  # noqa: B018
    taken = redraw.plain_figures(explorer.set, [{"channel": k} for k in range(4)])
    assert taken < redraw.PLAIN
    explorer.close()
