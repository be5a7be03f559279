"""The pixel picker, against Keras's 1x1 convolution."""

import numpy as np
import pytest
from ipywidgets.widgets import widget as registry

from cnnkit import plot, widgets

RNG = np.random.default_rng(0)
MAPS, KERNEL, BIAS = RNG.normal(size=(6, 5, 7)), RNG.normal(size=(7, 3)), [0.5, 0, -1]


def test_values_are_those_of_keras():
    import keras

    layer = keras.layers.Conv2D(3, 1, activation="relu")
    layer.build((None, *MAPS.shape))
    layer.set_weights([KERNEL[None, None], np.array(BIAS)])
    expected = np.asarray(layer(MAPS[None].astype("float32")))[0]
    picker = widgets.pixel_picker(MAPS, layer.get_weights()[0], BIAS)
    for row, column, k in np.ndindex(*expected.shape):
        picker.set(row=row, column=column, filter=k)
        result = picker.result
        assert result.activated == pytest.approx(expected[row, column, k], abs=1e-5)
        np.testing.assert_array_equal(result.vector, MAPS[row, column])
        assert result.value == pytest.approx(result.products.sum() + BIAS[k])
        positive = np.maximum(result.output, 0)
        np.testing.assert_allclose(positive, expected[..., k], atol=1e-5)
    picker.close()


def test_a_click_picks_a_position():
    picker = widgets.pixel_picker(MAPS, KERNEL, image=RNG.random((12, 10, 3)))
    picker.widget  # noqa: B018
    assert picker.picture.value.count("data-pick") == 2 * 6 * 5 + 1  # and the script
    for text, place in (("2,4", (2, 4)), ("0,0", (0, 0)), ("2,4", (2, 4))):
        picker.controls["pick"].value = text  # what a click sends
        assert (picker.controls["row"].value, picker.controls["column"].value) == place
        np.testing.assert_array_equal(picker.result.vector, MAPS[place])
    assert picker.message == ""
    picker.close()


@pytest.mark.parametrize(
    "arguments",
    [
        (MAPS, KERNEL[:6]),
        (MAPS[0], KERNEL),
        (MAPS, KERNEL, [1.0]),
        (MAPS, KERNEL, BIAS, np.ones((4, 4, 2))),
    ],
)
def test_what_does_not_fit_is_refused(arguments):
    before = set(registry._instances)
    with pytest.raises(ValueError, match="expected"):
        widgets.pixel_picker(*arguments)
    assert set(registry._instances) == before


@pytest.mark.parametrize("image", [None, np.zeros((3, 3)), np.ones((9, 9, 1), "uint8")])
def test_still_and_names(image, monkeypatch):
    monkeypatch.setenv("CNNKIT_TEST", "1")
    stills = []
    monkeypatch.setattr(plot, "show", lambda *a: stills.append(a))
    picker = widgets.pixel_picker(MAPS, KERNEL, BIAS, image)
    picker.show()
    ((figure, alt),) = stills
    assert hasattr(figure, "savefig")
    assert 20 <= len(alt) <= 400 and alt.endswith(".")
    picker.widget  # noqa: B018
    for name, control in picker.controls.items():
        assert control.description, name
    picker.close()
