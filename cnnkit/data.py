"""Images to learn from, offline first.

`load(name)` returns arrays.  What the lessons need lies in the course's `datasets`
folder; the large originals come from a folder of your own, from the cache or from the
network, in this order.  Every set has a card in `datasets/README.md`.

What can go wrong is said by three kinds of errors: `ValueError` for an unknown name or
for content that is not what it should be, `ConnectionError` when a download is needed
and fails, any other `OSError` when a file cannot be read or written.
"""

import gzip
import os
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
REGISTRY = DATASETS / "registry.txt"

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR10 = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
#   name: (shape of one image, class names)
LABELLED = {
    "digits8": ((8, 8, 1), DIGITS),
    "fashion_mnist": ((28, 28, 1), CLOTHES),
    "mnist": ((28, 28, 1), DIGITS),
    "cifar10": ((32, 32, 3), CIFAR10),
}
EMBEDDED = {"digits8": "digits8.npz", "fashion_mnist": "fashion_mnist_small.npz"}
KEYS = ("x_train", "y_train", "x_test", "y_test")


class Dataset(NamedTuple):
    """A labelled set: uint8 images (n, height, width, channels), int64 labels (n,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]

    def __repr__(self):
        lines = [
            f"{key:<12} {getattr(self, key).dtype} {getattr(self, key).shape}"
            for key in KEYS
        ]
        return "\n".join([*lines, f"class_names  {', '.join(self.class_names)}"])


def names() -> tuple[str, ...]:
    """Names that `load` knows.

    >>> names()
    ('digits8', 'fashion_mnist', 'shapes32', 'photographs', 'mnist', 'cifar10')
    """
    return ("digits8", "fashion_mnist", "shapes32", "photographs", "mnist", "cifar10")


def load(name: str, full: bool = False) -> Dataset | dict[str, np.ndarray]:
    """A data set by name.

    `digits8`, `fashion_mnist`, `shapes32` and `photographs` need no network.  `mnist`,
    `cifar10` and, with `full=True`, `fashion_mnist` are the originals, looked for

    1. in the folder that `$CNNKIT_DATA` names, as `<name>.npz` with the arrays x_train,
       y_train, x_test and y_test (uint8 images, integer labels);
    2. in the cache: `$CNNKIT_CACHE` or the platform's cache folder;
    3. on the network; a download is checked by SHA-256 and kept in the cache.

    Nothing is ever unpickled.

    Args:
        name: one of `names()`.
        full: all 70,000 images of `fashion_mnist` instead of the 14,000 that come with
            the course.  The other sets are always whole.

    Returns:
        A `Dataset`: uint8 images of shape (n, height, width, channels) with values
        0..255, int64 labels of shape (n,), and the class names.  For `"photographs"` a
        dictionary from a name to a uint8 image of shape (height, width, 3).

    Raises:
        ValueError: if the name is unknown, or a file's content is not what it should
            be; the message says what to do with the file.
        ConnectionError: if a download is needed and fails.
        OSError: if the data cannot be read, or the cache cannot be written.

    Source:
        `datasets/README.md` names origin and licence of each set.

    >>> fashion = load("fashion_mnist")
    >>> fashion.x_train.shape, fashion.class_names[fashion.y_train[0]]
    ((12000, 28, 28, 1), 'Sandal')
    >>> sorted(load("photographs"))
    ['astronaut', 'brick', 'cat', 'coffee', 'rocket']
    """
    if name not in names():
        raise ValueError(f"expected one of {', '.join(names())}; received {name!r}")
    if name == "photographs":
        return _photographs()
    if name == "shapes32":
        from cnnkit import shapes32

        return Dataset(*shapes32.train_and_test(), shapes32.CLASSES)
    if name in EMBEDDED and not (full and name in CONVERTERS):
        filename = EMBEDDED[name]
        return _read(_embedded(filename), name, f"git checkout datasets/{filename}")
    return _original(name)


def _embedded(filename: str) -> Path:
    path = DATASETS / filename
    if not path.exists():
        raise FileNotFoundError(
            f"expected {path}: the data come with the course's folder, not with the "
            "package; run `pip install -e .` in a complete checkout of the course "
            f"(`git checkout datasets/{filename}` restores a lost file)"
        )
    return path


def _photographs() -> dict[str, np.ndarray]:
    from PIL import Image, UnidentifiedImageError

    photographs = {}
    for path in sorted(_embedded("photos").glob("*.jpg")):
        try:
            with Image.open(path) as image:
                photographs[path.stem] = np.array(image.convert("RGB"))
        except (UnidentifiedImageError, OSError) as error:
            raise ValueError(
                f"expected a photograph in {path}; received: {error}. Restore it: "
                f"git checkout datasets/photos/{path.name}"
            ) from error
    return photographs


def _original(name: str) -> Dataset:
    """The complete set from $CNNKIT_DATA, the cache or the network."""
    if own := os.environ.get("CNNKIT_DATA"):
        folder = Path(own).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(
                f"expected a folder in $CNNKIT_DATA; received {own!r}: correct it, or "
                "unset it to use the cache and the network"
            )
        path = folder / f"{name}.npz"
        if path.is_file():
            return _read(path, name, "replace the file, or unset CNNKIT_DATA")
    path = _cache() / f"{name}.npz"
    if not path.is_file():
        _download(name, path)
    return _read(path, name, "delete the file and load again")


def _cache() -> Path:
    if own := os.environ.get("CNNKIT_CACHE"):
        return Path(own).expanduser()
    import pooch

    return Path(pooch.os_cache("cnnkit"))


def _read(path: Path, name: str, remedy: str) -> Dataset:
    """The set in an npz file, checked."""
    try:
        return _checked(_arrays(path), name)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"expected the arrays {', '.join(KEYS)} of {name} in {path}; received: "
            f"{error}. What to do: {remedy}"
        ) from error


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise ValueError("a file that is no npz archive or is cut short")
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in KEYS if key not in archive]
        if missing:
            raise ValueError(f"no {', '.join(missing)}, only {archive.files}")
        return {key: archive[key] for key in KEYS}


def _checked(arrays: dict[str, np.ndarray], name: str) -> Dataset:
    """Images as uint8 (n, h, w, channels) and labels as int64 (n,), or ValueError."""
    shape, class_names = LABELLED[name]
    checked = []
    for split in ("train", "test"):
        x, y = np.asarray(arrays[f"x_{split}"]), np.asarray(arrays[f"y_{split}"])
        if x.dtype != np.uint8:
            raise ValueError(f"x_{split} of type {x.dtype} where uint8 belongs")
        if x.ndim == 3 and shape[-1] == 1:
            x = x[..., np.newaxis]
        if x.shape[1:] != shape or not len(x):
            raise ValueError(
                f"x_{split} of shape {x.shape} where (n, *{shape}) belongs"
            )
        if y.shape not in ((len(x),), (len(x), 1)):
            raise ValueError(f"y_{split} of shape {y.shape} for {len(x)} images")
        if y.dtype.kind not in "iu":
            raise ValueError(f"y_{split} of type {y.dtype} where integers belong")
        if y.min() < 0 or y.max() >= len(class_names):
            raise ValueError(
                f"labels {y.min()}..{y.max()} in y_{split} where "
                f"0..{len(class_names) - 1} belong"
            )
        checked += [x, y.reshape(-1).astype(np.int64)]
    return Dataset(*checked, class_names)


def _sources(name: str) -> list[tuple[str, str, str]]:
    """(file, SHA-256, URL) of each file that the registry lists for a set."""
    rows = [line.split() for line in REGISTRY.read_text("utf-8").splitlines()]
    return [
        (row[0].removeprefix(f"{name}/"), row[1], row[2])
        for row in rows
        if row and row[0].startswith(f"{name}/")
    ]


def _download(name: str, target: Path) -> None:
    """Fetch, check and convert a set; `target` appears complete or not at all."""
    import pooch
    import requests
    from tqdm import tqdm

    _embedded("registry.txt")
    pooch.get_logger().setLevel("WARNING")
    silent = os.environ.get("CNNKIT_TEST") == "1"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Each process works in a folder of its own beside the target, so that the last
        # step is one atomic rename within a file system.
        with tempfile.TemporaryDirectory(
            prefix=f".{name}-", dir=target.parent, ignore_cleanup_errors=True
        ) as scratch:
            folder = Path(scratch)
            for filename, sha256, url in _sources(name):
                # on standard output: in a notebook standard error looks like a fault;
                # the total is put right when the server has said it
                bar = tqdm(
                    desc=filename,
                    total=1,
                    unit="B",
                    unit_scale=True,
                    leave=False,
                    file=sys.stdout,
                    disable=silent,
                )
                with bar:
                    pooch.retrieve(
                        url,
                        known_hash=f"sha256:{sha256}",
                        fname=filename,
                        path=folder,
                        downloader=pooch.HTTPDownloader(progressbar=bar),
                    )
            complete = folder / "complete.npz"
            arrays = CONVERTERS[name](folder)
            _checked(arrays, name)
            np.savez(complete, **arrays)
            os.replace(complete, target)
    except (requests.RequestException, ConnectionError, TimeoutError) as error:
        raise ConnectionError(
            f"cannot download {name}; nothing was kept. Load again when the network is "
            f"there, or put {name}.npz ({', '.join(KEYS)}: uint8 images, integer "
            "labels) into a folder of your choice and set CNNKIT_DATA to that folder. "
            f"The request for {url} ended with: {error}"
        ) from error
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot keep {name} in the cache ({error.strerror}); nothing was kept. "
            "Make room or allow writing there, or set CNNKIT_CACHE to another folder",
            str(target.parent),
        ) from error
    except ValueError as error:
        raise ValueError(
            f"expected the known {name} from {url}; received something else, and "
            "nothing was kept. Load again; if it stays so, the server's file has "
            f"changed: put {name}.npz into a folder of your choice and set CNNKIT_DATA "
            f"to that folder. In detail: {error}"
        ) from error


def _convert_fashion_mnist(folder: Path) -> dict[str, np.ndarray]:
    def values(filename, header):
        content = gzip.decompress((folder / filename).read_bytes())
        return np.frombuffer(content, np.uint8, offset=header)

    arrays = {}
    for split, stem in (("train", "train"), ("test", "t10k")):
        images = values(f"{stem}-images-idx3-ubyte.gz", header=16)
        arrays[f"x_{split}"] = images.reshape(-1, 28, 28)
        arrays[f"y_{split}"] = values(f"{stem}-labels-idx1-ubyte.gz", header=8)
    return arrays


def _convert_mnist(folder: Path) -> dict[str, np.ndarray]:
    return _arrays(folder / "mnist.npz")


def _convert_cifar10(folder: Path) -> dict[str, np.ndarray]:
    def records(archive, *batches):
        content = b"".join(
            archive.extractfile(f"cifar-10-batches-bin/{batch}.bin").read()
            for batch in batches
        )
        # one record: the label, then 1,024 red, 1,024 green and 1,024 blue values
        rows = np.frombuffer(content, np.uint8).reshape(-1, 3073)
        images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), rows[:, 0]

    with tarfile.open(folder / "cifar-10-binary.tar.gz") as archive:
        train = records(archive, *(f"data_batch_{i}" for i in range(1, 6)))
        test = records(archive, "test_batch")
    return dict(zip(KEYS, (*train, *test), strict=True))


CONVERTERS = {
    "fashion_mnist": _convert_fashion_mnist,
    "mnist": _convert_mnist,
    "cifar10": _convert_cifar10,
}
