from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.schemas.clip import Source
from tests.conftest import sound
from tests.explorer.server.conftest import Page


@pytest.fixture
def copies(store: Store, tmp_path: Path, open_page: Callable[[Store], Page]) -> Page:
    """Three recordings: one at two rates, one in two lengths, and one whose bytes lie at two places; and one alone."""
    folder = tmp_path / "audio"
    folder.mkdir()

    def tone(seed: int, seconds: float, rate_hz: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        time_s = np.arange(int(seconds * rate_hz)) / rate_hz
        return np.asarray(0.3 * np.sin(2 * np.pi * (300 + 500 * seed) * time_s))

    soundfile.write(folder / "low_rate.wav", tone(0, 2, 8000), 8000)
    soundfile.write(folder / "high_rate.wav", tone(0, 2, 16_000), 16_000)
    soundfile.write(folder / "short.wav", tone(2, 2, 8000), 8000)
    soundfile.write(folder / "long.wav", tone(2, 4, 8000), 8000)
    soundfile.write(folder / "twice.wav", tone(4, 2, 8000), 8000)
    shutil.copy(folder / "twice.wav", folder / "twice_again.wav")
    soundfile.write(folder / "alone.wav", sound("noise", 1), 8000)
    store.add_sources([Source(str(path)) for path in sorted(folder.iterdir())])
    store.embed("dummy")
    return open_page(store)


def groups_of(page: Page, **asked: Any) -> list[dict[str, Any]]:
    told = page.job(kind="duplicates", **asked)
    assert told["state"] == "done", told
    found = page.get(f"jobs/{told['job']}/groups")
    assert found["total"] == len(found["groups"])
    groups: list[dict[str, Any]] = found["groups"]
    return groups


def test_groups_are_those_of_the_verb(copies: Page) -> None:
    found = groups_of(copies, min_score=0.95)
    expected = copies.store.duplicates(min_score=0.95)
    assert [group["representative"] for group in found] == [group.representative for group in expected]
    for told, group in zip(found, expected, strict=True):
        assert [member["path"] for member in told["members"]] == [member.path for member in group.members]
        assert [member["score"] for member in told["members"]] == [member.score for member in group.members]
        assert [member["exact"] for member in told["members"]] == [member.exact for member in group.members]
        assert told["size"] == len(group.members)
        assert told["lowest_pair_score"] == group.lowest_pair_score
    ids = copies.store.vectors().clip_ids
    for member in found[0]["members"]:
        assert ids[member["row"]] == member["clip_id"]


def test_why_one_stands_for_the_others(copies: Page) -> None:
    why = {group["members"][0]["name"]: group["why"] for group in groups_of(copies, min_score=0.95)}
    assert why["high_rate.wav"] == "It is of the highest sample rate, and no other has more clips near it."
    assert why["long.wav"] == "It is the longest of them, and no other has more clips near it."
    twice = next(text for name, text in why.items() if name.startswith("twice"))
    assert twice == "The same bytes in 2 places: one clip, which is kept once."
    assert len(why) == 3


def test_of_members_that_are_not_listed_nothing_is_claimed(copies: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echodex.explorer.server.found_groups.SHOWN", 1)
    assert {group["why"] for group in groups_of(copies, min_score=0.95)} == {
        "It stands for 1 other.",
        "The same bytes in 2 places: one clip, which is kept once.",
    }


def test_by_ear_there_is_an_alignment(copies: Page) -> None:
    groups = groups_of(copies, min_score=0.95, verify="audio")
    by_first = {group["members"][0]["name"]: group for group in groups}
    other = by_first["high_rate.wav"]["members"][1]
    assert other["name"] == "low_rate.wav"
    assert other["alignment"]["residual_db"] < -10
    assert all(math.isfinite(value) for value in other["alignment"].values())
    assert by_first["high_rate.wav"]["why"] == "It is of the highest sample rate."
    assert [member["kept"] for member in by_first["high_rate.wav"]["members"]] == [True, False]


def test_groups_come_by_the_page(page: Page) -> None:
    told = page.job(kind="duplicates", min_score=0.9)
    everything = page.get(f"jobs/{told['job']}/groups", count=100)
    assert everything["total"] > 3
    some = page.get(f"jobs/{told['job']}/groups", **{"from": 1, "count": 2})
    assert (some["total"], some["groups"]) == (everything["total"], everything["groups"][1:3])
    assert page.get(f"jobs/{told['job']}/groups", **{"from": 10_000})["groups"] == []
    for odd in ({"from": -1}, {"count": 0}, {"count": 101}, {"from": "x"}):
        assert page.ask(f"jobs/{told['job']}/groups", **odd).status_code == 400


def test_a_decision_is_heeded_and_told(copies: Page) -> None:
    first = next(g for g in groups_of(copies, min_score=0.95) if g["members"][0]["name"] == "long.wav")
    other = first["members"][1]
    made = copies.post("decisions", kind="representative", clip_id=other["clip_id"])
    assert made.status_code == 200, made.text
    again = next(g for g in groups_of(copies, min_score=0.95) if "short.wav" in {m["name"] for m in g["members"]})
    assert again["representative"] == other["clip_id"]
    assert again["why"] == "Chosen by you."
    assert again["members"][0]["decisions"] == ["representative"]
    assert copies.delete(f"decisions/{made.json()['id']}").json()["undone_at"]
    copies.post("decisions", kind="pin", clip_id=other["clip_id"])
    again = next(g for g in groups_of(copies, min_score=0.95) if "short.wav" in {m["name"] for m in g["members"]})
    assert (again["representative"], again["why"]) == (other["clip_id"], "Pinned by you."), "as a plan has it"
    copies.post("decisions", kind="distinct", clip_id=first["representative"], other=other["clip_id"])
    assert not [g for g in groups_of(copies, min_score=0.95) if "short.wav" in {m["name"] for m in g["members"]}]


def test_the_same_question_is_answered_at_once(page: Page) -> None:
    first = page.job(kind="duplicates", min_score=0.9)
    again = page.post("jobs", kind="duplicates", min_score=0.9).json()
    assert (again["job"], again["state"]) == (first["job"], "done")
    assert page.post("jobs", kind="duplicates", min_score=0.8).json()["job"] != first["job"]
    page.store.remove(page.store.vectors().clip_ids[:1])
    assert page.job(kind="duplicates", min_score=0.9)["job"] != first["job"]  # of another state


def test_an_index_is_opened_ahead(page: Page) -> None:
    assert page.job(kind="index")["state"] == "done"
    assert page.session.store.kept


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"kind": "other"},
        {"kind": "duplicates", "verify": "eyes"},
        {"kind": "duplicates", "min_score": "high"},
        {"kind": "duplicates", "path": "/etc/passwd"},
        {"kind": "plan", "settings": {"eps": "small"}},
        {"kind": "plan", "settings": {"eps": -1}},
        {"kind": "plan", "settings": {"nothing": 1}},
        {"kind": "plan", "settings": {"pin": ["README.md"]}},
        {"kind": "plan", "settings": []},
        {"kind": "plan", "settings": {"selector": ["facility"]}},
        {"kind": "map", "method": "pca"},
        {"kind": "map", "seed": 1.5},
        {"kind": "map", "seed": -1},
        {"kind": "plan", "settings": {"selector": "random", "keep": 0.5, "options": {"nothing": 1}}},
    ],
)
def test_odd_questions_are_refused(page: Page, asked: dict[str, Any]) -> None:
    answer = page.post("jobs", **asked)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "code"}


