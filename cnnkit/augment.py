"""More training data from the same images, and more views of one at test time.

Batches have the axes (n, height, width, channels) and hold uint8 from 0 to 255 or
floats.  A transform takes a batch and a `numpy.random.Generator`, draws for each image
anew, works on the whole batch at once, and returns a new batch of the same dtype; what
it is given stays as it was.  uint8 is rounded and stops at 0 and 255; floats are
neither rounded nor bounded.

Here is what Keras lacks, and what whole-batch indexing does many times faster; for
rotation, zoom, shear, contrast, noise and mixtures take Keras's Random... layers.
Importing this module imports no Keras.
"""

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]

PADDINGS = {"zero": "constant", "edge": "edge", "reflect": "reflect"}


def flip(
    images: np.ndarray, rng: np.random.Generator, probability: float = 0.5
) -> np.ndarray:
    """Mirrors images left to right, each with the same probability.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        rng: source of the draws.
        probability: of being mirrored; 1 mirrors all.

    Returns:
        Batch of the same shape and dtype.

    Raises:
        ValueError: if images, rng or probability are not what they should be.

    Source: IS 6733 (horizontal flips); Krizhevsky et al. 2012, section 4.1.

    >>> image = np.array([[1, 2, 3], [4, 5, 6]], np.uint8).reshape(1, 2, 3, 1)
    >>> flip(image, np.random.default_rng(0), probability=1)[0, :, :, 0]
    array([[3, 2, 1],
           [6, 5, 4]], dtype=uint8)
    """
    images, rng = _batch(images), _generator(rng)
    if not 0 <= probability <= 1:
        raise ValueError(f"expected probability from 0 to 1; received {probability!r}")
    chosen = rng.random(len(images)) < probability
    flipped = images.copy()
    # a pixel as one item is twice as fast to move as its channels one by one
    pixels = flipped.view(np.dtype((np.void, images.itemsize * images.shape[-1])))
    pixels[chosen] = pixels[chosen, :, ::-1]
    return flipped


def shift(
    images: np.ndarray, rng: np.random.Generator, pixels: int, padding: str = "zero"
) -> np.ndarray:
    """Moves each image by whole pixels, down or up and right or left.

    All (2 * pixels + 1)**2 shifts are equally likely, none at all included.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        rng: source of the draws.
        pixels: largest shift either way along each axis, less than height and width.
        padding: what enters at the border: "zero"; "edge", the nearest pixel; or
            "reflect", the image mirrored at its outermost pixels (c b | a b c).

    Returns:
        Batch of the same shape and dtype.

    Raises:
        ValueError: if an argument is not what it should be.

    Source: CS-878 W4 (shifts of up to two pixels); He et al. 2015, section 4.2, pads
        CIFAR-10 by 4 pixels and crops at random, which is ``shift(..., pixels=4)``.

    >>> image = np.array([[1, 2], [3, 4]], np.uint8).reshape(1, 2, 2, 1)
    >>> shift(image, np.random.default_rng(0), 1)[0, :, :, 0]  # 1 up, not sideways
    array([[3, 4],
           [0, 0]], dtype=uint8)
    """
    images, rng = _batch(images), _generator(rng)
    pixels = _whole("pixels", pixels, 0)
    if pixels >= min(images.shape[1:3]):
        raise ValueError(
            "expected pixels below the height and width "
            f"{images.shape[1]}x{images.shape[2]}; received {pixels}"
        )
    if padding not in PADDINGS:
        raise ValueError(
            f"expected padding: one of {', '.join(PADDINGS)}; received {padding!r}"
        )
    around = (0, 0), (pixels, pixels), (pixels, pixels), (0, 0)
    padded = np.pad(images, around, mode=PADDINGS[padding])
    tops, lefts = rng.integers(0, 2 * pixels + 1, (2, len(images)))
    return _windows(padded, tops, lefts, *images.shape[1:3])


