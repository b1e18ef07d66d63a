"""Draw docs/pictures/explorer-*.png: every state of the page at the width of a screen and of a telephone.

The store is made by synthesis, so that nothing of anybody else's is in the pictures. Needs Chromium.

    pip install -e ".[dev]"; python docs/make_pictures.py     # about two minutes
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import echodex
from echodex.api import Store
from echodex.explorer.server.serve import exploring
from echodex.testing.corpus import make_corpus

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURES = Path(__file__).parent / "pictures"
CLIPS = 600
WIDTHS = {1280: 800, 390: 844}
COLOURS = 160
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SETTLED_MS = 1200


def make_store(folder: Path) -> tuple[Store, Path]:
    """Return a store with two spaces, a clustering, two views and a run, and a file to ask with."""
    corpus = make_corpus(folder / "music", clips=CLIPS)
    store = echodex.open(folder / "library")
    store.add(corpus.folder, labels=corpus.labels_csv, embed="fingerprint")
    store.embed("timbre")
    store.cluster()
    store.prune("facility", eps=0.05).save("lean")
    store.prune("jsd", t=0.5).save("even")
    echodex.train("probe", view="lean", store=store)
    asked = folder / "heard-in-a-cafe.wav"
    shutil.copyfile(store.sources(store.clips(["clip_id"]).column(0).to_pylist()[40:41])[0].path, asked)
    return store, asked


def press(page: Page, row: int) -> None:
    """Press the point of a clip."""
    x, y = page.evaluate("row => window.placeOf(row)", row)
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def clip(page: Page, _: Path) -> None:
    """A clip with its neighbours, one of them playing."""
    press(page, 30)
    page.wait_for_selector("#panel .clips .clip-line")
    page.locator("#canvas").focus()
    page.keyboard.press("ArrowDown")


def asked(page: Page, file: Path) -> None:
    """What was heard in a file that is not in the store."""
    page.select_option("#space", page.locator("#space option", has_text="fingerprint").get_attribute("value"))
    page.wait_for_timeout(SETTLED_MS)
    page.locator("#ask-file").set_input_files(file)
    page.wait_for_selector(".matches", timeout=60_000)


def drawn(page: Page, _: Path) -> None:
    """Clips that were drawn around, on a map of durations."""
    box = page.locator("#canvas").bounding_box() or {}
    page.select_option("#colour", "duration_s")
    page.wait_for_timeout(300)
    page.click("#lasso")
    corners = [(0.35, 0.3), (0.65, 0.3), (0.65, 0.7), (0.35, 0.7), (0.35, 0.32)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=10)
    page.mouse.up()


def groups(page: Page, _: Path) -> None:
    """Duplicate groups."""
    page.click("#tab-groups")
    page.locator("article.group .clip-line").nth(1).click(timeout=60_000)


def prune(page: Page, _: Path) -> None:
    """A plan, moved by hand."""
    page.click("#tab-prune")
    page.click("#plan")
    page.wait_for_selector(".figures strong", timeout=60_000)
    page.locator("#slide-eps").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.locator(".figures").scroll_into_view_if_needed()


def compare(page: Page, _: Path) -> None:
    """Two views."""
    page.click("#tab-compare")
    page.click("#compare")
    page.wait_for_selector("table[aria-label='Clips and hours']")


def runs(page: Page, _: Path) -> None:
    """A run."""
    page.click("#tab-runs")
    page.locator("#panel table button").first.click()
    page.wait_for_selector("#panel .chart")


STATES: Mapping[str, Callable[[Page, Path], None]] = {
    "clip": clip,
    "asked": asked,
    "drawn": drawn,
    "groups": groups,
    "prune": prune,
    "compare": compare,
    "runs": runs,
}


def picture(browser: Browser, url: str, name: str, width: int, file: Path) -> None:
    """Write one state at one width; the clip in the dark as well."""
    for scheme in ("light", "dark") if name == "clip" else ("light",):
        context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
        page = context.new_page()
        page.goto(url)
        page.wait_for_function("window.ready_ms", timeout=60_000)
        STATES[name](page, file)
        page.wait_for_timeout(SETTLED_MS)
        whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        suffix = "-dark" if scheme == "dark" else ""
        whole.quantize(COLOURS).save(PICTURES / f"explorer-{name}{suffix}-{width}.png", optimize=True)
        context.close()


def main() -> None:
    """Make the store, serve it, and draw."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("needs Chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        store, file = make_store(Path(folder))
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        with exploring(store, space="timbre") as url:
            for name in STATES:
                for width in WIDTHS:
                    picture(browser, url, name, width, file)
        browser.close()


if __name__ == "__main__":
    main()
