"""Grading against plain nbgrader: `python benchmarks/grading.py [STUDENTS …]`.

Makes a course of 30 submissions, right, wrong and half, grades it by `nbgrader
autograde` with nbgrader's own settings, no sandbox, and by `cnnkit grade` with the
sandbox, compares the points of every cell, and prints both times; then the time of
`cnnkit grade` for growing numbers of submissions.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import grading_course as made  # noqa: E402

ANSWERS = [
    {},
    {"size": made.WRONG_SIZE},
    {"conv": made.WRONG_CONV},
    {"size": made.WRONG_SIZE, "conv": made.WRONG_CONV},
    {"conv": made.CONV + "  # as it stands in the book"},
]
NBGRADER = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"
COMMAND = "import sys; from cnnkit.course import cli; sys.exit(cli.main(sys.argv[1:]))"
PLAIN = """c = get_config()
c.CourseDirectory.course_id = "cnnkit"
"""
ROUNDS = 2


def make(folder: Path, students: int, plain: bool) -> Path:
    made.write(folder)
    made.generate(folder)
    if plain:
        (folder / "nbgrader_config.py").write_text(PLAIN)
    release = made.released(folder)
    for i in range(students):
        answer = ANSWERS[i % len(ANSWERS)]
        made.submit(folder, f"student{i:03}", made.answered(release, **answer))
    return folder


def run(folder: Path, *command: str) -> float:
    """Seconds of a program, from its start to its end."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - start


def main():
    growth = [int(n) for n in sys.argv[1:]] or [10, 30, 100, 300]
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        plain = make(place / "plain", 30, plain=True)
        ours = make(place / "ours", 30, plain=False)
        times = {"plain": [], "ours": []}
        for _ in range(ROUNDS):
            for folder in (plain, ours):
                for made_before in ("autograded", "reports"):
                    shutil.rmtree(folder / made_before, ignore_errors=True)
            times["plain"].append(run(plain, NBGRADER, "autograde", made.NAME))
            times["ours"].append(run(ours, COMMAND, "grade", made.NAME))
            assert made.scores(plain) == made.scores(ours)
        print(
            "| 30 submissions, 120 verdicts, all the same | time | a minute | ratio |"
        )
        print("| --- | ---: | ---: | ---: |")
        slow, fast = min(times["plain"]), min(times["ours"])
        print(
            f"| `nbgrader autograde`, no sandbox | {slow:.1f} s | {1800 / slow:.0f} | |"
        )
        print(
            f"| `cnnkit grade`, sandbox | {fast:.1f} s | {1800 / fast:.0f} | "
            f"{slow / fast:.1f}x |\n"
        )
        print("| submissions | time | a minute | each, after the first ten |")
        print("| ---: | ---: | ---: | ---: |")
        first = None
        for students in growth:
            folder = make(place / f"many{students}", students, plain=False)
            seconds = run(folder, COMMAND, "grade", made.NAME)
            if first is None:
                first, each = (students, seconds), ""
            else:
                each = (seconds - first[1]) / (students - first[0])
                each = f"{each:.2f} s"
            rate = 60 * students / seconds
            print(f"| {students} | {seconds:.1f} s | {rate:.0f} | {each} |", flush=True)


if __name__ == "__main__":
    main()
