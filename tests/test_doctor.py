"""Every fault that the doctor knows, simulated: its line, its fix, the exit status."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnnkit.course import cli, doctor

ROOT = Path(__file__).parents[1]
SEEN = {
    "backend": "tensorflow",
    "keras": "3.15.1",
    "version": "2.21.0",
    "gpus": [],
    "built": True,
}


class Process:
    """Stands for `subprocess.run`: what Keras's process and nvidia-smi answer."""

    def __init__(self):
        self.seen = dict(SEEN)
        self.returncode, self.stderr = 0, "noise\n"
        self.driver = ""

    def __call__(self, command, **options):
        if "nvidia-smi" in command[0]:
            code = 0 if self.driver else 9
            return subprocess.CompletedProcess(command, code, self.driver, "")
        out = "a line\n" + json.dumps(self.seen) + "\n"
        return subprocess.CompletedProcess(command, self.returncode, out, self.stderr)


@pytest.fixture
def well(monkeypatch, tmp_path):
    """An installation in which nothing is wrong, made of stand-ins where real answers
    take seconds or depend on the machine."""
    for folder in ("lessons", "datasets/photos", "cache"):
        (tmp_path / folder).mkdir(parents=True)
    rows = []
    for name in ("digits8.npz", "photos/cat.jpg"):
        (tmp_path / "datasets" / name).write_bytes(name.encode())
        rows.append(f"{name} {hashlib.sha256(name.encode()).hexdigest()}")
    rows.append(f"mnist/mnist.npz {'0' * 64} https://example.org/mnist.npz")
    registry = "# a comment\n\n" + "\n".join(rows)
    (tmp_path / "datasets" / "registry.txt").write_text(registry)
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    for name in ("CNNKIT_DATA", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    process = Process()
    monkeypatch.setattr(doctor.subprocess, "run", process)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(doctor.platform, "system", lambda: "Linux")
    monkeypatch.setattr(doctor, "available_memory", lambda: 8e9)
    monkeypatch.setattr(doctor, "ask_kernel", lambda expression: str(eval(expression)))
    return SimpleNamespace(root=tmp_path, process=process, patch=monkeypatch)


def report(capsys):
    """Exit status, the lines that are not ok as (state, topic, text, fix), and all."""
    status = doctor.main([])
    out = capsys.readouterr().out
    lines, verdict = out.rstrip().split("\n\n")
    parsed = [
        re.fullmatch(r"(ok|warn|FAIL) +(\S+) +(.*?)(?: → (.*))?", line).groups()
        for line in lines.splitlines()
    ]
    assert all(fix for state, _, _, fix in parsed if state != "ok"), out
    return status, [line for line in parsed if line[0] != "ok"], parsed, verdict


def only(capsys, status):
    """The one line that is not ok, after the exit status has been checked."""
    received, faults, _, verdict = report(capsys)
    assert received == status
    assert ("to mend" in verdict) == bool(status)
    (fault,) = faults
    return fault


def pip_install():
    return f"{sys.executable} -m pip install --require-hashes -r {doctor.LOCK}"


def test_a_healthy_installation(well, capsys):
    status, faults, lines, verdict = report(capsys)
    assert (status, faults, verdict) == (0, [], "All is well.")
    topics = "Python packages backend GPU memory disk rights data kernel".split()
    assert [topic for _, topic, *_ in lines] == topics


def test_this_installation():
    """Nothing simulated: Keras computes, a kernel starts, the data are whole."""
    code = "import sys; from cnnkit.course import cli; sys.exit(cli.main(['doctor']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) >= 11 and done.stderr == ""
    for topic in ("Python", "backend", "data", "kernel"):
        assert any(re.match(rf"ok +{topic} ", line) for line in lines), done.stdout


def test_the_command_knows_the_doctor(well, capsys):
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("All is well.\n")


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 14, 0), (4, 0, 0)])
def test_wrong_python(version, well, capsys):
    well.patch.setattr(doctor.sys, "version_info", version)
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic) == ("FAIL", "Python")
    assert text.startswith(".".join(map(str, version)) + " is not supported")
    assert fix == "make clean; make lab PYTHON=python3.13"


