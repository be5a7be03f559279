"""Questions of lesson 14."""

from .. import augment, sizes
from .question import Question

QUESTIONS = {
    "14/variants": Question(
        "Shifts of up to 2 pixels in both directions, and flips. How many variants of "
        "one image are there, the image itself included?",
        lambda: 2 * (2 * 2 + 1) ** 2,
        ((32, "zero_shift_forgotten"), (25, "flips_forgotten"), (50 - 1, "itself_too")),
    ),
    "14/positions": Question(
        "In how many positions can a 224x224 crop lie in a 256x256 image?",
        lambda: sizes.output_size(256, 224) ** 2,
        ((1024, "plus_one"), (33, "one_axis_only"), (32, "plus_one")),
    ),
    "14/contrast": Question(
        "Pixels 50, 100, 150; contrast 1.2 around their mean, brightness +10. What "
        "becomes of them (three numbers)?",
        lambda: tuple(1.2 * (p - 100) + 100 + 10 for p in (50, 100, 150)),
        (
            ((70, 130, 190), "contrast_around_zero"),
            ((40, 100, 160), "brightness_forgotten"),
        ),
    ),
    "14/digits": Question(
        "May handwritten digits be flipped left to right to get more training data "
        "(yes or no)?",
        lambda: False,
        ((True, "flip_keeps_label"),),
    ),
    "14/views": Question(
        "Ten crops at each of five scales: how many views, and how many *distinct* "
        "ones at scale 224 of a square image (two numbers)?",
        lambda: (
            5 * 2 * len(augment.crop_corners(256, 256, 224)),
            2 * len(set(augment.crop_corners(224, 224, 224))),
        ),
        (((50, 10), "corners_coincide"), ((25, 1), "flips_forgotten")),
    ),
    "14/where": Question(
        "Where do random transforms belong: training, validation, or both?",
        lambda: "training",
        (("both", "random_validation"), ("validation", "random_validation")),
        ("training only", "training set"),
    ),
}
