"""Explorer of lesson 12: optimisers walk over a loss of two weights."""

import functools
import html
import io
import math
from types import SimpleNamespace

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from .. import plot
from ..plot.optimizers import band_colors, height_bands
from ..reference import optimizers
from ..reference.landscapes import LANDSCAPES
from .base import _NAME_PLAY, _ROW, Explorer, _button, _line, _number

STEPS = 200
FAR = 1e6  # a path that gets there has diverged
# name -> update, which of the two rates it takes, and whether it takes rho
OPTIMIZERS = {
    "SGD": (optimizers.sgd, "rate", False),
    "momentum": (optimizers.momentum, "rate", True),
    "Nesterov": (optimizers.nesterov, "rate", True),
    "AdaGrad": (optimizers.adagrad, "own_rate", False),
    "RMSProp": (optimizers.rmsprop, "own_rate", False),
    "Adam": (optimizers.adam, "own_rate", False),
}
COLORS = dict(zip(OPTIMIZERS, plot.COLORS, strict=False))
RATES = {  # of SGD and momentum, and of those that give each weight its own
    "bowl": (0.02, 0.1),
    "saddle": (0.05, 0.05),
    "two valleys": (0.03, 0.1),
    "ravine": (0.002, 0.05),
}
_WIDE, _HIGH, _LEFT, _BELOW = 560, 380, 46, 34  # pixels of the drawing


def optimizer_playground(landscape: str = "bowl") -> Explorer:
    """Optimisers start at one point of a loss of two weights and walk, step by step.

    Gradient noise, where wanted, is the same for all of them.

    Args:
        landscape: "bowl", "saddle", "two valleys" or "ravine", of
            `reference.landscapes`.

    Returns:
        An explorer whose `result` has `paths` (name -> (201, 2) weights, NaN behind
        the step at which a path has diverged), `values` (name -> (201,) losses) and
        `step`.

    Raises:
        ValueError: for an unknown landscape.

    Source: CS-878 W4 (SGD, momentum, RMSProp and Adam on one surface).

    >>> explorer = optimizer_playground("bowl")
    >>> explorer.result.paths["SGD"][1]
    array([4.9, 0. ])
    """
    if landscape not in LANDSCAPES:
        raise ValueError(
            f"expected a landscape of {', '.join(LANDSCAPES)}; received {landscape!r}"
        )

    def compute(settings):
        name, step = settings["landscape"], settings["step"]
        land = LANDSCAPES[name]
        for axis, (low, high) in (("x", land.x), ("y", land.y)):
            if not low <= settings[axis] <= high:
                raise ValueError(
                    f"expected a start in the picture, {axis} from {low:g} to "
                    f"{high:g}; received {settings[axis]:g}"
                )
        chosen = [label for label in OPTIMIZERS if settings[label]]
        if not chosen:
            raise ValueError("expected at least one optimiser; received none")
        rest = [settings[key] for key in ("x", "y", "rate", "own_rate", "rho", "noise")]
        paths = {label: _path(name, label, *rest) for label in chosen}
        values = {label: land.value(path) for label, path in paths.items()}
        reached = [
            f"{label} {_reached(path, value, step)}"
            for (label, path), value in zip(paths.items(), values.values(), strict=True)
        ]
        alt = f"Step {step} of {STEPS} on the {name} ({land.trouble}). Loss: "
        alt += ", ".join(reached)
        return SimpleNamespace(
            landscape=land,
            paths=paths,
            values=values,
            step=step,
            alt=alt,
            html=_svg(name, paths, step, alt) + _table(paths, values, step),
        )

    def build(explorer):
        wide = {"width": "330px"}
        style = {"description_width": "150px"}
        start = explorer.settings

        def rate(key, text):
            return ipywidgets.FloatLogSlider(
                start[key],
                min=-4,
                max=0.5,
                step=0.05,
                description=text,
                readout_format=".2g",
                layout={"width": "420px"},
                style={"description_width": "210px"},
            )

        def slider(key, high, step, text):
            return ipywidgets.FloatSlider(
                start[key],
                min=0,
                max=high,
                step=step,
                description=text,
                layout=wide,
                style=style,
            )

        controls = explorer.controls = {
            "previous": _button("Previous", "One step back", "step-backward"),
            "next": _button("Next", "One step on", "step-forward"),
            "play": ipywidgets.Play(
                start["step"],
                min=0,
                max=STEPS,
                interval=150,
                tooltip="Play the steps",
            ),
            "step": ipywidgets.IntSlider(
                start["step"], min=0, max=STEPS, description="Step", layout=wide
            ),
            "landscape": ipywidgets.Dropdown(
                options=list(LANDSCAPES),
                value=start["landscape"],
                description="Landscape",
                layout={"width": "230px"},
            ),
            "x": ipywidgets.FloatText(
                start["x"], step=0.1, description="Start x", layout={"width": "170px"}
            ),
            "y": ipywidgets.FloatText(
                start["y"], step=0.1, description="Start y", layout={"width": "170px"}
            ),
            "rate": rate("rate", "Rate of SGD, momentum, Nesterov"),
            "own_rate": rate("own_rate", "Rate of AdaGrad, RMSProp, Adam"),
            "rho": slider("rho", 0.99, 0.01, "Momentum ρ"),
            "noise": slider("noise", 5.0, 0.1, "Noise of the gradient"),
            **{
                label: ipywidgets.Checkbox(
                    start[label],
                    description=label,
                    indent=False,
                    layout={"width": "auto"},
                )
                for label in OPTIMIZERS
            },
        }

        def move(by):
            step = controls["step"]
            step.value = (step.value + by) % (step.max + 1)

        explorer.on_click("previous", lambda: move(-1))
        explorer.on_click("next", lambda: move(1))
        ipywidgets.link((controls["play"], "value"), (controls["step"], "value"))

        def elsewhere(change):  # a start and rates that suit the new landscape
            explorer.set(**_suitable(change["new"]), step=0)

        controls["landscape"].observe(elsewhere, "value")
        rows = [
            ("landscape", "x", "y"),
            ("previous", "play", "next", "step"),
            tuple(OPTIMIZERS),
            ("rate", "rho"),
            ("own_rate", "noise"),
        ]
        boxes = [
            ipywidgets.HBox([controls[name] for name in row], layout=_ROW)
            for row in rows
        ]
        names = ipywidgets.HTML(_NAME_PLAY, layout={"display": "none"})
        return ipywidgets.VBox([*boxes, explorer.view, names])

    def still(result):
        fig, ax = plot.figure(width=5.6, height=3.0)
        shown = {label: path[: result.step + 1] for label, path in result.paths.items()}
        plot.optimizer_paths(ax, result.landscape, shown, colors=COLORS)
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return fig, f"{result.alt}."

    settings = {"landscape": landscape, "step": 60, **_suitable(landscape)}
    settings |= {"rho": 0.9, "noise": 0.0}
    settings |= {
        label: label in ("SGD", "momentum", "RMSProp", "Adam") for label in OPTIMIZERS
    }
    return Explorer(settings, compute, build, still)


