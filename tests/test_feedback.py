"""Feedback passes what is right, and says of what is wrong where and why."""

import functools
import itertools
import sys
import timeit
from textwrap import dedent

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnkit import feedback
from cnnkit.questions import MISCONCEPTIONS


def told(received, expected, *mistakes, **how):
    with pytest.raises(AssertionError) as caught:
        feedback.expect("f(x)", received, expected, *mistakes, **how)
    text = str(caught.value)
    assert text.startswith("f(x)\n  ")
    assert all(len(line) <= 230 for line in text.splitlines())
    return text


def refused(received, kind, *mistakes, **how):
    with pytest.raises(AssertionError) as caught:
        feedback.plausible("answer", received, kind, *mistakes, **how)
    return str(caught.value)


# ---------------------------------------------------------------- what is equal

RIGHT = [
    (24, 24),
    (np.int64(24), 24),
    (np.array(24), 24),
    (2, 2.0),
    (np.float32(0.1), 0.1),
    (0.1 + 0.2, 0.3),
    (1, 1 + 0j),
    (np.True_, True),
    ("same", "same"),
    (None, None),
    ((55, np.int32(55), 96), (55, 55, 96)),
    ([1, [2.0, 3]], [1, [2.0, 3.0]]),
    ({"a": 1, "b": (2,)}, {"b": (2,), "a": 1}),
    (np.arange(3), np.arange(3.0)),
    (np.arange(3.0), np.arange(3)),
    (np.zeros((0, 3)), np.zeros((0, 3))),
    (np.array([True]), np.array([True])),
    (np.array([np.inf]), np.array([np.inf])),
    (np.float32([1 / 3, 1e-8]), np.array([1 / 3, 0.0])),
    (float("inf"), float("inf")),
]


@pytest.mark.parametrize(("received", "expected"), RIGHT)
def test_right_is_silent(received, expected, capfd):
    assert feedback.expect("f(x)", received, expected) is None
    assert capfd.readouterr() == ("", "")


def test_numbers_too_long_for_python_to_print():
    feedback.expect("f(x)", 10**5000, 10**5000)
    assert "received  a whole number of 16610 bits" in told(10**5000, 3)


def test_tensors_are_arrays():
    import keras

    values = np.array([[1.5, 2.5]], "float32")
    feedback.expect("f(x)", keras.ops.convert_to_tensor(values), values)
    feedback.expect("f(x)", keras.ops.cast(values, "bfloat16"), values)
    feedback.expect("f(x)", keras.ops.sum(keras.ops.convert_to_tensor(values)), 4.0)
    assert "first at [0, 1]" in told(keras.Variable(values), np.array([[1.5, 2.0]]))


# ---------------------------------------------------------------- what is not


class Everything:
    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, *_, **__):
        raise ValueError("no")


