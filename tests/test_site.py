"""The web site: built once, then read as a browser and as a reader would.

Chromium is needed for the second half; without it these tests are skipped, in CI they
fail.
"""

import doctest
import functools
import http.server
import importlib
import inspect
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup

from cnnkit.course import claims, models
from cnnkit.course.site import (
    animations,
    audit,
    build,
    networks,
    notebooks,
    parts,
    readme,
)

ROOT = Path(__file__).parents[1]
LESSONS = notebooks.lessons()
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)


# ---- the build ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built anew; every warning is an error.

    CNNKIT_SITE=build/site takes one that is there, while its pages are worked on.
    """
    if built := os.environ.get("CNNKIT_SITE"):
        return Path(built).absolute()
    folder = tmp_path_factory.mktemp("site") / "html"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "cnnkit.course.site", "-o", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr.lower(), done.stderr
    print(f"built in {time.monotonic() - start:.0f} s")
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """Name -> parsed page."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(
            path.read_bytes(), "html.parser"
        )
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


def content(page):
    return page.find("article") or page.find("main") or page


# ---- what is wrong with a page -----------------------------------------------------


def dead_links(name, page, names, ids):
    """Links and pictures of a page that lead nowhere inside the site."""
    for tag, attribute in (("a", "href"), ("img", "src"), ("link", "href")):
        for element in page.find_all(tag):
            target = element.get(attribute, "")
            if not target or re.match(r"[a-z]+:", target) or "data-preload" in target:
                continue
            path, anchor = urldefrag(target)
            path = unquote(path.split("?")[0])
            path = os.path.normpath(os.path.join(os.path.dirname(name), path))
            place = name if target.startswith(("#", "?")) else path
            if place not in names:
                yield f"{name}: {target}"
            elif anchor and place in ids and unquote(anchor) not in ids[place]:
                yield f"{name}: {target}"


def wrong_headings(page):
    """Levels that are skipped, and pages that have not one title."""
    levels = [int(h.name[1]) for h in content(page).find_all(re.compile(r"^h[1-6]$"))]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} titles"
    for before, after in zip([0, *levels], levels, strict=False):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"


def pictures_without_words(page):
    for image in page.find_all("img"):
        if not image.get("alt", "").strip() and not image.find_parent("nav"):
            yield image.get("src")


def ids_of(page):
    return [element["id"] for element in page.find_all(id=True)]


def test_the_checks_find_what_they_look_for():
    bad = BeautifulSoup(
        '<main><h1>a</h1><h3>b</h3><img src="x.png"><a href="y.html">y</a>'
        '<a href="#z">z</a><p id="p"></p><p id="p"></p></main>',
        "html.parser",
    )
    found = list(dead_links("a/b.html", bad, {"a/b.html"}, {"a/b.html": {"p"}}))
    assert found == ["a/b.html: y.html", "a/b.html: #z", "a/b.html: x.png"]
    assert list(wrong_headings(bad)) == ["a heading of level 3 follows one of level 1"]
    assert list(pictures_without_words(bad)) == ["x.png"]
    assert ids_of(bad) == ["p", "p"]


def test_no_link_and_no_picture_is_dead(site, pages):
    files = (path.relative_to(site).as_posix() for path in site.rglob("*"))
    names = {*files, "."}
    ids = {
        name: set(re.findall(r'\bid="([^"]+)"', (site / name).read_text("utf-8")))
        for name in names
        if name.endswith(".html")
    }
    found = [x for name in pages for x in dead_links(name, pages[name], names, ids)]
    assert found == []


def test_every_page_has_its_form(pages):
    problems = []
    for name, page in pages.items():
        problems += [f"{name}: {problem}" for problem in wrong_headings(page)]
        problems += [f"{name}: {src}: no alt" for src in pictures_without_words(page)]
        ids = ids_of(page)
        twice = {x for x in ids if ids.count(x) > 1}
        problems += [f"{name}: the id {x} occurs twice" for x in sorted(twice)]
        if page.html.get("lang") != "en" or not page.title.get_text(strip=True):
            problems.append(f"{name}: no language or no title")
    assert problems == []


