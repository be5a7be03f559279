"""Makes what is handed out from the exercises' sources: `cnnkit exercises [NN …]`.

A source, `lessons/exercises/NN_topic/NN_topic.ipynb`, holds everything: text, solutions
and hidden tests.  Two notebooks are made of it, anew each time: the students' copy,
without solutions and hidden tests, by nbgrader's own converter; and the worked
solutions, executed.
"""

import argparse
import ast
import copy
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..questions import MISCONCEPTIONS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "lessons" / "exercises"
SOLUTION = re.compile(
    r"^[ \t]*### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*\n?",
    re.S | re.M,
)


def sources() -> dict[str, Path]:
    """The source notebooks, by name."""
    return {path.parent.name: path for path in sorted(FOLDER.glob("*/*.ipynb"))}


def mutants(path: Path) -> list[dict]:
    """The wrong answers that are kept beside a source.

    Args:
        path: of the source notebook.

    Returns:
        For each: `answer` (grade id of the cell that it replaces), `name`, `source`,
        and where they are given `says` (a key of `MISCONCEPTIONS`) and `fails` (the
        graded cells that lose their points).

    Raises:
        ValueError: if one has other fields or a key that is none.
    """
    import tomllib

    file = path.parent / "mutants.toml"
    found = tomllib.loads(file.read_text())["mutant"] if file.exists() else []
    for one in found:
        where = f"{file.parent.name}, {one.get('name', 'a mutant')!r}"
        missing = {"answer", "name", "source"} - one.keys()
        unknown = one.keys() - {"answer", "name", "source", "says", "fails"}
        if missing or unknown:
            raise ValueError(
                f"{where}: expected answer, name, source, says, fails; received "
                f"{', '.join(sorted(one))}"
            )
        if one.get("says", "plus_one") not in MISCONCEPTIONS:
            raise ValueError(
                f"{where}: expected a key of MISCONCEPTIONS; received {one['says']!r}"
            )
    return found


def release(names: list[str], into: Path, force: bool = False) -> list[str]:
    """Writes the students' copies: `into`/release/NN_topic/NN_topic.ipynb.

    A copy that is there and reads otherwise may hold somebody's answers: it is kept.

    Args:
        names: of the exercises.
        into: an existing folder.
        force: replace such a copy too.

    Returns:
        The names of those that were kept.
    """
    import logging

    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    from .grading.gradebook import load_config

    def make(name):
        config = load_config(ROOT)
        config.CourseDirectory.root = str(into)
        config.CourseDirectory.release_directory = part
        config.CourseDirectory.assignment_id = name
        config.SaveCells.enabled = False  # no gradebook
        directory = CourseDirectory(config=config)
        made = GenerateAssignment(coursedir=directory, config=config)
        made.no_database = made.force = True
        made.log = logging.getLogger("cnnkit.exercises")
        made.log.setLevel(logging.ERROR)
        made.start()

    kept = []
    # beside `release`: links are relative, and the move is one step
    with tempfile.TemporaryDirectory(dir=into, prefix=".release-") as folder:
        part = Path(folder).name
        for name in names:
            make(name)
            there = into / "release" / name / f"{name}.ipynb"
            made = into / part / name / there.name
            if there.exists() and not force:
                if there.read_bytes() != made.read_bytes():
                    kept.append(name)
                continue
            there.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made, there)
    return kept


def worked(notebook):
    """A source as worked solutions: no markers, hints, hidden tests, nbgrader's marks.

    Args:
        notebook: the source; it is left as it is.

    Returns:
        A notebook to be executed.
    """
    from .grading.outside import released

    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
        if cell.cell_type == "code":
            cell.source = _solved(released(cell.source))
        cell.source = cell.source.strip()
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.source and not cell.source.startswith("<details>")
    ]
    first = notebook.cells[0]
    first.source = re.sub(r"\A# Exercises ", "# Worked solutions ", first.source)
    first.source = re.sub(
        r"\n\n\*\*Practice\*\* exercises .*", "", first.source, flags=re.S
    )
    first.source += (
        "\n\nWhat the solutions print is below them; hidden tests are left out."
    )
    return notebook


