"""The still of the training view, and the first filters as pictures."""

import numpy as np
import pytest

from cnnkit import plot
from cnnkit.plot.live_training import kernel_tiles, training_moment


def moment(steps=30, channels=3, maps=(6, 6, 20), **changes):
    rng = np.random.default_rng(0)
    arguments = {
        "losses": rng.random(steps) + 1,
        "smoothed": np.linspace(2, 1, steps),
        "evaluations": [(0, 0.1), (steps, 0.6)],
        "accuracies": np.linspace(0.1, 0.55, steps),
        "kernels": rng.normal(size=(5, 5, channels, 16)),
        "image": rng.random((8, 8, 3)),
        "maps": rng.random(maps),
        "layer": "conv1",
        "mistakes": [(rng.random((8, 8)), "cat", "dog")] * 7,
        **changes,
    }
    return training_moment(**arguments)


def test_curves_are_those_given():
    fig = moment()
    loss, accuracy = fig.axes[:2]
    np.testing.assert_allclose(loss.lines[1].get_ydata(), np.linspace(2, 1, 30))
    np.testing.assert_allclose(loss.lines[1].get_xdata(), np.arange(1, 31))
    assert list(accuracy.lines[1].get_xdata()) == [0, 30]
    assert list(accuracy.lines[1].get_ydata()) == [0.1, 0.6]
    # two charts, 16 filters, an image, 12 maps, 5 mistakes
    assert len(fig.axes) == 2 + 16 + 1 + 12 + 5
    texts = [text.get_text() for text in fig.texts]
    assert texts.count("cat") == texts.count("said dog") == 5


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_it_draws_any_kind_of_layer(channels):
    for maps in ((6, 6, 2), (10,)):
        assert plot.image_bytes(moment(channels=channels, maps=maps), "An alt.")
    assert moment(kernels=None, mistakes=[])
    assert moment(steps=1)
    assert moment(losses=np.full(30, np.nan), smoothed=np.full(30, np.nan))


def test_it_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="for each step"):
        moment(losses=[])
    with pytest.raises(ValueError, match="for each step"):
        moment(smoothed=[1.0])


def test_filters_in_colour_have_grey_for_zero():
    kernels = np.zeros((3, 3, 3, 2))
    kernels[1, 1, 0, 0], kernels[0, 0, 2, 0] = 0.2, -0.1
    tiles, colour = kernel_tiles(kernels)
    assert colour and tiles.shape == (2, 3, 3, 3)
    assert tiles[0, 1, 1].tolist() == [1.0, 0.5, 0.5]
    assert tiles[0, 0, 0].tolist() == [0.5, 0.5, 0.25]
    assert (tiles[1] == 0.5).all()
    tiles, colour = kernel_tiles(kernels[:, :, :1])
    assert not colour and tiles[0, 1, 1] == 0.2
    with pytest.raises(ValueError, match="kernels of shape"):
        kernel_tiles(np.zeros((3, 3)))
