"""What nbgrader's own commands run of this course, as preprocessors.

The same grading for `nbgrader autograde` and the formgrader; and, for
`nbgrader generate_assignment`, links that lead somewhere.
"""

import json
import os
import re
import time
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades

from .gradebook import Course
from .notebook import read, restore
from .sandbox import PACKAGE, Limits, isolation
from .submission import Run

FLAG = "HumanNeeded"


def _cells(resources) -> list[dict]:
    where = resources["nbgrader"]
    course = Course(where["assignment"], Path(os.getcwd()))
    try:
        return course.sources[where["notebook"]]
    finally:
        course.close()


class Restore(NbGraderPreprocessor):
    """Puts the notebook in order, see `notebook.restore`."""

    def preprocess(self, nb, resources):
        notebook = read(nbformat.writes(nb).encode())
        for note in restore(notebook, _cells(resources)):
            self.log.warning(note)
        return notebook, resources


class Execute(NbGraderPreprocessor):
    """Runs the notebook in a sandbox, see `submission.Run`; refuses without one."""

    def preprocess(self, nb, resources):
        self.log.info("Isolation: %s", isolation())
        limits = Limits()
        folder = Path(resources["metadata"]["path"] or ".")
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb"
        }
        sources = {resources["nbgrader"]["notebook"]: _cells(resources)}
        task = {"limits": limits, "files": files, "sandboxed": True, "sources": sources}
        run = Run(task, deadline=time.monotonic() + limits.wall)
        result = run.grade(nb, [])
        self.log.info("Verdicts: %s", json.dumps(result["cells"]))
        return nb, resources


class Save(SaveAutoGrades):
    """nbgrader's own, and what a human has to look at is marked so."""

    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        if any(output.get("ename") == FLAG for output in cell.get("outputs", [])):
            grade = self.gradebook.find_grade(
                cell.metadata["nbgrader"]["grade_id"],
                self.notebook_id,
                self.assignment_id,
                self.student_id,
            )
            grade.needs_manual_grade = True
            self.gradebook.db.commit()


class Links(NbGraderPreprocessor):
    """Links to lessons lead there from the students' copy too, see `relink`."""

    def preprocess(self, nb, resources):
        directory = self.parent.parent.coursedir
        assignment = resources["nbgrader"]["assignment"]
        source, copy = (
            Path(directory.format_path(step, ".", assignment))
            for step in (directory.source_directory, directory.release_directory)
        )
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = relink(cell.source, source, copy)
        return nb, resources


LINK = re.compile(r"\[([^\]]+)\]\(([^():#]+\.ipynb)(#[^()]*)?\)")


def relink(text: str, source: Path, place: Path) -> str:
    """Markdown whose links to other notebooks hold in another folder.

    Args:
        text: as it stands in `source`.
        source: folder that it comes from.
        place: folder that it goes to; outside of the course there is nothing to link
            to, and the link becomes text.

    >>> here = PACKAGE.parent / "lessons" / "exercises" / "03_shapes"
    >>> relink("[lesson 03](../../03_shapes.ipynb)", here, PACKAGE.parent / "worked")
    '[lesson 03](../lessons/03_shapes.ipynb)'
    >>> relink("[lesson 03](../../03_shapes.ipynb)", here, Path("/srv/course"))
    'lesson 03 (`03_shapes.ipynb`)'
    """

    def moved(match):
        target = (source / match[2]).resolve()
        if PACKAGE.parent in place.resolve().parents:
            path = Path(os.path.relpath(target, place.resolve())).as_posix()
            return f"[{match[1]}]({path}{match[3] or ''})"
        return f"{match[1]} (`{target.name}`)"

    return LINK.sub(moved, text)
