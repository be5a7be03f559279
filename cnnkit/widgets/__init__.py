"""The explorers of the lessons: live in JupyterLab, a still where nothing can run.

Each function returns an `Explorer`; end a cell with its `show()`.  With CNNKIT_TEST=1
in the environment `show()` displays one figure with alternative text and makes no
widget, which is what a stored lesson holds and a regression test compares.

The live explorers are plain ipywidgets: every control is reached with the Tab key,
and the drawings are HTML, so no output area is captured or cleared.
"""

from .activations import activation_explorer
from .augmentation import augmentation_viewer
from .base import Explorer
from .chain import backpropagation_stepper
from .convolution import convolution_stepper, smoothing_explorer
from .drawing import draw_digit
from .filtering import kernel_explorer
from .live_training import training_view
from .normalization import normalization_explorer
from .optimizers import optimizer_playground
from .pixel import pixel_picker
from .pooling import pooling_stepper
from .regularization import penalty_explorer, polynomial_explorer
from .shapes import receptive_field_explorer, size_explorer
from .wiring import wiring_explorer

__all__ = [
    "Explorer",
    "activation_explorer",
    "augmentation_viewer",
    "backpropagation_stepper",
    "convolution_stepper",
    "draw_digit",
    "kernel_explorer",
    "normalization_explorer",
    "optimizer_playground",
    "penalty_explorer",
    "pixel_picker",
    "polynomial_explorer",
    "pooling_stepper",
    "receptive_field_explorer",
    "size_explorer",
    "smoothing_explorer",
    "training_view",
    "wiring_explorer",
]
