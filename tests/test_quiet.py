"""Quiet start, seen from outside: what a fresh process writes to descriptor 2."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
TRAIN = """
import cnnkit
import keras, numpy as np
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(4, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(2, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
images, labels = np.ones((8, 8, 8, 1), "float32"), np.zeros(8, "int64")
history = model.fit(images, labels, batch_size=4, epochs=1, verbose=0)
print(keras.backend.backend(), history.params["steps"], "steps")
"""
# A stand-in for TensorFlow: notices straight to descriptor 2, as its C++ part does.
NOISY = """
import os, sys, warnings
os.write(2, b"I0000 a notice\\n")
os.system("echo a notice of a child >&2")
"""


def clean_environment():
    """Without what would change the start-up, or what a kernel shows (ipykernel does
    not forward descriptor 2 when it sees pytest's variable)."""
    hidden = ("TF_", "KERAS_BACKEND", "PYTHON", "PYTEST_", "CNNKIT_")
    return {k: v for k, v in os.environ.items() if not k.startswith(hidden)}


def python(code, *options, path=None, **environment):
    """Runs `code` in a fresh process; standard error is a pipe on descriptor 2."""
    places = os.pathsep.join(map(str, filter(None, [path, ROOT])))
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={**clean_environment(), "PYTHONPATH": places, **environment},
    )


def fake(folder, body):
    """A package called tensorflow in `folder`, found before the real one."""
    (folder / "tensorflow").mkdir(exist_ok=True)
    (folder / "tensorflow" / "__init__.py").write_text(body)
    return folder


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_start_and_training_write_nothing(backend):
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    after = """
import os, warnings
warnings.warn("a Python warning")
os.write(2, b"written to descriptor 2\\n")
"""
    done = python(TRAIN + after, KERAS_BACKEND=backend)
    assert done.stdout == f"{backend} 2 steps\n"
    first, second, *source = done.stderr.splitlines()  # nothing before these
    assert first.endswith("UserWarning: a Python warning")
    assert second == "written to descriptor 2" and not source
    assert done.returncode == 0


def test_of_jax_s_truncations_only_that_of_labels_is_silent():
    """JAX 0.11 and Keras 3.15.1; older JAX truncates without a word."""
    code = """
import cnnkit, warnings
for dtype, place in ("int64", "ShapeDtypeStruct"), ("int64", "x"), ("float64", "x"):
    warnings.warn(f"Explicitly requested dtype {dtype} requested in {place} is not")
"""
    said = [line for line in python(code).stderr.splitlines() if "Warning" in line]
    assert [line.split(" in ")[-1] for line in said] == ["x is not", "x is not"]


def test_a_kernel_starts_quietly_and_still_reports():
    """The same in a Jupyter kernel, whose descriptor 2 is a pipe to the notebook."""
    after = """
import os, warnings
warnings.warn("a Python warning")
_ = os.write(2, b"written to descriptor 2\\n")
"""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(TRAIN), nbformat.v4.new_code_cell(after)]
    )
    client = nbclient.NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(ROOT / "tests")}},
    )
    client.execute(env={**clean_environment(), "PYTHONPATH": str(ROOT)})
    first, second = (cell["outputs"] for cell in notebook["cells"])
    assert {output["name"] for output in first} == {"stdout"}
    heard = "".join(o["text"] for o in second if o["name"] == "stderr")
    assert "UserWarning: a Python warning" in heard
    assert "written to descriptor 2" in heard


def test_onednn_unless_the_user_says_otherwise():
    ask = "import cnnkit, os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert python(ask).stdout == "1\n"
    assert python(ask, TF_ENABLE_ONEDNN_OPTS="0").stdout == "0\n"