class Number(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__


class Half(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Word(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Pair(tuple):
    def __eq__(self, other):
        return True

    __hash__ = tuple.__hash__

    def __len__(self):
        return 2

    def __iter__(self):
        return iter((1, 2))


class Liar:
    __class__ = int

    def __eq__(self, other):
        return True

    def __repr__(self):
        raise RuntimeError("no")


class Same(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __array_function__(self, *_):
        return True

    def __array_ufunc__(self, *_, **__):
        return np.True_


WRONG = [
    (..., 24, "Not answered yet"),
    (None, 24, "does the function return"),
    (23, 24, "expected  24\n  received  23"),
    (True, 1, "a whole number; this is True or False"),
    (1, True, "True or False; this is a whole number"),
    (1.0, True, "True or False"),
    ("24", 24, "leave out the quotes"),
    (24, "24", "a text in quotes"),
    (24.0, 24, "whole number (int): divide with //"),
    (np.float32(24), 24, "divide with //"),
    (24.5, 24, "Asked is a whole number."),
    (float("nan"), 24, "Asked is a whole number."),
    (float("nan"), 0.5, "received  nan"),
    (float("nan"), float("nan"), "received  nan"),
    (np.array([np.nan]), np.array([np.nan]), "holds NaN"),
    ([24], 24, "a list with 1 value"),
    (np.array([24]), 24, "an array with 1 value"),
    ([3, 4], (3, 4), "Asked is a tuple, such as (3, 4); this is a list."),
    ((3, 4), [3, 4], "this is a tuple"),
    ((3, 4, 5), (3, 4), "are 2 values; these are 3"),
    ((3,), (3, 4), "this is 1"),
    ((3, 5), (3, 4), "first difference at [1]: expected 4, received 5"),
    ((3, 4.0), (3, 4), "divide with //"),
    ([[1], [2, 3]], np.ones((2, 2)), "np.array(...) makes one"),
    ([[1], [2, 3]], [[1, 2], [3]], "first difference at [0]"),
    ({"a": 1}, {"b": 1}, "Asked are the keys ['b']"),
    ({"a": 1}, {"a": 2}, "at ['a']: expected 2, received 1"),
    (np.ones(3), np.ones((3, 1)), "only axes of length 1 differ"),
    (np.ones((2, 3)), np.ones((3, 2)), "shape (3, 2); this is (2, 3)"),
    (np.array([1, 0]), np.array([True, False]), "of True and False; this is one of"),
    (np.array([True]), np.array([1]), "array of numbers"),
    (np.array(["a"]), np.array([1.0]), "array of numbers"),
    (np.array(["a", "c"]), np.array(["a", "b"]), "first at [1]"),
    ("Same ", "same", "spaces or capital letters"),
    (len, 3, "was not called"),
    (int, 3, "the class int"),
    (lambda: 3, 3, "was not called"),
    (range(3), [0, 1, 2], "object of type range"),
    (Everything(), 24, "object of type Everything"),
    (Everything(), np.ones(2), "object of type Everything"),
    (Number(23), 24, "received  23"),
    (Half(0.25), 0.5, "received  0.25"),
    (Word("no"), "yes", "received  'no'"),
    (Pair((1, 3)), (1, 2), "expected 2, received 3"),
    (np.zeros(2).view(Same), np.ones(2), "first at [0]"),
    (np.zeros((1000, 1000)), np.ones((1000, 1000)), "1000000 of 1000000 places"),
    (np.zeros((1000, 1000)), np.ones((1000, 1001)), "shape (1000, 1001)"),
    ("x" * 10_000, "y", "xxx"),
    (list(range(10_000)), [1], "10000 in all"),
]


@pytest.mark.parametrize(("received", "expected", "says"), WRONG)
def test_wrong_is_told(received, expected, says):
    text = told(received, expected)
    assert says in text or says in " ".join(text.split())


def test_objects_that_cannot_be_printed():
    assert "received  an object of type Liar" in told(Liar(), 24)


def test_the_whole_message():
    right = np.array([[1, 2, 0], [0, 3, 4], [5, 0, 6]])
    assert told(right[::-1, ::-1], right, (right[::-1, ::-1], "flipped")) == dedent(
        """\
        f(x)
          expected  array of shape (3, 3): [[1, 2, 0], [0, 3, 4], [5, 0, 6]]
          received  array of shape (3, 3): [[6, 0, 5], [4, 3, 0], [0, 2, 1]]
          values differ in 8 of 9 places, first at [0, 0]: expected 1, received 6
          largest difference 5 at [0, 0]
          hint: yours is the expected result rotated by 180 degrees: one of them is
          flipped (convolution), the other not (cross-correlation)
          That is the result with the kernel rotated by 180 degrees, which is true
          convolution. A library layer multiplies patch and kernel as they lie."""
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x.T, "transposed"),
        (lambda x: x[:, ::-1], "mirrored left to right"),
        (lambda x: -x, "opposite sign"),
        (lambda x: x / 9, "a mean for a sum"),
        (lambda x: x + 1, "a bias?"),
        (lambda x: np.pad(x, 1), "yours is padded, the expected result is not"),
    ],
)
def test_hints_are_those_of_check(change, says):
    right = np.random.default_rng(0).integers(-5, 5, (4, 4)).astype(float)
    assert says in " ".join(told(change(right), right).split())


def test_tolerances():
    feedback.expect("f", 1.0 + 5e-7, 1.0)
    told(1.0 + 5e-6, 1.0)
    feedback.expect("f", np.float32(1.0 + 5e-6), 1.0)  # single precision rounds
    told(np.float32(1.001), 1.0)
    told(1_000_001, 1_000_000)
    feedback.expect("f", 0.33, 1 / 3, rtol=0.02)
    told(np.full(3, 1e-7), np.zeros(3))
    feedback.expect("f", np.full(3, 1e-7), np.zeros(3), atol=1e-6)


@given(st.floats() | st.integers() | st.booleans() | st.text() | st.none())
def test_equal_to_itself_unless_it_is_nan(value):
    if value != value:
        told(value, value)
    else:
        feedback.expect("f", value, value)
        feedback.expect("f", [value], [value])
        told((value,), [value])
    told(value, float("nan"))


PLAIN = [0, 1, 2.5, True, False, None, "a", (), [], (1,), [1], {}, {"a": 1}]


@pytest.mark.parametrize(("a", "b"), list(itertools.permutations(PLAIN, 2)))
def test_nothing_equals_another(a, b):
    told(a, b)


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("received", "wrong"),
    [
        (5, 5),
        (5.0, 5),
        ((54, 54), [54, 54]),
        ([[1, 2], [3, 4]], np.array([[1.0, 2], [3, 4]])),
        (np.float32([0.1]), np.array([0.1])),
        (" Valid", "valid"),
        (False, False),
        (((1, 2), (3, 4)), [(1, 2), (3, 4)]),
    ],
)
def test_a_usual_mistake_is_named_whatever_holds_it(received, wrong):
    text = " ".join(told(received, 24, (7, "stride_1"), (wrong, "plus_one")).split())
    assert text.endswith(MISCONCEPTIONS["plus_one"])


@pytest.mark.parametrize(
    ("received", "wrong"),
    [(5, 6), (1, True), ([1], 1), (np.ones(2), np.ones(3)), (Everything(), 5)],
)
def test_others_are_not(received, wrong):
    assert MISCONCEPTIONS["plus_one"] not in " ".join(
        told(received, 24, (wrong, "plus_one")).split()
    )


def test_the_author_is_told_too():
    with pytest.raises(ValueError, match=r"such as .*plus_one.*; received 'plus_on'"):
        feedback.expect("f", 24, 24, (5, "plus_on"))
    with pytest.raises(ValueError, match=r"pairs of \(value, key\); received 5"):
        feedback.expect("f", 24, 24, 5)
    with pytest.raises(ValueError, match="received an object of type set"):
        feedback.expect("f", 24, {24})
    with pytest.raises(ValueError, match=r"expected kind: .*; received 'number'"):
        feedback.plausible("f", 24, "number")
    with pytest.raises(ValueError, match="words to choose from"):
        feedback.plausible("f", "a", [])


# ---------------------------------------------------------------- plausible


@pytest.mark.parametrize(
    ("received", "kind", "how"),
    [
        (24, int, {"low": 24, "high": 24}),
        (np.int64(24), int, {}),
        (24, float, {}),
        (0.5, float, {"low": 0, "high": 1}),
        ("a", str, {}),
        ("same", ["valid", "same"], {}),
        (True, bool, {}),
        ((3, 4), tuple, {"shape": 2, "low": 1}),
        ([[1, 2], [3, 4]], list, {"shape": (2, None)}),
        (np.ones((2, 3)), "array", {"shape": (None, 3), "low": 1, "high": 1}),
        ({"a": 1}, dict, {}),
        (np.array([True]), "array", {}),
    ],
)
def test_plausible(received, kind, how, capfd):
    assert feedback.plausible("answer", received, kind, **how) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("received", "kind", "how", "says"),
    [
        (..., int, {}, "Not answered yet"),
        (None, int, {}, "None"),
        ("24", int, {}, "quotes"),
        (24.0, int, {}, "//"),
        (True, int, {}, "True or False"),
        (float("nan"), float, {}, "finite"),
        (np.array([np.inf]), "array", {}, "finite"),
        ((3.0, float("nan")), tuple, {}, "finite"),
        (-1, int, {"low": 0}, "It has to be at least 0."),
        (2.5, float, {"high": 1}, "at most 1"),
        ((3, 0), tuple, {"low": 1}, "Each value has to be at least 1."),
        (np.array([1, 5]), "array", {"high": 4}, "Each value has to be at most 4."),
        (np.ones((2, 3)), "array", {"shape": (3, 3)}, "shape (3, 3); this is (2, 3)"),
        (np.ones(3), "array", {"shape": (3, None)}, "shape (3, any); this is (3,)"),
        ((1, 2), tuple, {"shape": (3,)}, "are 3 values; these are 2"),
        ([[1], [2]], list, {"shape": (2, 2)}, "shape (2, 2); this is (2, 1)"),
        ([[1], [2, 3]], list, {"shape": (2, 2)}, "shape (2, 2); this is (2,)"),
        ("full", ["valid", "same"], {}, "one of: 'valid', 'same'"),
        ([1], "array", {}, "np.array"),
        (len, int, {}, "not called"),
        (Everything(), int, {}, "Everything"),
    ],
)
def test_implausible(received, kind, how, says):
    assert says in refused(received, kind, **how)


