"""A network as a chain of modules that run forward and backward, in NumPy alone.

Every module has three things:

    weights              the arrays that it learns, a list, often empty
    forward(x)           from z_{i-1} to z_i
    backward(upstream)   from g(z_i) to g(z_{i-1}) and the list of g(weights)

where g(z) is the loss's gradient by z.  Backward belongs to the forward call before it,
whose input the module has kept.  A chain of modules is itself a module.

Source: IS 6733 (backpropagation: forward and backward modules).

>>> rng = np.random.default_rng(0)
>>> network = Chain([
...     Convolution(3, 1, 4, rng), Activation(relu, relu_derivative),
...     MaxPooling(2), Flatten(), Dense(4 * 3 * 3, 10, rng),
... ])
>>> network.forward(np.zeros((5, 8, 8, 1), "float32")).shape
(5, 10)
"""

from collections.abc import Callable, Sequence

import numpy as np

from .activations import relu, relu_derivative
from .conv import Padding, Pair, conv2d, conv2d_backward
from .losses import softmax_cross_entropy, softmax_cross_entropy_backward
from .optimizers import adam
from .pool import max_pool2d, max_pool2d_backward

__all__ = [
    "Activation",
    "Chain",
    "Convolution",
    "Dense",
    "Flatten",
    "MaxPooling",
    "accuracy",
    "relu",
    "relu_derivative",
    "train",
]


class Convolution:
    """A convolution with bias; kernels start as He et al. 2015 advise for ReLU.

    Args:
        size: height and width of the kernel.
        channels: of the input.
        filters: of the output.
        rng: source of the starting weights.
        stride, padding: as in `cnnkit.reference.conv2d`.

    >>> layer = Convolution(5, 3, 6, np.random.default_rng(0))
    >>> [w.shape for w in layer.weights]
    [(5, 5, 3, 6), (6,)]
    """

    def __init__(
        self,
        size: int,
        channels: int,
        filters: int,
        rng: np.random.Generator,
        stride: Pair = 1,
        padding: Padding = "valid",
    ):
        shape = size, size, channels, filters
        self.weights = [_he_normal(shape, rng), np.zeros(filters, np.float32)]
        self.stride, self.padding = stride, padding

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return conv2d(x, *self.weights, self.stride, self.padding)

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        kernel = self.weights[0]
        dx, dkernel, dbias = conv2d_backward(
            upstream, self.x, kernel, self.stride, self.padding
        )
        return dx, [dkernel, dbias]


class Dense:
    """Every output is a weighted sum of all inputs, plus a bias.

    Args:
        features: numbers in an input.
        units: numbers in an output.
        rng: source of the starting weights.

    >>> [w.shape for w in Dense(84, 10, np.random.default_rng(0)).weights]
    [(84, 10), (10,)]
    """

    def __init__(self, features: int, units: int, rng: np.random.Generator):
        shape = features, units
        self.weights = [_he_normal(shape, rng), np.zeros(units, np.float32)]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.weights[0] + self.weights[1]

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        matrix = self.weights[0]
        return upstream @ matrix.T, [self.x.T @ upstream, upstream.sum(axis=0)]


class Activation:
    """A curve, applied to each number.

    Args:
        curve, derivative: a pair such as `relu, relu_derivative`.

    >>> layer = Activation(relu, relu_derivative)
    >>> layer.forward(np.array([-1.0, 2.0])), layer.backward(np.array([5.0, 5.0]))
    (array([0., 2.]), (array([0., 5.]), []))
    """

    def __init__(self, curve: Callable, derivative: Callable):
        self.curve, self.derivative = curve, derivative
        self.weights = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return self.curve(x)

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        return upstream * self.derivative(self.x), []


class MaxPooling:
    """The largest value of each window.

    Args:
        size, stride, padding: as in `cnnkit.reference.max_pool2d`.

    >>> MaxPooling(2).forward(np.zeros((1, 8, 8, 3))).shape
    (1, 4, 4, 3)
    """

    def __init__(
        self, size: Pair = 2, stride: Pair | None = None, padding: Padding = "valid"
    ):
        self.place = size, stride, padding
        self.weights = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return max_pool2d(x, *self.place)

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        return max_pool2d_backward(upstream, self.x, *self.place), []


class Flatten:
    """All numbers of an example in one row.

    >>> Flatten().forward(np.zeros((2, 4, 4, 3))).shape
    (2, 48)
    """

    def __init__(self):
        self.weights = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        return x.reshape(len(x), int(np.prod(x.shape[1:])))

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        return upstream.reshape(self.shape), []


