"""The augmentation viewer: each switch alone does what NumPy and Keras say it does."""

import keras
import numpy as np
import pytest

from cnnkit import data, plot, widgets
from cnnkit.widgets.augmentation import TRANSFORMS


@pytest.fixture(scope="module")
def photograph():
    return data.load("photographs")["cat"][:96, 100:196]


def view(photograph, *chosen, strength=0.7):
    return widgets.augmentation_viewer(photograph, chosen, strength).result


def test_with_nothing_switched_on_nothing_changes(photograph):
    result = view(photograph)
    np.testing.assert_array_equal(result.original, photograph)
    assert all((variant == photograph).all() for variant in result.variants)
    assert result.keras_layers == []


@pytest.mark.parametrize("name", TRANSFORMS)
def test_each_switch_changes_variants_in_its_own_way(photograph, name):
    result = view(photograph, name)
    changed = [(variant != photograph).any() for variant in result.variants]
    assert sum(changed) >= 2 and result.variants.dtype == np.uint8
    assert len({variant.tobytes() for variant in result.variants}) >= 2
    assert result.chosen == [name]
    for line in result.keras_layers:
        if "height" not in line:
            layer = eval(line, {"keras": keras})
            assert layer(photograph[None].astype("float32")).shape == (1, 96, 96, 3)


def test_a_flip_is_the_mirror_image(photograph):
    for variant in view(photograph, "flip").variants:
        assert (variant == photograph).all() or (variant == photograph[:, ::-1]).all()


def test_colours_move_by_one_offset_along_the_axes(photograph):
    grey = np.clip(photograph, 60, 190)  # room on both sides
    for variant in view(grey, "colour axes").variants:
        offsets = variant.astype(int) - grey
        assert np.ptp(offsets, axis=(0, 1)).max() <= 1  # rounding


def test_contrast_and_brightness_keep_the_order_of_pixels(photograph):
    variant = view(photograph, "contrast, brightness").variants[0].astype(float)
    fit = np.polyfit(photograph.ravel(), variant.ravel(), 1)
    inside = (variant > 0) & (variant < 255)
    assert np.abs(np.polyval(fit, photograph) - variant)[inside].max() < 12
    assert 0.6 < fit[0] < 1.4


def test_noise_has_the_spread_it_should_have(photograph):
    grey = np.full((96, 96, 3), 128, np.uint8)
    assert view(grey, "noise", strength=1).variants.std() == pytest.approx(25, abs=1)


def test_strength_zero_leaves_geometry_alone(photograph):
    for name in ("shift", "rotation", "stretch", "shear", "lens"):
        variants = view(photograph, name, strength=0).variants.astype(int)
        assert np.abs(variants - photograph).max() <= 1


def test_switches_and_draws_are_live(photograph):
    explorer = widgets.augmentation_viewer(photograph, ["flip"])
    explorer.set(noise=True, strength=0.2)
    assert explorer.result.chosen == ["flip", "noise"]
    before = explorer.result.variants
    explorer.controls["again"].click()
    assert (explorer.result.variants != before).any() and explorer.message == ""
    assert "GaussianNoise(0.02)" in explorer.picture.value
    for name, control in explorer.controls.items():
        assert getattr(control, "description", ""), name
    explorer.close()


def test_still(photograph, monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    widgets.augmentation_viewer(photograph, list(TRANSFORMS)).show()
    ((figure, alt, photo),) = stills
    assert photo
    assert len(figure.axes) == 8 and 20 <= len(alt) <= 400 and alt.endswith(".")


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros((96, 96)),),
        (np.zeros((96, 96, 3)),),
        (np.zeros((8, 8, 3), np.uint8),),
        (np.zeros((96, 96, 3), np.uint8), ["blur"]),
        (np.zeros((96, 96, 3), np.uint8), [], 2),
    ],
)
def test_it_refuses_what_makes_no_sense(arguments):
    with pytest.raises(ValueError, match="expected"):
        widgets.augmentation_viewer(*arguments)
