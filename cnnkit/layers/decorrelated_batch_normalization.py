"""Batch normalisation that also removes the correlation between channels.

Paper: Huang, Yang, Lang & Deng 2018, "Decorrelated batch normalization", CVPR,
arXiv:1804.08450.
"""

import keras
from keras import ops

from .grouped_conv2d import PART, block_diagonal, groups_in_part


@keras.saving.register_keras_serializable("cnnkit")
class DecorrelatedBatchNormalization(keras.layers.Layer):
    """Whitening: groups of channels to mean 0, variance 1 and no correlation.

        y = gamma * (covariance + epsilon * identity)^(-1/2) (x - mean) + beta

    over the batch and all positions.  The inverse square root is the symmetric one
    (ZCA), which changes the channels as little as possible.  In training mean and
    covariance are those of the batch, and move the averages of the mean and of the
    whitening matrix W that are used afterwards:

        moving <- momentum * moving + (1 - momentum) * batch

    The root comes from the eigenvectors D and eigenvalues s^2 of the covariance.  Their
    own derivatives divide by the eigenvalues' differences and are lost when two are
    nearly equal, as they are in well-conditioned data.  The derivative of W does not:

        dW = -D (D^T dS D / (s_i s_j (s_i + s_j))) D^T

    and is put in their place.  Newton's iteration (Huang et al. 2019, arXiv:1904.03441)
    needs no eigenvectors; here it was slower at the same accuracy, and its five steps
    leave small eigenvalues short of 1 (benchmarks/README.md).

    Args:
        group_size: channels that are whitened together; it divides the channels.  None
            takes all.  An estimate needs many more values than this.
        momentum: share of the old averages that stays.  0.99 needs hundreds of steps to
            forget the start: take 0.9 in short runs.
        epsilon: added to the variances.
        center, scale: whether beta and gamma are learned.
        kwargs: name, dtype and the like of `keras.layers.Layer`.  With trainable=False
            the averages are used in training too, as in `BatchNormalization`.

    Input shape:
        (batch, ..., channels).

    Output shape:
        The input's.  Half precision is computed in single.

    Raises:
        ValueError: if group_size is not a positive integer that divides the channels,
            momentum is outside [0, 1), epsilon <= 0, or the input has fewer than two
            axes or an unknown number of channels.

    Source: Huang et al. 2018, algorithm 1; derivative: Higham 2008, "Functions of
    matrices", section 6.1.

    >>> import numpy as np
    >>> x = np.array([[2, 1], [1, 2], [-2, -1], [-1, -2], [3, 3], [-3, -3]], "float32")
    >>> layer = DecorrelatedBatchNormalization(group_size=2, epsilon=1e-6)
    >>> y = np.asarray(layer(x, training=True))
    >>> [f"{value:.3f}" for value in y[0]]
    ['1.366', '-0.366']
    >>> np.allclose(y.T @ y / 6, np.eye(2), atol=1e-4)
    True
    """

    def __init__(
        self,
        group_size: int | None = 16,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if group_size is not None and (group_size != int(group_size) or group_size < 1):
            raise ValueError(
                f"expected group_size: a positive integer or None; "
                f"received {group_size!r}"
            )
        if not 0 <= momentum < 1:
            raise ValueError(f"expected 0 <= momentum < 1; received {momentum!r}")
        if not epsilon > 0:
            raise ValueError(f"expected epsilon > 0; received {epsilon!r}")
        self.group_size = group_size
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape):
        channels = input_shape[-1]
        if len(input_shape) < 2 or channels is None:
            raise ValueError(
                "expected an input (batch, ..., channels) with a known number of "
                f"channels; received shape {tuple(input_shape)}"
            )
        size = self.group_size or channels
        if channels % size:
            raise ValueError(
                f"expected group_size to divide the {channels} channels; received "
                f"{size}: pass a divisor, or None to whiten all channels together"
            )
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=(channels,), initializer="ones", autocast=False
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=(channels,), initializer="zeros", autocast=False
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=(channels,),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )
        self.moving_whitening = self.add_weight(
            name="moving_whitening",
            shape=(channels // size, size, size),
            initializer=_identities,
            trainable=False,
            autocast=False,
        )

    def call(self, inputs, training=None):
        shape = ops.shape(inputs)
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        x = ops.reshape(x, (-1, inputs.shape[-1]))  # (values, channels)
        mean, whitening = self.moving_mean, self.moving_whitening
        groups, size, _ = whitening.shape
        together = groups_in_part(groups, size, PART)
        parts = groups // together
        if training and self.trainable:
            mean = ops.mean(x, axis=0)
        x = _cut(x - mean, parts)
        if training and self.trainable:
            covariance = _covariance(x, together) + self.epsilon * ops.eye(size)
            whitening = inverse_root(covariance, self.epsilon)
            for moving, new in (
                (self.moving_mean, mean),
                (self.moving_whitening, whitening),
            ):
                moving.assign(moving * self.momentum + new * (1 - self.momentum))
        # Whitening is a grouped 1x1 convolution: one matrix product for each part.
        kernel = ops.reshape(ops.transpose(whitening, (1, 0, 2)), (size, -1))
        if self.scale:
            kernel = kernel * self.gamma
        kernel = _cut(block_diagonal(kernel, parts, together), parts)
        y = [ops.matmul(a, b) for a, b in zip(x, kernel, strict=True)]
        y = ops.concatenate(y, axis=-1) if parts > 1 else y[0]
        if self.center:
            y = y + self.beta
        return ops.cast(ops.reshape(y, shape), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "group_size": self.group_size,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }


def inverse_root(matrix, least: float):
    """The symmetric inverse square root, with a gradient that is stable everywhere.

    Args:
        matrix: (..., size, size), symmetric, no eigenvalue below `least`.
        least: bound that rounding must not undercut.

    Returns:
        matrix^(-1/2) of that shape.  Gradients of first order are exact; of higher
        order they are not, as the eigenvectors count as constants.

    Source: Higham 2008, "Functions of matrices", section 6.1.

    >>> import numpy as np
    >>> np.asarray(inverse_root(np.diag([4.0, 16.0]), 1.0)).round(3).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    known = ops.stop_gradient(matrix)
    # A diverged net shows itself by a loss that is not a number, not by an error here:
    # the centred data carry the value on.
    finite = ops.all(ops.isfinite(known), axis=(-2, -1), keepdims=True)
    identity = ops.eye(matrix.shape[-1], dtype=known.dtype)
    values, axes = ops.eigh(ops.where(finite, known, identity))
    axes = ops.stop_gradient(axes)
    s = ops.stop_gradient(ops.sqrt(ops.maximum(values, least)))
    rows, columns = s[..., :, None], s[..., None, :]
    turned = ops.swapaxes(axes, -1, -2)
    root = ops.matmul(axes / columns, turned)
    # A change of zero size, whose derivative is that of the root.
    change = ops.matmul(ops.matmul(turned, matrix - known), axes)
    change = change / (rows * columns * (rows + columns))
    return root - ops.matmul(ops.matmul(axes, change), turned)


def _identities(shape, dtype=None):
    return ops.broadcast_to(ops.eye(shape[-1], dtype=dtype), shape)


def _cut(x, parts):
    return ops.split(x, parts, axis=-1) if parts > 1 else [x]


def _covariance(x, together):
    """(groups, size, size) of centred parts, each (values, together * size)."""
    values = ops.cast(ops.shape(x[0])[0], x[0].dtype)
    blocks = []
    for part in x:
        product = ops.matmul(ops.transpose(part), part) / values
        size = part.shape[-1] // together
        product = ops.reshape(product, (together, size, together, size))
        blocks += [product[i, :, i] for i in range(together)]
    return ops.stack(blocks)