def test_nothing_comes_from_elsewhere(pages):
    """No script, style, font or picture of another server."""
    loaded = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
    found = [
        f"{name}: {element[attribute]}"
        for name, page in pages.items()
        for tag, attribute in loaded.items()
        for element in page.find_all(tag)
        if re.match(r"(https?:)?//", element.get(attribute, ""))
    ]
    assert found == []


# ---- lessons -----------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_is_whole(site, pages, lesson):
    page = pages[f"lessons/{lesson.name}.html"]
    download = site / "lessons" / lesson.path.name
    assert download.read_bytes() == lesson.path.read_bytes()
    alts = [image["alt"] for image in content(page).find_all("img")]
    stored = [
        "".join(output["data"]["text/plain"])
        for cell in lesson.notebook["cells"]
        for output in cell.get("outputs", ())
        if set(notebooks.IMAGES) & set(output.get("data", {}))
    ]
    assert alts == stored
    assert all(len(alt) >= 20 for alt in alts)
    ids = set(ids_of(page))
    code = [c for c in lesson.notebook["cells"] if c["cell_type"] == "code"]
    assert {f"code-{cell['id']}" for cell in code} <= ids
    words = " ".join(content(page).get_text().split())
    for cell in code:
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                assert " ".join("".join(output["text"]).split()) in words
    formulas = sum(
        len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", notebooks.text(cell), re.DOTALL))
        for cell in lesson.notebook["cells"]
        if cell["cell_type"] == "markdown"
    )
    assert len(content(page).find_all("math")) == formulas


def test_captions_leave_the_pictures(pages):
    """The words below a figure are text on the page, not pixels."""
    total = 0
    for lesson in LESSONS:
        page = content(pages[f"lessons/{lesson.name}.html"])
        words = [caption.get_text() for caption in page.find_all("figcaption")]
        images = page.find_all("img")
        assert len(words) == len(images)
        total += len(words)
        for image, caption in zip(images, words, strict=True):
            assert " ".join(caption.split()).startswith(image["alt"])
    assert total > 100


@pytest.mark.parametrize("place", animations.ANIMATIONS, ids="/".join)
def test_an_animation_is_the_explorer_of_its_cell(place):
    """One of its steps is the still that the executed notebook has stored."""
    lesson = next(lesson for lesson in LESSONS if lesson.number == place[0])
    cell = next(c for c in lesson.notebook["cells"] if c["id"] == place[1])
    still = "".join(cell["outputs"][-1]["data"]["text/plain"])
    words = [words for _, words in animations.frames(animations.ANIMATIONS[place])]
    assert still in words and len(set(words)) == len(words)


def test_lessons_are_a_chain(pages):
    order = ["lessons/index.html", *(f"lessons/{x.name}.html" for x in LESSONS)]
    for here, following in itertools.pairwise(order):
        href = pages[here].find("a", class_="right-next")["href"]
        assert os.path.normpath(os.path.join("lessons", href)) == following
        back = pages[following].find("a", class_="left-prev")["href"]
        assert os.path.normpath(os.path.join("lessons", back)) == here


# ---- pages made from data ----------------------------------------------------------


def test_every_statement_stands_on_its_page(pages):
    page = pages["claims.html"]
    rows = {row["id"]: row for row in page.select("#claims tbody tr")}
    verdicts = {verdict.id: verdict for verdict in notebooks.verdicts()}
    assert len(rows) == len(claims.load())
    for claim_id, entry in claims.load().items():
        row = rows[audit.anchor(claim_id)]
        verdict = verdicts.get(claim_id)
        mark = verdict.mark if verdict else ""
        assert row["data-lesson"] == entry["lesson"]
        assert row["data-verdict"] == audit.VERDICTS[mark][0]
        erratum = entry.get("erratum", {}).get("severity", "none")
        assert row["data-erratum"] == erratum
        assert row["data-lecture"]
        if verdict:
            path, anchor = urldefrag(row.find_all("a")[-1]["href"])
            cell = pages[path].find(id=anchor)
            assert " ".join(verdict.line.split()) in " ".join(cell.get_text().split())
    options = {
        select["name"]: {option["value"] for option in select.find_all("option")}
        for select in page.select("form.filters select")
    }
    for name, values in options.items():
        used = {v for row in rows.values() for v in row[f"data-{name}"].split()}
        assert used <= values, name


