"""The cubes of normalisation, and histograms of signals."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from cnnkit import plot

SHAPE = (2, 3, 4)  # examples, channels, positions


def coloured(ax):
    """Colours of the front faces of the cubes that are not pale, with their centres."""
    (cubes,) = ax.collections
    fills = cubes.get_facecolors()[::3]
    centres = [path.vertices[:4].mean(axis=0) for path in cubes.get_paths()[::3]]
    return [
        (tuple(np.round(centre, 6)), fill)
        for centre, fill in zip(centres, fills, strict=True)
        if fill[3] == 1
    ]


@pytest.mark.parametrize("seed", range(3))
def test_as_many_cubes_are_coloured_as_the_mask_says(seed):
    rng = np.random.default_rng(seed)
    masks = {name: rng.random(SHAPE) < 0.4 for name in ("one", "two", "three")}
    fig = plot.normalization_cubes(SHAPE, masks)
    assert [ax.get_title() for ax in fig.axes] == list(masks)
    for ax, mask in zip(fig.axes, masks.values(), strict=True):
        assert len(coloured(ax)) == mask.sum()
        assert len(ax.collections[0].get_paths()) == 3 * mask.size


def test_axes_run_right_down_and_into_the_page():
    def centre(*place):
        mask = np.zeros(SHAPE, bool)
        mask[place] = True
        fig = plot.normalization_cubes(SHAPE, {"one": mask})
        ((where, _),) = coloured(fig.axes[0])
        return np.array(where)

    origin = centre(0, 0, 0)
    np.testing.assert_allclose(centre(0, 1, 0) - origin, (1, 0), atol=1e-6)
    np.testing.assert_allclose(centre(0, 0, 1) - origin, (0, -1), atol=1e-6)
    assert np.all(centre(1, 0, 0) - origin > 0)


def test_the_chosen_cell_has_a_colour_of_its_own():
    mask = np.ones(SHAPE, bool)
    fig = plot.normalization_cubes(SHAPE, {"all": mask}, cell=(1, 2, 0))
    colours = {tuple(np.round(fill[:3], 4)) for _, fill in coloured(fig.axes[0])}
    assert len(colours) == 2
    red = max(colours)
    assert red[0] > red[2] and to_rgb(plot.VERMILLION)[0] > 0.8
    counts = [tuple(np.round(f[:3], 4)) == red for _, f in coloured(fig.axes[0])]
    assert sum(counts) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: plot.normalization_cubes((2, 3), {"a": np.ones((2, 3))}),
        lambda: plot.normalization_cubes((2, 3, 0), {"a": np.ones((2, 3, 0))}),
        lambda: plot.normalization_cubes(SHAPE, {}),
        lambda: plot.normalization_cubes(SHAPE, {"a": np.ones((4, 3, 2))}),
        lambda: plot.signal_histograms({}, ["a"]),
        lambda: plot.signal_histograms({"a": [np.ones(3)]}, ["a", "b"]),
        lambda: plot.signal_histograms({"a": [np.ones(0)]}, ["a"]),
    ],
)
def test_wrong_arguments_are_refused(call):
    with pytest.raises(ValueError, match=r"expected .*; received "):
        call()


def test_histograms_count_the_values():
    rng = np.random.default_rng(0)
    signals = {
        "kept": [rng.normal(size=5000), rng.normal(size=5000)],
        "faded": [rng.normal(size=5000), 1e-9 * rng.normal(size=5000)],
        "constant": [np.zeros(100), np.full(100, 3.0)],
    }
    fig = plot.signal_histograms(signals, ["layer 1", "layer 30"])
    axes = np.reshape(fig.axes, (3, 2))
    assert [ax.get_title() for ax in axes[0]] == ["layer 1", "layer 30"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == list(signals)
    for row, arrays in zip(axes, signals.values(), strict=True):
        for ax, values in zip(row, arrays, strict=True):
            (text,) = ax.texts
            assert text.get_text() == f"{values.std():.1e}".replace("-", "−")
            heights = [patch.get_height() for patch in ax.patches]
            inside = np.mean(np.abs(values) <= 3)
            assert sum(heights) == pytest.approx(inside, abs=1e-9)
    plot.image_bytes(fig)
