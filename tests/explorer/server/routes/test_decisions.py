from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.explorer.server.conftest import Page


def test_deciding_and_taking_back(page: Page) -> None:
    clips = page.store.clips(["clip_id", "uris"]).to_pylist()[:2]
    ids, names = [clip["clip_id"] for clip in clips], [Path(clip["uris"][0]).name for clip in clips]
    made = page.post("decisions", kind="distinct", clip_id=ids[1], other=ids[0], note="live").json()
    assert made == {
        "id": "d1",
        "kind": "distinct",
        "clip_id": ids[0],
        "name": names[0],
        "other": ids[1],
        "other_name": names[1],
        "note": "live",
        "made_at": made["made_at"],
        "undone_at": None,
    }
    assert page.get("decisions") == {"decisions": [made]}
    undone = page.delete("decisions/d1").json()
    assert undone == made | {"undone_at": undone["undone_at"]}
    assert undone["undone_at"]
    assert page.get("decisions") == {"decisions": [undone]}
    assert page.store.decisions() == []


def test_a_decision_about_a_clip_that_is_gone_has_its_id(page: Page) -> None:
    clip_id = page.store.vectors().clip_ids[0]
    page.post("decisions", kind="pin", clip_id=clip_id)
    page.store.remove([clip_id])
    assert page.get("decisions")["decisions"][0]["name"] == clip_id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"kind": "pin"}, 400),
        ({"kind": "like", "clip_id": "0" * 32}, 400),
        ({"kind": "pin", "clip_id": "0" * 32}, 404),
        ({"kind": "pin", "clip_id": 7}, 400),
        ({"kind": "pin", "clip_id": "0" * 32, "path": "/etc"}, 400),
        ({"kind": "distinct", "clip_id": "0" * 32}, 400),
        ({"kind": "pin", "clip_id": "\0"}, 404),
    ],
)
def test_odd_decisions_are_refused(page: Page, body: dict[str, Any], status: int) -> None:
    answer = page.post("decisions", **body)
    assert answer.status_code == status, answer.text
    assert page.get("decisions") == {"decisions": []}


def test_a_decision_that_never_was(page: Page) -> None:
    assert page.delete("decisions/d7").status_code == 404
