"""Questions of lesson 02."""

import numpy as np

from .. import sizes
from .question import Question

ONES = np.ones((3, 3), int)
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
EDGE = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]])
STEP = np.array([[10, 10, 10, 20, 20, 20]] * 3)
SIX = np.array(
    [
        [1, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 1, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 0, 1, 0],
    ]
)
FALLING = 2 * np.eye(3, dtype=int) - 1
CORNER = np.array([[-1, -1, -1], [-1, 1, -1], [-1, -1, 1]])  # of the letter X


def responses(image, kernel) -> np.ndarray:
    """The sum of products at each place where the kernel fits."""
    rows, columns = np.subtract(image.shape, kernel.shape) + 1
    return np.array(
        [
            [int((image[i : i + 3, j : j + 3] * kernel).sum()) for j in range(columns)]
            for i in range(rows)
        ]
    )


QUESTIONS = {
    "02/constant": Question(
        "An image has the value 10 everywhere. What do blur (nine ones), sharpen and "
        "edge make of it (three numbers)?",
        lambda: tuple(10 * int(kernel.sum()) for kernel in (ONES, SHARPEN, EDGE)),
        (("10, 10, 0", "kernel_sum_ignored"), ("10, 50, -80", "centre_only")),
    ),
    "02/step-sharpen": Question(
        "Every row is 10 10 10 20 20 20. What does sharpen make of a row (four "
        "numbers)?",
        lambda: tuple(responses(STEP, SHARPEN)[0].tolist()),
        (
            ("10 10 20 20", "edges_kept"),
            ("10 30 0 20", "sides_swapped"),
            ("50 50 100 100", "centre_only"),
        ),
    ),
    "02/zero-border": Question(
        "The edge kernel with a border of zeros is a 5x5 kernel. What is the side of "
        "its output on 7x7 pixels, without padding?",
        lambda: sizes.output_size(7, 5),
        ((5, "zero_border_counts"), (7, "border_lost"), (2, "plus_one")),
    ),
    "02/largest": Question(
        "The diagonal filter 1 -1 -1 / -1 1 -1 / -1 -1 1 on the 6x6 image. What is the "
        "largest value that it reaches?",
        lambda: int(responses(SIX, FALLING).max()),
        ((9, "negatives_overlooked"), (1, "sum_of_products")),
    ),
    "02/places": Question(
        "At how many places of the 6x6 image does it reach its largest value?",
        lambda: int((responses(SIX, FALLING) == responses(SIX, FALLING).max()).sum()),
        ((1, "search_stopped"),),
    ),
    "02/agreeing": Question(
        "The top left 3x3 patch of the letter is -1 -1 -1 / -1 1 -1 / -1 -1 1. In how "
        "many of the nine pixels does it agree with the diagonal filter?",
        lambda: int((CORNER == FALLING).sum()),
        ((7, "sum_for_agreements"), (9, "negatives_overlooked"), (2, "bright_only")),
    ),
    "02/two-decimals": Question(
        "That entry of the map is 7/9. What is it, rounded to two decimals?",
        lambda: round(int((CORNER * FALLING).sum()) / 9, 2),
        ((0.77, "cut_off"), (7, "division_left_out")),
    ),
    "02/third-map": Question(
        "In the third map the perfect matches run from the bottom left to the top "
        'right. Whose map is it, that of the "rising" or of the "falling" diagonal?',
        lambda: "rising",
        (("falling", "mirror_image"),),
    ),
    "02/without-its-mean": Question(
        "The mean of the weights is taken away from each of them. What does the rest "
        "make of a flat area of brightness 137?",
        lambda: int(np.round(137 * np.sum(SHARPEN - SHARPEN.mean()))),
        ((137, "kernel_sum_ignored"),),
    ),
    "02/dictionary": Question(
        "Rows are the words of a dictionary, columns the positions in a sentence. Are "
        "neighbouring rows related, as neighbouring pixels are (yes or no)?",
        lambda: False,  # the dictionary may be listed in any order
        ((True, "dictionary_order"),),
    ),
}
