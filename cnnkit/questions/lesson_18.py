"""Questions of lesson 18."""

import math

from .. import clinic
from .question import Question


def _plateau(errors, rate, patience):
    """The rate during the last epoch: a tenth after so many epochs without a best."""
    best, waited = math.inf, 0
    for error in errors[:-1]:
        best, waited = (error, 0) if error < best else (best, waited + 1)
        if waited == patience:
            rate, waited = rate / 10, 0
    return rate


def _patient(letter, *misdiagnoses):
    """Which fault of the list; misdiagnoses: (number of a fault, its misconception)."""
    return Question(
        f"Patient {letter}: which fault of the list is it (its number)?",
        lambda: clinic.PATIENTS[letter],
        misdiagnoses,
        accept=(clinic.fault(letter).name.lower(),),
    )


QUESTIONS = {
    "18/weight-decay": Question(
        "The ResNet paper's weight decay, and the argument of Keras's L2 that does the "
        "same (two numbers)?",
        lambda: (1e-4, 1e-4 / 2),
        (
            ((1e-5, 5e-6), "decay_as_printed"),
            ((1e-5, 1e-5), "decay_as_printed"),
            ((1e-4, 1e-4), "square_forgotten"),
            ((1e-4, 2e-4), "doubled_for_halved"),
        ),
    ),
    "18/plateau": Question(
        "Validation errors 50, 40, 35, 35, 35.2, 30, 29, 29.1, 29.3, 28, and a rate "
        "that falls to a tenth after two epochs without a new best. It starts at 0.1: "
        "what is it in the last epoch?",
        lambda: _plateau([50, 40, 35, 35, 35.2, 30, 29, 29.1, 29.3, 28], 0.1, 2),
        ((0.01, "second_stall_missed"), (0.0001, "drop_at_each_rise")),
    ),
    "18/first-loss": Question(
        "Ten classes, and a network that knows nothing and gives each the same "
        "probability. What is its cross-entropy loss?",
        lambda: math.log(10),
        (
            (0.1, "probability_for_loss"),
            (1, "log_of_ten_to_ten"),
            (0, "zero_is_perfect"),
        ),
    ),
    "18/two-softmaxes": Question(
        "A network of ten classes with two softmaxes on top of each other. What is the "
        "smallest loss that it can reach?",
        lambda: -math.log(math.e / (math.e + 9)),
        (
            (0, "softmax_sees_probabilities"),
            (2.3, "nothing_but_guessing"),
            (1, "others_forgotten"),
        ),
    ),
    "18/patient-a": _patient("A", (7, "dead_later"), (3, "pixels_in_order")),
    "18/patient-b": _patient(
        "B", (12, "no_explosion"), (7, "units_answer"), (8, "all_have_moved")
    ),
    "18/patient-c": _patient("C", (12, "flat_from_the_start"), (8, "none_to_read")),
    "18/patient-d": _patient("D", (8, "all_have_moved"), (12, "loss_has_a_floor")),
    "18/patient-e": _patient("E", (9, "averages_catch_up"), (1, "images_fit_labels")),
    "18/patient-f": _patient("F", (4, "nothing_is_drawn"), (2, "a_leak_flatters")),
    "18/patient-g": _patient("G", (6, "more_than_the_last"), (4, "nothing_is_drawn")),
    "18/patient-h": _patient("H", (5, "answers_change"), (2, "a_leak_flatters")),
    "18/patient-i": _patient("I", (7, "units_answer"), (10, "below_the_floor")),
    "18/patient-j": _patient("J", (11, "one_by_one_the_same"), (4, "nothing_is_drawn")),
    "18/patient-k": _patient("K", (12, "before_the_first_step"), (7, "units_answer")),
    "18/patient-l": _patient("L", (2, "fresh_ones_too"), (9, "own_curve_fine")),
    "18/which-costs-more": Question(
        "Which needs more multiply-adds for an image, VGG-16 or ResNet-152?",
        lambda: "vgg-16",
        (("resnet-152", "depth_for_cost"),),
        accept=("vgg", "vgg16", "vgg 16"),
    ),
    "18/error-ratio": Question(
        "Top-5 errors without external data: 16.4 percent in 2012, 3.57 in 2015. What "
        "part of the first is the second?",
        lambda: 3.57 / 16.4,
        ((0.233, "external_data_row"), (0.7, "human_row"), (0.782, "fall_for_rest")),
    ),
    "18/single-network": Question(
        "Is 3.57 percent the error of one network of 152 layers (True or False)?",
        lambda: False,
        ((True, "ensemble_for_network"),),
    ),
    "18/share-of-a-batch": Question(
        "Four processes train together with batches of 256 images. How many images of "
        "a batch does each of them see?",
        lambda: 256 // 4,
        ((256, "batch_not_shared"), (1024, "batch_grows")),
    ),
}
