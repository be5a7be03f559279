"""The parts of grading that need no kernel: reading, mending, canaries, values."""

import copy
import json

import grading_course as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4

from cnnkit import feedback
from cnnkit.course.grading import canary, outside, schedule, values
from cnnkit.course.grading.notebook import LARGEST, BadSubmission, read, restore
from cnnkit.course.grading.sandbox import Limits, SandboxError, hides
from cnnkit.course.grading.submission import harmless

# ---------------------------------------------------------------- what is handed in


def as_bytes(**change):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    return json.dumps(notebook | change).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no JSON"),
        (b"Dear teacher, my dog", "no JSON"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "no text in UTF-8"),
        (as_bytes()[:-9], "broken JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[1, 2]", "JSON that is none"),
        (b'{"a": 1}', "JSON that is none"),
        (as_bytes(nbformat=3), "format 4; received 3: open it in JupyterLab"),
        (as_bytes(nbformat="four"), "format 4; received four"),
        (as_bytes(cells={}), "cells"),
        (as_bytes(cells=[{"cell_type": "code", "source": 5}]), "cells"),
        (as_bytes(cells=[{"cell_type": "sheet", "source": ""}]), "cells"),
        (b" " * (LARGEST + 1), "at most 20 MB; received 20 MB"),
    ],
)
def test_what_is_no_notebook_is_one_clear_line(content, says):
    with pytest.raises(BadSubmission) as stop:
        read(content)
    text = str(stop.value)
    assert says in text and text.startswith("expected a notebook")
    assert "; received" in text and "\n" not in text and len(text) < 200


def test_odd_but_readable_notebooks():
    cells = [
        {"cell_type": "code", "source": ["a = 1\n", "b = 2"], "metadata": None},
        {"cell_type": "markdown", "attachments": {"a.png": "no"}},
        {"cell_type": "code", "source": "\ud800", "metadata": {"nbgrader": [1]}},
        {"cell_type": "raw", "source": "x", "outputs": 7, "id": "same"},
        {"cell_type": "raw", "source": "y", "id": "same"},
    ]
    notebook = read(b"\xef\xbb\xbf" + as_bytes(cells=cells))
    assert [cell.source for cell in notebook.cells] == [
        "a = 1\nb = 2",
        "",
        "?",
        "x",
        "y",
    ]


