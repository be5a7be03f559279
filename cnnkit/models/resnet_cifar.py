"""The plain and residual networks that show the degradation problem on CIFAR-10.

Paper: He, Zhang, Ren & Sun 2016, "Deep Residual Learning for Image Recognition", CVPR
(arXiv:1512.03385), section 4.2.
"""

import keras

from .resnet import BASIC, BLOCKS, check_arguments, convolution, head, normalization

#   filters
WIDTHS = (16, 32, 64)  # in stages 1 to 3, (depth - 2) / 6 blocks each


def resnet_cifar(
    depth: int,
    residual: bool = True,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    version: int = 1,
    shortcut: str = "identity",
) -> keras.Model:
    """A network of 20, 32, 44, 56, ... layers; plain and residual have equal weights.

    Differs: nowhere.  With the "identity" shortcut of the paper, the network of 20
    layers has 269,722 trainable parameters, with or without its shortcuts.

    Args:
        depth: Weight layers, 6 n + 2 for n blocks a stage: 20, 32, 44, 56, 110, ...
        residual: False leaves out the shortcuts: the plain network.
        input_shape: (height, width, channels), height and width at least 8 pixels.
        classes: Number of classes, at least 1.
        version: 1, or 2 for blocks with normalization and ReLU before convolutions.
        shortcut: Where shapes change: "identity", every second pixel and zeros for the
            new channels (option A of the paper), or "projection", 2,752 weights more.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For another depth, an unknown version or shortcut, images below
            8 pixels, or `classes` < 1.

    Source: He et al. 2015, section 4.2 and figure 6.

    >>> from cnnkit import models
    >>> residual, plain = models.resnet_cifar(8), models.resnet_cifar(8, residual=False)
    >>> residual.count_params() == plain.count_params()
    True
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(
            "expected depth 6 n + 2: 8, 14, 20, 26, 32, 38, 44, 50, 56, ...; "
            f"received depth={depth}"
        )
    check_arguments(
        depth,
        (depth,),
        input_shape,
        classes,
        version=(version, BLOCKS),
        shortcut=(shortcut, ("identity", "projection")),
    )
    kind = shortcut if residual else "none"
    inputs = keras.Input(input_shape, name="image")
    x = convolution(inputs, 16, 3, 1, "conv1")
    x = normalization(x, "conv1") if version == 1 else x
    for stage, width in enumerate(WIDTHS, start=1):
        for block in range(1, (depth - 2) // 6 + 1):
            strides = (2 if stage > 1 and block == 1 else 1, 1)
            name = f"stage{stage}_block{block}"
            x = BLOCKS[version](x, BASIC, width, strides, name, kind)
    if version == 2:
        x = normalization(x, "last")
    name = f"cifar_{'resnet' if residual else 'plain'}{depth}"
    name += "v2" if version == 2 else ""
    return keras.Model(inputs, head(x, classes), name=name)
