"""Modules, costs, weight areas, size chains and audited tables."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import plot
from cnnkit.models.googlenet import inception


@pytest.fixture(scope="module")
def small():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(20, 3, padding="same", name="first")(inputs)
    x = inception(x, (4, 5, 6, 7, 8, 9), False, "module")
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def texts(ax, gid=None):
    return [t.get_text() for t in ax.texts if gid in (None, t.get_gid())]


def test_module_is_read_off_the_graph(small):
    (ax,) = plot.module_branches(small, "module").axes
    assert texts(ax, "layer") == [
        *("1×1, 4", "1×1, 5", "3×3, 6", "1×1, 7", "5×5, 8", "max 3×3, 20", "1×1, 9")
    ]
    assert texts(ax)[0] == "8×8×20" and texts(ax)[-1] == "8×8×27"


def test_module_heights_are_channels(small):
    (ax,) = plot.module_branches(small, "module").axes
    heights = [p.get_height() for p in ax.patches if hasattr(p, "get_height")]
    channels = [20, 4, 4, 5, 6, 6, 7, 8, 8, 20, 9, 9]  # the last of a branch twice
    np.testing.assert_allclose(heights, np.array(channels) * heights[0] / 20)


def test_module_may_begin_at_the_image():
    inputs = keras.Input((8, 8, 3))
    both = [layers.Conv2D(2, 1)(inputs), layers.Conv2D(4, 3, padding="same")(inputs)]
    model = keras.Model(inputs, layers.Concatenate(name="both")(both))
    (ax,) = plot.module_branches(model, "both").axes
    assert texts(ax) == ["8×8×3", "1×1, 2", "3×3, 4", "8×8×6"]


@pytest.mark.parametrize("name", ["no_such_layer", "first"])
def test_what_joins_nothing_is_refused(small, name):
    with pytest.raises(ValueError, match="expected"):
        plot.module_branches(small, name)


def test_costs_stack_reduction_and_filters():
    _, ax = plot.figure()
    plot.branch_costs(ax, {"3x3": (100, 10, 30), "5x5": (80, 5, 15)}, "products")
    bars = [(p.get_x(), p.get_width()) for p in ax.patches]
    assert bars == [(0, 100), (0, 10), (10, 30), (0, 80), (0, 5), (5, 15)]
    assert texts(ax) == ["100", "40", "80", "20"]


def test_areas_are_weights_on_one_scale():
    heads = {"a": [(1000, 50), (50, 400)], "b": [(20, 50)]}
    (ax,) = plot.weight_areas(heads).axes
    areas = [p.get_width() * p.get_height() for p in ax.patches]
    np.testing.assert_allclose(np.array(areas) / areas[-1], [50, 20, 1])
    assert all(0 < p.get_x() and p.get_x() + p.get_width() < 7 for p in ax.patches)


def test_size_chain_is_to_scale():
    (ax,) = plot.size_chain([("conv1", 112, 64), ("3a", 28, 256), ("mean", 1, 64)]).axes
    wide, high = np.transpose([(p.get_width(), p.get_height()) for p in ax.patches])
    np.testing.assert_allclose(wide / wide[0], [1, 4, 1])
    assert high[1] / high[0] == pytest.approx(28 / 112)


def test_audit_colours_what_rounding_cannot_explain():
    rows = {"a": [(2.7, 2.72)], "b": [(463, 497.5)], "c": [(100, 99.2)]}
    (ax,) = plot.audit(["K"], rows).axes
    assert texts(ax, "off") == ["−0.7 %", "−6.9 %", "+0.8 %"]
    assert len(ax.patches) == 1  # of b


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.weight_areas({}),
        lambda: plot.weight_areas({"a": []}),
        lambda: plot.size_chain([("a", 1, 1)]),
        lambda: plot.audit(["K"], {"a": []}),
        lambda: plot.branch_costs(plot.figure()[1], {}),
        lambda: plot.branch_costs(plot.figure()[1], {"a": (1, 2)}),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw):
    with pytest.raises(ValueError, match="expected"):
        draw()
