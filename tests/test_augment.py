"""Transforms against loops, SciPy, Pillow and the ledger; what they draw, by counting.

Nothing here shares code with `cnnkit.augment`: shifts come from `scipy.ndimage.shift`,
resizing from Pillow, distortion from `scipy.ndimage.map_coordinates`, principal axes
from `np.cov` and a singular value decomposition.
"""

import collections
import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, stats

from cnnkit import augment

LEDGER = json.loads(
    (Path(augment.__file__).parent / "course" / "claims.json").read_text("utf-8")
)
DTYPES = (np.uint8, np.float16, np.float32, np.float64)
SCIPY_MODE = {"zero": "constant", "edge": "nearest", "reflect": "mirror"}

# by name: a call f(images, rng); all draw, and all take images of at least 8x8
RANDOM = {
    "flip": augment.flip,
    "shift": functools.partial(augment.shift, pixels=3),
    "shift_edge": functools.partial(augment.shift, pixels=3, padding="edge"),
    "shift_reflect": functools.partial(augment.shift, pixels=3, padding="reflect"),
    "crop": functools.partial(augment.crop, size=6),
    "short_side_crop": functools.partial(
        augment.short_side_crop, short_side=(9, 14), size=8
    ),
    "pca_jitter": lambda images, rng: augment.pca_jitter(
        images, rng, augment.ColorAxes(np.array([0.1, 0.2, 0.5]), np.eye(3)), 0.5
    ),
    "lens_distortion": functools.partial(augment.lens_distortion, strength=0.3),
}
# and those that draw nothing; the generator is ignored
FIXED = {
    "distort": lambda images, rng: augment.distort(images, 0.2),
    "ten_crop": lambda images, rng: augment.ten_crop(images, 6),
    "multi_scale_crops": lambda images, rng: augment.multi_scale_crops(
        images, (8, 11), 8
    ),
}
# nothing to draw from: as large as the image, no shift, no strength
NEUTRAL = {
    "flip": functools.partial(augment.flip, probability=0),
    "shift": functools.partial(augment.shift, pixels=0),
    "shift_edge": functools.partial(augment.shift, pixels=0, padding="edge"),
    "crop": functools.partial(augment.crop, size=12),
    "lens_distortion": functools.partial(augment.lens_distortion, strength=0),
    "pca_jitter": lambda images, rng: augment.pca_jitter(
        images, rng, augment.ColorAxes(np.ones(3), np.eye(3)), 0
    ),
    "distort": lambda images, rng: augment.distort(images, 0),
    "crop_at_the_only_scale": lambda images, rng: augment.multi_scale_crops(
        images, (12,), 12
    )[0],
}


def generator(seed=0):
    return np.random.default_rng(seed)


def pictures(n=4, height=12, width=12, channels=3, dtype=np.uint8, seed=0):
    """Noise in the whole range of the dtype, so no two places look alike."""
    noise = generator(seed).integers(0, 256, (n, height, width, channels))
    return noise.astype(np.uint8) if dtype == np.uint8 else (noise / 255).astype(dtype)


def places(n, height, width):
    """Images of two channels in which each pixel says (row, column)."""
    grid = np.stack(np.mgrid[:height, :width], axis=-1).astype(np.float32)
    return np.broadcast_to(grid, (n, height, width, 2))


def uniform(counts, outcomes):
    """Whether all outcomes occurred, and about equally often."""
    assert len(counts) == outcomes
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def expected(claim):
    return LEDGER[f"augmentation/{claim}"]["expected"]


def given_in(claim):
    return LEDGER[f"augmentation/{claim}"]["given"]


