"""Recorded runs: what is written, resumed after a kill, and shared among processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest

from cnnkit import data
from cnnkit.course import cli, runs
from cnnkit.course.experiments import EXPERIMENTS

ROOT = Path(__file__).parents[1]
RECORDS = sorted(runs.FOLDER.glob("*.json"))

# A small experiment in a process of its own: dropout, transforms and momentum, so that
# every state that must survive is there.  Arguments: folder, process, processes, port.
PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from types import SimpleNamespace
import cnnkit
import keras
from keras import layers
from cnnkit import augment
from cnnkit.course import runs

def build(variant, settings, steps):
    drop = layers.Dropout(0.3) if variant == "dropout" else layers.Identity()
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(),
        layers.ReLU(), layers.Flatten(), drop, layers.Dense(10, activation="softmax"),
    ])
    rate = keras.optimizers.schedules.CosineDecay(0.05, steps)
    model.compile(keras.optimizers.SGD(rate, 0.9), "sparse_categorical_crossentropy",
                  metrics=["accuracy"], steps_per_execution=2)
    return model

folder, process, processes, port = sys.argv[1], *map(int, sys.argv[2:])
part = runs._share_out(SimpleNamespace(
    process=process, processes=processes, coordinator=f"127.0.0.1:{port}", jobs=1))
settings = {"epochs": 5, "batch_size": 64, "seeds": 1, "images": 640}
experiment = runs.Experiment(
    "digits", "digits8", (os.environ.get("VARIANT", "dropout"),), build,
    settings, settings, lambda variant, settings:
    [lambda x, rng: augment.shift(x, rng, 1)] if variant == "dropout" else [])
data = runs._data
def even(name, settings):  # 256 test images, which two processes share evenly
    (x, y, x_test, y_test), about = data(name, settings)
    return (x, y, x_test[:256], y_test[:256]), about
runs._data = even
write, calls = runs._write, []
def write_or_die(path, content):  # when new weights lie there, but not yet their rows
    calls.append(path)
    if len(calls) == int(os.environ.get("DIE_AT", 0)):
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)
runs._write = write_or_die
content = runs.record("digits", experiment, "small", Path(folder), part)
print(json.dumps(content))
"""


