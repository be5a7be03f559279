"""Explorers of lesson 13: polynomials of any degree, and weights under a penalty."""

from collections.abc import Mapping
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot
from .base import _ROW, Explorer, _button, _line, _number, _picture

HIGHEST = 12  # degree
TESTS = 200  # fresh points behind the test error
STRENGTHS = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0)


def _fit(x, y, degree: int, strength: float) -> np.ndarray:
    """Coefficients, lowest power first: least squares plus strength * sum of squares.

    The constant is not penalised.  Where points are too few to decide, the shortest
    vector of coefficients is taken.
    """
    powers = np.vander(x, degree + 1, increasing=True)
    rows = np.sqrt(strength * len(x)) * np.eye(degree + 1)[1:]
    system, values = np.vstack([powers, rows]), np.append(y, np.zeros(degree))
    return np.linalg.lstsq(system, values, rcond=None)[0]


def polynomial_explorer(
    degree: int = 3,
    points: int = 9,
    noise: float = 0.2,
    strength: float = 0.0,
    sample: int = 0,
) -> Explorer:
    """A polynomial through noisy points of sin(pi x): its degree is its capacity.

    The error is the mean of squares plus `strength` times the sum of squared
    coefficients, without the constant.

    Args:
        degree: 0 to 12.
        points: training points, evenly spaced from -1 to 1; 4 to 60.
        noise: standard deviation of the noise on training and test points.
        strength: of the L2 penalty, one of 0, 0.0001, 0.001, 0.01, 0.1 and 1.
        sample: seed of the noise, 0 to 9999.

    Returns:
        An explorer whose `result` has `x`, `y` (the training points), `coefficients`
        (of the polynomial shown, lowest power first), and `errors` ("training" and
        "test": the root of the mean squared error of each degree from 0 to 12).

    Raises:
        ValueError: if an argument is outside its range.

    Source: CS-878 W4 (fits of degree 1, 3 and 8); Goodfellow, Bengio, Courville 2016,
        Deep Learning, section 5.2.

    >>> explorer = polynomial_explorer(degree=1, noise=0)
    >>> print(explorer.result.coefficients.round(3) + 0.0)  # falls short of the sine
    [0.    0.644]
    """
    limits = {
        "degree": (0, HIGHEST),
        "points": (4, 60),
        "noise": (0, 1),
        "sample": (0, 9999),
    }
    given = {"degree": degree, "points": points, "noise": noise, "sample": sample}
    for name, (low, high) in limits.items():
        if not low <= given[name] <= high:
            raise ValueError(
                f"expected {name} from {low} to {high}; received {given[name]!r}"
            )
    if strength not in STRENGTHS:
        raise ValueError(
            f"expected strength: one of {', '.join(f'{s:g}' for s in STRENGTHS)}; "
            f"received {strength!r}"
        )

    def compute(settings):
        rng = np.random.default_rng(settings["sample"])
        n, degree = settings["points"], settings["degree"]
        x = np.linspace(-1, 1, n)
        y = np.sin(np.pi * x) + settings["noise"] * rng.normal(size=n)
        fresh = np.linspace(-1, 1, TESTS)
        fresh_y = np.sin(np.pi * fresh) + settings["noise"] * rng.normal(size=TESTS)
        errors = {"training": [], "test": []}
        fits = []
        for d in range(HIGHEST + 1):
            fits.append(_fit(x, y, d, settings["strength"]))
            for name, at, wanted in (("training", x, y), ("test", fresh, fresh_y)):
                gap = np.polynomial.polynomial.polyval(at, fits[-1]) - wanted
                errors[name].append(float(np.sqrt(np.mean(gap**2))))
        grid = np.linspace(-1, 1, 201)
        fitted = np.polynomial.polynomial.polyval(grid, fits[degree])
        truth = np.sin(np.pi * grid)
        fig = plot.polynomial_fit(x, y, grid, fitted, truth, errors, degree)
        best = int(np.argmin(errors["test"]))
        size = float(np.abs(fits[degree]).max())
        here = ", ".join(f"{name} {errors[name][degree]:.2f}" for name in errors)
        penalty = f", L2 penalty {settings['strength']:g}" * (settings["strength"] > 0)
        alt = (
            f"A polynomial of degree {degree} through {n} noisy points of a sine"
            f"{penalty}. Errors: {here}. Of all degrees to {HIGHEST}, degree {best} "
            f"has the smallest test error, {errors['test'][best]:.2f}."
        )
        return SimpleNamespace(
            x=x,
            y=y,
            coefficients=fits[degree],
            errors=errors,
            best=best,
            fig=fig,
            alt=alt,
            html=_picture(fig, alt)
            + _line(f"<b>degree {degree}: error {here}</b>")
            + _line(f"The largest coefficient is {_number(size)} in size."),
        )

    def build(explorer):
        wide = {"width": "300px"}
        controls = explorer.controls = {
            name: ipywidgets.IntSlider(
                explorer.settings[name],
                min=limits[name][0],
                max=limits[name][1],
                description=name.capitalize(),
                layout=wide,
            )
            for name in ("degree", "points")
        }
        controls["noise"] = ipywidgets.FloatSlider(
            noise, min=0, max=1, step=0.05, description="Noise", layout=wide
        )
        controls["strength"] = ipywidgets.Dropdown(
            options=[(f"{s:g}", s) for s in STRENGTHS],
            value=strength,
            description="L2 penalty",
            layout={"width": "200px"},
        )
        controls["sample"] = ipywidgets.BoundedIntText(
            sample, min=0, max=9999, description="Sample", layout={"width": "160px"}
        )
        controls["again"] = _button("New sample", "Draw other points", "refresh")

        def again():
            controls["sample"].value = (controls["sample"].value + 1) % 10000

        explorer.on_click("again", again)
        rows = ("degree", "points"), ("noise", "strength"), ("sample", "again")
        return ipywidgets.VBox(
            [
                *(
                    ipywidgets.HBox([controls[name] for name in row], layout=_ROW)
                    for row in rows
                ),
                explorer.view,
            ]
        )

    settings = {**given, "strength": strength}
    return Explorer(settings, compute, build, lambda result: (result.fig, result.alt))


