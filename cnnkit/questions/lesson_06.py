"""Questions of lesson 06."""

import numpy as np

from .. import sizes
from .question import Question

WORDS = (0.0, 5.0, 10.0)
PATCHES = (0.4, 4.1, 5.5, 9.0, 9.7, 2.4)


def counts(words, patches) -> tuple[int, ...]:
    """How often each word is the nearest one."""
    nearest = np.abs(np.subtract.outer(patches, words)).argmin(axis=1)
    return tuple(int(np.sum(nearest == k)) for k in range(len(words)))


QUESTIONS = {
    "06/shuffled": Question(
        "The pixels of a photograph are shuffled. Does its colour histogram change "
        "(yes or no)?",
        lambda: False,
        ((True, "histogram_has_places"),),
    ),
    "06/slope": Question(
        "Dark on the left, bright on the right: a vertical edge. Its slope points in "
        "which of nine bins of 20 degrees (0 to 8), if 0 degrees is to the right?",
        lambda: int(np.degrees(np.arctan2(0, 1)) // 20),
        ((4, "edge_for_slope"), (1, "bins_from_one"), (9, "bins_from_one")),
    ),
    "06/hog-length": Question(
        "HoG of an image of 320x240 pixels, cells of 8x8, 9 bins of direction in each "
        "cell: how many numbers?",
        lambda: (320 // 8) * (240 // 8) * 9,
        (
            ((320 // 8) * (240 // 8), "bins_forgotten"),
            (320 * 240 * 9, "pixels_for_cells"),
            (9, "one_cell_only"),
        ),
    ),
    "06/words": Question(
        "Words at 0, 5 and 10; patches 0.4, 4.1, 5.5, 9.0, 9.7 and 2.4. How often "
        "does each word occur (three numbers)?",
        lambda: counts(WORDS, PATCHES),
        (((1, 3, 2), "nearest_word"), ((2, 4, 6), "counts_added_up")),
    ),
    "06/linear-parameters": Question(
        "How many parameters has a linear classifier with 10 classes on images of "
        "32x32x3?",
        lambda: sizes.dense_parameters(32 * 32 * 3, 10),
        (
            (32 * 32 * 3 * 10, "bias_forgotten"),
            (sizes.dense_parameters(32 * 32, 10), "depth_forgotten"),
            (32 * 32 * 3, "one_filter"),
        ),
    ),
    "06/templates": Question(
        "A perceptron has one hidden layer of 100 units on 32x32x3, and 10 classes. "
        "How many templates of the whole image are in its first layer?",
        lambda: 100,
        (
            (10, "template_per_class"),
            (32 * 32 * 3 * 100, "weights_for_templates"),
            (110, "later_layers_see_no_image"),
        ),
    ),
    "06/hog-classifier": Question(
        "HoG of 320x240 goes into a linear classifier with 4 classes. How many numbers "
        "does training change?",
        lambda: sizes.dense_parameters((320 // 8) * (240 // 8) * 9, 4),
        (
            (9, "directions_learned"),
            (10_800, "features_learned"),
            (43_200, "bias_forgotten"),
            (54_004, "features_learned"),
        ),
    ),
    "06/alexnet-filters": Question(
        "How many filters has the first layer of AlexNet, as it won in 2012?",
        lambda: 2 * 48,
        ((64, "later_variant"), (48, "one_of_two_groups")),
    ),
}
