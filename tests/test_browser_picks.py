"""Parts of a drawing that can be clicked, in a real browser."""

import pytest
from test_browser import lab, new_notebook, press_and_see, wait_until

__all__ = ["lab"]  # the fixture
pytestmark = pytest.mark.full

EXPLORERS = """
import numpy as np
from cnnkit import widgets
widgets.wiring_explorer().show()
# ---
maps = np.arange(48.0).reshape(4, 4, 3)
widgets.pixel_picker(maps, np.eye(3)).show()
"""


def test_a_click_chooses_and_keys_do_too(lab):
    with lab.run_all("picks.ipynb", new_notebook(EXPLORERS)) as page:
        explorers = page.locator(".cnnkit-explorer")
        wait_until(lambda: explorers.count() == 2, "two explorers")
        wiring, pixel = explorers.nth(0), explorers.nth(1)
        for unit, pixels in ((5, "6, 7, 10, 11"), (9, "11, 12, 15, 16")):
            wiring.locator(f'[data-pick="{unit}"]').last.click()
            wiring.get_by_text(
                f"reads 4 of 16 pixels: {pixels}", exact=False
            ).wait_for()
        wiring.get_by_role("button", name="Previous").click()
        wiring.get_by_text("unit 8 (row 3, column 2)").first.wait_for()
        wiring.locator('[data-pick="9"]').first.click()  # the same one again
        wiring.get_by_text("unit 9 (row 3, column 3)").first.wait_for()
        pixel.locator('[data-pick="1,3"]').first.click()
        pixel.get_by_text("position (1, 3), filter 0").first.wait_for()
        for explorer in (wiring, pixel):
            explorer.locator(".noUi-handle").first.focus()
            press_and_see(page, explorer, "ArrowLeft")
        assert page.locator(".jp-OutputArea-output").count() == 2
