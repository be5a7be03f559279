"""Our architectures against keras.applications: `python benchmarks/models.py`.

Each side builds its network at 64x64 with ten classes and trains on one batch of 8,
in a process of its own, alternately (A B A B).  Printed as Markdown: the minimum of the
step times, of build + first step, and of the peak memory, and the ratio peer / ours
(above 1 ours is better).  ResNeXt-50 meets itself with Keras's own grouped convolution.
"""

import json
import resource
import subprocess
import sys
import time

ROUNDS, STEPS = 2, 12
PAIRS = {  # name: (ours, peer)
    "ResNet-50": (
        "models.resnet(50, SHAPE, 10)",
        "apps.ResNet50(weights=None, **SMALL)",
    ),
    "MobileNetV2": (
        "models.mobilenet_v2(SHAPE, 10)",
        "apps.MobileNetV2(weights=None, **SMALL)",
    ),
    "DenseNet-121": (
        "models.densenet(121, SHAPE, 10)",
        "apps.DenseNet121(weights=None, **SMALL)",
    ),
    "EfficientNet-B0": (
        "models.efficientnet('b0', SHAPE, 10)",
        "apps.EfficientNetB0(weights=None, **SMALL)",
    ),
    "ResNeXt-50, stock groups": (
        "models.resnext(50, **SMALL)",
        "stock_resnext()",
    ),
}
SHAPE = (64, 64, 3)
SMALL = {"input_shape": SHAPE, "classes": 10}


def stock_resnext():
    import keras

    from cnnkit import models

    module = sys.modules["cnnkit.models.resnext"]  # the name in models is the function
    assert module.GroupedConv2D is not keras.layers.Conv2D
    module.GroupedConv2D = keras.layers.Conv2D
    return models.resnext(50, **SMALL)


def measure(call):
    """One side, in this process: seconds a step, seconds to the first, GB, MACs."""
    import keras
    import numpy as np

    import cnnkit  # noqa: F401
    from cnnkit import models
    from cnnkit.profile import profile

    names = {"models": models, "apps": keras.applications} | globals()
    x = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype("float32")
    y = np.arange(8)
    start = time.perf_counter()
    model = eval(call, names)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(x, y)
    first = time.perf_counter() - start
    steps = []
    for _ in range(STEPS):
        start = time.perf_counter()
        model.train_on_batch(x, y)
        steps.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return min(steps), first, peak, profile(model).total.macs


def main():
    print(
        "| network | step: ours, peer (ms) | ratio | build + first (s) | ratio ", end=""
    )
    print("| peak (GB) | ratio | multiply-adds: ours, peer |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, calls in PAIRS.items():
        best = [None, None]
        for _ in range(ROUNDS):
            for side, call in enumerate(calls):
                command = [sys.executable, __file__, call]
                out = subprocess.run(command, capture_output=True, text=True)
                if out.returncode:
                    sys.exit(out.stderr)
                new = json.loads(out.stdout.splitlines()[-1])
                best[side] = [
                    min(pair) for pair in zip(best[side] or new, new, strict=True)
                ]
        (s1, f1, p1, m1), (s2, f2, p2, m2) = best
        print(
            f"| {name} | {1000 * s1:.0f}, {1000 * s2:.0f} | {s2 / s1:.2f} "
            f"| {f1:.1f}, {f2:.1f} | {f2 / f1:.2f} | {p1:.2f}, {p2:.2f} "
            f"| {p2 / p1:.2f} | {m1:,}, {m2:,} |",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
