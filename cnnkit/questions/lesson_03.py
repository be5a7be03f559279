"""Questions of lesson 03."""

from .. import sizes
from .question import Question, volume


def _unpadded_layers(n, kernel):
    layers = 0
    while n >= kernel:
        n, layers = sizes.output_size(n, kernel), layers + 1
    return layers


QUESTIONS = {
    "03/exercise-227": Question(
        "227x227x3, 96 filters of 11x11, stride 4, no padding. What is the shape of "
        "the output?",
        lambda: volume(227, 11, 96, stride=4),
        (
            ("54x54x96", "plus_one"),
            ("55x55x3", "input_depth_kept"),
            ("55x55x288", "depth_multiplied"),
            ("217x217x96", "stride_1"),
        ),
    ),
    "03/exercise-32": Question(
        "32x32x1, six filters of 5x5, stride 1, no padding. What is the shape of the "
        "output?",
        lambda: volume(32, 5, 6),
        (
            ("27x27x6", "plus_one"),
            ("28x28x1", "input_depth_kept"),
            ("32x32x6", "border_lost"),
        ),
    ),
    "03/ten-filters-output": Question(
        "32x32x3, ten filters of 5x5, stride 1, padding 2. What is the shape of the "
        "output?",
        lambda: volume(32, 5, 10, padding=2),
        (
            ("28x28x10", "padding_forgotten"),
            ("30x30x10", "padding_once"),
            ("32x32x30", "depth_multiplied"),
            ("32x32x3", "input_depth_kept"),
            ("31x31x10", "plus_one"),
        ),
    ),
    "03/ten-filters-parameters": Question(
        "How many parameters has that layer: ten filters of 5x5 on 32x32x3?",
        lambda: sizes.conv_parameters(5, 3, 10),
        (
            (750, "bias_forgotten"),
            (260, "depth_forgotten"),
            (778240, "positions_multiplied"),
            (76, "one_filter"),
        ),
    ),
    "03/one-filter-products": Question(
        "A 5x5 filter on 32x32x3: how many products does one output value add up?",
        lambda: sizes.conv_macs(1, 5, 3, 1),
        ((25, "depth_forgotten"), (76, "bias_is_no_product")),
    ),
    "03/one-filter-map": Question(
        "One 5x5 filter on 32x32x3, no padding. What is the shape of what it gives?",
        lambda: volume(32, 5, 1)[:2],
        (
            ("28x28x3", "filter_slides_in_depth"),
            ("27x27", "plus_one"),
            ("32x32", "border_lost"),
        ),
        accept=((28, 28, 1),),
    ),
    "03/twice-the-image": Question(
        "The same convolution layer on an image twice as high and twice as wide: by "
        "what factor does its parameter count grow?",
        lambda: 1,
        ((4, "positions_multiplied"), (2, "positions_multiplied")),
    ),
    "03/stride-2": Question(
        "7x7, kernel 3x3, padding 1, stride 2. What is the side of the output?",
        lambda: sizes.output_size(7, 3, stride=2, padding=1),
        ((3, "padding_forgotten"), (3.5, "halved"), (7, "stride_1")),
    ),
    "03/stride-3-keras": Question(
        "A 3x3 kernel with stride 3 on 7x7 in Keras: what are the sides for padding "
        '"valid" and for "same" (two numbers)?',
        lambda: (sizes.output_size(7, 3, 3), sizes.output_size(7, 3, 3, "same")),
        (
            (2.33, "fraction"),
            ((2.33, 2.33), "fraction"),
            ((2.33, 3), "fraction"),
            ("error", "no_error"),
            ((3, 3), "valid_rounds_down"),
            ((3, 2), "order_reversed"),
        ),
    ),
    "03/same-stride-2": Question(
        '32 pixels, kernel 3, stride 2, padding "same" in Keras: how many zeros are '
        "added before and after (two numbers)?",
        lambda: sizes.same_padding(32, 3, 2),
        (((1, 1), "padding_both_sides"), ((1, 0), "padding_before")),
    ),
    "03/zeros-added": Question(
        "A 7x7 image gets a border of zeros, one pixel wide. How many zeros is that?",
        lambda: (7 + 2) ** 2 - 7**2,
        ((28, "corners_forgotten"), (36, "corners_twice")),
    ),
    "03/unpadded-layers": Question(
        "How many 5x5 convolutions without padding can follow each other on 32x32?",
        lambda: _unpadded_layers(32, 5),
        ((6, "kernel_subtracted"), (8, "input_counted")),
    ),
    "03/height-and-width": Question(
        "Height 10, width 12; five kernels of height 3 and width 5, no padding. What "
        "is the shape of the output, height first?",
        lambda: (sizes.output_size(10, 3), sizes.output_size(12, 5), 5),
        (("6x10x5", "swapped_axes"), ("7x7x5", "plus_one")),
    ),
    "03/receptive-field-three": Question(
        "Three 3x3 layers with stride 1 on top of each other: how many pixels per "
        "side does one unit of the third see of the image?",
        lambda: sizes.receptive_field([(3, 1)] * 3).size,
        ((9, "kernels_added"), (3, "last_layer_only")),
    ),
    "03/receptive-field-stride": Question(
        "Two 3x3 layers, the first with stride 2: how many pixels per side does one "
        "unit of the second see of the image?",
        lambda: sizes.receptive_field([(3, 2), (3, 1)]).size,
        ((5, "stride_ignored"), (6, "kernels_added"), (3, "last_layer_only")),
    ),
    "03/receptive-field-pool": Question(
        "3x3, then 2x2 pooling with stride 2, then 3x3: how many pixels per side does "
        "one unit at the end see of the image?",
        lambda: sizes.receptive_field([(3, 1), (2, 2), (3, 1)]).size,
        ((5, "pooling_ignored"), (6, "stride_ignored"), (7, "pooling_window_ignored")),
    ),
    "03/dilation": Question(
        "How many pixels per side does a 3x3 kernel with dilation 2 reach over?",
        lambda: sizes.effective_kernel_size(3, 2),
        ((3, "dilation_ignored"), (6, "dilation_times_kernel")),
    ),
    "03/groups-parameters": Question(
        "Conv2D(8, 3, groups=2) on 4 channels: how many parameters?",
        lambda: sizes.conv_parameters(3, 4, 8, groups=2),
        (
            (296, "groups_ignored"),
            (148, "groups_divide_biases"),
            (144, "bias_forgotten"),
        ),
    ),
    "03/depthwise-weights": Question(
        "Four channels, eight filters of 3x3, as many groups as channels: how many "
        "weights (without biases)?",
        lambda: sizes.conv_parameters(3, 4, 8, groups=4, bias=False),
        ((288, "groups_ignored"), (36, "multiplier_forgotten")),
    ),
}
