"""Figures of lesson 06: what is drawn, read back from the artists."""

import numpy as np
import pytest

from cnnkit import plot


def strokes(histograms, cell=8, **options):
    rows, columns, _ = np.shape(histograms)
    _, ax = plot.figure()
    image = np.zeros((rows * cell, columns * cell))
    plot.direction_cells(ax, image, histograms, cell, **options)
    return ax.collections[-1]


def test_a_stroke_lies_along_the_edge():
    """Bin 0 of a vertical edge, whose slope points to the right: a stroke upright."""
    histogram = np.zeros((1, 1, 180))
    histogram[0, 0, 0] = 1
    (start, stop) = strokes(histogram).get_segments()[0]
    np.testing.assert_allclose(start[0], stop[0], atol=0.1)
    np.testing.assert_allclose(abs(start[1] - stop[1]), 8, atol=0.01)
    histogram = np.roll(histogram, 45, axis=2)  # slope down to the right
    (start, stop) = strokes(histogram).get_segments()[45]
    across, down = stop - start
    np.testing.assert_allclose(across, -down, rtol=0.05)  # the edge falls to the left


def test_strokes_agree_with_the_features_drawn():
    """The edge between two halves of an image, at any angle, is where strokes lie."""
    from cnnkit import reference

    down, right = np.mgrid[:64, :64] - 31.5
    for degrees in (10, 70, 130):
        turn = np.radians(degrees)  # of the slope
        bright = right * np.cos(turn) + down * np.sin(turn)
        image = np.clip(128 + 40 * bright, 0, 255).astype(np.uint8)
        cells = reference.hog(image[None, :, :, None])[0]
        drawn = strokes(cells).get_segments()
        start, stop = max(drawn, key=lambda s: np.linalg.norm(s[1] - s[0]))
        slope = np.array([np.cos(turn), np.sin(turn)])
        along = (stop - start) / np.linalg.norm(stop - start)
        assert abs(along @ slope) < np.sin(np.radians(11))


def test_lengths_and_places_of_strokes():
    histograms = np.array([[[1.0, 2.0], [0.0, 4.0]]])
    segments = np.array(strokes(histograms, cell=10).get_segments())
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)
    np.testing.assert_allclose(lengths, [2.5, 5, 0, 10])
    np.testing.assert_allclose(
        segments.mean(axis=1), [[5, 5], [5, 5], [15, 5], [15, 5]]
    )


def test_bars_have_the_heights_of_the_bins():
    histograms = np.array([[[1.0, 0.5, 0.0]], [[0.0, 0.0, 1.0]]])
    paths = strokes(histograms, cell=10, bars=True).get_paths()
    heights = [np.ptp(path.vertices[:, 1]) for path in paths]
    np.testing.assert_allclose(heights, [9, 4.5, 0, 0, 0, 9])
    feet = [path.vertices[:, 1].max() for path in paths]
    np.testing.assert_allclose(feet, [9.5] * 3 + [19.5] * 3)


@pytest.mark.parametrize(
    "histograms", [np.ones((2, 2)), -np.ones((1, 1, 9)), np.ones((3, 2, 9))]
)
def test_cells_that_do_not_fit_are_refused(histograms):
    _, ax = plot.figure()
    with pytest.raises(ValueError, match="expected histograms"):
        plot.direction_cells(ax, np.zeros((16, 16)), histograms, 8)


@pytest.mark.parametrize("shape", [(5, 3, 4), (5, 3, 4, 1), (5, 3, 4, 3)])
def test_every_tile_is_in_the_sheet(shape):
    pictures = np.random.default_rng(0).random(shape)
    _, ax = plot.figure()
    plot.tiles(ax, pictures, columns=2, title="five", labels=["a", "b", "c"])
    sheet = ax.images[0].get_array()
    assert sheet.shape == (3 * 4 - 1, 2 * 5 - 1, 3)
    for k, picture in enumerate(pictures):
        y, x = k // 2 * 4, k % 2 * 5
        wide = np.broadcast_to(picture.reshape(3, 4, -1), (3, 4, 3))
        np.testing.assert_array_equal(sheet[y : y + 3, x : x + 4], wide)
    assert (sheet[8:, 5:] == 1).all() and (sheet[3] == 1).all()  # white elsewhere
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]


def test_tiles_of_bytes_and_wrong_tiles():
    _, ax = plot.figure()
    plot.tiles(ax, np.full((1, 2, 2), 51, np.uint8), columns=1)
    np.testing.assert_allclose(ax.images[0].get_array(), 0.2)
    for wrong in (np.ones((2, 2)), np.full((1, 2, 2), 1.5), np.ones((1, 2, 2, 2))):
        with pytest.raises(ValueError, match="expected"):
            plot.tiles(ax, wrong, columns=1)
    with pytest.raises(ValueError, match="no label or 1"):
        plot.tiles(ax, np.ones((2, 2, 2)), columns=2, labels=["a", "b"])


def test_words_stand_below_their_bars():
    words = np.arange(4)[:, None, None, None] * np.full((4, 2, 2, 3), 60.0)
    counts = {"one": [3, 0, 1, 2], "two": [0, 4, 0, 0]}
    fig = plot.word_counts(words, counts)
    *axes, book = fig.axes
    for ax, (title, values) in zip(axes, counts.items(), strict=True):
        assert ax.get_ylabel() == title
        assert [bar.get_height() for bar in ax.patches] == values
        centres = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
        np.testing.assert_allclose(centres, range(4))
    assert axes[0].get_ylim() == axes[1].get_ylim()
    for k, image in enumerate(book.images):
        np.testing.assert_allclose(np.mean(image.get_extent()[:2]), k)
        np.testing.assert_allclose(image.get_array(), k * 60 / 255)
    with pytest.raises(ValueError, match="expected 4 counts"):
        plot.word_counts(words, {"one": [1, 2, 3]})
    with pytest.raises(ValueError, match="expected words"):
        plot.word_counts(words[..., 0], counts)


def test_heat_shows_what_is_positive():
    image = np.random.default_rng(0).random((8, 8, 3))
    values = np.array([[2.0, -1.0], [1.0, 0.0]])
    fig = plot.heat(
        [image, image], {"map": ([values, 0 * values], (2, 6))}, ["left", "right"]
    )
    top_left, top_right, map_left, map_right = fig.axes
    assert [top_left.get_title(), top_right.get_title()] == ["left", "right"]
    assert map_left.get_ylabel() == "map"
    np.testing.assert_array_equal(top_left.images[0].get_array(), image)
    grey, overlay = map_left.images
    np.testing.assert_allclose(grey.get_array(), image.mean(axis=2))
    np.testing.assert_allclose(overlay.get_array()[..., 3], [[0.8, 0], [0.4, 0]])
    assert overlay.get_extent() == [2, 6, 6, 2]
    assert (map_right.images[1].get_array()[..., 3] == 0).all()


def test_heat_wants_a_map_for_each_picture():
    image = np.ones((4, 4))
    for maps, titles in (
        ({"map": ([image], (0, 4))}, ["a", "b"]),
        ({"map": ([image, image], (0, 4))}, ["a"]),
        ({}, ["a"]),
    ):
        with pytest.raises(ValueError, match="as many maps"):
            plot.heat([image], maps, titles)
