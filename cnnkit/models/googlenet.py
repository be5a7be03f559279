"""GoogLeNet: modules that look at the same map with several filter sizes at once.

Paper: Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke & Rabinovich 2015,
"Going deeper with convolutions", CVPR (arXiv:1409.4842).
"""

import keras
from keras import layers

from cnnkit.layers import LocalResponseNormalization

# module: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
AUXILIARY = ("4a", "4d")  # modules whose maps the auxiliary classifiers read
NORMALIZATIONS = ("local", "batch")


def convolution(x, filters, kernel_size, batch: bool, name: str, strides: int = 1):
    """A convolution and ReLU; with `batch` normalized in between, then without bias."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        "same",
        use_bias=not batch,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    if batch:
        x = layers.BatchNormalization(name=f"{name}_normalization")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def inception(x, row: tuple, batch: bool, name: str):
    """Filters of three sizes and pooling, side by side (figure 2b)."""
    single, reduce3, filters3, reduce5, filters5, projection = row
    reduced3 = convolution(x, reduce3, 1, batch, f"{name}_3x3_reduce")
    reduced5 = convolution(x, reduce5, 1, batch, f"{name}_5x5_reduce")
    pooled = layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x)
    branches = [
        convolution(x, single, 1, batch, f"{name}_1x1"),
        convolution(reduced3, filters3, 3, batch, f"{name}_3x3"),
        convolution(reduced5, filters5, 5, batch, f"{name}_5x5"),
        convolution(pooled, projection, 1, batch, f"{name}_pool_projection"),
    ]
    return layers.Concatenate(name=name)(branches)


def auxiliary_classifier(x, classes: int, batch: bool, name: str):
    """A small network that classifies from the middle of the large one (figure 3)."""
    pool = min(5, x.shape[1], x.shape[2])
    x = layers.AveragePooling2D(pool, 3, name=f"{name}_pool")(x)
    x = convolution(x, 128, 1, batch, f"{name}_conv")
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(1024, activation="relu", name=f"{name}_dense")(x)
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return layers.Dense(
        classes, activation="softmax", dtype="float32", name=f"{name}_scores"
    )(x)


def googlenet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    auxiliary: bool = False,
    normalization: str = "local",
) -> keras.Model:
    """GoogLeNet: 6,998,552 parameters, 1.6 billion multiply-adds, 22 weight layers.

    Differs: Table 1 prints 2.7K weights for the first convolution; a 7x7 over three
    channels to 64 has 9,408. The paper gives neither the constants of the local
    normalization (here AlexNet's) nor initial weights (here of He et al. 2015: with
    Keras's default the signal fades to 1e-4 on its way). Images below 64 pixels keep
    more of their size: the first convolution is 3x3 with stride 1, and no pooling
    follows it.

    Args:
        input_shape: (height, width, channels), height and width at least 28 pixels.
        classes: Number of classes, at least 1.
        auxiliary: Also return the scores of both auxiliary classifiers, which training
            adds to the loss with weight 0.3 each: `loss_weights=[1, 0.3, 0.3]`. Their
            windows of 5x5 shrink to the map where it is smaller.
        normalization: "local" in the paper; "batch", after every convolution and
            instead of its bias, today.

    Returns:
        A model from images, (batch, height, width, channels), to class probabilities
        `scores`, (batch, classes); with `auxiliary` to the list of `scores`,
        `auxiliary1_scores` and `auxiliary2_scores`.

    Raises:
        ValueError: For images below 28 pixels, `classes` < 1, or an unknown
            normalization.

    Source: Szegedy et al. 2015, table 1 and section 5; local normalization, figure 3.

    >>> from cnnkit import models
    >>> models.googlenet().count_params()
    6998552
    """
    sides = input_shape[:2]
    if len(input_shape) != 3 or not all(side and side >= 28 for side in sides):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 28x28 pixels; "
            f"received {input_shape}. Enlarge the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"expected normalization in {NORMALIZATIONS}; received {normalization!r}"
        )
    batch = normalization == "batch"
    small = min(sides) < 64
    inputs = keras.Input(input_shape, name="image")
    if small:
        x = convolution(inputs, 64, 3, batch, "conv1")
    else:
        x = convolution(inputs, 64, 7, batch, "conv1", strides=2)
        x = layers.MaxPooling2D(3, 2, "same", name="pool1")(x)
    if not batch:
        x = LocalResponseNormalization(name="conv1_normalization")(x)
    x = convolution(x, 64, 1, batch, "conv2_reduce")
    x = convolution(x, 192, 3, batch, "conv2")
    if not batch:
        x = LocalResponseNormalization(name="conv2_normalization")(x)
    x = layers.MaxPooling2D(3, 2, "same", name="pool2")(x)
    outputs = []
    for module, row in MODULES.items():
        if module in ("4a", "5a"):
            stage = int(module[0]) - 1
            x = layers.MaxPooling2D(3, 2, "same", name=f"pool{stage}")(x)
        x = inception(x, row, batch, f"inception_{module}")
        if auxiliary and module in AUXILIARY:
            name = f"auxiliary{len(outputs) + 1}"
            outputs.append(auxiliary_classifier(x, classes, batch, name))
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    scores = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    outputs = [scores, *outputs] if auxiliary else scores
    return keras.Model(inputs, outputs, name="googlenet")
