"""Questions of lesson 11."""

import numpy as np

from .question import Question

BATCH = np.array([1.0, 2.0, 3.0, 4.0])


def normalised(x=BATCH, gamma=2.0, beta=-1.0, epsilon=0.001, ddof=0):
    z = (x - x.mean()) / np.sqrt(x.var(ddof=ddof) + epsilon)
    return tuple((gamma * z + beta).tolist())


def moved(old_share, means=(1.0, 3.0, 5.0)):
    average = 0.0
    for mean in means:
        average = old_share * average + (1 - old_share) * mean
    return average


QUESTIONS = {
    "11/he-deviation": Question(
        "He initialisation of a 3x3 convolution on 64 channels: which standard "
        "deviation do the weights have?",
        lambda: (2 / (3 * 3 * 64)) ** 0.5,
        (
            (2 / 576, "variance_for_deviation"),
            ((2 / 64) ** 0.5, "kernel_area_forgotten"),
            ((1 / 576) ** 0.5, "xavier_for_he"),
            ((2 / 9) ** 0.5, "channels_forgotten"),
        ),
    ),
    "11/xavier-over-2": Question(
        "A recipe draws normal numbers and divides them by sqrt(n / 2), where n counts "
        "the inputs of a unit. Which variance have the weights for n = 576?",
        lambda: 1 / (576 / 2),
        (
            (1 / (2 * 576), "xavier_variance_halved"),
            (1 / (4 * 576), "xavier_deviation_halved"),
            ((2 / 576) ** 0.5, "deviation_for_variance"),
        ),
    ),
    "11/uniform-gain": Question(
        "25 weights, each uniform between -1/25 and 1/25, meet 25 inputs whose mean "
        "square is 1. What is the mean square of the output?",
        lambda: 25 * (1 / 25) ** 2 / 3,
        (
            (1 / 3, "bound_of_the_root"),
            (1 / 25, "uniform_variance"),
            ((1 / 25) ** 2 / 3, "one_term_of_the_sum"),
        ),
    ),
    "11/batch-norm": Question(
        "A batch holds 1, 2, 3, 4. Batch normalization with gamma 2, beta -1 and "
        "epsilon 0.001 makes of it (four numbers)?",
        normalised,
        (
            (normalised(ddof=1), "divided_by_one_less"),
            (tuple(2 * (z - 1) for z in normalised(gamma=1, beta=0)), "beta_first"),
            (normalised(gamma=1, beta=0), "gamma_beta_forgotten"),
        ),
    ),
    "11/bias": Question(
        "A convolution has a bias, and batch normalization follows it. Does the bias "
        "change what comes out (yes or no)?",
        lambda: not np.allclose(normalised(BATCH + 5), normalised(BATCH)),
        ((True, "bias_survives"),),
    ),
    "11/means": Question(
        "A batch of 8 images with 16 channels of 10x10. How many means do batch, layer "
        "(over all features) and instance normalisation take (three numbers)?",
        lambda: (16, 8, 8 * 16),
        (
            ((8, 16, 128), "batch_layer_swapped"),
            ((800, 1600, 100), "values_for_means"),
            (1600, "values_for_means"),
        ),
    ),
    "11/test-time": Question(
        "In use, after training: x = 3, running mean 2, running variance 4, gamma 1, "
        "beta 0, epsilon 0. What does batch normalization give?",
        lambda: (3 - 2) / 4**0.5,
        ((0, "batch_of_one"), (0.25, "divided_by_variance"), (1, "not_divided")),
    ),
    "11/running-mean": Question(
        "A running mean starts at 0, momentum 0.9. Three batches have the means 1, 3 "
        "and 5. Where is it then?",
        lambda: moved(0.9),
        ((3, "plain_mean"), (moved(0.1), "momentum_swapped"), (0.5, "last_batch_only")),
    ),
}
