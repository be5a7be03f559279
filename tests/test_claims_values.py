"""The ledger's values, computed again from what is given: NumPy, SciPy, plain Python.

Shares no code with the library.  Each function takes the `given` of its claim and
returns the values that a lesson would pass; `claim` then decides.
"""

import ast
import cmath
import math
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from scipy import integrate, ndimage, optimize, signal, special

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
    at = lambda x, h, n: np.convolve(x, h)[n]  # noqa: E731
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
    taps = lambda k, d: [i * d for i in range(k)]  # noqa: E731
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
    maps = lambda k: len([None for _ in range(k)])  # noqa: E731
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
    formula = lambda n, f, s: (n - f) / s + 1  # noqa: E731
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
    formula = lambda f, c, k: np.ones((f, f, c, k)).size + k  # noqa: E731
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
    fits = lambda s: [count(n, g["F"], s) for n in g["inputs"]]  # noqa: E731
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


# ---- all ---------------------------------------------------------------------------


@pytest.mark.parametrize("claim_id", AGAIN)
def test_value_computed_again(claim_id, capsys):
    claim(claim_id, AGAIN[claim_id](LEDGER[claim_id].get("given", {})))
    assert "not reproduced" not in capsys.readouterr().out