def test_every_network_stands_in_the_table(site, pages):
    rows = pages["architectures.html"].select("#networks tbody tr")
    assert [row.th.get_text() for row in rows] == [row["name"] for row in models.rows()]
    written = {lesson.number for lesson in LESSONS}
    for row, facts in zip(rows, models.rows(), strict=True):
        assert f"{facts['parameters']:,}" in row.get_text()
        source, _, function = row.th.a["href"].partition("#")
        assert f'id="{function}"' in (site / source).read_text(encoding="utf-8")
        number = networks.lesson_of(facts["name"].split("(")[0])
        assert bool(row.td.a) == (number in written)


def test_benchmarks_and_runs_are_there(pages):
    headings = pages["benchmarks.html"].find_all("h2")
    titles = {heading.get_text().rstrip("#") for heading in headings}
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert {"The lessons", *re.findall(r"(?m)^## (.+)$", measured)} <= titles
    records = [path.stem for path in (ROOT / "lessons" / "runs").glob("*.json")]
    tables = pages["runs.html"].select("table[id^=run-]")
    assert {table["id"].removeprefix("run-") for table in tables} == set(records)


def test_every_public_name_is_in_the_reference(pages):
    missing = []
    for module in build.MODULES:
        found = importlib.import_module(f"cnnkit.{module}")
        ids = set(ids_of(pages[f"api/{module}.html"]))
        for name in getattr(found, "__all__", ()):
            it, name = getattr(found, name), f"cnnkit.{module}.{name}"
            if (inspect.isroutine(it) or inspect.isclass(it)) and name not in ids:
                missing.append(name)
    assert missing == []


# ---- front door --------------------------------------------------------------------


def test_readme_says_what_the_repository_holds():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.made(text) == text, "run: python -m cnnkit.course.site readme"


def test_a_stale_readme_is_noticed():
    text = readme.README.read_text(encoding="utf-8")
    stale = text.replace("statements are", "claims are")
    assert stale != text and readme.made(stale) == readme.made(text)
    with pytest.raises(ValueError, match="proven"):
        readme.made(text.replace("<!-- proven", "<!-- x"))


def test_readme_commands_and_examples_work():
    text = readme.README.read_text(encoding="utf-8")
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make ([a-z-]+)", text)) <= goals
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    examples = doctest.DocTestParser().get_doctest(blocks, {}, "README", None, 0)
    assert len(examples.examples) >= 3
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0


DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents(path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not re.match(r"https?:|/", target):  # "/": a page of the site alone
            assert (path.parent / target).exists(), target


def test_ways_in():
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    dockerfile = ROOT / ".devcontainer" / settings["build"]["dockerfile"]
    assert "bubblewrap" in dockerfile.read_text() and "make" in dockerfile.read_text()
    goal = settings["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{re.escape(goal)}:", (ROOT / "Makefile").read_text(), re.M)
    assert os.access(ROOT / "postBuild", os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / "postBuild"]).returncode == 0


def test_the_library_needs_no_extra():
    """`import cnnkit` and its modules, without what only the course's makers need."""
    code = """
import importlib, sys
extras = "sphinx myst_nb latex2mathml nbgrader jax pytest distributed playwright nbval"
class Absent:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in extras.split():
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent)
for name in sys.argv[1:]:
    importlib.import_module(f"cnnkit.{name}")
"""
    wanted = [m for m in build.MODULES if not m.startswith("course.")]
    wanted += ["course.claims", "course.models", "course.runs"]
    here = {**os.environ, "KERAS_BACKEND": "tensorflow"}  # what the package brings
    subprocess.run(
        [sys.executable, "-c", code, *wanted], cwd=ROOT, check=True, env=here
    )


def test_links_are_carried_over():
    places = {"docs/grading.md": "guides/grading"}
    made = functools.partial(build.relink, places=places)
    text = "[a](../grading.md#x) [b](../../lessons/01_x.ipynb) [c](/claims.md) ![d](e)"
    assert made(text, "docs/guides/y.md") == (
        "[a](/guides/grading.md#x) [b](/lessons/01_x.ipynb) [c](/claims.md) ![d](e)"
    )
    assert made("[gone](../../LICENSE)", "docs/guides/y.md") == "gone"


def test_every_lesson_belongs_to_one_part():
    covered = [n for x in notebooks.PARTS for n in range(x.first, x.last + 1)]
    assert [notebooks.MAP.first, *covered] == [int(x.number) for x in LESSONS]
    assert notebooks.MAP.last == covered[-1]


