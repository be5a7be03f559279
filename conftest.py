"""Rules for every test: quiet lessons, a dead kernel noticed, no hidden comparison."""

import os
import signal
import time
from queue import Empty

import pytest
from nbval import kernel, plugin

# Kernels inherit this: progress bars stay silent and explorers show their still.
os.environ["CNNKIT_TEST"] = "1"

# A shell starts what goes on in the background deaf to Ctrl-C, which some tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_get_message = kernel.RunningKernel.get_message


def _get_message_or_notice_death(self, stream, timeout=None):
    """nbval would wait out the timeout of a cell whose kernel is gone."""
    end = time.monotonic() + (2000 if timeout is None else timeout)
    while True:
        left = end - time.monotonic()
        try:
            return _get_message(self, stream, timeout=max(0.0, min(left, 1.0)))
        except Empty:
            if not self.is_alive():
                raise RuntimeError("the kernel died while it ran this cell") from None
            if left <= 1.0:
                raise


kernel.RunningKernel.get_message = _get_message_or_notice_death


def pytest_collection_modifyitems(items):
    """Every cell of a lesson is a promise: none may hide its output from comparison."""
    for item in items:
        if isinstance(item, plugin.IPyNbCell) and (
            item.options["skip"] or not item.options["check"]
        ):
            raise pytest.UsageError(
                f"{item.nodeid}: expected a compared cell; received an nbval tag or "
                "comment that hides it. Print measured values with check.approx (≈)."
            )
