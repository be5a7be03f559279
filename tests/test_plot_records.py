"""Curves of recorded runs: what is drawn, and that the figure says where it is from."""

import numpy as np
import pytest

from cnnkit import plot
from cnnkit.course import runs

EPOCHS = 6
VARIANTS = ("plain-20", "plain-56", "residual-20", "residual-56")


@pytest.fixture
def record():
    """Made up, two seeds of four variants."""
    rng = np.random.default_rng(0)
    metrics = ("loss", "accuracy", "val_loss", "val_accuracy")
    made = [
        {
            "variant": variant,
            "seed": seed,
            "parameters": 1000,
            "epochs": [
                {**dict(zip(metrics, rng.random(4), strict=True)), "seconds": 1.0}
                for _ in range(EPOCHS)
            ],
        }
        for variant in VARIANTS
        for seed in range(2)
    ]
    return runs.Record(
        name="degradation",
        title="Plain and residual networks",
        scale="small",
        command="cnnkit run degradation --scale small",
        settings={"epochs": EPOCHS, "batch_size": 125, "seeds": 2, "images": 10_000},
        data={
            "name": "cifar10",
            "images": 10_000,
            "pixels": "32x32",
            "test_images": 10_000,
        },
        device={"kind": "CPU (x86_64)", "count": 1},
        versions={"backend": "tensorflow 2.21.0", "keras": "3.15.0"},
        date="2026-11-26",
        seconds=2400.0,
        note="a shortened run",
        runs=made,
        digest="",
    )


def values(record, variant, metric):
    """By hand: (seeds, epochs)."""
    found = [run["epochs"] for run in record.runs if run["variant"] == variant]
    return np.array([[row[metric] for row in epochs] for epochs in found])


def band(collection):
    """Lowest and highest edge at each epoch."""
    (path,) = collection.get_paths()
    corners = path.vertices
    edges = [corners[corners[:, 0] == x][:, 1] for x in range(1, EPOCHS + 1)]
    return np.array([(y.min(), y.max()) for y in edges]).T


def test_by_default_training_and_test_stand_side_by_side(record):
    fig = plot.record_curves(record)
    training, test = fig.axes
    assert (training.get_title(), test.get_title()) == ("training", "test")
    for ax, prefix in ((training, ""), (test, "val_")):
        assert len(ax.lines) == len(VARIANTS)
        for line, fill, variant in zip(ax.lines, ax.collections, VARIANTS, strict=True):
            errors = 100 * (1 - values(record, variant, f"{prefix}accuracy"))
            np.testing.assert_allclose(line.get_ydata(), errors.mean(axis=0))
            np.testing.assert_allclose(band(fill), [errors.min(0), errors.max(0)])
    assert [t.get_text() for t in fig.legends[0].get_texts()] == list(VARIANTS)
    assert training.get_ylim() == test.get_ylim()


def test_panels_show_training_dashed_and_test_solid(record):
    kinds = ("plain", "residual")
    panels = {kind: {n: f"{kind}-{n}" for n in ("20", "56")} for kind in kinds}
    fig = plot.record_curves(record, "loss", panels)
    assert [ax.get_title() for ax in fig.axes] == ["plain", "residual"]
    for ax, kind in zip(fig.axes, kinds, strict=True):
        assert [line.get_linestyle() for line in ax.lines] == ["--", "-"] * 2
        expected = values(record, f"{kind}-56", "val_loss").mean(axis=0)
        np.testing.assert_allclose(ax.lines[3].get_ydata(), expected)
    colors = [[line.get_color() for line in ax.lines] for ax in fig.axes]
    assert colors[0] == colors[1] and len(set(colors[0])) == 2
    named = [t.get_text() for t in fig.legends[0].get_texts()]
    assert named == ["20", "56", "training", "test"]


def test_the_figure_says_where_it_comes_from(record):
    fig = plot.record_curves(record, since=3)
    (below,) = [t for t in fig.texts if t.get_text()]
    assert below.get_text().replace("\n", " ") == record.origin
    assert "a shortened run" in below.get_text()
    fig.draw_without_rendering()
    whole = fig.bbox
    boxes = [below.get_window_extent(), fig.legends[0].get_window_extent()]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in boxes)
    lowest = min(ax.get_tightbbox().y0 for ax in fig.axes)
    assert 0 <= boxes[0].y0 and boxes[0].y1 <= lowest
    assert fig.axes[0].lines[0].get_xdata().tolist() == [3, 4, 5, 6]


def test_one_epoch_is_a_point_and_accuracy_is_in_percent(record):
    fig = plot.record_curves(record, "accuracy", since=EPOCHS)
    line = fig.axes[1].lines[0]
    assert line.get_marker() == "o" and fig.axes[0].get_ylabel() == "accuracy, percent"
    expected = 100 * record.last("val_accuracy")["plain-20"][0]
    np.testing.assert_allclose(line.get_ydata(), [expected])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantity": "errors"}, "quantity in .*received 'errors'"),
        ({"panels": {}}, "at least one panel"),
        ({"panels": {"plain": {}}}, "a variant in each"),
        ({"panels": {"plain": {"20": "plane-20"}}}, "plain-20, .*received .'plane-20'"),
        ({"since": 7}, "since from 1 to 6; received 7"),
    ],
)
def test_what_cannot_be_drawn_is_refused(record, options, message):
    with pytest.raises(ValueError, match=message):
        plot.record_curves(record, **options)
