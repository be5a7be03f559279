"""What `cnnkit.reference` shows: complete names, teaching docstrings, light import."""

import inspect
import subprocess
import sys

import pytest

from cnnkit import reference
from cnnkit.reference import modules

FUNCTIONS = {name: getattr(reference, name) for name in reference.__all__}
NO_ARRAYS = {"train", "accuracy"}
PARTS = [
    *FUNCTIONS.values(),
    *(getattr(modules, n) for n in modules.__all__ if not n.startswith("relu")),
]


def test_names_are_complete():
    found = {
        name
        for name, value in vars(reference).items()
        if callable(value) and not name.startswith("_")
    }
    assert found == set(reference.__all__)
    # every operation with a gradient has its partner
    for name in found:
        for ending in ("_backward", "_derivative"):
            if name.endswith(ending):
                assert name.removesuffix(ending) in found


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_docstrings_teach(part):
    text = inspect.getdoc(part)
    assert ">>> " in text
    if inspect.isclass(part):
        return
    if list(inspect.signature(part).parameters):
        assert "Args:" in text
    assert "Returns:" in text
    assert "Source:" in text or part.__name__ in NO_ARRAYS
    for name, parameter in inspect.signature(part).parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty, name
        assert name in text, name
    assert inspect.signature(part).return_annotation is not inspect.Signature.empty


def test_import_loads_no_framework_and_is_quick():
    code = (
        "import sys, cnnkit.reference, cnnkit.reference.modules;"
        "print(sorted({'keras', 'tensorflow', 'jax', 'scipy.sparse', 'skimage'}"
        " & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]" and not run.stderr
