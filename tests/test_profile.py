"""`profile` against counted products, TensorFlow's profiler, gradients and papers."""

import os
import subprocess
import sys
from html.parser import HTMLParser

import keras
import numpy as np
import pytest
from keras import layers, ops

from cnnkit import check, models
from cnnkit import layers as own
from cnnkit.course import claims
from cnnkit.profile import blueprint, profile

TENSORFLOW = keras.backend.backend() == "tensorflow"


def rows(model, **options):
    return {row.name: row for row in profile(model, **options).rows}


def sees(row):
    """Size, stride and padding of a row whose axes agree."""
    (size,), (stride,), (padding,) = map(
        set, (row.receptive_field, row.stride, row.padding)
    )
    return size, stride, padding


# ---- multiply-adds


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((9, 3), layers.Conv1D(4, 3, strides=2)),
        ((9, 4), layers.Conv1D(6, 2, groups=2, dilation_rate=3)),
        ((7, 8, 3), layers.Conv2D(5, (3, 2), strides=(1, 2))),
        ((7, 7, 4), layers.Conv2D(6, 3, groups=2)),
        ((4, 5, 3, 2), layers.Conv3D(3, (2, 3, 1))),
        ((9, 3), layers.DepthwiseConv1D(3, depth_multiplier=2)),
        ((7, 8, 3), layers.DepthwiseConv2D((3, 2), depth_multiplier=2)),
        ((5, 3), layers.Conv1DTranspose(4, 3, strides=2)),
        ((4, 3, 2), layers.Conv2DTranspose(3, (2, 3), strides=3)),
        ((3, 2, 3, 2), layers.Conv3DTranspose(2, 2, strides=2)),
        ((11,), layers.Dense(7)),
        ((3, 4, 5), layers.Dense(6)),
    ],
    ids=lambda value: value.name if isinstance(value, layers.Layer) else None,
)
def test_multiply_adds_are_the_products_that_a_layer_takes(shape, layer):
    """Without padding, each entry of the matrix of a linear layer is one product."""
    x = keras.Input(shape)
    model = keras.Model(x, layer(x))
    layer.set_weights([np.ones(layer.kernel.shape), np.zeros(layer.bias.shape)])
    impulses = np.eye(np.prod(shape), dtype="float32").reshape(-1, *shape)
    products = np.count_nonzero(np.array(model(impulses)))
    assert profile(model).total.macs == products


def tensorflow_operations(model):
    """Floating-point operations of each kind, as TensorFlow's profiler counts them."""
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    specs = [tf.TensorSpec((1, *x.shape[1:]), x.dtype) for x in model.inputs]
    single = len(specs) == 1
    traced = tf.function(lambda *x: model(x[0] if single else list(x), training=False))
    frozen = convert_to_constants.convert_variables_to_constants_v2(
        traced.get_concrete_function(*specs)
    )
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    found = tf.compat.v1.profiler.profile(frozen.graph, cmd="op", options=options)
    counts = {}
    while found.children:
        (found,) = found.children
        counts[found.name] = found.float_ops
    return counts


MULTIPLYING = {
    "Conv2D",
    "Conv3D",
    "Conv2DBackpropInput",
    "DepthwiseConv2dNative",
    "MatMul",
}


def branches():
    x, y = keras.Input((20, 17, 3)), keras.Input((20, 17, 2))
    shared = layers.Conv2D(4, 3, strides=2, padding="same")
    a = shared(layers.Concatenate()([x, layers.Conv2D(2, 5, padding="same")(x)]))
    b = shared(
        layers.ZeroPadding2D(((1, 0), (0, 1)))(y[:, 1:, 1:][..., :1] * np.ones(5))
    )
    a = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2)(a)
    b = layers.DepthwiseConv2D(3, padding="same")(b)
    b = layers.Conv2D(6, 1)(layers.BatchNormalization()(b))
    both = layers.ReLU()(layers.Add()([a, b]))
    both = layers.Conv2DTranspose(3, 3, strides=2, padding="same")(both)
    return keras.Model([x, y], [layers.Dense(5)(layers.Flatten()(both)), both])


def mobilenet():
    return keras.applications.MobileNetV2((64, 64, 3), 0.35, weights=None)


