"""Installation without installing: `make` with stand-ins for Python and pip."""

import ast
import importlib.util
import itertools
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from cnnkit.course import doctor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
GOOD = "3.11.7 cpython 64 1"

# Answers as a Python of any version would, makes folders that look like environments,
# and plays pip: what pip really prints, shortened, and what it leaves behind.
STAND_IN = """#!/bin/sh
bin=${0%/*}
for last; do :; done
case "$*" in
  -c*) echo "@answer@" ;;
  *"-m venv"*)
    mkdir -p "$last/bin" "$last/lib/python3.11/site-packages"
    [ -e "$last/bin/python" ] || ln -s "@path@" "$last/bin/python" ;;
  *"-m pip install --require-hashes"*)
    echo packages >> "$CALLS"
    echo "WARNING: Location 'somewhere' is ignored: it is neither a file nor" >&2
    echo "Ignoring appnope: markers 'sys_platform == darwin' don't match"
    case "$PIP" in says*) echo "${PIP#says }"; exit 1 ;; esac
    echo "Collecting one==1.0 (from -r requirements.lock (line 1))"
    echo "Collecting two==1.0 (from -r requirements.lock (line 2))"
    echo "Installing collected packages: one, two"
    case "$PIP" in slow) exec sleep 60 ;; unhurried) sleep 1 ;; esac
    for name in one two; do
      mkdir -p "$bin/../lib/python3.11/site-packages/$name-1.0.dist-info"
    done
    cat > "$bin/tool" << END
#!/bin/sh
'''exec' "$bin/python" "\\$0" "\\$@"
' '''
END
    chmod +x "$bin/tool" ;;
  *"-m pip install"*) echo course >> "$CALLS" ;;
  bootstrap.py*) exec "@python@" -IS "$@" ;;
  */tool*) echo "the tool runs" ;;
esac
"""


def stand_in(path, answer=GOOD):
    path.parent.mkdir(exist_ok=True)
    text = STAND_IN.replace("@answer@", answer).replace("@path@", str(path))
    path.write_text(text.replace("@python@", sys.executable))
    path.chmod(0o755)


