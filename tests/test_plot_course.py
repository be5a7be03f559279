"""The map of the course: boxes below what they need, joined by arrows."""

import pytest

from cnnkit import plot

LESSONS = {
    "01": ("One", 0, []),
    "02": ("Two", 1, ["01"]),
    "03": ("Three", 0, ["01"]),
    "04": ("Four", 1, ["02", "03"]),
}
GROUPS = {"first": ["01", "02"], "second": ["03", "04"]}


def drawn(fig):
    (ax,) = fig.axes
    boxes = {
        text.get_text()[:2]: text.get_position()
        for text in ax.texts
        if text.get_gid() == "lesson"
    }
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    return boxes, arrows


def test_each_lesson_lies_below_what_it_needs():
    boxes, arrows = drawn(plot.course_map(LESSONS, GROUPS))
    assert set(boxes) == set(LESSONS)
    for number, (_, column, needed) in LESSONS.items():
        x, y = boxes[number]
        assert (x > plot.WIDTH / 2) == (column == 1)
        for name in needed:
            assert boxes[name][1] < y  # the axis points down
    assert boxes["02"][1] == boxes["03"][1]
    assert len(arrows) == 4
    for arrow in arrows:
        assert arrow.xyann[1] < arrow.xy[1], "an arrow points down"


def test_names_and_colours_of_groups():
    fig = plot.course_map(LESSONS, GROUPS)
    names = [t.get_text() for t in fig.axes[0].texts if t.get_gid() == "group"]
    assert names == ["first  01–02", "second  03–04"]
    assert len({patch.get_edgecolor() for patch in fig.axes[0].patches[:4]}) == 2
    assert len(plot.image_bytes(fig, "a map")) < 60_000


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("lessons that lesson 02 needs", {"02": ("Two", 1, ["09"])}),
        ("without a circle", {"01": ("One", 0, ["04"])}),
        ("one lesson in a place", {"02": ("Two", 0, ["01"])}),
        ("one group for lesson 05", {"05": ("Five", 1, [])}),
        (
            "titles that fit",
            {"02": ("A title too long for any box of this map", 1, [])},
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(what, change):
    with pytest.raises(ValueError, match=f"expected .*{what}.*; received"):
        plot.course_map(LESSONS | change, GROUPS)


def test_an_empty_map_is_refused():
    with pytest.raises(ValueError, match="at least one lesson"):
        plot.course_map({}, GROUPS)
