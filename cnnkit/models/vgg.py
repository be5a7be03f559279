"""VGG: depth from 3x3 convolutions alone.

Paper: Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale
image recognition", ICLR (arXiv:1409.1556), Table 1.
"""

import keras
from keras import layers

from cnnkit.layers import LocalResponseNormalization

# name:    stages, each followed by max pooling: kernel sizes of its convolutions;
#          "LRN" is a local response normalisation       Simonyan & Zisserman, Table 1
VGGS = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3, "LRN"), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
FILTERS = (64, 128, 256, 512, 512)  # of all convolutions of a stage


def stage(x, filters, kernel_sizes, name):
    """Convolutions with ReLU, then a maximum that halves the map."""
    for i, kernel_size in enumerate(kernel_sizes, start=1):
        if kernel_size == "LRN":
            x = LocalResponseNormalization(name=f"{name}_norm")(x)
            continue
        x = layers.Conv2D(
            filters,
            kernel_size,
            padding="same",
            activation="relu",
            name=f"{name}_conv{i}",
        )(x)
    return layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def vgg(
    configuration: str = "D",
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
) -> keras.Model:
    """VGG A, A-LRN, B, C, D ("VGG-16") or E ("VGG-19").

    Differs: the initial weights are Keras's; the paper copied those of the deeper nets
    from a trained A.  From `keras.applications`: dropout between the dense layers, as
    in the paper; the same function when not training.

    Args:
        configuration: Column of the paper's Table 1.
        input_shape: (height, width, channels), at least 32x32.  Five poolings
            halve the image; the first dense layer grows with what is left.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown configuration, smaller images, or `classes` < 1.

    Source: Simonyan & Zisserman 2015, Table 1 and section 3.1 (dropout).

    >>> from cnnkit import models
    >>> model = models.vgg("A", input_shape=(32, 32, 3), classes=10)
    >>> model.get_layer("stage5_pool").output.shape
    (None, 1, 1, 512)
    """
    if configuration not in VGGS:
        raise ValueError(
            f"expected configuration in {list(VGGS)}; received {configuration!r}"
        )
    if len(input_shape) != 3 or not all(
        side and side >= 32 for side in input_shape[:2]
    ):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 32x32; "
            f"received {input_shape}. Pad or resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    stages = zip(FILTERS, VGGS[configuration], strict=True)
    for i, (filters, kernel_sizes) in enumerate(stages, start=1):
        x = stage(x, filters, kernel_sizes, f"stage{i}")
    x = layers.Flatten(name="flatten")(x)
    for i in (1, 2):
        x = layers.Dense(4096, activation="relu", name=f"dense{i}")(x)
        x = layers.Dropout(0.5, name=f"dropout{i}")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name=f"vgg_{configuration}")
