"""Why an answer is wrong: the one table of usual mistakes.

Lessons, exercises and their feedback name a mistake by its key."""

MISCONCEPTIONS = {
    # sliding sums
    "flipped": "That is the result with the kernel rotated by 180 degrees, which is "
    "true convolution. A library layer multiplies patch and kernel as they lie.",
    "not_flipped": "That is what you get without flipping. Here one of the two runs "
    "backwards: first index of one meets last index of the other.",
    "bright_pixel_copies": "A bright pixel copies the kernel in true convolution only. "
    "Ask which kernel entry lies on the pixel when the window is one step further up.",
    "library_flips": "The name says so, the code does not: a library layer slides the "
    "kernel as it is, which is cross-correlation. Learned weights need no flip.",
    "symmetric_kernel": "Rotate this kernel by 180 degrees on paper and compare it "
    "with itself.",
    "order_reversed": "The order is reversed: check which end of the list comes first.",
    "neighbour": "That is the neighbouring position: check the index you started from.",
    "kernel_in_one_row": "The four weights were laid along one row. The kernel is a "
    "square: its second row belongs on the image's second row.",
    "transposed": "Rows and columns are swapped: the row index comes first.",
    "sum_for_squares": "The weights sum to 1, and so keep the mean. Variances add with "
    "squared weights.",
    "spread_for_variance": "That is the factor of the standard deviation. The variance "
    "is its square.",
    "one_term_only": "That is the share of a single reading. All of them contribute.",
    "fourier_always_wins": "n log n beats n times n, but a small kernel costs n times "
    "a few. Count the multiplications of both for this kernel.",
    "limits_as_printed": "floor(-3/2) is -2, not -1: the limits as printed give one "
    "term too many. A kernel of three has three terms.",
    "zero_offset": "The offset zero is missing: from -1 to 1 there are three steps.",
    # sizes
    "plus_one": "Nearly: the distance the kernel can travel leaves out where it "
    "starts. Add one for the first placement.",
    "minus_one": "Both ends were counted: two rows of samples that overlap in one have "
    "one place less than their lengths together.",
    "border_lost": "Without padding the kernel cannot be centred on the border: each "
    "axis loses kernel - 1 places.",
    "padding_forgotten": "Padding was left out: it lengthens the input before the "
    "kernel slides.",
    "padding_once": "Padding was counted once. It is added on both sides.",
    "padding_both_sides": "One zero on each side is more than this layer needs. Keras "
    "adds as few as possible, and an odd one goes after.",
    "padding_before": "Keras puts the odd zero after, at the bottom and right.",
    "length_kept": "That keeps the length (same). Here partial overlaps at both ends "
    "count as well.",
    "overlap_only": "That counts full overlaps only (valid). Here every overlap "
    "counts, even of one sample.",
    "stride_1": "Stride 1 was assumed: the kernel moves further in each step.",
    "stride_as_printed": "Put it into the size rule: (28 - 2)/1 + 1 is 27, not 14.",
    "fraction": "A map has whole rows only. A placement that does not fit is left out.",
    "no_error": "Keras raises no error here: it leaves out, or pads, what does not "
    "fit.",
    "valid_rounds_down": "Without padding the last placement that does not fit is left "
    "out, so the size is rounded down, not up.",
    "halved": "A stride of 2 halves only nearly: put the numbers into the size rule.",
    "kernel_subtracted": "Each unpadded layer takes kernel - 1 pixels, not kernel.",
    "input_counted": "The input itself is no layer: count what lies between the sizes.",
    "corners_forgotten": "The four sides are there, the four corners are missing.",
    "corners_twice": "The corners were counted twice.",
    "swapped_axes": "Height and width are swapped: sizes are written height first.",
    # depth
    "input_depth_kept": "The input's depth does not survive: each filter adds up all "
    "channels into one map, so the depth is the number of filters.",
    "depth_multiplied": "Filters do not multiply the depth: each filter reads all "
    "channels and gives one map.",
    "filter_slides_in_depth": "The filter has the full depth of its input, so it "
    "cannot move along it: one filter gives one flat map.",
    "depth_forgotten": "The depth is missing: a filter has weights for each channel of "
    "its input, and a flattened volume keeps all channels.",
    # counts
    "bias_forgotten": "The biases are missing: each filter or unit has one.",
    "bias_is_no_product": "A bias is added, not multiplied.",
    "bias_counted": "Biases were counted too: the question asks for weights.",
    "bias_in_some": "That sums figures of which some leave the biases out.",
    "positions_multiplied": "The positions were multiplied in. The weights are shared: "
    "all positions use the same ones.",
    "positions_forgotten": "That is one position's work: the filter is applied anew at "
    "each place of the output.",
    "one_filter": "That is a single filter or unit. Count all of them.",
    "groups_ignored": "The groups were ignored: a filter reads only the channels of "
    "its own group.",
    "groups_divide_biases": "Groups divide the weights, not the biases: each filter "
    "still has one.",
    "multiplier_forgotten": "Each channel has more than one filter of its own here.",
    "pooling_learns": "Pooling takes the largest or the mean; nothing in it is "
    "learned.",
    "pooling_of_1998": "That is LeNet-5 as published in 1998, whose pooling had a "
    "scale and a bias per map. A pooling layer of today has none.",
    "convolutions_dominate": "Convolutions share few weights over many positions. "
    "Count the layer behind the flattening.",
    # receptive fields
    "pooling_ignored": "The pooling was ignored: its window sees more than one pixel, "
    "and its stride spreads what follows.",
    "stride_ignored": "The stride was ignored: behind it neighbouring units lie "
    "further apart in the input.",
    "pooling_window_ignored": "The stride is there, the pooling window itself is not: "
    "it adds a pixel of its own.",
    "kernels_added": "The kernels overlap: each layer adds kernel - 1, not kernel.",
    "last_layer_only": "That is what the unit sees of the previous layer. Follow its "
    "inputs back to the image.",
    "dilation_ignored": "The dilation was ignored: the taps lie further apart.",
    "dilation_times_kernel": "Between three taps there are two gaps: the reach is "
    "dilation times (kernel - 1), plus one.",
    # pooling
    "mean_for_max": "That is the mean of each window. Max pooling keeps its largest "
    "value.",
    "mean_for_l2": "That is the mean of the values. L2 pooling squares them first, and "
    "takes the root of the mean of the squares.",
    "max_for_l2": "That is the largest value. In L2 pooling all pixels of the window "
    "have a say, the large ones more.",
    "sum_for_mean": "That is the root of the sum of squares. Divide by the number of "
    "pixels before the root.",
    "depth_pooled": "Pooling works on each map separately: it shrinks height and "
    "width, never the number of maps.",
    "pooling_invariant": "Pooling forgives shifts that stay inside a window. Mark the "
    "windows and look in which of them the pixel lies.",
    "one_for_all": "Each map is pooled by itself: one number for each channel.",
    "not_pooled": "That many values go in. Each map leaves one number.",
    "channels_pooled": "That keeps the pixels and merges the channels. Global pooling "
    "does the opposite.",
    "one_axis": "That drops every other row only. The columns are thinned out as well.",
    # layout
    "as_drawn": "Two blocks are what the lecture's figure draws. Follow the sides: "
    "6, 4, 2, and then a 3x3 kernel no longer fits.",
    "pooling_forgotten": "The last pooling is missing: it comes before flattening.",
    "channels_first": "That lists one map after the other (channels first). Keras "
    "keeps the channels of a pixel together.",
}