def test_words_of_one_line():
    assert parts.spoken("`a<b` **c** *d* [e](f)") == (
        "<code>a&lt;b</code> <b>c</b> <i>d</i> e"
    )
    assert parts.spoken("$x_1$").startswith("<math")


# ---- in a browser ------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        reason = "no Chromium or Chrome on the PATH (Debian: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


class Reader:
    """A browser that opens pages from the file system and writes down what is wrong."""

    def __init__(self, browser, site, width=1280, theme="light", **options):
        size = {"width": width, "height": 900}
        self.context = browser.new_context(
            viewport=size, color_scheme=theme, reduced_motion="reduce", **options
        )
        self.page, self.site, self.wrong = self.context.new_page(), site, []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def _asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"asks for {request.url}")

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # the next page was opened meanwhile
            self.wrong.append(request.url)

    def open(self, name):
        self.page.goto(f"{self.site.as_uri()}/{name}")
        return self.page

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


# Text whose contrast to its ground is too low: one line a pair of colours.  axe takes
# twenty times as long over a lesson, which has thousands of coloured words.
CONTRAST = """() => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const part = (v) => v <= 0.04045 * 255 ? v / 255 / 12.92
        : ((v / 255 + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const color = numbers(getComputedStyle(e).backgroundColor);
            if (color.length < 4 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const found = new Map();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        const style = getComputedStyle(element);
        if (!/\\w/.test(walk.currentNode.data) || !element.checkVisibility()) continue;
        if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
        const ink = element instanceof SVGElement ? style.fill : style.color;
        const pair = [light(numbers(ink)), light(ground(element))];
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) {
            const words = walk.currentNode.data.trim().slice(0, 40);
            found.set(ink + ground(element), `${ratio.toFixed(2)}: ${words}`);
        }
    }
    return [...found.values()];
}"""


def audit_of(page, contrast=False):
    """What axe-core finds on a page."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"], "preload": False}
    if not contrast:
        options["rules"] = {"color-contrast": {"enabled": False}}
    return [
        f"{found['id']}: {len(found['nodes'])}: {found['nodes'][0]['html'][:200]}"
        for found in Axe().run(page, options=options).response["violations"]
    ]


def test_nothing_is_wrong_with_any_page(browser, site, pages):
    """What axe finds and room, on a phone and a desktop; contrast; the console.

    Text has at least 4.5 to its ground, large text 3, in both themes.
    """
    found = []
    with Reader(browser, site) as reader:
        for name in pages:
            for width in (360, 1280):  # as narrow as on a phone when it is opened
                reader.page.set_viewport_size({"width": width, "height": 900})
                page = reader.open(name) if width == 360 else reader.page
                needed = page.evaluate("document.documentElement.scrollWidth")
                if needed > width:
                    found.append(f"{name}: {needed} pixels wide instead of {width}")
                found += [f"{name}, {width}: {x}" for x in audit_of(page)]
            for theme in ("light", "dark"):
                page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
                found += [f"{name}, {theme}: {x}" for x in page.evaluate(CONTRAST)]
        assert found + reader.wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_agrees_on_contrast(browser, site, theme):
    """On a page of each kind, in the theme that the reader prefers."""
    kinds = "index claims architectures api/layers search lessons/00_start_here".split()
    found = []
    with Reader(browser, site, theme=theme) as reader:
        for name in kinds:
            page = reader.open(f"{name}.html")
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            found += [f"{name}: {x}" for x in audit_of(page, contrast=True)]
        assert found + reader.wrong == []


def test_the_browser_checks_find_what_they_look_for(browser, tmp_path):
    (tmp_path / "bad.html").write_text(
        "<title>x</title><main><h1>x</h1><p style='color: #999'>pale</p><input>"
        "<img src='https://example.org/x.png'><div style='width: 2000px'></div></main>"
    )
    with Reader(browser, tmp_path) as reader:
        reader.context.route("https://**", lambda route: route.abort())
        page = reader.open("bad.html")
        assert page.evaluate(CONTRAST) == ["2.85: pale"]
        found = {problem.split(":")[0] for problem in audit_of(page, contrast=True)}
        assert {"color-contrast", "image-alt", "label", "html-has-lang"} <= found
        assert any("example.org" in problem for problem in reader.wrong)


def test_the_keyboard_reaches_everything(browser, site):
    """Tab goes to each link and control that is to be seen, in the page's order."""
    reachable = """[...document.querySelectorAll(
        'a[href], button, select, input, summary, [tabindex="0"]')]
        .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled
            && e.tabIndex >= 0 && !e.closest('dialog:not([open])'))"""
    for name in ("index.html", "architectures.html", "lessons/04_pooling.html"):
        with Reader(browser, site) as reader:
            page = reader.open(name)
            page.wait_for_timeout(300)
            page.evaluate(f"window.wanted = new Set({reachable}); window.order = []")
            total = page.evaluate("wanted.size")
            for _ in range(total + 20):
                page.keyboard.press("Tab")
                page.evaluate("wanted.delete(document.activeElement)")
            left = page.evaluate("[...wanted].map(e => e.outerHTML.slice(0, 120))")
            assert left == [] and total > 20, name