def test_plausible_names_mistakes_and_wrong_types_of_them():
    for received in (5, 5.0, [5]):
        text = refused(received, int, (5, "plus_one"), ([5], "plus_one"), high=3)
        assert MISCONCEPTIONS["plus_one"][:20] in text
    assert "plus" not in refused(9, int, (5, "plus_one"), high=3)


# ---------------------------------------------------------------- own work


def conv2d(x, k):
    out = np.zeros((x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1))
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.sum(x[i : i + k.shape[0], j : j + k.shape[1]] * k)
    return out


X, K = np.arange(25.0).reshape(5, 5), np.arange(9.0).reshape(3, 3)
CONV = ("numpy.convolve", "numpy.correlate")


def student(source, name="f"):
    """A function as a notebook's cell makes it."""
    space = {"__name__": "__main__"}
    exec(compile(dedent(source), "/tmp/ipykernel_1/2.py", "exec"), space)
    return space[name]


def blamed(source, *arguments, without=()):
    function = student(source) if isinstance(source, str) else source
    with pytest.raises(AssertionError) as caught:
        feedback.own_work(function, *(arguments or (X, K)), without=without)
    assert sys.getprofile() is None
    return str(caught.value)


OWN = {
    "loops": """
        import numpy as np
        def f(x, k):
            return np.array([[(x[i:i+3, j:j+3] * k).sum() for j in range(3)]
                             for i in range(3)])
    """,
    "scipy is imported and not used": """
        import scipy.signal
        def f(x, k):
            import scipy.special
            return (x[:3, :3] * k).mean()
    """,
    "numpy's own use of a name": """
        import numpy as np
        def f(x, k):
            return np.median(x) + np.polymul([1, 2], [1, 1])[0]
    """,
    "helpers": """
        import numpy as np
        def convolve(a, b):
            return a @ b
        def f(x, k):
            return convolve(x[:3, :3], k)
    """,
}


