"""MobileNet: each convolution split into a depthwise 3x3 and a pointwise 1x1.

Paper: Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto & Adam 2017,
"MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
arXiv:1704.04861.
"""

import keras
from keras import layers

from .resnet import SMALL, head

# filters, strides: each row is a depthwise convolution and the 1x1 behind it
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)


def normalization(x, activation: str | None, name: str):
    """Batch normalization, then the activation if there is one."""
    x = layers.BatchNormalization(name=f"{name}_normalization")(x)
    if activation is None:
        return x
    return layers.Activation(activation, name=f"{name}_activation")(x)


def convolution(
    x, filters: int, kernel_size: int, strides: int, activation: str | None, name: str
):
    """A convolution without bias, batch normalization, activation."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return normalization(x, activation, name)


def depthwise(x, kernel_size: int, strides: int, activation: str, name: str):
    """One filter a channel without bias, batch normalization, activation."""
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides,
        "same",
        use_bias=False,
        # A filter reads one channel; Keras's fan-in counts all, its fan-out one.
        depthwise_initializer=keras.initializers.VarianceScaling(2.0, "fan_out"),
        name=name,
    )(x)
    return normalization(x, activation, name)


def check_arguments(input_shape, classes, alpha=1.0, **choices: tuple) -> None:
    """Raises ValueError; choices: name=(received, those allowed)."""
    for name, (received, allowed) in choices.items():
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
    if not alpha > 0:
        raise ValueError(f"expected alpha > 0; received alpha={alpha}")


def mobilenet_v1(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    alpha: float = 1.0,
) -> keras.Model:
    """MobileNet: 4,231,976 trainable parameters, 569 million multiply-adds.

    Differs: the activation is ReLU6, min(max(x, 0), 6), as in the authors' code, where
    the paper says ReLU.  The last depthwise convolution has stride 1, as the map sizes
    of table 1 need; its text says 2.  `keras.applications.MobileNet` computes the same
    function where all sides are even; behind odd ones its maps are one pixel smaller.

    Args:
        input_shape: (height, width, channels), height and width at least 8 pixels.
            Below 64 pixels the first convolution has stride 1.
        classes: Number of classes, at least 1.
        alpha: Width multiplier, of all channels.  The other knob of the paper, the
            resolution multiplier, is the side of the images.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For images below 8 pixels, `classes` < 1, or alpha <= 0.

    Source: Howard et al. 2017, table 1 and section 3.3.

    >>> model = mobilenet_v1((32, 32, 3), classes=10, alpha=0.25)
    >>> model.get_layer("block13_pointwise").output.shape, model.count_params()
    ((None, 2, 2, 256), 221114)
    """
    check_arguments(input_shape, classes, alpha)
    inputs = keras.Input(input_shape, name="image")
    strides = 1 if min(input_shape[:2]) < SMALL else 2
    x = convolution(inputs, max(8, int(alpha * 32)), 3, strides, "relu6", "conv1")
    for i, (filters, strides) in enumerate(BLOCKS, start=1):
        x = depthwise(x, 3, strides, "relu6", f"block{i}_depthwise")
        filters = max(8, int(alpha * filters))
        x = convolution(x, filters, 1, 1, "relu6", f"block{i}_pointwise")
    return keras.Model(inputs, head(x, classes), name="mobilenet_v1")
