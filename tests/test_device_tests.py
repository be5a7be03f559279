"""`make test-gpu`: it compares, it measures, and it wants a GPU."""

import subprocess
import sys
import timeit

import nbformat
import pytest
from nbformat import v4

from cnnkit.course import device_tests
from cnnkit.course.device_tests import ROOT

pytest.importorskip("jax")


@pytest.fixture
def notebook(tmp_path):
    """Fills 200 MB, computes with Keras, and prints a number."""

    def write(printed):
        cells = [
            v4.new_code_cell(
                "import cnnkit\nimport keras\n\nblock = b'x' * 200_000_000"
            ),
            v4.new_code_cell(
                "total = int(keras.ops.sum(keras.ops.arange(5)))\n"
                "print(total, keras.backend.backend())",
                execution_count=1,
                outputs=[v4.new_output("stream", name="stdout", text=printed)],
            ),
        ]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        path = tmp_path / "one.ipynb"
        nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), path)
        return str(path)

    return write


def test_stored_outputs_are_compared_on_jax(notebook):
    # As a command: what a process of many gigabytes starts has its peak for a start.
    command = [sys.executable, "-m", "cnnkit.course.device_tests", "--allow-cpu"]
    done = subprocess.run(
        [*command, notebook("10 jax\n")], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = done.stdout.splitlines()[-1]
    name, tests, seconds, peak, held, platform = row.strip("| ").split(" | ")
    assert (name, tests) == ("one", "2 passed")
    assert platform == device_tests.device()[0]
    assert 0.3 < float(peak) < 5 and float(seconds) > 1 and float(held) >= 0


def test_another_output_fails(notebook, capsys):
    assert device_tests.main([notebook("11 jax\n"), "--allow-cpu"]) == 1
    out, err = capsys.readouterr()
    assert "1 failed, 1 passed" in out and "\nfailed: one\n" in out
    assert "one failed:" in err and "11 jax" in err


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_shows_how_far_it_is(monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    slow = "import time; print('é' * 99, '.. [ 37%]', flush=True); time.sleep(1)"
    status, output, seconds, _ = device_tests.measured([sys.executable, "-c", slow])
    assert status == 0 and output.endswith("[ 37%]\n") and seconds > 1
    assert ("[ 37%]\r" in capsys.readouterr().err) == terminal


def test_what_takes_no_time_is_measured_so():
    """`benchmarks/start.py` measures processes of a hundredth of a second."""
    command = [sys.executable, "-S", "-c", "pass"]
    measured = min(device_tests.measured(command)[2] for _ in range(10))
    plain = min(timeit.repeat(lambda: subprocess.run(command), number=1, repeat=10))
    assert measured < plain + 0.05


def test_without_a_gpu(notebook, monkeypatch, capsys):
    monkeypatch.setattr(device_tests, "device", lambda: ("cpu", "a processor", "1"))
    assert device_tests.main([notebook("10 jax\n")]) == 1
    err = capsys.readouterr().err
    assert "expected a GPU that JAX sees; received cpu" in err and "ALLOW_CPU=1" in err


def test_a_lesson_that_falls_back_to_the_cpu(notebook, monkeypatch, capsys):
    """The first process sees a GPU, the kernel computes elsewhere."""
    monkeypatch.setattr(device_tests, "device", lambda: ("gpu", "a card", "1"))
    part = device_tests.Part("one", True, "2 passed", 1.0, 0.5, "cpu", 0.0, "")
    monkeypatch.setattr(device_tests, "run", lambda *_: part)
    assert device_tests.main([notebook("10 jax\n")]) == 1
    assert "expected gpu; received cpu" in capsys.readouterr().err
