"""Hands submissions out, to processes here or to a Dask cluster."""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor

from .sandbox import NO_SANDBOX
from .submission import grade


class SchedulerError(Exception):
    """There is no scheduler where one was named; the message is one line."""


def local(jobs: int) -> ProcessPoolExecutor:
    """An executor of processes on this machine."""
    # a fork of a process with threads may hang; without them it saves every import
    method = "fork" if threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(jobs, context, _begin)


def _begin():
    """Ctrl-C is for the process that hands out; a worker must not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def dask(address: str):
    """A Dask cluster as an executor, and the number of its threads.

    Raises:
        SchedulerError: if there is none, or no Dask here.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SchedulerError(
            "expected Dask for --scheduler; received no package distributed: "
            "run `pip install -e '.[dask]'` in the course's folder"
        ) from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"expected a Dask scheduler at {address}; received {error}"
        ) from None
    return _Cluster(client), max(1, sum(client.nthreads().values()))


class _Cluster(Executor):
    """Dask's executor with the arguments that one of the standard library takes."""

    def __init__(self, client):
        self.client = client
        self.executor = client.get_executor(pure=False, retries=2)

    def submit(self, function, *arguments):
        return self.executor.submit(function, *arguments)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.executor.shutdown(wait=wait)
        self.client.close()


def run(
    tasks: Iterable[dict], make: Callable[[], Executor], room: int
) -> Iterator[tuple[dict, dict]]:
    """Grades all tasks; yields each with its result as it comes.

    Args:
        tasks: for `submission.grade`; taken one by one, as there is room.
        make: makes an executor; called again if one breaks.
        room: how many tasks may be under way.
    """
    todo = iter(tasks)
    under_way: dict[Future, dict] = {}
    executor = make()
    try:
        while True:
            lost = []  # a worker ended and took the executor with it
            while not lost and len(under_way) < room and (task := next(todo, None)):
                try:
                    under_way[executor.submit(grade, task)] = task
                except BrokenExecutor:
                    lost.append(task)
            if not under_way and not lost:
                return
            for future in wait(under_way, 0 if lost else None, FIRST_COMPLETED).done:
                task = under_way.pop(future)
                try:
                    result = future.result()
                except BrokenExecutor:
                    lost.append(task)
                except Exception as error:  # a worker far away gave it up
                    yield task, failed(task, f"{type(error).__name__}: {error}")
                else:
                    yield task, result
            if lost:
                lost += under_way.values()
                under_way.clear()
                executor.shutdown(cancel_futures=True)
                for task in lost:  # each alone: who ends a worker again is the cause
                    yield task, _alone(task, make)
                executor = make()
    finally:
        if under_way:  # stopped: nobody waits for what is half done
            for process in multiprocessing.active_children():
                process.kill()
        executor.shutdown(cancel_futures=True)


def _alone(task, make) -> dict:
    executor = make()
    try:
        return executor.submit(grade, task).result()
    except Exception:
        return failed(task, "the process that graded it ended, twice")
    finally:
        executor.shutdown(cancel_futures=True)


def failed(task: dict, why: str) -> dict:
    """The result of a submission that could not be graded."""
    result = {"student": task["student"], "isolation": NO_SANDBOX, "error": why[:500]}
    return result | {"notebooks": {}, "seconds": 0.0}
