"""Pooling in NumPy against Keras, plain loops, differences and the lectures."""

import itertools
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnkit
from cnnkit import check, reference

CLAIMS = json.loads(
    (Path(cnnkit.__file__).parent / "course" / "claims.json").read_text()
)
POOLS = {
    reference.max_pool2d: (np.max, reference.max_pool2d_backward),
    reference.avg_pool2d: (np.mean, reference.avg_pool2d_backward),
    reference.l2_pool2d: (
        lambda v, axis: np.sqrt(np.mean(v**2, axis)),
        reference.l2_pool2d_backward,
    ),
}
GRID = [
    # height and width, size, stride, padding
    ((4, 6), 2, None, "valid"),
    ((5, 7), 2, None, "valid"),
    ((5, 7), 2, 2, "same"),
    ((7, 8), 3, 2, "valid"),
    ((7, 8), 3, 2, "same"),
    ((6, 6), (3, 2), (1, 2), "same"),
    ((7, 7), (1, 4), (3, 1), "valid"),
    ((8, 7), 2, 3, "same"),
    ((3, 3), 5, 1, "same"),
]


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def by_hand(x, reduce, size, stride, pads):
    """Every window is cut from the image, its missing part left away."""
    (top, bottom), (left, right) = pads
    height, width = x.shape[1:3]
    rows = range(-top, height + bottom - size[0] + 1, stride[0])
    columns = range(-left, width + right - size[1] + 1, stride[1])
    y = [
        [
            reduce(x[:, max(i, 0) : i + size[0], max(j, 0) : j + size[1]], axis=(1, 2))
            for j in columns
        ]
        for i in rows
    ]
    return np.array(y).transpose(2, 0, 1, 3)


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.__name__)
@pytest.mark.parametrize("pads", [0, 1, 2, ((0, 2), (1, 0)), ((2, 1), (2, 2))])
@pytest.mark.parametrize("stride", [1, 2, (3, 2), None])
def test_equals_windows_cut_by_hand(pool, pads, stride):
    x, size = normal(2, 6, 7, 3), (4, 3)
    both = ((pads, pads), (pads, pads)) if isinstance(pads, int) else pads
    steps = np.broadcast_to(size if stride is None else stride, 2)
    expected = by_hand(x, POOLS[pool][0], size, steps, both)
    np.testing.assert_allclose(pool(x, size, stride, pads), expected, atol=1e-12)


def assert_keras_agrees(size, window, stride, padding):
    import keras

    x = normal(2, *size, 3, dtype=np.float32)
    steps = window if stride is None else stride

    def largest(x):
        return keras.ops.max_pool(x, window, steps, padding, "channels_last")

    def mean(x):
        return keras.ops.average_pool(x, window, steps, padding, "channels_last")

    def root(x):
        return keras.ops.sqrt(mean(x**2))

    for pool, theirs in zip(POOLS, [largest, mean, root], strict=True):
        expected = np.asarray(theirs(x))
        mine = pool(x, window, stride, padding)
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)
        up = normal(*expected.shape, seed=1, dtype=np.float32)
        dx = check.gradient(lambda x, f=theirs, up=up: keras.ops.sum(f(x) * up), x)
        mine = POOLS[pool][1](up, x, window, stride, padding)
        np.testing.assert_allclose(mine, dx, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size, window, stride, padding", GRID)
def test_equals_keras_with_gradients(size, window, stride, padding):
    assert_keras_agrees(size, window, stride, padding)


@pytest.mark.full
def test_equals_keras_over_the_wide_grid():
    for cell in itertools.product(
        [(7, 7), (8, 5)],
        [1, 2, 3, (2, 4)],
        [None, 1, 2, 3, (1, 2)],
        ["valid", "same"],
    ):
        assert_keras_agrees(*cell)


def test_global_average_equals_keras_and_differences():
    import keras

    x = normal(2, 5, 3, 4)
    theirs = np.asarray(keras.layers.GlobalAveragePooling2D()(x.astype("float32")))
    np.testing.assert_allclose(
        reference.global_avg_pool2d(x), theirs, rtol=1e-4, atol=1e-6
    )
    up = normal(2, 4)
    check.gradient_check(
        lambda x: np.sum(reference.global_avg_pool2d(x) * up),
        x,
        reference.global_avg_pool2d_backward(up, x),
    )


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.__name__)
@pytest.mark.parametrize(
    "place", [(2,), (3, 2, "same"), ((2, 3), 1, 1), (3, (1, 2), ((2, 0), (0, 1)))]
)
def test_backward_equals_differences(pool, place):
    x = normal(2, 6, 7, 2)
    up = np.cos(pool(x, *place))
    check.gradient_check(
        lambda x: np.sum(np.sin(pool(x, *place))), x, POOLS[pool][1](up, x, *place)
    )


