"""ResNet-50 at 224x224 on a GPU: `KERAS_BACKEND=jax python benchmarks/resnet50.py`.

Training images a second of `cnnkit.models.resnet(50)` and of `keras.applications`, in
bfloat16 with weights in float32 (Keras's policy mixed_bfloat16), a batch that already
lies on the device.  Both networks train in one process, ten steps each by turns; the
first step, which compiles, is timed apart.  Arguments: batch size, rounds.
"""

import sys
import time

import cnnkit  # noqa: F401  # a quiet start

STEPS = 10


def main(batch=128, rounds=10):
    import keras
    import numpy as np

    from cnnkit import models
    from cnnkit.course import runs
    from cnnkit.profile import profile

    device = runs._device(1)["kind"]
    if device.startswith("CPU"):
        print("No GPU here: nothing measured (CPU: benchmarks/models.py).")
        return
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    rng = np.random.default_rng(0)
    x = keras.ops.convert_to_tensor(rng.normal(size=(batch, 224, 224, 3)), "bfloat16")
    y = keras.ops.convert_to_tensor(rng.integers(0, 1000, batch))
    sides = {
        "cnnkit": models.resnet(50),
        "keras.applications": keras.applications.ResNet50(weights=None),
    }
    first, best = {}, dict.fromkeys(sides, float("inf"))
    for name, model in sides.items():
        model.compile(keras.optimizers.SGD(0.1, 0.9), "sparse_categorical_crossentropy")
        start = time.perf_counter()
        model.train_on_batch(x, y)
        first[name] = time.perf_counter() - start
        model.train_on_batch(x, y)
    for _ in range(rounds):
        for name, model in sides.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                loss = model.train_on_batch(x, y)  # a number: the step is over
            best[name] = min(best[name], (time.perf_counter() - start) / STEPS)
            assert np.isfinite(loss)
    print(f"{device}, batch of {batch}\n")
    print("| network | images/s | step (ms) | first step (s) | multiply-adds |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, model in sides.items():
        print(
            f"| {name} | {batch / best[name]:,.0f} | {1000 * best[name]:.1f} "
            f"| {first[name]:.1f} | {profile(model).total.macs:,} |"
        )
    ours, peer = best.values()
    print(f"\nImages a second of cnnkit / keras.applications: {peer / ours:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
