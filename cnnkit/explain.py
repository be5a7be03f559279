"""What a trained network looks at: pictures computed from its outputs and gradients.

All functions take a functional or sequential model with one image input and return
NumPy arrays; drawing is left to `cnnkit.plot`.  Gradients come from
`check.gradient`, so they work on TensorFlow and JAX.  A nested model counts as one
layer: its own layers are explained by calling with the nested model.

A *score* is what a class gets before the softmax or sigmoid of the last layer: a
probability can be raised by lowering the other classes.
"""

import difflib
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from . import check, sizes
from .profile import _nodes

FINAL = ("softmax", "sigmoid")  # activations that are taken off the scores


def saliency(model, images, classes: int | Sequence[int]) -> np.ndarray:
    """How much the score of a class moves with each pixel: its gradient.

    Args:
        model: maps images to scores or probabilities, (batch, classes).
        images: (batch, height, width, channels).
        classes: index of the class to explain, one for all images or one each.

    Returns:
        (batch, height, width): largest absolute slope among the channels of a pixel.

    Raises:
        ValueError: if the model has no graph or more than one input or output, the
            images do not fit it, or a class is out of range.

    Source: Simonyan, Vedaldi & Zisserman 2013, arXiv:1312.6034, section 3.1.

    >>> image = keras.Input((2, 2, 1))
    >>> scores = keras.layers.Dense(1, kernel_initializer="ones")
    >>> model = keras.Model(image, scores(keras.layers.Flatten()(image)))
    >>> print(saliency(model, np.zeros((1, 2, 2, 1)), 0)[0])
    [[1. 1.]
     [1. 1.]]
    """
    images = _images(model, images, rank=4)
    chosen = _one_hot(model, classes, len(images))
    scores = _scores(model)
    slopes = check.gradient(lambda x: ops.sum(scores(x) * chosen), images)
    return np.abs(slopes).max(axis=-1)


def occlusion_map(
    model,
    image,
    class_index: int,
    size: int | tuple[int, int] = 8,
    stride: int | tuple[int, int] = 4,
    fill: float | Sequence[float] = 0.0,
) -> np.ndarray:
    """How much the output for a class falls when a patch of the image is covered.

    Args:
        model: as for `saliency`; its output is used as it is.
        image: (height, width, channels).
        class_index: the class to explain.
        size: side, or (height, width), of the patch in pixels.
        stride: pixels between neighbouring patches; one number or (down, right).
        fill: value of the patch, one for all channels or one each.

    Returns:
        (rows, columns): output of the whole image minus output of the covered one,
        for the patch at (row, column) * stride.  A region that matters is high.

    Raises:
        ValueError: as `saliency`, and if the patch does not fit into the image.

    Source: Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2 and figure 7, which
    shows the output itself, low where this map is high.

    >>> image = keras.Input((4, 4, 1))
    >>> model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    >>> print(occlusion_map(model, np.ones((4, 4, 1)), 0, size=2, stride=2))
    [[0.25 0.25]
     [0.25 0.25]]
    """
    image = _images(model, image, rank=3)[0]
    _one_hot(model, class_index, 1)
    high, wide = sizes._pair("size", size)
    down, right = sizes._pair("stride", stride)
    rows = sizes.output_size(image.shape[0], high, down)
    columns = sizes.output_size(image.shape[1], wide, right)
    fill = np.asarray(fill, image.dtype)
    if fill.shape not in ((), (1,), image.shape[-1:]):
        raise ValueError(
            f"expected fill: one value or {image.shape[-1]}; received {fill.shape}"
        )

    def output(batch):
        return np.array(model(batch, training=False))[:, class_index]

    fall = np.empty((rows, columns), image.dtype)
    for row in range(rows):
        covered = np.repeat(image[None], columns, axis=0)
        for column in range(columns):
            top, left = row * down, column * right
            covered[column, top : top + high, left : left + wide] = fill
        fall[row] = output(covered)
    return output(image[None])[0] - fall