def test_the_first_of_equal_maxima_gets_the_gradient():
    x = np.ones((1, 3, 3, 1))
    up = np.arange(1.0, 5).reshape(1, 2, 2, 1)
    dx = reference.max_pool2d_backward(up, x, 2, 1)
    assert dx[0, :, :, 0].tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
    assert not reference.l2_pool2d_backward(up, 0 * x, 2, 1).any()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_properties(data):
    size = tuple(data.draw(st.integers(1, 3)) for _ in range(2))
    stride = data.draw(st.integers(1, 3))
    padding = data.draw(
        st.sampled_from(["valid", "same", *range(min(size))]), label="padding"
    )
    x = normal(2, 6, 5, 2, seed=data.draw(st.integers(0, 99)))
    place = size, stride, padding
    largest, mean = (f(x, *place) for f in (reference.max_pool2d, reference.avg_pool2d))
    root = reference.l2_pool2d(x, *place)
    assert (mean <= largest + 1e-12).all() and (abs(mean) <= root + 1e-12).all()
    # a constant is added, a positive factor taken out, the sign of x does not matter
    np.testing.assert_allclose(reference.max_pool2d(3 * x + 1, *place), 3 * largest + 1)
    np.testing.assert_allclose(reference.avg_pool2d(3 * x + 1, *place), 3 * mean + 1)
    np.testing.assert_allclose(reference.l2_pool2d(-3 * x, *place), 3 * root)
    # backward hands out exactly what came, and is the adjoint of the mean
    up = normal(*mean.shape, seed=1)
    for backward in (reference.max_pool2d_backward, reference.avg_pool2d_backward):
        dx = backward(up, x, *place)
        np.testing.assert_allclose(dx.sum((1, 2)), up.sum((1, 2)), atol=1e-12)
    np.testing.assert_allclose((mean * up).sum(), (x * dx).sum())
    # a shift by one stride shifts the output
    wide = np.pad(x, ((0, 0), (6, 9), (6, 9), (0, 0)))
    moved = np.roll(wide, stride, (1, 2))
    for pool in POOLS:
        np.testing.assert_allclose(
            pool(moved, size, stride)[:, 1:, 1:], pool(wide, size, stride)[:, :-1, :-1]
        )


def test_dtypes():
    photo = np.arange(32, dtype=np.uint8).reshape(1, 4, 4, 2) + 220
    assert reference.max_pool2d(photo).dtype == np.uint8
    assert reference.max_pool2d(photo, 3, 1, 1).max() == 251
    assert reference.max_pool2d(-photo.astype(np.int8), 3, 1, 1).dtype == np.int8
    assert reference.avg_pool2d(photo).dtype == np.float64
    np.testing.assert_allclose(reference.avg_pool2d(photo)[0, 0, 0], [225, 226])
    assert 225 < reference.l2_pool2d(photo)[0, 0, 0, 0] < 225.1  # 225^2 exceeds uint8
    assert reference.global_avg_pool2d(photo).dtype == np.float64
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        x = normal(1, 4, 4, 2).astype(dtype) * 300  # squares exceed half precision
        for pool, (_, backward) in POOLS.items():
            y = pool(x, 3, 1, "same")
            assert y.dtype == dtype and np.isfinite(y).all()
            assert backward(y, x, 3, 1, "same").dtype == dtype
        y = reference.global_avg_pool2d(x)
        assert y.dtype == reference.global_avg_pool2d_backward(y, x).dtype == dtype