@pytest.mark.skipif(not TENSORFLOW, reason="TensorFlow's profiler")
@pytest.mark.parametrize("build", [models.lenet5, branches, mobilenet])
def test_multiply_adds_are_half_of_tensorflows_operations(build):
    model = build()
    counts = tensorflow_operations(model)
    counted = sum(counts.get(kind, 0) for kind in MULTIPLYING)
    assert 2 * profile(model).total.macs == counted > 0


# ---- receptive fields


def positive(model):
    """Weights that cannot cancel: a gradient is zero only where nothing is read."""
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    model.trainable = False  # gradients of inputs are enough
    return model


def boxes(model, units, shape):
    """First and last input pixel with a gradient, per axis, for each unit asked."""
    zeros = np.zeros((1, *shape), "float32")
    found = []
    for unit in units:
        slopes = check.gradient(lambda x, u=unit: ops.sum(model(x)[(0, *u)]), zeros)
        hit = np.argwhere(np.abs(slopes[0]).sum(-1) > 0)
        if len(hit):  # not only padding
            found.append(list(zip(hit.min(0), hit.max(0), strict=True)))
        else:
            found.append(None)
    return found


def random_graph(seed):
    """Convolutions, pooling, padding, cropping and two-way branches, all linear."""
    random = np.random.default_rng(seed)

    def pick(*choices):
        return choices[random.integers(len(choices))]

    def step(x, strides=None, padding=None):
        # at least 2 wide: TensorFlow 2.21 crashes on the CPU in the gradient of 1x1
        # kernels whose two strides differ
        kernel = int(random.integers(1, 5)), int(random.integers(2, 5))
        padding = padding or pick("same", "valid")
        strides = strides or pick((1, 1), (2, 2), (1, 2), (3, 1))
        kind = pick("conv", "conv", "pool", "dilated", "separable")
        options = {"padding": padding, "use_bias": False}
        if kind == "pool":
            return layers.AveragePooling2D(kernel, strides, padding)(x)
        if kind == "dilated" and strides == (1, 1):
            return layers.Conv2D(2, kernel, dilation_rate=pick(2, 3), **options)(x)
        if kind == "separable" and strides[0] == strides[1]:
            return layers.SeparableConv2D(2, kernel, strides, **options)(x)
        return layers.Conv2D(2, kernel, strides, **options)(x)

    x = y = keras.Input((57, 61, 1))
    for _ in range(4):
        what = pick("step", "step", "branch", "skip", "pad", "crop")
        if what == "step":
            y = step(y)
        elif what == "pad":
            y = layers.ZeroPadding2D(((2, 1), (0, 3)))(y)
        elif what == "crop":
            y = layers.Cropping2D(((1, 2), (3, 0)))(y)
        elif what == "skip":
            y = layers.Concatenate()([y, step(y, (1, 1), "same")])
        else:
            strides = pick((1, 1), (2, 2), (2, 1))
            y = layers.Add()(
                [
                    layers.Conv2D(2, (pick(1, 3), 2), strides, padding="same")(y),
                    step(layers.Conv2D(2, 3, padding="same")(y), strides, "same"),
                ]
            )
    return positive(keras.Model(x, layers.Conv2D(1, 2, use_bias=False)(y)))


