"""JupyterLab in a real browser: lessons run, and their explorers answer.

It takes Chromium or Chrome on the PATH (Debian, Ubuntu: `apt install chromium`; macOS:
`brew install --cask chromium`).  Without one the tests are skipped, in CI they fail.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.ipynb"))
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
    --disable-background-networking --disable-component-update""".split()
SETTINGS = {  # of JupyterLab: no question about news, every cell on the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
PROBLEMS = '[data-mime-type$="jupyter.stderr"], [data-mime-type$="jupyter.error"]'

EXPLORERS = """
import numpy as np
from cnnkit import widgets
image = np.arange(1, 13).reshape(3, 4)
widgets.convolution_stepper(image, [[1, 2], [3, 4]]).show()
# ---
widgets.size_explorer(7, kernel=3, stride=3).show()
# ---
widgets.smoothing_explorer(np.arange(30) % 5, np.ones(7) / 7).show()
# ---
def mask(layer, row, column):
    field = np.zeros((8, 8))
    field[row : row + 3, column : column + 3] = 1
    return field
widgets.receptive_field_explorer(np.ones((8, 8)), {"conv1": (6, 6)}, mask).show()
# ---
def predict(image):
    halves = np.array([image[:8].sum(), image[8:].sum()]) + 1e-6
    return halves / halves.sum(), [("image", image[..., None])]
sheet = widgets.draw_digit(predict, np.zeros((1, 16, 16)), ["top", "bottom"], (16, 16))
sheet.show()
# ---
photo = (np.arange(48 * 48 * 3).reshape(48, 48, 3) % 251).astype("uint8")
widgets.kernel_explorer({"stripes": photo}).show()
# ---
widgets.wiring_explorer().show()
# ---
widgets.pixel_picker(np.arange(48.0).reshape(4, 4, 3), np.eye(3)).show()
# ---
widgets.backpropagation_stepper(0.7, [0.5, -1.5, 2.0]).show()
# ---
widgets.activation_explorer(["ReLU", "GELU"], x=-1.0).show()
# ---
widgets.normalization_explorer().show()
# ---
widgets.optimizer_playground("saddle").show()
# ---
widgets.polynomial_explorer(degree=3).show()
# ---
widgets.penalty_explorer({"L1": {"0": [1.0, -2.0], "1": [0.0, -1.0]}}).show()
# ---
widgets.augmentation_viewer(photo, ["flip", "rotation"]).show()
# ---
widgets.pooling_stepper(np.arange(16).reshape(4, 4)).show()
# ---
from cnnkit import data, models
small = models.convnetjs_cifar10((8, 8, 1))
widgets.training_view(small, data.load("digits8"), optimizer="Adam").show()
"""
COUNT = EXPLORERS.count(".show()")
FAULTS = """
import sys
print("a line on stderr", file=sys.stderr)
# ---
raise RuntimeError("a failing cell")
"""


def wait_until(condition, what, seconds=60):
    """Poll; the condition's first true value is returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


class Lab:
    """A JupyterLab server of its own, and a browser that looks at it."""

    def __init__(self, folder, browser):
        self.folder, self.browser = folder, browser
        for name, values in SETTINGS.items():
            path = folder / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        (folder / "root").mkdir()
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CNNKIT", "JUPYTER", "IPYTHON", "JPY_", "PYTEST"))
        }
        environment |= {
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "JUPYTER_TOKEN": "course",
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ServerApp.port=0", f"--ServerApp.root_dir={folder / 'root'}"]
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=self.log, stderr=self.log
        )
        self.url = wait_until(self._address, f"server start, see {self.log.name}")

    def _address(self):
        assert self.process.poll() is None, Path(self.log.name).read_text()
        for path in self.folder.glob("runtime/jpserver-*.json"):
            with contextlib.suppress(OSError, ValueError):
                self.url = json.loads(path.read_text())["url"]
                self.ask("api/status")
                return self.url
        return None

    def ask(self, what, method="GET"):
        headers = {"Authorization": "token course"}
        request = urllib.request.Request(self.url + what, None, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def kernel(self, name):
        """The kernel of a notebook once somebody is connected to it."""
        with contextlib.suppress(OSError):  # one being born has no state yet
            for session in self.ask("api/sessions"):
                if session["path"] == name and session["kernel"]["connections"]:
                    return session["kernel"]
        return None

    @contextlib.contextmanager
    def run_all(self, name, notebook):
        """Open a notebook, press Run All Cells, wait for the last; yield the page."""
        nbformat.write(notebook, self.folder / "root" / name)
        page = self.browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(30_000)
        try:
            # without "reset" the notebooks of other pages would open too
            page.goto(f"{self.url}lab/tree/{name}?token=course&reset")
            page.locator(".jp-Notebook").wait_for()
            wait_until(
                lambda: (self.kernel(name) or {}).get("execution_state") == "idle",
                "kernel start",
            )
            page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
            wait_until(
                lambda: all(
                    re.match(r"\[\d+\]:", p) for p in prompts.all_inner_texts()
                ),
                "the last cell",
                120,
            )
            yield page
        finally:
            screenshot = self.folder / f"{name}.png"
            page.screenshot(path=screenshot)
            print("screenshot:", screenshot)  # pytest shows it after a failure
            kernel = self.kernel(name)
            page.close()
            if kernel:
                self.ask(f"api/kernels/{kernel['id']}", "DELETE")

    def stop(self):
        with contextlib.suppress(OSError):
            self.ask("api/shutdown", "POST")  # ends the kernels too
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    if CHROMIUM is None:
        reason = (
            "expected Chromium or Chrome on the PATH; received none. Install it: "
            "apt install chromium, or brew install --cask chromium"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        server = Lab(folder, browser)
        try:
            yield server
        finally:
            server.stop()
            browser.close()


def new_notebook(text):
    cells = map(nbformat.v4.new_code_cell, text.strip().split("\n# ---\n"))
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


def picture(explorer):
    """What an explorer shows, as HTML."""
    return explorer.locator(".widget-html-content").evaluate_all(
        "parts => parts.map(part => part.innerHTML).join()"
    )


def press_and_see(page, explorer, *keys):
    """Press keys where the focus is; the explorer's picture has to change."""
    before = picture(explorer)
    for key in keys:
        page.keyboard.press(key)
    wait_until(lambda: picture(explorer) != before, f"a change after {keys}", 20)


@pytest.fixture(scope="module")
def explorers(lab):
    """One page with every explorer of the course, used by several tests."""
    with lab.run_all("explorers.ipynb", new_notebook(EXPLORERS)) as page:
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.locator(".cnnkit-explorer").nth(COUNT - 1).wait_for()
        yield page


def test_explorers_run_without_a_problem(explorers):
    assert explorers.locator(".cnnkit-explorer").count() == COUNT
    assert explorers.locator(PROBLEMS).all_inner_texts() == []
    # the live widget only, not the still as well
    assert explorers.locator(".jp-OutputArea-output").count() == COUNT


def test_stepper_with_mouse_and_keys(explorers):
    stepper = explorers.locator(".cnnkit-explorer").nth(0)
    stepper.get_by_role("button", name="Next").click()
    stepper.get_by_text("output[0, 1] = 2·1 + 3·2 + 6·3 + 7·4 = 54").wait_for()
    explorers.keyboard.press("Space")  # the button has the focus
    stepper.get_by_text("output[0, 2] = ").wait_for()
    stepper.locator(".noUi-handle").focus()
    press_and_see(explorers, stepper, "ArrowRight")
    stepper.get_by_text("output[1, 0] = ").wait_for()
    stepper.get_by_label("look back").check()
    stepper.get_by_text("output[1, 0] = 5·4 + 6·3 + 9·2 + 10·1 = 66").wait_for()
    kernel = stepper.get_by_role("textbox", name="Kernel")
    kernel.fill("1 2x")
    stepper.get_by_role("alert").get_by_text("received '2x'").wait_for()
    assert kernel.input_value() == "1 2x"
    kernel.fill("1 -1")
    stepper.get_by_text("output[1, 0] = 5·(−1) + 6·1 = 1").wait_for()
    assert stepper.get_by_role("alert").count() == 0


def test_play_walks_through_the_steps(explorers):
    stepper = explorers.locator(".cnnkit-explorer").nth(0)
    stepper.get_by_role("textbox", name="Kernel").fill("1 2\n3 4")
    stepper.get_by_text("output[1, 0] = ").wait_for()
    stepper.get_by_role("button", name="Play or pause").click()
    stepper.get_by_text("output[1, 2] = ").wait_for()


@pytest.mark.parametrize("place", range(COUNT))
def test_sliders_by_keyboard(explorers, place):
    explorer = explorers.locator(".cnnkit-explorer").nth(place)
    handle = explorer.locator(".noUi-target:not([disabled]) .noUi-handle").first
    if handle.count():
        handle.focus()
        before = picture(explorer)
        explorers.keyboard.press("ArrowRight")
        with contextlib.suppress(AssertionError):  # it may stand at its right end
            wait_until(lambda: picture(explorer) != before, "a change", 5)
            return
        press_and_see(explorers, explorer, "ArrowLeft")
    assert explorer.get_by_role("alert").count() == 0


def test_training_with_another_rate_in_mid_run(explorers):
    view = explorers.locator(".cnnkit-explorer").filter(
        has=explorers.locator(".cnnkit-seen")
    )

    def number(name):
        return view.locator(f".cnnkit-{name}").inner_text().replace(",", "")

    def step():
        return int(number("step"))

    assert step() == 0
    view.get_by_role("button", name="Start").click()
    wait_until(lambda: step() > 20, "20 steps")
    seen = number("loss")
    wait_until(lambda: number("loss") != seen, "another loss", 20)
    view.locator(".noUi-handle").first.focus()
    explorers.keyboard.press("ArrowRight")
    told = view.get_by_role("status")

    def since():
        found = re.search(r"From step ([\d,]+) on: learning rate", told.inner_text())
        return int(found[1].replace(",", "")) if found else 0

    at = wait_until(lambda: max(0, since() - 20), "another rate", 20) + 20
    wait_until(lambda: step() > at + 10, "more steps", 20)
    view.get_by_role("button", name="Pause").press("Space")
    wait_until(lambda: "Paused after step" in told.inner_text(), "the pause", 20)
    count = step()
    time.sleep(1)
    assert step() == count
    view.get_by_role("button", name="Step").click()
    wait_until(lambda: step() == count + 1, "one step", 20)
    view.locator("[data-pick]").first.click()  # a mistake is looked at
    view.get_by_text("wrong now").wait_for()
    view.get_by_role("button", name="Reset").click()
    wait_until(lambda: step() == 0, "the start", 20)
    assert view.get_by_role("alert").count() == 0


def test_drawing_with_the_mouse(explorers):
    sheet = explorers.locator(".cnnkit-explorer").nth(4)
    canvas = sheet.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = picture(sheet)
    y = box["y"] + 0.8 * box["height"]
    explorers.mouse.move(box["x"] + 0.2 * box["width"], y)
    explorers.mouse.down()
    explorers.mouse.move(box["x"] + 0.8 * box["width"], y, steps=8)
    explorers.mouse.up()
    wait_until(lambda: picture(sheet) != before, "a change after drawing", 20)
    sheet.locator("tr", has_text="bottom").get_by_text("1.000").wait_for()
    sheet.get_by_role("button", name="Clear").click()
    sheet.locator("tr", has_text="bottom").get_by_text("0.500").wait_for()


def test_drawing_with_keys_only(explorers):
    sheet = explorers.locator(".cnnkit-explorer").nth(4)
    sheet.locator("canvas").focus()
    up = ["ArrowUp"] * 6
    press_and_see(explorers, sheet, *up, "Space", "ArrowRight", "ArrowRight", "Space")
    sheet.locator("tr", has_text="top").get_by_text("1.000").wait_for()
    for key in ("Tab", "Space"):  # to the button Clear
        explorers.keyboard.press(key)
    sheet.locator("tr", has_text="top").get_by_text("0.500").wait_for()


def test_keys_in_an_explorer_do_not_reach_the_notebook(explorers):
    cells = explorers.locator(".jp-CodeCell")
    assert cells.count() == COUNT
    sheet = explorers.locator(".cnnkit-explorer").nth(4)
    sheet.get_by_role("button", name="Clear").focus()
    for key in "ddbx":  # delete, insert and cut, where the notebook has the focus
        explorers.keyboard.press(key)
    focused = "document.activeElement.closest('.cnnkit-explorer') !== null"
    assert explorers.evaluate(focused)
    assert cells.count() == COUNT
    assert explorers.errors == []


def test_every_control_has_a_name(explorers):
    controls = explorers.locator(".cnnkit-explorer").locator(
        "button:visible, input:visible, select:visible, textarea:visible, canvas"
    )
    # a title alone does not do: an icon's glyph counts as text and comes first
    names = """parts => parts.map(part => part.ariaLabel || part.innerText.trim()
        || part.closest('label')?.innerText || part.labels?.[0]?.innerText || '')"""
    found = controls.evaluate_all(names)
    assert len(found) > 25 and all(found), found


def test_problems_are_found(lab):
    """A failing cell and a line on stderr are what the other tests look for."""
    with lab.run_all("faults.ipynb", new_notebook(FAULTS)) as page:
        texts = page.locator(PROBLEMS).all_inner_texts()
    assert len(texts) == 2
    assert "a line on stderr" in texts[0] and "a failing cell" in texts[1]


def words(text):
    """Text without line breaks and without measured numbers."""
    return " ".join(re.sub(r"≈-?[0-9][0-9.,]*(e[+-]?[0-9]+)?", "≈NUM", text).split())


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=[] if p.name.startswith("01") else pytest.mark.full)
        for p in LESSONS
    ],
    ids=[p.stem for p in LESSONS],
)
def test_lesson_runs_and_its_explorers_answer(lab, path):
    notebook = nbformat.read(path, as_version=4)
    stored = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with lab.run_all(path.name, notebook) as page:
        assert page.locator(PROBLEMS).all_inner_texts() == []
        shown = page.locator(".jp-CodeCell")
        for place, outputs in enumerate(stored):
            area = shown.nth(place).locator(".jp-OutputArea-output")
            if outputs:
                area.first.wait_for()
            text = words(" ".join(area.all_inner_texts()))
            for output in outputs:
                if output.output_type == "stream":
                    assert words(output.text) in text
        live = page.locator(".cnnkit-explorer")
        for place in range(live.count()):
            explorer = live.nth(place)
            explorer.scroll_into_view_if_needed()
            if explorer.locator(".noUi-handle").count():
                explorer.locator(".noUi-handle").first.focus()
                press_and_see(page, explorer, "ArrowRight")
            else:
                explorer.locator("canvas").focus()
                press_and_see(page, explorer, "Space")
        if path.name.startswith("01"):
            assert live.count() >= 2
