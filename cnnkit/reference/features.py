"""Features designed by hand: what a classifier saw before it learned its own.

Images are (batch, height, width, channels), integers from 0 to 255.
"""

import numpy as np

from . import _checks as checks


def color_histogram(images: np.ndarray, bins: int = 4) -> np.ndarray:
    """How many pixels fall into each box of the colour cube; where they lie is lost.

    Red, green and blue are each cut into `bins` equal ranges.

    Args:
        images: (batch, height, width, 3), integers from 0 to 255.
        bins: ranges of each colour.

    Returns:
        (batch, bins, bins, bins) counts: [n, r, g, b] for the r-th range of red and
        so on; each image's counts sum to its pixels.

    Raises:
        ValueError: if images are not of this form, or bins is not from 1 to 256.

    Source: CS-878 W4 (colour histogram); Swain & Ballard 1991.

    Two red pixels, one blue:

    >>> image = np.array([[[255, 0, 0], [250, 10, 5], [0, 0, 255]]])
    >>> counts = color_histogram(image[None], bins=2)[0]
    >>> counts[1, 0, 0], counts[0, 0, 1], counts.sum()
    (np.int64(2), np.int64(1), np.int64(3))
    """
    images = _images(images)
    if images.shape[3] != 3:
        raise ValueError(f"expected red, green and blue; received {images.shape}")
    if bins not in range(1, 257):
        raise ValueError(f"expected bins from 1 to 256; received {bins!r}")
    box = images.astype(np.int64) * bins // 256
    number = (box[..., 0] * bins + box[..., 1]) * bins + box[..., 2]
    counts = [np.bincount(n.ravel(), minlength=bins**3) for n in number]
    return np.array(counts, np.int64).reshape(len(images), bins, bins, bins)