def test_statements_are_filtered(browser, site):
    with Reader(browser, site) as reader:
        page = reader.open("claims.html?lesson=03&erratum=any")
        rows = page.locator("#claims tbody tr:visible")
        assert rows.count() == 5
        total = len(claims.load())
        assert page.get_by_role("status").inner_text() == f"5 of {total} shown"
        page.get_by_role("button", name="Show all").click()
        page.get_by_text(f"{total} of {total} shown").wait_for()
        page.get_by_role("searchbox").fill("receptive field")
        assert 0 < rows.count() < 40
        page.get_by_role("combobox", name="Verdict").select_option("measured")
        assert "verdict=measured" in page.url and reader.wrong == []


def test_networks_are_sorted(browser, site):
    with Reader(browser, site) as reader:
        page = reader.open("architectures.html")
        head = page.get_by_role("button", name="parameters")
        column = page.locator("#networks tbody tr td:nth-child(7)")
        expected = sorted(row["parameters"] for row in models.rows())
        for order in (expected, expected[::-1]):
            head.focus()
            page.keyboard.press("Enter")
            texts = column.all_inner_texts()
            assert [int(text.replace(",", "")) for text in texts] == order
        assert reader.wrong == []


def test_steps_are_played(browser, site):
    with Reader(browser, site) as reader:
        page = reader.open("lessons/01_convolution.html")
        player = page.locator(".player").first
        drawing = player.locator(".frame svg")
        assert drawing.get_attribute("aria-label").startswith("Step 1 of 6")
        player.get_by_role("button", name="Next").focus()
        page.keyboard.press("Enter")
        player.get_by_text("output[0, 1] = ").first.wait_for()
        player.get_by_role("button", name="Play").click()
        player.get_by_text("output[0, 2] = ").first.wait_for(timeout=5000)
        player.get_by_role("button", name="Pause").click()
        player.get_by_role("slider").focus()
        page.keyboard.press("End")
        assert drawing.get_attribute("aria-label").startswith("Step 6 of 6")
        assert reader.wrong == []


@pytest.fixture(scope="module")
def served(site):
    """The site's address on a server of static files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_search_finds_lessons_and_functions(browser, site, served):
    wanted = {
        "receptive field": "03_shapes",
        "GroupedConv2D": "api/layers",
        "exercise-227": "03_shapes",
    }
    with Reader(browser, site) as reader:
        for place in (served, site.as_uri()):
            for words, target in wanted.items():
                reader.page.goto(f"{place}/search.html?q={words.replace(' ', '+')}")
                found = f"#search-results a[href*='{target}']"
                reader.page.locator(found).first.wait_for()
                reader.page.wait_for_load_state("networkidle")  # excerpts are fetched
            if place == served:  # from files, excerpts are not shown
                wrong = [x for x in reader.wrong if f"asks for {served}" not in x]
                assert wrong == []


def test_without_scripts_all_is_there(browser, site):
    with Reader(browser, site, java_script_enabled=False) as reader:
        page = reader.open("claims.html")
        rows = page.locator("#claims tbody tr:visible")
        assert rows.count() == len(claims.load())
        assert not page.locator("form.filters").is_visible()
        page = reader.open("lessons/04_pooling.html")
        assert page.locator("math").first.is_visible()
        assert page.locator("article img").first.is_visible()
