"""What does not go as it should: files that are gone, a store that changes, late answers, presses that come twice."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from echodex.api import Store

from .conftest import WAIT_MS, serving
from .test_journey import clip_lines, press_point

CLIPS = 12
LATE_MS = 500


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str]]:
    """A store whose first file is gone since, with a name of markup, and its server."""
    import numpy as np
    import soundfile

    folder = tmp_path_factory.mktemp("odd")
    time_s = np.arange(16_000) / 8000
    for at in range(CLIPS):
        name = "<img src=x onerror=window.taken=1>.wav" if at == 1 else f"tone {at:02d}.wav"
        soundfile.write(folder / name, 0.3 * np.sin(2 * np.pi * (200 + 70 * at) * time_s), 8000)
    store = Store.open(folder / "library")
    store.add(folder, embed="timbre")
    (folder / "tone 00.wav").unlink()
    with serving(store) as url:
        yield store, url


@pytest.fixture
def page(chromium: Browser, odd: tuple[Store, str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(odd[1])
    page.wait_for_function("window.ready_ms")
    yield page
    context.close()


def late(route: Route) -> None:
    """Let a question wait."""
    route.request.frame.page.wait_for_timeout(LATE_MS)
    route.continue_()


def find(page: Page, name: str) -> None:
    page.fill("#search-text", name)
    page.locator("#found .clip-line").first.click()
    expect(clip_lines(page)).to_have_count(CLIPS - 1)


def test_a_file_that_is_gone_is_told_of_and_the_store_is_not_blamed(page: Page) -> None:
    find(page, "tone 00")
    expect(page.locator("#message")).to_contain_text("tone 00.wav: no longer where it was added")
    expect(page.locator("#message button", has_text="Reload")).to_have_count(0)


def test_names_are_text(page: Page) -> None:
    find(page, "img src")
    expect(page.locator(".clip-head h2")).to_have_text("<img src=x onerror=window.taken=1>.wav")
    assert page.evaluate("window.taken") is None


def test_of_two_presses_the_last_counts_however_late_the_first_is_answered(page: Page) -> None:
    page.select_option("#colour", "duration_s")
    page.route("**/api/column?*name=status*", late)
    page.evaluate(
        """() => { const box = document.getElementById("colour"); const choose = (name) => { box.value = name;
        box.dispatchEvent(new Event("change")); }; choose("status"); choose("codec"); }"""
    )
    page.wait_for_timeout(1500)
    expect(page.locator("body")).to_have_attribute("data-painted", "codec")


def test_of_many_presses_the_last_is_drawn_whatever_was_being_drawn(page: Page) -> None:
    page.evaluate(
        """async () => { const box = document.getElementById("colour");
        for (const pause_ms of [5, 10, 15, 20, 25, 30, 40, 50, 60, 80]) for (const name of ["duration_s", "codec"]) {
            box.value = name; box.dispatchEvent(new Event("change"));
            await new Promise((done) => setTimeout(done, pause_ms)); } }"""
    )
    expect(page.locator("body")).to_have_attribute("data-painted", "codec")
    page.wait_for_timeout(500)
    expect(page.locator("body")).to_have_attribute("data-painted", "codec")


def test_two_positions_are_one_also_while_nothing_plays(page: Page) -> None:
    page.locator("#autoplay").uncheck()
    find(page, "tone 03")
    clip_lines(page).nth(2).click()
    page.evaluate("document.getElementById('audio').currentTime = 1.5")
    for _ in range(3):
        page.keyboard.press("b")
    expect(page.locator("#playing-name")).to_have_text("tone 03.wav")
    assert page.evaluate("document.getElementById('audio').currentTime") == 1.5
    page.keyboard.press(" ")
    page.wait_for_function("document.getElementById('audio').currentTime > 1.6")


def test_a_line_that_was_pressed_is_paused_by_space(page: Page) -> None:
    find(page, "tone 03")
    clip_lines(page).nth(2).click()
    page.wait_for_function("document.getElementById('audio').currentTime > 0.1")
    page.keyboard.press(" ")
    assert page.evaluate("document.getElementById('audio').paused")
    name = page.locator("#playing-name").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".clip-head h2")).to_have_text(name)
    assert page.evaluate("document.activeElement.id") == "panel", "the focus is not lost with the list"


def test_a_list_of_all_that_was_drawn_around_is_saved(page: Page) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box
    page.click("#lasso")
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    expect(page.locator("#panel h2").first).to_have_text(f"{CLIPS} clips drawn around")
    with page.expect_download() as saved:
        page.locator("button", has_text="Save the list").click()
    assert len(Path(saved.value.path()).read_text().splitlines()) == CLIPS + 1


def test_a_plan_is_saved_at_what_its_slider_says(page: Page, odd: tuple[Store, str]) -> None:
    store, _ = odd
    page.click("#tab-prune")
    page.select_option("#selector", "random")
    page.click("#plan")
    expect(page.locator(".figures strong").first).to_be_visible()
    expect(page.locator("output[for=slide-keep]")).to_have_text("keep 50 %")
    page.route("**/api/jobs/*/at?*", late)
    page.fill("#view-name", "at-once")
    page.locator("#slide-keep").focus()
    page.keyboard.press("End")
    page.evaluate("() => { const save = document.getElementById('save-view'); save.click(); save.click(); }")
    expect(page.locator("#message")).to_contain_text(f"Saved at-once@1: {CLIPS} of {CLIPS} clips")
    page.wait_for_timeout(500)
    assert [view.version for view in store.views() if view.name == "at-once"] == [1], "two presses save it once"


def test_a_job_is_stopped_and_told_so(page: Page) -> None:
    ended: list[str] = []
    told = {
        "job": "j9",
        "kind": "duplicates",
        "state": "running",
        "stage": "comparing",
        "done": 3,
        "total": 9,
        "left_s": 40,
    }

    def answered(route: Route) -> None:
        if route.request.method == "DELETE":
            ended.append(route.request.url.rsplit("/", 1)[1])
        route.fulfill(json=told)

    page.route("**/api/jobs/j*", answered)
    page.click("#tab-groups")
    expect(page.locator(".working")).to_contain_text("comparing, 3 of 9, about 40 s left")
    page.locator(".working button", has_text="Stop").click()
    expect(page.locator(".working")).to_be_hidden()
    page.wait_for_timeout(2 * LATE_MS)
    assert len(ended) == 1
    page.unroute("**/api/jobs/j*")
    page.locator("#panel button", has_text="Look").click()
    expect(page.locator("#panel")).to_contain_text(re.compile("groups, the largest first|No duplicates"))


def test_without_webgl_lists_and_plans_serve(chromium: Browser, odd: tuple[Store, str]) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script("HTMLCanvasElement.prototype.getContext = ((own) => function (kind, ...more) { "
                         "return kind.startsWith('webgl') ? null : own.call(this, kind, ...more); })"
                         "(HTMLCanvasElement.prototype.getContext)")  # fmt: skip
    page.goto(odd[1])
    page.wait_for_function("window.ready_ms")
    expect(page.locator("#empty")).to_contain_text("WebGL")
    find(page, "tone 03")
    for key in ("ArrowDown", "+", "-", "0", "l"):
        page.keyboard.press(key)
    page.click("#theme")
    page.click("#tab-prune")
    page.select_option("#selector", "random")
    page.click("#plan")
    expect(page.locator(".figures strong").first).to_be_visible()
    context.close()
    assert faults == []


def test_a_store_that_has_changed_is_told_of_with_a_way_on(page: Page, odd: tuple[Store, str], tmp_path: Path) -> None:
    store, _ = odd
    press_point(page, 4)
    expect(clip_lines(page)).to_have_count(CLIPS - 1)
    shutil.copy(next(Path(path) for path in store.clips(["uris"]).column(0).to_pylist()[5]), tmp_path / "new.wav")
    (tmp_path / "new.wav").write_bytes((tmp_path / "new.wav").read_bytes()[:-2000])
    store.add(tmp_path / "new.wav", embed="timbre")
    page.click("#tab-prune")
    page.select_option("#selector", "random")
    page.click("#plan")
    expect(page.locator("#message")).to_contain_text("has changed")
    assert page.locator(".figures strong").count() == 0, "rows of another state are not drawn"
    page.locator("#message button", has_text="Reload").click()
    page.wait_for_function("window.ready_ms")
    assert sum(int(count) for count in page.locator("#legend .count").all_inner_texts()) in (0, CLIPS + 1)
