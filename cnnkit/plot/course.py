"""The lessons and what builds on what."""

from collections.abc import Mapping

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .base import COLORS, GREY, INK, WIDTH, _expect, _sheet, _text_color, _text_width


def course_map(lessons: Mapping, groups: Mapping) -> Figure:
    """Lessons as boxes, each below those that it needs, with arrows between them.

    Args:
        lessons: number -> (title, column from 0, numbers of the lessons it needs),
            such as "03": ("Shapes", 1, ["01"]).
        groups: name -> numbers of the lessons that share a colour.

    Raises:
        ValueError: for a lesson that is needed but not there, a circle, two lessons in
            one place, or a lesson that belongs to no group.

    >>> lessons = {"01": ("Sums", 0, []), "02": ("Filters", 0, ["01"])}
    >>> fig = course_map(lessons, {"Images": ["01", "02"]})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "lesson"]
    ['01  Sums', '02  Filters']
    """
    _expect(len(lessons) > 0, "at least one lesson", "none")
    for number, (_, _, needed) in lessons.items():
        missing = [name for name in needed if name not in lessons]
        _expect(not missing, f"lessons that lesson {number} needs", missing)
        found = [name for name, members in groups.items() if number in members]
        _expect(len(found) == 1, f"one group for lesson {number}", found)
    rows: dict[str, int] = {}
    while len(rows) < len(lessons):
        ready = {
            number: max((rows[name] + 1 for name in needed), default=0)
            for number, (_, _, needed) in lessons.items()
            if number not in rows and all(name in rows for name in needed)
        }
        _expect(ready, "needs without a circle", sorted(set(lessons) - set(rows)))
        rows |= ready
    places = {number: (lessons[number][1], row) for number, row in rows.items()}
    taken = list(places.values())
    _expect(len(set(taken)) == len(taken), "one lesson in a place", sorted(taken))

    columns = 1 + max(column for column, _ in taken)
    step, box, top, line = WIDTH / columns, 0.36, 0.12, 0.6
    width = min(step - 0.22, 2.6)
    fig, ax = _sheet(top + line * max(rows.values()) + box + 0.1)
    color = {
        number: COLORS[i % len(COLORS)]
        for i, members in enumerate(groups.values())
        for number in members
    }
    for number, (title, _, needed) in lessons.items():
        column, row = places[number]
        x, y = (column + 0.5) * step, top + row * line
        tint = [1 - 0.16 * (1 - part) for part in to_rgb(color[number])]
        style = {"fc": tint, "ec": color[number], "lw": 1.2}
        ax.fill(
            [x - width / 2, x + width / 2, x + width / 2, x - width / 2],
            [y, y, y + box, y + box],
            zorder=2,
            **style,
        )
        text = f"{number}  {title}"
        _expect(
            _text_width(text, 9.5) < width - 0.06,
            f"titles that fit into {width:.1f} inches",
            text,
        )
        ax.text(
            x,
            y + box / 2,
            text,
            gid="lesson",
            ha="center",
            va="center_baseline",
            color=INK,
            zorder=3,
        )
        for name in needed:
            above_column, above_row = places[name]
            shift = 0.16 * width * (column - above_column)  # leave where one is heading
            ax.annotate(
                "",
                (x - shift, y - 0.01),
                (
                    (above_column + 0.5) * step + shift,
                    top + above_row * line + box,
                ),
                arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1.1},
                zorder=1,
            )
    x = WIDTH - 0.15
    for i, (name, members) in enumerate(groups.items()):
        ax.text(
            x if columns > 1 else 0.15,
            top + 0.1 + 0.2 * i,
            f"{name}  {members[0]}–{members[-1]}",
            ha="right" if columns > 1 else "left",
            va="center_baseline",
            color=_text_color(COLORS[i % len(COLORS)]),
            gid="group",
        )
    return fig
