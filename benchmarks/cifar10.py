"""Time to 91 % on CIFAR-10 on a GPU: `KERAS_BACKEND=jax python benchmarks/cifar10.py`.

A residual network of nine layers (after Page, "How to train your ResNet", 2018), flips,
shifts and cutouts, a learning rate that rises and falls, bfloat16.  Training is timed
from the first epoch to the last, evaluation apart, compilation apart: one step is made
before, and then all begins anew.  The accuracy is that of the last epoch, whatever it
is.  Needs the full set: see `cnnkit.data.load`.  Arguments: epochs, seeds.
"""

import sys
import time

import numpy as np

import cnnkit  # noqa: F401  # a quiet start
from cnnkit import augment, data, schedules, training

AIM, BATCH = 0.91, 500


def network():
    import keras
    from keras import layers

    def convolution(x, filters):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    def residual(x, filters):
        return layers.Add()([x, convolution(convolution(x, filters), filters)])

    x = inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 64, -2)(x)
    x = convolution(x, 64)
    x = residual(layers.MaxPooling2D()(convolution(x, 128)), 128)
    x = layers.MaxPooling2D()(convolution(x, 256))
    x = residual(layers.MaxPooling2D()(convolution(x, 512)), 512)
    x = layers.Flatten()(layers.MaxPooling2D(4)(x))
    x = layers.Rescaling(0.125)(layers.Dense(10, use_bias=False)(x))
    return keras.Model(inputs, layers.Activation("softmax", dtype="float32")(x))


def cutout(images, rng, size=8):
    """Grey squares that may reach over the border (DeVries and Taylor 2017)."""
    images = images.copy()
    centers = rng.integers(0, 32, (2, len(images), 1))
    rows, columns = np.abs(np.arange(32) + 0.5 - centers) < size / 2
    images[rows[:, :, None] & columns[:, None, :]] = 128
    return images


def prepared(images, labels, seed):
    """Batches that several threads make ahead of the training."""
    found = augment.batches(images, labels, BATCH, TRANSFORMS, seed)
    found.workers, found.max_queue_size = 8, 32
    return found


TRANSFORMS = [augment.flip, lambda x, rng: augment.shift(x, rng, 4, "reflect"), cutout]


def main(epochs=24, seeds=2):
    import keras

    from cnnkit.course import runs

    device = runs._device(1)["kind"]
    if device.startswith("CPU"):
        print("No GPU here: nothing measured.")
        return
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    cifar = data.load("cifar10", full=True)
    labels = keras.utils.to_categorical(cifar.y_train, 10)
    answers = keras.utils.to_categorical(cifar.y_test, 10)
    steps = epochs * len(labels) // BATCH
    print(f"{device}, {epochs} epochs\n")
    print("| seed | test accuracy | training (s) | compilation (s) |")
    print("| ---: | ---: | ---: | ---: |", flush=True)
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = network()
        model.compile(
            keras.optimizers.SGD(
                schedules.linear(0.4, steps, warmup=steps // 5),
                momentum=0.9,
                nesterov=True,
                weight_decay=5e-3,  # Keras's is not carried on by the momentum
            ),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=["accuracy"],
            steps_per_execution=20,
        )
        begin = model.get_weights()
        start = time.perf_counter()
        model.fit(prepared(cifar.x_train[:BATCH], labels[:BATCH], seed), verbose=0)
        compilation = time.perf_counter() - start
        training.restart(model, begin)
        batches = prepared(cifar.x_train, labels, seed)
        start = time.perf_counter()
        model.fit(batches, epochs=epochs, verbose=0)
        seconds = time.perf_counter() - start
        accuracy = model.evaluate(cifar.x_test, answers, 1000, verbose=0)[1]
        reached = "" if accuracy >= AIM else " (missed)"
        print(
            f"| {seed} | {accuracy:.4f}{reached} | {seconds:.1f} | {compilation:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
