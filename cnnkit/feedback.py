"""What the exercises say: what was tested, what was expected, what came, and why.

A check is silent where all is well.  Otherwise it raises AssertionError with a message
for the student; a mistake that it recognises is named in the words of
`questions.MISCONCEPTIONS`.  What an object claims about itself does not count: numbers,
text and arrays are compared by what they hold.
"""

import difflib
import dis
import functools
import importlib
import re
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import check
from .questions import MISCONCEPTIONS

NUMBERS = ("int", "float", "complex")
SINGLE = 1e-5  # rounding allowed to float32, relative to the largest value
BLANK = "Not answered yet: put your answer in the place of the three dots."
NAMES = {
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "complex": "a complex number",
    "str": "a text in quotes",
    "tuple": "a tuple, such as (3, 4)",
    "list": "a list, such as [3, 4]",
    "dict": "a dict",
    "array": "a NumPy array",
    "None": "None",
}


def expect(
    tested: str, received, expected, *mistakes, rtol: float = 1e-6, atol: float = 1e-8
) -> None:
    """Compares a result with the right one; silent if they are equal.

    Types count: True is not 1, "24" is not 24, a list is not a tuple, 24.0 is no whole
    number (but 24 will do for 24.0).  Shapes count: nothing is broadcast.  Whole
    numbers are compared exactly, others as `numpy.isclose` does; float32 may round.
    NaN equals nothing, not even NaN.

    Args:
        tested: what was computed, as text: "output_size(7, kernel=3, stride=2)".
        received: the student's result.
        expected: the right one: number, text, True, False, None, array, or a list,
            tuple or dict of them.
        mistakes: usual wrong results, pairs of (value, key of `MISCONCEPTIONS`).
        rtol: allowed difference relative to `expected`.
        atol: allowed absolute difference, in the unit of the values.

    Raises:
        AssertionError: if they differ: what was tested, expected and received, the
            first place that differs, and the mistake if it is a usual one.
        ValueError: if `expected` or a mistake is nothing of the kind.

    Source: rule of ``numpy.isclose``.

    >>> expect("output_size(7, kernel=3, stride=2)", 3, 3)
    >>> expect("output_size(7, kernel=3, stride=2)", 2, 3, (2, "plus_one"))
    Traceback (most recent call last):
    AssertionError: output_size(7, kernel=3, stride=2)
      expected  3
      received  2
      Nearly: the distance the kernel can travel leaves out where it starts. Add one
      for the first placement.
    """
    __tracebackhide__ = True  # the message is for students, these lines are not
    pairs = _pairs(mistakes)
    _check_expected(expected)
    why = _misfit(received, expected, rtol, atol)
    if why is None:
        return
    lines = [f"expected  {_short(expected)}", f"received  {_short(received)}"]
    if _read(received)[0] == "blank":
        lines, why = [], BLANK
    lines += [why] if why else []
    _fail(tested, *lines, _recognised(received, pairs, rtol, atol))


