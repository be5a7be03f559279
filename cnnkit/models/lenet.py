"""LeNet-5, the first complete convolutional network.

Paper: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to
document recognition", Proceedings of the IEEE 86(11), section II-B and figure 2.
"""

import keras
import numpy as np
from keras import layers, ops

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

    Differs: from the network of 1998, `lenet5_1998`, in three places. There each of
    the 16 maps of the second convolution reads only some of the 6 maps before it
    (1,516 parameters for 2,416), each pooled map has a trainable scale and bias, and
    the output layer measures distances to fixed patterns where this one is a softmax.

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
    _check_input_shape(input_shape)
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
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name="lenet5")


def _check_input_shape(input_shape):
    if tuple(input_shape[:2]) not in ((32, 32), (28, 28)) or len(input_shape) != 3:
        raise ValueError(
            "expected input_shape (32, 32, channels) or (28, 28, channels); "
            f"received {input_shape}. Pad or resize the images first."
        )


# The network of 1998.  Which maps of S2 (rows) a map of C3 (columns) reads: Table I.
C3_TABLE = (
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
)

# Patterns of the ten classes, 12x7 pixels each: what F6 should show.
DIGITS = (
    "....... ....... ....... ....... ....... ....... ....... ....... ....... .......",
    "..###.. ...##.. .#####. ####### ....##. ####### ..####. ####### .#####. .#####.",
    ".##.##. ..###.. ##...## .....## ...###. ##..... .##.... ##...## ##...## ##...##",
    "##...## .####.. .....## ....##. ..####. ##..... ##..... .....## ##...## ##...##",
    "##...## ...##.. .....## ...##.. .##.##. ######. ##..... ....##. ##...## ##...##",
    "##...## ...##.. ....##. ..####. ##..##. ##...## ######. ....##. .#####. .######",
    "##...## ...##.. ...##.. .....## ##..##. .....## ##...## ...##.. .#####. .....##",
    "##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##",
    "##...## ...##.. .##.... .....## ....##. .....## ##...## ..##... ##...## .....##",
    ".##.##. ...##.. ##..... ##...## ....##. ##...## ##...## ..##... ##...## ....##.",
    "..###.. .###### ####### .#####. ....##. .#####. .#####. ..##... .#####. .####..",
    "....... ....... ....... ....... ....... ....... ....... ....... ....... .......",
)


@keras.saving.register_keras_serializable("cnnkit")
def squash(x):
    """1.7159 tanh(2x / 3): about the identity between -1 and 1 (appendix A)."""
    return 1.7159 * ops.tanh(x * (2 / 3))


def fan_in(inputs):
    """Uniform within ±2.4 / inputs, where a unit reads that many numbers."""
    return keras.initializers.RandomUniform(-2.4 / inputs, 2.4 / inputs)


