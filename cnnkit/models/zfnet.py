"""ZFNet, also Clarifai's: AlexNet with a finer first layer.

Paper: Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks",
ECCV (arXiv:1311.2901), figure 3 and Table 3.
"""

import keras
from keras import layers

from cnnkit.layers import LocalResponseNormalization

# variant: filters of conv3, conv4, conv5
ZFNETS = {"figure 3": (384, 384, 256), "wide": (512, 1024, 512)}


def zfnet(
    variant: str = "figure 3",
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
) -> keras.Model:
    """ZFNet: first kernels of 7x7 with stride 2 where AlexNet has 11x11 with 4.

    Differs: the figure's 110, 55, 26 and 13 need padding that it does not print: one
    pixel on each side for conv1, and a partial last window in the first two poolings
    (rounding up; "same" here).  The constants of the normalisation are AlexNet's, the
    initial weights Keras's; rescaling large filters is left to the training.

    Args:
        variant: "figure 3", or "wide" with 512, 1024 and 512 filters in conv3 to
            conv5, the best single network of Table 3.
        input_shape: (height, width, channels), at least 53x53.
        classes: Number of classes, at least 1.

    Returns:
        A model from images, (batch, height, width, channels), to class
        probabilities, (batch, classes).

    Raises:
        ValueError: For an unknown variant, smaller images, or `classes` < 1.

    Source: Zeiler & Fergus 2014, figure 3; Table 3 (widths).

    >>> from cnnkit import models
    >>> model = models.zfnet(input_shape=(64, 64, 3), classes=10)
    >>> model.get_layer("conv1").output.shape
    (None, 30, 30, 96)
    """
    if variant not in ZFNETS:
        raise ValueError(f"expected variant in {list(ZFNETS)}; received {variant!r}")
    if len(input_shape) != 3 or not all(
        side and side >= 53 for side in input_shape[:2]
    ):
        raise ValueError(
            "expected input_shape (height, width, channels) of at least 53x53; "
            f"received {input_shape}. Resize the images first."
        )
    if classes < 1:
        raise ValueError(f"expected at least 1 class; received classes={classes}")
    inputs = keras.Input(input_shape, name="image")
    x = layers.ZeroPadding2D(1, name="pad1")(inputs)
    x = layers.Conv2D(96, 7, 2, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, "same", name="pool1")(x)
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.Conv2D(256, 5, 2, activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(3, 2, "same", name="pool2")(x)
    x = LocalResponseNormalization(name="norm2")(x)
    for i, filters in enumerate(ZFNETS[variant], start=3):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", name=f"conv{i}"
        )(x)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for i in (6, 7):
        x = layers.Dense(4096, activation="relu", name=f"dense{i}")(x)
        x = layers.Dropout(0.5, name=f"dropout{i}")(x)
    outputs = layers.Dense(
        classes, activation="softmax", dtype="float32", name="scores"
    )(x)
    return keras.Model(inputs, outputs, name=f"zfnet_{variant.replace(' ', '_')}")
