"""Recorded runs: experiments too long for a lesson, each made by `cnnkit run NAME`.

An experiment (`cnnkit.course.experiments`) is a set of networks, trained with several
seeds.  Its record is one file of `lessons/runs`: the curves, and where they come from:
command, settings, data, device, versions, date.  A record is written by the command and
never edited; its `digest` says so.

A run that is stopped, or killed, goes on where it was when the same command is given
again, and ends with the history of an uninterrupted one: weights, optimizer and the
epochs so far are kept after each epoch, and the order of the images, their transforms
and the dropout masks depend on seed and epoch alone.

One device needs no option.  On the JAX backend all devices of a machine share each
batch, and so do several processes, on one machine or many: the same command in each,
with `--processes N --process K --coordinator HOST:PORT` (K from 0; the address of
process 0).  They need a common cache folder, `$CNNKIT_CACHE`.

A small network does not fill a large GPU: `--jobs N` trains N networks of the
experiment at a time on one device, each in a process of its own.
"""

import argparse
import contextlib
import datetime
import hashlib
import json
import multiprocessing
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

import cnnkit

FOLDER = Path(__file__).parents[2] / "lessons" / "runs"
SCALES = ("small", "full")


class Experiment(NamedTuple):
    """What `cnnkit run` makes.

    title: what the curves show, in one sentence.
    data: name for `cnnkit.data.load`, which is asked for the whole set.
    variants: names of the networks that are compared.
    build: (variant, settings, steps in all) -> compiled model; it sets no seed.
    transforms: (variant, settings) -> transforms for `augment.batches`.
    small, full: settings for processor cores and for a GPU: epochs, batch_size, seeds
        (their number), images and test_images (drawn from the sets; None: all), shrunk
        (2: half as many pixels a side), and what build reads.
    """

    title: str
    data: str
    variants: tuple[str, ...]
    build: Callable
    small: Mapping
    full: Mapping
    transforms: Callable = lambda variant, settings: ()


class Record(NamedTuple):
    """A recorded run, as lessons read it.

    runs: one for each variant and seed: {"variant", "seed", "parameters", "epochs"};
        epochs is a list of {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}.
    The other fields say where it comes from.
    """

    name: str
    title: str
    scale: str
    command: str
    settings: dict
    data: dict
    device: dict
    versions: dict
    date: str
    seconds: float
    note: str
    runs: list[dict]
    digest: str

    def curves(self, metric: str) -> dict[str, tuple]:
        """variant -> (mean, lowest, highest) over its seeds, one value an epoch."""
        found = {}
        for run in self.runs:
            values = [epoch[metric] for epoch in run["epochs"]]
            found.setdefault(run["variant"], []).append(values)
        return {
            variant: (np.mean(v, axis=0), np.min(v, axis=0), np.max(v, axis=0))
            for variant, v in found.items()
        }

    def last(self, metric: str) -> dict[str, tuple]:
        """variant -> (mean, lowest, highest) over its seeds after the last epoch."""
        return {
            variant: tuple(float(part[-1]) for part in parts)
            for variant, parts in self.curves(metric).items()
        }

    @property
    def origin(self) -> str:
        """Where it comes from, in one paragraph."""
        seeds = len({run["seed"] for run in self.runs})
        networks = len({run["variant"] for run in self.runs})
        device, versions = self.device, self.versions
        together = " --jobs " in self.command
        return (
            f"Recorded on {self.date} by `{self.command}`: {networks} networks, "
            f"{seeds} seed{'s' * (seeds != 1)} each, {self.settings['epochs']} epochs "
            f"on {self.data['images']:,} images of {self.data['name']}, "
            f"{self.data['pixels']} pixels{f' ({self.note})' if self.note else ''}; "
            f"{device['count']} × {device['kind']}, {versions['backend']}, Keras "
            f"{versions['keras']}, {_span(self.seconds)}"
            f"{', summed over networks that trained side by side' * together}."
        )


def load(name: str, folder: str | Path = FOLDER) -> Record:
    """A recorded run.

    Args:
        name: of the experiment.
        folder: where the records lie.

    Raises:
        ValueError: if there is no such record, or it is not as the command wrote it.

    >>> load("nothing")
    Traceback (most recent call last):
    ValueError: expected a recorded run; received 'nothing': make it with \
`cnnkit run nothing`
    """
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        raise ValueError(
            f"expected a recorded run; received {name!r}: make it with "
            f"`cnnkit run {name}`"
        )
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("digest") != _digest(content):
        raise ValueError(
            f"expected {path.name} as `cnnkit run` wrote it; received an edited file: "
            f"`git checkout` restores it, `cnnkit run {name}` makes it anew"
        )
    return Record(**content)


