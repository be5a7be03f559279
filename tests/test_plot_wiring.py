"""Drawings of units and connections, and of one pixel under a 1x1 filter."""

import io

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from PIL import Image

from cnnkit import plot

ALT = "Units and their connections."
LINK = np.array([[1, 2, 0], [0, 1, 2]])


def lines(ax, strong):
    """The collection of weak or strong connections."""
    return [c for c in ax.collections if isinstance(c, LineCollection)][strong]


def test_a_connection_for_every_number_and_a_colour_for_every_weight():
    ax = plot.figure()[1]
    plot.wiring(ax, ["abc", "xy"], [LINK], [{0, 1, 2}, {1}])
    weak, strong = lines(ax, 0), lines(ax, 1)
    assert len(weak.get_segments()) == len(strong.get_segments()) == 2
    colors = [[to_hex(c).upper() for c in part.get_colors()] for part in (weak, strong)]
    assert colors == [[c.upper() for c in plot.WEIGHT_COLORS[:2]]] * 2
    # a weak line starts at a unit below and ends at the one above
    below, above = (circle.center for circle in (ax.patches[0], ax.patches[3]))
    np.testing.assert_allclose(weak.get_segments()[0], [below, above])
    assert [text.get_text() for text in ax.texts] == list("abcxy")
    lit = [
        circle.get_facecolor() == ax.patches[0].get_facecolor() for circle in ax.patches
    ]
    assert lit == [True, True, True, False, True]


def test_many_weights_are_grey_and_weight_colours_differ():
    ax = plot.figure()[1]
    plot.wiring(ax, [["1"] * 4, ["2"] * 3], [np.arange(1, 13).reshape(3, 4)])
    assert len({to_hex(c) for c in lines(ax, 0).get_colors()}) == 1
    assert len(set(plot.WEIGHT_COLORS)) == 9


def test_one_by_one_writes_the_sum():
    rng = np.random.default_rng(1)
    maps, weights = rng.normal(size=(4, 5, 6)), rng.normal(size=6)
    fig = plot.one_by_one(rng.random((8, 10, 3)), maps, weights, 0.25, 3, 1)
    total = np.dot(maps[3, 1], weights)
    written = fig.axes[3].get_xlabel().replace("−", "-")
    assert written == f"sum {total:.2f}, bias 0.25"
    here = fig.axes[4].get_title().replace("−", "-")
    assert here == f"output: {total + 0.25:.2f} here"
    bars = [patch.get_width() for patch in fig.axes[3].patches]
    np.testing.assert_allclose(bars, maps[3, 1] * weights)
    shown = fig.axes[4].images[0].get_array()
    np.testing.assert_allclose(shown, np.einsum("hwc,c->hw", maps, weights) + 0.25)


def edges():
    fig, ax = plot.figure()
    plot.wiring(ax, ["a", "b"], [[[0]]])
    yield fig
    fig, ax = plot.figure()
    links = [np.ones((36, 64), int), np.zeros((2, 36), int)]
    rows = [["1"] * 64, ["2"] * 36, ["3"] * 2]
    plot.wiring(ax, rows, links, names=["in", "mid", "out"], title="deep")
    yield fig
    yield plot.one_by_one(np.zeros((1, 1)), np.zeros((1, 1, 1)), [0], 0, 0, 0)
    maps = np.random.default_rng(0).normal(size=(9, 3, 64))
    yield plot.one_by_one(np.ones((9, 3, 3)), maps, np.ones(64), -1, 8, 2)


def test_drawn_at_the_edge_of_the_domain(recwarn, caplog):
    for fig in edges():
        data = plot.image_bytes(fig, ALT)
        assert Image.open(io.BytesIO(data)).width == plot.WIDTH * plot.DPI
        assert len(data) < 100_000
        drawn = [text for ax in fig.axes for text in ax.texts]
        assert all(text.get_fontsize() >= 9 for text in drawn)
    assert not recwarn.list and not caplog.records


def bad_calls():
    ax = plot.figure()[1]
    maps = np.zeros((2, 3, 4))
    yield "two rows", lambda: plot.wiring(ax, ["a"], [])
    yield "links", lambda: plot.wiring(ax, ["abc", "xy"], [LINK.T])
    yield "links", lambda: plot.wiring(ax, ["abc", "xy"], [])
    yield "marked", lambda: plot.wiring(ax, ["abc", "xy"], [LINK], [{0}])
    yield "marked", lambda: plot.wiring(ax, ["abc", "xy"], [LINK], [{0}, {2}])
    yield "a weight for each", lambda: plot.one_by_one(maps[0], maps, [1], 0, 0, 0)
    yield "inside", lambda: plot.one_by_one(maps[..., 0], maps, [1] * 4, 0, 2, 0)


@pytest.mark.parametrize(("what", "call"), list(bad_calls()))
def test_bad_input_is_refused(what, call):
    with pytest.raises(ValueError, match=rf"expected .*{what}.*; received "):
        call()
