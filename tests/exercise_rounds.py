"""Runs the exercises with right answers and wrong ones, many at a time.

The exercises of a notebook do not depend on each other, so one run of a notebook tries
one answer for each of them: a round.  `python tests/exercise_rounds.py [NAME ...]` runs
them all, or those named, and renews the table in docs/exercises.md.
"""

import ast
import copy
import functools
import itertools
import random
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from cnnkit.course import exercises  # noqa: E402
from cnnkit.course.grading.notebook import read, restore  # noqa: E402
from cnnkit.course.grading.outside import released  # noqa: E402
from cnnkit.course.grading.sandbox import Limits, SandboxError, isolation  # noqa: E402
from cnnkit.course.grading.submission import Run  # noqa: E402
from cnnkit.questions import MISCONCEPTIONS  # noqa: E402

SOURCES = exercises.sources()
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
DOCS = ROOT / "docs" / "exercises.md"


# ------------------------------------------------------------------ what is in a source


def own(cell) -> dict:
    return cell.metadata.get("nbgrader", {})


@dataclass(frozen=True)
class Source:
    """A source notebook, by parts."""

    name: str
    notebook: object
    answers: dict[str, str]  # grade id: the solution, markers and all
    points: dict[str, float]  # of the graded cells
    open: tuple[str, ...]  # locked cells that check a practice answer
    belongs: dict[str, str]  # test or check: its answer

    @property
    def exercises(self) -> int:
        return sum(
            cell.cell_type == "markdown" and cell.source.startswith("## ")
            for cell in self.notebook.cells
        )

    def tests(self, answer: str) -> list[str]:
        return [name for name, of in self.belongs.items() if of == answer]


@functools.cache
def source(name: str) -> Source:
    notebook = nbformat.read(SOURCES[name], as_version=4)
    cells = {own(c)["grade_id"]: c for c in notebook.cells if "grade_id" in own(c)}
    answers = {n: c.source for n, c in cells.items() if own(c)["solution"]}
    points = {n: float(own(c)["points"]) for n, c in cells.items() if own(c)["grade"]}
    belongs = {}
    for test in cells.keys() - answers.keys():
        owners = [name for name in answers if test.startswith(f"{name}_")]
        if owners and not test.endswith("_given"):
            belongs[test] = max(owners, key=len)
    belongs = {test: belongs[test] for test in cells if test in belongs}
    graded = {belongs.get(test) for test in points}
    checks = [t for t, a in belongs.items() if t not in points and a not in graded]
    return Source(name, notebook, answers, points, tuple(checks), belongs)


def blank(solution: str) -> str:
    """What students get in the place of a solution; as nbgrader does it."""
    lines, inside = [], False
    for line in solution.split("\n"):
        if "BEGIN SOLUTION" in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in STUB.split("\n")]
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def sources(name: str) -> dict[str, list[dict]]:
    """As `gradebook.Course` has them, without a gradebook."""
    cells = [
        {
            "name": own(cell)["grade_id"],
            "cell_type": cell.cell_type,
            "source": cell.source,
            "points": own(cell).get("points"),
            **{kind: own(cell)[kind] for kind in ("locked", "grade", "solution")},
            "task": False,
            "checksum": None,
        }
        for cell in source(name).notebook.cells
        if "grade_id" in own(cell)
    ]
    return {name: cells}


