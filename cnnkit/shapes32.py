"""shapes32: ten classes of textured, coloured shapes whose difficulties are known.

Every image is computed, so that each of the seven things that make recognition hard
(viewpoint, scale, illumination, deformation, occlusion, clutter, variation within a
class) is a number that can be raised alone while all else stays as it was.

Only operations that IEEE 754 rounds exactly are used (+ - * / sqrt floor abs min max;
no sine, no exponential, no sums of varying order), and the result is quantised to
uint8: a seed gives the same bytes on every machine with the same NumPy stream.
"""

from typing import NamedTuple

import numpy as np

CLASSES = (
    "disc",
    "ring",
    "square",
    "triangle",
    "star",
    "cross",
    "heart",
    "crescent",
    "arrow",
    "hourglass",
)
SIZE = 32  # pixels
DISTRACTORS = 6  # at most, behind the shape
TEXTURES = ("plain", "stripes", "checks", "dots")


class Shapes(NamedTuple):
    """Images uint8 (n, 32, 32, 3), labels int64 (n,), and what was drawn: (n,) each."""

    images: np.ndarray
    labels: np.ndarray
    parameters: dict[str, np.ndarray]


def make(
    n: int,
    seed: int = 0,
    *,
    viewpoint: float = 0.5,
    scale: float = 0.5,
    illumination: float = 0.5,
    deformation: float = 0.5,
    occlusion: float = 0.5,
    clutter: float = 0.5,
    variation: float = 0.5,
) -> Shapes:
    """Draw n labelled images.

    Each level runs from 0 (absent) to 1 (strong).  Changing one level changes nothing
    else: labels, and all that the other levels govern, depend on the seed alone.  The
    first images of a longer series are those of a shorter one, and every ten in a row
    hold each class once.

    Args:
        n: number of images.
        seed: a non-negative integer.
        viewpoint: position, rotation to 60 degrees either way, tilt, perspective.
        scale: radius from half to 1.4 times the usual 10 pixels.
        illumination: brightness, light from one side, colour of the light.
        deformation: how far the outline is bent.
        occlusion: width of a bar across the shape.
        clutter: pattern of the background and up to six objects on it.
        variation: colours, texture, light on dark or dark on light, proportions.

    Returns:
        Images, labels, and a dictionary of what was drawn, one value an image:
        x, y, radius (pixels), rotation (degrees), tilt, brightness, bend,
        covered (fraction of the shape), distractors, texture, proportion (-1..1).

    Raises:
        ValueError: if n < 1, seed < 0, or a level is outside 0..1.

    >>> images, labels, parameters = make(20, seed=3, occlusion=0)
    >>> images.shape, images.dtype, sorted(labels[:10].tolist())
    ((20, 32, 32, 3), dtype('uint8'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    >>> float(parameters["covered"].max())
    0.0
    """
    levels = {
        "viewpoint": viewpoint,
        "scale": scale,
        "illumination": illumination,
        "deformation": deformation,
        "occlusion": occlusion,
        "clutter": clutter,
        "variation": variation,
    }
    for name, number, least in (("n", n, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise ValueError(
                f"expected {name} as an integer >= {least}; received {number!r}"
            )
    for name, level in levels.items():
        if not 0 <= level <= 1:
            raise ValueError(f"expected {name} between 0 and 1; received {level!r}")

    tens = -(-n // 10)
    labels = np.random.default_rng([seed, 0]).random((tens, 10)).argsort(axis=1)
    labels = labels.reshape(-1)[:n].astype(np.int64)
    draws = np.random.default_rng([seed, 1]).random((n, 96), np.float32)
    noise = np.random.default_rng([seed, 2])

    images = np.empty((n, SIZE, SIZE, 3), np.uint8)
    drawn = []
    for start in range(0, n, 250):  # slices that stay in the processor's cache
        part = slice(start, start + 250)
        grain = noise.integers(0, 256, images[part].shape, np.uint8)
        images[part], parameters = _draw(draws[part], labels[part], grain, levels)
        drawn.append(parameters)
    parameters = {
        name: np.concatenate([part[name].reshape(-1) for part in drawn])
        for name in drawn[0]
    }
    return Shapes(images, labels, parameters)


def train_and_test() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The set that `data.load("shapes32")` returns: 5,000 and 1,000 images."""
    train, test = make(5000, seed=0), make(1000, seed=1)
    return train.images, train.labels, test.images, test.labels


# Outlines: roughly the distance to the edge in units of the shape's radius, negative
# inside; y points down; v in -1..1 changes the proportions.


def _disc(x, y, v):
    return np.sqrt(x * x + (1 + 0.25 * v) * (y * y)) - 0.9


def _ring(x, y, v):
    return np.abs(np.sqrt(x * x + y * y) - 0.7) - (0.24 + 0.08 * v)


def _square(x, y, v):
    return np.maximum(np.abs(x) - 0.78, np.abs(y) - (0.78 + 0.1 * v))


def _triangle(x, y, v):
    x = np.abs(x) * (1 + 0.2 * v)
    return np.maximum(y - 0.62, 0.866 * x - 0.5 * y - 0.5)


def _star(x, y, v):
    # fold the plane onto the right half of the upper tip, then one edge remains
    x, y = np.abs(x), -y
    beyond = np.maximum(0.809 * x - 0.588 * y, 0)
    x, y = x - 1.618 * beyond, y + 1.176 * beyond
    beyond = np.maximum(-0.809 * x - 0.588 * y, 0)
    x, y = np.abs(x + 1.618 * beyond), y + 1.176 * beyond
    inner = 0.45 + 0.08 * v  # where two tips meet, 36 degrees from the tip
    edge_x, edge_y = 0.588 * inner, 0.809 * inner - 1.05
    length = np.sqrt(edge_x * edge_x + edge_y * edge_y)
    return ((y - 1.05) * edge_x - x * edge_y) / length


def _cross(x, y, v):
    x, y, arm = np.abs(x), np.abs(y), 0.33 + 0.08 * v
    return np.minimum(np.maximum(x - 0.95, y - arm), np.maximum(x - arm, y - 0.95))


def _heart(x, y, v):
    x, y = np.abs(x), (y + 0.1) * (1 + 0.15 * v)
    lobe = np.sqrt((x - 0.42) * (x - 0.42) + (y + 0.3) * (y + 0.3)) - 0.5
    # touches the lobe where the line from the lobe's centre meets its edge
    tip = np.maximum(0.8 * x + 0.6 * y - 0.656, 0.6 * x - 0.8 * y - 0.492)
    return np.minimum(lobe, tip)


def _crescent(x, y, v):
    outer = np.sqrt(x * x + y * y) - 0.95
    bite_x = x - 0.5 - 0.12 * v
    return np.maximum(outer, 0.78 - np.sqrt(bite_x * bite_x + y * y))


def _arrow(x, y, v):
    y = np.abs(y)
    shaft = np.maximum(np.abs(x + 0.4) - 0.55, y - (0.25 + 0.07 * v))
    head = np.maximum(-x, 0.707 * (x + y) - 0.68)
    return np.minimum(shaft, head)


def _hourglass(x, y, v):
    x, y = np.abs(x), np.abs(y)
    return np.maximum(y - 0.85, (x - (0.85 + 0.15 * v) * y - 0.06) * 0.76)


OUTLINES = (
    _disc,
    _ring,
    _square,
    _triangle,
    _star,
    _cross,
    _heart,
    _crescent,
    _arrow,
    _hourglass,
)


def _wave(t):
    """A smooth wave of period 1 between -1 and 1, made of parabolas."""
    t = t - np.floor(t) - 0.5
    return 8 * t * (1 - 2 * np.abs(t))


def _turn(t):
    """Cosine and sine of the angle 2 arctan(t)."""
    below = 1 + t * t
    return (1 - t * t) / below, 2 * t / below


def _colour(hue, saturation, value):
    """Red, green, blue (n, 1, 1, 3) of a colour whose three numbers are (n, 1, 1)."""
    turns = hue[..., None] + np.array([0, 2 / 3, 1 / 3], np.float32)
    turns = turns - np.floor(turns)
    pure = np.clip(np.abs(turns * 6 - 3) - 1, 0, 1)
    return value[..., None] * (1 - saturation[..., None] * (1 - pure))


def _texture(kind, x, y):
    """One of TEXTURES for each image, between -1 and 1."""
    stripes, across = _wave(x), _wave(y)
    patterns = (
        np.zeros_like(stripes),
        np.clip(3 * stripes, -1, 1),
        np.clip(6 * stripes * across, -1, 1),
        np.clip(4 * (stripes + across) - 3, -1, 1),
    )
    return np.select([kind == i for i in range(4)], patterns)


def _over(picture, colour, alpha):
    """Paint a colour over a picture (n, 32, 32, 3) where alpha (n, 32, 32) says so."""
    return picture + alpha[..., None] * (colour - picture)


def _draw(draws, labels, grain, level):
    columns = iter(draws.T[:, :, None, None])  # each (n, 1, 1), uniform in 0..1

    def unit():
        return next(columns)

    def either_way():
        return 2 * next(columns) - 1

    rows = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    down, right = rows[:, None], rows[None, :]  # pixels from the centre

    # viewpoint and scale: pixels -> coordinates of the shape
    radius = 10 * (1 + level["scale"] * (0.9 * unit() - 0.5))
    centre_x, centre_y = (7 * level["viewpoint"] * either_way() for _ in range(2))
    turn = level["viewpoint"] * 0.577 * either_way()
    cosine, sine = _turn(turn)
    tilt = 1 - level["viewpoint"] * 0.5 * unit()
    tilt_cosine, tilt_sine = _turn(either_way())
    perspective = level["viewpoint"] * 0.3 * either_way()

    u, v = (right - centre_x) / radius, (down - centre_y) / radius
    along, across = tilt_cosine * u + tilt_sine * v, tilt_cosine * v - tilt_sine * u
    along = along / tilt
    nearness = 1 + perspective * np.clip(along, -2, 2)
    along, across = along / nearness, across / nearness
    u = tilt_cosine * along - tilt_sine * across
    v = tilt_sine * along + tilt_cosine * across
    x, y = cosine * u + sine * v, cosine * v - sine * u

    # deformation
    bend = level["deformation"] * 0.25 * (0.3 + 0.7 * unit())
    pitch_x, pitch_y = (0.3 + 0.3 * unit() for _ in range(2))
    phase_x, phase_y = unit(), unit()
    bent_x = x + bend * _wave(pitch_x * y + phase_x)
    bent_y = y + bend * _wave(pitch_y * x + phase_y)

    # outline
    proportion = level["variation"] * either_way()
    distance = np.empty(bent_x.shape, np.float32)
    for label, outline in enumerate(OUTLINES):
        mine = labels == label
        distance[mine] = outline(bent_x[mine], bent_y[mine], proportion[mine])
    inside = np.clip(0.5 - distance * radius, 0, 1)

    # colours: one of the two is light and the other dark, whatever their hues
    hue = 0.08 + level["variation"] * either_way() / 2
    ground_hue = 0.6 + level["variation"] * either_way() / 2
    light = 0.85 + 0.15 * level["variation"] * either_way()
    dark = 0.35 + 0.15 * level["variation"] * either_way()
    swap = unit() < level["variation"] / 2
    saturation = 0.65 + 0.3 * level["variation"] * either_way()
    colour = _colour(hue, saturation, np.where(swap, dark, light))
    ground = _colour(ground_hue, saturation / 2, np.where(swap, light, dark))

    # background and what lies on it
    picture = np.broadcast_to(ground, (len(labels), SIZE, SIZE, 3))
    cosine_g, sine_g = _turn(either_way())
    pitch_g = 0.08 + 0.12 * unit()
    kind_g = np.floor(unit() * len(TEXTURES))
    pattern = _texture(
        kind_g,
        pitch_g * (cosine_g * right + sine_g * down) + unit(),
        pitch_g * (cosine_g * down - sine_g * right) + unit(),
    )
    picture = picture * (1 + (level["clutter"] * 0.25 * pattern)[..., None])
    distractors, vivid = np.zeros_like(radius), np.full_like(radius, 0.7)
    for _ in range(DISTRACTORS):
        dx, dy = right - 16 * either_way(), down - 16 * either_way()
        cosine_d, sine_d = _turn(either_way())
        dx, dy = cosine_d * dx + sine_d * dy, cosine_d * dy - sine_d * dx
        width, height = (0.8 + 3 * unit() for _ in range(2))
        box = np.maximum(np.abs(dx) - width, np.abs(dy) - height)
        present = unit() < level["clutter"]
        paint = _colour(unit(), vivid, 0.25 + 0.65 * unit())
        picture = _over(picture, paint, np.clip(0.5 - box, 0, 1) * present)
        distractors = distractors + present

    # the shape
    kind = np.floor(unit() * len(TEXTURES))
    kind = np.where(unit() < level["variation"] * 2, kind, 0)
    pitch = 0.8 + 0.7 * unit()
    pattern = _texture(kind, pitch * x + unit(), pitch * y + unit())
    painted = colour * (1 + (0.22 * pattern)[..., None])
    picture = _over(picture, painted, inside)

    # occlusion: a bar across the shape
    cosine_b, sine_b = _turn(either_way())
    half = level["occlusion"] * 0.4 * unit() * radius
    offset = 0.6 * either_way() * radius
    off_axis = np.abs(
        cosine_b * (right - centre_x) + sine_b * (down - centre_y) - offset
    )
    bar = np.clip(0.5 + half - off_axis, 0, np.minimum(2 * half, 1))
    bar_colour = _colour(unit(), vivid, 0.3 + 0.6 * unit())
    picture = _over(picture, bar_colour, bar)

    # light, grain, eight bits
    brightness = 1 + level["illumination"] * (1.1 * unit() - 0.6)
    side_x, side_y = (0.6 * level["illumination"] * either_way() for _ in range(2))
    shade = brightness * (1 + (side_x * right + side_y * down) / 16)
    tint = np.stack([either_way() for _ in range(3)], axis=-1)
    picture = picture * shade[..., None] * (1 + 0.2 * level["illumination"] * tint)
    picture = 255 * picture + (grain.astype(np.float32) - 127.5) / 32
    images = np.clip(np.floor(picture + 0.5), 0, 255).astype(np.uint8)

    area = inside.sum(axis=(1, 2))
    return images, {
        "x": 15.5 + centre_x,
        "y": 15.5 + centre_y,
        "radius": radius,
        "rotation": np.degrees(2 * np.arctan(turn)),
        "tilt": tilt,
        "brightness": brightness,
        "bend": bend,
        "covered": (inside * bar).sum(axis=(1, 2)) / area,
        "distractors": distractors.astype(int),
        "texture": kind.astype(int),
        "proportion": proportion,
    }
