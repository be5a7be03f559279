"""Checks that a lesson or a student runs: two results, a gradient, a prediction.

What is printed is the same on every machine except for numbers marked with ≈, which
are measured or rounded.  Where a check fails it says where, and when it recognises the
mistake, which one.
"""

import contextlib
import difflib
import re
import textwrap
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from .questions import MISCONCEPTIONS, QUESTIONS

guesses: dict[str, list] = {}  # question id -> what was guessed, in order


def approx(x, digits: int = 3) -> str:
    """A measured number as text, marked with ≈ and rounded.

    Args:
        x: a finite number, or an array or nested list of them.
        digits: significant digits of a float; integers are kept whole.

    Returns:
        Text such as "≈0.857"; for an array a list with the mark on each number.

    Raises:
        ValueError: if a number is NaN, infinite, complex, or not a number.

    Source: the mark tells which printed numbers another machine may change.

    >>> approx(0.857142), approx(61706), approx(1.2345e-7)
    ('≈0.857', '≈61706', '≈1.23e-07')
    >>> approx([0.25, -2.0])
    '[≈0.250, ≈-2.00]'
    """
    if digits < 1:
        raise ValueError(f"expected digits: at least 1; received {digits}")
    values = _real(x)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"expected x: a real number or an array of them; received {x}")
    if values.ndim:
        return "[" + ", ".join(approx(value, digits) for value in values) + "]"
    value = values.item()
    if not np.isfinite(value):
        raise ValueError(f"expected x: a finite number; received {value}")
    if isinstance(value, int) or value == 0:
        return f"≈{int(value)}"
    scientific = f"{value:.{digits - 1}e}"
    exponent = int(scientific.partition("e")[2])  # after rounding
    if -4 <= exponent < 7:
        return f"≈{value:.{max(digits - 1 - exponent, 0)}f}"
    return f"≈{scientific}"


