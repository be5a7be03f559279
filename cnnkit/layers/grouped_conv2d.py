"""Convolution in groups of channels whose gradient is fast on a CPU too.

Paper: Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep
convolutional neural networks", section 3.5 (two groups); Xie et al. 2017,
arXiv:1611.05431, figure 3(c) (32 groups).
"""

import keras
from keras import ops

# Channels that go into one convolution: wide enough to keep a core busy, narrow enough
# that the zeros of a block-diagonal kernel cost little. 1x1 kernels are so cheap that
# fewer, wider parts win. Measured: benchmarks/README.md.
PART = 32
PART_1X1 = 64


@keras.saving.register_keras_serializable("cnnkit")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with groups: same weights, same results, sooner done.

    On a CPU, training `Conv2D(groups=g)` takes up to several hundred times as long as
    the same sums in another order.  This layer cuts the channels into parts of about 32
    and convolves each part on its own; where several groups share a part, zeros in its
    kernel keep them apart.  With a GPU in sight it is Keras's layer, unchanged.

    Differs: from Keras in rounding (the order of the sums), and an infinite value
    reaches the groups that share its part, as 0 times infinity is not a number.

    Args:
        filters: depth of the output.
        kernel_size: side, or (height, width), in pixels.
        strides, padding, dilation_rate: as in `Conv2D`.
        groups: parts into which the channels are split; each filter sees one part.
        kwargs: every other argument of `Conv2D`, by name: activation, use_bias, ...

    Input shape:
        (batch, height, width, channels); groups divides the channels.

    Output shape:
        (batch, output height, output width, filters).

    Raises:
        ValueError: if groups does not divide the filters and the input's channels, for
            data_format "channels_first", and as `Conv2D`.

    Source: Krizhevsky et al. 2012, section 3.5.

    Two towers that do not see each other, as in AlexNet's second convolution:

    >>> import numpy as np
    >>> layer = GroupedConv2D(256, 5, padding="same", groups=2)
    >>> layer(np.ones((1, 27, 27, 96), "float32")).shape == (1, 27, 27, 256)
    True
    >>> tuple(layer.kernel.shape), layer.count_params()
    ((5, 5, 48, 256), 307456)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        *,
        dilation_rate: int | tuple[int, int] = 1,
        groups: int = 1,
        **kwargs,
    ):
        if groups != int(groups) or groups < 1 or filters % groups:
            raise ValueError(
                "expected groups that divide the filters; received "
                f"groups {groups}, filters {filters}"
            )
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            dilation_rate=dilation_rate,
            groups=groups,
            **kwargs,
        )
        if self.data_format != "channels_last":
            raise ValueError(
                'expected data_format "channels_last", (batch, height, width, '
                f'channels); received "{self.data_format}"'
            )

    def build(self, input_shape):
        if input_shape[-1] is None or input_shape[-1] % self.groups:
            raise ValueError(
                "expected groups that divide the input's channels; received "
                f"groups {self.groups}, input shape {tuple(input_shape)}"
            )
        super().build(input_shape)

    def convolution_op(self, inputs, kernel):
        if self.groups == 1 or not only_cpu():
            return super().convolution_op(inputs, kernel)
        width = PART_1X1 if self.kernel_size == (1, 1) else PART
        together = groups_in_part(self.groups, kernel.shape[2], width)
        parts = self.groups // together
        kernel = block_diagonal(kernel, parts, together)
        convolve = super().convolution_op
        if parts == 1:
            return convolve(inputs, kernel)
        pairs = zip(
            ops.split(inputs, parts, axis=-1),
            ops.split(kernel, parts, axis=-1),
            strict=True,
        )
        return ops.concatenate([convolve(x, k) for x, k in pairs], axis=-1)


def only_cpu() -> bool:
    """Whether the backend computes on CPUs, and on nothing else."""
    devices = keras.distribution.list_devices()
    return all(device.lower().startswith("cpu") for device in devices)


def groups_in_part(groups: int, size: int, width: int) -> int:
    """How many groups of `size` channels fit side by side into `width` channels.

    >>> groups_in_part(32, size=4, width=32)
    8
    >>> groups_in_part(2, size=48, width=32)
    1
    """
    fitting = [n for n in range(1, groups + 1) if not groups % n and n * size <= width]
    return max(fitting, default=1)


def block_diagonal(kernel, parts: int, together: int):
    """Kernels that read neighbouring groups at once and ignore all but their own.

    Args:
        kernel: (..., channels of a group, filters), the groups' filters in turn.
        parts, together: the groups are `parts` times `together` neighbours.

    Returns:
        (..., together * channels of a group, filters), zero where a filter meets
        another group's channels.

    Three groups of one channel become three columns of one matrix:

    >>> import numpy as np
    >>> np.asarray(block_diagonal(np.array([[2.0, 3.0, 4.0]]), 1, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]
    """
    kernel = ops.convert_to_tensor(kernel)
    if together == 1:
        return kernel
    *window, size, filters = kernel.shape
    own = ops.eye(together, dtype=kernel.dtype)
    own = ops.reshape(own, (together, 1, 1, together, 1))
    kernel = ops.reshape(kernel, (*window, 1, size, parts, together, -1)) * own
    return ops.reshape(kernel, (*window, together * size, filters))
