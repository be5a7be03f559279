"""The architectures of the lectures: one paper family a file, each a function."""

from .densenet import densenet, densenet_cifar
from .lenet import lenet5
from .resnet import resnet
from .resnet_cifar import resnet_cifar
from .resnext import resnext
from .senet import se_resnet
from .wide_resnet import wide_resnet

__all__ = [
    "densenet",
    "densenet_cifar",
    "lenet5",
    "resnet",
    "resnet_cifar",
    "resnext",
    "se_resnet",
    "wide_resnet",
]
