"""The parts of README.md that are made from data: lessons, and what is proven."""

import re

from cnnkit.course import models
from cnnkit.course.site import audit, notebooks
from cnnkit.course.site.notebooks import ROOT

README = ROOT / "README.md"
BLOCK = r"(<!-- {name}:.*?-->\n)(.*?)(<!-- end -->)"


def lessons() -> str:
    """The table of lessons: title and claim of each."""
    rows = "".join(
        f"| [{x.number}](lessons/{x.path.name}) | **{x.title}** {x.sentence} |\n"
        for x in notebooks.lessons()
    )
    return f"| | lesson |\n| --- | --- |\n{rows}"


def numbers() -> dict[str, str]:
    """What is proven: name -> one sentence with its numbers."""
    counts, table = audit.account(), models.rows()
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in audit.KINDS)
    proofs = {
        kind: sum(bool(row["proofs"][kind]) for row in table)
        for kind in ("counts", "function")
    }
    found = {
        "claims": f"**{counts['all']} of {counts['of']}** lecture statements are "
        f"accounted for by execution: {kinds}. {counts['errata']} of them are printed "
        "wrongly, loosely or out of date, and corrected.",
        "architectures": f"**{len(table)}** networks are rebuilt from their papers: "
        f"counts and shapes of {proofs['counts']} equal the published ones, "
        f"{proofs['function']} compute what an independent peer computes.",
    }
    exercises, tried, kept = wrong_answers()
    found["mutants"] = (
        f"**{tried:,}** wrong answers to {exercises} exercises were tried, {kept} kept "
        "ones among them; each loses its points and is told its mistake."
    )
    found["attacks"] = (
        f"**{attacks()}** attacks of hostile notebooks are handed in to the grader "
        "beside honest work; its points stay right."
    )
    times = notebooks.times()
    if times:
        seconds = [cost["seconds"] for cost in times["lessons"].values()]
        memory = max(cost["gigabytes"] for cost in times["lessons"].values())
        found["times"] = (
            f"**{sum(seconds) / 60:.0f} minutes** run all {len(seconds)} lessons, one "
            f"after another, on {times['machine'].split(',')[0]}; the slowest takes "
            f"{max(seconds):.0f} s, the largest {memory:.1f} GB."
        )
    return found


def wrong_answers() -> tuple[int, int, int]:
    """Exercises, wrong answers tried, and those of them that are kept."""
    guide = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    together = re.search(
        r"(?m)^\| \*\*together\*\* \| (\d+) \|.*\| (\d+) \((\d+)\) \| \d+ \|$", guide
    )
    return tuple(map(int, together.groups()))


def attacks() -> int:
    """Rows of the table of attacks in the grading guide."""
    guide = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    section = guide.split("## Attacks tried")[1].split("\n## ")[0]
    return len(re.findall(r"(?m)^\| (?!---|Attack )", section))


def proven() -> str:
    return "".join(f"- {sentence}\n" for sentence in numbers().values())


def made(content: str) -> str:
    """README with its generated parts as they should be."""
    for name, block in (("lessons", lessons()), ("proven", proven())):
        pattern = re.compile(BLOCK.format(name=name), re.DOTALL)
        if not pattern.search(content):
            raise ValueError(f"expected the lines <!-- {name}: … --> and <!-- end -->")
        content = pattern.sub(lambda m, b=block: m[1] + b + m[3], content)
    return content


def renew() -> None:
    README.write_text(made(README.read_text(encoding="utf-8")), encoding="utf-8")
