"""A training run that goes step by step and takes other settings on its way.

No widgets here: `live_training` looks at it.  Importing this module imports Keras.
"""

import contextlib
import logging
import math
from array import array
from collections.abc import Callable, Iterator, Mapping

import keras
import numpy as np
from keras import ops

from .. import augment, explain
from ..explain import _output

CHUNK = 100  # images that are evaluated at a time
SMOOTH = 0.95  # share that the running mean keeps at each step


class SGD(keras.optimizers.SGD):
    """Keras's SGD with the momentum in a variable, so that it may change any time.

    Keras writes the number into the compiled step: another one is another step.
    """

    def __init__(self, nesterov=False):
        super().__init__(momentum=0.9, nesterov=nesterov)  # not 0: it makes the slots
        self.share = self.add_variable((), name="momentum_now")

    def update_step(self, gradient, variable, learning_rate):
        kept = ops.cast(self.share, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        push = rate * ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, kept * velocity - push)
        move = kept * velocity - push if self.nesterov else velocity
        self.assign_add(variable, move)


OPTIMIZERS = {
    "SGD": SGD,
    "Nesterov": lambda: SGD(nesterov=True),
    "AdaGrad": keras.optimizers.Adagrad,
    "Adadelta": keras.optimizers.Adadelta,
    "RMSProp": keras.optimizers.RMSprop,
    "Adam": keras.optimizers.Adam,
}


def transforms(images: np.ndarray, shift: int) -> dict[str, Callable]:
    """The augmentations that make sense for such images, each (images, rng)."""
    height, width, channels = images.shape[1:]
    side = min(height, width)
    found = {"flip": augment.flip}
    if shift and side > shift:
        found["shift"] = lambda x, rng: augment.shift(x, rng, shift)
    if height == width >= 8:
        scales = side * 9 // 8, side * 3 // 2
        found["scale, crop and flip"] = lambda x, rng: augment.short_side_crop(
            x, rng, scales, side
        )
    found["lens"] = augment.lens_distortion
    sample = images[:500]
    if channels == 3 and (
        images.dtype == np.uint8 or 0 <= sample.min() <= sample.max() <= 1
    ):
        axes = augment.color_axes(sample)
        found["colour axes"] = lambda x, rng: augment.pca_jitter(x, rng, axes, 1.0)
    return found


def prepared(images: np.ndarray) -> np.ndarray:
    """Pixels from 0 to 1 where they are uint8, and as they are otherwise."""
    return (
        images / np.float32(255)
        if images.dtype == np.uint8
        else np.asarray(images, np.float32)
    )


