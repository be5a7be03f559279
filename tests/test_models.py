"""What every architecture must do: compute, learn, be saved, in less precision too."""

import re

import keras
import numpy as np
import pytest

from cnnkit import models

#   one variant a family, as small as its knobs allow
FAMILIES = {
    "alexnet": lambda **k: models.alexnet(**k),
    "convnetjs_cifar10": lambda **k: models.convnetjs_cifar10(**k),
    "densenet": lambda **k: models.densenet(121, **k),
    "densenet_cifar": lambda **k: models.densenet_cifar(40, **k),
    "efficientnet": lambda **k: models.efficientnet("b0", **k),
    "googlenet": lambda **k: models.googlenet(**k),
    "inception_resnet_v2": lambda **k: models.inception_resnet_v2(**k),
    "inception_v2": lambda **k: models.inception_v2(**k),
    "inception_v3": lambda **k: models.inception_v3(**k),
    "inception_v4": lambda **k: models.inception_v4(**k),
    "lenet5": lambda **k: models.lenet5(**k),
    "mobilenet_v1": lambda **k: models.mobilenet_v1(alpha=0.25, **k),
    "mobilenet_v2": lambda **k: models.mobilenet_v2(alpha=0.35, **k),
    "mobilenet_v3": lambda **k: models.mobilenet_v3("small", **k),
    "nasnet": lambda **k: models.nasnet("mobile", **k),
    "nin": lambda **k: models.nin("cifar10", **k),
    "resnet": lambda **k: models.resnet(18, **k),
    "resnet v2": lambda **k: models.resnet(50, version=2, **k),
    "resnet_cifar": lambda **k: models.resnet_cifar(20, **k),
    "resnext": lambda **k: models.resnext(50, **k),
    "se_resnet": lambda **k: models.se_resnet(50, **k),
    "vgg": lambda **k: models.vgg("A-LRN", **k),
    "wide_resnet": lambda **k: models.wide_resnet(16, 2, **k),
    "zfnet": lambda **k: models.zfnet(**k),
}
# eager steps need no tracing, which takes longer than the test itself
EAGER = keras.backend.backend() == "tensorflow"
#   a minute or more on two cores
LARGE = ("inception_resnet_v2", "inception_v3", "inception_v4", "nasnet", "se_resnet")
EACH = [
    pytest.param(name, marks=[pytest.mark.full] if name in LARGE else [])
    for name in FAMILIES
]
#   no classifiers of images of any size; each has tests of its own
OTHERS = {"autoencoder", "digits_4x4", "lenet5_1998", "letter_x"}
FIXED = {"lenet5": 28, "convnetjs_cifar10": 32}  # the only or usual side


def smallest(family):
    """The side that the family's own error message names as the least."""
    if family in FIXED:
        return FIXED[family]
    with pytest.raises(ValueError, match="at least") as caught:
        FAMILIES[family](input_shape=(1, 1, 3), classes=3)
    side = int(re.search(r"at least (\d+)x\1", str(caught.value)).group(1))
    with pytest.raises(ValueError, match=rf"received \({side - 1}, {side - 1}, 3\)"):
        FAMILIES[family](input_shape=(side - 1, side - 1, 3), classes=3)
    return side


def test_no_family_is_left_out():
    assert {name.split()[0] for name in FAMILIES} == set(models.__all__) - OTHERS


@pytest.mark.parametrize("family", EACH)
def test_learns_at_the_smallest_input(family, tmp_path):
    keras.utils.set_random_seed(0)
    shape = (smallest(family), smallest(family), 3)
    model = FAMILIES[family](input_shape=shape, classes=3)
    x = np.random.default_rng(0).normal(size=(8, *shape)).astype("float32")
    weights = [w.path for w in model.trainable_weights]
    before = [keras.ops.convert_to_numpy(w).copy() for w in model.trainable_weights]
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=EAGER)
    loss = model.train_on_batch(x, np.arange(8) % 3)
    assert np.all(np.isfinite(loss))
    after = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    still = [
        name
        for name, old, new in zip(weights, before, after, strict=True)
        if np.array_equal(old, new) or not np.all(np.isfinite(new))
    ]
    assert still == []

    outputs = keras.ops.convert_to_numpy(model(x))
    assert outputs.shape == (8, 3) and np.all(np.isfinite(outputs))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(again(x)), outputs, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("family", EACH)
def test_mixed_precision_ends_in_float32(family):
    side = smallest(family)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = FAMILIES[family](input_shape=(side, side, 3), classes=3)
    finally:
        keras.config.set_dtype_policy("float32")
    computed = {layer.compute_dtype for layer in model.layers if layer.weights}
    assert "float16" in computed
    outputs = model(np.zeros((2, side, side, 3), "float32"))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    assert np.all(np.isfinite(keras.ops.convert_to_numpy(outputs)))


@pytest.mark.parametrize("family", FAMILIES)
def test_at_least_one_class(family):
    shape = (smallest(family), smallest(family), 3)
    with pytest.raises(ValueError, match=r"expected .*class.*; received .*0"):
        FAMILIES[family](input_shape=shape, classes=0)
