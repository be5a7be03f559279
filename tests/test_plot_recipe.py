"""Checklist, efficiency, depth and error, charts of patients."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from cnnkit import plot
from cnnkit.clinic import Chart

ROWS = {"momentum": ("slow", [0.7, 0.8]), "He": ("dies", [0.1, 0.3])}


def texts(ax, gid=None):
    return [t.get_text() for t in ax.texts if gid in (None, t.get_gid())]


def test_checklist_shows_each_seed_and_the_mean():
    fig = plot.checklist(ROWS, [0.88, 0.92], "test accuracy")
    sheet, ax = fig.axes
    assert texts(sheet) == ["momentum", "slow", "He", "dies"]
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([band.x0, band.x1], [0.88, 0.92])
    drawn = [line.get_xdata() for line in ax.lines]
    np.testing.assert_allclose(drawn[0], 0.9)
    dots, means = drawn[1::2], drawn[2::2]
    np.testing.assert_allclose(dots, [[0.7, 0.8], [0.1, 0.3]])
    np.testing.assert_allclose(np.ravel(means), [0.75, 0.2])


@pytest.mark.parametrize("rows", [{}, {"momentum": ("slow", [])}])
def test_checklist_wants_values(rows):
    with pytest.raises(ValueError, match="expected at least one"):
        plot.checklist(rows, [0.9], "accuracy")


def test_efficiency_areas_are_parameters_and_the_best_are_joined():
    families = {
        "old": [("a", 1e9, 60, 60e6), ("b", 4e9, 58, 120e6)],
        "new": [("c", 5e8, 55, 5e6), ("d", 2e9, 70, 10e6), ("e", 8e9, 70, 20e6)],
    }
    fig = plot.efficiency(families, "top-1", {"a": "right", "d": "above"})
    ax = fig.axes[0]
    assert ax.get_xscale() == "log" and texts(ax) == ["a", "d"]
    areas = [float(c.get_sizes()[0]) for c in ax.collections if len(c.get_sizes()) == 1]
    large = [c.get_sizes() for c in ax.collections if len(c.get_sizes()) > 1]
    ratios = np.concatenate(large) / areas[-1] * 150e6  # the legend's largest dot
    np.testing.assert_allclose(ratios, [60e6, 120e6, 5e6, 10e6, 20e6])
    best = ax.lines[0].get_xydata()  # c, a and d; e costs more than d for the same
    np.testing.assert_allclose(best, [[5e8, 55], [1e9, 60], [2e9, 70]])


def test_efficiency_has_a_colour_for_each_family():
    with pytest.raises(ValueError, match="expected 1 to 7 families"):
        plot.efficiency({}, "top-1", {})


def test_depth_and_error():
    rows = [
        ("AlexNet", 2012, 8, 16.4),
        ("ResNet", 2015, 152, 3.57),
        ("x", 2016, None, 3),
    ]
    above, below = plot.depth_and_error(rows, 5.1).axes
    assert [bar.get_height() for bar in above.patches] == [8, 152]
    assert [bar.get_height() for bar in below.patches] == [16.4, 3.57, 3]
    colors = [to_hex(bar.get_facecolor()) for bar in below.patches]
    assert colors[0] != colors[1] == colors[2], "better than a person"
    labels = [tick.get_text() for tick in below.get_xticklabels()]
    assert labels == ["AlexNet\n2012", "ResNet\n2015", "x\n2016"]


def chart(*values, **signs):
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    curves = {name: [v, v / 2] for name, v in zip(names, values, strict=True)}
    return Chart(curves, signs)


def test_patient_charts_put_the_healthy_behind_each_patient():
    healthy = chart(1, 0.4, 2, 0.3, start=2.3, moved=4, high=1)
    sick = chart(3, 0.1, 4, 0.2, start=143.4, moved=1, high=255)
    signs = {"start": "loss before training", "moved": "layers", "high": "pixel"}
    fig = plot.patient_charts({"A": sick, "B": healthy}, healthy, signs)
    sheet, *plots = fig.axes
    assert [ax.get_title() for ax in plots[:3]] == ["healthy", "A", "B"]
    of_a = [list(line.get_ydata()) for line in plots[1].lines]
    assert of_a == [[1, 0.5], [3, 1.5], [2, 1.0], [4, 2.0]]
    of_a = [list(line.get_ydata()) for line in plots[4].lines]
    assert of_a == [[0.4, 0.2], [0.1, 0.05], [0.3, 0.15], [0.2, 0.1]]
    assert texts(sheet, "start") == ["2.30", "143", "2.30"]
    assert texts(sheet, "moved") == ["4", "1", "4"]
    assert texts(sheet, "high") == ["1", "255", "1"]
    assert len({ax.get_ylim() for ax in plots[:3]}) == 1, "one scale"


def test_patient_charts_refuse():
    one = chart(1, 1, 1, 1, start=1)
    with pytest.raises(ValueError, match="expected one to four patients"):
        plot.patient_charts(dict.fromkeys("ABCDE", one), one, {})
    with pytest.raises(ValueError, match="expected signs that each chart has"):
        plot.patient_charts({"A": one}, one, {"fresh": "fresh"})
