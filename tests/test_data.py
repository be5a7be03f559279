"""Data sets: what is embedded, what is computed, and everything that can go wrong.

Where the network is involved a real HTTP server listens on the loopback address; its
answers are what the code under test downloads.
"""

import contextlib
import functools
import gzip
import hashlib
import http.server
import importlib.util
import io
import math
import os
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import tarfile
import threading
import time

import numpy as np
import pytest

from cnnkit import data, shapes32

DATASETS = pathlib.Path(__file__).resolve().parent.parent / "datasets"
KEYS = ("x_train", "y_train", "x_test", "y_test")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def script(name):
    """A make_*.py as a module."""
    spec = importlib.util.spec_from_file_location(name, DATASETS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_set(dataset, train, test, shape, classes=10):
    assert dataset.x_train.shape == (train, *shape)
    assert dataset.x_test.shape == (test, *shape)
    assert dataset.y_train.shape == (train,) and dataset.y_test.shape == (test,)
    assert dataset.x_train.dtype == dataset.x_test.dtype == np.uint8
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    assert set(dataset.y_train.tolist()) <= set(range(classes))
    assert len(dataset.class_names) == classes


# --- embedded ------------------------------------------------------------------------


def test_every_embedded_file_has_the_registered_checksum_and_a_card():
    rows = (DATASETS / "registry.txt").read_text().splitlines()
    rows = [row.split() for row in rows if row and not row.startswith("#")]
    embedded = {row[0]: row[1] for row in rows if len(row) == 2}
    on_disk = [*DATASETS.glob("*.npz"), *DATASETS.glob("photos/*")]
    assert set(embedded) == {p.relative_to(DATASETS).as_posix() for p in on_disk}
    cards = (DATASETS / "README.md").read_text("utf-8")
    for filename, checksum in embedded.items():
        assert sha256((DATASETS / filename).read_bytes()) == checksum, filename
        assert checksum in cards, filename
    for filename, checksum, url in (row for row in rows if len(row) == 3):
        assert filename.split("/")[0] in data.names()
        assert len(checksum) == 64 and url.startswith("https://")
    sections = re.split(r"^## ", cards, flags=re.M)[1:]
    cards = {section.split("\n")[0]: section for section in sections}
    for name in data.names():
        for field in ("icence", "SHA-256", "Shape", "Source"):
            assert field in cards[name], (name, field)


def test_digits8_are_the_uci_test_set():
    digits = data.load("digits8")
    is_set(digits, 1437, 360, (8, 8, 1))
    # the counts of each digit that the repository's page prints for its test set
    published = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    labels = np.concatenate([digits.y_train, digits.y_test])
    assert np.bincount(labels).tolist() == published
    assert np.bincount(digits.y_test).tolist() == [36] * 10
    # seventeen amounts of ink, spread over 0..255
    inks = [math.floor(count * 255 / 16 + 0.5) for count in range(17)]
    assert np.unique(digits.x_train).tolist() == inks
    train = {image.tobytes() for image in digits.x_train}
    assert not any(image.tobytes() in train for image in digits.x_test)


def test_fashion_mnist_is_a_fair_part_of_the_original():
    fashion = data.load("fashion_mnist")
    is_set(fashion, 12000, 2000, (28, 28, 1))
    assert np.bincount(fashion.y_train).tolist() == [1200] * 10
    assert np.bincount(fashion.y_test).tolist() == [200] * 10
    # mean and deviation customary for normalising the 60,000 originals
    assert fashion.x_train.mean() / 255 == pytest.approx(0.2860, abs=0.003)
    assert fashion.x_train.std() / 255 == pytest.approx(0.3530, abs=0.003)
    # shuffled: a small first part holds every class in about equal number
    first = np.bincount(fashion.y_train[:1000], minlength=10)
    assert first.min() > 70 and first.max() < 130
    # the names belong to the labels: trousers leave a gap between the legs, bags do not
    mean = {
        name: fashion.x_train[fashion.y_train == label, ..., 0].mean(axis=0)
        for label, name in enumerate(fashion.class_names)
    }
    assert mean["Trouser"][22, 13:15].max() < mean["Trouser"][22, 10]
    assert mean["Bag"][22, 13:15].min() > 120
    assert mean["Ankle boot"][3:10].mean() > 2 * mean["Sneaker"][3:10].mean()


def test_fashion_mnist_loads_quickly():
    def seconds(load):
        start = time.perf_counter()
        load()
        return time.perf_counter() - start

    def by_numpy():
        with np.load(DATASETS / "fashion_mnist_small.npz") as archive:
            return {name: archive[name] for name in archive.files}

    loaders = (lambda: data.load("fashion_mnist")), by_numpy
    own, numpy = np.min([[seconds(load) for load in loaders] for _ in range(3)], axis=0)
    assert own < 3 * numpy  # 0.1 s on two cores


def test_a_loaded_set_belongs_to_the_caller():
    data.load("digits8").x_train[:] = 0
    assert data.load("digits8").x_train.max() == 255


def test_photographs():
    photographs = data.load("photographs")
    assert list(photographs) == ["astronaut", "brick", "cat", "coffee", "rocket"]
    for name, image in photographs.items():
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        assert 320 <= max(image.shape) <= 480
        assert (DATASETS / "photos" / f"{name}.jpg").stat().st_size <= 60_000
        assert image.std() > 20  # a picture, not a plain field
    brick = photographs.pop("brick").astype(int)
    assert np.ptp(brick, axis=2).max() <= 2
    assert all(np.ptp(p.astype(int), axis=2).mean() > 10 for p in photographs.values())


def test_repr_says_shapes():
    text = repr(data.load("digits8"))
    assert "x_train      uint8 (1437, 8, 8, 1)" in text.splitlines()
    assert "class_names  0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in text.splitlines()


def test_importing_data_loads_nothing_heavy():
    code = (
        "import sys, cnnkit.data as d; d.load('fashion_mnist'); d.load('shapes32');"
        "print([m for m in ('keras', 'tensorflow', 'pooch', 'requests', 'matplotlib')"
        " if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_photographs_are_made_again_alike(tmp_path, monkeypatch, capsys):
    make = script("make_photos")
    monkeypatch.setattr(make, "HERE", tmp_path)
    (tmp_path / "photos").mkdir()
    make.main()
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    again = data.load("photographs")
    monkeypatch.undo()
    for name, image in data.load("photographs").items():
        difference = image.astype(int) - again[name]
        assert np.abs(difference).mean() < 2, name  # encoders round differently


def test_make_scripts_refuse_other_sources(tmp_path):
    for part in ("train-images-idx3", "train-labels-idx1"):
        path = tmp_path / f"{part}-ubyte.gz"
        path.write_bytes(gzip.compress(b"something else"))
    with pytest.raises(SystemExit, match=r"train-images.*SHA-256"):
        script("make_fashion_mnist_small").main(tmp_path)
    with pytest.raises(SystemExit, match="SHA-256"):
        script("make_digits8").main(tmp_path / "train-labels-idx1-ubyte.gz")


def test_stratified_choice():
    stratified = script("make_fashion_mnist_small").stratified
    labels = np.array([0] * 50 + [1] * 9 + [2] * 30)
    chosen = stratified(labels, 8, np.random.RandomState(0))
    assert len(set(chosen.tolist())) == 24
    assert np.bincount(labels[chosen]).tolist() == [8, 8, 8]
    assert np.any(np.diff(labels[chosen]) < 0)  # not sorted by class


def test_lost_or_damaged_embedded_files(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    for name in ("digits8", "photographs"):
        with pytest.raises(FileNotFoundError, match=r"pip install -e \."):
            data.load(name)
    whole = (DATASETS / "digits8.npz").read_bytes()
    (tmp_path / "digits8.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="git checkout datasets/digits8"):
        data.load("digits8")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    (tmp_path / "digits8.npz").write_bytes(flipped)
    with pytest.raises(ValueError, match="git checkout datasets/digits8"):
        data.load("digits8")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"git checkout datasets/photos/cat\.jpg"):
        data.load("photographs")


@pytest.mark.parametrize("name", ["imagenet", "Fashion_MNIST", "", None, 7])
def test_unknown_name_lists_the_known(name):
    with pytest.raises(ValueError) as caught:
        data.load(name)
    assert repr(name) in str(caught.value)
    assert all(known in str(caught.value) for known in data.names())


# --- shapes32 ------------------------------------------------------------------------

NUISANCES = {
    "viewpoint": {"x", "y", "rotation", "tilt"},
    "scale": {"radius"},
    "illumination": {"brightness"},
    "deformation": {"bend"},
    "occlusion": {"covered"},
    "clutter": {"distractors"},
    "variation": {"texture", "proportion"},
}
NONE = dict.fromkeys(NUISANCES, 0)


def test_shapes32_set():
    shapes = data.load("shapes32")
    is_set(shapes, 5000, 1000, (32, 32, 3))
    assert np.bincount(shapes.y_train).tolist() == [500] * 10
    assert np.bincount(shapes.y_test).tolist() == [100] * 10
    again = data.load("shapes32")
    assert np.array_equal(shapes.x_train, again.x_train)
    train = {image.tobytes() for image in shapes.x_train}
    assert len(train) == 5000
    assert not any(image.tobytes() in train for image in shapes.x_test)


def test_shapes32_is_what_it_was():
    images, labels, _ = shapes32.make(20, seed=0)
    assert labels.tolist() == [
        *(3, 2, 1, 8, 6, 0, 7, 4, 5, 9),
        *(1, 3, 5, 8, 9, 7, 4, 0, 2, 6),
    ]
    # mean of each image; a level of slack for another machine's last bit
    means = [
        *(61.79, 81.98, 81.25, 108.8, 80.26, 162.38, 92.57, 104.48, 51.0, 64.76),
        *(92.75, 74.98, 84.81, 190.35, 174.95, 95.92, 95.96, 135.02, 92.09, 108.37),
    ]
    assert images.mean(axis=(1, 2, 3)) == pytest.approx(means, abs=0.1)


def test_shapes32_a_shorter_series_begins_a_longer_one():
    long, short = shapes32.make(517, seed=4), shapes32.make(43, seed=4)
    assert np.array_equal(long.images[:43], short.images)
    assert np.array_equal(long.labels[:43], short.labels)
    for name, values in short.parameters.items():
        assert values.shape == (43,)
        assert np.allclose(long.parameters[name][:43], values)
    assert np.all(np.sort(long.labels[:510].reshape(-1, 10)) == np.arange(10))
    assert not np.array_equal(shapes32.make(43, seed=5).images, short.images)


@pytest.mark.parametrize("nuisance", NUISANCES)
def test_shapes32_one_level_changes_one_thing(nuisance):
    plain = shapes32.make(100, seed=2, **NONE)
    raised = shapes32.make(100, seed=2, **{**NONE, nuisance: 1})
    assert np.array_equal(plain.labels, raised.labels)
    changed = {
        name
        for name, values in plain.parameters.items()
        if not np.allclose(values, raised.parameters[name])
    }
    assert changed == NUISANCES[nuisance]
    half = shapes32.make(100, seed=2, **{**NONE, nuisance: 0.5})

    def distance(other):
        return np.abs(other.images.astype(int) - plain.images).mean()

    assert 1 < distance(half) < distance(raised)


def test_shapes32_plain_outlines_have_the_area_of_their_geometry():
    images, labels, _ = shapes32.make(10, **NONE)
    # orange on slate: the share of orange in a pixel, from its red channel
    red = images[..., 0].astype(float)
    ground, shape = np.median(red[:, :4]), red.max() - 4
    areas = ((red - ground) / (shape - ground)).sum(axis=(1, 2))[np.argsort(labels)]
    r = 10  # pixels
    expected = {
        "disc": math.pi * 0.9**2,
        "ring": math.pi * (0.94**2 - 0.46**2),
        "square": 1.56**2,
        "triangle": 1.62**2 * 0.5 / 0.866,
        "cross": 2 * 1.9 * 0.66 - 0.66**2,
        "star": 10 * 0.5 * 1.05 * 0.45 * math.sin(math.pi / 5),
    }
    for name, area in expected.items():
        found = areas[shapes32.CLASSES.index(name)]
        assert found == pytest.approx(area * r * r, rel=0.06), name


def test_shapes32_parameters_are_what_is_seen():
    # place: the disc's centre of mass
    moved = shapes32.make(40, seed=1, **{**NONE, "viewpoint": 0.6})
    discs = np.flatnonzero(moved.labels == 0)
    red = moved.images[discs, ..., 0].astype(float)
    weight = np.clip(red - 120, 0, None)
    rows, columns = np.mgrid[:32, :32]
    total = weight.sum(axis=(1, 2))
    x, y = ((weight * grid).sum(axis=(1, 2)) / total for grid in (columns, rows))
    assert np.allclose(x, moved.parameters["x"][discs], atol=1)
    assert np.allclose(y, moved.parameters["y"][discs], atol=1)
    # covered: the share of the shape's pixels that the bar has changed
    plain = shapes32.make(200, seed=1, **NONE)
    barred = shapes32.make(200, seed=1, **{**NONE, "occlusion": 1})
    inside = plain.images[..., 0] > 190
    difference = np.abs(plain.images.astype(int) - barred.images).max(axis=-1) > 12
    seen = (inside & difference).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))
    assert np.corrcoef(seen, barred.parameters["covered"])[0, 1] > 0.95
    # brightness: darker light, darker image
    lit = shapes32.make(200, seed=1, **{**NONE, "illumination": 1})
    means = lit.images.mean(axis=(1, 2, 3))
    assert np.corrcoef(means, lit.parameters["brightness"])[0, 1] > 0.8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "expected n"),
        ({"n": 2.5}, "expected n"),
        ({"n": 10, "seed": -1}, "expected seed"),
        ({"n": 10, "clutter": 1.2}, "expected clutter between 0 and 1; received 1.2"),
        ({"n": 10, "scale": float("nan")}, "expected scale"),
    ],
)
def test_shapes32_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        shapes32.make(**arguments)