def versions(well, change):
    """importlib.metadata.version with some answers changed."""
    real = doctor.importlib.metadata.version

    def version(name):
        answer = change.get(name, ...)
        if answer is None:
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return real(name) if answer is ... else answer

    well.patch.setattr(doctor.importlib.metadata, "version", version)


def test_missing_package(well, capsys):
    versions(well, {"scipy": None, "pooch": None})
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic, fix) == ("FAIL", "packages", pip_install())
    assert text.startswith("2 of ") and text.endswith(" missing: pooch, scipy")


def test_differing_version(well, capsys):
    versions(well, {"keras": "3.9.0"})
    state, topic, text, fix = only(capsys, 0)
    assert (state, topic, fix) == ("warn", "packages", pip_install())
    assert re.search(r"keras 3\.9\.0 instead of 3\.\d+\.\d+$", text)


def test_many_missing_packages_are_one_line(well, capsys):
    versions(well, dict.fromkeys(["scipy", "pooch", "keras", "numpy", "tqdm", "six"]))
    assert only(capsys, 1)[2].endswith("keras, numpy, pooch, scipy and 2 more")


def test_no_lock(well, capsys):
    well.patch.setattr(doctor, "LOCK", well.root / "requirements.lock")
    state, topic, _, fix = only(capsys, 0)
    assert (state, topic) == ("warn", "packages") and "pip install -e ." in fix


def test_a_check_whose_package_is_missing_leaves_the_others(well, capsys):
    well.patch.setattr(
        doctor, "available_memory", lambda: __import__("no_such_package")
    )
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic, fix) == ("FAIL", "memory", pip_install())
    assert text == "not checked: the package no_such_package is missing"


def test_a_check_that_breaks_leaves_the_others(well, capsys):
    well.patch.setattr(doctor, "available_memory", lambda: 1 / 0)
    state, topic, text, _ = only(capsys, 1)
    assert (state, topic) == ("FAIL", "memory") and "ZeroDivisionError" in text


@pytest.mark.parametrize(
    ("chosen", "code", "said", "text", "fix"),
    [
        (None, 1, "ModuleNotFoundError: No module named 'tensorflow'", "'tens", "pip"),
        (None, 1, "ImportError: libfoo.so.1: not found", "libfoo", "make clean"),
        ("torch", 1, "ModuleNotFoundError: no torch", "torch", "export KERAS_BACKEND="),
        (None, -4, "needs AVX", "tensorflow was stopped by SIGILL: needs AVX", "AVX"),
        (None, 1, "AssertionError: expected a convolution of 81", "81", "make clean"),
        (None, 1, "", "no message", "make clean"),
    ],
)
def test_backend_that_fails(chosen, code, said, text, fix, well, capsys):
    if chosen:
        well.patch.setenv("KERAS_BACKEND", chosen)
    well.process.returncode = code
    well.process.stderr = f"I0000 a notice\nTraceback\n{said}\n" if said else ""
    state, topic, received, advice = only(capsys, 1)
    assert (state, topic) == ("FAIL", "backend")
    assert text in received and fix in advice


def test_backend_that_the_course_does_not_test(well, capsys):
    well.process.seen["backend"] = "torch"
    state, topic, _, fix = only(capsys, 0)
    assert (state, topic) == ("warn", "backend")
    assert fix == "export KERAS_BACKEND=tensorflow"


