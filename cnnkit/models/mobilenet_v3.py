"""MobileNetV3: a searched MobileNetV2 with gates and a cheaper swish.

Paper: Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le & Adam
2019, "Searching for MobileNetV3", ICCV (arXiv:1905.02244).
"""

import keras
from keras import layers

from .mobilenet_v1 import check_arguments, convolution, depthwise
from .mobilenet_v2 import divisible
from .resnet import SMALL

RE, HS = "relu", "hard_swish"

# kernel size, expanded to, filters, gate, nonlinearity, strides
LARGE = (
    (3, 16, 16, False, RE, 1),
    (3, 64, 24, False, RE, 2),
    (3, 72, 24, False, RE, 1),
    (5, 72, 40, True, RE, 2),
    (5, 120, 40, True, RE, 1),
    (5, 120, 40, True, RE, 1),
    (3, 240, 80, False, HS, 2),
    (3, 200, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 480, 112, True, HS, 1),
    (3, 672, 112, True, HS, 1),
    (5, 672, 160, True, HS, 2),
    (5, 960, 160, True, HS, 1),
    (5, 960, 160, True, HS, 1),
)
LITTLE = (
    (3, 16, 16, True, RE, 2),
    (3, 72, 24, False, RE, 2),
    (3, 88, 24, False, RE, 1),
    (5, 96, 40, True, HS, 2),
    (5, 240, 40, True, HS, 1),
    (5, 240, 40, True, HS, 1),
    (5, 120, 48, True, HS, 1),
    (5, 144, 48, True, HS, 1),
    (5, 288, 96, True, HS, 2),
    (5, 576, 96, True, HS, 1),
    (5, 576, 96, True, HS, 1),
)
STEM = 16
#  size: blocks, filters of the last convolution, units of the layer behind the mean
SIZES = {"large": (LARGE, 960, 1280), "small": (LITTLE, 576, 1024)}


def gate(x, units: int, inner: str, outer: str, name: str):
    """Squeeze and excitation: weighs each channel by what the whole map shows.

    Args:
        x: (batch, height, width, channels).
        units: Width of the hidden layer.
        inner, outer: Activations of the hidden and of the last layer.
        name: Begins the names of the layers.
    """
    g = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    g = layers.Dense(units, activation=inner, name=f"{name}_reduce")(g)
    g = layers.Dense(x.shape[-1], activation=outer, name=f"{name}_gate")(g)
    return layers.Multiply(name=f"{name}_scale")([x, g])


def bottleneck(x, row: tuple, expanded: int, filters: int, name: str):
    """Inverted residual block with a gate where the row asks for it (figure 4)."""
    kernel_size, _, _, gated, activation, strides = row
    y = x
    if expanded != x.shape[-1]:
        y = convolution(y, expanded, 1, 1, activation, f"{name}_expand")
    y = depthwise(y, kernel_size, strides, activation, f"{name}_depthwise")
    if gated:
        y = gate(y, divisible(expanded / 4), "relu", "hard_sigmoid", f"{name}_se")
    y = convolution(y, filters, 1, 1, None, f"{name}_project")
    if strides > 1 or x.shape[-1] != filters:
        return y
    return layers.Add(name=f"{name}_add")([x, y])


def mobilenet_v3(
    size: str = "large",
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    alpha: float = 1.0,
) -> keras.Model:
    """MobileNetV3-Large, 5,483,032 trainable parameters, or -Small, 2,542,856.

    Differs: table 2 has a gate also behind the last convolution of the small network;
    the authors' code, and this, do not.  `keras.applications.MobileNetV3Large` and
    Small compute the same function behind their rescaling of the images.

    Args:
        size: "large" or "small".
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the first convolution has stride 1.
        classes: Number of classes, at least 1.
        alpha: Width multiplier; channels are rounded to multiples of 8, and the layer
            behind the mean never has less units than in the table.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown size, images below 8 pixels, `classes` < 1, or
            alpha <= 0.

    Source: Howard et al. 2019, tables 1 and 2, figures 4 and 5.

    >>> [sum(gated for _, _, _, gated, _, _ in SIZES[size][0]) for size in SIZES]
    [8, 9]
    """
    check_arguments(input_shape, classes, alpha, size=(size, SIZES))
    blocks, last, units = SIZES[size]
    inputs = keras.Input(input_shape, name="image")
    strides = 1 if min(input_shape[:2]) < SMALL else 2
    x = convolution(inputs, divisible(alpha * STEM), 3, strides, HS, "conv1")
    before = STEM
    for i, row in enumerate(blocks, start=1):
        _, wide, filters, *_ = row
        expanded = divisible(wide / before * x.shape[-1])  # keeps the table's ratio
        x = bottleneck(x, row, expanded, divisible(alpha * filters), f"block{i}")
        before = filters
    x = convolution(x, divisible(alpha * last), 1, 1, HS, "conv_last")
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    units = divisible(max(1.0, alpha) * units)
    x = layers.Dense(units, activation=HS, name="dense")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name=f"mobilenet_v3_{size}")
