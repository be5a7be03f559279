"""A course on convolutional networks that executes, and the library behind it.

Importing this package prepares a quiet start: TensorFlow writes start-up notices to
file descriptor 2 while it is imported, which no Python setting stops.  They are held
back during that one import only, and shown after all if the import fails.  Python's own
messages and warnings reach the user at any time, but for one of JAX that says nothing
new, and so does everything written later.  With `TF_CPP_MIN_LOG_LEVEL=0` in the
environment nothing is held back.  No Keras, no TensorFlow and no submodule is loaded.

TensorFlow is also told to compute convolutions with oneDNN on every processor, unless
`TF_ENABLE_ONEDNN_OPTS` already says otherwise.
"""

import os
import sys
import warnings

__version__ = "0.1.0"

# Notices of the running program: below 3, TensorFlow reports "errors" on every machine
# without a GPU. Failures still raise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # share the GPU's memory
# By itself TensorFlow uses oneDNN only where a processor has AVX-512 VNNI. Elsewhere,
# too, training is up to 1.9 times as fast with it (benchmarks/onednn.py).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


# Keras hands labels to JAX as int64; from 0.11 on JAX says that it makes them int32,
# which holds every label.
warnings.filterwarnings(
    "ignore", "Explicitly requested dtype int64 requested in ShapeDtypeStruct"
)


class _QuietTensorFlow:
    """Import hook that lets the others find TensorFlow, and runs its import quietly."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "tensorflow":
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if find is None or finder is cls:
                continue
            if spec := find(name, path, target):
                loader = spec.loader
                if run := getattr(loader, "exec_module", None):
                    loader.exec_module = lambda m, run=run: _run_quietly(run, m)
                return spec
        return None


def _run_quietly(run, module):
    """Calls `run(module)` with file descriptor 2 pointing into a temporary file."""
    import io
    import tempfile

    module.__loader__.__dict__.pop("exec_module", None)  # the loader is itself again
    try:
        descriptor = os.dup(2)
    except OSError:  # descriptor 2 is closed
        return run(module)
    try:
        notices = tempfile.TemporaryFile(buffering=0)
    except OSError:  # no room for a temporary file
        os.close(descriptor)
        return run(module)
    # Python's standard error keeps its way out: the same object, whoever holds it,
    # writes to the duplicate meanwhile.
    python = sys.__stderr__
    raw = getattr(python, "buffer", None)
    raw = getattr(raw, "raw", raw)  # no buffer in between: PYTHONUNBUFFERED
    if not isinstance(raw, io.FileIO) or raw.fileno() != 2:
        raw = None
    with notices:
        try:
            if raw:
                python.flush()
                raw.__init__(descriptor, "wb", closefd=False)
            os.dup2(notices.fileno(), 2)
            run(module)
        except BaseException:
            notices.seek(0)
            os.write(descriptor, notices.read())
            raise
        finally:
            os.dup2(descriptor, 2)
            if raw:
                python.flush()
                raw.__init__(2, "wb", closefd=False)
            os.close(descriptor)


if os.environ["TF_CPP_MIN_LOG_LEVEL"] != "0" and not any(
    getattr(finder, "__name__", "") == "_QuietTensorFlow" for finder in sys.meta_path
):
    sys.meta_path.insert(0, _QuietTensorFlow)
