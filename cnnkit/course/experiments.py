"""The experiments that are recorded: what `cnnkit run` trains.

Each is a few lines: networks, data, and settings for two scales.  `small` is what two
processor cores do in half an hour to an hour, with fewer images and epochs than the
paper; `full` follows the paper, for a GPU.
"""

import functools

import keras
from keras import layers

from cnnkit import augment, models, schedules

from .runs import Experiment

SGD = functools.partial(keras.optimizers.SGD, momentum=0.9)


def _compiled(model, optimizer, loss="sparse_categorical_crossentropy", metric=None):
    metrics = [metric or "accuracy"]
    model.compile(optimizer, loss, metrics=metrics, steps_per_execution=10)
    return model


def _shape(settings):
    """Of an image of CIFAR-10."""
    side = 32 // settings.get("shrunk", 1)
    return side, side, 3


def _decayed(model):
    """Weight decay of 1e-4, as L2 of half of that: the square has a derivative of 2."""
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.Dense)):
            layer.kernel.regularizer = keras.regularizers.L2(5e-5)
    return model


def _flip_and_shift(settings, pixels=4):
    pixels //= settings.get("shrunk", 1)
    return [augment.flip, lambda x, rng: augment.shift(x, rng, pixels)]


def _stepped(rate, steps, warmup=0):
    """The ResNet paper's schedule: a tenth after half of the steps, and after 3/4."""
    return schedules.step(rate, [steps // 2, 3 * steps // 4], warmup=warmup)


# ---- lesson 07: LeNet-5 on the whole of Fashion-MNIST


def _lenet5(variant, settings, steps):
    version = {
        "1998: tanh, average": ("tanh", "average"),
        "today: ReLU, max": ("relu", "max"),
    }[variant]
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.ZeroPadding2D(2),
            models.lenet5(activation=version[0], pooling=version[1]),
        ]
    )
    return _compiled(model, keras.optimizers.Adam(schedules.cosine(2e-3, steps)))


# ---- lesson 17: plain and residual networks on CIFAR-10


