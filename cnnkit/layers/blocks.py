"""Blocks that need no class: a tensor goes in, a tensor comes out."""

import keras
from keras import layers, ops


def squeeze_excite(x, ratio: int = 16, name: str = "squeeze_excite"):
    """Scales each channel by a gate that has seen the whole image.

        squeeze  s = mean of each map
        excite   g = sigmoid(W2 relu(W1 s + b1) + b2), W1 narrows to channels / ratio
        scale    y = g x

    It adds 2 C^2 / ratio + C / ratio + C parameters for C channels.

    Args:
        x: (batch, height, width, channels).
        ratio: how much narrower the middle is; it divides the channels.
        name: start of the layers' names.

    Returns:
        A tensor of the shape of x.

    Raises:
        ValueError: if ratio is not a positive integer that divides the channels, or x
            has not four axes.

    Source: Hu, Shen & Sun 2018, arXiv:1709.01507, equations 2 to 4.

    >>> image = keras.Input((56, 56, 256))
    >>> keras.Model(image, squeeze_excite(image)).count_params()
    8464
    """
    channels = _channels(x)
    if ratio != int(ratio) or ratio < 1 or channels % ratio:
        raise ValueError(
            f"expected ratio to be a positive integer that divides the {channels} "
            f"channels; received {ratio!r}"
        )
    narrow = int(channels // ratio)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    gate = layers.Dense(narrow, activation="relu", name=f"{name}_reduce")(gate)
    gate = layers.Dense(channels, activation="sigmoid", name=f"{name}_gate")(gate)
    return layers.Multiply(name=f"{name}_scale")([x, gate])


def l2_pooling2d(
    x,
    pool_size: int | tuple[int, int] = 2,
    strides: int | tuple[int, int] | None = None,
    padding: str = "valid",
    name: str = "l2_pooling",
):
    """The root of the mean of squares of each window, for each channel.

    Args:
        x: (batch, height, width, channels).
        pool_size: side, or (height, width), of a window in pixels.
        strides: pixels from one window to the next; the window's size if None.
        padding: "valid", or "same": then pixels beyond the edge do not count.
        name: of the layer that takes the mean, between the square and the root.

    Returns:
        (batch, output height, output width, channels), in the dtype of x.  Half
        precision is computed in single, where squares have room.  The gradient of a
        window of zeros is 0.

    Raises:
        ValueError: if x has not four axes, and as `AveragePooling2D`.

    Source: IS 6733 (pooling).

    >>> import numpy as np
    >>> x = np.array([[[[1], [7]], [[5], [5]]]], "float32")
    >>> np.asarray(l2_pooling2d(x)).item()
    5.0
    """
    _channels(x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    wide = keras.backend.result_type(dtype, "float32")
    x = ops.square(x if dtype == wide else ops.cast(x, wide))
    x = layers.AveragePooling2D(pool_size, strides, padding, name=name, dtype=wide)(x)
    # The root's slope at 0 is infinite; below the bound, the maximum's is 0.
    x = ops.sqrt(ops.maximum(x, 1e-30))
    return x if dtype == wide else ops.cast(x, dtype)


def _channels(x) -> int:
    if len(x.shape) != 4:
        raise ValueError(
            "expected x with the axes (batch, height, width, channels); "
            f"received shape {tuple(x.shape)}"
        )
    return x.shape[-1]
