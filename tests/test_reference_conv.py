"""Convolutions in NumPy against SciPy, Keras, central differences and the lectures."""

import itertools
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

import cnnkit
from cnnkit import check, reference
from cnnkit.reference import conv

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
WAYS = [reference.conv2d, reference.conv2d_im2col, reference.conv2d_fft]


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def scipy_conv2d(x, kernel, stride=1, pads=((0, 0), (0, 0)), dilation=1, groups=1):
    """Every plane by `scipy.signal.correlate2d`, then every stride-th value."""
    (sh, sw), (dh, dw) = both(stride), both(dilation)
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    kh, kw, depth, filters = kernel.shape
    spread = np.zeros(((kh - 1) * dh + 1, (kw - 1) * dw + 1, depth, filters))
    spread[::dh, ::dw] = kernel
    maps = []
    for image, f in itertools.product(x, range(filters)):
        first = f // (filters // groups) * depth
        planes = [
            signal.correlate2d(image[:, :, first + c], spread[:, :, c, f], mode="valid")
            for c in range(depth)
        ]
        maps.append(sum(planes)[::sh, ::sw])
    maps = np.array(maps).reshape(len(x), filters, *maps[0].shape)
    return maps.transpose(0, 2, 3, 1)


SCIPY_GRID = [
    # kernel, stride, pads, dilation, groups
    ((1, 1), 1, 0, 1, 1),
    ((1, 1), 3, 0, 1, 2),
    ((3, 3), 1, 0, 1, 1),
    ((3, 3), 2, 1, 1, 1),
    ((2, 4), (2, 1), ((0, 1), (2, 0)), 1, 1),
    ((3, 2), (1, 3), ((2, 2), (0, 3)), (1, 2), 1),
    ((3, 3), 1, 2, 3, 2),
    ((2, 2), 4, 0, 1, 4),
    ((3, 3), (3, 2), 1, (2, 1), 4),
    ((7, 8), 1, ((0, 0), (1, 0)), 1, 1),
    ((1, 9), 1, 4, 1, 1),
    ((2, 17), 2, ((0, 0), (9, 9)), 1, 2),
    ((5, 1), 2, 3, (2, 1), 2),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("kernel, stride, padding, dilation, groups", SCIPY_GRID)
def test_equals_scipy(way, kernel, stride, padding, dilation, groups):
    x, k = normal(2, 9, 10, 4), normal(*kernel, 4 // groups, 8)
    pads = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    expected = scipy_conv2d(x, k, stride, pads, dilation, groups)
    bias = normal(8)
    y = way(x, k, bias, stride, padding, dilation, groups)
    np.testing.assert_allclose(y, expected + bias, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel, stride, padding, dilation, groups", SCIPY_GRID)
def test_matrix_equals_scipy(kernel, stride, padding, dilation, groups):
    x, k = normal(1, 9, 10, 4), normal(*kernel, 4 // groups, 8)
    pads = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    expected = scipy_conv2d(x, k, stride, pads, dilation, groups)
    matrix = reference.conv_matrix(k, x.shape[1:], stride, padding, dilation, groups)
    assert matrix.shape == (expected.size, x.size)
    np.testing.assert_allclose(matrix @ x.ravel(), expected.ravel(), atol=1e-12)
    # the adjoint of the adjoint: its transpose is the transposed convolution
    if isinstance(padding, int) and expected.shape[1:3] == (9, 10):
        up = reference.conv2d_transpose(expected, k, None, stride, padding, dilation)
        np.testing.assert_allclose(matrix.T @ expected.ravel(), up.ravel())


def keras_conv2d(x, kernel, stride, padding, dilation):
    import keras

    return keras.ops.conv(
        x,
        kernel,
        strides=stride,
        padding=padding,
        data_format="channels_last",
        dilation_rate=dilation,
    )


KERAS_GRID = [
    # height and width, kernel, stride, padding, dilation, groups
    ((5, 6), (3, 3), 1, "valid", 1, 1),
    ((5, 6), (3, 3), 1, "same", 1, 1),
    ((5, 6), (2, 4), 1, "same", 1, 1),
    ((6, 7), (3, 2), 2, "same", 1, 1),
    ((7, 8), (3, 3), 2, "valid", 1, 1),
    ((8, 7), (1, 1), 3, "same", 1, 1),
    ((7, 7), (3, 3), 1, "same", 2, 1),
    ((7, 9), (2, 3), 1, "valid", (2, 3), 1),
    ((6, 6), (3, 3), 1, "same", 1, 2),
    ((7, 6), (3, 3), 2, "same", 1, 4),
    ((3, 3), (5, 5), 1, "same", 1, 1),
]


def assert_keras_agrees(size, kernel, stride, padding, dilation, groups):
    x = normal(2, *size, 4, dtype=np.float32)
    k = normal(*kernel, 4 // groups, 8, dtype=np.float32)
    theirs = np.asarray(keras_conv2d(x, k, stride, padding, dilation))
    mine = reference.conv2d(x, k, None, stride, padding, dilation, groups)
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)

    upstream = normal(*theirs.shape, seed=1, dtype=np.float32)

    def loss(x, k):
        import keras

        y = keras_conv2d(x, k, stride, padding, dilation)
        return keras.ops.sum(y * upstream)

    dx, dk = check.gradient(loss, [x, k])
    mine = reference.conv2d_backward(upstream, x, k, stride, padding, dilation, groups)
    np.testing.assert_allclose(mine[0], dx, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mine[1], dk, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mine[2], upstream.sum((0, 1, 2)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size, kernel, stride, padding, dilation, groups", KERAS_GRID)
def test_equals_keras_with_gradients(size, kernel, stride, padding, dilation, groups):
    assert_keras_agrees(size, kernel, stride, padding, dilation, groups)


@pytest.mark.full
def test_equals_keras_over_the_wide_grid():
    cells = itertools.product(
        [(7, 7), (8, 9)],
        [(1, 1), (2, 2), (3, 3), (1, 3), (4, 5)],
        [1, 2, 3, (2, 1)],
        ["valid", "same"],
        [1, 2, (1, 3)],
        [1, 2],
    )
    counted = 0
    for size, kernel, stride, padding, dilation, groups in cells:
        if max(both(stride)) > 1 and max(both(dilation)) > 1:
            continue  # Keras's layer refuses the combination
        reach = [d * (k - 1) + 1 for d, k in zip(both(dilation), kernel, strict=True)]
        if padding == "valid" and (reach[0] > size[0] or reach[1] > size[1]):
            continue
        assert_keras_agrees(size, kernel, stride, padding, dilation, groups)
        counted += 1
    assert counted > 200


@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("padding", ["valid", "same", 1, ((0, 2), (1, 0))])
@pytest.mark.parametrize("dilation", [1, (2, 1)])
def test_loops_equal_scipy(stride, padding, dilation):
    image, kernel = normal(7, 8), normal(3, 2)
    if padding == "same":
        pads = []
        for n, k, s, d in zip(
            (7, 8), (3, 2), both(stride), both(dilation), strict=True
        ):
            missing = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            pads.append((missing // 2, missing - missing // 2))
    else:
        pads = {"valid": ((0, 0), (0, 0)), 1: ((1, 1), (1, 1))}.get(padding, padding)
    x, k = image[None, :, :, None], kernel[:, :, None, None]
    expected = scipy_conv2d(x, k, stride, pads, dilation)[0, :, :, 0]
    mine = reference.conv2d_loops(image, kernel, stride, padding, dilation)
    np.testing.assert_allclose(mine, expected, atol=1e-12)


@pytest.mark.parametrize("kernel", [(3, 3), (1, 5), (5, 3)])
def test_convolve2d_equals_scipy(kernel):
    image, kernel = normal(7, 8), normal(*kernel)
    full = tuple((k - 1, k - 1) for k in kernel.shape)
    for mine, theirs in {"valid": "valid", "same": "same", full: "full"}.items():
        np.testing.assert_allclose(
            reference.convolve2d(image, kernel, padding=mine),
            signal.convolve2d(image, kernel, mode=theirs),
            atol=1e-12,
        )


@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (1, 4)])
def test_transpose_equals_keras(stride, padding, kernel):
    import keras

    x = normal(2, 4, 5, 3, dtype=np.float32)
    k = normal(*kernel, 2, 3, dtype=np.float32)

    def theirs(x, k):
        return keras.ops.conv_transpose(
            x, k, strides=stride, padding=padding, data_format="channels_last"
        )

    expected = np.asarray(theirs(x, k))
    bias = np.array([1, -1], np.float32)
    mine = reference.conv2d_transpose(x, k, bias, stride, padding)
    np.testing.assert_allclose(mine, expected + bias, rtol=1e-4, atol=1e-4)

    upstream = normal(*expected.shape, seed=1, dtype=np.float32)
    dx, dk = check.gradient(lambda x, k: keras.ops.sum(theirs(x, k) * upstream), [x, k])
    mine = reference.conv2d_transpose_backward(upstream, x, k, stride, padding)
    np.testing.assert_allclose(mine[0], dx, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mine[1], dk, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mine[2], upstream.sum((0, 1, 2)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", [0, 1, ((1, 0), (0, 2))])
@pytest.mark.parametrize("stride, dilation, groups", [(1, 1, 1), (2, 2, 1), (3, 1, 2)])
def test_transpose_is_the_transposed_matrix(padding, stride, dilation, groups):
    x, k = normal(1, 4, 5, 4), normal(3, 3, 6 // groups, 4)
    up = reference.conv2d_transpose(x, k, None, stride, padding, dilation, groups)
    matrix = reference.conv_matrix(k, up.shape[1:], stride, padding, dilation, groups)
    np.testing.assert_allclose(matrix.T @ x.ravel(), up.ravel(), atol=1e-12)


def test_depthwise_and_separable_equal_keras():
    import keras

    x = normal(2, 7, 8, 3, dtype=np.float32)
    k, bias = normal(3, 2, 3, 2, dtype=np.float32), normal(6, dtype=np.float32)
    pointwise = normal(1, 1, 6, 4, dtype=np.float32)
    for stride, padding, dilation in [
        (1, "valid", 1),
        (2, "same", 1),
        (1, "same", 2),
    ]:
        options = dict(
            strides=stride,
            padding=padding,
            data_format="channels_last",
            dilation_rate=dilation,
        )

        def depthwise(x, k, options=options):
            return keras.ops.depthwise_conv(x, k, **options)

        def separable(x, k, p, options=options):
            return keras.ops.separable_conv(x, k, p, **options)

        place = stride, padding, dilation
        expected = np.asarray(depthwise(x, k))
        mine = reference.depthwise_conv2d(x, k, bias, *place)
        np.testing.assert_allclose(mine, expected + bias, rtol=1e-4, atol=1e-4)
        mine = reference.conv2d(x, k.reshape(3, 2, 1, 6), bias, *place, groups=3)
        np.testing.assert_allclose(mine, expected + bias, rtol=1e-4, atol=1e-4)

        up = normal(*expected.shape, seed=1, dtype=np.float32)
        theirs = check.gradient(
            lambda x, k, f=depthwise, up=up: keras.ops.sum(f(x, k) * up), [x, k]
        )
        mine = reference.depthwise_conv2d_backward(up, x, k, *place)
        for a, b in zip(mine, [*theirs, up.sum((0, 1, 2))], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)

        expected = np.asarray(separable(x, k, pointwise))
        mine = reference.separable_conv2d(x, k, pointwise, bias[:4], *place)
        np.testing.assert_allclose(mine, expected + bias[:4], rtol=1e-4, atol=1e-4)
        up = normal(*expected.shape, seed=1, dtype=np.float32)
        theirs = check.gradient(
            lambda x, k, p, f=separable, up=up: keras.ops.sum(f(x, k, p) * up),
            [x, k, pointwise],
        )
        mine = reference.separable_conv2d_backward(up, x, k, pointwise, *place)
        for a, b in zip(mine, [*theirs, up.sum((0, 1, 2))], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "stride, padding, dilation, groups",
    [(1, "valid", 1, 1), (2, "same", 1, 2), (1, (2, 0), 2, 1), (1, 1, 1, 2)],
)
def test_conv1d_equals_keras(stride, padding, dilation, groups):
    import keras

    x, k = normal(2, 9, 4, dtype=np.float32), normal(3, 4 // groups, 6, seed=1)
    k = k.astype(np.float32)
    pads = {"valid": (0, 0), "same": None, 1: (1, 1)}.get(padding, padding)

    def theirs(x, k):
        if pads is not None:
            x = keras.ops.pad(x, ((0, 0), pads, (0, 0)))
        return keras.ops.conv(
            x,
            k,
            strides=stride,
            padding="same" if pads is None else "valid",
            data_format="channels_last",
            dilation_rate=dilation,
        )

    expected = np.asarray(theirs(x, k))
    mine = reference.conv1d(
        x, k, np.ones(6, np.float32), stride, padding, dilation, groups
    )
    np.testing.assert_allclose(mine, expected + 1, rtol=1e-4, atol=1e-4)
    up = normal(*expected.shape, seed=2, dtype=np.float32)
    dx, dk = check.gradient(lambda x, k: keras.ops.sum(theirs(x, k) * up), [x, k])
    mine = reference.conv1d_backward(up, x, k, stride, padding, dilation, groups)
    for a, b in zip(mine, [dx, dk, up.sum((0, 1))], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


PLACES = [
    (1, "valid", 1),
    (2, "same", 1),
    (1, ((1, 0), (2, 1)), 2),
    ((2, 1), 1, (1, 2)),
]


@pytest.mark.parametrize("stride, padding, dilation", PLACES)
@pytest.mark.parametrize("groups", [1, 2])
def test_backward_equals_differences(stride, padding, dilation, groups):
    x, b = normal(2, 5, 6, 2), normal(4)
    k = normal(3, 2, 2 // groups, 4)
    place = stride, padding, dilation, groups

    def loss(x, k, b):
        return np.sum(np.sin(reference.conv2d(x, k, b, *place)))

    upstream = np.cos(reference.conv2d(x, k, b, *place))
    gradients = reference.conv2d_backward(upstream, x, k, *place)
    check.gradient_check(loss, [x, k, b], list(gradients))


@pytest.mark.parametrize("stride, padding, dilation", PLACES)
def test_other_backwards_equal_differences(stride, padding, dilation):
    place = stride, padding, dilation
    x, k, b = normal(2, 5, 6, 2), normal(3, 2, 2, 3), normal(6)
    up = np.cos(reference.depthwise_conv2d(x, k, b, *place))
    check.gradient_check(
        lambda x, k, b: np.sum(np.sin(reference.depthwise_conv2d(x, k, b, *place))),
        [x, k, b],
        list(reference.depthwise_conv2d_backward(up, x, k, *place)),
    )
    p = normal(1, 1, 6, 2)
    up = np.cos(reference.separable_conv2d(x, k, p, b[:2], *place))
    check.gradient_check(
        lambda x, k, p, b: np.sum(
            np.sin(reference.separable_conv2d(x, k, p, b, *place))
        ),
        [x, k, p, b[:2]],
        list(reference.separable_conv2d_backward(up, x, k, p, *place)),
    )
    k, b = normal(3, 4, 5, 2), normal(5)
    up = np.cos(reference.conv2d_transpose(x, k, b, *place))
    check.gradient_check(
        lambda x, k, b: np.sum(np.sin(reference.conv2d_transpose(x, k, b, *place))),
        [x, k, b],
        list(reference.conv2d_transpose_backward(up, x, k, *place)),
    )


@st.composite
def geometries(draw):
    """Random images and kernels that fit, in small integers: sums are exact."""
    size = [draw(st.integers(1, 7)) for _ in range(2)]
    stride = tuple(draw(st.integers(1, 3)) for _ in range(2))
    dilation = tuple(draw(st.integers(1, 3)) for _ in range(2))
    pads = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2))
    kernel = [
        draw(st.integers(1, (n + sum(p) - 1) // d + 1))
        for n, p, d in zip(size, pads, dilation, strict=True)
    ]
    padding = draw(st.sampled_from([pads, pads, "same"]))
    groups = draw(st.integers(1, 3))
    depth, filters = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.integers(-9, 10, (draw(st.integers(1, 2)), *size, depth * groups))
    k = rng.integers(-9, 10, (*kernel, depth, filters))
    return x, k, (stride, padding, dilation, groups), rng


@settings(max_examples=150, deadline=None, derandomize=True)
@given(geometries())
def test_properties(geometry):
    x, k, place, rng = geometry
    y = reference.conv2d(x, k, None, *place)
    assert y.dtype == np.int64
    # three ways and the matrix agree
    np.testing.assert_array_equal(reference.conv2d_im2col(x, k, None, *place), y)
    np.testing.assert_allclose(reference.conv2d_fft(x, k, None, *place), y, atol=1e-9)
    matrix = reference.conv_matrix(k, x.shape[1:], *place)
    np.testing.assert_array_equal(matrix @ x[0].ravel(), y[0].ravel())
    # linear in the image and in the kernel
    x2, k2 = rng.integers(-9, 10, x.shape), rng.integers(-9, 10, k.shape)
    np.testing.assert_array_equal(
        reference.conv2d(3 * x - x2, k, None, *place),
        3 * y - reference.conv2d(x2, k, None, *place),
    )
    np.testing.assert_array_equal(
        reference.conv2d(x, k - 2 * k2, None, *place),
        y - 2 * reference.conv2d(x, k2, None, *place),
    )
    # backward is the adjoint: <conv(x), g> = <x, dx(g)> = <k, dk(g)>
    g = rng.integers(-9, 10, y.shape)
    dx, dk, db = reference.conv2d_backward(g, x, k, *place)
    assert (y * g).sum() == (x * dx).sum() == (k * dk).sum()
    np.testing.assert_array_equal(db, g.sum((0, 1, 2)))
    # and the matrix transposed
    np.testing.assert_array_equal(matrix.T @ g[0].ravel(), dx[0].ravel())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 2), st.integers(1, 4))
def test_a_shifted_image_gives_a_shifted_map(down, right, stride, kernel):
    k = normal(kernel, kernel, 2, 3)
    x = np.zeros((1, 20, 20, 2))
    x[:, 6:12, 6:12] = normal(1, 6, 6, 2)
    moved = np.roll(x, (down * stride, right * stride), (1, 2))
    y = reference.conv2d(x, k, stride=stride)
    np.testing.assert_allclose(
        reference.conv2d(moved, k, stride=stride), np.roll(y, (down, right), (1, 2))
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_any_float_dtype_is_kept(dtype):
    x, k = normal(1, 6, 6, 2).astype(dtype), normal(3, 3, 2, 4).astype(dtype)
    expected = scipy_conv2d(x.astype(float), k.astype(float))
    tolerance = {"rtol": 8 * float(np.finfo(dtype).eps), "atol": 1e-3}
    if dtype != np.float16:
        tolerance["atol"] = 1e-5
    place = dict(stride=2, padding="same")
    for way in WAYS:
        y = way(x, k)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.astype(float), expected, **tolerance)
        assert way(x, k, np.ones(4, dtype), **place).dtype == dtype
    for gradient in reference.conv2d_backward(np.ones_like(y), x, k):
        assert gradient.dtype == dtype
    assert reference.conv2d_transpose(y, k).dtype == dtype
    depthwise = normal(3, 3, 2, 1).astype(dtype)
    assert reference.depthwise_conv2d(x, depthwise).dtype == dtype
    for gradient in reference.depthwise_conv2d_backward(x, x, depthwise, 1, "same"):
        assert gradient.dtype == dtype
    assert reference.conv2d_loops(x[0, :, :, 0], k[:, :, 0, 0]).dtype == dtype


def test_half_precision_sums_do_not_stall():
    # 4096 ones: a running sum in half precision would stop at 2048
    x, k = np.ones((1, 4096, 1, 1), np.float16), np.ones((4096, 1, 1, 1), np.float16)
    assert reference.conv2d(x, k).item() == 4096
    assert reference.depthwise_conv2d(x, k).item() == 4096
    _, dk, db = reference.conv2d_backward(x, x, k[:1])
    assert dk.item() == db.item() == 4096
    assert (reference.conv2d_transpose(x, k)[0, 4095] == 4096).all()


def test_integers_are_exact_or_refused():
    photo = np.full((1, 4, 4, 1), 255, np.uint8)
    edge = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]])[:, :, None, None]
    assert reference.conv2d(photo, edge).dtype == np.int64
    assert not reference.conv2d(photo, edge).any()
    for way in [reference.conv2d, reference.conv2d_im2col]:
        with pytest.raises(ValueError, match="holds sums up to 1020; received uint8"):
            way(photo, np.ones((2, 2, 1, 1), np.uint8))
    with pytest.raises(ValueError, match="received uint8"):
        reference.conv2d_loops(photo[0, :, :, 0], np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match="received uint8"):
        reference.convolve2d(photo[0, :, :, 0], np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match="received uint8"):
        reference.depthwise_conv2d(photo, np.ones((2, 2, 1, 1), np.uint8))
    with pytest.raises(ValueError, match="sums up to 260; received uint8"):
        one = np.ones((1, 1, 1, 1), np.uint8)
        reference.conv2d(photo, one, np.array([5], np.uint8))
    with pytest.raises(ValueError, match="received int64"):
        reference.conv2d(np.full((1, 2, 2, 1), 2**62), np.ones((2, 2, 1, 1), int))
    assert reference.conv2d(photo // 4, np.ones((2, 2, 1, 1), np.uint8)).max() == 252
    mask = reference.conv2d(photo > 0, np.ones((2, 2, 1, 1), bool))
    assert mask.dtype == np.int64 and (mask == 4).all()


X, K = np.zeros((2, 5, 5, 4)), np.zeros((3, 3, 4, 6))
BAD = {
    "rank of x": (dict(x=X[0]), "x with the axes .*; received shape .5, 5, 4."),
    "rank of kernel": (dict(kernel=K[..., 0]), "kernel with the axes"),
    "channels": (dict(kernel=K[:, :, :3]), r"kernel .height, width, 4, filters."),
    "groups": (dict(groups=3), "divides the 4 channels; received 3"),
    "filters": (dict(kernel=K[:, :, :1, :3], groups=4), "divides the 3 channels"),
    "no groups": (dict(groups=0), "received 0"),
    "half a group": (dict(groups=1.5), "received 1.5"),
    "grouped kernel": (dict(groups=2), r"kernel .height, width, 2, filters."),
    "bias": (dict(bias=np.zeros(5)), r"bias of shape .6,.; received .5,."),
    "zero stride": (dict(stride=0), "stride as a positive integer"),
    "negative stride": (dict(stride=(1, -1)), r"received .1, -1."),
    "half stride": (dict(stride=0.5), "received 0.5"),
    "three strides": (dict(stride=(1, 1, 1)), "stride as a positive integer"),
    "zero dilation": (dict(dilation=0), "dilation as a positive integer"),
    "word": (dict(padding="full"), "received 'full'"),
    "negative padding": (dict(padding=-1), "received -1"),
    "flat padding": (dict(padding=(1, 1)), r"received .1, 1."),
    "half padding": (dict(padding=0.5), "received 0.5"),
    "ragged padding": (dict(padding=((1, 1), (1,))), "padding"),
    "large kernel": (dict(kernel=np.zeros((6, 3, 4, 6))), r"expected .*received"),
    "large reach": (dict(dilation=3), "expected .*received"),
    "complex": (dict(x=X + 1j), "real numbers in x; received dtype complex128"),
    "words": (dict(x=np.full((1, 3, 3, 4), "a")), "real numbers in x"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_bad_input(way, case):
    change, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        way(**{"x": X, "kernel": K, **change})


def test_bad_input_to_the_others():
    with pytest.raises(ValueError, match=r"upstream .*\(2, 3, 3, 6\); received"):
        reference.conv2d_backward(np.zeros((2, 3, 3, 5)), X, K)
    with pytest.raises(ValueError, match="upstream"):
        reference.depthwise_conv2d_backward(X, X, K[..., :2])
    with pytest.raises(ValueError, match="upstream"):
        reference.conv2d_transpose_backward(X, X, np.zeros((3, 3, 6, 4)))
    with pytest.raises(ValueError, match=r"for the 4 channels"):
        reference.conv2d_transpose(X, K)
    with pytest.raises(ValueError, match="padding smaller than the map"):
        reference.conv2d_transpose(X, np.zeros((1, 1, 6, 4)), padding=3)
    with pytest.raises(ValueError, match="received 'full'"):
        reference.conv2d_transpose(X, np.zeros((1, 1, 6, 4)), padding="full")
    with pytest.raises(ValueError, match="multiplier"):
        reference.depthwise_conv2d(X, np.zeros((3, 3, 3, 1)))
    with pytest.raises(ValueError, match="1x1"):
        reference.separable_conv2d(X, K[..., :1], np.zeros((3, 3, 4, 2)))
    with pytest.raises(ValueError, match="batch, steps, channels"):
        reference.conv1d(X, K[0])
    with pytest.raises(ValueError, match="stride"):
        reference.conv1d(X[0], K[0], stride=0)
    with pytest.raises(ValueError, match="padding"):
        reference.conv1d(X[0], K[0], padding=(1, 2, 3))
    with pytest.raises(ValueError, match="image with the axes"):
        reference.conv2d_loops(X, K)
    with pytest.raises(ValueError, match=r"expected .*received"):
        reference.conv2d_loops(np.zeros((2, 2)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="kernel with the axes"):
        reference.convolve2d(np.zeros((2, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="channels"):
        reference.conv_matrix(K, (5, 5, 3))


def test_arguments_are_left_alone_and_views_accepted():
    x = normal(5, 4, 3, 2).transpose(3, 1, 0, 2)[::-1]
    k = normal(4, 3, 2, 2).transpose(3, 2, 1, 0)
    kept = x.copy(), k.copy()
    y = reference.conv2d(x, k, np.ones(4))
    dx, *_ = reference.conv2d_backward(y, x, k)
    np.testing.assert_allclose(y, scipy_conv2d(*kept) + 1)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(k, kept[1])
    y[:], dx[:] = 0, 0
    np.testing.assert_array_equal(x, kept[0])
    x.setflags(write=False)
    reference.conv2d(x, k)


def test_an_empty_batch_gives_an_empty_batch():
    for way in WAYS:
        assert way(X[:0], K).shape == (0, 3, 3, 6)
    dx, dk, db = reference.conv2d_backward(np.zeros((0, 3, 3, 6)), X[:0], K)
    assert dx.shape == (0, 5, 5, 4) and not dk.any() and not db.any()


def test_nan_and_infinity_reach_the_positions_that_see_them():
    x = np.zeros((1, 4, 4, 1))
    x[0, 0, 0] = np.nan
    y = reference.conv2d(x, np.ones((2, 2, 1, 1)))
    assert np.isnan(y[0, 0, 0, 0]) and np.isnan(y).sum() == 1


def peak(f):
    tracemalloc.start()
    f()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize(
    "kernel, stride, padding",
    [(5, 1, "same"), (19, 1, 9), (11, 4, "valid"), (3, 2, 1)],
)
@pytest.mark.parametrize("filters", [1, 12])
def test_memory_stays_within_ten_times_input_and_output(
    kernel, stride, padding, filters
):
    x = normal(2, 48, 48, 4, dtype=np.float32)
    k = normal(kernel, kernel, 4, filters, dtype=np.float32)
    place = stride, padding
    y = reference.conv2d(x, k, None, *place)
    limit = 10 * (x.nbytes + k.nbytes + y.nbytes)
    assert peak(lambda: reference.conv2d(x, k, None, *place)) < limit
    assert peak(lambda: reference.conv2d_fft(x, k, None, *place)) < limit
    assert peak(lambda: reference.conv2d_backward(y, x, k, *place)) < limit
    up = normal(kernel, kernel, filters, 4, dtype=np.float32)
    z = reference.conv2d_transpose(x, up, None, *place)
    limit = 10 * (x.nbytes + up.nbytes + z.nbytes)
    assert peak(lambda: reference.conv2d_transpose(x, up, None, *place)) < limit
    assert peak(lambda: reference.conv2d_transpose_backward(z, x, up, *place)) < limit
    depthwise = normal(kernel, kernel, 4, 2, dtype=np.float32)
    z = reference.depthwise_conv2d(x, depthwise, None, *place)
    limit = 10 * (x.nbytes + depthwise.nbytes + z.nbytes)
    assert peak(lambda: reference.depthwise_conv2d(x, depthwise, None, *place)) < limit
    assert (
        peak(lambda: reference.depthwise_conv2d_backward(z, x, depthwise, *place))
        < limit
    )


def test_im2col_says_that_it_needs_more():
    x, k = normal(2, 48, 48, 4), normal(9, 9, 4, 1)
    y = reference.conv2d(x, k)
    assert peak(lambda: reference.conv2d_im2col(x, k)) > 10 * (x.nbytes + y.nbytes)
    assert "memory" in reference.conv2d_im2col.__doc__


def test_strips_of_the_kernel_do_not_show(monkeypatch):
    x, k = normal(1, 6, 20, 2), normal(2, 19, 2, 3)
    expected = scipy_conv2d(x, k)
    for strip in (1, 2, 7, 50):
        monkeypatch.setattr(conv, "_STRIP", strip)
        np.testing.assert_allclose(reference.conv2d(x, k), expected)


def plane(image, kernel, **place):
    """One grey image, one kernel."""
    image, kernel = np.asarray(image), np.asarray(kernel)
    return reference.conv2d(image[None, :, :, None], kernel[:, :, None, None], **place)[
        0, :, :, 0
    ]


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def test_claims_in_one_dimension():
    given, expected = claim("conv/sensor-smoothing-idea")
    x = np.array(given["readings"])
    newest_last = np.array(given["weights_newest_first"])[::-1]
    s = reference.conv1d(x[None, :, None], newest_last[:, None, None])[0, :, 0]
    np.testing.assert_allclose(s, expected["smoothed_at_t_6_7_8"])
    given, expected = claim("conv/1d-seven-tap-window")
    x = np.array(given["x"])
    newest_last = np.array(given["weights_newest_first"])[::-1]
    s = reference.conv1d(x[None, :, None], newest_last[:, None, None])[0, :, 0]
    assert s.tolist() == expected["s"]
    given, expected = claim("conv/discrete-formula")
    x, h = np.array(given["x"]), np.array(given["h"])
    full = reference.conv1d(x[None, :, None], h[::-1, None, None], padding=2)
    assert full[0, :, 0].tolist() == expected["full"]
    given, expected = claim("conv/fft-matches-direct")
    x, h = np.array(given["x"]), np.array(given["h"])
    full = reference.conv2d_fft(
        x[None, None, :, None], h[None, ::-1, None, None], padding=((0, 0), (2, 2))
    )
    np.testing.assert_allclose(full[0, 0, :, 0], expected["full"])


def test_claims_on_flipping():
    given, expected = claim("conv/convolution-vs-cross-correlation")
    image, kernel = np.array(given["image"]), np.array(given["kernel"])
    flipped = reference.convolve2d(image, kernel)
    assert flipped.tolist() == expected["convolution_valid"]
    assert plane(image, kernel).tolist() == expected["cross_correlation_valid"]
    for name, way in [
        ("conv/2d-preceding-formula", reference.convolve2d),
        ("conv/2d-succeeding-formula", reference.conv2d_loops),
    ]:
        given, expected = claim(name)
        values = way(np.array(given["image"]), np.array(given["kernel"]))
        assert values.tolist() == expected["values"]
    given, expected = claim("conv/centered-formula-flips")
    image, kernel = np.array(given["image"]), np.array(given["kernel"])
    assert (
        reference.convolve2d(image, kernel, padding=1).tolist()
        == expected["centred_formula_output"]
    )
    assert (
        plane(image, kernel, padding=1).tolist() == expected["cross_correlation_output"]
    )
    given, expected = claim("conv/2d-signal-formula")
    full = reference.convolve2d(np.array(given["f"]), np.array(given["g"]), padding=1)
    assert full.tolist() == expected["full"]


def test_claims_on_kernels_and_worked_examples():
    given, expected = claim("conv/toy-3x4")
    toy = given["toy_3x4_numeric"]
    output = expected["toy_3x4_numeric"]["output"]
    assert plane(toy["image"], toy["kernel"]).tolist() == output

    given, expected = claim("conv/kernel-blur")
    blurred = plane(given["image"], given["kernel"], padding=1) / given["divide_by"]
    assert blurred.tolist() == expected["output"]
    step = plane(given["step_image"], given["kernel"]) / given["divide_by"]
    np.testing.assert_allclose(step, expected["on_step_divided_by_9"])
    for name in ("conv/kernel-sharpen", "conv/kernel-edge"):
        given, expected = claim(name)
        step = plane(given["step_image"], given["kernel"])
        assert step.tolist() == expected["on_step"]
    given, expected = claim("conv/5x5-with-3x3-cross")
    assert plane(given["image"], given["kernel"]).tolist() == expected["output"]
    for name in ("conv/6x6-two-filters-stride-1", "conv/6x6-two-filters-stride-2"):
        given, expected = claim(name)
        maps = [
            plane(given["image"], f, stride=given["stride"]) for f in given["filters"]
        ]
        assert np.array(maps).tolist() == expected["outputs"]
    x = np.array(claim("conv/x-image")[1]["image"])
    given, expected = claim("conv/x-image-filter-map")
    assert plane(x, given["filter"]).tolist() == expected["map_exact_ninths"]
    given, expected = claim("conv/x-image-three-filters")
    maps = [plane(x, f).tolist() for f in given["filters"]]
    assert maps == expected["maps_in_ninths"]
    given, expected = claim("conv/volume-output-is-2d")
    image, kernel = np.array(given["input_hwc"]), np.array(given["filter_hwc"])
    y = reference.conv2d(image[None], kernel[..., None])
    assert y[0, :, :, 0].tolist() == expected["output"]
    given, expected = claim("conv/kernel-edge-padded")
    image, kernel = normal(*given["input"]), np.array(given["kernel_5x5"])
    large, small = plane(image, kernel), plane(image, kernel[1:4, 1:4])
    assert list(large.shape) == expected["valid_output_5x5_kernel"]
    assert list(small.shape) == expected["valid_output_3x3_kernel"]
    np.testing.assert_allclose(large, small[1:-1, 1:-1])


def test_claims_on_structure():
    given, expected = claim("conv/as-sparse-matrix")
    kernel, image = np.array(given["kernel"]), np.array(given["image"])
    matrix = reference.conv_matrix(kernel[:, :, None, None], (*image.shape, 1))
    assert matrix.toarray().tolist() == expected["matrix"]
    assert (matrix @ image.ravel()).tolist() == expected["product_with_flattened_image"]
    given, expected = claim("conv/linear-stack-collapses")
    first, second = np.array(given["kernel_1"]), np.array(given["kernel_2"])
    joined = reference.convolve2d(first, second, padding=2)
    assert joined.tolist() == expected["equivalent_kernel"]
    image = normal(9, 9)
    np.testing.assert_allclose(plane(plane(image, first), second), plane(image, joined))
    given, expected = claim("conv/dilation")
    for d, n in zip(given["d"], expected["valid_output"], strict=True):
        assert plane(np.zeros((7, 7)), np.ones((3, 3)), dilation=d).shape == (n, n)
    given, expected = claim("conv/six-filters-3x32x32")
    y = reference.conv2d(np.zeros((1, 32, 32, 3)), np.zeros((5, 5, 3, 6)))
    assert list(y[0].transpose(2, 0, 1).shape) == expected["output_chw"]
    given, expected = claim("conv/groups")
    for channels, filters, groups in given["cases"]:
        allowed = expected["allowed"][given["cases"].index([channels, filters, groups])]
        x = np.zeros((1, 3, 3, channels))
        k = np.zeros((3, 3, max(channels // groups, 1), filters))
        if allowed:
            reference.conv2d(x, k, groups=groups)
        else:
            with pytest.raises(ValueError, match="divides"):
                reference.conv2d(x, k, groups=groups)
    given, expected = claim("backprop/convolution-layer")
    x, k, g = (np.array(given[n]) for n in ("x", "kernel", "output_gradient"))
    dx, dk, _ = reference.conv2d_backward(
        g[None, :, :, None], x[None, :, :, None], k[:, :, None, None]
    )
    assert dk[:, :, 0, 0].tolist() == expected["kernel_gradient"]
    assert dx[0, :, :, 0].tolist() == expected["input_gradient"]
    # as the lecture words it: a cross-correlation and a full convolution
    assert reference.conv2d_loops(x, g).tolist() == expected["kernel_gradient"]
    assert reference.convolve2d(g, k, padding=1).tolist() == expected["input_gradient"]
