"""Figures of lesson 14."""

import numpy as np
import pytest

from cnnkit import plot


def test_crops_shown_are_the_crops_and_their_mirror_images():
    image = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    corners = [(0, 0), (0, 6), (2, 3)]
    fig = plot.crop_rectangles(image, corners, 10)
    shown = {ax.get_title(): ax.images[0].get_array() for ax in fig.axes[:4]}
    for top, left in corners:
        expected = image[top : top + 10, left : left + 10]
        np.testing.assert_array_equal(shown[f"({top}, {left})"], expected)
    mirrored = fig.axes[4].images[0].get_array()
    np.testing.assert_array_equal(mirrored, image[:10, :10][:, ::-1])
    assert len(fig.axes[0].patches) == 3
    with pytest.raises(ValueError, match="inside 12x16"):
        plot.crop_rectangles(image, [(3, 0)], 10)


def test_pixel_cloud_draws_pixels_axes_and_offsets():
    rng = np.random.default_rng(0)
    pixels, offsets = rng.random((30, 3)), rng.normal(0, 0.01, (9, 3))
    fig = plot.pixel_cloud(pixels, pixels.mean(0), np.eye(3), [0.1, 0.2, 0.3], offsets)
    cloud, flat = fig.axes
    first = np.array(cloud.lines[0].get_data_3d())
    np.testing.assert_allclose(first[:, 1] - first[:, 0], [0, 0, 4 * 0.3])
    np.testing.assert_allclose(flat.collections[0].get_offsets(), offsets[:, :2])
    with pytest.raises(ValueError, match="pixels"):
        plot.pixel_cloud(pixels[:, :2], [0, 0], np.eye(3), [1, 1, 1], offsets)
