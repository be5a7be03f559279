"""Reads what was handed in, and mends what must not have been changed."""

import json
import re

import nbformat
from nbformat import NotebookNode, v4

from .outside import released

LARGEST = 20 << 20  # bytes of a notebook
KINDS = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}
KINDS["raw"] = v4.new_raw_cell


class BadSubmission(Exception):
    """What was handed in cannot be graded; the message is one line."""


def read(content: bytes) -> NotebookNode:
    """A notebook without its outputs and without metadata other than nbgrader's.

    Raises:
        BadSubmission: if it is none, with the reason.

    >>> read(b'{"cells": [')
    Traceback (most recent call last):
    cnnkit.course.grading.notebook.BadSubmission: expected a notebook; received broken \
JSON: Expecting value at line 1
    """
    if len(content) > LARGEST:
        raise BadSubmission(
            f"expected a notebook of at most {LARGEST >> 20} MB; received "
            f"{len(content) / (1 << 20):.0f} MB"
        )
    try:
        text = content.decode("utf-8-sig")
        stored = json.loads(text)
    except UnicodeDecodeError:
        raise BadSubmission("expected a notebook; received no text in UTF-8") from None
    except json.JSONDecodeError as error:
        what = "broken JSON" if text.lstrip().startswith("{") else "no JSON"
        raise BadSubmission(
            f"expected a notebook; received {what}: {error.msg} at line {error.lineno}"
        ) from None
    except (RecursionError, ValueError) as error:
        raise BadSubmission(f"expected a notebook; received JSON: {error}") from None
    if not isinstance(stored, dict) or "nbformat" not in stored:
        raise BadSubmission("expected a notebook; received JSON that is none")
    if stored["nbformat"] != 4:
        raise BadSubmission(
            f"expected a notebook of format 4; received {stored['nbformat']!s:.20}: "
            "open it in JupyterLab and save it"
        )
    cells = stored.get("cells")
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise BadSubmission("expected a notebook's cells; received something else")
    notebook = v4.new_notebook()
    for number, cell in enumerate(cells):
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else source
        made = KINDS[cell["cell_type"]](_encodable(source), id=f"cell-{number}")
        metadata = cell.get("metadata")
        own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(own, dict) and isinstance(own.get("grade_id"), str):
            made.metadata["nbgrader"] = {"grade_id": own["grade_id"]}
        if made.cell_type == "markdown" and cell.get("attachments"):
            made["attachments"] = cell["attachments"]
        notebook.cells.append(made)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError:  # attachments that are none
        for cell in notebook.cells:
            cell.pop("attachments", None)
    return notebook


def _encodable(text: str) -> str:
    """JSON may hold halves of characters, which no file can."""
    return text.encode("utf-8", "replace").decode()


def _is_cell(cell) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in KINDS:
        return False
    source = cell.get("source", "")
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def restore(notebook: NotebookNode, source: list[dict]) -> list[str]:
    """Puts a student's notebook in order, in place; what they typed stays.

    Locked cells get the text, kind, place and points of the source; copies of them go,
    unless they were edited: then what was typed stays below, as text.  A copied answer
    stays and runs, as in the student's notebook; the last one is the answer.

    Args:
        notebook: from `read`.
        source: the assignment's cells in order, as `gradebook.sources` gives them.

    Returns:
        What was done, a line each.
    """
    notes: list[str] = []
    known = {cell["name"]: cell for cell in source}
    place = {name: i for i, name in enumerate(known)}
    cells = notebook.cells
    for cell in cells:
        if _id(cell) not in known:
            cell.metadata.pop("nbgrader", None)
    cells = _without_copies(cells, known, notes)
    _adopt(cells, known, notes)

    # a known cell and what follows it, up to the next one
    parts: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if _id(cell):
            parts.append([])
        parts[-1].append(cell)
    first, *parts = parts
    order = [place[_id(part[0])] for part in parts]
    if order != sorted(order):
        notes.append("cells were in another order: put back")
        parts.sort(key=lambda part: place[_id(part[0])])
    there = {_id(part[0]) for part in parts}
    for name, original in known.items():
        if name not in there:
            before = [p for p in parts if place[_id(p[0])] < place[name]]
            parts.insert(len(before), [_missing(original, notes)])

    fixed = list(first) if there else []
    for part in parts:
        fixed += _fixed(part[0], known[_id(part[0])], notes) + part[1:]
    notebook.cells = fixed if there else [*first, *fixed]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    return notes