@pytest.mark.parametrize("source", OWN.values(), ids=OWN)
def test_own_work_is_returned(source):
    f = student(source)
    without = (*CONV, "numpy.mean", "scipy.signal.convolve2d", "numpy.dot")
    result = feedback.own_work(f, X, K, without=without)
    np.testing.assert_array_equal(result, f(X, K))


BORROWED = {
    "scipy.signal": """
        from scipy.signal import correlate2d as f
    """,
    "an alias within": """
        from scipy.signal import correlate2d as mine
        def f(x, k): return mine(x, k, "valid")
    """,
    "imported within": """
        def f(x, k):
            from scipy import ndimage
            return ndimage.correlate(x, k)
    """,
    "nested": """
        import scipy.signal as s
        class Tool:
            def work(self, x, k): return (lambda: s.fftconvolve(x, k))()
        def f(x, k): return [Tool().work(x, k) for _ in range(1)][0]
    """,
    "the course's own": """
        from cnnkit import reference
        def f(x, k): return reference.conv2d(x[None, ..., None], k[..., None, None])
    """,
    "errors caught": """
        import scipy.signal
        def f(x, k):
            try: return scipy.signal.correlate2d(x, k)
            except BaseException: return None
    """,
    "an error after it": """
        import scipy.signal
        def f(x, k): return scipy.signal.correlate2d(x, k) + undefined
    """,
    "keras": """
        def f(x, k):
            import keras
            return keras.ops.relu(x)
    """,
    "scipy's ufuncs": """
        import numpy as np
        from scipy.special import expit
        def f(x, k): return expit(x)
    """,
    "scipy's ufuncs by the module": """
        import scipy
        def f(x, k): return scipy.special.erf(x)
    """,
    "scipy's ufunc itself": "from scipy.special import expit as f",
    "scikit-image": """
        from skimage.filters import sobel
        def f(x, k): return sobel(x)
    """,
}


@pytest.mark.parametrize("source", BORROWED.values(), ids=BORROWED)
def test_borrowed_work_is_told(source):
    import keras  # noqa: F401
    import scipy.special  # noqa: F401

    one = "expit" in source and "as f" in source
    text = blamed(source, *((X,) if one else (X, K)))
    assert "does what was to be written here" in " ".join(text.split())


