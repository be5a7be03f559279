"""ResNet: blocks that learn what to add to their input.

Paper: He, Zhang, Ren & Sun 2016, "Deep Residual Learning for Image Recognition", CVPR
(arXiv:1512.03385).  Version 2: the same authors 2016, "Identity Mappings in Deep
Residual Networks", ECCV (arXiv:1603.05027).
"""

import math

import keras
from keras import layers

#             kernel, filters / width
BASIC = ((3, 1), (3, 1))
BOTTLENECK = ((1, 1), (3, 1), (1, 4))

#    depth: convolutions of a block, blocks in stages 1 to 4 (conv2_x to conv5_x)
RESNETS = {
    18: (BASIC, (2, 2, 2, 2)),
    34: (BASIC, (3, 4, 6, 3)),
    50: (BOTTLENECK, (3, 4, 6, 3)),
    101: (BOTTLENECK, (3, 4, 23, 3)),
    152: (BOTTLENECK, (3, 8, 36, 3)),
}
WIDTHS = (64, 128, 256, 512)
SMALL = 64  # images below this many pixels have a stem of stride 1


def convolution(x, filters: int, kernel_size: int, strides: int, name: str):
    """A convolution without bias, for the normalization next to it has one.

    Pads the same number of zeros on each side, so that it is centred on the pixels
    which the shortcut takes; "same" would pad only at the bottom and right at stride 2.
    """
    padding = "same"
    if strides > 1 and kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    return layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def normalization(x, name: str, relu: bool = True):
    """Batch normalization with the paper's constants, then ReLU if asked for."""
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=f"{name}_normalization"
    )(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def shortcut_path(x, filters: int, strides: int, kind: str, name: str):
    """`x` itself where the shapes agree; elsewhere a 1x1 convolution or added zeros."""
    if strides == 1 and x.shape[-1] == filters:
        return x
    if kind == "projection":
        return convolution(x, filters, 1, strides, f"{name}_shortcut")
    if strides > 1:  # every second pixel
        x = layers.MaxPooling2D(1, strides, name=f"{name}_shortcut_subsample")(x)
    zeros = layers.Rescaling(0.0, name=f"{name}_shortcut_zeros")(x)
    copies = [zeros] * (filters // x.shape[-1] - 1)
    return layers.Concatenate(name=f"{name}_shortcut")([x, *copies])


def residual_block(x, block: tuple, width: int, strides: tuple, name: str, kind: str):
    """Version 1: ReLU(shortcut(x) + F(x)), normalization behind each convolution."""
    y = x
    for i, (kernel_size, factor) in enumerate(block, start=1):
        y = convolution(
            y, factor * width, kernel_size, strides[i - 1], f"{name}_conv{i}"
        )
        y = normalization(y, f"{name}_conv{i}", relu=i < len(block))
    if kind != "none":
        old, x = x, shortcut_path(x, y.shape[-1], math.prod(strides), kind, name)
        if kind == "projection" and x is not old:
            x = normalization(x, f"{name}_shortcut", relu=False)
        y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)


def preactivation_block(
    x, block: tuple, width: int, strides: tuple, name: str, kind: str
):
    """Version 2: shortcut(x) + F(x), normalization and ReLU before each convolution."""
    y = first = normalization(x, f"{name}_conv1")
    for i, (kernel_size, factor) in enumerate(block, start=1):
        y = normalization(y, f"{name}_conv{i}") if i > 1 else y
        y = convolution(
            y, factor * width, kernel_size, strides[i - 1], f"{name}_conv{i}"
        )
    if kind == "none":
        return y
    changes = math.prod(strides) > 1 or x.shape[-1] != y.shape[-1]
    x = first if kind == "projection" and changes else x
    x = shortcut_path(x, y.shape[-1], math.prod(strides), kind, name)
    return layers.Add(name=f"{name}_add")([x, y])


BLOCKS = {1: residual_block, 2: preactivation_block}  # by version


def stem(x, normalized: bool = True):
    """To a quarter of the size and 64 channels; keeps the size of small images."""
    small = min(x.shape[1:3]) < SMALL
    x = convolution(x, 64, *((3, 1) if small else (7, 2)), "conv1")
    x = normalization(x, "conv1") if normalized else x
    if not small:
        x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
        x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    return x


def head(x, classes: int):
    """Mean over the map, then class probabilities."""
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name="scores")(
        x
    )


def check_arguments(depth, known, input_shape, classes, **choices: tuple) -> None:
    """Raises ValueError; choices: name=(received, those allowed)."""
    for name, (received, allowed) in {"depth": (depth, known), **choices}.items():
        if received not in allowed:
            raise ValueError(
                f"expected {name} in {list(allowed)}; received {name}={received!r}"
            )
    if len(input_shape) != 3 or None in input_shape or min(input_shape[:2]) < 8:
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 8x8 pixels; "
            f"received {input_shape}. Enlarge the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")


def resnet(
    depth: int,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    version: int = 1,
    stride_on: str = "1x1",
    shortcut: str = "projection",
) -> keras.Model:
    """ResNet-18, 34, 50, 101 or 152; ResNet-50 has 25,557,032 trainable parameters.

    Differs: nowhere in version 1.  `keras.applications.ResNet50` computes the same
    function with 26,560 parameters more: biases in front of batch normalization, which
    removes them.  Its ResNet50V2 has the stride in the last block of a stage, not in
    the first one of the next.  The paper has the stride on the first 1x1 convolution of
    a bottleneck; torchvision has it on the 3x3: 231,211,008 multiply-adds more.

    Args:
        depth: Weight layers, without those of the shortcuts.
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the stem is one 3x3 convolution of stride 1 without
            pooling, as for CIFAR.
        classes: Number of classes, at least 1.
        version: 1, or 2 for blocks with normalization and ReLU before convolutions.
        stride_on: The convolution of a bottleneck block with stride 2: "1x1" or "3x3".
        shortcut: Where shapes change, "projection" by a 1x1 convolution (option B of
            the paper) or "identity", every second pixel and zeros for the new channels
            (option A); "none" is the plain network.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown depth, version, stride_on or shortcut, images below
            8 pixels, or `classes` < 1.

    Source: He et al. 2015, table 1, figures 2, 3 and 5; version 2: He et al. 2016,
    figures 1 and 4e.

    >>> from cnnkit import models
    >>> models.resnet(18, (32, 32, 3), classes=10).count_params()
    11183562
    """
    check_arguments(
        depth,
        RESNETS,
        input_shape,
        classes,
        version=(version, BLOCKS),
        stride_on=(stride_on, ("1x1", "3x3")),
        shortcut=(shortcut, ("projection", "identity", "none")),
    )
    convolutions, blocks = RESNETS[depth]
    inputs = keras.Input(input_shape, name="image")
    x = stem(inputs, normalized=version == 1)
    for stage, (width, n) in enumerate(zip(WIDTHS, blocks, strict=True), start=1):
        for block in range(1, n + 1):
            strides = [1] * len(convolutions)
            if stage > 1 and block == 1:
                strides[stride_on == "3x3" and convolutions is BOTTLENECK] = 2
            name = f"stage{stage}_block{block}"
            x = BLOCKS[version](x, convolutions, width, strides, name, shortcut)
    if version == 2:
        x = normalization(x, "last")
    name = f"plain{depth}" if shortcut == "none" else f"resnet{depth}"
    name += "v2" if version == 2 else ""
    return keras.Model(inputs, head(x, classes), name=name)