def compare(mine, theirs, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Print that two results agree, or raise and say where they do not.

    Whole numbers are compared exactly.  Others agree if
    ``|mine - theirs| <= atol + rtol * |theirs|`` everywhere.  NaN agrees with nothing,
    not even with NaN: a result that holds one is a mistake.  Shapes must be equal;
    nothing is broadcast.

    Args:
        mine: number, list, NumPy array or backend tensor.
        theirs: the same, from the side that is trusted.
        rtol: allowed difference relative to `theirs`.
        atol: allowed absolute difference, in the unit of the values.

    Raises:
        AssertionError: if shapes or values differ, with the first place, both values,
            and the mistake if it is a usual one.
        ValueError: if a side is empty, ragged or holds no numbers.

    Source: rule of ``numpy.isclose``.

    >>> compare([[44, 54], [84, 94]], np.array([[44.0, 54.0], [84.0, 94.0]]))
    identical: shape (2, 2)
    >>> compare([1, 2, 3], [3, 2, 1])
    Traceback (most recent call last):
    AssertionError: values differ in 2 of 3 places, first at [0]
      mine    1
      theirs  3
      largest difference 2 at [0]
      hint: mine is theirs in reverse order
    """
    mine, theirs = _numbers("mine", mine), _numbers("theirs", theirs)
    if mine.shape != theirs.shape:
        raise AssertionError(
            f"shapes differ\n  mine    {mine.shape}\n  theirs  {theirs.shape}"
            + _shape_hint(mine, theirs, rtol, atol)
        )
    if mine.dtype.kind in "iu" and theirs.dtype.kind in "iu":
        agree = mine == theirs
    else:
        agree = np.isclose(mine, theirs, rtol=rtol, atol=atol)
    if not np.all(agree):
        raise AssertionError(
            _where(mine, theirs, agree) + _value_hint(mine, theirs, rtol, atol)
        )
    # Sums of whole numbers are exact in any order, so every machine finds them so;
    # whether other floats agree to the last bit depends on the machine.
    if np.array_equal(mine, theirs) and np.array_equal(mine, np.round(mine)):
        print(f"identical: shape {mine.shape}")
    else:
        largest = approx(_difference(mine, theirs).max(), digits=2)
        print(f"equal: shape {mine.shape}, largest difference {largest}")


def _real(value) -> np.ndarray:
    """The value as an array; bfloat16, which NumPy does not know, as float32."""
    array = np.asarray(value)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _numbers(name: str, value) -> np.ndarray:
    try:
        array = _real(value)
    except ValueError:  # nested lists of unequal lengths
        raise ValueError(
            f"expected {name}: an array; received lists of unequal lengths"
        ) from None
    if array.dtype.kind == "b":
        array = array.astype("int64")
    if array.dtype.kind not in "iufc" or array.size == 0:
        raise ValueError(
            f"expected {name}: numbers to compare; received "
            f"{array.dtype.name} of shape {array.shape}"
        )
    return array


def _difference(mine, theirs) -> np.ndarray:
    wide = "complex128" if "c" in mine.dtype.kind + theirs.dtype.kind else "float64"
    with np.errstate(invalid="ignore"):
        difference = np.abs(mine.astype(wide) - theirs.astype(wide))
    return np.where(mine == theirs, 0, difference)  # equal infinities differ by 0


def _text(value, digits=7) -> str:
    """One value of either side: whole numbers in full, others marked and rounded."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, complex):
        return str(value)
    if not np.isfinite(value):
        return str(value)
    return str(int(value)) if value == int(value) else approx(value, digits)


def _place(index) -> str:
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def _where(mine, theirs, agree) -> str:
    """What differs, in lines."""
    first = tuple(np.argwhere(~agree)[0]) if mine.ndim else ()
    lines = ["values differ"]
    if mine.ndim:
        count = int((~agree).sum())
        lines[0] += f" in {count} of {mine.size} places, first at {_place(first)}"
    lines += [f"  mine    {_text(mine[first])}", f"  theirs  {_text(theirs[first])}"]
    for name, array in (("mine", mine), ("theirs", theirs)):
        if np.isnan(array).any():
            lines.append(f"  {name} holds NaN, which agrees with nothing")
    difference = _difference(mine, theirs)
    if mine.size > 1 and np.isfinite(difference).all():
        worst = np.unravel_index(difference.argmax(), difference.shape)
        largest = _text(difference[worst])
        lines.append(f"  largest difference {largest} at {_place(worst)}")
    return "\n".join(lines)


def _shape_hint(mine, theirs, rtol, atol) -> str:
    """A line that names a usual cause of the wrong shape, or nothing."""

    def same(a, b):
        return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=atol)

    hint = ""
    if same(mine.squeeze(), theirs.squeeze()):
        hint = "only axes of length 1 differ (batch or channel): index or reshape them"
    elif mine.ndim == theirs.ndim >= 2:
        if same(np.moveaxis(mine, -1, 0), theirs) or same(
            np.moveaxis(mine, 0, -1), theirs
        ):
            hint = "only the order of the axes differs: rows, columns or channels first"
        elif mine.ndim == 4 and (
            same(np.moveaxis(mine, -1, 1), theirs)
            or same(np.moveaxis(mine, 1, -1), theirs)
        ):
            hint = "only the order of the axes differs: channels first or last"
        elif mine.shape > theirs.shape and same(_inside(mine, theirs.shape), theirs):
            hint = "theirs is the inside of mine: mine is padded, theirs is not"
        elif mine.shape < theirs.shape and same(_inside(theirs, mine.shape), mine):
            hint = "mine is the inside of theirs: theirs is padded, mine is not"
    return f"\n  hint: {hint}" if hint else ""


def _inside(array, shape):
    """The middle of an array, cut to a shape."""
    for axis, length in enumerate(shape):
        before = max((array.shape[axis] - length) // 2, 0)
        array = array.take(range(before, min(before + length, array.shape[axis])), axis)
    return array


def _value_hint(mine, theirs, rtol, atol) -> str:
    """A line that names a usual cause of wrong values, or nothing."""

    def same(a, b):
        return a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=atol)

    if mine.dtype.kind == "c" or theirs.dtype.kind == "c" or mine.size < 2:
        return ""
    mine, theirs = mine.astype("float64"), theirs.astype("float64")
    hints = [("mine is theirs with the opposite sign", -theirs)]
    if mine.ndim == 1:
        hints.append(("mine is theirs in reverse order", theirs[::-1]))
    pairs = [(0, 1)] if mine.ndim > 1 else []
    if mine.ndim == 4:
        pairs.append((1, 2))  # a batch of images; (0, 1) is a kernel
    for rows, columns in pairs:
        hints += [
            (
                "mine is theirs rotated by 180 degrees: one of them is flipped "
                "(convolution), the other not (cross-correlation)",
                np.flip(theirs, (rows, columns)),
            ),
            ("mine is theirs upside down", np.flip(theirs, rows)),
            ("mine is theirs mirrored left to right", np.flip(theirs, columns)),
            ("mine is theirs transposed", np.swapaxes(theirs, rows, columns)),
        ]
    if mine.ndim > 2:
        hints.append(("mine has the channels in reverse order", theirs[..., ::-1]))
    for text, other in hints:
        if same(mine, other):
            return f"\n  hint: {text}"
    if mine.size < 3 or np.ptp(theirs) == 0 or not np.isfinite(mine - theirs).all():
        return ""
    offset = float((mine - theirs).mean())
    if same(mine, theirs + offset):
        return f"\n  hint: mine is theirs plus {_text(offset, 5)} everywhere: a bias?"
    if mine.ndim > 1 and mine.shape[-1] < mine.size:
        offsets = (mine - theirs).mean(axis=tuple(range(mine.ndim - 1)))
        if mine.ndim > 2 and same(mine, theirs + offsets):
            return "\n  hint: a constant differs in each channel: the biases?"
    factor = float((mine * theirs).sum() / (theirs * theirs).sum())
    if factor and same(mine, theirs * factor):
        factor = float(f"{factor:.6g}")  # the whole number that it nearly is
        return (
            f"\n  hint: mine is theirs times {_text(factor, 5)}: a mean for a sum, or "
            "a missing factor?"
        )
    return ""


