"""What the course costs: `python benchmarks/course.py [LESSON ...]`.

Executes every lesson alone, one after another, by `jupyter nbconvert --execute`; then
all by two workers as `make test` does, compared with their stored outputs.  Prints both
as Markdown and keeps times and memory in `lessons.json`, which the web site shows.
"""

import datetime
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from cnnkit.course.device_tests import measured

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "lessons.json"
NBCONVERT = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope"]


def timed(command):
    """Seconds and GB of a program that must end well."""
    variables = {**os.environ, "CNNKIT_TEST": "1"}
    status, output, seconds, peak = measured(command, cwd=ROOT, env=variables)
    if status:
        sys.exit(output[-3000:])
    return round(seconds, 1), round(peak, 2)


def main(names):
    paths = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    unknown = set(names) - {path.stem[:2] for path in paths}
    if unknown:
        sys.exit(f"expected numbers of lessons like 04; received {sorted(unknown)}")
    paths = [path for path in paths if not names or path.stem[:2] in names]
    alone = {}
    print("| lesson | s | peak memory (GB) |\n| --- | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            command = [*NBCONVERT, "--output-dir", folder, str(path)]
            seconds, peak = timed(command)
            alone[path.stem] = {"seconds": seconds, "gigabytes": peak}
            print(f"| {path.stem} | {seconds:.0f} | {peak:.1f} |", flush=True)
    serial = round(sum(one["seconds"] for one in alone.values()), 1)
    together, _ = timed([*PYTEST, *map(str, paths)])
    print("\n| whole course | s | ratio |\n| --- | ---: | ---: |")
    print(f"| nbconvert, one after another | {serial:.0f} | |")
    print(
        f"| two workers, outputs compared | {together:.0f} | {serial / together:.2f} |"
    )
    if not names:
        result = {
            "date": datetime.date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores {platform.machine()} "
            f"{platform.system()}, Python {platform.python_version()}",
            "lessons": alone,
            "serial_seconds": serial,
            "two_workers_seconds": together,
        }
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
