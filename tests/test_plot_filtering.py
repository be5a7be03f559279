"""Drawings of filtering: that they show the values they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from cnnkit import plot


def drawn(ax):
    return np.asarray(ax.images[0].get_array(), float)


def test_filtering_shows_photograph_kernel_and_result():
    rng = np.random.default_rng(0)
    photo, result = rng.uniform(0, 255, (8, 9)), rng.uniform(-300, 300, (6, 7))
    kernel = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]])
    fig = plot.filtering(photo, kernel, result)
    left, middle, right = fig.axes
    np.testing.assert_array_equal(drawn(left), photo)
    np.testing.assert_array_equal(drawn(right), result)
    assert right.images[0].norm.vmin == 0 and right.images[0].norm.vmax == 255
    assert [text.get_text() for text in middle.texts] == ["1"] * 4 + ["−8"] + ["1"] * 4
    assert middle.get_title() == "kernel, sum of weights 0"
    signed = plot.filtering(photo, kernel, result, signed=True).axes[2].images[0]
    assert signed.norm.vmin == -signed.norm.vmax < 0 and signed.cmap is plot.DIVERGING
    wide = plot.filtering(photo, np.ones((1, 40)), result).axes[1]
    assert not list(wide.texts) and drawn(wide).shape == (1, 40)


def test_orientations_colour_the_strongest_by_its_strength():
    strength = np.zeros((3, 4, 4))
    strength[0, 0], strength[1, 1], strength[2, 2] = 1, 1, 1
    strength[1, 0], strength[2, 1] = 0.9, 0.4  # weaker, so without a say
    strength[0, 2] = 0.5
    photo = np.zeros((4, 4, 3))
    fig = plot.orientations([photo], [[strength, 2 * strength]], [0, 45, 90], "ab")
    assert [ax.get_title() for ax in fig.axes] == ["photograph", "a", "b"]
    for ax in fig.axes[1:]:
        colors = drawn(ax)
        for row, name in enumerate(plot.COLORS[:3]):
            np.testing.assert_allclose(colors[row], np.tile(to_rgb(name), (4, 1)))
        np.testing.assert_allclose(colors[3], 1)  # no answer: white
    assert [text.get_text() for text in fig.legends[0].texts] == ["0°", "45°", "90°"]


def test_a_weaker_answer_is_paler():
    strength = np.full((1, 10, 10), 2.0)
    strength[0, 0] = 1
    fig = plot.orientations([np.zeros((10, 10))], [[strength]], [0], ["one"])
    half = 1 - (1 - np.array(to_rgb(plot.COLORS[0]))) / 2
    np.testing.assert_allclose(drawn(fig.axes[1])[0], np.tile(half, (10, 1)))


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("photo as a matrix", lambda x: plot.filtering(x[0, 0], x, x)),
        ("kernel as a matrix", lambda x: plot.filtering(x, [1, 2], x)),
        ("arrays of strengths", lambda x: plot.orientations([x], [[]], [0], "a")),
        ("arrays of strengths", lambda x: plot.orientations([], [], [0], "a")),
        ("strengths of shape", lambda x: plot.orientations([x], [[x]], [0], "a")),
        ("1 to 7 angles", lambda x: plot.orientations([x], [[x[None]]], [], "a")),
    ],
)
def test_bad_input_is_refused(what, call):
    with pytest.raises(ValueError, match=f"expected .*{what}"):
        call(np.zeros((4, 4)))


def test_files_draw_without_a_warning(recwarn, caplog):
    strength = np.random.default_rng(1).random((4, 30, 40))
    photo = np.zeros((30, 40), np.uint8)
    for fig in (
        plot.orientations([photo], [[strength]], [0, 45, 90, 135], ["one"]),
        plot.orientations([photo] * 2, [[strength] * 2] * 2, range(4), "ab"),
        plot.filtering(photo, np.ones((3, 3)) / 9, photo),
        plot.filtering(photo, [[0]], np.zeros((2, 2)), signed=True),
    ):
        assert len(plot.image_bytes(fig, "alt text")) < 150_000
        texts = [text for ax in fig.axes for text in ax.texts]
        assert all(text.get_fontsize() >= 9 for text in texts)
    assert not recwarn.list and not caplog.records