def plausible(
    tested: str, received, kind, *mistakes, shape=None, low=None, high=None
) -> None:
    """The open check of a graded answer: knows wrong answers, not the right one.

    Args:
        tested: what was asked, as text.
        received: the student's answer; three dots are an answer not yet given.
        kind: int, float, str, bool, tuple, list, dict, "array", or a list of the words
            among which the answer is.
        mistakes: usual wrong answers, pairs of (value, key of `MISCONCEPTIONS`).
        shape: of the array, or the length of a tuple, list or text; None in it stands
            for any length.
        low: smallest value, for each number in it.
        high: largest value, for each number in it.

    Raises:
        AssertionError: if the answer cannot be right, with the reason.
        ValueError: if `kind` or a mistake is nothing of the kind.

    Source: every answer that it refuses is wrong, few that it lets pass are right.

    >>> plausible("weights of the layer", 945, int, low=1)
    >>> plausible("weights of the layer", ..., int)
    Traceback (most recent call last):
    AssertionError: weights of the layer
      Not answered yet: put your answer in the place of the three dots.
    >>> plausible("output shape", (55, 55), tuple, shape=3)
    Traceback (most recent call last):
    AssertionError: output shape
      received  (55, 55)
      Asked are 3 values; these are 2.
    """
    __tracebackhide__ = True
    pairs = _pairs(mistakes)
    words = _words(kind)
    wanted = "str" if words else getattr(kind, "__name__", kind)
    if wanted not in NAMES:
        known = "int, float, str, bool, tuple, list, dict, 'array' or a list of words"
        raise ValueError(f"expected kind: {known}; received {kind!r}")
    got, value = _read(received)
    if got == "blank":
        _fail(tested, BLANK)
    said = f"received  {_short(received)}"
    recognised = _recognised(received, pairs, 1e-6, 1e-8)
    if got != wanted and (got, wanted) != ("int", "float"):
        _fail(tested, said, _wrong_kind(received, wanted), recognised)
    if words and value not in words:
        _fail(tested, said, "Asked is one of: " + ", ".join(map(repr, words)) + ".")
    if shape is not None:
        _fail_unless_shape(tested, said, value, shape, recognised)
    numbers = _numbers_in(value)
    if any(not np.isfinite(x).all() for x in numbers):
        _fail(tested, said, "Asked are finite numbers.", recognised)
    for bound, beyond, word in ((low, np.less, "least"), (high, np.greater, "most")):
        if bound is not None and any(beyond(x, bound).any() for x in numbers):
            what = "It has to be" if got in NUMBERS else "Each value has to be"
            _fail(tested, said, f"{what} at {word} {_short(bound)}.", recognised)
    if recognised:
        _fail(tested, said, recognised)


def _fail(tested, *lines):
    raise AssertionError(_message(tested, lines))