def hog(images: np.ndarray, cell: int = 8, bins: int = 9) -> np.ndarray:
    """Histogram of oriented gradients: how strong edges are, by direction, in cells.

    At each pixel the brightness has a slope with a size and a direction; a direction
    and its opposite count as one.  In each cell the sizes are added up by direction,
    and the cell's histogram is scaled to length one.

    Args:
        images: (batch, height, width, channels), integers from 0 to 255; of several
            channels the one with the largest slope counts.
        cell: height and width of a cell in pixels.
        bins: ranges of direction, which share 180 degrees.

    Returns:
        (batch, height // cell, width // cell, bins) floats.  Bin 0 begins at the
        slope from left to right, that is with vertical edges.

    Raises:
        ValueError: if images are not of this form, or smaller than a cell.

    Source: CS-878 W4 (HoG, without blocks); Dalal & Triggs 2005; computed by
        `skimage.feature.hog`.

    >>> hog(np.zeros((1, 240, 320, 1), np.uint8)).size  # 30 x 40 cells of 9 numbers
    10800
    """
    from skimage.feature import hog as skimage_hog

    images = _images(images)
    cell, _ = checks.pair(cell, "cell")
    bins, _ = checks.pair(bins, "bins")
    if min(images.shape[1:3]) < cell:
        raise ValueError(
            f"expected images of at least one cell, {cell}x{cell}; "
            f"received shape {images.shape}"
        )
    found = [
        skimage_hog(
            image if image.shape[2] > 1 else image[:, :, 0],
            orientations=bins,
            pixels_per_cell=(cell, cell),
            cells_per_block=(1, 1),
            feature_vector=False,
            channel_axis=2 if image.shape[2] > 1 else None,
        )[:, :, 0, 0]
        for image in images
    ]
    rows, columns = (n // cell for n in images.shape[1:3])
    return np.array(found).reshape(len(images), rows, columns, bins)


def random_patches(
    images: np.ndarray, size: int, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Square pieces cut at random places of random images.

    Args:
        images: (batch, height, width, channels), integers or floats.
        size: height and width of a piece in pixels.
        count: number of pieces.
        rng: source of the places.

    Returns:
        (count, size, size, channels), in the dtype of the images.

    Raises:
        ValueError: if the images have not four axes or are smaller than a piece.

    Source: CS-878 W4 (bag of visual words, step 1).

    >>> images = np.arange(50).reshape(2, 5, 5, 1)
    >>> random_patches(images, 2, 3, np.random.default_rng(0)).shape
    (3, 2, 2, 1)
    """
    images = checks.array(images, "batch, height, width, channels", "images")
    size, _ = checks.pair(size, "size")
    if not len(images) or min(images.shape[1:3]) < size:
        raise ValueError(
            f"expected images of at least {size}x{size}; received shape {images.shape}"
        )
    image = rng.integers(len(images), size=count)
    top = rng.integers(images.shape[1] - size + 1, size=count)
    left = rng.integers(images.shape[2] - size + 1, size=count)
    patches = [
        images[n, i : i + size, j : j + size]
        for n, i, j in zip(image, top, left, strict=True)
    ]
    return np.array(patches, images.dtype).reshape(-1, size, size, images.shape[3])


def visual_words(
    patches: np.ndarray, words: int, rng: np.random.Generator
) -> np.ndarray:
    """A codebook: the centres of clusters of patches, found by k-means.

    Args:
        patches: (count, ...), any shape of a piece.
        words: number of clusters, at most the number of pieces.
        rng: source of the starting centres.

    Returns:
        (words, ...) floats: each word is the mean of the pieces nearest to it.

    Raises:
        ValueError: if there are fewer patches than words.

    Source: CS-878 W4 (bag of visual words, step 2); k-means++ by `scipy.cluster.vq`.

    >>> patches = np.array([[0.0], [0.2], [9.8], [10.0]])
    >>> np.sort(visual_words(patches, 2, np.random.default_rng(0)), axis=0)
    array([[0.1],
           [9.9]])
    """
    from scipy.cluster.vq import kmeans2

    patches = checks.numeric(patches, "patches")
    if not 1 <= words <= len(patches):
        raise ValueError(
            f"expected from 1 to {len(patches)} words for as many patches; "
            f"received {words!r}"
        )
    flat = patches.reshape(len(patches), -1).astype(np.float64)
    centres, _ = kmeans2(flat, words, minit="++", rng=rng)
    return centres.reshape(words, *patches.shape[1:])


def bag_of_words(patches: np.ndarray, words: np.ndarray) -> np.ndarray:
    """How often each visual word occurs among the patches of an image.

    Args:
        patches: (count, ...).
        words: (words, ...), pieces of the same shape: the codebook.

    Returns:
        (words,) counts; each piece counts for the word that is nearest to it.

    Raises:
        ValueError: if pieces and words differ in shape.

    Source: CS-878 W4 (bag of visual words, steps 3 and 4).

    >>> words = np.array([[0.0], [5.0], [10.0]])
    >>> bag_of_words(np.array([[0.4], [4.1], [5.5], [9.0], [9.7], [2.4]]), words)
    array([2, 2, 2])
    """
    from scipy.cluster.vq import vq

    patches = checks.numeric(patches, "patches")
    words = checks.numeric(words, "words")
    if not len(words) or not patches.ndim or patches.shape[1:] != words.shape[1:]:
        raise ValueError(
            f"expected words of the patches' shape {patches.shape[1:]}; "
            f"received {words.shape}"
        )
    if not len(patches):
        return np.zeros(len(words), np.int64)
    nearest, _ = vq(
        patches.reshape(len(patches), -1).astype(np.float64),
        words.reshape(len(words), -1).astype(np.float64),
    )
    return np.bincount(nearest, minlength=len(words))


def _images(images):
    images = checks.array(images, "batch, height, width, channels", "images")
    inside = images.dtype.kind in "iu" and (
        not images.size or (images.min() >= 0 and images.max() <= 255)
    )
    if not inside:
        raise ValueError(
            f"expected integers from 0 to 255; received {images.dtype}"
            + (f" from {images.min()} to {images.max()}" if images.size else "")
        )
    return images
