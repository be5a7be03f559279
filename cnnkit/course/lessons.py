"""Executes lessons and stores their outputs: `python -m cnnkit.course.lessons`."""

import argparse
import os
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "lessons"


def execute(path: Path) -> tuple[float, float]:
    """Runs one notebook from a fresh kernel and stores it with its outputs, in place.

    The file is replaced only after every cell has run without an error, and what
    differs from run to run (times, widget state, the Python version) is left out.

    Args:
        path: The notebook.

    Returns:
        Wall time in seconds and peak resident memory of the kernel in GB.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails; the file is untouched.
    """
    import nbformat
    from nbclient import NotebookClient

    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    peak = 0.0

    def sample(**_):
        nonlocal peak
        peak = max(peak, _peak_memory(client.km.provisioner.pid))

    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # no talk about transport
        on_cell_executed=sample,
    )
    client.execute(env={**os.environ, "CNNKIT_TEST": "1"})
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    nbformat.validate(notebook)
    part = path.with_suffix(".ipynb.part")
    nbformat.write(notebook, part)
    os.replace(part, path)
    return time.perf_counter() - start, peak


def _peak_memory(pid: int) -> float:
    """Peak resident memory in GB (where unknown, the present one)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e9
    except (OSError, IndexError):
        import psutil

        return psutil.Process(pid).memory_info().rss / 1e9


def main(argv: list[str] | None = None) -> int:
    """Executes the named lessons (`01 03`), or all of them."""
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    parser = argparse.ArgumentParser(prog="python -m cnnkit.course.lessons")
    parser.add_argument("lesson", nargs="*", help="number or path; default: all")
    wanted = parser.parse_args(argv).lesson
    known = {p.name[:2]: p for p in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))}
    paths = [known.get(name, Path(name)) for name in wanted] or list(known.values())
    for path in paths:
        if not path.is_file():
            parser.error(
                f"expected a notebook or one of {', '.join(known)}; received {path}"
            )
    for path in paths:
        print(f"{path.stem:32}", end=" ", flush=True)
        try:
            seconds, memory = execute(path)
        except (CellExecutionError, DeadKernelError) as error:
            print(f"stopped; the stored notebook is untouched\n{error}")
            return 1
        print(f"{seconds:6.1f} s   {memory:4.1f} GB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