def student_copy(name: str):
    """The notebook that a student gets, made without nbgrader."""
    notebook = copy.deepcopy(source(name).notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = released(blank(cell.source))
    return notebook


# ------------------------------------------------------------------- wrong answers


@dataclass(frozen=True)
class Wrong:
    """One wrong answer."""

    answer: str
    name: str
    source: str
    says: str | None = None
    fails: frozenset | None = None  # just these lose their points
    everywhere: bool = False  # no graded cell of the answer may be passed

    def __str__(self):
        return f"{self.answer}: {self.name}"


def functions(answer: str) -> list[str]:
    """The functions of an answer cell that the student is to write."""
    return [
        node.name
        for node in ast.parse(blank(answer)).body
        if isinstance(node, ast.FunctionDef) and _is_stub(node)
    ]


def _is_stub(node) -> bool:
    return any(
        isinstance(x, ast.Raise) and "NotImplementedError" in ast.unparse(x)
        for x in ast.walk(node)
    )


def values(answer: str) -> list[str]:
    """The names of an answer cell that stand for three dots, or hold them."""
    return [
        target.id
        for node in ast.parse(blank(answer)).body
        if isinstance(node, ast.Assign) and _dots(node.value)
        for target in node.targets
    ]


def _dots(node) -> list:
    return [x for x in ast.walk(node) if isinstance(x, ast.Constant) and x.value is ...]


class _InPlaceOfDots(ast.NodeTransformer):
    def __init__(self, value):
        self.value = ast.parse(value, mode="eval").body

    def visit_Constant(self, node):
        return self.value if node.value is ... else node


def constants(seed: str) -> list[str]:
    draw = random.Random(seed)
    return [
        "0",
        "1",
        str(draw.randrange(1_000, 100_000)),
        f"{draw.uniform(-3, 3):.4f}",
        "True",
        "None",
        repr("".join(draw.choices("bcdfghjkmnpq", k=5))),
        "(1, 2, 3)",
        f"np.full((3, 3), {draw.uniform(-2, 2):.3f})",
    ]


def generated(of: Source, answer: str) -> list[Wrong]:
    """Constants and echoes: what says the same whatever it is asked."""
    text = of.answers[answer]
    defined, dots = functions(text), values(text)
    tries = []
    for constant in constants(f"{of.name} {answer}"):
        tries.append(("constant " + constant, constant, constant))
    if defined:
        tries += [("echo of its first argument", "first", "0")]
        tries += [("echo of its last argument", "last", "0")]
    if dots:
        given = _given(of, answer)
        tries += [(f"echo of {name}", "0", name) for name in given]
    if not defined and not dots:
        return []
    made = [
        Wrong(answer, name, _filled(text, function, value), everywhere=True)
        for name, function, value in tries
    ]
    if defined:
        made.append(Wrong(answer, "its first result for ever", _stuck(text, defined)))
    return made


def _given(of: Source, answer: str) -> list[str]:
    """Data that a locked cell above the answer defines."""
    names = []
    for cell in of.notebook.cells:
        if own(cell).get("grade_id") == answer:
            break
        if cell.cell_type == "code" and own(cell)["locked"] and not own(cell)["grade"]:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and not isinstance(
                    node.value, ast.Call
                ):
                    names += [t.id for t in node.targets if isinstance(t, ast.Name)]
    return names[-3:]


def _filled(answer: str, result: str, value: str) -> str:
    """The answer cell with functions that return `result` and dots that are `value`."""
    tree = ast.parse(blank(answer))
    body = ["import numpy as np"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_stub(node):
            a = node.args
            names = [x.arg for x in (*a.posonlyargs, *a.args)] or ["None"]
            returned = {"first": names[0], "last": names[-1]}.get(result, result)
            node.body = [ast.parse(f"return {returned}").body[0]]
        elif isinstance(node, ast.Raise):
            continue
        elif isinstance(node, ast.Assign):
            node = _InPlaceOfDots(value).visit(node)
        body.append(ast.unparse(ast.fix_missing_locations(node)))
    return "\n".join(body)


def _stuck(answer: str, names: list[str]) -> str:
    keep = "def _kept(f, memory=[]):\n    memory = []\n    def kept(*a, **k):\n"
    keep += "        if not memory:\n            memory.append(f(*a, **k))\n"
    keep += "        return memory[0]\n    return kept\n"
    return f"{answer}\n{keep}" + "\n".join(f"{n} = _kept({n})" for n in names)


def wrong_answers(of: Source) -> list[Wrong]:
    """All that are tried: the kept ones, and constants and echoes."""
    kept = [
        Wrong(
            one["answer"],
            one["name"],
            one["source"].strip("\n"),
            one.get("says"),
            frozenset(one["fails"]) if "fails" in one else None,
        )
        for one in exercises.mutants(SOURCES[of.name])
    ]
    return kept + [wrong for answer in of.answers for wrong in generated(of, answer)]


# ------------------------------------------------------------------- noise


NOISE = """import logging as _l, sys as _s, warnings as _w
print("a line")
print("a line on stderr", file=_s.stderr)
_w.warn("a warning")
_l.warning("a log line")
"""


def noisy(solution: str) -> str:
    """A solution that prints, warns and logs, in its functions too."""
    tree = ast.parse(solution)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            has_text = ast.get_docstring(node) is not None
            node.body[has_text:has_text] = ast.parse(NOISE).body
    return NOISE + ast.unparse(tree)


# ------------------------------------------------------------------- rounds


class Quick(Run):
    """A run without canaries, which wrong answers do not need to lose their points.

    Nobody reads the tracebacks of their many errors, so they are not drawn.
    """

    def grade(self, notebook, notes):
        self.execute("%xmode Minimal")
        return super().grade(notebook, notes)

    def _canaries(self):
        return ""

    def _doctored(self, notebook, verdicts):
        return


@dataclass
class Result:
    """What came of one round."""

    scores: dict[str, float]
    said: dict[str, str]  # by test or check: the error's message, on one line
    flags: dict[str, str]
    seconds: float
    notes: list = field(default_factory=list)


@functools.cache
def sandboxed() -> bool:
    try:
        isolation()
    except SandboxError:
        return False
    return True


def run(name: str, answers: dict[str, str], quick: bool = False) -> Result:
    """Grades a student's copy in which these answers were filled in."""
    start = time.monotonic()
    notebook = student_copy(name)
    for cell in notebook.cells:
        if own(cell).get("grade_id") in answers:
            cell.source = answers[own(cell)["grade_id"]]
    notebook = read(nbformat.writes(notebook).encode())
    cells = sources(name)
    notes = restore(notebook, cells[name])
    for cell in notebook.cells:
        known = [c for c in cells[name] if c["name"] == own(cell).get("grade_id")]
        if known:
            assert own(cell)["grade"] == known[0]["grade"], own(cell)
    limits = Limits()
    task = {"limits": limits, "files": {}, "sources": cells, "sandboxed": sandboxed()}
    kind = Quick if quick else Run
    result = kind(task, deadline=start + limits.wall).grade(notebook, notes)
    graded = nbformat.reads(result["notebook"], as_version=4)
    said = {
        own(cell)["grade_id"]: " ".join(
            " ".join(
                o["evalue"] for o in cell.outputs if o.output_type == "error"
            ).split()
        )
        for cell in graded.cells
        if "grade_id" in own(cell) and cell.cell_type == "code"
        if any(o.output_type == "error" for o in cell.outputs)
    }
    verdicts = result["cells"]
    return Result(
        {name: verdict["score"] for name, verdict in verdicts.items()},
        said,
        {name: v["flag"] for name, v in verdicts.items() if v["flag"]},
        time.monotonic() - start,
        result["notes"],
    )


@functools.cache
def wrong_rounds(name: str) -> tuple[list[tuple[Wrong, Result]], int, float]:
    """All wrong answers, each with the round in which it was tried.

    Returns:
        The pairs, the number of rounds, and their seconds together.
    """
    of = source(name)
    queues = {
        answer: [wrong for wrong in wrong_answers(of) if wrong.answer == answer]
        for answer in of.answers
    }
    rounds = [
        [wrong for wrong in row if wrong]
        for row in itertools.zip_longest(*queues.values())
    ]
    with ThreadPoolExecutor(2) as pool:
        results = list(
            pool.map(
                lambda row: run(name, {w.answer: w.source for w in row}, quick=True),
                rounds,
            )
        )
    pairs = [
        (wrong, result)
        for row, result in zip(rounds, results, strict=True)
        for wrong in row
    ]
    return pairs, len(rounds), sum(result.seconds for result in results)


def trouble(of: Source, wrong: Wrong, result: Result) -> str:
    """Why a wrong answer was not caught as it should be, or ""."""
    tests = of.tests(wrong.answer)
    graded = [test for test in tests if test in of.points]
    lost = [test for test in graded if result.scores[test] < of.points[test]]
    full = [test for test in graded if result.scores[test] > 0]
    if not graded:
        lost = [test for test in tests if test in result.said]
        if not lost:
            return f"{wrong}: the check lets it pass"
    elif not lost:
        return f"{wrong}: loses no points"
    if wrong.everywhere and graded and full:
        return f"{wrong}: passes {', '.join(full)}"
    if wrong.fails is not None and set(lost) != wrong.fails:
        return f"{wrong}: fails {sorted(lost)}, expected {sorted(wrong.fails)}"
    if wrong.says:
        words = " ".join(MISCONCEPTIONS[wrong.says].split())
        said = " ".join(result.said.get(test, "") for test in tests)
        if words not in said:
            return f"{wrong}: is not told {wrong.says!r}, but: {said[:400]}"
    return ""


def half(of: Source) -> list[str]:
    """Answers whose graded cells make just half of the points, or nearly so."""
    worth = {
        answer: sum(of.points.get(test, 0) for test in of.tests(answer))
        for answer in of.answers
    }
    sums = {0.0: []}
    for answer, points in worth.items():
        for total, chosen in list(sums.items()):
            sums.setdefault(total + points, [*chosen, answer])
    wanted = sum(of.points.values()) / 2
    return sums[min(sums, key=lambda total: (abs(total - wanted), total))]


# ------------------------------------------------------------------- the table


def row(name: str) -> str:
    """The line of docs/exercises.md for a notebook; runs its wrong answers."""
    of = source(name)
    pairs, _, _ = wrong_rounds(name)
    caught = sum(not trouble(of, wrong, result) for wrong, result in pairs)
    kept = len(exercises.mutants(SOURCES[name]))
    points = sum(of.points.values())
    return (
        f"| {name} | {of.exercises} | {len(of.points)} | {points:g} | "
        f"{len(pairs)} ({kept}) | {caught} |"
    )


def total(rows: list[str]) -> str:
    numbers = [[int(n) for n in re.findall(r"\d+", r.split("|", 2)[2])] for r in rows]
    sums = [sum(column) for column in zip(*numbers, strict=True)]
    return "| **{}** | {} | {} | {} | {} ({}) | {} |".format("together", *sums)


def main(names: list[str]) -> None:
    """Tries all notebooks, or those named, and renews their lines in the table."""
    unknown = set(names) - set(SOURCES)
    if unknown:
        sys.exit(f"expected some of {', '.join(SOURCES)}; received {sorted(unknown)}")
    text = DOCS.read_text()
    head = "| --- | ---: | ---: | ---: | ---: | ---: |\n"
    before, _, after = text.partition(head)
    table, _, rest = after.partition("\n\n")
    rows = {line.split("|")[1].strip(): line for line in table.splitlines()}
    for name in names or SOURCES:
        rows[name] = row(name)
        print(rows[name], flush=True)
    rows = [rows[name] for name in SOURCES if name in rows]
    DOCS.write_text(before + head + "\n".join([*rows, total(rows)]) + "\n\n" + rest)


if __name__ == "__main__":
    main(sys.argv[1:])