def _digest(content: Mapping) -> str:
    kept = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


# ---- one training ------------------------------------------------------------------


def train(
    model,
    data: tuple,
    settings: Mapping,
    seed: int,
    transforms=(),
    folder: Path | None = None,
    part: tuple[int, int] = (0, 1),
    said: Callable = lambda row: None,
) -> list[dict]:
    """Trains a compiled model; the rows of its epochs.

    Args:
        model: compiled model, built with the seed.
        data: x_train, y_train, x_test, y_test, ready for the model.
        settings: epochs and batch_size (of all processes together).
        seed: decides the order of the images, transforms and dropout.
        transforms: for `augment.batches`.
        folder: keeps the state after each epoch; what it holds is taken up.
        part: this process and their number; each takes its share of every batch.
        said: called with each new row.
    """
    import keras

    from cnnkit import augment, training

    number, processes = part
    x, y, x_test, y_test = data
    batches = augment.batches(x, y, settings["batch_size"], transforms, seed)
    share = slice(number, None, processes)

    class Share(keras.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, k):
            return tuple(array[share] for array in batches[k])

    training.build(model, y)
    kept = _Kept(model, folder, writes=number == 0)
    rows = kept.rows

    class Follow(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            batches.epoch = epoch - 1  # of the order that the next line draws
            batches.on_epoch_end()
            states = [v for v in model.variables if "seed_generator" in v.path]
            for k, state in enumerate(states):
                state.assign(np.array([seed * 100_000 + epoch, k], state.dtype))
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            row = {name: float(value) for name, value in logs.items()}
            row["seconds"] = round(time.perf_counter() - self.start, 2)
            rows.append(row)
            kept.save()
            said(row)

    model.fit(
        Share(),
        validation_data=(x_test[share], y_test[share]),
        validation_batch_size=500 // processes,
        initial_epoch=len(rows),
        epochs=settings["epochs"],
        shuffle=False,
        verbose=0,
        callbacks=[Follow()],
    )
    return rows


class _Kept:
    """Weights, optimizer and rows of a training, kept so that a kill loses no epoch.

    Expects a model whose optimizer is built, so that its state can be loaded.

    The file of the rows names the file of the weights, and is replaced last and at
    once: it never speaks of weights that are not there.
    """

    def __init__(self, model, folder: Path | None, writes: bool):
        self.model, self.folder, self.writes = model, folder, writes
        self.rows: list[dict] = []
        if folder is not None and (state := folder / "state.json").is_file():
            content = json.loads(state.read_text(encoding="utf-8"))
            model.load_weights(folder / content["weights"])  # the optimizer's too
            self.rows = content["rows"]

    def save(self) -> None:
        if self.folder is None:
            return
        name = f"epoch{len(self.rows):04d}.weights.h5"
        if not self.writes:  # to fetch weights from all devices takes all processes
            with tempfile.TemporaryDirectory() as nowhere:
                self.model.save_weights(Path(nowhere) / name)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(self.folder / name, overwrite=True)
        _write(self.folder / "state.json", {"weights": name, "rows": self.rows})
        for old in self.folder.glob("epoch*.weights.h5"):
            if old.name != name:
                old.unlink()


def _write(path: Path, content) -> None:
    """A JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


# ---- a whole experiment ------------------------------------------------------------


def record(
    name: str,
    experiment: Experiment,
    scale: str,
    work: Path,
    part: tuple[int, int] = (0, 1),
    command: str = "",
    note: str = "",
    jobs: int = 1,
) -> dict:
    """Trains all variants and seeds of an experiment; the content of its record.

    Args:
        name: of the experiment.
        experiment: what to train.
        scale: "small" or "full".
        work: folder for what a stopped run needs to go on.
        part: this process and their number.
        command: what made it.
        note: what a reader should know of the data.
        jobs: networks that train at a time, each in a process of its own, which finds
            the experiment by its name.

    Raises:
        ValueError: if batches cannot be shared evenly among the processes.
    """
    settings = dict(getattr(experiment, scale))
    data, about = _data(experiment.data, settings)
    batch, processes = settings["batch_size"], part[1]
    uneven = [n for n in (batch, len(data[0]) % batch, len(data[2])) if n % processes]
    if uneven:
        raise ValueError(
            "expected batches and test images that the processes can share evenly; "
            f"received {processes} processes for {uneven[0]} images"
        )
    print(f"{name}, {scale}: {experiment.title}", flush=True)
    wanted = [
        (v, seed) for seed in range(settings["seeds"]) for v in experiment.variants
    ]
    if jobs == 1:
        runs = [
            _trained(experiment, settings, data, about, work, part, *one)
            for one in wanted
        ]
    else:
        runs = _side_by_side(name, scale, work, wanted, jobs)
    content = {
        "name": name,
        "title": experiment.title,
        "scale": scale,
        "command": command,
        "settings": settings,
        "data": about,
        "device": _device(processes),
        "versions": _versions(),
        "date": datetime.date.today().isoformat(),
        "seconds": round(sum(r["seconds"] for run in runs for r in run["epochs"]), 1),
        "note": note,
        "runs": runs,
    }
    return {**content, "digest": _digest(content)}


def _trained(
    experiment: Experiment, settings, data, about, work: Path, part, variant: str, seed
) -> dict:
    """One network of an experiment; its entry in the record."""
    import keras

    shared = keras.distribution.distribution()
    keras.backend.clear_session()  # forgets how batches are laid out, too
    keras.distribution.set_distribution(shared)
    keras.utils.set_random_seed(seed)
    steps = settings["epochs"] * -(-len(data[0]) // settings["batch_size"])
    model = experiment.build(variant, settings, steps)
    label = f"{variant}, seed {seed}"
    key = hashlib.sha256(
        json.dumps([variant, seed, settings, about]).encode()
    ).hexdigest()[:16]
    rows = train(
        model,
        data,
        settings,
        seed,
        experiment.transforms(variant, settings),
        work / key,
        part,
        lambda row: print(f"  {label}: {_line(row)}", flush=True),
    )
    print(f"  {label}: {len(rows)} epochs, {_line(rows[-1])}", flush=True)
    run = {"variant": variant, "seed": seed, "parameters": model.count_params()}
    return {**run, "epochs": rows}


def _side_by_side(name, scale, work: Path, wanted, jobs: int) -> list[dict]:
    """Networks that share one device, so many at a time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _end_with_the_others) as pool:
        each = [(name, scale, work, *one) for one in wanted]
        return list(pool.map(_job, *zip(*each, strict=True)))


