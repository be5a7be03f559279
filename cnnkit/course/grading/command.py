"""Grades what students handed in: `cnnkit grade ASSIGNMENT`.

nbgrader's gradebook, folders, formgrader, feedback and export stay; what runs the
strangers' notebooks, and decides, is `cnnkit.course.grading`.
"""

import argparse
import os
import sys
import time
from dataclasses import fields, replace

from .sandbox import NO_SANDBOX, Limits, SandboxError, hides, isolation

OPTIONS = {
    "cell": "seconds of wall clock for one cell",
    "wall": "seconds of wall clock for a submission",
    "cpu": "seconds of processor time for a submission",
    "memory": "MB of memory for a submission",
    "disk": "MB of files for a submission",
}


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "cnnkit grade",
        description="Grades what lies in submitted/STUDENT/ASSIGNMENT into nbgrader's "
        "gradebook. What is graded already is left alone unless it has changed.",
    )
    parser.add_argument("assignment")
    parser.add_argument(
        "--student", action="append", default=[], help="only this one; may be repeated"
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    parser.add_argument(
        "--jobs",
        type=int,
        default=cores,
        help=f"at a time; default: {cores}, the cores",
    )
    parser.add_argument("--force", action="store_true", help="grade all of it anew")
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run strangers' code as you yourself, with limits but without isolation",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that does the work"
    )
    defaults = Limits()
    for name, what in OPTIONS.items():
        default = getattr(defaults, name)
        parser.add_argument(
            f"--{name}",
            type=type(default),
            default=default,
            help=f"{what}; default: {default:g}",
        )
    options = parser.parse_args(argv)
    if options.jobs < 1:
        parser.error(f"expected --jobs of at least 1; received {options.jobs}")
    for name in OPTIONS:
        if getattr(options, name) <= 0:
            parser.error(
                f"expected --{name} above 0; received {getattr(options, name)}"
            )
    return options


def main(argv: list[str]) -> int:
    """Grades and prints a line for each submission; 1 if one could not be graded."""
    options = parse(argv)
    try:
        return _grade(options)
    except KeyboardInterrupt:
        print("\nstopped; what is graded is kept, the same command goes on")
        return 130


def _grade(options: argparse.Namespace) -> int:
    try:
        from .gradebook import Course, CourseError, remove_leftovers
        from .schedule import SchedulerError, dask, local, run
    except ModuleNotFoundError as error:
        print(
            f"expected the packages for grading; received no {error.name}: "
            "run `pip install -e '.[grade]'` in the course's folder",
            file=sys.stderr,
        )
        return 2
    start = time.monotonic()
    executor = None
    try:
        where = NO_SANDBOX
        if not options.no_sandbox and not options.scheduler:
            where = isolation()
        course = Course(options.assignment)
        if not options.no_sandbox and not hides(course.root):
            raise CourseError(
                "expected a course folder outside of Python's own; received "
                f"{course.root}"
            )
        room = options.jobs
        if options.scheduler:
            executor, threads = dask(options.scheduler)
            room, where = 2 * threads, f"as each worker of {options.scheduler} has it"
    except SandboxError as error:
        print(
            f"{error}\nNothing was graded. --no-sandbox grades without.",
            file=sys.stderr,
        )
        return 2
    except (CourseError, SchedulerError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.assignment} in {course.root}\nisolation: {where}\n", flush=True)
    counts = dict.fromkeys(("graded", "unchanged", "not gradable", "to look at"), 0)
    limits = replace(
        Limits(),
        **{
            f.name: getattr(options, f.name)
            for f in fields(Limits)
            if f.name in OPTIONS
        },
    )
    ready = {}

    def tasks():
        for submission in course.submissions(options.student):
            if submission.error:
                counts["not gradable"] += 1
                _print(submission.student, "–", submission.error)
            elif not options.force and course.is_graded(submission):
                counts["unchanged"] += 1
            else:
                ready[submission.student] = submission
                yield {
                    "student": submission.student,
                    "notebooks": submission.notebooks,
                    "files": submission.files,
                    "sources": course.sources,
                    "limits": limits,
                    "sandboxed": not options.no_sandbox,
                }

    try:
        remove_leftovers(course)
        make = (lambda: executor) if executor else (lambda: local(options.jobs))
        for task, result in run(tasks(), make, room):
            submission = ready.pop(task["student"])
            try:
                if not result["error"]:
                    course.save(submission, result)
            except CourseError as error:
                result["error"] = str(error)
            except Exception as error:  # the other submissions go on
                result["error"] = f"not saved: {type(error).__name__}: {error}"[:300]
            if result["error"]:
                counts["not gradable"] += 1
                _print(submission.student, "–", result["error"])
                continue
            counts["graded"] += 1
            counts["to look at"] += _report(result)
    finally:
        course.close()
    if not sum(counts.values()):
        folder = course.path(course.directory.submitted_directory, "STUDENT")
        print(f"expected submissions in {folder}; received none")
        return 1
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    print(f"\n{told} · {time.monotonic() - start:.0f} s")
    return 1 if counts["not gradable"] else 0


def _print(student, points, text):
    print(f"{student:20} {points:>9}  {text}", flush=True)


def _together(notes: list[str]) -> list[str]:
    """Of notes "cell: what", one for all cells of which the same is said."""
    cells: dict[str, list[str]] = {}
    for note in notes:
        cell, _, what = note.partition(": ")
        cells.setdefault(what, []).append(cell)
    lines = []
    for what, names in cells.items():
        if len(names) > 3:
            names = [f"{len(names)} cells ({', '.join(names[:2])}, …)"]
        lines.append(": ".join(filter(None, (", ".join(names), what))))
    return lines


def _report(result) -> int:
    """Prints a submission's lines; 1 if a human has to look at it."""
    cells = [
        (name, cell)
        for one in result["notebooks"].values()
        for name, cell in one["cells"].items()
    ]
    points = (
        f"{sum(c['score'] for _, c in cells):g}/{sum(c['points'] for _, c in cells):g}"
    )
    isolated = result["isolation"].split(":")[0]
    _print(result["student"], points, f"{result['seconds']:5.1f} s  {isolated}")
    for name, one in result["notebooks"].items():
        for note in _together(one["notes"]):
            _print("", "", f"{name}: {note}")
    for note in result["notes"]:
        _print("", "", note)
    flagged = [(name, cell["flag"]) for name, cell in cells if cell["flag"]]
    for name, why in flagged:
        _print("", "", f"LOOK AT {name}: {why}")
    return int(bool(flagged))
