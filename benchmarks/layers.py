"""`cnnkit.layers` against Keras and TensorFlow, as Markdown tables.

Both sides run alternately in one process, A B A B, and the ratio is that of the two
minima: what disturbs a run can only make it slower.  "Training" is the forward pass and
the gradients by the input and the weights, compiled as `fit` compiles it.

    python benchmarks/layers.py [rounds]
    KERAS_BACKEND=jax python benchmarks/layers.py [rounds]
"""

import functools
import logging
import sys
import time

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras
import numpy as np
from keras import ops

from cnnkit import check, reference
from cnnkit.layers import (
    DecorrelatedBatchNormalization,
    GroupedConv2D,
    LocalResponseNormalization,
)
from cnnkit.layers.decorrelated_batch_normalization import inverse_root

JAX = keras.backend.backend() == "jax"
RNG = np.random.default_rng(0)

# input, filters, kernel size, groups, aim for training
CONVOLUTIONS = [
    ((8, 28, 28, 128), 128, 3, 2, 5),
    ((8, 28, 28, 128), 128, 3, 4, 12),
    ((8, 28, 28, 128), 128, 3, 32, 50),
]
# AlexNet, the first and last stage of ResNeXt-50, and layers too small to matter
PREDICTIONS = [
    ((8, 27, 27, 96), 256, 5, 2),
    ((8, 56, 56, 128), 128, 3, 32),
    ((8, 7, 7, 1024), 1024, 3, 32),
    ((1, 14, 14, 512), 512, 3, 32),
    ((1, 14, 14, 256), 256, 1, 8),
]


def normal(shape):
    return ops.convert_to_tensor(RNG.normal(size=shape).astype("float32"))


def training(layer, x, upstream):
    """A compiled step without arguments: the output's gradients by x and weights."""
    if JAX:
        import jax

        def loss(x, weights, state):
            y, state = layer.stateless_call(weights, state, x, **call)
            return ops.sum(y * upstream), state

        call = {"training": True} if layer.non_trainable_variables else {}
        step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
        weights = [v.value for v in layer.trainable_variables]
        state = [v.value for v in layer.non_trainable_variables]
        return lambda: jax.block_until_ready(step(x, weights, state))
    import tensorflow as tf

    call = {"training": True} if layer.non_trainable_variables else {}

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, **call) * upstream)
        weights = [v.value for v in layer.trainable_variables]
        return tape.gradient(loss, [x, *weights])

    return lambda: step()[0].numpy()


def prediction(f, x):
    """A compiled forward pass without arguments."""
    if JAX:
        import jax

        compiled = jax.jit(f)
        return lambda: jax.block_until_ready(compiled(x))
    import tensorflow as tf

    compiled = tf.function(lambda: f(x))
    return lambda: compiled().numpy()


def minima(rounds, *steps):
    """Least seconds of each step, run in turn; fast ones several times a round."""
    best = [np.inf] * len(steps)
    for step in steps:
        step()  # compiles
    for _ in range(rounds):
        for i, step in enumerate(steps):
            repeats = 1 if best[i] > 0.1 and best[i] < np.inf else 10
            for _ in range(repeats):
                start = time.perf_counter()
                step()
                best[i] = min(best[i], time.perf_counter() - start)
                if best[i] > 0.1:
                    break
    return best


def row(what, shape, theirs, ours, verdict):
    print(
        f"| {what} | {'x'.join(map(str, shape))} | {theirs * 1e3:.2f} ms "
        f"| {ours * 1e3:.2f} ms | {verdict} |",
        flush=True,
    )


def pair_of_convolutions(shape, filters, size, groups):
    """Keras's layer and ours with the same weights."""
    settings = dict(padding="same", groups=groups)
    theirs = keras.layers.Conv2D(filters, size, **settings)
    ours = GroupedConv2D(filters, size, **settings)
    for layer in (theirs, ours):
        layer.build(shape)
    ours.set_weights(theirs.get_weights())
    return theirs, ours


def convolutions(rounds):
    for shape, filters, size, groups, aim in CONVOLUTIONS:
        pair = pair_of_convolutions(shape, filters, size, groups)
        x, upstream = normal(shape), normal((*shape[:3], filters))
        steps = [training(layer, x, upstream) for layer in pair]
        theirs, ours = minima(rounds, *steps)
        row(
            f"`GroupedConv2D`, {groups} groups, training",
            shape,
            theirs,
            ours,
            f"{theirs / ours:.0f}x faster | >= {aim}x",
        )
    for shape, filters, size, groups in [c[:4] for c in CONVOLUTIONS] + PREDICTIONS:
        pair = pair_of_convolutions(shape, filters, size, groups)
        x = normal(shape)
        steps = [prediction(layer, x) for layer in pair]
        np.testing.assert_allclose(steps[0](), steps[1](), rtol=1e-5, atol=1e-5)
        theirs, ours = minima(3 * rounds, *steps)
        row(
            f"`GroupedConv2D` {size}x{size}, {groups} groups, prediction",
            shape,
            theirs,
            ours,
            f"{ours / theirs:.2f}x the time | <= 1.1x",
        )


