"""Where weight decay and an L2 penalty lead, with Keras's SGD."""

import keras
import numpy as np
import pytest


def settle(momentum, penalty=0.0, decay=None):
    """Where a weight rests that the data wants to be 1."""
    optimizer = keras.optimizers.SGD(0.05, momentum=momentum, weight_decay=decay)
    w = keras.Variable(0.0)
    for _ in range(600):
        now = np.float32(keras.ops.convert_to_numpy(w))
        optimizer.apply([keras.ops.convert_to_tensor(now - 1 + penalty * now)], [w])
    return float(keras.ops.convert_to_numpy(w))


@pytest.mark.parametrize(
    ("momentum", "decay"), [(0.0, 0.1), (0.5, 0.1 / 0.5), (0.9, 0.1 / 0.1)]
)
def test_decay_beside_momentum_has_to_be_larger_by_one_minus_momentum(momentum, decay):
    assert settle(momentum, penalty=0.1) == pytest.approx(1 / 1.1, abs=1e-4)
    assert settle(momentum, decay=decay) == pytest.approx(1 / 1.1, abs=1e-4)


def test_the_same_number_pulls_less_beside_momentum():
    assert settle(0.9, decay=0.1) == pytest.approx(1 / 1.01, abs=1e-4)
