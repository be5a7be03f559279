"""`cnnkit grade` on a course: fair, repeatable, to be stopped and gone on with."""

import contextlib
import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import grading_course as made
import pytest
import sqlalchemy
from grading_course import CONV, NAME, POINTS, SIZE, WRONG_CONV, WRONG_SIZE
from nbformat import v4

NOISY = """import logging, sys, warnings
def output_size(n, kernel, stride=1):
    print("hello")
    print("a line on stderr", file=sys.stderr)
    warnings.warn("a warning")
    logging.error("a log line")
    return (n - kernel) // stride + 1"""
PLOT = """import matplotlib.pyplot as plt
def conv1d(x, kernel):
    plt.plot(x)
    plt.show()
    k = len(kernel)
    return np.array([x[i : i + k] @ kernel for i in range(len(x) - k + 1)])"""
COMMAND = "import sys; from cnnkit.course import cli; sys.exit(cli.main(sys.argv[1:]))"
NBGRADER = "import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A generated course without submissions."""
    folder = made.write(tmp_path_factory.mktemp("template") / "course")
    made.generate(folder)
    return folder


@pytest.fixture
def course(template, tmp_path):
    if why := made.no_bubblewrap():
        pytest.skip(why)
    return fresh(template, tmp_path)


def fresh(template, tmp_path):
    return shutil.copytree(template, tmp_path / "course")


def hand_in(course, **answers):
    release = made.released(course)
    for student, answer in answers.items():
        made.submit(course, student, made.answered(release, **answer))


def start(course, *arguments, program=COMMAND, **options):
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PATH": path},
        **options,
    )


