"""`augment.flip` and `augment.shift` against Keras's layers, as a Markdown table.

A batch of 128x32x32x3 is mirrored at random and shifted by up to 4 pixels.  Keras's
RandomFlip and RandomTranslation run in each way that a data pipeline may use them:
called on a batch, traced with `tf.function` (XLA has no kernel for the translation),
and mapped over a `tf.data.Dataset` with as many threads as TensorFlow likes; with
linear interpolation, which is their default, and with the nearest pixel, which shifts
by whole pixels as cnnkit does.  All run alternately in one process, and a ratio is that
of two minima.

    python benchmarks/augment.py [rounds]
"""

import sys
import time

import numpy as np

import cnnkit  # noqa: F401  quiet start of TensorFlow
from cnnkit import augment

SHAPE = (128, 32, 32, 3)
PIXELS = 4
REPEATS = 10  # calls a round; of each call the time counts, of tf.data the mean
AIM = 6


def keras_ways(images, interpolation):
    """Calls without arguments, each returning seconds a batch, and the name of each."""
    import keras
    import tensorflow as tf

    layers = [
        keras.layers.RandomFlip("horizontal", seed=0),
        keras.layers.RandomTranslation(
            PIXELS / SHAPE[1],
            PIXELS / SHAPE[2],
            fill_mode="constant",
            interpolation=interpolation,
            seed=0,
        ),
    ]

    def both(x):
        for layer in layers:
            x = layer(x, training=True)
        return x

    tensor = tf.constant(images)
    traced = tf.function(both)
    data = tf.data.Dataset.from_tensors(tensor).repeat(REPEATS)
    data = data.map(both, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)

    def timed(f):
        def run():
            best = np.inf
            for _ in range(REPEATS):
                start = time.perf_counter()
                result = f(tensor).numpy()
                best = min(best, time.perf_counter() - start)
            check(images, result)
            return best

        return run

    def mapped():
        start = time.perf_counter()
        for result in data:
            result.numpy()
        return (time.perf_counter() - start) / REPEATS

    return {
        "called": timed(both),
        "tf.function": timed(traced),
        "tf.data": mapped,
    }


def cnnkit_way(images):
    rng = np.random.default_rng(0)

    def run():
        best = np.inf
        for _ in range(5 * REPEATS):  # shorter by far: as many quiet moments
            start = time.perf_counter()
            result = augment.shift(augment.flip(images, rng), rng, PIXELS)
            best = min(best, time.perf_counter() - start)
        check(images, result)
        return best

    return run


def check(images, result):
    """The result is a batch of other images with nearly the same middle colours."""
    assert result.shape == SHAPE
    assert not np.array_equal(result, images)
    assert abs(float(result[:, 8:24, 8:24].mean()) - float(images.mean())) < 3


def main(rounds=7):
    noise = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    print(f"| images | Keras's layers | Keras | cnnkit | ratio (aim >= {AIM}x) |")
    print("| --- | --- | ---: | ---: | ---: |")
    for dtype in (np.uint8, np.float32):
        images = noise.astype(dtype)
        runs = {"cnnkit": cnnkit_way(images)}
        for interpolation in ("bilinear", "nearest"):
            for name, run in keras_ways(images, interpolation).items():
                runs[f"{name}, {interpolation}"] = run
        for run in runs.values():
            run()  # traces and warms up
        seconds = dict.fromkeys(runs, np.inf)
        for _ in range(rounds):
            for name, run in runs.items():
                seconds[name] = min(seconds[name], run())
        mine = seconds.pop("cnnkit")
        for name, theirs in seconds.items():
            print(
                f"| {images.dtype} | {name} | {theirs * 1e3:.2f} ms "
                f"| {mine * 1e3:.3f} ms | {theirs / mine:.1f}x |",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
