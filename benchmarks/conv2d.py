"""`reference.conv2d` against loops of `scipy.signal.correlate2d`, as a Markdown table.

Both run alternately in one process, A B A B, and the ratio is that of the two minima:
what disturbs a run can only make it slower.  Both use one thread, as SciPy's loops
cannot use more.  Results must agree.

    python benchmarks/conv2d.py [rounds]
"""

import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import numpy as np
from scipy.signal import correlate2d

from cnnkit import reference

# batch, height = width, channels, filters, kernel size, aim
SHAPES = [
    (32, 28, 1, 6, 5, 4),
    (32, 14, 6, 16, 5, 50),
    (8, 32, 16, 32, 3, 10),
    (2, 56, 64, 64, 3, 40),
]


def scipy_loops(x, kernel):
    """One plane of one image at a time, summed over the channels."""
    batch, height, width, channels = x.shape
    size, _, _, filters = kernel.shape
    shape = batch, height - size + 1, width - size + 1, filters
    y = np.zeros(shape, x.dtype)
    for n in range(batch):
        for f in range(filters):
            for c in range(channels):
                y[n, :, :, f] += correlate2d(
                    x[n, :, :, c], kernel[:, :, c, f], mode="valid"
                )
    return y


def seconds(f, *arguments):
    start = time.perf_counter()
    result = f(*arguments)
    return time.perf_counter() - start, result


def main(rounds=25):
    rng = np.random.default_rng(0)
    print("| input | kernel | SciPy loops | reference.conv2d | ratio | aim |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for batch, side, channels, filters, size, aim in SHAPES:
        x = rng.normal(size=(batch, side, side, channels)).astype(np.float32)
        kernel = rng.normal(size=(size, size, channels, filters)).astype(np.float32)
        loops, mine = [], []
        for _ in range(rounds):
            took, expected = seconds(scipy_loops, x, kernel)
            loops.append(took)
            took, y = seconds(reference.conv2d, x, kernel)
            mine.append(took)
        np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-3)
        slow, fast = min(loops) * 1e3, min(mine) * 1e3
        print(
            f"| {batch}x{side}x{side}x{channels} | {size}x{size}, {filters} filters "
            f"| {slow:.2f} ms | {fast:.3f} ms | {slow / fast:.1f}x | >= {aim}x |",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
