"""Write photos/*.jpg from the free photographs inside the scikit-image package.

    python datasets/make_photos.py

Each is scaled so that its long side is at most 480 pixels and saved as JPEG.  The same
Pillow version writes the same bytes; the sources are checked by SHA-256.
"""

import hashlib
import pathlib

import skimage.data
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
#   name: (file in skimage/data, long side in pixels, SHA-256 of the source)
PHOTOS = {
    "astronaut": (
        "astronaut.png",
        400,
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    "brick": (
        "brick.png",
        384,
        "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    ),
    "cat": (
        "chelsea.png",
        451,
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    "coffee": (
        "coffee.png",
        480,
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    "rocket": (
        "rocket.jpg",
        480,
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    ),
}


def main():
    sources = pathlib.Path(skimage.data.__file__).resolve().parent
    for name, (filename, long_side, sha256) in PHOTOS.items():
        source, target = sources / filename, HERE / "photos" / f"{name}.jpg"
        found = hashlib.sha256(source.read_bytes()).hexdigest()
        if found != sha256:
            raise SystemExit(
                f"expected {filename} with SHA-256 {sha256}; received {found}"
            )
        image = Image.open(source).convert("RGB")
        image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
        image.save(target, quality=90, optimize=True, subsampling="4:2:0")
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        print(digest, target.name, image.size, target.stat().st_size)


if __name__ == "__main__":
    main()
