"""The page "The lectures, executed": each statement beside what was computed."""

import html
import re

from cnnkit.course import claims
from cnnkit.course.site import notebooks
from cnnkit.course.site.parts import grid, header, link, raw, spoken

LECTURES = {  # where a statement stands: (as written in the ledger, on the page)
    "CS7015 L11": "CS7015, lecture 11",
    "IS 6733": "IS 6733",
    "CS-878 W4": "CS-878, week 4",
}
VERDICTS = {
    "✓": ("verified", "decided by a computed value"),
    "measured": ("measured", "decided by an experiment, which may say no"),
    "cited": ("cited", "history, with a checked reference"),
    "stated": ("stated", "prose that nothing can decide"),
    "": ("open", "its lesson is not written yet"),
}
KINDS = [name for mark, (name, _) in VERDICTS.items() if mark]


def account() -> dict[str, int]:
    """What the stored lessons account for: kind of verdict -> number, and errata."""
    found = notebooks.verdicts()
    counts = {
        name: sum(v.mark == mark for v in found)
        for mark, (name, _) in VERDICTS.items()
        if mark
    }
    total = len(claims.load())
    errata = sum(verdict.erratum_shown for verdict in found)
    return {**counts, "all": len(found), "of": total, "errata": errata}


def anchor(claim_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", claim_id)


def page() -> str:
    places = {lesson.number: lesson for lesson in notebooks.lessons()}
    verdicts = {verdict.id: verdict for verdict in notebooks.verdicts()}
    counts = account()
    rows = [
        _claim(claim_id, entry, verdicts.get(claim_id), places)
        for claim_id, entry in claims.load().items()
    ]
    summary = "\n".join(
        f"- {sign(mark)} {words}"
        + (f": {counts[name]}" if mark else f": {counts['of'] - counts['all']}")
        for mark, (name, words) in VERDICTS.items()
        if mark or counts["of"] > counts["all"]
    )
    top = header("statement", "the lecture prints", "computed", "verdict")
    table = grid("claims", top, rows, "Statements of the lectures", "claims")
    return f"""---
html_theme.sidebar_secondary.remove: true
---
# The lectures, executed

The course stands on five university lectures. Their {counts["of"]} statements that
can be checked are listed here, each beside what the lessons computed; {counts["all"]}
are accounted for. The verdicts were read from the stored outputs of the executed
notebooks, never from a list. {counts["errata"]} statements are printed wrongly or
loosely, or are out of date: there the lesson asks first whether the slide is right.

{summary}

A number after `≈` was measured and differs a little from machine to machine.

## All statements

{raw(_filters(places) + table)}
"""


def sign(mark: str) -> str:
    name = VERDICTS[mark][0]
    tick = "✓ " if mark == "✓" else ""
    return f'<span class="verdict {name}">{tick}{name}</span>'


def _filters(places) -> str:
    def choice(name, label, options):
        inner = "".join(f'<option value="{v}">{words}</option>' for v, words in options)
        return (
            f'<label>{label}<select name="{name}"><option value="">all</option>'
            f"{inner}</select></label>"
        )

    ledger = claims.load().values()
    numbers = sorted({entry["lesson"] for entry in ledger})
    titles = {n: f" · {_plain(x.title)}" for n, x in places.items()}
    severities = sorted({e["erratum"]["severity"] for e in ledger if "erratum" in e})
    return (
        '<form class="filters" data-for="claims" aria-label="Choose statements" hidden>'
        + choice("lesson", "Lesson", [(n, f"{n}{titles.get(n, '')}") for n in numbers])
        + choice(
            "lecture", "Lecture", [(anchor(k.lower()), LECTURES[k]) for k in LECTURES]
        )
        + choice("verdict", "Verdict", [(v, v) for v, _ in VERDICTS.values()])
        + choice(
            "erratum",
            "Erratum",
            [("any", "any"), ("none", "none"), *((s, s) for s in severities)],
        )
        + '<label>Words<input type="search" name="words" autocomplete="off"></label>'
        '<button type="reset">Show all</button>'
        '<p role="status" aria-live="polite"></p></form>\n'
    )


def _plain(words: str) -> str:
    return html.escape(re.sub(r"[`*$]", "", words))


def _claim(claim_id, entry, verdict, places) -> str:
    lectures = {anchor(k.lower()) for k in LECTURES for s in entry["source"] if k in s}
    mark = verdict.mark if verdict else ""
    erratum = entry.get("erratum")
    lesson = places.get(entry["lesson"])
    where = f"lesson {entry['lesson']}"
    if verdict:
        href = f"lessons/{lesson.name}.html#code-{verdict.cell}"
        where = link(href, f"{where}, the cell", f' aria-label="{where}: {claim_id}"')
    severity = erratum["severity"] if erratum else "none"
    data = (
        f'data-lesson="{entry["lesson"]}" data-lecture="{" ".join(sorted(lectures))}" '
        f'data-verdict="{VERDICTS[mark][0]}" data-erratum="{severity}"'
    )
    flag = f' <span class="erratum">{severity}</span>' if erratum else ""
    source = html.escape(", ".join(entry["source"]))
    return (
        f'<tr id="{anchor(claim_id)}" {data}><th scope="row">'
        f"{spoken(entry['claim'])}<br><small><code>{claim_id}</code> · {source}</small>"
        f"</th>{_cell('the lecture prints', _printed(entry))}"
        f"{_cell('computed', _computed(claim_id, entry, verdict))}"
        f"{_cell('verdict', f'{sign(mark)}{flag}<br>{where}')}</tr>"
    )


def _cell(label: str, content: str) -> str:
    return f'<td data-label="{label}">{content}</td>'


def _long(words: str, most: int = 240) -> str:
    """Escaped words; what is too long for a cell is folded."""
    if len(words) <= most:
        return html.escape(words, quote=False)
    head = words[: words.rfind(" ", 0, most - 20)]
    tail = words[len(head) :]
    return (
        f"<details><summary>{html.escape(head, quote=False)} …</summary>"
        f"… {html.escape(tail, quote=False)}</details>"
    )


def _printed(entry) -> str:
    if "erratum" in entry:
        return _long(_value(entry["erratum"]["printed"]))
    if entry["class"] == "stated":
        return "in words, as on the left"
    return _long(
        "; ".join(
            f"{leaf.name.replace('_', ' ')}: {_expected(leaf)}"
            for leaf in claims.leaves(entry)
        )
    )


def _expected(leaf) -> str:
    value = _value(leaf.expected)
    if leaf.check in ("below", "above"):
        return f"{leaf.check} {value}"
    return f"between {value}" if leaf.check == "between" else value


def _value(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(
            f"{k.replace('_', ' ')} = {_value(v)}" for k, v in value.items()
        )
    return claims._text(value)


def _computed(claim_id, entry, verdict) -> str:
    if verdict is None:
        return "not yet"
    head = f"{verdict.mark} {claim_id} · "
    tail = f" · {', '.join(entry['source'])}"
    said = verdict.line.removeprefix(head).removesuffix(tail)
    if entry["class"] == "stated":
        said = "nothing to compute"
    content = _long(said)
    if "erratum" in entry:
        erratum = entry["erratum"]
        why = f"{_value(erratum['correct']).rstrip('.')}. {erratum['why']}"
        content += f"<br><b>Holds:</b> {_long(why, 400)}"
    return content
