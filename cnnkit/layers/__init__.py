"""The layers that Keras lacks, and two blocks: everything else is Keras's own.

Channels are the last axis.  Instance normalisation is Keras's
`GroupNormalization(groups=-1)`, stochastic depth its
`Dropout(noise_shape=(None, 1, 1, 1))`.
"""

from .blocks import l2_pooling2d, squeeze_excite
from .decorrelated_batch_normalization import DecorrelatedBatchNormalization
from .dice import Dice
from .grouped_conv2d import GroupedConv2D
from .local_response_normalization import LocalResponseNormalization

__all__ = [
    "DecorrelatedBatchNormalization",
    "Dice",
    "GroupedConv2D",
    "LocalResponseNormalization",
    "l2_pooling2d",
    "squeeze_excite",
]