def normalisations(rounds):
    for shape in [(8, 28, 28, 128), (32, 32, 32, 64), (32, 8, 8, 256)]:
        x, upstream = normal(shape), normal(shape)
        layers = keras.layers.BatchNormalization(), DecorrelatedBatchNormalization()
        for layer in layers:
            layer.build(shape)
        steps = [training(layer, x, upstream) for layer in layers]
        theirs, ours = minima(5 * rounds, *steps)
        row(
            "`DecorrelatedBatchNormalization`, groups of 16, training",
            shape,
            theirs,
            ours,
            f"{ours / theirs:.1f}x the time | <= 4x",
        )


def local_responses(rounds):
    import tensorflow as tf

    def native(x):
        return tf.nn.local_response_normalization(x, 2, 2.0, 1e-4, 0.75)

    @tf.function
    def native_training(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(native(x) * upstream)
        return tape.gradient(loss, x)

    for shape in [(8, 55, 55, 96), (8, 27, 27, 256)]:
        x, upstream = normal(shape), normal(shape)
        tf_native = functools.partial(tf.function(native), tf.constant(np.asarray(x)))
        tf_training = functools.partial(
            native_training, *(tf.constant(np.asarray(a)) for a in (x, upstream))
        )
        layer = LocalResponseNormalization()
        layer.build(shape)
        for kind, theirs, ours in (
            ("prediction", tf_native, prediction(layer, x)),
            ("training", tf_training, training(layer, x, upstream)),
        ):
            theirs, ours = minima(3 * rounds, theirs, ours)
            row(
                f"`LocalResponseNormalization`, {kind}",
                shape,
                theirs,
                ours,
                f"{ours / theirs:.2f}x the time | <= 1.3x",
            )


def differentiated_eigenvectors(matrix, least):
    """`inverse_root` by the backend's own derivative of the eigenvectors."""
    values, axes = ops.eigh(matrix)
    root = ops.sqrt(ops.maximum(values, least))[..., None, :]
    return ops.matmul(axes / root, ops.swapaxes(axes, -1, -2))


def newton(matrix, least, steps):
    """`inverse_root` by Newton's iteration: Huang et al. 2019, equation 3, coupled."""
    identity = ops.eye(matrix.shape[-1])
    trace = ops.trace(matrix, axis1=-2, axis2=-1)[..., None, None]
    y, z = matrix / trace, ops.broadcast_to(identity, matrix.shape)
    for _ in range(steps):
        m = 1.5 * identity - 0.5 * ops.matmul(z, y)
        y, z = ops.matmul(y, m), ops.matmul(m, z)
    return z / ops.sqrt(trace)


def inverse_roots(rounds):
    """Eight groups of 16 channels: time, and errors of output and gradient."""
    epsilon = 1e-3
    white, _ = np.linalg.qr(RNG.normal(size=(4096, 16)))
    white = (white - white.mean(0)) * 64  # all eigenvalues 1 but for rounding
    mixed = white @ np.diag(np.geomspace(0.1, 10, 16)) @ np.linalg.qr(white[:16])[0]
    upstream = RNG.normal(size=white.shape)
    ways = {
        "eigenvectors as constants (`inverse_root`)": inverse_root,
        "eigenvectors differentiated": differentiated_eigenvectors,
        "Newton, 5 steps": functools.partial(newton, steps=5),
        "Newton, 16 steps": functools.partial(newton, steps=16),
    }
    covariance = np.cov(RNG.normal(size=(8, 16, 64)).reshape(128, 64)).astype("float32")
    covariance = np.stack(
        [covariance[i : i + 16, i : i + 16] for i in range(0, 128, 16)]
    )
    matrix = ops.convert_to_tensor(covariance + epsilon * np.eye(16, dtype="float32"))
    weights = normal((8, 16, 16))

    class Root(keras.layers.Layer):
        def __init__(self, way):
            super().__init__()
            self.way = way

        def call(self, x):
            return self.way(x, epsilon)

    layers = [Root(way) for way in ways.values()]
    for layer in layers:
        layer.build(matrix.shape)
    steps = [training(layer, matrix, weights) for layer in layers]
    times = minima(10 * rounds, *steps)
    print("\n| inverse root | time | gradient, white data | gradient, mixed data |")
    print("| --- | ---: | ---: | ---: |")
    for (name, way), took in zip(ways.items(), times, strict=True):
        errors = []
        for data in (white, mixed):

            def loss(x, way=way):
                x = x - ops.mean(x, axis=0)
                matrix = ops.matmul(ops.transpose(x), x) / 4096
                root = way(matrix + epsilon * ops.eye(16), epsilon)
                return ops.sum(ops.matmul(x, root) * upstream.astype("float32"))

            found = check.gradient(loss, data.astype("float32"))
            exact = reference.decorrelated_batch_norm_backward(upstream, data)[0]
            errors.append(np.abs(found - exact).max() / np.abs(exact).max())
        print(f"| {name} | {took * 1e3:.2f} ms | {errors[0]:.0e} | {errors[1]:.0e} |")


def main(rounds=5):
    logging.getLogger("tensorflow").setLevel("ERROR")  # many functions, meant so
    print(f"{keras.backend.backend()} backend, {keras.distribution.list_devices()}\n")
    print("| layer | input | Keras or `tf.nn` | cnnkit | ratio | aim |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    convolutions(rounds)
    normalisations(rounds)
    local_responses(rounds)
    inverse_roots(rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
