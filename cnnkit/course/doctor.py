"""Checks this installation and says how to mend it: `cnnkit doctor`.

Every check stands alone and needs as little as it can, so that the others still answer
when something is missing: the standard library first, anything else imported late.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13))
GB = 1e9
CHECKOUT = "run `pip install -e .` in a complete checkout of the course"


class Finding(NamedTuple):
    """One line of the report; `fix` is a command or, where none can be, a sentence."""

    state: str  # ok, warn or FAIL
    topic: str
    text: str
    fix: str = ""

    def __str__(self):
        arrow = f" → {self.fix}" if self.fix else ""
        return f"{self.state:4}  {self.topic:8}  {self.text}{arrow}"


def python_command(*arguments: object) -> str:
    return shlex.join([sys.executable, *map(str, arguments)])


def install_command() -> str:
    return python_command("-m", "pip", "install", "--require-hashes", "-r", LOCK)


def check_python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in PYTHONS:
        yield Finding("ok", "Python", f"{version}, {sys.executable}")
    else:
        text = f"{version} is not supported: 3.11, 3.12 or 3.13 is needed"
        yield Finding("FAIL", "Python", text, "make clean; make lab PYTHON=python3.13")


def check_packages() -> Iterator[Finding]:
    """Every pin of the lock that applies here against what is installed."""
    if not LOCK.exists():
        text = "no requirements.lock beside the package: not compared"
        yield Finding("warn", "packages", text, CHECKOUT)
        return
    missing, differing, count = [], [], 0
    pins = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.*?))? \\$", LOCK.read_text(), re.M)
    for name, version, marker in pins:
        if marker and not _applies(marker):
            continue
        count += 1
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if installed != version:
            differing.append(f"{name} {installed} instead of {version}")
    if missing:
        text = f"{len(missing)} of {count} missing: {_some(missing)}"
        yield Finding("FAIL", "packages", text, install_command())
    if differing:
        text = f"not as in requirements.lock: {_some(differing)}"
        yield Finding("warn", "packages", text, install_command())
    if not missing and not differing:
        yield Finding("ok", "packages", f"all {count} as in requirements.lock")


def _applies(marker: str) -> bool:
    """Whether a pin's condition holds here; unknown counts as no."""
    try:
        from packaging.markers import Marker
    except ModuleNotFoundError:
        return False
    return Marker(marker).evaluate()


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")


# Run in a process of its own: a broken build may kill it, and a GPU's memory is freed.
PROBE = """
import json, os, platform
import keras, numpy
backend = keras.backend.backend()
library = __import__(backend)
ones = numpy.ones
total = keras.ops.sum(keras.ops.conv(ones((1, 5, 5, 1), "f"), ones((3, 3, 1, 1), "f")))
assert float(total) == 81.0, f"expected a convolution of 81.0; received {total}"
if backend == "tensorflow":
    gpus = [d.name for d in library.config.list_physical_devices("GPU")]
    built = library.test.is_built_with_cuda()
elif backend == "jax":
    gpus = [str(d) for d in library.devices() if d.platform != "cpu"]
    built = True
else:
    gpus, built = [], True
print(json.dumps({"backend": backend, "keras": keras.__version__,
    "version": library.__version__, "gpus": gpus, "built": built}))
"""


