"""Explorer of lesson 14: random variants of one photograph."""

from functools import partial
from types import SimpleNamespace

import ipywidgets
import numpy as np
from scipy import ndimage

from .. import augment, plot
from .base import _ROW, Explorer, _button, _code, _line, _picture

VARIANTS = 7


def _affine(images, rng, draw):
    """Each image under its own 2x2 matrix around the centre; edges are repeated."""
    out = np.empty_like(images)
    centre = (np.array(images.shape[1:3]) - 1) / 2
    for k, image in enumerate(images):
        matrix = draw(rng)
        offset = centre - matrix @ centre
        for c in range(image.shape[-1]):
            out[k, ..., c] = ndimage.affine_transform(
                image[..., c], matrix, offset, order=1, mode="nearest"
            )
    return out


def _turn(rng, degrees):
    angle = np.radians(rng.uniform(-degrees, degrees))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _stretch(rng, most):
    return np.diag(1 / (1 + rng.uniform(-most, most, 2)))


def _shear(rng, most):
    return np.array([[1, 0], [rng.uniform(-most, most), 1]])


def _shift(images, rng, strength):
    most = min(images.shape[1:3]) - 1
    pixels = min(round(0.12 * strength * min(images.shape[1:3])), most)
    return augment.shift(images, rng, pixels, "edge")


def _zoom_crop(images, rng, strength):
    """ResNet's crop: the short side grows by up to the strength, one window is cut."""
    side = min(images.shape[1:3])
    longest = side + max(1, round(0.4 * strength * side))
    cut = augment.short_side_crop(images, rng, (side, longest), side)
    return cut


def _color(images, rng, strength):
    """Contrast and brightness, drawn for each image."""
    shape = len(images), 1, 1, 1
    contrast = 1 + strength * rng.uniform(-0.5, 0.5, shape)
    brightness = strength * rng.uniform(-60, 60, shape)
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return np.clip(contrast * (images - mean) + mean + brightness, 0, 255)


def _principal(images, rng, strength, axes):
    return np.clip(augment.pca_jitter(images / 255, rng, axes, strength) * 255, 0, 255)


def _noise(images, rng, strength):
    return np.clip(images + rng.normal(0, 25 * strength, images.shape), 0, 255)


# name -> (transform(images, rng, strength), the Keras layer, "" where there is none)
TRANSFORMS = {
    "flip": (lambda x, rng, s: augment.flip(x, rng), 'RandomFlip("horizontal")'),
    "shift": (_shift, "RandomTranslation({0:.2f}, {0:.2f})"),
    "scale and crop": (_zoom_crop, "RandomCrop(height, width)"),
    "rotation": (
        lambda x, rng, s: _affine(x, rng, partial(_turn, degrees=25 * s)),
        "RandomRotation({0:.3f})",
    ),
    "stretch": (
        lambda x, rng, s: _affine(x, rng, partial(_stretch, most=0.3 * s)),
        "RandomZoom({0:.2f}, {0:.2f})",
    ),
    "shear": (
        lambda x, rng, s: _affine(x, rng, partial(_shear, most=0.4 * s)),
        "RandomShear({0:.2f})",
    ),
    "lens": (lambda x, rng, s: augment.lens_distortion(x, rng, 0.3 * s), ""),
    "contrast, brightness": (_color, "RandomContrast({0:.2f})"),
    "colour axes": (_principal, ""),
    "noise": (_noise, "GaussianNoise({0:.2f})"),
}
_KERAS = {  # what strength 1 means in the arguments of the layer
    "shift": 0.12,
    "rotation": 25 / 360,
    "stretch": 0.3,
    "shear": 0.4,
    "contrast, brightness": 0.5,
    "noise": 25 / 255,  # of pixels from 0 to 1
}


