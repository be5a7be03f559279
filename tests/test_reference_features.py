"""Hand-made features: histograms counted by hand, HoG's directions, visual words."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnkit
from cnnkit import reference

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 9), st.integers(0, 99))
def test_color_histogram_counts(bins, seed):
    images = rng(seed).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    counts = reference.color_histogram(images, bins)
    edges = [np.arange(bins + 1) * 256 / bins] * 3
    for image, found in zip(images, counts, strict=True):
        expected, _ = np.histogramdd(image.reshape(-1, 3), edges)
        np.testing.assert_array_equal(found, expected)
    # where the pixels lie does not matter
    shuffled = images.reshape(2, 20, 3)[:, rng(seed).permutation(20)]
    again = reference.color_histogram(shuffled.reshape(images.shape), bins)
    np.testing.assert_array_equal(again, counts)


def ramp(degrees, size=16):
    """A plane that rises in the direction `degrees`, measured from the rows' axis."""
    angle = np.radians(degrees)
    i, j = np.mgrid[:size, :size]
    plane = 5 * (i * np.sin(angle) + j * np.cos(angle))
    return np.round(plane - plane.min()).astype(np.uint8)[None, :, :, None]


def test_hog_finds_the_direction_of_a_slope():
    for degrees in (10, 50, 90, 130, 170):
        strongest = reference.hog(ramp(degrees))[0].argmax(axis=2)
        assert (strongest == degrees // 20).all()
    # the opposite direction counts as the same
    up = ramp(50)
    np.testing.assert_allclose(reference.hog(up), reference.hog(up.max() - up))
    one = reference.hog(ramp(50))
    np.testing.assert_allclose(np.linalg.norm(one, axis=3), 1, rtol=1e-3)


def test_hog_of_a_vertical_edge_is_in_bin_0():
    image = np.zeros((1, 8, 8, 1), np.uint8)
    image[:, :, 4:] = 200  # dark on the left, bright on the right
    assert reference.hog(image)[0, 0, 0].argmax() == 0
    assert reference.hog(image.swapaxes(1, 2))[0, 0, 0].argmax() == 4


def test_hog_of_colour_takes_the_strongest_channel():
    grey = ramp(50)
    colour = np.concatenate([grey, grey // 5, 0 * grey], axis=3)
    np.testing.assert_allclose(reference.hog(colour), reference.hog(grey))
    assert reference.hog(np.repeat(grey, 3, axis=3)[:, :11, :9]).shape == (1, 1, 1, 9)
    assert reference.hog(grey, cell=4, bins=6).shape == (1, 4, 4, 6)


def test_patches_come_from_the_images():
    images = np.arange(2 * 5 * 6 * 2).reshape(2, 5, 6, 2)
    patches = reference.random_patches(images, 3, 500, rng())
    assert patches.shape == (500, 3, 3, 2) and patches.dtype == images.dtype
    whole = {
        images[n, i : i + 3, j : j + 3].tobytes()
        for n in range(2)
        for i in range(3)
        for j in range(4)
    }
    assert {p.tobytes() for p in patches} == whole  # each place, and no other
    again = reference.random_patches(images, 3, 500, rng())
    np.testing.assert_array_equal(patches, again)


def test_words_are_the_means_of_their_patches():
    centres = rng().normal(size=(4, 2, 2, 3)) * 100
    patches = np.repeat(centres, 30, axis=0) + rng(1).normal(size=(120, 2, 2, 3))
    words = reference.visual_words(patches, 4, rng())
    means = patches.reshape(4, 30, 2, 2, 3).mean(axis=1)
    order = [np.abs(words - m).sum((1, 2, 3)).argmin() for m in means]
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_allclose(words[order], means)
    assert reference.bag_of_words(patches[:70], words[order]).tolist() == [
        30,
        30,
        10,
        0,
    ]
    assert reference.bag_of_words(patches[:0], words).tolist() == [0, 0, 0, 0]


def test_bad_input():
    photo = np.zeros((1, 8, 8, 3), np.uint8)
    for f in (reference.color_histogram, reference.hog):
        with pytest.raises(ValueError, match="axes"):
            f(photo[0])
        with pytest.raises(
            ValueError, match="integers from 0 to 255; received float64"
        ):
            f(photo / 255)
        with pytest.raises(ValueError, match="received int64 from -1 to -1"):
            f(photo.astype(int) - 1)
    with pytest.raises(ValueError, match="red, green and blue"):
        reference.color_histogram(photo[..., :1])
    for bins in (0, 257, 2.5):
        with pytest.raises(ValueError, match="bins from 1 to 256"):
            reference.color_histogram(photo, bins)
    for change in (dict(cell=0), dict(bins=0), dict(cell=2.5)):
        with pytest.raises(ValueError, match="positive integer"):
            reference.hog(photo, **change)
    with pytest.raises(ValueError, match="at least one cell"):
        reference.hog(photo, cell=9)
    with pytest.raises(ValueError, match="at least 9x9"):
        reference.random_patches(photo, 9, 3, rng())
    with pytest.raises(ValueError, match="at least 3x3"):
        reference.random_patches(photo[:0], 3, 3, rng())
    for words in (0, 9):
        with pytest.raises(ValueError, match="from 1 to 8 words"):
            reference.visual_words(photo[0], words, rng())
    with pytest.raises(ValueError, match=r"shape \(8, 3\); received"):
        reference.bag_of_words(photo[0], np.zeros((2, 8, 2)))


def test_claims():
    entry = CLAIMS["features/color-histogram"]
    pixels = np.array(entry["given"]["pixels_rgb"])[None, None]
    counts = reference.color_histogram(pixels, bins=2)[0]
    named = [counts[1, 0, 0], counts[0, 1, 0], counts[0, 0, 1], counts[0, 0, 0]]
    assert named == entry["expected"]["histogram"]
    assert counts.sum() == sum(named)

    given, expected = (CLAIMS["features/hog"][k] for k in ("given", "expected"))
    width, height = given["image_w_h"]
    found = reference.hog(
        np.zeros((1, height, width, 1), np.uint8), given["cell"], given["bins"]
    )
    assert list(found.shape[1:3][::-1]) == expected["cells"]
    assert found.size == expected["features"]
    counted = [0] * given["bins"]
    for degrees in given["directions_degrees"]:
        slope = ramp(degrees, size=24)
        counted[reference.hog(slope)[0, 1, 1].argmax()] += 1
    assert counted == expected["histogram"]

    given, expected = (
        CLAIMS["features/bag-of-words"][k] for k in ("given", "expected")
    )
    words = np.array(given["codebook_1d"])[:, None]
    found = reference.bag_of_words(np.array(given["patches"])[:, None], words)
    assert found.tolist() == expected["histogram"]
