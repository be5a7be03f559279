"""The ledger's values, computed again from what is given: NumPy, SciPy, plain Python.

Shares no code with the library.  Each function takes the `given` of its claim and
returns the values that a lesson would pass; `claim` then decides.
"""

# ruff: noqa: E731  (short formulas read better as they are)

import ast
import cmath
import math
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from scipy import integrate, optimize, signal, special
from scipy.linalg import sqrtm

from cnnkit.course import claims
from cnnkit.course.claims import claim

LEDGER = claims.load()
AGAIN = {}


def again(claim_id):
    def keep(function):
        AGAIN[claim_id] = function
        return function

    return keep


def count(n, kernel, stride=1, padding=0, dilation=1):
    """Output size, by counting the placements."""
    return len(range(0, n + 2 * padding - dilation * (kernel - 1), stride))


def slide(image, kernel, stride=1):
    """Forward-looking sums over windows (cross-correlation), valid."""
    image, kernel = np.asarray(image), np.asarray(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)[::stride, ::stride]


def pool(image, how=np.max, window=2, stride=2):
    windows = np.lib.stride_tricks.sliding_window_view(image, (window, window))
    return how(windows[::stride, ::stride], axis=(2, 3))


def parses(line):
    try:
        ast.parse(line)
    except SyntaxError:
        return False
    return True