def check_backend() -> Iterator[Finding]:
    """Keras and its backend compute a convolution; then which GPU the backend sees."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}  # nothing is held back
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        text = "no answer from Keras within 5 minutes"
        yield Finding("FAIL", "backend", text, "make clean; make lab")
        return
    if done.returncode:
        yield _why_backend_fails(done)
        return
    seen = json.loads(done.stdout.splitlines()[-1])
    backend, version = seen["backend"], seen["version"]
    text = f"Keras {seen['keras']} on {backend} {version} computes"
    if backend in ("tensorflow", "jax"):
        yield Finding("ok", "backend", text)
    else:
        text += ", but the course is tested on tensorflow and jax"
        yield Finding("warn", "backend", text, "export KERAS_BACKEND=tensorflow")
    yield _gpu(backend, version, seen["gpus"], seen["built"])


def _why_backend_fails(done: subprocess.CompletedProcess) -> Finding:
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    why = lines[-1] if lines else "no message"
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        why = f"{chosen} was stopped by {name}: {why}"
        fix = "needs a processor with AVX and a build for it: make clean; make lab"
    elif chosen not in ("tensorflow", "jax"):
        fix = "export KERAS_BACKEND=tensorflow"
    elif "ModuleNotFoundError" in why:
        fix = install_command()
    else:
        fix = "make clean; make lab"
    return Finding("FAIL", "backend", why[:200], fix)


def _gpu(backend: str, version: str, gpus: list[str], built: bool) -> Finding:
    if gpus:
        return Finding("ok", "GPU", f"{backend} sees {', '.join(gpus)}")
    if platform.system() == "Darwin":
        text = "Apple's GPU is not used: there is no Metal for this backend"
        return Finding("warn", "GPU", text, "nothing to do: lessons fit the processor")
    driver = _nvidia_driver()
    if not driver:
        text = "none: no NVIDIA driver here; the lessons fit the processor"
        return Finding("ok", "GPU", text)
    if not built:
        text = f"{driver} is there, but this {backend} is a build without GPU support"
        return Finding("warn", "GPU", text, "use Linux or WSL for the GPU")
    extra = {"tensorflow": "and-cuda", "jax": "cuda12"}.get(backend, "")
    text = f"{driver} is there, but {backend} sees no device: CUDA libraries missing?"
    fix = python_command("-m", "pip", "install", f"{backend}[{extra}]=={version}")
    return Finding("warn", "GPU", text, fix)


def _nvidia_driver() -> str:
    """What the driver calls its first GPU; "" without driver or device."""
    command = shutil.which("nvidia-smi")
    if not command:
        return ""
    try:
        done = subprocess.run(
            [command, "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""


def available_memory() -> float:
    """Bytes that this process may still take: the machine's or its container's."""
    import psutil

    left = psutil.virtual_memory().available
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        left = min(left, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        pass
    return left


def check_memory() -> Iterator[Finding]:
    left = available_memory() / GB
    text = f"{left:.1f} GB free"
    if left >= 4:
        yield Finding("ok", "memory", text)
    else:
        state = "warn" if left >= 1 else "FAIL"
        text += "; a lesson may take 3 GB, 4 GB are comfortable"
        fix = "close other programs and notebooks (Kernel > Shut Down All Kernels)"
        yield Finding(state, "memory", text, fix)


def cache_folder() -> Path:
    if own := os.environ.get("CNNKIT_CACHE"):
        return Path(own)
    import pooch

    return Path(pooch.os_cache("cnnkit"))


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def check_disk() -> Iterator[Finding]:
    """Room where downloaded data would go."""
    folder = existing(cache_folder())
    left = shutil.disk_usage(folder).free / GB
    text = f"{left:.1f} GB free in {folder}"
    if left >= 2:
        yield Finding("ok", "disk", text)
    else:
        state = "warn" if left >= 0.1 else "FAIL"
        text += "; the full data sets take 1 GB"
        fix = "make room, or export CNNKIT_CACHE=/a/folder/on/another/disk"
        yield Finding(state, "disk", text, fix)


def check_rights() -> Iterator[Finding]:
    """JupyterLab saves lessons where they lie; downloads go to the cache."""
    lessons, cache = ROOT / "lessons", cache_folder()
    if lessons.exists() and not writable(lessons):
        fix = f"sudo chown -R $USER {shlex.quote(str(lessons))}"
        text = f"no right to write {lessons}: lessons cannot be saved"
        yield Finding("FAIL", "rights", text, fix)
    elif not writable(existing(cache)):
        text = f"no right to write the cache {cache}: nothing can be downloaded"
        fix = "export CNNKIT_CACHE=/a/folder/of/yours"
        yield Finding("warn", "rights", text, fix)
    else:
        yield Finding("ok", "rights", "lessons and cache can be written")


def writable(folder: Path) -> bool:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def check_data() -> Iterator[Finding]:
    """The data that come with the course against their checksums."""
    datasets = ROOT / "datasets"
    if not datasets.exists() and not LOCK.exists():  # the library alone
        text = "no images of the lessons: they do not come with the package"
        yield Finding("warn", "data", text, CHECKOUT)
        return
    restore = shlex.join(["git", "-C", str(ROOT), "checkout", "datasets"])
    try:
        rows = (datasets / "registry.txt").read_text().splitlines()
    except OSError:
        text = f"no {datasets / 'registry.txt'}"
        yield Finding("FAIL", "data", text, restore)
        return
    rows = [row.split() for row in rows if row and not row.startswith("#")]
    embedded = [row for row in rows if len(row) == 2]  # others are downloaded
    wrong = []
    for name, checksum in embedded:
        try:
            content = (datasets / name).read_bytes()
        except OSError:
            wrong.append(f"{name} is missing")
            continue
        if hashlib.sha256(content).hexdigest() != checksum:
            wrong.append(f"{name} is damaged")
    own = os.environ.get("CNNKIT_DATA")
    if wrong:
        yield Finding("FAIL", "data", _some(wrong), restore)
    elif own and not Path(own).is_dir():
        text = f"CNNKIT_DATA is not a folder: {own}"
        yield Finding("FAIL", "data", text, "unset CNNKIT_DATA")
    else:
        yield Finding("ok", "data", f"all {len(embedded)} files are there and whole")


def check_kernel() -> Iterator[Finding]:
    """The kernel that JupyterLab would start: this Python's, and it answers."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    register = python_command("-m", "ipykernel", "install", "--sys-prefix")
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        text = "no kernel called python3 is registered"
        yield Finding("FAIL", "kernel", text, register)
        return
    interpreter = spec.argv[0] if spec.argv else ""
    if os.path.dirname(interpreter) and not _same_python(interpreter):
        text = f"python3 starts another Python: {interpreter} ({spec.resource_dir})"
        fix = register
        if not Path(spec.resource_dir).is_relative_to(sys.prefix):
            fix = f"rm -r {shlex.quote(str(spec.resource_dir))}"
        yield Finding("FAIL", "kernel", text, fix)
        return
    try:
        answer = ask_kernel("6 * 7")
    except Exception as error:  # whatever happens there is the finding
        text = f"does not start: {type(error).__name__}: {str(error).strip()[:150]}"
        yield Finding("FAIL", "kernel", text, "make clean; make lab")
        return
    if answer == "42":
        yield Finding("ok", "kernel", "python3 starts this Python and answers")
    else:
        text = f"expected 42 from the kernel; received {answer!r}"
        yield Finding("FAIL", "kernel", text, "make clean; make lab")