def _suitable(name: str) -> dict:
    """A start and two rates that go well with a landscape."""
    x, y = LANDSCAPES[name].start
    return {"x": x, "y": y, "rate": RATES[name][0], "own_rate": RATES[name][1]}


@functools.lru_cache(maxsize=64)
def _path(name, label, x, y, rate, own_rate, rho, noise) -> np.ndarray:
    """(STEPS + 1, 2) weights; NaN once they are further away than FAR."""
    update, which, has_rho = OPTIMIZERS[label]
    options = {"rho": rho} if has_rho else {}
    options["learning_rate"] = rate if which == "rate" else own_rate
    slopes = LANDSCAPES[name].gradient
    pushes = noise * np.random.default_rng(0).normal(size=(STEPS, 2))
    path = np.full((STEPS + 1, 2), np.nan)
    weights, state = np.array([x, y], float), None
    for step in range(STEPS + 1):
        if abs(weights).max() > FAR:
            break
        path[step] = weights
        if step < STEPS:
            gradient = slopes(weights) + pushes[step]
            weights, state = update(weights, gradient, state, **options)
    path.setflags(write=False)
    return path


def _reached(path, values, step) -> str:
    """The loss at a step, in few characters."""
    if np.isnan(path[step]).any():
        return "diverged"
    value = values[step]
    small = "0" if abs(value) < 5e-5 else f"{value:.3g}".replace("-", "−")
    return small


