"""Questions of lesson 10."""

import numpy as np

from .. import reference, sizes
from .question import Question

QUESTIONS = {
    "10/two-linear-layers": Question(
        "Two 3x3 convolutions in a row, stride 1, nothing between them. Which side has "
        "the single kernel that does the work of both?",
        lambda: sizes.receptive_field([(3, 1), (3, 1)]).size,
        ((3, "one_layer_only"), (6, "kernels_added"), (9, "sides_multiplied")),
    ),
    "10/ten-sigmoids": Question(
        "Ten sigmoid layers with weights of one. By which factor does the gradient get "
        "through at most?",
        lambda: 0.25**10,
        (
            (0.025, "slopes_divided"),
            (2.5, "slopes_added"),
            (0.25, "last_layer_alone"),
            (0, "not_quite_zero"),
        ),
    ),
    "10/relu-at-minus-one": Question(
        "What is the slope of ReLU at -1?",
        lambda: int(reference.relu_derivative(-1.0)),
        ((1, "relu_slope_one"), (-1, "input_for_slope")),
    ),
    "10/dead-unit": Question(
        "A ReLU unit with weight 1 and bias -10 reads 1, 2 and 3. By how much does one "
        "step of gradient descent with a learning rate of 0.1 move its bias?",
        lambda: 0,
        ((0.1, "dead_unit_learns"), (-0.1, "dead_unit_learns"), (1, "relu_slope_one")),
    ),
    "10/elu-left": Question(
        "What does ELU with alpha 1 make of -1000 (rounded)?",
        lambda: round(float(reference.elu(-1000.0))),
        ((0, "elu_like_relu"), (-1000, "elu_passes_on"), (1, "elu_sign")),
    ),
    "10/gelu-slope": Question(
        "Take the derivative of 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) on "
        "paper. What is it at x = 1?",
        lambda: float(reference.gelu_derivative(1.0, approximate=True)),
        (
            (1.1442, "inner_factor_missing"),
            (0.8412, "value_not_slope"),
            (0.9412, "product_rule_forgotten"),
        ),
    ),
    "10/swish-is-gelu": Question(
        "Swish is x times sigmoid(beta x). Is it GELU for beta = 1.702 (yes or no)?",
        lambda: bool(np.allclose(reference.swish(2.0, 1.702), reference.gelu(2.0))),
        ((True, "near_is_not_equal"),),
    ),
    "10/swish-slope": Question(
        "What is the slope of Swish, x times sigmoid(x), at 0?",
        lambda: float(reference.swish_derivative(0.0)),
        (
            (0.25, "slope_of_the_gate"),
            (0, "value_not_slope"),
            (1, "gate_open"),
        ),
    ),
}
