"""A small course with one assignment, and submissions to it, for the grading tests."""

import contextlib
import copy
import os
from pathlib import Path

import nbformat
import psutil
from nbformat import v4

ROOT = Path(__file__).parents[1]
NAME = "sizes"
POINTS = {"test_size": 2.0, "test_conv": 2.0, "test_outside": 3.0, "test_share": 1.0}

SIZE = """def output_size(n, kernel, stride=1):
    return (n - kernel) // stride + 1"""
CONV = """def conv1d(x, kernel):
    k = len(kernel)
    return np.array([x[i : i + k] @ kernel for i in range(len(x) - k + 1)])"""
WRONG_SIZE = "def output_size(n, kernel, stride=1):\n    return n"
WRONG_CONV = "def conv1d(x, kernel):\n    return np.zeros(len(x))"


def solved(code):
    head, body = code.split("\n", 1)
    return f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"


CELLS = [  # (grade id or None, kind, grade, solution, points, source)
    (None, "markdown", False, False, None, "# Sizes\nTwo functions, and why."),
    ("setup", "code", False, False, None, "import numpy as np"),
    ("output_size", "code", False, True, None, solved(SIZE)),
    (
        "try_size",
        "code",
        False,
        False,
        None,
        '"""Practice: counts for nothing."""\nassert output_size(5, 3) == 3',
    ),
    (
        "test_size",
        "code",
        True,
        False,
        2,
        '"""Windows that fit, strides included."""\n'
        "assert output_size(227, 11, 4) == 55\n"
        "### BEGIN HIDDEN TESTS\n"
        "for n in (7, 8, 9):\n"
        "    assert output_size(n, 2, 3) == len(range(0, n - 1, 3))\n"
        "### END HIDDEN TESTS",
    ),
    ("conv1d", "code", False, True, None, solved(CONV)),
    (
        "test_conv",
        "code",
        True,
        False,
        2,
        '"""A sliding product."""\n'
        "np.testing.assert_allclose(conv1d(np.arange(5.0), np.ones(2)), [1, 3, 5, 7])\n"
        "### BEGIN HIDDEN TESTS\n"
        "np.testing.assert_allclose(conv1d(np.eye(4)[1], np.arange(3.0)), [1, 0])\n"
        "### END HIDDEN TESTS",
    ),
    (
        "test_outside",
        "code",
        True,
        False,
        3,
        '"""The same, judged elsewhere."""\n'
        "sizes = [output_size(n, 3) for n in (3, 10)]\n"
        "signal = conv1d(np.arange(6.0) ** 2, np.array([1.0, -1.0]))\n"
        "### BEGIN HIDDEN TESTS\n"
        "def outside(sizes, signal, other):\n"
        "    import numpy as np\n"
        "    assert sizes == [1, 8]\n"
        "    np.testing.assert_allclose(signal, [-1, -3, -5, -7, -9])\n"
        "    np.testing.assert_allclose(other, [1.0])\n"
        "\n"
        "outside(sizes, signal, conv1d(np.ones(2), np.full(2, 0.5)))\n"
        "### END HIDDEN TESTS",
    ),
    (
        "test_share",
        "code",
        True,
        False,
        1,
        '"""Half a point for each."""\n'
        "size, length = output_size(4, 2), len(conv1d(np.ones(4), np.ones(2)))\n"
        "### BEGIN HIDDEN TESTS\n"
        "def outside(size, length):\n"
        "    return 0.5 * (size == 3) + 0.5 * (length == 3)\n"
        "\n"
        "outside(size, length)\n"
        "### END HIDDEN TESTS",
    ),
    ("why", "markdown", True, True, 2, "The answer."),
]


def write(folder: Path) -> Path:
    """The course's folder, with its configuration and the assignment's source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(
        f"load_subconfig({str(ROOT / 'nbgrader_config.py')!r})\n"
        "c = get_config()\n"
        "c.CourseDirectory.source_directory = 'source'\n"
    )
    notebook = v4.new_notebook()
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3 (ipykernel)",
    }
    for name, kind, grade, solution, points, source in CELLS:
        make = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
        cell = make(source)
        if name:
            own = {
                "grade_id": name,
                "grade": grade,
                "solution": solution,
                "locked": not solution,
                "task": False,
                "schema_version": 3,
            }
            if points is not None:
                own["points"] = points
            cell.metadata["nbgrader"] = own
        notebook.cells.append(cell)
    place = folder / "source" / NAME
    place.mkdir(parents=True)
    nbformat.write(notebook, place / f"{NAME}.ipynb")
    return folder


def generate(folder: Path):
    """What `nbgrader generate_assignment` does, without starting a program for it."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    from cnnkit.course.grading.gradebook import load_config

    config = load_config(folder)
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.assignment_id = NAME
    directory = CourseDirectory(config=config)
    GenerateAssignment(coursedir=directory, config=config).start()


def released(folder: Path):
    return nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def cell_of(notebook, name):
    (found,) = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    ]
    return found


def answered(notebook, size=SIZE, conv=CONV, first=(), why="Because."):
    """A released notebook filled in; `first` are the student's own cells, on top."""
    notebook = copy.deepcopy(notebook)
    cell_of(notebook, "output_size").source = size
    cell_of(notebook, "conv1d").source = conv
    cell_of(notebook, "why").source = why
    notebook.cells[2:2] = [v4.new_code_cell(code) for code in first]
    return notebook


def submit(folder: Path, student: str, notebook, files=()):
    """Hands in a notebook (or bytes in its place) and other files, name: bytes."""
    place = folder / "submitted" / student / NAME
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{NAME}.ipynb"
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        nbformat.write(notebook, path)
    for name, content in dict(files).items():
        (place / name).write_bytes(content)
    return place


def scores(folder: Path) -> dict[str, dict[str, float]]:
    """What the gradebook holds: student: grade id: points."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db", "cnnkit") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.name in POINTS
            }
            for submission in gradebook.assignment_submissions(NAME)
        }


def no_bubblewrap() -> str:
    """Why nothing isolates here, or ""; under CI that is an error."""
    from cnnkit.course.grading.sandbox import SandboxError, isolation

    try:
        isolation()
    except SandboxError as error:
        if os.environ.get("CI"):
            raise
        return f"NOT TESTED, the sandbox: {error}"
    return ""


def left_over(mark: str | None = None) -> list[str]:
    """Strangers' processes that nobody watches: no test is above them any more."""
    found = []
    for process in psutil.process_iter(["cmdline", "uids"]):
        line, uids = " ".join(process.info["cmdline"] or []), process.info["uids"]
        stranger = uids and uids.real >= 1_000_000_000
        marked = mark is not None and mark in line
        if stranger or marked or "grading import forkserver" in line:
            with contextlib.suppress(psutil.NoSuchProcess):
                above = [" ".join(parent.cmdline()) for parent in process.parents()]
                if not any("pytest" in text for text in above):
                    found.append(line)
    return found
