"""Figures of lesson 13: they show the numbers they are given."""

import numpy as np
import pytest

from cnnkit import plot


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_polynomial_fit_marks_the_degree_and_draws_both_errors():
    errors = {"training": [1.0, 0.5, 0.0], "test": [1.0, 0.6, 0.9]}
    x = np.linspace(-1, 1, 5)
    fig = plot.polynomial_fit(x, x, x, x, x**3, errors, 1)
    right = fig.axes[1]
    training, test, marked = right.lines
    np.testing.assert_allclose(training.get_ydata(), [1, 0.5, 1e-3])  # floor of the log
    np.testing.assert_allclose(test.get_ydata(), [1, 0.6, 0.9])
    assert list(marked.get_xdata()) == [1, 1]
    with pytest.raises(ValueError, match="degree below 3"):
        plot.polynomial_fit(x, x, x, x, x, errors, 3)


def test_feature_sheets_scale_each_image_by_itself():
    tiles = np.array([[[0.0, 2.0]], [[-0.1, 0.0]]])
    fig = plot.feature_sheets({"a": tiles}, columns=2)
    sheet = fig.axes[0].images[0].get_array()
    np.testing.assert_allclose(np.ma.filled(sheet[0], np.nan), [0, 1, np.nan, -1, 0])
    with pytest.raises(ValueError, match="height, width"):
        plot.feature_sheets({"a": np.zeros((2, 2))})


def test_weight_histograms_count_zeros_and_bars():
    rows = {"L1": {"0": [1.0, -1.0, 0.5], "1": [0.0, 0.0, 0.5]}}
    fig = plot.weight_histograms(rows)
    assert [texts(ax)[0] for ax in fig.axes] == ["0 of 3\nare zero", "2 of 3\nare zero"]
    heights = [sum(p.get_height() for p in ax.patches) for ax in fig.axes]
    assert heights == [3, 1]
    with pytest.raises(ValueError, match="as many strengths"):
        plot.weight_histograms({"a": {"0": [1.0]}, "b": {}})


def test_dropout_masks_show_values_and_kept_weights():
    masks = [(1, 1), (1, 0), (0, 1), (0, 0)]
    fig = plot.dropout_masks([2, -1], [3, 4], masks, [2, 6, -4, 0], 1)
    shown = [texts(ax) for ax in fig.axes]
    assert shown[0] == ["3", "×2", "4", "×−1", "2"]
    assert shown[3] == ["3", "4", "0"] and shown[4] == ["1"]