# ---------------------------------------------------------------- restored


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Source cells as the gradebook has them, and the released notebook."""
    folder = made.write(tmp_path_factory.mktemp("course"))
    made.generate(folder)
    from cnnkit.course.grading.gradebook import Course

    opened = Course(made.NAME, folder)
    yield opened.sources[made.NAME], made.released(folder)
    opened.close()


def mended(course, notebook):
    source, _ = course
    found = read(json.dumps(notebook).encode())
    notes = restore(found, source)
    return found, notes


def ids(notebook):
    return [
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    ]


ORDER = [name for name, *_ in made.CELLS if name]


def check(course, found):
    """Every known cell once, in order; locked ones as in the source."""
    source, _ = course
    assert ids(found) == ORDER
    for original in source:
        cell = made.cell_of(found, original["name"])
        assert cell.cell_type == original["cell_type"]
        own = cell.metadata.nbgrader
        for name in ("grade", "solution", "locked", "task", "checksum"):
            assert own[name] == original[name]
        assert own.get("points") == original["points"]
        if original["locked"]:
            assert cell.source == original["source"]


def test_an_untouched_notebook_needs_nothing(course):
    found, notes = mended(course, course[1])
    assert notes == []
    check(course, found)
    hidden = made.cell_of(found, "test_size").source
    assert "HIDDEN" in hidden and "HIDDEN" not in str(course[1])


def test_order_comes_from_the_source(course):
    assert [cell["name"] for cell in course[0]] == ORDER


@pytest.mark.parametrize("name", ["setup", "test_size", "test_share", "why"])
def test_deleted(name, course):
    notebook = made.answered(course[1])
    notebook.cells.remove(made.cell_of(notebook, name))
    found, notes = mended(course, notebook)
    check(course, found)
    assert notes == [f"{name}: missing, put back"]


def test_deleted_answer_does_not_undo_one_written_elsewhere(course):
    notebook = made.answered(course[1])
    cell = made.cell_of(notebook, "output_size")
    cell.metadata = {}
    found, _ = mended(course, notebook)
    check(course, found)
    assert made.cell_of(found, "output_size").source == "# this cell was deleted"
    assert made.SIZE in [cell.source for cell in found.cells]


def test_edited(course):
    notebook = made.answered(course[1])
    made.cell_of(notebook, "test_size").source = "pass  # ``` it works"
    found, notes = mended(course, notebook)
    check(course, found)
    assert notes == ["test_size: edited, restored"]
    below = found.cells[found.cells.index(made.cell_of(found, "test_size")) + 1]
    assert below.cell_type == "markdown" and "pass  # ``` it works" in below.source
    assert "````" in below.source  # the fence is longer than what it holds


def test_duplicated(course):
    notebook = made.answered(course[1])
    tests = made.cell_of(notebook, "test_size")
    answer = made.cell_of(notebook, "output_size")
    edited = copy.deepcopy(tests)
    edited.source = "mine = 1"
    better = copy.deepcopy(answer)
    better.source = "# second try\n" + answer.source
    notebook.cells += [copy.deepcopy(tests), edited]
    notebook.cells.insert(notebook.cells.index(answer) + 1, better)
    found, notes = mended(course, notebook)
    check(course, found)
    assert notes == ["output_size: there 2 times", "test_size: there 3 times"]
    assert made.cell_of(found, "output_size").source == better.source
    code = [cell.source for cell in found.cells if cell.cell_type == "code"]
    assert answer.source in code  # both run, as in the student's notebook
    assert "mine = 1" in "\n".join(
        cell.source for cell in found.cells if cell.cell_type == "markdown"
    )


def test_retyped(course):
    notebook = made.answered(course[1])
    for name, kind in (("test_size", "markdown"), ("output_size", "raw")):
        old = made.cell_of(notebook, name)
        new = v4.new_markdown_cell(old.source, metadata=old.metadata)
        new.cell_type = kind
        notebook.cells[notebook.cells.index(old)] = new
    found, notes = mended(course, notebook)
    check(course, found)
    assert made.cell_of(found, "output_size").source == made.SIZE
    assert notes == [
        "output_size: was raw, is code again",
        "test_size: was markdown, is code again",
    ]


def test_reordered(course):
    notebook = made.answered(course[1])
    notebook.cells.append(v4.new_code_cell("after = 'why'"))
    notebook.cells.reverse()
    found, notes = mended(course, notebook)
    check(course, found)
    assert notes == ["cells were in another order: put back"]
    assert "after = 'why'" in [cell.source for cell in found.cells]


def test_marks_lost(course):
    notebook = made.answered(course[1])
    for cell in notebook.cells:
        cell.metadata = {}
    found, notes = mended(course, notebook)
    check(course, found)
    assert "test_size: mark lost, given back" in notes
    place = {cell.source: i for i, cell in enumerate(found.cells)}
    assert place[made.SIZE] < found.cells.index(made.cell_of(found, "test_size"))


def test_marks_of_cells_that_are_none_of_ours(course):
    notebook = made.answered(course[1])
    own = {"grade_id": "mine", "grade": True, "points": 100, "solution": False}
    notebook.cells.append(v4.new_code_cell("1", metadata={"nbgrader": own}))
    found, _ = mended(course, notebook)
    check(course, found)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_it(course, data):
    """Any mix of damage: complete, in order, and nothing that was typed is lost."""
    notebook = made.answered(course[1])
    cells, typed = notebook.cells, []
    for step in range(data.draw(st.integers(1, 8))):
        i = data.draw(st.integers(0, len(cells) - 1)) if cells else 0
        what = data.draw(
            st.sampled_from("delete copy move edit retype strip add".split())
        )
        if what == "add" or not cells:
            typed.append(f"typed_{step} = 1")
            cells.insert(i, v4.new_code_cell(typed[-1]))
        elif what == "delete":
            gone = cells.pop(i).source
            typed = [text for text in typed if text not in gone]
        elif what == "copy":
            cells.append(copy.deepcopy(cells[i]))
        elif what == "move":
            cells.insert(data.draw(st.integers(0, len(cells) - 1)), cells.pop(i))
        elif what == "edit":
            typed = [text for text in typed if text not in cells[i].source]
            typed.append(f"typed_{step} = 1")
            cells[i].source = typed[-1]
        elif what == "retype":
            cells[i].cell_type = data.draw(st.sampled_from(["code", "markdown", "raw"]))
        else:
            cells[i].metadata = {}
    found, notes = mended(course, notebook)
    check(course, found)
    everything = "\n".join(cell.source for cell in found.cells)
    assert all(text in everything for text in typed)
    again = copy.deepcopy(found)
    assert restore(again, course[0]) == [] and again.cells == found.cells, notes


# ---------------------------------------------------------------- canaries

TURNED = [  # a check, and a value of `x` with which it passes
    ("assert x == 3", 3),
    ("assert 3 == x", 3),
    ("assert x == 3 and y is None", 3),
    ("assert x == 3 or x == 4", 3),
    ("assert 2 < x < 4", 3),
    ("assert 2 < x", 3),
    ("assert all(x == n for n in (3, 3))", 3),
    ("assert bool(x == 3)", 3),
    ("assert (x == np.arange(3)).all()", np.arange(3)),
    ("assert np.all(x == np.arange(3))", np.arange(3)),
    ("assert np.allclose(x, [0, 1, 2])", np.arange(3)),
    ("np.testing.assert_allclose(x, [0, 1, 2], rtol=1e-5)", np.arange(3)),
    ("np.testing.assert_array_equal(x, [0, 1, 2])", np.arange(3)),
    ("feedback.expect('x', x, 3, (4, 'plus_one'))", 3),
    ("feedback.expect('x', x, [0, 1], *pairs, rtol=1e-5)", [0, 1]),
    ("feedback.plausible('x', x, int)\nfeedback.expect('x', x, 3)", 3),
    ("for n in (1, 2):\n    if n:\n        assert x == 3", 3),
]
NOT_TURNED = ["assert x", "assert x != 4", "assert not x == 4", "assert x is not None"]
NOT_TURNED += ["assert x == 3 or x is None", "assert x in (3, 4)", "print(x)", "%magic"]
NOT_TURNED += ["feedback.plausible('x', x, int)", "feedback.expect(*x)"]
NOT_TURNED += ["def helper():\n    assert 1 == 2"]


class Yes:
    """Equal to, greater and less than everything, as NumPy sees it too."""

    def __eq__(self, other):
        return True

    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = None
    all = __bool__ = lambda self: True


def names(x):
    return {"x": x, "y": None, "np": np, "feedback": feedback, "pairs": ()}


def run_doctored(check, x):
    code, message = canary.doctored(check)
    with pytest.raises(AssertionError) as stop:
        exec(code, names(x))
    return str(stop.value) == message


@pytest.mark.parametrize(("check", "x"), TURNED)
def test_doctored_checks_fail_for_the_honest(check, x):
    exec(check, names(x))
    assert run_doctored(check, x)


@pytest.mark.parametrize(
    "check",
    [check for check, x in TURNED if type(x) is int and "expect" not in check],
)
def test_doctored_checks_find_what_equals_everything(check):
    exec(check, names(Yes()))
    assert not run_doctored(check, Yes())


def test_feedback_is_not_taken_in_by_what_equals_everything():
    with pytest.raises(AssertionError, match="an object of type Yes"):
        feedback.expect("x", Yes(), 3)


@pytest.mark.parametrize("check", NOT_TURNED)
def test_checks_that_cannot_be_turned_are_left(check):
    assert canary.doctored(check) is None


def test_canaries_of_a_healthy_process():
    code, message = canary.must_fail()
    with pytest.raises(AssertionError, match=f"^{message}$"):
        exec(code, {})
    exec(canary.MUST_PASS, {})
    assert canary.must_fail()[1] != message


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (np.testing, "assert_allclose"),
        (np.testing, "assert_array_equal"),
        (feedback, "expect"),
        (feedback, "plausible"),
        (feedback, "own_work"),
    ],
)
def test_canaries_find_a_bent_check(module, name, monkeypatch):
    result = [1, 2] if name == "own_work" else None
    monkeypatch.setattr(module, name, lambda *a, **k: result)
    with pytest.raises(RuntimeError, match=name):
        exec(canary.MUST_PASS, {})


def test_canaries_find_a_feedback_of_the_students_own():
    with pytest.raises(RuntimeError, match="another module feedback"):
        exec(canary.MUST_PASS, {"feedback": np})
    exec(canary.MUST_PASS, {"feedback": feedback})


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -(10**30),
        2.5,
        "text",
        (1, (2, [3.0])),
        {"a": {"b": 1}},
        1 + 2j,
        np.float32(1.5),
        np.arange(6, dtype="int16").reshape(2, 3),
        np.zeros((0, 3)),
        np.array(2.0),
        np.array([True, False]),
        np.asfortranarray(np.arange(4.0).reshape(2, 2)),
        [np.ones(2), "x"],
    ],
)
def test_values_come_back(value):
    back = values.read(values.write(value))
    assert type(back) is type(value)
    np.testing.assert_equal(back, value)
    if isinstance(value, np.ndarray | np.generic):
        assert (back.dtype, back.shape) == (value.dtype, value.shape)


def test_not_a_number_comes_back():
    back = values.read(values.write([float("nan"), float("-inf"), np.array([np.nan])]))
    assert np.isnan(back[0]) and back[1] == -np.inf and np.isnan(back[2][0])


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array(["a"]), print, {1, 2}])
def test_what_cannot_be_taken_out(value):
    with pytest.raises(TypeError, match="expected a number, text"):
        values.write(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"array": 1}',
        '{"array": ["O", [1], ""]}',
        '{"array": ["<f8", [1], "!"]}',
        '{"array": ["<f8", [-1], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [1000000000, 1000000000], ""]}',
        '{"object": ["os", "system"]}',
        '{"a": 1, "b": 2}',
        '{"tuple": 3}',
        "[" * 100_000,
    ],
)
def test_what_nobody_wrote_is_refused(text):
    with pytest.raises(ValueError):
        values.read(text)


def test_the_outside_region_runs_as_it_stands():
    """To nbgrader and the author the region is plain Python."""
    source = made.CELLS[7][-1]
    names = {"np": np}
    exec(made.SIZE + "\n" + made.CONV, names)
    exec(source, names)
    inside, [(code, [call])] = outside.split(source)
    assert "outside" not in inside and "assert sizes" in code
    assert call == ["sizes", "signal", "conv1d(np.ones(2), np.full(2, 0.5))"]


def test_ordinary_hidden_tests_stay_inside():
    source = made.CELLS[4][-1]
    assert outside.split(source) == (source, [])
    assert "range(0" not in outside.released(source)


def test_judging():
    code = "def outside(a, b):\n    return 0.25 * (a == b)"
    calls = [[values.write(1), values.write(1)]]
    assert outside.judge([{"code": code, "calls": calls}])[0]["points"] == 0.25
    (answer,) = outside.judge([{"code": "def outside(x): x.y", "calls": [["1"]]}])
    assert answer["error"] == "AttributeError" and "line 1" in answer["trace"]
    (answer,) = outside.judge([{"code": "def outside(x): pass", "calls": [["{"]]}])
    assert answer["error"]


# ---------------------------------------------------------------- outputs, hand-out


def test_outputs_that_act_are_left_out():
    outputs = [
        v4.new_output("display_data", data={"text/html": "<script>"}),
        v4.new_output(
            "execute_result",
            data={"text/plain": "<b>", "image/png": '"><script>', "text/latex": "$"},
            metadata={"image/png": {"width": '"'}},
        ),
        v4.new_output(
            "display_data",
            data={"image/png": "aGFja2Vk\n"},
            metadata={"alt": "A \ud800 line.", "onload": "act()"},
        ),
        v4.new_output("stream", name="stderr", text="\ud800"),
    ]
    kept = harmless(outputs)
    assert kept[0].data == {"text/plain": "[not kept: text/html]"}
    assert kept[1].data == {"text/plain": "<b>"} and kept[1].metadata == {}
    assert kept[2].data == {"image/png": "aGFja2Vk\n"}
    assert kept[2].metadata == {"alt": "A ? line."}
    assert kept[3].text == "?"


def test_the_course_must_not_lie_where_everyone_reads(tmp_path):
    assert hides(tmp_path)
    assert not hides(made.ROOT / "cnnkit" / "course")


def test_without_bubblewrap_nothing_isolates(monkeypatch):
    from cnnkit.course.grading import sandbox

    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(SandboxError, match="sudo apt install bubblewrap"):
        sandbox.isolation.__wrapped__()


class Executor:
    """Breaks when it gets the student `bad`, as a pool does whose worker dies."""

    made = 0

    def __init__(self):
        Executor.made += 1
        self.broken = False

    def submit(self, function, task):
        future = schedule.Future()
        if self.broken:
            raise schedule.BrokenExecutor
        if task["student"] == "bad":
            self.broken = True
            future.set_exception(schedule.BrokenExecutor())
        elif task["student"] == "odd":
            future.set_exception(RuntimeError("far away"))
        else:
            future.set_result({"student": task["student"], "error": ""})
        return future

    def shutdown(self, **options):
        pass


def test_a_worker_that_ends_costs_only_its_cause():
    students = ["a", "b", "bad", "c", "odd", "d", "e"]
    tasks = ({"student": student} for student in students)
    results = dict(
        (task["student"], result["error"])
        for task, result in schedule.run(tasks, Executor, 3)
    )
    assert sorted(results) == sorted(students)
    assert {name for name, error in results.items() if error} == {"bad", "odd"}
    assert "twice" in results["bad"] and "RuntimeError: far away" in results["odd"]


def test_what_is_said_of_many_cells_is_one_line():
    from cnnkit.course.grading import command

    many = [f"cell_{k}: missing, put back" for k in range(40)]
    notes = ["a: edited, restored", *many, "b: edited, restored", "not handed in"]
    assert command._together(notes) == [
        "a, b: edited, restored",
        "40 cells (cell_0, cell_1, …): missing, put back",
        "not handed in",
    ]


def test_limits_are_what_the_help_says(capsys):
    from cnnkit.course.grading import command

    assert Limits().cell == command.parse(["x"]).cell == 30
    for wrong in (["x", "--jobs", "0"], ["x", "--memory", "-1"], []):
        with pytest.raises(SystemExit):
            command.parse(wrong)
    assert "expected --memory above 0; received -1" in capsys.readouterr().err