def grad_cam(model, images, layer, classes: int | Sequence[int]) -> np.ndarray:
    """Where the feature maps of a layer speak for a class.

    Each map is weighted by the mean slope of the score with respect to it; what
    speaks against the class is cut off.

    Args:
        model: as for `saliency`.
        images: (batch, height, width, channels).
        layer: name of a layer that puts out maps, or the layer; usually the last
            convolution.
        classes: index of the class to explain, one for all images or one each.

    Returns:
        (batch, rows, columns) at the resolution of the layer, not normalised; enlarge
        it with `keras.ops.image.resize` to lay it over the image.

    Raises:
        ValueError: as `saliency`, and if there is no such layer, or it has no maps.

    Source: Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.

    >>> from cnnkit import models
    >>> grad_cam(models.lenet5(), np.zeros((1, 32, 32, 1)), "conv2", 3).shape
    (1, 10, 10)
    """
    images = _images(model, images, rank=4)
    name, tensor = _output(model, layer)
    if len(tensor.shape) != 4:
        raise ValueError(
            "expected a layer with maps (batch, height, width, channels); received "
            f"{name!r} of shape {tensor.shape}"
        )
    chosen = _one_hot(model, classes, len(images))
    maps = np.array(keras.Model(model.inputs[0], tensor)(images, training=False))
    scores = _scores(model, behind=tensor, images=images)
    slopes = check.gradient(lambda maps: ops.sum(scores(maps) * chosen), maps)
    weights = slopes.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * maps).sum(axis=-1), 0)


def first_layer_filters(model) -> np.ndarray:
    """The kernels of the first convolution, which are small images themselves.

    Args:
        model: a built model, possibly with models nested in it.

    Returns:
        (height, width, channels, filters), for `plot.filters`.

    Raises:
        ValueError: if the model is not built or has no two-dimensional convolution.

    Source: Krizhevsky et al. 2012, figure 3.

    >>> from cnnkit import models
    >>> first_layer_filters(models.lenet5()).shape
    (5, 5, 1, 6)
    """
    _graph(model)

    def kernels(model):
        for node in _nodes(model):
            layer = node.operation
            if getattr(layer, "inputs", None):
                yield from kernels(layer)
            kernel = getattr(layer, "kernel", None)
            if kernel is not None and len(kernel.shape) == 4:
                yield kernel

    for kernel in kernels(model):
        return np.array(ops.convert_to_numpy(kernel))
    raise ValueError(
        "expected a model with a two-dimensional convolution; received "
        f"{model.name!r} without"
    )


def feature_maps(
    model, image, layers: Sequence | None = None
) -> list[tuple[str, np.ndarray]]:
    """What layers put out for one image.

    Args:
        model: as for `saliency`; it may have several outputs.
        image: (height, width, channels).
        layers: names of layers, or the layers, in any order; by default all
            convolutions and poolings that put out maps.

    Returns:
        [(name, maps)] with maps of shape (rows, columns, channels), or (units,).

    Raises:
        ValueError: if the model has no graph, the image does not fit it, or there is
            no such layer.

    Source: Zeiler & Fergus 2013, arXiv:1311.2901, section 2.

    >>> from cnnkit import models
    >>> inside = feature_maps(models.lenet5(), np.zeros((32, 32, 1)))
    >>> [(name, maps.shape[-1]) for name, maps in inside]
    [('conv1', 6), ('pool1', 6), ('conv2', 16), ('pool2', 16)]
    """
    image = _images(model, image, rank=3)
    if layers is None:
        layers = [
            layer
            for layer in model.layers
            if any(part in type(layer).__name__ for part in ("Conv", "Pool"))
        ]
        shown = [_output(model, layer) for layer in layers]
        shown = [(name, tensor) for name, tensor in shown if len(tensor.shape) == 4]
    else:
        shown = [_output(model, each) for each in np.atleast_1d(layers)]
    if not shown:
        raise ValueError(
            f"expected layers with maps in {model.name!r}; received none: name some"
        )
    inside = keras.Model(model.inputs[0], [tensor for _, tensor in shown])
    found = keras.tree.flatten(inside(image, training=False))
    return [
        (name, np.array(ops.convert_to_numpy(maps))[0])
        for (name, _), maps in zip(shown, found, strict=True)
    ]


