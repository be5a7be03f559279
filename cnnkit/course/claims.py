"""Accounts for every checkable statement of the lectures: `claims.json` and its checks.

A lesson computes values and hands them to `claim`, which compares each with what the
ledger expects and prints one verdict line.  Four verdicts are honest: `✓` (decided by
value), `measured` (an experiment: the direction counts, "not reproduced" is a legal
result), `cited` (history, with a reference) and `stated` (prose).  Coverage is counted
from the verdict lines in executed notebooks, never from their source.

An entry of the ledger: `lesson`, `class`, `claim`, `kind` and `source` of a statement;
`given` inputs; `expected` leaves and a `check` for each (equal; close, with rtol and
atol; below, above, between; order; function, with arguments and cases; cited, with the
reference; text, which nothing decides); `tolerance`, how well the figure itself is
known; `beside`, for rows of a table: printed leaf -> computed leaf and unit; `basis`
(seed: the lecture states it; computed: it gives the method, the numbers are ours;
reconstructed: a lost picture, rebuilt to agree with what survived; background: only
named there); `erratum` with what is printed, what holds and why; `notes`.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WIDTH = 110  # of a verdict line, in characters
CLOSE = (1e-5, 1e-6)  # rtol, atol: what float32 arithmetic keeps
CLASSES = ("verified", "measured", "cited", "stated")
DECIDED = ("equal", "close", "below", "above", "between", "order", "function")
_NOT_ASKED = object()
_VERDICT = re.compile(r"^(✓|measured|cited|stated) ([a-z0-9./-]+) · (.*)$")


class ClaimError(AssertionError):
    """A value that disagrees with the ledger, or a claim that is passed wrongly."""


class Leaf(NamedTuple):
    """One entry of a claim's `expected`: where it stands, what it is, who decides."""

    path: tuple[str, ...]
    expected: Any
    check: str
    rule: Any  # tolerance, reference, or arguments and cases of a function

    @property
    def name(self) -> str:
        return ".".join(self.path)


class Verdict(NamedTuple):
    """One verdict line found in an executed notebook."""

    lesson: str
    id: str
    mark: str
    line: str
    erratum_shown: bool
    cell: str  # its identifier in the notebook


@lru_cache(maxsize=1)
def load() -> dict[str, dict]:
    """The ledger: claim id -> entry, in the order in which the lessons treat them.

    >>> load()["size/exercise-227"]["lesson"]
    '03'
    """
    text = Path(__file__).with_name("claims.json").read_text(encoding="utf-8")
    return json.loads(text)


def leaves(entry: Mapping) -> list[Leaf]:
    """All leaves of an entry; a list is one leaf, a nested mapping is walked.

    >>> [leaf.name for leaf in leaves(load()["conv/one-value-per-position"])][:2]
    ['placements', 'output']
    """

    def walk(expected, check, path) -> Iterator[Leaf]:
        for key, value in expected.items():
            if isinstance(value, dict):
                yield from walk(value, check[key], (*path, key))
            else:
                rule = (
                    check[key] if isinstance(check[key], dict) else {check[key]: None}
                )
                yield Leaf((*path, key), value, *next(iter(rule.items())))

    return list(walk(entry["expected"], entry["check"], ()))


def _decided(entry: Mapping) -> list[Leaf]:
    """The computable leaves: those that a value decides."""
    return [leaf for leaf in leaves(entry) if leaf.check in DECIDED]


def _entry(claim_id: str) -> dict:
    known = load()
    if claim_id not in known:
        near = difflib.get_close_matches(str(claim_id), known, n=3)
        hint = ", ".join(near) if near else "see `cnnkit claims`"
        raise ClaimError(f"expected a known claim id ({hint}); received {claim_id!r}")
    return known[claim_id]


