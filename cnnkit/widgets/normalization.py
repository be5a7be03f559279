"""Explorer of lesson 11: which values share a mean."""

import html
from types import SimpleNamespace

import ipywidgets
import numpy as np

from .. import plot
from .base import _ROW, Explorer, _code, _line, _number, _picture

# axes that share a mean, of (examples, positions, groups, channels of a group)
_SHARED = {"batch": (0, 1), "layer": (1, 2, 3), "instance": (1,), "group": (1, 3)}
_CALLS = {
    "batch": "keras.layers.BatchNormalization()",
    "layer": "keras.layers.LayerNormalization(axis=[1, 2])",
    "instance": "keras.layers.GroupNormalization(groups=-1)",
    "group": "keras.layers.GroupNormalization(groups={groups})",
}


def normalization_explorer(x=None, method: str = "batch", groups: int = 3) -> Explorer:
    """Batch, layer, instance and group normalisation of one array, cell by cell.

    Args:
        x: (examples, positions, channels), at most 8x8x12; by default whole numbers
            of shape (4, 5, 6).
        method: "batch", "layer", "instance" or "group".
        groups: number of groups of channels, for "group"; it divides the channels.

    Returns:
        An explorer whose `result` has `mask` (of the shape of x: the values that share
        a mean with the chosen cell), `values` (how many those are), `statistics` (how
        many means there are), `mean`, `deviation`, `output` (the cell, normalised,
        without gamma and beta and without epsilon) and `keras_call`.

    Raises:
        ValueError: if x has other axes or is too large, the method is unknown, or the
            groups do not divide the channels.

    Source: IS 6733; Wu & He 2018, arXiv:1803.08494, figure 2.

    >>> result = normalization_explorer(method="group", groups=3).result
    >>> result.values, result.statistics
    (10, 12)
    """
    if x is None:
        x = np.random.default_rng(0).integers(-9, 10, (4, 5, 6))
    x = np.asarray(x, float)
    if x.ndim != 3 or not x.size or np.any(np.array(x.shape) > (8, 8, 12)):
        raise ValueError(
            "expected x: (examples, positions, channels) of at most (8, 8, 12); "
            f"received shape {x.shape}"
        )
    examples, positions, channels = x.shape
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    if method not in _SHARED:
        raise ValueError(f"expected method: {', '.join(_SHARED)}; received {method!r}")
    if groups not in divisors:
        raise ValueError(
            f"expected groups to divide {channels} channels: {divisors}; received "
            f"{groups!r}"
        )

    def shared(method, groups, example, position, channel):
        """Mask of the values that share a mean with a cell, and the number of means."""
        size = channels // groups
        cell = (example, position, *divmod(channel, size))
        whole = (examples, positions, groups, size)
        chosen = tuple(
            slice(None) if axis in _SHARED[method] else slice(place, place + 1)
            for axis, place in enumerate(cell)
        )
        mask = np.zeros(whole, bool)
        mask[chosen] = True
        return mask.reshape(x.shape), x.size // int(mask.sum())

    def standing(mask):  # channels to the right, positions down
        return mask.transpose(0, 2, 1)

    def compute(settings):
        method, groups, *place = settings.values()
        mask, statistics = shared(method, groups, *place)
        values = x[mask]
        mean, deviation, value = values.mean(), values.std(), x[tuple(place)]
        output = (value - mean) / deviation if deviation else 0.0
        example, position, channel = place
        fig = plot.normalization_cubes(
            (examples, channels, positions),
            {method: standing(mask)},
            (example, channel, position),
        )
        fig.set_size_inches(4.0, 3.3)
        text = (
            f"{method}: {values.size} values share a mean, "
            f"{statistics} mean{'s' * (statistics > 1)} in all"
        )
        sums = (
            f"The cell holds {_number(value)}; its set has mean {_number(mean)} and "
            f"standard deviation {_number(deviation)}, so it becomes {_number(output)}."
        )
        call = _CALLS[method].format(groups=groups)
        return SimpleNamespace(
            mask=mask,
            values=values.size,
            statistics=statistics,
            mean=mean,
            deviation=deviation,
            output=output,
            keras_call=call,
            place=tuple(place),
            text=text,
            html=_picture(fig, f"{text}.")
            + _line(f"<b>{html.escape(text)}.</b> {sums}")
            + _code(call),
        )

    def build(explorer):
        start = explorer.settings
        narrow = {"width": "270px"}
        controls = explorer.controls = {
            "method": ipywidgets.Dropdown(
                options=list(_SHARED),
                value=start["method"],
                description="Method",
                layout=narrow,
            ),
            "groups": ipywidgets.SelectionSlider(
                options=divisors,
                value=start["groups"],
                description="Groups",
                layout=narrow,
            ),
        }
        lengths = {"example": examples, "position": positions, "channel": channels}
        for name, length in lengths.items():
            controls[name] = ipywidgets.IntSlider(
                start[name],
                max=length - 1,
                description=name.capitalize(),
                layout=narrow,
            )

        def only_for_groups(_=None):
            controls["groups"].disabled = not controls["method"].value.startswith(
                "group"
            )

        controls["method"].observe(only_for_groups, "value")
        only_for_groups()
        sliders = ipywidgets.VBox(list(controls.values()))
        return ipywidgets.HBox([sliders, explorer.view], layout=_ROW)

    def still(result):
        example, position, channel = result.place
        groups = settings["groups"]
        masks, counts = {}, []
        for name in _SHARED:
            mask, statistics = shared(name, groups, *result.place)
            masks[name if name != "group" else f"group ({groups} groups)"] = standing(
                mask
            )
            counts.append(f"{name} {mask.sum()} ({statistics} means)")
        fig = plot.normalization_cubes(
            (examples, channels, positions), masks, (example, channel, position)
        )
        return fig, (
            f"{examples} examples of {channels} channels with {positions} positions. "
            "Coloured: the values that share a mean with the orange one, "
            f"{', '.join(counts)}."
        )

    settings = {"method": method, "groups": groups}
    middle = {"example": examples, "position": positions, "channel": channels}
    settings |= {name: (length - 1) // 2 for name, length in middle.items()}
    return Explorer(settings, compute, build, still)
