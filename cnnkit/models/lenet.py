"""LeNet-5, the first complete convolutional network.

Paper: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to
document recognition", Proceedings of the IEEE 86(11), section II-B and figure 2.
"""

import keras
from keras import layers

#              filters, kernel
CONVOLUTIONS = ((6, 5), (16, 5))
DENSE = (120, 84)

POOLING = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}


def lenet5(
    input_shape: tuple[int, int, int] = (32, 32, 1),
    classes: int = 10,
    activation: str = "tanh",
    pooling: str = "average",
) -> keras.Model:
    """LeNet-5 as it is taught today: 61,706 parameters, 416,520 multiply-adds.

    Differs: from the network of 1998 in three places. There each of the 16 maps of
    the second convolution reads only some of the 6 maps before it (1,516 parameters
    for 2,416), each pooled map has a trainable scale and bias, and the output layer
    measures distances to fixed patterns where this one is a softmax.

    Args:
        input_shape: (32, 32, channels), or (28, 28, channels): then the first
            convolution pads with zeros ("same"), and all later shapes are equal.
        classes: Number of classes, at least 1.
        activation: Of the hidden layers; "tanh" in the paper, "relu" today.
        pooling: "average" in the paper, "max" today.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For another image size, `classes` < 1, or an unknown pooling.

    Source: LeCun et al. 1998, figure 2.

    >>> from cnnkit import models
    >>> models.lenet5().count_params()
    61706
    """
    if tuple(input_shape[:2]) not in ((32, 32), (28, 28)) or len(input_shape) != 3:
        raise ValueError(
            "expected input_shape (32, 32, channels) or (28, 28, channels); "
            f"received {input_shape}. Pad or resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    if pooling not in POOLING:
        raise ValueError(f"expected pooling in {list(POOLING)}; received {pooling!r}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for i, (filters, kernel_size) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(
            filters,
            kernel_size,
            padding="same" if x.shape[1] == 28 and i == 1 else "valid",
            activation=activation,
            name=f"conv{i}",
        )(x)
        x = POOLING[pooling](pool_size=2, strides=2, name=f"pool{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    for i, units in enumerate(DENSE, start=3):
        x = layers.Dense(units, activation=activation, name=f"dense{i}")(x)
    outputs = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(inputs, outputs, name="lenet5")
