"""Every figure of the course: one style, one way to show it, and the drawings.

Importing this module sets the style of Matplotlib for the whole process.  Helpers
draw the values they are given and nothing else, and either draw into `Axes` or return
a `Figure`; `show` displays a figure together with its alternative text.

Figures are made without pyplot, so no notebook backend shows one a second time.
"""

from .activations import activations
from .architectures import back_to_back, descent, networks, stacks
from .augmentation import crop_rectangles, pixel_cloud
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
from .clinic import patient_charts
from .convolution import convolution_step, placements
from .course import course_map
from .features import direction_cells, heat, tiles, word_counts
from .filtering import filtering, orientations
from .general import bars, images, lines, number_grid
from .gradients import chain, loss_surface
from .inception import (
    audit,
    branch_costs,
    module_branches,
    size_chain,
    weight_areas,
)
from .live_training import training_moment
from .network import (
    confusion_matrix,
    feature_maps,
    filters,
    mistakes,
    receptive_field,
    smoothing,
)
from .normalization import normalization_cubes, signal_histograms
from .optimizers import optimizer_paths
from .pixel import one_by_one
from .recipe import checklist, depth_and_error, efficiency
from .records import record_curves
from .regularization import (
    dropout_masks,
    feature_sheets,
    polynomial_fit,
    weight_histograms,
)
from .residual import blocks, family, searched_cell
from .volumes import filter_volume, model
from .wiring import WEIGHT_COLORS, wiring

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
    "WEIGHT_COLORS",
    "WIDTH",
    "activations",
    "audit",
    "back_to_back",
    "bars",
    "blocks",
    "branch_costs",
    "chain",
    "checklist",
    "confusion_matrix",
    "convolution_step",
    "course_map",
    "crop_rectangles",
    "depth_and_error",
    "descent",
    "direction_cells",
    "dropout_masks",
    "efficiency",
    "family",
    "feature_maps",
    "feature_sheets",
    "figure",
    "filter_volume",
    "filtering",
    "filters",
    "heat",
    "image_bytes",
    "images",
    "lines",
    "loss_surface",
    "mistakes",
    "model",
    "module_branches",
    "networks",
    "normalization_cubes",
    "number_grid",
    "one_by_one",
    "optimizer_paths",
    "orientations",
    "patient_charts",
    "pixel_cloud",
    "placements",
    "polynomial_fit",
    "receptive_field",
    "record_curves",
    "searched_cell",
    "show",
    "signal_histograms",
    "size_chain",
    "smoothing",
    "stacks",
    "tiles",
    "training_moment",
    "weight_areas",
    "weight_histograms",
    "wiring",
    "word_counts",
]