def predict(question: str, guess=None) -> None:
    """Ask a question before the cell that answers it, and respond to a guess.

    Without a guess only the question is printed.  A guess is kept in `guesses`; if it
    is wrong, the answer is not told, but a usual mistake is explained.

    Args:
        question: id such as "03/exercise-227"; the table is `cnnkit.questions`.
        guess: a number, text such as "55x55x96", True or False, a tuple, list or array.

    Raises:
        ValueError: if there is no such question, or the guess cannot be read.

    Source: the exercises of the lectures and their usual wrong answers.

    >>> predict("01/seven-weights", 5)
    not yet · 01/seven-weights · your guess: 5
    The order is reversed: check which end of the list comes first.
    >>> predict("01/seven-weights", 3)
    right · 01/seven-weights · 3
    """
    if guess is None:
        text = _question(question).text
        print(textwrap.fill(text, 80))
        print("Set a guess in place of None and run this cell again.")
        return
    right, mistake = judge(question, guess)
    guesses.setdefault(question, []).append(guess)
    shown = guess if isinstance(guess, str) else np.asarray(guess).tolist()
    if right:
        print(f"right · {question} · {shown}")
        return
    print(f"not yet · {question} · your guess: {shown}")
    print(textwrap.fill(MISCONCEPTIONS.get(mistake) or _form(question, guess), 80))


def judge(question: str, guess) -> tuple[bool, str | None]:
    """Whether a guess is right, and if not, which usual mistake it shows.

    Args:
        question: id of a question, as for `predict`.
        guess: as for `predict`, but not None.

    Returns:
        (True, None), (False, key of `questions.MISCONCEPTIONS`) or (False, None).

    Raises:
        ValueError: as `predict`.

    Source: `cnnkit.questions`.

    >>> judge("03/exercise-227", "54 x 54 x 96")
    (False, 'plus_one')
    """
    asked = _question(question)
    truth = asked.truth()
    read = _read(guess, truth)
    if any(_same(read, _read(right, truth)) for right in (truth, *asked.accept)):
        return True, None
    for wrong, mistake in asked.wrong:
        if _same(read, _read(wrong, truth)):
            return False, mistake
    return False, None


def _question(name):
    if name in QUESTIONS:
        return QUESTIONS[name]
    close = difflib.get_close_matches(str(name), QUESTIONS, 3, 0.4)
    raise ValueError(
        "expected the id of a question, such as "
        f"{', '.join(close or sorted(QUESTIONS)[:3])}; received {name!r}"
    )


def _read(guess, truth):
    """A guess as True or False, as text, or as an array of floats.

    What the truth is decides how text is read: "7/9" is a fraction where a number is
    asked and two rows where an array is.
    """
    if isinstance(guess, bool | np.bool_):
        return bool(guess)
    if not isinstance(guess, str):
        try:
            return np.asarray(guess).astype("float64")
        except (TypeError, ValueError):
            raise ValueError(
                "expected a guess: a number, text such as '55x55x96', True or False, a "
                f"tuple, list or array; received {guess!r}"
            ) from None
    text = " ".join(guess.lower().replace("×", "x").split())
    if isinstance(truth, bool):
        return {"yes": True, "true": True, "no": False, "false": False}.get(text, text)
    if isinstance(truth, str):
        return text
    if not isinstance(truth, tuple):
        with contextlib.suppress(ValueError, ZeroDivisionError):
            plain = re.sub(r"(?<=\d)[,_ ](?=\d{3}\b)", "", text)  # thousands
            return np.asarray(float(Fraction(plain.replace(" ", ""))))
    if re.fullmatch(r"(?:[-+\d.x,;/*() \[\]]|and)+", text):
        rows = [re.findall(r"[-+]?\d+\.?\d*", row) for row in re.split("[/;]", text)]
        if len({len(row) for row in rows}) == 1 and rows[0]:
            values = np.array(rows, dtype="float64")
            return values[0] if len(rows) == 1 else values
    return text


