"""What the lessons ask before they compute, and the usual wrong answers.

An answer is computed from the inputs of its question wherever there is something to
compute.  A usual wrong answer names its cause, a key of `MISCONCEPTIONS`.
"""

import importlib
import pkgutil

from .misconceptions import MISCONCEPTIONS
from .question import Question

__all__ = ["MISCONCEPTIONS", "QUESTIONS", "Question"]

QUESTIONS: dict[str, Question] = {}
for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if _module.startswith("lesson_"):
        QUESTIONS |= importlib.import_module(f".{_module}", __name__).QUESTIONS
