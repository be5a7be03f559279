"""Local response normalisation: a value is damped by strong neighbours in depth.

Paper: Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep
convolutional neural networks", section 3.3.
"""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("cnnkit")
class LocalResponseNormalization(keras.layers.Layer):
    """Damps each value by its neighbours in the channels at the same position.

        y[..., c] = x[..., c] / (bias + alpha * sum of x[..., c - r to c + r]^2)^beta

    with r = (size - 1) / 2; channels that do not exist are left out.  Nothing is
    learned, and training and use are the same.

    The sums are one product with a matrix of ones along its diagonal.  On a CPU its
    gradient takes a fraction of the time of TensorFlow's own operation
    (benchmarks/README.md), for the depths that the method was made for, some hundred
    channels; the cost per value grows with depth.

    Args:
        size: neighbouring channels in the sum, odd.
        bias, alpha, beta: as in the formula; the defaults are AlexNet's.  Caffe and
            PyTorch divide alpha by the size: theirs is 5 times ours at size 5.
        kwargs: name, dtype and the like of `keras.layers.Layer`.

    Input shape:
        (batch, ..., channels).

    Output shape:
        The input's.  Half precision is computed in single.

    Raises:
        ValueError: if size is not odd and positive, or bias <= 0, alpha < 0 or
            beta <= 0, or the input has an unknown number of channels.

    Source: Krizhevsky et al. 2012, section 3.3.

    >>> import numpy as np
    >>> layer = LocalResponseNormalization(size=3, bias=1.0, alpha=1.0, beta=0.5)
    >>> [f"{value:.4f}" for value in np.asarray(layer(np.array([[1.0, 2, 3]])))[0]]
    ['0.4082', '0.5164', '0.8018']
    """

    def __init__(
        self,
        size: int = 5,
        bias: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if size != int(size) or size < 1 or size % 2 != 1:
            raise ValueError(f"expected an odd, positive size; received {size!r}")
        if not (bias > 0 and alpha >= 0 and beta > 0):
            raise ValueError(
                "expected bias > 0, alpha >= 0 and beta > 0; received "
                f"bias {bias!r}, alpha {alpha!r}, beta {beta!r}"
            )
        self.size = size
        self.bias = bias
        self.alpha = alpha
        self.beta = beta

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                "expected an input (batch, ..., channels) with a known number of "
                f"channels; received shape {tuple(input_shape)}"
            )
        channel = np.arange(input_shape[-1])
        self._near = np.abs(channel[:, None] - channel) <= self.size // 2

    def call(self, inputs):
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        sums = ops.matmul(x * x, ops.cast(self._near, x.dtype))
        # beta by way of the logarithm: a general power is several times slower
        y = x * ops.exp(-self.beta * ops.log(self.bias + self.alpha * sums))
        return ops.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "size": self.size,
            "bias": self.bias,
            "alpha": self.alpha,
            "beta": self.beta,
        }
