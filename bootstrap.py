"""Makes .venv, the course's own Python, from requirements.lock; does nothing twice.

Run by the Makefile with whatever Python there is, so this file needs the standard
library only and keeps to syntax that Python 3.6 reads: it must be able to say politely
that a Python is too old.

    python3 bootstrap.py              the first Python here that fits
    python3 bootstrap.py python3.12   this one

`.venv/.cnnkit` says what stands there: `installing` from the first file on, `ready`
after the last check, with a fingerprint of the lock, the Python and the folder's place.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "bin")
PYTHON = os.path.join(BIN, "python")
LOCK = os.path.join(ROOT, "requirements.lock")
STATE = os.path.join(VENV, ".cnnkit")
LOG = os.path.join(ROOT, ".venv-install.log")
TEMPORARY = os.path.join(VENV, "tmp")  # pip's downloads: /tmp is often small

SUPPORTED = ("3.11", "3.12", "3.13")
# Measured on Linux with Python 3.11.
NEEDED_GB = 5.2  # while it installs: the result, the downloads, pip's cache
KEPT_GB = 3.4
MINUTES = "2 to 5 minutes"

PROBE = """
import struct, sys
try:
    import ensurepip
except ImportError:
    ensurepip = None
name = getattr(getattr(sys, "implementation", None), "name", "")
bits = struct.calcsize("P") * 8
print("%d.%d.%d %s %d %d" % (sys.version_info[:3] + (name, bits, bool(ensurepip))))
"""
GET_PYTHON = """\
  Debian, Ubuntu   sudo apt install python3 python3-venv
  Fedora           sudo dnf install python3.13
  macOS            brew install python@3.13
  with conda       conda env create -f environment.yml   (no make needed)
Then run the same command again, or name one: make lab PYTHON=/path/to/python3.13"""


class Problem(Exception):
    """What is wrong and what to do, for the user."""


# ---- which Python ------------------------------------------------------------------


def probe(command):
    """(version, what is wrong with it or ""); None if it is not a Python that runs."""
    try:
        done = subprocess.run(
            [command, "-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    answer = done.stdout.decode("ascii", "replace")
    version = re.search(r"\d+\.\d+[.\d]*", answer)
    if not version:
        return None
    if minor(version.group()) not in SUPPORTED:
        wrong = "not supported"
    elif " cpython " not in answer:
        wrong = "not CPython"
    elif " 64 " not in answer:
        wrong = "not a 64-bit build"
    else:
        wrong = "" if answer.split()[-1] == "1" else "no venv"
    return version.group(), wrong


def minor(version):
    return ".".join(version.split(".")[:2])


def find_python(wanted=""):
    """Path and version of the first Python that the course runs on."""
    found, no_venv = [], ""
    for name in [wanted] if wanted else ["python3", *map("python{}".format, SUPPORTED)]:
        path = shutil.which(name)
        version, wrong = (path and probe(path)) or ("", "does not run")
        if not wrong:
            return path, version
        if wrong == "no venv":
            no_venv = no_venv or version
        if path or wanted:
            found.append(f"  {name}: {version} {wrong}".replace(":  ", ": "))
    if no_venv:
        raise Problem(
            f"Python {no_venv} is here, but its part that makes environments is not.\n"
            f"  Debian, Ubuntu   sudo apt install python{minor(no_venv)}-venv\n"
            "Then run the same command again."
        )
    heading = "The course needs Python 3.11, 3.12 or 3.13 (CPython, 64 bit). Found:"
    found = found or ["  no python3"]
    raise Problem("\n".join([heading, *found, "Install one:", GET_PYTHON]))


# ---- what stands there -------------------------------------------------------------


def fingerprint():
    """Hash of all that decides what is installed: the lock and the project's data."""
    digest = hashlib.sha256()
    with open(LOCK, "rb") as file:
        digest.update(file.read())
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        relevant = True
        for line in file:
            if line.startswith(b"["):
                relevant = not line.startswith((b"[tool.ruff", b"[tool.pytest"))
            if relevant:
                digest.update(line)
    return digest.hexdigest()


def read_state():
    try:
        with open(STATE) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def write_state(**state):
    with open(STATE + ".new", "w") as file:
        json.dump(state, file)
    os.replace(STATE + ".new", STATE)


def prepare(wanted=""):
    """Makes .venv what it should be; returns at once if it is."""
    wanted_version = minor(find_python(wanted)[1]) if wanted else ""
    goal = {"state": "ready", "pins": fingerprint(), "root": ROOT}

    def look():
        """The Python that .venv has and that is wanted or ""; and what it records."""
        version = minor((probe(PYTHON) or ("",))[0])
        fits = version in SUPPORTED and wanted_version in ("", version)
        return (version if fits else ""), read_state()

    version, have = look()
    if version and have == dict(goal, python=version):
        return
    started = time.time()
    with only_one():
        version, have = look()
        if version and have == dict(goal, python=version):
            return
        made_with = have.get("python", version)
        if not version or made_with != version or have.get("state") == "installing":
            make_environment(have, wanted)
            install_packages()
        elif not have:
            say("There is a .venv already: adding what it lacks.")
            install_packages()
        else:
            if have["root"] != ROOT:
                say("The folder has moved: mending .venv in its new place.")
                mend_scripts(have["root"])
            if have["pins"] != goal["pins"]:
                say("What the course needs has changed: updating .venv.")
                install_packages()
        install_course()
        write_state(python=minor(probe(PYTHON)[0]), **goal)
        say(f"Ready after {clock(time.time() - started)} min.")


