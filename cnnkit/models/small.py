"""The small networks of the lectures, each a few lines.

The letter X (CS-878 W4), digits of 4x4 pixels (CS7015 L11, section 11.3), the CIFAR-10
demonstration of ConvNetJS, and an autoencoder of 256 ReLUs (both CS-878 W4).
"""

import keras
import numpy as np
from keras import layers, ops

# What the three filters look for: falling diagonal, small X, rising diagonal.
LETTER_FILTERS = (
    ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    ((1, -1, 1), (-1, 1, -1), (1, -1, 1)),
    ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
)

# filters of the 5x5 convolutions of the ConvNetJS network, each with 2x2 pooling
CONVNETJS = (16, 20, 20)

WIRINGS = ("dense", "local", "shared")


def letter_x() -> keras.Model:
    """X or O on 9x9 pixels of -1 and 1: three filters, ReLU, pooling, twelve votes.

    It starts with the filters of the lectures, divided by nine, so that a perfect
    match is 1.  The votes are untrained.

    Differs: the lectures' picture of the last step is lost.  Here a second pooling
    makes twelve values of the three 4x4 maps, three times 2x2, and a softmax counts
    their votes.

    Returns:
        A model from images, (batch, 9, 9, 1), to the probabilities of X and O,
        (batch, 2).  Layers: conv, relu, pool1, pool2, flatten, scores.

    Source: CS-878 W4, worked example of convolution, ReLU and pooling.

    >>> from cnnkit import models
    >>> [layer.output.shape[1:] for layer in models.letter_x().layers[1:4]]
    [(7, 7, 3), (7, 7, 3), (4, 4, 3)]
    """
    inputs = keras.Input((9, 9, 1), name="image")
    x = layers.Conv2D(3, 3, name="conv")(inputs)
    x = layers.ReLU(name="relu")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool1")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(2, activation="softmax", dtype="float32", name="scores")(x)
    model = keras.Model(inputs, outputs, name="letter_x")
    kernel = np.moveaxis(np.array(LETTER_FILTERS), 0, -1)[:, :, None] / 9
    model.get_layer("conv").set_weights([kernel, np.zeros(3)])
    return model


def digits_4x4(wiring: str = "shared", kernels: int = 1) -> keras.Model:
    """Ten digits on 4x4 pixels, behind 9 hidden units a kernel, wired in three ways.

    Args:
        wiring: "dense": each hidden unit reads all 16 pixels (144 weights a kernel).
            "local": each reads its own 2x2 pixels (36). "shared": the same, and all
            have the same four weights: a convolution (4).
        kernels: Hidden maps of 3x3 units, at least 1.

    Returns:
        A model from images, (batch, 4, 4, 1), to class probabilities, (batch, 10).
        The layer "hidden" is the one that differs.

    Raises:
        ValueError: For an unknown wiring, or `kernels` < 1.

    Source: CS7015 L11, section 11.3, sparse connections and weight sharing.

    >>> from cnnkit import models
    >>> for wiring in ("dense", "local", "shared"):
    ...     print(models.digits_4x4(wiring).get_layer("hidden").kernel.shape)
    (16, 9)
    (3, 3, 4, 1)
    (2, 2, 1, 1)
    """
    if wiring not in WIRINGS:
        raise ValueError(f"expected wiring in {list(WIRINGS)}; received {wiring!r}")
    if kernels < 1:
        raise ValueError(f"expected at least 1 kernel; received kernels={kernels}")
    inputs = keras.Input((4, 4, 1), name="image")
    if wiring == "dense":
        x = layers.Flatten(name="pixels")(inputs)
        x = layers.Dense(9 * kernels, activation="relu", name="hidden")(x)
    elif wiring == "local":
        x = ops.image.extract_patches(inputs, (2, 2), strides=1, padding="valid")
        x = layers.EinsumDense(  # one kernel a position: (3, 3, 4 pixels, kernels)
            "bhwp,hwpk->bhwk",
            output_shape=(3, 3, kernels),
            bias_axes="hwk",
            activation="relu",
            name="hidden",
        )(x)
    else:
        x = layers.Conv2D(kernels, 2, activation="relu", name="hidden")(inputs)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(10, activation="softmax", dtype="float32", name="scores")(x)
    return keras.Model(inputs, outputs, name=f"digits_4x4_{wiring}")


def convnetjs_cifar10(
    input_shape: tuple[int, int, int] = (32, 32, 3), classes: int = 10
) -> keras.Model:
    """The network that ConvNetJS trains in a browser: 22,466 parameters.

    The demonstration subtracts 0.5 from pixels between 0 and 1, flips and shifts them
    by up to 2 pixels, and trains with Adadelta and a weight decay of 1e-4.

    Args:
        input_shape: (height, width, channels), at least 8x8.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For smaller images, or `classes` < 1.

    Source: CS-878 W4; github.com/karpathy/convnetjs, demo/cifar10.js.

    >>> from cnnkit import models
    >>> models.convnetjs_cifar10().count_params()
    22466
    """
    if len(input_shape) != 3 or not all(side and side >= 8 for side in input_shape[:2]):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 8x8; "
            f"received {input_shape}. Resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for i, filters in enumerate(CONVNETJS, start=1):
        x = layers.Conv2D(
            filters, 5, padding="same", activation="relu", name=f"conv{i}"
        )(x)
        x = layers.MaxPooling2D(2, name=f"pool{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name="convnetjs_cifar10")


def autoencoder(
    input_shape: tuple[int, int, int] = (28, 28, 1), units: int = 256, rate: float = 0.0
) -> keras.Model:
    """Images through one hidden layer of ReLUs and back, with dropout in between.

    The columns of the kernel of "hidden" are the features: as many images as units.

    Differs: the source names the hidden layer only; the output is a sigmoid, for
    pixels between 0 and 1.

    Args:
        input_shape: (height, width, channels).
        units: Hidden ReLUs, at least 1.
        rate: Share of them that dropout switches off in training, from 0 to below 1;
            0.5 in the source.

    Returns:
        A model from images, (batch, height, width, channels), to images of the same
        shape.

    Raises:
        ValueError: For an input_shape without three lengths, `units` < 1, or a rate
            outside [0, 1).

    Source: CS-878 W4; Srivastava et al. 2014, JMLR 15, section 7.1, figure 7.

    >>> from cnnkit import models
    >>> print(models.autoencoder().get_layer("hidden").kernel.shape)
    (784, 256)
    """
    if len(input_shape) != 3 or not all(input_shape):
        raise ValueError(
            f"expected input_shape (height, width, channels); received {input_shape}"
        )
    if units < 1:
        raise ValueError(f"expected at least 1 unit; received units={units}")
    if not 0 <= rate < 1:
        raise ValueError(f"expected 0 <= rate < 1; received rate={rate}")
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="pixels")(inputs)
    x = layers.Dense(units, activation="relu", name="hidden")(x)
    x = layers.Dropout(rate, name="dropout")(x)
    x = layers.Dense(
        int(np.prod(input_shape)), activation="sigmoid", dtype="float32", name="output"
    )(x)
    outputs = layers.Reshape(input_shape, dtype="float32", name="reshape")(x)
    return keras.Model(inputs, outputs, name="autoencoder")
