"""The arithmetic of shapes against Keras's own layers, brute force and print."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

import cnnkit  # noqa: F401  (quiet TensorFlow start)
from cnnkit import sizes

STRIDES = (1, 2, 3, 5)
KERNELS = (1, 2, 3, 4, 5, 7, 8)


def padded_positions(n, kernel, stride, before, after, dilation):
    """First pixel of every placement that fits, found by trying each."""
    taps = np.arange(kernel) * dilation
    return [
        first
        for first in range(-before, n + after, stride)
        if first + taps[-1] < n + after
    ]


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_output_size_is_keras_shape(padding):
    import keras

    checked = refused = 0
    for kernel, stride, dilation in itertools.product(KERNELS, STRIDES, (1, 2, 3)):
        if stride > 1 and dilation > 1:
            continue  # Keras refuses the combination; brute force covers it below
        layer = keras.layers.Conv1D(
            1, kernel, strides=stride, padding=padding, dilation_rate=dilation
        )
        for n in range(1, 24):
            try:
                theirs = layer.compute_output_shape((None, n, 1))[1]
            except ValueError:
                theirs = 0
            if theirs <= 0:
                refused += 1
                with pytest.raises(ValueError, match="expected a kernel that fits"):
                    sizes.output_size(n, kernel, stride, padding, dilation)
            else:
                checked += 1
                mine = sizes.output_size(n, kernel, stride, padding, dilation)
                assert mine == theirs, (n, kernel, stride, dilation)
    assert checked > 700
    assert (refused > 100) == (padding == "valid")


def test_output_size_is_keras_shape_in_two_dimensions_and_pooling():
    import keras

    for (h, w), (kh, kw), stride, padding in itertools.product(
        [(7, 9), (28, 13)], [(3, 5), (2, 4)], (1, 2, 3), ("valid", "same")
    ):
        mine = (
            sizes.output_size(h, kh, stride, padding),
            sizes.output_size(w, kw, stride, padding),
        )
        conv = keras.layers.Conv2D(2, (kh, kw), strides=stride, padding=padding)
        pool = keras.layers.MaxPooling2D((kh, kw), strides=stride, padding=padding)
        assert conv.compute_output_shape((None, h, w, 3))[1:3] == mine
        assert pool.compute_output_shape((None, h, w, 3))[1:3] == mine


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "dilation"),
    [
        (7, 3, 1, 1),
        (7, 4, 1, 1),  # even kernel: one zero more behind
        (8, 3, 2, 1),
        (9, 3, 2, 1),
        (10, 2, 3, 1),
        (10, 3, 5, 1),  # stride beyond the kernel: pixels are skipped
        (3, 7, 1, 1),  # kernel beyond the input
        (2, 8, 3, 1),
        (11, 3, 1, 3),
        (6, 4, 1, 2),
    ],
)
def test_same_padding_reads_the_pixels_that_keras_reads(n, kernel, stride, dilation):
    """A ramp of pixel numbers, one tap at a time, shows where each tap lands."""
    import keras

    before, after = sizes.same_padding(n, kernel, stride, dilation)
    ramp = np.arange(1, n + 1, dtype="float32")  # 0 is then padding
    padded = np.pad(ramp, (before, after))
    for tap in range(kernel):
        weights = np.zeros((kernel, 1, 1), "float32")
        weights[tap] = 1
        theirs = keras.ops.conv(
            ramp[None, :, None],
            weights,
            strides=stride,
            padding="same",
            dilation_rate=dilation,
            data_format="channels_last",
        )
        theirs = np.asarray(theirs)[0, :, 0]
        mine = padded[tap * dilation :: stride][: len(theirs)]
        assert len(theirs) == sizes.output_size(n, kernel, stride, "same", dilation)
        assert len(padded) >= (len(theirs) - 1) * stride + (kernel - 1) * dilation + 1
        np.testing.assert_array_equal(mine, theirs)


def test_output_size_is_the_number_of_placements():
    """Explicit padding, both sides, and stride with dilation: counted one by one."""
    cases = itertools.product(
        range(1, 13), range(1, 6), (1, 2, 3, 7), range(3), range(3), (1, 2, 3)
    )
    refused = 0
    for n, kernel, stride, before, after, dilation in cases:
        found = padded_positions(n, kernel, stride, before, after, dilation)
        if found:
            mine = sizes.output_size(n, kernel, stride, (before, after), dilation)
            assert mine == len(found), (n, kernel, stride, before, after, dilation)
        else:
            refused += 1
            with pytest.raises(ValueError, match="expected a kernel that fits"):
                sizes.output_size(n, kernel, stride, (before, after), dilation)
    assert refused > 100
    assert sizes.output_size(7, 3, 2, 1) == sizes.output_size(7, 3, 2, (1, 1)) == 4


def test_numpy_integers_are_integers():
    size = sizes.output_size(np.int64(32), np.int32(5), np.uint8(1))
    assert size == 28 and type(size) is int


@pytest.mark.parametrize("bad", [0, -1, 2.0, True, "3", None, (3,)])
def test_sizes_refuse_what_is_no_positive_integer(bad):
    calls = [
        lambda: sizes.output_size(bad, 3),
        lambda: sizes.output_size(7, bad),
        lambda: sizes.output_size(7, 3, bad),
        lambda: sizes.output_size(7, 3, 1, 0, bad),
        lambda: sizes.same_padding(bad, 3),
        lambda: sizes.same_padding(7, 3, bad),
        lambda: sizes.effective_kernel_size(3, bad),
        lambda: sizes.conv_parameters(bad, 3, 10),
        lambda: sizes.conv_parameters((3, bad), 3, 10),
        lambda: sizes.conv_parameters(3, bad, 10),
        lambda: sizes.conv_parameters(3, 3, bad),
        lambda: sizes.conv_parameters(3, 4, 8, bad),
        lambda: sizes.dense_parameters(bad, 10),
        lambda: sizes.dense_parameters(10, bad),
        lambda: sizes.conv_macs(bad, 3, 3, 10),
        lambda: sizes.dense_macs(bad, 10),
        lambda: sizes.receptive_field([(3, 1), (bad, 1)]),
        lambda: sizes.receptive_field([(3, bad)]),
        lambda: sizes.memory_bytes((3, bad)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"(?s)expected .*; received "):
            call()


@pytest.mark.parametrize("bad", [-1, (1, -1), (1, 1, 1), 0.5, "full", True, None])
def test_padding_is_checked(bad):
    with pytest.raises(ValueError, match=r"expected padding.*; received "):
        sizes.output_size(7, 3, padding=bad)


def test_a_bare_layer_in_the_chain_is_refused():
    for bad in (3, (3,), (3, 1, 1, 0, 0), "31"):
        with pytest.raises(ValueError, match="expected"):
            sizes.receptive_field([bad])


@pytest.mark.parametrize(
    ("kernel", "channels", "filters", "groups", "bias"),
    [
        (5, 3, 10, 1, True),
        ((3, 5), 4, 8, 2, True),
        (3, 4, 8, 4, False),
        (1, 64, 32, 1, False),
    ],
)
def test_conv_counts_are_keras_counts(kernel, channels, filters, groups, bias):
    import keras

    layer = keras.layers.Conv2D(filters, kernel, groups=groups, use_bias=bias)
    layer.build((None, 12, 12, channels))
    mine = sizes.conv_parameters(kernel, channels, filters, groups, bias)
    assert mine == layer.count_params()


def test_depthwise_is_one_group_per_channel():
    import keras

    layer = keras.layers.DepthwiseConv2D(3, depth_multiplier=2)
    layer.build((None, 12, 12, 4))
    assert sizes.conv_parameters(3, 4, 8, groups=4) == layer.count_params()


def test_dense_counts_are_keras_counts():
    import keras

    for bias in (True, False):
        layer = keras.layers.Dense(120, use_bias=bias)
        layer.build((None, 400))
        assert sizes.dense_parameters(400, 120, bias) == layer.count_params()


def test_groups_must_divide_both_depths():
    for channels, filters in [(4, 6), (6, 4)]:
        with pytest.raises(ValueError, match="expected groups that divide"):
            sizes.conv_parameters(3, channels, filters, groups=4)


def test_macs_are_the_multiplications_of_a_plain_loop():
    height, width, kh, kw, channels, filters, groups = 6, 5, 3, 2, 4, 6, 2
    count = 0
    for _row, _column in itertools.product(range(height - kh + 1), range(width - 1)):
        for _filter in range(filters):
            count += np.ones((kh, kw, channels // groups)).size
    mine = sizes.conv_macs((4, 4), (kh, kw), channels, filters, groups)
    assert mine == count
    assert sizes.dense_macs(400, 120) == np.ones((400, 120)).size


def seen_pixels(layers, n, unit):
    """Indices of the pixels that reach one unit, by pushing sets through the chain."""
    maps = [{i} for i in range(n)]
    for kernel, stride, dilation, (before, after) in layers:
        padded = [set()] * before + maps + [set()] * after
        reach = (kernel - 1) * dilation
        maps = [
            set().union(*padded[first : first + reach + 1 : dilation])
            for first in range(0, len(padded) - reach, stride)
        ]
    return maps[unit]


@pytest.mark.parametrize("seed", range(30))
def test_receptive_field_is_what_reaches_a_unit(seed):
    random = np.random.default_rng(seed)
    layers = []
    for _ in range(random.integers(1, 5)):
        kernel, stride, dilation = (int(v) for v in random.integers(1, 4, 3))
        padding = tuple(int(v) for v in random.integers(0, 3, 2))
        layers.append((kernel, stride, dilation, padding))
    field = sizes.receptive_field(layers)
    n = 30 * field.jump + field.size + 200
    unit = -(-(1 - field.start) // field.jump) + 1  # clear of the padding
    here, there = (seen_pixels(layers, n, unit + i) for i in (0, 1))
    assert min(there) - min(here) == field.jump
    assert max(here) - min(here) + 1 == field.size
    assert min(here) == field.start + unit * field.jump


CONV3 = (3, 1, 1, 1)
ALEXNET_V2 = [
    (11, 4),
    (3, 2),
    (5, 1, 1, 2),
    (3, 2),
    *[CONV3] * 3,
    (3, 2),
]
VGG_16 = [
    *[CONV3, CONV3, (2, 2)] * 2,
    *[CONV3, CONV3, CONV3, (2, 2)] * 3,
]


@pytest.mark.parametrize(
    ("layers", "size", "stride", "padding"),
    [(ALEXNET_V2, 195, 32, 64), (VGG_16, 212, 32, 90)],
    ids=["AlexNet v2", "VGG-16"],
)
def test_receptive_field_is_the_published_one(layers, size, stride, padding):
    """Araujo et al. 2019, Distill, table of receptive fields, strides, paddings."""
    assert sizes.receptive_field(layers) == (size, stride, -padding)


def test_receptive_field_of_nothing_is_one_pixel():
    assert sizes.receptive_field([]) == (1, 1, 0)


@pytest.mark.parametrize("dtype", sorted(sizes.BYTES))
def test_memory_is_what_numpy_takes(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
        import ml_dtypes

        array = np.zeros((3, 5, 2), ml_dtypes.bfloat16)
    else:
        array = np.zeros((3, 5, 2), dtype)
    assert sizes.memory_bytes(array.shape, dtype) == array.nbytes


def test_memory_refuses_unknown_types():
    with pytest.raises(ValueError, match="expected dtype"):
        sizes.memory_bytes((2,), "complex64")


def test_sizes_import_nothing_but_python():
    code = (
        "import sys, cnnkit.sizes; "
        "print(sorted({m.split('.')[0] for m in sys.modules} "
        "& {'numpy', 'keras', 'tensorflow', 'jax', 'scipy', 'matplotlib'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert ran.stdout.strip() == "[]"
