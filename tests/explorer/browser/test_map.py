"""The map in a real browser: every point is drawn where it is said to be, and what is hidden is not in the way."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import Explored, Watched


def differs(page: Page, rows: list[int]) -> list[bool]:
    """Return whether the picture where each of some clips lies is of another colour than its background."""
    box = page.locator("#canvas").bounding_box()
    assert box
    picture = np.asarray(Image.open(io.BytesIO(page.locator("#canvas").screenshot())).convert("RGB")).astype(int)
    places = page.evaluate("rows => rows.map((row) => window.placeOf(row))", rows)
    found = []
    for x, y in places:
        left, top = round(x - box["x"]), round(y - box["y"])
        found.append(
            bool(np.abs(picture[max(0, top - 2) : top + 3, max(0, left - 2) : left + 3] - picture[1, 1]).max() > 40)
        )
    return found


def test_every_point_is_drawn_where_it_is_said_to_be(watched: Watched, explored: Explored) -> None:
    page = watched.page
    rows = list(range(explored.store.status().clips))
    assert all(differs(page, rows))
    page.set_viewport_size({"width": 1000, "height": 700})
    page.wait_for_timeout(500)
    page.click("#zoom-all")
    page.wait_for_timeout(300)
    assert all(differs(page, rows))


def test_what_is_hidden_is_not_pressed(watched: Watched) -> None:
    page = watched.page
    chips = page.locator("#legend .chip")
    for at in range(chips.count()):
        chips.nth(at).click()
    expect(page.locator("#legend .chip[aria-pressed=true]")).to_have_count(0)
    x, y = page.evaluate("window.placeOf(5)")
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_timeout(300)
    expect(page.locator("#playing-name")).to_have_text("No clip chosen")
    page.locator("#legend button", has_text="Show all").click()
    assert page.evaluate("document.activeElement.className") == "chip", "the focus is not lost"
    expect(page.locator("#legend .chip[aria-pressed=false]")).to_have_count(0)


def test_a_part_of_a_scale_is_shown(watched: Watched) -> None:
    page = watched.page
    page.select_option("#colour", "duration_s")
    ends = page.locator("#legend input[type=range]")
    expect(ends).to_have_count(2)
    page.wait_for_timeout(300)
    drawn = page.locator("#canvas").screenshot()
    ends.first.focus()
    page.keyboard.press("End")
    ends.last.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert page.locator("#canvas").screenshot() != drawn, "nothing is between the end and the end"
    page.locator("#legend button", has_text="Show all").click()
    page.wait_for_timeout(300)
    assert page.locator("#canvas").screenshot() == drawn


def test_of_what_lies_under_a_hidden_clip_the_shown_one_is_pressed(watched: Watched, explored: Explored) -> None:
    page = watched.page
    clips = sorted(explored.store.clips(["clip_id", "labels"]).to_pylist(), key=lambda clip: clip["clip_id"])
    labels = [clip["labels"][0] for clip in clips]
    places = np.array(page.evaluate("count => [...Array(count).keys()].map((row) => window.placeOf(row))", len(clips)))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    apart[np.equal.outer(labels, labels)] = np.inf
    hidden, _ = np.unravel_index(apart.argmin(), apart.shape)
    assert apart.min() < 10, "two clips with different labels lie near each other"
    page.locator("#legend .chip", has_text=labels[hidden]).click()
    x, y = places[hidden].tolist()
    page.mouse.move(x - 40, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)
    expect(page.locator(".clip-head .tag").first).to_be_visible()
    expect(page.locator(".clip-head .tag").first).not_to_have_text(labels[hidden])