def pillow_resize(image, height, width):
    """Each channel as floats, with Pillow's triangle filter."""
    channels = [
        Image.fromarray(plane.astype(np.float32)).resize(
            (width, height), Image.Resampling.BILINEAR
        )
        for plane in np.moveaxis(image, -1, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


# ---- all transforms ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*RANDOM, *FIXED])
def test_dtype_is_kept_and_the_input_left_alone(name, dtype):
    images = pictures(dtype=dtype)
    before = images.copy()
    images.flags.writeable = False
    result = {**RANDOM, **FIXED}[name](images, generator())
    assert result.dtype == dtype
    assert result.shape[-4] == len(images) and result.shape[-1] == 3
    assert result.flags.c_contiguous and result.flags.writeable
    assert not np.shares_memory(result, images)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NEUTRAL)
def test_nothing_to_do_gives_an_equal_copy(name, dtype):
    images = pictures(dtype=dtype)
    result = NEUTRAL[name](images, generator())
    if dtype == np.uint8 or not name.endswith(("distort", "distortion")):
        np.testing.assert_array_equal(result, images)
    np.testing.assert_allclose(result, images, rtol=1e-6, atol=1e-7)
    assert result.dtype == dtype and not np.shares_memory(result, images)


@pytest.mark.parametrize("name", RANDOM)
def test_seeds_reproduce_and_calls_draw_anew(name):
    images, rng = pictures(n=8), generator(7)
    first, second = RANDOM[name](images, rng), RANDOM[name](images, rng)
    np.testing.assert_array_equal(RANDOM[name](images, generator(7)), first)
    assert (first != second).any()
    assert (RANDOM[name](images, generator(8)) != first).any()


@pytest.mark.parametrize("name", RANDOM)
def test_each_image_has_its_own_draw(name):
    same = np.repeat(pictures(n=1), 16, axis=0)
    results = RANDOM[name](same, generator())
    assert len(np.unique(results.reshape(16, -1), axis=0)) > 1


@pytest.mark.parametrize("name", [*RANDOM, *FIXED])
def test_order_of_the_images_is_kept(name):
    """A batch in which each image has one colour of its own keeps these colours."""
    images = np.broadcast_to(
        np.linspace(0.1, 0.9, 9)[:, None, None, None], (9, 12, 12, 3)
    )
    if name.startswith("shift"):
        images = images[:, :8, :8]  # the middle pixels stay inside
    result = {**RANDOM, **FIXED}[name](images, generator())
    if name == "pca_jitter":  # a shift of the colour, well below the distance of two
        small = augment.ColorAxes(np.full(3, 0.01), np.eye(3))
        result = augment.pca_jitter(images, generator(), small)
    middle = result[..., result.shape[-3] // 2, result.shape[-2] // 2, 0]
    np.testing.assert_allclose(
        middle, np.broadcast_to(images[:, 0, 0, 0], middle.shape), atol=0.02
    )


@pytest.mark.parametrize("name", [*RANDOM, *FIXED])
def test_extreme_uint8_never_wraps(name):
    """Black and white areas stay within what interpolation and padding can make."""
    images = np.where(pictures() < 128, 0, 255).astype(np.uint8)
    exact = {**RANDOM, **FIXED}[name](images / 255, generator())
    result = {**RANDOM, **FIXED}[name](images, generator())
    np.testing.assert_allclose(result / 255, np.clip(exact, 0, 1), atol=0.51 / 255)


@pytest.mark.parametrize("name", [*RANDOM, *FIXED])
def test_views_of_other_arrays_are_fine(name):
    strided = pictures(n=8, height=24, dtype=np.float32)[::-2, ::2]
    transform = {**RANDOM, **FIXED}[name]
    for images in (strided, strided.transpose(0, 2, 1, 3), strided[:, :, :, ::-1]):
        result = transform(images, generator())
        copied = transform(np.ascontiguousarray(images), generator())
        np.testing.assert_allclose(result, copied, atol=1e-6)


# ---- flip --------------------------------------------------------------------------


def test_flip_is_fliplr_of_some_images():
    images = pictures(n=2000, height=3, width=4)
    result = augment.flip(images, generator())
    mirrored = np.stack([np.fliplr(image) for image in images])
    flipped = (result == mirrored).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(
        result, np.where(flipped[:, None, None, None], mirrored, images)
    )
    assert stats.binomtest(int(flipped.sum()), 2000, 0.5).pvalue > 1e-3


def test_flip_probability():
    images = pictures(n=2000, height=2, width=3)
    changed = (augment.flip(images, generator(), 0.1) != images).any(axis=(1, 2, 3))
    assert stats.binomtest(int(changed.sum()), 2000, 0.1).pvalue > 1e-3


def test_flip_claim():
    claim = expected("horizontal-flip")
    image = np.array(given_in("horizontal-flip")["image"], np.uint8)
    flipped = augment.flip(image[None, :, :, None], generator(), 1)
    assert flipped[0, :, :, 0].tolist() == claim["flipped"]
    twice = augment.flip(flipped, generator(), 1)
    assert bool((twice[0, :, :, 0] == image).all()) == claim["flip_twice_is_identity"]


# ---- shift -------------------------------------------------------------------------


def shifts_between(original, result, pixels, padding):
    """The shifts (down, right) with which SciPy comes to the same result."""
    return [
        (down, right)
        for down in range(-pixels, pixels + 1)
        for right in range(-pixels, pixels + 1)
        if np.array_equal(
            ndimage.shift(
                original, (down, right, 0), order=0, mode=SCIPY_MODE[padding]
            ),
            result,
        )
    ]


@pytest.mark.parametrize("padding", SCIPY_MODE)
def test_shift_is_scipys_and_each_is_equally_likely(padding):
    image = pictures(n=1, height=5, width=6, channels=2, dtype=np.float32)
    results = augment.shift(np.repeat(image, 3000, axis=0), generator(), 1, padding)
    distinct, counts = np.unique(results.reshape(3000, -1), axis=0, return_counts=True)
    found = collections.Counter()
    for row, count in zip(distinct, counts, strict=True):
        ((down, right),) = shifts_between(
            image[0], row.reshape(image[0].shape), 1, padding
        )
        found[down, right] = count
    uniform(found, outcomes=9)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shift_on_any_shape(data):
    height, width = (data.draw(st.integers(2, 9)) for _ in range(2))
    images = pictures(
        data.draw(st.integers(1, 3)),
        height,
        width,
        data.draw(st.integers(1, 4)),
        data.draw(st.sampled_from(DTYPES)),
    )
    pixels = data.draw(st.integers(0, min(height, width, 4) - 1))
    padding = data.draw(st.sampled_from(sorted(SCIPY_MODE)))
    seed = data.draw(st.integers(0, 99))
    for image, result in zip(
        images, augment.shift(images, generator(seed), pixels, padding), strict=True
    ):
        # float16 is no type of SciPy's; its values are exact in float32
        assert shifts_between(
            image.astype(np.float32), result.astype(np.float32), pixels, padding
        )


def test_shift_and_flip_claim():
    """Flips and shifts of up to two pixels: every one of the 50 variants, as often."""
    variants = expected("shift-two-pixels")["variants"]
    image = pictures(n=1, height=6, width=6)
    many, rng = np.repeat(image, 10_000, axis=0), generator(1)
    results = augment.shift(augment.flip(many, rng), rng, 2).reshape(10_000, -1)
    counts = collections.Counter(row.tobytes() for row in results)
    uniform(counts, outcomes=variants)


# ---- crops -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_crop_is_a_window(data):
    height, width = (data.draw(st.integers(1, 9)) for _ in range(2))
    size = data.draw(st.integers(1, min(height, width)))
    images = places(data.draw(st.integers(1, 4)), height, width)
    crops = augment.crop(images, generator(data.draw(st.integers(0, 99))), size)
    assert crops.shape == (len(images), size, size, 2)
    for image, result in zip(images, crops, strict=True):
        top, left = map(int, result[0, 0])
        np.testing.assert_array_equal(
            result, image[top : top + size, left : left + size]
        )


def test_crop_claims_number_of_positions():
    """Each corner that `expected` counts is drawn, and no other."""
    claim = expected("resnet-train")
    for side, positions in (
        (256, claim["positions_on_square_L_256"]),
        (480, claim["positions_on_square_L_480"]),
    ):
        rng, tops, lefts = generator(side), [], []
        for _ in range(30):
            # in images of one row and column all else of the pixels is left out
            crops = augment.crop(places(100, side, side)[..., :2], rng, 224)
            tops += crops[:, 0, 0, 0].astype(int).tolist()
            lefts += crops[:, 0, 0, 1].astype(int).tolist()
        assert (max(tops) + 1) * (max(lefts) + 1) == positions
        assert min(tops) == min(lefts) == 0
        assert len(set(tops)) * len(set(lefts)) == positions
        bins = 8 if side == 480 else 33
        table = np.histogram2d(tops, lefts, bins=min(bins, 8))[0]
        assert stats.chi2_contingency(table + 1e-9).pvalue > 1e-3  # independent


def test_crop_positions_are_equally_likely():
    crops = augment.crop(places(6000, 7, 8), generator(2), 4)
    corners = collections.Counter(map(tuple, crops[:, 0, 0].astype(int).tolist()))
    uniform(corners, outcomes=4 * 5)


@pytest.mark.parametrize(
    "height, width, side, resized",
    [
        (20, 20, 24, (24, 24)),  # larger
        (20, 20, 13, (13, 13)),  # smaller
        (20, 30, 14, (14, 21)),  # wide
        (33, 20, 24, (40, 24)),  # tall: 39.6 rows
        (12, 10, 10, (12, 10)),  # as it is
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_short_side_crop_is_a_window_of_pillows_resized_image(
    height, width, side, resized, dtype
):
    size, n = 10, 400
    image = pictures(1, height, width, dtype=dtype)
    resized_image = pillow_resize(image[0], *resized)
    results = augment.short_side_crop(
        np.repeat(image, n, axis=0), generator(5), (side, side), size
    )
    windows = {}
    for top in range(resized[0] - size + 1):
        for left in range(resized[1] - size + 1):
            window = resized_image[top : top + size, left : left + size]
            windows[top, left, False] = window
            windows[top, left, True] = window[:, ::-1]
    keys = list(windows)
    stack = np.stack([windows[key] for key in keys]).reshape(len(keys), -1)
    largest = {np.uint8: 0.501, np.float32: 1e-5}[dtype]
    found = collections.Counter()
    for result in results.astype(np.float64).reshape(n, -1):
        matches = np.flatnonzero(np.abs(stack - result).max(axis=1) <= largest)
        assert len(matches) == 1
        found[keys[matches[0]]] += 1
    if len(keys) <= 60:
        uniform(found, outcomes=len(keys))
    for part in range(3):  # each of top, left and mirrored takes all its values
        assert {key[part] for key in found} == {key[part] for key in keys}


def test_short_side_crop_draws_every_length():
    """On a ramp the step from pixel to pixel tells the length: side / L."""
    low, high = given_in("resnet-train")["L_range"]
    ramp = np.broadcast_to(np.arange(64.0)[:, None, None], (4000, 64, 64, 1))
    crops = augment.short_side_crop(ramp, generator(3), (low, high), 3)
    steps = np.diff(crops[:, :, 1, 0], axis=1)
    # the outermost pixels are flat
    inside = np.isclose(steps[:, 0], steps[:, 1]) & (steps[:, 0] > 0)
    lengths = np.rint(64 / steps[inside, 0]).astype(int)
    assert inside.mean() > 0.95
    counts = collections.Counter(lengths.tolist())
    assert min(counts) == low and max(counts) == high
    uniform(counts, outcomes=expected("resnet-train")["possible_L"])


def test_crop_corners_claim():
    claim = given_in("ten-crop-corners")
    corners = augment.crop_corners(*claim["image"], claim["crop"])
    expects = expected("ten-crop-corners")
    assert [list(corner) for corner in corners] == expects["top_left_corners"]
    views = augment.ten_crop(places(1, *claim["image"]), claim["crop"])
    assert len(np.unique(views.reshape(len(views), -1), axis=0)) == len(views)
    assert len(views) == expects["views_with_flips"]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_ten_crop_against_slices(height, width, data):
    size = data.draw(st.integers(1, min(height, width)))
    images = pictures(2, height, width)
    y, x = (height - size) // 2, (width - size) // 2
    five = [
        images[:, :size, :size],
        images[:, :size, width - size :],
        images[:, height - size :, :size],
        images[:, height - size :, width - size :],
        images[:, y : y + size, x : x + size],
    ]
    views = augment.ten_crop(images, size)
    np.testing.assert_array_equal(views[:5], np.stack(five))
    for straight, mirrored in zip(views[:5], views[5:], strict=True):
        for one, other in zip(straight, mirrored, strict=True):
            np.testing.assert_array_equal(np.fliplr(one), other)


def test_multi_scale_claims():
    claim, expects = given_in("resnet-test"), expected("resnet-test")
    scales, size = claim["scales"], claim["crop"]
    image = pictures(n=1, height=48, width=48, channels=1)
    views = augment.multi_scale_crops(image, scales, size)
    assert len(views) == expects["crops_total"]
    assert len(views) // len(scales) == expects["crops_per_scale"]
    distinct = [
        len({view.tobytes() for view in views[i : i + 10]}) for i in range(0, 50, 10)
    ]
    assert distinct == [expects["distinct_crops_at_scale_224_square"], 10, 10, 10, 10]


def test_multi_scale_crops_are_pillows():
    images = pictures(n=2, height=20, width=30, dtype=np.float32)
    views = augment.multi_scale_crops(images, (12, 16, 25), 12)
    for i, resized in enumerate([(12, 18), (16, 24), (25, 38)]):  # 37.5 columns
        for n, image in enumerate(images):
            whole = pillow_resize(image, *resized)
            top_left, bottom_right = whole[:12, :12], whole[-12:, -12:]
            np.testing.assert_allclose(views[10 * i, n], top_left, atol=1e-5)
            np.testing.assert_allclose(views[10 * i + 3, n], bottom_right, atol=1e-5)
            np.testing.assert_allclose(
                views[10 * i + 5, n], np.fliplr(top_left), atol=1e-5
            )


# ---- colour ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_color_axes_against_covariance_and_singular_values(dtype):
    mixing = np.array([[60, 50, 55], [20, -5, -15], [4, -9, 5]]) / 255
    noise = generator(4).normal(size=(300, 5, 6, 3))  # more than one slice of images
    images = np.clip(0.5 + noise @ mixing, 0, 1)
    images = np.rint(255 * images).astype(dtype) if dtype == np.uint8 else images
    images = images.astype(dtype)
    pixels = images.reshape(-1, 3).astype(np.float64) / (
        255 if dtype == np.uint8 else 1
    )

    variances, components = augment.color_axes(images)
    covariance = np.cov(pixels, rowvar=False, bias=True)
    np.testing.assert_allclose(
        components.T @ np.diag(variances) @ components, covariance, atol=1e-7
    )
    values, axes = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)[1:]
    np.testing.assert_allclose(variances, values[::-1] ** 2 / len(pixels), rtol=1e-5)
    np.testing.assert_allclose(
        np.abs(np.sum(components * axes[::-1], axis=1)), 1, atol=1e-6
    )
    np.testing.assert_allclose(components @ components.T, np.eye(3), atol=1e-12)
    assert (components.sum(axis=1) >= 0).all()


def test_color_axes_claim():
    claim, expects = given_in("color-jitter-pca"), expected("color-jitter-pca")
    axes = augment.color_axes(np.array(claim["pixels_rgb"])[None, None])
    np.testing.assert_allclose(
        axes.variances, expects["eigenvalues_ascending"], rtol=1e-4, atol=1e-9
    )
    np.testing.assert_allclose(
        axes.components[-1], expects["first_component"], rtol=1e-4
    )
    np.testing.assert_allclose(
        axes.components.T * axes.variances @ axes.components,
        expects["covariance"],
        atol=1e-9,
    )

    # the draw is replaced by the alpha of the claim
    class Alpha(np.random.Generator):
        def normal(self, mean, deviation, shape):
            assert (mean, deviation, shape) == (0, 0.1, (1, 3))
            return np.array([claim["alpha_ascending_eigenvalues"]])

    black = np.zeros((1, 2, 2, 3))
    jittered = augment.pca_jitter(black, Alpha(np.random.PCG64(0)), axes)
    np.testing.assert_allclose(
        jittered, np.broadcast_to(expects["offset"], black.shape), rtol=1e-5, atol=2e-7
    )


def test_pca_jitter_adds_one_offset_an_image_with_normal_weights():
    turn = ndimage_rotation()
    axes = augment.ColorAxes(np.array([0.02, 0.05, 0.3]), turn)
    images = pictures(n=5000, height=2, width=2, dtype=np.float64)
    offsets = augment.pca_jitter(images, generator(6), axes, 0.2) - images
    np.testing.assert_allclose(
        offsets, np.broadcast_to(offsets[:, :1, :1], offsets.shape)
    )
    alpha = offsets[:, 0, 0] @ turn.T / axes.variances
    for k in range(3):
        assert stats.kstest(alpha[:, k], stats.norm(0, 0.2).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(alpha.T) - np.eye(3)).max() < 0.06


def ndimage_rotation():
    """Rows that are orthogonal unit vectors, of Rodrigues' formula."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec([0.3, -0.5, 0.4]).as_matrix()


def test_pca_jitter_of_uint8_is_the_rounded_and_bounded_float_result():
    axes = augment.ColorAxes(np.array([0.1, 0.2, 0.9]), ndimage_rotation())
    images = pictures(n=64)
    for strength in (0.1, 1, 1000):
        exact = augment.pca_jitter(images / 255, generator(1), axes, strength)
        result = augment.pca_jitter(images, generator(1), axes, strength)
        # between two integers either may be taken
        np.testing.assert_allclose(result, np.clip(exact * 255, 0, 255), atol=0.5001)


def test_default_jitter_of_photographs_is_a_few_grey_values():
    from cnnkit import data

    photograph = data.load("photographs")["astronaut"][None]
    axes = augment.color_axes(photograph)
    many = np.full((500, 1, 1, 3), 128, np.uint8)
    change = augment.pca_jitter(many, generator(), axes).astype(float) - 128
    assert 1 < change.std() < 6


# ---- lens --------------------------------------------------------------------------


def scipy_distort(image, k):
    """One image, one channel at a time."""
    height, width, channels = image.shape
    y, x = np.mgrid[:height, :width].astype(float)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    corner = np.hypot(middle_y, middle_x)
    radius = np.hypot(y - middle_y, x - middle_x) / corner
    angle = np.arctan2(y - middle_y, x - middle_x)
    source = corner * radius * (1 + k * radius**2) / (1 + max(k, 0))
    coordinates = [
        middle_y + source * np.sin(angle),
        middle_x + source * np.cos(angle),
    ]
    return np.stack(
        [
            ndimage.map_coordinates(image[..., c], coordinates, order=1, mode="nearest")
            for c in range(channels)
        ],
        axis=-1,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(2, 12),
    st.lists(st.floats(-0.33, 1), min_size=1, max_size=3),
)
def test_distort_against_map_coordinates(height, width, ks):
    images = pictures(len(ks), height, width, channels=2, dtype=np.float64)
    result = augment.distort(images, np.array(ks))
    for image, k, distorted in zip(images, ks, result, strict=True):
        np.testing.assert_allclose(distorted, scipy_distort(image, k), atol=1e-9)
    rounded = augment.distort(np.rint(images * 255).astype(np.uint8), np.array(ks))
    np.testing.assert_allclose(rounded / 255, result, atol=0.51 / 255)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_distort_of_lines(shape):
    images = pictures(2, *shape, dtype=np.float64)
    for image, distorted in zip(images, augment.distort(images, 0.2), strict=True):
        np.testing.assert_allclose(
            distorted, scipy_distort(image, 0.2) if max(shape) > 1 else image
        )


def test_distort_and_back():
    """The inverse, found by a table of radii, restores what is left of the image."""
    n = 61
    y, x = (np.mgrid[:n, :n] - 30) / 30
    image = (np.sin(3 * x + 1) * np.cos(2 * y) + 0.3 * x * y)[..., None]
    corner = 30 * np.sqrt(2)
    radii = np.linspace(0, 1, 10_000)
    for k in (-0.25, -0.1, 0.1, 0.25, 0.6):
        source = radii * (1 + k * radii**2) / (1 + max(k, 0))
        there = augment.distort(image[None], k)[0, ..., 0]
        radius = 30 * np.hypot(x, y) / corner
        back = np.interp(radius, source, radii) / np.maximum(radius, 1e-12)
        coordinates = [30 + 30 * y * back, 30 + 30 * x * back]
        restored = ndimage.map_coordinates(there, coordinates, order=1)
        inside = np.maximum(np.abs(y * back), np.abs(x * back)) < 0.97
        assert inside.mean() > 0.4
        assert np.abs(there - image[..., 0]).max() > 0.05  # something had happened
        assert np.abs(restored - image[..., 0])[inside].max() < 0.01


def test_barrel_bulges_outwards_and_pincushion_inwards():
    lines = np.zeros((1, 41, 41, 1))
    lines[:, 10] = 1  # a straight line above the centre
    for k, bends in ((0.3, 1), (-0.3, -1)):
        bent = augment.distort(lines, k)[0, ..., 0]
        rows = np.average(
            np.broadcast_to(np.arange(41.0)[:, None], bent.shape),
            axis=0,
            weights=bent + 1e-12,
        )
        middle, side = rows[20], rows[8]
        assert np.sign(side - middle) == bends  # barrel: further up in the middle
        assert abs(side - middle) > 0.5


def test_corners_and_centre_of_a_barrel_stay():
    images = pictures(n=1, height=9, width=9, dtype=np.float64)
    barrel = augment.distort(images, 0.3)
    for row, column in ((0, 0), (0, 8), (8, 0), (8, 8), (4, 4)):
        np.testing.assert_allclose(barrel[0, row, column], images[0, row, column])


def test_lens_distortion_is_uniform_in_the_coefficient():
    """A ramp tells where pixels came from, and so which coefficient was drawn."""
    ramp = np.broadcast_to(np.arange(21.0)[:, None, None], (3000, 21, 21, 1))
    seen = 10 - augment.lens_distortion(ramp, generator(2), 0.3)[..., 0]
    corner, beside_centre = seen[:, 0, 0] / 10, seen[:, 9, 10]
    # corner: 1 + k below 0, else 1; beside the centre: (1 + k / 200) / (1 + k) above 0
    above = (1 - beside_centre) / (beside_centre - 1 / 200)
    drawn = np.where(corner < 1 - 1e-9, corner - 1, above)
    assert stats.kstest(drawn, stats.uniform(-0.3, 0.6).cdf).pvalue > 1e-3


# ---- test time ---------------------------------------------------------------------


class Reader:
    """A model that reads its outputs off the top left pixel."""

    def __init__(self):
        self.asked = None

    def predict(self, x, batch_size, verbose):
        self.asked = x.shape, batch_size, verbose
        return x[:, 0, 0]


def test_average_predictions_claim():
    claim = expected("test-average")
    views = np.array(given_in("test-average")["probabilities_of_crops"])
    model = Reader()
    mean = augment.average_predictions(model, views[:, None, None, None], batch_size=7)
    np.testing.assert_allclose(mean, [claim["mean"]])
    assert mean[0].argmax() == claim["prediction"]
    assert model.asked == ((3, 1, 1, 2), 7, 0)


def test_average_predictions_keeps_images_apart():
    views = pictures(n=12, height=2, width=2, dtype=np.float64).reshape(4, 3, 2, 2, 3)
    mean = augment.average_predictions(Reader(), views)
    by_hand = [np.mean([views[v, n, 0, 0] for v in range(4)], axis=0) for n in range(3)]
    np.testing.assert_allclose(mean, by_hand)


def test_average_predictions_of_a_keras_model():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    views = augment.ten_crop(pictures(n=5), 6)
    each = [model.predict(view, verbose=0) for view in views]
    np.testing.assert_allclose(
        augment.average_predictions(model, views), sum(each) / 10, atol=1e-6
    )


# ---- batches -----------------------------------------------------------------------


def labelled(n):
    """Images whose every pixel is their label."""
    y = np.arange(n)
    return np.broadcast_to(y[:, None, None, None], (n, 4, 4, 1)).astype(np.uint8), y


def test_batches_hold_every_image_once_with_its_label():
    x, y = labelled(23)
    data = augment.batches(x, y, 5, [augment.flip], seed=3)
    assert len(data) == 5
    for _ in range(3):
        found = list(data)
        assert [len(labels) for _, labels in found] == [5, 5, 5, 5, 3]
        for images, labels in found:
            assert images.dtype == np.uint8 and labels.dtype == y.dtype
            np.testing.assert_array_equal(images[:, 2, 1, 0], labels)
        assert sorted(np.concatenate([labels for _, labels in found])) == list(y)
        data.on_epoch_end()


def test_batches_are_shuffled_and_drawn_anew_each_epoch_and_reproducible():
    x, y = pictures(n=60), np.arange(60)
    shift = functools.partial(augment.shift, pixels=3)

    def epochs(seed):
        data = augment.batches(x, y, 16, [augment.flip, shift], seed)
        for _ in range(3):
            # in any order, and twice, as Keras may ask
            found = {i: data[i] for i in (2, 0, 3, 1, 2)}
            yield [found[i] for i in range(4)]
            data.on_epoch_end()

    first, again, other = (list(epochs(seed)) for seed in (1, 1, 2))
    for batches_, batches_again in zip(first, again, strict=True):
        for (images, labels), (images_, labels_) in zip(
            batches_, batches_again, strict=True
        ):
            np.testing.assert_array_equal(images, images_)
            np.testing.assert_array_equal(labels, labels_)
    orders = [
        np.concatenate([labels for _, labels in epoch]).tolist()
        for epoch in (*first, *other)
    ]
    assert len({tuple(order) for order in [*orders, range(60)]}) == 7
    # one image in two epochs, and transforms of two batches with the same images
    variants = {
        images[list(labels).index(7)].tobytes()
        for epoch in (*first, *other)
        for images, labels in epoch
        if 7 in labels
    }
    assert len(variants) > 3


def test_batches_of_equal_images_are_transformed_differently():
    x = np.repeat(pictures(n=1), 32, axis=0)
    shift = functools.partial(augment.shift, pixels=3)
    data = augment.batches(x, np.zeros(32), 16, [shift])
    assert (data[0][0] != data[1][0]).any()
    other = augment.batches(x, np.zeros(32), 16, [shift], seed=1)
    assert (data[0][0] != other[0][0]).any()
    before = data[0][0]
    data.on_epoch_end()
    assert (data[0][0] != before).any()


def test_batches_apply_transforms_in_turn():
    x, y = labelled(6)
    data = augment.batches(
        x, y, 6, [lambda x, rng: x.astype(np.float32) + 1, lambda x, rng: x * 2]
    )
    images, labels = data[0]
    np.testing.assert_array_equal(images[:, 0, 0, 0], (labels + 1) * 2)
    np.testing.assert_array_equal(x, labelled(6)[0])


def test_batches_in_fit():
    import keras

    x, y = labelled(40)
    shift = functools.partial(augment.shift, pixels=1)
    seen = []

    def spy(images, rng):
        seen.append(images[:, 0, 0, 0].tolist())
        return images

    def losses(seed):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
        )
        model.compile(keras.optimizers.SGD(1e-5), "mse")
        data = augment.batches(x, y, 16, [spy, augment.flip, shift], seed)
        history = model.fit(data, epochs=3, verbose=0)
        assert data.epoch in (3, 4)  # TensorFlow's trainer begins one to build a model
        return history.history["loss"]

    first = losses(0)
    assert losses(0) == first and losses(1) != first
    assert len({tuple(batch) for batch in seen}) >= 3 * 3  # three epochs, three each


def test_importing_imports_no_keras():
    code = "import sys, cnnkit.augment; print('keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


# ---- bad input ---------------------------------------------------------------------

AXES = augment.ColorAxes(np.ones(3), np.eye(3))
GOOD = pictures()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: augment.flip(GOOD[0], generator()), r"axes \(n, .*\(12, 12, 3\)"),
        (lambda: augment.flip(GOOD[:0], generator()), r"axes \(n, .*\(0, 12, 12, 3\)"),
        (lambda: augment.flip(GOOD.astype(int), generator()), "uint8 or .*int64"),
        (lambda: augment.flip(GOOD > 9, generator()), "uint8 or .*bool"),
        (lambda: augment.flip(GOOD, 0), "default_rng.*received 0"),
        (lambda: augment.flip(GOOD, np.random), "default_rng"),
        (lambda: augment.flip(GOOD, generator(), 1.5), "from 0 to 1; received 1.5"),
        (lambda: augment.flip(GOOD, generator(), np.nan), "from 0 to 1; received nan"),
        (lambda: augment.shift(GOOD, generator(), -1), ">= 0; received -1"),
        (lambda: augment.shift(GOOD, generator(), 1.5), ">= 0; received 1.5"),
        (lambda: augment.shift(GOOD, generator(), 12), "below .*12x12; received 12"),
        (lambda: augment.shift(GOOD, generator(), 1, "same"), "reflect; .*'same'"),
        (lambda: augment.crop(GOOD, generator(), 13), "at most 12, .*received 13"),
        (lambda: augment.crop(GOOD, generator(), 0), ">= 1; received 0"),
        (lambda: augment.crop(GOOD, generator(), True), ">= 1; received True"),
        (
            lambda: augment.short_side_crop(GOOD, generator(), (14, 12), 8),
            r"smaller length first; received \(14, 12\)",
        ),
        (lambda: augment.short_side_crop(GOOD, generator(), 12, 8), "received 12"),
        (
            lambda: augment.short_side_crop(GOOD, generator(), (12, 14), 13),
            "at most 12, .*received 13",
        ),
        (
            lambda: augment.short_side_crop(GOOD, generator(), (12.5, 14), 8),
            "short_side: an integer >= 1; received 12.5",
        ),
        (lambda: augment.color_axes(GOOD.astype(float)), "floats from 0 to 1, .* 0.0"),
        (lambda: augment.color_axes(GOOD * np.nan), "floats from 0 to 1, .*nan"),
        (lambda: augment.pca_jitter(GOOD, generator(), None), "3 channels; .*None"),
        (lambda: augment.pca_jitter(GOOD[..., :1], generator(), AXES), "1 channels"),
        (lambda: augment.pca_jitter(GOOD, generator(), AXES, -1), ">= 0; received -1"),
        (lambda: augment.lens_distortion(GOOD, generator(), 0.4), "below 1/3; .*0.4"),
        (lambda: augment.lens_distortion(GOOD, generator(), -0.1), "from 0 .*-0.1"),
        (lambda: augment.distort(GOOD, -0.34), "above -1/3 .*-0.34"),
        (lambda: augment.distort(GOOD, 1.1), "at most 1; .*1.1"),
        (lambda: augment.distort(GOOD, [0.1, 0.2]), "one an image, .* for 4 images"),
        (lambda: augment.distort(GOOD, np.nan), "received nan"),
        (lambda: augment.crop_corners(10, 8, 9), "at most 8, .*received 9"),
        (lambda: augment.crop_corners(10.0, 8, 9), "height: an integer"),
        (lambda: augment.ten_crop(GOOD, 20), "at most 12, .*received 20"),
        (lambda: augment.multi_scale_crops(GOOD, (12, 7), 8), "at most 7, .*8"),
        (lambda: augment.multi_scale_crops(GOOD, (), 8), "at least one length"),
        (lambda: augment.multi_scale_crops(GOOD, 12, 8), "at least one .* 12"),
        (lambda: augment.average_predictions(Reader(), GOOD), r"\(views, n, .*\(4, 12"),
        (lambda: augment.batches(GOOD, np.arange(3)), r"4 labels.*\(3,\)"),
        (lambda: augment.batches(GOOD, 1), r"4 labels.*\(\)"),
        (lambda: augment.batches(GOOD, np.arange(4), 0), "batch_size.*received 0"),
        (lambda: augment.batches(GOOD, np.arange(4), seed=-1), "seed.*received -1"),
        (
            lambda: augment.batches(GOOD, np.arange(4), transforms=augment.flip),
            "a list of functions",
        ),
        (
            lambda: augment.batches(GOOD, np.arange(4), transforms=["flip"]),
            "a list of functions .*'flip'",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=f"(?s)^expected .*{message}"):
        call()