@pytest.mark.parametrize("asked", [{"space": "nowhere"}, {"view": "gone"}])
def test_questions_about_what_is_not_there(page: Page, asked: dict[str, Any]) -> None:
    for kind in ("duplicates", "plan"):
        assert page.post("jobs", kind=kind, **asked).status_code == 404


def test_what_fails_on_the_way_says_so(page: Page) -> None:
    told = page.job(kind="duplicates", min_score=7)
    assert (told["state"], told["error"]) == ("failed", "a score is a cosine from -1 to 1, not 7.0")
    refused = page.ask(f"jobs/{told['job']}/groups")
    assert refused.status_code == 400
    assert "failed" in refused.json()["error"]


def test_jobs_that_never_were(page: Page) -> None:
    for path in ("jobs/j9", "jobs/j9/groups", "jobs/j9/plan", "jobs/j9/at"):
        assert page.ask(path).status_code == 404
    assert page.delete("jobs/j9").status_code == 404
    told = page.job(kind="index")
    assert page.ask(f"jobs/{told['job']}/groups").status_code == 400  # of another kind
    assert page.delete(f"jobs/{told['job']}").json()["state"] == "done"


def test_looking_for_duplicates_tells_how_far_it_is(page: Page) -> None:
    told = page.job(kind="duplicates", min_score=0.9)
    assert (told["stage"], told["done"], told["total"]) == ("duplicates", 1, 1)  # of 72 clips there is one tile