# ---- comparing ---------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Lists, numbers, strings: without NumPy, tensors, tuples and ranges."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    elif hasattr(value, "__array__") and not hasattr(value, "tolist"):
        value = np.asarray(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple, range)):
        return [_plain(item) for item in value]
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    inner = {_shape(item) for item in value}
    return (len(value), *(inner.pop() if len(inner) == 1 else ()))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _difference(expected, received, close=(0, 0), where="") -> str | None:
    """None where both agree, else the first place where they do not."""
    shapes = _shape(expected), _shape(received)
    if shapes[0] != shapes[1] and () not in shapes:
        return f"{where}expected shape {shapes[0]}; received shape {shapes[1]}"
    if isinstance(expected, list) and shapes[0] == shapes[1]:
        where = where.removesuffix(": ")
        pairs = enumerate(zip(expected, received, strict=True))
        found = (_difference(*pair, close, f"{where}[{i}]: ") for i, pair in pairs)
        return next(filter(None, found), None)
    if _is_number(expected) and _is_number(received):
        error = abs(expected - received)
        same = expected == received or error <= close[1] + close[0] * abs(expected)
    else:
        same = type(expected) is type(received) and expected == received
    said = f"{where}expected {_text(expected)}; received {_fit(_text(received), 60)}"
    return None if same else said


def _wrong(leaf: Leaf, value: Any) -> str | None:
    """What is wrong with the value of a computable leaf, or None."""
    if leaf.check == "function":
        return _wrong_function(leaf, value)
    value = _plain(value)
    if leaf.check in ("below", "above", "between"):
        low, high = leaf.expected if leaf.check == "between" else (leaf.expected,) * 2
        numbers = value if isinstance(value, list) else [value]
        if numbers and all(
            _is_number(x)
            and (leaf.check == "below" or x > low)
            and (leaf.check == "above" or x < high)
            for x in numbers
        ):
            return None
        return f"expected {leaf.check} {_text(leaf.expected)}; received {_text(value)}"
    close = leaf.rule or CLOSE if leaf.check == "close" else (0, 0)
    return _difference(leaf.expected, value, close)


def _wrong_function(leaf: Leaf, function: Any) -> str | None:
    signature = f"({', '.join(leaf.rule['args'])})"
    if not callable(function):
        return f"expected a function of {signature}; received {_text(function)}"
    for arguments, result in leaf.rule["cases"]:
        call = f"f({', '.join(_text(a) for a in arguments)})"
        arguments = [np.array(a) if isinstance(a, list) else a for a in arguments]
        try:
            received = _plain(function(*arguments))
        except Exception as error:
            return f"expected a function of {signature}; {call} raised {error!r}"
        if wrong := _difference(result, received, leaf.rule.get("close", CLOSE)):
            return f"{call} of a function of {signature}: {wrong}"
    return None


def _received(claim_id: str, entry: dict, values: Any) -> dict[tuple[str, ...], Any]:
    """The values by path; raises where a leaf is unknown or left out."""

    def walk(expected, values, path):
        name = ".".join(path) or "values"
        if not isinstance(values, Mapping):
            raise ClaimError(
                f"{claim_id}, {name}: expected a mapping with the keys "
                f"{', '.join(expected)}; received {_text(_plain(values))}"
            )
        for key, value in values.items():
            if str(key) not in expected:
                near = difflib.get_close_matches(str(key), expected, n=3)
                raise ClaimError(
                    f"{claim_id}: expected leaves {', '.join(near or expected)}; "
                    f"received the unknown leaf {'.'.join((*path, str(key)))}"
                )
            if isinstance(expected[str(key)], dict):
                yield from walk(expected[str(key)], value, (*path, str(key)))
            else:
                yield (*path, str(key)), value

    received = dict(walk(entry["expected"], values, ()))
    missing = [leaf.name for leaf in _decided(entry) if leaf.path not in received]
    if missing:
        raise ClaimError(
            f"{claim_id}: expected a value for every computable leaf; left out: "
            f"{', '.join(missing)}\n  {entry['claim']}"
        )
    return received


def _mistakes(entry: dict, received: dict) -> list[str]:
    checked = ((leaf, _wrong(leaf, received[leaf.path])) for leaf in _decided(entry))
    return [f"{leaf.name}: {wrong}" for leaf, wrong in checked if wrong]


# ---- saying ------------------------------------------------------------------------


def _text(value: Any, measured: bool = False) -> str:
    """A value in few characters; a measured number carries its mark."""
    if isinstance(value, list):
        return "[" + ", ".join(_text(item, measured) for item in value) + "]"
    if isinstance(value, dict):
        return ", ".join(f"{k} = {_text(v, measured)}" for k, v in value.items())
    if isinstance(value, float) or (measured and _is_number(value)):
        digits = ".0f" if measured and 1e4 <= abs(value) < 1e9 else ".4g"
        return f"≈{value:{digits}}" if measured else f"{value:.10g}"
    return str(value)