@contextlib.contextmanager
def only_one():
    """Two commands at once: the second waits for the first."""
    import fcntl

    try:
        log = open(LOG, "a")
    except OSError as error:
        raise Problem(f"Cannot write here: {error}.") from error
    with log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another installation is under way here: waiting for it.")
            fcntl.flock(log, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield


# ---- the steps ---------------------------------------------------------------------


def make_environment(have, wanted):
    path, version = find_python(wanted)
    if have.get("state") == "installing":
        say("An earlier installation did not finish: starting afresh.")
    elif os.path.exists(PYTHON):
        say(f"The .venv here is for another Python than {version}: replacing it.")
    try:
        if not os.path.isdir(VENV):
            os.mkdir(VENV)
        write_state(state="installing")
        for name in os.listdir(VENV):
            if name != os.path.basename(STATE):
                remove(os.path.join(VENV, name))
        free = shutil.disk_usage(VENV).free / 1e9
    except OSError as error:
        raise Problem(f"Cannot make .venv: {error}.") from error
    if free < NEEDED_GB:
        raise Problem(
            f"Not enough room on the disk: {free:.1f} GB are free here.\n"
            f"The installation needs {NEEDED_GB} GB and keeps {KEPT_GB}. Make room and "
            "run the same command again,\n"
            "or let .venv be a link to an empty folder on another disk."
        )
    say(
        f"Installing the course into .venv with Python {version}: once, {MINUTES}, "
        f"{KEPT_GB} GB ({free:.0f} GB free)."
    )
    progress = Progress("1/4 environment")
    # It may be run from within a virtual environment: that is no hindrance.
    if run([path, "-I", "-m", "venv", VENV], progress):
        raise Problem(explain("Python could not make an environment"))
    progress.end()


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def install_packages():
    """pip install from the lock, its wall of text turned into one line."""
    with open(LOCK) as file:
        pins = re.findall(r"^[\w.-]+==", file.read(), re.M)
    progress = Progress("2/4 downloading", len(pins))
    places = os.path.join(VENV, "lib", "python" + minor(probe(PYTHON)[0]))
    places = os.path.join(places, "site-packages")

    def watch(line):
        if line.startswith("Ignoring "):  # a pin for another system or Python
            progress.total -= 1
        elif line.startswith(("Collecting ", "Processing ", "Requirement already ")):
            name = re.search(r"(?:Collecting|satisfied:) ([\w.-]+)|/([\w.]+)-\d", line)
            progress.step(name.group(1) or name.group(2) if name else "")
        elif "Retrying (" in line:
            progress.name = "(the network does not answer; trying again)"
        elif line.startswith("Installing collected packages: "):
            write_state(state="installing")  # from here on a stop leaves a mixture
            progress.begin("3/4 installing", line.count(",") + 1)
            progress.count = lambda: new_packages(places, progress.start)

    if pip("--require-hashes", "-r", LOCK, progress=progress, watch=watch):
        problem = explain("pip could not install the packages")
        if read_state().get("state") == "ready":
            problem += (
                "\nUntil then .venv is as before: .venv/bin/jupyter lab starts it."
            )
        raise Problem(problem)
    progress.end()


def new_packages(folder, since):
    """How many packages have come into the folder since that time."""
    with os.scandir(folder) as entries:
        return sum(
            entry.name.endswith(".dist-info") and entry.stat().st_mtime >= since
            for entry in entries
        )


def install_course():
    progress = Progress("4/4 the course")
    # JupyterLab would ask whether to fetch news, and look for updates, at every start.
    settings = os.path.join(VENV, "etc", "jupyter", "labconfig")
    os.makedirs(settings, exist_ok=True)
    with open(os.path.join(settings, "page_config.json"), "w") as file:
        off = {"@jupyterlab/apputils-extension:announcements": True}
        json.dump({"disabledExtensions": off}, file)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "-e", ROOT]
    # -I: found because it is installed, not because it lies in this folder
    check = [PYTHON, "-I", "-c", "import cnnkit"]
    if pip(*options, progress=progress) or run(check, progress):
        raise Problem(explain("pip could not install the course itself"))
    progress.end()