def activation_maximisation(
    model,
    layer,
    channel: int,
    steps: int = 100,
    step_size: float = 0.05,
    decay: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
    start=None,
    seed: int = 0,
) -> np.ndarray:
    """An image that excites one channel or unit as much as it can, by gradient ascent.

    The mean of the channel over its map is raised, less `decay` times the mean square
    of the image.  The best image met is returned.

    Args:
        model: as for `saliency`.
        layer: name of a layer, or the layer.  Behind the softmax or sigmoid of the
            last layer the score is used.
        channel: index of the channel, or of the unit of a dense layer.
        steps: steps of ascent, at least 1.
        step_size: largest change of a pixel in one step, as a share of the range.
        decay: weight of the penalty, at least 0.
        bounds: least and largest value of a pixel.
        start: (height, width, channels); by default noise around the middle.
        seed: of that noise.

    Returns:
        (height, width, channels), within the bounds.

    Raises:
        ValueError: as `saliency`, and if the layer or channel is unknown, the model
            leaves the image size open and there is no start, or a number is out of
            its range.

    Source: Erhan et al. 2009, "Visualizing higher-layer features of a deep network";
    the penalty: Simonyan et al. 2013, arXiv:1312.6034, equation 1.

    >>> from cnnkit import models
    >>> image = activation_maximisation(models.lenet5(), "conv2", 0, steps=2)
    >>> image.shape, bool(image.min() >= 0 and image.max() <= 1)
    ((32, 32, 1), True)
    """
    low, high = map(float, bounds)
    for name, fits, wanted, value in (
        ("steps", steps >= 1, "at least 1", steps),
        ("step_size", step_size > 0, "above 0", step_size),
        ("decay", decay >= 0, "at least 0", decay),
        ("bounds", low < high, "(low, high) with low < high", bounds),
    ):
        if not fits:
            raise ValueError(f"expected {name}: {wanted}; received {value}")
    _graph(model)
    name, tensor = _output(model, layer)
    channels = tensor.shape[-1]
    if sizes._whole("channel", channel, 0) >= channels:
        raise ValueError(
            f"expected channel: 0 to {channels - 1} in {name!r}; received {channel}"
        )
    if start is None:
        shape = model.inputs[0].shape[1:]
        if None in shape:
            raise ValueError(
                f"expected start: an image, because {model.name!r} leaves its size "
                f"open; received None for {shape}"
            )
        noise = np.random.default_rng(seed).uniform(-0.1, 0.1, shape)
        start = (low + high) / 2 + noise * (high - low)
    image = np.clip(_images(model, start, rank=3), low, high)
    if tensor is model.outputs[0] and len(model.outputs) == 1:
        inside = _scores(model)
    else:
        reading = keras.Model(model.inputs[0], tensor)

        def inside(x):
            return reading(x, training=False)

    def aim(x):
        return ops.mean(inside(x)[..., channel]) - decay * ops.mean(ops.square(x))

    best, most = image, float(aim(image))
    for _ in range(steps):
        slope = check.gradient(aim, image)
        largest = np.abs(slope).max()
        if largest == 0:  # nothing to climb: dead units
            break
        change = step_size * (high - low) * slope / largest
        image = np.clip(image + change, low, high).astype(image.dtype)
        if (value := float(aim(image))) > most:
            best, most = image, value
    return best[0]


# ---------------------------------------------------------------- models and inputs


def _graph(model) -> None:
    """Raise unless it is a built model with one input."""
    inputs = getattr(model, "inputs", None)
    if not isinstance(model, keras.Model) or not inputs or not model.outputs:
        unbuilt = isinstance(model, keras.Sequential)
        raise ValueError(
            "expected a built functional or sequential Keras model; received "
            f"{type(model).__name__}"
            + (
                " that is not built: begin it with keras.Input(shape)"
                if unbuilt
                else ""
            )
        )
    if len(inputs) != 1:
        raise ValueError(f"expected a model with one input; received {len(inputs)}")