@pytest.mark.parametrize("seed", range(12))
def test_receptive_fields_are_where_gradients_are(seed):
    model = random_graph(seed)
    row = profile(model).rows[-1]
    height, width, _ = row.output_shape
    middle = (height // 2, width // 2)
    units = [middle, (middle[0] - 1, middle[1] - 1), (0, 0), (height - 1, width - 1)]
    found = boxes(model, units, (57, 61, 1))
    assert None not in found[:2]
    for unit, box in zip(units, found, strict=True):
        if box is None:
            continue
        for i, n, size, stride, padding, (first, last) in zip(
            unit,
            (57, 61),
            row.receptive_field,
            row.stride,
            row.padding,
            box,
            strict=True,
        ):
            begin = i * stride - padding
            end = begin + size - 1
            assert first >= begin and last <= end
            if unit in units[:2]:  # away from the border
                assert (first, last) == (max(begin, 0), min(end, n - 1))


@pytest.mark.parametrize(
    "enlarge",
    [
        layers.UpSampling2D(2),
        layers.UpSampling2D((3, 2), interpolation="bilinear"),
        layers.Conv2DTranspose(1, 6, strides=2, padding="same", use_bias=False),
        layers.Conv2DTranspose(1, (4, 5), strides=(2, 3), use_bias=False),
        layers.Conv2DTranspose(1, 2, strides=3, use_bias=False),
    ],
    ids=["nearest", "bilinear", "transposed", "transposed-valid", "gaps"],
)
def test_receptive_fields_behind_upsampling(enlarge):
    """Neighbours see boxes of different sizes there; the largest is reported."""
    x = keras.Input((40, 40, 1))
    y = layers.Conv2D(1, 5, 2, padding="same", use_bias=False)(x)
    y = layers.Conv2D(1, 3, padding="same", use_bias=False)(enlarge(y))
    model = positive(keras.Model(x, y))
    row = profile(model).rows[-1]
    units = [(12 + i, 12 + i) for i in range(6)]  # from a whole number of periods on
    found = np.array(boxes(model, units, (40, 40, 1)))  # unit, axis, (first, last)
    assert row.receptive_field == tuple((found[..., 1] - found[..., 0] + 1).max(0))
    factors = enlarge.size if hasattr(enlarge, "size") else enlarge.strides
    assert row.stride == tuple(2 / factor for factor in factors)
    begin = [
        12 * stride - pad for stride, pad in zip(row.stride, row.padding, strict=True)
    ]
    assert begin == pytest.approx(list(found[0, :, 0]))


def test_paths_of_different_strides_are_ambiguous():
    """Field i is that of 2i, 2i + 1 and i to i + 3: it grows along the axis."""
    x = keras.Input((32, 1))
    a = layers.Conv1D(1, 2, strides=2, use_bias=False)(x)
    b = layers.Conv1D(1, 4, use_bias=False)(layers.Cropping1D((0, 13))(x))
    y = layers.Conv1D(1, 2, use_bias=False)(layers.Add()([a, b]))
    model = positive(keras.Model(x, y))
    row = profile(model).rows[-1]
    (sizes,) = zip(
        *[
            [last - first + 1 for first, last in box]
            for box in boxes(model, [(i,) for i in range(15)], (32, 1))
        ],
        strict=True,
    )
    assert (row.receptive_field, row.stride, row.padding) == (
        (max(sizes),),
        (None,),
        (0,),
    )
    assert "?" in str(profile(model)).splitlines()[-4]


def test_receptive_fields_of_one_axis_and_of_three():
    x = keras.Input((30, 2))
    y = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)(x)
    row = profile(keras.Model(x, layers.MaxPooling1D(2)(y))).rows[-1]
    assert (row.receptive_field, row.stride, row.padding) == ((6,), (2,), (4,))
    x = keras.Input((8, 9, 10, 1))
    row = profile(keras.Model(x, layers.Conv3D(1, (1, 2, 3), (1, 2, 1))(x))).rows[-1]
    assert (row.receptive_field, row.stride, row.padding) == (
        (1, 2, 3),
        (1, 2, 1),
        (0, 0, 0),
    )


def test_what_moves_or_mixes_positions():
    x = keras.Input((12, 10, 4))
    y = layers.Conv2D(4, (3, 1))(x)
    named = {
        "shuffle": layers.Reshape((10, 10, 2, 2)),
        "swap": layers.Permute((2, 1, 3)),
        "cut": layers.Lambda(lambda t: t, name="cut"),
        "dense": layers.Dense(3),
        "other": layers.Reshape((5, 20, 4)),
    }
    model = keras.Model(x, [layer(y) for layer in named.values()] + [y[:, 2::3, 1:]])
    found = profile(model)
    at = {
        row.name: (row.receptive_field, row.stride, row.padding) for row in found.rows
    }
    plain = ((3, 1), (1, 1), (0, 0))
    assert at[named["shuffle"].name] == at[named["dense"].name] == plain
    assert at[named["swap"].name] == ((1, 3), (1, 1), (0, 0))
    assert at["cut"] == at[named["other"].name] == ((None, None),) * 3
    assert found.rows[-1].kind == "GetItem"
    assert at[found.rows[-1].name] == ((3, 1), (3, 1), (-2, -1))


