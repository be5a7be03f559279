"""Questions of lesson 17."""

from .. import sizes
from .question import Question

BLOCKS = (3, 4, 6, 3)  # bottlenecks of ResNet-50, stage by stage
WIDE, NARROW = 256, 64  # maps outside and inside a bottleneck
STAGES, SLOPE = 50, 0.01


def _weights(*layers):
    """Of (kernel, maps in, maps out)."""
    return sum(sizes.conv_parameters(*layer, bias=False) for layer in layers)


def _dense_block(maps, growth, layers):
    for _ in range(layers):
        maps += growth
    return maps


QUESTIONS = {
    "17/which-curve": Question(
        "A network of 56 layers has a higher test error than one of 20. Which error "
        "tells whether that is overfitting: training error or test error?",
        lambda: "training error",
        (("test error", "test_for_training"), ("test", "test_for_training")),
        ("training", "the training error", "train", "train error"),
    ),
    "17/blocks-a-stage": Question(
        "Three stages of n blocks with two layers each, a layer before and one behind: "
        "what is n for 56 layers?",
        lambda: next(n for n in range(99) if 3 * 2 * n + 2 == 56),
        ((18, "layers_a_stage"), (28, "pairs_of_layers"), (27, "blocks_in_all")),
    ),
    "17/zero-block": Question(
        "The last thing in F multiplies by 0. What does the block, ReLU(F(x) + x), put "
        "out for x = (0, 1.5, 3)?",
        lambda: tuple(max(0 * x + x, 0) for x in (0, 1.5, 3)),
        (((0, 0, 0), "input_not_added"),),
    ),
    "17/fifty-stages": Question(
        "50 stages in a row, each with a learned function of slope 0.01. By which "
        "factor does a small change of the input arrive at the end, in a plain and in "
        "a residual chain (two numbers)?",
        lambda: (SLOPE**STAGES, (1 + SLOPE) ** STAGES),
        (
            ((1e-100, 0.5), "slopes_added"),
            ((1e-100, 1.5), "stages_added"),
            ((1e-100, 1e-100), "identity_has_slope_one"),
            ((0, 1.6446), "not_quite_zero"),
            ((0.5, 1.5), "stages_added"),
        ),
    ),
    "17/projection-weights": Question(
        "From 56x56 with 64 maps to 28x28 with 128: how many weights does the shortcut "
        "need?",
        lambda: _weights((1, 64, 128)),
        (
            (0, "shortcut_is_free"),
            (73_728, "shortcut_is_3x3"),
            (8320, "bias_counted"),
            (16_384, "width_of_the_output"),
        ),
    ),
    "17/bottleneck-weights": Question(
        "1x1 from 256 maps to 64, 3x3 on these, 1x1 back to 256: how many weights?",
        lambda: _weights((1, WIDE, NARROW), (3, NARROW, NARROW), (1, NARROW, WIDE)),
        (
            (147_456, "full_width_inside"),
            (36_864, "middle_layer_only"),
            (589_824, "direct_for_bottleneck"),
            (53_248, "way_back_forgotten"),
            (70_016, "bias_counted"),
        ),
    ),
    "17/bottleneck-depth": Question(
        "A residual network with 3, 4, 6 and 3 bottleneck blocks in its four stages: "
        "how many layers does its name count?",
        lambda: 1 + 3 * sum(BLOCKS) + 1,
        (
            (48, "ends_forgotten"),
            (54, "shortcuts_counted"),
            (34, "two_layers_a_block"),
            (16, "blocks_in_all"),
        ),
    ),
    "17/gate-weights": Question(
        "64 maps are averaged, a dense layer leaves a sixteenth of the numbers, "
        "another gives a weight for each map. How many weights have the two?",
        lambda: sum(sizes.dense_parameters(*n, bias=False) for n in ((64, 4), (4, 64))),
        (
            (256, "one_of_two_layers"),
            (8192, "ratio_ignored"),
            (580, "bias_counted"),
        ),
    ),
    "17/group-weights": Question(
        "A 3x3 layer from 128 maps to 128, in 32 groups: how many weights?",
        lambda: sizes.conv_parameters(3, 128, 128, groups=32, bias=False),
        (
            (147_456, "groups_ignored"),
            (144, "one_group_only"),
            (4736, "bias_counted"),
        ),
    ),
    "17/stacked-depth": Question(
        "A dense block starts with 64 maps. Each of its six layers reads all maps so "
        "far and puts out 32 more. How many maps leave the block?",
        lambda: _dense_block(64, 32, 6),
        (
            (32, "own_maps_only"),
            (224, "input_of_the_last"),
            (192, "first_maps_forgotten"),
            (4096, "doubled_by_each"),
        ),
    ),
    "17/depthwise-weights": Question(
        "A 3x3 layer from 64 maps to 128 has 73,728 weights. How many have a depthwise "
        "3x3 layer on the 64 maps and a 1x1 layer to 128 together?",
        lambda: 3 * 3 * 64 + _weights((1, 64, 128)),
        (
            (576, "depthwise_alone"),
            (8192, "pointwise_alone"),
            (8960, "bias_counted"),
        ),
    ),
    "17/scaled-work": Question(
        "A network gets 1.2 times as many layers, 1.1 times as many maps, and images "
        "with sides 1.15 times as long. By which factor grow its multiply-adds?",
        lambda: 1.2 * 1.1**2 * 1.15**2,
        (
            (1.518, "work_grows_with_squares"),
            (1.745, "sides_counted_once"),
            (1.67, "widths_counted_once"),
        ),
    ),
}
