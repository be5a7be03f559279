"""How long an explorer takes to draw itself anew, whatever machine it runs on."""

import io
import time

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PLAIN = 8  # at most as long as so many plain figures: 0.2 to 0.3 s in an ordinary hour


def _plain():
    figure = Figure()
    FigureCanvasAgg(figure)
    figure.subplots().plot([0, 1])
    figure.savefig(io.BytesIO(), format="png")


def _seconds(draw, **settings):
    start = time.process_time()
    draw(**settings)
    return time.process_time() - start


def plain_figures(draw, changes) -> float:
    """The time of `draw(**change)`, the quickest, in those of a plain figure.

    Both are drawn by turns, so that a machine that is slow or busy is so for both.

    >>> round(plain_figures(_plain, [{}] * 5))
    1
    """
    _plain()  # fonts are looked for the first time
    pairs = [(_seconds(draw, **change), _seconds(_plain)) for change in changes]
    own, plain = map(min, zip(*pairs, strict=True))
    return own / plain