# --- files of one's own --------------------------------------------------------------


class Trap:
    """Pickled, it makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@functools.cache
def mnist_arrays():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (400, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 400, np.uint8),
        "x_test": rng.integers(0, 256, (50, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, 50, np.uint8),
    }


def npz(**changes):
    """The bytes of an npz of the made-up MNIST; None leaves an array out."""
    arrays = {**mnist_arrays(), **changes}
    stream = io.BytesIO()
    np.savez(stream, **{k: v for k, v in arrays.items() if v is not None})
    return stream.getvalue()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """$CNNKIT_DATA and $CNNKIT_CACHE, both empty; the loopback without a proxy."""
    for name in ("data", "cache"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"CNNKIT_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CNNKIT_TEST", "1")
    return tmp_path


def test_own_file_comes_before_the_cache(folders):
    (folders / "cache/mnist.npz").write_bytes(npz())
    assert len(data.load("mnist").x_train) == 400
    few = {key: values[:7] for key, values in mnist_arrays().items()}
    (folders / "data/mnist.npz").write_bytes(npz(**few))
    is_set(data.load("mnist"), 7, 7, (28, 28, 1))


def test_own_file_may_have_channels_and_columns(folders):
    arrays = mnist_arrays()
    content = npz(
        x_train=arrays["x_train"][..., None], y_train=arrays["y_train"][:, None]
    )
    (folders / "data/mnist.npz").write_bytes(content)
    mnist = data.load("mnist")
    is_set(mnist, 400, 50, (28, 28, 1))
    assert np.array_equal(mnist.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(mnist.y_train, arrays["y_train"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "no y_test"),
        ({"x_train": None, "x_test": None}, "no x_train, x_test"),
        ({"x_train": np.zeros((400, 28, 27), np.uint8)}, "x_train of shape"),
        ({"x_train": np.zeros((400, 28, 28, 3), np.uint8)}, "x_train of shape"),
        ({"x_test": np.zeros((50, 784), np.uint8)}, "x_test of shape"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8)}, "x_test of shape"),
        ({"x_test": np.uint8(3)}, "x_test of shape"),
        ({"x_train": np.zeros((400, 28, 28), np.float32)}, "x_train of type float32"),
        ({"y_train": np.zeros(399, np.uint8)}, "y_train of shape"),
        ({"y_train": np.zeros((400, 10), np.uint8)}, "y_train of shape"),
        ({"y_train": np.zeros(400, np.float32)}, "y_train of type float32"),
        ({"y_train": np.full(400, 10)}, "labels 10..10 in y_train"),
        ({"y_test": np.full(50, -1)}, "labels -1..-1 in y_test"),
    ],
)
def test_wrong_content_is_refused(folders, changes, message):
    path = folders / "data/mnist.npz"
    path.write_bytes(npz(**changes))
    with pytest.raises(ValueError, match=message) as caught:
        data.load("mnist")
    assert str(path) in str(caught.value)
    assert "unset CNNKIT_DATA" in str(caught.value)


def test_pickles_are_refused_unopened(folders):
    trap = np.empty(400, object)
    trap[:] = [Trap(folders / "sprung")] * 400
    path = folders / "data/mnist.npz"
    for content in (npz(y_train=trap), pickle.dumps(Trap(folders / "sprung"))):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="What to do: replace the file"):
            data.load("mnist")
        assert not (folders / "sprung").exists()
    pickle.loads(path.read_bytes()).close()  # the trap works
    assert (folders / "sprung").exists()


def test_damaged_cache_says_delete(folders):
    whole = npz()
    flipped = bytearray(whole)
    flipped[5000] ^= 255
    for content in (b"", b"no archive", whole[:-3000], bytes(flipped)):
        (folders / "cache/mnist.npz").write_bytes(content)
        with pytest.raises(ValueError, match="delete the file and load again"):
            data.load("mnist")


def test_own_folder_that_is_missing(folders, monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA", str(folders / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"CNNKIT_DATA.*nowhere"):
        data.load("mnist")
    assert len(data.load("digits8").x_test) == 360  # embedded sets do not ask


# --- network -------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requested.append(self.path)
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        server.at_half()
        if not server.cut:
            with contextlib.suppress(ConnectionError):  # the other side may be dead
                self.wfile.write(content[half:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(folders, monkeypatch):
    """A server on the loopback that offers the made-up MNIST as the registry says."""
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    web.files, web.requested, web.cut = {"/mnist.npz": npz()}, [], False
    web.at_half = lambda: None
    web.url = f"http://127.0.0.1:{web.server_port}"
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    register(folders, monkeypatch, {"mnist/mnist.npz": npz()}, web.url)
    yield web
    web.shutdown()
    web.server_close()


def register(folders, monkeypatch, files, url):
    registry = folders / "registry.txt"
    registry.write_text(
        "# made up\n"
        + "".join(
            f"{name} {sha256(content)} {url}/{name.split('/')[1]}\n"
            for name, content in files.items()
        )
    )
    monkeypatch.setattr(data, "REGISTRY", registry)


def cached(folders):
    return sorted(path.name for path in (folders / "cache").iterdir())


def test_download_once(server, folders, capfd):
    mnist = data.load("mnist")
    is_set(mnist, 400, 50, (28, 28, 1))
    assert np.array_equal(mnist.x_train[..., 0], mnist_arrays()["x_train"])
    assert np.array_equal(mnist.y_test, mnist_arrays()["y_test"])
    again = data.load("mnist")
    assert np.array_equal(mnist.x_train, again.x_train)
    assert server.requested == ["/mnist.npz"]
    assert cached(folders) == ["mnist.npz"]
    assert capfd.readouterr() == ("", "")


def test_download_shows_progress(server, folders, monkeypatch, capfd):
    monkeypatch.delenv("CNNKIT_TEST")
    server.at_half = lambda: time.sleep(0.3)
    data.load("mnist")
    out, err = capfd.readouterr()
    assert re.search(r"mnist\.npz: +[1-9]\d*%.*\dkB/s", out) and err == ""


def test_fashion_mnist_is_converted(server, folders, monkeypatch):
    arrays = mnist_arrays()

    def idx(values):
        header = b"\0\0\x08" + bytes([values.ndim])
        sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
        return gzip.compress(header + sizes + values.tobytes())

    files = {
        f"fashion_mnist/{stem}-{kind}-ubyte.gz": idx(arrays[f"{letter}_{split}"])
        for split, stem in (("train", "train"), ("test", "t10k"))
        for letter, kind in (("x", "images-idx3"), ("y", "labels-idx1"))
    }
    server.files = {f"/{name.split('/')[1]}": files[name] for name in files}
    register(folders, monkeypatch, files, server.url)
    fashion = data.load("fashion_mnist", full=True)
    is_set(fashion, 400, 50, (28, 28, 1))
    assert fashion.class_names[0] == "T-shirt/top"
    for key in KEYS:
        assert np.array_equal(np.squeeze(getattr(fashion, key)), arrays[key])
    assert cached(folders) == ["fashion_mnist.npz"]
    assert len(server.requested) == 4


def test_cifar10_is_converted(server, folders, monkeypatch):
    rng = np.random.default_rng(1)
    names = [f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)] + ["test_batch.bin"]
    images = rng.integers(0, 256, (6, 4, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, (6, 4), np.uint8)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, batch, batch_labels in zip(names, images, labels, strict=True):
            content = b"".join(
                bytes([label]) + b"".join(image[..., c].tobytes() for c in range(3))
                for image, label in zip(batch, batch_labels, strict=True)
            )
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    content = stream.getvalue()
    server.files = {"/cifar-10-binary.tar.gz": content}
    files = {"cifar10/cifar-10-binary.tar.gz": content}
    register(folders, monkeypatch, files, server.url)
    cifar = data.load("cifar10")
    is_set(cifar, 20, 4, (32, 32, 3))
    assert np.array_equal(cifar.x_train, images[:5].reshape(20, 32, 32, 3))
    assert np.array_equal(cifar.x_test, images[5])
    assert np.array_equal(cifar.y_train, labels[:5].reshape(20))
    assert cached(folders) == ["cifar10.npz"]


def test_no_network(server, folders, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    register(folders, monkeypatch, {"mnist/mnist.npz": npz()}, url)
    with pytest.raises(ConnectionError) as caught:
        data.load("mnist")
    message = str(caught.value)
    assert f"{url}/mnist.npz" in message
    assert all(part in message for part in (*KEYS, "mnist.npz", "CNNKIT_DATA"))
    assert cached(folders) == []


def test_missing_on_the_server(server, folders):
    server.files = {}
    with pytest.raises(ConnectionError, match=r"CNNKIT_DATA.*404"):
        data.load("mnist")
    assert cached(folders) == []


def test_connection_cut_half_way(server, folders):
    server.cut = True
    with pytest.raises(ConnectionError, match="nothing was kept"):
        data.load("mnist")
    assert cached(folders) == []
    server.cut = False
    assert len(data.load("mnist").x_train) == 400  # and the next attempt works


def test_wrong_hash(server, folders):
    server.files["/mnist.npz"] = npz(y_test=np.zeros(50, np.uint8))
    with pytest.raises(ValueError, match=r"CNNKIT_DATA.*SHA256"):
        data.load("mnist")
    assert cached(folders) == []


def test_right_hash_of_wrong_content(server, folders, monkeypatch):
    trap = np.empty(400, object)
    trap[:] = [Trap(folders / "sprung")] * 400
    for content in (npz(y_train=trap), npz(y_train=None), b"no archive"):
        server.files["/mnist.npz"] = content
        register(folders, monkeypatch, {"mnist/mnist.npz": content}, server.url)
        with pytest.raises(ValueError, match="nothing was kept"):
            data.load("mnist")
        assert cached(folders) == []
    assert not (folders / "sprung").exists()


def test_cache_that_is_a_file(server, folders, monkeypatch):
    (folders / "file").write_text("")
    monkeypatch.setenv("CNNKIT_CACHE", str(folders / "file" / "cache"))
    with pytest.raises(OSError, match="CNNKIT_CACHE") as caught:
        data.load("mnist")
    assert str(folders / "file" / "cache") in str(caught.value)


LOAD = """
import hashlib, pathlib, sys
from cnnkit import data
data.REGISTRY = pathlib.Path(sys.argv[1])
{extra}
try:
    print(hashlib.sha256(data.load("mnist").x_train.tobytes()).hexdigest())
