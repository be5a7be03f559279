"""The first step of `training.fit` against that of `model.fit`, as a Markdown table.

A compiled network is trained for one batch: TensorFlow traces the step and runs it.
Keras by itself traces it twice, since optimizer and metrics get their variables in it.
Both run alternately, each with a new network of the same first weights, and must come
to the same loss.

    python benchmarks/first_step.py [rounds]
"""

import os
import sys
import time

os.environ["CNNKIT_TEST"] = "1"  # no progress bar

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras
import numpy as np

from cnnkit import models, training

NETWORKS = {
    "LeNet-5": models.lenet5,
    "ResNet-20": lambda: models.resnet_cifar(20),
    "ResNet-44": lambda: models.resnet_cifar(44),
}


def first_step(fit, build):
    """Seconds of one step, and its loss."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = build()
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    images = np.random.default_rng(0).random((32, *model.input_shape[1:]), "float32")
    start = time.perf_counter()
    history = fit(model, images, np.arange(32) % 10).history
    return time.perf_counter() - start, history["loss"][0]


def plain(model, *data):
    return model.fit(*data, verbose=0)


def main(rounds):
    print("| network | model.fit | training.fit | ratio (aim >= 1.5x) |")
    print("| --- | ---: | ---: | ---: |")
    first_step(plain, models.lenet5)  # what TensorFlow does once
    for name, build in NETWORKS.items():
        found = [
            [first_step(f, build) for f in (plain, training.fit)] for _ in range(rounds)
        ]
        seconds, losses = np.moveaxis(np.array(found), -1, 0)
        np.testing.assert_allclose(losses[:, 0], losses[:, 1], rtol=1e-6)
        theirs, ours = seconds.min(axis=0)
        print(f"| {name} | {theirs:.2f} s | {ours:.2f} s | {theirs / ours:.1f}x |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