def augmentation_viewer(
    photograph, chosen=("flip", "scale and crop"), strength: float = 0.7
) -> Explorer:
    """Seven random variants of one photograph, each transform switched on or off.

    Transforms are applied in the order of the switches; each draws anew for each
    variant.

    Args:
        photograph: (height, width, 3) uint8, at least 16x16; shown at 96 pixels.
        chosen: names of the transforms that are on at the start, of
            `widgets.augmentation.TRANSFORMS`.
        strength: of all of them, from 0 to 1.

    Returns:
        An explorer whose `result` has `original` and `variants` (uint8, (7, height,
        width, 3)), `chosen` (names, in order) and `keras_layers` (lines of code).

    Raises:
        ValueError: if the photograph is not one, or a name or the strength unknown.

    Source: IS 6733 (augmentation); CS-878 W4.

    >>> photo = np.zeros((48, 48, 3), np.uint8)
    >>> augmentation_viewer(photo, ["flip"]).result.keras_layers
    ['keras.layers.RandomFlip("horizontal")']
    """
    photograph = np.asarray(photograph)
    if (
        photograph.ndim != 3
        or photograph.shape[-1] != 3
        or photograph.dtype != np.uint8
        or min(photograph.shape[:2]) < 16
    ):
        raise ValueError(
            "expected a photograph (height, width, 3) of uint8, at least 16x16; "
            f"received {photograph.dtype} {photograph.shape}"
        )
    if unknown := [name for name in chosen if name not in TRANSFORMS]:
        raise ValueError(
            f"expected transforms of {', '.join(TRANSFORMS)}; received {unknown[0]!r}"
        )
    if not 0 <= strength <= 1:
        raise ValueError(f"expected strength from 0 to 1; received {strength!r}")
    step = max(1, min(photograph.shape[:2]) // 96)
    side = min(photograph.shape[:2]) // step * step
    top, left = ((n - side) // 2 for n in photograph.shape[:2])
    square = photograph[top : top + side, left : left + side].astype(float)
    square = square.reshape(side // step, step, side // step, step, 3).mean((1, 3))
    axes = augment.color_axes(square[None] / 255)

    def compute(settings):
        rng = np.random.default_rng(settings["sample"])
        names = [name for name in TRANSFORMS if settings[name]]
        images = np.repeat(square[None], VARIANTS, axis=0)
        strength, lines = settings["strength"], []
        for name in names:
            transform, layer = TRANSFORMS[name]
            extra = {"axes": axes} if name == "colour axes" else {}
            images = transform(images, rng, strength, **extra)
            if layer:
                scale = _KERAS.get(name, 0) * strength
                lines.append(f"keras.layers.{layer.format(scale)}")
        variants = np.rint(np.clip(images, 0, 255)).astype(np.uint8)
        original = np.rint(square).astype(np.uint8)
        pictures = [original, *variants]
        titles = ["original"] + [f"variant {k}" for k in range(1, VARIANTS + 1)]
        fig = plot.images(pictures, titles, columns=4)
        with_ = ", ".join(names) or "no transform"
        alt = f"A photograph and {VARIANTS} random variants of it: {with_}."
        without = [name for name in names if not TRANSFORMS[name][1]]
        note = f"Without a layer in Keras: {', '.join(without)}." if without else ""
        return SimpleNamespace(
            original=original,
            variants=variants,
            chosen=names,
            keras_layers=lines,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + (_code("\n".join(lines)) if lines else "")
            + (_line(note) if note else ""),
        )

    def build(explorer):
        controls = explorer.controls = {
            name: ipywidgets.Checkbox(
                explorer.settings[name],
                description=name.capitalize(),
                indent=False,
                layout={"width": "165px"},
            )
            for name in TRANSFORMS
        }
        controls["strength"] = ipywidgets.FloatSlider(
            strength,
            min=0,
            max=1,
            step=0.1,
            description="Strength",
            continuous_update=False,
            layout={"width": "300px"},
        )
        controls["sample"] = ipywidgets.BoundedIntText(
            0, min=0, max=9999, description="Sample", layout={"width": "160px"}
        )
        controls["again"] = _button("Draw again", "Draw other variants", "refresh")

        def again():
            controls["sample"].value = (controls["sample"].value + 1) % 10000

        explorer.on_click("again", again)
        switches = [controls[name] for name in TRANSFORMS]
        rest = [controls[name] for name in ("strength", "sample", "again")]
        rows = [ipywidgets.HBox(row, layout=_ROW) for row in (switches, rest)]
        return ipywidgets.VBox([*rows, explorer.view])

    settings = {name: name in chosen for name in TRANSFORMS}
    settings |= {"strength": strength, "sample": 0}

    def still(result):
        pictures = [result.original, *result.variants]
        fig = plot.images(pictures, columns=VARIANTS + 1)
        return fig, result.alt, True  # photographs: a JPEG

    return Explorer(settings, compute, build, still)