def mend_scripts(old_root):
    """Scripts name their interpreter by its full path: the new one, in the form that
    allows spaces and any length.  Needs no network."""
    run([PYTHON, "-I", "-m", "venv", "--without-pip", VENV], Progress(""))  # activate
    old = re.escape(os.path.join(old_root, ".venv", "bin", "python")).encode()
    old = re.compile(rb"#!(/bin/sh\n'''exec' \"?%b.*\n' '''|%b[\d.]*)\n" % (old, old))
    header = f"#!/bin/sh\n'''exec' \"{PYTHON}\" \"$0\" \"$@\"\n' '''\n".encode()
    for name in os.listdir(BIN):
        path = os.path.join(BIN, name)
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            text = file.read()
        match = old.match(text)
        if match:
            with open(path, "wb") as file:
                file.write(header + text[match.end() :])


# ---- running and reporting ---------------------------------------------------------


def pip(*arguments, progress, watch=None):
    """`pip install`; all it says is kept in the log.  Returns its exit status."""
    os.makedirs(TEMPORARY, exist_ok=True)
    # -I: packages that PYTHONPATH shows are not ours
    command = [PYTHON, "-I", "-u", "-m", "pip", "install", *arguments]
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    try:
        return run(command + options, progress, watch)
    finally:
        shutil.rmtree(TEMPORARY, ignore_errors=True)


def run(command, progress, watch=None):
    """Runs a command, its output going to the log; returns its exit status."""
    environment = dict(os.environ, PIP_USER="0", NO_COLOR="1")
    if os.path.isdir(TEMPORARY):
        environment["TMPDIR"] = TEMPORARY
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=environment,
    )

    def read():
        with open(LOG, "wb") as log:
            for line in process.stdout:
                with contextlib.suppress(OSError):  # a full disk; pip will say so too
                    log.write(line)
                    log.flush()
                    if watch:
                        watch(line.decode("utf-8", "replace"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.2)
            progress.show()
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        reader.join(5)
        raise


CAUSES = (
    (
        r"\[Errno (28|122)\]|No space left|quota exceeded",
        f"The disk is full: the installation needs {NEEDED_GB} GB. Make room,",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "The network's certificate is not trusted (a school's or company's proxy?).\n"
        "Set PIP_CERT to the certificate file it gives out,",
    ),
    (
        r"Retrying \(|NewConnectionError|NameResolutionError|ConnectTimeout|Max retries"
        r"|Read timed out|Connection (broken|reset|refused)|IncompleteRead|ProxyError",
        "No network: pip cannot reach its package index.\n"
        "Connect (behind a proxy: set HTTPS_PROXY),",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A downloaded file is not the one that requirements.lock names.\n"
        "Empty pip's cache (.venv/bin/python -m pip cache purge),",
    ),
    (
        r"No matching distribution found for (\S+)",
        f"{{}} does not exist for this system ({platform.system()}, "
        f"{platform.machine()}).\n"
        "Use Linux, macOS on Apple silicon or WSL, or another Python,",
    ),
    (
        r"(.*(?:Permission denied|Read-only file system).*)",
        "No right to write: {}.\nMend that,",
    ),
)


def explain(failure):
    """The cause that the log shows, in one message with the way out."""
    with open(LOG, errors="replace") as file:
        log = file.read()
    for pattern, cause in CAUSES:
        match = re.search(pattern, log)
        if match:
            cause = cause.format(*(group.strip() for group in match.groups() if group))
            break
    else:
        errors = re.findall(r"^(?:ERROR|Error): (.*)", log, re.M) or log.split("\n")
        last = ([line.strip() for line in errors if line.strip()] or ["no message"])[-1]
        cause = f"{failure}: {last}\nRead the log,"
    words = os.path.relpath(LOG, ROOT)
    return f"{cause} then run the same command again.\n(All that was said: {words})"


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Progress:
    """One moving line on a terminal; elsewhere a line every 25 packages."""

    def __init__(self, title, total=0):
        self.terminal = sys.stdout.isatty()
        self.begin(title, total)

    def begin(self, title, total=0):
        if getattr(self, "title", ""):
            self.end()
        self.title, self.total, self.done, self.name = title, total, 0, ""
        self.count, self.start, self.told = None, time.time(), 0

    def step(self, name):
        self.done, self.name = self.done + 1, name

    def text(self):
        done = min(self.done, self.total)
        many = f"{done:3} of {self.total} packages" if self.total else ""
        return f"  {self.title:16} {many:20} {clock(time.time() - self.start)}"

    def show(self):
        if self.count:
            with contextlib.suppress(OSError):  # a folder that has just gone
                self.done = self.count()
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\033[K" + f"{self.text()}  {self.name}"[:width])
            sys.stdout.flush()
        elif self.done >= self.told + 25:
            self.told = self.done
            say(self.text())

    def end(self):
        self.done = self.total
        say(("\r\033[K" if self.terminal else "") + self.text())


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stop(*_):
    for number in (signal.SIGINT, signal.SIGTERM):  # make sends a second one
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments):
    if os.name == "nt":
        say("On Windows: conda env create -f environment.yml, or this inside WSL.")
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        prepare(arguments[0] if arguments else "")
    except Problem as problem:
        sys.stderr.write(f"\n{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command starts the installation again.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
