"""What the lessons ask before they compute, and the usual wrong answers.

An answer is computed from the inputs of its question wherever there is something to
compute.  A usual wrong answer names its cause, a key of `MISCONCEPTIONS`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import sizes


class Question(NamedTuple):
    """One question.

    text: what is asked.
    truth: computes the answer: a number, text, True or False, or a tuple of numbers.
    wrong: usual wrong answers, each with its key in `MISCONCEPTIONS`.
    accept: other forms of the right answer.
    """

    text: str
    truth: Callable
    wrong: tuple[tuple[object, str], ...]
    accept: tuple = ()


MISCONCEPTIONS = {
    # sliding sums
    "flipped": "That is the result with the kernel rotated by 180 degrees, which is "
    "true convolution. A library layer multiplies patch and kernel as they lie.",
    "not_flipped": "That is what you get without flipping. Here one of the two runs "
    "backwards: first index of one meets last index of the other.",
    "bright_pixel_copies": "A bright pixel copies the kernel in true convolution only. "
    "Ask which kernel entry lies on the pixel when the window is one step further up.",
    "library_flips": "The name says so, the code does not: a library layer slides the "
    "kernel as it is, which is cross-correlation. Learned weights need no flip.",
    "symmetric_kernel": "Rotate this kernel by 180 degrees on paper and compare it "
    "with itself.",
    "order_reversed": "The order is reversed: check which end of the list comes first.",
    "neighbour": "That is the neighbouring position: check the index you started from.",
    "kernel_in_one_row": "The four weights were laid along one row. The kernel is a "
    "square: its second row belongs on the image's second row.",
    "transposed": "Rows and columns are swapped: the row index comes first.",
    "sum_for_squares": "The weights sum to 1, and so keep the mean. Variances add with "
    "squared weights.",
    "spread_for_variance": "That is the factor of the standard deviation. The variance "
    "is its square.",
    "one_term_only": "That is the share of a single reading. All of them contribute.",
    "fourier_always_wins": "n log n beats n times n, but a small kernel costs n times "
    "a few. Count the multiplications of both for this kernel.",
    "limits_as_printed": "floor(-3/2) is -2, not -1: the limits as printed give one "
    "term too many. A kernel of three has three terms.",
    "zero_offset": "The offset zero is missing: from -1 to 1 there are three steps.",
    # sizes
    "plus_one": "Nearly: the distance the kernel can travel leaves out where it "
    "starts. Add one for the first placement.",
    "minus_one": "Both ends were counted: two rows of samples that overlap in one have "
    "one place less than their lengths together.",
    "border_lost": "Without padding the kernel cannot be centred on the border: each "
    "axis loses kernel - 1 places.",
    "padding_forgotten": "Padding was left out: it lengthens the input before the "
    "kernel slides.",
    "padding_once": "Padding was counted once. It is added on both sides.",
    "padding_both_sides": "One zero on each side is more than this layer needs. Keras "
    "adds as few as possible, and an odd one goes after.",
    "padding_before": "Keras puts the odd zero after, at the bottom and right.",
    "length_kept": "That keeps the length (same). Here partial overlaps at both ends "
    "count as well.",
    "overlap_only": "That counts full overlaps only (valid). Here every overlap "
    "counts, even of one sample.",
    "stride_1": "Stride 1 was assumed: the kernel moves further in each step.",
    "stride_as_printed": "Put it into the size rule: (28 - 2)/1 + 1 is 27, not 14.",
    "fraction": "A map has whole rows only. A placement that does not fit is left out.",
    "no_error": "Keras raises no error here: it leaves out, or pads, what does not "
    "fit.",
    "valid_rounds_down": "Without padding the last placement that does not fit is left "
    "out, so the size is rounded down, not up.",
    "halved": "A stride of 2 halves only nearly: put the numbers into the size rule.",
    "kernel_subtracted": "Each unpadded layer takes kernel - 1 pixels, not kernel.",
    "input_counted": "The input itself is no layer: count what lies between the sizes.",
    "corners_forgotten": "The four sides are there, the four corners are missing.",
    "corners_twice": "The corners were counted twice.",
    "swapped_axes": "Height and width are swapped: sizes are written height first.",
    # depth
    "input_depth_kept": "The input's depth does not survive: each filter adds up all "
    "channels into one map, so the depth is the number of filters.",
    "depth_multiplied": "Filters do not multiply the depth: each filter reads all "
    "channels and gives one map.",
    "filter_slides_in_depth": "The filter has the full depth of its input, so it "
    "cannot move along it: one filter gives one flat map.",
    "depth_forgotten": "The depth is missing: a filter has weights for each channel of "
    "its input, and a flattened volume keeps all channels.",
    # counts
    "bias_forgotten": "The biases are missing: each filter or unit has one.",
    "bias_is_no_product": "A bias is added, not multiplied.",
    "bias_counted": "Biases were counted too: the question asks for weights.",
    "bias_in_some": "That sums figures of which some leave the biases out.",
    "positions_multiplied": "The positions were multiplied in. The weights are shared: "
    "all positions use the same ones.",
    "positions_forgotten": "That is one position's work: the filter is applied anew at "
    "each place of the output.",
    "one_filter": "That is a single filter or unit. Count all of them.",
    "groups_ignored": "The groups were ignored: a filter reads only the channels of "
    "its own group.",
    "groups_divide_biases": "Groups divide the weights, not the biases: each filter "
    "still has one.",
    "multiplier_forgotten": "Each channel has more than one filter of its own here.",
    "pooling_learns": "Pooling takes the largest or the mean; nothing in it is "
    "learned.",
    "pooling_of_1998": "That is LeNet-5 as published in 1998, whose pooling had a "
    "scale and a bias per map. A pooling layer of today has none.",
    "convolutions_dominate": "Convolutions share few weights over many positions. "
    "Count the layer behind the flattening.",
    # receptive fields
    "pooling_ignored": "The pooling was ignored: its window sees more than one pixel, "
    "and its stride spreads what follows.",
    "stride_ignored": "The stride was ignored: behind it neighbouring units lie "
    "further apart in the input.",
    "pooling_window_ignored": "The stride is there, the pooling window itself is not: "
    "it adds a pixel of its own.",
    "kernels_added": "The kernels overlap: each layer adds kernel - 1, not kernel.",
    "last_layer_only": "That is what the unit sees of the previous layer. Follow its "
    "inputs back to the image.",
    "dilation_ignored": "The dilation was ignored: the taps lie further apart.",
    "dilation_times_kernel": "Between three taps there are two gaps: the reach is "
    "dilation times (kernel - 1), plus one.",
    # pooling
    "mean_for_max": "That is the mean of each window. Max pooling keeps its largest "
    "value.",
    "mean_for_l2": "That is the mean of the values. L2 pooling squares them first, and "
    "takes the root of the mean of the squares.",
    "max_for_l2": "That is the largest value. In L2 pooling all pixels of the window "
    "have a say, the large ones more.",
    "sum_for_mean": "That is the root of the sum of squares. Divide by the number of "
    "pixels before the root.",
    "depth_pooled": "Pooling works on each map separately: it shrinks height and "
    "width, never the number of maps.",
    "pooling_invariant": "Pooling forgives shifts that stay inside a window. Mark the "
    "windows and look in which of them the pixel lies.",
    "one_for_all": "Each map is pooled by itself: one number for each channel.",
    "not_pooled": "That many values go in. Each map leaves one number.",
    "channels_pooled": "That keeps the pixels and merges the channels. Global pooling "
    "does the opposite.",
    "one_axis": "That drops every other row only. The columns are thinned out as well.",
    # layout
    "as_drawn": "Two blocks are what the lecture's figure draws. Follow the sides: "
    "6, 4, 2, and then a 3x3 kernel no longer fits.",
    "pooling_forgotten": "The last pooling is missing: it comes before flattening.",
    "channels_first": "That lists one map after the other (channels first). Keras "
    "keeps the channels of a pixel together.",
}

N = 224**2  # pixels
TOY_IMAGE = np.arange(1, 13).reshape(3, 4)
TOY_KERNEL = np.array([[1, 2], [3, 4]])
NINE = np.arange(1, 10).reshape(3, 3)
CROSS = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
F, G = np.array([[1, 2], [3, 4]]), np.array([[0, 1], [2, 3]])
POOLED = np.array([[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]])
TWO_MAPS = np.array([[[3, 0], [3, 1]], [[-1, 1], [0, 3]]])  # (channel, row, column)


def _map(n, kernel, filters, **rules):
    """Shape of the output of a square convolution layer."""
    side = sizes.output_size(n, kernel, **rules)
    return side, side, filters


def _rows(array):
    return tuple(tuple(int(v) for v in row) for row in array)


def _lenet_parameters():
    return (
        sizes.conv_parameters(5, 1, 6)
        + sizes.conv_parameters(5, 6, 16)
        + sizes.dense_parameters(5 * 5 * 16, 120)
        + sizes.dense_parameters(120, 84)
        + sizes.dense_parameters(84, 10)
    )


def _unpadded_layers(n, kernel):
    layers = 0
    while n >= kernel:
        n, layers = sizes.output_size(n, kernel), layers + 1
    return layers


def _blocks(n, kernel):
    """How many times a convolution and a 2x2 pooling fit, both without padding."""
    blocks = 0
    while n > kernel:
        n, blocks = sizes.output_size(sizes.output_size(n, kernel), 2, 2), blocks + 1
    return blocks


QUESTIONS = {
    # ---- 01 convolution in one and two dimensions
    "01/seven-weights": Question(
        "A window of seven weights 7, 6, 5, 4, 3, 2, 1, newest reading first, slides "
        "over readings that are all zero except x3 = 1. What is s7?",
        lambda: (7, 6, 5, 4, 3, 2, 1)[7 - 3],
        ((5, "order_reversed"), (4, "neighbour")),
    ),
    "01/window-count": Question(
        "A window of seven weights slides over 17 readings. How many outputs have "
        "the whole window inside?",
        lambda: sizes.output_size(17, 7),
        ((17, "border_lost"), (10, "plus_one")),
    ),
    "01/noise-variance": Question(
        "Seven readings with independent noise are averaged with equal weights 1/7. "
        "By what factor does the noise variance change (a fraction or three digits)?",
        lambda: 7 * (1 / 7) ** 2,
        (
            (1, "sum_for_squares"),
            (7**-0.5, "spread_for_variance"),
            (1 / 49, "one_term_only"),
        ),
    ),
    "01/toy-shape": Question(
        "A 2x2 kernel slides over a 3x4 image without padding. What is the shape of "
        "the output?",
        lambda: (sizes.output_size(3, 2), sizes.output_size(4, 2)),
        (("3x4", "border_lost"), ("1x2", "plus_one"), ("3x2", "swapped_axes")),
    ),
    "01/toy-top-left": Question(
        "Image 1 2 3 4 / 5 6 7 8 / 9 10 11 12, kernel 1 2 / 3 4, as a library layer "
        "computes it. What is the top left output?",
        lambda: int((TOY_IMAGE[:2, :2] * TOY_KERNEL).sum()),
        ((26, "flipped"), (30, "kernel_in_one_row")),
    ),
    "01/centred-terms": Question(
        "The centred sum for a 3x3 kernel: how many terms are there in each direction?",
        lambda: len(range(-(3 // 2), 3 // 2 + 1)),
        ((4, "limits_as_printed"), (2, "zero_offset")),
    ),
    "01/bright-pixel": Question(
        "A 5x5 image is zero except for a 1 in the middle; the kernel is 1 2 3 / "
        "4 5 6 / 7 8 9. What are the middle 3x3 values that Conv2D gives with zero "
        "padding?",
        lambda: _rows(NINE[::-1, ::-1]),
        (
            ("1 2 3 / 4 5 6 / 7 8 9", "bright_pixel_copies"),
            ("9 6 3 / 8 5 2 / 7 4 1", "transposed"),
        ),
        accept=(_rows(np.pad(NINE[::-1, ::-1], 1)),),
    ),
    "01/does-conv2d-flip": Question(
        "Does keras.layers.Conv2D flip the kernel before it slides it (yes or no)?",
        lambda: False,
        ((True, "library_flips"),),
    ),
    "01/cross-kernel": Question(
        "The kernel 1 0 1 / 0 1 0 / 1 0 1: does it matter for the result whether it "
        "is flipped (yes or no)?",
        lambda: not np.array_equal(CROSS, CROSS[::-1, ::-1]),
        ((True, "symmetric_kernel"),),
    ),
    "01/signal-formula": Question(
        "f = 1 2 / 3 4 and g = 0 1 / 2 3. What is (f*g)[1, 1], the sum of "
        "f[a, b] g[1-a, 1-b]?",
        lambda: int(sum(F[a, b] * G[1 - a, 1 - b] for a in (0, 1) for b in (0, 1))),
        ((20, "not_flipped"),),
    ),
    "01/full-length": Question(
        "Two sequences of three samples are convolved, and every overlap counts "
        "(full). How long is the result?",
        lambda: len(np.convolve([1, 2, 3], [0, 1, 0.5])),
        ((3, "length_kept"), (6, "minus_one"), (1, "overlap_only")),
    ),
    "01/direct-or-fourier": Question(
        "A 3x3 kernel on a 224x224 image: which way takes fewer multiplications, "
        '"direct" or "fourier"?',
        lambda: "direct" if 9 * N < N * np.log2(N) else "fourier",
        (("fourier", "fourier_always_wins"), ("fft", "fourier_always_wins")),
    ),
    # ---- 03 shapes
    "03/exercise-227": Question(
        "227x227x3, 96 filters of 11x11, stride 4, no padding. What is the shape of "
        "the output?",
        lambda: _map(227, 11, 96, stride=4),
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
        lambda: _map(32, 5, 6),
        (
            ("27x27x6", "plus_one"),
            ("28x28x1", "input_depth_kept"),
            ("32x32x6", "border_lost"),
        ),
    ),
    "03/ten-filters-output": Question(
        "32x32x3, ten filters of 5x5, stride 1, padding 2. What is the shape of the "
        "output?",
        lambda: _map(32, 5, 10, padding=2),
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
        lambda: _map(32, 5, 1)[:2],
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
    # ---- 04 pooling
    "04/max": Question(
        "Max pooling of 2 2 4 4 / 2 4 8 4 / 4 4 4 1 / 6 10 3 4 with a 2x2 window and "
        "stride 2: what comes out?",
        lambda: _rows(POOLED.reshape(2, 2, 2, 2).max(axis=(1, 3))),
        (
            (((4, 8, 8), (4, 8, 8), (10, 10, 4)), "stride_1"),
            (((2.5, 5), (6, 3)), "mean_for_max"),
            (((4, 10), (8, 4)), "transposed"),
        ),
    ),
    "04/l2": Question(
        "A window holds 1, 7, 5, 5. What is its L2 pooling, the root of the mean of "
        "squares?",
        lambda: float(np.sqrt(np.mean(np.square([1, 7, 5, 5])))),
        ((4.5, "mean_for_l2"), (7, "max_for_l2"), (10, "sum_for_mean")),
    ),
    "04/channels": Question(
        "14x14x16 goes through 2x2 pooling with stride 2. How many channels come out?",
        lambda: 16,
        ((8, "depth_pooled"), (4, "depth_pooled"), (1, "depth_pooled")),
    ),
    "04/parameters": Question(
        "How many parameters has 2x2 pooling on 64 channels?",
        lambda: 0,
        ((4, "pooling_learns"), (256, "pooling_learns"), (64, "pooling_learns")),
    ),
    "04/overlapping": Question(
        "13 pixels, a pooling window of 3, stride 2, no padding. How many outputs?",
        lambda: sizes.output_size(13, 3, stride=2),
        ((5, "plus_one"), (6.5, "halved"), (7, "valid_rounds_down"), (11, "stride_1")),
    ),
    "04/seven-valid": Question(
        "A 7x7 map, 2x2 pooling, stride 2, no padding. What is the side of the output?",
        lambda: sizes.output_size(7, 2, stride=2),
        ((3.5, "fraction"), (4, "valid_rounds_down"), (6, "stride_1")),
    ),
    "04/partial-windows": Question(
        'The same with padding "same": how many of the windows reach over the edge?',
        lambda: (
            sizes.output_size(7, 2, 2, "same") ** 2 - sizes.output_size(7, 2, 2) ** 2
        ),
        ((8, "corners_twice"), (6, "corners_forgotten")),
    ),
    "04/bright-pixel": Question(
        "A 4x4 map is dark except for one pixel. It moves from row 1, column 1 to row "
        "2, column 2, counted from 0. Does 2x2 max pooling with stride 2 notice (yes "
        "or no)?",
        lambda: 1 // 2 != 2 // 2,  # in which window the row lies
        ((False, "pooling_invariant"),),
    ),
    "04/global": Question(
        "Global average pooling of 7x7x64: how many values come out?",
        lambda: 64,
        (
            (1, "one_for_all"),
            (7 * 7 * 64, "not_pooled"),
            (49, "channels_pooled"),
        ),
    ),
    "04/subsampling": Question(
        "Every other row and every other column of a 200x200 image is dropped. Which "
        "share of the values is left?",
        lambda: (200 // 2) ** 2 / 200**2,
        ((0.5, "one_axis"),),
    ),
    # ---- 07 LeNet-5
    "07/conv1-parameters": Question(
        "LeNet-5, first convolution: six 5x5 filters on a grey image. How many "
        "parameters does Keras count?",
        lambda: sizes.conv_parameters(5, 1, 6),
        ((150, "bias_forgotten"), (26, "one_filter"), (122304, "positions_multiplied")),
    ),
    "07/conv1-multiply-adds": Question(
        "The same layer on a 32x32 image: how many multiply-adds (biases left out)?",
        lambda: sizes.conv_macs(sizes.output_size(32, 5), 5, 1, 6),
        (
            (150, "positions_forgotten"),
            (153600, "border_lost"),
            (122304, "bias_is_no_product"),
            (19600, "one_filter"),
        ),
    ),
    "07/conv2-shape": Question(
        "Sixteen 5x5 filters on 14x14x6, no padding. What is the shape of the output?",
        lambda: _map(14, 5, 16),
        (
            ("14x14x16", "border_lost"),
            ("9x9x16", "plus_one"),
            ("10x10x96", "depth_multiplied"),
            ("10x10x6", "input_depth_kept"),
        ),
    ),
    "07/conv2-parameters": Question(
        "LeNet-5, second convolution: sixteen 5x5 filters on six maps. How many "
        "parameters does Keras count?",
        lambda: sizes.conv_parameters(5, 6, 16),
        ((2400, "bias_forgotten"), (416, "depth_forgotten")),
    ),
    "07/pool-stride": Question(
        "Which stride does a 2x2 pooling window need for 28 pixels to become 14?",
        lambda: next(s for s in range(1, 29) if sizes.output_size(28, 2, s) == 14),
        ((1, "stride_as_printed"),),
    ),
    "07/pool-parameters": Question(
        "How many parameters has the first pooling layer, 2x2 on six maps, in Keras?",
        lambda: 0,
        ((4, "pooling_learns"), (24, "pooling_learns"), (12, "pooling_of_1998")),
    ),
    "07/blocks-that-fit": Question(
        "A block is a convolution and a 2x2 pooling, both without padding. How many "
        "blocks fit 6x6 with 3x3 kernels, and how many 32x32 with 5x5 (two numbers)?",
        lambda: (_blocks(6, 3), _blocks(32, 5)),
        (((2, 2), "as_drawn"), ((1, 3), "border_lost")),
    ),
    "07/flatten-length": Question(
        "Second pooling ends in 5x5 pixels of 16 maps. How long is the flattened "
        "vector?",
        lambda: 5 * 5 * 16,
        ((25, "depth_forgotten"), (1600, "pooling_forgotten")),
    ),
    "07/flatten": Question(
        "Two maps, 3 0 / 3 1 and -1 1 / 0 3, stored channels last as in Keras. What "
        "does flattening give (eight numbers)?",
        lambda: tuple(int(v) for v in np.moveaxis(TWO_MAPS, 0, -1).ravel()),
        (((3, 0, 3, 1, -1, 1, 0, 3), "channels_first"),),
    ),
    "07/dense1-parameters": Question(
        "How many parameters has the first dense layer, 120 units behind that vector "
        "of 5x5x16 values?",
        lambda: sizes.dense_parameters(5 * 5 * 16, 120),
        (
            (48000, "bias_forgotten"),
            (3120, "depth_forgotten"),
            (192120, "pooling_forgotten"),
        ),
    ),
    "07/votes": Question(
        "Twelve values vote for two classes, X and O. How many weights (without "
        "biases) do the votes take?",
        lambda: sizes.dense_parameters(12, 2, bias=False),
        ((12, "one_filter"), (26, "bias_counted")),
    ),
    "07/largest-part": Question(
        'Where are most parameters of LeNet-5: in the "convolutions" or in the '
        '"dense" layers?',
        lambda: (
            "dense"
            if sizes.conv_parameters(5, 1, 6) + sizes.conv_parameters(5, 6, 16)
            < _lenet_parameters() / 2
            else "convolutions"
        ),
        (
            ("convolutions", "convolutions_dominate"),
            ("convolution", "convolutions_dominate"),
        ),
        accept=("dense layers", "the dense layers", "fully connected"),
    ),
    "07/total-parameters": Question(
        "How many parameters has LeNet-5 in all, as Keras counts them?",
        _lenet_parameters,
        ((61684, "bias_in_some"), (61470, "bias_forgotten")),
    ),
}
