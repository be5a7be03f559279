"""Losses of two weights: gradients against differences, and what the texts promise."""

import numpy as np
import pytest
from scipy import optimize

from cnnkit import check
from cnnkit.reference.landscapes import LANDSCAPES

every = pytest.mark.parametrize("name", LANDSCAPES)


@every
def test_gradient_is_that_of_the_value(name, capsys):
    land = LANDSCAPES[name]
    for seed in range(3):
        point = np.random.default_rng(seed).uniform(-1.5, 1.5, 2)
        check.gradient_check(
            lambda w: np.float64(land.value(w)), point, land.gradient(point)
        )


@every
def test_many_points_at_once(name):
    land = LANDSCAPES[name]
    points = np.random.default_rng(0).normal(size=(3, 4, 2))
    assert land.value(points).shape == (3, 4)
    assert land.gradient(points).shape == (3, 4, 2)
    np.testing.assert_allclose(land.value(points)[1, 2], land.value(points[1, 2]))
    np.testing.assert_allclose(land.gradient(points)[1, 2], land.gradient(points[1, 2]))


@every
def test_start_and_minima_are_in_the_picture(name):
    land = LANDSCAPES[name]
    found = optimize.minimize(land.value, land.start, jac=land.gradient).x
    for x, y in (land.start, found):
        assert land.x[0] <= x <= land.x[1] and land.y[0] <= y <= land.y[1]
    assert land.value(found) < land.value(np.array(land.start))


def test_each_landscape_has_its_trouble():
    bowl = LANDSCAPES["bowl"].gradient
    assert bowl(np.array([0.0, 1.0]))[1] == 50 * bowl(np.array([1.0, 0.0]))[0]
    saddle = LANDSCAPES["saddle"]
    assert (saddle.gradient(np.zeros(2)) == 0).all()
    assert saddle.value(np.array([0, 0.1])) < 0 < saddle.value(np.array([0.1, 0]))
    valleys = LANDSCAPES["two valleys"]
    ends = [
        optimize.minimize(valleys.value, (x, 0), jac=valleys.gradient).x
        for x in (-1.5, valleys.start[0])
    ]
    assert ends[0][0] < -1 and ends[1][0] > 0.9
    assert valleys.value(ends[0]) < valleys.value(ends[1]) - 0.5
    ravine = LANDSCAPES["ravine"]
    assert ravine.value(np.ones(2)) == 0