def start(folder, process=0, processes=1, port=0, **environment):
    arguments = [str(folder), str(process), str(processes), str(port)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error[-3000:]
    return json.loads(out.splitlines()[-1])


def curve(content, *metrics):
    (run,) = content["runs"]
    return np.array([[row[metric] for metric in metrics] for row in run["epochs"]])


METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def widths(variant, settings, steps):
    """The network of a small experiment."""
    width = {"narrow": 4, "wide": 32}[variant]
    layers = [keras.layers.Flatten(), keras.layers.Dense(width, "relu")]
    layers.append(keras.layers.Dense(10, "softmax"))
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"])
    return model


# `cnnkit run widths`, whose workers know it too: they import its file, as workers do.
COMMAND = """
import os, sys
import cnnkit
from test_runs import widths
from cnnkit.course import experiments, runs

settings = {"epochs": int(os.environ.get("EPOCHS", 3)), "batch_size": 100,
            "seeds": 2, "images": 1000}
experiments.EXPERIMENTS["widths"] = runs.Experiment(
    "two widths", "digits8", ("narrow", "wide"), widths, settings, settings)
if __name__ == "__main__":
    sys.exit(runs.main(["widths", *sys.argv[1:]]))
"""


def run_widths(folder, jobs, **environment):
    """Starts it; what it keeps and writes lies in the folder."""
    folder.mkdir(exist_ok=True)
    program = folder / "widths.py"
    program.write_text(COMMAND)
    here = {
        "CNNKIT_CACHE": str(folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    return psutil.Popen(
        [sys.executable, program, "--jobs", str(jobs), "--output", folder / "made"],
        env={**os.environ, **here, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_side_by_side_a_run_ends_like_one_after_another(tmp_path):
    made = {}
    for jobs in (1, 2):
        folder = tmp_path / f"by{jobs}"
        assert run_widths(folder, jobs).wait(timeout=300) == 0
        made[jobs] = json.loads((folder / "made").read_text())
    assert made[2]["command"] == "cnnkit run widths --scale small --jobs 2"
    for one, other in zip(made[1]["runs"], made[2]["runs"], strict=True):
        names = ("variant", "seed", "parameters")
        assert [one[name] for name in names] == [other[name] for name in names]
        curves = (curve({"runs": [run]}, *METRICS) for run in (one, other))
        np.testing.assert_allclose(*curves, rtol=1e-5)
    said = runs.Record(**made[2]).origin
    assert "summed over networks that trained side by side" in said
    assert "side by side" not in runs.Record(**made[1]).origin


def test_a_killed_run_ends_with_the_same_history(tmp_path):
    """Killed in the third epoch's saving, started again: as if nothing had been."""
    whole = start(tmp_path / "whole")
    broken = start(tmp_path / "broken", DIE_AT="3")
    assert broken.wait(timeout=300) == -signal.SIGKILL
    broken.communicate()
    (state,) = (tmp_path / "broken").glob("*/state.json")
    assert len(json.loads(state.read_text())["rows"]) == 2
    assert len(list(state.parent.glob("*.weights.h5"))) == 2
    resumed = start(tmp_path / "broken")
    out, error = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, error[-3000:]
    said = [line for line in out.splitlines() if "seed 0:" in line]
    # kept epochs are not trained again; the last line is the summary
    assert len(said) == 3 + 1 and "5 epochs" in said[-1]
    again = curve(json.loads(out.splitlines()[-1]), *METRICS)
    untouched = curve(finish(whole), *METRICS)
    np.testing.assert_allclose(again, untouched, rtol=1e-6)
    assert np.ptp(untouched[:, 0]) > 0.1, "it learned"


def test_processes_and_devices_train_like_one(tmp_path):
    """Two processes over loopback, and two devices of one, against one device."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    jax = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "VARIANT": "plain"}
    two = [start(tmp_path / "two", k, 2, port, **jax) for k in (0, 1)]
    contents = [finish(process) for process in two]
    assert contents[0]["device"]["processes"] == 2
    flags = {**jax, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    both = finish(start(tmp_path / "devices", **flags))
    assert both["device"]["count"] == 2
    alone = curve(finish(start(tmp_path / "one", **jax)), *METRICS)
    for content in (*contents, both):
        np.testing.assert_allclose(curve(content, *METRICS), alone, rtol=1e-5)
    assert np.ptp(alone[:, 0]) > 0.1, "it learned"


def test_workers_end_with_a_killed_parent(tmp_path):
    """Else the same command, given again, would train beside them on the same files."""
    parent = run_widths(tmp_path, 2, EPOCHS="10000")
    end = time.monotonic() + 300
    while len([*tmp_path.glob("runs/*/*/state.json")]) < 2:
        assert parent.poll() is None and time.monotonic() < end
        time.sleep(0.2)
    children = parent.children(recursive=True)
    parent.kill()
    parent.wait()
    _, left = psutil.wait_procs(children, timeout=60)
    for process in left:
        process.kill()
    assert len(children) >= 2 and not left


@pytest.fixture
def content():
    """An experiment, two seeds of two networks, and its settings."""
    settings = {"epochs": 2, "batch_size": 100, "seeds": 2, "images": 1000}
    experiment = runs.Experiment(
        "two widths", "digits8", ("narrow", "wide"), widths, settings, settings
    )
    return experiment, settings


def test_a_record_says_what_it_is_and_where_from(content, tmp_path):
    experiment, settings = content
    made = runs.record(
        "widths", experiment, "small", tmp_path / "work", command="cnnkit run widths"
    )
    runs._write(tmp_path / "widths.json", made)
    record = runs.load("widths", tmp_path)
    assert record.settings == settings and record.versions["keras"] == keras.__version__
    assert [(r["variant"], r["seed"]) for r in record.runs] == [
        ("narrow", 0),
        ("wide", 0),
        ("narrow", 1),
        ("wide", 1),
    ]
    assert [r["parameters"] for r in record.runs[:2]] == [
        64 * n + n + n * 10 + 10 for n in (4, 32)
    ]
    by_hand = [r["epochs"][-1]["loss"] for r in record.runs if r["variant"] == "wide"]
    expected = np.mean(by_hand), min(by_hand), max(by_hand)
    np.testing.assert_allclose(record.last("loss")["wide"], expected)
    assert record.curves("loss")["wide"][0].shape == (2,)
    for part in ("2 networks, 2 seeds each", "2 epochs on 1,000 images of digits8"):
        assert part in record.origin
    # and an edit is noticed
    path = tmp_path / "widths.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(ValueError, match="received an edited file"):
        runs.load("widths", tmp_path)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_each_record_belongs_to_its_experiment(path):
    record = runs.load(path.stem)
    experiment = EXPERIMENTS[record.name]
    assert record.settings == dict(getattr(experiment, record.scale))
    assert record.command.startswith(f"cnnkit run {record.name} --scale {record.scale}")
    assert record.data["name"] == experiment.data
    wanted = {
        (variant, seed)
        for variant in experiment.variants
        for seed in range(record.settings["seeds"])
    }
    assert {(run["variant"], run["seed"]) for run in record.runs} == wanted
    for run in record.runs:
        rows = run["epochs"]
        assert len(rows) == record.settings["epochs"]
        for row in rows:
            assert set(row) == {*METRICS, "seconds"}
            assert all(np.isfinite(value) for value in row.values())
            assert 0 <= row["accuracy"] <= 1 and 0 <= row["val_accuracy"] <= 1
    assert not {"/", "\\"} & set(json.dumps(record.device).replace("\\u", ""))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n in ("lenet5", "convnetjs") else pytest.mark.full)
        for n in EXPERIMENTS
    ],
)
def test_each_network_of_an_experiment_learns(name):
    experiment = EXPERIMENTS[name]
    side, channels = (28, 1) if experiment.data == "fashion_mnist" else (32, 3)
    side //= experiment.small.get("shrunk", 1)
    rng = np.random.default_rng(0)
    x = rng.random((20, side, side, channels), "float32")
    for variant in experiment.variants:
        keras.utils.set_random_seed(0)
        model = experiment.build(variant, dict(experiment.small), 100)
        before = model.get_weights()
        model.fit(x, np.arange(20) % 10, batch_size=10, verbose=0)
        assert any(
            not np.array_equal(a, b)
            for a, b in zip(before, model.get_weights(), strict=True)
        )
        assert model.get_metrics_result().keys() == {"loss", "accuracy"}


def test_a_part_of_a_sorted_set_has_all_classes(monkeypatch):
    """CIFAR-10 is sorted in some copies: its first images are all of one class."""
    x = np.arange(1000 * 4 * 4 * 1).reshape(1000, 4, 4, 1) % 251
    y = np.arange(1000) // 100
    whole = data.Dataset(x.astype("uint8"), y, x[:200].astype("uint8"), y[:200], ())
    monkeypatch.setattr(data, "load", lambda name, full: whole)
    settings = {"images": 300, "test_images": 50, "shrunk": 2}
    (images, labels, tests, _), about = runs._data("any", settings)
    assert np.bincount(labels, minlength=10).min() > 15
    assert (len(images), len(tests), about["pixels"]) == (300, 50, "2x2")
    again = runs._data("any", settings)[0]
    np.testing.assert_array_equal(again[1], labels)
    matches = (x.reshape(1000, 2, 2, 2, 2).mean(axis=(2, 4)) / 255)[:, None]
    gap = np.abs(matches - images[None, :5, :, :, 0]).max(axis=(2, 3))
    assert (gap.min(axis=0) <= 0.5 / 255 + 1e-6).all()  # rounded means of four


def test_bad_commands_say_what_is_expected(capsys):
    for arguments, expected in (
        (["nothing"], "expected one of lenet5, degradation"),
        (["lenet5", "--processes", "2", "--process", "2"], "expected a process from 0"),
        (["lenet5", "--processes", "2"], "expected --coordinator HOST:PORT"),
        (["lenet5", "--jobs", "0"], "received --jobs 0"),
        (
            ["lenet5", "--jobs", "2", "--processes", "2", "--coordinator", "h:1"],
            "expected --jobs N from 1, and without --processes",
        ),
    ):
        with pytest.raises(SystemExit):
            cli.main(["run", *arguments])
        assert expected in capsys.readouterr().err
    assert cli.main(["run"]) == 0
    listed = capsys.readouterr().out
    assert len(listed.splitlines()) == len(EXPERIMENTS)
    module = [sys.executable, "-m", "cnnkit.course.cli", "run"]  # not installed
    assert subprocess.run(module, capture_output=True, text=True).stdout == listed


def test_the_end_of_a_run_leaves_what_others_need_to_go_on(tmp_path, monkeypatch):
    def record(name, experiment, scale, work, *_):
        work.mkdir(parents=True)
        return {"name": name, "seconds": 1.0}

    monkeypatch.setattr(runs, "record", record)
    monkeypatch.setattr(data, "_cache", lambda: tmp_path)
    monkeypatch.setattr(runs, "FOLDER", tmp_path / "lessons" / "runs")
    monkeypatch.chdir(tmp_path)
    stopped = tmp_path / "runs" / "degradation-small"
    stopped.mkdir(parents=True)
    assert cli.main(["run", "lenet5"]) == 0
    assert [*stopped.parent.iterdir()] == [stopped]
    assert (tmp_path / "lenet5.json").is_file()  # here, where no lessons are


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has processes")
def test_processes_want_jax(capsys):
    arguments = ["lenet5", "--processes", "2", "--coordinator", "127.0.0.1:1"]
    assert cli.main(["run", *arguments]) == 1
    assert "expected the JAX backend" in capsys.readouterr().err


def test_side_by_side_wants_one_device(monkeypatch, capsys):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    two = ["gpu:0", "gpu:1"]
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: two)
    assert cli.main(["run", "lenet5", "--jobs", "2"]) == 1
    assert "expected one device for --jobs" in capsys.readouterr().err