def penalty_explorer(learned: Mapping, strength: str | None = None) -> Explorer:
    """Histograms of weights while the strength of a penalty is moved.

    The still shows the first strength, the middle one and the last, side by side.

    Args:
        learned: kind of penalty -> strength, as text -> weights of any shape; the same
            strengths for each kind, in rising order.
        strength: the one to begin with; default: the middle one.

    Returns:
        An explorer whose `result` has `strength`, and `zeros` and `norms`: for each
        kind the share of weights that are exactly zero, and the root of the sum of
        their squares.

    Raises:
        ValueError: if there are fewer than two strengths, the kinds differ in theirs,
            or the one to begin with is none of them.

    Source: CS-878 W4 (L1 gives sparse weights, L2 small ones).

    >>> learned = {"L1": {"0": [1.0, -2.0, 0.5], "1": [0.0, -1.0, 0.0]}}
    >>> penalty_explorer(learned, "1").result.zeros
    {'L1': 0.6666666666666666}
    """
    strengths = [list(row) for row in learned.values()]
    uneven = any(row != strengths[0] for row in strengths)
    if not strengths or uneven or len(strengths[0]) < 2:
        raise ValueError(
            "expected learned: for each kind of penalty the same strengths, two or "
            f"more; received {dict(zip(learned, strengths, strict=True))}"
        )
    (strengths, *_) = strengths
    strength = strengths[len(strengths) // 2] if strength is None else strength
    if strength not in strengths:
        raise ValueError(
            f"expected strength: one of {', '.join(strengths)}; received {strength!r}"
        )
    everything = [np.ravel(w) for row in learned.values() for w in row.values()]
    high = max(np.abs(w).max() for w in everything) or 1.0

    def told(name):
        """Zeros and norms under one strength, and both as text."""
        weights = {kind: np.ravel(row[name]) for kind, row in learned.items()}
        zeros = {kind: float(np.mean(w == 0)) for kind, w in weights.items()}
        norms = {kind: float(np.linalg.norm(w)) for kind, w in weights.items()}
        text = ", ".join(
            f"{kind}: ≈{100 * zeros[kind]:.0f} % zero, norm ≈{norms[kind]:.2g}"
            for kind in weights
        )
        return zeros, norms, text

    def compute(settings):
        name = settings["strength"]
        zeros, norms, text = told(name)
        shown = {kind: {name: row[name]} for kind, row in learned.items()}
        fig = plot.weight_histograms(shown, high)
        alt = f"Histograms of weights under a penalty of strength {name}. {text}."
        return SimpleNamespace(
            strength=name,
            zeros=zeros,
            norms=norms,
            html=_picture(fig, alt) + _line(f"<b>{text}</b>"),
        )

    def build(explorer):
        control = explorer.controls["strength"] = ipywidgets.SelectionSlider(
            options=strengths,
            value=strength,
            description="Strength",
            layout={"width": "420px"},
        )
        return ipywidgets.VBox([control, explorer.view])

    def still(_):
        chosen = [strengths[k] for k in (0, len(strengths) // 2, -1)]
        chosen = list(dict.fromkeys(chosen))
        shown = {k: {c: row[c] for c in chosen} for k, row in learned.items()}
        said = " ".join(f"Strength {c}: {told(c)[2]}." for c in chosen)
        size = everything[0].size
        return (
            plot.weight_histograms(shown),
            f"Histograms of {size} weights, a row for each penalty. {said}",
        )

    return Explorer({"strength": strength}, compute, build, still)
