"""A course on convolutional networks that executes, and the library behind it.

Importing this package prepares a quiet start: TensorFlow writes start-up notices to
file descriptor 2 while it is imported, which no Python setting stops.  They are held
back during that one import only and shown after all if the import fails.  Everything
written later, and every Python warning at any time, reaches the user.  No Keras, no
TensorFlow and no submodule is loaded here.
"""

import importlib.abc
import os
import sys

__version__ = "0.1.0"

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # later notices: errors only
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # share the GPU's memory


class _QuietImport(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports TensorFlow with file descriptor 2 pointing into a temporary file."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)  # one import is all that is needed
        spec = importlib.util.find_spec(name)
        if spec is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        import tempfile

        module.__spec__.loader = module.__loader__ = self._loader
        python_stderr = sys.stderr
        saved = os.dup(2)
        with tempfile.TemporaryFile() as notices:
            os.dup2(notices.fileno(), 2)
            if python_stderr is sys.__stderr__ and python_stderr is not None:
                # Python's own messages keep their way out
                sys.stderr = os.fdopen(os.dup(saved), "w", buffering=1)
            try:
                self._loader.exec_module(module)
            except BaseException:
                notices.seek(0)
                os.write(saved, notices.read())
                raise
            finally:
                os.dup2(saved, 2)
                os.close(saved)
                sys.stderr = python_stderr


if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, _QuietImport())