X = np.zeros((2, 5, 5, 4))
BAD = {
    "rank": (dict(x=X[0]), r"x with the axes .*; received shape \(5, 5, 4\)"),
    "zero size": (dict(size=0), "size as a positive integer"),
    "size": (dict(size=(2, 2, 2)), "size as a positive integer"),
    "zero stride": (dict(stride=0), "stride as a positive integer"),
    "negative stride": (dict(stride=(1, -1)), r"received \(1, -1\)"),
    "word": (dict(padding="full"), "received 'full'"),
    "padding": (dict(padding=2), r"padding smaller than the window \(2, 2\)"),
    "pads": (dict(padding=((0, 0), (0, 2))), "padding smaller than the window"),
    "large window": (dict(size=6), r"expected .*received"),
    "complex": (dict(x=X + 1j), "real numbers in x"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.__name__)
def test_bad_input(pool, case):
    change, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        pool(**{"x": X, **change})
    with pytest.raises(ValueError, match=message):
        POOLS[pool][1](**{"upstream": np.zeros((2, 2, 2, 4)), "x": X, **change})


def test_bad_upstream_and_empty_maps():
    for _, backward in POOLS.values():
        with pytest.raises(ValueError, match=r"upstream .*\(2, 2, 2, 4\); received"):
            backward(X, X)
    with pytest.raises(ValueError, match="upstream"):
        reference.global_avg_pool2d_backward(X, X)
    with pytest.raises(ValueError, match="at least one pixel"):
        reference.global_avg_pool2d(X[:, :0])
    with pytest.raises(ValueError, match="axes"):
        reference.global_avg_pool2d(X[0])


@pytest.mark.parametrize("place", [(2,), (3, 1, "same"), (7, 1, 3)])
def test_memory_stays_within_ten_times_input_and_output(place):
    x = normal(2, 32, 32, 8, dtype=np.float32)
    for pool, (_, backward) in POOLS.items():
        y = pool(x, *place)
        for run in (
            lambda f=pool: f(x, *place),
            lambda f=backward, y=y: f(y, x, *place),
        ):
            tracemalloc.start()
            run()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 10 * (x.nbytes + y.nbytes)


def plane(pool, image, **place):
    return pool(np.asarray(image)[None, :, :, None], **place)[0, :, :, 0]


def claim(name):
    entry = CLAIMS[name]
    return entry.get("given", {}), entry["expected"]


def test_claims():
    for name, pool in [
        ("pool/example-max", reference.max_pool2d),
        ("pool/example-mean", reference.avg_pool2d),
        ("pool/example-l2", reference.l2_pool2d),
        ("pool/single-slice", reference.max_pool2d),
    ]:
        given, expected = claim(name)
        y = plane(pool, given["input"], size=given["window"], stride=given["stride"])
        np.testing.assert_allclose(y, expected["output"], rtol=1e-6)
    given, expected = claim("pool/purpose")
    for shape, pooled in zip(given["inputs"], expected["outputs"], strict=True):
        assert list(reference.max_pool2d(np.zeros((1, *shape))).shape[1:]) == pooled
    given, expected = claim("pool/two-hyperparameters")
    for (width, size, stride), n in zip(
        given["cases_W1_F_S"], expected["W2"], strict=True
    ):
        assert plane(
            reference.max_pool2d, np.zeros((width, width)), size=size, stride=stride
        ).shape == (n, n)
    given, expected = claim("pool/shift-tolerance")
    for place, pooled in zip(given["bright_pixel_at"], expected["pooled"], strict=True):
        image = np.zeros(given["size"], int)
        image[tuple(place)] = 9
        assert plane(reference.max_pool2d, image).tolist() == pooled
    given, expected = claim("pool/fixed-size-output")
    for size, local in zip(given["inputs"], expected["local_pooling"], strict=True):
        assert list(plane(reference.max_pool2d, np.zeros(size)).shape) == local
        assert reference.global_avg_pool2d(np.zeros((1, *size, 1))).shape == (1, 1)
    given, expected = claim("pool/global-average")
    x = np.zeros((1, *given["input"]))
    assert list(reference.global_avg_pool2d(x)[0].shape) == expected["output"]


def test_claims_on_stacks():
    def maps(image, filters):
        kernels = np.moveaxis(np.array(filters), 0, -1)[:, :, None]
        return reference.conv2d(np.array(image)[None, :, :, None], kernels)

    given, expected = claim("pool/6x6-two-filters")
    y = reference.max_pool2d(maps(given["image"], given["filters"]), given["pool"])
    assert np.moveaxis(y[0], -1, 0).tolist() == expected["maps"]
    x = claim("conv/x-image")[1]["image"]
    filters = claim("conv/x-image-three-filters")[0]["filters"]
    ninths = maps(x, filters)
    expected = claim("pool/x-image-7x7-to-4x4")[1]
    y = reference.max_pool2d(ninths[..., :1], padding="same")
    assert y[0, :, :, 0].tolist() == expected["in_ninths"]
    assert reference.max_pool2d(ninths).shape[1:3] == (3, 3)
    y = reference.max_pool2d(np.maximum(ninths, 0), padding="same")
    expected = claim("pool/x-image-three-stacks")[1]
    assert np.moveaxis(y[0], -1, 0).tolist() == expected["maps_in_ninths"]
