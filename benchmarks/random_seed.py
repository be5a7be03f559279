"""A short training after `training.set_random_seed` and after Keras's, as Markdown.

A compiled network gets a seed and its first weights back and is trained for one batch;
Keras's function makes TensorFlow prepare the step anew.  Both run alternately on the
same network and must come to the same loss.

    python benchmarks/random_seed.py [rounds]
"""

import os
import sys
import time

os.environ["CNNKIT_TEST"] = "1"  # no progress bar

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras
import numpy as np
from first_step import NETWORKS

from cnnkit import training

SIDES = keras.utils.set_random_seed, training.set_random_seed


def trained(model, weights, set_seed):
    """Seconds from the seed to the end of one step, and its loss."""
    images = np.random.default_rng(0).random((32, *model.input_shape[1:]), "float32")
    start = time.perf_counter()
    set_seed(0)
    training.restart(model, weights)
    history = training.fit(model, images, np.arange(32) % 10).history
    return time.perf_counter() - start, history["loss"][0]


def main(rounds):
    print("| network | Keras | cnnkit | ratio (aim >= 1.5x) |")
    print("| --- | ---: | ---: | ---: |")
    for name, build in NETWORKS.items():
        model = build()
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        weights = model.get_weights()
        trained(model, weights, SIDES[0])  # traces the step
        found = [[trained(model, weights, f) for f in SIDES] for _ in range(rounds)]
        seconds, losses = np.moveaxis(np.array(found), -1, 0)
        np.testing.assert_array_equal(losses[:, 0], losses[:, 1])
        theirs, ours = seconds.min(axis=0)
        print(f"| {name} | {theirs:.2f} s | {ours:.2f} s | {theirs / ours:.1f}x |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
