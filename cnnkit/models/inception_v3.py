"""Inception v3: large filters factorised into small and one-dimensional ones.

Paper: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna 2016, "Rethinking the Inception
Architecture for Computer Vision", CVPR (arXiv:1512.00567).
"""

import keras
from keras import layers

from .inception_v2 import convolutions

POOLED_A = (32, 64, 64)  # Inception A: filters behind the pooling, one each module
NARROW_B = (128, 160, 160, 192)  # Inception B: filters between the 1x7 and 7x1
MODULES_C = 2  # Inception C


def stem(x):
    """299x299x3 to 35x35x192."""
    rows = ((32, 3, 2, "valid"), (32, 3, 1, "valid"), (64, 3, 1, "same"))
    x = convolutions(x, "stem1", *rows)
    x = layers.MaxPooling2D(3, 2, name="stem1_pool")(x)
    x = convolutions(x, "stem2", (80, 1), (192, 3, 1, "valid"))
    return layers.MaxPooling2D(3, 2, name="stem2_pool")(x)


def inception_a(x, pooled: int, name: str):
    """35x35 maps: the 5x5 of GoogLeNet, and beside it two 3x3 in a row (figure 5)."""
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (64, 1)),
        convolutions(x, f"{name}_5x5", (48, 1), (64, 5)),
        convolutions(x, f"{name}_double3x3", (64, 1), (96, 3), (96, 3)),
        convolutions(average, f"{name}_pool", (pooled, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_a(x, name: str):
    """35x35 to 17x17: convolutions of stride 2 beside the pooling (figure 10)."""
    last = (96, 3, 2, "valid")
    branches = [
        convolutions(x, f"{name}_3x3", (384, 3, 2, "valid")),
        convolutions(x, f"{name}_double3x3", (64, 1), (96, 3), last),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def inception_b(x, narrow: int, name: str):
    """17x17 maps: 7x7 windows as 1x7 and 7x1 filters (figure 6)."""
    n, row, column = narrow, (1, 7), (7, 1)
    double = ((n, 1), (n, column), (n, row), (n, column), (192, row))
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (192, 1)),
        convolutions(x, f"{name}_7x7", (n, 1), (n, row), (192, column)),
        convolutions(x, f"{name}_double7x7", *double),
        convolutions(average, f"{name}_pool", (192, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_b(x, name: str):
    """17x17 to 8x8."""
    wide = ((192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, "valid"))
    branches = [
        convolutions(x, f"{name}_3x3", (192, 1), (320, 3, 2, "valid")),
        convolutions(x, f"{name}_7x7", *wide),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def inception_c(x, name: str):
    """8x8 maps: 1x3 and 3x1 filters side by side widen the module (figure 7)."""
    single = convolutions(x, f"{name}_3x3", (384, 1))
    double = convolutions(x, f"{name}_double3x3", (448, 1), (384, 3))
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (320, 1)),
        convolutions(single, f"{name}_3x3_row", (384, (1, 3))),
        convolutions(single, f"{name}_3x3_column", (384, (3, 1))),
        convolutions(double, f"{name}_double3x3_row", (384, (1, 3))),
        convolutions(double, f"{name}_double3x3_column", (384, (3, 1))),
        convolutions(average, f"{name}_pool", (192, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def auxiliary_classifier(x, classes: int):
    """The head on the last 17x17 map, batch-normalized (figure 8)."""
    pool = min(5, x.shape[1], x.shape[2])
    x = layers.AveragePooling2D(pool, 3, name="auxiliary_pool")(x)
    last = (768, min(5, x.shape[1], x.shape[2]), 1, "valid")
    x = convolutions(x, "auxiliary", (128, 1), last)
    x = layers.GlobalAveragePooling2D(name="auxiliary_global_pool")(x)  # of 1x1 at 299
    return layers.Dense(
        classes, activation="softmax", dtype="float32", name="auxiliary_scores"
    )(x)


def inception_v3(
    input_shape: tuple[int, int, int] = (299, 299, 3),
    classes: int = 1000,
    auxiliary: bool = False,
) -> keras.Model:
    """Inception v3: 23,834,568 trainable parameters, 5.7 billion multiply-adds.

    Differs: from table 1 of the paper, whose stem (80 filters of 3x3, then 192 with
    stride 2, then 288) is not that of the network its authors released; this is the
    released one. `keras.applications.InceptionV3` computes the same function, without
    the 17,216 scales of batch normalization, the dropout and the auxiliary classifier.

    Args:
        input_shape: (height, width, channels), height and width at least 75 pixels.
        classes: Number of classes, at least 1.
        auxiliary: Also return the scores of the auxiliary classifier, whose kernels
            shrink to the map where it is smaller than at 299 pixels.

    Returns:
        A model from images, (batch, height, width, channels), to class probabilities
        `scores`, (batch, classes); with `auxiliary` to the list of `scores` and
        `auxiliary_scores`.

    Raises:
        ValueError: For images below 75 pixels, or `classes` < 1.

    Source: Szegedy et al. 2016, table 1 and figures 5 to 10; dropout and the filters
    of each module from the authors' code.

    >>> inception_v3((64, 64, 3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: expected input_shape ... at least 75x75 pixels; received (64, 64, 3)...
    """
    sides = input_shape[:2]
    if len(input_shape) != 3 or not all(side and side >= 75 for side in sides):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 75x75 pixels; "
            f"received {input_shape}. Enlarge the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = stem(inputs)
    for i, pooled in enumerate(POOLED_A, start=1):
        x = inception_a(x, pooled, f"inception_a{i}")
    x = reduction_a(x, "reduction_a")
    for i, narrow in enumerate(NARROW_B, start=1):
        x = inception_b(x, narrow, f"inception_b{i}")
    outputs = [auxiliary_classifier(x, classes)] if auxiliary else []
    x = reduction_b(x, "reduction_b")
    for i in range(1, MODULES_C + 1):
        x = inception_c(x, f"inception_c{i}")
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    scores = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    outputs = [scores, *outputs] if auxiliary else scores
    return keras.Model(inputs, outputs, name="inception_v3")
