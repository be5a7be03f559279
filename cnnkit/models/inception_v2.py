"""Inception v2: the network that introduced batch normalization, BN-Inception.

Paper: Ioffe & Szegedy 2015, "Batch Normalization: Accelerating Deep Network Training
by Reducing Internal Covariate Shift", ICML (arXiv:1502.03167), appendix.
"""

import keras
from keras import layers

POOLING = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}

# module: 1x1, 3x3 reduce, 3x3, double 3x3 reduce, double 3x3, pooling, projection
MODULES = {
    "3a": (64, 64, 64, 64, 96, "average", 32),
    "3b": (64, 64, 96, 64, 96, "average", 64),
    "3c": (0, 128, 160, 64, 96, "max", 0),  # without 1x1 filters: stride 2
    "4a": (224, 64, 96, 96, 128, "average", 128),
    "4b": (192, 96, 128, 96, 128, "average", 128),
    "4c": (160, 128, 160, 128, 160, "average", 96),
    "4d": (96, 128, 192, 160, 192, "average", 96),
    "4e": (0, 128, 192, 192, 256, "max", 0),
    "5a": (352, 192, 320, 160, 224, "average", 128),
    "5b": (352, 192, 320, 192, 224, "max", 128),
}


def convolutions(x, name: str, *steps: tuple):
    """Convolutions in a row, each with batch normalization and ReLU behind it.

    Args:
        x: (batch, height, width, channels).
        name: Begins the names of the layers: `name`_conv1, `name`_conv2, ...
        steps: (filters, kernel_size) or (filters, kernel_size, strides, padding).
    """
    for i, (filters, kernel_size, *rest) in enumerate(steps, start=1):
        strides, padding = rest or (1, "same")
        layer = f"{name}_conv{i}"
        x = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding,
            use_bias=False,
            kernel_initializer="he_normal",
            name=layer,
        )(x)
        x = layers.BatchNormalization(name=f"{layer}_normalization")(x)
        x = layers.ReLU(name=f"{layer}_relu")(x)
    return x


def inception(x, row: tuple, name: str):
    """One module: 1x1, 3x3 and twice 3x3 filters and pooling, side by side."""
    single, reduce, filters, reduce_double, double, pooling, projection = row
    strides = 1 if single else 2
    last = (double, 3, strides, "same")
    pooled = POOLING[pooling](3, strides, "same", name=f"{name}_{pooling}")(x)
    branches = [
        convolutions(x, f"{name}_3x3", (reduce, 1), (filters, 3, strides, "same")),
        convolutions(x, f"{name}_double3x3", (reduce_double, 1), (double, 3), last),
    ]
    if single:
        first = convolutions(x, f"{name}_1x1", (single, 1))
        pooled = convolutions(pooled, f"{name}_pool", (projection, 1))
        branches = [first, *branches]
    return layers.Concatenate(name=name)([*branches, pooled])


def inception_v2(
    input_shape: tuple[int, int, int] = (224, 224, 3), classes: int = 1000
) -> keras.Model:
    """BN-Inception: 11,188,288 trainable parameters, 1.9 billion multiply-adds.

    Two networks are called Inception v2. This is the earlier: GoogLeNet with batch
    normalization and two 3x3 filters for each 5x5. The other has 42 layers and is a
    step towards v3 in the paper of v3.

    Differs: from the network that is passed on as `bninception` (11,295,240), which
    has an ordinary first convolution, 128 filters behind the pooling of 4c and 4d, and
    biases before batch normalization. Images below 64 pixels keep more of their size:
    the first convolution is 3x3 with stride 1, and no pooling follows it.

    Args:
        input_shape: (height, width, channels), height and width at least 28 pixels.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class probabilities,
        (batch, classes).

    Raises:
        ValueError: For images below 28 pixels, or `classes` < 1.

    Source: Ioffe & Szegedy 2015, figure 5; the separable first convolution, section
    4.2.

    >>> [sum((m[0], m[2], m[4], m[6])) for m in MODULES.values() if m[0]]
    [256, 320, 576, 576, 576, 576, 1024, 1024]
    """
    sides = input_shape[:2]
    if len(input_shape) != 3 or not all(side and side >= 28 for side in sides):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 28x28 pixels; "
            f"received {input_shape}. Enlarge the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    small = min(sides) < 64
    inputs = keras.Input(input_shape, name="image")
    x = layers.SeparableConv2D(
        64,
        3 if small else 7,
        1 if small else 2,
        "same",
        depth_multiplier=8,
        use_bias=False,
        name="conv1",
    )(inputs)
    x = layers.BatchNormalization(name="conv1_normalization")(x)
    x = layers.ReLU(name="conv1_relu")(x)
    if not small:
        x = layers.MaxPooling2D(3, 2, "same", name="pool1")(x)
    x = convolutions(x, "stem2", (64, 1), (192, 3))
    x = layers.MaxPooling2D(3, 2, "same", name="pool2")(x)
    for module, row in MODULES.items():
        x = inception(x, row, f"inception_{module}")
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name="inception_v2")
