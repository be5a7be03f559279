"""The architectures of the lectures: one paper family a file, each a function."""

from .lenet import lenet5

__all__ = ["lenet5"]
