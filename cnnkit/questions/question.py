"""What a question is, and two ways to write down an answer."""

from collections.abc import Callable
from typing import NamedTuple

from .. import sizes


class Question(NamedTuple):
    """One question.

    text: what is asked.
    truth: computes the answer: a number, text, True or False, or a tuple of numbers.
    wrong: usual wrong answers, each with its key in `MISCONCEPTIONS`.
    accept: other forms of the right answer.
    """

    text: str
    truth: Callable
    wrong: tuple[tuple[object, str], ...]
    accept: tuple = ()


def rows(array) -> tuple:
    """A matrix of whole numbers as nested tuples."""
    return tuple(tuple(int(v) for v in row) for row in array)


def volume(n: int, kernel: int, filters: int, **rules) -> tuple[int, int, int]:
    """Shape of the output of a square convolution layer."""
    side = sizes.output_size(n, kernel, **rules)
    return side, side, filters
