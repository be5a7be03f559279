"""MobileNets, EfficientNets and NASNet-A: published counts, and Keras's networks."""

import contextlib

import keras
import numpy as np
import pytest
from keras import layers

from cnnkit import models, sizes
from cnnkit.course import claims
from cnnkit.models.efficientnet import ALPHA, BETA, EFFICIENTNETS, GAMMA, STAGES
from cnnkit.models.mobilenet_v2 import divisible
from cnnkit.profile import profile

LEDGER = claims.load()
CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)

# ---- counts of the papers' networks --------------------------------------------------

# Counted from the published structure by a program that knows no framework.  The
# parameters agree with torchvision 0.29 and timm, or for NASNet with Keras; the
# multiply-adds with torchvision 0.29, or for MobileNet v1 and NASNet with Keras.
# Depth: the most convolutions and dense layers on a path, without those of gates; a
# separable convolution is two.  Numbers of convolutions count it as one.
# builder, argument: trainable, not trainable, multiply-adds, convolutions, depth, field
COUNTS = {
    ("mobilenet_v1",): (4_231_976, 21_888, 568_740_352, 27, 28, 315),
    ("mobilenet_v2",): (3_504_872, 34_112, 300_774_272, 52, 53, 491),
    ("mobilenet_v3", "large"): (5_483_032, 24_400, 216_589_760, 46, 48, 595),
    ("mobilenet_v3", "small"): (2_542_856, 12_112, 56_510_400, 34, 36, 639),
    ("nasnet", "mobile"): (5_289_978, 36_738, 563_638_816, 196, 98, 2407),
    ("nasnet", "large"): (88_753_150, 196_668, 23_783_414_658, 268, 128, 3303),
    ("efficientnet", "b0"): (5_288_548, 42_016, 385_814_752, 49, 50, 851),
    ("efficientnet", "b1"): (7_794_184, 62_048, 686_802_832, 69, 70, 1183),
    ("efficientnet", "b2"): (9_109_994, 67_568, 993_561_872, 69, 70, 1183),
    ("efficientnet", "b3"): (12_233_232, 87_296, 1_827_141_392, 78, 79, 1407),
    ("efficientnet", "b4"): (19_341_616, 125_200, 4_393_771_024, 96, 97, 1799),
    ("efficientnet", "b5"): (30_389_784, 172_736, 10_266_384_752, 116, 117, 2131),
    ("efficientnet", "b6"): (43_040_704, 224_432, 19_067_593_536, 134, 135, 2523),
    ("efficientnet", "b7"): (66_347_960, 310_720, 37_745_884_192, 163, 164, 3079),
}
NASNET = "stem_conv stem_cell1 stem_cell2 stack1 reduction1 stack2 reduction2 stack3"
NASNET = NASNET.split()
EFFICIENTNET = [f"stage{i}" for i in range(1, 10)]
#  beginnings of the names of layers, sides and channels of the last map of each
MAPS = {
    ("mobilenet_v1",): (
        ["conv1", *(f"block{i}_" for i in range(1, 14))],
        [112, 112, 56, 56, 28, 28, *[14] * 6, 7, 7],
        [32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024],
    ),
    ("mobilenet_v2",): (
        ["conv1", *(f"stage{i}" for i in range(1, 8)), "conv_last"],
        [112, 112, 56, 28, 14, 14, 7, 7, 7],
        [32, 16, 24, 32, 64, 96, 160, 320, 1280],
    ),
    ("mobilenet_v3", "large"): (
        ["conv1", *(f"block{i}_" for i in range(1, 16)), "conv_last"],
        [112, 112, 56, 56, *[28] * 3, *[14] * 6, *[7] * 4],
        [16, 16, 24, 24, 40, 40, 40, *[80] * 4, 112, 112, 160, 160, 160, 960],
    ),
    ("mobilenet_v3", "small"): (
        ["conv1", *(f"block{i}_" for i in range(1, 12)), "conv_last"],
        [112, 56, 28, 28, *[14] * 5, *[7] * 4],
        [16, 16, 24, 24, 40, 40, 40, 48, 48, 96, 96, 96, 576],
    ),
    ("nasnet", "mobile"): (
        NASNET,
        [111, 56, 28, 28, 14, 14, 7, 7],
        [32, 44, 88, 264, 352, 528, 704, 1056],
    ),
    ("nasnet", "large"): (
        NASNET,
        [165, 83, 42, 42, 21, 21, 11, 11],
        [96, 168, 336, 1008, 1344, 2016, 2688, 4032],
    ),
    **{
        ("efficientnet", variant): (EFFICIENTNET, sides, channels)
        for variant, sides, channels in (
            (
                "b0",
                [112, 112, 56, 28, 14, 14, 7, 7, 7],
                [32, 16, 24, 40, 80, 112, 192, 320, 1280],
            ),
            (
                "b1",
                [120, 120, 60, 30, 15, 15, 8, 8, 8],
                [32, 16, 24, 40, 80, 112, 192, 320, 1280],
            ),
            (
                "b2",
                [130, 130, 65, 33, 17, 17, 9, 9, 9],
                [32, 16, 24, 48, 88, 120, 208, 352, 1408],
            ),
            (
                "b3",
                [150, 150, 75, 38, 19, 19, 10, 10, 10],
                [40, 24, 32, 48, 96, 136, 232, 384, 1536],
            ),
            (
                "b4",
                [190, 190, 95, 48, 24, 24, 12, 12, 12],
                [48, 24, 32, 56, 112, 160, 272, 448, 1792],
            ),
            (
                "b5",
                [228, 228, 114, 57, 29, 29, 15, 15, 15],
                [48, 24, 40, 64, 128, 176, 304, 512, 2048],
            ),
            (
                "b6",
                [264, 264, 132, 66, 33, 33, 17, 17, 17],
                [56, 32, 40, 72, 144, 200, 344, 576, 2304],
            ),
            (
                "b7",
                [300, 300, 150, 75, 38, 38, 19, 19, 19],
                [64, 32, 48, 80, 160, 224, 384, 640, 2560],
            ),
        )
    },
}
QUICK = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "mobile", "b0")


