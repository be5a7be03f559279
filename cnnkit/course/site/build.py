"""Lays out the site's sources beside `build/site` and calls its builder."""

import argparse
import importlib
import json
import posixpath
import re
import shutil
import time
from pathlib import Path

from cnnkit.course.site import notebooks, pages, readme

ROOT = Path(__file__).parents[3]
OUTPUT = ROOT / "build" / "site"

#   file of the repository: page of the site
PAGES = {
    "docs/exercises.md": "guides/exercises",
    "docs/grading.md": "guides/grading",
    "datasets/README.md": "guides/data",
    "CONTRIBUTING.md": "guides/contributing",
    "CHANGELOG.md": "guides/changelog",
}
#   documented modules; a package stands for what it exports
MODULES = """sizes reference layers models profile check training schedules augment data
    explain plot widgets questions course.claims course.runs course.models
    course.lessons course.exercises course.grading""".split()


class Sources:
    """Files of the site's sources; what did not change keeps its time."""

    def __init__(self, folder: Path):
        self.folder, self.written = folder, set()

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        content = content.encode() if isinstance(content, str) else content
        self.written.add(path)
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def finish(self) -> None:
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in self.written:
                path.unlink()


def prepare(folder: Path) -> None:
    """Writes all sources: lessons, guides and the pages made from data."""
    sources = Sources(folder)
    guides = {
        f"docs/guides/{path.name}": f"guides/{path.stem}"
        for path in (ROOT / "docs" / "guides").glob("*.md")
    }
    places = PAGES | guides
    for name, page in places.items():
        content = (ROOT / name).read_text(encoding="utf-8")
        sources.write(f"{page}.md", relink(content, name, places))
    for lesson in notebooks.lessons():
        content = notebooks.page(lesson)
        for cell in content["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = relink(
                    notebooks.text(cell), f"lessons/{lesson.path.name}", places
                )
        name = f"lessons/{lesson.path.name}"
        sources.write(name, json.dumps(content, ensure_ascii=False))
    for name, content in pages.all_pages():
        sources.write(name, content)
    sources.write("api/index.md", api_index())
    for module in MODULES:
        sources.write(f"api/{module}.md", api_page(module))
    sources.finish()


def relink(content: str, name: str, places: dict) -> str:
    """Links of a file of the repository, as the site's page needs them."""

    def target(match):
        words, path, anchor = match.groups(default="")
        if re.match(r"[a-z]+:|/", path) or not path:
            return match.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        if path in places:
            return f"[{words}](/{places[path]}.md{anchor})"
        if re.match(r"lessons/\d\d_", path):
            return f"[{words}](/{path}{anchor})"
        return words

    return re.sub(r"(?<!!)\[([^][]*)\]\(([^()#\s]*)(#[^()\s]*)?\)", target, content)


# ---- API ---------------------------------------------------------------------------


def summary(module: str) -> str:
    found = importlib.import_module(f"cnnkit.{module}")
    return found.__doc__.strip().split("\n\n")[0].replace("\n", " ")


def api_index() -> str:
    rows = "\n".join(f"| [](/api/{m}.md) | {summary(m)} |" for m in MODULES)
    names = "\n".join(MODULES)
    return (
        "# API reference\n\nEverything the course and its library offer, from the "
        f"docstrings.\n\n| module | |\n| --- | --- |\n{rows}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def api_page(module: str) -> str:
    name = f"cnnkit.{module}"
    exported = hasattr(importlib.import_module(name), "__path__")
    options = ":members:\n" + ":imported-members:\n" * exported
    return (
        f"# `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n"
        + "".join(f"   {line}\n" for line in options.splitlines())
        + "```\n"
    )


# ---- the command -------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m cnnkit.course.site",
        description="Builds the web site into build/site from the stored outputs; "
        "or renews the generated parts of README.md.",
    )
    parser.add_argument("what", nargs="?", default="site", choices=["site", "readme"])
    parser.add_argument("-E", dest="fresh", action="store_true", help="build all anew")
    parser.add_argument("-o", dest="output", type=Path, default=OUTPUT, metavar="DIR")
    options = parser.parse_args(arguments)
    if options.what == "readme":
        readme.renew()
        return 0
    from sphinx.cmd.build import build_main

    start = time.perf_counter()
    output = options.output.absolute()
    source = output.with_name(output.name + "-source")
    prepare(source)
    command = ["-b", "html", "-c", str(ROOT / "docs")]
    command += ["-d", str(output.with_name(output.name + "-read"))]
    command += ["--fail-on-warning", "--keep-going", "--jobs", "auto", "--quiet"]
    command += ["-E", "-a"] if options.fresh else []
    status = build_main([*command, str(source), str(output)])
    if status == 0:
        for lesson in notebooks.lessons():
            shutil.copy(lesson.path, output / "lessons")
        print(f"{output / 'index.html'}   ({time.perf_counter() - start:.0f} s)")
    return status