def test_whole_input_and_gates():
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(2, 3, name="conv")(x)
    mean = layers.GlobalAveragePooling2D(keepdims=True, name="average")(y)
    gate = layers.Dense(2, activation="sigmoid", name="gate")(mean)
    y = layers.Multiply(name="gated")([y, gate])
    z = ops.mean(y, axis=(1, 2))
    y = layers.Dense(1, name="scores")(layers.Flatten(name="flat")(y))
    found = profile(keras.Model(x, [y, z]))
    at = {row.name: row.receptive_field for row in found.rows}
    assert at["conv"] == at["gated"] == (3, 3)
    assert [at[name] for name in ("average", "gate", "flat", "scores")] == [None] * 4
    assert [row.receptive_field for row in found.rows if row.kind == "Mean"] == [None]
    assert any("gated" in note for note in found.notes)
    assert not found.not_counted


def alexnet_v2():
    conv, pool = layers.Conv2D, layers.MaxPooling2D
    return keras.Sequential(
        [
            keras.Input((224, 224, 1)),
            conv(1, 11, 4),
            pool(3, 2),
            conv(1, 5, padding="same"),
            pool(3, 2),
            *[conv(1, 3, padding="same") for _ in range(3)],
            pool(3, 2),
        ]
    )


def resnet50_slim():
    """The strides of the network in the table: on the last unit of a block."""

    def conv(x, kernel, strides=1):
        if kernel == 3 and strides == 2:
            x, padding = layers.ZeroPadding2D(1)(x), "valid"
        else:
            padding = "same"
        return layers.Conv2D(1, kernel, strides, padding)(x)

    x = keras.Input((224, 224, 1))
    y = layers.Conv2D(1, 7, 2)(layers.ZeroPadding2D(3)(x))
    y = layers.MaxPooling2D(3, 2, "same")(y)
    for units, last in ((3, 2), (4, 2), (6, 2), (3, 1)):
        for i in range(units):
            strides = last if i == units - 1 else 1
            shortcut = layers.MaxPooling2D(1, strides)(y) if strides > 1 else y
            y = conv(conv(conv(y, 1), 3, strides), 1)
            y = layers.Add()([shortcut, y])
    return keras.Model(x, y)


@pytest.mark.parametrize(
    ("build", "published"),
    [
        (alexnet_v2, (195, 32, 64)),
        (
            lambda: keras.applications.VGG16(False, None, input_shape=(224, 224, 3)),
            (212, 32, 90),
        ),
        (resnet50_slim, (483, 32, 239)),
    ],
    ids=["alexnet", "vgg16", "resnet50"],
)
def test_published_receptive_fields(build, published):
    """Araujo et al. 2019, table 1; AlexNet is v2 (Krizhevsky 2014)."""
    assert sees(profile(build()).rows[-1]) == published


def test_layers_of_this_package():
    x = keras.Input((9, 9, 8))
    y = own.GroupedConv2D(8, 3, strides=2, padding="same", groups=4, name="groups")(x)
    y = own.LocalResponseNormalization(name="lrn")(y)
    y = own.DecorrelatedBatchNormalization(group_size=4, name="white")(y)
    y = own.squeeze_excite(own.Dice(name="dice")(y), 4, name="se")
    found = profile(keras.Model(x, own.l2_pooling2d(y, 2)))
    row = {row.name: row for row in found.rows}
    assert row["groups"].macs == 25 * 9 * 2 * 8
    assert row["se_reduce"].macs + row["se_gate"].macs == 2 * 8 * 2
    assert found.total.macs == 3600 + 32
    assert found.not_counted == []
    assert sees(row["groups"]) == sees(row["se_scale"]) == (3, 2, 1)
    assert sees(found.rows[-1]) == (5, 4, 1)


# ---- published counts