def _wrap(text: str, width: int) -> list[str]:
    """Lines of whole words; a measured number counts as ten characters, always."""
    lines, used = [[]], 0
    for word in text.split(" "):
        size = 1 + (10 if "≈" in word else len(word))
        if used + size > width + 1 and lines[-1]:
            lines, used = [*lines, []], 0
        lines[-1].append(word)
        used += size
    return [" ".join(words) for words in lines]


def _fit(text: str, width: int) -> str:
    lines = _wrap(text, width)
    return text if len(lines) == 1 else _wrap(text, width - 2)[0] + " …"


def _shown(leaf: Leaf, values: list) -> str:
    """The values of one leaf, one a run, in few characters."""
    if leaf.check == "function":
        return f"{leaf.name} on {len(leaf.rule['cases'])} inputs"
    plain = [_plain(value) for value in values]
    measured = leaf.check not in ("equal", "order")
    if measured and len(plain) > 1 and all(map(_is_number, plain)):
        return f"{_text(min(plain), True)} to {_text(max(plain), True)}"
    if isinstance(plain[0], bool):
        return leaf.name if 2 * sum(plain) > len(plain) else f"not {leaf.name}"
    return _text(plain[0], measured)


def _computed(entry: dict, runs: list[dict], named: bool = False) -> str:
    found = _decided(entry)
    if entry["class"] == "measured" and not named:  # what was measured says enough
        found = [leaf for leaf in found if leaf.check != "equal"] or found
    if named:  # there is room for a few: single values say more than lists
        found.sort(key=lambda x: (isinstance(x.expected, list), len(x.path)))
    texts = []
    for leaf in found:
        text = _shown(leaf, [run[leaf.path] for run in runs])
        texts.append(text if leaf.name in text or not named else f"{leaf.name} {text}")
    return ", ".join(texts)


def _verdict(claim_id: str, entry: dict, runs: list[dict], mistakes: list) -> list[str]:
    """The verdict line, and the references that stand behind it."""
    found, kind = leaves(entry), entry["class"]
    references = [*dict.fromkeys(x.rule for x in found if x.check == "cited")]
    prose = sum(leaf.check == "text" for leaf in found)
    aside, width = f" (and {prose} in words)" if prose else "", WIDTH
    if kind == "stated":
        said, aside = entry["claim"], ""
    elif kind == "cited":
        said = references.pop(0)
    elif kind == "verified":
        said = _computed(entry, runs)
    else:
        held = len(runs) - len(mistakes)
        said = f"held in ≈{held} of {len(runs)} seeds: " if len(runs) > 1 else ""
        if 2 * held > len(runs):
            said, width = (said or "reproduced: ") + _computed(entry, runs), 140
        else:  # in full: this is what the reader must see
            head, tail = mistakes[0].split("received ", 1)
            tail = re.sub(r"(?<![\w≈.])-?\d[\d.]*(e[+-]?\d+)?", r"≈\g<0>", tail)
            said, width = f"not reproduced: {said}{head}received {tail}", 999
    head = f"{'✓' if kind == 'verified' else kind} {claim_id} · "
    tail = f"{aside} · {', '.join(entry['source'])}"
    line = head + _fit(said, width - len(head) - len(tail)) + tail
    return [line, *(f"  cited  {reference}" for reference in references)]


def _game(entry: dict, answer: Any, computed: str) -> list[str]:
    """What the slide prints, the reader's verdict on it, what came out, and why."""
    erratum = entry.get("erratum")
    if not erratum and answer is _NOT_ASKED:
        return []
    if answer is None or answer is _NOT_ASKED:
        said = "not given yet: set slide_is_right=True or False and run the cell again"
    elif isinstance(answer, (bool, np.bool_)):
        call = "a good call" if bool(answer) != bool(erratum) else "not this time"
        truth = erratum["severity"] if erratum else "right"
        said = f"{'right' if answer else 'wrong'}: {call}, the slide is {truth}"
    else:
        raise ValueError(
            f"expected slide_is_right to be True, False or None; received {answer!r}"
        )
    rows = {
        "the slide prints": _text(erratum["printed"]) if erratum else entry["claim"],
        "your verdict": said,
        "computed": _fit(computed, 132),
        "why": f"{_text(erratum['correct'])}. {erratum['why']}" if erratum else "",
    }
    lines = []
    for label, text in rows.items():
        first, *rest = _wrap(text, 68)
        lines += [f"  {label:<17} {first}", *(" " * 20 + line for line in rest)]
        lines = lines if text else lines[:-1]
    return lines


