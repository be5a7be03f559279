"""Blocks drawn from models, and the family of networks over the years."""

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cnnkit import models, plot
from cnnkit.models.nasnet import NORMAL, REDUCTION
from cnnkit.profile import blueprint


def texts(fig, gid):
    return [t.get_text() for t in fig.axes[0].texts if t.get_gid() == gid]


def places(fig, gid):
    return {
        t.get_text(): t.get_position() for t in fig.axes[0].texts if t.get_gid() == gid
    }


def boxes(fig):
    return [p for p in fig.axes[0].patches if isinstance(p, Rectangle)]


@pytest.fixture(scope="module")
def nets():
    return {
        34: blueprint(models.resnet, 34),
        50: blueprint(models.resnet, 50),
        "se": blueprint(models.se_resnet, 50),
        "dense": blueprint(models.densenet, 121),
    }


def test_blocks_are_read_off_the_graph(nets):
    drawn = {
        "basic": (nets[34], "stage1_block1"),
        "bottleneck": (nets[50], "stage1_block2"),
        "projection": (nets[34], "stage2_block1"),
    }
    fig = plot.blocks(drawn)
    assert texts(fig, "title") == list(drawn)
    found = texts(fig, "layer")
    assert found[:5] == ["3×3, 64"] * 2 + ["1×1, 64", "3×3, 64", "1×1, 256"]
    assert sorted(found[5:]) == ["1×1, 128, /2", "3×3, 128", "3×3, 128, /2"]
    assert texts(fig, "joint") == ["+"] * 3
    assert texts(fig, "tag")[:3] == ["norm, ReLU", "norm", "ReLU"]
    direct = 64 * 128 * 9 + 128 * 128 * 9 + 64 * 128
    assert texts(fig, "weights") == [
        f"{n:,} weights" for n in (2 * 9 * 64**2, 64 * 256 * 2 + 9 * 64**2, direct)
    ]
    assert texts(fig, "shape")[-2:] == ["56×56×64", "28×28×128"]


def test_shortcuts_stand_left_and_gates_right(nets):
    fig = plot.blocks({"projection": (nets[34], "stage2_block1")})
    at = places(fig, "layer")
    assert at["1×1, 128, /2"][0] < at["3×3, 128, /2"][0] == at["3×3, 128"][0]
    fig = plot.blocks({"gated": (nets["se"], "stage1_block2")})
    at = places(fig, "layer")
    assert texts(fig, "joint") == ["×", "+"]
    gate = [at[name] for name in ("mean of each map", "dense, 16", "dense, 256")]
    assert all(x > at["1×1, 256"][0] for x, _ in gate)
    assert [y for _, y in gate] == sorted(y for _, y in gate)
    assert "sigmoid" in texts(fig, "tag")


def test_widths_follow_the_channels(nets):
    drawn = {"64": (nets[34], "stage1_block1"), "128": (nets[34], "stage2_block2")}
    wide = np.array([box.get_width() for box in boxes(plot.blocks(drawn))])
    np.testing.assert_allclose(wide / wide[-1], np.sqrt([0.5, 0.5, 1, 1]))


def test_joints_may_stack_and_zeros_are_named(nets):
    fig = plot.blocks({"dense": (nets["dense"], "block1_layer2")})
    assert texts(fig, "layer") == ["1×1, 128", "3×3, 32", "concatenate"]
    assert texts(fig, "shape") == ["56×56×96", "56×56×128"]
    fig = plot.blocks({"padded": (models.resnet_cifar(8), "stage2_block1")})
    assert "every 2nd pixel" in texts(fig, "layer")
    assert "and zeros" in texts(fig, "tag")


def test_plain_depthwise_and_grouped_blocks():
    drawn = {
        "plain": (models.resnet_cifar(8, residual=False), "stage1_block1"),
        "MobileNet": (blueprint(models.mobilenet_v1), "block5"),
        "ResNeXt": (blueprint(models.resnext), "stage1_block2"),
    }
    fig = plot.blocks(drawn, columns=2)
    assert texts(fig, "joint") == ["+"]  # of ResNeXt
    assert "depthwise 3×3" in texts(fig, "layer")
    assert any(text.startswith("32 groups") for text in texts(fig, "tag"))
    assert texts(fig, "weights")[1:] == ["67,840 weights", "70,144 weights"]
    first, second = (places(fig, "title")[name][1] for name in ("plain", "ResNeXt"))
    assert first < second  # in the next row


