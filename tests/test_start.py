"""Lesson 00 tells the truth about the others: their titles, and what builds on what."""

import ast
import json
import re
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[1] / "lessons"
OTHERS = sorted(LESSONS.glob("[01][0-9]_*.ipynb"))[1:]


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


START = {cell["id"]: source(cell) for cell in cells(LESSONS / "00_start_here.ipynb")}
MAP = ast.literal_eval(START["map-data"].partition(" = ")[2])
ROWS = dict(re.findall(r"^\| (\d\d) \| (.*?) \|", START["table"], re.M))


def below(number):
    """A lesson and all that it builds on."""
    needed = MAP[number][2]
    return {number}.union(*map(below, needed))


def test_map_and_table_hold_the_eighteen_lessons():
    numbers = [f"{n:02}" for n in range(1, 19)]
    assert list(MAP) == list(ROWS) == numbers
    for number in numbers:
        assert max(below(number)) == number, "a lesson comes after what it needs"


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_a_lesson_is_announced_as_it_is(path):
    first = source(cells(path)[0])
    number, title = re.match(r"# (\d\d) · (.*)", first).groups()
    assert ROWS[number] == f"[{title}]({path.name})"
    (needs,) = re.findall(r"\*\*Needs\*\*: ([^.;]*)", first)
    named = set(re.findall(r"\b[01]\d\b", needs))
    for low, high in re.findall(r"\b([01]\d) to ([01]\d)\b", needs):
        named |= {f"{n:02}" for n in range(int(low), int(high) + 1)}
    assert named <= below(number), "the map lacks what the lesson says it needs"