def _images(model, images, rank: int) -> np.ndarray:
    """A batch of floats that fits the model; of rank 3 one image without a batch."""
    _graph(model)
    images = np.asarray(images)
    wanted = tuple(model.inputs[0].shape[1:])
    form = (
        "(batch, height, width, channels)" if rank == 4 else "(height, width, channels)"
    )
    fits = (
        images.ndim == rank
        and len(wanted) == 3
        and all(n in (None, m) for n, m in zip(wanted, images.shape[-3:], strict=True))
        and images.dtype.kind in "iuf"
        and images.size
    )
    if not fits:
        raise ValueError(
            f"expected numbers of shape {form} with {wanted} an image; received "
            f"{images.dtype.name} of shape {images.shape}"
        )
    images = images.astype(keras.config.floatx())
    return images if rank == 4 else images[None]


def _one_hot(model, classes, count: int) -> np.ndarray:
    """(count, classes) with a 1 at the class of each image."""
    shapes = [tuple(output.shape) for output in model.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError(
            f"expected a model with one output (batch, classes); received {shapes}"
        )
    known = shapes[0][1]
    chosen = np.asarray(classes)
    if (
        chosen.dtype.kind not in "iu"
        or chosen.shape not in ((), (count,))
        or chosen.size == 0
        or chosen.min() < 0
        or chosen.max() >= known
    ):
        raise ValueError(
            f"expected classes: one index from 0 to {known - 1}, or {count} of them; "
            f"received {classes!r}"
        )
    return np.eye(known, dtype="float32")[np.broadcast_to(chosen, (count,))]


def _output(model, layer) -> tuple:
    """Name and output tensor of a layer in the graph of the model."""
    known = {each.name: each for each in model.layers}
    name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
    if name not in known or not (isinstance(layer, str) or known[name] is layer):
        close = difflib.get_close_matches(str(name), known, 3, 0.4) or list(known)[:3]
        raise ValueError(
            f"expected a layer of {model.name!r}, such as {', '.join(close)}; "
            f"received {name!r}"
        )
    if known[name] in (tensor._keras_history.operation for tensor in model.inputs):
        return name, model.inputs[0]
    # layer.output would be its first call, perhaps in another model
    calls = (node for node in _nodes(model) if node.operation is known[name])
    return name, next(calls).outputs[0]


def _scores(model, behind=None, images=None) -> Callable:
    """The function that computes the scores from images, or from an inner tensor.

    With `behind`, a tensor inside the model, the function takes the values of that
    tensor for the `images`; what else the scores read, such as a shortcut around it,
    is computed from the images.
    """
    (output,) = model.outputs
    layer, index, _ = output._keras_history
    last = layer._inbound_nodes[index]
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    if type(layer).__name__ == "Softmax" or (
        type(layer).__name__ == "Activation" and name in FINAL
    ):
        output, final = last.input_tensors[0], None
    elif name in FINAL and output is not behind:
        # the same layer once more, without its activation; public API only
        final = type(layer).from_config(layer.get_config() | {"activation": "linear"})
        output = last.input_tensors[0]
        final.build(output.shape)
        final.set_weights(layer.get_weights())
    else:
        final = None

    if behind is None:
        inside = keras.Model(model.inputs[0], output)

        def features(x):
            return inside(x, training=False)

    else:
        features = _cut(model, behind, output, images)
    return features if final is None else lambda x: final(features(x))


def _cut(model, behind, output, images) -> Callable:
    """Computes a tensor of the model anew from the values of one before it."""
    nodes = _nodes(model)
    given = {id(model.inputs[0]): ops.convert_to_tensor(images)}

    def features(values):
        tensors = given | {id(behind): values}
        for node in nodes:
            if all(id(tensor) in tensors for tensor in node.outputs):
                continue
            args, kwargs = node.arguments.fill_in(tensors)
            found = node.operation(*args, **kwargs)
            for tensor, value in zip(
                node.outputs, keras.tree.flatten(found), strict=True
            ):
                tensors[id(tensor)] = value
        return tensors[id(output)]

    return features