def _id(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _same(a: str, b: str) -> bool:
    return [x.rstrip() for x in a.strip().split("\n")] == [
        x.rstrip() for x in b.strip().split("\n")
    ]


def _without_copies(cells, known, notes):
    groups: dict[str, list] = {}
    for cell in cells:
        if _id(cell):
            groups.setdefault(_id(cell), []).append(cell)
    gone = set()
    quoted = {}
    for name, group in groups.items():
        if len(group) == 1:
            continue
        notes.append(f"{name}: there {len(group)} times")
        original = released(known[name]["source"])
        keep = group[-1]
        if known[name]["locked"]:
            alike = [cell for cell in group if _same(cell.source, original)]
            keep = (alike or group)[0]
        for cell in group:
            if cell is keep:
                continue
            cell.metadata.pop("nbgrader")
            if known[name]["locked"]:
                if _same(cell.source, original):
                    gone.add(id(cell))
                else:
                    quoted[id(cell)] = _quote(name, cell.source)
    return [quoted.get(id(cell), cell) for cell in cells if id(cell) not in gone]


def _adopt(cells, known, notes):
    """Cells that lost nbgrader's mark, as some editors do, are known by their text."""
    there = {_id(cell) for cell in cells}
    for name, original in known.items():
        text = released(original["source"])
        if name in there or not text.strip():
            continue
        for cell in cells:
            if (
                not _id(cell)
                and cell.cell_type == original["cell_type"]
                and _same(cell.source, text)
            ):
                cell.metadata["nbgrader"] = {"grade_id": name}
                notes.append(f"{name}: mark lost, given back")
                break


def _missing(original, notes):
    """A cell for one that was deleted; without a stub that would undo other cells."""
    notes.append(f"{original['name']}: missing, put back")
    text = original["source"]
    if original["cell_type"] == "code" and not original["locked"]:
        text = "# this cell was deleted"
    cell = KINDS[original["cell_type"]](text)
    cell.metadata["nbgrader"] = {"grade_id": original["name"]}
    return cell


def _fixed(cell, original, notes) -> list:
    """The cell as the source has it, and what was typed over it."""
    name, text = original["name"], cell.source
    kind = original["cell_type"]
    if cell.cell_type != kind:
        notes.append(f"{name}: was {cell.cell_type}, is {kind} again")
    below = []
    if original["locked"]:
        if not (
            _same(text, released(original["source"])) or text == original["source"]
        ):
            notes.append(f"{name}: edited, restored")
            if text.strip():
                below = [_quote(name, text)]
        text = original["source"]
    made = KINDS[kind](text)
    own = {
        "grade": original["grade"],
        "grade_id": name,
        "locked": original["locked"],
        "schema_version": 3,
        "solution": original["solution"],
        "task": original["task"],
        "cell_type": kind,
        "checksum": original["checksum"],
    }
    if original["points"] is not None:
        own["points"] = original["points"]
    made.metadata["nbgrader"] = own
    if original["locked"]:
        made.metadata.update(deletable=False, editable=False)
    if "attachments" in cell and kind == "markdown":
        made["attachments"] = cell["attachments"]
    return [made, *below]


def _quote(name, text):
    fence = "`" * (3 + max(map(len, re.findall("`+", text)), default=0))
    return v4.new_markdown_cell(
        f"*This was written in the locked cell `{name}`, which was restored:*\n\n"
        f"{fence}\n{text}\n{fence}"
    )
