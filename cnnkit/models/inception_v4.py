"""Inception v4: one plan for the whole network, deeper and more uniform than v3.

Paper: Szegedy, Ioffe, Vanhoucke & Alemi 2017, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", AAAI (arXiv:1602.07261).
"""

import keras
from keras import layers

from .inception_v2 import convolutions

MODULES = {"a": 4, "b": 7, "c": 3}  # how many of each (figure 9)
ROW, COLUMN = (1, 7), (7, 1)  # a 7x7 window in two steps
HALVE = (3, 2, "valid")  # kernel_size, strides, padding


def stem(x):
    """299x299x3 to 35x35x384, three times through two branches (figure 3)."""
    rows = ((32, 3, 2, "valid"), (32, 3, 1, "valid"), (64, 3, 1, "same"))
    x = convolutions(x, "stem1", *rows)
    branches = [
        layers.MaxPooling2D(3, 2, name="stem1_pool")(x),
        convolutions(x, "stem1_3x3", (96, *HALVE)),
    ]
    x = layers.Concatenate(name="stem1")(branches)  # 73x73x160
    wide = ((64, 1), (64, ROW), (64, COLUMN), (96, 3, 1, "valid"))
    branches = [
        convolutions(x, "stem2_3x3", (64, 1), (96, 3, 1, "valid")),
        convolutions(x, "stem2_7x7", *wide),
    ]
    x = layers.Concatenate(name="stem2")(branches)  # 71x71x192
    branches = [
        convolutions(x, "stem3_3x3", (192, *HALVE)),
        layers.MaxPooling2D(3, 2, name="stem3_pool")(x),
    ]
    return layers.Concatenate(name="stem3")(branches)


def inception_a(x, name: str):
    """35x35x384, unchanged (figure 4)."""
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (96, 1)),
        convolutions(x, f"{name}_3x3", (64, 1), (96, 3)),
        convolutions(x, f"{name}_double3x3", (64, 1), (96, 3), (96, 3)),
        convolutions(average, f"{name}_pool", (96, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_a(x, name: str):
    """35x35x384 to 17x17x1024 (figure 7; k, l, m, n of table 1)."""
    k, l, m, n = 192, 224, 256, 384  # noqa: E741
    branches = [
        convolutions(x, f"{name}_3x3", (n, *HALVE)),
        convolutions(x, f"{name}_double3x3", (k, 1), (l, 3), (m, *HALVE)),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def inception_b(x, name: str):
    """17x17x1024, unchanged (figure 5)."""
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    double = ((192, 1), (192, COLUMN), (224, ROW), (224, COLUMN), (256, ROW))
    branches = [
        convolutions(x, f"{name}_1x1", (384, 1)),
        convolutions(x, f"{name}_7x7", (192, 1), (224, ROW), (256, COLUMN)),
        convolutions(x, f"{name}_double7x7", *double),
        convolutions(average, f"{name}_pool", (128, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_b(x, name: str):
    """17x17x1024 to 8x8x1536 (figure 8)."""
    wide = ((256, 1), (256, ROW), (320, COLUMN), (320, *HALVE))
    branches = [
        convolutions(x, f"{name}_3x3", (192, 1), (192, *HALVE)),
        convolutions(x, f"{name}_7x7", *wide),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def inception_c(x, name: str):
    """8x8x1536, unchanged (figure 6)."""
    single = convolutions(x, f"{name}_3x3", (384, 1))
    steps = ((384, 1), (448, (3, 1)), (512, (1, 3)))
    double = convolutions(x, f"{name}_double3x3", *steps)
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (256, 1)),
        convolutions(single, f"{name}_3x3_row", (256, (1, 3))),
        convolutions(single, f"{name}_3x3_column", (256, (3, 1))),
        convolutions(double, f"{name}_double3x3_row", (256, (1, 3))),
        convolutions(double, f"{name}_double3x3_column", (256, (3, 1))),
        convolutions(average, f"{name}_pool", (256, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def inception_v4(
    input_shape: tuple[int, int, int] = (299, 299, 3), classes: int = 1000
) -> keras.Model:
    """Inception v4: 42,679,816 trainable parameters, 12.3 billion multiply-adds.

    Differs: from figures 3 to 6 in the order of some 1x7 and 7x1, 1x3 and 3x1 filters,
    where it follows the authors' code, and from that code by the 31,584 scales of
    batch normalization, which it leaves out.

    Args:
        input_shape: (height, width, channels), height and width at least 75 pixels.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class probabilities,
        (batch, classes).

    Raises:
        ValueError: For images below 75 pixels, or `classes` < 1.

    Source: Szegedy et al. 2017, figures 3 to 9 and table 1.

    >>> MODULES
    {'a': 4, 'b': 7, 'c': 3}
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
    for i in range(1, MODULES["a"] + 1):
        x = inception_a(x, f"inception_a{i}")
    x = reduction_a(x, "reduction_a")
    for i in range(1, MODULES["b"] + 1):
        x = inception_b(x, f"inception_b{i}")
    x = reduction_b(x, "reduction_b")
    for i in range(1, MODULES["c"] + 1):
        x = inception_c(x, f"inception_c{i}")
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name="inception_v4")
