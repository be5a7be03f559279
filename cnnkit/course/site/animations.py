"""Steps of explorers, played on a page: no kernel is needed, only what is drawn here.

An explorer's picture is a drawing in text (SVG), made in a few milliseconds, so all its
steps go into the page.  They differ little: what several share is stored once.
"""

import base64
import html
import io
import json
import re
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image


class Animation(NamedTuple):
    """An explorer, as the lesson's cell makes it, and the steps to be played."""

    make: Callable  # module of widgets -> explorer
    steps: range


#   (lesson, cell)
ANIMATIONS = {
    ("00", "explorer"): Animation(
        lambda widgets: widgets.convolution_stepper(
            [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], [[1, 2], [3, 4]]
        ),
        range(1, 7),
    ),
    ("01", "cell-030"): Animation(
        lambda widgets: widgets.convolution_stepper(
            [list("abcd"), list("efgh"), list("ijkl")], [list("wx"), list("yz")]
        ),
        range(1, 7),
    ),
    ("04", "cell-012"): Animation(
        lambda widgets: widgets.pooling_stepper(
            [[2, 2, 4, 4], [2, 4, 8, 4], [4, 4, 4, 1], [6, 10, 3, 4]]
        ),
        range(1, 5),
    ),
    ("09", "stepper"): Animation(
        lambda widgets: widgets.backpropagation_stepper(
            0.7, [0.5, -1.5, 2.0, 0.8, -1.2], step=8
        ),
        range(1, 12),
    ),
    ("12", "playground"): Animation(
        lambda widgets: widgets.optimizer_playground("two valleys"),
        range(0, 201, 10),
    ),
}


def frames(animation: Animation) -> list[tuple[str, str]]:
    """(drawing, words) of each step."""
    from cnnkit import widgets

    explorer = animation.make(widgets)
    results = [
        explorer._compute({**explorer.settings, "step": step})
        for step in animation.steps
    ]
    return [
        (_smaller(result.html), " ".join(result.alt.split()).rstrip(".") + ".")
        for result in results
    ]


def _smaller(drawing: str) -> str:
    """Pictures inside a drawing, which an explorer makes in haste, in 64 colours."""

    def packed(match):
        file = io.BytesIO()
        with Image.open(io.BytesIO(base64.b64decode(match[1]))) as image:
            method = Image.Quantize.MAXCOVERAGE
            image.convert("RGB").quantize(64, method, dither=0).save(file, "PNG")
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"

    return re.sub(r"data:image/png;base64,([A-Za-z0-9+/=]+)", packed, drawing)


def player(animation: Animation) -> str:
    """HTML that `site.js` plays; without scripts it stays hidden, and the still shows.

    Drawings are kept as lists of their pieces, and each different piece once.
    """
    drawings, words = zip(*frames(animation), strict=True)
    split = [re.split("(?=<)", drawing) for drawing in drawings]
    number: dict[str, int] = {}
    lists = [[number.setdefault(x, len(number)) for x in pieces] for pieces in split]
    content = {"pieces": list(number), "frames": lists, "words": words}
    stored = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    stored = stored.replace("</", "<\\/")  # it stands in an element of a script
    label = html.escape(f"Step by step: {words[0]}")
    return (
        f'<div class="player" role="group" aria-label="{label}" hidden>'
        f'<script type="application/json">{stored}</script></div>'
    )
