"""Tests on an accelerator: `make test-gpu`.

Runs the unit tests by two workers, then every lesson cell by cell against its stored
outputs, one kernel at a time, on the JAX backend, and prints what each took.  It fails
if a test fails, or if what ran did not run on a GPU.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

# In the kernel, after each cell: where JAX computes, and the most it held there.
REPORT = """
def _device_report(*_):
    import json, sys
    if "jax" in sys.modules:
        device = sys.modules["jax"].devices()[0]
        held = (device.memory_stats() or {}).get("peak_bytes_in_use", 0)
        with open(_device_report_path, "w") as file:
            json.dump({"platform": device.platform, "held": held}, file)

get_ipython().events.register("post_run_cell", _device_report)
"""
PROBE = """
import json, jax
device = jax.devices()[0]
print(json.dumps([device.platform, device.device_kind, jax.__version__]))
"""


class Part(NamedTuple):
    """What one part of the tests took."""

    name: str
    passed: bool
    tests: str  # pytest's last line
    seconds: float
    peak: float  # resident memory of the largest process, GB
    platform: str  # where JAX computed; empty if it was not needed
    held: float  # on the device, GB
    output: str


def device() -> tuple[str, str, str]:
    """Platform, name, and JAX's version, as a process of its own finds them."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, env=environment()
    )
    if done.returncode:
        raise RuntimeError("JAX does not start:\n" + done.stderr[-2000:])
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def environment(**more: str) -> dict[str, str]:
    """JAX, with float32 as precise as on a CPU, which a GPU else shortens to 19 bits.

    Of the device's memory only what is used is taken: it can be counted, and shared.
    """
    wanted = {
        "KERAS_BACKEND": "jax",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
    }
    return {**os.environ, **wanted, **more}


def measured(command: list[str], **options) -> tuple[int, str, float, float]:
    """Runs a program.

    Returns:
        Exit status, what it printed, wall time in seconds, and the peak of resident
        memory in GB: that of the largest among it and all processes it waited for.
    """
    with tempfile.TemporaryFile("w+") as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, **options
        )
        over = threading.Event()
        teller = threading.Thread(target=_tell, args=(out.fileno(), over))
        teller.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        finally:
            over.set()
            teller.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, else kilobytes
        return process.returncode, out.read(), seconds, usage.ru_maxrss * unit / 1e9


def _tell(output: int, over: threading.Event) -> None:
    """On a terminal, how far pytest says it is; over it the row will be written."""
    while sys.stderr.isatty() and not over.wait(0.5):
        end = os.pread(output, 200, max(0, os.fstat(output).st_size - 200))
        percent = re.findall(r"\[ *\d+%\]", end.decode(errors="replace"))
        print("", *percent[-1:], end="\r", file=sys.stderr, flush=True)


def run(name: str, arguments: list[str]) -> Part:
    """One part in processes of its own.

    Args:
        name: for the table.
        arguments: pytest's.
    """
    with tempfile.TemporaryDirectory() as folder:
        startup = Path(folder, "profile_default", "startup")
        startup.mkdir(parents=True)
        report = Path(folder, "report.json")
        where = f"_device_report_path = {str(report)!r}\n"
        (startup / "00-device.py").write_text(where + REPORT)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-c", str(ROOT / "pyproject.toml"), *arguments]
        status, output, seconds, peak = measured(
            command, cwd=ROOT, env=environment(IPYTHONDIR=folder)
        )
        found = {"platform": "", "held": 0}
        if report.exists():
            found = json.loads(report.read_text())
    tests = (output.strip().splitlines() or [""])[-1]
    tests = re.sub(r" in [0-9.]+s.*|=+ ?", "", tests)
    held = found["held"] / 1e9
    return Part(name, not status, tests, seconds, peak, found["platform"], held, output)


def main(argv: list[str] | None = None) -> int:
    """Runs all, or the notebooks that are named."""
    parser = argparse.ArgumentParser(prog="python -m cnnkit.course.device_tests")
    parser.add_argument("notebook", nargs="*", help="default: unit tests, all lessons")
    parser.add_argument(
        "--allow-cpu", action="store_true", help="run the same where there is no GPU"
    )
    options = parser.parse_args(argv)
    platform, kind, version = device()
    if platform != "gpu" and not options.allow_cpu:
        print(
            f"expected a GPU that JAX sees; received {platform} ({kind}), "
            f"JAX {version}.\nInstall JAX for it (pip install 'jax[cuda12]'), or run "
            "the same on the CPU: make test-gpu ALLOW_CPU=1",
            file=sys.stderr,
        )
        return 1
    print(f"JAX {version} on {platform}: {kind}\n")
    print("| part | tests | s | peak memory (GB) | on the device (GB) | computed on |")
    print("| --- | --- | ---: | ---: | ---: | --- |", flush=True)
    named = [Path(name).resolve() for name in options.notebook]
    lessons = named or sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    work = [(path.stem, [str(path)]) for path in lessons]
    if not named:
        units = ["cnnkit", "tests", "-n", "2", "--dist", "loadscope"]
        work.insert(0, ("unit tests", units))
    failed = []
    for name, arguments in work:
        part = run(name, arguments)
        print(
            f"| {part.name} | {part.tests} | {part.seconds:.0f} | {part.peak:.1f} "
            f"| {part.held:.2f} | {part.platform or '–'} |",
            flush=True,
        )
        if not part.passed:
            why = part.output[-6000:]
        elif part.platform not in ("", platform):
            why = f"expected {platform}; received {part.platform}"
        else:
            continue
        failed.append(name)
        print(f"\n{name} failed:\n{why}\n", file=sys.stderr)
    if failed:
        print("\nfailed:", ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