def _message(tested, lines) -> str:
    """The lines below what was tested, each wrapped and set in."""
    text = [str(tested)]
    for line in "\n".join(line for line in lines if line).split("\n"):
        if re.match(r" *(expected|received) ", line):  # columns, left as they are
            text.append(f"  {line}")
        else:
            text += textwrap.wrap(
                line.strip(),
                80,
                initial_indent="  ",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(text)


def _pairs(mistakes) -> list:
    for pair in mistakes:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise ValueError(
                f"expected mistakes: pairs of (value, key); received {pair!r}"
            )
        if pair[1] not in MISCONCEPTIONS:
            close = difflib.get_close_matches(str(pair[1]), MISCONCEPTIONS, 3, 0.4)
            raise ValueError(
                "expected a key of MISCONCEPTIONS"
                + (f", such as {', '.join(close)}" if close else "")
                + f"; received {pair[1]!r}"
            )
    return list(mistakes)


def _recognised(received, pairs, rtol, atol) -> str:
    for wrong, key in pairs:
        if _alike(received, wrong, rtol, atol):
            return MISCONCEPTIONS[key]
    return ""


def _words(kind) -> tuple | None:
    if isinstance(kind, list | tuple | set | frozenset):
        if not kind or not all(isinstance(word, str) for word in kind):
            raise ValueError(f"expected words to choose from; received {kind!r}")
        return tuple(kind) if isinstance(kind, list | tuple) else tuple(sorted(kind))
    return None


# ------------------------------------------------------------------ what a value holds


def _read(value) -> tuple[str, object]:
    """The kind of a value, and what it holds in Python's and NumPy's own types."""
    kind = type(value)
    if value is ...:
        return "blank", value
    if value is None:
        return "None", value
    if kind is bool or issubclass(kind, np.bool_):
        return "bool", bool(value)
    if issubclass(kind, str):
        return "str", str.__str__(value)
    if issubclass(kind, int):
        return "int", int.__int__(value)
    if issubclass(kind, float):  # np.float64 too
        return "float", float.__float__(value)
    if issubclass(kind, complex):
        return "complex", complex(np.complex128(value))
    if issubclass(kind, tuple):
        return "tuple", tuple.__getitem__(value, slice(None))
    if issubclass(kind, list):
        return "list", list.__getitem__(value, slice(None))
    if issubclass(kind, dict):
        return "dict", dict(dict.items(value))
    if issubclass(kind, np.ndarray | np.generic) or hasattr(kind, "__array__"):
        try:
            array = check._real(value)
        except Exception:  # whatever a stranger's object does
            return "other", value
        if array.dtype.kind not in "biufcU":
            return "other", value
        if array.ndim:
            return "array", array
        names = {"b": "bool", "f": "float", "c": "complex", "U": "str"}
        return names.get(array.dtype.kind, "int"), array[()].item()
    return "other", value


def _single(value) -> bool:
    """Whether it was computed in float32."""
    name = getattr(getattr(value, "dtype", None), "name", None)
    return name in ("float32", "complex64")


def _numbers_in(value) -> list[np.ndarray]:
    kind, value = _read(value)
    if kind in NUMBERS or (kind == "array" and value.dtype.kind in "iuf"):
        return [np.asarray(value)]
    if kind in ("tuple", "list"):
        return [x for part in value for x in _numbers_in(part)]
    return []


def _check_expected(value):
    kind, plain = _read(value)
    if kind in ("blank", "other"):
        raise ValueError(
            "expected expected: a number, text, True, False, None, an array, or a "
            f"list, tuple or dict of them; received {_short(value)}"
        )
    if kind in ("tuple", "list", "dict"):
        for part in plain.values() if kind == "dict" else plain:
            _check_expected(part)


# ------------------------------------------------------------------------- comparing


def _misfit(received, expected, rtol, atol) -> str | None:
    """None if they are equal; otherwise what there is to say about it, or ""."""
    got, mine = _read(received)
    kind, theirs = _read(expected)
    wider = NUMBERS.index(kind) if kind in NUMBERS[1:] else 0  # an int will do
    if got != kind and got not in NUMBERS[:wider]:
        return _wrong_kind(received, kind)
    if kind == "str":
        alike = mine.strip().lower() == theirs.strip().lower()
        near = "The same but for spaces or capital letters." if alike else ""
        return None if mine == theirs else near
    if kind in ("bool", "int", "None"):
        return None if mine == theirs else ""
    if kind in NUMBERS or kind == "array":
        return _array_misfit(received, mine, theirs, rtol, atol)
    if kind == "dict":
        if mine.keys() != theirs.keys():
            return f"Asked are the keys {_short(list(theirs))}."
        places = theirs
    elif len(mine) != len(theirs):
        return f"Asked {_are(len(theirs), 'value')}; {_these(len(mine))}."
    else:
        places = range(len(theirs))
    for place in places:
        why = _misfit(mine[place], theirs[place], rtol, atol)
        if why is not None:
            wrong = f"expected {_short(theirs[place])}, received {_short(mine[place])}"
            first = f"first difference at [{place!r}]: {wrong}"
            return first + (f"\n{why}" if why else "")
    return None


def _are(count, what):
    return f"is 1 {what}" if count == 1 else f"are {count} {what}s"


def _these(count):
    return "this is 1" if count == 1 else f"these are {count}"


def _array_misfit(received, mine, theirs, rtol, atol) -> str | None:
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    kinds = mine.dtype.kind, theirs.dtype.kind
    for special, name in (("b", "True and False"), ("U", "texts")):
        if (special in kinds) and kinds[0] != kinds[1]:
            wanted, got = (
                (name, "numbers") if kinds[1] == special else ("numbers", name)
            )
            return f"Asked is an array of {wanted}; this is one of {got}."
    if kinds == ("b", "b"):
        mine, theirs = mine.astype("int64"), theirs.astype("int64")
    if mine.shape != theirs.shape:
        text = f"Asked is the shape {theirs.shape}; this is {mine.shape}."
        numbers = "U" not in kinds and mine.size and theirs.size
        with np.errstate(all="ignore"):
            hint = check._shape_hint(mine, theirs, rtol, atol) if numbers else ""
        return text + _ours(hint)
    if "f" in kinds or "c" in kinds:
        with np.errstate(all="ignore"):
            if _single(received):
                finite = np.abs(theirs[np.isfinite(theirs)])
                scale = float(finite.max()) if finite.size else 0.0
                rtol, atol = max(rtol, SINGLE), max(atol, SINGLE * 0.1 * scale)
            agree = np.isclose(mine, theirs, rtol=rtol, atol=atol)
    else:
        agree = mine == theirs
    if np.all(agree):
        return None
    if not theirs.ndim:
        return ""
    if "U" in kinds:
        place = tuple(np.argwhere(~agree)[0])
        return f"values differ, first at {check._place(place)}"
    with np.errstate(all="ignore"):
        where, here, there, *more = check._where(mine, theirs, agree).split("\n")
        here, there = here.split()[-1], there.split()[-1]
        lines = [f"{where}: expected {there}, received {here}", *more]
        return _ours("\n".join(lines) + check._value_hint(mine, theirs, rtol, atol))


def _ours(text: str) -> str:
    """`check` speaks of mine and theirs."""
    text = re.sub(r"\bmine\b", "yours", text)
    return re.sub(r"\btheirs\b", "the expected result", text)


def _alike(received, wrong, rtol, atol) -> bool:
    """Equal, whatever holds the numbers: int or float, list, tuple or array."""
    if _misfit(received, wrong, rtol, atol) is None:
        return True
    got, kind = _read(received), _read(wrong)
    if got[0] == kind[0] == "str":
        return got[1].split() == kind[1].split() or (
            got[1].strip().lower() == kind[1].strip().lower()
        )
    mine, theirs = _as_array(*got), _as_array(*kind)
    if mine is None or theirs is None or mine.shape != theirs.shape:
        return False
    return _array_misfit(received, mine, theirs, rtol, atol) is None


def _as_array(kind, value) -> np.ndarray | None:
    if kind in ("tuple", "list"):
        parts = [_as_array(*_read(part)) for part in value]
        if any(part is None or part.shape != parts[0].shape for part in parts):
            return None
        value, kind = np.array(parts), "array"
    if kind in NUMBERS or kind == "array":
        array = np.asarray(value)
        return array if array.dtype.kind in "iufc" else None
    return None


# ------------------------------------------------------------------------------ words


def _wrong_kind(received, wanted: str) -> str:
    """What to say where the kind is wrong."""
    got, value = _read(received)
    asked = NAMES[wanted]
    if got == "blank":
        return BLANK
    if got == "None":
        return f"Asked is {asked}; this is None: does the function return its result?"
    if got == "other" and callable(value):
        return f"Asked is {asked}; this is a function or class that was not called."
    if wanted == "int" and got == "float":
        if value == value // 1:  # neither NaN nor infinite
            return (
                "The value of this float is whole, but asked is a whole number (int): "
                "divide with //, or put int(...) around it."
            )
        return "Asked is a whole number."
    if got == "str" and wanted in NUMBERS:
        return f"Asked is {asked}; this is a text: leave out the quotes."
    if wanted in ("int", "float", "complex", "bool", "str") and got in (
        "tuple",
        "list",
        "array",
    ):
        size = value.size if got == "array" else len(value)
        return f"Asked is {asked}; this is {_of_kind(got)} with {_values(size)}."
    if wanted == "array" and got in ("list", "tuple"):
        return (
            f"Asked is a NumPy array; this is {_of_kind(got)}: np.array(...) makes one."
        )
    if {wanted, got} == {"list", "tuple"}:
        return f"Asked is {asked}; this is a {got}."
    if got == "other":
        return f"Asked is {asked}; this is an object of type {type(value).__name__}."
    return f"Asked is {asked}; this is {NAMES[got]}."


def _of_kind(kind):
    return "an array" if kind == "array" else f"a {kind}"


def _values(count):
    return "1 value" if count == 1 else f"{count} values"


def _fail_unless_shape(tested, said, value, shape, recognised):
    __tracebackhide__ = True
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if isinstance(value, np.ndarray):
        got = value.shape
    elif isinstance(value, tuple | list):
        inner = _as_array(*_read(value))
        got = (len(value),) if inner is None or len(shape) == 1 else inner.shape
    elif isinstance(value, str | dict):
        got = (len(value),)
    else:
        got = ()
    if len(got) == len(shape) and all(
        n is None or n == m for n, m in zip(shape, got, strict=True)
    ):
        return
    if len(shape) == 1 and shape[0] is not None and len(got) == 1:
        why = f"Asked {_are(shape[0], 'value')}; {_these(got[0])}."
    else:
        asked = str(shape).replace("None", "any")
        why = f"Asked is the shape {asked}; this is {got}."
    _fail(tested, said, why, recognised)


def _short(value, most: int = 200) -> str:
    """A value as one line, cut where it is long."""
    try:
        text = " ".join(_long(value, most).split())
    except Exception:  # whatever a stranger's object does
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= most else text[: most - 2] + " …"


def _long(value, most) -> str:
    kind, plain = _read(value)
    if kind == "int":
        if plain.bit_length() > 400:
            return f"a whole number of {plain.bit_length()} bits"
        return str(plain)
    if kind == "float" and _single(value):
        return str(np.asarray(value)[()])
    if kind == "str":
        return repr(plain[:most])
    if kind in ("tuple", "list"):
        parts = [_short(part, 80) for part in plain[:17]]
        if len(plain) > 16:
            parts[16] = f"… {len(plain)} in all"
        inner = ", ".join(parts) + ("," if kind == "tuple" and len(plain) == 1 else "")
        return f"({inner})" if kind == "tuple" else f"[{inner}]"
    if kind == "dict":
        parts = [f"{_short(k, 40)}: {_short(v, 40)}" for k, v in plain.items()]
        return "{" + ", ".join(parts[:8]) + ("" if len(parts) < 9 else ", …") + "}"
    if kind == "array":
        if plain.size <= 36:
            shown = np.array2string(
                plain, separator=", ", precision=6, floatmode="maxprec"
            )
            shown = " ".join(shown.split()).replace("[ ", "[")
            if len(shown) < most - 30:
                return f"array of shape {plain.shape}: {shown}"
        first = ", ".join(_short(x, 20) for x in plain.ravel()[:6])
        return f"array of shape {plain.shape}: {first}, …"
    if kind == "other":
        if isinstance(plain, type):
            return f"the class {plain.__name__}"
        if callable(plain):
            return f"the function {getattr(plain, '__name__', type(plain).__name__)}"
        return f"an object of type {type(plain).__name__}"
    return repr(plain)


# --------------------------------------------------------------------------- own work

ANSWERS = ("cnnkit.reference", "cnnkit.layers", "cnnkit.models")
ANSWERS += ("keras", "tensorflow", "jax", "jaxlib", "torch")
ANSWERS += ("scipy", "skimage", "cv2", "sklearn", "PIL")


def own_work(function: Callable, *arguments, without: tuple[str, ...] = ()):
    """Calls a student's function, and fails kindly where it hands its task on.

    What runs on the way is watched: by whatever name it was imported, and however deep
    it is called.  Calls that NumPy makes inside its own functions are no student's.

    Args:
        function: what was to be written.
        arguments: for it; NumPy arrays and plain values.
        without: further names that would be the answer, such as "numpy.convolve",
            "numpy.ndarray.mean", or a module, "cnnkit.sizes".

    Returns:
        What the function returns.

    Raises:
        AssertionError: if it calls `cnnkit.reference`, `cnnkit.layers`,
            `cnnkit.models`, Keras, TensorFlow, JAX, SciPy, scikit-image or a name in
            `without`; or if there is no function.
        ValueError: if a name in `without` does not exist.

    Source: `sys.setprofile`, which is told of every call; functions that it is not told
        of (NumPy's ufuncs) are found by name in the code that ran.

    >>> def smooth(x):
    ...     return np.convolve(x, np.ones(3) / 3, "valid")
    >>> own_work(smooth, np.arange(5.0))
    array([1., 2., 3.])
    >>> own_work(smooth, np.arange(5.0), without=("numpy.convolve",))
    Traceback (most recent call last):
    AssertionError: smooth
      It calls numpy.convolve, which does what was to be written here. Write it out
      with loops or other array operations.
    """
    __tracebackhide__ = True
    names = (without,) if isinstance(without, str) else tuple(without)
    named = "what was to be written" if function is ... else _short(function)
    named = getattr(function, "__name__", named)
    if function is ...:
        _fail(named, BLANK)
    if not callable(function):
        _fail(named, f"received  {_short(function)}", "Asked is a function.")
    watch = _Watch(names)
    before = sys.getprofile()
    watch.handed(function)
    sys.setprofile(watch)
    try:
        result = function(*arguments)
    finally:
        watching = sys.getprofile() is watch
        sys.setprofile(before)
        found = watch.found or watch.named()
        if found:
            _fail(
                named,
                f"It calls {found}, which does what was to be written here. Write it "
                "out with loops or other array operations.",
            )
    if not watching:
        _fail(named, "It turned off sys.setprofile, with which its work is watched.")
    return result


class _Watch:
    """Is told of each call, and keeps the first one that is an answer."""

    def __init__(self, names):
        self.found = ""
        self.modules = dict.fromkeys(ANSWERS, "")
        self.codes, self.methods, self.silent = {}, {}, {}
        for name in names:
            self._forbid(name)
        self.seen = {}  # code: None where it is harmless, otherwise what it is
        self.students = set()  # codes that are not of a library
        self.scopes = {}  # their globals, by code
        self.frame = None

    def _forbid(self, name):
        target = _resolve(name)
        if isinstance(target, type(sys)):
            self.modules[target.__name__] = name
            return
        plain = getattr(target, "_implementation", target)  # below NumPy's dispatcher
        plain = getattr(plain, "__wrapped__", plain)
        if code := getattr(plain, "__code__", None):
            self.codes[code] = (name, target)
            return
        last = name.rpartition(".")[2]
        self.methods[last] = (name, target, plain)
        self.silent[id(target)] = name

    def handed(self, function):
        """The function may itself be an answer."""
        while isinstance(function, functools.partial):
            function = function.func
        self.found = self.silent.get(id(function)) or self._belongs(function)

    def __call__(self, frame, event, arg):
        if event == "call":
            code = frame.f_code
            if code not in self.seen:
                self.seen[code] = self._judge(code, frame)
            what = self.seen[code]
            if what is not None and not self.found:
                self._suspect(what, frame)
        elif event == "c_call":
            name = getattr(arg, "__name__", None)
            if name in self.methods and not self.found:
                self._c_call(name, frame, arg)

    def _judge(self, code, frame):
        if code in self.codes:
            return self.codes[code]
        module = str(frame.f_globals.get("__name__", ""))
        if answer := self._module(module):
            return answer, code
        if not _library(code.co_filename):
            self.students.add(code)
            self.scopes[code] = (frame.f_globals, _cells(frame))
        return None

    def _module(self, module: str) -> str:
        """The module's public name if what it holds counts as an answer."""
        for answer in self.modules:
            if module == answer or module.startswith(answer + "."):
                return answer
        return ""

    def _suspect(self, what, frame):
        name, target = what
        if name in self.modules:
            if frame.f_code.co_name == "<module>" or _importing(frame):
                return
            self.found = f"{frame.f_code.co_name} of {name}"
            if not frame.f_code.co_name.isidentifier():
                self.found = name
            return
        caller = frame.f_back
        if caller and self._is_students(caller, target):
            self.found = name

    def _is_students(self, caller, target) -> bool:
        """Whether a student's line makes the call, or has passed the function on."""
        filename = caller.f_code.co_filename
        if not _library(filename) or caller.f_code is own_work.__code__:
            return True
        return any(value is target for value in caller.f_locals.values())

    def _c_call(self, last, frame, arg):
        name, target, plain = self.methods[last]
        owner = getattr(target, "__objclass__", None)
        mine = arg in (target, plain) or (
            owner is not None and isinstance(getattr(arg, "__self__", None), owner)
        )
        if mine and (not _library(frame.f_code.co_filename)):
            self.found = name

    def named(self) -> str:
        """What `sys.setprofile` is not told of: ufuncs, NumPy's C functions, JAX."""
        for code in self.students:
            space, cells = self.scopes[code]
            if found := self._named(code, space, cells):
                return found
        return ""

    def _named(self, code, space, cells):
        names = code.co_names
        values = [space[name] for name in names if name in space] + cells
        values += [sys.modules[name] for name in names if name in sys.modules]
        modules = [value for value in values if isinstance(value, type(sys))]
        done = set()
        while modules:
            module = modules.pop()
            if id(module) in done:
                continue
            done.add(id(module))
            inner = [vars(module)[name] for name in names if name in vars(module)]
            modules += [value for value in inner if isinstance(value, type(sys))]
            for value in inner:
                if isinstance(value, np.ufunc) and self._module(module.__name__):
                    if getattr(np, value.__name__, None) is not value:
                        return f"{module.__name__}.{value.__name__}"
            values += inner
        for value in values:
            if found := self.silent.get(id(value)) or self._belongs(value):
                return found
        if id(np.matmul) in self.silent and any(
            step.argrepr in ("@", "@=") for step in dis.get_instructions(code)
        ):
            return f"{self.silent[id(np.matmul)]} (the operator @)"
        return ""

    def _belongs(self, value) -> str:
        """The name of a function that lives in compiled code of an answer's module."""
        if isinstance(value, np.ufunc):
            modules = sorted(sys.modules.items(), key=lambda item: len(item[0]))
            for name, module in modules:  # the public name is the shortest
                if (
                    self._module(name)
                    and getattr(np, value.__name__, None) is not value
                ):
                    if getattr(module, value.__name__, None) is value:
                        return f"{name}.{value.__name__}"
            return ""
        compiled = type(value).__module__.partition(".")[0] in ("jaxlib", "jax")
        if compiled and callable(value):
            return f"{getattr(value, '__name__', 'a function')} of jax"
        return ""


def _resolve(name: str):
    """What a dotted name stands for."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            target = importlib.import_module(".".join(parts[:cut]))
            for part in parts[cut:]:
                target = getattr(target, part)
        except (ImportError, AttributeError):
            continue
        return target
    raise ValueError(f"expected a name that can be imported; received {name!r}")


def _cells(frame) -> list:
    """What a function has closed over."""
    free = frame.f_code.co_freevars
    return [frame.f_locals[name] for name in free if name in frame.f_locals]


def _importing(frame) -> bool:
    while frame := frame.f_back:
        if frame.f_code is own_work.__code__:
            return False
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


_PLACES = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
_PLACES |= {str(Path(np.__file__).parents[1]), str(Path(__file__).parent)}
_PLACES = tuple(str(Path(place)) + "/" for place in _PLACES if place)


@functools.cache
def _library(filename: str) -> bool:
    """Whether the code of this file is Python's or a package's, not a student's."""
    filename = filename.replace("\\", "/")
    return filename.startswith("<frozen") or filename.startswith(
        tuple(place.replace("\\", "/") for place in _PLACES)
    )
