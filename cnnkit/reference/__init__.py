"""Every operation of the course in NumPy: the text to read and the tests' oracle.

Slow where clarity asks for it, complete, forward and backward; channels last, kernels
as in Keras.  Arrays of integers or of any float dtype go in; half precision is computed
in single and returned in half.
"""

from .conv import (
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    conv2d_transpose,
    conv2d_transpose_backward,
    conv_matrix,
    convolve2d,
    depthwise_conv2d,
    depthwise_conv2d_backward,
    separable_conv2d,
    separable_conv2d_backward,
)
from .pool import (
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    l2_pool2d,
    l2_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv1d",
    "conv1d_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_fft",
    "conv2d_im2col",
    "conv2d_loops",
    "conv2d_transpose",
    "conv2d_transpose_backward",
    "conv_matrix",
    "convolve2d",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "l2_pool2d",
    "l2_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "separable_conv2d",
    "separable_conv2d_backward",
]
