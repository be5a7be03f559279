"""Write digits8.npz: 1,797 handwritten digits, 8x8, from the UCI repository.

    python datasets/make_digits8.py FILE

FILE is `digits.csv.gz` as the scikit-learn package carries it
(sklearn/datasets/data/digits.csv.gz), or the unpacked csv: 64 pixel values 0..16 and
the label a row.  36 digits of each class are the test set, the rest is for training.
Running it twice writes the same bytes.
"""

import gzip
import hashlib
import io
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def main(path):
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"expected the csv with SHA-256 {SHA256}; received {found}")
    table = np.loadtxt(io.BytesIO(content), delimiter=",").astype(int)
    counts, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64].astype(np.uint8)
    assert counts.min() == 0 and counts.max() == 16
    images = ((counts * 255 + 8) // 16).astype(np.uint8)  # 0..16 -> 0..255, rounded

    rng = np.random.RandomState(1998)  # the legacy stream is frozen for good
    order = rng.permutation(len(labels))
    rank = np.empty(len(labels), int)  # position among the digits of its class
    for label in range(10):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    test, train = order[rank[order] < 36], order[rank[order] >= 36]

    target = HERE / "digits8.npz"
    np.savez_compressed(  # members carry a fixed date, 1980-01-01
        target,
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )
    print(hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(pathlib.Path(sys.argv[1]))
