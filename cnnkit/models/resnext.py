"""ResNeXt: the 3x3 convolution of a bottleneck in many parallel groups.

Paper: Xie, Girshick, Dollár, Tu & He 2017, "Aggregated Residual Transformations for
Deep Neural Networks", CVPR (arXiv:1611.05431).
"""

import keras
from keras import layers

from ..layers import GroupedConv2D
from .resnet import check_arguments, convolution, head, normalization, stem

#    depth: blocks in stages 1 to 4
RESNEXTS = {
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}


def grouped_convolution(x, filters: int, strides: int, groups: int, name: str):
    """A 3x3 convolution whose filters each read 1 / groups of the channels."""
    if strides > 1:  # the same number of zeros on each side
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return GroupedConv2D(
        filters,
        3,
        strides,
        "valid" if strides > 1 else "same",
        groups=groups,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def resnext_block(x, width: int, filters: int, strides: int, groups: int, name: str):
    """1x1, grouped 3x3 and 1x1 with a shortcut (figure 3c)."""
    y = convolution(x, width, 1, 1, f"{name}_conv1")
    y = normalization(y, f"{name}_conv1")
    y = grouped_convolution(y, width, strides, groups, f"{name}_conv2")
    y = normalization(y, f"{name}_conv2")
    y = convolution(y, filters, 1, 1, f"{name}_conv3")
    y = normalization(y, f"{name}_conv3", relu=False)
    if strides > 1 or x.shape[-1] != filters:
        x = convolution(x, filters, 1, strides, f"{name}_shortcut")
        x = normalization(x, f"{name}_shortcut", relu=False)
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)


def resnext(
    depth: int = 50,
    cardinality: int = 32,
    base_width: int = 4,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
) -> keras.Model:
    """ResNeXt-50 or 101; ResNeXt-50 32x4d has 25,028,904 trainable parameters.

    Differs: nowhere.

    Args:
        depth: Weight layers, without those of the shortcuts.
        cardinality: C, the number of groups.
        base_width: d, channels of one group in stage 1; they double with each stage.
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the stem is one 3x3 convolution of stride 1 without
            pooling.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown depth, `cardinality` or `base_width` < 1, images
            below 8 pixels, or `classes` < 1.

    Source: Xie et al. 2017, table 1 and figure 3c.

    >>> [32 * 4 * 2**stage for stage in range(len(RESNEXTS[50]))]  # widths of the 3x3
    [128, 256, 512, 1024]
    """
    if cardinality < 1 or base_width < 1:
        raise ValueError(
            "expected cardinality and base_width of at least 1; received "
            f"cardinality={cardinality}, base_width={base_width}"
        )
    check_arguments(depth, RESNEXTS, input_shape, classes)
    inputs = keras.Input(input_shape, name="image")
    x = stem(inputs)
    for stage, n in enumerate(RESNEXTS[depth]):
        width, filters = cardinality * base_width * 2**stage, 256 * 2**stage
        for block in range(1, n + 1):
            strides = 2 if stage > 0 and block == 1 else 1
            name = f"stage{stage + 1}_block{block}"
            x = resnext_block(x, width, filters, strides, cardinality, name)
    name = f"resnext{depth}_{cardinality}x{base_width}d"
    return keras.Model(inputs, head(x, classes), name=name)