except Exception as error:
    print(type(error).__name__, error)
"""


def process(folders, extra="", prefix=()):
    """Another Python process that loads mnist from the server."""
    code = LOAD.format(extra=extra)
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", code, str(folders / "registry.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def mounted(folders, options):
    """Words before a command that give it a file system of its own as the cache."""
    mount = f"mount -t tmpfs -o {options} none '{folders}/cache' && exec \"$@\""
    prefix = ("unshare", "-rm", "sh", "-c", mount, "sh")
    try:
        possible = subprocess.run([*prefix, "true"], capture_output=True, timeout=20)
    except OSError:
        return None
    return prefix if possible.returncode == 0 else None


def test_disk_full(server, folders):
    if prefix := mounted(folders, "size=256k"):
        output, errors = process(folders, prefix=prefix).communicate(timeout=60)
        assert "No space left" in output
    else:  # a limit on the size of files fails in the same place
        limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (100_000, 100_000))"
        output, errors = process(folders, limit).communicate(timeout=60)
    assert output.startswith("OSError") and "CNNKIT_CACHE" in output, output + errors
    assert errors == ""
    assert cached(folders) == []
    assert len(data.load("mnist").x_train) == 400


def test_disk_full_at_the_last_step(server, folders):
    # the download fits (its size is that of the result), the result beside it does not
    if not (prefix := mounted(folders, f"size={len(npz()) + 100_000}")):
        pytest.skip("no user namespaces: no small file system to fill")
    look = f"import atexit, os; atexit.register(lambda: print(os.listdir({str(folders / 'cache')!r})))"  # noqa: E501
    output, errors = process(folders, look, prefix).communicate(timeout=60)
    assert output.startswith("OSError") and "No space left" in output, output + errors
    assert output.splitlines()[-1] == "[]"


def test_read_only_cache(server, folders):
    if prefix := mounted(folders, "ro"):
        output, errors = process(folders, prefix=prefix).communicate(timeout=60)
    elif os.getuid() != 0:
        (folders / "cache").chmod(0o500)
        output, errors = process(folders).communicate(timeout=60)
    else:
        pytest.skip("neither user namespaces nor an ordinary user")
    assert re.match("(OS|Permission)Error", output), output + errors
    assert "CNNKIT_CACHE" in output and str(folders / "cache") in output
    assert errors == "" and server.requested == []


def test_two_processes_at_once(server, folders):
    # the server goes on only when both are half-way through their download
    server.at_half = threading.Barrier(2, timeout=30).wait
    both = [process(folders), process(folders)]
    outputs = [one.communicate(timeout=60) for one in both]
    expected = sha256(mnist_arrays()["x_train"].tobytes())
    assert outputs == [(f"{expected}\n", "")] * 2
    assert len(server.requested) == 2
    assert cached(folders) == ["mnist.npz"]
    assert len(data.load("mnist").x_train) == 400


def test_a_killed_download_leaves_no_file(server, folders):
    reached, go_on = threading.Event(), threading.Event()

    def at_half():
        reached.set()
        go_on.wait(30)

    server.at_half = at_half
    one = process(folders)
    assert reached.wait(30)
    one.kill()
    one.communicate(timeout=30)
    go_on.set()
    assert not (folders / "cache/mnist.npz").exists()
    assert len(data.load("mnist").x_train) == 400