class Clone:
    """A clone of the course that has never been used, in a path with a space."""

    def __init__(self, folder):
        self.root = folder / "a clone"
        self.bin = folder / "bin"
        self.log = folder / "calls"
        self.root.mkdir()
        for name in ("Makefile", "bootstrap.py"):
            shutil.copy(ROOT / name, self.root)
        pins = [
            "appnope==1.0 ; sys_platform == 'darwin' \\",
            "one==1.0 \\",
            "two==1.0 \\",
        ]
        (self.root / "requirements.lock").write_text("\n".join(pins))
        (self.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
        stand_in(self.bin / "python3")

    def environment(self, **more):
        inherited = ("HOME", "LANG", "TMPDIR")
        kept = {key: os.environ[key] for key in inherited if key in os.environ}
        path = f"{self.bin}:{self.tools()}"
        return {**kept, "PATH": path, "CALLS": str(self.log), **more}

    def tools(self):
        """Shell tools without any Python."""
        folder = self.bin.parent / "tools"
        folder.mkdir(exist_ok=True)
        for name in ("sh", "id", "rm", "find", "mkdir", "ln", "sleep", "chmod", "cat"):
            if not (folder / name).exists():
                (folder / name).symlink_to(shutil.which(name))
        return folder

    def start(self, *arguments, **environment):
        return subprocess.Popen(
            [shutil.which("make"), *(arguments or [".venv"])],
            cwd=self.root,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def make(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @property
    def state(self):
        path = self.root / ".venv" / ".cnnkit"
        return json.loads(path.read_text())["state"] if path.exists() else None

    @property
    def calls(self):
        return self.log.read_text().split() if self.log.exists() else []


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "this did not happen within 20 seconds"
        time.sleep(0.05)


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


# ---- what happens when all goes well -----------------------------------------------


def test_first_time_shows_progress_and_second_does_nothing(clone):
    first = clone.make()
    assert (first.returncode, first.stderr, clone.state) == (0, "", "ready")
    assert re.search(r"Python 3\.11\.7: once, .* minutes, [\d.]+ GB", first.stdout)
    assert "  2/4 downloading    2 of 2 packages" in first.stdout
    assert "  3/4 installing     2 of 2 packages" in first.stdout
    assert "WARNING" not in first.stdout
    assert clone.calls == ["packages", "course"]
    second = clone.make()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert clone.calls == ["packages", "course"]


def test_a_terminal_shows_one_moving_line(clone):
    shown, terminal = pty.openpty()
    process = subprocess.Popen(
        [shutil.which("make"), ".venv"],
        cwd=clone.root,
        env=clone.environment(PIP="unhurried"),
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    text = b""
    while select.select([shown], [], [], 30)[0]:
        try:
            text += os.read(shown, 4096)
        except OSError:  # the other end is closed
            break
    assert process.wait() == 0
    lines = text.decode().split("\r\n")
    assert len(lines) == 7 and lines[-1] == ""  # heading, four steps, ready
    moving = next(line for line in lines if "3/4" in line).split("\r\x1b[K")
    assert len(moving) > 3 and "3/4 installing" in moving[1]


def test_a_changed_lock_updates_and_a_changed_linter_does_not(clone):
    clone.make()
    project = clone.root / "pyproject.toml"
    project.write_text(project.read_text() + "[tool.ruff]\nline-length = 80\n")
    assert clone.make().stdout == ""
    kept = clone.root / ".venv" / "kept"
    kept.touch()
    with (clone.root / "requirements.lock").open("a") as lock:
        lock.write("\nthree==1.0 \\")
    done = clone.make()
    assert "updating .venv" in done.stdout and done.returncode == 0
    assert kept.exists() and clone.calls[2:] == ["packages", "course"]
    project.write_text("[project]\nname = 'y'\n")
    assert "updating .venv" in clone.make().stdout
    assert clone.make().stdout == ""


def test_an_environment_that_someone_made_is_completed(clone):
    (clone.root / ".venv").mkdir()
    subprocess.run([clone.bin / "python3", "-m", "venv", clone.root / ".venv"])
    kept = clone.root / ".venv" / "kept"
    kept.touch()
    done = clone.make()
    assert "adding what it lacks" in done.stdout
    assert kept.exists() and clone.state == "ready"


def test_two_at_once_install_once(clone):
    first = clone.start(PIP="unhurried")
    wait_until(lambda: clone.calls == ["packages"])
    second = clone.make()
    assert "waiting" in second.stdout and second.returncode == 0
    assert first.communicate()[1] == "" and first.returncode == 0
    assert clone.calls == ["packages", "course"]


def test_a_moved_folder_is_mended_without_network(clone):
    clone.make()
    clone.root = clone.root.rename(clone.root.with_name("some other place"))
    done = clone.make(PIP="says no network")
    assert (done.returncode, clone.state) == (0, "ready")
    assert "folder has moved" in done.stdout
    assert clone.calls == ["packages", "course", "course"]
    tool = subprocess.run([clone.root / ".venv/bin/tool"], capture_output=True)
    assert tool.stdout == b"the tool runs\n"
    assert clone.make().stdout == ""


# ---- what happens when it does not -------------------------------------------------

REFUSED = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnection"


@pytest.mark.parametrize(
    ("said", "cause", "advice"),
    [
        (REFUSED, "No network", "Connect"),
        ("ProxyError('Cannot connect to proxy.')", "No network", "HTTPS_PROXY"),
        ("OSError: [Errno 28] No space left on device", "disk is full", "Make room"),
        ("ERROR: [Errno 122] Disk quota exceeded", "disk is full", "Make room"),
        ("SSLError(1, 'CERTIFICATE_VERIFY_FAILED')", "certificate", "PIP_CERT"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that", "cache purge"),
        (
            "ERROR: No matching distribution found for tensorflow==2.21.0",
            "tensorflow==2.21.0 does not exist for this system",
            "another Python",
        ),
        ("OSError: [Errno 13] Permission denied: '/x'", "No right to write", "'/x'"),
        ("ERROR: something new", "something new", "Read the log"),
    ],
)
def test_pip_fails_and_one_message_says_why(clone, said, cause, advice):
    done = clone.make(PIP=f"says {'noise' * 9}\n{said}\n")
    assert done.returncode == 2  # make's own
    message = done.stderr.split("make: ***")[0].strip()
    assert cause in message and advice in message
    assert "then run the same command again" in message
    assert len(message.splitlines()) <= 4 and "Traceback" not in message
    assert clone.state == "installing"
    again = clone.make()
    assert "did not finish: starting afresh" in again.stdout
    assert (again.returncode, clone.state) == (0, "ready")


def test_an_update_without_network_leaves_what_works(clone):
    clone.make()
    with (clone.root / "requirements.lock").open("a") as lock:
        lock.write("\nthree==1.0 \\")
    done = clone.make(PIP=f"says {REFUSED}")
    assert done.returncode == 2 and clone.state == "ready"
    assert "No network" in done.stderr and ".venv is as before" in done.stderr
    assert "updating" in clone.make().stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_installation_is_never_taken_for_ready(clone, how):
    process = clone.start(PIP="slow")
    wait_until(lambda: clone.state == "installing" and clone.calls == ["packages"])
    time.sleep(0.3)
    os.killpg(process.pid, how)
    err = process.communicate(timeout=20)[1]
    assert process.returncode != 0 and "Traceback" not in err
    assert clone.state == "installing"
    again = clone.make()
    assert "starting afresh" in again.stdout and clone.state == "ready"


def test_stopping_it_alone_stops_pip_too(clone):
    process = subprocess.Popen(
        [sys.executable, "-IS", clone.root / "bootstrap.py"],
        env=clone.environment(PIP="slow"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: clone.calls == ["packages"])
    process.terminate()
    assert "Stopped" in process.communicate(timeout=20)[1]  # pip would take 60 s
    assert process.returncode == 130


def test_a_stopped_update_is_not_taken_for_ready_either(clone):
    clone.make()
    with (clone.root / "requirements.lock").open("a") as lock:
        lock.write("\nthree==1.0 \\")
    process = clone.start(PIP="slow")
    wait_until(lambda: clone.state == "installing")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert "starting afresh" in clone.make().stdout


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("3.8.10 cpython 64 1", "3.8.10 not supported"),
        ("3.14.0 cpython 64 1", "3.14.0 not supported"),
        ("3.11.9 pypy 64 1", "3.11.9 not CPython"),
        ("3.12.1 cpython 32 1", "3.12.1 not a 64-bit build"),
        ("2.7.18", "2.7.18 not supported"),
        ("hello", "does not run"),
    ],
)
def test_an_unsuitable_python_is_named(clone, answer, why):
    stand_in(clone.bin / "python3", answer)
    done = clone.make()
    assert done.returncode == 2 and not (clone.root / ".venv").exists()
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert re.search(rf"python3: {re.escape(why)}", done.stderr)
    assert "sudo apt install python3 python3-venv" in done.stderr
    assert "make lab PYTHON=" in done.stderr


def test_the_first_suitable_python_is_taken(clone):
    stand_in(clone.bin / "python3", "3.9.2 cpython 64 1")
    stand_in(clone.bin / "python3.12", "3.12.4 cpython 64 0")
    stand_in(clone.bin / "python3.13", "3.11.9 cpython 64 1")  # whatever its name is
    assert "with Python 3.11.9" in clone.make().stdout


def test_a_python_without_venv(clone):
    stand_in(clone.bin / "python3", "3.11.2 cpython 64 0")
    done = clone.make()
    assert done.returncode == 2
    assert "sudo apt install python3.11-venv" in done.stderr


def test_a_python_named_by_the_user(clone):
    stand_in(clone.bin / "python3.8", "3.8.10 cpython 64 1")
    done = clone.make(".venv", "PYTHON=python3.8")
    assert "python3.8: 3.8.10 not supported" in done.stderr
    done = clone.make(".venv", "PYTHON=/nowhere/python")
    assert "/nowhere/python: does not run" in done.stderr
    own = clone.root.parent / "my tools" / "py"
    stand_in(own)
    (clone.bin / "python3").unlink()
    assert clone.make(".venv", f"PYTHON={own}").returncode == 0


def test_another_python_replaces_the_environment(clone):
    clone.make()
    python = clone.root / ".venv/bin/python"
    python.unlink()
    stand_in(python, "3.12.0 cpython 64 1")
    done = clone.make()  # as after an upgrade of the system
    assert "another Python" in done.stdout and clone.state == "ready"
    python.unlink()
    assert clone.make().returncode == 0 and clone.calls.count("packages") == 3


def test_no_python_at_all(clone):
    (clone.bin / "python3").unlink()
    done = clone.make()
    assert done.returncode == 2 and "there is no python3 here" in done.stderr


def load_bootstrap(clone, monkeypatch):
    path = clone.root / "bootstrap.py"
    spec = importlib.util.spec_from_file_location("bootstrap", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in clone.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    return module


def test_too_little_room_is_said_before_anything_is_fetched(clone, monkeypatch, capsys):
    bootstrap = load_bootstrap(clone, monkeypatch)
    room = type("Usage", (), {"free": 2e9})
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: room)
    assert bootstrap.main([]) == 1
    message = capsys.readouterr().err
    assert "2.0 GB are free" in message and "Make room" in message
    assert clone.calls == []


def test_a_folder_that_cannot_be_written(clone, monkeypatch, capsys):
    bootstrap = load_bootstrap(clone, monkeypatch)

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(bootstrap.os, "mkdir", refuse)
    assert bootstrap.main([]) == 1
    assert "Cannot make .venv" in capsys.readouterr().err


def test_any_python_3_can_read_the_program():
    text = (ROOT / "bootstrap.py").read_text()
    ast.parse(text, feature_version=(3, 6))
    assert text.isascii()  # a terminal may know nothing else


# ---- Makefile ----------------------------------------------------------------------


def test_make_alone_lists_every_command(clone):
    done = clone.make("help")
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    commands = set(phony.group(1).split()) - {"help", ".venv"}
    assert set(re.findall(r"^make (\S+)", done.stdout, re.M)) == commands


def test_commands(clone):
    def would(*arguments, **environment):
        return clone.make("-n", *arguments, **environment).stdout

    lab = would("lab", "LAB_ARGS=--port 9000")
    assert "/lab/tree/lessons/00_start_here.ipynb" in lab and "--port 9000" in lab
    assert "--no-browser" not in lab
    assert "--no-browser" in would("lab", SSH_CONNECTION="1 2 3 4")
    assert "KERAS_BACKEND=jax" in would("test-jax")
    assert "--dist loadscope" in would("test") and '-m ""' in would("test-full")


def test_clean_leaves_the_course(clone):
    before = sorted(clone.root.rglob("*"))
    clone.make()
    (clone.root / "lessons" / ".ipynb_checkpoints").mkdir(parents=True)
    (clone.root / "x.egg-info").mkdir()
    assert clone.make("clean").returncode == 0
    shutil.rmtree(clone.root / "lessons")
    assert sorted(clone.root.rglob("*")) == before


# ---- the files that say what is installed ------------------------------------------

SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "os_name": "posix",
        "platform_machine": "arm64",
    },
    "windows": {
        "sys_platform": "win32",
        "platform_system": "Windows",
        "os_name": "nt",
        "platform_machine": "AMD64",
    },
}
PYTHONS = ("3.11.0", "3.11.13", "3.12.11", "3.13.5")


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(python, system):
    """Name to versions that the lock has for one kind of machine."""
    place = {
        **default_environment(),
        **SYSTEMS[system],
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "extra": "",
    }
    found = {}
    for line in re.findall(r"^([\w.-]+==.*?) \\$", LOCK, re.M):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(place):
            (version,) = (s.version for s in requirement.specifier)
            found.setdefault(canonical(requirement.name), []).append(version)
    return found


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project(python, system):
    found = pins(python, system)
    assert len(found) > 100
    assert {name: v for name, v in found.items() if len(v) != 1} == {}
    extras = PROJECT["optional-dependencies"]
    locked = [extras[name] for name in ("jax", "grade", "dask", "site", "dev")]
    wanted = [*PROJECT["dependencies"], *itertools.chain(*locked)]
    for requirement in map(Requirement, wanted):
        (version,) = found[canonical(requirement.name)]
        assert requirement.specifier.contains(version), (requirement, version)


def test_the_lock_is_exact_and_names_no_place():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)? \\\n", entry), entry[:80]
        hashes = re.findall(r"^    --hash=(\S+)", entry, re.M)
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes)
    assert "://" not in LOCK and "file:" not in LOCK and "--index" not in LOCK


