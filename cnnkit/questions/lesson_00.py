"""The question on which lesson 00 shows how questions work."""

from .question import Question

QUESTIONS = {
    "00/pixels": Question(
        "A grey image of 8 rows and 6 columns is a grid of numbers. How many?",
        lambda: 8 * 6,
        ((14, "sides_added"), (144, "three_colours")),
    ),
}
