"""Questions of lesson 07."""

import numpy as np

from .. import sizes
from .question import Question, volume

TWO_MAPS = np.array([[[3, 0], [3, 1]], [[-1, 1], [0, 3]]])  # (channel, row, column)


def _lenet_parameters():
    return (
        sizes.conv_parameters(5, 1, 6)
        + sizes.conv_parameters(5, 6, 16)
        + sizes.dense_parameters(5 * 5 * 16, 120)
        + sizes.dense_parameters(120, 84)
        + sizes.dense_parameters(84, 10)
    )


def _blocks(n, kernel):
    """How many times a convolution and a 2x2 pooling fit, both without padding."""
    blocks = 0
    while n > kernel:
        n, blocks = sizes.output_size(sizes.output_size(n, kernel), 2, 2), blocks + 1
    return blocks


QUESTIONS = {
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
        lambda: volume(14, 5, 16),
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
