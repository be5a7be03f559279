"""The explorers of the lessons: live in JupyterLab, a still where nothing can run.

Each function returns an `Explorer`; end a cell with its `show()`.  With CNNKIT_TEST=1
in the environment `show()` displays one figure with alternative text and makes no
widget, which is what a stored lesson holds and a regression test compares.

The live explorers are plain ipywidgets: every control is reached with the Tab key,
and the drawings are HTML, so no output area is captured or cleared.
"""

from .base import Explorer
from .convolution import convolution_stepper, smoothing_explorer
from .drawing import draw_digit
from .pooling import pooling_stepper
from .shapes import receptive_field_explorer, size_explorer

__all__ = [
    "Explorer",
    "convolution_stepper",
    "draw_digit",
    "pooling_stepper",
    "receptive_field_explorer",
    "size_explorer",
    "smoothing_explorer",
]
