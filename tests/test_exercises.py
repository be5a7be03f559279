"""The exercises: their form, their checks tried on wrong answers, and what leaks.

`pytest tests/test_exercises.py -k 03` tests one notebook.
"""

import ast
import contextlib
import io
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import exercise_rounds as rounds
import nbformat
import numpy as np
import pytest
from exercise_rounds import SOURCES, own

from cnnkit.course import exercises
from cnnkit.course.grading.outside import REGION, released

LESSONS = {path.stem: path for path in (rounds.ROOT / "lessons").glob("*.ipynb")}
HOW = (
    "**Practice** exercises tell you everything at once: what was tested, what was "
    "expected, and which mistake it looks like; each has three hints to unfold.\n"
    "**Graded** exercises check at once what can be said without the answer; hidden "
    "tests decide. Write only where it says `YOUR CODE HERE`."
)
HINT = re.compile(r"<details><summary>Hint (\d)</summary>\n\n(.+?)\n\n</details>", re.S)

each = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture
def of(name):
    return rounds.source(name)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def sections(notebook):
    """The exercises: (heading cell, its cells)."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            found.append((cell.source, []))
        elif found:
            found[-1][1].append(cell)
    return found


# ---------------------------------------------------------------- form


def test_every_lesson_has_its_exercises():
    missing = sorted(LESSONS.keys() - SOURCES.keys() - {"00_start_here"})
    missing = [name for name in missing if name[:2] <= "18"]
    if missing:
        pytest.skip(f"NOT THERE YET: {', '.join(missing)}")
    graded = sum(len(rounds.source(name).points) for name in SOURCES)
    assert graded >= 80


@each
def test_form(name, of):
    path, notebook = SOURCES[name], of.notebook
    nbformat.validate(notebook)
    assert name == path.stem and name in LESSONS
    stored = json.loads(path.read_text())
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert path.stat().st_size < 300_000
    for cell in code(notebook):
        assert cell.outputs == [] and cell.execution_count is None
        assert set(cell.metadata) == {"nbgrader"}, cell.source
        assert re.fullmatch(r"[a-z][a-z0-9_]+", own(cell)["grade_id"])
        assert own(cell)["locked"] != own(cell)["solution"]
        seen = released(rounds.blank(cell.source)).split("\n")
        assert len(seen) <= 25, f"{own(cell)['grade_id']}: {len(seen)} lines"
        long = [line for line in cell.source.split("\n") if len(line) > 88]
        assert not long
    others = {path.name for path in path.parent.iterdir()} - {".ipynb_checkpoints"}
    assert others >= {f"{name}.ipynb", "mutants.toml"}


@each
def test_introduction(name, of):
    notebook, number = of.notebook, name[:2]
    assert [c.cell_type for c in notebook.cells[:2]] == ["markdown", "code"]
    assert own(notebook.cells[1])["grade_id"] == "setup"
    text = notebook.cells[0].source
    title, sentence, needs, how = text.split("\n\n", 3)
    assert re.fullmatch(rf"# Exercises {number} · [^\n]+", title)
    assert "\n" not in sentence and sentence.endswith(".")
    points = f"{sum(of.points.values()):g}"
    link = rf"\*\*Needs\*\* \[lesson {number}\]\(\.\./\.\./{name}\.ipynb\)"
    assert re.fullmatch(rf"{link}; about \d+ minutes; {points} points\.", needs), needs
    assert how == HOW
    everything = "\n".join(c.source for c in notebook.cells if c.cell_type != "code")
    assert len(re.findall(r"^# ", everything, re.M)) == 1
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", everything):
        assert (SOURCES[name].parent / target).exists(), target


@each
def test_exercises(name, of):
    parts = sections(of.notebook)
    assert len(parts) >= 4 and len(of.points) >= 5
    kinds = []
    for number, (heading, cells) in enumerate(parts, start=1):
        assert re.match(rf"## {number} · \S", heading), heading
        kind = re.search(r"^\*\*(Practice|Graded · (\d+) points?)\*\*$", heading, re.M)
        assert kind, heading
        kinds.append(kind[1])
        inside = [own(cell).get("grade_id") for cell in cells]
        answers = [x for x in inside if x in of.answers]
        assert answers, heading
        points = sum(of.points.get(x, 0) for x in inside)
        hints = [HINT.findall(c.source) for c in cells if c.cell_type == "markdown"]
        hints = [found for found in hints if found]
        if kind[1] == "Practice":
            assert points == 0, heading
            assert all(set(of.tests(x)) & set(of.open) for x in answers), heading
            assert [[n for n, _ in found] for found in hints] == [["1", "2", "3"]]
            assert all(len(text) > 20 for _, text in hints[0])
        else:
            assert points == int(kind[2]), heading
    assert {"Practice"} < set(kinds)


@each
def test_answers_come_with_their_checks(name, of):
    cells = code(of.notebook)
    for cell, after in itertools.pairwise(cells):
        answer = own(cell)["grade_id"]
        if answer in of.answers:
            assert of.belongs.get(own(after)["grade_id"]) == answer, answer
    assert all(of.tests(answer) for answer in of.answers)
    for cell in cells:
        grade_id = own(cell)["grade_id"]
        if grade_id in of.answers:
            marks = [cell.source.count(f"### {x} SOLUTION") for x in ("BEGIN", "END")]
            assert marks[0] == marks[1] > 0, grade_id
            functions = rounds.functions(cell.source)
            tree = ast.parse(cell.source)
            texts = {
                node.name: ast.get_docstring(node)
                for node in tree.body
                if isinstance(node, ast.FunctionDef)
            }
            assert all(texts[f] for f in functions), f"{grade_id}: no docstring"
            assert functions or rounds.values(cell.source), grade_id
        elif grade_id in of.points:
            assert ast.get_docstring(ast.parse(cell.source)), f"{grade_id}: docstring"
            assert of.points[grade_id] > 0 and grade_id in of.belongs
            regions = [match[1] for match in REGION.finditer(cell.source)]
            assert regions, f"{grade_id}: no hidden tests"
            assert any("def outside(" in region for region in regions), grade_id
        else:
            assert "HIDDEN" not in cell.source and "SOLUTION" not in cell.source


@each
def test_code_stays_inside_the_course(name, of):
    for cell in code(of.notebook):
        assert not re.search(r"^\s*[!%]|sys\.path|https?://", cell.source, re.M)
        tree = ast.parse(cell.source)
        modules = {
            name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [
                *(alias.name for alias in node.names),
                getattr(node, "module", None) or "",
            ]
        }
        assert not modules & {"tensorflow", "jax", "torch", "requests", "time"}
    text = "\n".join(cell.source for cell in code(of.notebook))
    if re.search(r"^\s*(import|from) keras\b", text, re.M):
        assert re.search(r"\bkeras\.\w+\.?\w*\(", text), "Keras is imported for nothing"


@each
def test_wrong_answers_are_kept(name, of):
    kept = exercises.mutants(SOURCES[name])
    for one in kept:
        assert one["answer"] in of.answers, one["name"]
        ast.parse(one["source"])
        assert set(one.get("fails", ())) <= of.points.keys(), one["name"]
    names = [(one["answer"], one["name"]) for one in kept]
    assert len(set(names)) == len(names)
    few = [a for a in of.answers if sum(one["answer"] == a for one in kept) < 2]
    assert not few, f"fewer than two wrong answers: {', '.join(few)}"
    told = sum("says" in one for one in kept)
    assert told >= 2 * len(kept) / 3, f"only {told} of {len(kept)} name a mistake"


# ---------------------------------------------------------------- wrong answers


@each
def test_wrong_answers_lose_their_points_and_are_told_why(name, of, capsys):
    pairs, count, seconds = rounds.wrong_rounds(name)
    told = [rounds.trouble(of, wrong, result) for wrong, result in pairs]
    with capsys.disabled():
        print(f" {name}: {len(pairs)} in {count} rounds, {seconds:.0f} s ", end="")
    assert [why for why in told if why] == []


@each
def test_the_table_is_what_was_tried(name):
    """`python tests/exercise_rounds.py` rewrites it."""
    assert rounds.row(name) in rounds.DOCS.read_text().splitlines()


def test_the_table_is_added_up():
    rows = [
        line
        for line in rounds.DOCS.read_text().splitlines()
        if re.match(r"\| \d\d_", line)
    ]
    assert [row.split()[1] for row in rows] == list(SOURCES)
    assert rounds.total(rows) in rounds.DOCS.read_text().splitlines()


# ---------------------------------------------------------------- round trip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder for a course, as docs/grading.md has it."""
    place = tmp_path_factory.mktemp("course")
    config = rounds.ROOT / "nbgrader_config.py"
    (place / "nbgrader_config.py").write_text(f"load_subconfig({str(config)!r})\n")
    return place