#   Keras application: side, parameters, multiply-adds, receptive field of the last map
PUBLISHED = {
    "MobileNetV2": (224, 3_538_984, 300_774_272, 491),
    "VGG16": (224, 138_357_544, 15_470_264_320, 212),
    "ResNet50": (224, 25_636_712, 3_857_973_248, 483),
    "InceptionV3": (299, 23_851_784, 5_713_216_096, 1311),
    "DenseNet121": (224, 8_062_504, 2_834_161_664, 2071),
    "EfficientNetB0": (224, 5_330_571, 385_814_752, 851),
    "Xception": (299, 22_910_480, 8_357_403_496, 1083),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "MobileNetV2" else pytest.mark.full)
        for name in PUBLISHED
    ],
)
def test_published_counts(name):
    side, parameters, macs, field = PUBLISHED[name]
    model = getattr(keras.applications, name)(weights=None)
    found = profile(model)
    assert model.inputs[0].shape[1] == side
    assert found.total.parameters == parameters == model.count_params()
    assert found.total.macs == macs
    assert found.not_counted == []
    maps = [row.receptive_field for row in found.rows if len(row.output_shape) == 3]
    maps = [seen for seen in maps if seen]
    assert maps[-1] == (field, field)


def test_vgg_tables_of_the_lectures_convolutions():
    check_vgg_tables(
        keras.applications.VGG16(False, None, input_shape=(224, 224, 3)), 19
    )


@pytest.mark.full
def test_vgg_tables_of_the_lectures():
    check_vgg_tables(keras.applications.VGG16(weights=None), 22)


def check_vgg_tables(model, lines):
    ledger = claims.load()
    memory = ledger["arch/vgg/memory-table"]["expected"]
    weights = ledger["arch/vgg/weights-table"]["expected"]
    found = profile(model)
    shown = [row for row in found.rows if row.kind != "Flatten"]
    assert len(shown) == lines
    for row, (_, shape, values) in zip(shown, memory["rows"], strict=False):
        assert row.output_shape == tuple(n for n in shape if n != 1 or len(shape) < 3)
        assert row.memory == 4 * values
    for row, (_, count) in zip(shown, weights["rows"], strict=False):
        biases = row.output_shape[-1] if row.parameters else 0
        assert row.parameters == count + biases
    if lines == 22:
        assert found.total.memory / 2**20 == pytest.approx(
            memory["total_mebibytes_float32"]
        )
        assert found.total.parameters == weights["total_with_biases"]


# ---- the graph


def test_shared_layers_count_parameters_once_and_operations_each_time():
    x, y = keras.Input((8, 8, 2), name="x"), keras.Input((6, 6, 2), name="y")
    conv = layers.Conv2D(2, 3, padding="same", name="conv")
    model = keras.Model([x, y], [conv(conv(x)), conv(y)])
    found = profile(model)
    calls = [row for row in found.rows if row.name == "conv"]
    assert [row.parameters for row in calls] == [38, 0, 0]
    assert [row.shared for row in calls] == [False, True, True]
    assert [row.macs for row in calls] == [64 * 36, 64 * 36, 36 * 36]
    assert [row.receptive_field for row in calls] == [(3, 3), (5, 5), (3, 3)]
    assert found.total.parameters == model.count_params() == 38
    assert str(found).count("shared") == 2


def test_nested_models_of_open_size():
    """The inner model is counted at the size at which it is called."""
    inner = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, strides=2, name="conv"),
            layers.Conv2D(4, 3, name="again"),
        ],
        name="inner",
    )
    x = keras.Input((21, 15, 3))
    body = keras.Model(x, layers.ReLU(name="relu")(inner(x)), name="body")
    x = keras.Input((21, 15, 3), name="image")
    half = layers.AveragePooling2D(3, 1, name="pool")(x)
    model = keras.Model(x, [body(x), inner(half)])
    calls = [(r.name, r.output_shape, r.macs) for r in profile(model).rows]
    assert calls == [
        ("image", (21, 15, 3), 0),
        ("body/inner/conv", (10, 7, 4), 70 * 108),
        ("body/inner/again", (8, 5, 4), 40 * 144),
        ("body/relu", (8, 5, 4), 0),
        ("pool", (19, 13, 3), 0),
        ("inner/conv", (9, 6, 4), 54 * 108),
        ("inner/again", (7, 4, 4), 28 * 144),
    ]
    found = rows(model)
    assert sees(found["body/relu"]) == (7, 2, 0)
    assert sees(found["inner/again"]) == (9, 2, 0)
    assert profile(model).total.parameters == model.count_params()


