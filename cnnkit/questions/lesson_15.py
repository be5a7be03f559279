"""Questions of lesson 15."""

import itertools

from .. import sizes
from .question import Question


def _stack(layers, channels):
    return layers * sizes.conv_parameters(3, channels, channels, bias=False)


def _vgg_dense():
    widths = (7 * 7 * 512, 4096, 4096, 1000)
    return sum(
        sizes.dense_parameters(inputs, units, bias=False)
        for inputs, units in itertools.pairwise(widths)
    )


QUESTIONS = {
    "15/printed-input": Question(
        "The paper prints an input of 224x224. A kernel of 11x11 with stride 4 and no "
        "padding: how many places does it find along one side?",
        lambda: sizes.output_size(224, 11, stride=4),
        ((55, "needs_227"), (54.25, "fraction"), (53, "plus_one"), (214, "stride_1")),
    ),
    "15/first-dense-weights": Question(
        "AlexNet's last map is 6x6 with 256 channels, and 4096 units read all of it. "
        "How many weights is that?",
        lambda: sizes.dense_parameters(6 * 6 * 256, 4096, bias=False),
        (
            (4_194_304, "map_without_padding"),
            (37_752_832, "bias_counted"),
            (147_456, "depth_forgotten"),
        ),
    ),
    "15/two-towers": Question(
        "conv2 has 256 filters of 5x5 on 96 maps. Split into two towers, each filter "
        "reads only the 48 maps of its own half. How many weights are left?",
        lambda: sizes.conv_parameters(5, 96, 256, groups=2, bias=False),
        (
            (614_400, "groups_ignored"),
            (153_600, "groups_halve_filters_too"),
            (307_456, "bias_counted"),
        ),
    ),
    "15/zfnet-side": Question(
        "ZFNet: 224 pixels, one pixel of padding on each side, 7x7 with stride 2, then "
        "3x3 pooling with stride 2, which leaves out what does not fit. What is the "
        "side of the map?",
        lambda: sizes.output_size(sizes.output_size(224, 7, 2, 1), 3, 2),
        ((55, "rounded_up"), (54.5, "fraction"), (110, "pooling_left_out")),
    ),
    "15/vgg-first-parameters": Question(
        "VGG's first layer has 64 filters of 3x3 on a colour image. How many "
        "parameters does Keras count?",
        lambda: sizes.conv_parameters(3, 3, 64),
        ((1728, "bias_forgotten"), (640, "depth_forgotten"), (28, "one_filter")),
    ),
    "15/dense-sum": Question(
        "VGG-16 ends with 7x7x512 values, then 4096, 4096 and 1000 units. How many "
        "weights have the three dense layers together?",
        _vgg_dense,
        (
            (122_000_000, "about_122_million"),
            (123_731_968, "classes_1024"),
            (123_642_856, "bias_counted"),
            (102_760_448, "first_dense_alone"),
        ),
    ),
    "15/second-map-memory": Question(
        "The second layer of VGG-16 puts out 224x224x64 numbers of four bytes. How "
        "many MiB (2 to the 20 bytes) is that?",
        lambda: sizes.memory_bytes((224, 224, 64)) / 2**20,
        (
            (3.2, "bytes_for_values"),
            (3.0625, "bytes_for_values"),
            (12.8, "megabytes_for_mebibytes"),
        ),
    ),
    "15/seven-or-three": Question(
        "512 maps in and 512 out: how many weights have one 7x7 layer and a stack of "
        "three 3x3 layers (two numbers)?",
        lambda: (sizes.conv_parameters(7, 512, 512, bias=False), _stack(3, 512)),
        (
            ((12_845_056, 2_359_296), "one_layer_counted"),
            ((25_088, 13_824), "one_filter"),
            ((7_077_888, 12_845_056), "order_reversed"),
        ),
    ),
    "15/ways-from-the-centre": Question(
        "Three 3x3 layers in a row. From a corner of the 7x7 pixels that a unit sees "
        "one way leads to it. How many ways lead from the centre pixel?",
        lambda: (2 * 3 + 1) ** 2,
        ((7, "ways_of_one_axis"), (9, "one_layer_of_ways"), (27, "kernels_multiplied")),
    ),
    "15/three-linear-layers": Question(
        "Three 3x3 layers on one channel, with no activation between them. Can they "
        "compute what any 7x7 filter computes (True or False)?",
        lambda: 3 * 3**2 >= 7**2,
        ((True, "any_seven_by_seven"),),
    ),
}
