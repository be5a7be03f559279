"""Questions of lesson 13."""

from itertools import product

import numpy as np

from .question import Question

WEIGHTS = np.array([1.0, -2.0, 3.0, 0.0])
VALIDATION = [0.90, 0.70, 0.60, 0.55, 0.56, 0.54, 0.57, 0.58, 0.60]


def _patience(losses, patience):
    """Last epoch run and best epoch, from 0."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return epoch, best


QUESTIONS = {
    "13/remedy": Question(
        "Training error 20 percent, validation error 21 percent, and both are too "
        "high. What helps: more capacity, or dropout?",
        lambda: "more capacity",
        (
            ("dropout", "underfit_for_overfit"),
            ("more l2", "underfit_for_overfit"),
            ("more data", "underfit_for_overfit"),
        ),
        ("capacity", "a larger network", "larger network"),
    ),
    "13/degree-8": Question(
        "Nine points at different places. Is there always a polynomial of degree 8 "
        "that goes through all of them (yes or no)?",
        lambda: len(VALIDATION) <= 8 + 1,  # as many coefficients as points
        ((False, "constant_forgotten"),),
    ),
    "13/l2": Question(
        "What is the L2 penalty of the weights 1, -2, 3, 0, without a factor?",
        lambda: float(np.sum(WEIGHTS**2)),
        ((3.74, "root_taken"), (2, "signs_kept"), (6, "absolute_for_squares")),
    ),
    "13/l1": Question(
        "And their L1 penalty?",
        lambda: float(np.sum(np.abs(WEIGHTS))),
        ((2, "signs_kept"), (14, "squares_for_absolute")),
    ),
    "13/elastic-net": Question(
        "And their elastic net with beta = 0.5: beta times the squares plus the "
        "absolute values?",
        lambda: float(np.sum(0.5 * WEIGHTS**2 + np.abs(WEIGHTS))),
        ((20, "beta_forgotten"), (10, "beta_on_both")),
    ),
    "13/lambda-over-n": Question(
        "The mean loss is 1, the weights are 1 and -2, lambda is 0.6, n is 3. What is "
        "the cost with the penalty (lambda / n) times the sum of squares?",
        lambda: 1 + 0.6 / 3 * (1 + 4),
        ((4, "n_forgotten"), (1.5, "half_factor")),
    ),
    "13/soft": Question(
        "Which w makes 0.5 * (w - 0.3)**2 + 0.5 * |w| smallest?",
        lambda: max(0.3 - 0.5, 0.0),
        ((-0.2, "beyond_zero"), (0.15, "scaled_not_cut"), (0.3, "penalty_ignored")),
    ),
    "13/patience": Question(
        "Validation losses .90 .70 .60 .55 .56 .54 .57 .58 .60, patience 3. Which is "
        "the last epoch that runs, and which the best, counted from 0 (two numbers)?",
        lambda: _patience(VALIDATION, 3),
        (
            ((6, 3), "improvement_missed"),
            ((8, 8), "last_for_best"),
            ((9, 6), "counted_from_one"),
        ),
    ),
    "13/masks": Question(
        "Three units, each may be dropped. How many different networks?",
        lambda: len(list(product((0, 1), repeat=3))),
        ((6, "masks_added"), (3, "one_at_a_time"), (7, "none_dropped_forgotten")),
    ),
    "13/dropout-scaling": Question(
        "Drop rate 0.2, and with all inputs on a unit's sum is 2. What is its mean in "
        "training, and by which factor is it scaled at test time (two numbers)?",
        lambda: (2 * (1 - 0.2), 1 - 0.2),
        (((0.4, 0.2), "drop_rate_for_keep"), ((1.6, 1.25), "scaled_up_at_test")),
    ),
    "13/inverted": Question(
        "Inverted dropout with rate 0.2. An activation of 1 is not dropped: what "
        "does it become in training?",
        lambda: 1 / (1 - 0.2),
        ((1, "not_scaled"), (0.8, "scaled_down"), (5, "drop_rate_for_keep")),
    ),
    "13/relu-mean": Question(
        "A ReLU gets 2, 6, 0 or -4, each in a quarter of the cases. Is the mean of its "
        "outputs the ReLU of the mean input (yes or no)?",
        lambda: bool(np.maximum([2, 6, 0, -4], 0).mean() == np.mean([2, 6, 0, -4])),
        ((True, "mean_through_relu"),),
    ),
}
