"""Questions of lesson 04."""

import numpy as np

from .. import sizes
from .question import Question, rows

POOLED = np.array([[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]])


QUESTIONS = {
    "04/max": Question(
        "Max pooling of 2 2 4 4 / 2 4 8 4 / 4 4 4 1 / 6 10 3 4 with a 2x2 window and "
        "stride 2: what comes out?",
        lambda: rows(POOLED.reshape(2, 2, 2, 2).max(axis=(1, 3))),
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
}
