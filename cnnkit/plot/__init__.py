"""Every figure of the course: one style, one way to show it, and the drawings.

Importing this module sets the style of Matplotlib for the whole process.  Helpers
draw the values they are given and nothing else, and either draw into `Axes` or return
a `Figure`; `show` displays a figure together with its alternative text.

Figures are made without pyplot, so no notebook backend shows one a second time.
"""

from .base import (
    BLUE,
    COLORS,
    DIVERGING,
    DPI,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PHOTO_DPI,
    PURPLE,
    SEQUENTIAL,
    SKY,
    STYLE,
    VERMILLION,
    WIDTH,
    figure,
    image_bytes,
    show,
)
from .convolution import convolution_step, placements
from .general import bars, images, lines, number_grid
from .network import (
    confusion_matrix,
    feature_maps,
    filters,
    mistakes,
    receptive_field,
    smoothing,
)
from .volumes import filter_volume, model

__all__ = [
    "BLUE",
    "COLORS",
    "DIVERGING",
    "DPI",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALE",
    "PHOTO_DPI",
    "PURPLE",
    "SEQUENTIAL",
    "SKY",
    "STYLE",
    "VERMILLION",
    "WIDTH",
    "bars",
    "confusion_matrix",
    "convolution_step",
    "feature_maps",
    "figure",
    "filter_volume",
    "filters",
    "image_bytes",
    "images",
    "lines",
    "mistakes",
    "model",
    "number_grid",
    "placements",
    "receptive_field",
    "show",
    "smoothing",
]
