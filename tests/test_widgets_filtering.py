"""The kernel explorer: values against NumPy's own sums, controls, still."""

import base64
import io
import re

import numpy as np
import pytest
from ipywidgets.widgets import widget as registry
from PIL import Image

from cnnkit import plot, widgets

rng = np.random.default_rng(0)
PHOTOS = {
    "colour": rng.integers(0, 256, (12, 16, 3), dtype=np.uint8),
    "flat": np.full((9, 9), 100.0),
}


def by_loops(image, kernel):
    """The sum of products at every place, one product after the other."""
    rows, columns = np.subtract(image.shape, np.shape(kernel)) + 1
    out = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        for a, b in np.ndindex(np.shape(kernel)):
            out[i, j] += image[i + a, j + b] * kernel[a][b]
    return out


@pytest.mark.parametrize(
    "kernel", [[[1]], [[0, 0, 2], [1, -3, 0]], [[1, 2, 3], [4, 5, 6], [7, 8, 9.5]]]
)
def test_the_result_is_the_sum_of_products(kernel):
    explorer = widgets.kernel_explorer(PHOTOS)
    text = "\n".join(" ".join(map(str, row)) for row in kernel)
    explorer.set(kernel=text)
    expected = by_loops(PHOTOS["colour"].mean(axis=-1), kernel)
    np.testing.assert_allclose(explorer.result.response, expected, atol=1e-9)
    assert explorer.result.total == pytest.approx(np.sum(kernel))
    assert explorer.result.low == pytest.approx(expected.min())
    assert explorer.result.high == pytest.approx(expected.max())
    outside = np.mean((expected < 0) | (expected > 255))
    assert explorer.result.cut == pytest.approx(outside)
    explorer.close()


@pytest.mark.parametrize(
    ("preset", "total", "flat"),
    [
        ("nine ones", 9, 900),
        ("blur", 1, 100),
        ("sharpen", 1, 100),
        ("edge", 0, 0),
        ("vertical lines", 0, 0),
        ("nothing", 1, 100),
    ],
)
def test_presets_on_a_flat_area(preset, total, flat):
    explorer = widgets.kernel_explorer(PHOTOS, preset, photo="flat")
    assert explorer.result.total == pytest.approx(total)
    np.testing.assert_allclose(explorer.result.response, flat, atol=1e-9)
    explorer.widget  # noqa: B018
    said = f"Sum of weights: {total}.</b> A flat area of brightness 100 becomes {flat}."
    assert said in explorer.picture.value
    explorer.close()


def test_preset_and_text_follow_each_other():
    explorer = widgets.kernel_explorer(PHOTOS, "sharpen")
    explorer.widget  # noqa: B018
    controls = explorer.controls
    controls["preset"].value = "edge"
    assert controls["kernel"].value == "1 1 1\n1 -8 1\n1 1 1"
    assert controls["show"].value == "signed" and explorer.result.total == 0
    controls["kernel"].value = "1 1\n1 1"
    assert controls["preset"].value == "your own" and explorer.result.total == 4
    controls["normalise"].click()
    assert explorer.result.kernel.tolist() == [[0.25, 0.25], [0.25, 0.25]]
    controls["preset"].value = "nine ones"
    assert controls["show"].value == "grey" and explorer.result.total == 9
    controls["photo"].value = "flat"
    assert explorer.result.cut == 1 and "100 % are cut off" in explorer.picture.value
    explorer.close()


def images(explorer):
    found = re.findall(r"base64,([^\"]+)\"", explorer.picture.value)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(x)))) for x in found]


def test_pictures_show_the_photograph_and_the_result():
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1))
    explorer = widgets.kernel_explorer({"ramp": ramp}, "nothing")
    explorer.widget  # noqa: B018
    photo, result = (image.astype(int) for image in images(explorer))
    assert np.abs(photo - ramp).max() < 6  # JPEG
    assert np.abs(result - ramp[1:-1, 1:-1]).max() < 6
    explorer.set(kernel="-1 1", show="signed")  # one slope: one colour
    _, result = images(explorer)
    assert result.shape == (64, 63, 3)
    blue = np.array(plot.DIVERGING(1.0, bytes=True)[:3], int)
    assert np.abs(result.astype(int) - blue).max() < 12
    explorer.close()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("a b", "received letters"),
        ("1 2\n3", "rows of 2, 1 entries"),
        ("1 " * 17, "fits into 12x16 pixels; received 1x17"),
        ("", "empty text"),
    ],
)
def test_what_makes_no_sense_is_explained_and_the_last_result_kept(typed, says):
    explorer = widgets.kernel_explorer(PHOTOS)
    explorer.set(kernel=typed)
    assert says in explorer.message and explorer.result.total == 1
    assert 'role="alert"' in explorer.status.value
    explorer.set(kernel="1")
    assert explorer.message == ""
    explorer.close()


def test_a_sum_of_zero_cannot_be_normalised():
    explorer = widgets.kernel_explorer(PHOTOS, "edge")
    explorer.widget  # noqa: B018
    explorer.controls["normalise"].click()
    assert "a sum other than 0" in explorer.message
    explorer.close()


def test_refusals():
    with pytest.raises(ValueError, match="at least one photograph"):
        widgets.kernel_explorer({})
    with pytest.raises(ValueError, match="expected one of nine ones"):
        widgets.kernel_explorer(PHOTOS, "emboss")
    with pytest.raises(ValueError, match="expected one of colour, flat"):
        widgets.kernel_explorer(PHOTOS, photo="dog")


@pytest.mark.parametrize("preset", ["blur", "edge"])
def test_still_live_and_closed(preset, monkeypatch):
    before = set(registry._instances)
    monkeypatch.setenv("CNNKIT_TEST", "1")
    shown = []
    monkeypatch.setattr(plot, "show", lambda *a: shown.append(a))
    explorer = widgets.kernel_explorer(PHOTOS, preset)
    explorer.show()
    assert set(registry._instances) == before
    ((figure, alt, photo),) = shown
    assert hasattr(figure, "savefig") and 20 <= len(alt) <= 400 and alt.endswith(".")
    assert photo is True
    for name, control in (explorer.widget and explorer.controls).items():
        assert getattr(control, "description", "") or control.tooltip, name
    explorer.close()
    assert set(registry._instances) == before
