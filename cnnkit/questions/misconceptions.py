"""Why an answer is wrong: the one table of usual mistakes.

Lessons, exercises and their feedback name a mistake by its key."""

MISCONCEPTIONS = {
    # sliding sums
    "flipped": "That is the result with the kernel rotated by 180 degrees, which is "
    "true convolution. A library layer multiplies patch and kernel as they lie.",
    "not_flipped": "That is what you get without flipping. Here one of the two runs "
    "backwards: first index of one meets last index of the other.",
    "half_turned": "Only the rows or only the columns were reversed. Half a turn "
    "reverses both.",
    "partial_overlaps": "Partial overlaps at the ends were counted, too. Valid means "
    "that all weights lie on the signal.",
    "stamps_overwrite": "A later stamp has erased an earlier one. Where stamps overlap "
    "they add up: += in place of =.",
    "brightness_left_in": "Right way round. But the pixel has brightness 2, so the map "
    "holds every weight twice as large.",
    "bright_pixel_copies": "A bright pixel copies the kernel in true convolution only. "
    "Ask which kernel entry lies on the pixel when the window is one step further up.",
    "library_flips": "The name says so, the code does not: a library layer slides the "
    "kernel as it is, which is cross-correlation. Learned weights need no flip.",
    "symmetric_kernel": "Rotate this kernel by 180 degrees on paper and compare it "
    "with itself.",
    "order_reversed": "The order is reversed: check which end of the list comes first.",
    "newest_left_out": "The window ends one reading too early: the newest one, and "
    "with it the last window, is left out.",
    "first_window_missed": "The first window is missing: it ends at the second at "
    "which as many readings as weights exist.",
    "whole_windows_only": "Those are the seconds at which the whole window fits. Asked "
    "is a value from the first second on.",
    "neighbour": "That is the neighbouring position: check the index you started from.",
    "kernel_in_one_row": "The four weights were laid along one row. The kernel is a "
    "square: its second row belongs on the image's second row.",
    "transposed": "Rows and columns are swapped: the row index comes first.",
    "sum_for_squares": "The weights sum to 1, and so keep the mean. Variances add with "
    "squared weights.",
    "spread_for_variance": "That is the factor of the standard deviation. The variance "
    "is its square.",
    "one_term_only": "That is the share of a single reading. All of them contribute.",
    "weights_not_renormalised": "At the start only some of the weights are in use. "
    "Divide by the sum of those, not of all.",
    "not_divided_by_weights": "Those are weighted sums. For a mean, divide by the sum "
    "of the weights in use.",
    "calm_but_late": "Calm, but late: give more of the weight to the newest readings.",
    "prompt_but_noisy": "Prompt, but noisy: one weight is so large that its square "
    "alone is most of the gain. Let them fall more evenly.",
    "fourier_always_wins": "n log n beats n times n, but a small kernel costs n times "
    "a few. Count the multiplications of both for this kernel.",
    "one_transform": "One transform is not enough: image and kernel go there, and the "
    "product comes back.",
    "side_for_weights": "That is the number of weights. A kernel of side k has k times "
    "k of them.",
    "still_dearer": "Put it in: at this side the direct way still takes fewer "
    "multiplications.",
    "side_for_pixels_of_log": "Take the logarithm of the number of pixels, 1024 times "
    "1024, not of the side.",
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
    "padding_read": "Those are places in the padding, too. They hold zeros, not pixels "
    "of the input.",
    "padding_wrong_way": "The padding moves the window the other way: at place 0 it "
    "begins in front of pixel 0.",
    "padding_strided": "The padding was multiplied by the stride. It is counted in "
    "pixels, the place in steps.",
    "padding_both_counted": "That counts the zeros of both sides together.",
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
    "same_rounds_up": "With padding same every started step counts: the size is "
    "divided by the stride and rounded up.",
    "halved": "A stride of 2 halves only nearly: put the numbers into the size rule.",
    "kernel_subtracted": "Each unpadded layer takes kernel - 1 pixels, not kernel.",
    "input_counted": "The input itself is no layer: count what lies between the sizes.",
    "corners_forgotten": "The four sides are there, the four corners are missing.",
    "corners_twice": "The corners were counted twice.",
    "swapped_axes": "Height and width are swapped: sizes are written height first.",
    "swapped_kernel": "The kernel was turned: its height belongs to the height of the "
    "image.",
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
    "sides_added": "That is rows plus columns. A grid has as many cells as rows times "
    "columns.",
    "three_colours": "A colour image has three numbers a pixel, a grey one has one.",
    "bias_forgotten": "The biases are missing: each filter or unit has one.",
    "bias_is_no_product": "A bias is added, not multiplied.",
    "bias_counted": "Biases were counted too: the question asks for weights.",
    "bias_in_some": "That sums figures of which some leave the biases out.",
    "positions_multiplied": "The positions were multiplied in. The weights are shared: "
    "all positions use the same ones.",
    "positions_forgotten": "That is one position's work: the filter is applied anew at "
    "each place of the output.",
    "one_filter": "That is a single filter or unit. Count all of them.",
    "all_filters": "Those are the weights of all filters together. The question asks "
    "for one.",
    "groups_ignored": "The groups were ignored: a filter reads only the channels of "
    "its own group.",
    "groups_divide_biases": "Groups divide the weights, not the biases: each filter "
    "still has one.",
    "groups_divide_filters": "Those are the filters of one group. Their maps are all "
    "put out, one behind the other.",
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
    "dilation_moves_start": "The dilation spreads the taps apart. It does not move the "
    "place where the first one lies.",
    "dilation_for_stride": "That is how far apart the taps of one unit lie. The stride "
    "is how far the whole kernel moves from one unit to the next.",
    "reach_for_taps": "That is how far the kernel reaches. Count the pixels it reads.",
    "taps_in_padding": "A unit at the border has taps in the padding, where there is "
    "no pixel to mark. Look at the other unit, and place the missing taps.",
    "stride_too_early": "A stride spreads what comes behind its layer, not the layer's "
    "own kernel: use the jump first, then multiply it.",
    "stride_1_hides": "With stride 1 both functions agree. What is wrong concerns the "
    "moment at which a stride counts.",
    "strides_too_late": "A stride widens only what comes behind it. The same layers "
    "see more with their strides in front.",
    # connections
    "hidden_as_wide_as_input": "That many units, one for each pixel, would take a "
    "hundred million edges: each of them reads all 10,000 pixels.",
    "side_for_pixels": "The image has 100 pixels on a side. A dense unit reads all of "
    "its pixels, 100 times 100.",
    "stride_2_assumed": "That is a unit of windows that do not overlap. With stride 1 "
    "the window moves by one pixel.",
    "column_before": "That is a neighbour: the window has moved down, but not to the "
    "right.",
    "row_above": "That is a neighbour: the window has moved to the right, but not "
    "down.",
    "all_connected": "That is the dense layer, in which every unit reads every pixel. "
    "Here a unit reads its window only.",
    "weights_for_connections": "Those are the weights. Each of them serves at every "
    "position, with a connection of its own each time.",
    "entries_all_counted": "That counts all entries of the matrix, and its nonzero "
    "ones as if each had a value of its own.",
    "weights_not_shared": "The entries are counted right, but the six rows repeat the "
    "same few weights.",
    "one_row_only": "That is one row of the matrix. There is a row for each position.",
    "bias_is_no_connection": "A bias is no connection: it reads no pixel.",
    "matrix_transposed": "Rows and columns are exchanged: a row for each place, a "
    "column for each sample.",
    "kernel_for_stride": "That is the width of the kernel. By how many columns does it "
    "move from one row to the next?",
    "same_wires_other_weights": "The wires are those of a convolution. Compare the "
    "weights row by row.",
    "zero_is_a_weight": "A kernel may have a weight of zero. Look at the pattern from "
    "row to row.",
    "steps_differ": "Measure each step from row to row: they are not all the same.",
    "cut_by_the_border": "At the ends a part of the kernel lies on zeros that were "
    "added, and is not in the matrix.",
    "weights_shared_here": "That is the layer with shared weights. Here each place has "
    "its own.",
    "one_bias_for_all": "Each place has a bias of its own, too.",
    "over_budget": "That is one too many: multiply it out, and compare with the "
    "budget.",
    "units_forgotten": "The dense layer has ten units, each with all its weights.",
    "colours_forgotten_in_dense": "The dense layer reads all three colours of each "
    "pixel.",
    "kernels_multiplied": "Neighbouring units overlap: each layer adds kernel - 1 "
    "inputs, it does not multiply.",
    "equivariance_for_invariance": "That would be invariance, which takes pooling over "
    "the whole map. The kernel finds the same pattern at its new place.",
    "shared_weights_move": "The kernel meets the same samples two places further on, "
    "and gives the same sums there.",
    "dense_knows_places": "In a dense layer every sample has weights of its own. In "
    "another place it meets others.",
    "one_number_cannot_move": "That is a single number: it has no place to move to.",
    "sum_has_no_places": "The same numbers are added up, in other places.",
    "maximum_has_no_places": "The map moves along, and its largest value moves with "
    "it: it is still there.",
    "whole_windows_move": "Moved by a whole window, the same samples share a window as "
    "before.",
    "other_pairs_meet": "Moved by half a window, other samples share a window than "
    "before.",
    "ends_compared": "The ends were compared as well: there np.roll brings in samples "
    "from the other end, and the map is shorter than the signal.",
    "alarm_missed": "This layer does not move along. Compare all values except the "
    "first s.",
    "shared_slopes_averaged": "The places were averaged. A weight that is used at all "
    "of them gets the sum.",
    "one_place_only": "That is the slope from a single place. A shared weight collects "
    "from all of them.",
    "not_turned_here": "Nothing is turned here: the slope of place i meets the sample "
    "i + a.",
    "slope_back_along_its_wire": "A slope goes back along the wire on which the sample "
    "came, with the same weight: unit i reads sample i + a with the weight a.",
    # 1x1 filters
    "one_by_one_does_nothing": "That is the input unchanged. A 1x1 filter has a weight "
    "for each channel: it scales one channel and mixes several.",
    "positions_summed": "A 1x1 filter sees one position at a time and adds nothing up "
    "between positions.",
    "border_lost_to_one": "A 1x1 filter can be centred on every pixel, so nothing is "
    "lost at the border.",
    "padding_for_one": "That is what a 3x3 filter needs: half of kernel - 1.",
    "about_a_million": "So the lecture says. Multiply: 7 times 7 weights for each of "
    "512 maps, and 64 such filters.",
    "reduction_not_counted": "The 1x1 layer has parameters as well: count both layers.",
    "shape_is_a_tuple": "A tuple is what Keras expects there. Count what is opened and "
    "what is closed.",
    "padding_is_a_word": "Keras takes the words same and valid. Count what is opened "
    "and what is closed.",
    "parentheses_not_counted": "Python would not even start: count what is opened and "
    "what is closed.",
    "filters_for_channels": "The table of weights was read the other way round: a row "
    "belongs to a channel, a column to a filter.",
    "rounded_past_the_limit": "That is one too many: there the sum has passed the "
    "limit. Round down.",
    "one_layer_instead_of_three": "That is one 3x3 layer on all 320 maps, which the "
    "three layers replace.",
    "positions_of_one_row": "That counts the positions of one row. The filter visits "
    "all rows.",
    "order_of_layers": "The order is reversed: what comes first meets the input first, "
    "so its weights stand on the left.",
    "matrix_entry_by_entry": "The weights were multiplied entry by entry. Each new "
    "weight adds up all ways through the maps between.",
    "layers_added": "The weights were added. The second layer multiplies what the "
    "first one makes.",
    "first_bias_lost": "The first layer's biases are lost. They too run through the "
    "second layer.",
    "first_bias_not_mixed": "The first layer's biases were added as they are. They run "
    "through the second layer's weights like any other value.",
    "height_and_width_swapped": "Height and width of the window were exchanged.",
    "positions_mixed_up": "Reshaping does not transpose: values of different places "
    "were taken for the channels of one. Keep the channels last.",
    "averaged_over_batch": "That averages over images. Each image has scores of its "
    "own: average over rows and columns.",
    "sum_for_average": "That is the sum over all places. Divide by their number.",
    "one_by_one_sees_one_pixel": "A 1x1 filter sees one pixel, however many of them "
    "stand in a row.",
    "large_kernel_reads_all": "The large kernel reads all 192 maps. A 1x1 layer in "
    "front of it can leave fewer.",
    "large_kernel_writes_all": "The large kernel makes all 96 maps by itself. A 1x1 "
    "layer behind it can make many maps out of few.",
    "padded_here": "Padding keeps the size here: no place is lost at the border.",
    "outer_layers_not_counted": "That is the 3x3 layer alone. The two 1x1 layers count "
    "as well.",
    # pooling
    "mean_for_max": "That is the mean of each window. Max pooling keeps its largest "
    "value.",
    "max_for_mean": "That is the largest value of each window. Average pooling takes "
    "the mean.",
    "negative_maximum": "A negative value is a value like any other: of -1 and -4 the "
    "larger is -1, not 0.",
    "smallest_for_largest": "That is the smallest value of each window.",
    "sum_of_the_window": "Those are the sums. Divide by the number of pixels in the "
    "window.",
    "mean_for_l2": "That is the mean of the values. L2 pooling squares them first, and "
    "takes the root of the mean of the squares.",
    "max_for_l2": "That is the largest value. In L2 pooling all pixels of the window "
    "have a say, the large ones more.",
    "sum_for_mean": "That is the root of the sum of squares. Divide by the number of "
    "pixels before the root.",
    "depth_pooled": "Pooling works on each map separately: it shrinks height and "
    "width, never the number of maps.",
    "pixels_dropped": "That keeps one pixel of each window and forgets the other "
    "three.",
    "far_pixels_averaged": "Those pixels are half an image apart. In a split axis the "
    "inner part comes last: 6 pixels are 3 windows of 2.",
    "window_for_stride": "The stride is given: 2. Only where none is given does Keras "
    "take the window.",
    "window_is_flat": "The window has height 1 and width 3: it leaves the height as it "
    "is.",
    "pooling_invariant": "Pooling forgives shifts that stay inside a window. Mark the "
    "windows and look in which of them the pixel lies.",
    "noticed_for_forgiven": "Those are the steps that are noticed. The others are "
    "asked.",
    "border_steps_counted": "Between four windows there are three borders.",
    "one_step_a_window": "Count again inside one window: three pixels have two steps "
    "between them.",
    "overlap_shows_twice": "A pixel that lies in two windows shows in both of them. "
    "When it leaves one, the pooled row changes.",
    "ends_overlap_nothing": "At both ends there are pixels that lie in a single "
    "window.",
    "strides_multiply": "Strides multiply along the way: each halving doubles the step "
    "of what follows.",
    "one_halving_short": "That is the step of two halvings. Here there are three.",
    "stride_for_poolings": "That is the step, in pixels, after which the curve is "
    "back. Each pooling doubles it: how many times is 1 doubled?",
    "zero_means_blind": "A curve that stays at zero does not notice any shift. "
    "Poolings with strides bring the places at which it does.",
    "longer_period_more": "The rarer a curve is back at zero, the more strides stand "
    "before it.",
    "one_for_all": "Each map is pooled by itself: one number for each channel.",
    "not_pooled": "That many values go in. Each map leaves one number.",
    "averaged_for_flattened": "That is one number a map, as global pooling leaves. "
    "Flattening keeps all.",
    "padding_wins": "The padding has won: where all pixels of a window are negative, a "
    "0 that does not exist is the largest.",
    "last_window_dropped": "The windows that hang over the edge are missing. With "
    "padding same they count.",
    "window_moved_back": "The last window was moved back into the image. It keeps its "
    "place, and hangs over the edge.",
    "credit_overwritten": "A pixel can be the largest of several windows: their slopes "
    "add up.",
    "credit_shared": "That shares a slope among all pixels of the window, as average "
    "pooling would. The maximum follows one pixel only.",
    "credit_to_all_ties": "Of equally large pixels the first one gets the slope, not "
    "all.",
    "last_of_equals": "Of equally large pixels the first one counts, row by row.",
    "slope_times_value": "The slope was multiplied by the pixel. It is passed on as it "
    "is.",
    "channels_pooled": "That keeps the pixels and merges the channels. Global pooling "
    "does the opposite.",
    "one_axis": "That drops every other row only. The columns are thinned out as well.",
    # losses and gradients
    "true_class_included": "The true class itself was counted: its own margin of 1 is "
    "in the sum. Add over the wrong classes only.",
    "margin_forgotten": "The margin was left out: a wrong class pays as soon as it "
    "comes closer than 1.",
    "negative_terms_kept": "A class that is far behind pays nothing: a negative term "
    "counts as zero.",
    "base_ten": "That is the logarithm to base ten. The losses use the natural one.",
    "probability_for_loss": "That is the probability of the true class. The loss is "
    "minus its logarithm.",
    "minus_forgotten": "The logarithm of a probability is negative; the loss is minus "
    "that.",
    "likelihood_itself": "That is the product, the likelihood itself. Its logarithm is "
    "asked.",
    "loss_for_likelihood": "That is the loss, the negative of what is asked: "
    "logarithms of probabilities are negative.",
    "mean_for_sum": "That is the mean over the examples. The sum is asked.",
    "probabilities_added": "The probabilities were added. Take the logarithm of each "
    "first.",
    "limit_taken": "That is where it ends for ever smaller steps. This step is 0.1.",
    "step_forgotten": "The change has not been set against the step that caused it.",
    "order_of_subtraction": "The order of the subtraction is reversed: after minus "
    "before.",
    "one_rounding": "Two losses are rounded, and their errors may point in opposite "
    "directions.",
    "errors_cancel": "Rounding errors need not cancel: one loss may be rounded up and "
    "the other down.",
    "one_evaluation": "One evaluation gives the loss, and no derivative yet. Each "
    "weight has to be moved by itself.",
    "base_forgotten": "The loss with all weights unmoved is missing: every difference "
    "needs it.",
    "centred_for_forward": "That is the centred form, with two evaluations a weight.",
    "direction_not_unit": "That is the product with the direction as it is. Its length "
    "is 2: divide by it.",
    "partials_added": "The partial derivatives were added. Multiply each by its share "
    "of the direction first.",
    "uphill_is_plus": "The direction points along the gradient, so the loss rises.",
    "norm_not_squared": "Each weight moves in proportion to its derivative, and counts "
    "in proportion to it: the squares add up.",
    "fall_is_positive": "The loss changes by that; it falls by the opposite.",
    "rates_added": "Rates along a chain multiply: each stage scales what arrives.",
    "last_stage_only": "That is the last stage alone. What enters it moves as well.",
    "first_stage_only": "That is the first stage alone. The next one scales its output "
    "again.",
    "no_change_by_itself": "Move z5 by a small step, and see by how much z5 moves.",
    "by_the_other": "That is the derivative by z, the other factor. Keep z still and "
    "move w.",
    "value_for_slope": "That is the product, the value itself, not how fast it "
    "changes.",
    "slope_by_bias": "That is the derivative by the bias. A step of w counts z times.",
    "gradient_rotated": "The output gradient was rotated by 180 degrees. It slides "
    "over the input as it lies.",
    "upstream_for_gradient": "That is the gradient by the output. Each of its values "
    "meets the pixels under the window.",
    "all_win": "Raise a pixel that is not the largest: the output does not move.",
    "gradient_shared": "That is average pooling, which shares equally. In max pooling "
    "one pixel decides.",
    "value_times_gradient": "The output moves by as much as the winner does: the local "
    "derivative is 1, not the value.",
    "one_factor": "Each stage brings a factor of its own, and they multiply.",
    "not_quite_zero": "Very small, but not zero: write it as a power.",
    "true_class_unmoved": "The true class stands in each of these terms, with a minus: "
    "raising its score lowers them all.",
    "size_for_slope": "Those are the terms themselves. Each grows with its score at "
    "the same rate, one for one.",
    "one_way_only": "That is one way alone. What acts along several ways has a rate "
    "for each, and they add up.",
    "ways_multiplied": "Two ways were multiplied. Along one way rates multiply; "
    "different ways add up.",
    "loss_left_out": "That stops before the loss, which multiplies by a slope of its "
    "own.",
    "share_not_divided": "Each pixel got the whole gradient. An average gives each of "
    "its pixels an equal share.",
    "divided_by_side": "Divided by the side of the window. It has side times side "
    "pixels.",
    "map_repeated": "The whole map was laid side by side. Each value belongs to one "
    "window: repeat it in place.",
    "forward_for_centred": "That is the forward difference: it steps to one side, and "
    "sets it against the middle.",
    "two_steps_apart": "From one step below to one step above it is two steps. Divide "
    "by both.",
    "limit_taken_of_differences": "That is the exact derivative, for ever smaller "
    "steps. With this step a small rest remains.",
    "all_moved_at_once": "All weights were moved at the same time. Move one, and put "
    "it back before the next.",
    "weights_left_moved": "A weight was not put back. The differences after it are "
    "taken at another place.",
    "sum_for_mean_loss": "That is the gradient of the sum. In the mean each example "
    "has an equal share: divide by the batch size.",
    "divided_by_classes": "Divided by the number of classes. The mean is taken over "
    "the examples.",
    "truth_minus_probability": "That is the truth minus the probabilities, the way "
    "down. A gradient points up: probabilities minus truth.",
    "truth_left_out": "Those are the probabilities alone. From the one of the true "
    "class 1 is subtracted.",
    "softmax_over_batch": "Those probabilities add up to 1 over the batch. Each "
    "example has its own: sum over its classes.",
    "exponential_overflows": "No computer holds the exponential of 1000. Subtract the "
    "example's largest score first: no probability changes.",
    "gradients_overwritten": "A pixel may win in several windows. What they hand back "
    "adds up, and must not be overwritten.",
    "mask_forgotten": "The gradient went through the ReLU everywhere. It passes only "
    "where the ReLU's input was positive.",
    "mask_of_the_gradient": "The gradient's own sign was asked. What counts is the "
    "sign of the ReLU's input on the way forward.",
    "shortcut_forgotten": "The input also reaches the sum directly, and its gradient "
    "that way is missing.",
    "transposed_or_masked": "Transposing moves numbers and changes none. A missing "
    "mask changes numbers, of one unit here.",
    "one_factor_for_all": "Divide by the right gradient, entry by entry. A sum for a "
    "mean is one factor for all entries.",
    "rounding_is_no_fault": "A difference in the tenth digit is the rounding of the "
    "differences. Nothing is wrong there.",
    # features
    "histogram_has_places": "A histogram only counts. Ask what of each pixel it keeps.",
    "edge_for_slope": "That is the direction of the edge. The slope is square to it, "
    "from dark to bright.",
    "bins_from_one": "The bins are counted from 0, and opposite directions share one.",
    "bins_forgotten": "Those are the cells. Each of them has a histogram.",
    "pixels_for_cells": "That is a histogram for each pixel. There is one a cell.",
    "one_cell_only": "That is a single cell. Count the cells in each direction.",
    "legs_added": "The two parts stand at right angles: their squares add up, and the "
    "root is taken.",
    "one_leg_only": "That is one of the two parts of the slope.",
    "down_has_a_sign": "The lower neighbour is darker, so this part is negative: the "
    "slope points up.",
    "opposite_is_one": "A direction and its opposite count as one: bring the angle "
    "between 0 and 180 by adding or taking away 180.",
    "slope_square_to_edge": "That follows the edge. The slope stands square to it, and "
    "points to where it becomes brighter; angles are counted downwards.",
    "three_histograms": "That counts each colour by itself. A pixel belongs to one box "
    "of three indices.",
    "colours_reversed": "The channels are reversed: red comes first, blue last.",
    "shares_for_counts": "Those are shares. Asked is how many pixels.",
    "marked_not_counted": "Several pixels of one box were counted once: with an array "
    "of indices += adds one only once to each box.",
    "nine_bins_assumed": "Here each cell has eight bins, not nine.",
    "cells_of_8_assumed": "Here the cells have 12x12 pixels.",
    "nearest_word": "One patch went to a word that is not the nearest: measure both "
    "distances.",
    "counts_added_up": "Those counts were added up from left to right. Count each word "
    "by itself.",
    "template_per_class": "One template a class is what a linear classifier has. Here "
    "each hidden unit looks at the image.",
    "weights_for_templates": "Those are the weights. All weights of one unit make one "
    "template.",
    "later_layers_see_no_image": "The output units read the hidden layer, not the "
    "image: their weights are no pictures.",
    "directions_learned": "The directions and bins were fixed by a person. Only what "
    "comes behind HoG has weights.",
    "features_learned": "HoG itself has nothing to learn: those are its outputs. Count "
    "the weights behind them.",
    "scores_read_hidden": "The scores read the 20 hidden units, no longer the "
    "features.",
    "differences_cancel": "The differences were added up before their size was taken: "
    "plus and minus cancel.",
    "farthest_word": "That is the word furthest away.",
    "sum_for_mean_of_points": "Those are sums. A word moves to the mean of its points.",
    "empty_word_lost": "A word without points stays where it is.",
    "word_is_no_point": "The old word was counted as a point. Only points count.",
    "median_for_mean": "That is the median of each coordinate. The mean is asked.",
    "step_uphill": "That is a step along the slope, upwards. Gradient descent goes "
    "against it.",
    "two_of_the_square": "The factor 2 is missing: the slope of a square is twice the "
    "error.",
    "mean_of_the_errors": "The loss is a mean: divide by the number of places.",
    "slope_returned": "That is the slope. Asked is the kernel after the step.",
    "later_variant": "That is a later variant in one piece, found in model libraries.",
    "one_of_two_groups": "That is one of the two graphics cards: each held half.",
    # filters
    "kernel_sum_ignored": "On a flat area each weight meets the same brightness, so "
    "brightness times the sum of the weights comes out. Add up the weights.",
    "centre_only": "That is the middle weight alone. The neighbours are as bright as "
    "the middle here, and their weights count as well.",
    "two_pixels_apart": "The left and the right neighbour are two pixels apart, so "
    "they differ by twice the step.",
    "one_row_of_kernel": "That is one row of the kernel. All three rows meet the same "
    "pixels here: add them.",
    "zero_sum_is_not_blind": "Weights that sum to zero are blind to flat areas only. "
    "Here the pixels differ.",
    "passes_appended": "The second pass does not follow the first on the same pixels: "
    "it reads sums, each made of two pixels.",
    "edges_kept": "Nothing cuts the result off, and at the step the middle pixel and "
    "its neighbour differ. Write out the sum for the pixel beside the step.",
    "sides_swapped": "The sides are swapped: on the dark side the bright neighbour is "
    "subtracted, so it becomes darker still.",
    "sign_swapped": "Right but for the sign: look whether bright on that side counts "
    "plus or minus.",
    "moves_against_the_weight": "The output takes over the pixel on which the weight "
    "lies. A weight on the right fetches the right neighbour, so the image moves to "
    "the left.",
    "three_columns_add": "Three columns add up: each of them should give a part of "
    "what you want.",
    "noise_on_few_weights": "Spread the same sums over more weights of equal size: "
    "their squares add up to less.",
    "zero_border_counts": "A border of zeros adds nothing to the sum, but the kernel "
    "is larger, and has to fit.",
    "negatives_overlooked": "Not every product is 1: look where a pixel and its weight "
    "differ, and at the pixels that are 0.",
    "all_bright": "That is a patch of ones. The negative weights are better met by "
    "something else.",
    "all_dark": "Black gives 0. Put ones where the weights are negative, and it "
    "becomes less.",
    "zeros_cannot_help": "A weight that meets a 0 adds nothing, and takes nothing "
    "away: it needs a pixel of -1 to turn its sign.",
    "negatives_agree": "A pixel of -1 under a negative weight adds something, too.",
    "weights_not_one": "That counts the pixels that agree. Here the weights differ in "
    "size.",
    "sum_of_products": "Lay the filter on a patch that looks like it: each of the "
    "three ones on the diagonal adds 1, the zeros nothing.",
    "search_stopped": "The search stopped early: the filter slides over the whole "
    "image.",
    "sum_for_agreements": "That is the sum: agreements minus disagreements. How many "
    "agree?",
    "bright_only": "Those are the bright pixels. Where pixel and weight are both -1 "
    "they agree as well.",
    "cut_off": "That is 7/9 = 0.777... cut off. The next digit is a 7.",
    "division_left_out": "That is the sum before it is divided by nine.",
    "mirror_image": "That is the mirror image. A filter answers most where the image "
    "looks like the filter.",
    "sign_counts": "A strong negative answer is strong as well: compare sizes.",
    "weakest": "That is the weakest answer; asked is the strongest.",
    "counted_from_one_index": "Indices are counted from 0: the first is 0.",
    "dictionary_order": "List the words in another order: the sentence stays the same, "
    "and the neighbours change.",
    "wraps_around": "Numbers of so few bits wrap around: 20 - 30 in eight bits without "
    "a sign is 246. Convert before you subtract.",
    "sign_lost": "The sizes are right, the signs are lost.",
    "negatives_cut": "Negative differences were cut off at zero.",
    "fractions_cut": "The fractions were cut off: images may hold floats.",
    # activations
    "one_layer_only": "That is the kernel of one layer. The second one reads outputs "
    "of the first, which have read pixels further out.",
    "sides_multiplied": "Windows overlap: the second kernel adds two pixels, it does "
    "not multiply.",
    "slopes_divided": "The slope was divided by the number of layers. Each layer "
    "multiplies by it once more.",
    "slopes_added": "The slopes were added up. Along a chain they multiply.",
    "last_layer_alone": "That is one layer. Each of the ten brings its own factor.",
    "relu_slope_one": "That holds for positive inputs only. To the left of zero the "
    "curve is flat.",
    "input_for_slope": "That is the input itself. Ask how much the output changes when "
    "it moves a little.",
    "dead_unit_learns": "Its sum is negative for all three inputs, and there ReLU is "
    "flat: whatever the loss asks for, nothing gets through.",
    "elu_like_relu": "ReLU ends at zero. ELU bends down to -alpha.",
    "elu_passes_on": "Only the right half passes on what it gets. On the left stands "
    "an exponential.",
    "elu_sign": "The sign is lost: the exponential vanishes, and the rest is minus "
    "alpha.",
    "inner_factor_missing": "The factor sqrt(2/pi) inside the tanh is missing: the "
    "chain rule brings it down.",
    "value_not_slope": "That is the value of the function. Ask how fast it changes.",
    "product_rule_forgotten": "x stands in two places. The second one, inside the "
    "tanh, was held fixed.",
    "near_is_not_equal": "The curves are hard to tell apart by eye. Subtract them.",
    "slope_of_the_gate": "That is how fast the gate opens. At zero, what counts is how "
    "far it is open.",
    "gate_open": "The gate is half closed at zero.",
    "slopes_of_activations_forgotten": "Those are the weights alone. Each activation "
    "multiplies by its slope as well.",
    "weights_on_the_way_forgotten": "Those are the slopes of the activations alone. "
    "Each weight multiplies as well.",
    "leak_forgotten": "That is a plain ReLU. A leaky one lets a tenth through on the "
    "left.",
    "leak_everywhere": "One of the sums is positive, and there the slope is 1.",
    "upstream_left_out": "That is the slope itself. It multiplies the gradient that "
    "arrives.",
    "alpha_left_out": "Alpha is missing: it stands before the exponential, and before "
    "its slope.",
    "slopes_exchanged": "From the value s the sigmoid's slope is s (1 - s), and that "
    "of tanh is 1 - s^2.",
    "largest_slope": "That is the slope of the sigmoid at zero, its largest.",
    "relu_for_softplus": "Softplus is a ReLU with a rounded corner: near zero the two "
    "differ.",
    "exponential_of_the_large_side": "The exponential of a large number overflows. For "
    "positive x take x + log(1 + exp(-x)).",
    "one_swallows": "Added to 1, a number below 1e-16 is lost, and the logarithm of 1 "
    "is 0. np.log1p(y) is the logarithm of 1 + y without this loss.",
    "gate_held_fixed": "x stands in two places. The one inside the gate was held "
    "fixed.",
    "inner_beta_missing": "The beta inside the gate is missing: the chain rule brings "
    "it down.",
    "shared_gradient_adds_up": "It is one number that serves all inputs, so what each "
    "of them asks for adds up.",
    "x_stands_twice": "One x stands before the gate, and one comes down from inside "
    "it: together its square.",
    "right_half_counted": "Inputs right of zero were counted. They do not meet alpha, "
    "so they have no say in it.",
    "sign_of_the_input_lost": "The sign of the input is lost: a larger alpha makes "
    "these outputs more negative.",
    "slope_by_the_other": "That does not use the value of the input. The derivative of "
    "alpha times x by alpha is x.",
    "channels_added_up": "The channels were added up. Each has an alpha of its own: "
    "keep the last axis.",
    "examples_kept_apart": "Each example has a gradient of its own there. Alpha serves "
    "all examples, so they add up.",
    "mean_for_shared_gradient": "That is a mean. A weight that is used at many places "
    "gets the sum of their gradients.",
    "off_once": "A unit that is off for one example, or on average, is not dead: one "
    "example that gets through keeps it alive.",
    "zero_passes_nothing": "At a sum of exactly zero the slope counts as zero: nothing "
    "gets through.",
    "examples_for_units": "Those are examples, not units: units are the columns of the "
    "sums.",
    "alive_for_dead": "Those are the units that live; asked are the dead ones.",
    "factor_of_one_layer": "Nine layers are passed. The ninth root of what is left is "
    "the factor of one: a half, or about a quarter?",
    "sigmoid_slope_one": "A sigmoid's slope is at most a quarter, so each layer "
    "shortens the gradient.",
    "way_back_from_the_end": "The gradient comes from the last layer. Read the "
    "curve from the right to the left.",
    "tanh_square_left_out": "The square is missing: the slope of tanh is 1 minus the "
    "square of its value.",
    "slope_not_value": "That is the slope of the function. Asked is its value.",
    "right_half_slope": "That is the slope right of zero. On the left the leak counts.",
    # initialisation and normalisation
    "variance_for_deviation": "That is the variance. The standard deviation is its "
    "root.",
    "deviation_for_variance": "That is the standard deviation. The variance is its "
    "square.",
    "kernel_area_forgotten": "The kernel's area is missing: each output reads all its "
    "pixels on all channels.",
    "channels_forgotten": "The channels are missing: each output reads the kernel's "
    "pixels on all of them.",
    "xavier_for_he": "That is the rule without ReLU. The factor 2 makes up for the "
    "half that ReLU cuts off.",
    "xavier_variance_halved": "Dividing by a half doubles: the 2 stands inside, under "
    "the n.",
    "xavier_deviation_halved": "That halves the deviation. Here the 2 stands under the "
    "root, below n.",
    "bound_of_the_root": "That is the gain for the bound 1/sqrt(25). The printed bound "
    "is smaller.",
    "uniform_variance": "The square of the bound is not yet the variance: a uniform "
    "variable has a third of it.",
    "one_term_of_the_sum": "That is one product. 25 of them are added up, and their "
    "variances with them.",
    "divided_by_one_less": "The variance was divided by 3. Batch normalization divides "
    "by the number of values.",
    "beta_first": "Beta was added before scaling. Scale first, then shift.",
    "gamma_beta_forgotten": "Normalised rightly. Gamma and beta are still to come.",
    "bias_survives": "A bias moves all values of a channel alike, and their mean with "
    "them. The mean is subtracted.",
    "batch_layer_swapped": "Swapped: batch normalization has a mean for each channel, "
    "layer normalisation for each image.",
    "values_for_means": "That is how many values share a mean. Asked is how many means "
    "there are.",
    "batch_of_one": "That treats x as a batch of its own. In use the running "
    "statistics take the batch's place.",
    "divided_by_variance": "Divided by the variance. Take its root.",
    "not_divided": "The mean is subtracted. The standard deviation is missing.",
    "plain_mean": "That is the mean of the three. A running mean moves a tenth of the "
    "way each time.",
    "momentum_swapped": "Momentum is the share of the old average that stays, not of "
    "the new one.",
    "last_batch_only": "That is the last step from 0. The first two batches have moved "
    "it already.",
    "deviation_for_bound": "That is the standard deviation. A uniform variable reaches "
    "further: its variance is b squared over 3.",
    "fan_out_for_fan_in": "That counts filters. What an output adds up are the "
    "kernel's pixels on all channels that come in.",
    "square_of_the_bound": "That is the square of the bound. Take its root.",
    "start_ignored": "The average began at 0. It begins where it is told to.",
    "plain_running_mean": "That is the plain mean of the batches so far. Here old "
    "batches fade.",
    "always_from_the_start": "Each step began at the start again. It begins where the "
    "one before it has ended.",
    "instance_for_batch": "Each image was normalised by itself. In training the "
    "statistics run over the whole batch.",
    "channels_interleaved": "Every other channel was taken. Neighbouring channels make "
    "a group.",
    "one_group": "That is one group of all channels, which is layer normalisation.",
    "divided_by_one_less_group": "The variance was divided by one less than the number "
    "of values.",
    "statistics_over_images": "The statistics ran over all images. Group normalisation "
    "treats each image by itself.",
    "raw_input_for_normalised": "Gamma multiplies the normalised values, not the input "
    "as it came.",
    "gamma_before_beta": "Beta is added behind gamma, so gamma has no part in its "
    "gradient.",
    "statistics_fixed": "The mean and the variance were held fixed. In training each "
    "value moves them, and with them all others.",
    "variance_fixed": "The mean is taken care of, but the variance moves with each "
    "value as well.",
    "gamma_left_out": "Gamma is missing: what arrives at the normalised values has "
    "passed it.",
    "scaled_along_the_input": "The scale was laid along the channels that come in. It "
    "belongs to the filters, the last axis.",
    "epsilon_outside_the_root": "Epsilon was added behind the root. It stands under "
    "it, with the variance.",
    "scale_forgotten": "The kernel as it was. What comes out is scaled, and so must be "
    "the weights.",
    "mean_not_subtracted": "The running mean is subtracted from what the convolution "
    "gives: the bias has to do that.",
    "mean_not_scaled": "The mean is subtracted before scaling, so gamma and the root "
    "act on it too.",
    "sign_of_the_mean": "The mean is subtracted, not added.",
    "beta_scaled": "Beta is added behind the scaling.",
    "running_in_training": "Those are the running averages. In training the statistics "
    "of the batch itself count.",
    "averages_do_not_move": "The averages did not move. In training they go towards "
    "the statistics of the batch.",
    "averages_lag": "90 steps of a hundredth each leave two fifths of the start in the "
    "averages: that is a matter of their momentum.",
    "value_is_its_own_mean": "A batch of one is its own mean: what is left of it is "
    "zero, whatever the image.",
    "xavier_for_he_deep": "A variance of 1 over the fan-in is halved by each ReLU; 2 "
    "over the fan-in makes up for it, and equal weights do not fade so.",
    "equal_units_stay_equal": "Random weights, of whatever variance, tell units apart. "
    "Units that start equal get the same gradients for ever.",
    "batch_alone": "Those are the statistics of the batch alone. Only a share of them "
    "enters the averages.",
    # optimisers and schedules
    "slope_of_square": "The slope of x^2 is 2x, so a step multiplies x by 1 - 2 rate. "
    "Ask when this factor is outside -1 to 1.",
    "sides_alternate": "One rate multiplies by 0.8 in each step, the other by -0.8: it "
    "changes sides, and the distance to zero is the same.",
    "saddle_pushes": "On this line the slope across it is exactly zero, so nothing "
    "pushes. Noise or a start beside the line would.",
    "divided_by_square": "Divided by the square of the batch size. The mean of n "
    "independent values has an n-th of their variance.",
    "sum_varies": "That is the variance of the sum of two. Their mean is half the sum.",
    "last_batch": "The last batch is smaller, and it is a step too.",
    "momentum_forgotten": "That is plain gradient descent: the velocity keeps a share "
    "rho of what it was.",
    "mean_for_velocity": "That takes a mean, in which a new gradient counts 1 - rho. "
    "Here it enters the velocity in full.",
    "two_terms": "That is one step of the way. Add up 1 + 0.9 + 0.9^2 and so on.",
    "signs_unchecked": "Follow the signs as they are written: a minus in the first "
    "line meets a minus in the step.",
    "scale_kept": "Each weight is divided by the root of its own squared gradients, "
    "which takes its scale out.",
    "scale_inverted": "The division equals the two out, it does not turn them round.",
    "rate_times_gradient": "That grows with the gradient, as in gradient descent. Adam "
    "divides the gradient by its own size.",
    "correction_forgotten": "That is the step without bias correction: 0.1 over the "
    "root of 0.001.",
    "range_end": "A range in Python leaves out its end.",
    "rate_left_out": "The learning rate multiplies what was added to the gradient.",
    "square_forgotten": "The slope of l2 times w^2 is 2 l2 times w: the square brings "
    "a factor of two.",
    "drops_counted": "Count the drops up to this epoch, each to a tenth.",
    "linear_for_cosine": "That is a straight line. A cosine falls slowly at first.",
    "cosine_not_shifted": "A cosine runs from 1 to -1. To run from 1 to 0 it is "
    "shifted up by one and halved.",
    "velocity_goes_on": "That stops where the gradient is zero. The velocity is not, "
    "and the weight follows it.",
    "smooth_for_stairs": "That falls a little in each epoch. A step schedule stays "
    "level between its drops: count whole ones.",
    "drop_one_epoch_early": "That drops one epoch early: with epochs from 0, the first "
    "drop comes when as many have passed.",
    "drop_before_the_start": "That has dropped before the first epoch.",
    "drop_in_each_epoch": "That drops in each epoch. Count the drops up to this epoch.",
    "factors_multiply_up": "Drops multiply: after n of them it is the factor to the "
    "power of n.",
    "flat_direction": "That is the limit of the flat direction. The steep one diverges "
    "long before.",
    "arrival_for_limit": "With that rate the steep direction arrives in a single step. "
    "It diverges at twice of it.",
    "curvatures_added": "The directions do not mix: each has a limit of its own, and "
    "the lowest counts.",
    "root_forgotten": "The root is missing: the step is divided by the root of the "
    "average square.",
    "shares_swapped": "The shares are swapped: b1 and b2 are what stays of the old "
    "averages.",
    "corrected_returned": "Those are the corrected averages. What is kept for the next "
    "step is the uncorrected one.",
    "steps_from_zero": "The steps were counted from 0. The first one is t = 1.",
    "epsilon_under_the_root": "Epsilon was added under the root. In Adam it stands "
    "behind it.",
    "decay_inside_adam": "The decay went through the gradient, and through Adam's "
    "division. In AdamW it stays outside.",
    "decay_without_rate": "The decay is multiplied by the learning rate, as all of the "
    "step is.",
    "decay_left_out": "The decay is missing: it shrinks the weights too.",
    "decay_after_the_step": "The decay took a share of the weights after the step. It "
    "takes it of those before.",
    "memory_for_direction": "The direction is the sign of the new memory there. It has "
    "a mixture of its own, with more of the new gradient.",
    "sign_left_out": "The sign was not taken: in Lion each weight moves by the same "
    "length.",
    "shares_swapped_lion": "The two shares were exchanged: b1 belongs to the "
    "direction, b2 to the memory.",
    "memory_moved_first": "The memory was moved first. The direction uses the one from "
    "before the step.",
    "memory_left_out": "The direction is that of the new gradient alone.",
    "warmup_one_step_early": "That is one step ahead: the rate is zero at step 0, and "
    "the peak at the step that the warm-up is long.",
    "warmup_from_the_floor": "The warm-up begins at zero, not at the floor.",
    "fall_without_warmup": "The rate falls from the beginning there. First it has to "
    "rise.",
    "fall_takes_what_is_left": "The fall begins where the warm-up ends, and takes the "
    "steps that are left.",
    "floor_on_top": "The floor was added to the whole wave, so it starts above the "
    "peak. The wave goes from the peak to the floor.",
    "cut_at_floor": "The wave was cut off at the floor. It is to be flatter, and reach "
    "the floor at the end only.",
    "quarter_wave": "That is a quarter of a wave, which ends steeply. Half a wave is "
    "flat at both ends.",
    "length_of_each_array": "Each array got a length of its own. Measure all of them "
    "as one long vector.",
    "clipped_entry_by_entry": "Each entry was cut by itself, which turns the "
    "direction. One factor for all keeps it.",
    "length_one": "That has the length 1. The limit is missing.",
    "square_of_the_length": "That divides by the square of the length. Take its root.",
    "lengths_added": "Lengths were added. The square of the common length is the sum "
    "of their squares.",
    "short_ones_lengthened": "A gradient below the limit was lengthened. Clipping only "
    "shortens.",
    "sudden_for_gradual": "A step makes a run quiet at one moment, after a long "
    "restless stretch. A cosine makes it quieter all the time.",
    "rate_must_have_fallen": "It becomes quiet at one moment. A constant rate goes on "
    "jumping.",
    "beyond_the_limit": "Two over the curvature of 2 is the limit, and only one rate "
    "is beyond it: its loss grows without end.",
    "slow_from_the_start": "A low rate is slow from the first step on. Compare the "
    "first twenty.",
    "restless_not_diverging": "It jumps, but does not grow: the noise of a rate that "
    "is neither too low nor beyond the limit.",
    "correction_left_out": "That is the step without the correction for the start at "
    "zero. At first both averages are too small.",
    "square_brings_two": "The slope of 3x^2 is 6x: the square brings a factor of two.",
    "decay_grows": "The weight has grown. The decay takes a share of it away.",
    # regularisation
    "underfit_for_overfit": "That cures overfitting. Here training and validation are "
    "equally bad: the network is too small or not trained enough.",
    "constant_forgotten": "Count the coefficients: degree 8 has nine of them, the "
    "constant included.",
    "root_taken": "That is the length of the vector, a root. The penalty is the sum of "
    "squares itself.",
    "signs_kept": "The signs were kept, so weights cancel. A penalty counts the size "
    "of each weight.",
    "absolute_for_squares": "That adds up absolute values, which is L1. L2 adds up "
    "squares.",
    "squares_for_absolute": "That adds up squares, which is L2. L1 adds up absolute "
    "values.",
    "beta_forgotten": "Beta is missing: only half of the squares counts here.",
    "beta_on_both": "Beta stands before the squares alone, not before the absolute "
    "values.",
    "n_forgotten": "The penalty was not divided by n.",
    "half_factor": "There is no factor one half in this penalty. Conventions differ: "
    "read the formula.",
    "beyond_zero": "The pull of |w| stops at zero, and turns round behind it.",
    "scaled_not_cut": "That is what the squared penalty does: it halves. The absolute "
    "value subtracts, and stops at zero.",
    "penalty_ignored": "That is the best w without the penalty.",
    "improvement_missed": "Epoch 5, with 0.54, is better than epoch 3: the count of "
    "epochs without improvement begins anew.",
    "last_for_best": "The last epoch is not the best: training went on for three "
    "epochs to be sure.",
    "counted_from_one": "Right, but counted from 1. The first epoch is epoch 0.",
    "masks_added": "The choices multiply: each unit doubles the number of networks.",
    "one_at_a_time": "That drops exactly one at a time. Each unit is dropped or not, "
    "whatever the others do.",
    "none_dropped_forgotten": "One is missing: the mask that drops all, or the one "
    "that drops none.",
    "drop_rate_for_keep": "That uses the rate at which units are dropped. What counts "
    "is the share that is kept, here 0.8.",
    "scaled_up_at_test": "Dividing is for training (inverted dropout). Here training "
    "drops only, so the test has to scale down.",
    "not_scaled": "Unscaled, the mean would be 0.8. Inverted dropout makes up for that "
    "in training.",
    "scaled_down": "The mean would fall twice: by dropping and by scaling. The kept "
    "ones are scaled up.",
    "mean_through_relu": "Compute both: the ReLU cuts off the -4 before the mean, not "
    "after it.",
    "losses_not_averaged": "The losses of the examples were added up. The cost takes "
    "their mean.",
    "strength_forgotten": "The penalty was added in full. Its strength lambda "
    "multiplies it.",
    "slope_for_value": "That is how fast the penalty changes. Asked is by how much it "
    "is smaller afterwards.",
    "compared_with_the_last": "The loss was compared with the epoch before. What "
    "counts is the best one so far.",
    "patience_overdrawn": "One epoch too many: training stops in the epoch in which "
    "the patience is used up, not in the one behind it.",
    "small_change_counted": "A fall by less than min_delta is no improvement: it does "
    "not set the patience back.",
    "share_of_the_start": "The same amount was taken off in each step. The pull "
    "follows the weight: each step takes a share of what is left.",
    "rate_not_applied": "The learning rate is missing: a step takes the rate times the "
    "slope.",
    "not_yet_half": "Nearly: after that many steps a little more than half is left.",
    "relu_behind_the_mean": "The ReLU was applied to the mean. Each mask has its own "
    "sum, and each sum is cut off at zero before the mean is taken.",
    "share_kept_forgotten": "The sum was not scaled: in training only a share of the "
    "inputs arrived, so at test time it is multiplied by that share.",
    "sum_over_masks": "That is the sum over the masks. Divide by their number.",
    "test_set_chose": "The test set chose that setting, so its number is too good: it "
    "is the luckiest of five. Choose on the validation set.",
    "validation_reported": "The setting is right. But its validation accuracy is the "
    "best of five, and so flattered: the test set has not been used for a choice.",
    "smallest_gap_chosen": "The smallest gap is no aim by itself: there both sets do "
    "badly.",
    "training_set_chose": "The training set cannot choose: a network that learns it by "
    "heart always wins.",
    "turn_overlooked": "Follow the validation loss to the end: it turns and rises "
    "while the training loss goes on falling.",
    "small_gap_is_normal": "A small gap is normal. Overfitting shows when the "
    "validation loss rises, or stays far above.",
    "level_is_low": "Both losses level off far below what guessing costs: there is no "
    "lack of capacity here.",
    "level_is_high": "Both losses stay near what guessing costs: the network has "
    "hardly learned anything, neither of the one nor of the other.",
    "level_is_flat": "Both losses are flat over the last twenty epochs. More of the "
    "same would change nothing.",
    "still_falling": "Look at the right end: both losses are still falling.",
    "validation_is_below": "Which curve is above? The network does better on new "
    "images than on those it learns from, and only noise in training does that.",
    "kept_not_scaled_up": "The kept units are not scaled up: over many draws the mean "
    "would be smaller than x.",
    "divided_by_drop_rate": "That divides by the share that is dropped. Divide by the "
    "share that is kept.",
    "mask_turned_round": "The mask is turned round: a unit is dropped where its draw "
    "is below the rate.",
    "below_not_at_most": "A draw equal to the rate is not below it: that unit stays.",
    "gradient_not_masked": "A dropped unit put out zero whatever its input was: no "
    "gradient comes back through it.",
    "gradient_not_scaled": "A kept unit was scaled up on the way forward. By the chain "
    "rule its gradient is scaled by the same factor.",
    "divided_first": "The order is the other way round: the sum of both slopes is zero "
    "where the value, less the strength, is divided.",
    "strength_on_both": "The strength multiplies both parts of the penalty, the "
    "squares too.",
    "beta_left_out": "Beta is missing in the divisor.",
    "one_side_only": "That is right for positive values. A negative one is pulled up, "
    "towards zero.",
    "absolute_left_out": "Only the squares were considered: the absolute value takes "
    "off a fixed amount first.",
    "squares_left_out": "Only the absolute value was considered: the squares divide "
    "what it leaves.",
    # augmentation
    "zero_shift_forgotten": "A shift by zero counts in each direction: from -2 to 2 "
    "there are five, not four.",
    "flips_forgotten": "The mirror images are missing: they double the number.",
    "itself_too": "The unmoved image is among them: it is one of the shifts, by zero.",
    "one_axis_only": "That is one direction. The crop can move down as well as right.",
    "contrast_around_zero": "That stretches from zero. Contrast stretches around the "
    "mean, which stays where it is.",
    "brightness_forgotten": "Contrast is there, the brightness is not yet added.",
    "flip_keeps_label": "For animals yes. Draw a 2 or a 5 and look at it in a mirror.",
    "corners_coincide": "At 224 there is no room: all four corners and the centre are "
    "the same square.",
    "random_validation": "A judge that draws at random gives another verdict each "
    "time. Validation and test stay fixed.",
    "shift_by_zero_counts": "No shift at all is one of the shifts: from -3 to 3 there "
    "are seven, not six.",
    "contrasts_forgotten": "The contrasts are missing: each of them makes another "
    "image.",
    "choices_added": "Choices that are made independently multiply, they do not add "
    "up.",
    "shifts_not_square": "The shifts differ: up and down by more pixels than left and "
    "right.",
    "comes_back_in": "What leaves at one side comes back in at the other. Copies of "
    "the border should enter.",
    "black_border": "Black enters at the border. Copies of the nearest pixels should.",
    "other_direction": "It moves the other way: positive numbers move the content down "
    "and to the right.",
    "square_assumed": "That is a square image. This one is wider than high, and keeps "
    "its proportions.",
    "corner_for_centre": "The square begins at (row, column). It should lie around it, "
    "and begin half its size before.",
    "negative_index": "Where the square reaches over the upper or left border its "
    "first index is negative, and NumPy counts a negative index from the end.",
    "input_changed": "The image that was passed in has changed. Write into a copy.",
    "rest_set_to_zero": "The square was kept and the rest set to zero. It is the other "
    "way round.",
    "box_width_forgotten": "That is where the box ends in the mirror. Its left edge is "
    "a box's width further left.",
    "last_column_counts": "One column too far left: a box that touches the right "
    "border begins in column 0 afterwards.",
    "label_left_behind": "The image was transformed, and the label is still that of "
    "the old one.",
    "box_not_cut": "The box was moved, but it reaches over the border of the crop: cut "
    "it off there.",
    "cut_part_still_counted": "What lies above or to the left of the crop was cut off, "
    "but the height or the width still counts it.",
    "nothing_left": "Nothing of the box lies in the crop. A box without height or "
    "width is no box.",
    "sign_of_the_axis": "The axis points the other way: its three entries should add "
    "up to something positive.",
    "variance_left_out": "The variance is missing: along an axis on which colours vary "
    "little, the offset is small.",
    "largest_axis_first": "The order is turned round: eigh puts the smallest variance "
    "first, and so do the strengths.",
    "divided_by_n_minus_one": "The covariance was divided by n - 1. Here it is divided "
    "by n.",
    "not_centred": "The mean colour was not subtracted: that measures how bright the "
    "pixels are, not how they vary.",
    "colour_is_the_label": "Here the colour is what tells the classes apart: a red "
    "tomato that was turned green has the wrong label.",
    "nothing_is_up": "Seen from straight above, or in a microscope, there is no up and "
    "no down: turned or mirrored, it could have come like that.",
    "left_becomes_right": "In a mirror a sign that points left points right, and that "
    "is another class.",
    "place_is_no_label": "A digit is the same digit two pixels further. It stays "
    "inside of the image.",
    "light_is_no_label": "A shirt in weaker light is a shirt: contrast says nothing "
    "about the class.",
    "letter_becomes_letter": "Turned by half a circle a b becomes a q, and a d becomes "
    "a p.",
    "drawn_once": "The draw was made once, before the first epoch: from then on each "
    "image looks the same every time.",
    "one_draw_a_batch": "There is one random number for the whole batch: either all of "
    "its images are mirrored, or none.",
    "mean_of_training": "The mean is that of the training images alone, and it is "
    "fixed before training. Validation images may be shifted by it.",
    "test_images_in_the_mean": "The mean is computed from the test images too, so the "
    "network has seen something of them.",
    "vote_and_mean_agree": "Vote and mean agree. A vote counts the same whether a view "
    "is sure or not; the mean listens more to those that are sure.",
    "row_for_eigenvector": "A row of the matrix was taken for an axis. eigh puts one "
    "eigenvector in each column.",
    "cropped_out_of_the_count": "Whoever stands outside of the crop is no longer in "
    "the picture, and the count is wrong.",
    # architectures
    "needs_227": "55 is what the paper prints. (224 - 11)/4 + 1 is 54.25: its 55 "
    "places need 227 pixels.",
    "map_without_padding": "That reads a map of 2x2, which is what is left without any "
    "padding. AlexNet pads, and ends in 6x6.",
    "groups_halve_filters_too": "The filters are shared out, not halved: both towers "
    "together still have 256 of them.",
    "rounded_up": "That rounds up, as the paper's program did. A Keras layer leaves "
    "out the window that does not fit.",
    "pooling_left_out": "That is the map of the convolution. Pooling with stride 2 "
    "still comes.",
    "about_122_million": "So the lecture says. Multiply the three products out and add "
    "them.",
    "classes_1024": "That has 1024 classes, as the lecture's last term. ImageNet's "
    "challenge has 1000.",
    "first_dense_alone": "That is the first of the three dense layers alone.",
    "bytes_for_values": "Those are millions of numbers. Each of them takes four bytes.",
    "megabytes_for_mebibytes": "Those are megabytes of a million bytes. A MiB is "
    "1,048,576 of them.",
    "one_layer_counted": "That is one 3x3 layer. The stack has three of them.",
    "ways_of_one_axis": "That counts the ways along one axis. Rows and columns choose "
    "independently.",
    "one_layer_of_ways": "That is one layer. Count how the three steps, each from -1 "
    "to 1, can add up to zero, in both directions.",
    "any_seven_by_seven": "Without activations the stack is one 7x7 filter, made of 27 "
    "numbers. Any 7x7 filter has 49.",
    "last_filters_forgotten": "That is the depth of an earlier layer. A map is as deep "
    "as the last convolution has filters.",
    "map_places_forgotten": "A flattened map keeps all its places: its length is "
    "height times width times channels.",
    "first_input_again": "The second layer of a block no longer reads what the first "
    "one has read: it reads the maps that the first one puts out.",
    "side_for_area": "A map has two sides: height times width times channels values "
    "are flattened.",
    "same_depth_assumed": "18/25 holds where all layers have the same number of maps. "
    "Here it changes: count each layer with its own input and output.",
    "last_one_does_not_fit": "That is rounded up: the last image no longer fits.",
    "decimal_gigabyte": "That takes a billion bytes. A GiB has 2 to the 30.",
    "repeats_forgotten": "Two of the layers are there twice, and each keeps its own "
    "output.",
    "stride_hides_nothing": "That is the wave before the stride. Mark the values that "
    "are kept: a slower wave passes through them as well.",
    "cycles_not_folded": "More than half a cycle forward looks like less than half a "
    "cycle backward, and the slower one is seen.",
    "counted_in_samples": "That counts kept values. From one of them to the next it is "
    "a whole stride in the image.",
    "channels_no_ring": "The channels do not form a ring: the first and the last are "
    "no neighbours, and what lies outside is left out.",
    "neighbours_forgotten": "Each channel was damped by itself alone. Its neighbours "
    "in the channels count as well.",
    "centre_left_out": "The channel itself is missing: it is among those that are "
    "summed.",
    "square_left_out": "The values were added as they are. The sum is one of squares.",
    "all_channels_summed": "All channels were summed. Only those within reach of the "
    "channel count.",
    "alpha_divided": "The sum was divided by the number of channels, as some libraries "
    "do. Here alpha multiplies the sum itself.",
    "power_forgotten": "The power beta is missing: it applies to the whole bracket.",
    "neighbours_in_space": "Those are neighbouring pixels. The sum runs over "
    "neighbouring channels at the same position.",
    "figure_missed": "This figure is off by more than rounding: compute it again from "
    "the setting and the shapes.",
    "rounding_is_no_mistake": "That figure is right, or only rounded: compute it, and "
    "see by how many percent it is off.",
    "map_before_pooling": "That counts the positions ahead of the pooling. The layer "
    "puts out a smaller map.",
    "poolings_early_see_more": "A pooling doubles what every later layer adds. More of "
    "the layers have to stand behind poolings.",
    "dense_part_forgotten": "The convolutions alone would fit. The dense layer has "
    "parameters as well: one for each value of the last map and each unit.",
    "early_maps_cost": "The work is maps times positions. The first blocks have the "
    "most positions, so save maps there.",
    # parallel branches
    "branch_forgotten": "One branch is missing: pooling passes on as many maps as it "
    "reads.",
    "projection_assumed": "That has a 1x1 layer behind the pooling. Here the pooling "
    "passes on all maps that it reads.",
    "projection_forgotten": "A 1x1 layer stands behind the pooling: it leaves 32 maps "
    "of the 192.",
    "reductions_concatenated": "The reduced maps feed the larger filters. They are not "
    "put out.",
    "reductions_left_out": "Those are filters that read all 192 maps. Here the 3x3 and "
    "the 5x5 read only what their 1x1 layers leave.",
    "separable_as_printed": "So the table prints. A filter has a weight for each pixel "
    "of its window and each colour.",
    "depth_of_another": "That is VGG-19. Follow one way through the modules: a 1x1 "
    "layer, then 3x3 or 5x5.",
    "blocks_for_layers": "That counts modules and stages as one layer each. On its way "
    "through a module the image passes two.",
    "side_by_side_counted": "Those are all layers with weights. The branches of a "
    "module stand side by side: count along one way.",
    "modules_are_two_deep": "Nearly a module a layer: but each module is two layers "
    "deep, and so is the stage before them.",
    "flattened_for_averaged": "That reads all 7x7 places of each map. Averaging leaves "
    "one number a map.",
    "one_of_two_layers": "That is one of the two layers. Count both.",
    "area_of_the_window": "That is the filter of the whole window. A 1x7 filter has "
    "seven weights a map, and so has a 7x1.",
    # a recipe, and what goes wrong with one
    "decay_as_printed": "So both lectures print. The paper has 0.0001, and weights "
    "shrink ten times as fast.",
    "doubled_for_halved": "The slope of l2 times w^2 is 2 l2 times w: halve to make up "
    "for it, do not double.",
    "second_stall_missed": "There are two stalls: after 35, and after 29.",
    "drop_at_each_rise": "A rise alone lowers nothing. Two epochs in a row have to "
    "pass without a new best.",
    "log_of_ten_to_ten": "That is the logarithm to base ten. A loss takes the natural "
    "one.",
    "zero_is_perfect": "Zero is the loss of a network that is always sure and right.",
    "softmax_sees_probabilities": "The second softmax reads numbers from 0 to 1, which "
    "differ by at most 1. It can never be sure.",
    "nothing_but_guessing": "That is the loss of guessing. The second softmax can "
    "still favour a class, by a factor of e at most.",
    "others_forgotten": "The other nine classes keep their share: each counts 1 where "
    "the right one counts e.",
    "dead_later": "Before training its loss is ordinary and its units answer. What "
    "killed them came later.",
    "pixels_in_order": "Its pixels run from 0 to 1, as they should.",
    "no_explosion": "Nothing explodes: the training loss goes down, slowly. It learns "
    "its images by heart, and it helps with no others.",
    "units_answer": "Most of its hidden units answer to some image.",
    "all_have_moved": "All four layers have changed: none is frozen.",
    "flat_from_the_start": "Nothing ever exploded: the loss is flat from the first "
    "epoch on.",
    "none_to_read": "It is true that little has changed. Ask why: what does the last "
    "layer get to read?",
    "loss_has_a_floor": "Compare its accuracy with its loss: most answers are right, "
    "and none of them is sure. No rate does that.",
    "averages_catch_up": "Averages catch up in the course of training, and the curve "
    "with them. This one stays where it is.",
    "images_fit_labels": "With wrong labels it could not be so good while it trains.",
    "nothing_is_drawn": "Asked twice it says the same both times: nothing is drawn "
    "anew.",
    "a_leak_flatters": "A leak makes the watched images look better than fresh ones. "
    "Here they look worse.",
    "more_than_the_last": "It does recover, and in the end names many classes, not "
    "only the one it has seen last.",
    "answers_change": "Asked twice about the same images it changes its mind. A fixed "
    "padding cannot do that.",
    "below_the_floor": "Its loss goes below 1.46, which two softmaxes cannot.",
    "one_by_one_the_same": "One at a time it says the same as in a batch.",
    "before_the_first_step": "Its loss is huge before the first step is made.",
    "fresh_ones_too": "It does as well on fresh images, as long as they come in "
    "batches.",
    "own_curve_fine": "With slow averages the curve of the watched images would lag "
    "behind.",
    "depth_for_cost": "Depth is not cost. VGG's layers are few, but wide and on large "
    "maps.",
    "external_data_row": "That divides by 15.3, the row with external data.",
    "human_row": "That compares with the human expert.",
    "fall_for_rest": "That is by how much it fell. Asked is what is left.",
    "ensemble_for_network": "The table gives the error of the entry, and the entry is "
    "an ensemble of six networks.",
    "batch_not_shared": "That would be a batch of 1024, another recipe. The batch is "
    "shared out.",
    "batch_grows": "Then the batch would be four times as large, and the recipe "
    "another.",
    # residual networks
    "test_for_training": "So the slide says. But a higher test error alone could be "
    "overfitting. Which error rules that out?",
    "layers_a_stage": "Those are the layers of a stage. A block has two of them.",
    "pairs_of_layers": "That is 56 layers in pairs. Two layers stand outside the "
    "blocks, and there are three stages.",
    "blocks_in_all": "Those are all blocks. Ask again what is to be counted.",
    "input_not_added": "That is F alone. The input is added to it.",
    "stages_added": "The stages were added up. Along a chain they multiply, and with a "
    "shortcut each brings 1 plus its slope.",
    "identity_has_slope_one": "The shortcut passes on a change as it is: slope 1, and "
    "that of the learned part on top.",
    "shortcut_is_free": "Where sizes agree it is free. Here 64 maps have to become "
    "128, and that takes weights.",
    "shortcut_is_3x3": "That is a 3x3 layer. The shortcut looks at single pixels.",
    "width_of_the_output": "The shortcut reads the 64 maps before the block, not 128.",
    "full_width_inside": "That is a 3x3 layer which reads all 256 maps. Here a 1x1 "
    "layer leaves 64 of them first.",
    "middle_layer_only": "That is the 3x3 layer in the middle. Count both 1x1 layers "
    "as well.",
    "direct_for_bottleneck": "That is a 3x3 layer straight from 256 maps to 256.",
    "way_back_forgotten": "The 1x1 layer back to 256 maps is missing.",
    "ends_forgotten": "The first convolution and the dense layer at the end count too.",
    "shortcuts_counted": "The 1x1 layers of the shortcuts were counted. The name "
    "counts the layers on the way through the blocks.",
    "two_layers_a_block": "That is two layers a block. A bottleneck has three.",
    "ratio_ignored": "That leaves all 64 numbers in the middle. A sixteenth is left.",
    "one_group_only": "That is one group. Count all 32.",
    "own_maps_only": "Those are the maps of the last layer. All earlier ones are kept.",
    "input_of_the_last": "That is what the last layer reads. Its own maps are still to "
    "come.",
    "first_maps_forgotten": "The maps that enter the block are kept as well.",
    "doubled_by_each": "Each layer adds 32 maps, however many it reads. Nothing "
    "doubles.",
    "depthwise_alone": "That is the depthwise layer alone. The 1x1 layer follows.",
    "pointwise_alone": "That is the 1x1 layer alone. The depthwise one has weights "
    "too, nine for each map.",
    "work_grows_with_squares": "A layer grows with its maps in and its maps out, and "
    "with both sides of the image: two of the factors count twice.",
    "sides_counted_once": "An image has two sides, and both grow.",
    "widths_counted_once": "A layer has more maps to read and more to put out.",
    # modules and heads
    "projection_behind_pooling": "The pooling branch ends in a 1x1 layer: it puts out "
    "as many maps as that layer has filters, not as many as it reads.",
    "branch_left_out": "One branch is missing: four of them are stacked.",
    "stacked_along_height": "The branches are stacked along the channels. Height and "
    "width stay.",
    "reductions_ahead": "The large filters do not read all maps: they read only what "
    "the 1x1 layer ahead of them puts out.",
    "projection_has_weights": "The 1x1 layer behind the pooling is missing: it has "
    "weights too.",
    "reductions_have_weights": "The 1x1 layers ahead of the large filters are missing: "
    "they have weights too.",
    "own_output_read": "That module was counted with the maps that it puts out. It "
    "reads those of the module before.",
    "neck_counts_too": "The 1x1 layer in front is not free: for each map that it puts "
    "out it has a weight for every map that it reads.",
    "one_too_wide": "Just beyond: with that many maps the two layers already have more "
    "weights.",
    "filters_for_maps": "Maps that are read and filters were mixed up: the 1x1 layer "
    "replaces the maps that the 3x3 layer reads.",
    "filters_behind_the_neck": "Each map that the 1x1 layer puts out is read by all "
    "the large filters behind it, and that takes weights as well.",
    "new_layer_forgotten": "The new dense layer is not free. Only the difference of "
    "the old and the new is saved.",
    "share_of_the_dense_part": "That is a share of the dense layers. The convolutions "
    "belong to the whole.",
    "share_of_the_rest": "The whole is all that the network did before, its dense "
    "layers included.",
    "work_follows_weights": "Weights and work are two things: a dense layer uses each "
    "weight once, a convolution at every position.",
    "bias_shared_out": "The mean of equal numbers is that number: the bias stands at "
    "every position in full, it is not shared out.",
    "mean_everywhere": "Every position says the same there. Each should be scored with "
    "its own values.",
    "mean_divides": "A position has only a small share in the mean: one over their "
    "number.",
    "channels_divide_nothing": "That divides by the channels too. Each map has a mean "
    "of its own, over its positions alone.",
    "slopes_ignored": "The slopes are missing: each class passes back its own.",
    "bend_behind_the_neck": "A ReLU is missing between the 1x1 layer and the large "
    "filters behind it.",
    "projected_before_pooling": "The order is turned round: the pooling reads the maps "
    "first, and the 1x1 layer reads what it leaves.",
    "pooling_skipped": "That branch has no pooling: the 1x1 layer read the maps "
    "directly.",
    "corner_is_zero": "A corner that is zero tells nothing: use a row and a column "
    "that meet in an entry other than zero.",
    "not_divided_by_the_corner": "Where row and column meet, their common entry is in "
    "the product twice. Divide one of them by it.",
    "product_not_compared": "Multiply the column and the row that were found, and "
    "compare the product with the kernel before you answer.",
    "wide_neck_costs": "Most of the work is in the large filters: maps that they read "
    "times filters. Make the 1x1 layers ahead of them narrower.",
    # blocks, chains and gates
    "last_relu_forgotten": "The ReLU behind the addition is missing.",
    "relu_before_the_sum": "The ReLU was applied to the learned part alone. It comes "
    "behind the addition.",
    "inner_relu_forgotten": "The ReLU between the two matrices is missing.",
    "neck_not_used": "The 3x3 layer reads what the first 1x1 layer leaves, not all the "
    "maps that enter the block.",
    "widening_forgotten": "The last 1x1 layer, back to the full number of maps, is "
    "missing.",
    "chain_turned_round": "The order is turned round: the matrix of the first stage "
    "meets the input first, so it stands on the right.",
    "jacobians_added": "The matrices were added up. Along a chain derivatives "
    "multiply.",
    "entries_multiplied": "The matrices were multiplied entry by entry. An output of "
    "one stage reaches every output of the next: it takes a matrix product.",
    "shortcuts_ignored": "That is the plain chain. With a shortcut the derivative of a "
    "stage is the identity plus that of the learned part.",
    "identity_added_once": "The identity was added once, to the product. Each stage "
    "has a shortcut of its own.",
    "shortcut_left_out": "The shortcut is missing: part of the gradient reaches x "
    "without passing the matrices.",
    "outer_relu_ignored": "The ReLU behind the addition was ignored: where it puts out "
    "zero, nothing comes back.",
    "inner_relu_ignored": "The ReLU between the matrices was ignored: where it puts "
    "out zero, nothing comes back.",
    "shortcut_behind_the_relu": "The shortcut ends before the last ReLU: what it "
    "carries back has passed that ReLU as well.",
    "outer_product_turned": "The gradient of a matrix is an outer product with the "
    "outputs as rows and the inputs as columns. Here they are swapped.",
    "each_layer_doubles": "Each layer adds the same number of maps, however many it "
    "reads. Nothing doubles.",
    "stack_grows_inside": "The stack grows inside the block: every layer reads more "
    "maps than the one before it.",
    "last_layer_counted": "That is the last layer alone. Count all five.",
    "newest_maps_only": "That reads only the newest maps. A layer of a dense block "
    "reads all maps so far.",
    "one_map_a_filter": "A filter of an ordinary layer reads all maps, not a single "
    "one.",
    "one_by_one_alone": "That is the 1x1 layer alone. The depthwise layer ahead of it "
    "works too.",
    "depthwise_on_the_output": "The depthwise layer stands ahead of the 1x1 layer: it "
    "works on the maps that are read.",
    "max_for_the_mean": "The largest value of each map was taken. Asked is the mean.",
    "sum_of_the_map": "That is the sum of each map. Divide by the number of positions.",
    "excite_without_relu": "The ReLU between the two dense layers is missing.",
    "gates_compete": "With a softmax the maps compete for a whole of 1. A sigmoid "
    "gives each a weight of its own.",
    "gate_not_squashed": "The sigmoid is missing: a weight lies between 0 and 1.",
    "gate_added": "The weights were added to the maps. They multiply them.",
    "maps_not_weighed": "Those are the weights. The maps, multiplied by them, are "
    "asked.",
    "training_is_better": "In training the deeper network is better there: it can "
    "learn the images, and has learned them too well.",
    "training_is_worse_too": "Look at the broken lines: the deeper network is worse on "
    "the training images too, so it has not learned them too well.",
    "gap_is_the_same": "Both errors of the deeper network are lower. That there is a "
    "gap does not matter as long as the test error falls.",
    # recipes
    "counted_from_zero": "Right, but counted from 0. Here the first epoch is epoch 1.",
    "drop_without_patience": "One epoch without a new best is not enough: the rate "
    "falls after two in a row.",
    "epoch_of_the_new_rate": "Those are the first epochs with the new rate. Asked is "
    "after which epochs it falls.",
    "best_not_last": "Compare with the best error so far, and count the epochs that "
    "have not beaten it.",
    "one_drop_missed": "There are two stalls in the list, and the rate falls after "
    "each.",
    "equal_is_no_reason": "One drop too many: a single epoch without a new best does "
    "not use up the patience.",
    "drops_ignored": "The rate has fallen since the first epoch.",
    "steps_for_epochs": "Those are steps. An epoch is a pass over all training images, "
    "and takes many steps.",
    "steps_of_an_epoch": "So many steps has one epoch. How many epochs are all the "
    "steps?",
    "batch_for_epoch": "That divides by the size of a batch. An epoch has as many "
    "steps as there are batches.",
    "rate_of_the_next_epoch": "The error is known at the end of an epoch, so the new "
    "rate is in force from the next one on.",
    "count_goes_on": "After a drop the counting begins anew: the next drop takes the "
    "whole patience again.",
    "equal_is_no_best": "An error that equals the best one is no new best.",
    "best_was_forgotten": "The best error stays what it is after a drop. Only the "
    "counting begins anew.",
    "weights_stay": "The weights have hardly moved: nothing pulls at them, and nothing "
    "teaches them.",
    "no_jump": "The loss falls, but by a hair in each epoch. A rate that is too high "
    "makes it jump.",
    "weights_grow": "Look at the weights: they have grown far beyond where they "
    "started, and the loss has jumped.",
    "gap_of_a_third": "The training images are known by heart, and of the new ones "
    "almost a third are wrong.",
    "weights_vanish": "Look at the weights: hardly anything is left of them, so every "
    "image gets the same scores.",
    "accuracy_of_the_frequent": "Nine of ten is what a network gets that names the "
    "most frequent class for every image. How many classes does it name?",
    "two_things_changed": "Those two rows differ in more than one thing, so the "
    "difference belongs to both together.",
    "other_network_averaged": "That is the gain with 34 layers. Asked is the one with "
    "50.",
    "without_minus_with": "The sign is turned round: what the ingredient adds is with "
    "it minus without it.",
    "spread_for_error": "That is the spread of single differences. Their mean is known "
    "better, by the root of their number.",
    "divided_by_n": "The squared deviations were divided by n. From a few runs the "
    "spread is estimated with n - 1.",
    "error_not_rooted": "That is a square. The standard error is its root.",
    "divided_by_n_not_its_root": "The spread was divided by n. The error of a mean "
    "falls with the root of n only.",
    "pairs_torn_apart": "That treats the two lists as unrelated. Runs with the same "
    "seed belong together: take their differences first.",
    "all_of_them": "Some of them are beaten: another one costs no more and errs no "
    "more.",
    "cheapest_first": "Those are the right ones, in another order. The cheapest comes "
    "first.",
    "best_in_one_only": "A network need not be the best in anything: it is enough that "
    "no other one beats it in both.",
    "ties_are_beaten": "At equal cost the one with the higher error is beaten, and at "
    "equal error the one with the higher cost.",
    "two_drops_but_when": "It says how often and by how much the rate falls, but not "
    "when.",
    "scale_not_said": "Nothing says how the pixels were scaled: from 0 to 1, or with "
    "the mean subtracted, or not at all.",
    "one_number_no_spread": "A single error is given. Whether it is one run, the best "
    "of many, or their mean is not said.",
    "held_back_or_not": "Nothing says on how many images it was trained, nor on which "
    "ones the recipe was tuned.",
    "it_is_said": "That is in the report: read it again.",
    # layout
    "as_drawn": "Two blocks are what the lecture's figure draws. Follow the sides: "
    "6, 4, 2, and then a 3x3 kernel no longer fits.",
    "pooling_forgotten": "The last pooling is missing: it comes before flattening.",
    "channels_first": "That lists one map after the other (channels first). Keras "
    "keeps the channels of a pixel together.",
    "rows_for_columns": "In front of a row lie whole rows, each as long as there are "
    "columns.",
    "column_by_column": "That goes down column by column. The vector runs along rows: "
    "of the two indices the column moves first.",
    "relu_left_out": "That is without the ReLU: a negative value went on.",
    "one_direction_only": "Mistakes go both ways: one class taken for the other, and "
    "the other for the one. Add both.",
    "merge_not_counted": "That is the accuracy before merging. The mistakes between "
    "the two classes are right answers now.",
}