def test_backend_that_never_answers(well, capsys):
    def hang(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    well.patch.setattr(doctor.subprocess, "run", hang)
    assert only(capsys, 1)[1] == "backend"


def gpu_line(capsys):
    return next(line for line in report(capsys)[2] if line[1] == "GPU")


def test_gpu_seen(well, capsys):
    well.process.seen["gpus"] = ["/physical_device:GPU:0"]
    state, _, text, _ = gpu_line(capsys)
    assert state == "ok" and "sees /physical_device:GPU:0" in text


def test_no_gpu(well, capsys):
    well.patch.setattr(doctor.shutil, "which", lambda name: None)
    state, _, text, _ = gpu_line(capsys)
    assert state == "ok" and "no NVIDIA driver" in text


@pytest.mark.parametrize(
    ("backend", "extra"), [("tensorflow", "and-cuda"), ("jax", "cuda12")]
)
def test_gpu_there_and_not_seen(backend, extra, well, capsys):
    well.process.driver = "NVIDIA H200, 570.1\n"
    well.process.seen.update(backend=backend, version="1.2.3")
    state, topic, text, fix = only(capsys, 0)
    assert (state, topic) == ("warn", "GPU")
    assert text.startswith("NVIDIA H200, 570.1 is there")
    assert fix == f"{sys.executable} -m pip install '{backend}[{extra}]==1.2.3'"


def test_gpu_and_a_build_for_the_processor(well, capsys):
    well.process.driver = "NVIDIA H200, 570.1\n"
    well.process.seen["built"] = False
    state, topic, text, fix = only(capsys, 0)
    assert (state, topic) == ("warn", "GPU")
    assert "build without GPU support" in text and "WSL" in fix


def test_apple(well, capsys):
    well.patch.setattr(doctor.platform, "system", lambda: "Darwin")
    state, topic, text, _ = only(capsys, 0)
    assert (state, topic) == ("warn", "GPU") and "Metal" in text


@pytest.mark.parametrize(("left", "state"), [(3.9e9, "warn"), (0.5e9, "FAIL")])
def test_little_memory(left, state, well, capsys):
    well.patch.setattr(doctor, "available_memory", lambda: left)
    fault = only(capsys, int(state == "FAIL"))
    assert fault[:2] == (state, "memory")
    assert f"{left / 1e9:.1f} GB free" in fault[2] and "close other" in fault[3]


def test_available_memory_is_what_the_system_says():
    import psutil

    machine = psutil.virtual_memory()
    assert 0 < doctor.available_memory() <= machine.total


@pytest.mark.parametrize(("left", "state"), [(1.9e9, "warn"), (0.05e9, "FAIL")])
def test_little_disk(left, state, well, capsys):
    usage = SimpleNamespace(free=left)
    well.patch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    fault = only(capsys, int(state == "FAIL"))
    assert fault[:2] == (state, "disk") and "export CNNKIT_CACHE=" in fault[3]


def forbid(well, folder):
    """No right to write one folder, as `tempfile` reports it (root may always)."""
    real = doctor.tempfile.TemporaryFile

    def refuse(dir):
        if Path(dir) == folder:
            raise PermissionError(13, "Permission denied")
        return real(dir=dir)

    well.patch.setattr(doctor.tempfile, "TemporaryFile", refuse)


def test_lessons_that_cannot_be_saved(well, capsys):
    forbid(well, well.root / "lessons")
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic) == ("FAIL", "rights") and "cannot be saved" in text
    assert fix == f"sudo chown -R $USER {well.root / 'lessons'}"


def test_cache_that_cannot_be_written(well, capsys):
    well.patch.setenv("CNNKIT_CACHE", str(well.root / "cache" / "new" / "deeper"))
    assert report(capsys)[0] == 0  # it can be made
    forbid(well, well.root / "cache")
    state, topic, text, fix = only(capsys, 0)
    assert (state, topic) == ("warn", "rights")
    assert fix.startswith("export CNNKIT_CACHE=") and "deeper" in text


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda path: path.unlink(), "digits8.npz is missing"),
        (lambda path: path.write_bytes(b"half"), "digits8.npz is damaged"),
    ],
)
def test_broken_data(damage, text, well, capsys):
    damage(well.root / "datasets" / "digits8.npz")
    assert only(capsys, 1) == (
        "FAIL",
        "data",
        text,
        f"git -C {well.root} checkout datasets",
    )