def test_open_sizes_are_asked_for_and_taken():
    x = keras.Input((None, None, 3), name="image")
    y = layers.Conv2D(2, 3, strides=2, padding="same")(x)
    model = keras.Model(x, layers.Add()([y, layers.ReLU()(y)]))
    with pytest.raises(ValueError, match=r"every size of input 'image'; received"):
        profile(model)
    found = profile(model, input_shape=(9, 12, 3))
    assert [row.output_shape for row in found.rows[1:]] == [(5, 6, 2)] * 3
    assert found.total.macs == 30 * 54
    assert found.rows[-1].padding == (1, 0)  # "same" pads 9 rows and 12 columns unlike
    assert model.outputs[0].shape == (None, None, None, 2)  # the model is as before
    assert len(model.layers) == 4 and model.layers[1].output is y


def test_profile_leaves_the_graph_alone():
    model = branches()
    before = [(op.name, len(op._inbound_nodes)) for op in model.operations]
    assert str(profile(model)) == str(profile(model))
    assert before == [(op.name, len(op._inbound_nodes)) for op in model.operations]


def test_frozen_layers_and_statistics_are_not_trainable():
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(3, 3)])
    inner.trainable = False
    x = keras.Input((4, 4, 2))
    y = layers.Dropout(0.5)(layers.BatchNormalization()(inner(x)))
    model = keras.Model(x, layers.Dense(2)(y))
    total = profile(model).total
    assert total.trainable == sum(np.prod(w.shape) for w in model.trainable_weights)
    assert total.non_trainable == 57 + 6
    assert total.parameters == model.count_params()


def test_unknown_layers_are_named_not_zero():
    class Mystery(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight((3, 5))

        def call(self, x):
            return x @ self.w

        def compute_output_shape(self, shape):
            return (*shape[:-1], 5)

    class Twice(layers.Dense):  # another rule than Dense's
        def call(self, x):
            return super().call(x) * 2

    class Same(layers.Dense):
        pass

    x = keras.Input((4, 4, 3))
    y = Mystery(name="mystery")(x)
    y = Twice(2, name="twice")(y)
    y = Same(2, name="same")(y)
    y = ops.matmul(y, np.ones((2, 2), "float32"))
    model = keras.Model(x, y)
    found = profile(model)
    assert found.not_counted[:2] == ["mystery", "twice"]
    assert len(found.not_counted) == 3 and "same" not in found.not_counted
    row = {r.name: r for r in found.rows}
    assert row["mystery"].macs is None and row["mystery"].parameters == 15
    assert row["same"].macs == 16 * 4 and row["same"].receptive_field == (None, None)
    text = str(found)
    assert "at least 64 multiply-adds" in text
    assert "mystery (Mystery), twice (Twice)" in text
    assert found.total.parameters == model.count_params()


def test_memory_follows_batch_and_number_type():
    x = keras.Input((8, 8, 3), dtype="uint8")
    y = layers.Rescaling(1 / 255)(x)
    y = layers.Conv2D(4, 3, dtype="mixed_float16")(y)
    y = layers.Flatten()(y)
    y = layers.Dense(2, dtype="float64")(y)
    model = keras.Model(x, y)
    memory = [row.memory for row in profile(model).rows]
    assert memory == [192, 192 * 4, 144 * 2, 0, 2 * 8]
    assert [row.memory for row in profile(model, batch=5).rows] == [
        5 * m for m in memory
    ]
    assert profile(model, batch=5).total.macs == profile(model).total.macs


def test_several_outputs_and_inputs_without_use():
    x, unused = keras.Input((4, 4, 6), name="x"), keras.Input((2,), name="unused")
    parts = ops.split(layers.Conv2D(6, 3)(x), 3, axis=-1)
    found = profile(keras.Model([x, unused], parts[::2]))
    row = found.rows[-1]
    assert [r.name for r in found.rows[:2]] == ["x", "unused"]
    assert row.output_shape == ((2, 2, 2),) * 3 and row.memory == 3 * 32
    assert row.receptive_field == (3, 3)
    assert "2×2×2, 2×2×2, 2×2×2" in str(found)


# ---- table


def test_table():
    """Aligned: every column of numbers ends where its title ends."""
    text = str(profile(models.lenet5()))
    head, rule, *body, rule2, summary = text.splitlines()
    assert rule == rule2 == "-" * len(head)
    assert summary == (
        "lenet5: 61,706 parameters (0 not trainable), 416,520 multiply-adds, "
        "35.6 KiB of activations"
    )
    assert len(body) == 9
    for title in ("parameters", "multiply-adds", "bytes"):
        end = head.index(title) + len(title)
        assert all(line[end - 1].isdigit() for line in body)
        assert all(line[end : end + 1] in ("", " ") for line in body)
    assert body[3].split() == (
        "conv2 Conv2D 10×10×16 2,416 240,000 6,400 14 2 0".split()
    )
    assert body[-1].endswith("all")


def test_html_is_the_same_table():
    class Reader(HTMLParser):
        cells, open = [], 0

        def handle_starttag(self, tag, attrs):
            self.open += 1
            if tag in ("td", "th"):
                self.cells.append("")

        def handle_endtag(self, tag):
            self.open -= 1

        def handle_data(self, data):
            if self.cells:
                self.cells[-1] += data

    x = keras.Input((4, 4, 1), name="a<b&c")
    found = profile(keras.Model(x, layers.Conv2D(2, 3, name="conv")(x)))
    reader = Reader()
    reader.feed(found._repr_html_())
    assert reader.open == 0
    plain = [line for line in str(found).splitlines()[:4] if "---" not in line]
    assert reader.cells == [cell for line in plain for cell in line.split()]
    assert "a<b" not in found._repr_html_()


# ---- bad input


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda: keras.Sequential([layers.Dense(1)]), {}, "not built: begin it with"),
        (Subclassed, {}, r"received Subclassed, whose call\(\)"),
        (lambda: 3, {}, "functional or sequential Keras model; received int"),
        (models.lenet5, {"batch": 0}, "batch: an integer >= 1; received 0"),
        (models.lenet5, {"input_shape": (28, 28, 1)}, r"fits \[\(32, 32, 1\)\]"),
        (models.lenet5, {"input_shape": 32}, r"received \(32,\)"),
        (models.lenet5, {"input_shape": [(32, 32, 1)] * 2}, "one shape an input"),
    ],
)
def test_bad_input(make, options, message):
    with pytest.raises(ValueError, match=message):
        profile(make(), **options)


