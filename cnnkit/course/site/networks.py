"""The page of architectures: what they cost and what is proven of them."""

import html
import re
from itertools import takewhile

from cnnkit.course import claims, models
from cnnkit.course.site import notebooks
from cnnkit.course.site.parts import amount, grid, link, raw


def lesson_of(function: str) -> str | None:
    """Number of the lesson that teaches a network: where the lectures' statements on
    its family are answered, or else whose code names it most often.

    >>> lesson_of("se_resnet"), lesson_of("autoencoder")
    ('17', '13')
    """
    family, found = _plain(module_of(function).rpartition(".")[2]), {}
    for claim_id, entry in claims.load().items():
        topic, *middle, _ = claim_id.split("/")
        named = _plain("".join(middle))
        same = takewhile(
            lambda pair: pair[0] == pair[1], zip(family, named, strict=False)
        )
        common = len(list(same))
        if topic == "arch" and named and common >= min(5, len(named)):
            found.setdefault(common, []).append(entry["lesson"])
    if found:
        closest = found[max(found)]
        return max(closest, key=closest.count)
    word, counts = re.compile(rf"\b{function}\b"), {}
    for lesson in notebooks.lessons():
        code = [c for c in lesson.notebook["cells"] if c["cell_type"] == "code"]
        counts[lesson.number] = sum(len(word.findall(notebooks.text(c))) for c in code)
    most = max(counts, key=counts.get)
    return most if counts[most] else None


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name)


def module_of(function: str) -> str:
    from cnnkit import models as functions

    return getattr(functions, function).__module__


def source_of(function: str) -> str:
    """Page of a network's source, from the site's root."""
    return f"_modules/{module_of(function).replace('.', '/')}.html#{function}"


def page() -> str:
    table, written = models.rows(), {x.number: x for x in notebooks.lessons()}
    lessons = {f: lesson_of(f) for f in {_function(row) for row in table}}
    rows = [_architecture(row, lessons[_function(row)], written) for row in table]
    names = [
        ("network", "builds it; links to its source"),
        ("lesson", ""),
        ("year", ""),
        ("paper", ""),
        ("depth", "weight layers as the paper counts them"),
        ("path", "the most weight layers on one way through"),
        ("parameters", ""),
        ("multiply-adds", "for one image"),
        ("top-1", "published accuracy in percent"),
        ("top-5", "published accuracy in percent"),
        ("proofs", ""),
        ("accuracy of", "the data, and who published it"),
    ]
    top = "".join(
        f'<th scope="col"{f" title={chr(34)}{t}{chr(34)}" if t else ""}>{n}</th>'
        for n, t in names
    )
    counts = {
        kind: sum(bool(row["proofs"][kind]) for row in table)
        for kind in ("counts", "function", "learns")
    }
    return f"""---
html_theme.sidebar_secondary.remove: true
---
# Architectures

{len(table)} networks, each built by a call of `cnnkit.models` from its paper's table.
Parameters, multiply-adds and *path*, the most weight layers on one way through without
gates, are computed from the models; *depth* is as the paper counts. Click a heading to
sort. `cnnkit models` prints the same table.

What is proven of them, by a test each:

- **c**: counts and shapes equal the published ones ({counts["counts"]} networks);
- **f**: the same function as an independent peer, from the same weights
  ({counts["function"]});
- **l**: it learns, is saved and loaded, and runs in mixed precision
  ({counts["learns"]}).

{raw(grid("networks", top, rows, "Networks of the course", "sortable"))}
"""


def _function(row) -> str:
    return row["name"].split("(")[0]


def _architecture(row, lesson, written) -> str:
    proofs = "".join(
        f'<abbr title="{html.escape(test)}">{kind[0]}</abbr>' if test else "·"
        for kind, test in row["proofs"].items()
    )
    taught = lesson or ""
    if lesson in written:
        taught = link(f"lessons/{written[lesson].name}.html", lesson)
    code = f"<code>{html.escape(row['name'], quote=False)}</code>"
    keys = ("depth", "path", "parameters", "multiply_adds", "top1", "top5")
    cells = [
        f'<th scope="row">{link(source_of(_function(row)), code)}</th>',
        f"<td>{taught}</td>",
        amount(row["year"] and str(row["year"])),
        f"<td>{html.escape(row['paper'])}</td>",
        *(amount(row[key]) for key in keys),
        f'<td class="proofs">{proofs}</td>',
        f"<td>{html.escape(row['cited'])}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"