def test_gpu_extra_is_the_same_tensorflow():
    (gpu,) = map(Requirement, PROJECT["optional-dependencies"]["gpu"])
    (core,) = [
        r for r in map(Requirement, PROJECT["dependencies"]) if r.name == gpu.name
    ]
    assert (gpu.specifier, gpu.extras) == (core.specifier, {"and-cuda"})


def test_everybody_names_the_same_pythons():
    supported = SpecifierSet(PROJECT["requires-python"])
    allowed = {f"3.{n}" for n in range(30) if supported.contains(f"3.{n}.0")}
    classified = {
        line.rsplit(" ", 1)[1]
        for line in PROJECT["classifiers"]
        if re.fullmatch(r".*:: 3\.\d+", line)
    }
    text = (ROOT / "bootstrap.py").read_text()
    bootstrap = set(ast.literal_eval(re.search(r"^SUPPORTED = (.*)$", text, re.M)[1]))
    examined = {".".join(map(str, version)) for version in doctor.PYTHONS}
    assert allowed == classified == bootstrap == examined


def test_the_conda_route_installs_the_lock():
    text = (ROOT / "environment.yml").read_text()
    conda = yaml.safe_load(text)
    packages = [d for d in conda["dependencies"] if isinstance(d, str)]
    (piped,) = [d["pip"] for d in conda["dependencies"] if isinstance(d, dict)]
    assert piped == ["-r requirements.lock"]
    assert "pip" in packages
    (python,) = [d for d in packages if d.startswith("python=")]
    version = python.removeprefix("python=")
    assert Version(f"{version}.99") in SpecifierSet(PROJECT["requires-python"])
    assert conda["variables"] == {"KERAS_BACKEND": "tensorflow"}
    lines = text.splitlines()[text.splitlines().index("dependencies:") + 1 :]
    for line in lines:
        assert line in ("  - pip:", "variables:") or " # " in line, f"no reason: {line}"


def test_continuous_integration_runs_the_tests():
    path = ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    assert subprocess.run(["bash", "-n", path]).returncode == 0
    assert path.read_text().rstrip().endswith("make test")


def test_nobody_names_a_registry():
    for name in ("Makefile", "bootstrap.py", "environment.yml", ".ci/run"):
        assert "://" not in (ROOT / name).read_text(), name