def gated(layer):
    return layer.name.endswith(("_reduce", "_gate"))


def longest_path(model):
    """Convolutions and dense layers on the path that has most of them."""
    depth = {id(tensor): 0 for tensor in model.inputs}
    for layer in model.layers:
        steps = isinstance(layer, (*CONVOLUTIONS, layers.Dense)) and not gated(layer)
        steps += isinstance(layer, layers.SeparableConv2D)
        if not isinstance(layer, layers.InputLayer):
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            depth[id(layer.output)] = steps + max(depth[id(x)] for x in inputs)
    return depth[id(model.outputs[0])]


def last_maps(model, names):
    """Shape of the last layer of each part."""
    found = {}
    for layer in model.layers:
        for name in names:
            if layer.name.startswith(name):
                found[name] = tuple(layer.output.shape[1:])
    return [found[name] for name in names]


@pytest.mark.parametrize(
    "network",
    [
        network
        if network[-1] in QUICK or network[0] in QUICK
        else pytest.param(network, marks=pytest.mark.full)
        for network in COUNTS
    ],
    ids=" ".join,
)
def test_counts_and_maps(network):
    builder, *argument = network
    model = getattr(models, builder)(*argument)
    ledger = profile(model)
    assert not ledger.not_counted
    trainable, fixed, macs, convolutions, depth, field = COUNTS[network]
    total = ledger.total
    assert (total.trainable, total.non_trainable) == (trainable, fixed)
    assert total.macs == macs
    named = [m for m in model.layers if isinstance(m, CONVOLUTIONS)]
    assert len(named) == convolutions
    assert longest_path(model) == depth
    fields = [r.receptive_field for r in ledger.rows if r.receptive_field]
    assert fields[-1] == (field, field)
    names, sides, channels = MAPS[network]
    assert last_maps(model, names) == [
        (side, side, filters) for side, filters in zip(sides, channels, strict=True)
    ]
    assert model.output_shape == (None, 1000)

    if network == ("mobilenet_v1",):
        row = LEDGER["arch/mobilenet/named"]
        block = [
            model.get_layer(f"block2_{part}") for part in ("depthwise", "pointwise")
        ]
        kernels = [layer.weights[0].shape for layer in block]
        given = row["given"]
        assert kernels == [
            (given["K"], given["K"], given["Cin"], 1),
            (1, 1, given["Cin"], given["Cout"]),
        ]
        separable = sum(layer.count_params() for layer in block)
        assert separable == row["expected"]["separable"]
        full = sizes.conv_parameters(
            given["K"], given["Cin"], given["Cout"], bias=False
        )
        assert separable / full == pytest.approx(row["expected"]["ratio"], rel=1e-6)
        assert model.count_params() == row["expected"]["keras_mobilenet_parameters"]
    if network == ("nasnet", "mobile"):
        row = LEDGER["arch/nasnet/named"]["expected"]
        assert model.count_params() == row["keras_nasnetmobile_parameters"]
    if network == ("efficientnet", "b0"):  # Keras's: mean, variance, count of 3 colours
        row = LEDGER["arch/efficientnet/named"]
        total = row["expected"]["keras_efficientnetb0_parameters"]
        assert model.count_params() + 3 + 3 + 1 == total
        assert row["given"] == {
            "alpha_depth": ALPHA,
            "beta_width": BETA,
            "gamma_resolution": GAMMA,
        }