def test_no_registry(well, capsys):
    (well.root / "datasets" / "registry.txt").unlink()
    state, topic, _, fix = only(capsys, 1)
    assert (state, topic) == ("FAIL", "data") and fix.endswith("checkout datasets")


def test_the_library_alone_has_no_data(well, capsys):
    shutil.rmtree(well.root / "datasets")
    well.patch.setattr(doctor, "LOCK", well.root / "requirements.lock")
    status, faults, _, _ = report(capsys)
    assert status == 0
    assert [fault[:2] for fault in faults] == [("warn", "packages"), ("warn", "data")]
    assert all("pip install -e ." in fault[3] for fault in faults)


def test_data_folder_that_is_not_there(well, capsys):
    well.patch.setenv("CNNKIT_DATA", "/nowhere/at/all")
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic, fix) == ("FAIL", "data", "unset CNNKIT_DATA")
    assert "/nowhere/at/all" in text


def kernel_of(well, folder, interpreter):
    """A kernel called python3 that shadows the right one."""
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    argv = [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))
    well.patch.setenv("JUPYTER_PATH", str(folder))
    return place


def test_kernel_of_another_python(well, capsys):
    place = kernel_of(well, well.root / "user", "/usr/local/other/bin/python")
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic) == ("FAIL", "kernel")
    assert "/usr/local/other/bin/python" in text
    assert fix == f"rm -r {place}"


def test_own_kernel_of_another_python(well, capsys):
    well.patch.setattr(doctor.sys, "prefix", str(well.root / "user"))
    kernel_of(well, well.root / "user" / "share", "/usr/local/other/bin/python")
    fault = only(capsys, 1)
    assert fault[3] == f"{sys.executable} -m ipykernel install --sys-prefix"


def test_kernel_of_this_python(well, capsys):
    kernel_of(well, well.root / "user", sys.executable)
    assert report(capsys)[0] == 0


def test_kernel_that_does_not_start(well, capsys):
    def fail(expression):
        raise RuntimeError("Kernel died before replying to kernel_info")

    well.patch.setattr(doctor, "ask_kernel", fail)
    state, topic, text, fix = only(capsys, 1)
    assert (state, topic, fix) == ("FAIL", "kernel", "make clean; make lab")
    assert "Kernel died before replying" in text


def test_kernel_that_answers_nonsense(well, capsys):
    well.patch.setattr(doctor, "ask_kernel", lambda expression: "41")
    assert "received '41'" in only(capsys, 1)[2]


def test_several_faults(well, capsys):
    well.patch.setattr(doctor, "available_memory", lambda: 3e9)
    well.patch.setenv("CNNKIT_DATA", "/nowhere")
    well.patch.setattr(doctor, "ask_kernel", lambda expression: "41")
    status, faults, _, verdict = report(capsys)
    assert [fault[0] for fault in faults] == ["warn", "FAIL", "FAIL"]
    assert (status, verdict.split()[0]) == (1, "2")


def test_works_without_any_package(tmp_path):
    """An empty environment: each check says what it misses, none breaks the report."""
    venv.create(tmp_path, symlinks=True)
    code = "import sys; from cnnkit.course import doctor; sys.exit(doctor.main([]))"
    done = subprocess.run(
        [tmp_path / "bin" / "python", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert any(re.match(r"ok +data", line) for line in lines)
    for topic in ("packages", "backend", "memory", "kernel"):
        (line,) = [line for line in lines if re.match(rf"FAIL +{topic} ", line)]
        assert "missing" in line or "ModuleNotFoundError" in line
        assert "pip install --require-hashes" in line


def test_needs_no_arguments(capsys):
    with pytest.raises(SystemExit):
        doctor.main(["--json"])
    with pytest.raises(SystemExit) as stop:
        doctor.main(["--help"])
    assert stop.value.code == 0
