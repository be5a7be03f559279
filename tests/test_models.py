"""Architectures against published counts and shapes."""

import keras
import numpy as np
import pytest

from cnnkit import models

SHAPES = {  # LeCun et al. 1998, figure 2, with today's dense layers
    "conv1": (28, 28, 6),
    "pool1": (14, 14, 6),
    "conv2": (10, 10, 16),
    "pool2": (5, 5, 16),
    "flatten": (400,),
    "dense3": (120,),
    "dense4": (84,),
    "scores": (10,),
}


@pytest.mark.parametrize("side", [32, 28])
def test_lenet5_shapes_and_parameters(side):
    model = models.lenet5((side, side, 1))
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers[1:]}
    assert shapes == SHAPES
    counts = [layer.count_params() for layer in model.layers if layer.weights]
    assert counts == [156, 2416, 48120, 10164, 850]


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_lenet5_trains_and_survives_saving(tmp_path, pooling, activation):
    keras.utils.set_random_seed(0)
    model = models.lenet5((28, 28, 1), activation=activation, pooling=pooling)
    x = np.random.default_rng(0).normal(size=(8, 28, 28, 1)).astype("float32")
    before = [w.copy() for w in model.get_weights()]
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(8), verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert not np.array_equal(old, new)
    out = model.predict(x, verbose=0)
    assert np.allclose(out.sum(1), 1, atol=1e-5)
    model.save(tmp_path / "lenet5.keras")
    again = keras.models.load_model(tmp_path / "lenet5.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), out, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (30, 30, 1)}, r"\(30, 30, 1\)"),
        ({"input_shape": (32, 32)}, r"\(32, 32\)"),
        ({"classes": 0}, "classes=0"),
        ({"pooling": "mean"}, "'average', 'max'.*'mean'"),
    ],
)
def test_lenet5_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.lenet5(**arguments)