def practice(notebook):
    """Worked solutions without those of the graded exercises."""
    kept, graded = [], False
    for cell in copy.deepcopy(notebook.cells):
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            graded = "**Graded" in cell.source
        if not graded:
            kept.append(cell)
    notebook = copy.copy(notebook)
    notebook.cells = kept
    return notebook


def _solved(source: str) -> str:
    """A solution without its markers, and without the dots that stood in its place.

    >>> _solved("a = ...\\n### BEGIN SOLUTION\\na, b = 1, 2\\n### END SOLUTION")
    'a, b = 1, 2\\n'
    """
    body = ast.parse(source).body
    filled = set()  # names, from the end backwards
    lines: list = source.split("\n")
    for node in reversed(body):
        names = {
            x.id
            for x in ast.walk(node)
            if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
        }
        dots = isinstance(node, ast.Assign) and ast.unparse(node.value) == "..."
        if dots and names <= filled:
            lines[node.lineno - 1 : node.end_lineno] = [None]
        filled |= names
    return SOLUTION.sub(r"\1", "\n".join(x for x in lines if x is not None))


def write_worked(path: Path, folder: Path):
    """Executes the worked solutions of a source and writes them.

    Args:
        path: of the source.
        folder: for the notebook; `folder`/practice gets one without graded exercises.
    """
    import nbformat

    from .grading.preprocessors import relink
    from .lessons import execute

    part = folder / f".{path.name}"  # no half-made notebook under its name
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(worked(nbformat.read(path, as_version=4)), part)
    try:
        execute(part)
        notebook = nbformat.read(part, as_version=4)
    finally:
        part.unlink(missing_ok=True)
    for place, made in (
        (folder, notebook),
        (folder / "practice", practice(notebook)),
    ):
        made = copy.deepcopy(made)
        for cell in made.cells:
            if cell.cell_type == "markdown":
                cell.source = relink(cell.source, path.parent, place)
        place.mkdir(exist_ok=True)
        nbformat.write(made, place / path.name)


def main(argv: list[str] | None = None) -> int:
    """Makes both notebooks of the named exercises (`01 03`), or of all of them."""
    known = sources()
    parser = argparse.ArgumentParser(
        prog="cnnkit exercises",
        description="Makes students' copies (release/) and worked solutions (worked/) "
        "from the sources in lessons/exercises.",
    )
    parser.add_argument("exercises", nargs="*", help="number or name; default: all")
    parser.add_argument(
        "--into", type=Path, default=Path(), help="folder for both; default: this one"
    )
    parser.add_argument(
        "--no-worked", action="store_true", help="students' copies only"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace copies that were written into"
    )
    options = parser.parse_args(argv)
    if not known:
        print(
            f"expected the course's folder; received no exercises in {FOLDER}: they "
            "do not come with the package. Run `pip install -e '.[grade]'` in a "
            "complete checkout of the course",
            file=sys.stderr,
        )
        return 2
    names = []
    for wanted in options.exercises or known:
        found = [name for name in known if wanted in (name, name[:2])]
        if not found:
            shown = ", ".join(name[:2] for name in known)
            parser.error(f"expected exercises, {shown}; received {wanted}")
        names += found
    try:
        import nbgrader  # noqa: F401
    except ModuleNotFoundError:
        print(
            "expected the packages for grading; received no nbgrader: "
            "run `pip install -e '.[grade]'` in the course's folder",
            file=sys.stderr,
        )
        return 2
    into = options.into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    kept = release(names, into, options.force)
    seconds = time.monotonic() - start
    print(f"{len(names)} students' copies in {into / 'release'}, {seconds:.1f} s")
    if kept:
        print(
            f"kept, because something was written into them or the source is newer: "
            f"{', '.join(kept)} (--force replaces them)"
        )
    if options.no_worked:
        return 0
    failed = 0
    start = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        made = {
            name: pool.submit(write_worked, known[name], into / "worked")
            for name in names
        }
        for name, job in made.items():
            try:
                job.result()
            except Exception as error:
                failed += 1
                print(f"{name}: not made: {error}", file=sys.stderr)
    seconds = time.monotonic() - start
    count = len(names) - failed
    print(f"{count} worked solutions in {into / 'worked'}, {seconds:.1f} s")
    return 1 if failed else 0
