"""`profile` of deep networks, beside Keras's `summary` of them, as a Markdown table.

Both run alternately in one process, A B A B, and the least time of each is shown.  They
must find the same number of parameters.  Building the model is timed apart, once.

    python benchmarks/profile.py [rounds]
"""

import re
import sys
import time

sys.path.pop(0)  # this folder: the standard library has a module `profile`, too

import cnnkit  # noqa: F401  before Keras: TensorFlow starts quietly

# isort: split
import keras

from cnnkit.profile import profile

SHAPE = (224, 224, 3)
AIM = 2.0  # seconds


def seconds(f, *arguments, **options):
    start = time.perf_counter()
    result = f(*arguments, **options)
    return time.perf_counter() - start, result


def summary(model):
    lines = []
    model.summary(print_fn=lines.append, line_length=120)
    return int(
        re.search(r"Total params: ([\d,]+)", "\n".join(lines))[1].replace(",", "")
    )


def main(rounds=10):
    print("| network | size | layers | built in | summary | profile | aim |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, shape in [
        ("ResNet152", SHAPE),
        ("ResNet152", (None, None, 3)),
        ("DenseNet201", SHAPE),
        ("EfficientNetB7", (600, 600, 3)),
    ]:
        open_size = None in shape
        build = getattr(keras.applications, name)
        options = {"weights": None, "include_top": not open_size, "input_shape": shape}
        built, model = seconds(build, **options)
        keras_own, mine = [], []
        for _ in range(rounds):
            took, parameters = seconds(summary, model)
            keras_own.append(took)
            took, found = seconds(
                profile, model, input_shape=SHAPE if open_size else None
            )
            mine.append(took)
        assert found.total.parameters == parameters
        side = "open, asked for 224" if open_size else shape[0]
        print(
            f"| {name} | {side} | {len(model.layers)} | {built:.1f} s "
            f"| {min(keras_own):.3f} s | {min(mine):.3f} s | < {AIM:g} s |",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