def test_parameters_of_all_efficientnets():
    """By arithmetic from the table, without building a network."""

    def round8(filters):
        nearest = (2 * round(filters * 1000) + 8000) // 16000 * 8
        return nearest + 8 if nearest < 0.9 * filters else nearest

    for variant, (width, depth, pixels, _) in EFFICIENTNETS.items():
        channels = round8(32 * width)
        total = 27 * channels + 2 * channels
        for kernel, expansion, filters, n, _ in STAGES:
            for _ in range(-int(-depth * n // 1)):
                wide, narrow = expansion * channels, channels // 4
                total += (channels + 2) * wide if expansion > 1 else 0
                total += (kernel**2 + 2) * wide
                total += 2 * wide * narrow + wide + narrow
                channels, before = round8(filters * width), wide
                total += (before + 2) * channels
        last = round8(1280 * width)
        total += (channels + 2) * last + last * 1000 + 1000
        assert total == COUNTS["efficientnet", variant][0], variant
        stem_side = MAPS["efficientnet", variant][1][0]
        assert pixels == 2 * stem_side


def test_published_coefficients():
    widths, depths, _, dropout = zip(*EFFICIENTNETS.values(), strict=True)
    assert widths == (1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0)
    assert depths == (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1)
    assert dropout == (0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5)


def test_divisible():
    """Candidates tried one by one: the nearest, the larger of two as near."""
    for filters in [n / 2 for n in range(1, 200)]:
        allowed = [n for n in range(8, 200, 8) if n >= 0.9 * filters]
        best = min(allowed, key=lambda n: (abs(n - filters), -n))
        assert divisible(filters) == best


# ---- the same function as Keras's ---------------------------------------------------


def random_values(weight, generator):
    """Of a size that keeps the maps' sizes ordinary; different everywhere."""
    path, shape = weight.path, weight.shape
    if path.endswith(("gamma", "variance")):
        return generator.uniform(0.5, 1.5, shape)
    if path.endswith(("beta", "mean", "bias")):
        return generator.normal(0, 0.2, shape)
    inputs = shape[:2] if "depthwise" in path or "dw" in path else shape[:-1]
    return generator.normal(0, np.sqrt(2 / np.prod(inputs)), shape)


def last_map(net):
    pools = [m for m in net.layers if isinstance(m, layers.GlobalAveragePooling2D)]
    return pools[-1].input


def ends(net):
    """From images to the last map and the scores."""
    return keras.Model(net.input, [last_map(net), net.output])


@contextlib.contextmanager
def double_precision():
    """In float32 sums that cancel keep the rounding of their largest terms."""
    with contextlib.ExitStack() as after:
        if keras.backend.backend() == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)
            after.callback(jax.config.update, "jax_enable_x64", False)
        after.callback(keras.config.set_dtype_policy, keras.config.dtype_policy())
        after.callback(keras.config.set_floatx, keras.config.floatx())
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        yield


def assert_same(theirs, mine):
    for expected, actual in zip(theirs, mine, strict=True):
        expected, actual = np.asarray(expected), np.asarray(actual)
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(
            actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
        )


def images(shape):
    return np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")


SHAPE = (64, 80, 3)
KERAS = {"weights": None, "input_shape": SHAPE, "classes": 10}
PEERS = {
    "v1": (
        lambda: keras.applications.MobileNet(
            alpha=0.5, **KERAS | {"input_shape": (64, 96, 3)}
        ),
        lambda: models.mobilenet_v1((64, 96, 3), 10, alpha=0.5),
    ),
    "v2": (
        lambda: keras.applications.MobileNetV2(alpha=0.75, **KERAS),
        lambda: models.mobilenet_v2(SHAPE, 10, alpha=0.75),
    ),
    "v2 wide": (
        lambda: keras.applications.MobileNetV2(alpha=1.3, **KERAS),
        lambda: models.mobilenet_v2(SHAPE, 10, alpha=1.3),
    ),
    "v3 large": (
        lambda: keras.applications.MobileNetV3Large(
            alpha=0.75, include_preprocessing=False, **KERAS
        ),
        lambda: models.mobilenet_v3("large", SHAPE, 10, alpha=0.75),
    ),
    "v3 small": (
        lambda: keras.applications.MobileNetV3Small(
            include_preprocessing=False, **KERAS
        ),
        lambda: models.mobilenet_v3("small", SHAPE, 10),
    ),
    "b0": (
        lambda: keras.applications.EfficientNetB0(**KERAS),
        lambda: models.efficientnet("b0", SHAPE, 10),
    ),
}


@pytest.mark.parametrize(
    "peer",
    [
        pytest.param(peer, marks=pytest.mark.full if peer == "v2 wide" else ())
        for peer in PEERS
    ],
)
def test_same_function_as_keras(peer):
    """The layers stand in a row, so that the weights follow each other in one order."""
    with double_precision():
        theirs, mine = (build() for build in PEERS[peer])
        generator = np.random.default_rng(7)
        rows = [layer for layer in theirs.layers if layer.weights]
        if peer == "b0":  # a normalization of the images, and pixels up to 255
            assert rows.pop(0).count_params() == 7
        values = []
        for weight in (w for layer in rows for w in layer.weights):
            values.append(random_values(weight, generator))
            weight.assign(values[-1])
        # 1x1 convolutions there are dense layers here
        shapes = [weight.shape for weight in mine.weights]
        mine.set_weights([v.reshape(s) for v, s in zip(values, shapes, strict=True)])
        assert mine.dtype == theirs.dtype == "float64"
        x = images(mine.input_shape[1:])
        assert_same(ends(theirs)(255 * x if peer == "b0" else x), ends(mine)(x))

    dropped = [
        [(m.rate, m.noise_shape) for m in net.layers if isinstance(m, layers.Dropout)]
        for net in (theirs, mine)
    ]
    if peer == "v1":  # drops one value in a thousand
        assert dropped.pop(0) == [(0.001, None)]
    assert dropped[0] == dropped[-1]
    if peer == "b0":
        assert len(dropped[0]) == 10


def test_mobilenet_v1_at_odd_sides():
    theirs = keras.applications.MobileNet((80, 64, 3), 0.25, weights=None)
    mine = models.mobilenet_v1((80, 64, 3), alpha=0.25)
    assert [last_map(net).shape[1:3] for net in (theirs, mine)] == [(2, 2), (3, 2)]


def nasnet_name(name, n):
    """Our name of a layer with weights of Keras's NASNet with stacks of n cells."""
    whole = {
        "stem_conv1": "stem_conv",
        "stem_bn1": "stem_conv_normalization",
        "predictions": "scores",
    }
    if name in whole:
        return whole[name]
    reductions = {f"reduce_{n}": 1, f"reduce_{2 * n}": 2}
    for end in ("stem_1", "stem_2", *reductions, *map(str, range(3 * n + 1))):
        if name.endswith(f"_{end}"):
            what = name.removesuffix(f"_{end}")
            break
    if end.startswith("stem"):
        cell = f"stem_cell{end[-1]}"
    elif end.startswith("reduce"):
        cell = f"reduction{reductions[end]}"
    else:  # with n = 4: 0 to 3, 5 to 8, 9 to 12
        number = int(end) - (int(end) > n)
        cell = f"stack{number // n + 1}_cell{number % n + 1}"
    parts = {
        "normal_conv_1": "input",
        "reduction_conv_1": "input",
        "normal_bn_1": "input_normalization",
        "reduction_bn_1": "input_normalization",
        "adjust_conv_projection": "before",
        "adjust_conv_1": "before_path1",
        "adjust_conv_2": "before_path2",
        "adjust_bn": "before_normalization",
    }
    if what in parts:
        return f"{cell}_{parts[what]}"
    _, _, i, *kind, _, side = what.split("_")  # separable_conv_1_bn_normal_left1
    block = int(side[-1])
    if cell.startswith(("stem", "reduction")) and side == "left4":
        block = 5  # its name in Keras; the block's other half is right5
    layer = "normalization" if kind == ["bn"] else "separable"
    return f"{cell}_block{block}_{side[:-1]}_{layer}{i}"


@pytest.mark.parametrize(
    ("variant", "n"), [("mobile", 4), pytest.param("large", 6, marks=pytest.mark.full)]
)
def test_same_function_as_nasnet(variant, n):
    shape = (64, 64, 3)
    build = getattr(keras.applications, f"NASNet{variant.title()}")
    theirs = build(shape, weights=None, classes=10)
    mine = models.nasnet(variant, shape, 10)
    generator = np.random.default_rng(7)
    names = set()
    for layer in theirs.layers:
        if layer.weights:
            layer.set_weights([random_values(w, generator) for w in layer.weights])
            name = nasnet_name(layer.name, n)
            names.add(name)
            mine.get_layer(name).set_weights(layer.get_weights())
    assert names == {layer.name for layer in mine.layers if layer.weights}
    theirs, x = ends(theirs), images(shape)
    expected = ends(mine)(x)
    with pytest.raises(AssertionError):  # the zeros around the map
        assert_same(theirs(x), expected)
    changed = 0
    for layer in theirs.layers:  # pooling of the map alone: as the authors'
        if layer.name.startswith("reduction_pad_1"):
            layer.padding = ((0, 0), (0, 0))
        elif "Pooling" in type(layer).__name__ and layer.name.startswith("reduction"):
            changed += layer.padding == "valid"
            layer.padding = "same"
    assert changed == 4 * 3
    assert_same(theirs(x), expected)


# ---- small images, and errors --------------------------------------------------------

# Trainable and not, with 10 classes and 3 colours: the counts above, with another head
TEN = {
    ("mobilenet_v1",): 3_239_114,
    ("mobilenet_v2",): 2_270_794,
    ("nasnet", "mobile"): 4_280_286,
    ("efficientnet", "b0"): 4_062_374,
}


@pytest.mark.parametrize(
    ("network", "shape", "sides"),
    [
        (("mobilenet_v1",), (28, 28, 1), (28, 2)),
        (("mobilenet_v1",), (8, 8, 3), (8, 1)),
        (("mobilenet_v1",), (64, 63, 3), (64, 4)),
        (("mobilenet_v2",), (32, 32, 3), (32, 2)),
        (("efficientnet", "b0"), (32, 32, 3), (32, 2)),
        pytest.param(
            ("nasnet", "mobile"), (28, 28, 1), (28, 2), marks=pytest.mark.full
        ),
    ],
)
def test_small_images(network, shape, sides):
    builder, *argument = network
    model = getattr(models, builder)(*argument, input_shape=shape, classes=10)
    maps = [m.output.shape for m in model.layers if len(m.output.shape) == 4]
    maps = [s for s in maps if s[1:3] != (1, 1) or max(shape) == 8]  # without the gates
    assert (maps[1][1], maps[-1][1]) == sides
    first = next(m for m in model.layers if isinstance(m, layers.Conv2D))
    missing = 9 * first.filters * (3 - shape[-1])
    assert model.count_params() + missing == TEN[network]


@pytest.mark.parametrize(
    ("builder", "arguments", "message"),
    [
        ("mobilenet_v1", {"alpha": 0}, "alpha > 0.*alpha=0"),
        ("mobilenet_v2", {"alpha": -1}, "alpha > 0.*alpha=-1"),
        ("mobilenet_v3", {"alpha": float("nan")}, "alpha > 0.*nan"),
        ("mobilenet_v3", {"size": "medium"}, r"\['large', 'small'\].*'medium'"),
        ("nasnet", {"variant": "tiny"}, r"\['mobile', 'large'\].*'tiny'"),
        ("efficientnet", {"variant": "b8"}, r"'b0', 'b1'.*'b7'\].*'b8'"),
        *(
            (builder, arguments, message)
            for builder in (
                "mobilenet_v1",
                "mobilenet_v2",
                "mobilenet_v3",
                "nasnet",
                "efficientnet",
            )
            for arguments, message in (
                ({"input_shape": (7, 32, 3)}, r"8x8.*\(7, 32, 3\)"),
                ({"input_shape": (32, 32)}, r"\(32, 32\)"),
                ({"input_shape": (None, None, 3)}, "None"),
                ({"classes": 0}, "classes=0"),
            )
        ),
    ],
)
def test_bad_input(builder, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(models, builder)(**arguments)
