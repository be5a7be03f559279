"""Questions of lesson 01."""

import numpy as np

from .. import sizes
from .question import Question, rows

N = 224**2  # pixels
TOY_IMAGE = np.arange(1, 13).reshape(3, 4)
TOY_KERNEL = np.array([[1, 2], [3, 4]])
NINE = np.arange(1, 10).reshape(3, 3)
CROSS = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
F, G = np.array([[1, 2], [3, 4]]), np.array([[0, 1], [2, 3]])


QUESTIONS = {
    "01/seven-weights": Question(
        "A window of seven weights 7, 6, 5, 4, 3, 2, 1, newest reading first, slides "
        "over readings that are all zero except x3 = 1. What is s7?",
        lambda: (7, 6, 5, 4, 3, 2, 1)[7 - 3],
        ((5, "order_reversed"), (4, "neighbour")),
    ),
    "01/window-count": Question(
        "A window of seven weights slides over 17 readings. How many outputs have "
        "the whole window inside?",
        lambda: sizes.output_size(17, 7),
        ((17, "border_lost"), (10, "plus_one")),
    ),
    "01/noise-variance": Question(
        "Seven readings with independent noise are averaged with equal weights 1/7. "
        "By what factor does the noise variance change (a fraction or three digits)?",
        lambda: 7 * (1 / 7) ** 2,
        (
            (1, "sum_for_squares"),
            (7**-0.5, "spread_for_variance"),
            (1 / 49, "one_term_only"),
        ),
    ),
    "01/toy-shape": Question(
        "A 2x2 kernel slides over a 3x4 image without padding. What is the shape of "
        "the output?",
        lambda: (sizes.output_size(3, 2), sizes.output_size(4, 2)),
        (("3x4", "border_lost"), ("1x2", "plus_one"), ("3x2", "swapped_axes")),
    ),
    "01/toy-top-left": Question(
        "Image 1 2 3 4 / 5 6 7 8 / 9 10 11 12, kernel 1 2 / 3 4, as a library layer "
        "computes it. What is the top left output?",
        lambda: int((TOY_IMAGE[:2, :2] * TOY_KERNEL).sum()),
        ((26, "flipped"), (30, "kernel_in_one_row")),
    ),
    "01/centred-terms": Question(
        "The centred sum for a 3x3 kernel: how many terms are there in each direction?",
        lambda: len(range(-(3 // 2), 3 // 2 + 1)),
        ((4, "limits_as_printed"), (2, "zero_offset")),
    ),
    "01/bright-pixel": Question(
        "A 5x5 image is zero except for a 1 in the middle; the kernel is 1 2 3 / "
        "4 5 6 / 7 8 9. What are the middle 3x3 values that Conv2D gives with zero "
        "padding?",
        lambda: rows(NINE[::-1, ::-1]),
        (
            ("1 2 3 / 4 5 6 / 7 8 9", "bright_pixel_copies"),
            ("9 6 3 / 8 5 2 / 7 4 1", "transposed"),
        ),
        accept=(rows(np.pad(NINE[::-1, ::-1], 1)),),
    ),
    "01/does-conv2d-flip": Question(
        "Does keras.layers.Conv2D flip the kernel before it slides it (yes or no)?",
        lambda: False,
        ((True, "library_flips"),),
    ),
    "01/cross-kernel": Question(
        "The kernel 1 0 1 / 0 1 0 / 1 0 1: does it matter for the result whether it "
        "is flipped (yes or no)?",
        lambda: not np.array_equal(CROSS, CROSS[::-1, ::-1]),
        ((True, "symmetric_kernel"),),
    ),
    "01/signal-formula": Question(
        "f = 1 2 / 3 4 and g = 0 1 / 2 3. What is (f*g)[1, 1], the sum of "
        "f[a, b] g[1-a, 1-b]?",
        lambda: int(sum(F[a, b] * G[1 - a, 1 - b] for a in (0, 1) for b in (0, 1))),
        ((20, "not_flipped"),),
    ),
    "01/full-length": Question(
        "Two sequences of three samples are convolved, and every overlap counts "
        "(full). How long is the result?",
        lambda: len(np.convolve([1, 2, 3], [0, 1, 0.5])),
        ((3, "length_kept"), (6, "minus_one"), (1, "overlap_only")),
    ),
    "01/direct-or-fourier": Question(
        "A 3x3 kernel on a 224x224 image: which way takes fewer multiplications, "
        '"direct" or "fourier"?',
        lambda: "direct" if 9 * N < N * np.log2(N) else "fourier",
        (("fourier", "fourier_always_wins"), ("fft", "fourier_always_wins")),
    ),
}
