"""Write fashion_mnist_small.npz: a seeded, stratified part of Fashion-MNIST.

    python datasets/make_fashion_mnist_small.py DIR

DIR holds the four original files (train-images-idx3-ubyte.gz and so on).  1,200
training and 200 test images of each class are drawn from the original training and
test sets, in shuffled order, so that any first part of the file is a fair sample.
Running it twice writes the same bytes.
"""

import gzip
import hashlib
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
# SHA-256 of the *unpacked* files: the gzip around them differs between mirrors.
SHA256 = {
    "train-images-idx3-ubyte": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    ),
    "t10k-images-idx3-ubyte": (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
    ),
    "t10k-labels-idx1-ubyte": (
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
    ),
}


def read(folder, name, header):
    content = gzip.decompress((folder / f"{name}.gz").read_bytes())
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(
            f"expected {name} with SHA-256 {SHA256[name]}; received {found}"
        )
    return np.frombuffer(content, np.uint8, offset=header)


def stratified(labels, per_class, rng):
    """Shuffled indices holding `per_class` examples of every class."""
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:per_class]
        for label in np.unique(labels)
    ]
    return rng.permutation(np.concatenate(chosen))


def main(folder):
    rng = np.random.RandomState(2017)  # the legacy stream is frozen for good
    arrays = {}
    for split, stem, per_class in (("train", "train", 1200), ("test", "t10k", 200)):
        images = read(folder, f"{stem}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
        labels = read(folder, f"{stem}-labels-idx1-ubyte", 8)
        chosen = stratified(labels, per_class, rng)
        arrays[f"x_{split}"], arrays[f"y_{split}"] = images[chosen], labels[chosen]
    target = HERE / "fashion_mnist_small.npz"
    np.savez_compressed(target, **arrays)  # members carry a fixed date, 1980-01-01
    print(hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(pathlib.Path(sys.argv[1]))