# ---- what a lesson calls -----------------------------------------------------------


def claim(
    claim_id: str,
    values: Mapping[str, Any] | None = None,
    slide_is_right: bool | None = _NOT_ASKED,  # type: ignore[assignment]
    seeds: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Compares computed values with a statement of the lectures; prints the verdict.

    Args:
        claim_id: id in the ledger, see `cnnkit claims`.
        values: leaf -> computed value, nested as in the ledger.  Every computable leaf
            is needed; prose and cited ones are not.  A formula is passed as a function.
        slide_is_right: the reader's guess whether the slide is right; None: not yet.
        seeds: for a measured claim, one mapping of leaves a run, added to `values`.

    Raises:
        ClaimError: on a value that disagrees (a measured claim says "not reproduced"
            instead), an unknown id, an unknown leaf or a computable leaf left out.

    >>> claim("size/ten-filters-parameters",
    ...       {"per_filter": 5 * 5 * 3 + 1, "total": 10 * (5 * 5 * 3 + 1)})
    ✓ size/ten-filters-parameters · 76, 760 · CS-878 W4
    """
    print("\n".join(_account(claim_id, values or {}, slide_is_right, seeds)))


def _account(claim_id, values, slide_is_right=_NOT_ASKED, seeds=None) -> list[str]:
    entry = _entry(claim_id)
    if seeds is not None and (entry["class"] != "measured" or not seeds):
        raise ValueError(
            "expected seeds to hold at least one run of a measured claim; received "
            f"{len(seeds)} for {claim_id}, which is {entry['class']}"
        )
    if seeds is None:
        runs = [_received(claim_id, entry, values)]
    else:
        runs = [_received(claim_id, entry, {**values, **run}) for run in seeds]
    wrong = [found for found in (_mistakes(entry, run) for run in runs) if found]
    if wrong and entry["class"] != "measured":
        raise ClaimError(f"{claim_id}, {wrong[0][0]}\n  {entry['claim']}")
    lines = _game(entry, slide_is_right, _computed(entry, runs, named=True))
    return lines + _verdict(claim_id, entry, runs, [found[0] for found in wrong])


def table(
    prefix: str,
    rows: Mapping[str, Mapping[str, Any]],
    slide_is_right: Mapping[str, bool | None] | None = None,
) -> None:
    """Audits a published table row by row: printed beside computed, then the verdicts.

    A star marks what is further off than one unit of the last printed digit, which is
    more than rounding or cutting off explains.

    Args:
        prefix: "arch/googlenet", "arch/vgg" or "arch/resnet".
        rows: rest of the id -> the values of that claim, as for `claim`.
        slide_is_right: rest of the id -> the reader's guess, for rows with an erratum.

    Raises:
        ClaimError: as `claim`; and where a row of the table is missing.

    >>> table("arch/vgg", {"a": {}, "b": {}, "c": {}, "d": {}})
    Traceback (most recent call last):
    cnnkit.course.claims.ClaimError: expected every row of the table arch/vgg; \
left out: arch/vgg/a-lrn, arch/vgg/e
    """
    known = {i: e for i, e in load().items() if "beside" in e}
    needed = [i for i in known if i.rpartition("/")[0] == prefix]
    if not needed:
        prefixes = ", ".join(dict.fromkeys(i.rpartition("/")[0] for i in known))
        raise ClaimError(
            f"expected the prefix of a table ({prefixes}); received {prefix!r}"
        )
    missing = [i for i in needed if i.removeprefix(f"{prefix}/") not in rows]
    if missing:
        raise ClaimError(
            f"expected every row of the table {prefix}; left out: {', '.join(missing)}"
        )
    guesses = slide_is_right or {}
    accounts = [
        _account(f"{prefix}/{row}", values, guesses.get(row, _NOT_ASKED))
        for row, values in rows.items()
    ]
    cells = [[prefix]]
    for quoted in known[needed[0]]["beside"]:
        cells[0] += [quoted.replace("_", " "), "computed", "off by", ""]
    for claim_id in needed:
        row = claim_id.removeprefix(f"{prefix}/")
        cells.append([row])
        for quoted, (leaf, unit) in known[claim_id]["beside"].items():
            printed = known[claim_id]["expected"][quoted]
            computed = _plain(rows[row][leaf]) / unit
            place = 10 ** -len(str(printed).partition(".")[2])
            star = "*" if abs(printed - computed) > place * 1.0001 else " "
            off = f"{100 * (printed / computed - 1):+.1f} %"
            cells[-1] += [_text(printed), f"{computed:.5g}", off, star]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for head, *rest in cells:
        row = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([head.ljust(widths[0]), *row]).replace("   *", "  *").rstrip())
    print("\n".join(line for account in accounts for line in account))


# ---- the account -------------------------------------------------------------------


def coverage(folder: str | Path) -> list[Verdict]:
    """Every verdict line in the stored outputs of a folder's notebooks, in order.

    Source cells do not count: what was not executed did not account for anything.

    >>> coverage("no/such/folder")
    []
    """
    found = []
    for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            erratum_shown = False
            for output in cell.get("outputs", ()):
                if output.get("name") != "stdout":
                    continue
                for line in "".join(output["text"]).splitlines():
                    erratum_shown |= line.startswith("  the slide prints ")
                    if match := _VERDICT.match(line):
                        mark, claim_id, _ = match.groups()
                        lesson = path.name[:2]
                        here = cell.get("id", "")
                        found.append(
                            Verdict(lesson, claim_id, mark, line, erratum_shown, here)
                        )
                        erratum_shown = False
    return found


def main(argv: list[str] | None = None) -> int:
    """`cnnkit claims`: what is accounted for, by whom and how."""
    parser = argparse.ArgumentParser(
        prog="cnnkit claims",
        description="Lists the checkable statements of the lectures and which of them "
        "the executed lessons account for (✓ measured cited stated; - not yet).",
    )
    parser.add_argument("--lesson", metavar="NN", help="only this lesson, e.g. 03")
    parser.add_argument(
        "--errata", action="store_true", help="what the slides print and what holds"
    )
    parser.add_argument("--lessons", metavar="DIR", help="folder of executed lessons")
    options = parser.parse_args(argv)
    listed = {
        i: e
        for i, e in load().items()
        if options.lesson in (None, e["lesson"], e["lesson"].lstrip("0"))
        and ("erratum" in e or not options.errata)
    }
    if not listed:
        parser.error(f"expected a lesson from 01 to 18; received {options.lesson}")
    places = [Path(options.lessons)] if options.lessons else []
    places = places or [
        Path(__file__).parents[2] / "lessons",
        Path("lessons").absolute(),
    ]
    folder = next((place for place in places if place.is_dir()), None)
    verdicts = {v.id: v for v in (coverage(folder) if folder else ())}
    for claim_id, entry in listed.items():
        mark = verdicts[claim_id].mark if claim_id in verdicts else "-"
        print(f"{mark:8} {entry['lesson']} {claim_id:46} {entry['class']:8}", end=" ")
        if options.errata:
            print(entry["erratum"]["severity"])
            for label in ("printed", "correct"):
                for line in _wrap(_text(entry["erratum"][label]), 90):
                    print(f"{label:>19}  {line}")
                    label = ""
        else:
            print(_fit(entry["claim"], 60))
    done = [verdicts[i] for i in listed if i in verdicts]
    marks = [v.mark.replace("✓", "verified") for v in done]
    counts = [f"{marks.count(name)} {name}" for name in CLASSES]
    errata = sum(verdict.erratum_shown for verdict in done)
    print(
        f"{len(done)} of {len(listed)} accounted for: {', '.join(counts)}; "
        f"{errata} errata shown"
    )
    if folder is None:
        print(
            f"expected a folder with executed lessons; received none at "
            f"{' or '.join(map(str, places))}: name it with --lessons DIR",
            file=sys.stderr,
        )
        return 1
    return 0
