"""Pages made from data: start, lessons, runs, benchmarks; two more beside this file.

Tables that are filtered or sorted are HTML with every row in it; `site.js` adds the
controls, so that a browser without scripts shows all.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from cnnkit.course import models, runs
from cnnkit.course.site import audit, networks, notebooks
from cnnkit.course.site.notebooks import ROOT, Lesson, Part
from cnnkit.course.site.parts import amount, grid, header, link, raw, spoken, toctree

Page = tuple[str, str | bytes]

SECTIONS = """Lessons <lessons/index>
Claims <claims>
Architectures <architectures>
Runs <runs>
Benchmarks <benchmarks>
Guides <guides/index>
API <api/index>""".splitlines()

LEAD = """Lecture notebooks in Keras and TensorFlow. Every number and every picture was
computed by the cell above it, every statement of the lectures is checked by execution,
and every notebook is a test."""

WAYS = """Two commands: `make lab` installs everything and opens the course in
JupyterLab, `make test` proves it. [How to learn with it](guides/student.md), [how to
teach with it](guides/instructor.md), [how to change it](guides/maintainer.md)."""

RUNS = """Experiments too long for a lesson, each made by the command that stands below
its curves. A record holds every epoch, the device and the versions, and is never
edited."""


def all_pages() -> Iterator[Page]:
    """(file, content) of every page that is made from data, and of its pictures."""
    yield from start()
    yield "lessons/index.md", lesson_index()
    yield "claims.md", audit.page()
    yield "architectures.md", networks.page()
    yield from recorded()
    yield "benchmarks.md", benchmarks()


def figure(name: str, alt: str, **options: str) -> str:
    """Markdown of a picture with its description, which is also the caption."""
    lines = [f":{key}: {value}" for key, value in ({"alt": alt} | options).items()]
    return "\n".join([f"```{{figure}} /{name}", *lines, "", alt, "```", "", ""])


# ---- start page and lessons --------------------------------------------------------


def start() -> Iterator[Page]:
    found = notebooks.lessons()
    counts, rows = audit.account(), models.rows()
    facts = {
        f"{counts['all']} of {counts['of']}": "lecture statements accounted for",
        f"{counts['errata']}": "of them corrected, with the reason",
        f"{len(rows)}": "networks rebuilt from their papers",
        f"{sum(bool(row['proofs']['function']) for row in rows)}": "of them compute "
        "what an independent peer computes",
    }
    facts = "".join(f"<li><b>{n}</b> {words}</li>" for n, words in facts.items())
    buttons = link("lessons/01_convolution.html", "Begin with lesson 01", " class='go'")
    buttons += link("claims.html", "The lectures, executed", " class='go'")
    sections = []
    for k, part in enumerate(notebooks.PARTS, start=1):
        inside = [x for x in found if part.first <= int(x.number) <= part.last]
        name, picture, words = _pictured(found, f"part-{k}", part)
        yield name, picture
        items = "".join(
            f"<li>{_linked(lesson)} <span>{spoken(lesson.sentence)}</span></li>"
            for lesson in inside
        )
        sections += [f"## {part.title}\n\n", words]
        sections += [raw(f'<ul class="lesson-list">{items}</ul>'), "\n"]
    name, picture, words = _pictured(found, "map", notebooks.MAP)
    yield name, picture
    top = f'<p class="lead">{LEAD}</p>\n<p class="buttons">{buttons}</p>\n'
    yield (
        "index.md",
        "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"
        "# Convolutional networks, a course that executes\n\n"
        + raw(f'{top}<ul class="numbers">{facts}</ul>')
        + f"\n{WAYS}\n\n{''.join(sections)}## The map\n\n{words}{toctree(SECTIONS)}",
    )


def _pictured(found: list[Lesson], name: str, part: Part) -> tuple[str, bytes, str]:
    """File, content and Markdown of the picture of a part, linked to its cell."""
    lesson = next(x for x in found if x.number == part.lesson)
    cell = next((c for c in lesson.notebook["cells"] if c["id"] == part.cell), None)
    if cell is None:
        raise ValueError(
            f"expected a cell {part.cell!r} in lesson {part.lesson}, the picture of "
            f"{part.title!r}: choose another in cnnkit/course/site/notebooks.py"
        )
    kind, data, alt = notebooks.picture(cell)
    name = f"pictures/{name}.{kind.split('/')[1]}"
    target = f"lessons/{lesson.name}.html#code-{part.cell}"
    return name, data, figure(name, alt, width="672px", target=target)


def _linked(lesson: Lesson, folder: str = "lessons/") -> str:
    words = spoken(f"{lesson.number} · {lesson.title}")
    return link(f"{folder}{lesson.name}.html", words)


def lesson_index() -> str:
    found, rows = notebooks.lessons(), []
    for lesson in found:
        verdicts = [v for v in notebooks.verdicts() if v.lesson == lesson.number]
        errata = sum(verdict.erratum_shown for verdict in verdicts)
        cost = notebooks.times().get("lessons", {}).get(lesson.name)
        download = f' download aria-label="Download lesson {lesson.number}"'
        rows.append(
            f'<tr><th scope="row">{_linked(lesson, "")}<br>'
            f"<small>{spoken(lesson.sentence)}</small></th>"
            + amount(len(verdicts) or "")
            + amount(errata or "")
            + amount(cost and round(cost["seconds"]))
            + amount(cost and f"{cost['gigabytes']:.1f}")
            + f"<td>{link(lesson.path.name, 'ipynb', download)}</td></tr>"
        )
    top = header("lesson", "statements", "errata", "seconds", "GB", "download")
    return (
        "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"
        "# Lessons\n\nIn an order in which nothing is used before it was taught. "
        "Lessons 01 to 08 need no calculus.\n\n"
        + raw(grid("all-lessons", top, rows, "The lessons of the course", "lessons"))
        + f"\n{measured()}\n\n"
        + toctree([lesson.name for lesson in found])
    )


def measured() -> str:
    """Where the times of the lessons come from."""
    times = notebooks.times()
    if not times:
        return "Time and memory of the lessons are not measured yet."
    return (
        "Seconds and peak memory: each lesson alone, by `jupyter nbconvert "
        f"--execute`, on {times['machine']}, {times['date']}."
    )


# ---- recorded runs -----------------------------------------------------------------


def recorded(folder: Path = runs.FOLDER) -> Iterator[Page]:
    """Curves and origin of every record."""
    sections = []
    for path in sorted(folder.glob("*.json")):
        record = runs.load(path.stem, folder)
        title = record.name.replace("_", " ")
        picture, alt = _curves(record)
        name = f"pictures/run-{record.name}.png"
        yield name, picture
        rows = [_variant(record, variant) for variant in record.last("val_accuracy")]
        top = header("network", "parameters", "test accuracy", "lowest", "highest")
        versions = ", ".join(f"{key} {value}" for key, value in record.versions.items())
        settings = ", ".join(f"{key} = {v}" for key, v in record.settings.items())
        sections += [
            f"## {title}\n\n{record.title}.\n\n{figure(name, alt, width='672px')}",
            raw(
                grid(f"run-{record.name}", top, rows, f"{title}: after the last epoch")
            ),
            f"\n{record.origin}\n\nSettings: {settings}. Versions: {versions}.\n\n",
        ]
    body = "".join(sections) or "There is no record yet: `cnnkit run` makes them.\n"
    yield "runs.md", f"# Recorded runs\n\n{RUNS}\n\n{body}"


def _variant(record: runs.Record, variant: str) -> str:
    results = record.last("val_accuracy")[variant]
    counts = [run["parameters"] for run in record.runs if run["variant"] == variant]
    cells = [amount(counts[0]), *(amount(f"{value:.4f}") for value in results)]
    return f'<tr><th scope="row">{html.escape(variant)}</th>{"".join(cells)}</tr>'


def _curves(record: runs.Record) -> tuple[bytes, str]:
    from cnnkit import plot

    last = record.last("val_accuracy")
    panels = None  # variants such as plain-20 and residual-20: a panel for each kind
    if all("-" in variant for variant in last):
        panels = {}
        for variant in last:
            kind, _, label = variant.partition("-")
            panels.setdefault(kind, {})[label] = variant
    fig = plot.record_curves(record, "accuracy", panels)
    ends = ", ".join(f"{name} ≈{values[0]:.3f}" for name, values in last.items())
    alt = "Training and test accuracy against epochs, mean and range over seeds. Test "
    return plot.image_bytes(fig), f"{alt}in the end: {ends}."


# ---- benchmarks --------------------------------------------------------------------


def benchmarks() -> str:
    """`benchmarks/README.md`, and before it what the lessons cost."""
    content = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    intro, *sections = re.split(r"(?m)^(?=## )", content)
    times, lessons = notebooks.times(), f"## The lessons\n\n{measured()}\n\n"
    if times:
        rows = [
            f'<tr><th scope="row">{_linked(lesson)}</th>'
            + amount(round(cost["seconds"]))
            + amount(f"{cost['gigabytes']:.1f}")
            + "</tr>"
            for lesson in notebooks.lessons()
            if (cost := times["lessons"].get(lesson.name))
        ]
        top = header("lesson", "seconds", "peak memory (GB)")
        lessons += raw(grid("lesson-times", top, rows, "Cost of each lesson"))
        lessons += (
            f"\nAll lessons one after another: {times['serial_seconds']:.0f} s; by two "
            "workers, with their outputs compared: "
            f"{times['two_workers_seconds']:.0f} s.\n\n"
        )
    return intro + lessons + "".join(sections)
