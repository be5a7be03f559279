"""SENet: residual blocks that weigh their channels by what the whole map shows.

Paper: Hu, Shen & Sun 2018, "Squeeze-and-Excitation Networks", CVPR (arXiv:1709.01507).
"""

import keras
from keras import layers

from ..layers import squeeze_excite
from .resnet import WIDTHS, check_arguments, convolution, head, normalization, stem

#    depth: blocks in stages 1 to 4
SE_RESNETS = {
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


def se_block(x, width: int, strides: tuple, ratio: int, name: str):
    """A bottleneck whose output is weighed before the addition (figure 3)."""
    y = convolution(x, width, 1, strides[0], f"{name}_conv1")
    y = normalization(y, f"{name}_conv1")
    y = convolution(y, width, 3, strides[1], f"{name}_conv2")
    y = normalization(y, f"{name}_conv2")
    y = convolution(y, 4 * width, 1, 1, f"{name}_conv3")
    y = normalization(y, f"{name}_conv3", relu=False)
    y = squeeze_excite(y, ratio, f"{name}_se")
    if max(strides) > 1 or x.shape[-1] != 4 * width:
        x = convolution(x, 4 * width, 1, max(strides), f"{name}_shortcut")
        x = normalization(x, f"{name}_shortcut", relu=False)
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)


def se_resnet(
    depth: int = 50,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    ratio: int = 16,
    stride_on: str = "1x1",
) -> keras.Model:
    """SE-ResNet-50, 101 or 152; SE-ResNet-50 has 28,088,024 trainable parameters.

    Differs: nowhere.  The gates have biases, as in the authors' code.

    Args:
        depth: Weight layers, without those of the shortcuts and gates.
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the stem is one 3x3 convolution of stride 1 without
            pooling.
        classes: Number of classes, at least 1.
        ratio: r; the gate of C channels has C / r hidden units.
        stride_on: The convolution of a block with stride 2: "1x1", as the authors, or
            "3x3", with which others have repeated it.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown depth or stride_on, a ratio that does not divide the
            channels, images below 8 pixels, or `classes` < 1.

    Source: Hu et al. 2018, table 1, figure 3, equations 2 to 4.

    >>> sum(2 * (4 * w) ** 2 // 16 * n for w, n in zip(WIDTHS, SE_RESNETS[50]))
    2514944
    """
    check_arguments(
        depth, SE_RESNETS, input_shape, classes, stride_on=(stride_on, ("1x1", "3x3"))
    )
    inputs = keras.Input(input_shape, name="image")
    x = stem(inputs)
    for stage, (width, n) in enumerate(
        zip(WIDTHS, SE_RESNETS[depth], strict=True), start=1
    ):
        for block in range(1, n + 1):
            strides = [1, 1]
            if stage > 1 and block == 1:
                strides[stride_on == "3x3"] = 2
            x = se_block(x, width, tuple(strides), ratio, f"stage{stage}_block{block}")
    return keras.Model(inputs, head(x, classes), name=f"se_resnet{depth}")