def _same(a, b) -> bool:
    """Whole numbers exactly, others to one percent; an array also flat, row by row."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return type(a) is type(b) and a == b
    if a.shape != b.shape and (a.size != b.size or min(a.ndim, b.ndim) != 1):
        return False
    a, b = a.ravel(), b.ravel()
    tolerance = np.where(b == np.round(b), 0, 0.01 * np.abs(b))
    return bool((np.abs(a - b) <= tolerance).all())


def _form(question, guess) -> str:
    """What to say about a wrong guess that is no usual mistake."""
    truth = _question(question).truth()
    read = _read(guess, truth)
    wanted = np.asarray(truth)
    if isinstance(truth, bool):
        form = "" if isinstance(read, bool) else "yes or no"
    elif isinstance(truth, str):
        form = ""
    elif isinstance(read, np.ndarray) and read.size == wanted.size:
        form = ""
    else:
        form = "one number" if wanted.size == 1 else f"{wanted.size} numbers"
    if form:
        return f"The answer is {form}."
    return "The next cells compute it: find out where your way differs."


def gradient(f: Callable, x):
    """Gradient of a scalar function, by the backend's automatic differentiation.

    Args:
        f: takes backend tensors, computes with `keras.ops` or layers, returns a scalar.
        x: array of floats, any shape, or a list or tuple of them for ``f(*x)``.

    Returns:
        NumPy array of the shape of x; for a list or tuple of inputs a list of arrays.

    Raises:
        ValueError: if x holds no floats, if f returns no scalar, or if its result is
            cut off from x (NumPy inside f does that).

    Source: Baydin et al. 2018, arXiv:1502.05767, reverse mode.

    >>> import keras
    >>> print(gradient(lambda x: keras.ops.sum(x**2), np.array([1.0, -2.0])))
    [ 2. -4.]
    """
    import keras

    several = isinstance(x, list | tuple)
    inputs = []
    for i, value in enumerate(x if several else [x]):
        name = f"x[{i}]" if several else "x"
        array = _real(value)
        if array.dtype.kind != "f":
            raise ValueError(
                f"expected {name}: floats, which can move by small steps; received "
                f"{array.dtype.name} (use {name}.astype('float32'))"
            )
        inputs.append(keras.ops.convert_to_tensor(value))

    def scalar(*tensors):
        result = f(*tensors)
        if not keras.ops.is_tensor(result):
            raise ValueError(
                "expected f to return a tensor computed from x by keras.ops; received "
                f"{type(result).__name__} (NumPy inside f cuts the gradient)"
            )
        if tuple(result.shape) != ():
            raise ValueError(
                "expected f to return a scalar, for example with keras.ops.sum; "
                f"received shape {tuple(result.shape)}"
            )
        return result

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            for tensor in inputs:
                tape.watch(tensor)
            result = scalar(*inputs)
        found = tape.gradient(result, inputs)
        for i, part in enumerate(found):
            if part is None:
                name = f"x[{i}]" if several else "x"
                raise ValueError(
                    f"expected f to compute with {name} by keras.ops; received a "
                    f"result that does not depend on it"
                )
    elif backend == "jax":
        import jax

        slopes = jax.grad(scalar, argnums=tuple(range(len(inputs))))
        try:
            found = slopes(*inputs)
        except jax.errors.TracerArrayConversionError:
            raise ValueError(
                "expected f to compute from x by keras.ops; received one that turns x "
                "into NumPy, which cuts the gradient"
            ) from None
    else:
        raise ValueError(
            f"expected the backend tensorflow or jax; received {backend} "
            "(set KERAS_BACKEND before Python starts)"
        )
    arrays = [np.array(keras.ops.convert_to_numpy(part)) for part in found]
    return arrays if several else arrays[0]


def gradient_check(
    f: Callable,
    x,
    analytic,
    step: float = 1e-5,
    samples: int = 200,
    rtol: float = 1e-5,
) -> None:
    """Compare a gradient with central differences in float64.

    Prints the largest relative error: relative to the larger of the two slopes, but
    never to less than a thousandth of the largest slope, where differences carry no
    more information.

    Args:
        f: from float64 arrays to one float64 number; smooth near x (no kink of a ReLU
            or a maximum within a step).
        x: array of floats, or a list or tuple of them for ``f(*x)``.
        analytic: the gradient to check: an array of the shape of x, a list of them, or
            a function that computes it from x.  For `gradient`, which may compute in
            float32, allow rtol=1e-3.
        step: distance moved each way, times max(1, abs(x)).
        samples: entries checked in each array, drawn with a fixed seed if it has more.
        rtol: largest relative error allowed.

    Raises:
        AssertionError: if an entry is off, with its index and both slopes.
        ValueError: if x holds no floats, shapes differ, or f returns no float64 number.

    Source: Nocedal & Wright 2006, Numerical Optimization, section 8.1.

    >>> x = np.array([1.0, -2.0])
    >>> gradient_check(lambda x: np.sum(x**2), x, 2 * x)  # doctest: +ELLIPSIS
    gradient agrees: 2 of 2 entries, largest relative error ≈...
    """
    several = isinstance(x, list | tuple)
    inputs = [_real(value) for value in (x if several else [x])]
    for array in inputs:
        if array.dtype.kind != "f" or array.size == 0:
            raise ValueError(
                "expected x: arrays of floats; received "
                f"{array.dtype.name} of shape {array.shape}"
            )
    inputs = [array.astype("float64") for array in inputs]  # copies: moved below

    if callable(analytic):
        analytic = analytic(*(array.copy() for array in inputs))
    claimed = [_real(part) for part in (analytic if several else [analytic])]
    if [part.shape for part in claimed] != [array.shape for array in inputs]:
        raise ValueError(
            f"expected a gradient of shape {[array.shape for array in inputs]}; "
            f"received {[part.shape for part in claimed]}"
        )
    rows, height = _slopes(f, inputs, claimed, step, samples)

    mine, measured = (np.array([row[k] for row in rows]) for k in (2, 3))
    larger = np.fmax(np.abs(mine), np.abs(measured))
    # below the floor lies the rounding error of the differences
    floor = max(1e-3 * np.abs(measured).max(), 1e-5 * height, np.finfo("float64").tiny)
    with np.errstate(invalid="ignore"):
        errors = np.abs(mine - measured) / np.maximum(larger, floor)
    errors[~np.isfinite(mine)] = np.inf
    worst = int(errors.argmax())
    if errors[worst] > rtol:
        i, index, yours, slope = rows[worst]
        raise AssertionError(
            f"gradient differs in {int((errors > rtol).sum())} of {len(rows)} entries, "
            f"most at {f'x[{i}]' if several else 'x'}{_place(index)}\n"
            f"  yours     {_text(yours)}\n"
            f"  measured  {approx(slope, digits=7)} (central difference)"
            + _value_hint(mine, measured, 1e-4, floor * rtol)
        )
    total = sum(array.size for array in inputs)
    print(
        f"gradient agrees: {len(rows)} of {total} entries, "
        f"largest relative error {approx(errors[worst], digits=2)}"
    )


def _slopes(f, inputs, claimed, step, samples):
    """Rows (input, index, claimed slope, measured slope), and the size of f."""

    def value():
        result = np.asarray(f(*inputs))
        if result.shape != () or result.dtype != np.float64:
            raise ValueError(
                "expected f to return one float64 number; received "
                f"{result.dtype.name} of shape {result.shape} (a float32 layer or "
                "weight inside f is too coarse for differences)"
            )
        return float(result)

    random = np.random.default_rng(0)
    rows = []
    for i, array in enumerate(inputs):
        chosen = np.arange(array.size)
        if array.size > samples:
            chosen = np.sort(random.choice(chosen, samples, replace=False))
        for flat in chosen:
            index = np.unravel_index(flat, array.shape) if array.ndim else ()
            kept = array[index]
            below, above = kept + np.array([-step, step]) * max(1.0, abs(kept))
            array[index] = below
            low = value()
            array[index] = above
            high = value()
            array[index] = kept
            rows.append((i, index, claimed[i][index], (high - low) / (above - below)))
    return rows, abs(value())
