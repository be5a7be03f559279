"""The figure of activations draws what it is given."""

import numpy as np
import pytest

from cnnkit import plot

X = np.linspace(-3, 3, 61)
CURVES = {"square": (X**2, 2 * X), "cube": (X**3, 3 * X**2)}


def lines_of(ax):
    """Label -> the points of the line, of the curves only."""
    return {
        line.get_label(): line.get_xydata()
        for line in ax.get_lines()
        if len(line.get_xdata()) == len(X)
    }


def test_values_left_and_slopes_right():
    fig = plot.activations(X, CURVES)
    for k, ax in enumerate(fig.axes):
        drawn = lines_of(ax)
        assert set(drawn) == set(CURVES)
        for label, pair in CURVES.items():
            np.testing.assert_allclose(drawn[label], np.stack([X, pair[k]], axis=1))
    assert [ax.get_title() for ax in fig.axes] == ["value", "slope"]
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == list(CURVES)


def test_a_marked_input_lies_on_every_curve():
    fig = plot.activations(X, CURVES, at=2.0)
    for k, expected in enumerate(({4.0, 8.0}, {4.0, 12.0})):
        dots = [
            line.get_xydata()[0]
            for line in fig.axes[k].get_lines()
            if line.get_marker() == "o"
        ]
        assert {x for x, _ in dots} == {2.0}
        assert {round(y, 6) for _, y in dots} == expected


def test_more_curves_than_colours_are_told_apart_by_dashes():
    many = {f"line {k}": (k * X, np.full(X.shape, k)) for k in range(11)}
    fig = plot.activations(X, many)
    styles = [
        (line.get_color(), line.get_linestyle())
        for line in fig.axes[0].get_lines()
        if len(line.get_xdata()) == len(X)
    ]
    assert len(styles) == len(set(styles)) == 11
    width = plot.image_bytes(fig)
    assert len(width) > 1000


@pytest.mark.parametrize(
    "curves", [{}, {"one": (X,)}, {"short": (X[:-1], X)}, {"slope": (X, X[1:])}]
)
def test_curves_that_do_not_fit_are_refused(curves):
    with pytest.raises(ValueError, match=r"expected .*; received "):
        plot.activations(X, curves)