def test_importing_the_package_loads_nothing():
    code = """
import sys
before = set(sys.modules)
import cnnkit
print(*sorted(set(sys.modules) - before))
from cnnkit.course import cli
print(*sorted(m for m in set(sys.modules) - before if "." not in m))
"""
    done = python(code)
    package, command = done.stdout.splitlines()
    assert package == "cnnkit"
    assert set(command.split()) <= {"cnnkit", "importlib"}
    assert done.stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_only_notices_are_held_back(unbuffered, tmp_path):
    body = f"""{NOISY}
warnings.warn("a Python warning")
print("printed", file=sys.stderr)
print("printed past a wrapper", file=sys.__stderr__)
logging.getLogger("made.before").error("logged by a handler")
"""
    code = """
import logging, os, sys
logging.basicConfig(format="%(message)s")  # holds today's sys.stderr
import cnnkit, tensorflow
os.write(2, b"written later\\n")
print("printed later", file=sys.stderr)
"""
    body = "import logging\n" + body
    place = fake(tmp_path, body)
    done = python(code, path=place, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 0
    warning, _, *rest = done.stderr.splitlines()
    assert warning.endswith("UserWarning: a Python warning")
    assert rest == [
        "printed",
        "printed past a wrapper",
        "logged by a handler",
        "written later",
        "printed later",
    ]


def test_without_the_package_the_notices_are_there(tmp_path):
    """The stand-in is really noisy: otherwise the tests here could not fail."""
    done = python("import tensorflow", path=fake(tmp_path, NOISY))
    assert done.stderr == "I0000 a notice\na notice of a child\n"


def test_a_failing_import_shows_everything(tmp_path):
    body = NOISY + "raise ImportError('libcudart.so.99: cannot open shared object')"
    done = python("import cnnkit, tensorflow", path=fake(tmp_path, body))
    assert done.returncode == 1
    assert done.stderr.startswith("I0000 a notice\na notice of a child\nTraceback")
    assert done.stderr.endswith("libcudart.so.99: cannot open shared object\n")


def test_a_second_attempt_is_quiet_too(tmp_path):
    body = NOISY + "if 'ready' not in os.environ: raise ImportError('not yet')"
    code = """
import cnnkit, importlib, os, pickle
try:
    import tensorflow
except ImportError as error:
    print(error)
os.environ["ready"] = "yes"
os.write(2, b"--\\n")
import tensorflow
importlib.reload(tensorflow)
pickle.dumps(tensorflow.__spec__)  # no trace of the hook is left behind
"""
    done = python(code, path=fake(tmp_path, body))
    assert (done.returncode, done.stdout) == (0, "not yet\n")
    assert done.stderr == "I0000 a notice\na notice of a child\n--\n"


def test_a_missing_tensorflow_is_python_s_usual_error():
    code = """
import sys
sys.path = [p for p in sys.path if "site-packages" not in p]
import cnnkit
try:
    import tensorflow
except ModuleNotFoundError as error:
    print(error)
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("No module named 'tensorflow'\n", "")


@pytest.mark.parametrize(
    "before",
    [
        "import cnnkit, importlib.util; importlib.util.find_spec('tensorflow')",
        "import cnnkit, importlib; importlib.reload(cnnkit)",
        "import cnnkit, sys; del sys.modules['cnnkit']; import cnnkit",
        "import cnnkit, sys; sys.stderr = sys.__stderr__ = None",
    ],
    ids=["looked for first", "reloaded", "imported twice", "no stderr"],
)
def test_quiet_whatever_came_before(before, tmp_path):
    code = f"{before}\nimport tensorflow\nprint(tensorflow.__name__)"
    done = python(code, path=fake(tmp_path, NOISY))
    assert (done.stdout, done.stderr) == ("tensorflow\n", "")


def test_no_temporary_file_no_silence(tmp_path):
    code = """
import cnnkit, tempfile
def full(*args, **kwargs):
    raise OSError(28, "No space left on device")
tempfile.TemporaryFile = full
import tensorflow
"""
    done = python(code, path=fake(tmp_path, NOISY))
    assert done.returncode == 0
    assert done.stderr == "I0000 a notice\na notice of a child\n"


def test_two_threads_import_at_once(tmp_path):
    code = """
import cnnkit, os, threading
first_free = os.dup(1); os.close(first_free)
def work():
    import tensorflow
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(os.dup(1) == first_free)  # and no descriptor stays open
"""
    body = NOISY + "import time; time.sleep(0.2)"
    done = python(code, path=fake(tmp_path, body))
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_warnings_as_errors(tmp_path):
    code = "import cnnkit, tensorflow"
    done = python(code, "-X", "dev", "-W", "error", path=fake(tmp_path, NOISY))
    assert (done.returncode, done.stderr) == (0, "")
    body = NOISY + "warnings.warn('now an error')"
    done = python(code, "-X", "dev", "-W", "error", path=fake(tmp_path, body))
    assert done.returncode == 1
    assert done.stderr.endswith("UserWarning: now an error\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_closed_descriptor_2(tmp_path):
    body = "import os, sys; assert sys.stderr is None"
    command = f"exec '{sys.executable}' -c 'import cnnkit, tensorflow; print(1)' 2>&-"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        env={**clean_environment(), "PYTHONPATH": f"{fake(tmp_path, body)}:{ROOT}"},
    )
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_level_zero_shows_all(tmp_path):
    place = fake(tmp_path, NOISY)
    done = python("import cnnkit, tensorflow", path=place, TF_CPP_MIN_LOG_LEVEL="0")
    assert done.stderr == "I0000 a notice\na notice of a child\n"