GRADED = {}


@pytest.fixture
def graded(name, folder, monkeypatch):
    """Generated, handed in four times, graded by `cnnkit grade`."""
    if name not in GRADED:
        GRADED[name] = _graded(name, folder, monkeypatch)
    return GRADED[name]


def _graded(name, folder, monkeypatch):
    from cnnkit.course.grading import command, schedule

    of = rounds.source(name)
    generate(name, folder)
    release = folder / "release" / name
    handed_out = nbformat.read(release / f"{name}.ipynb", as_version=4)
    half = rounds.half(of)
    for student, answers in {
        "solution": of.answers,
        "blank": {},
        "half": {answer: of.answers[answer] for answer in half},
        "noisy": {a: rounds.noisy(text) for a, text in of.answers.items()},
    }.items():
        notebook = nbformat.from_dict(json.loads(json.dumps(handed_out)))
        for cell in notebook.cells:
            if own(cell).get("grade_id") in answers:
                cell.source = answers[own(cell)["grade_id"]]
        place = folder / "submitted" / student / name
        place.mkdir(parents=True)
        nbformat.write(notebook, place / f"{name}.ipynb")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(schedule, "local", ThreadPoolExecutor)  # spares two starts
    options = [] if rounds.sandboxed() else ["--no-sandbox"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = command.main([name, "--jobs", "2", *options])
    records = {
        path.stem: json.loads(path.read_text())["notebooks"][name]
        for path in (folder / "reports" / name).glob("*.json")
    }
    return SimpleNamespace(
        status=status, out=out.getvalue(), half=half, release=release, records=records
    )


def generate(name, folder):
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    from cnnkit.course.grading.gradebook import load_config

    config = load_config(folder)
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.assignment_id = name
    directory = CourseDirectory(config=config)
    GenerateAssignment(coursedir=directory, config=config).start()


def gradebook_scores(name, folder):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db", "cnnkit") as gradebook:
        return {
            submission.student.id: submission.score
            for submission in gradebook.assignment_submissions(name)
        }


@each
def test_round_trip(name, of, folder, graded):
    """All for the solution, noisy or not; nothing for the blank; half for half."""
    assert graded.status == 0, graded.out
    everything = sum(of.points.values())
    part = {
        test: of.points[test] if of.belongs[test] in graded.half else 0.0
        for test in of.points
    }
    expected = {
        "solution": of.points,
        "noisy": of.points,
        "half": part,
        "blank": dict.fromkeys(of.points, 0.0),
    }
    for student, points in expected.items():
        cells = graded.records[student]["cells"]
        assert {n: cell["score"] for n, cell in cells.items()} == points, (
            student,
            {n: cell["why"] for n, cell in cells.items() if cell["why"]},
        )
        assert not any(cell["flag"] for cell in cells.values()), cells
        assert graded.records[student]["notes"] == []
    for test, cell in graded.records["blank"]["cells"].items():
        kind = re.search("^NotImplementedError|Not answered yet", cell["why"])
        assert kind, f"{test} says to the untouched copy: {cell['why']}"
    assert 0.4 <= sum(part.values()) / everything <= 0.6
    assert gradebook_scores(name, folder) == {
        student: sum(points.values()) for student, points in expected.items()
    }
    # practice: its checks are open, and count for nothing
    for student, fails in (("solution", False), ("noisy", False), ("blank", True)):
        path = folder / "autograded" / student / name / f"{name}.ipynb"
        for cell in code(nbformat.read(path, as_version=4)):
            if own(cell).get("grade_id") in of.open:
                failed = any(o.output_type == "error" for o in cell.outputs)
                assert failed == fails, (student, own(cell)["grade_id"], cell.outputs)


@each
def test_nbgrader_itself_finds_the_source_valid(name):
    """`nbgrader validate`: no error, and not even a line on standard error."""
    from nbgrader.validator import Validator

    assert Validator().validate(str(SOURCES[name])) == {}


# ---------------------------------------------------------------- leaks


@each
def test_nothing_leaks(name, of, graded):
    """What students get holds no solution, hidden test, wrong answer or answer."""
    files = {path.name for path in graded.release.rglob("*")}
    source = {path.name for path in SOURCES[name].parent.iterdir()}
    assert files == source - {"mutants.toml", ".ipynb_checkpoints"}
    path = graded.release / f"{name}.ipynb"
    found = leaks(of, json.loads(path.read_text()))
    assert found == []
    for other in graded.release.rglob("*"):
        if other.is_file() and other != path:
            text = other.read_bytes().decode("utf-8", "replace")
            assert not [line for line in secrets(of) if line in text]


def leaks(of, notebook) -> list[str]:
    """Everything in a student's copy that should not be there."""
    found = []
    own_copy = rounds.student_copy(of.name)
    if set(notebook) != {"cells", "metadata", "nbformat", "nbformat_minor"}:
        found.append(f"fields {sorted(notebook)}")
    if set(notebook["metadata"]) - {"kernelspec", "language_info"}:
        found.append(f"metadata {sorted(notebook['metadata'])}")
    for cell, ours in zip(notebook["cells"], own_copy.cells, strict=True):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"]):
            found.append(f"outputs of {text[:40]!r}")
        if set(cell["metadata"]) - {"nbgrader", "deletable", "editable"}:
            found.append(f"metadata of {text[:40]!r}")
        if cell["cell_type"] == "code" and text.strip() != ours.source.strip():
            found.append(f"another text: {text!r}")
        if re.search("(BEGIN|END) (SOLUTION|HIDDEN)", text):
            found.append(f"a marker in {text[:40]!r}")
    strings = list(_strings(notebook))
    for secret in secrets(of):
        found += [f"line {secret!r}" for text in strings if secret in text][:1]
    everything = "\n".join(strings)
    for answer, value, pattern in graded_values(of):
        if re.search(pattern, everything):
            found.append(f"answer of {answer}: {value}")
    return found


def _strings(value):
    """All text of a notebook: a source as one text, and what lies in metadata."""
    if isinstance(value, dict):
        for name, part in value.items():
            whole = name == "source" and isinstance(part, list)
            yield from ["".join(part)] if whole else _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def secrets(of) -> set[str]:
    """Lines of solutions, hidden tests and wrong answers that stand nowhere else."""
    hidden = [
        m for text in of.answers.values() for m in exercises.SOLUTION.findall(text)
    ]
    hidden += [m[1] for c in code(of.notebook) for m in REGION.finditer(c.source)]
    hidden += [one["source"] for one in exercises.mutants(SOURCES[of.name])]
    seen = "\n".join(cell.source for cell in rounds.student_copy(of.name).cells)
    lines = {line.strip() for text in hidden for line in text.split("\n")}
    return {line for line in lines if len(line) >= 8 and line not in seen}


def graded_values(of):
    """Numbers that are graded: (answer, value, pattern that finds it written)."""
    for answer, text in of.answers.items():
        asked = rounds.values(text)
        if not asked or not any(test in of.points for test in of.tests(answer)):
            continue
        space = {"np": np}
        for node in ast.parse("\n".join(exercises.SOLUTION.findall(text))).body:
            with contextlib.suppress(Exception):  # what needs more of the notebook
                exec(compile(ast.Module([node], []), "", "exec"), space)
        for name in asked:
            value = space.get(name)
            if isinstance(value, dict):
                value = tuple(value.values())
            if pattern := _written(value):
                yield answer, value, pattern


def _written(value) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, int) and abs(value) >= 100:
        numbers = {f"{abs(value)}", f"{abs(value):,}"}
    elif isinstance(value, float) and len(repr(abs(value)).strip("0.")) >= 3:
        numbers = {repr(abs(value))}
    elif isinstance(value, tuple | list) and len(value) >= 3:
        if not all(isinstance(x, int | float) for x in value):
            return ""
        return r"(?<![\d.])" + r"\s*[,x×]\s*".join(re.escape(repr(x)) for x in value)
    else:
        return ""
    inner = "|".join(map(re.escape, sorted(numbers)))
    return rf"(?<![\d.,])(?:{inner})(?![\d]|[.,]\d)"


