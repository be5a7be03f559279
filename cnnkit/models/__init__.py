"""The architectures of the lectures: one paper family a file, each a function."""

from .alexnet import alexnet
from .densenet import densenet, densenet_cifar
from .efficientnet import efficientnet
from .googlenet import googlenet
from .inception_resnet_v2 import inception_resnet_v2
from .inception_v2 import inception_v2
from .inception_v3 import inception_v3
from .inception_v4 import inception_v4
from .lenet import lenet5, lenet5_1998
from .mobilenet_v1 import mobilenet_v1
from .mobilenet_v2 import mobilenet_v2
from .mobilenet_v3 import mobilenet_v3
from .nasnet import nasnet
from .nin import nin
from .resnet import resnet
from .resnet_cifar import resnet_cifar
from .resnext import resnext
from .senet import se_resnet
from .small import autoencoder, convnetjs_cifar10, digits_4x4, letter_x
from .vgg import vgg
from .wide_resnet import wide_resnet
from .zfnet import zfnet

__all__ = [
    "alexnet",
    "autoencoder",
    "convnetjs_cifar10",
    "densenet",
    "densenet_cifar",
    "digits_4x4",
    "efficientnet",
    "googlenet",
    "inception_resnet_v2",
    "inception_v2",
    "inception_v3",
    "inception_v4",
    "lenet5",
    "lenet5_1998",
    "letter_x",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3",
    "nasnet",
    "nin",
    "resnet",
    "resnet_cifar",
    "resnext",
    "se_resnet",
    "vgg",
    "wide_resnet",
    "zfnet",
]