NUMPYS = {
    "convolve": (
        "import numpy as np\ndef f(x, k): return np.convolve(x[0], k[0])",
        CONV,
    ),
    "from": (
        "from numpy import convolve as c\ndef f(x, k): return c(x[0], k[0])",
        CONV,
    ),
    "itself": ("from numpy import convolve as f", CONV),
    "map": (
        "import numpy as np\ndef f(x, k):\n"
        "    return list(map(np.correlate, x[:, :3], k[[0, 0, 0, 0, 0]]))",
        CONV,
    ),
    "apply_along_axis": (
        "import numpy as np\ndef f(x, k):\n"
        "    return np.apply_along_axis(np.convolve, 1, x, k[0])",
        CONV,
    ),
    "window": (
        "import numpy as np\ndef f(x, k):\n"
        "    view = np.lib.stride_tricks.sliding_window_view\n"
        "    return view(x, (3, 3))",
        "numpy.lib.stride_tricks.sliding_window_view",
    ),
    "in C": (
        "import numpy as np\ndef f(x, k): return np.dot(x[:3, :3], k)",
        "numpy.dot",
    ),
    "in C, an alias": (
        "from numpy import dot as d\ndef f(x, k):\n    return [d(a, a) for a in x]",
        "numpy.dot",
    ),
    "a method": (
        "import numpy as np\ndef f(x, k): return x[:3, :3].dot(k)",
        "numpy.ndarray.dot",
    ),
    "a ufunc": ("import numpy\ndef f(x, k): return numpy.tanh(x)", "numpy.tanh"),
    "an operator": ("def f(x, k): return x[:3, :3] @ k", "numpy.matmul"),
    "a module": (
        "from cnnkit.sizes import output_size\n"
        "def f(x, k): return output_size(len(x), kernel=len(k))",
        "cnnkit.sizes",
    ),
    "a function of ours": (
        "from cnnkit import sizes\n"
        "def f(x, k): return sizes.output_size(len(x), kernel=len(k))",
        "cnnkit.sizes.output_size",
    ),
    "a built-in": ("def f(x, k): return sum(range(3))", "builtins.sum"),
}


@pytest.mark.parametrize(("source", "without"), NUMPYS.values(), ids=NUMPYS)
def test_names_that_are_asked_for(source, without):
    one = "as f" in source
    arguments = (X[0], K[0]) if one else (X, K)
    if "cnnkit" not in source:
        feedback.own_work(student(source), *arguments)
    without = (without,) if isinstance(without, str) else without
    text = blamed(source, *arguments, without=without)
    assert any(name in text for name in without)


def test_the_message_is_kind_and_whole():
    assert blamed(BORROWED["an alias within"]) == (
        "f\n  It calls correlate2d of scipy, which does what was to be written here. "
        "Write\n  it out with loops or other array operations."
    )


def test_partial_and_objects():
    from scipy.signal import correlate2d

    assert "scipy" in blamed(functools.partial(correlate2d, mode="same"))

    class Layer:
        def __call__(self, x, k):
            return correlate2d(x, k)

    assert "scipy" in blamed(Layer())


def test_what_is_no_function():
    assert "Not answered yet" in blamed(...)
    assert "Asked is a function" in blamed(24)
    with pytest.raises(ValueError, match=r"imported; received 'numpy\.nothing'"):
        feedback.own_work(conv2d, X, K, without=("numpy.nothing",))


def test_errors_of_the_student_arrive():
    with pytest.raises(NotImplementedError):
        feedback.own_work(student("def f(x, k): raise NotImplementedError()"), X, K)
    assert sys.getprofile() is None


def test_the_watch_cannot_be_turned_off_unseen():
    source = """
        import sys
        def f(x, k):
            sys.setprofile(None)
            return x
    """
    assert "sys.setprofile" in blamed(source)


def test_a_loop_stays_fast():
    x = np.random.default_rng(0).normal(size=(12, 12))

    def seconds(work):  # short enough to be undisturbed once in so many times
        return min(timeit.repeat(work, number=1, repeat=300))

    alone = seconds(lambda: conv2d(x, K))
    watched = seconds(lambda: feedback.own_work(conv2d, x, K, without=CONV))
    assert watched < 8 * alone  # measured: 2.5
