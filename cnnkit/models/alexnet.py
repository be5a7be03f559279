"""AlexNet: eight weight layers on two GPUs, and the same net in one piece.

Paper: Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep
convolutional neural networks", NIPS 25, sections 3.5 and 5, figure 2.
"""

import keras
from keras import layers

from cnnkit.layers import GroupedConv2D, LocalResponseNormalization

# filters, kernel, strides, padding, in groups, first bias, normalised, pooled
CONVOLUTIONS = (
    (96, 11, 4, "valid", False, 0, True, True),
    (256, 5, 1, "same", True, 1, True, True),
    (384, 3, 1, "same", False, 0, False, False),
    (384, 3, 1, "same", True, 1, False, False),
    (256, 3, 1, "same", True, 1, False, True),
)


def normal():
    """Gaussian weights, standard deviation 0.01 (section 5)."""
    return keras.initializers.RandomNormal(stddev=0.01)


def alexnet(
    groups: int = 2,
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
) -> keras.Model:
    """AlexNet, as published in two groups, or as one tower.

    In two groups each half of conv2, conv4 and conv5 reads only the half of the maps
    that its GPU holds: 60,965,224 parameters and 724 million multiply-adds, where one
    tower of the same widths has 62,378,344 and 1,135 million.

    Differs: the paper prints 224x224, which leaves 54.25 positions to conv1; its 55
    need 227.  Normalisation runs over all maps; the paper does not say whether its
    own crosses from one GPU to the other.

    Args:
        groups: 2 (the paper) or 1.
        input_shape: (height, width, channels), at least 67x67.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For another number of groups, smaller images, or `classes` < 1.

    Source: Krizhevsky et al. 2012, figure 2; sections 3.3 (normalisation), 3.4
    (pooling), 4.2 (dropout), 5 (initial weights and biases).

    >>> from cnnkit import models
    >>> model = models.alexnet(input_shape=(67, 67, 3), classes=10)
    >>> print(model.get_layer("conv2").kernel.shape)
    (5, 5, 48, 256)
    """
    if groups not in (1, 2):
        raise ValueError(f"expected groups 1 or 2; received {groups!r}")
    if len(input_shape) != 3 or not all(
        side and side >= 67 for side in input_shape[:2]
    ):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 67x67; "
            f"received {input_shape}. Resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for i, row in enumerate(CONVOLUTIONS, start=1):
        filters, kernel_size, strides, padding, grouped, bias, normalised, pooled = row
        x = GroupedConv2D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            groups=groups if grouped else 1,
            activation="relu",
            kernel_initializer=normal(),
            bias_initializer=keras.initializers.Constant(bias),
            name=f"conv{i}",
        )(x)
        if normalised:
            x = LocalResponseNormalization(name=f"norm{i}")(x)
        if pooled:
            x = layers.MaxPooling2D(3, 2, name=f"pool{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    for i in (6, 7):
        x = layers.Dense(
            4096,
            activation="relu",
            kernel_initializer=normal(),
            bias_initializer="ones",
            name=f"dense{i}",
        )(x)
        x = layers.Dropout(0.5, name=f"dropout{i}")(x)
    outputs = layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer=normal(),
        dtype="float32",
        name="scores",
    )(x)
    return keras.Model(inputs, outputs, name=f"alexnet_{groups}_groups")