class Run:
    """A model, its data, and all that was measured on the way.

    Each step is what ``train_on_batch`` does with the next of `augment.batches`.

    Args:
        model: built functional or sequential model with one input of images and one
            output (batch, classes): probabilities, or scores before a softmax.
        data: (x_train, y_train, x_test, y_test), with the names of the classes as
            a fifth if there are names.
        preprocess: images -> what the model reads; by default uint8 is divided by 255.
        held_out: test images, drawn at random, on which the model is evaluated.
        seed: of the order of the images and of their augmentation.
        shift: pixels, at most, of the augmentation "shift".

    Attributes:
        step: steps taken.
        epoch: passes over the training images, a float.
        losses, accuracies: one number a step, of its batch.
        evaluations: [(step, accuracy on the held-out images)].
        marks: [(step, text, names)], what was changed on the way.
        before: running means of losses and accuracies, and the evaluations, of the
            run before the last reset.
    """

    def __init__(self, model, data, preprocess=None, held_out=400, seed=0, shift=2):
        _check(model, data)
        self.model, self.seed, self.shift = model, seed, shift
        self.x, self.y = np.asarray(data[0]), np.asarray(data[1]).ravel()
        classes = model.outputs[0].shape[-1]
        names = data[4] if len(data) > 4 else range(classes)
        self.class_names = [str(name) for name in names]
        self.preprocess = preprocess or prepared
        self.transforms = transforms(self.x, shift)
        chosen = np.random.default_rng(seed).permutation(len(data[2]))[:held_out]
        self.test_images = np.asarray(data[2])[chosen]
        self.test_labels = np.asarray(data[3]).ravel()[chosen]
        self._test = self._read(self.test_images)
        self._inside, self._nets, self._compiled = {}, {}, set()
        self._reader = keras.Model(model.inputs[0], model.outputs[0])
        self._start = [_copy(v) for v in model.variables]
        scores = _copy(self._reader.predict_on_batch(self._test[:CHUNK]))
        self.logits = bool(
            (scores < 0).any() or not np.allclose(scores.sum(-1), 1, atol=1e-3)
        )
        self.before = None
        self.settings = {}
        self._clear()

    def _clear(self):
        self.losses, self.accuracies = array("d"), array("d")
        self.evaluations, self.marks = [], []
        self.scores = None  # (held out, classes), of the last evaluation
        self._epoch = self._position = self._number = 0
        self._order = None

    @property
    def step(self) -> int:
        return len(self.losses)

    @property
    def epoch(self) -> float:
        return self._epoch + self._position / len(self.x)

    @property
    def broken(self) -> bool:
        """Whether the last loss was infinite or not a number."""
        return bool(self.losses) and not math.isfinite(self.losses[-1])

    def use(self, settings: Mapping) -> None:
        """Take settings over; another optimizer begins with empty memories.

        Args:
            settings: optimizer, learning_rate, momentum, weight_decay, batch_size, and
                whether each of the `transforms` is on.
        """
        name = settings["optimizer"]
        new = name != self.settings.get("optimizer")
        self.settings = dict(settings)
        net = self.net
        if new and net.optimizer.built:
            self._forget(net.optimizer)
        net.optimizer.learning_rate = settings["learning_rate"]
        net.optimizer.weight_decay.assign(settings["weight_decay"])
        if isinstance(net.optimizer, SGD):
            net.optimizer.share.assign(settings["momentum"])

    @property
    def net(self) -> keras.Model:
        """The model with its own compilation; one an optimizer, kept for later."""
        name = self.settings["optimizer"]
        if name not in self._nets:
            net = keras.Model(self.model.inputs[0], self.model.outputs[0])
            optimizer = OPTIMIZERS[name]()
            optimizer.weight_decay = optimizer.add_variable((), name="decay")
            net.compile(
                optimizer,
                keras.losses.SparseCategoricalCrossentropy(from_logits=self.logits),
                metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            )
            optimizer.build(net.trainable_variables)
            self._nets[name] = net
            optimizer.fresh = [_copy(v) for v in optimizer.variables]
        return self._nets[name]

    def _forget(self, optimizer) -> None:
        for variable, value in zip(optimizer.variables, optimizer.fresh, strict=True):
            variable.assign(value)

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """The next images, augmented and preprocessed, and their labels.

        With one batch size they are those of `augment.batches`; another size goes on
        with the images of the epoch that were not read yet.
        """
        if self._position >= len(self.x):
            self._epoch, self._position, self._number = self._epoch + 1, 0, 0
        if self._position == 0:
            rng = np.random.default_rng([self.seed, self._epoch])
            self._order = rng.permutation(len(self.x))
        size = self.settings["batch_size"]
        chosen = self._order[self._position : self._position + size]
        rng = np.random.default_rng([self.seed, self._epoch, self._number])
        images = self.x[chosen]
        for name, transform in self.transforms.items():
            if self.settings[name]:
                images = transform(images, rng)
        self._position += len(chosen)
        self._number += 1
        return self._read(images), self.y[chosen]

    def _read(self, images) -> np.ndarray:
        return np.asarray(self.preprocess(images), keras.config.floatx())

    def advance(self) -> float:
        """One step; its loss."""
        x, y = self.batch()
        with self._compiling((self.settings["optimizer"], len(x))):
            found = self.net.train_on_batch(x, y, return_dict=True)
        loss = float(found["loss"])
        self.losses.append(loss)
        self.accuracies.append(float(found["accuracy"]))
        return loss

    @contextlib.contextmanager
    def _compiling(self, what):
        """TensorFlow warns of many compilations, which are meant here."""
        if what in self._compiled:
            yield
            return
        logger = logging.getLogger("tensorflow")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
        self._compiled.add(what)

    @property
    def is_new(self) -> bool:
        """Whether the next step will be compiled first."""
        size = min(self.settings["batch_size"], len(self.x))
        return (self.settings["optimizer"], size) not in self._compiled

    def smooth(self) -> tuple[np.ndarray, np.ndarray]:
        """Running means of losses and accuracies, the first steps not held back.

        The mean weighs the last batch with 0.05, the one before with 0.05 · 0.95 …,
        divided by the sum of these weights.
        """
        from scipy.signal import lfilter

        if not self.step:
            return np.empty(0), np.empty(0)
        share = 1 - SMOOTH ** np.arange(1.0, self.step + 1)
        both = np.array([self.losses, self.accuracies])
        losses, accuracies = lfilter([1 - SMOOTH], [1, -SMOOTH], both) / share
        return losses, accuracies

    def evaluating(self) -> Iterator[None]:
        """Evaluate on the held-out images, a hundred between two yields."""
        scores = []
        for start in range(0, len(self._test), CHUNK):
            part = self._test[start : start + CHUNK]
            with self._compiling(len(part)):
                scores.append(_copy(self._reader.predict_on_batch(part)))
            yield
        self.scores = self._probabilities(np.concatenate(scores))
        right = (self.scores.argmax(-1) == self.test_labels).mean()
        if self.evaluations and self.evaluations[-1][0] == self.step:
            self.evaluations.pop()
        self.evaluations.append((self.step, float(right)))

    def evaluate(self) -> float:
        """Accuracy on the held-out images."""
        for _ in self.evaluating():
            pass
        return self.evaluations[-1][1]

    def _probabilities(self, scores) -> np.ndarray:
        if not self.logits:
            return scores
        with np.errstate(invalid="ignore"):  # there may be infinite scores
            powers = np.exp(scores - scores.max(-1, keepdims=True))
            return powers / powers.sum(-1, keepdims=True)

    def mistakes(self, most: int = 10) -> list[tuple[int, int, float]]:
        """The surest mistakes among the held-out images: (image, said, probability)."""
        if self.scores is None:
            return []
        said, sure = self.scores.argmax(-1), self.scores.max(-1)
        wrong = np.flatnonzero(said != self.test_labels)
        order = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
        return [(int(k), int(said[k]), float(sure[k])) for k in order]

    def filters(self) -> np.ndarray | None:
        """Kernels of the first convolution (height, width, channels in, filters)."""
        try:
            return explain.first_layer_filters(self.model)
        except ValueError:  # there is none
            return None

    @property
    def layers(self) -> list[str]:
        """Names of the layers that can be looked into."""
        return [
            layer.name
            for layer in self.model.layers
            if not isinstance(layer, keras.layers.InputLayer)
            and len(getattr(layer.output, "shape", ())) in (2, 4)
        ]

    def look(self, layer: str, image: int) -> tuple[np.ndarray, np.ndarray]:
        """What a layer puts out for a held-out image, and the image's probabilities."""
        if layer not in self._inside:
            inside = _output(self.model, layer)[1]
            both = [inside, self.model.outputs[0]]
            self._inside[layer] = keras.Model(self.model.inputs[0], both)
        net = self._inside[layer]
        found = net(self._test[image : image + 1], training=False)
        maps, scores = (_copy(each)[0] for each in found)
        return maps, self._probabilities(scores)

    def reset(self) -> None:
        """The first weights, an empty optimizer, the first batch next.

        The settings stay, and the run so far is kept as `before`.
        """
        if self.step:
            self.before = *self.smooth(), self.evaluations
        for variable, value in zip(self.model.variables, self._start, strict=True):
            variable.assign(value)
        self._forget(self.net.optimizer)
        self._clear()
        self.use(self.settings)


