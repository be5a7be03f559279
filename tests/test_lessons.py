"""Hygiene of the stored lessons, and proof that the notebook tests have teeth."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from cnnkit.course import claims

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))

lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    """The notebook as JSON (not upgraded on reading) and its code cells."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook, [c for c in notebook["cells"] if c["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


@lessons
def test_form(path):
    notebook, code = read(path)
    nbformat.validate(notebook)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({c["id"] for c in notebook["cells"]}) == len(notebook["cells"])
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert path.stat().st_size <= 600_000
    assert all(len(source(c).splitlines()) <= 25 for c in code)
    assert all(not c["metadata"] for c in notebook["cells"])
    kinds = "".join(c["cell_type"][0] for c in notebook["cells"])
    assert "cc" not in kinds, "two code cells without a sentence between them"


@lessons
def test_was_executed_from_a_fresh_kernel(path):
    _, code = read(path)
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", source(cell)
            data = output.get("data", {})
            assert not any("widget" in kind for kind in data), "store the still only"
            assert not re.search(r" at 0x[0-9a-f]{6,}", json.dumps(data)), data
            if {"image/png", "image/jpeg"} & set(data):
                alt = "".join(data["text/plain"])
                assert len(alt) >= 20 and not alt.startswith("<"), alt


@lessons
def test_code_stays_inside_the_course(path):
    _, code = read(path)
    for cell in code:
        text = source(cell)
        assert not re.search(r"^\s*[!%]|sys\.path|https?://|NBVAL", text, re.M), text
        tree = ast.parse(text)
        modules = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [
                *(alias.name for alias in node.names),
                getattr(node, "module", None) or "",
            ]
        }
        assert not any(m.split(".")[0] in ("tensorflow", "tf") for m in modules)
        strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        assert not any(isinstance(s, str) and s.startswith(("/", "~")) for s in strings)


@lessons
def test_text_has_its_parts_and_links(path):
    notebook, _ = read(path)
    text = "\n".join(source(c) for c in notebook["cells"] if c["cell_type"] != "code")
    number = path.stem[:2]
    assert re.match(rf"# {number} · ", text)
    if number != "00":
        for part in ("You will", "**Needs**", "## Your turn", "## Summary"):
            assert part in text, part
    assert "## Sources" in text
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


COUNTS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


@pytest.mark.parametrize("path", LESSONS[1:], ids=lambda path: path.stem)
def test_opening_counts_the_statements_as_the_ledger_does(path):
    notebook, _ = read(path)
    opening = source(notebook["cells"][0])
    own = [c for c in claims.load().values() if c["lesson"] == path.stem[:2]]
    misprinted = sum("erratum" in c for c in own)
    said = r"make (\d+) checkable(?s:.*?)(\w+) (?:of them )?(?:is|are) printed"
    assert re.search(said, opening).groups() == (str(len(own)), COUNTS[misprinted])


@lessons
def test_measured_numbers_carry_the_mark(path):
    """Float noise must not hide in compared text: long decimals need the mark ≈."""
    _, code = read(path)
    for cell in code:
        for output in cell["outputs"]:
            text = "".join(
                output.get("text", []) or output.get("data", {}).get("text/plain", [])
            )
            assert not re.search(r"(?<![≈\d.])\d+\.\d{9,}", text), text


# --- teeth ------------------------------------------------------------------------


def run_nbval(folder, *arguments):
    """nbval as the suite runs it, over a copy of the course in another folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def course(tmp_path):
    """A copy of what the notebook tests need, free to be broken."""
    for name in ("conftest.py", "pyproject.toml", "tests/sanitize.cfg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "lessons").mkdir()
    for name in ("cnnkit", "datasets"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    return tmp_path


def test_what_runs_in_the_background_hears_ctrl_c(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import signal\n\n\ndef test_it():\n    signal.raise_signal(signal.SIGINT)\n"
    )
    pytest_ = f"{sys.executable} -m pytest -q -p no:cacheprovider test_it.py"
    done = subprocess.run(
        ["sh", "-c", f"trap '' INT; {pytest_}"], cwd=tmp_path, capture_output=True
    )
    assert b"KeyboardInterrupt" in done.stdout, done.stdout


def write(path, *cells):
    """A notebook with (source, stored text) pairs, as if it had been executed."""
    stored = [
        nbformat.v4.new_code_cell(
            code,
            execution_count=k,
            outputs=[nbformat.v4.new_output("stream", text=text)] if text else [],
        )
        for k, (code, text) in enumerate(cells, start=1)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=stored), path)


def test_a_broken_operation_fails_a_lesson(course):
    lesson = "lessons/03_shapes.ipynb"
    shutil.copy(ROOT / lesson, course / lesson)
    sizes = course / "cnnkit/sizes.py"
    text = sizes.read_text()
    broken = text.replace("// stride + 1", "// stride + 2")
    assert broken != text
    sizes.write_text(broken)
    result = run_nbval(course, lesson)
    assert result.returncode == 1, result.stdout
    assert re.search(r"\d+ failed", result.stdout)


def test_comparison_is_strict_except_for_marked_numbers(course):
    stored = course / "lessons/stored.ipynb"
    write(
        stored,
        ("print('accuracy ≈0.81')", "accuracy ≈0.87\n"),
        ("print('loss ≈-1.2e-07, ≈3')", "loss ≈4.5e-06, ≈12,000\n"),
        ("print('shape', (3, 3))", "shape (3, 3)\n"),
        ("print('accuracy 0.81')", "accuracy 0.87\n"),
        ("print('≈0.81 of 10')", "≈0.87 of 12\n"),
        ("import sys; print('noise', file=sys.stderr)", ""),
    )
    result = run_nbval(course, "lessons/stored.ipynb", "-v", "--color=no")
    outcomes = re.findall(r"Cell (\d) (PASSED|FAILED)", result.stdout)
    assert [outcome for _, outcome in outcomes] == ["PASSED"] * 3 + ["FAILED"] * 3


@pytest.mark.parametrize("mark", ["# NBVAL_IGNORE_OUTPUT", "# NBVAL_SKIP"])
def test_no_cell_may_hide_its_output(course, mark):
    write(course / "lessons/hidden.ipynb", (f"{mark}\nprint(1)", "2\n"))
    result = run_nbval(course, "lessons/hidden.ipynb")
    assert result.returncode not in (0, 1)
    assert "expected a compared cell" in result.stdout + result.stderr


def test_a_dead_kernel_is_noticed_at_once(course):
    write(course / "lessons/dead.ipynb", ("import os; os._exit(1)", ""), ("1", ""))
    start = time.monotonic()
    result = run_nbval(course, "lessons/dead.ipynb", "--nbval-cell-timeout=200")
    assert "the kernel died while it ran this cell" in result.stdout
    assert time.monotonic() - start < 60  # a tenth of what waiting it out would take


def test_execute_keeps_the_file_when_a_cell_fails(tmp_path):
    from nbclient.exceptions import CellExecutionError

    from cnnkit.course import lessons as runner

    path = tmp_path / "bad.ipynb"
    write(path, ("print(1)", ""), ("1 / 0", ""))
    before = path.read_bytes()
    with pytest.raises(CellExecutionError):
        runner.execute(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_execute_twice_changes_nothing(tmp_path):
    from cnnkit.course import lessons as runner

    path = tmp_path / "good.ipynb"
    write(path, ("import numpy as np\nprint(np.arange(3))", ""))
    _, memory = runner.execute(path)
    first = path.read_bytes()
    runner.execute(path)
    assert path.read_bytes() == first
    assert b"[0 1 2]" in first and 0.01 < memory < 2
