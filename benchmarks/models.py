"""Our architectures against keras.applications: `python benchmarks/models.py`.

Each side builds its network at 64x64 with ten classes and trains on one batch of 8.
Build + first step and peak memory are measured in a process of its own each, by turns
(A B A B); then both networks train in one process, a step each by turns.  Printed as
Markdown: minima, and the ratio peer / ours (above 1 ours is better).  ResNeXt-50 meets
itself with Keras's own grouped convolution.  Names after the command choose rows.
"""

import json
import resource
import subprocess
import sys
import time

ROUNDS, STEPS, LIMIT = 6, 60, 60  # s
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


def trained(call):
    """A network after its first step, and its batch."""
    import keras
    import numpy as np

    import cnnkit  # noqa: F401
    from cnnkit import models

    names = {"models": models, "apps": keras.applications} | globals()
    x = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype("float32")
    y = np.arange(8)
    model = eval(call, names)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(x, y)
    return model, (x, y)


def measure(call):
    """One side, in this process: seconds to the first step, GB, MACs."""
    from cnnkit import models  # noqa: F401
    from cnnkit.profile import profile

    start = time.perf_counter()
    model, batch = trained(call)
    first = time.perf_counter() - start
    for _ in range(3):
        model.train_on_batch(*batch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return first, peak, profile(model).total.macs


def alternate(*calls):
    """Both sides, a step each by turns: the shortest of each, in seconds."""
    sides, best = [trained(call) for call in calls], [float("inf")] * len(calls)
    end = time.monotonic() + LIMIT
    for step in range(STEPS):
        if step and time.monotonic() > end:
            break
        for k, (model, batch) in enumerate(sides):
            start = time.perf_counter()
            model.train_on_batch(*batch)
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def elsewhere(*calls):
    """`measure` of one call or `alternate` of two, in a new process."""
    command = [sys.executable, __file__, "--call", *calls]
    out = subprocess.run(command, capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return json.loads(out.stdout.splitlines()[-1])


def main(names):
    print(
        "| network | step: ours, peer (ms) | ratio | build + first (s) | ratio ", end=""
    )
    print("| peak (GB) | ratio | multiply-adds: ours, peer |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in names or PAIRS:
        calls = PAIRS[name]
        rounds = [[elsewhere(call) for call in calls] for _ in range(ROUNDS)]
        (f1, p1, m1), (f2, p2, m2) = (
            [min(values) for values in zip(*side, strict=True)]
            for side in zip(*rounds, strict=True)
        )
        s1, s2 = elsewhere(*calls)
        print(
            f"| {name} | {1000 * s1:.0f}, {1000 * s2:.0f} | {s2 / s1:.2f} "
            f"| {f1:.1f}, {f2:.1f} | {f2 / f1:.2f} | {p1:.2f}, {p2:.2f} "
            f"| {p2 / p1:.2f} | {m1:,}, {m2:,} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--call"]:
        calls = sys.argv[2:]
        print(json.dumps(measure(*calls) if len(calls) == 1 else alternate(*calls)))
    else:
        main(sys.argv[1:])