@pytest.mark.parametrize("name", list(SOURCES)[:1])
@pytest.mark.parametrize("kind", ["solution", "hidden", "output", "metadata", "marker"])
def test_the_scanner_finds(name, kind, of, graded):
    """It is no use if it finds nothing."""
    path = graded.release / f"{name}.ipynb"
    notebook = json.loads(path.read_text())
    assert leaks(of, notebook) == []
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    line = max(secrets(of), key=len)
    if kind == "solution":
        cells[1]["source"] = next(iter(of.answers.values()))
    elif kind == "hidden":
        cells[-1]["source"].append(f"\n# {line}")
    elif kind == "output":
        text = {"output_type": "stream", "name": "stdout", "text": [line]}
        cells[2]["outputs"] = [text]
    elif kind == "metadata":
        notebook["metadata"]["kernelspec"]["comment"] = line
    else:
        cells[1]["source"].append("\n### END SOLUTION")
    assert leaks(of, notebook)


@each
def test_worked_solutions(name, of):
    """No marker and no hidden test; practice has none of the graded exercises."""
    notebook = exercises.worked(of.notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert not re.search("(BEGIN|END) (SOLUTION|HIDDEN)|NotImplementedError", text)
    assert not re.search(r"^\w+ = \.\.\.$", text, re.M)
    for answer in of.answers.values():
        for line in "\n".join(exercises.SOLUTION.findall(answer)).split("\n"):
            assert line.strip() in text
    for cell in code(of.notebook):
        for match in REGION.finditer(cell.source):
            assert "def outside(" not in text and match[1] not in text
    headings = [heading for heading, _ in sections(exercises.practice(notebook))]
    assert headings and all("**Practice**" in heading for heading in headings)
    for cell in code(notebook):
        ast.parse(cell.source)


def test_the_command(tmp_path, capsys):
    """Both notebooks, quickly; no program starts for each."""
    if not SOURCES:
        pytest.skip("NOT TESTED: no exercises yet")
    name = next(iter(SOURCES))
    assert exercises.main([name[:2], "--into", str(tmp_path)]) == 0
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.ipynb")}
    assert files == {
        f"release/{name}/{name}.ipynb",
        f"worked/{name}.ipynb",
        f"worked/practice/{name}.ipynb",
    }
    student = json.loads((tmp_path / f"release/{name}/{name}.ipynb").read_text())
    assert leaks(rounds.source(name), student) == []
    solved = nbformat.read(tmp_path / f"worked/{name}.ipynb", as_version=4)
    assert any(cell.outputs for cell in code(solved))
    assert not any(o.output_type == "error" for c in code(solved) for o in c.outputs)
    with pytest.raises(SystemExit):
        exercises.main(["99"])
    assert "received 99" in capsys.readouterr().err


def test_the_command_keeps_what_a_student_wrote(tmp_path, capsys):
    name, other = [*SOURCES][:2]
    command = [name, other, "--into", str(tmp_path), "--no-worked"]
    assert exercises.main(command) == 0
    assert "kept" not in capsys.readouterr().out
    path = tmp_path / f"release/{name}/{name}.ipynb"
    fresh = path.read_text()
    path.write_text(fresh.replace("# YOUR CODE HERE", "# an answer", 1))
    assert exercises.main(command) == 0
    out = capsys.readouterr().out
    assert "# an answer" in path.read_text()
    assert f": {name} (--force" in out and other not in out
    assert exercises.main([*command, "--force"]) == 0
    assert path.read_text() == fresh
    assert [p.name for p in tmp_path.iterdir()] == ["release"]


def test_the_command_without_the_course(monkeypatch, capsys):
    monkeypatch.setattr(exercises, "sources", dict)
    assert exercises.main([]) == 2
    assert "expected the course's folder" in capsys.readouterr().err