def _same_python(interpreter: str) -> bool:
    """By folder: the Python of an environment is a link to that of the system."""
    try:
        return os.path.samefile(
            os.path.dirname(interpreter), os.path.dirname(sys.executable)
        )
    except OSError:
        return False


def ask_kernel(expression: str) -> str:
    """Starts a kernel, evaluates one expression in it, stops it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        kernel_name="python3",
        startup_timeout=60,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        reply = client.execute_interactive(
            "", user_expressions={"answer": expression}, timeout=60
        )
        answer = reply["content"]["user_expressions"]["answer"]
        return answer.get("data", {}).get("text/plain", answer.get("evalue", ""))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "backend": check_backend,
    "memory": check_memory,
    "disk": check_disk,
    "rights": check_rights,
    "data": check_data,
    "kernel": check_kernel,
}


def examine() -> Iterator[Finding]:
    """All findings, in order; a check that cannot run is itself a finding."""
    for topic, check in CHECKS.items():
        try:
            yield from check()
        except ModuleNotFoundError as error:
            text = f"not checked: the package {error.name} is missing"
            yield Finding("FAIL", topic, text, install_command())
        except Exception as error:  # the other checks are still worth having
            text = f"not checked: {type(error).__name__}: {error}"
            yield Finding("FAIL", topic, text, install_command())


def main(argv: list[str]) -> int:
    """Prints one line for each thing checked and a verdict; 1 if anything fails."""
    parser = argparse.ArgumentParser(
        "cnnkit doctor", description="Checks this installation; takes about 10 seconds."
    )
    parser.parse_args(argv)
    states = []
    for finding in examine():
        print(finding, flush=True)
        states.append(finding.state)
    failures, warnings = states.count("FAIL"), states.count("warn")
    if failures:
        print(f"\n{failures} to mend: what to do stands after the arrow.")
    elif warnings:
        print(f"\nThe course runs; {warnings} to look at.")
    else:
        print("\nAll is well.")
    return 1 if failures else 0
