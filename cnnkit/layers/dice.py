"""Dice, an activation whose gate follows the data.

Paper: Zhou et al. 2018, "Deep interest network for click-through rate prediction",
arXiv:1706.06978, section 5.3.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("cnnkit")
class Dice(keras.layers.Layer):
    """A leaky ReLU with a soft gate at the mean of the data, and a learned slope.

        p = sigmoid((x - mean) / sqrt(variance + epsilon))
        y = p x + (1 - p) alpha x

    Each channel has its own mean, variance and alpha.  In training mean and variance
    are those of the batch, over all positions, and move the averages that are used
    afterwards:

        moving <- momentum * moving + (1 - momentum) * batch

    Args:
        alpha: where the slopes start; they are trained.
        momentum: share of the old average that stays.  0.99 needs hundreds of steps to
            forget the start: take 0.9 in short runs.
        epsilon: added to the variance.
        kwargs: name, dtype and the like of `keras.layers.Layer`.  With trainable=False
            the averages are used in training too, as in `BatchNormalization`.

    Input shape:
        (batch, ..., channels).

    Output shape:
        The input's.  Half precision is computed in single.

    Raises:
        ValueError: if momentum is outside [0, 1), epsilon <= 0, or the input has fewer
            than two axes or an unknown number of channels.

    Source: Zhou et al. 2018, arXiv:1706.06978, equation 3; epsilon: section 5.3.

    >>> import numpy as np
    >>> x = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0], [6.0]])
    >>> y = np.asarray(Dice()(x, training=True))
    >>> [f"{value:.4f}" for value in y[:, 0]]
    ['-0.8575', '-0.4866', '0.0000', '0.6250', '1.3934', '5.4328']
    """

    def __init__(
        self,
        alpha: float = 0.25,
        momentum: float = 0.99,
        epsilon: float = 1e-8,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"expected 0 <= momentum < 1; received {momentum!r}")
        if not epsilon > 0:
            raise ValueError(f"expected epsilon > 0; received {epsilon!r}")
        self.alpha = alpha
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "expected an input (batch, ..., channels) with a known number of "
                f"channels; received shape {tuple(input_shape)}"
            )
        shape = input_shape[-1:]
        self.slope = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=keras.initializers.Constant(self.alpha),
            autocast=False,
        )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=shape,
            initializer="zeros",
            trainable=False,
            autocast=False,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=shape,
            initializer="ones",
            trainable=False,
            autocast=False,
        )

    def call(self, inputs, training=None):
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        mean, variance, slope = self.moving_mean, self.moving_variance, self.slope
        if training and self.trainable:
            batch = tuple(range(len(x.shape) - 1))
            mean, variance = ops.moments(x, axes=batch)
            for moving, new in (
                (self.moving_mean, mean),
                (self.moving_variance, variance),
            ):
                moving.assign(moving * self.momentum + new * (1 - self.momentum))
        p = ops.sigmoid((x - mean) * ops.rsqrt(variance + self.epsilon))
        return ops.cast(x * (slope + p * (1 - slope)), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "alpha": self.alpha,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
