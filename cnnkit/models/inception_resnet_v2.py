"""Inception-ResNet-v2: Inception modules that compute corrections to their input.

Paper: Szegedy, Ioffe, Vanhoucke & Alemi 2017, "Inception-v4, Inception-ResNet and the
Impact of Residual Connections on Learning", AAAI (arXiv:1602.07261).
"""

import keras
from keras import layers

from .inception_v2 import convolutions
from .inception_v3 import stem

#        block: (how many, scale of the correction, branches)
BLOCKS = {
    "a": (10, 0.17, (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3)))),
    "b": (20, 0.10, (((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1))))),
    "c": (10, 0.20, (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1))))),
}
HALVE = (3, 2, "valid")  # kernel_size, strides, padding


def inception_a(x, name: str):
    """35x35x192 to 35x35x320."""
    average = layers.AveragePooling2D(3, 1, "same", name=f"{name}_average")(x)
    branches = [
        convolutions(x, f"{name}_1x1", (96, 1)),
        convolutions(x, f"{name}_5x5", (48, 1), (64, 5)),
        convolutions(x, f"{name}_double3x3", (64, 1), (96, 3), (96, 3)),
        convolutions(average, f"{name}_pool", (64, 1)),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_a(x, name: str):
    """35x35x320 to 17x17x1088 (figure 7; k, l, m, n of table 1)."""
    k, l, m, n = 256, 256, 384, 384  # noqa: E741
    branches = [
        convolutions(x, f"{name}_3x3", (n, *HALVE)),
        convolutions(x, f"{name}_double3x3", (k, 1), (l, 3), (m, *HALVE)),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction_b(x, name: str):
    """17x17x1088 to 8x8x2080 (figure 18)."""
    branches = [
        convolutions(x, f"{name}_wide3x3", (256, 1), (384, *HALVE)),
        convolutions(x, f"{name}_3x3", (256, 1), (288, *HALVE)),
        convolutions(x, f"{name}_double3x3", (256, 1), (288, 3), (320, *HALVE)),
        layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x),
    ]
    return layers.Concatenate(name=name)(branches)


def residual_block(x, branches: tuple, scale: float, name: str):
    """x + scale * correction, the correction linear (figures 16, 17, 19 and 20)."""
    correction = [
        convolutions(x, f"{name}_branch{i}", *steps)
        for i, steps in enumerate(branches, start=1)
    ]
    correction = layers.Concatenate(name=f"{name}_branches")(correction)
    correction = layers.Conv2D(
        x.shape[-1], 1, kernel_initializer="he_normal", name=f"{name}_linear"
    )(correction)
    correction = layers.Rescaling(scale, name=f"{name}_scaled")(correction)
    return layers.Add(name=name)([x, correction])


def inception_resnet_v2(
    input_shape: tuple[int, int, int] = (299, 299, 3), classes: int = 1000
) -> keras.Model:
    """Inception-ResNet-v2: 55,843,464 trainable parameters, 13.2 billion multiply-adds.

    Differs: from the figures of the paper, which print 5, 10 and 5 blocks, maps of
    384, 1154 and 2048 channels and the stem of Inception v4; this is the network that
    its authors released (10, 20 and 10 blocks; 320, 1088 and 2080 channels; the stem
    of Inception v3). `keras.applications.InceptionResNetV2` computes the same function,
    without the 30,272 scales of batch normalization and the dropout.

    Args:
        input_shape: (height, width, channels), height and width at least 75 pixels.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class probabilities,
        (batch, classes).

    Raises:
        ValueError: For images below 75 pixels, or `classes` < 1.

    Source: Szegedy et al. 2017, figures 7 and 15 to 20, table 1 and section 3.3; counts
    and filters from the authors' code.

    >>> [(count, scale) for count, scale, branches in BLOCKS.values()]
    [(10, 0.17), (20, 0.1), (10, 0.2)]
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
    x = inception_a(stem(inputs), "inception_a")
    for stage, (count, scale, branches) in BLOCKS.items():
        if stage == "b":
            x = reduction_a(x, "reduction_a")
        if stage == "c":
            x = reduction_b(x, "reduction_b")
        for i in range(1, count + 1):
            last = stage == "c" and i == count  # not scaled, and linear
            name = f"block_{stage}{i}"
            x = residual_block(x, branches, 1.0 if last else scale, name)
            if not last:
                x = layers.ReLU(name=f"{name}_relu")(x)
    x = convolutions(x, "final", (1536, 1))
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name="inception_resnet_v2")
