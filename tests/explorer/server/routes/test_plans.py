from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from echodex.api import Store
from tests.explorer.server.conftest import Page

SETTINGS = {"selector": "facility", "min_cluster_size": 3, "eps": 0.1}


@pytest.fixture
def planned(page: Page) -> str:
    """The path of a plan."""
    told = page.job(kind="plan", settings=SETTINGS)
    assert told["state"] == "done", told
    return f"jobs/{told['job']}"


def test_a_plan_says_what_it_is(page: Page, planned: str) -> None:
    told = page.get(f"{planned}/plan")
    summary = page.store.prune(**SETTINGS).summary()  # type: ignore[arg-type]
    assert (told["selector"], told["knob"]["name"], told["knob"]["at"]) == ("facility", "eps", 0.1)
    assert told["knob"]["values"] == sorted(told["knob"]["values"])
    assert (told["clips"], told["kept"], told["pool"], told["split"]) == (72, summary.kept, 72, None)
    assert (told["coverage"], told["reasons"]) == (summary.coverage, summary.reasons)
    shares = [point["kept_share"] for point in told["curve"]]
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("moved", "pruned"),
    [
        ({}, {}),
        ({"eps": 0.3}, {"eps": 0.3}),
        ({"keep": 0.25}, {"keep": 0.25}),
        ({"keep": 7}, {"keep": 7}),
        ({"keep": 1}, {"keep": 1.0}),
    ],
)
def test_a_move_is_what_pruning_anew_would_give(
    page: Page, planned: str, moved: dict[str, Any], pruned: dict[str, Any]
) -> None:
    header, fates = page.packet(f"{planned}/at", **moved)
    plan = page.store.prune(**SETTINGS | pruned)  # type: ignore[arg-type]
    np.testing.assert_array_equal(fates, np.where(plan.rows.column("kept").to_numpy(), 2, 1))
    summary = plan.summary()
    assert (header["kept"], header["clips"]) == (summary.kept, 72)
    assert header["kept_share"] == summary.pool_kept / summary.pool_clips
    assert header["coverage"] == pytest.approx(summary.coverage, abs=1e-6)
    assert header["hours"] == pytest.approx(summary.hours_kept)


def test_what_is_not_in_the_source_is_told(new_store: Callable[..., Store], open_page: Callable[[Store], Page]) -> None:
    store = new_store([["low"], ["high"], ["noise"]] * 12, splits=["train", "train", "test"] * 12)
    store.prune("random", keep=0.5, split="all").save("half")
    page = open_page(store)
    told = page.job(kind="plan", view="half", settings={"selector": "random", "keep": 0.5, "split": "all"})
    _, fates = page.packet(f"jobs/{told['job']}/at", keep=0.5)
    source = set(store.vectors(view="half").clip_ids)
    assert [fate > 0 for fate in fates.tolist()] == [clip_id in source for clip_id in store.vectors().clip_ids]
    assert (fates == 2).sum() == 9


def test_a_setting_is_saved_as_a_view(page: Page, planned: str) -> None:
    header, fates = page.packet(f"{planned}/at", eps=0.3)
    answer = page.post(f"{planned}/save", name="lean", eps=0.3)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["address"], told["kept"], told["selector"]) == ("lean@1", header["kept"], "facility")
    assert told in page.get("store")["views"]
    kept = set(page.store.vectors(view="lean").clip_ids)
    assert [fate == 2 for fate in fates.tolist()] == [id in kept for id in page.store.vectors().clip_ids]  # noqa: A001
    assert page.store.view("lean").recipe["config"]["eps"] == header["value"]
    assert page.post(f"{planned}/save", name="lean", keep=5).json()["address"] == "lean@2"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "../x"}, {"name": "all"}, {"name": "a", "keep": 0}, {"name": "a", "t": 0.5}, {"name": "a", "x": 1}],
)
def test_odd_saves_are_refused(page: Page, planned: str, body: dict[str, Any]) -> None:
    answer = page.post(f"{planned}/save", **body)
    assert answer.status_code == 400, answer.text
    assert page.get("store")["views"] == []


@pytest.mark.parametrize(
    "moved",
    [
        {"keep": 0},
        {"keep": -1},
        {"keep": "nan"},
        {"keep": "inf"},
        {"keep": 2.5},
        {"eps": 2},
        {"eps": "inf"},
        {"t": 0.5},
    ],
)
def test_odd_moves_are_refused(page: Page, planned: str, moved: dict[str, Any]) -> None:
    answer = page.ask(f"{planned}/at", **moved)
    assert answer.status_code == 400, answer.text


def test_a_saved_view_does_not_change_the_state(page: Page, planned: str) -> None:
    here = page.here()
    page.post(f"{planned}/save", name="lean")
    assert page.here() == here


def test_a_plan_over_other_rows_than_the_page_knows_is_refused(page: Page) -> None:
    here = page.here()
    first = page.store.clips(["clip_id"]).column(0)[0].as_py()
    page.store.remove([first])
    answer = page.post("jobs", kind="plan", settings=SETTINGS, **here)
    assert (answer.status_code, answer.json()["code"]) == (409, 6), "its rows would be taken for other clips"