def _degradation(variant, settings, steps):
    kind, depth = variant.split("-")
    model = _decayed(
        models.resnet_cifar(int(depth), kind == "residual", _shape(settings))
    )
    warmup = min(400, steps // 10)
    return _compiled(model, SGD(_stepped(settings["rate"], steps, warmup)))


# ---- lesson 18: the network of the ConvNetJS demonstration


def _convnetjs(variant, settings, steps):
    optimizer = {
        "Adadelta": keras.optimizers.Adadelta(1.0, rho=0.95),
        "SGD with momentum": SGD(0.01),
    }[variant]
    return _compiled(models.convnetjs_cifar10(), optimizer)


# ---- lesson 18: a recipe, and the same without one ingredient each

RECIPE = (
    "the whole recipe",
    "without augmentation",
    "without weight decay",
    "without momentum",
    "without schedule",
    "without batch normalization",
)


def _recipe(variant, settings, steps):
    missing = variant.removeprefix("without ")
    model = models.resnet_cifar(20, input_shape=_shape(settings))
    if missing == "batch normalization":
        model = keras.models.clone_model(model, clone_function=_without_normalization)
    if missing != "weight decay":
        model = _decayed(model)
    rate = 0.1 if missing == "schedule" else _stepped(0.1, steps, steps // 20)
    momentum = 0.0 if missing == "momentum" else 0.9
    # clipped in all, since the network without normalization ends in NaN otherwise
    return _compiled(model, keras.optimizers.SGD(rate, momentum, clipnorm=5.0))


class _Nothing(layers.Layer):
    """In the place of batch normalization, and called like it."""

    def call(self, inputs, training=None, mask=None):
        return inputs


def _without_normalization(layer):
    if isinstance(layer, layers.BatchNormalization):
        return _Nothing(name=layer.name)
    return layer.__class__.from_config(layer.get_config())


# ---- lesson 12: optimizers on one network

OPTIMIZERS = {
    "SGD": lambda rate: keras.optimizers.SGD(rate(0.1)),
    "momentum": lambda rate: SGD(rate(0.05)),
    "Nesterov": lambda rate: SGD(rate(0.05), nesterov=True),
    "RMSProp": lambda rate: keras.optimizers.RMSprop(rate(1e-3)),
    "Adam": lambda rate: keras.optimizers.Adam(rate(1e-3)),
    "AdamW": lambda rate: keras.optimizers.AdamW(rate(1e-3), weight_decay=0.01),
}


def _optimizers(variant, settings, steps):
    def rate(value):
        return schedules.cosine(value, steps)

    return _compiled(
        models.resnet_cifar(8, input_shape=_shape(settings)), OPTIMIZERS[variant](rate)
    )


# ---- lessons 11, 13, 14: what helps against overfitting, alone and together

REGULARIZERS = (
    "none",
    "dropout",
    "batch normalization",
    "augmentation",
    "all three",
)


def _regularized(variant, settings, steps):
    x = inputs = keras.Input(_shape(settings))
    for k, filters in enumerate((32, 64, 128)):
        for twice in "ab":
            x = layers.Conv2D(filters, 3, padding="same", name=f"conv{k + 1}{twice}")(x)
            if variant in ("batch normalization", "all three"):
                x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
        if variant in ("dropout", "all three"):
            x = layers.Dropout(0.2 + 0.1 * k)(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return _compiled(model, keras.optimizers.Adam(schedules.cosine(1e-3, steps)))


# ---- lesson 16: auxiliary classifiers with and without batch normalization

AUXILIARY = (
    "plain",
    "plain, auxiliary heads",
    "normalized",
    "normalized, auxiliary heads",
)


def _auxiliary(variant, settings, steps):
    model = models.googlenet(
        input_shape=(32, 32, 3),
        classes=10,
        auxiliary=variant.endswith("heads"),
        normalization="batch" if variant.startswith("normalized") else "local",
    )
    outputs = keras.ops.stack(keras.tree.flatten(model.outputs), axis=1)
    model = keras.Model(model.inputs, outputs)  # (batch, heads, classes)
    optimizer = keras.optimizers.Adam(schedules.cosine(5e-4, steps))
    metric = keras.metrics.MeanMetricWrapper(_accuracy_of_scores, name="accuracy")
    return _compiled(model, optimizer, _loss_of_heads, metric)


def _loss_of_heads(y, heads):
    """The paper's sum: auxiliary classifiers count 0.3 each."""
    losses = [
        keras.losses.sparse_categorical_crossentropy(y, heads[:, k])
        for k in range(heads.shape[1])
    ]
    return losses[0] + 0.3 * sum(losses[1:])


def _accuracy_of_scores(y, heads):
    return keras.metrics.sparse_categorical_accuracy(y, heads[:, 0])


# A part of the images, 16x16 pixels instead of 32x32
SMALL = {"images": 2500, "test_images": 1000, "shrunk": 2, "batch_size": 50}
EXPERIMENTS = {
    "lenet5": Experiment(
        "LeNet-5 as in 1998 and as built today, on all of Fashion-MNIST",
        "fashion_mnist",
        ("1998: tanh, average", "today: ReLU, max"),
        _lenet5,
        small={"epochs": 6, "batch_size": 120, "seeds": 3},
        full={"epochs": 30, "batch_size": 120, "seeds": 5},
    ),
    "degradation": Experiment(
        "Plain and residual networks of 20 to 56 layers on CIFAR-10",
        "cifar10",
        tuple(f"{k}-{d}" for k in ("plain", "residual") for d in (20, 32, 44, 56)),
        _degradation,
        small={**SMALL, "epochs": 24, "seeds": 2, "rate": 0.03},
        full={"epochs": 164, "batch_size": 125, "seeds": 2, "rate": 0.1},
        transforms=lambda variant, settings: _flip_and_shift(settings),
    ),
    "convnetjs": Experiment(
        "The network of the ConvNetJS demonstration on CIFAR-10",
        "cifar10",
        ("Adadelta", "SGD with momentum"),
        _convnetjs,
        small={**SMALL, "images": 5000, "shrunk": 1, "epochs": 15, "seeds": 2},
        full={"epochs": 60, "batch_size": 50, "seeds": 3},
        transforms=lambda variant, settings: _flip_and_shift(settings, 2),
    ),
    "recipe": Experiment(
        "ResNet-20 on CIFAR-10, and the same without one ingredient each",
        "cifar10",
        RECIPE,
        _recipe,
        small={**SMALL, "epochs": 24, "seeds": 2},
        full={"epochs": 100, "batch_size": 125, "seeds": 3},
        transforms=lambda variant, settings: (
            () if variant == "without augmentation" else _flip_and_shift(settings)
        ),
    ),
    "optimizers": Experiment(
        "Six optimizers on a residual network of 8 layers, CIFAR-10",
        "cifar10",
        tuple(OPTIMIZERS),
        _optimizers,
        small={**SMALL, "epochs": 8, "seeds": 3},
        full={"epochs": 60, "batch_size": 125, "seeds": 3},
    ),
    "regularization": Experiment(
        "Dropout, batch normalization and augmentation, alone and together",
        "cifar10",
        REGULARIZERS,
        _regularized,
        small={**SMALL, "epochs": 12, "seeds": 2},
        full={"epochs": 100, "batch_size": 125, "seeds": 3},
        transforms=lambda variant, settings: (
            _flip_and_shift(settings)
            if variant in ("augmentation", "all three")
            else ()
        ),
    ),
    "auxiliary": Experiment(
        "GoogLeNet with and without auxiliary classifiers and batch normalization",
        "cifar10",
        AUXILIARY,
        _auxiliary,
        small={
            **SMALL,
            "images": 1000,
            "shrunk": 1,
            "batch_size": 25,
            "epochs": 4,
            "seeds": 2,
        },
        full={"epochs": 60, "batch_size": 125, "seeds": 2},
        transforms=lambda variant, settings: _flip_and_shift(settings),
    ),
}
