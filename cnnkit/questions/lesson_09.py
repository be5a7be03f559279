"""Questions of lesson 09."""

import numpy as np

from .. import reference
from .question import Question, rows

SCORES = np.array([[2.0, 3.5, -1.0]])
RIGHT = np.array([0.7, 0.2, 0.9])  # probabilities of the true classes
IMAGE = np.arange(1.0, 10).reshape(1, 3, 3, 1)
KERNEL = np.array([[1.0, 0], [-1, 2]])[:, :, None, None]
UPSTREAM = np.array([[1.0, 2], [0, -1]])[None, :, :, None]


def kernel_gradient():
    _, kernel, _ = reference.conv2d_backward(UPSTREAM, IMAGE, KERNEL)
    return rows(kernel[..., 0, 0])


def winner_gets_all():
    window = np.array([[1.0, 5], [3, 2]])[None, :, :, None]
    upstream = np.full((1, 1, 1, 1), 7.0)
    return rows(reference.max_pool2d_backward(upstream, window)[0, ..., 0])


QUESTIONS = {
    "09/hinge": Question(
        "Scores 2, 3.5 and -1; the first class is the true one. Each wrong class pays "
        "by how much it comes closer than a margin of 1. What is the loss?",
        lambda: float(reference.multiclass_hinge(SCORES, [0])[0]),
        (
            (3.5, "true_class_included"),
            (1.5, "margin_forgotten"),
            (0.5, "negative_terms_kept"),
        ),
    ),
    "09/softmax": Question(
        "The same scores, 2, 3.5 and -1, the first class true. What is the softmax "
        "loss?",
        lambda: float(reference.softmax_cross_entropy(SCORES, [0])[0]),
        (
            (0.743, "base_ten"),
            (0.181, "probability_for_loss"),
            (-1.710, "minus_forgotten"),
        ),
    ),
    "09/log-likelihood": Question(
        "Three examples; the network gave their true classes the probabilities 0.7, "
        "0.2 and 0.9. What is the log-likelihood of the data?",
        lambda: float(np.log(RIGHT).sum()),
        (
            (0.126, "likelihood_itself"),
            (2.071, "loss_for_likelihood"),
            (-0.8996, "base_ten"),
            (-0.690, "mean_for_sum"),
            (1.8, "probabilities_added"),
        ),
    ),
    "09/quotient": Question(
        "x moves from 3 to 3.1. How much does x squared change, per unit of x?",
        lambda: (3.1**2 - 3.0**2) / 0.1,
        ((6, "limit_taken"), (0.61, "step_forgotten"), (-6.1, "order_of_subtraction")),
    ),
    "09/derivative": Question(
        "Raising a weight by 0.0001 changes the loss from 1.25347 to 1.25322. What is "
        "the derivative, about?",
        lambda: (1.25322 - 1.25347) / 0.0001,
        (
            (2.5, "order_of_subtraction"),
            (-0.00025, "step_forgotten"),
            (0.00025, "step_forgotten"),
        ),
    ),
    "09/precision": Question(
        "Both losses are rounded to five decimals, so each may be wrong by 0.000005. "
        "By how much may the estimate with a step of 0.0001 be wrong?",
        lambda: 2 * 0.000005 / 0.0001,
        ((0.05, "one_rounding"), (0.00001, "step_forgotten"), (0, "errors_cancel")),
    ),
    "09/evaluations": Question(
        "LeNet-5 has 61,706 weights. How many times must the loss be evaluated for "
        "the gradient by forward differences?",
        lambda: 61706 + 1,
        (
            (1, "one_evaluation"),
            (61706, "base_forgotten"),
            (123412, "centred_for_forward"),
        ),
    ),
    "09/slope": Question(
        "The gradient is (3, 4). How steep is the loss along the direction (1.2, 1.6)?",
        lambda: float(np.dot((3, 4), np.divide((1.2, 1.6), np.hypot(1.2, 1.6)))),
        ((10, "direction_not_unit"), (7, "partials_added"), (-5, "uphill_is_plus")),
    ),
    "09/fall": Question(
        "The squares of the nine partial derivatives sum to 14.7. The weights move by "
        "0.001 times the negative gradient. By how much does the loss fall, about?",
        lambda: 0.001 * 14.7,
        (
            (0.001 * 14.7**0.5, "norm_not_squared"),
            (14.7, "step_forgotten"),
            (-0.0147, "fall_is_positive"),
        ),
    ),
    "09/gears": Question(
        "y = 3x and z = 2y. By how much does z change for a unit of x?",
        lambda: 3 * 2,
        ((5, "rates_added"), (2, "last_stage_only"), (3, "first_stage_only")),
    ),
    "09/start": Question(
        "The backward run starts at the end of the chain. What is the gradient of z5 "
        "by z5?",
        lambda: 1,
        ((0, "no_change_by_itself"),),
    ),
    "09/local": Question(
        "A stage computes w times z plus b, with w = 2 and z = 3. What is its "
        "derivative by w?",
        lambda: 3,
        ((2, "by_the_other"), (6, "value_for_slope"), (1, "slope_by_bias")),
    ),
    "09/kernel-gradient": Question(
        "Input 1 2 3 / 4 5 6 / 7 8 9; the gradient arrives at the 2x2 output as 1 2 / "
        "0 -1. What is the gradient by the four kernel weights?",
        kernel_gradient,
        (
            (((8, 6), (2, 0)), "gradient_rotated"),
            (((0, 6), (2, 8)), "transposed"),
            (((1, 2), (0, -1)), "upstream_for_gradient"),
        ),
    ),
    "09/winner": Question(
        "A max pooling window holds 1 5 / 3 2, and the gradient 7 arrives at its "
        "output. What goes back to the four pixels?",
        winner_gets_all,
        (
            (((7, 7), (7, 7)), "all_win"),
            (((1.75, 1.75), (1.75, 1.75)), "gradient_shared"),
            (((0, 35), (0, 0)), "value_times_gradient"),
        ),
    ),
    "09/thirty-stages": Question(
        "Thirty stages in a chain, each with a local derivative of 0.5. What is the "
        "derivative of the end by the beginning?",
        lambda: 0.5**30,
        ((15, "rates_added"), (0.5, "one_factor"), (0, "not_quite_zero")),
    ),
}
