"""The course's folders and nbgrader's database, for `cnnkit grade`."""

import datetime
import fnmatch
import hashlib
import json
import os
import shutil
import stat
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape, glob
from pathlib import Path

import nbformat
import sqlalchemy.exc
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config, PyFileConfigLoader

from .notebook import LARGEST, BadSubmission
from .sandbox import PACKAGE

CONFIG = "nbgrader_config.py"
MOST_FILES, LARGEST_FILES = 1000, 50 << 20
VERSION = 1  # of the way of grading: another one grades anew


class CourseError(Exception):
    """The course cannot be graded as it is; the message is one line."""


def load_config(folder: Path) -> Config:
    """The configuration that nbgrader would read in a folder, or this course's own."""
    from jupyter_core.paths import jupyter_config_path

    config = Config()
    folders = [*reversed(jupyter_config_path()), str(folder)]
    if not (folder / CONFIG).exists():
        folders[-1] = str(PACKAGE.parent)
    for path in folders:
        if os.path.exists(os.path.join(path, CONFIG)):
            config.merge(PyFileConfigLoader(CONFIG, path).load_config())
    return config


@dataclass
class Submission:
    """What one student handed in, read and ready to be graded, or why it is not."""

    student: str
    folder: Path
    error: str = ""
    notebooks: dict | None = None
    files: dict | None = None
    notes: list | None = None
    fingerprint: str = ""