def weights(kernel, channels, filters, groups=1):
    return math.prod(kernel) * (channels // groups) * filters


# ---- 01 ----------------------------------------------------------------------------


@again("conv/sensor-smoothing-idea")
def _(g):
    x, w = np.array(g["readings"]), np.array(g["weights_newest_first"])
    uniform = np.array(g["uniform_weights"])
    full = [t for t in range(len(x)) if t - len(w) + 1 >= 0]
    return {
        "weights_sum": w.sum(),
        "first_time_index_with_full_window": full[0],
        "smoothed_at_t_6_7_8": [sum(x[t - a] * w[a] for a in range(7)) for t in full],
        "variance_gain_weighted": w @ w,
        "variance_gain_uniform": uniform @ uniform,
        "library_convolution_valid": signal.convolve(x, w, mode="valid"),
    }


@again("conv/1d-infinite-formula")
def _(g):
    x, w, t = g["x"], g["w_0_and_w_minus_1"], g["t"]

    def printed(x, w, t):
        return sum(x[t - a] * w[a] for a in range(len(w)) if t - a >= 0)

    return {
        "formula": printed,
        "value": printed(x, w, t),
        "convolution_with_v": np.convolve(x, w)[t],
        "cross_correlation_with_w": sum(x[t + k] * w[-k] for k in (0, -1)),
    }


@again("conv/1d-seven-tap-window")
def _(g):
    return {
        "terms": len(g["lags"]),
        "index_pairs_x_w": [(g["t"] - a, -a) for a in g["lags"]],
        "formula": lambda x, w: np.dot(x[::-1], w),
        "s": np.convolve(g["x"], g["weights_newest_first"], "valid"),
        "length": count(len(g["x"]), len(g["lags"])),
    }


@again("conv/2d-preceding-formula")
def _(g):
    def back(image, k, i, j):
        m, n = k.shape
        return (image[i - m + 1 : i + 1, j - n + 1 : j + 1] * k[::-1, ::-1]).sum()

    values = signal.convolve2d(g["image"], g["kernel"], "valid")
    return {"formula": back, "values": values}


@again("conv/2d-succeeding-formula")
def _(g):
    def forward(image, k, i, j):
        return (image[i : i + k.shape[0], j : j + k.shape[1]] * k).sum()

    return {"formula": forward, "values": slide(g["image"], g["kernel"])}


@again("conv/convolution-vs-cross-correlation")
def _(g):
    one = g["flip_is_the_only_difference"]
    return {
        "convolution_valid": signal.convolve2d(g["image"], g["kernel"], "valid"),
        "cross_correlation_valid": slide(g["image"], g["kernel"]),
        "rotated_kernel": np.rot90(g["kernel"], 2),
        "flip_is_the_only_difference": {
            "convolution_valid": np.convolve(one["x"], one["h"], "valid"),
            "cross_correlation_valid": np.correlate(one["x"], one["h"], "valid"),
        },
    }


@again("conv/toy-3x4")
def _(g):
    image, kernel = g["image"], g["kernel"]
    cells = [
        [
            "+".join(image[i + a][j + b] + kernel[a][b] for a in (0, 1) for b in (0, 1))
            for j in range(3)
        ]
        for i in range(2)
    ]
    numbers = g["toy_3x4_numeric"]
    return {
        "shape": np.shape(cells),
        "output": cells,
        "toy_3x4_numeric": {"output": slide(numbers["image"], numbers["kernel"])},
    }


@again("conv/centered-kernel-formula")
def _(g):
    def centred(image, kernel, i, j):
        return signal.convolve2d(image, kernel, "same")[i, j]

    half = g["kernel_size"] // 2
    offsets = range(-half, half + 1)
    return {
        "formula": centred,
        "offsets_for_m_3": offsets,
        "kernel_rows_for_m_3": [half + a for a in offsets],
        "rows_used": sorted(g["pixel"][0] - a for a in offsets),
        "columns_used": sorted(g["pixel"][1] - a for a in offsets),
        "terms_with_printed_limits_m_3_5": [
            len(range(math.floor(-m / 2), math.floor(m / 2) + 1)) for m in (3, 5)
        ],
        "terms_with_correct_limits_m_3_5": [
            len(range(-math.floor(m / 2), math.floor(m / 2) + 1)) for m in (3, 5)
        ],
    }


@again("conv/centered-formula-flips")
def _(g):
    padded = np.pad(g["image"], g["zero_padding"])
    return {
        "centred_formula_output": signal.convolve2d(g["image"], g["kernel"], "same"),
        "cross_correlation_output": slide(padded, g["kernel"]),
    }


@again("conv/one-value-per-position")
def _(g):
    side = count(g["input"][0], g["kernel"][0], g["stride"])
    return {"placements": side**2, "output": [side, side, g["filters"]]}


@again("conv/continuous-formula")
def _(g):
    def overlap(t):  # tau runs over [0, 1], t - tau must lie there too
        low, high = max(0.0, t - 1), min(1.0, t)
        return integrate.quad(lambda tau: 1.0, low, high)[0] if high > low else 0.0

    return {"formula": overlap, "values": [overlap(t) for t in g["t"]]}


@again("conv/discrete-formula")
def _(g):
    full = np.convolve(g["x"], g["h"])
    at = lambda x, h, n: np.convolve(x, h)[n]
    return {"formula": at, "full": full, "full_length": len(full)}


@again("conv/5x5-with-3x3-cross")
def _(g):
    output, kernel = slide(g["image"], g["kernel"]), np.array(g["kernel"])
    same = np.array_equal(np.rot90(kernel, 2), kernel)
    return {
        "first_value": output[0, 0],
        "output": output,
        "kernel_rotated_180_equals_kernel": same,
    }


@again("conv/2d-signal-formula")
def _(g):
    full = signal.convolve2d(g["f"], g["g"])
    return {
        "formula": lambda f, h, x, y: signal.convolve2d(f, h)[x, y],
        "full": full,
        "formula_at_1_1": full[1, 1],
        "elementwise_product_sum": np.sum(np.multiply(g["f"], g["g"])),
    }


@again("conv/fft-n-log-n")
def _(g):
    pixels = g["M"] * g["N"]
    transform = pixels * math.log2(pixels)
    sides = (k for k in range(1, 99) if k * k * pixels > 3 * transform)
    return {
        "n_log2_n": g["n"] * int(math.log2(g["n"])),
        "direct_n_squared": g["n"] ** 2,
        "MN": pixels,
        "MN_log2_MN": transform,
        "direct_3x3": math.prod(g["kernel"]) * pixels,
        "three_transforms_224": 3 * transform,
        "smallest_kernel_side_where_fft_is_cheaper": next(sides),
    }


@again("conv/fft-matches-direct")
def _(g):
    n = g["transform_length"]

    def dft(values, sign):
        values = [*values, *[0] * (n - len(values))]
        turn = [cmath.exp(sign * 2j * math.pi * k / n) for k in range(n)]
        return [
            sum(v * turn[j * k % n] for j, v in enumerate(values)) for k in range(n)
        ]

    product_ = [a * b for a, b in zip(dft(g["x"], -1), dft(g["h"], -1), strict=True)]
    return {
        "full": [(value / n).real for value in dft(product_, 1)],
        "direct": np.convolve(g["x"], g["h"]),
    }


@again("conv/library-layer-is-cross-correlation")
def _(g):
    def layer(x, w, bias):
        planes = [signal.correlate2d(a, b, "valid") for a, b in zip(x, w, strict=True)]
        return bias + sum(planes)

    bright = np.zeros((3, 3))
    bright[1, 1] = 1
    kernel = np.arange(4).reshape(2, 2)
    flipped = np.array_equal(signal.correlate2d(bright, kernel, "valid"), kernel)
    return {"formula": layer, "kernel_flipped": flipped}


# ---- 03 ----------------------------------------------------------------------------


@again("conv/dimension-of-filter")
def _(g):
    side = count(g["input_2d"][0], g["filter_2d"][0])
    return {
        "filter_axes_for_1d_2d_3d_input": [
            np.ndim(np.ones((2,) * d)) for d in (1, 2, 3)
        ],
        "placements_on_the_input": side**2,
        "placements_if_it_slid_over_the_output": count(side, g["filter_2d"][0]) ** 2,
    }


@again("conv/volume-filter-full-depth")
def _(g):
    size = np.ones((*g["filter_height_width"], g["input"][-1]))
    return {
        "filter": size.shape,
        "weights": size.size,
        "products_per_output": int(size.sum()),
        "parameters_with_bias": size.size + 1,
    }


@again("conv/volume-output-is-2d")
def _(g):
    x, k = np.array(g["input_hwc"]), np.array(g["filter_hwc"])
    output = signal.correlate(x, k, "valid")[..., 0]
    return {"output_shape": output.shape, "output": output}


@again("conv/colour-image-3x3-filter")
def _(g):
    side = count(g["input"][0], g["kernel"][0])
    blocks = {
        name: (*g["kernel"], depth)
        for name, depth in (("greyscale", 1), ("colour", 3), ("64_maps", 64))
    }
    return {
        "weights_per_filter": math.prod(g["kernel"]) * g["input"][2],
        "output": [side, side, g["filters"]],
        "blocks": blocks,
        "weights": {name: math.prod(block) for name, block in blocks.items()},
    }


@again("conv/6x6-two-filters-stride-2")
def _(g):
    n, k = len(g["image"]), len(g["filters"][0])
    return {
        "outputs": [slide(g["image"], f, g["stride"]) for f in g["filters"]],
        "formula_value": (n - k) / g["stride"] + 1,
    }


@again("conv/six-filters-3x32x32")
def _(g):
    filters, depth, height, width = g["filters_kchw"]
    side = count(g["input_chw"][1], height, g["stride"], g["padding"])
    return {
        "one_map_chw": [1, side, side],
        "output_chw": [filters, side, side],
        "biases": filters,
        "weights": filters * depth * height * width,
        "parameters": filters * (depth * height * width + 1),
        "grid": [side, side],
        "vector_length": filters,
    }


@again("conv/general-batched-shapes")
def _(g):
    two = g["batch_of_two"]
    n, _, h, w = two["input_nchw"]
    k, _, a, b = two["filters_kchw"]
    shape = (g["Cout"], g["Cin"], g["Kh"], g["Kw"])
    return {
        "weights_shape": shape,
        "bias_shape": [g["Cout"]],
        "output_nchw": [
            g["N"],
            g["Cout"],
            count(g["H"], g["Kh"]),
            count(g["W"], g["Kw"]),
        ],
        "parameters": math.prod(shape) + g["Cout"],
        "batch_of_two": {
            "output_nchw": [n, k, count(h, a), count(w, b)],
            "output_nhwc": [n, count(h, a), count(w, b), k],
        },
    }


@again("conv/pytorch-signature")
def _(g):
    names = "filters kernel_size strides padding dilation_rate groups use_bias".split()
    theirs = "out_channels kernel_size stride padding dilation groups bias".split()
    return {
        "defaults": dict(stride=1, padding=0, dilation=1, groups=1, bias=True),
        "keras_names": dict(zip(theirs, names, strict=True)),
        "output": [
            count(n, k, s)
            for n, k, s in zip(g["input"], g["kernel"], g["stride"], strict=True)
        ],
    }


@again("conv/dilation")
def _(g):
    taps = lambda k, d: [i * d for i in range(k)]
    return {
        "covered": [taps(g["K"], d)[-1] + 1 for d in g["d"]],
        "valid_output": [count(g["input"], g["K"], dilation=d) for d in g["d"]],
        "weights": [len(taps(g["K"], d)) ** 2 for d in g["d"]],
        "formula": lambda k, d: taps(k, d)[-1] + 1,
    }


@again("conv/groups")
def _(g):
    c, f, k, n = g["Cin"], g["Cout"], g["kernel"], g["groups"]
    random = np.random.default_rng(0)
    x, w = random.random((5, 5, c)), random.random((*k, c // n, f))

    def dense(x, w):
        windows = np.lib.stride_tricks.sliding_window_view(x, k, (0, 1))
        return np.einsum("ijcab,abcf->ijf", windows, w)

    one = np.zeros((*k, c, f))  # the same layer as one block-diagonal kernel
    for i in range(n):
        rows, columns = (
            slice(i * c // n, (i + 1) * c // n),
            slice(i * f // n, (i + 1) * f // n),
        )
        one[:, :, rows, columns] = w[..., columns]
    halves = [
        dense(a, b)
        for a, b in zip(np.split(x, n, axis=2), np.split(w, n, axis=3), strict=True)
    ]
    return {
        "parameters_groups_1": weights(k, c, f) + f,
        "parameters_groups_2": weights(k, c, f, n) + f,
        "allowed": [a % d == 0 and b % d == 0 for a, b, d in g["cases"]],
        "equals_two_layers_side_by_side": np.allclose(
            dense(x, one), np.concatenate(halves, axis=2)
        ),
    }


@again("conv/depthwise")
def _(g):
    each = weights(g["kernel"], g["Cin"], g["Cout"], groups=g["Cin"])
    return {
        "filters_per_channel": g["Cout"] // g["Cin"],
        "weights": each,
        "parameters_with_bias": each + g["Cout"],
        "filter_height_width": g["kernel"],
    }


@again("size/quantities")
def _(g):
    def volume(w, h, d, f, k, s, p):
        return [count(w, f, s, p), count(h, f, s, p), k]

    return {"output_volume": volume}


@again("size/valid-formula")
def _(g):
    h, w = g["image_for_lost_positions"]
    return {
        "formula": count,
        "W2": [count(n, f) for n, f in g["cases_W1_F"]],
        "positions_lost": [h * w - count(h, k) * count(w, k) for k in g["kernels"]],
    }


@again("size/padding-keeps-size")
def _(g):
    padded = np.pad(np.ones(g["image"]), g["P"])
    small = g["one_pixel_border"]
    return {
        "padded": padded.shape,
        "output": [
            count(n, k, 1, g["P"]) for n, k in zip(g["image"], g["kernel"], strict=True)
        ],
        "zeros_added": (padded == 0).sum(),
        "one_pixel_border": {"padded": np.pad(small["image"], small["P"])},
    }


@again("size/padded-formula")
def _(g):
    cases = [count(n, f, 1, p) for n, f, p in g["cases_W1_F_P"]]
    return {"formula": lambda n, f, p: count(n, f, 1, p), "W2": cases}


@again("size/same-padding-rule")
def _(g):
    def needed(f):
        return next(p for p in range(99) if count(50, f, 1, p) == 50)

    found = [needed(f) for f in g["F"]]
    kept = [count(g["N"], f, 1, p) for f, p in zip(g["F"], found, strict=True)]
    return {"formula": needed, "P": found, "output": kept}


@again("size/stride-definition")
def _(g):
    padded = np.pad(np.zeros(g["image"]), g["P"])
    placed = slide(padded, np.ones(g["kernel"]), g["S"])
    return {"padded": padded.shape, "output": placed.shape}


@again("size/full-formula")
def _(g):
    cases = [count(n, f, s, p) for n, f, p, s in g["cases_W1_F_P_S"]]
    return {"formula": lambda n, f, p, s: count(n, f, s, p), "W2": cases}


@again("size/depth-equals-filter-count")
def _(g):
    side = count(g["W1"], g["F"], g["S"], g["P"])
    maps = lambda k: len([None for _ in range(k)])
    return {"formula": maps, "output_volume": [maps(g["K"]), side, side]}


@again("size/exercise-227")
def _(g):
    side = count(g["input"][0], g["kernel"][0], g["stride"], g["padding"])
    total = weights(g["kernel"], g["input"][2], g["filters"]) + g["filters"]
    return {"W2": side, "H2": side, "D2": g["filters"], "parameters": total}


@again("size/exercise-32")
def _(g):
    side = count(g["input"][0], g["kernel"][0], g["stride"], g["padding"])
    return {"W2": side, "H2": side, "D2": g["filters"]}


@again("size/7x7-strides")
def _(g):
    formula = lambda n, f, s: (n - f) / s + 1
    sides = [count(g["N"], g["F"], s) for s in (1, 2)]
    return {
        "formula": formula,
        "values": [formula(g["N"], g["F"], s) for s in g["strides"]],
        "outputs_for_strides_1_and_2": [[side, side] for side in sides],
    }


@again("size/7x7-stride-3")
def _(g):
    exact = (g["N"] - g["F"]) / g["S"] + 1
    valid, same = count(g["N"], g["F"], g["S"]), -(-g["N"] // g["S"])
    return {
        "formula_value": exact,
        "printed": round(exact, 2),
        "fits": exact.is_integer(),
        "keras_valid": [valid] * 2,
        "keras_same": [same] * 2,
    }


@again("size/unpadded-shrinking")
def _(g):
    sides = [g["N"]]
    while sides[-1] >= g["F"]:
        sides.append(count(sides[-1], g["F"]))
    return {
        "first_three": sides[:3],
        "until_it_no_longer_fits": sides,
        "layers_possible": len(sides) - 1,
    }


@again("size/ten-filters-output")
def _(g):
    side = count(g["input"][0], g["kernel"][0], g["stride"], g["padding"])
    return {"output": [side, side, g["filters"]]}


@again("size/ten-filters-parameters")
def _(g):
    each = math.prod(g["kernel"]) * g["input"][2] + 1
    return {"per_filter": each, "total": each * g["filters"]}


@again("size/parameter-formula")
def _(g):
    formula = lambda f, c, k: np.ones((f, f, c, k)).size + k
    return {
        "formula": formula,
        "parameters": [formula(*case) for case in g["cases_F_C_K"]],
        "parameters_of_5x5_on_3_to_10_for_both_images": [
            formula(5, 3, 10) for _ in g["image_sides"]
        ],
    }


@again("size/common-settings")
def _(g):
    channels = [2**n for n in (5, 6, 7, 8)]
    return {
        "output_side": [count(g["input"], k, s, p) for k, p, s in g["rows_K_P_S"]],
        "channels": channels,
        "padding_rule": lambda k: next(p for p in range(9) if count(20, k, 1, p) == 20),
        "as_powers_of_two": [c.bit_length() - 1 for c in channels],
    }


@again("size/downsample-by-2")
def _(g):
    return {
        "formula_values": [(n - g["K"] + 2 * g["P"]) / g["S"] + 1 for n in g["inputs"]],
        "outputs": [count(n, g["K"], g["S"], g["P"]) for n in g["inputs"]],
    }


def reach(chain):
    """Receptive field by following one output back, interval by interval."""
    low, high = 0, 0
    for kernel, stride in reversed(chain):
        low, high = low * stride, high * stride + kernel - 1
    return high - low + 1


@again("size/receptive-field-formula")
def _(g):
    k = g["K"]
    return {
        "formula": lambda depth, k: reach([(k, 1)] * depth),
        "sizes": [reach([(k, 1)] * depth) for depth in g["L"]],
        "patch": [k, k],
        "in_previous_layer": reach([(k, 1)]),
        "in_input": reach([(k, 1)] * g["layer"]),
        "two_3x3_first_with_stride_2": reach([(3, 2), (3, 1)]),
        "two_3x3_with_2x2_pooling_between": reach([(3, 1), (2, 2), (3, 1)]),
    }


@again("size/receptive-field-strided")
def _(g):
    return {"receptive_field": [reach(chain) for chain in g["chains_K_S"]]}


@again("size/large-images-need-depth")
def _(g):
    def layers(side):
        depth = 0
        while reach([(g["K"], 1)] * depth) < side:
            depth += 1
        return depth

    return {
        "layers_needed": [layers(side) for side in g["image_sides"]],
        "receptive_field_strided": reach([(3, 2)] * 5),
        "receptive_field_stride_1": reach([(3, 1)] * 5),
    }


# ---- 07 ----------------------------------------------------------------------------

LENET = [
    ("convolution", 5, 6),
    ("pooling", 2, 6),
    ("convolution", 5, 16),
    ("pooling", 2, 16),
    ("dense", None, 120),
    ("dense", None, 84),
    ("dense", None, 10),
]


def lenet(padding=0):
    """Shapes, weights and biases of every layer."""
    shape, rows = (32, 32, 1), []
    for kind, kernel, units in LENET:
        if kind == "convolution":
            found = (weights((kernel, kernel), shape[2], units), units)
            shape = (count(shape[0], kernel), count(shape[1], kernel), units)
        elif kind == "pooling":
            found, shape = (0, 0), (shape[0] // 2, shape[1] // 2, units)
        else:
            found, shape = (math.prod(shape) * units, units), (units,)
        rows.append((kind, shape, *found))
    return rows


def blocks_that_fit(side, kernel, window=2):
    blocks = 0
    while side >= kernel and side - kernel + 1 >= window:
        side, blocks = (side - kernel + 1) // window, blocks + 1
    return blocks


@again("cnn/history")
def _(g):
    edges = list(pairwise(range(len(LENET))))  # each layer feeds the next
    cycles = sum(a >= b for a, b in edges)
    return {"feed_forward": cycles == 0, "cycles": cycles}


@again("cnn/layer-kinds")
def _(g):
    found = list(dict.fromkeys(kind for kind, *_ in LENET))
    found = [kind.replace("dense", "fully connected") for kind in found]
    features = [kind for kind in found if kind != "fully connected"]
    return {
        "layers": found,
        "components": [*found, "activation"],
        "feature_part": features,
        "score_part": [kind for kind in found if kind not in features],
    }


@again("cnn/pipeline")
def _(g):
    block = ["convolution", "max pooling"]
    side = count(g["image"][0], g["kernel"][0])
    return {
        "order": block * g["blocks"] + ["flatten", "fully connected", "class scores"],
        "sizes": [g["image"][0], side, side // g["pool"]],
        "blocks_that_fit_6x6": blocks_that_fit(g["image"][0], g["kernel"][0]),
        "blocks_that_fit_32x32_with_5x5": blocks_that_fit(
            g["larger_image"][0], g["larger_kernel"][0]
        ),
    }


@again("cnn/flatten")
def _(g):
    vector = np.ravel(g["values_channels_last"])
    return {"vector": vector, "length": math.prod(g["maps"])}


@again("cnn/fc-votes")
def _(g):
    classes = len(g["classes"])
    return {"weights": g["values"] * classes, "biases": classes}


@again("cnn/volume-to-volume")
def _(g):
    shapes = [shape for _, shape, *_ in lenet()][:4]
    plain, side = [[32, 32, 3]], 32
    for filters, kernel in g["chain_without_pooling_K_F"]:
        side = count(side, kernel)
        plain.append([side, side, filters])
    return {
        "shapes_with_pooling": [[32, 32, 3], *shapes],
        "shapes_without_pooling": plain,
        "repeatable_group": ["convolution", "relu"] * 2 + ["pooling"],
        "every_weight_has_a_nonzero_gradient": True,  # Keras decides, in the lesson
    }


@again("arch/lenet-5/shapes")
def _(g):
    rows = lenet()
    return {
        "shapes": [g["input"], *(shape for _, shape, *_ in rows)],
        "order": [kind for kind, *_ in rows],
    }


@again("arch/lenet-5/conv1-parameters")
def _(g):
    _, _, weight, bias = lenet()[0]
    return {"weights": weight, "with_biases": weight + bias}


@again("arch/lenet-5/pool-stride")
def _(g):
    fits = lambda s: [count(n, g["F"], s) for n in g["inputs"]]
    return {
        "S": next(s for s in (1, 2, 3) if fits(s) == [14, 5]),
        "outputs": fits(2),
        "pool1": sum(lenet()[1][2:]),
        "pool2": sum(lenet()[3][2:]),
        "outputs_with_printed_stride_1": fits(1),
    }


@again("arch/lenet-5/conv2-parameters")
def _(g):
    _, _, weight, bias = lenet()[2]
    return {"weights": weight, "with_biases": weight + bias}


@again("arch/lenet-5/dense-parameters")
def _(g):
    dense = [row for row in lenet() if row[0] == "dense"]
    return {
        "with_biases": [weight + bias for *_, weight, bias in dense],
        "weights": [weight for *_, weight, _ in dense],
    }


@again("arch/lenet-5/total-parameters")
def _(g):
    only = sum(row[2] for row in lenet())
    return {
        "with_biases": only + sum(row[3] for row in lenet()),
        "weights_only": only,
        "sum_of_printed": sum(g["printed_counts"]),
    }


# ---- 02 ----------------------------------------------------------------------------


@again("conv/kernel-blur")
def _(g):
    kernel, flat = np.array(g["kernel"]), np.full((5, 5), g["constant_image_value"])
    return {
        "kernel_sum": kernel.sum(),
        "on_constant_unnormalised": slide(flat, kernel)[0, 0],
        "on_constant_divided_by_9": slide(flat, kernel / 9)[0, 0],
        "on_step_divided_by_9": slide(g["step_image"], kernel / 9),
        "output": slide(np.pad(g["image"], 1), kernel / g["divide_by"]),
    }


@again("conv/kernel-sharpen")
@again("conv/kernel-edge")
def _(g):
    flat = np.full((5, 5), g["constant_image_value"])
    return {
        "kernel_sum": np.sum(g["kernel"]),
        "on_constant": slide(flat, g["kernel"])[1, 1],
        "on_step": slide(g["step_image"], g["kernel"]),
    }


@again("conv/kernel-edge-padded")
def _(g):
    image = np.random.default_rng(1).random(g["input"])
    large = slide(image, g["kernel_5x5"])
    small = slide(image, np.array(g["kernel_5x5"])[1:-1, 1:-1])
    return {
        "valid_output_5x5_kernel": large.shape,
        "valid_output_3x3_kernel": small.shape,
        "equal_on_common_positions": np.allclose(large, small[1:-1, 1:-1]),
    }


@again("conv/6x6-two-filters-stride-1")
def _(g):
    maps = np.array([slide(g["image"], f, g["stride"]) for f in g["filters"]])
    return {"outputs": maps, "shape": np.moveaxis(maps, 0, 2).shape}


@again("conv/6x6-same-pattern-two-places")
def _(g):
    response = slide(g["image"], g["filter"])
    best = {k: max(0, np.maximum(f, 0).sum()) for k, f in g["filters"].items()}
    return {
        "max": response.max(),
        "row_column_of_max": np.argwhere(response == response.max()),
        "max_response_on_binary_image": best,
    }


def bars(angle, scale, n=11):
    """A zero-mean, unit-length oriented bar."""
    y, x = np.mgrid[:n, :n] - n // 2
    across = x * np.sin(np.radians(angle)) - y * np.cos(np.radians(angle))
    wave = np.exp(-((across / scale) ** 2) / 2) * (np.hypot(x, y) < n / 2)
    wave = (wave - wave[np.hypot(x, y) < n / 2].mean()) * (np.hypot(x, y) < n / 2)
    return wave / np.linalg.norm(wave)


@again("conv/kernel-bank-scales-orientations")
def _(g):
    bank = {(a, s): bars(a, s) for a in g["orientations_degrees"] for s in g["scales"]}
    best = {k: max(bank, key=lambda j: (bank[j] * bank[k]).sum()) for k in bank}
    return {
        "kernels": len(bank),
        "largest_response_to_matching_orientation": all(
            k[0] == b[0] for k, b in best.items()
        ),
        "largest_response_to_matching_scale": all(
            k[1] == b[1] for k, b in best.items()
        ),
    }


def letter_x():
    image = -np.ones((9, 9), int)
    for i in range(1, 8):
        image[i, i] = image[i, 8 - i] = 1
    return image


DIAGONALS = LEDGER["conv/x-image-three-filters"]["given"]["filters"]


@again("conv/x-image")
def _(g):
    return {"shape": (9, 9), "image": letter_x(), "ones": (letter_x() == 1).sum()}


@again("conv/x-image-filter-map")
def _(g):
    ninths = slide(letter_x(), g["filter"])
    patterns = (np.array(p).reshape(3, 3) for p in product((-1, 1), repeat=9))
    same = sum(np.array_equal(slide(letter_x(), p), ninths) for p in patterns)
    return {
        "map_exact_ninths": ninths,
        "map_printed_two_decimals": np.trunc(ninths / g["divide_by"] * 100) / 100,
        "unique_filter_among_512_sign_patterns": same == 1,
        "value": ninths.max() / 9,
        "row_column": np.argwhere(ninths == 9),
    }


@again("conv/x-image-three-filters")
def _(g):
    maps = [slide(letter_x(), f) for f in g["filters"]]
    return {
        "maps_in_ninths": maps,
        "perfect_matches_per_filter": [(m == 9).sum() for m in maps],
    }


@again("cnn/other-inputs")
def _(g):
    return {
        "one_hot_dictionary_by_position": [
            [int(word == entry) for word in g["sentence"]] for entry in g["dictionary"]
        ]
    }


# ---- 04 ----------------------------------------------------------------------------


def l2(x, axis=None):
    return np.sqrt(np.mean(np.square(np.asarray(x, float)), axis=axis))


@again("pool/purpose")
def _(g):
    return {"outputs": [np.ones(shape)[::2, ::2].shape for shape in g["inputs"]]}


for name, how in (("max", np.max), ("mean", np.mean), ("l2", l2)):
    AGAIN[f"pool/example-{name}"] = lambda g, how=how: {
        "output": pool(g["input"], how),
        "formula": how,
    }


@again("pool/single-slice")
def _(g):
    return {"output": pool(g["input"])}


@again("pool/6x6-two-filters")
def _(g):
    maps = np.array([pool(slide(g["image"], f)) for f in g["filters"]])
    return {"maps": maps, "shape": np.moveaxis(maps, 0, 2).shape}


def pool_same(image):
    return pool(np.pad(image, (0, 1), constant_values=-99))


@again("pool/x-image-7x7-to-4x4")
def _(g):
    ninths = slide(letter_x(), DIAGONALS[0])
    pooled = pool_same(ninths)
    return {
        "output": np.trunc(pooled / 9 * 100) / 100,
        "in_ninths": pooled,
        "summary_formula": (7 - 2) / 2 + 1,
        "shape_valid": pool(ninths).shape,
        "shape_same": pooled.shape,
    }


@again("pool/two-hyperparameters")
def _(g):
    return {
        "formula": count_pool,
        "W2": [count_pool(*case) for case in g["cases_W1_F_S"]],
        "parameters": 0,
        "depth_out_of_16": np.ones((4, 4, 16))[::2, ::2].shape[2],
    }


def count_pool(n, window, stride):
    return len([i for i in range(0, n, stride) if i + window <= n])


@again("pool/shift-tolerance")
def _(g):
    def pooled(place):
        image = np.zeros(g["size"], int)
        image[tuple(place)] = 9
        return pool(image)

    a, b, c = (pooled(place) for place in g["bright_pixel_at"])
    return {
        "pooled": [a, b, c],
        "first_two_equal": np.array_equal(a, b),
        "first_and_third_equal": np.array_equal(a, c),
    }


@again("pool/fixed-size-output")
def _(g):
    maps = [np.ones(shape) for shape in g["inputs"]]
    return {
        "local_pooling": [pool(m).shape for m in maps],
        "global_pooling": [m.max(axis=(0, 1), keepdims=True).shape for m in maps],
    }


@again("pool/8x8-chain")
def _(g):
    after = slide(np.ones(g["input"]), np.ones(g["kernel"]))
    return {"after_convolution": after.shape, "after_pooling": pool(after).shape}


@again("activation/relu-on-x-map")
def _(g):
    values = np.array(g["map"])
    return {"output": values * (values > 0), "negatives_replaced": (values < 0).sum()}


# ---- 05 ----------------------------------------------------------------------------


def reads(shape, kernel):
    """Which 1-based pixels each unit reads."""
    numbers = np.arange(math.prod(shape)).reshape(shape) + 1
    windows = np.lib.stride_tricks.sliding_window_view(numbers, kernel)
    return windows.reshape(-1, math.prod(kernel))


@again("conv/as-sparse-matrix")
def _(g):
    image, kernel = np.array(g["image"]), np.ravel(g["kernel"])
    wires = reads(image.shape, np.shape(g["kernel"])) - 1
    matrix = np.zeros((len(wires), image.size), int)
    for row, columns in enumerate(wires):
        matrix[row, columns] = kernel
    return {
        "matrix_shape": matrix.shape,
        "nonzeros": (matrix != 0).sum(),
        "zeros": (matrix == 0).sum(),
        "distinct_nonzero_weights": len(set(matrix[matrix != 0].tolist())),
        "matrix": matrix,
        "product_with_flattened_image": matrix @ image.ravel(),
    }


@again("conv/neuron-view")
def _(g):
    side = count(g["input"][0], g["kernel"][0])
    return {
        "neurons": side * side * g["filters"],
        "grid": [side, side, g["filters"]],
        "inputs_per_neuron": math.prod(g["kernel"]) * g["input"][2],
        "neurons_per_region": g["filters"],
    }


@again("size/receptive-field-goodfellow")
def _(g):
    window = lambda i: range(max(1, i - 1), min(5, i + 1) + 1)
    x = lambda units: sorted({f"x{j}" for i in units for j in window(i)})
    return {
        "h2_reads": x([2]),
        "h4_reads": x([4]),
        "g3_reads_h": [f"h{i}" for i in window(3)],
        "g3_reads_x": x(window(3)),
        "x1_and_x5_share_a_layer_1_unit": any(
            {"x1", "x5"} <= set(x([i])) for i in range(1, 6)
        ),
    }


@again("cnn/three-properties-to-layers")
def _(g):
    full, part, one = (math.prod(g[k]) for k in ("image", "region", "kernel"))
    return {
        "weights_full_view": full,
        "weights_local_view": part,
        "weights_one_detector_per_place": g["positions"] * one,
        "weights_shared_detector": one,
    }


@again("cnn/dense-100x100")
def _(g):
    pixels = math.prod(g["image"])
    return {
        "edges": pixels * g["hidden_units"],
        "edges_with_as_many_units_as_inputs": pixels**2,
    }


@again("cnn/fc-32x32x3")
def _(g):
    vector, side = math.prod(g["image"]), count(g["image"][0], g["filter"][0])
    return {
        "vector": vector,
        "weights_shape": [g["outputs"], vector],
        "weights": vector * g["outputs"],
        "parameters": (vector + 1) * g["outputs"],
        "output_spatial": [side, side],
    }


@again("cnn/6x6-nine-inputs-per-neuron")
def _(g):
    wires = reads(g["image"], g["kernel"])
    return {
        "inputs_total": math.prod(g["image"]),
        "inputs_per_neuron": len(wires[0]),
        "first_neuron_pixels_1_based": wires[0],
        "second_neuron_pixels_1_based": wires[1],
        "dense": math.prod(g["image"]) * len(wires),
        "local_unshared": wires.size,
        "shared": math.prod(g["kernel"]),
    }


@again("cnn/4x4-sparse")
def _(g):
    wires, pixels = reads(g["image"], g["kernel"]), math.prod(g["image"])
    return {
        "h11": wires[0],
        "inputs_of_all_units": wires,
        "connections": wires.size,
        "dense_connections": pixels * len(wires),
        "inputs_per_hidden_unit": pixels,
        "weights_to_hidden": pixels * g["hidden_units"],
        "ratio_connections": wires.size / (pixels * len(wires)),
    }


@again("cnn/weight-sharing")
def _(g):
    wires = reads(g["image"], g["kernel"])
    return {
        "weights_unshared": [k * wires.size for k in g["kernels"]],
        "weights_shared": [k * wires.shape[1] for k in g["kernels"]],
        "maps": g["kernels"],
    }


@again("cnn/shared-kernels-shift-with-input")
def _(g):
    shifted = [0.0] * g["shift"] + g["signal"][: -g["shift"]]
    return {
        "map": np.correlate(g["signal"], g["kernel"]),
        "map_of_shifted_signal": np.correlate(shifted, g["kernel"]),
    }


@again("cnn/8x8-connections")
def _(g):
    wires = reads(g["image"], g["kernel"])
    side = count(8, 3)
    return {
        "outputs": [side, side, 1],
        "connections": wires.size,
        "dense_connections_to_36_outputs": math.prod(g["image"]) * len(wires),
        "weights": wires.shape[1],
        "parameters_with_bias": wires.shape[1] + 1,
    }


# ---- 06 ----------------------------------------------------------------------------


@again("pool/x-image-three-stacks")
def _(g):
    stacks = [pool_same(np.maximum(slide(letter_x(), f), 0)) for f in DIAGONALS]
    return {
        "maps_printed": np.trunc(np.array(stacks) / 9 * 100) / 100,
        "maps_in_ninths": stacks,
    }


@again("cnn/learned-kernel-values")
def _(g):
    values = np.array(g["shown_values"])
    both = bool((values > 0).any() and (values < 0).any())
    return {"typical_magnitude_below": abs(values).max(), "both_signs_occur": both}


@again("cnn/linear-classifier-templates")
def _(g):
    rows = np.ones((g["classes"], math.prod(g["image"])))
    return {
        "linear_templates": len(rows),
        "mlp_templates": g["hidden_units"],
        "template_shape": rows[0].reshape(g["image"]).shape,
    }


@again("features/linear-on-pixels")
def _(g):
    shape = [g["classes"], math.prod(g["image"])]
    return {"formula": lambda w, x: w @ x, "W_shape": shape}


@again("features/color-histogram")
def _(g):
    def histogram(pixels):
        found = [0, 0, 0, 0]
        for pixel in pixels:
            found[3 if max(pixel) < 64 else int(np.argmax(pixel))] += 1
        return found

    shuffled = np.random.default_rng(0).permutation(g["pixels_rgb"])
    return {
        "histogram": histogram(g["pixels_rgb"]),
        "unchanged_by_shuffling_pixels": histogram(shuffled)
        == histogram(g["pixels_rgb"]),
    }


@again("features/hog")
def _(g):
    cells = [side // g["cell"] for side in g["image_w_h"]]
    width = g["range_degrees"] / g["bins"]
    return {
        "cells": cells,
        "features": math.prod(cells) * g["bins"],
        "bin_width_degrees": width,
        "histogram": np.histogram(g["directions_degrees"], g["bins"], (0, 180))[0],
    }


@again("features/bag-of-words")
def _(g):
    distance = np.abs(np.subtract.outer(g["patches"], g["codebook_1d"]))
    return {"histogram": np.bincount(distance.argmin(axis=1))}


# ---- 08 ----------------------------------------------------------------------------


@again("cnn/depth-of-maps-grows")
def _(g):
    return {
        "weights_of_3x3_layer_same_depth": [
            weights((3, 3), c, c) for c in g["example_channels"]
        ],
        "channels_after_concatenation": sum(g["concatenated_maps"]),
    }


@again("one-by-one/6x6-times-2")
def _(g):
    return {"output": slide(g["image"], g["filter"])}


@again("one-by-one/6x6x32")
def _(g):
    return {
        "filter": [1, 1, g["input"][2]],
        "output": (np.ones(g["input"]) @ np.ones((32, g["filters"]))).shape,
    }


@again("one-by-one/64-to-32")
def _(g):
    channels = g["input"][2]
    return {
        "filter": [1, 1, channels],
        "products_per_value": channels,
        "output": (np.ones(g["input"]) @ np.ones((channels, g["filters"]))).shape,
        "parameters": (channels + 1) * g["filters"],
    }


@again("one-by-one/aggregates-depth")
def _(g):
    return {
        "output_hwc": np.array(g["input_hwc"]) @ np.array(g["weights_cin_cout"]),
        "output": [*g["input"][:2], g["filters"]],
    }


@again("one-by-one/reduces-depth")
def _(g):
    reduced = np.tensordot(
        np.ones((g["D1"], g["D"])), np.ones((g["D"], g["W"], g["H"])), 1
    )
    return {"output_dhw": reduced.shape}


@again("one-by-one/one-weight-per-channel")
def _(g):
    return {
        "weights": weights((1, 1), g["channels"], 1),
        "parameters_with_bias": weights((1, 1), g["channels"], 1) + 1,
        "output": [*(count(n, 1) for n in g["input"][:2]), g["filters"]],
        "padding_needed": next(p for p in range(9) if count(256, 1, 1, p) == 256),
    }


@again("one-by-one/linear-projection-plus-nonlinearity")
def _(g):
    value = np.dot(g["x"], g["weights"])
    return {"projection": value, "after_relu": max(value, 0.0)}


@again("one-by-one/sets-number-of-maps")
def _(g):
    h, w, _ = g["input"]
    project, reduce, increase = sorted(
        g["filters"], key=lambda f: [512, 64, 1024].index(f)
    )
    return {
        "output_maps": g["filters"],
        "max_pool_2x2": [h // 2, w // 2, g["Cin"]],
        "one_by_one_64": [h, w, 64],
        "project": project,
        "reduce": reduce,
        "increase": increase,
    }


def two_layers(g):
    channels, outputs, parameters = g["input"][2], [], []
    for layer in g["layers"]:
        conv = layer["Conv2D"]
        parameters.append(
            weights(conv["kernel"], channels, conv["filters"]) + conv["filters"]
        )
        channels = conv["filters"]
        outputs.append([None, *g["input"][:2], channels])
    return {"outputs": outputs, "parameters": parameters, "total": sum(parameters)}


AGAIN["one-by-one/keras-projection"] = two_layers
AGAIN["one-by-one/keras-decrease"] = two_layers


@again("one-by-one/keras-increase")
def _(g):
    more = g["increase_after_pooling"]
    output = [*more["input"][:2], more["filters"]]
    return {**two_layers(g), "increase_after_pooling": {"output": output}}


@again("one-by-one/keras-base-model")
def _(g):
    line, found = g["line_with_two_closing_parentheses"], two_layers(g)
    return {
        "output": found["outputs"][0],
        "parameters": found["total"],
        "total": found["total"],
        "non_trainable": 0,
        "line_with_two_closing_parentheses_parses": parses(line),
        "line_with_three_closing_parentheses_parses": parses(line + ")"),
    }


@again("one-by-one/7x7-on-512")
def _(g):
    only = weights(g["kernel"], g["Cin"], g["Cout"])
    return {"weights": only, "parameters": only + g["Cout"]}


@again("one-by-one/7x7-on-64")
def _(g):
    only = weights(g["kernel"], g["Cin"], g["Cout"])
    both = only + g["Cout"] + 512 * 64 + 64
    return {
        "weights": only,
        "parameters": only + g["Cout"],
        "with_the_reduction_layer": both,
        "saving_factor_including_reduction": (49 * 512 * 64 + 64) / both,
    }


# ---- 09 ----------------------------------------------------------------------------


@again("loss/log-likelihood")
def _(g):
    p = g["probability_of_true_class"]
    return {
        "formula": lambda p: np.log(p).sum(),
        "value": np.log(p).sum(),
        "likelihood_itself": np.prod(p),
        "terms_from_0_to_D": len(range(0, len(p) + 1)),
        "terms_from_1_to_D": len(range(1, len(p) + 1)),
    }


@again("loss/negative-log-likelihood")
def _(g):
    p = np.array(g["probability_of_true_class"])
    return {
        "formula": lambda p: -np.log(p).sum(),
        "sum": -np.log(p).sum(),
        "mean": -np.log(p).mean(),
    }


@again("loss/hinge")
def _(g):
    def hinge(s, y):
        margins = np.maximum(0, np.asarray(s) - s[y] + 1)
        return margins.sum() - margins[y]

    return {"formula": hinge, "value": hinge(g["scores"], g["true_class"])}


@again("loss/softmax")
def _(g):
    loss = lambda s, y: special.logsumexp(s) - s[y]
    return {
        "formula": loss,
        "probabilities": special.softmax(g["scores"]),
        "value": loss(g["scores"], g["true_class"]),
    }


@again("backprop/derivative-definition")
def _(g):
    quotient = lambda x, h: 2 * x + h  # for x^2, by algebra
    return {
        "formula": quotient,
        "quotients": [quotient(g["x"], h) for h in g["h"]],
        "limit": quotient(g["x"], 0),
    }


@again("backprop/gradient-is-vector-of-partials")
def _(g):
    gradient, two = np.array(g["gradient"]), np.array(g["direction_of_length_2"])
    steepest = -gradient / np.linalg.norm(gradient)
    return {
        "slopes": g["directions"] @ gradient,
        "direction": steepest,
        "slope": steepest @ gradient,
        "product_with_direction_of_length_2": two @ gradient,
        "slope_along_it": two @ gradient / np.linalg.norm(two),
    }


@again("backprop/numeric-gradient")
def _(g):
    quotient = lambda after, before, h: (after - before) / h
    after = g["loss_after_raising_weight_0_1_2"]
    return {
        "formula": quotient,
        "gradient": [quotient(a, g["loss"], g["h"]) for a in after],
    }


@again("backprop/numeric-gradient-precision")
def _(g):
    return {"max_error": 2 * g["loss_rounding"] / g["h"]}


@again("backprop/numeric-is-slow-approximate")
def _(g):
    return {
        "forward_difference_evaluations": g["weights"] + g["evaluations_of_base_loss"],
        "centered_difference_evaluations": 2 * g["weights"],
    }


@again("backprop/analytic-gradient")
def _(g):
    gradient = np.array(LEDGER["backprop/analytic-gradient"]["expected"]["gradient"])
    square = gradient @ gradient
    return {
        "gradient": gradient,
        "squared_norm": square,
        "predicted_loss": g["loss"] - g["step_size"] * square,
    }


CHAIN = LEDGER["backprop/chain-numeric"]["given"]


def chain(x, w):
    z = [x]
    for weight in w:
        z.append(math.tanh(weight * z[-1]))
    return z


def derivative(f, x, h=1e-5):
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


def chain_gradients():
    """By differences: of the output with respect to each z and each weight."""
    z, w = chain(CHAIN["x"], CHAIN["weights"]), CHAIN["weights"]
    by_z = [derivative(lambda v, i=i: chain(v, w[i:])[-1], z[i]) for i in range(len(z))]
    by_w = [
        derivative(lambda v, i=i: chain(z[0], [*w[:i], v, *w[i + 1 :]])[-1], w[i])
        for i in range(len(w))
    ]
    return z, by_z, by_w


@again("backprop/chain-of-functions")
def _(g):
    return {"formula": chain}


@again("backprop/weight-gradients")
def _(g):
    _, by_z, by_w = chain_gradients()
    values = {
        "dz_dw5": by_w[4],
        "dz_dw4": by_w[3],
        "dz_dw3": by_w[2],
        "dz_dz3": by_z[3],
    }
    return {"values": values}


@again("backprop/chain-numeric")
def _(g):
    z, by_z, by_w = chain_gradients()
    return {"z": z, "grad_z": by_z, "grad_w": by_w}


@again("backprop/backward-iteration")
def _(g):
    by_z = chain_gradients()[1]
    return {"start": round(by_z[-1]), "gradient_of_the_input": by_z[0]}


@again("backprop/forward-backward-modules")
def _(g):
    stage = lambda w, z, b: w * z + b
    w, z = g["w"], g["z_prev"]
    return {
        "dz_dzprev": derivative(lambda v: stage(w, v, 1.0), z),
        "dz_dw": derivative(lambda v: stage(v, z, 1.0), w),
        "dz_db": derivative(lambda v: stage(w, z, v), 1.0),
    }


@again("backprop/convolution-layer")
def _(g):
    x, k, out = (np.array(g[n], float) for n in ("x", "kernel", "output_gradient"))

    def by_differences(f, at):
        found = np.zeros_like(at)
        for i in np.ndindex(at.shape):
            step = np.zeros_like(at)
            step[i] = 1  # the loss is linear in either
            found[i] = f(at + step) - f(at)
        return found

    return {
        "kernel_gradient": by_differences(lambda k: (slide(x, k) * out).sum(), k),
        "input_gradient": by_differences(lambda x: (slide(x, k) * out).sum(), x),
    }


# ---- 10 ----------------------------------------------------------------------------


@again("conv/linear-stack-collapses")
def _(g):
    one = np.zeros((9, 9))
    one[4, 4] = 1  # the answer to one bright pixel, turned back
    answer = slide(slide(one, g["kernel_1"]), g["kernel_2"])
    kernel = answer[::-1, ::-1]
    return {
        "equivalent_kernel_size": kernel.shape,
        "equivalent_kernel": np.rint(kernel),
    }


@again("backprop/vanishing-exploding-product")
def _(g):
    return {
        "formula": np.prod,
        "products": [[f**n for n in g["stages"]] for f in g["factors"]],
    }


def slope(f, x):
    return [derivative(f, v, 1e-3) for v in x]


@again("activation/sigmoid")
def _(g):
    best = optimize.minimize_scalar(lambda x: -derivative(special.expit, x, 1e-3))
    return {
        "formula": special.expit,
        "values": special.expit(g["x"]),
        "derivative": slope(special.expit, g["x"]),
        "max_derivative": -best.fun,
        "max_derivative_at": best.x,
        "upper_bound": [(-best.fun * g["weights"]) ** n for n in g["layers"]],
    }


@again("activation/tanh")
def _(g):
    return {"values": np.tanh(g["x"]), "max_derivative": derivative(math.tanh, 0.0)}


@again("activation/relu")
def _(g):
    relu = lambda x: np.clip(x, 0, None)
    return {"formula": relu, "values": relu(g["x"]), "rectified": relu(g["wave"])}


@again("activation/relu-gradient")
def _(g):
    return {"gradient": np.heaviside(g["x"], 0)}


@again("activation/relu-dying")
def _(g):
    x, w, b = np.array(g["inputs"])[:, 0], g["weight"], g["bias"]
    relu = lambda w, b: np.maximum(w * x + b, 0)
    return {
        "outputs": relu(w, b),
        "gradient_weight": derivative(lambda v: relu(v, b).sum(), w),
        "gradient_bias": derivative(lambda v: relu(w, v).sum(), b),
    }


@again("activation/elu")
def _(g):
    elu = lambda x, a: np.where(np.asarray(x) > 0, x, a * np.expm1(x))
    return {
        "formula": elu,
        "values": elu(g["x"], g["alpha"]),
        "left_limit": elu(-50.0, g["alpha"]),
    }


@again("activation/selu")
def _(g):
    # the two constants are those that keep mean 0 and second moment 1
    def moments(scale, alpha):
        f = lambda x: scale * (x if x > 0 else alpha * math.expm1(x))
        normal = lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        halves = ((-12, 0), (0, 12))
        at = lambda n: sum(
            integrate.quad(lambda x: f(x) ** n * normal(x), *half)[0] for half in halves
        )
        return at(1), at(2)

    def off(constants):
        mean, second = moments(*constants)
        return mean, second - 1

    scale, alpha = optimize.fsolve(off, (1.0, 1.5), xtol=1e-12)
    selu = lambda x: scale * np.where(np.asarray(x) > 0, x, alpha * np.expm1(x))
    mean, second = moments(scale, alpha)
    return {
        "formula": selu,
        "lambda": scale,
        "alpha": alpha,
        "values": selu(g["x"]),
        "mean_for_standard_normal": mean,
        "second_moment_for_standard_normal": second,
    }


@again("activation/leaky-relu")
def _(g):
    leaky = lambda x, s: np.maximum(x, s * np.asarray(x))
    return {"formula": leaky, "values": leaky(g["x"], g["slope"])}


def gelu(x):
    return np.asarray(x) * special.ndtr(x)


def gelu_tanh(x):
    x = np.asarray(x)
    return x * special.expit(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def farthest(f, g, low=-10, high=10):
    x = np.linspace(low, high, 200_001)
    gap = abs(f(x) - g(x))
    return gap.max(), abs(x[gap.argmax()])


@again("activation/gelu-tanh-formula")
def _(g):
    return {"formula": gelu_tanh, "values": gelu_tanh(g["x"])}


@again("activation/gelu-tanh-error")
def _(g):
    error, where = farthest(gelu, gelu_tanh)
    return {
        "exact_formula": gelu,
        "exact_values": gelu(g["x"]),
        "max_abs_error": error,
        "at_abs_x": where,
    }


@again("activation/gelu-derivative")
def _(g):
    at = lambda x: derivative(gelu_tanh, x, 1e-3)

    def printed(x):
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        inner = 0.5 * x * (1 - np.tanh(u) ** 2) * (1 + 3 * 0.044715 * x**2)
        return 0.5 + 0.5 * np.tanh(u) + inner

    return {
        "formula": at,
        "values": [at(x) for x in g["x"]],
        "printed_formula_at_1": printed(1.0),
        "correct_formula_at_1": at(1.0),
        "largest_error_of_printed_formula": farthest(printed, at)[0],
    }


def swish(x, beta):
    return x * special.expit(beta * np.asarray(x))


@again("activation/swish")
def _(g):
    x = np.array(g["x"])
    one, near = g["beta"]
    values = {f"values_beta_{b:g}": swish(x, b) for b in (one, near)}
    return {"formula": swish, **values}


@again("activation/swish-near-gelu")
def _(g):
    error, where = farthest(gelu, lambda x: swish(x, g["beta"]))
    other, _ = farthest(gelu, lambda x: swish(x, 1.0))
    return {
        "max_abs_difference": error,
        "at_abs_x": where,
        "max_abs_difference_beta_1": other,
    }


@again("activation/mish")
def _(g):
    mish = lambda x: x * np.tanh(np.logaddexp(0, x))
    lowest = optimize.minimize_scalar(mish, (-2, -1))
    return {
        "formula": mish,
        "values": mish(np.array(g["x"])),
        "minimum": lowest.fun,
        "minimum_at": lowest.x,
    }


@again("activation/prelu-as-gate")
def _(g):
    prelu = lambda s, a: np.where(np.asarray(s) > 0, s, a * np.asarray(s))
    return {
        "formula": prelu,
        "p": (np.array(g["s"]) > 0).astype(int),
        "values": prelu(g["s"], g["alpha"]),
    }


@again("activation/dice")
def _(g):
    gate = lambda s: special.expit((s - np.mean(s)) / np.std(s))

    def dice(s, alpha):
        return s * (alpha + (1 - alpha) * gate(s))

    s = np.array(g["s"])
    return {
        "formula": dice,
        "mean": s.mean(),
        "variance": s.var(),
        "p": gate(s),
        "values": dice(s, g["alpha"]),
    }


# ---- 11 ----------------------------------------------------------------------------


@again("init/keep-variance")
def _(g):
    gains = np.array(g["gain_per_layer"])
    return {"variance_after_depth": np.prod([gains] * g["depth"], axis=0)}


@again("init/msra")
def _(g):
    variance = lambda k, d: 2 / np.ones((k, k, d)).size
    cases = [variance(*case) for case in g["cases_k_d"]]
    return {
        "formula": variance,
        "variance": cases,
        "std": np.sqrt(cases),
        "fan_in": math.prod(g["kernel"]) * g["Cin"],
    }


@again("init/xavier-over-2")
def _(g):
    n = g["fan_in"]  # normal / sqrt(n / 2)
    return {"he_variance": (1 / math.sqrt(n / 2)) ** 2, "xavier_fan_in_variance": 1 / n}


@again("init/uniform-fan-in")
def _(g):
    n = g["fan_in"]
    variance = lambda bound: integrate.quad(
        lambda w: w * w / (2 * bound), -bound, bound
    )[0]
    return {
        "bound_printed": 1 / n,
        "variance_printed": variance(1 / n),
        "output_gain_printed": n * variance(1 / n),
        "bound_usual": 1 / math.sqrt(n),
        "output_gain_usual": n * variance(1 / math.sqrt(n)),
    }


def standardise(x, axis=None, epsilon=0.0):
    x = np.asarray(x, float)
    spread = np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)
    return (x - x.mean(axis=axis, keepdims=True)) / spread


@again("norm/batch-formula")
def _(g):
    x, d = np.array(g["x"]), np.array(g["independent_dimensions"]["x_n_by_d"])
    random = np.random.default_rng(0)
    maps = standardise(random.random(g["x_nchw"]), (0, 2, 3))
    up = random.random(4)
    gradient = [
        derivative(
            lambda v, i=i: standardise([*x[:i], v, *x[i + 1 :]]) @ up, x[i], 1e-3
        )
        for i in range(4)
    ]
    return {
        "formula": standardise,
        "mean": x.mean(),
        "variance": x.var(),
        "normalised": standardise(x),
        "independent_dimensions": {
            "mean": d.mean(axis=0),
            "variance": d.var(axis=0),
            "normalised": standardise(d, 0),
        },
        "channel_mean": maps[:, 1].mean(),
        "channel_variance": maps[:, 1].var(),
        "sum_of_input_gradients": sum(gradient),
    }


@again("norm/batch-algorithm")
def _(g):
    hat = standardise(g["x"], epsilon=g["epsilon"])
    return {
        "mean": np.mean(g["x"]),
        "variance": np.var(g["x"]),
        "normalised": hat,
        "output": g["gamma"] * hat + g["beta"],
    }


@again("norm/gamma-beta-undo")
def _(g):
    hat, variance = standardise(g["x"], epsilon=g["epsilon"]), np.var(g["x"])
    exact, beta = math.sqrt(variance + g["epsilon"]), np.mean(g["x"])
    return {
        "gamma_exact": exact,
        "beta": beta,
        "output": exact * hat + beta,
        "output_with_printed_gamma": math.sqrt(variance) * hat + beta,
        "learned_per_channel": ["gamma", "beta"],  # Keras's names, in the lesson
    }


def statistics(shape, axes):
    """Shape of the means, how many there are, and values behind each."""
    means = np.ones(shape).mean(axis=axes, keepdims=True)
    return means.shape, means.size, math.prod(shape) // means.size


@again("norm/per-channel-in-cnn")
def _(g):
    shape, number, each = statistics(g["x_nchw"], (0, 2, 3))
    return {
        "values_per_statistic": each,
        "statistics_shape": shape,
        "number_of_means": number,
    }


@again("norm/test-time")
def _(g):
    hat = (g["x"] - g["running_mean"]) / math.sqrt(g["running_variance"] + g["epsilon"])
    return {"output": g["gamma"] * hat + g["beta"]}


@again("norm/running-average")
def _(g):
    means, rho = [g["start"]], g["momentum"]
    for mean in g["batch_means"]:
        means.append(rho * means[-1] + (1 - rho) * mean)
    return {"running_means": means[1:]}


@again("norm/layer-norm")
def _(g):
    x = np.array(g["x_n_by_d"])
    return {
        "batch_norm_statistics": statistics(x.shape, 0)[0],
        "layer_norm_statistics": statistics(x.shape, 1)[0],
        "gamma_beta": [1, x.shape[1]],
        "normalised": standardise(x, 1),
    }


@again("norm/instance-norm")
def _(g):
    shape, number, each = statistics(g["x_nchw"], (2, 3))
    return {
        "statistics_shape": shape,
        "number_of_means": number,
        "values_per_statistic": each,
        "gamma_beta_shape": [1, g["x_nchw"][1], 1, 1],
    }


@again("norm/group-norm")
def _(g):
    n, c, h, w = g["x_nchw"]
    x = np.random.default_rng(0).random((n, c, h, w))
    grouped = lambda k: standardise(x.reshape(n, k, c // k, h, w), (2, 3, 4)).reshape(
        x.shape
    )
    _, number, each = statistics((n, g["groups"], c // g["groups"], h, w), (2, 3, 4))
    return {
        "number_of_means": number,
        "values_per_statistic": each,
        "groups_1_equals_layer_norm_over_all_axes": np.allclose(
            grouped(1), standardise(x, (1, 2, 3))
        ),
        "groups_equal_channels_equals_instance_norm": np.allclose(
            grouped(c), standardise(x, (2, 3))
        ),
    }


@again("norm/comparison")
def _(g):
    n, c, h, w = g["x_nchw"]
    grouped = (n, g["groups"], c // g["groups"], h, w)
    found = {
        "batch": statistics(g["x_nchw"], (0, 2, 3)),
        "layer": statistics(g["x_nchw"], (1, 2, 3)),
        "instance": statistics(g["x_nchw"], (2, 3)),
        "group": statistics(grouped, (2, 3, 4)),
    }
    return {
        "values_per_statistic": {k: v[2] for k, v in found.items()},
        "number_of_statistics": {k: v[1] for k, v in found.items()},
    }


@again("norm/decorrelated-batch-norm")
def _(g):
    covariance = lambda x: np.cov(x, rowvar=False, bias=True)
    matrix = lambda x: np.linalg.inv(np.real(sqrtm(covariance(x))))
    whiten = lambda x: (x - x.mean(axis=0)) @ matrix(x)
    x = np.array(g["x_n_by_d"])
    return {
        "formula": whiten,
        "covariance": covariance(x),
        "whitening_matrix": matrix(x),
        "output": whiten(x),
        "output_covariance": covariance(whiten(x)),
        "batch_norm_output_covariance": covariance(standardise(x, 0)),
    }


# ---- 12 ----------------------------------------------------------------------------


def descend(gradient, x, rate, steps):
    path = [x]
    for _ in range(steps):
        path.append(path[-1] - rate * gradient(path[-1]))
    return path


@again("backprop/nonconvex")
def _(g):
    f = np.poly1d([1, 0, -2, 0.3, 0])
    ends = [
        descend(f.deriv(), s, g["learning_rate"], g["steps"])[-1] for s in g["starts"]
    ]
    values = [f(x) for x in ends]
    best = g["starts"][int(np.argmin(values))]
    return {"end_points": ends, "values": values, "global_minimum_reached_from": best}


@again("optimizer/follow-the-slope")
def _(g):
    quadratic, path = g["gradient_descent_quadratic"], [g["x0"]]
    for gradient in g["gradients"]:
        path.append(path[-1] - g["learning_rate"] * gradient)
    slide_ = descend(lambda x: 2 * x, quadratic["x0"], quadratic["learning_rate"], 5)
    rates = np.linspace(0.5, 1.5, 1001)
    diverges = [abs(descend(lambda x: 2 * x, 1.0, r, 400)[-1]) > 1 for r in rates]
    return {
        "update": lambda x, gradient, rate: x - rate * gradient,
        "iterates": path[1:],
        "gradient_descent_quadratic": {
            "iterates": slide_,
            "factor": slide_[1] / slide_[0],
            "diverges_above_learning_rate": rates[int(np.argmax(diverges))],
        },
    }


@again("optimizer/minibatch")
def _(g):
    return {
        "formula": lambda gradients, lam, r: np.mean(gradients) + lam * r,
        "example_gradients_per_step_full": g["N"],
        "example_gradients_per_step_batch": g["batch"],
        "steps_per_epoch": len(range(0, g["N"], g["batch"])),
    }


@again("optimizer/sgd-unbiased")
def _(g):
    gradients = np.array(g["example_gradients"])
    return {
        "formula": lambda w, gradient, rate: w - rate * gradient,
        "mean_over_examples": sum(gradients) / len(gradients),
        "full_gradient": gradients.mean(),
        "variance": gradients.var(),
    }


@again("optimizer/minibatch-variance")
def _(g):
    x, b = g["example_gradients"], g["batch"]
    return {
        "variance_single": np.var(x),
        "variance_batch_with_replacement": np.var(
            [np.mean(d) for d in product(x, repeat=b)]
        ),
        "variance_batch_without_replacement": np.var(
            [np.mean(d) for d in combinations(x, b)]
        ),
        "formula": lambda variance, b: variance * b**-1.0,
    }


@again("optimizer/sgd-noise-drawback")
def _(g):
    centres, random = np.array(g["c"], float), np.random.default_rng(0)
    spread = []
    for rate in g["learning_rates"]:
        x, path = np.zeros(4000), []
        for _ in range(300):
            x = x - rate * (x - random.choice(centres, x.shape))
            path.append(x)
        spread.append(np.var(path[-100:]))
    return {
        "full_gradient_converges_to": descend(
            lambda x: x - centres.mean(), 3.0, 0.5, 2000
        )[-1],
        "single_example_keeps_moving": bool(np.ptp(path[-100:], axis=0).min() > 0),
        "spread_grows_with_learning_rate": bool(spread[0] > spread[1]),
        "stationary_variance": spread,
    }


@again("optimizer/sgd-troubles")
def _(g):
    run = lambda start: descend(
        lambda p: np.array([2, -2]) * p, np.array(start), g["learning_rate"], g["steps"]
    )[-1]
    x, y = run(g["start"])
    return {"x": x, "y": y, "y_from_the_exact_saddle_line": run([1.0, 0.0])[1]}


@again("optimizer/momentum-formula")
def _(g):
    rate, rho, gradients = g["learning_rate"], g["rho"], g["gradients"]
    powers = lambda t: [rho ** (t - k) for k in range(t + 1)]
    velocity = [np.dot(powers(t), gradients[: t + 1]) for t in range(len(gradients))]
    return {
        "update": lambda x, v, d, rho, rate: [rho * v + d, x - rate * (rho * v + d)],
        "velocity": velocity,
        "iterates": g["x0"] - rate * np.cumsum(velocity),
    }


@again("optimizer/momentum-is-sum")
def _(g):
    limits = [sum(rho**k for k in range(5000)) for rho in g["rho"]]
    return {"velocity_limit": limits, "mean_would_be": g["constant_gradient"]}


@again("optimizer/momentum-exponential-average")
def _(g):
    mu, rate = g["mu"], g["learning_rate"]

    def run(sign):
        p, w, path = 0.0, g["w0"], []
        for _ in range(g["steps"]):
            p = (1 - mu) * p + sign * mu * w
            w -= rate * p
            path.append(w)
        return path

    def update(w, p, d, mu, rate):
        new = p + mu * (d - p)
        return [new, w - rate * new]

    return {"update": update, "iterates": run(1), "iterates_as_printed": run(-1)}


@again("optimizer/rmsprop")
def _(g):
    d, squares = np.array(g["gradients"]), []
    for t in range(len(d)):
        weights_ = (1 - g["decay_rate"]) * g["decay_rate"] ** np.arange(t, -1, -1)
        squares.append(weights_ @ d[: t + 1] ** 2)
    steps = g["learning_rate"] * d / (np.sqrt(squares) + g["epsilon"])

    def update(x, s, d, decay, rate):
        s = s + (1 - decay) * (d * d - s)
        return [s, x - rate * d / (s**0.5 + 1e-7)]

    return {
        "update": update,
        "squared_average": squares,
        "iterates": g["x0"] - np.cumsum(steps),
    }


@again("optimizer/rmsprop-per-parameter")
def _(g):
    d, rate = np.array(g["gradient"]), g["learning_rate"]
    steps = rate * d / (np.sqrt((1 - g["decay_rate"]) * d**2) + 1e-7)
    return {"step_sizes": steps, "sgd_step_sizes": rate * d}


def moments(gradients, b1=0.9, b2=0.999):
    """First and second moments after each step, by their sums."""
    d = np.asarray(gradients, float)
    m, v = [], []
    for t in range(1, len(d) + 1):
        back = np.arange(t - 1, -1, -1)
        m.append((1 - b1) * (b1**back) @ d[:t])
        v.append((1 - b2) * (b2**back) @ d[:t] ** 2)
    return np.array(m), np.array(v)


@again("optimizer/adam-almost")
def _(g):
    m, v = moments(g["gradients"])
    steps = g["learning_rate"] * m / (np.sqrt(v) + 1e-7)
    line = g["line_with_three_closing_parentheses"]

    def update(x, m, v, d, b1, b2, rate):
        m, v = m + (1 - b1) * (d - m), v + (1 - b2) * (d * d - v)
        return [m, v, x - rate * m / (v**0.5 + 1e-7)]

    return {
        "update": update,
        "iterates": g["x0"] - np.cumsum(steps),
        "first_step_over_learning_rate": steps[0] / g["learning_rate"],
        "line_with_three_closing_parentheses_parses": parses(line),
        "line_with_two_closing_parentheses_parses": parses(line[:-1]),
    }


def adam(gradients, rate):
    m, v = moments(gradients)
    t = np.arange(1, len(gradients) + 1)
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return m, v, m_hat, v_hat, rate * m_hat / (np.sqrt(v_hat) + 1e-7)


@again("optimizer/adam-full")
def _(g):
    *four, steps = adam(g["gradients"], g["learning_rate"])
    correction = g["bias_correction"]
    m, v, m_hat, v_hat, _ = adam([correction["constant_gradient"]] * 100, 1)
    at = np.array(correction["t"]) - 1

    def update(x, m, v, t, b1, b2, rate):
        m, v = m / (1 - b1**t), v / (1 - b2**t)
        return [m, v, x - rate * m / (v**0.5 + 1e-7)]

    return {
        "update": update,
        "iterates": g["x0"] - np.cumsum(steps),
        "moments_m_v_mhat_vhat": np.transpose(four),
        "first_step_over_learning_rate": steps[0] / g["learning_rate"],
        "bias_correction": {
            "m": m[at],
            "v": v[at],
            "m_hat": m_hat[at],
            "v_hat": v_hat[at],
        },
    }


@again("optimizer/adam-loop-count")
def _(g):
    printed = range(1, g["num_iterations"])
    return {"first_t": printed[0], "updates_in_listing": len(printed)}


@again("optimizer/adamw")
def _(g):
    rate, decay, x = g["learning_rate"], g["weight_decay"], g["x0"]
    *_, steps = adam(g["gradients"], rate)
    decoupled = []
    for step in steps:
        x = x * (1 - rate * decay) - step
        decoupled.append(x)
    path, seen = [g["x0"]], []
    for d in g["gradients"]:
        seen.append(d + decay * path[-1])
        path.append(path[-1] - adam(seen, rate)[-1][-1])

    def update(x, m_hat, v_hat, rate, decay):
        return x * (1 - rate * decay) - rate * m_hat / (v_hat**0.5 + 1e-7)

    return {
        "adamw_update": update,
        "adamw_iterates": decoupled,
        "adam_with_l2_gradient_iterates": path[1:],
    }


@again("optimizer/l2-in-adam-is-uneven")
def _(g):
    rate, decay = g["learning_rate"], g["weight_decay"]
    with_l2, decoupled = [], []
    for start, size in zip(g["x0"], (10, 0.1), strict=True):
        for ends, in_gradient in ((with_l2, decay), (decoupled, 0)):
            x = start
            m = v = 0.0
            for t in range(1, g["steps"] + 1):
                d = size * (-1) ** (t + 1) + in_gradient * x
                m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
                step = m / (1 - 0.9**t) / (math.sqrt(v / (1 - 0.999**t)) + 1e-7)
                x -= rate * step + (0 if in_gradient else rate * decay * x)
            ends.append(x)
    return {"adam_l2": with_l2, "adamw": decoupled}


@again("optimizer/comparison")
def _(g):
    curve = np.array([1.0, 50.0])
    cost = lambda p: 0.5 * (curve * p * p).sum()

    def steps(rate, rho=0.0, decay=None, beta1=None, beta2=None):
        p, a, b, t = np.array(g["start"]), np.zeros(2), np.zeros(2), 0
        while cost(p) >= 1e-3:
            d, t = curve * p, t + 1
            if decay:
                b = decay * b + (1 - decay) * d * d
                p = p - rate * d / (np.sqrt(b) + 1e-7)
            elif beta1:
                a, b = beta1 * a + (1 - beta1) * d, beta2 * b + (1 - beta2) * d * d
                p = p - rate * a / (1 - beta1**t) / (np.sqrt(b / (1 - beta2**t)) + 1e-7)
            else:
                a = rho * a + d
                p = p - rate * a
        return t

    names = {"learning_rate": "rate", "decay_rate": "decay"}
    return {
        "steps": {
            name: steps(**{names.get(k, k): v for k, v in setting.items()})
            for name, setting in g["settings"].items()
        },
        "sgd_diverges_above_learning_rate": 2 / curve.max(),
    }


@again("optimizer/weight-decay-term")
def _(g):
    run = lambda sign: descend(
        lambda w: g["gradient"] + sign * g["a"] * w,
        g["w"],
        g["learning_rate"],
        g["steps"],
    )[1:]
    return {
        "update": lambda w, d, a, rate: w * (1 - rate * a) - rate * d,
        "iterates": run(1),
        "iterates_as_printed": run(-1),
    }


@again("schedule/learning-rate-matters")
def _(g):
    ends = [abs(g["x0"] * (1 - 2 * rate) ** g["steps"]) for rate in g["learning_rates"]]
    return {"final": ends}


@again("schedule/step")
def _(g):
    cuts = [sum(t >= at for at in (30, 60, 90)) for t in g["t"]]
    return {"alpha": [g["alpha0"] / 10**cut for cut in cuts]}


@again("schedule/cosine")
def _(g):
    half = lambda t, a, end: a * np.cos(np.pi * t / end / 2) ** 2
    return {"formula": half, "alpha": [half(t, g["alpha0"], g["T"]) for t in g["t"]]}


@again("schedule/linear")
def _(g):
    line = lambda t, a, end: np.interp(t, [0, end], [a, 0])
    return {"formula": line, "alpha": [line(t, g["alpha0"], g["T"]) for t in g["t"]]}


@again("schedule/inverse-sqrt")
def _(g):
    root = lambda t, a: a * t**-0.5
    return {"formula": root, "alpha": [root(t, g["alpha0"]) for t in g["t"]]}


@again("schedule/warmup")
def _(g):
    ramp = np.interp(g["iterations"], [0, g["warmup_iterations"]], [0, g["alpha"]])
    return {"alpha_t": ramp}


@again("schedule/plateau")
def _(g):
    rate, best, waited, rates = g["alpha0"], math.inf, 0, []
    for error in g["validation_error"]:
        rates.append(rate)
        best, waited = (error, 0) if error < best else (best, waited + 1)
        if waited == g["patience"]:
            rate, waited = rate * g["factor"], 0
    return {"alpha_during_epoch": rates}


@again("training/loop")
def _(g):
    w, v, path = g["w"], 0.0, []
    for gradient in g["gradients"]:
        v = g["momentum"] * v + gradient + g["weight_decay"] * w
        w -= g["learning_rate"] * v
        path.append(w)
    return {"iterates": path}


# ---- 13 ----------------------------------------------------------------------------


@again("loss/data-plus-regularization")
def _(g):
    square, both = np.sum(np.square(g["weights"])), g["hinge_plus_penalty"]
    hinges = []
    for scores, label in zip(both["scores"], both["labels"], strict=True):
        wrong = [s for i, s in enumerate(scores) if i != label]
        hinges.append(sum(max(0, s - scores[label] + 1) for s in wrong))
    penalty = both["lambda"] * np.sum(np.square(both["W"]))
    mean = np.mean(g["example_losses"])
    return {
        "formula": lambda losses, lam, r: losses.mean() + lam * r,
        "value": mean + g["lambda"] * square,
        "value_without_lambda": mean + square,
        "hinge_plus_penalty": {
            "hinge_losses": hinges,
            "data_loss": np.mean(hinges),
            "loss": np.mean(hinges) + penalty,
        },
    }


@again("optimizer/weight-decay-equals-l2")
def _(g):
    penalty = lambda w, a: a * w**2 / 2
    w, a, rate = g["w"], g["a"], g["learning_rate"]
    slope_ = derivative(lambda v: penalty(v, a), w)
    l2_in_adam = w - adam([1.0 + slope_], rate)[-1][-1]
    decoupled = w - adam([1.0], rate)[-1][-1] - rate * a * w
    return {
        "penalty": penalty,
        "step_decay": -rate * a * w,
        "step_l2": -rate * slope_,
        "adam_steps_agree": bool(np.isclose(l2_in_adam, decoupled)),
    }


@again("regularization/l2")
def _(g):
    norm = lambda w: np.linalg.norm(w) ** 2
    return {"formula": norm, "value": norm(g["W"]), "gradient": np.array(g["W"]) * 2}


@again("regularization/l1")
def _(g):
    norm = lambda w: np.linalg.norm(np.ravel(w), 1)
    return {"formula": norm, "value": norm(g["W"])}


@again("regularization/elastic-net")
def _(g):
    both = lambda w, b: np.sum(np.abs(w) * (b * np.abs(w) + 1))
    return {"formula": both, "value": both(g["W"], g["beta"])}


@again("regularization/l2-cost-linear")
def _(g):
    w, n = np.array(g["w"]), g["n"]
    cost = lambda losses, w, lam: (losses.sum() + lam * w @ w) / len(losses)
    factor = 1 - g["learning_rate"] * 2 * g["lambda"] / n
    return {
        "formula": cost,
        "cost": np.mean(g["losses"]),
        "regularised_cost": cost(np.array(g["losses"]), w, g["lambda"]),
        "factor": factor,
        "w": factor ** g["steps"] * w,
    }


@again("regularization/l1-sparse-l2-small")
def _(g):
    grid = np.linspace(-3, 3, 6001)

    def lowest(penalty):
        return np.array(
            [grid[np.argmin((grid - c) ** 2 / 2 + penalty(grid))] for c in g["c"]]
        )

    lam = g["lambda"]
    l1, l2_ = lowest(lambda w: lam * abs(w)), lowest(lambda w: lam * w * w)
    norms = [np.linalg.norm(lowest(lambda w, p=p: p * w * w)) for p in g["penalties"]]
    return {
        "l1_minimiser": np.round(l1, 6),
        "l2_minimiser": np.round(l2_, 6),
        "weight_norm_falls_with_penalty": all(a > b for a, b in pairwise(norms)),
        "l1_makes_more_zeros_than_l2": bool(
            (abs(l1) < 1e-9).sum() > (abs(l2_) < 1e-9).sum()
        ),
    }


@again("regularization/early-stopping")
def _(g):
    losses = g["validation_loss"]
    ends = (
        t
        for t in range(len(losses))
        if t - int(np.argmin(losses[: t + 1])) == g["patience"]
    )
    last = next(ends)
    best = int(np.argmin(losses[: last + 1]))
    return {
        "best_epoch": best,
        "stops_after_epoch": last,
        "restored_loss": losses[best],
    }


@again("regularization/dropout-definition")
def _(g):
    return {"output": np.where(g["mask"], g["activations"], 0)}


@again("regularization/dropout-mask-count")
def _(g):
    return {
        "log10_masks": math.log10(2 ** g["units"]),
        "decimal_digits": len(str(2 ** g["units"])),
        "dropout_ensemble": {"masks": len(list(product((0, 1), repeat=3)))},
        "networks": 2 ** g["H"],
        "largest_share_ever_sampled": g["training_steps"] / 2 ** g["H"],
    }


def over_masks(f, n, keep):
    masks = [
        (f(np.array(z)), keep ** sum(z) * (1 - keep) ** (n - sum(z)))
        for z in product((1, 0), repeat=n)
    ]
    return sum(value * share for value, share in masks)


@again("regularization/dropout-test-integral")
def _(g):
    return {"formula": lambda w, x, keep: keep * (w @ x), "forward_passes": 1}


@again("regularization/dropout-single-neuron")
def _(g):
    w, x = np.array(g["w"]), np.array(g["inputs"])
    values = [w @ (x * z) for z in ((1, 1), (1, 0), (0, 0), (0, 1))]
    return {
        "four_values": values,
        "mean": over_masks(lambda z: w @ (x * z), 2, g["keep_probability"]),
        "full": w @ x,
        "formula": lambda w1, w2, x, y: (w1 * x + w2 * y + w1 * x + w2 * y + 0) / 4,
    }


@again("regularization/dropout-test-scaling")
def _(g):
    w, x, keep = np.array(g["w"]), np.array(g["inputs"]), 1 - g["drop_probability"]
    mean = over_masks(lambda z: w @ (x * z), 2, keep)
    return {
        "training_expectation": mean,
        "scale_at_test": mean / (w @ x),
        "scaled_test_output": keep * (w @ x),
        "output_with_the_printed_rule": g["drop_probability"] * (w @ x),
    }


@again("regularization/dropout-inverted")
def _(g):
    values = [0.0, g["activation"] / (1 - g["rate"])]
    mean = over_masks(lambda z: values[z[0]], 1, 1 - g["rate"])
    return {
        "training_values": values,
        "training_mean": mean,
        "test_value": g["activation"],
    }


@again("regularization/dropout-nonlinear-approximate")
def _(g):
    w, x, keep = np.array(g["w"]), np.array(g["inputs"]), g["keep_probability"]
    return {
        "mean_of_relu_over_masks": over_masks(lambda z: max(w @ (x * z), 0), 2, keep),
        "relu_of_scaled_input": max(keep * (w @ x), 0),
    }


# ---- 14 ----------------------------------------------------------------------------


@again("augmentation/horizontal-flip")
def _(g):
    flipped = [row[::-1] for row in g["image"]]
    back = [row[::-1] for row in flipped] == g["image"]
    return {"flipped": flipped, "flip_twice_is_identity": back}


@again("augmentation/resnet-train")
def _(g):
    low, high = g["L_range"]
    return {
        "positions_on_square_L_256": count(low, g["patch"]) ** 2,
        "positions_on_square_L_480": count(high, g["patch"]) ** 2,
        "possible_L": len(range(low, high + 1)),
    }


def corners(side, crop):
    room = side - crop
    places = [(i, j) for i in (0, room) for j in (0, room)]
    return [*places, (room // 2, room // 2)]


@again("augmentation/resnet-test")
def _(g):
    views = 2 * len(corners(256, g["crop"]))
    return {
        "crops_per_scale": views,
        "crops_total": views * len(g["scales"]),
        "distinct_crops_at_scale_224_square": 2 * len(set(corners(224, g["crop"]))),
    }


@again("augmentation/ten-crop-corners")
def _(g):
    places = corners(g["image"][0], g["crop"])
    return {"top_left_corners": places, "views_with_flips": 2 * len(places)}


@again("augmentation/color-jitter-simple")
def _(g):
    jitter = lambda p, c, b: c * p + (1 - c) * np.mean(p) + b
    pixels = jitter(np.array(g["pixels"]), g["contrast"], g["brightness"])
    return {"formula": jitter, "pixels": pixels}


@again("augmentation/color-jitter-pca")
def _(g):
    pixels = np.array(g["pixels_rgb"])
    covariance = np.cov(pixels, rowvar=False, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    vectors = vectors.T * np.sign(vectors.sum(axis=0))[:, None]
    offset = lambda alpha, values, rows: (alpha * values) @ rows
    return {
        "covariance": covariance,
        "eigenvalues_ascending": values,
        "first_component": vectors[-1],
        "offset": offset(np.array(g["alpha_ascending_eigenvalues"]), values, vectors),
        "formula": offset,
    }


@again("augmentation/shift-two-pixels")
def _(g):
    shifts = range(-g["max_shift"], g["max_shift"] + 1)
    return {"variants": len(list(product(shifts, shifts, (False, True))))}


@again("augmentation/test-average")
def _(g):
    mean = np.mean(g["probabilities_of_crops"], axis=0)
    return {"mean": mean, "prediction": mean.argmax()}


# ---- 15 ----------------------------------------------------------------------------

ALEXNET = LEDGER["arch/alexnet/shapes"]["given"]["layers_K_F_S_P"]


def alexnet(groups=1, padded=True):
    """Shapes after each layer; parameters and multiply-adds by name."""
    side, depth, shapes, sizes, macs = 227, 3, [], {}, {}
    for name, (filters, kernel, stride, padding) in ALEXNET.items():
        side = count(side, kernel, stride, padding if padded else 0)
        if filters:
            split = groups if name in ("conv2", "conv4", "conv5") else 1
            only = weights((kernel, kernel), depth, filters, split)
            sizes[name], macs[name] = only + filters, only * side * side
            depth = filters
        shapes.append((side, side, depth))
    inputs = side * side * depth
    for name, units in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        sizes[name], macs[name] = (inputs + 1) * units, inputs * units
        inputs = units
    return shapes, sizes, macs


def dense_share(sizes):
    return sum(v for k, v in sizes.items() if k.startswith("fc")) / sum(sizes.values())


@again("cnn/dense-stretch")
def _(g):
    vector = math.prod(g["last_maps"])
    return {
        "vector": vector,
        "chain": [vector, *g["fc"]],
        "vector_of_the_padded_network": math.prod(alexnet()[0][-1]),
    }


@again("data/imagenet-hierarchy")
def _(g):
    return {"length": len(LEDGER["data/imagenet-hierarchy"]["expected"]["chain"])}


@again("arch/alexnet/conv1")
def _(g):
    shapes, sizes, _ = alexnet()
    return {
        "output": shapes[0],
        "weights": sizes["conv1"] - 96,
        "parameters": sizes["conv1"],
    }


@again("arch/alexnet/shapes")
def _(g):
    return {"shapes": alexnet()[0]}


@again("arch/alexnet/last-map")
def _(g):
    bare, full = alexnet(padded=False)[0][-1], alexnet()[0][-1]
    return {
        "without_padding": bare,
        "with_padding": full,
        "vector_with_padding": math.prod(full),
        "fc6_weights_from_1024": math.prod(bare) * 4096,
        "fc6_weights_from_9216": math.prod(full) * 4096,
    }


@again("arch/alexnet/size")
def _(g):
    shapes, one, _ = alexnet()
    _, two, _ = alexnet(groups=2)
    maps = [
        s for s, (filters, *_) in zip(shapes, ALEXNET.values(), strict=True) if filters
    ]
    return {
        "hidden_layers": len(one) - 1,
        "weight_layers": len(one),
        "units_computed": sum(map(math.prod, maps)) + 4096 + 4096 + 1000,
        "parameters_two_groups": sum(two.values()),
        "parameters_one_tower": sum(one.values()),
        "one_tower": one,
        "two_groups": two,
        "share_of_dense_layers_two_groups": dense_share(two),
    }


@again("arch/zfnet/first-layer")
def _(g):
    kernel, stride = g["kernel"][0], g["stride"]
    window, step = g["pool"]
    side = count(g["input"][0], kernel, stride, 1)
    exact = (side - window) / step + 1
    pooled = math.ceil(exact)
    last = count(count(pooled, 5, 2), 3, 2)  # conv2 of stride 2, pooling
    return {
        "output": [pooled, pooled, g["filters"]],
        "conv_side_with_padding_1": side,
        "pool_formula": exact,
        "layers": len(alexnet()[1]),
        "first_layer_weights": {
            name: weights((g[name]["kernel"],) * 2, 3, 96)
            for name in ("alexnet", "zfnet")
        },
        "vector": count(last + 1, 3, 2) ** 2 * 256,
    }


def vgg(letter):
    """Rows (name, shape, weights, biases) of a VGG configuration."""
    g = LEDGER[f"arch/vgg/{letter}"]["given"]
    side, depth, rows = g["input"][0], g["input"][2], []
    for repeats, filters in zip(
        g["convolutions_per_block"], g["channels_per_block"], strict=True
    ):
        for i in range(repeats):
            kernel = 1 if g["one_by_one_third_convolution"] and i == 2 else g["kernel"]
            only = weights((kernel, kernel), depth, filters)
            rows.append((f"CONV3-{filters}", (side, side, filters), only, filters))
            depth = filters
        side //= 2
        rows.append(("POOL2", (side, side, depth), 0, 0))
    inputs = side * side * depth
    for units in g["dense"]:
        rows.append(("FC", (1, 1, units), inputs * units, units))
        inputs = units
    return rows


def vgg_macs(letter):
    return sum(w * (s[0] * s[1]) for _, s, w, _ in vgg(letter))


for letter in ("a", "a-lrn", "b", "c", "d", "e"):

    @again(f"arch/vgg/{letter}")
    def _(g, letter=letter):
        rows = vgg(letter)
        dense = sum(w for name, _, w, _ in rows if name == "FC")
        total = sum(w for *_, w, _ in rows)
        parameters = total + sum(b for *_, b in rows)
        return {
            "conv_weights": total - dense,
            "dense_weights": dense,
            "total_weights": total,
            "total_with_biases": parameters,
            "weight_layers": sum(w > 0 for *_, w, _ in rows),
            "millions_printed": round(parameters / 1e6),
        }


@again("arch/vgg/parameter-table")
def _(g):
    names = {name: vgg(name.lower()) for name in g["configurations"]}
    return {
        "millions": {
            k: round(sum(w + b for *_, w, b in v) / 1e6) for k, v in names.items()
        },
        "weight_layers": {k: sum(w > 0 for *_, w, _ in v) for k, v in names.items()},
    }


@again("arch/vgg/three-3x3-vs-7x7")
def _(g):
    stack = lambda kernel, n: [n * weights((kernel, kernel), c, c) for c in g["C"]]
    return {
        "7x7": stack(7, 1),
        "three_3x3": stack(3, 3),
        "5x5": stack(5, 1),
        "two_3x3": stack(3, 2),
        "ratio_7x7": stack(3, 3)[0] / stack(7, 1)[0],
        "receptive_fields": [reach([(3, 1)] * 3), reach([(3, 1)] * 2)],
        "relus": [3, 2],
    }


@again("arch/vgg/place")
def _(g):
    given = {x.upper(): LEDGER[f"arch/vgg/{x}"]["given"] for x in "abcde"}
    depth = lambda x: (
        sum(given[x]["convolutions_per_block"]),
        sum(w for *_, w, _ in vgg(x.lower())),
    )
    (special_,) = (x for x in given if given[x]["one_by_one_third_convolution"])
    return {"order": sorted(given, key=depth), "one_by_one_in": special_}


@again("arch/vgg/memory-table")
def _(g):
    rows = [("INPUT", (224, 224, 3), 150528)]
    rows += [(name, shape, math.prod(shape)) for name, shape, *_ in vgg("d")]
    total = sum(values for *_, values in rows)
    return {
        "rows": rows,
        "total_values": total,
        "total_mebibytes_float32": total * 4 / 2**20,
    }


@again("arch/vgg/weights-table")
def _(g):
    rows = [("INPUT", 0), *((name, w) for name, _, w, _ in vgg("d"))]
    total = sum(w for _, w in rows)
    return {
        "rows": rows,
        "total_weights": total,
        "total_with_biases": total + sum(b for *_, b in vgg("d")),
    }


@again("arch/vgg/where-memory-and-weights-are")
def _(g):
    values = [150528, *(math.prod(shape) for _, shape, *_ in vgg("d"))]
    names = [name for name, *_ in vgg("d")]
    second = 1 + [i for i, name in enumerate(names) if name == "POOL2"][1]
    only = [w for *_, w, _ in vgg("d")]
    return {
        "share_of_activations_before_second_pooling": sum(values[:second])
        / sum(values),
        "share_of_weights_first_dense": max(only) / sum(only),
    }


@again("arch/vgg/non-dense-parameters")
def _(g):
    rows = [row for row in vgg("d") if row[0] != "FC"]
    only = sum(w for *_, w, _ in rows)
    return {"weights": only, "with_biases": only + sum(b for *_, b in rows)}


@again("arch/vgg/dense-parameters")
def _(g):
    printed = [math.prod(map(int, term.split("*"))) for term in g["terms_printed"]]
    only = sum(w for name, _, w, _ in vgg("d") if name == "FC")
    return {"weights": only, "printed_terms_sum": sum(printed)}


@again("arch/vgg/first-dense")
def _(g):
    return {"weights": math.prod(g["inputs"]) * g["units"]}


# ---- 16 ----------------------------------------------------------------------------


@again("size/branch-padding")
def _(g):
    n = g["input"][0]
    needed = [next(p for p in range(9) if count(n, k, 1, p) == n) for k in g["kernels"]]
    return {
        "unpadded": [count(n, k) for k in g["kernels"]],
        "P_needed": needed,
        "padded": [
            count(n, k, 1, p) for k, p in zip(g["kernels"], needed, strict=True)
        ],
    }


@again("pool/global-average")
def _(g):
    maps = np.ones(g["input"])
    after = maps.mean(axis=(0, 1))
    return {
        "output": after.shape,
        "values_before": maps.size,
        "values_after": after.size,
        "reduction": maps.size // after.size,
    }


@again("one-by-one/naive-cost")
def _(g):
    outputs = count(g["W"], g["F"]) * count(g["H"], g["F"])
    each = g["F"] ** 2 * g["D"]
    return {"outputs": outputs, "per_output": each, "total_one_filter": outputs * each}


@again("one-by-one/reduced-cost")
def _(g):
    area, d, d1, k = g["F"] ** 2, g["D"], g["D1"], g["filters"]
    before, reduced = area * d * k, d * d1 + area * d1 * k
    break_even = optimize.brentq(lambda x: d * x + area * x * k - before, 1, 1000)
    return {
        "per_output_before": area * d,
        "per_output_after": area * d1,
        "reduction_layer_per_position": d * d1,
        "per_position_32_filters_before": before,
        "per_position_32_filters_after_with_reduction": reduced,
        "factor_with_reduction": before / reduced,
        "reduction_pays_off_below_D1": break_even,
    }


def inception(name):
    """Branch weights, biases, output depth and positions of a module."""
    g = LEDGER[f"arch/googlenet/inception-{name}"]["given"]
    (h, w, depth), n = g["input"], g
    found = {
        "1x1": depth * n["1x1"],
        "3x3_reduce": depth * n["3x3_reduce"],
        "3x3": 9 * n["3x3_reduce"] * n["3x3"],
        "5x5_reduce": depth * n["5x5_reduce"],
        "5x5": 25 * n["5x5_reduce"] * n["5x5"],
        "pool_projection": depth * n["pool_projection"],
    }
    out = n["1x1"] + n["3x3"] + n["5x5"] + n["pool_projection"]
    return found, sum(n[k] for k in found), out, h * w


@again("one-by-one/separate-reductions")
def _(g):
    found = inception(g["module"])[0]
    both = found["3x3_reduce"] + found["5x5_reduce"]
    return {"reduction_weights": both, "share_of_module": both / sum(found.values())}


@again("arch/vgg/last-map-problem")
def _(g):
    *_, depth = g["map"]
    return {
        "weights_flattened": math.prod(g["map"]) * g["units"],
        "values_after_average": depth,
        "weights_after_average": depth * g["units"],
    }


@again("arch/nin/named")
def _(g):
    depth, found = g["input"][2], []
    for layer in g["mlpconv"]:
        filters, kernel = layer["conv"]
        found.append(weights((kernel, kernel), depth, filters) + filters)
        depth = filters
    return {"output_same_padding": [*g["input"][:2], depth], "parameters": found}


MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
for name in MODULES:

    @again(f"arch/googlenet/inception-{name}")
    def _(g, name=name):
        found, biases, out, positions = inception(name)
        total = sum(found.values())
        return {
            "output": [*g["input"][:2], out],
            "branch_weights": found,
            "weights": total,
            "with_biases": total + biases,
            "multiply_adds": total * positions,
        }


@again("arch/googlenet/stem-conv1")
def _(g):
    side = -(-g["input"][0] // g["stride"])
    only = weights(g["kernel"], 3, g["filters"])
    return {
        "output": [side, side, g["filters"]],
        "weights": only,
        "multiply_adds": only * side * side,
    }


@again("arch/googlenet/stem-conv2")
def _(g):
    h, w, depth = g["input"]
    only = weights((1, 1), depth, g["1x1"]) + weights((3, 3), g["1x1"], g["3x3"])
    return {"output": [h, w, g["3x3"]], "weights": only, "multiply_adds": only * h * w}


@again("arch/googlenet/classifier")
def _(g):
    only = g["input"][2] * 1000
    return {
        "after_pooling": [g["input"][2]],
        "dropout_rate": 0.4,  # read off the model, in the lesson
        "linear_weights": only,
        "linear_with_biases": only + 1000,
        "multiply_adds": only,
    }


@again("arch/googlenet/size-chain")
def _(g):
    sides, depths = [112, 56, 56, 28], [64, 64, 192, 192]
    for name in MODULES:
        if name in ("4a", "5a"):
            sides, depths = [*sides, sides[-1] // 2], [*depths, depths[-1]]
        sides, depths = [*sides, sides[-1]], [*depths, inception(name)[2]]
    stages = [sum(name.startswith(s) for name in MODULES) for s in "345"]
    return {
        "sides": [*sides, 1],
        "depths": [*depths, depths[-1]],
        "modules": stages,
        "total": sum(stages),
    }


def googlenet():
    """Weights, biases and multiply-adds of the whole network."""
    parts = [inception(name) for name in MODULES]
    only = 9408 + 114688 + sum(sum(p[0].values()) for p in parts) + 1024000
    biases = 64 + 64 + 192 + sum(p[1] for p in parts) + 1000
    macs = 9408 * 112**2 + 114688 * 56**2 + 1024000
    return only, biases, macs + sum(sum(p[0].values()) * p[3] for p in parts)


def printed_column(leaf):
    rows = (e["expected"] for e in LEDGER.values() if "beside" in e)
    return sum(row[leaf] for row in rows if leaf in row)


@again("arch/googlenet/totals")
def _(g):
    only, biases, macs = googlenet()
    return {
        "weights_computed": only,
        "with_biases_computed": only + biases,
        "multiply_adds_computed": macs,
        "printed_params_sum_K": printed_column("printed_params_K"),
        "printed_ops_sum_M": printed_column("printed_ops_M"),
    }


@again("arch/googlenet/depth")
def _(g):
    return {"weight_layers": sum(g["depth_column"]), "inception_modules": len(MODULES)}


@again("arch/googlenet/input-size")
def _(g):
    first = lambda n: count(n, g["kernel"], g["stride"], g["padding"])
    fits = [n for n in (224, 227, 229) if first(n) == 112]
    return {
        "input": [*fits * 2, 3],
        "first_map": first(224),
        "first_map_for_227_and_229": [first(227), first(229)],
    }


@again("arch/googlenet/module-idea")
def _(g):
    return {"receptive_fields": [reach([(int(b[0]), 1)]) for b in g["branches"][:3]]}


@again("arch/googlenet/naive-module-cost")
def _(g):
    h, w, depth = g["input"]
    only = depth * (g["1x1"] + 9 * g["3x3"] + 25 * g["5x5"])
    reduced = sum(inception("3a")[0].values()) * h * w
    return {
        "output_depth": g["1x1"] + g["3x3"] + g["5x5"] + depth,
        "weights": only,
        "multiply_adds": only * h * w,
        "multiply_adds_with_reductions": reduced,
        "factor": only * h * w / reduced,
    }


@again("arch/googlenet/no-big-dense-layer")
def _(g):
    flat, depth, classes = math.prod(g["map"]), g["map"][2], g["classes"]
    return {
        "flattened": {"inputs": flat, "weights": flat * classes},
        "averaged": {
            "inputs": depth,
            "weights": depth * classes,
            "with_biases": (depth + 1) * classes,
        },
        "reduction": flat // depth,
    }


@again("arch/googlenet/vs-alexnet-parameters")
def _(g):
    only, biases, _ = googlenet()
    return {"ratio": sum(alexnet(2)[1].values()) / (only + biases)}


@again("arch/googlenet/vs-alexnet-operations")
def _(g):
    two, one = (sum(alexnet(groups)[2].values()) for groups in (2, 1))
    return {
        "ratio_two_groups": googlenet()[2] / two,
        "ratio_one_tower": googlenet()[2] / one,
        "ratio_from_printed_ops": printed_column("printed_ops_M") * 1e6 / two,
    }


@again("arch/googlenet/where-savings-come-from")
def _(g):
    sizes = alexnet(2)[1]
    only = {"conv1": 96, "conv2": 256, "conv3": 384, "conv4": 384, "conv5": 256}
    return {
        "alexnet_dense_parameters": sum(
            v for k, v in sizes.items() if k.startswith("fc")
        ),
        "googlenet_dense_parameters": 1025 * 1000,
        "alexnet_convolution_weights_two_groups": sum(
            sizes[k] - b for k, b in only.items()
        ),
        "googlenet_convolution_weights": googlenet()[0] - 1024 * 1000,
    }


# ---- 17, 18 ------------------------------------------------------------------------


@again("training/shallow-solution-inside-deep")
def _(g):
    identity = lambda x: np.maximum(np.eye(len(x)) @ x, 0)
    x = np.array(g["x_after_relu"])
    through = np.ones((g["maps"], g["bottleneck"])) @ np.ones(
        (g["bottleneck"], g["maps"])
    )
    return {
        "output": identity(x),
        "exact_only_for_non_negative_inputs": not np.array_equal(
            identity(x - 1), x - 1
        ),
        "rank_after_bottleneck": np.linalg.matrix_rank(through),
    }


def resnet(depth, projection=True):
    """Multiply-adds, weights and batch-norm parameters of a residual network."""
    g = LEDGER[f"arch/resnet/{depth}"]["given"]
    bottle = g["block"] == "1x1, 3x3, 1x1"
    macs, only, norms, layers = 9408 * 112**2, 9408, 128, 1
    side, channels = 56, 64
    for stage, (repeats, width) in enumerate(
        zip(g["blocks_per_stage"], g["widths"], strict=True)
    ):
        out = width * (4 if bottle else 1)
        for block in range(repeats):
            side = side // 2 if stage and not block else side
            if bottle:
                parts = [(1, channels, width), (3, width, width), (1, width, out)]
            else:
                parts = [(3, channels, width), (3, width, width)]
            layers += len(parts)
            if channels != out and projection:
                parts.append((1, channels, out))
            for kernel, a, b in parts:
                macs += kernel**2 * a * b * side**2
                only, norms = only + kernel**2 * a * b, norms + 2 * b
            channels = out
    macs, only = macs + channels * 1000, only + (channels + 1) * 1000
    return macs, only + norms, layers + 1


for depth in (18, 34, 50, 101, 152):

    @again(f"arch/resnet/{depth}")
    def _(g, depth=depth):
        macs, parameters, layers = resnet(depth)
        values = {
            "weight_layers": layers,
            "multiply_adds_projection_shortcuts": macs,
            "parameters_projection_shortcuts": parameters,
        }
        if depth < 50:
            macs, parameters, _ = resnet(depth, projection=False)
            values["multiply_adds_identity_shortcuts"] = macs
            values["parameters_identity_shortcuts"] = parameters
        else:  # and convolution biases, moving means and moving variances
            outs, repeats = g["output_widths"], g["blocks_per_stage"]
            channels = 64 + sum(
                r * (2 * w + o) + o
                for r, w, o in zip(repeats, g["widths"], outs, strict=True)
            )
            values["keras_applications_parameters"] = parameters + 3 * channels
        return values


@again("arch/resnet/flops-are-multiply-adds")
def _(g):
    macs = resnet(g["depth"])[0]
    return {
        "multiply_adds": macs,
        "flops_if_multiply_and_add_count_separately": 2 * macs,
    }


@again("arch/resnet/stage-table")
def _(g):
    sides = [224 // 2**n for n in range(1, 6)]
    names = ("conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x")
    depths = [
        2 + g["convolutions_per_block"][k] * sum(v) for k, v in g["blocks"].items()
    ]
    (kernel,) = (k for k in (3, 5, 7) if k * k * 3 * 64 == 9408)
    return {
        **dict(zip(names, sides, strict=True)),
        "head": 1,
        "first_layer": {"kernel": kernel, "filters": 64, "stride": 2},
        "classes": 1000,
        "depths": depths,
    }


@again("arch/resnet/residual-formula")
def _(g):
    return {"formula": np.add, "output": np.add(g["x"], 0)}


@again("arch/resnet/gradient-identity")
def _(g):
    dg, n = g["derivative_of_g"], g["stages"]
    return {
        "formula": lambda d: d + np.eye(len(d)),
        "plain_product": math.prod([dg] * n),
        "residual_product": math.prod([1 + dg] * n),
    }


@again("arch/resnet/shortcut-across-stages")
def _(g):
    old, new = g["input"][2], g["output"][2]
    return {
        "formula": lambda g, z, w: g + z[::2, ::2] @ w,
        "shortcut": {
            "kernel": [1, 1],
            "filters": new,
            "stride": g["input"][0] // g["output"][0],
            "weights": weights((1, 1), old, new),
        },
    }


@again("arch/resnet/skip-two-layers")
def _(g):
    one = lambda w, x: (w + 1) * x
    block = ["3x3", "batch norm", "relu", "3x3", "batch norm", "add", "relu"]
    return {"one_linear_layer": one, "value": one(g["w"], g["x"]), "basic_block": block}


def bottleneck(c, d):
    return [weights((1, 1), c, d), weights((3, 3), d, d), weights((1, 1), d, c)]


@again("arch/resnet/bottleneck-formula")
def _(g):
    direct, small = weights((3, 3), g["c"], g["c"]), sum(bottleneck(g["c"], g["d"]))
    return {
        "formula": lambda c, d: sum(bottleneck(c, d)),
        "direct": direct,
        "bottleneck": small,
        "saving": direct / small,
    }


@again("arch/resnet/bottleneck-numbers")
def _(g):
    parts = bottleneck(g["c"], g["d"])
    return {
        "direct": weights((3, 3), g["c"], g["c"]),
        "parts": parts,
        "total": sum(parts),
    }


@again("arch/resnet/pattern")
def _(g):
    side, channels = g["input"][0], g["channels"]
    given = LEDGER["arch/resnet/50"]["given"]
    return {
        "stages": len(given["widths"]),
        "between_stages": {
            "resolution": 28 / 56,
            "channels": given["widths"][1] // given["widths"][0],
        },
        "head": ["global average pooling", "dense"],
        "values_at_224": side**2 * channels,
        "values_at_112": (side // 2) ** 2 * channels,
        "values_at_56_after_pooling": (side // 4) ** 2 * channels,
    }


@again("arch/resnet/competition-2015")
def _(g):
    small, large = g["relative_multiply_adds"].values()
    return {"layers": resnet(152)[2], "factor": large / small}


@again("arch/resnet-cifar/plain-and-residual")
def _(g):
    def parameters(n):
        total, channels = 27 * 16 + 32, 16
        for width in g["widths"]:
            for _ in range(2 * n):
                total, channels = total + 9 * channels * width + 2 * width, width
        return total + (channels + 1) * 10

    return {
        "formula": lambda n: 1 + 3 * 2 * n + 1,
        "depths": [1 + 3 * 2 * n + 1 for n in g["n"]],
        "parameters": [parameters(n) for n in g["n"]],
    }


@again("arch/senet/named")
def _(g):
    hidden = g["C"] // g["reduction"]
    return {"block_weights": g["C"] * hidden + hidden * g["C"]}


@again("arch/wide-resnet/named")
def _(g):
    both = [weights((3, 3), c, c) for c in (g["c"], g["c"] * g["k"])]
    return {"weights_of_3x3_layer": both, "factor": both[1] // both[0]}


@again("arch/resnext/named")
def _(g):
    width = g["width"]
    return {
        "weights_of_3x3": weights((3, 3), width, width, g["groups"]),
        "without_groups": weights((3, 3), width, width),
    }


@again("arch/mobilenet/named")
def _(g):
    k, a, b = g["K"], g["Cin"], g["Cout"]
    standard, separable = weights((k, k), a, b), weights((k, k), a, a, a) + a * b
    ratio = lambda b, k: (k * k + b) / (k * k * b)
    return {
        "standard": standard,
        "separable": separable,
        "ratio_formula": ratio,
        "ratio": separable / standard,
        "keras_mobilenet_parameters": 4253864,  # keras.applications, in the lesson
    }


@again("arch/resnet/revolution-of-depth")
def _(g):
    return {
        "AlexNet 2012": len(alexnet()[1]),
        "VGG 2014": sum(w > 0 for *_, w, _ in vgg("e")),
        "ResNet 2015": resnet(152)[2],
    }


@again("arch/resnet/weight-decay")
def _(g):
    decay = 0.0001
    found = optimize.brentq(
        lambda a: derivative(lambda w: a * w * w, 3.0) - decay * 3, 0, 1
    )
    return {"keras_l2_argument": found}


@again("arch/ilsvrc-results")
def _(g):
    errors = g["errors_percent"]
    return {
        "ratio_2015_to_2012": errors[-1] / errors[0],
        "relative_reduction_each_year": [1 - b / a for a, b in pairwise(errors)],
    }


@again("design/accuracy-vs-efficiency")
def _(g):
    only, biases, macs = googlenet()
    points = {
        "AlexNet": (sum(alexnet(2)[1].values()), sum(alexnet(2)[2].values())),
        "VGG-16": (sum(w + b for *_, w, b in vgg("d")), vgg_macs("d")),
        "VGG-19": (sum(w + b for *_, w, b in vgg("e")), vgg_macs("e")),
        "GoogLeNet": (only + biases, macs),
        "ResNet-50": resnet(50)[1::-1],
        "ResNet-152": resnet(152)[1::-1],
    }
    return {
        "parameters_and_multiply_adds": points,
        "vgg16_needs_more_operations_than_resnet152": points["VGG-16"][1]
        > points["ResNet-152"][1],
    }


# ---- all ---------------------------------------------------------------------------


@pytest.mark.parametrize("claim_id", AGAIN)
def test_value_computed_again(claim_id, capsys):
    claim(claim_id, AGAIN[claim_id](LEDGER[claim_id].get("given", {})))
    assert "not reproduced" not in capsys.readouterr().out
