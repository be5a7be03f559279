"""The clinic: twelve trainings with one fault each, and what is seen of it.

A training here is a `Recipe`: seven steps, each a small function or a number.  A
patient is the healthy recipe with one step replaced by a faulty one; the fault is
found from the curves and a few signs, and healed by putting the right step back.

    chart = examine("A")                        what is seen of patient A
    print(code("A"))                            the step that is wrong
    examine("A", prepare=my_own_function)       the same patient, treated

All of them train the same small network on 1,000 images of Fashion-MNIST, in about a
second.  Importing this module imports no Keras.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import augment, data

TRAINED_ON, WATCHED, BATCH, EPOCHS = 1000, 1000, 50, 8
SHAPE = (32, 32, 1)  # of an image as the network gets it


# ---- the healthy steps ---------------------------------------------------------------


def read(images, labels):
    """The archive: an image and its label have the same place."""
    return images, labels


def split(images, labels):
    """Images to train on, and others to watch."""
    end = TRAINED_ON + WATCHED
    training = images[:TRAINED_ON], labels[:TRAINED_ON]
    validation = images[TRAINED_ON:end], labels[TRAINED_ON:end]
    return training, validation


def prepare(images):
    """28x28 bytes become 32x32 numbers from 0 to 1."""
    images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    return images.astype("float32") / 255


def watch(images, rng):
    """Images to watch are prepared as the training images are."""
    return prepare(images)


def network():
    """Two convolutions, a narrow dense layer, ten probabilities."""
    return _layers()


def _layers(between=lambda x: x, start="he_normal", before=lambda x: x):
    from keras import Input, Model, layers

    x = inputs = Input(SHAPE)
    x = before(x)
    for k, filters in enumerate((8, 16), start=1):
        x = layers.Conv2D(
            filters, 3, 2, "same", kernel_initializer=start, name=f"conv{k}"
        )(x)
        x = layers.ReLU()(between(x))
    x = layers.Flatten()(x)
    x = layers.Dense(32, kernel_initializer=start, name="narrow")(x)
    x = layers.ReLU(name="hidden")(between(x))
    return Model(inputs, layers.Dense(10, "softmax", name="scores")(x))


class Recipe(NamedTuple):
    """A training, step by step.

    read: (images, labels) of the archive -> the same, as they are believed to be.
    split: (images, labels) -> (images, labels) to train on and to watch.
    prepare: bytes (n, 28, 28, 1) -> what the network gets.
    watch: the same for the images that are watched; rng is a NumPy Generator.
    network: () -> a Keras model.
    rate: learning rate of Adam.
    shuffle: draw the images anew each epoch; else they come as they lie in their
        folders, class after class.
    """

    read: Callable = read
    split: Callable = split
    prepare: Callable = prepare
    watch: Callable = watch
    network: Callable = network
    rate: float = 0.003
    shuffle: bool = True


# ---- the faults ----------------------------------------------------------------------


def label_of_the_image_before(images, labels):
    return images, np.roll(labels, 1)  # a header line was counted as a label


def overlapping_split(images, labels):
    training = images[:TRAINED_ON], labels[:TRAINED_ON]
    validation = images[:WATCHED], labels[:WATCHED]
    return training, validation


def bytes_as_they_are(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))


def watch_augmented(images, rng):
    images = augment.shift(augment.flip(images, rng), rng, pixels=3)
    return prepare(images)


def watch_padded_aside(images, rng):
    images = np.pad(images, ((0, 0), (0, 4), (0, 4), (0, 0)))
    return images.astype("float32") / 255


def all_weights_below_zero():
    from keras import initializers

    return _layers(start=initializers.RandomUniform(-0.1, 0.0))


def last_layer_alone():
    model = _layers()
    for layer in model.layers[:-1]:
        layer.trainable = False
    return model


def slow_averages():
    from keras import layers

    return _layers(between=lambda x: layers.BatchNormalization(momentum=0.99)(x))


def quick_averages():
    from keras import layers

    return _layers(between=lambda x: layers.BatchNormalization(momentum=0.9)(x))


def softmax_on_softmax():
    from keras import Model, layers

    model = _layers()
    return Model(model.input, layers.Softmax()(model.output))


def standardized_by_batch():
    from keras import ops

    def standardize(x):  # each image is to have mean 0 and deviation 1
        return (x - ops.mean(x, axis=0)) / (ops.std(x, axis=0) + 0.1)

    return _layers(before=standardize)


def standardized_by_image():
    from keras import ops

    def standardize(x):  # each image is to have mean 0 and deviation 1
        own = {"axis": (1, 2, 3), "keepdims": True}
        return (x - ops.mean(x, **own)) / (ops.std(x, **own) + 0.1)

    return _layers(before=standardize)


class Fault(NamedTuple):
    """What can be wrong: the step of the recipe, what stands there and what should."""

    name: str
    step: str
    wrong: object
    right: object


FAULTS = (  # numbered from 1, in the order of a training
    Fault("labels shifted by one", "read", label_of_the_image_before, read),
    Fault("validation images are training images", "split", overlapping_split, split),
    Fault("pixels from 0 to 255", "prepare", bytes_as_they_are, prepare),
    Fault("validation images augmented", "watch", watch_augmented, watch),
    Fault("validation images padded otherwise", "watch", watch_padded_aside, watch),
    Fault("not shuffled: class after class", "shuffle", False, True),
    Fault("ReLUs dead from the start", "network", all_weights_below_zero, network),
    Fault("layers frozen", "network", last_layer_alone, network),
    Fault("running averages too slow", "network", slow_averages, quick_averages),
    Fault("softmax twice", "network", softmax_on_softmax, network),
    Fault(
        "mean over the batch", "network", standardized_by_batch, standardized_by_image
    ),
    Fault("learning rate times 100", "rate", 0.3, 0.003),
)
#           number of the fault
PATIENTS = dict(A=12, B=1, C=7, D=10, E=6, F=5, G=9, H=4, I=8, J=2, K=3, L=11)


def fault(patient: str) -> Fault:
    """What patient "A" to "L" suffers from.

    Raises:
        ValueError: for another letter.

    >>> fault("A").step
    'rate'
    """
    if patient not in PATIENTS:
        raise ValueError(f"expected a patient from A to L; received {patient!r}")
    return FAULTS[PATIENTS[patient] - 1]


def code(patient: str) -> str:
    """The step that is wrong in patient "A" to "L", as Python.

    >>> print(code("A"))
    rate = 0.3
    """
    found = fault(patient)
    if not callable(found.wrong):
        return f"{found.step} = {found.wrong}"
    return textwrap.dedent(inspect.getsource(found.wrong)).rstrip()


# ---- the examination -----------------------------------------------------------------


class Chart(NamedTuple):
    """What is seen of a training.

    curves: "loss", "accuracy", "val_loss", "val_accuracy": one value an epoch, the
        first two averaged over the epoch's batches as they were trained.
    signs: what else was measured, see `SIGNS`.
    """

    curves: dict[str, list[float]]
    signs: dict[str, float]


SIGNS = {
    "start": "loss before training",
    "high": "largest pixel",
    "off": "of 32 hidden units, never on",
    "moved": "of 4 layers, changed",
    "named": "of 10 classes, named",
    "twice": "same answer, asked twice",
    "alone": "same answer, one at a time",
    "fresh": "fresh images, right",
}


def examine(patient: str | None = None, seed: int = 0, **steps) -> Chart:
    """Trains a patient, or without a letter the healthy recipe; what is seen of it.

    Args:
        patient: "A" to "L", or None.
        seed: of Keras, for the first weights and the order of the images.
        **steps: of the `Recipe`, in place of the patient's: a treatment.

    Raises:
        ValueError: for an unknown patient or step.

    Source: the signs are those that A. Karpathy advises to look at, "A recipe for
        training neural networks", 2019, and what lessons 10 to 14 have measured.
    """
    import keras

    from . import training

    recipe = Recipe()
    if patient is not None:
        recipe = recipe._replace(**{fault(patient).step: fault(patient).wrong})
    unknown = set(steps) - set(Recipe._fields)
    if unknown:
        raise ValueError(
            f"expected steps among {', '.join(Recipe._fields)}; received "
            f"{', '.join(sorted(unknown))}"
        )
    recipe = recipe._replace(**steps)

    rng = np.random.default_rng(seed)
    clothes = _clothes()
    (x, y), (x_val, y_val) = recipe.split(
        *recipe.read(clothes.x_train, clothes.y_train)
    )
    folders = np.argsort(y, kind="stable")  # class after class
    x, y = recipe.prepare(x[folders]), y[folders]
    sample = rng.permutation(len(x))[:WATCHED]

    model = _compiled(recipe.network)
    training.set_random_seed(seed)
    before = recipe.network().get_weights()
    training.restart(model, before, recipe.rate)
    start, _ = _judge(model, x[sample], y[sample])
    watched = {"val_loss": [], "val_accuracy": []}

    def look(epoch, logs):
        found = _judge(model, recipe.watch(x_val, rng), y_val)
        for values, value in zip(watched.values(), found, strict=True):
            values.append(value)

    def seeded(logs=None):
        training.set_random_seed(seed)

    training.build(model, y)
    # Again as training begins: JAX's first fit has drawn from NumPy to build metrics.
    seeded()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=look, on_train_begin=seeded)
    history = model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=recipe.shuffle,
        callbacks=[callback],
        verbose=0,
    ).history

    seen = recipe.watch(x_val, rng)
    answers = _answers(model, seen)
    few = seen[:20]
    single = [_answers(model, few[k : k + 1])[0] for k in range(len(few))]
    hidden = keras.Model(model.input, model.get_layer("hidden").output)
    on = np.array(hidden(x[sample][:200], training=False)).any(axis=0)
    signs = {
        "start": start,
        "high": _whole(x.max()),
        "off": int((~on).sum()),
        "moved": _moved(model, before),
        "named": len(set(answers)),
        "twice": float(np.mean(answers == _answers(model, recipe.watch(x_val, rng)))),
        "alone": float(np.mean(answers[: len(few)] == single)),
        "fresh": _judge(
            model,
            recipe.prepare(clothes.x_test[:WATCHED]),
            clothes.y_test[:WATCHED],
        )[1],
    }
    curves = {name: [float(v) for v in history[name]] for name in ("loss", "accuracy")}
    return Chart({**curves, **watched}, signs)


@functools.cache
def _clothes():
    return data.load("fashion_mnist")


@functools.lru_cache(maxsize=24)
def _compiled(network):
    import keras

    model = network()
    model.compile(
        keras.optimizers.Adam(),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=TRAINED_ON // BATCH,
    )
    return model


def _answers(model, images):
    return model.predict_on_batch(images).argmax(axis=-1)


def _judge(model, images, labels) -> tuple[float, float]:
    """Loss and accuracy."""
    p = model.predict_on_batch(images)
    own = np.maximum(p[np.arange(len(labels)), labels], 1e-37)
    return float(-np.log(own).mean()), float(np.mean(p.argmax(axis=-1) == labels))


def _whole(value):
    """As an int where that loses nothing."""
    return int(value) if value == int(value) else float(value)


def _moved(model, before) -> int:
    """Layers with a kernel that has changed."""
    after = model.get_weights()
    return sum(
        a.ndim > 1 and not np.array_equal(a, b)
        for a, b in zip(after, before, strict=True)
    )