class Chain:
    """Modules one after the other: forward in order, backward in reverse.

    Args:
        modules: each with weights, forward and backward.

    >>> chain = Chain([Activation(relu, relu_derivative), Flatten()])
    >>> chain.forward(np.array([[[-1.0], [2.0]]]))
    array([[0., 2.]])
    >>> chain.backward(np.array([[3.0, 4.0]]))[0][0, :, 0]
    array([0., 4.])
    """

    def __init__(self, modules: Sequence):
        self.modules = list(modules)

    @property
    def weights(self) -> list[np.ndarray]:
        """All modules' weights, in order; assigning replaces them."""
        return [w for module in self.modules for w in module.weights]

    @weights.setter
    def weights(self, weights: Sequence[np.ndarray]):
        weights = list(weights)
        if [np.shape(w) for w in weights] != [w.shape for w in self.weights]:
            raise ValueError(
                f"expected weights of the shapes {[w.shape for w in self.weights]}; "
                f"received {[np.shape(w) for w in weights]}"
            )
        for module in self.modules:
            count = len(module.weights)
            module.weights, weights = weights[:count], weights[count:]

    def forward(self, x: np.ndarray) -> np.ndarray:
        for module in self.modules:
            x = module.forward(x)
        return x

    def backward(self, upstream: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        gradients = []
        for module in reversed(self.modules):
            upstream, own = module.backward(upstream)
            gradients = own + gradients
        return upstream, gradients


def train(
    network: Chain,
    x: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    epochs: int = 1,
    batch_size: int = 32,
    update: Callable = adam,
    **hyperparameters: float,
) -> list[float]:
    """Mini-batch training on the mean softmax cross-entropy; changes the network.

    Args:
        network: ends in one score for each class.
        x: (examples, ...), what the first module takes.
        labels: (examples,) integers.
        rng: source of the order in which examples are seen.
        epochs: passes over all examples.
        batch_size: examples for one step.
        update: an optimiser of `cnnkit.reference.optimizers`.
        hyperparameters: of the optimiser, such as learning_rate.

    Returns:
        Mean loss of each epoch, measured while the weights were changing.

    Raises:
        ValueError: if x and labels differ in length, there are none, or epochs or
            batch_size are below one.

    Source: CS-878 W4 (training loop); IS 6733 (mini-batch gradient descent).

    >>> rng = np.random.default_rng(0)
    >>> x, labels = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> losses = train(Chain([Dense(1, 2, rng)]), x, labels, rng, 50, learning_rate=0.1)
    >>> losses[-1] < 0.1 < losses[0]
    True
    """
    labels = np.asarray(labels)
    if len(x) != len(labels) or not len(x):
        raise ValueError(
            f"expected as many examples as labels, at least one; "
            f"received {len(x)} and {len(labels)}"
        )
    if epochs < 1 or batch_size < 1:
        raise ValueError(
            f"expected epochs and batch_size of at least 1; "
            f"received {epochs} and {batch_size}"
        )
    states, history = [None] * len(network.weights), []
    for _ in range(epochs):
        losses, order = [], rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            scores = network.forward(x[batch])
            losses.append(softmax_cross_entropy(scores, labels[batch]))
            mean = np.full(len(batch), 1 / len(batch), scores.dtype)
            upstream = softmax_cross_entropy_backward(mean, scores, labels[batch])
            _, gradients = network.backward(upstream)
            steps = [
                update(w, g, state, **hyperparameters)
                for w, g, state in zip(network.weights, gradients, states, strict=True)
            ]
            network.weights = [w for w, _ in steps]
            states = [state for _, state in steps]
        history.append(float(np.concatenate(losses).mean()))
    return history


def accuracy(network: Chain, x: np.ndarray, labels: np.ndarray) -> float:
    """Share of examples whose largest score belongs to the right class.

    Args:
        network: ends in one score for each class.
        x: (examples, ...).
        labels: (examples,) integers.

    Returns:
        A number from 0 to 1.

    >>> chain = Chain([Flatten()])
    >>> accuracy(chain, np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    right = [
        network.forward(x[i : i + 256]).argmax(axis=1) == labels[i : i + 256]
        for i in range(0, len(x), 256)
    ]
    return float(np.concatenate(right).mean())


def _he_normal(shape, rng):
    """Normal numbers of variance 2 / fan-in."""
    fan_in = np.prod(shape[:-1])
    return rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
