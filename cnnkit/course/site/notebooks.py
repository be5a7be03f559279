"""Lessons as pages: what is read from an executed notebook, and what is made of it."""

import base64
import functools
import io
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops

from cnnkit.course import claims
from cnnkit.course.site.animations import ANIMATIONS, player
from cnnkit.course.site.parts import link

ROOT = Path(__file__).parents[3]
LESSONS = ROOT / "lessons"
TIMES = ROOT / "benchmarks" / "lessons.json"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Part(NamedTuple):
    """Lessons that belong together, and the cell whose picture stands for them."""

    title: str
    first: int
    last: int
    lesson: str
    cell: str


PARTS = (
    Part("Images and filters", 1, 8, "02", "bank-photos-run"),
    Part("Training", 9, 12, "12", "f-landscapes"),
    Part("Generalisation", 13, 14, "14", "run-colour-4"),
    Part("Architectures", 15, 18, "15", "networks"),
)
MAP = Part("The map", 0, 18, "00", "map-show")


class Lesson(NamedTuple):
    """What the site says of a lesson; all of it stands in the notebook."""

    number: str
    path: Path
    title: str
    sentence: str  # the first paragraph, a claim

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def notebook(self) -> dict:
        return _read(self.path, self.path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def text(cell: dict) -> str:
    return "".join(cell["source"])


def lessons(folder: Path = LESSONS) -> list[Lesson]:
    """The lessons that are there, in order.

    >>> lessons()[0].title
    'Start here'
    """
    found = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        first = text(_read(path, path.stat().st_mtime_ns)["cells"][0])
        heading, sentence = re.split(r"\n\s*\n", first)[:2]
        number, title = re.fullmatch(r"# (\d\d) · (.+)", heading.strip()).groups()
        found.append(Lesson(number, path, title, " ".join(sentence.split())))
    return found


def picture(cell: dict) -> tuple[str, bytes, str]:
    """The first figure of a cell without its caption: MIME type, file and alt."""
    for output in cell.get("outputs", ()):
        for kind in IMAGES:
            if kind in output.get("data", {}):
                data = base64.b64decode("".join(output["data"][kind]))
                alt = "".join(output["data"]["text/plain"])
                return kind, without_caption(data, alt, kind) or data, alt
    raise ValueError(f"expected a cell with a picture; received {cell['id']!r}")


def without_caption(data: bytes, alt: str, kind: str) -> bytes | None:
    """The picture above the caption that `plot.show` drew; None if it drew none.

    On a page the caption is text: it can be read at any width, selected and translated.
    """
    if kind not in ("image/png", "image/jpeg"):
        return None
    from cnnkit.plot import base

    dpi = base.DPI if kind == "image/png" else base.PHOTO_DPI
    with Image.open(io.BytesIO(data)) as image:
        image = image.convert("RGB")
    caption = base._caption(alt, max(image.width / dpi, 4.5), dpi)
    lowest = image.height - caption.height
    for top in range(lowest, lowest - 5, -1):  # it was rounded up to whole pixels
        if top <= 0:
            return None
        below = image.crop((0, top, caption.width, top + caption.height))
        if below.size != caption.size:
            continue
        if np.asarray(ImageChops.difference(below, caption)).mean() < 2:
            break
    else:
        return None
    image, file = image.crop((0, 0, image.width, top)), io.BytesIO()
    if kind == "image/jpeg":
        image.save(file, "JPEG", quality=92)
    else:
        image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=0).save(file, "PNG")
    return file.getvalue()


# ---- one page ----------------------------------------------------------------------


def page(lesson: Lesson) -> dict:
    """The notebook as the site's builder reads it.

    Identifiers of cells, alternative texts and sizes of figures go into the cells'
    metadata, where the extension finds them; captions leave the pictures.
    """
    notebook = json.loads(json.dumps(lesson.notebook))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            facts = {"id": f"code-{cell['id']}", **_facts(cell)}
            animation = ANIMATIONS.get((lesson.number, cell["id"]))
            facts["player"] = player(animation) if animation else ""
            cell["metadata"] = {"cnnkit": facts}
    first = notebook["cells"][0]
    heading, sentence, *rest = text(first).split("\n\n")
    first["source"] = "\n\n".join([heading, sentence, about(lesson), *rest])
    return notebook


def _facts(cell: dict) -> dict:
    figures = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "".join(data.get("text/html", "")).startswith("<pre"):
            del data["text/html"]  # its colours are too pale to be read
            plain = "".join(data["text/plain"])
            data["text/plain"] = re.sub(r"\x1b\[[0-9;]*m", "", plain)
        kind = next((kind for kind in IMAGES if kind in data), None)
        if kind is None:
            continue
        alt, size = "".join(data["text/plain"]), output["metadata"].get(kind, {})
        file = base64.b64decode("".join(data[kind]))
        bare = without_caption(file, alt, kind)
        if bare:
            data[kind] = base64.b64encode(bare).decode("ascii")
        number, width = len(figures) + 1, size.get("width")
        figures.append(
            {"number": number, "alt": alt, "width": width, "caption": bool(bare)}
        )
    still = bool(figures and re.search(r"\bwidgets\.\w+\(", text(cell)))
    return {"figures": figures, "still": still}


def about(lesson: Lesson) -> str:
    """The line below a lesson's first sentence: cost, statements, download."""
    parts = [duration(lesson.name)]
    count = sum(verdict.lesson == lesson.number for verdict in verdicts())
    if count:
        words = f"{count} statements of the lectures"
        parts.append(link(f"../claims.html?lesson={lesson.number}", words))
    size = lesson.path.stat().st_size
    words = f"Download the notebook ({size / 1000:,.0f} KB)"
    parts.append(link(lesson.path.name, words, " download"))
    return f'<p class="lesson-facts">{" · ".join(filter(None, parts))}</p>'


@functools.lru_cache(maxsize=1)
def verdicts() -> list[claims.Verdict]:
    """Every verdict line in the stored outputs."""
    return claims.coverage(LESSONS)


@functools.lru_cache(maxsize=1)
def times() -> dict:
    """What `benchmarks/course.py` measured; {} if it has not run."""
    return json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.is_file() else {}


def duration(name: str) -> str:
    """Time and memory of a lesson in words, "" if they were not measured."""
    cost = times().get("lessons", {}).get(name)
    if not cost:
        return ""
    return f"Runs in {cost['seconds']:.0f} s with {cost['gigabytes']:.1f} GB of memory"