def crop(images: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    """Cuts a square out of each image; every position is equally likely.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        rng: source of the draws.
        size: height and width of the square in pixels.

    Returns:
        Batch (n, size, size, channels) of the same dtype.

    Raises:
        ValueError: if an argument is not what it should be, or the square is larger
            than the images.

    Source: Krizhevsky et al. 2012, section 4.1: 224 out of 256x256.  There are
        ``sizes.output_size(256, 224) ** 2`` positions.

    >>> images = np.zeros((2, 256, 256, 3), np.uint8)
    >>> crop(images, np.random.default_rng(0), 224).shape
    (2, 224, 224, 3)
    """
    images, rng = _batch(images), _generator(rng)
    size = _fitting(size, *images.shape[1:3])
    tops = rng.integers(0, images.shape[1] - size + 1, len(images))
    lefts = rng.integers(0, images.shape[2] - size + 1, len(images))
    return _windows(images, tops, lefts, size, size)


def short_side_crop(
    images: np.ndarray,
    rng: np.random.Generator,
    short_side: tuple[int, int] = (256, 480),
    size: int = 224,
) -> np.ndarray:
    """ResNet's training crop: random scale, random square, random flip.

    For each image: draw a length L; resize the image so that its shorter side is L,
    with its proportions kept; cut a random square; mirror it in half of the cases.
    Resizing is linear, and averages where it shrinks.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        rng: source of the draws.
        short_side: smallest and largest L in pixels; both may be drawn.
        size: height and width of the square in pixels.  For images of 32x32 the
            same proportions are short_side=(36, 68) and size=32.

    Returns:
        Batch (n, size, size, channels) of the same dtype.

    Raises:
        ValueError: if an argument is not what it should be, or size > short_side[0].

    Source: He et al. 2015, section 3.4, after Simonyan & Zisserman 2014, section 3.1;
        IS 6733 (ResNet).

    >>> photographs = np.zeros((2, 300, 400, 3), np.uint8)
    >>> short_side_crop(photographs, np.random.default_rng(0)).shape
    (2, 224, 224, 3)
    """
    images, rng = _batch(images), _generator(rng)
    if not isinstance(short_side, Sequence) or len(short_side) != 2:
        raise ValueError(
            f"expected short_side: (smallest, largest); received {short_side!r}"
        )
    smallest, largest = (_whole("short_side", side) for side in short_side)
    if smallest > largest:
        raise ValueError(
            f"expected short_side: the smaller length first; received {short_side!r}"
        )
    size = _fitting(size, smallest, smallest)
    shorter = rng.integers(smallest, largest + 1, len(images))
    heights, widths = _scaled(images, shorter)
    tops = rng.integers(0, heights - size + 1)
    lefts = rng.integers(0, widths - size + 1)
    return flip(_resize(images, heights, widths, tops, lefts, size, size), rng)


class ColorAxes(NamedTuple):
    """Principal axes of a set of pixels, by ascending variance.

    variances: (channels,), of the pixels along each axis, for values from 0 to 1.
    components: (channels, channels), one unit vector a row, its sum not negative.
    """

    variances: np.ndarray
    components: np.ndarray


def color_axes(images: np.ndarray) -> ColorAxes:
    """The principal axes of all pixels of a training set, for `pca_jitter`.

    Args:
        images: (n, height, width, channels), uint8, which counts as 0 to 1 in steps of
            1/255, or floats from 0 to 1.

    Returns:
        Eigenvalues and eigenvectors of the pixels' covariance (divided by their
        number), float64.

    Raises:
        ValueError: if images are not what they should be.

    Source: Krizhevsky et al. 2012, section 4.1; IS 6733 (colour jitter).

    >>> grey_to_white = np.linspace(0, 1, 5)[:, None, None, None].repeat(3, axis=3)
    >>> axes = color_axes(grey_to_white)
    >>> axes.variances.round(3) + 0, axes.components[-1].round(3)
    (array([0.   , 0.   , 0.375]), array([0.577, 0.577, 0.577]))
    """
    images = _batch(images)
    low, high = images.min(), images.max()
    if images.dtype != np.uint8 and not 0 <= low <= high <= 1:
        raise ValueError(
            "expected floats from 0 to 1, since variances depend on the scale; "
            f"received {low} to {high}"
        )
    channels = images.shape[-1]
    mean = images.mean(axis=(0, 1, 2), dtype=np.float64)
    products = np.zeros((channels, channels))
    for start in range(0, len(images), 256):  # a slice at a time spares memory
        pixels = images[start : start + 256].reshape(-1, channels) - mean
        products += pixels.T @ pixels
    covariance = products / (images.size // channels) / _white(images) ** 2
    variances, vectors = np.linalg.eigh(covariance)
    components = vectors.T * np.where(vectors.sum(axis=0) < 0, -1, 1)[:, np.newaxis]
    return ColorAxes(np.maximum(variances, 0), components)


def pca_jitter(
    images: np.ndarray,
    rng: np.random.Generator,
    axes: ColorAxes,
    strength: float = 0.1,
) -> np.ndarray:
    """Adds to all pixels of an image one random offset along the principal axes.

    offset = sum_k alpha_k * variance_k * component_k, with alpha_k from a normal
    distribution, drawn once an image.  The offset is the paper's: the variance itself,
    not its root, so with strength 0.1 and photographs it is a few grey values of 255.

    Args:
        images: (n, height, width, channels), uint8, or floats on the scale where white
            is 1.
        rng: source of the draws.
        axes: from `color_axes`.
        strength: standard deviation of alpha.

    Returns:
        Batch of the same shape and dtype.

    Raises:
        ValueError: if an argument is not what it should be.

    Source: Krizhevsky et al. 2012, section 4.1.

    >>> images = np.full((2, 1, 1, 3), 100, np.uint8)
    >>> axes = ColorAxes(np.array([0, 0, 1.0]), np.eye(3))  # blue varies most
    >>> pca_jitter(images, np.random.default_rng(0), axes)[:, 0, 0]
    array([[100, 100, 116],
           [100, 100, 109]], dtype=uint8)
    """
    images, rng = _batch(images), _generator(rng)
    if not isinstance(axes, ColorAxes) or len(axes.variances) != images.shape[-1]:
        raise ValueError(
            f"expected axes: color_axes(...) of images with {images.shape[-1]} "
            f"channels; received {axes!r}"
        )
    if not 0 <= strength < np.inf:
        raise ValueError(f"expected a finite strength >= 0; received {strength!r}")
    alpha = rng.normal(0, strength, (len(images), images.shape[-1]))
    offsets = (alpha * axes.variances) @ axes.components * _white(images)
    offsets = offsets[:, np.newaxis, np.newaxis]  # (n, 1, 1, channels)
    if images.dtype == np.uint8:
        # a whole number plus the rounded offset is the rounded sum
        steps = np.rint(np.clip(offsets, -255, 255)).astype(np.int16)
        return np.clip(images + steps, 0, 255).astype(np.uint8)
    return images + offsets.astype(images.dtype)


def lens_distortion(
    images: np.ndarray, rng: np.random.Generator, strength: float = 0.2
) -> np.ndarray:
    """Bends each image as a lens does, by a random amount either way.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        rng: source of the draws.
        strength: the coefficient of `distort` is uniform from -strength to strength.

    Returns:
        Batch of the same shape and dtype.

    Raises:
        ValueError: if an argument is not what it should be.

    Source: IS 6733 (lens distortion among the transforms to be creative with).

    >>> images = np.zeros((2, 8, 8, 3), np.uint8)
    >>> lens_distortion(images, np.random.default_rng(0)).shape
    (2, 8, 8, 3)
    """
    images, rng = _batch(images), _generator(rng)
    if not 0 <= strength < 1 / 3:
        raise ValueError(f"expected strength from 0 to below 1/3; received {strength}")
    return distort(images, rng.uniform(-strength, strength, len(images)))


def distort(images: np.ndarray, coefficient: float | np.ndarray) -> np.ndarray:
    """Radial lens distortion with a given coefficient k.

    The pixel at distance r from the centre shows what was at distance
    r * (1 + k * r**2) / (1 + max(k, 0)), where r is 1 in the corners.  Above 0 straight
    lines bulge outwards (barrel), below 0 inwards (pincushion).  The divisor zooms in
    just so far that nothing from outside the image is needed.  Values between pixels
    are interpolated linearly.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        coefficient: k, one for all or one an image (n,), between -1/3 and 1, where
            radii keep their order.

    Returns:
        Batch of the same shape and dtype.

    Raises:
        ValueError: if an argument is not what it should be.

    Source: Zhang 2000, "A flexible new technique for camera calibration", section 3.3,
        with the first radial term alone.
        Differs: the model is applied from the result's radius to the source's.

    >>> image = np.arange(25, dtype=np.uint8).reshape(1, 5, 5, 1)
    >>> distort(image, 0.3)[0, 0, :, 0]  # the middle of this row came from further in
    array([0, 2, 3, 4, 4], dtype=uint8)
    """
    images = _batch(images)
    n, height, width, channels = images.shape
    k = np.asarray(coefficient, np.float64)
    if k.shape not in ((), (n,)) or not ((k > -1 / 3) & (k <= 1)).all():
        raise ValueError(
            "expected coefficient: one number, or one an image, above -1/3 and at "
            f"most 1; received {coefficient!r} for {n} images"
        )
    k = np.broadcast_to(k, n)[:, np.newaxis, np.newaxis]
    down = np.arange(height)[:, np.newaxis] - (height - 1) / 2  # from the centre
    right = np.arange(width) - (width - 1) / 2
    squared = down**2 + right**2
    squared = squared / (squared.max() or 1)  # 1 in the corners
    ratio = (1 + k * squared) / (1 + np.maximum(k, 0))  # (n, height, width), at most 1
    y = (height - 1) / 2 + down * ratio
    x = (width - 1) / 2 + right * ratio

    # the four pixels around each place, fetched from one long list of pixels
    top = np.clip(y.astype(np.int64), 0, max(height - 2, 0))
    left = np.clip(x.astype(np.int64), 0, max(width - 2, 0))
    working = np.promote_types(images.dtype, np.float32)
    below, beside = (
        np.repeat(part.astype(working)[..., np.newaxis], channels, axis=-1)
        for part in (y - top, x - left)
    )
    place = (np.arange(n)[:, np.newaxis, np.newaxis] * height + top) * width + left
    pixels = images.reshape(-1, channels)
    step_down, step_right = width * (height > 1), int(width > 1)

    def row(place):
        here, right = (
            pixels.take(index, axis=0).astype(working)
            for index in (place, place + step_right)
        )
        return here + beside * (right - here)

    upper = row(place)
    return _like(images, upper + below * (row(place + step_down) - upper))


def crop_corners(height: int, width: int, size: int) -> list[tuple[int, int]]:
    """Where the five squares of `ten_crop` begin: the four corners and the centre.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        size: height and width of the squares in pixels.

    Returns:
        Five pairs (top, left); a centre between two pixels goes up and left.

    Raises:
        ValueError: if a value is not a positive integer, or the square too large.

    Source: Krizhevsky et al. 2012, section 4.1.

    >>> crop_corners(256, 256, 224)
    [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]
    """
    height, width = _whole("height", height), _whole("width", width)
    size = _fitting(size, height, width)
    down, right = height - size, width - size
    return [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]


def ten_crop(images: np.ndarray, size: int) -> np.ndarray:
    """Four corners and the centre of each image, then the mirror images of these.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        size: height and width of the squares in pixels.

    Returns:
        Views (10, n, size, size, channels) of the same dtype, in the order of
        `crop_corners`: each view is a batch.

    Raises:
        ValueError: if an argument is not what it should be.

    Source: Krizhevsky et al. 2012, section 4.1.

    >>> ten_crop(np.zeros((2, 256, 256, 3), np.uint8), 224).shape
    (10, 2, 224, 224, 3)
    """
    images = _batch(images)
    corners = crop_corners(*images.shape[1:3], size)
    crops = [images[:, y : y + size, x : x + size] for y, x in corners]
    return np.stack([*crops, *(view[:, :, ::-1] for view in crops)])


def multi_scale_crops(
    images: np.ndarray,
    scales: Sequence[int] = (224, 256, 384, 480, 640),
    size: int = 224,
) -> np.ndarray:
    """Ten crops of each image at each of several scales.

    With the shorter side at 224 a square image has one place for a square of 224, so
    its ten views are two and their copies: the image and its mirror image.

    Args:
        images: (n, height, width, channels), uint8 or floats.
        scales: lengths in pixels that the shorter side is resized to.
        size: height and width of the squares in pixels.

    Returns:
        Views (10 * scales, n, size, size, channels) of the same dtype: with the
        defaults, 50 times the memory of the images cut to size.

    Raises:
        ValueError: if an argument is not what it should be, or a scale below size.

    Source: IS 6733 (ResNet at test time).
        Differs: He et al. 2015, section 3.4, use ten crops alone, or score whole
        images at these scales with a fully convolutional network.

    >>> multi_scale_crops(np.zeros((1, 30, 40, 3), np.uint8), (28, 32), 28).shape
    (20, 1, 28, 28, 3)
    """
    images = _batch(images)
    if not isinstance(scales, Sequence) or not len(scales):
        raise ValueError(f"expected scales: at least one length; received {scales!r}")
    size = _fitting(size, *(_whole("scales", scale) for scale in scales))
    views = []
    for scale in scales:
        height, width = _scaled(images, scale)
        resized = _resize(images, height, width, 0, 0, int(height), int(width))
        views.append(ten_crop(resized, size))
    return np.concatenate(views)


def average_predictions(model, views: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """Mean prediction of a model over several views of each image.

    Args:
        model: Keras model whose outputs may be averaged, such as probabilities.
        views: (views, n, height, width, channels), from `ten_crop`,
            `multi_scale_crops`, or ``np.stack`` of any batches.
        batch_size: images a step of the prediction.

    Returns:
        (n, outputs).

    Raises:
        ValueError: if views have other axes.

    Source: Krizhevsky et al. 2012, section 4.1; IS 6733 and CS-878 W4 (random in
        training, averaged over fixed crops at test time).

    >>> class Model:
    ...     def predict(self, x, batch_size, verbose):
    ...         return x[:, 0, 0]  # its top left pixel
    >>> views = np.array([[0.6, 0.4], [0.3, 0.7], [0.9, 0.1]]).reshape(3, 1, 1, 1, 2)
    >>> average_predictions(Model(), views)
    array([[0.6, 0.4]])
    """
    views = np.asarray(views)
    if views.ndim != 5 or not views.size:
        raise ValueError(
            "expected views with the axes (views, n, height, width, channels); "
            f"received shape {views.shape}"
        )
    images = views.reshape(-1, *views.shape[2:])
    predictions = model.predict(images, batch_size=batch_size, verbose=0)
    return predictions.reshape(*views.shape[:2], *predictions.shape[1:]).mean(axis=0)


def batches(
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int = 32,
    transforms: Sequence[Transform] = (),
    seed: int = 0,
) -> "keras.utils.PyDataset":
    """Training data for ``model.fit``, shuffled and transformed anew every epoch.

    A batch depends on the seed, its number, and the epochs that went before, whatever
    the order in which batches are asked for.  To repeat a fit, begin it with a new
    object: the count of epochs goes on, and Keras may use up one to build a model.
    Keras also shuffles the batches, as ``keras.utils.set_random_seed`` decides, unless
    it is told ``fit(..., shuffle=False)``.

    Args:
        x: images (n, height, width, channels), uint8 or floats.
        y: labels, n of anything.
        batch_size: images a batch; the last one may be smaller.
        transforms: functions (images, rng) -> images, applied in turn; arguments of a
            transform are bound with ``functools.partial`` or a lambda.
        seed: an integer >= 0.

    Returns:
        ``keras.utils.PyDataset`` of pairs (images, labels).

    Raises:
        ValueError: if an argument is not what it should be.

    Source: the interface of ``keras.utils.PyDataset``.

    >>> x, y = np.zeros((100, 8, 8, 3), np.uint8), np.arange(100)
    >>> data = batches(x, y, 64, [flip, lambda x, rng: shift(x, rng, 2)])
    >>> len(data), data[1][0].shape, data[0][1][:3]
    (2, (36, 8, 8, 3), array([82, 36, 20]))
    """
    import keras

    x, y = _batch(x), np.asarray(y)
    batch_size, seed = _whole("batch_size", batch_size), _whole("seed", seed, 0)
    if not y.ndim or len(y) != len(x):
        raise ValueError(f"expected {len(x)} labels, one an image; received {y.shape}")
    if callable(transforms) or not all(map(callable, transforms)):
        raise ValueError(
            "expected transforms: a list of functions (images, rng) -> images; "
            f"received {transforms!r}"
        )

    class Batches(keras.utils.PyDataset):
        def __init__(self):
            super().__init__()
            self.epoch = -1
            self.on_epoch_end()

        def on_epoch_end(self):
            self.epoch += 1
            self.order = np.random.default_rng([seed, self.epoch]).permutation(len(x))

        def __len__(self):
            return -(-len(x) // batch_size)

        def __getitem__(self, number):
            chosen = self.order[number * batch_size : (number + 1) * batch_size]
            rng = np.random.default_rng([seed, self.epoch, number])
            images = x[chosen]
            for transform in transforms:
                images = transform(images, rng)
            return images, y[chosen]

    return Batches()


def _batch(images) -> np.ndarray:
    """`images` as an array, if it is a batch of uint8 or floats."""
    images = np.asarray(images)
    if images.ndim != 4 or not images.size:
        raise ValueError(
            "expected images with the axes (n, height, width, channels), for one image "
            f"image[np.newaxis]; received shape {images.shape}"
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise ValueError(
            f"expected images of dtype uint8 or floats; received {images.dtype}"
        )
    return images


def _generator(rng) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"expected rng, for example np.random.default_rng(0); received {rng!r}"
        )
    return rng


def _whole(name: str, value, least: int = 1) -> int:
    """The value as an int, if it is a whole number and not below `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"expected {name}: an integer >= {least}; received {value!r}")
    return number


def _fitting(size, *sides: int) -> int:
    """The size as an int, if a square of that size fits into all the sides."""
    size = _whole("size", size)
    if size > min(sides):
        raise ValueError(
            f"expected size at most {min(sides)}, the shortest side to cut from; "
            f"received {size}"
        )
    return size


def _white(images: np.ndarray) -> int:
    """What the value 1 is in the units of the images."""
    return 255 if images.dtype == np.uint8 else 1


def _like(images: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Means of pixels, which are overwritten, in the dtype of the images."""
    if images.dtype == np.uint8:  # a mean of 0..255 needs no bounds
        np.rint(values, out=values)
    return values.astype(images.dtype, copy=False)


def _windows(images, tops, lefts, height: int, width: int) -> np.ndarray:
    """From each image the window that begins at its own (top, left)."""
    # a view (n, tops, lefts, channels, height, width) of which one copy is taken
    every = np.lib.stride_tricks.sliding_window_view(images, (height, width), (1, 2))
    return every[np.arange(len(images)), tops, lefts].transpose(0, 2, 3, 1)


def _scaled(images: np.ndarray, shorter) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths with which the shorter side has the given length."""
    height, width = images.shape[1:3]
    longer = np.rint(shorter * (max(height, width) / min(height, width))).astype(int)
    return (shorter, longer) if height <= width else (longer, shorter)


def _resize(images, heights, widths, tops, lefts, rows: int, columns: int):
    """A part of each resized image: resizing is linear, so it is two matrix products.

    Heights and widths of the resized images and the part's corner are one number, or
    one an image; only the part is computed.
    """
    n, height, width, channels = images.shape
    working = np.promote_types(images.dtype, np.float32)
    down = _weights(height, heights, tops, rows).astype(working)
    across = _weights(width, widths, lefts, columns).astype(working)
    values = down @ images.astype(working).reshape(n, height, -1)
    values = values.reshape(n, rows, width, channels).transpose(0, 1, 3, 2)
    values = values.reshape(n, rows * channels, width) @ across.transpose(0, 2, 1)
    values = values.reshape(n, rows, channels, columns).transpose(0, 1, 3, 2)
    return _like(images, np.ascontiguousarray(values))


def _weights(length: int, resized, start, count: int) -> np.ndarray:
    """Matrices (n or 1, count, length): what each new pixel takes of each old one.

    A triangle around the new pixel's centre, as wide as two pixels of the coarser of
    the two images, so that shrinking averages instead of skipping.
    """
    resized, start = (np.reshape(a, (-1, 1, 1)) for a in (resized, start))
    step = length / resized  # old pixels a new one
    centres = (start + np.arange(count)[:, np.newaxis] + 0.5) * step
    distances = np.abs(np.arange(length) + 0.5 - centres) / np.maximum(step, 1)
    weights = np.maximum(1 - distances, 0)
    return weights / weights.sum(axis=-1, keepdims=True)
