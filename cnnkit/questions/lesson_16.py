"""Questions of lesson 16."""

from .. import sizes
from .question import Question

# module 3a on 192 maps: kernel and filters of each branch, 1x1 layers ahead of them
DEPTH = 192
FILTERS = {1: 64, 3: 128, 5: 32}
REDUCED = {3: 96, 5: 16}
PROJECTION = 32
NETWORK_DEPTH = (1, 2) + (2,) * 9 + (1,)  # weight layers, stage by stage


def _module_weights():
    found = sizes.conv_parameters(1, DEPTH, FILTERS[1] + PROJECTION, bias=False)
    for kernel, reduced in REDUCED.items():
        found += sizes.conv_parameters(1, DEPTH, reduced, bias=False)
        found += sizes.conv_parameters(kernel, reduced, FILTERS[kernel], bias=False)
    return found


QUESTIONS = {
    "16/padding": Question(
        "How many pixels of padding on each side do a 1x1, a 3x3 and a 5x5 filter need "
        "so that all three keep 28x28 (three numbers)?",
        lambda: tuple(
            next(p for p in range(9) if sizes.output_size(28, k, padding=p) == 28)
            for k in FILTERS
        ),
        (((0, 2, 4), "padding_once"), ((1, 1, 1), "padding_for_one")),
    ),
    "16/naive-depth": Question(
        "64 filters of 1x1, 128 of 3x3, 32 of 5x5 and 3x3 max pooling read the same "
        "192 maps, side by side. How many maps are there behind the module?",
        lambda: sum(FILTERS.values()) + DEPTH,
        ((224, "branch_forgotten"), (256, "projection_assumed")),
    ),
    "16/output-depth": Question(
        "Module 3a: 64 filters of 1x1; 96 of 1x1, then 128 of 3x3; 16 of 1x1, then 32 "
        "of 5x5; pooling, then 32 of 1x1. How many maps does it put out?",
        lambda: sum(FILTERS.values()) + PROJECTION,
        ((416, "projection_forgotten"), (368, "reductions_concatenated")),
    ),
    "16/module-weights": Question(
        "The same module on 192 maps: how many weights have its six convolutions?",
        _module_weights,
        ((387_072, "reductions_left_out"), (163_696, "bias_counted")),
    ),
    "16/first-weights": Question(
        "GoogLeNet begins with 64 filters of 7x7 on a colour image. How many weights "
        "is that?",
        lambda: sizes.conv_parameters(7, 3, 64, bias=False),
        (
            (2700, "separable_as_printed"),
            (3136, "depth_forgotten"),
            (9472, "bias_counted"),
        ),
    ),
    "16/depth": Question(
        "An image on its way through GoogLeNet: how many layers with weights does it "
        "pass, one behind the other?",
        lambda: sum(NETWORK_DEPTH),
        (
            (19, "depth_of_another"),
            (14, "blocks_for_layers"),
            (58, "side_by_side_counted"),
            (11, "modules_are_two_deep"),
        ),
    ),
    "16/head": Question(
        "The last map, 7x7 with 1024 channels, is averaged, and a layer of 1000 units "
        "follows. How many parameters does the layer have?",
        lambda: sizes.dense_parameters(1024, 1000),
        ((50_176_000, "flattened_for_averaged"), (1_024_000, "bias_forgotten")),
    ),
    "16/twice-three": Question(
        "A 5x5 layer with 64 maps in and 64 out has 102,400 weights. How many have two "
        "3x3 layers in a row, with 64 maps each?",
        lambda: 2 * sizes.conv_parameters(3, 64, 64, bias=False),
        ((36_864, "one_of_two_layers"), (1152, "depth_forgotten")),
    ),
    "16/one-by-seven": Question(
        "A 7x7 layer with 64 maps in and out has 200,704 weights. How many have a 1x7 "
        "layer and a 7x1 layer in a row, with 64 maps each?",
        lambda: (
            sizes.conv_parameters((1, 7), 64, 64, bias=False)
            + sizes.conv_parameters((7, 1), 64, 64, bias=False)
        ),
        ((28_672, "one_of_two_layers"), (200_704, "area_of_the_window")),
    ),
}
