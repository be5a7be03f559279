"""The polynomial explorer, against NumPy's own fits and ridge in closed form; the
penalty explorer, against counts by hand."""

import numpy as np
import pytest

from cnnkit import plot, widgets
from cnnkit.widgets.regularization import STRENGTHS


def sine(x):
    return np.sin(np.pi * x)


@pytest.mark.parametrize("degree", [0, 1, 3, 5, 8])
@pytest.mark.parametrize("points", [9, 20, 60])
def test_without_penalty_it_is_polyfit(degree, points):
    result = widgets.polynomial_explorer(degree, points).result
    expected = np.polyfit(result.x, result.y, degree)[::-1]
    np.testing.assert_allclose(result.coefficients, expected, rtol=1e-5, atol=1e-6)
    residual = result.y - np.polyval(expected[::-1], result.x)
    error = np.sqrt(np.mean(residual**2))
    assert result.errors["training"][degree] == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize("strength", STRENGTHS[1:])
def test_with_penalty_it_is_ridge(strength):
    result = widgets.polynomial_explorer(6, 15, strength=strength).result
    powers = result.x[:, None] ** np.arange(7)
    eye = np.diag([0.0] + [1.0] * 6)
    normal = powers.T @ powers / 15 + strength * eye
    expected = np.linalg.solve(normal, powers.T @ result.y / 15)
    np.testing.assert_allclose(result.coefficients, expected, rtol=1e-6, atol=1e-8)


def test_errors_are_those_of_a_fit_on_other_points():
    result = widgets.polynomial_explorer(noise=0).result
    assert len(result.errors["test"]) == 13
    fresh = np.linspace(-1, 1, 200)
    for degree in (1, 3, 7):
        fit = np.polyfit(result.x, sine(result.x), degree)
        gap = np.sqrt(np.mean((np.polyval(fit, fresh) - sine(fresh)) ** 2))
        assert result.errors["test"][degree] == pytest.approx(gap, rel=1e-6)


def test_capacity_shows_in_the_errors():
    errors = widgets.polynomial_explorer().result.errors
    training = np.array(errors["training"])
    assert (np.diff(training) < 1e-9).all() and training[8:].max() < 1e-9
    assert errors["test"][3] < errors["test"][1]
    assert errors["test"][3] < errors["test"][8] < errors["test"][12]


def test_controls_move_the_fit_and_draw_new_points():
    explorer = widgets.polynomial_explorer()
    explorer.set(degree=8)
    assert len(explorer.result.coefficients) == 9
    wild = np.abs(explorer.result.coefficients).max()
    explorer.set(strength=0.01)
    assert np.abs(explorer.result.coefficients).max() < wild / 2
    before = explorer.result.y
    explorer.controls["again"].click()
    assert explorer.settings["sample"] == 1 and (explorer.result.y != before).any()
    explorer.set(points=40)
    assert explorer.result.x.shape == (40,) and explorer.message == ""
    explorer.close()


@pytest.mark.parametrize(
    "arguments", [{"degree": 13}, {"points": 3}, {"noise": 2}, {"strength": 0.5}]
)
def test_it_refuses_what_is_out_of_range(arguments):
    with pytest.raises(ValueError, match="expected"):
        widgets.polynomial_explorer(**arguments)


def test_still_and_live(monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    widgets.polynomial_explorer(8).show()
    ((figure, alt),) = stills
    assert len(figure.axes) == 2 and 20 <= len(alt) <= 400 and alt.endswith(".")
    explorer = widgets.polynomial_explorer(8)
    explorer.widget  # noqa: B018
    assert 'alt="' in explorer.picture.value
    for name, control in explorer.controls.items():
        assert getattr(control, "description", ""), name
    explorer.close()


LEARNED = {
    "L1": {"0": [[3.0, -4.0]], "0.1": [[2.0, 0.0]], "1": [[0.0, 0.0]]},
    "L2": {"0": [[3.0, -4.0]], "0.1": [[1.5, -2.0]], "1": [[0.6, -0.8]]},
}


def test_penalties_are_moved():
    explorer = widgets.penalty_explorer(LEARNED)
    assert explorer.result.strength == "0.1"
    assert explorer.result.zeros == {"L1": 0.5, "L2": 0.0}
    assert explorer.result.norms == pytest.approx({"L1": 2.0, "L2": 2.5})
    explorer.set(strength="1")
    assert explorer.result.zeros == {"L1": 1.0, "L2": 0.0}
    assert explorer.result.norms == pytest.approx({"L1": 0.0, "L2": 1.0})
    assert "L1: ≈100 % zero" in explorer.picture.value
    explorer.close()


def test_penalties_on_one_scale(monkeypatch):
    """Bars must not widen while the slider moves."""
    scales = []
    kept = plot.weight_histograms

    def seen(rows, high=None):
        scales.append(high)
        return kept(rows, high)

    monkeypatch.setattr(plot, "weight_histograms", seen)
    explorer = widgets.penalty_explorer(LEARNED)
    explorer.set(strength="1")
    assert set(scales) == {4.0}
    explorer.close()


def test_still_of_penalties(monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    widgets.penalty_explorer(LEARNED).show()
    ((figure, alt),) = stills
    assert len(figure.axes) == 6 and 20 <= len(alt) <= 400
    assert "Strength 1: L1: ≈100 % zero" in alt


@pytest.mark.parametrize(
    ("learned", "strength"),
    [
        ({}, None),
        ({"L1": {"0": [1.0]}}, None),
        ({"L1": {"0": [1.0], "1": [0.0]}, "L2": {"0": [1.0], "2": [0.0]}}, None),
        (LEARNED, "2"),
    ],
)
def test_penalties_that_make_no_sense(learned, strength):
    with pytest.raises(ValueError, match=r"expected .*received"):
        widgets.penalty_explorer(learned, strength)
