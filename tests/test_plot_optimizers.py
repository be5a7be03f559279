"""Paths over contours: what is drawn is what was given."""

import numpy as np
import pytest

from cnnkit import plot
from cnnkit.plot.optimizers import band_colors, height_bands
from cnnkit.reference.landscapes import LANDSCAPES

ALT = "Two paths on a bowl, from the ring to the squares."


@pytest.mark.parametrize("name", LANDSCAPES)
def test_bands_hold_every_value(name):
    x, y, values, levels = height_bands(LANDSCAPES[name])
    assert values.shape == (len(y), len(x))
    np.testing.assert_allclose(values[3, 7], LANDSCAPES[name].value((x[7], y[3])))
    assert levels[0] <= values.min() and values.max() <= levels[-1]
    assert (np.diff(np.diff(levels)) > 0).all()  # narrow at the bottom
    assert len(band_colors()) == len(levels) - 1


def test_paths_are_drawn_as_given(recwarn):
    land = LANDSCAPES["bowl"]
    paths = {"a": [(5, 1), (4, 0.5), (3, 0)], "b": [(5, 1), (90, 50), (np.nan, 1)]}
    fig, ax = plot.figure(height=2)
    plot.optimizer_paths(ax, land, paths, "two", {"b": plot.PURPLE})
    lines = {line.get_label(): line for line in ax.lines}
    for label, path in paths.items():
        np.testing.assert_array_equal(lines[label].get_xydata(), path)
    assert lines["a"].get_color() == plot.BLUE
    assert lines["b"].get_color() == plot.PURPLE
    assert ax.get_xlim() == land.x and ax.get_ylim() == land.y
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xydata().tolist() for line in rings] == [[[5, 1]]]
    assert len(plot.image_bytes(fig, ALT)) < 100_000
    assert not recwarn.list


def test_no_path_at_all():
    fig, ax = plot.figure()
    plot.optimizer_paths(ax, LANDSCAPES["ravine"], {})
    assert plot.image_bytes(fig, ALT)


@pytest.mark.parametrize("path", [[1, 2], [], [[1, 2, 3]]])
def test_what_is_no_path_is_refused(path):
    ax = plot.figure()[1]
    with pytest.raises(ValueError, match=r"expected path 'a' of shape .*; received"):
        plot.optimizer_paths(ax, LANDSCAPES["bowl"], {"a": path})
