"""Network in Network: each convolution goes on as a small perceptron of 1x1 kernels.

Paper: Lin, Chen & Yan 2014, "Network in network", ICLR (arXiv:1312.4400).  Its text
gives no widths; these are the authors' published models for Caffe.
"""

import keras
from keras import layers

CLASSES = None  # in the place of a width

# name: filters, kernel, strides, padding, widths of the two 1x1 layers,
#       pooling 3x3 with stride 2: kind and padding, rate of the dropout behind it
NINS = {
    "cifar10": (
        (192, 5, 1, "same", (160, 96), ("max", "same"), 0.5),
        (192, 5, 1, "same", (192, 192), ("average", "same"), 0.5),
        (192, 3, 1, "same", (192, CLASSES), None, 0),
    ),
    "imagenet": (
        (96, 11, 4, "valid", (96, 96), ("max", "same"), 0),
        (256, 5, 1, "same", (256, 256), ("max", "valid"), 0),
        (384, 3, 1, "same", (384, 384), ("max", "valid"), 0.5),
        (1024, 3, 1, "same", (1024, CLASSES), None, 0),
    ),
}
PAPER = {"cifar10": ((32, 32, 3), 10), "imagenet": ((224, 224, 3), 1000)}
SMALLEST = {"cifar10": 4, "imagenet": 59}  # pixels: one is left of the last map
POOLING = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}


def mlpconv(x, filters, kernel_size, strides, padding, widths, name):
    """A convolution and two 1x1 convolutions, each with ReLU."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        activation="relu",
        name=f"{name}_conv1",
    )(x)
    for i, width in enumerate(widths, start=2):
        x = layers.Conv2D(width, 1, activation="relu", name=f"{name}_conv{i}")(x)
    return x


def nin(
    variant: str = "cifar10",
    input_shape: tuple[int, int, int] | None = None,
    classes: int | None = None,
) -> keras.Model:
    """Network in Network: no dense layer, one map a class, averaged.

    Differs: the pooling of Caffe rounds up; where that needs a partial window, it is
    "same" here, which for these sizes gives the same windows.  The initial weights are
    Keras's.

    Args:
        variant: "cifar10" or "imagenet".
        input_shape: (height, width, channels), at least 4x4 ("cifar10": 28x28 and
            32x32 alike) or 59x59 ("imagenet").  Default: (32, 32, 3), (224, 224, 3).
        classes: Number of classes, at least 1.  Default: 10, 1000.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown variant, smaller images, or `classes` < 1.

    Source: Lin et al. 2014, figure 2; widths: the authors' Caffe models.

    >>> from cnnkit import models
    >>> models.nin("cifar10").count_params()
    966986
    """
    if variant not in NINS:
        raise ValueError(f"expected variant in {list(NINS)}; received {variant!r}")
    input_shape = PAPER[variant][0] if input_shape is None else input_shape
    classes = PAPER[variant][1] if classes is None else classes
    smallest = SMALLEST[variant]
    if len(input_shape) != 3 or not all(s and s >= smallest for s in input_shape[:2]):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least "
            f"{smallest}x{smallest}; received {input_shape}. Resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for i, row in enumerate(NINS[variant], start=1):
        filters, kernel_size, strides, padding, widths, pooling, rate = row
        widths = [classes if width is CLASSES else width for width in widths]
        x = mlpconv(x, filters, kernel_size, strides, padding, widths, f"mlpconv{i}")
        if pooling:
            kind, padding = pooling
            x = POOLING[kind](3, 2, padding, name=f"pool{i}")(x)
        if rate:
            x = layers.Dropout(rate, name=f"dropout{i}")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="average")(x)
    outputs = layers.Softmax(dtype="float32", name="scores")(x)
    return keras.Model(inputs, outputs, name=f"nin_{variant}")