def grade(course, *arguments, status=0):
    process = start(course, "grade", NAME, "--jobs", "2", *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == status, out + err
    assert "Traceback" not in err and "Warning" not in err, err
    return out + err


def record(course, student):
    return json.loads((course / "reports" / NAME / f"{student}.json").read_text())


def stored(course):
    """All that grading leaves, without times."""
    files = {
        str(path.relative_to(course)): path.read_bytes()
        for path in sorted((course / "autograded").rglob("*"))
        if path.is_file()
    }
    with sqlite3.connect(course / "gradebook.db") as database:
        grades = database.execute(
            "select auto_score, manual_score, needs_manual_grade from grade order by id"
        ).fetchall()
    return files, grades


def test_fair_and_the_same_twice(course):
    """Noise costs nothing, half is worth half; a second run changes nothing."""
    hand_in(
        course,
        noisy={"size": NOISY, "conv": PLOT},
        half={"conv": WRONG_CONV},
        wrong={"size": WRONG_SIZE, "conv": WRONG_CONV},
        blank={"size": "raise NotImplementedError()", "conv": "# nothing", "why": ""},
    )
    out = grade(course)
    assert "isolation: bubblewrap" in out and "4 graded" in out
    scores = made.scores(course)
    assert scores["noisy"] == POINTS
    half = {"test_size": 2.0, "test_conv": 0.0, "test_outside": 0.0, "test_share": 0.5}
    assert scores["half"] == half
    assert set(scores["wrong"].values()) == set(scores["blank"].values()) == {0.0}
    whole = stored(course)
    assert "4 unchanged" in grade(course)
    assert stored(course) == whole
    again = {name: record(course, name) for name in scores}
    grade(course, "--force")
    files, grades = stored(course)
    assert (set(files), grades) == (set(whole[0]), whole[1])
    assert made.scores(course) == scores
    for name, old in again.items():
        new = record(course, name)
        assert old["notebooks"] == new["notebooks"]


def test_a_changed_submission_is_graded_anew_and_a_teachers_points_stay(course):
    from nbgrader.api import Gradebook

    hand_in(course, anna={"size": WRONG_SIZE}, ben={})
    grade(course)
    with Gradebook(f"sqlite:///{course}/gradebook.db", "cnnkit") as gradebook:
        marked = gradebook.find_grade("why", NAME, NAME, "anna")
        assert marked.needs_manual_grade
        marked.manual_score, marked.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    hand_in(course, anna={})
    out = grade(course)
    assert "1 graded, 1 unchanged" in out
    assert made.scores(course)["anna"] == POINTS
    with Gradebook(f"sqlite:///{course}/gradebook.db", "cnnkit") as gradebook:
        marked = gradebook.find_grade("why", NAME, NAME, "anna")
        assert marked.manual_score == 1.5 and marked.needs_manual_grade


def test_a_lost_kernel_costs_its_cells_only(course):
    killer = "import os\ndef conv1d(x, kernel):\n    os._exit(1)"
    state = ["numbers = [1]", "numbers.append(2)", "import os; os.kill(os.getpid(), 9)"]
    state.append("assert numbers == [1, 2]\nprint('all there')")
    release = made.released(course)
    made.submit(course, "eve", made.answered(release, SIZE, killer, state))
    grade(course)
    expected = {"test_size": 2.0, "test_conv": 0.0, "test_outside": 0.0}
    assert made.scores(course)["eve"] == expected | {"test_share": 0.0}
    notebook = made.nbformat.read(
        course / "autograded" / "eve" / NAME / f"{NAME}.ipynb", as_version=4
    )
    assert "all there" in str(notebook.cells)
    cells = record(course, "eve")["notebooks"][NAME]["cells"]
    assert cells["test_conv"]["why"] == "KernelLost: the kernel ended"


VALUES = {  # a graded cell of two points: what it is worth, and whether it is flagged
    "0.5": (0.5, False),
    "2": (2.0, False),
    "0": (0.0, False),
    "None": (2.0, False),
    "assert True": (2.0, False),
    "print(0.5)": (2.0, False),
    "x = 0.5": (2.0, False),
    "import sys\nprint('x', file=sys.stderr)\n1.5": (1.5, False),
    "7": (0.0, True),
    "-1": (0.0, True),
    "'t' + 'wo'": (0.0, True),
    "'two'": (2.0, False),
    "float('nan')": (0.0, True),
    "print('x' * 70_000_000)\n1": (0.0, True),  # the connection is lost with the value
    "assert x == 0.5": (2.0, False),  # and the kernel is not
    "1 / 0": (0.0, False),
}


def test_points_by_value(template):
    """As in nbgrader, but nothing doubtful earns points."""
    if why := made.no_bubblewrap():
        pytest.skip(why)
    from nbgrader.utils import determine_grade

    from cnnkit.course.grading.sandbox import Limits
    from cnnkit.course.grading.submission import Run

    notebook = v4.new_notebook()
    for i, source in enumerate(VALUES):
        own = {"grade_id": f"value{i}", "grade": True, "points": 2, "solution": False}
        own |= {"locked": True, "task": False}
        notebook.cells.append(v4.new_code_cell(source, metadata={"nbgrader": own}))
    task = {"limits": Limits(), "files": {}, "sandboxed": True, "sources": {}}
    found = Run(task, time.monotonic() + 120).grade(notebook, [])
    for cell, (source, (points, flagged)) in zip(
        notebook.cells, VALUES.items(), strict=True
    ):
        verdict = found["cells"][cell.metadata.nbgrader.grade_id]
        assert (verdict["score"], bool(verdict["flag"])) == (points, flagged), source
        assert determine_grade(cell) == (points, 2.0), source
    assert found["notes"] == []


def test_killed_in_the_middle_and_gone_on_with(course):
    """Twice, at different places; nothing is lost, doubled or left half."""
    slow = "import time\ntime.sleep(1)\n" + SIZE
    hand_in(
        course, **{f"s{i}": {"size": slow} for i in range(6)}, w={"conv": WRONG_CONV}
    )
    seen = []
    for wanted in (1, 3):
        process = start(course, "grade", NAME, "--jobs", "2", start_new_session=True)
        for line in process.stdout:
            if line[:1] in "sw" and " s  bubble" in line:
                seen.append(line.split()[0])
            if len(seen) >= wanted:
                break
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    end = time.monotonic() + 20
    while made.left_over() and time.monotonic() < end:
        time.sleep(0.2)
    assert made.left_over() == []
    out = grade(course)
    graded = [line.split()[0] for line in out.splitlines() if " s  bubble" in line]
    assert not set(seen[:-1]) & set(graded)  # the last may have been under way
    scores = made.scores(course)
    assert len(scores) == 7 and all(scores[f"s{i}"] == POINTS for i in range(6))
    with sqlite3.connect(course / "gradebook.db") as database:
        count = database.execute("select count(*) from submitted_assignment").fetchone()
    assert count == (7,)
    assert not list((course / "autograded").glob("*/.*"))


def test_ctrl_c(course):
    """It ends at once and says how to go on; nothing keeps running."""
    hand_in(course, anna={}, ben={"first": ["import time\ntime.sleep(25)"]})
    process = start(course, "grade", NAME, "--jobs", "2", start_new_session=True)
    seen = ""
    while " s  bubblewrap" not in seen:
        seen += process.stdout.readline()
    stopped = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert time.monotonic() - stopped < 10
    assert process.returncode == 130 and "Traceback" not in err, err
    assert rest.endswith("stopped; what is graded is kept, the same command goes on\n")
    end = time.monotonic() + 10
    while made.left_over() and time.monotonic() < end:
        time.sleep(0.1)
    assert made.left_over() == []
    assert list(made.scores(course)) == ["anna"]


def test_killed_between_gradebook_and_files(course, monkeypatch):
    """Each step of saving may be the last: the next run makes it whole."""
    from cnnkit.course.grading.gradebook import Course, remove_leftovers
    from cnnkit.course.grading.sandbox import Limits
    from cnnkit.course.grading.submission import grade as grade_one

    hand_in(course, anna={}, ben={"size": WRONG_SIZE})
    opened = Course(NAME, course)
    task = {"sources": opened.sources, "limits": Limits(), "sandboxed": True}

    def run(break_at):
        counts = {"now": 0}

        def stop(real):
            def step(*arguments, **options):
                counts["now"] += 1
                if counts["now"] == break_at:
                    raise KeyboardInterrupt
                return real(*arguments, **options)

            return step

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", stop(os.rename))
            patch.setattr(os, "replace", stop(os.replace))
            patch.setattr(Course, "_save_grades", stop(Course._save_grades))
            for one in opened.submissions([]):
                if not opened.is_graded(one):
                    work = {"student": one.student, "notebooks": one.notebooks}
                    result = grade_one(task | work | {"files": one.files})
                    opened.save(one, result)

    for break_at in range(1, 8):
        with contextlib.suppress(KeyboardInterrupt):
            run(break_at)
    remove_leftovers(opened)
    run(0)
    assert all(opened.is_graded(one) for one in opened.submissions([]))
    opened.close()
    scores = made.scores(course)
    assert scores["anna"] == POINTS and scores["ben"]["test_size"] == 0.0
    folders = sorted(path.name for path in (course / "autograded").glob("*/*"))
    assert folders == [NAME, NAME]


BAD = {
    "no_notebook": (b"hello", "no JSON"),
    "truncated": (b'{"nbformat": 4, "cells": [', "broken JSON"),
    "old_format": (b'{"nbformat": 3, "worksheets": []}', "format 4; received 3"),
    "huge": (None, "at most 20 MB; received 200 MB"),
    "other_name": (None, f"expected {NAME}.ipynb; received {NAME} (1).ipynb"),
    "linked": (None, "expected a file; received a link"),
    "twice": (None, "expected one folder for each student; received Twice, twice"),
    "Twice": (None, "expected one folder for each student"),
    " blank": (None, "without spaces at its ends"),
    "fifo": (None, "expected a file; received none"),
}


def test_bad_input_is_one_line_each_and_the_others_go_on(course):
    release = made.released(course)
    for student, (content, _) in BAD.items():
        place = made.submit(course, student, content or made.answered(release))
        path = place / f"{NAME}.ipynb"
        if student == "huge":
            with open(path, "wb") as file:
                file.truncate(200 << 20)
        elif student == "other_name":
            path.rename(place / f"{NAME} (1).ipynb")
        elif student in ("linked", "fifo"):
            path.unlink()
            if student == "fifo":
                os.mkfifo(path)
            else:
                path.symlink_to(course / "source" / NAME / f"{NAME}.ipynb")
    hand_in(course, good={})
    (course / "submitted" / "good" / NAME / "timestamp.txt").write_text("yesterday")
    out = grade(course, "--student", "good", "--student", "nobody", status=1)
    assert "expected a student with a folder in submitted/; received nobody" in out
    assert "timestamp.txt: no time, left out" in out
    out = grade(course, status=1)
    assert "1 unchanged, 10 not gradable" in out
    assert made.scores(course) == {"good": POINTS}
    for student, (_, says) in BAD.items():
        (line,) = [x for x in out.splitlines() if x.startswith(f"{student:20} ")]
        assert says in line, line
        assert "received" in line and "expected" in line


def test_students_that_the_gradebook_does_not_know(course):
    with open(course / "nbgrader_config.py", "a") as file:
        file.write("c.Autograde.create_student = False\n")
    hand_in(course, stranger={})
    out = grade(course, status=1)
    assert "expected a student of the gradebook; received stranger" in out
    assert "nbgrader db student add stranger" in out
    assert made.scores(course) == {}


def test_no_submissions(course):
    assert "expected submissions in" in grade(course, status=1)


def test_database_missing(template, tmp_path):
    course = fresh(template, tmp_path)
    (course / "gradebook.db").unlink()
    out = grade(course, "--no-sandbox", status=2)
    assert out.startswith("expected a gradebook at ") and "generate_assignment" in out
    assert not (course / "gradebook.db").exists()


def test_assignment_missing(template, tmp_path):
    course = fresh(template, tmp_path)
    process = start(course, "grade", "pooling", "--no-sandbox")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert f"one of {NAME}; received pooling" in err


def test_database_that_is_none(template, tmp_path):
    course = fresh(template, tmp_path)
    (course / "gradebook.db").write_bytes(b"not a database" * 100)
    out = grade(course, "--no-sandbox", status=2)
    assert "expected a gradebook to work with; received 'file is not a database'" in out


def test_database_locked(course):
    """Another program writes: a line, nothing half saved, later it works."""
    from cnnkit.course.grading.gradebook import Course, CourseError

    hand_in(course, anna={})
    opened = Course(NAME, course)
    (one,) = opened.submissions([])
    empty = {"notebooks": {NAME: {"notebook": "", "cells": {}, "notes": []}}}
    empty["notebooks"][NAME]["notebook"] = json.dumps(v4.new_notebook())
    opened.gradebook.db.execute(sqlalchemy.text("pragma busy_timeout = 50"))
    opened.gradebook.db.commit()
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as other:
        other.execute("begin exclusive")
        with pytest.raises(CourseError, match=r"database is locked.*close the form"):
            opened.save(one, empty)
    opened.close()
    assert not (course / "reports").exists()
    assert "1 graded" in grade(course)
    assert made.scores(course)["anna"] == POINTS


def test_without_bubblewrap_it_refuses(template, tmp_path):
    course = fresh(template, tmp_path)
    hand_in(course, anna={})
    path = tmp_path / "bin"
    path.mkdir()
    process = subprocess.run(
        [sys.executable, "-c", COMMAND, "grade", NAME],
        cwd=course,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": str(path)},
    )
    assert process.returncode == 2 and process.stdout == ""
    assert "sudo apt install bubblewrap" in process.stderr
    assert process.stderr.endswith("Nothing was graded. --no-sandbox grades without.\n")
    assert made.scores(course) == {}


def test_no_sandbox_says_so_and_cleans_up(template, tmp_path):
    """Limits hold, what was started ends, and the report says what was missing."""
    mark = "86398.5"
    course = fresh(template, tmp_path)
    daemon = (
        "import subprocess\nsubprocess.Popen(['setsid', 'sh', '-c', 'sleep "
        f"{mark} & sleep {mark}'])"
    )
    hog = "hog = []\nwhile True:\n    hog.append(bytearray(b'x') * 10_000_000)"
    hand_in(course, anna={}, daemon={"first": [daemon]}, hog={"first": [hog]})
    out = grade(course, "--no-sandbox", "--memory", "500")
    assert "isolation: none: limits only" in out
    assert all(scores == POINTS for scores in made.scores(course).values())
    assert record(course, "anna")["isolation"] == "none: limits only"
    assert made.left_over(mark) == []


def test_nbgrader_itself_gives_the_same(course):
    """`nbgrader autograde` with this course's configuration: same sandbox, same points,
    then feedback and export."""
    equal = "class E(int):\n    def __eq__(self, o): return True\n"
    equal += "def output_size(n, kernel, stride=1): return E()"
    answers = {
        "noisy": {"size": NOISY},
        "half": {"conv": WRONG_CONV},
        "equal": {"size": equal},
    }
    hand_in(course, **answers)
    process = start(course, "autograde", NAME, program=NBGRADER)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Isolation: bubblewrap" in err
    theirs = made.scores(course)
    shutil.rmtree(course / "autograded")
    out = grade(course)
    assert made.scores(course) == theirs
    assert theirs["noisy"] == POINTS and theirs["equal"]["test_size"] == 0.0
    assert "LOOK AT test_size" in out
    for arguments in (["generate_feedback", NAME], ["export"]):
        process = start(course, *arguments, program=NBGRADER)
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    with open(course / "grades.csv") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == {name: sum(points.values()) for name, points in theirs.items()}
    for name in answers:
        page = course / "feedback" / name / NAME / f"{NAME}.html"
        assert "test_outside" in page.read_text()


EVIL = """<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>
<a href='javascript:window.hacked=1'>why</a><svg onload='window.hacked=1'></svg>
<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>"""


def test_pages_run_nothing_of_the_students(course, tmp_path):
    """Feedback and formgrader in a real browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        if os.environ.get("CI"):
            pytest.fail("no Chromium")
        pytest.skip("NOT TESTED: no Chromium")
    from playwright.sync_api import sync_playwright

    show = f"""from IPython.display import HTML, Javascript, Markdown, display
bad = {EVIL!r}
display(HTML(bad), Javascript("window.hacked=1"), Markdown(bad))
display({{"image/svg+xml": bad, "image/png": '"/>' + bad, "text/plain": bad}}, raw=True)
print(bad)
raise RuntimeError(bad)"""
    notebook = made.answered(made.released(course), SIZE, CONV, [show], why=EVIL)
    notebook.cells.append(v4.new_markdown_cell(EVIL))
    notebook.cells.append(v4.new_raw_cell(EVIL))
    made.submit(course, "mallory", notebook)
    grade(course)
    process = start(course, "generate_feedback", NAME, program=NBGRADER)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    page_file = course / "feedback" / "mallory" / NAME / f"{NAME}.html"
    formgrader = tmp_path / "formgrader.html"
    formgrader.write_text(as_formgrader_shows(course, "mallory"))
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for file in (page_file, formgrader):
            page = chromium.new_page()
            page.route("http*://**", lambda route: route.abort())
            page.goto(file.as_uri(), wait_until="domcontentloaded")
            page.wait_for_timeout(500)
            assert page.evaluate("window.hacked") is None
            for link in page.query_selector_all("a"):
                assert "javascript" not in (link.get_attribute("href") or "")
            bad = "iframe, svg[onload], img[onerror]"
            assert page.query_selector_all(bad) == []
            assert "window.hacked=1" in page.inner_text("body")  # as text: all there
        chromium.close()


def as_formgrader_shows(course, student):
    """The page that the formgrader serves to the teacher."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers

    from cnnkit.course.grading.gradebook import load_config

    config = load_config(course)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    names = "assignment_id notebook_id submission_id last_name first_name base_url"
    resources = dict.fromkeys([*names.split(), "notebook_path", "student"], "x")
    resources |= {"index": 0, "total": 1}
    path = course / "autograded" / student / NAME / f"{NAME}.ipynb"
    return HTMLExporter(config=config).from_filename(str(path), resources=resources)[0]


def test_what_a_same_process_test_cannot_exclude(course):
    """An answer that reads the test which calls it: only the outside test is safe."""
    peek = """import dis, sys
def conv1d(x, kernel):
    test, values = sys._getframe(1), []
    for step in dis.get_instructions(test.f_code):
        if step.offset <= test.f_lasti or step.opname in ("CACHE", "NOP"):
            continue
        if step.opname == "LOAD_CONST":
            values += step.argval if isinstance(step.argval, tuple) else [step.argval]
        elif step.opname not in ("BUILD_LIST", "LIST_EXTEND"):
            break
    return np.array(values or [0.0])"""
    hand_in(course, peek={"conv": peek})
    grade(course)
    scores = made.scores(course)["peek"]
    assert scores["test_conv"] == 2.0  # in principle: see docs/grading.md
    assert scores["test_outside"] == 0.0


def test_dask_cluster_and_a_worker_that_is_killed(course):
    """Two worker processes, one killed at work: nothing is lost, nothing doubled."""
    pytest.importorskip("distributed", reason="NOT TESTED: no Dask (the extra `dask`)")
    from distributed import LocalCluster

    slow = "import time\ntime.sleep(1)\n" + SIZE
    hand_in(
        course, **{f"s{i}": {"size": slow} for i in range(8)}, w={"conv": WRONG_CONV}
    )
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        process = start(course, "grade", NAME, "--scheduler", cluster.scheduler_address)
        for line in process.stdout:
            if " s  bubblewrap" in line:
                break
        victim = next(iter(cluster.workers.values())).pid
        os.kill(victim, signal.SIGKILL)
        rest, err = process.communicate(timeout=300)
    assert process.returncode == 0, rest + err
    assert "9 graded" in rest
    scores = made.scores(course)
    assert len(scores) == 9 and all(scores[f"s{i}"] == POINTS for i in range(8))
    assert record(course, "w")["isolation"].startswith("bubblewrap")


def test_no_dask_cluster_there(course):
    pytest.importorskip("distributed", reason="NOT TESTED: no Dask (the extra `dask`)")
    hand_in(course, anna={})
    out = grade(course, "--scheduler", "tcp://127.0.0.1:1", status=2)
    assert "expected a Dask scheduler at tcp://127.0.0.1:1; received" in out
