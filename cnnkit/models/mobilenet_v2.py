"""MobileNetV2: residual blocks that are wide inside and narrow between each other.

Paper: Sandler, Howard, Zhu, Zhmoginov & Chen 2018, "MobileNetV2: Inverted Residuals
and Linear Bottlenecks", CVPR (arXiv:1801.04381).
"""

import keras
from keras import layers

from .mobilenet_v1 import check_arguments, convolution, depthwise
from .resnet import SMALL, head

# expansion t, channels c, blocks n, strides s of the first block
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def divisible(filters: float) -> int:
    """The multiple of 8 nearest to `filters`, but at least 8 and never 10 % below.

    >>> [divisible(n) for n in (3, 20, 26, 27)]
    [8, 24, 24, 32]
    """
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest


def inverted_residual(x, expansion: int, filters: int, strides: int, name: str):
    """1x1 to `expansion` times the channels, depthwise 3x3, 1x1 without activation."""
    y = x
    if expansion > 1:
        wide = expansion * x.shape[-1]
        y = convolution(y, wide, 1, 1, "relu6", f"{name}_expand")
    y = depthwise(y, 3, strides, "relu6", f"{name}_depthwise")
    y = convolution(y, filters, 1, 1, None, f"{name}_project")
    if strides > 1 or x.shape[-1] != filters:
        return y
    return layers.Add(name=f"{name}_add")([x, y])


def mobilenet_v2(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    alpha: float = 1.0,
) -> keras.Model:
    """MobileNetV2: 3,504,872 trainable parameters, 301 million multiply-adds.

    Differs: nowhere.  `keras.applications.MobileNetV2` computes the same function.

    Args:
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the first convolution has stride 1.
        classes: Number of classes, at least 1.
        alpha: Width multiplier; channels are rounded to multiples of 8, and the last
            convolution never has less than 1,280.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For images below 8 pixels, `classes` < 1, or alpha <= 0.

    Source: Sandler et al. 2018, tables 1 and 2, figure 4d.

    >>> sum(blocks for _, _, blocks, _ in STAGES)
    17
    """
    check_arguments(input_shape, classes, alpha)
    inputs = keras.Input(input_shape, name="image")
    strides = 1 if min(input_shape[:2]) < SMALL else 2
    x = convolution(inputs, divisible(alpha * 32), 3, strides, "relu6", "conv1")
    for stage, (expansion, filters, n, strides) in enumerate(STAGES, start=1):
        for block in range(1, n + 1):
            x = inverted_residual(
                x,
                expansion,
                divisible(alpha * filters),
                strides if block == 1 else 1,
                f"stage{stage}_block{block}",
            )
    last = divisible(max(1.0, alpha) * 1280)
    x = convolution(x, last, 1, 1, "relu6", "conv_last")
    return keras.Model(inputs, head(x, classes), name="mobilenet_v2")
