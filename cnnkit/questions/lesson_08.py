"""Questions of lesson 08."""

import numpy as np

from .. import sizes
from .question import Question, rows

INPUT = np.array([[[1, 2, 0], [0, 1, 1]], [[3, 0, 1], [2, 2, 2]]])  # (row, column, c)
WEIGHTS = np.array([[1, 0], [0, 2], [-1, 1]])  # (channels, filters)
PRINTED = (
    "model.add(Conv2D(512, (3, 3), padding='same', activation='relu', "
    "input_shape=(256, 256, 3))"
)


def _saving():
    direct = sizes.conv_parameters(7, 512, 64)
    return direct / (
        sizes.conv_parameters(1, 512, 64) + sizes.conv_parameters(7, 64, 64)
    )


QUESTIONS = {
    "08/one-channel": Question(
        "A 1x1 filter with the weight 2 slides over the one channel 1 2 / 3 5. What "
        "comes out?",
        lambda: rows(2 * np.array([[1, 2], [3, 5]])),
        ((((1, 2), (3, 5)), "one_by_one_does_nothing"), (22, "positions_summed")),
    ),
    "08/two-filters": Question(
        "The four pixels (1, 2, 0), (0, 1, 1) / (3, 0, 1), (2, 2, 2) meet two 1x1 "
        "filters with the weights (1, 0, -1) and (0, 2, 1). Which two values does each "
        "pixel get (eight numbers, pixel by pixel)?",
        lambda: tuple(int(v) for v in (INPUT @ WEIGHTS).ravel()),
        (
            ((1, 2, 0, 0, 1, 1, 3, 0, 1, 2, 2, 2), "one_by_one_does_nothing"),
            ((1, -1, 2, 0, 4, 3, 1, 6), "channels_first"),
        ),
    ),
    "08/output": Question(
        "Five 1x1 filters on 6x6 pixels with 32 channels. What is the shape of the "
        "output?",
        lambda: (sizes.output_size(6, 1), sizes.output_size(6, 1), 5),
        (
            ("6x6x32", "input_depth_kept"),
            ("6x6x160", "depth_multiplied"),
            ("5x5x5", "border_lost_to_one"),
        ),
    ),
    "08/padding": Question(
        "How many pixels of padding does a 1x1 filter need to keep height and width?",
        lambda: (1 - 1) // 2,
        ((1, "padding_for_one"),),
    ),
    "08/parameters": Question(
        "How many parameters have 64 1x1 filters on 512 maps?",
        lambda: sizes.conv_parameters(1, 512, 64),
        (
            (32_768, "bias_forgotten"),
            (128, "depth_forgotten"),
            (513, "one_filter"),
        ),
    ),
    "08/pooling-or-filters": Question(
        "256x256 pixels, 512 maps: how many maps are left behind 2x2 pooling, and how "
        "many behind 64 1x1 filters (two numbers)?",
        lambda: (512, 64),
        (((256, 64), "depth_pooled"), ((128, 64), "depth_pooled")),
    ),
    "08/seven-direct": Question(
        "How many parameters has a layer of 64 7x7 filters on 512 maps?",
        lambda: sizes.conv_parameters(7, 512, 64),
        (
            (1_000_000, "about_a_million"),
            (1_605_632, "bias_forgotten"),
            (3_200, "depth_forgotten"),
            (3_136, "depth_forgotten"),
        ),
    ),
    "08/saving": Question(
        "First 64 1x1 filters, then 64 7x7 filters, on 512 maps: by what factor does "
        "this lower the number of parameters, the 1x1 layer included?",
        _saving,
        ((8, "reduction_not_counted"),),
    ),
    "08/printed-line": Question(
        f'What is wrong with the line "{PRINTED}": a "parenthesis", the "shape", the '
        '"padding", or "nothing"?',
        lambda: "parenthesis" if PRINTED.count("(") > PRINTED.count(")") else "nothing",
        (
            ("shape", "shape_is_a_tuple"),
            ("padding", "padding_is_a_word"),
            ("nothing", "parentheses_not_counted"),
        ),
        accept=("a parenthesis", "parentheses", "one parenthesis is missing"),
    ),
}
