"""Wide ResNet: fewer residual blocks with more channels.

Paper: Zagoruyko & Komodakis 2016, "Wide Residual Networks", BMVC (arXiv:1605.07146).
"""

import keras
from keras import layers

from .resnet import check_arguments, convolution, head, normalization

#   filters for widen_factor 1
WIDTHS = (16, 32, 64)  # in stages 1 to 3, (depth - 4) / 6 blocks each


def wide_block(x, filters: int, strides: int, dropout: float, name: str):
    """Two 3x3 convolutions, pre-activated, with dropout between them (figure 1d)."""
    y = first = normalization(x, f"{name}_conv1")
    y = convolution(y, filters, 3, strides, f"{name}_conv1")
    y = normalization(y, f"{name}_conv2")
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    y = convolution(y, filters, 3, 1, f"{name}_conv2")
    if strides > 1 or x.shape[-1] != filters:
        x = convolution(first, filters, 1, strides, f"{name}_shortcut")
    return layers.Add(name=f"{name}_add")([x, y])


def wide_resnet(
    depth: int = 28,
    widen_factor: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    dropout: float = 0.0,
) -> keras.Model:
    """WRN-28-10: 36,479,194 trainable parameters; WRN-16-8: 10,961,370.

    Differs: nowhere.  The depth of the name counts the projections of the shortcuts,
    three 1x1 convolutions, and not the dense layer.

    Args:
        depth: Convolutions, 6 n + 4 for n blocks a stage: 10, 16, 22, 28, 40, ...
        widen_factor: k; the stages have 16 k, 32 k and 64 k channels.
        input_shape: (height, width, channels), height and width at least 8 pixels.
        classes: Number of classes, at least 1.
        dropout: Rate between the convolutions of a block; 0.3 for CIFAR in the paper.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For another depth, `widen_factor` < 1, a rate outside 0 to 1,
            images below 8 pixels, or `classes` < 1.

    Source: Zagoruyko & Komodakis 2016, table 1 and figure 1d.

    >>> from cnnkit import models
    >>> models.wide_resnet(10, 2).output_shape
    (None, 10)
    """
    if depth < 10 or depth % 6 != 4:
        raise ValueError(
            "expected depth 6 n + 4: 10, 16, 22, 28, 34, 40, ...; "
            f"received depth={depth}"
        )
    if widen_factor < 1 or not 0 <= dropout < 1:
        raise ValueError(
            "expected widen_factor >= 1 and dropout from 0 to below 1; received "
            f"widen_factor={widen_factor}, dropout={dropout}"
        )
    check_arguments(depth, (depth,), input_shape, classes)
    inputs = keras.Input(input_shape, name="image")
    x = convolution(inputs, 16, 3, 1, "conv1")
    for stage, width in enumerate(WIDTHS, start=1):
        for block in range(1, (depth - 4) // 6 + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = wide_block(x, widen_factor * width, strides, dropout, name)
    x = normalization(x, "last")
    name = f"wide_resnet_{depth}_{widen_factor}"
    return keras.Model(inputs, head(x, classes), name=name)