def _copy(tensor) -> np.ndarray:
    return np.asarray(tensor).copy()


def _check(model, data) -> None:
    """Raise ValueError unless the model can be trained on the data."""
    graph = isinstance(model, keras.Model) and getattr(model, "inputs", None)
    if not graph or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "expected a built functional or sequential Keras model with one input and "
            f"one output; received {type(model).__name__}"
        )
    shape, out = tuple(model.inputs[0].shape[1:]), tuple(model.outputs[0].shape)
    if len(shape) != 3 or len(out) != 2 or not out[1]:
        raise ValueError(
            "expected a model from images (batch, height, width, channels) to classes "
            f"(batch, classes); received one from (batch, {shape}) to {out}"
        )
    if not 4 <= len(data) <= 5:
        raise ValueError(
            "expected data: x_train, y_train, x_test, y_test and, if there are names, "
            f"class_names; received {len(data)} parts"
        )
    for x, y, which in ((*data[:2], "train"), (*data[2:4], "test")):
        x, y = np.asarray(x), np.asarray(y)
        fits = x.ndim == 4 and all(
            n in (None, m) for n, m in zip(shape, x.shape[1:], strict=True)
        )
        if not fits or not len(x) or (x.dtype != np.uint8 and x.dtype.kind != "f"):
            raise ValueError(
                f"expected x_{which}: images (n, {', '.join(map(str, shape))}), as the "
                f"model reads, uint8 or floats; received {x.dtype} {x.shape}"
            )
        if y.size != len(x) or y.dtype.kind not in "iu" or not 0 <= y.min() <= y.max():
            raise ValueError(
                f"expected y_{which}: a class number for each of {len(x)} images; "
                f"received {y.dtype} {y.shape}"
            )
        if y.max() >= out[1]:
            raise ValueError(
                f"expected class numbers below {out[1]}, the outputs of the model; "
                f"received {y.max()} in y_{which}"
            )
    if len(data) > 4 and len(data[4]) != out[1]:
        raise ValueError(
            f"expected {out[1]} class names, one an output of the model; received "
            f"{len(data[4])}"
        )
