"""Training with TensorFlow's oneDNN kernels against its own ones, as a Markdown table.

A network learns random images on the processor, with TF_ENABLE_ONEDNN_OPTS=1, which
`import cnnkit` sets, and with 0.  The variable counts when TensorFlow is imported, so
each side is a process; both run alternately and must come to nearly the same loss.

    python benchmarks/onednn.py [rounds]
"""

import json
import os
import subprocess
import sys

CODE = """
import json, sys, time
import cnnkit
import keras
import numpy as np
from cnnkit import models

name, batch = sys.argv[1], int(sys.argv[2])
keras.utils.set_random_seed(0)
model = {
    "LeNet-5": models.lenet5,
    "ConvNetJS": models.convnetjs_cifar10,
    "ResNet-20": lambda: models.resnet_cifar(20),
}[name]()
model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
images = np.random.default_rng(0).random((batch, *model.input_shape[1:]), "float32")
labels = np.arange(batch) % 10
losses = [float(model.train_on_batch(images, labels))]  # traces the step
seconds = []
for _ in range(15):
    start = time.perf_counter()
    losses.append(float(model.train_on_batch(images, labels)))
    seconds.append(time.perf_counter() - start)
print(json.dumps([min(seconds), losses]))
"""
NETWORKS = {"LeNet-5": 60, "ConvNetJS": 60, "ResNet-20": 32}  # images a batch


def step(name, batch, onednn):
    """Seconds of the fastest step, and the losses of all."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.update(CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS=onednn)
    done = subprocess.run(
        [sys.executable, "-c", CODE, name, str(batch)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main(rounds):
    print("| network | images | TensorFlow's own | oneDNN | ratio (aim >= 1.0x) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, batch in NETWORKS.items():
        found = [[step(name, batch, k) for k in "01"] for _ in range(rounds)]
        (_, one), (_, other) = found[0]
        assert all(abs(a - b) < 0.01 * a for a, b in zip(one, other, strict=True))
        own, onednn = (
            min(seconds for seconds, _ in side) for side in zip(*found, strict=True)
        )
        print(
            f"| {name} | {batch} | {1000 * own:.1f} ms | {1000 * onednn:.1f} ms "
            f"| {own / onednn:.1f}x |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