def _end_with_the_others() -> None:
    """Of a worker: it ends at Ctrl-C without a word, and when its parent is gone.

    Each epoch is kept; nobody may go on with it while this one still trains.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _job(name: str, scale: str, work: Path, variant: str, seed: int) -> dict:
    """`_trained` in a process that was started for it."""
    from .experiments import EXPERIMENTS

    experiment = EXPERIMENTS[name]
    settings = dict(getattr(experiment, scale))
    data, about = _data(experiment.data, settings)
    return _trained(experiment, settings, data, about, work, (0, 1), variant, seed)


def _line(row: Mapping) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in row.items())


def _some(x, y, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """So many images, drawn once and for all: some sets are sorted by class."""
    kept = np.sort(np.random.default_rng(0).permutation(len(x))[:count])
    return x[kept], y[kept]


def _shrunk(images: np.ndarray, times: int) -> np.ndarray:
    """Means of squares of times x times pixels, rounded."""
    n, height, width, channels = images.shape
    squares = images.reshape(n, height // times, times, width // times, times, channels)
    return squares.mean(axis=(2, 4)).round().astype("uint8")


def _data(name: str, settings: Mapping) -> tuple[tuple, dict]:
    """Arrays with values from 0 to 1, and what the record says of them."""
    from cnnkit import data

    loaded = data.load(name, full=True)
    x, y = _some(loaded.x_train, loaded.y_train, settings.get("images"))
    x_test, y_test = _some(loaded.x_test, loaded.y_test, settings.get("test_images"))
    if times := settings.get("shrunk"):
        x, x_test = _shrunk(x, times), _shrunk(x_test, times)
    about = {
        "name": name,
        "images": len(x),
        "pixels": "x".join(map(str, x.shape[1:3])),
        "test_images": len(x_test),
        "sha256": hashlib.sha256(x.tobytes() + x_test.tobytes()).hexdigest(),
    }
    ready = (
        x.astype("float32") / 255,
        y,
        x_test.astype("float32") / 255,
        y_test,
    )
    return ready, about


def _device(processes: int) -> dict:
    import keras

    devices = [d for d in keras.distribution.list_devices() if not d.startswith("cpu")]
    kind = "GPU" if devices else "CPU"
    if keras.backend.backend() == "jax":
        import jax

        kind = jax.devices()[0].device_kind if devices else kind
        devices = devices or [str(d) for d in jax.devices()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "kind": kind if kind not in ("cpu", "CPU") else f"CPU ({platform.machine()})",
        "count": max(len(devices), 1),
        "processes": processes,
        "cores": cores or os.cpu_count(),
    }


def _versions() -> dict:
    import keras

    backend = keras.backend.backend()
    return {
        "cnnkit": cnnkit.__version__,
        "keras": keras.__version__,
        "backend": f"{backend} {version(backend)}",
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _share_out(options) -> tuple[int, int]:
    """Joins the processes and lays batches over all devices; this process, and of N."""
    import keras

    if keras.backend.backend() != "jax":
        if options.processes > 1:
            raise ValueError(
                "expected the JAX backend for several processes: set KERAS_BACKEND=jax;"
                f" received {keras.backend.backend()}"
            )
        return 0, 1
    if options.processes > 1:
        import jax

        if os.environ.get("JAX_PLATFORMS", "cpu") == "cpu":
            jax.config.update("jax_cpu_collectives_implementation", "gloo")
        keras.distribution.initialize(
            options.coordinator, options.processes, options.process
        )
    devices = keras.distribution.list_devices()
    if len(devices) > 1:
        if options.jobs > 1:
            raise ValueError(
                "expected one device for --jobs: set CUDA_VISIBLE_DEVICES=0; received "
                f"{len(devices)}"
            )
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(auto_shard_dataset=False)
        )
    return options.process, options.processes


def main(argv: list[str] | None = None) -> int:
    """`cnnkit run NAME` makes a record or goes on with one; no name lists them."""
    from .experiments import EXPERIMENTS

    parser = argparse.ArgumentParser(
        prog="cnnkit run",
        description="Makes a recorded run. Given again after an interruption, goes on.",
    )
    parser.add_argument("name", nargs="?", help=", ".join(EXPERIMENTS))
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default="small",
        help="small for processor cores (the default), full for a GPU",
    )
    parser.add_argument("--output", metavar="FILE", help="default: in lessons/runs/")
    parser.add_argument("--note", default="", help="kept in the record, e.g. on data")
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="networks that train at a time on one device, each in its own process",
    )
    parser.add_argument("--processes", type=int, default=1, metavar="N")
    parser.add_argument("--process", type=int, default=0, metavar="K", help="from 0")
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="of process 0")
    options = parser.parse_args(argv)
    if options.name is None:
        for name, experiment in EXPERIMENTS.items():
            made = "recorded" if (FOLDER / f"{name}.json").is_file() else "-"
            print(f"{name:16} {made:9} {experiment.title}")
        return 0
    if options.name not in EXPERIMENTS:
        parser.error(
            f"expected one of {', '.join(EXPERIMENTS)}; received {options.name}"
        )
    if not 0 <= options.process < options.processes:
        parser.error(
            f"expected a process from 0 to {options.processes - 1}; received "
            f"{options.process}"
        )
    if options.processes > 1 and not options.coordinator:
        parser.error("expected --coordinator HOST:PORT with --processes; received none")
    if options.jobs < 1 or (options.jobs > 1 and options.processes > 1):
        parser.error(
            "expected --jobs N from 1, and without --processes; received "
            f"--jobs {options.jobs} --processes {options.processes}"
        )
    if options.jobs > 1:  # else the first would take most of a GPU's memory
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        part = _share_out(options)
        from cnnkit import data

        work = data._cache() / "runs" / f"{options.name}-{options.scale}"
        command = f"cnnkit run {options.name} --scale {options.scale}"
        if options.processes > 1:
            command += f" --processes {options.processes}"
        if options.jobs > 1:
            command += f" --jobs {options.jobs}"
        experiment = EXPERIMENTS[options.name]
        content = record(
            options.name,
            experiment,
            options.scale,
            work,
            part,
            command,
            options.note,
            options.jobs,
        )
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if part[0] == 0:
        folder = FOLDER if FOLDER.is_dir() else Path()  # here, without the lessons
        path = Path(options.output or folder / f"{options.name}.json")
        _write(path, content)
        with contextlib.suppress(OSError):
            shutil.rmtree(work)
        print(f"written: {path.name}, {_span(content['seconds'])} of training")
    return 0
