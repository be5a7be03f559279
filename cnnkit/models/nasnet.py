"""NASNet-A: two cells found by search on small images, and stacked for large ones.

Paper: Zoph, Vasudevan, Shlens & Le 2018, "Learning Transferable Architectures for
Scalable Image Recognition", CVPR (arXiv:1707.07012).
"""

import keras
from keras import layers

from .mobilenet_v1 import check_arguments
from .resnet import SMALL, head

# The blocks of a cell; each adds what two operations have made.  An operation reads the
# cell's input, the input of the cell before it, or a block of this cell.
# left: operation, kernel size, reads    right: the same
NORMAL = (
    (("separable", 5, "input"), ("separable", 3, "before")),
    (("separable", 5, "before"), ("separable", 3, "before")),
    (("average", 3, "input"), ("identity", 1, "before")),
    (("average", 3, "before"), ("average", 3, "before")),
    (("separable", 3, "input"), ("identity", 1, "input")),
)
REDUCTION = (
    (("separable", 5, "input"), ("separable", 7, "before")),
    (("max", 3, "input"), ("separable", 7, "before")),
    (("average", 3, "input"), ("separable", 5, "before")),
    (("average", 3, "block1"), ("identity", 1, "block2")),
    (("separable", 3, "block1"), ("max", 3, "input")),
)
#                 blocks, strides, what goes side by side into the output
NORMAL_CELL = (NORMAL, 1, ("before", "block1", "block2", "block3", "block4", "block5"))
REDUCTION_CELL = (REDUCTION, 2, ("block2", "block3", "block4", "block5"))

#  variant: N normal cells a stack, P channels at the end, filters of the first
#           convolution, pixels, the cell behind a reduction reads one cell further back
NASNETS = {
    "mobile": (4, 1056, 32, 224, False),
    "large": (6, 4032, 96, 331, True),
}
POOLING = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}


def convolution(x, filters: int, name: str):
    """ReLU, 1x1 convolution, batch normalization."""
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Conv2D(filters, 1, use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_normalization")(x)


def halved(x, filters: int, name: str):
    """Half the side: every second pixel, and beside it those one to the lower right."""
    x = layers.ReLU(name=f"{name}_relu")(x)
    y = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    y = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(y)
    paths = []
    for i, path in enumerate((x, y), start=1):
        path = layers.MaxPooling2D(1, 2, name=f"{name}_subsample{i}")(path)
        path = layers.Conv2D(filters // 2, 1, use_bias=False, name=f"{name}_path{i}")(
            path
        )
        paths.append(path)
    x = layers.Concatenate(name=f"{name}_concatenate")(paths)
    return layers.BatchNormalization(name=f"{name}_normalization")(x)


def fitted(before, x, filters: int, name: str):
    """`before` with the side of x and `filters` channels; in the first cell, x."""
    if before is None:
        return x
    if before.shape[1:3] != x.shape[1:3]:
        return halved(before, filters, name)
    if before.shape[-1] != filters:
        return convolution(before, filters, name)
    return before


def separable(x, filters: int, kernel_size: int, strides: int, name: str):
    """ReLU, separable convolution, batch normalization; the same again at stride 1."""
    for i in (1, 2):
        x = layers.ReLU(name=f"{name}_relu{i}")(x)
        x = layers.SeparableConv2D(
            filters,
            kernel_size,
            strides if i == 1 else 1,
            "same",
            use_bias=False,
            # of one channel, as fan-out is here; Keras's fan-in counts all channels
            depthwise_initializer=keras.initializers.VarianceScaling(1.0, "fan_out"),
            name=f"{name}_separable{i}",
        )(x)
        x = layers.BatchNormalization(name=f"{name}_normalization{i}")(x)
    return x


def cell(x, before, filters: int, kind: tuple, name: str):
    """A normal or a reduction cell (figure 4)."""
    blocks, cell_strides, output = kind
    parts = {
        "before": fitted(before, x, filters, f"{name}_before"),
        "input": convolution(x, filters, f"{name}_input"),
    }
    for i, block in enumerate(blocks, start=1):
        pair = []
        for side, (operation, kernel_size, reads) in zip(
            ("left", "right"), block, strict=True
        ):
            y, part = parts[reads], f"{name}_block{i}_{side}"
            strides = 1 if reads.startswith("block") else cell_strides
            if operation == "separable":
                y = separable(y, filters, kernel_size, strides, part)
            elif operation in POOLING:
                y = POOLING[operation](kernel_size, strides, "same", name=part)(y)
            pair.append(y)
        parts[f"block{i}"] = layers.Add(name=f"{name}_block{i}")(pair)
    return layers.Concatenate(name=name)([parts[part] for part in output])


def nasnet(
    variant: str = "mobile",
    input_shape: tuple[int, int, int] | None = None,
    classes: int = 1000,
) -> keras.Model:
    """NASNet-A mobile, 5,289,978 trainable parameters, or large, 88,753,150.

    The paper's names are 4 @ 1056 and 6 @ 4032: normal cells a stack @ channels of the
    last map.

    Differs: without the auxiliary classifier and the scheduled dropping of paths in
    training.  The averages of batch normalization have momentum 0.99; the authors' code
    has 0.9997, with which half of their start is left after 2,300 steps.
    `keras.applications.NASNetMobile` pads the pools of stride 2 with zeros, so that at
    the border they see zeros; here, as in the authors' code, they see only the map.

    Args:
        variant: "mobile" or "large".
        input_shape: (height, width, channels), height and width at least 8 pixels;
            None: 224x224x3 for mobile, 331x331x3 for large.  Below 64 pixels the first
            convolution pads and has stride 1.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown variant, images below 8 pixels, or `classes` < 1.

    Source: Zoph et al. 2018, figures 2 and 4, table 2, appendix A.

    >>> [sum(op == "separable" for pair in cell for op, *_ in pair) for cell in
    ...  (NORMAL, REDUCTION)]
    [5, 5]
    """
    if variant in NASNETS and input_shape is None:
        input_shape = (NASNETS[variant][3],) * 2 + (3,)
    check_arguments(input_shape or (), classes, variant=(variant, NASNETS))
    n, last, first, _, further = NASNETS[variant]
    filters = last // 24  # of stack 1: stack 3 has 4 times as many, a cell puts out 6
    inputs = keras.Input(input_shape, name="image")
    small = min(input_shape[:2]) < SMALL
    strides, padding = (1, "same") if small else (2, "valid")
    x = layers.Conv2D(first, 3, strides, padding, use_bias=False, name="stem_conv")(
        inputs
    )
    x = layers.BatchNormalization(name="stem_conv_normalization")(x)
    before = None
    for i in (1, 2):
        y = cell(x, before, filters * i // 4, REDUCTION_CELL, f"stem_cell{i}")
        before, x = x, y
    for stack in (1, 2, 3):
        width = filters * 2 ** (stack - 1)
        if stack > 1:
            y = cell(x, before, width, REDUCTION_CELL, f"reduction{stack - 1}")
            before, x = before if further else x, y
        for i in range(1, n + 1):
            y = cell(x, before, width, NORMAL_CELL, f"stack{stack}_cell{i}")
            before, x = x, y
    x = layers.ReLU(name="last_relu")(x)
    return keras.Model(inputs, head(x, classes), name=f"nasnet_{variant}")