@functools.lru_cache(maxsize=len(LANDSCAPES))
def _ground(name: str) -> str:
    """The contours of a landscape as a data URI of a PNG file."""
    from .base import base64

    fig = Figure((_WIDE / 96, _HIGH / 96), dpi=144)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    x, y, values, levels = height_bands(LANDSCAPES[name])
    ax.contourf(x, y, values, levels, colors=band_colors())
    ax.contour(
        x, y, values, levels[1:-1], colors="white", linewidths=0.7, linestyles="-"
    )
    file = io.BytesIO()
    fig.savefig(file, dpi=144)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _ticks(low: float, high: float) -> list[float]:
    """Some round numbers in a range."""
    step = 10 ** math.floor(math.log10(high - low))
    step = next(k * step for k in (0.2, 0.5, 1, 2) if (high - low) / (k * step) <= 7)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _svg(name: str, paths: dict, step: int, alt: str) -> str:
    """The landscape with each path up to a step."""
    land = LANDSCAPES[name]
    low = np.array([land.x[0], land.y[1]])
    scale = np.array([_WIDE, -_HIGH]) / (land.x[1] - land.x[0], land.y[1] - land.y[0])

    def place(points):
        spots = (np.asarray(points) - low) * scale + (_LEFT, 4)
        return np.clip(np.round(spots, 1), -9999, 9999)

    parts = [
        f'<image href="{_ground(name)}" x="{_LEFT}" y="4" width="{_WIDE}" '
        f'height="{_HIGH}" preserveAspectRatio="none"/>',
        f'<clipPath id="cnnkit-{name.replace(" ", "-")}"><rect x="{_LEFT}" y="4" '
        f'width="{_WIDE}" height="{_HIGH}"/></clipPath>',
        f'<g clip-path="url(#cnnkit-{name.replace(" ", "-")})">',
    ]
    for label, path in paths.items():
        walked = path[: step + 1]
        walked = place(walked[~np.isnan(walked).any(axis=1)])
        line = " ".join(f"{x:g},{y:g}" for x, y in walked)
        color = COLORS[label]
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{color}" '
            'stroke-width="2" stroke-linejoin="round"/>'
        )
        parts += [
            f'<circle cx="{x:g}" cy="{y:g}" r="2" fill="{color}"/>' for x, y in walked
        ]
        x, y = walked[-1]
        parts.append(
            f'<rect x="{x - 5:g}" y="{y - 5:g}" width="10" height="10" '
            f'fill="{color}" stroke="#fff"/>'
        )
    x, y = place(next(iter(paths.values()))[0])
    parts.append(
        f'<circle cx="{x:g}" cy="{y:g}" r="6" fill="#fff" stroke="{plot.INK}" '
        'stroke-width="2"/></g>'
    )
    style = f'font-size="13" fill="{plot.GREY}"'
    for value in _ticks(*land.x):
        x = place((value, land.y[0]))[0]
        parts.append(
            f'<text x="{x:g}" y="{_HIGH + 20}" text-anchor="middle" {style}>'
            f"{_number(value)}</text>"
        )
    for value in _ticks(*land.y):
        y = place((land.x[0], value))[1]
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y:g}" text-anchor="end" '
            f'dominant-baseline="central" {style}>{_number(value)}</text>'
        )
    full, high = _LEFT + _WIDE + 8, _HIGH + _BELOW
    return (
        f'<svg viewBox="0 0 {full} {high}" width="{full}" role="img" '
        'style="max-width:100%;height:auto;font-family:sans-serif" '
        f'aria-label="{html.escape(alt)}">{"".join(parts)}</svg>'
    )


def _table(paths: dict, values: dict, step: int) -> str:
    """Where each optimiser is, and its loss."""
    rows = []
    for label, path in paths.items():
        square = f'<span style="color:{COLORS[label]}">■</span>'
        where = ", ".join(_number(round(v, 4)) for v in path[step].tolist())
        loss = _reached(path, values[label], step)
        where = "–" if loss == "diverged" else f"({where})"
        cells = [f"{square} {label}", where, f"<b>{loss}</b>"]
        rows.append("".join(f'<td style="padding:1px 14px">{c}</td>' for c in cells))
    head = "".join(
        f'<th style="padding:1px 14px;text-align:left">{text}</th>'
        for text in (f"step {step}", "weights", "loss")
    )
    body = "".join(f"<tr>{row}</tr>" for row in (head, *rows))
    return _line(f'<table style="line-height:1.5">{body}</table>')