@keras.saving.register_keras_serializable("cnnkit")
class TableConv2D(layers.Layer):
    """Convolution whose maps read only some of the input maps; "valid", stride 1.

    One kernel a link: weights of shape (height, width, links), spread over a dense
    kernel in which the missing links are zeros.

    Args:
        table: one string an input map, one letter an output map; "X" is a link.
        kernel_size: height and width of each kernel, in pixels.
        activation: applied to the sum of links and bias.

    Raises:
        ValueError: if the input has another number of maps than the table has rows.

    Source: LeCun et al. 1998, Table I.
    """

    def __init__(self, table, kernel_size, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.table = tuple(table)
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.links = np.array([[x == "X" for x in row] for row in self.table])

    def build(self, input_shape):
        maps, filters = self.links.shape
        if input_shape[-1] != maps:
            raise ValueError(f"expected {maps} input maps; received {input_shape[-1]}")
        sources, targets = np.nonzero(self.links)
        self.spread = np.eye(maps * filters)[sources * filters + targets]
        reads = self.kernel_size**2 * self.links.sum(axis=0)[targets]
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, len(targets)),
            initializer=lambda shape, dtype: (
                keras.random.uniform(shape, -1, 1, dtype) * ops.cast(2.4 / reads, dtype)
            ),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(filters,), initializer="zeros", name="bias")

    def call(self, x):  # (batch, height, width, maps)
        kernel = ops.matmul(self.kernel, ops.cast(self.spread, self.compute_dtype))
        kernel = ops.reshape(kernel, (*self.kernel.shape[:2], *self.links.shape))
        return self.activation(ops.conv(x, kernel, padding="valid") + self.bias)

    def get_config(self):
        return {
            **super().get_config(),
            "table": self.table,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable("cnnkit")
class DigitDistance(layers.Layer):
    """Minus the squared distance of 84 numbers to each of the ten `DIGITS`.

    The patterns are weights that do not train: ink +1, paper -1.

    Source: LeCun et al. 1998, section II-B, output layer, and figure 3.
    """

    def build(self, input_shape):
        ink = np.array([[list(d) for d in row.split(" ")] for row in DIGITS]) == "#"
        patterns = ink.transpose(0, 2, 1).reshape(84, 10) * 2.0 - 1
        self.patterns = self.add_weight(
            shape=patterns.shape,
            initializer=lambda shape, dtype: ops.cast(patterns, dtype),
            trainable=False,
            name="patterns",
        )

    def call(self, x):  # (batch, 84)
        return -ops.sum((x[:, :, None] - self.patterns) ** 2, axis=1)


def lenet5_1998(input_shape: tuple[int, int, int] = (32, 32, 1)) -> keras.Model:
    """LeNet-5 as published: 60,000 trainable parameters, 340,908 connections.

    C3 reads S2 through a table, S2 and S4 have a trainable scale and bias for each
    map, all units but the last squash with 1.7159 tanh(2x / 3), and the output
    measures how far the 84 units of F6 are from ten fixed pictures of digits.  The
    paper's input has -0.1 for paper and 1.175 for ink.

    Differs: the scores are minus the paper's distances, so that the largest wins and
    `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` is its equation 9
    but for the constant e^-j.  S2 and S4 start as plain averages.  The digits are drawn
    after figure 3, not copied from it.

    Args:
        input_shape: (32, 32, channels), or (28, 28, channels): then C1 pads with
            zeros ("same"), and all later shapes are equal.

    Returns:
        A model from images, (batch, height, width, channels), to scores, (batch, 10),
        at most 0.

    Raises:
        ValueError: For another image size.

    Source: LeCun et al. 1998, section II-B, Table I, figures 2 and 3.

    >>> from cnnkit import models
    >>> model = models.lenet5_1998()
    >>> model.get_layer("C3").count_params(), model.count_params()
    (1516, 60840)
    """
    _check_input_shape(input_shape)
    inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(
        6,
        5,
        padding="same" if inputs.shape[1] == 28 else "valid",
        activation=squash,
        kernel_initializer=fan_in(25 * input_shape[2]),
        name="C1",
    )(inputs)
    x = _subsampling(x, "S2")
    x = TableConv2D(C3_TABLE, 5, activation=squash, name="C3")(x)
    x = _subsampling(x, "S4")
    x = layers.Conv2D(
        120, 5, activation=squash, kernel_initializer=fan_in(400), name="C5"
    )(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(84, activation=squash, kernel_initializer=fan_in(120), name="F6")(
        x
    )
    outputs = DigitDistance(dtype="float32", name="scores")(x)
    return keras.Model(inputs, outputs, name="lenet5_1998")


def _subsampling(x, name):
    """Mean of 2x2, then one trainable scale and bias a map: a 1x1 depthwise kernel."""
    x = layers.AveragePooling2D(2, name=f"{name}_mean")(x)
    return layers.DepthwiseConv2D(
        1, activation=squash, depthwise_initializer="ones", name=name
    )(x)
