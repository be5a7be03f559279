"""Networks side by side, bars on two axes, a path through a tree."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import models, plot
from cnnkit.profile import blueprint


def texts(fig, gid=None):
    return [t.get_text() for t in fig.axes[0].texts if gid in (None, t.get_gid())]


@pytest.fixture(scope="module")
def famous():
    return {
        "AlexNet": blueprint(models.alexnet),
        "ZFNet": blueprint(models.zfnet),
        "VGG-16": blueprint(models.vgg, "D"),
    }


def branching():
    inputs = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Dense(3)(inputs))
    x = layers.Reshape((8, 24, 1))(x)
    return keras.Model(inputs, layers.Conv2D(2, 3)(x))


def test_networks_say_sides_and_channels(famous):
    fig = plot.networks(famous)
    assert texts(fig, "size")[:8] == [
        *("227\n×3", "55\n×96", "27\n×256", "13\n×256", "6\n×256"),
        *("4096", "4096", "1000"),
    ]
    assert texts(fig, "size")[-9:-3] == [
        *("224\n×64", "112\n×128", "56\n×256", "28\n×512", "14\n×512", "7\n×512"),
    ]
    assert "VGG-16: 138,357,544 parameters" in texts(fig)


def test_networks_are_on_one_scale_and_on_the_page(famous):
    fig = plot.networks({"LeNet-5": models.lenet5(), **famous})
    (ax,) = fig.axes
    fronts = [p.get_xy() for p in ax.patches if hasattr(p, "get_closed")][::3]
    heights = [np.ptp(xy[:, 1]) for xy in fronts]
    assert heights[0] / max(heights) == pytest.approx(32 / 227)
    assert sum(np.isclose(heights, 224 / 227 * max(heights))) == 4  # ZFNet, 3 of VGG
    for patch in ax.patches:
        box = patch.get_extents().transformed(ax.transData.inverted())
        assert 0 < box.x0 and box.x1 < plot.WIDTH
    assert len(plot.image_bytes(fig, "four networks")) < 120_000


def test_stacks_are_the_table_of_the_paper(famous):
    fig = plot.stacks(famous)
    assert texts(fig, "layer")[:4] == [
        "11×11, 96, /4",
        "LRN",
        "5×5, 256, 2 groups",
        "LRN",
    ]
    vgg = texts(fig, "layer")[-16:]
    assert vgg[:2] == ["3×3, 64"] * 2 and vgg[-3:] == ["4,096", "4,096", "1,000"]
    assert texts(fig, "pool")[-5:] == ["112×112", "56×56", "28×28", "14×14", "7×7"]
    assert "138.4 M" in texts(fig)


def test_stacks_put_the_same_poolings_side_by_side():
    fig = plot.stacks({k: blueprint(models.vgg, k) for k in ("A", "E")})
    places = [t.get_position()[1] for t in fig.axes[0].texts if t.get_gid() == "pool"]
    assert places[:5] == places[5:]


@pytest.mark.parametrize("draw", [plot.networks, plot.stacks])
def test_what_cannot_be_drawn_is_refused(draw):
    with pytest.raises(ValueError, match="expected at least one model"):
        draw({})
    with pytest.raises(ValueError, match="expected odd: convolutions and pool"):
        draw({"odd": branching()})


def test_too_many_columns_are_refused():
    wide = {str(i): models.lenet5() for i in range(16)}
    with pytest.raises(ValueError, match=r"texts that fit into 0\.3 inches"):
        plot.stacks(wide)


def test_bars_grow_away_from_each_other():
    fig = plot.back_to_back(["a", "b", "c"], ("m", [3, 0, 1]), ("kg", [0, 20, 5]))
    left, right = fig.axes
    assert left.xaxis_inverted() and not right.xaxis_inverted()
    assert [bar.get_width() for bar in left.patches] == [3, 0, 1]
    assert [bar.get_width() for bar in right.patches] == [0, 20, 5]
    assert left.yaxis_inverted() and right.get_ylim() == left.get_ylim()
    shown = [t.get_text() for t in fig.texts]
    assert shown == ["a", "b", "c"]
    # a label stands at the height of its bars
    fig.draw_without_rendering()
    for row, text in enumerate(fig.texts):
        bar = left.transData.transform((0, row))[1]
        label = fig.transFigure.transform(text.get_position())[1]
        assert abs(bar - label) < 3


@pytest.mark.parametrize("bad", [[1], [1, -2], []])
def test_bars_without_a_partner_are_refused(bad):
    with pytest.raises(ValueError, match="expected 2 values for each side"):
        plot.back_to_back(["a", "b"], ("m", [1, 2]), ("kg", bad))


def test_a_path_goes_down_and_to_the_right():
    fig = plot.descent(["entity", "animal", "husky"], {"entity": "abstraction"})
    names = {t.get_text(): t.get_position() for t in fig.axes[0].texts}
    x, y = zip(*(names[name] for name in ("entity", "animal", "husky")), strict=True)
    assert list(x) == sorted(x) and list(y) == sorted(y)
    assert names["abstraction"][1] == names["animal"][1]
    assert names["abstraction"][0] > names["animal"][0]


@pytest.mark.parametrize(
    ("path", "beside", "message"),
    [
        (["husky"], {}, "at least two names; received 1"),
        (["dog", "husky"], {"cat": "tiger"}, "branches of names .*received .'cat'"),
        (["dog", "husky"], {"husky": "toy"}, "above its end; received .'husky'"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path, beside, message):
    with pytest.raises(ValueError, match=message):
        plot.descent(path, beside)
