"""Explorer of lesson 09: values forward and gradients backward, stage by stage."""

import html
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot, reference
from .base import (
    _NAME_PLAY,
    _ROW,
    Explorer,
    _button,
    _line,
    _number,
    _picture,
)

# what a stage makes of a = w·z, and its derivative by a
_STAGES = {
    "tanh(w·z)": (reference.tanh, reference.tanh_derivative),
    "sigmoid(w·z)": (reference.sigmoid, reference.sigmoid_derivative),
    "relu(w·z)": (reference.relu, reference.relu_derivative),
    "w·z": (lambda a: a, np.ones_like),
}


def _factor(value: float) -> str:
    return f"({_number(value)})" if value < 0 else _number(value)


def backpropagation_stepper(
    x: float, weights, stage: str = "tanh(w·z)", step: int = 1
) -> Explorer:
    """A chain of stages, run forward and then backward one stage at a time.

    Args:
        x: the input, z0.
        weights: (n,) one for each stage, one to six of them.
        stage: "tanh(w·z)", "sigmoid(w·z)", "relu(w·z)" or "w·z".
        step: where to begin: 1 to n are the stages forward, n + 1 starts the way back,
            n + 2 to 2n + 1 are the stages backward.

    Returns:
        An explorer whose `result` has `z` (n + 1 values), `grad_z` and `grad_w`
        (gradients of the last value), `step` and `text`, what the step computes.

    Raises:
        ValueError: for no weights or more than six, an unknown stage, or no such step.

    Source: IS 6733 (backpropagation through a chain of stages).

    >>> backpropagation_stepper(3.0, [2.0, -1.0], "w·z", step=4).result.text
    'g(w2) = g(z2) · z1 = 1 · 6 = 6;  g(z1) = g(z2) · w2 = 1 · (−1) = −1'
    """
    weights = np.asarray(weights, float)
    n = weights.size
    if weights.ndim != 1 or not 1 <= n <= 6:
        raise ValueError(f"expected one to six weights; received {weights.shape}")
    if stage not in _STAGES:
        raise ValueError(f"expected a stage of {list(_STAGES)}; received {stage!r}")
    last = 2 * n + 1
    if not 1 <= step <= last:
        raise ValueError(f"expected a step from 1 to {last}; received {step}")
    names = [f"w{i + 1}" for i in range(n)]

    def compute(settings):
        curve, derivative = _STAGES[settings["stage"]]
        w = np.array([settings[name] for name in names])
        z, slopes = [float(settings["x"])], []
        for weight in w.tolist():
            a = np.float64(weight * z[-1])
            slopes.append(float(derivative(a)))
            z.append(float(curve(a)))
        grad_z, grad_w = [1.0], []
        back = zip(w.tolist()[::-1], z[-2::-1], slopes[::-1], strict=True)
        for weight, before, slope in back:
            grad_w.insert(0, grad_z[0] * slope * before)
            grad_z.insert(0, grad_z[0] * slope * weight)
        if not np.isfinite([*z, *grad_z, *grad_w]).all():
            raise ValueError("expected smaller numbers; these overflow")
        step = settings["step"]
        text = _explain(settings["stage"], step, w, z, slopes, grad_z, grad_w)
        alt = f"Step {step} of {last}: {text}"
        fig = plot.chain(z, w, grad_z, grad_w, step, settings["stage"])
        return SimpleNamespace(
            z=np.array(z),
            grad_z=np.array(grad_z),
            grad_w=np.array(grad_w),
            step=step,
            text=text,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + "".join(_line(f"<b>{html.escape(x)}</b>") for x in text.split("; ")),
        )

    def build(explorer):
        cells = {
            name: ipywidgets.FloatText(
                explorer.settings[name],
                step=0.1,
                description=name,
                layout={"width": "112px"},
                style={"description_width": "26px"},
            )
            for name in ("x", *names)
        }
        controls = explorer.controls = {
            "previous": _button("Previous", "One step back", "step-backward"),
            "next": _button("Next", "One step on", "step-forward"),
            "play": ipywidgets.Play(
                step, min=1, max=last, interval=1200, tooltip="Play the steps"
            ),
            "step": ipywidgets.IntSlider(
                step, min=1, max=last, description="Step", layout={"width": "330px"}
            ),
            "stage": ipywidgets.Dropdown(
                options=list(_STAGES),
                value=stage,
                description="Stage",
                layout={"width": "220px"},
            ),
            **cells,
        }

        def move(by):
            slider = controls["step"]
            slider.value = (slider.value - 1 + by) % last + 1

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        ipywidgets.link((controls["play"], "value"), (controls["step"], "value"))
        walk = [controls[name] for name in ("previous", "play", "next", "step")]
        rows = [ipywidgets.HBox(walk, layout=_ROW)]
        rows.append(ipywidgets.HBox([controls["stage"], *cells.values()], layout=_ROW))
        play_names = ipywidgets.HTML(_NAME_PLAY, layout={"display": "none"})
        return ipywidgets.VBox([*rows, explorer.view, play_names])

    settings = {"step": step, "stage": stage, "x": float(x)}
    settings |= dict(zip(names, weights.tolist(), strict=True))
    return Explorer(
        settings, compute, build, lambda result: (result.fig, f"{result.alt}.")
    )


def _explain(stage, step, w, z, slopes, grad_z, grad_w) -> str:
    """What a step computes, with its numbers."""
    n = len(w)
    if step <= n:
        product = f"{_factor(w[step - 1])}·{_factor(z[step - 1])}"
        names = stage.replace("w·z", f"w{step}·z{step - 1}")
        numbers = stage.replace("w·z", product)
        return f"z{step} = {names} = {numbers} = {_number(z[step])}"
    if step == n + 1:
        return f"g(z{n}) = 1: a step of z{n} moves z{n} by just as much"
    i = 2 * n + 2 - step  # the stage
    slope, given = slopes[i - 1], _number(grad_z[i])
    local = "" if stage == "w·z" else f" · {stage.partition('(')[0]}′"
    number = "" if stage == "w·z" else f" · {_factor(slope)}"
    return (
        f"g(w{i}) = g(z{i}){local} · z{i - 1} = {given}{number} · "
        f"{_factor(z[i - 1])} = {_number(grad_w[i - 1])};  "
        f"g(z{i - 1}) = g(z{i}){local} · w{i} = {given}{number} · "
        f"{_factor(w[i - 1])} = {_number(grad_z[i - 1])}"
    )
