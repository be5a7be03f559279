"""Questions of lesson 12."""

import math

import numpy as np

from ..reference import optimizers
from .question import Question


def _walk(update, gradients, w=1.0, **options):
    """The weight after the last of some gradients."""
    w, state = np.array([w]), None
    for g in gradients:
        w, state = update(w, np.array([g]), state, **options)
    return w.item()


def _as_printed(steps=5, w=1.0, p=0.0):
    """Averaged momentum on w^2/2 with both signs as the slide has them."""
    for _ in range(steps):
        p = (1 - 0.1) * p - 0.1 * w
        w = w - 0.5 * p
    return w


QUESTIONS = {
    "12/diverges": Question(
        "Gradient descent on x^2. Above which learning rate does it diverge?",
        lambda: 2 / 2,  # two over the curvature
        ((2, "slope_of_square"), (0.5, "slope_of_square")),
    ),
    "12/two-rates": Question(
        "Gradient descent on x^2 from 1, twenty steps, once with rate 0.1, once with "
        '0.9. Which one ends nearer to zero: "0.1", "0.9" or "equal"?',
        lambda: "equal" if math.isclose(abs(1 - 0.2), abs(1 - 1.8)) else "0.1",
        (("0.1", "sides_alternate"), ("0.9", "sides_alternate")),
    ),
    "12/ridge": Question(
        "Gradient descent on x^2 - y^2 from (1, 0). Does it ever leave the line y = 0 "
        "(yes or no)?",
        lambda: -2 * 0.0 != 0,  # the slope along y
        ((True, "saddle_pushes"),),
    ),
    "12/batch-variance": Question(
        "The gradient of one random example has variance 3.5. What is the variance of "
        "the mean of two, drawn independently?",
        lambda: 3.5 / 2,
        (
            (3.5 / 4, "divided_by_square"),
            (3.5 / math.sqrt(2), "spread_for_variance"),
            (7, "sum_varies"),
        ),
    ),
    "12/steps-per-epoch": Question(
        "50,000 images in batches of 128. How many steps does Keras take in an epoch?",
        lambda: math.ceil(50_000 / 128),
        ((390, "last_batch"), (390.625, "last_batch")),
    ),
    "12/momentum": Question(
        "Momentum with rho 0.9 and rate 0.1, from 1, gradients 1, 0.5, -0.25. Where is "
        "the weight after the third?",
        lambda: _walk(optimizers.momentum, (1.0, 0.5, -0.25), learning_rate=0.1),
        ((0.875, "momentum_forgotten"), (0.9659, "mean_for_velocity")),
    ),
    "12/velocity": Question(
        "The gradient is 1 at every step, and rho is 0.9. Where does the velocity go?",
        lambda: 1 / (1 - 0.9),
        ((1, "mean_for_velocity"), (1.9, "two_terms"), (0.9, "two_terms")),
    ),
    "12/printed-momentum": Question(
        "p <- 0.9 p - 0.1 g, then w <- w - 0.5 p, on the loss w^2/2 from w = 1. Does "
        'the weight move "towards" zero or "away" from it?',
        lambda: "away" if _as_printed() > 1 else "towards",
        (("towards", "signs_unchecked"),),
    ),
    "12/own-rates": Question(
        "Two weights have gradients 10 and 0.1. In the first step of RMSProp, how many "
        "times as far does the first weight move?",
        lambda: round(
            float(np.divide(*optimizers.rmsprop(np.zeros(2), np.array([10, 0.1]))[0]))
        ),
        ((100, "scale_kept"), (0.01, "scale_inverted"), (10, "scale_kept")),
    ),
    "12/adam-first-step": Question(
        "Adam with its usual rate of 0.001. The first gradient is 50. How long is the "
        "first step?",
        lambda: -_walk(optimizers.adam, (50.0,), w=0.0),
        (
            (0.05, "rate_times_gradient"),
            (0.00316, "correction_forgotten"),
            (0.005, "rate_times_gradient"),
        ),
    ),
    "12/adam-updates": Question(
        "for t in range(1, num_iterations): with num_iterations = 100, how many "
        "updates are made?",
        lambda: len(range(1, 100)),
        ((100, "range_end"), (101, "range_end")),
    ),
    "12/printed-decay": Question(
        "To the gradient, 0 here, the slide adds -a*w with a = 0.1. The rate is 0.5, "
        "and w = 2. What is w after one step of gradient descent?",
        lambda: _walk(optimizers.sgd, (-0.1 * 2,), w=2.0, learning_rate=0.5),
        ((1.9, "signs_unchecked"), (1.8, "rate_left_out"), (2.2, "rate_left_out")),
    ),
    "12/l2-argument": Question(
        "Plain SGD with a weight decay of 0.0001. Which argument does Keras's L2 "
        "penalty, l2 * sum(w^2), need?",
        lambda: 0.0001 / 2,
        ((0.0001, "square_forgotten"), (0.0002, "square_forgotten")),
    ),
    "12/step": Question(
        "The rate starts at 0.1 and is divided by ten after epochs 30, 60 and 90. What "
        "is it in epoch 75?",
        lambda: 0.1 * 0.1 ** sum(75 >= epoch for epoch in (30, 60, 90)),
        ((0.01, "drops_counted"), (0.0001, "drops_counted")),
    ),
    "12/cosine": Question(
        "A cosine schedule from 0.1 to zero. What is the rate at a quarter of the run?",
        lambda: 0.5 * 0.1 * (1 + math.cos(math.pi / 4)),
        (
            (0.075, "linear_for_cosine"),
            (0.1 * math.cos(math.pi / 4), "cosine_not_shifted"),
            (0.05, "linear_for_cosine"),
        ),
    ),
}