class Course:
    """One assignment of a course.

    Args:
        assignment: its name.
        folder: the course's folder; default: the current one.

    Raises:
        CourseError: if the gradebook or the assignment is not there.
    """

    def __init__(self, assignment: str, folder: Path | None = None):
        self.assignment = assignment
        folder = (folder or Path()).absolute()
        self.config = load_config(folder)
        if "root" not in self.config.CourseDirectory:
            self.config.CourseDirectory.root = str(folder)
        self.directory = CourseDirectory(config=self.config)
        self.root = Path(self.directory.root)
        url = self.directory.db_url
        if url.startswith("sqlite:///") and not Path(url[10:]).is_file():
            raise CourseError(
                f"expected a gradebook at {url[10:]}; received none: run `nbgrader "
                f"generate_assignment {assignment}` first, in the course's folder"
            )
        try:
            self.gradebook = Gradebook(url, self.directory.course_id)
            self.sources = self._sources()
        except MissingEntry:
            known = [a.name for a in self.gradebook.assignments]
            raise CourseError(
                "expected an assignment of the gradebook, one of "
                f"{', '.join(known) or 'none yet'}; received {assignment}: run "
                f"`nbgrader generate_assignment {assignment}` first"
            ) from None
        except sqlalchemy.exc.DatabaseError as error:
            raise CourseError(_database_trouble(error)) from None

    def close(self):
        self.gradebook.close()

    def path(self, step: str, student: str) -> Path:
        return Path(self.directory.format_path(step, student, self.assignment))

    def record_path(self, student: str) -> Path:
        return self.root / "reports" / self.assignment / f"{student}.json"

    def _sources(self) -> dict[str, list[dict]]:
        """For each notebook its cells, in the order of the source notebook."""
        found = {}
        for notebook in self.gradebook.find_assignment(self.assignment).notebooks:
            graded = {cell.name: cell for cell in notebook.grade_cells}
            tasks = {cell.name: cell for cell in notebook.task_cells}
            solutions = {cell.name for cell in notebook.solution_cells}
            cells = {}
            for cell in notebook.source_cells:
                points = graded.get(cell.name) or tasks.get(cell.name)
                cells[cell.name] = {
                    "name": cell.name,
                    "cell_type": cell.cell_type,
                    "source": cell.source or "",
                    "locked": bool(cell.locked),
                    "checksum": cell.checksum,
                    "grade": cell.name in graded,
                    "solution": cell.name in solutions,
                    "task": cell.name in tasks,
                    "points": points.max_score if points else None,
                }
            order = self._order(notebook.name)
            names = [name for name in order if name in cells]
            names += [name for name in cells if name not in names]
            found[notebook.name] = [cells[name] for name in names]
        if not found:
            raise MissingEntry("no notebooks")
        return found

    def _order(self, name: str) -> list[str]:
        """The database keeps no order of its own; the source notebook has it."""
        path = self.path(self.directory.source_directory, ".") / f"{name}.ipynb"
        try:
            cells = nbformat.read(path, as_version=4).cells
        except (OSError, ValueError):
            return []
        return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]

    def submissions(self, wanted: list[str]) -> Iterator[Submission]:
        """All that was handed in, or what the wanted students did, by student.

        One at a time: together they may be larger than memory.
        """
        before, after = str(self.path(self.directory.submitted_directory, "\0")).split(
            "\0"
        )
        folders = {}
        for path in glob(f"{escape(before)}*{escape(after)}"):
            folders[path[len(before) : len(path) - len(after)]] = Path(path)
        if wanted:
            known = folders
            folders = {student: known.get(student) for student in wanted}
        twins: dict[str, list[str]] = {}
        for student in sorted(folders):
            twins.setdefault(_folded(student), []).append(student)
        for student, folder in sorted(folders.items()):
            submission = Submission(student, folder)
            try:
                self._check_student(student, folder, twins[_folded(student)])
                self._read(submission)
            except BadSubmission as error:
                submission.error = str(error)
            except OSError as error:
                submission.error = f"expected files to read; received {error}"
            yield submission

    def _check_student(self, student, folder, twins):
        if folder is None:
            raise BadSubmission(
                f"expected a student with a folder in "
                f"{self.directory.submitted_directory}/; received {student}"
            )
        if len(twins) > 1:
            raise BadSubmission(
                f"expected one folder for each student; received {', '.join(twins)}"
            )
        if (
            student != student.strip()
            or not student.isprintable()
            or len(student) > 128
        ):
            raise BadSubmission(
                f"expected a student's id, without spaces at its ends; received "
                f"{student!r}"
            )
        if self.config.Autograde.get("create_student") is False:
            try:
                self.gradebook.find_student(student)
            except MissingEntry:
                raise BadSubmission(
                    f"expected a student of the gradebook; received {student}: "
                    f"`nbgrader db student add {student}` adds one"
                ) from None

    def _read(self, submission):
        submission.notes = []
        notebooks, files = {}, {}
        others = []
        if submission.folder.is_symlink():
            raise BadSubmission("expected a folder; received a link to one")
        if not submission.folder.is_dir():
            raise BadSubmission("expected a folder; received a file")
        for path, name in _walk(submission.folder, self.directory.ignore):
            expected = name[:-6] in self.sources and name.endswith(".ipynb")
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                what = "a link" if stat.S_ISLNK(status.st_mode) else "none"
                if expected:
                    raise BadSubmission(f"{name}: expected a file; received {what}")
                submission.notes.append(f"{name}: {what}, left out")
            elif expected:
                if status.st_size > LARGEST:
                    raise BadSubmission(
                        f"{name}: expected a notebook of at most {LARGEST >> 20} MB; "
                        f"received {status.st_size >> 20} MB"
                    )
                notebooks[name[:-6]] = _content(path)
            elif name.endswith(".ipynb"):
                others.append(name)
            elif name != "timestamp.txt":
                left = LARGEST_FILES - sum(map(len, files.values()))
                if status.st_size > left or len(files) >= MOST_FILES:
                    raise BadSubmission(
                        f"expected at most {MOST_FILES} files of {LARGEST_FILES >> 20} "
                        f"MB together; received more"
                    )
                files[name] = _content(path)
        if not notebooks:
            names = ", ".join(f"{name}.ipynb" for name in self.sources)
            received = ", ".join(sorted(others)[:5]) or "no notebook"
            raise BadSubmission(f"expected {names}; received {received}")
        for name in self.sources.keys() - notebooks.keys():
            submission.notes.append(f"{name}.ipynb: not handed in")
        submission.notes += [f"{name}: not asked for, left out" for name in others]
        source = self.path(self.directory.source_directory, ".")
        if source.is_dir():  # the assignment's own files win, as in nbgrader
            for path, name in _walk(source, self.directory.ignore):
                if not name.endswith(".ipynb") and path.is_file():
                    files[name] = path.read_bytes()
        submission.notebooks, submission.files = notebooks, files
        digest = hashlib.sha256(json.dumps([VERSION, self.sources]).encode())
        for group in (notebooks, files):
            for name in sorted(group):
                digest.update(f"{name}\0{len(group[name])}\0".encode())
                digest.update(group[name])
        submission.fingerprint = digest.hexdigest()

    def is_graded(self, submission: Submission) -> bool:
        """Whether this very work has been graded, to the end, against these tests."""
        try:
            record = json.loads(self.record_path(submission.student).read_text())
            self.gradebook.find_submission(self.assignment, submission.student)
        except (OSError, ValueError, MissingEntry):
            return False
        return (
            record.get("fingerprint") == submission.fingerprint
            and self.path(
                self.directory.autograded_directory, submission.student
            ).is_dir()
        )

    def save(self, submission: Submission, result: dict):
        """Grades into the gradebook at once, then the notebooks, then the record.

        Whatever stops this in between, the record is missing and the submission is
        graded again, with the same result.

        Raises:
            CourseError: if the gradebook cannot be written.
        """
        executed = {
            name: nbformat.reads(one["notebook"], as_version=4)
            for name, one in result["notebooks"].items()
        }
        for attempt in range(3):
            try:
                with warnings.catch_warnings():  # nbgrader's own way of adding
                    warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
                    self._save_grades(submission, result, executed)
                break
            except sqlalchemy.exc.OperationalError as error:  # locked: waited for 5 s
                self.gradebook.db.rollback()
                if attempt == 2 or "locked" not in str(error):
                    raise CourseError(_database_trouble(error)) from None
        self._save_files(submission, executed)
        result["notes"] = submission.notes
        result["fingerprint"] = submission.fingerprint
        for one in result["notebooks"].values():
            one.pop("notebook")
        path = self.record_path(submission.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(result, indent=1, ensure_ascii=False))
        os.replace(part, path)

    def _save_grades(self, submission, result, executed):
        gradebook, student = self.gradebook, submission.student
        timestamp = self._timestamp(submission)
        gradebook.update_or_create_student(student)
        more = {"timestamp": timestamp} if timestamp else {}
        handed_in = gradebook.update_or_create_submission(
            self.assignment, student, **more
        )
        for notebook in handed_in.notebooks:
            grades = {grade.name: grade for grade in notebook.grades}
            comments = {comment.name: comment for comment in notebook.comments}
            if notebook.name not in executed:
                for grade in grades.values():
                    grade.auto_score, grade.needs_manual_grade = 0, False
                continue
            verdicts = result["notebooks"][notebook.name]["cells"]
            for cell in executed[notebook.name].cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if utils.is_grade(cell):
                    grade = grades[name]
                    grade.auto_score, _ = utils.determine_grade(cell)
                    grade.needs_manual_grade = bool(
                        grade.manual_score is not None
                        or grade.auto_score is None
                        or verdicts.get(name, {}).get("flag")
                    )
                if name in comments and (
                    utils.is_solution(cell) or utils.is_task(cell)
                ):
                    same = cell.metadata.nbgrader.checksum == utils.compute_checksum(
                        cell
                    )
                    untouched = same and not utils.is_task(cell)
                    comments[name].auto_comment = "No response." if untouched else None
        gradebook.db.commit()
        if timestamp:
            for name, notebook in executed.items():
                where = {"notebook": name, "assignment": self.assignment}
                where |= {"student": student, "db_url": self.directory.db_url}
                AssignLatePenalties(config=self.config).preprocess(
                    notebook, {"nbgrader": where}
                )

    def _timestamp(self, submission) -> datetime.datetime | None:
        path = submission.folder / "timestamp.txt"
        if path.is_symlink() or not path.is_file():
            return None
        text = path.read_bytes()[:100].decode(errors="replace").strip()
        try:
            return utils.parse_utc(text) if text else None
        except (ValueError, OverflowError):
            submission.notes.append("timestamp.txt: no time, left out")
            return None

    def _save_files(self, submission, executed):
        target = self.path(self.directory.autograded_directory, submission.student)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        old = target.with_name(f".{target.name}.old")
        for path in (part, old):
            if path.exists():
                utils.rmtree(str(path))
        files = dict(submission.files)
        stamp = submission.folder / "timestamp.txt"
        if stamp.is_file() and not stamp.is_symlink():
            files["timestamp.txt"] = stamp.read_bytes()
        for name, notebook in executed.items():
            files[f"{name}.ipynb"] = nbformat.writes(notebook).encode()
        for name, content in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        if target.exists():
            os.rename(target, old)
        os.rename(part, target)
        if old.exists():
            utils.rmtree(str(old))


def _folded(student: str) -> str:
    return unicodedata.normalize("NFKC", student).strip().casefold()


def _walk(folder: Path, ignore):
    for where, folders, names in os.walk(folder, followlinks=False):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in links and not _ignored(name, ignore)
        )
        for name in sorted([*names, *links]):
            if not _ignored(name, ignore):
                path = Path(where) / name
                yield path, path.relative_to(folder).as_posix()


def _ignored(name, ignore) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in ignore)


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        return file.read()


def _database_trouble(error) -> str:
    text = str(getattr(error, "orig", error))
    advice = "run `nbgrader db upgrade` after a backup"
    if "locked" in text:
        advice = "another program writes it: close the formgrader and try again"
    return f"expected a gradebook to work with; received {text!r}: {advice}"


def remove_leftovers(course: Course):
    """Folders that a run which was killed left half-made."""
    above = course.path(course.directory.autograded_directory, "*").parent
    for path in glob(f"{above}/.{course.assignment}.*"):
        if path.endswith((".part", ".old")):
            shutil.rmtree(path, ignore_errors=True)
