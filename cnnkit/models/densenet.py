"""DenseNet: every layer of a block reads the outputs of all layers before it.

Paper: Huang, Liu, van der Maaten & Weinberger 2017, "Densely Connected Convolutional
Networks", CVPR (arXiv:1608.06993).
"""

import keras
from keras import layers

from .resnet import check_arguments, convolution, head, normalization, stem

#      depth: layers in blocks 1 to 4
DENSENETS = {
    121: (6, 12, 24, 16),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}


def dense_layer(x, growth_rate: int, name: str):
    """Puts `growth_rate` channels behind those of x; the 1x1 is the bottleneck (B)."""
    y = normalization(x, f"{name}_conv1")
    y = convolution(y, 4 * growth_rate, 1, 1, f"{name}_conv1")
    y = normalization(y, f"{name}_conv2")
    y = convolution(y, growth_rate, 3, 1, f"{name}_conv2")
    return layers.Concatenate(name=f"{name}_concatenate")([x, y])


def transition(x, name: str):
    """Halves the channels (the compression, C) and the sides."""
    x = normalization(x, f"{name}_conv")
    x = convolution(x, x.shape[-1] // 2, 1, 1, f"{name}_conv")
    return layers.AveragePooling2D(2, 2, name=f"{name}_pool")(x)


def dense_blocks(x, blocks: tuple, growth_rate: int):
    """Dense blocks with transitions between them."""
    for block, n in enumerate(blocks, start=1):
        x = transition(x, f"transition{block - 1}") if block > 1 else x
        for layer in range(1, n + 1):
            x = dense_layer(x, growth_rate, f"block{block}_layer{layer}")
    return normalization(x, "last")


def densenet(
    depth: int,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
) -> keras.Model:
    """DenseNet-121, 169 or 201; DenseNet-121 has 7,978,856 trainable parameters.

    Differs: nowhere.  `keras.applications.DenseNet121` computes the same function.

    Args:
        depth: Weight layers.
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the stem is one 3x3 convolution of stride 1 without
            pooling.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown depth, images below 8 pixels, or `classes` < 1.

    Source: Huang et al. 2017, table 1 and equation 2; growth rate 32.

    >>> [2 * sum(blocks) + 5 for blocks in DENSENETS.values()]
    [121, 169, 201]
    """
    check_arguments(depth, DENSENETS, input_shape, classes)
    inputs = keras.Input(input_shape, name="image")
    x = dense_blocks(stem(inputs), DENSENETS[depth], 32)
    return keras.Model(inputs, head(x, classes), name=f"densenet{depth}")


def densenet_cifar(
    depth: int = 100,
    growth_rate: int = 12,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
) -> keras.Model:
    """DenseNet-BC for CIFAR: with depth 100 and growth rate 12, 769,162 parameters.

    Differs: without the dropout that the paper uses where it does not augment.

    Args:
        depth: Weight layers, 6 n + 4 for n layers in each of the three blocks.
        growth_rate: k, channels that each layer adds.
        input_shape: (height, width, channels), height and width at least 8 pixels.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For another depth, `growth_rate` < 1, images below 8 pixels, or
            `classes` < 1.

    Source: Huang et al. 2017, sections 3 and 4.2, table 2.

    >>> from cnnkit import models
    >>> models.densenet_cifar(10, 4).get_layer("block3_layer1_concatenate").output.shape
    (None, 8, 8, 9)
    """
    if depth < 10 or depth % 6 != 4 or growth_rate < 1:
        raise ValueError(
            "expected depth 6 n + 4 (10, 16, 22, ..., 100, ...) and growth_rate >= 1; "
            f"received depth={depth}, growth_rate={growth_rate}"
        )
    check_arguments(depth, (depth,), input_shape, classes)
    inputs = keras.Input(input_shape, name="image")
    x = convolution(inputs, 2 * growth_rate, 3, 1, "conv1")
    x = dense_blocks(x, ((depth - 4) // 6,) * 3, growth_rate)
    name = f"densenet_bc_{depth}_{growth_rate}"
    return keras.Model(inputs, head(x, classes), name=name)