def test_channels_first_is_refused():
    x = keras.Input((3, 8, 8))
    model = keras.Model(x, layers.ZeroPadding2D(data_format="channels_first")(x))
    with pytest.raises(ValueError, match="channels_last; received channels_first in"):
        profile(model)


# ---- the other backend, and start-up


@pytest.mark.skipif(not TENSORFLOW, reason="already there")
def test_on_jax():
    pytest.importorskip("jax")
    chosen = "shared or nested or open or unknown or memory"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", __file__, "-q", "-k", chosen],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert run.stderr == ""


def test_import_needs_no_keras():
    code = "import sys, cnnkit.profile; print({'keras', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("set()\n", "")


# --- blueprints -------------------------------------------------------------------


def test_a_blueprint_counts_like_the_model():
    assert profile(blueprint(models.lenet5)) == profile(models.lenet5())
    wide = blueprint(models.lenet5, activation="relu", input_shape=(32, 32, 3))
    assert wide.count_params() == 61706 + 2 * 25 * 6


def test_a_blueprint_takes_no_memory_and_leaves_no_trace():
    code = (
        "import cnnkit, keras, resource\n"
        "from cnnkit import models\n"
        "from cnnkit.profile import blueprint\n"
        "keras.config.set_dtype_policy('mixed_float16')\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10\n"
        "before = used()\n"
        "nets = [blueprint(models.vgg, name) for name in 'ABDE']\n"
        "with keras.StatelessScope():\n"
        "    pass\n"
        "after = keras.layers.Dense(3)\n"
        "after.build((None, 2))\n"
        "assert after.get_weights()[0].any() and after.name == 'dense'\n"
        "assert keras.config.dtype_policy().name == 'mixed_float16'\n"
        "assert used() - before < 300, used() - before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_blueprint_that_fails_leaves_no_trace():
    with pytest.raises(ValueError, match="expected configuration"):
        blueprint(models.vgg, "F")
    dense = layers.Dense(3)
    dense.build((None, 2))
    assert dense.get_weights()[0].any()
