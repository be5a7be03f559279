"""Questions of lesson 05."""

import numpy as np

from .. import reference, sizes
from .question import Question

KERNEL = np.array([[1, 2], [3, 4]])[:, :, None, None]


def _pixels(side, kernel, row, column):
    """Numbers of the pixels that a unit reads, counted from 1, as its place."""
    pixels = np.arange(1, side**2 + 1).reshape(side, side)
    window = pixels[row - 1 : row - 1 + kernel, column - 1 : column - 1 + kernel]
    return tuple(int(n) for n in window.ravel())


def _entries():
    entries = reference.conv_matrix(KERNEL, (3, 4, 1)).data
    return len(entries), len(set(entries.tolist()))


QUESTIONS = {
    "05/hidden-units": Question(
        "A 100x100 image is connected densely to a hidden layer by ten million edges. "
        "How many hidden units are there?",
        lambda: 10**7 // (100 * 100),
        ((10_000, "hidden_as_wide_as_input"), (100_000, "side_for_pixels")),
    ),
    "05/pixels-read": Question(
        "A 4x4 image, its pixels numbered 1 to 16 row by row, a 2x2 kernel, stride 1. "
        "Which pixels does the unit in row 2, column 2 read (four numbers, rows and "
        "columns counted from 1)?",
        lambda: _pixels(4, 2, 2, 2),
        (
            ((3, 4, 7, 8), "stride_2_assumed"),
            ((11, 12, 15, 16), "stride_2_assumed"),
            ((5, 6, 9, 10), "column_before"),
            ((2, 3, 6, 7), "row_above"),
        ),
    ),
    "05/connections": Question(
        "One 3x3 filter with stride 1 on an 8x8 image, no padding: how many "
        "connections run from pixels to units?",
        lambda: sizes.conv_macs(sizes.output_size(8, 3), 3, 1, 1),
        (
            (576, "border_lost"),
            (2304, "all_connected"),
            (9, "weights_for_connections"),
        ),
    ),
    "05/parameters": Question(
        "And how many parameters has this layer, bias included?",
        lambda: sizes.conv_parameters(3, 1, 1),
        ((324, "positions_multiplied"), (9, "bias_forgotten")),
    ),
    "05/matrix-entries": Question(
        "A 2x2 kernel with four different weights on a 3x4 image, written as a 6x12 "
        "matrix: how many entries are not zero, and how many different values do they "
        "have (two numbers)?",
        _entries,
        (
            ((72, 24), "entries_all_counted"),
            ((24, 24), "weights_not_shared"),
            ((4, 4), "one_row_only"),
        ),
    ),
    "05/two-layers": Question(
        "Two layers with kernels of width 3: how many inputs reach the middle unit of "
        "the second layer?",
        lambda: sizes.receptive_field([(3, 1)] * 2).size,
        ((3, "last_layer_only"), (6, "kernels_added"), (9, "kernels_multiplied")),
    ),
    "05/shift": Question(
        "The input of a convolution moves by two pixels. What does its feature map do: "
        '"move" too, or "stay" as it is?',
        lambda: "move",
        (("stay", "equivariance_for_invariance"),),
        accept=("moves", "it moves", "move by two", "it moves by two"),
    ),
}