def test_blocks_stay_on_the_page(nets):
    fig = plot.blocks({"a": (nets["se"], "stage1_block1"), "b": (nets[50], "pool1")})
    (ax,) = fig.axes
    fig.draw_without_rendering()
    for artist in (*ax.patches, *ax.texts, *ax.lines):
        box = artist.get_window_extent().transformed(ax.transData.inverted())
        assert -0.01 < box.x0 and box.x1 < plot.WIDTH + 0.01, artist


def test_what_is_no_block_is_refused(nets):
    with pytest.raises(ValueError, match="at least one block"):
        plot.blocks({})
    with pytest.raises(ValueError, match=r"beginning of the layers' names.*'stage9'"):
        plot.blocks({"a": (nets[34], "stage9")})
    inputs = keras.Input((8, 8, 1))
    pair = [layers.Conv2D(2, 1, name=f"way_{k}")(inputs) for k in range(3)]
    three = keras.Model(inputs, layers.Add(name="way_add")(pair))
    with pytest.raises(ValueError, match="joints of two ways; received 3"):
        plot.blocks({"a": (three, "way")})
    outer = layers.Conv2D(2, 1, name="other")(inputs)
    two = layers.Add(name="way_add")([outer, layers.Conv2D(2, 1, name="way_1")(inputs)])
    with pytest.raises(ValueError, match="reads one tensor; received 2"):
        plot.blocks({"a": (keras.Model(inputs, two), "way")})
    many = {str(k): (nets["se"], "stage1_block1") for k in range(6)}
    with pytest.raises(ValueError, match="fit side by side"):
        plot.blocks(many, columns=6)


FAMILY = {
    "old": (2015, 1, "an idea", []),
    "mid": (2016, 0, "an idea\nin two lines", ["old"]),
    "new": (2019, 1, "both", ["old", "mid"]),
}


def test_family_stands_in_its_years():
    fig = plot.family(FAMILY)
    assert texts(fig, "year") == ["2015", "2016", "2019"]
    at = places(fig, "name")
    assert at["old"][0] < at["mid"][0] < at["new"][0]
    assert at["mid"][1] < at["old"][1]
    assert texts(fig, "idea") == ["an idea", "an idea", "in two lines", "both"]
    arrows = [p for p in fig.axes[0].patches if not isinstance(p, Rectangle)]
    assert len(arrows) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mid": (2016, 0, "", ["none"])}, "parents of mid that are members"),
        ({"mid": (2015, 1, "", [])}, "one member in a place"),
        ({"mid": (2016, 0, "far too long for its box, " * 2, [])}, "texts that fit"),
    ],
)
def test_what_is_no_family_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        plot.family(FAMILY | change)
    with pytest.raises(ValueError, match="at least one member"):
        plot.family({})


@pytest.fixture(scope="module")
def nasnet():
    return blueprint(models.nasnet)


@pytest.mark.parametrize(
    ("name", "cell"), [("stack1_cell2", NORMAL), ("reduction1", REDUCTION)]
)
def test_a_searched_cell_is_the_table_of_its_paper(nasnet, name, cell):
    fig = plot.searched_cell(nasnet, name)
    words = {"average": "mean"}
    expected = [
        f"{words.get(operation, operation)}\n{size}×{size}"
        if operation != "identity"
        else "identity"
        for pair in cell
        for operation, size, _ in pair
    ]
    assert texts(fig, "operation") == expected
    colors = {"input": plot.BLUE, "before": plot.ORANGE}
    edges = [to_hex(box.get_edgecolor()).upper() for box in boxes(fig)[2:-1]]
    reads = [reads for pair in cell for *_, reads in pair]
    assert edges == [colors.get(what, plot.PURPLE).upper() for what in reads]
    assert texts(fig, "joint")[:5] == ["+"] * 5
    maps = nasnet.get_layer(name).output.shape[-1]
    assert texts(fig, "joint")[5] == f"concatenate: {maps} maps"


def test_what_is_no_cell_is_refused(nasnet):
    with pytest.raises(ValueError, match="the name of a cell of blocks"):
        plot.searched_cell(nasnet, "stack9_cell1")
