"""Explorer of lesson 10: activations and their slopes."""

import html
from collections.abc import Sequence
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot
from .. import reference as ref
from .base import _ROW, Explorer, _code, _number, _picture

_FIELD = np.linspace(-5, 5, 401)

# name: values, slopes, the Keras call; p holds the parameters
_FUNCTIONS = {
    "sigmoid": (
        lambda x, p: ref.sigmoid(x),
        lambda x, p: ref.sigmoid_derivative(x),
        "keras.activations.sigmoid(x)",
    ),
    "tanh": (
        lambda x, p: ref.tanh(x),
        lambda x, p: ref.tanh_derivative(x),
        "keras.activations.tanh(x)",
    ),
    "ReLU": (
        lambda x, p: ref.relu(x),
        lambda x, p: ref.relu_derivative(x),
        "keras.activations.relu(x)",
    ),
    "leaky ReLU": (
        lambda x, p: ref.leaky_relu(x, p["leak"]),
        lambda x, p: ref.leaky_relu_derivative(x, p["leak"]),
        "keras.activations.leaky_relu(x, negative_slope={leak:g})",
    ),
    "ELU": (
        lambda x, p: ref.elu(x, p["alpha"]),
        lambda x, p: ref.elu_derivative(x, p["alpha"]),
        "keras.activations.elu(x, alpha={alpha:g})",
    ),
    "SELU": (
        lambda x, p: ref.selu(x),
        lambda x, p: ref.selu_derivative(x),
        "keras.activations.selu(x)",
    ),
    "GELU": (
        lambda x, p: ref.gelu(x),
        lambda x, p: ref.gelu_derivative(x),
        "keras.activations.gelu(x)",
    ),
    "GELU, tanh form": (
        lambda x, p: ref.gelu(x, approximate=True),
        lambda x, p: ref.gelu_derivative(x, approximate=True),
        "keras.activations.gelu(x, approximate=True)",
    ),
    "Swish": (
        lambda x, p: ref.swish(x, p["beta"]),
        lambda x, p: ref.swish_derivative(x, p["beta"]),
        "x * keras.ops.sigmoid({beta:g} * x)",
    ),
    "Mish": (
        lambda x, p: ref.mish(x),
        lambda x, p: ref.mish_derivative(x),
        "keras.activations.mish(x)",
    ),
    "softplus": (
        lambda x, p: ref.softplus(x),
        lambda x, p: ref.softplus_derivative(x),
        "keras.activations.softplus(x)",
    ),
}


def activation_explorer(
    functions: Sequence[str] = ("sigmoid", "tanh", "ReLU", "ELU", "GELU"),
    x: float = -1.0,
    leak: float = 0.01,
    alpha: float = 1.0,
    beta: float = 1.0,
) -> Explorer:
    """Activations and their slopes on one axis, with their parameters.

    Args:
        functions: which are drawn at the start.
        x: the input at which values and slopes are read off, from -5 to 5.
        leak: slope of the leaky ReLU on the left.
        alpha: depth of the ELU's left end.
        beta: steepness of Swish's gate.

    Returns:
        An explorer whose `result` has `values` and `slopes` (name -> number at x),
        `keras_calls` (name -> code), and the curves on `field` (name -> (values,
        slopes)).

    Raises:
        ValueError: for a function that is not known, or none.

    Source: IS 6733 (activation functions).

    >>> result = activation_explorer(["ReLU", "leaky ReLU"], x=-2.0).result
    >>> {name: float(value) for name, value in result.values.items()}
    {'ReLU': 0.0, 'leaky ReLU': -0.02}
    """
    unknown = [name for name in functions if name not in _FUNCTIONS]
    if unknown:
        raise ValueError(
            f"expected functions from {', '.join(_FUNCTIONS)}; received {unknown[0]!r}"
        )

    def compute(settings):
        names, at = settings["functions"], settings["x"]
        if not names:
            raise ValueError(
                "expected at least one function; received none: choose one in the "
                "list (with Ctrl or ⌘ several)"
            )
        curves, values, slopes, calls = {}, {}, {}, {}
        for name in names:
            value, slope, call = _FUNCTIONS[name]
            curves[name] = value(_FIELD, settings), slope(_FIELD, settings)
            values[name] = value(np.array(at), settings)[()]
            slopes[name] = slope(np.array(at), settings)[()]
            calls[name] = call.format(**settings)
        fig = plot.activations(_FIELD, curves, at=at, height=3.1)
        read = ", ".join(
            f"{name} {_number(values[name])} with slope {_number(slopes[name])}"
            for name in names
        )
        alt = (
            f"Values and slopes of activations from −5 to 5. At {_number(at)}: {read}."
        )
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{_number(values[name])}</td>"
            f"<td>{_number(slopes[name])}</td></tr>"
            for name in names
        )
        table = (
            '<table style="line-height:1.5;border-spacing:14px 0"><tr><th>function</th>'
            f"<th>value at {_number(at)}</th><th>slope</th></tr>{rows}</table>"
        )
        return SimpleNamespace(
            field=_FIELD,
            curves=curves,
            values=values,
            slopes=slopes,
            keras_calls=calls,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt) + table + _code("\n".join(calls.values())),
        )

    def build(explorer):
        at = explorer.settings
        narrow = {"width": "290px"}

        def slider(name, text, low, high, step):
            return ipywidgets.FloatSlider(
                at[name],
                min=low,
                max=high,
                step=step,
                description=text,
                readout_format=".2f",
                continuous_update=False,
                layout=narrow,
            )

        controls = explorer.controls = {
            "functions": ipywidgets.SelectMultiple(
                options=list(_FUNCTIONS),
                value=at["functions"],
                rows=len(_FUNCTIONS),
                description="Functions",
                layout={"width": "270px"},
            ),
            "x": slider("x", "Input", -5, 5, 0.1),
            "leak": slider("leak", "Leak", 0, 1, 0.01),
            "alpha": slider("alpha", "ELU alpha", 0, 3, 0.1),
            "beta": slider("beta", "Swish beta", 0, 10, 0.001),
        }
        sliders = [controls[name] for name in ("x", "leak", "alpha", "beta")]
        row = [controls["functions"], ipywidgets.VBox(sliders)]
        return ipywidgets.VBox([ipywidgets.HBox(row, layout=_ROW), explorer.view])

    settings = {"functions": tuple(functions), "x": float(x), "leak": float(leak)}
    settings |= {"alpha": float(alpha), "beta": float(beta)}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))
