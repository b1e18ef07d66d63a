"""What a person does on the page, in a real browser: see, hear, ask, decide, prune, save, compare."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import Explored, Watched


def clip_lines(page: Page) -> Locator:
    return page.locator("#panel .clips .clip-line")


def press_point(page: Page, row: int) -> None:
    """Press the point of a clip on the map; where several lie on one another the page says which it took."""
    x, y = page.evaluate("row => window.placeOf(row)", row)
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def sample(page: Page) -> float:
    """Return where the audio element is."""
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def test_the_map_shows_every_clip_by_label(watched: Watched, explored: Explored) -> None:
    page = watched.page
    counts = page.locator("#legend .count").all_inner_texts()
    assert sum(int(count.replace(",", "")) for count in counts) == explored.store.status().clips
    drawn = page.locator("#canvas").screenshot()
    page.locator("#legend .chip").first.click()
    expect(page.locator("#legend .chip").first).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(300)
    assert page.locator("#canvas").screenshot() != drawn, "hiding a label changes the picture"


def test_colour_by_a_view(watched: Watched, explored: Explored) -> None:
    page = watched.page
    page.select_option("#colour", "view:lean@1")
    expect(page.locator("body")).to_have_attribute("data-painted", re.compile("lean@1"))
    said = dict(
        zip(page.locator(".chip-name").all_inner_texts(), page.locator(".chip .count").all_inner_texts(), strict=True)
    )
    view = explored.store.view("lean")
    assert said["pruned: duplicate"] == str(view.rows().column("reason").to_pylist().count("duplicate"))


def test_a_press_on_a_point_plays_and_lists_neighbours(watched: Watched, explored: Explored) -> None:
    page = watched.page
    press_point(page, 5)
    expect(clip_lines(page)).to_have_count(20)
    name = page.locator(".clip-head h2").inner_text()
    clip = next(c for c in explored.store.clips(["clip_id", "uris"]).to_pylist() if Path(c["uris"][0]).name == name)
    hits = [Path(hit.path).name for hit in explored.store.similar(clip["clip_id"], k=20)]
    assert page.locator("#panel .clips .clip-name").all_inner_texts() == hits
    page.wait_for_function("document.getElementById('audio').currentTime > 0.2")
    before = sample(page)
    page.wait_for_timeout(300)
    assert sample(page) > before, "the audio element advances"


def test_keys_walk_the_list_and_switch_between_two(watched: Watched) -> None:
    page = watched.page
    press_point(page, 7)
    expect(clip_lines(page)).to_have_count(20)
    asked = page.locator("#playing-name").inner_text()
    page.locator("#canvas").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#playing-name")).to_have_text(page.locator("#panel .clips .clip-name").first.inner_text())
    page.wait_for_function("document.getElementById('audio').currentTime > 0.3")
    page.keyboard.press("b")
    expect(page.locator("#playing-name")).to_have_text(asked)
    page.wait_for_function("document.getElementById('audio').currentTime > 0.25")
    page.keyboard.press(" ")
    assert page.evaluate("document.getElementById('audio').paused")


def test_a_dropped_file_finds_its_twin_first(watched: Watched, explored: Explored, tmp_path: Path) -> None:
    page = watched.page
    original = Path(explored.store.clips(["uris"]).column(0).to_pylist()[3][0])
    dropped = tmp_path / "dropped.wav"
    dropped.write_bytes(original.read_bytes())
    page.locator("#ask-file").set_input_files(dropped)
    expect(page.locator("#panel .clips .clip-name").first).to_have_text(original.name)
    assert float(page.locator("#panel .clips .score").first.inner_text()) > 0.999


def test_the_microphone_asks(watched: Watched) -> None:
    page = watched.page
    page.locator("#record").click()
    expect(page.locator("#record")).to_have_text("Stop and ask")
    page.wait_for_timeout(1500)
    page.locator("#record").click()
    expect(clip_lines(page)).to_have_count(20)


def test_a_name_is_found_by_keyboard_alone(watched: Watched, explored: Explored) -> None:
    page = watched.page
    name = Path(explored.store.clips(["uris"]).column(0).to_pylist()[0][0]).name
    page.locator("#canvas").focus()
    page.keyboard.press("/")
    page.keyboard.type(name)
    expect(page.locator("#found .clip-name").first).to_have_text(name)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".clip-head h2")).to_have_text(name)


def test_duplicates_are_heard_decided_on_and_taken_back(watched: Watched, explored: Explored) -> None:
    page = watched.page
    page.click("#tab-groups")
    groups = page.locator("article.group")
    expect(groups.first).to_be_visible()
    count = groups.count()
    assert count == len(explored.store.duplicates())
    first = groups.first
    names = first.locator(".clip-name").all_inner_texts()
    first.locator(".clip-line").nth(1).click()
    expect(page.locator("#playing-name")).to_have_text(names[1])
    page.keyboard.press("b")
    expect(page.locator("#playing-name")).to_have_text(names[0])
    first.locator("button", has_text="Not a duplicate").first.click()
    expect(page.locator("#message")).to_contain_text("are no duplicates")
    expect(page.locator("details.decisions summary")).to_have_text("Decisions (1)")
    expect(groups).to_have_count(count - 1 if len(names) == 2 else count)
    assert [one.kind for one in explored.store.decisions()] == ["distinct"]
    page.locator("#message button", has_text="Undo").click()
    expect(page.locator("details.decisions summary")).to_have_text("Decisions (0)")
    expect(groups).to_have_count(count)
    assert explored.store.decisions() == []


def test_another_representative_is_kept(watched: Watched, explored: Explored) -> None:
    page = watched.page
    page.click("#tab-groups")
    first = page.locator("article.group").first
    chosen = first.locator(".clip-name").nth(1).inner_text()
    first.locator("button", has_text="Keep this").first.click()
    expect(page.locator(".member.stands .clip-name", has_text=chosen)).to_be_visible()
    page.locator("details.decisions summary").click()
    page.locator("details.decisions button", has_text="Undo").click()
    expect(page.locator("details.decisions summary")).to_have_text("Decisions (0)")
    expect(page.locator(".member.stands .clip-name", has_text=chosen)).to_have_count(0)
    assert explored.store.decisions() == []


def test_a_plan_is_moved_saved_and_compared(watched: Watched, explored: Explored) -> None:
    page = watched.page
    page.click("#tab-prune")
    page.select_option("#noise", "cluster")
    page.click("#plan")
    kept = page.locator(".figures strong").first
    expect(kept).to_be_visible()
    before = kept.inner_text()
    page.locator("#slide-eps").focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(kept).not_to_have_text(before)
    page.fill("#view-name", "by-hand")
    page.click("#save-view")
    expect(page.locator("#message")).to_contain_text("Saved by-hand@1")
    view = explored.store.view("by-hand")
    assert page.locator(".figures small").first.inner_text().startswith(f"{view.plan().summary().pool_kept} of ")
    page.click("#tab-compare")
    page.select_option("#compare-a", "lean@1")
    page.select_option("#compare-b", "by-hand@1")
    page.click("#compare")
    expect(page.locator("table[aria-label='Clips and hours']")).to_be_visible()
    from echodex.api import diff

    found = diff("lean", "by-hand", store=explored.store)
    cells = page.locator("table[aria-label='Clips and hours'] tbody td:nth-child(2)").all_inner_texts()
    assert [int(cell) for cell in cells] == [found.only_a.clips, found.only_b.clips, found.both.clips]
    expect(page.locator("body")).to_have_attribute("data-painted", "Compared")


def test_drawing_around_clips_lists_them(watched: Watched) -> None:
    page = watched.page
    page.click("#lasso")
    box = page.locator("#canvas").bounding_box()
    assert box
    left, top = box["x"] + 10, box["y"] + 10
    right, bottom = box["x"] + box["width"] - 10, box["y"] + box["height"] - 10
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 5)):
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    expect(page.locator("#panel h2").first).to_contain_text("clips drawn around")


def test_runs_tell_that_there_are_none(watched: Watched) -> None:
    watched.page.click("#tab-runs")
    expect(watched.page.locator("#panel")).to_contain_text("No run yet")


def test_every_control_has_a_name_and_is_reached_by_keyboard(watched: Watched) -> None:
    nameless = watched.page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, canvas[tabindex]")].filter((one) => !(
          one.textContent.trim() || one.getAttribute("aria-label") || one.labels?.length
        )).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    reached = set()
    for _ in range(40):
        watched.page.keyboard.press("Tab")
        reached.add(watched.page.evaluate("document.activeElement.id"))
    wanted = {"space", "within", "search-text", "colour", "method", "lasso", "canvas", "tab-clip", "ask-file", "record"}
    assert wanted <= reached, wanted - reached


def test_nothing_is_wider_than_a_telephone(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("clip", "groups", "prune", "compare", "runs"):
        page.click(f"#tab-{tab}")
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab
