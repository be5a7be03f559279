"""EfficientNet: depth, width and resolution of one network scaled together.

Paper: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", ICML (arXiv:1905.11946).
"""

import math

import keras
from keras import layers

from .mobilenet_v1 import check_arguments, convolution, depthwise
from .mobilenet_v2 import divisible
from .mobilenet_v3 import gate
from .resnet import SMALL

# The stages 2 to 8 of B0: kernel size, expansion, channels, layers, strides
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)
FIRST, LAST = 32, 1280  # channels of the convolutions in stages 1 and 9

# Depth, width and resolution grow by these factors a step: equation 3, section 5.1
ALPHA, BETA, GAMMA = 1.2, 1.1, 1.15

#  variant: width, depth, pixels, dropout
EFFICIENTNETS = {
    "b0": (1.0, 1.0, 224, 0.2),
    "b1": (1.0, 1.1, 240, 0.2),
    "b2": (1.1, 1.2, 260, 0.3),
    "b3": (1.2, 1.4, 300, 0.3),
    "b4": (1.4, 1.8, 380, 0.4),
    "b5": (1.6, 2.2, 456, 0.4),
    "b6": (1.8, 2.6, 528, 0.5),
    "b7": (2.0, 3.1, 600, 0.5),
}
DROP = 0.2  # share of the images for which the last block is skipped


def mbconv(
    x,
    kernel_size: int,
    expansion: int,
    filters: int,
    strides: int,
    drop: float,
    name: str,
):
    """Inverted residual block with a gate, skipped for a share `drop` in training."""
    y = x
    if expansion > 1:
        wide = expansion * x.shape[-1]
        y = convolution(y, wide, 1, 1, "swish", f"{name}_expand")
    y = depthwise(y, kernel_size, strides, "swish", f"{name}_depthwise")
    y = gate(y, x.shape[-1] // 4, "swish", "sigmoid", f"{name}_se")
    y = convolution(y, filters, 1, 1, None, f"{name}_project")
    if strides > 1 or x.shape[-1] != filters:
        return y
    # one draw an image: all of the block or nothing (stochastic depth)
    y = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def efficientnet(
    variant: str = "b0",
    input_shape: tuple[int, int, int] | None = None,
    classes: int = 1000,
) -> keras.Model:
    """EfficientNet-B0 to B7; B0 has 5,288,548 trainable parameters.

    Step by step the paper multiplies depth by alpha = 1.2, width by beta = 1.1 and
    resolution by gamma = 1.15, which costs alpha * beta^2 * gamma^2 ≈ 2 times the
    multiply-adds.  The authors' code rounds the results to the table here.

    Differs: nowhere.  `keras.applications.EfficientNetB0` computes the same function
    of images of 0 to 255, for it contains a rescaling and a normalization, with 7
    numbers more.  Stochastic depth is as in the authors' code: the share of images
    that skip a block grows from 0 to 0.2 with the depth of the block.

    Args:
        variant: "b0" to "b7".
        input_shape: (height, width, channels), height and width at least 8 pixels;
            None: the variant's resolution, 224x224x3 for B0.  Below 64 pixels the
            first convolution has stride 1.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown variant, images below 8 pixels, or `classes` < 1.

    Source: Tan & Le 2019, table 1, equation 3, section 5.

    >>> f"{ALPHA * BETA**2 * GAMMA**2:.5f}"
    '1.92027'
    """
    if variant in EFFICIENTNETS and input_shape is None:
        input_shape = (EFFICIENTNETS[variant][2],) * 2 + (3,)
    check_arguments(input_shape or (), classes, variant=(variant, EFFICIENTNETS))
    width, depth, _, dropout = EFFICIENTNETS[variant]
    repeats = [math.ceil(depth * n) for _, _, _, n, _ in STAGES]
    inputs = keras.Input(input_shape, name="image")
    strides = 1 if min(input_shape[:2]) < SMALL else 2
    x = convolution(inputs, divisible(width * FIRST), 3, strides, "swish", "stage1")
    done = 0
    for stage, (row, n) in enumerate(zip(STAGES, repeats, strict=True), start=2):
        kernel_size, expansion, filters, _, strides = row
        for block in range(1, n + 1):
            x = mbconv(
                x,
                kernel_size,
                expansion,
                divisible(width * filters),
                strides if block == 1 else 1,
                DROP * done / sum(repeats),
                f"stage{stage}_block{block}",
            )
            done += 1
    x = convolution(x, divisible(width * LAST), 1, 1, "swish", "stage9")
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name=f"efficientnet_{variant}")
