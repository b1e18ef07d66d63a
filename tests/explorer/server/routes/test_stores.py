from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex import __version__
from echodex.api import Store
from echodex.schemas.clip import Source
from tests.explorer.server.conftest import Page


def test_what_a_store_holds(page: Page) -> None:
    store = page.store
    store.prune("random", keep=0.25).save("few")
    told = page.get("store")
    space = store.space()
    assert (told["name"], told["path"], told["version"]) == ("library", str(store.path), __version__)
    assert told["clips"] == 72
    assert told["hours"] == pytest.approx(72 * 0.25 / 3600)
    assert told["default_space"] == space.name
    assert told["spaces"] == [
        {"name": space.name, "encoder": "dummy", "dim": space.dim, "clips": 72, "fingerprints": False, "can_ask": True}
    ]
    view = store.view("few")
    assert told["views"] == [
        {
            "address": "few@1",
            "name": "few",
            "version": 1,
            "space": space.name,
            "selector": "random",
            "kept": 18,
            "clips": 72,
            "hours_kept": view.hours_kept,
            "hours": view.hours,
            "created_at": view.created_at,
        }
    ]
    assert told["state_of"] == {space.name: page.here()["state"]}


def test_a_space_counts_clips_not_segments(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    store.add_sources([Source(str(make_wav(f"{number}.wav", seed=number, seconds=3))) for number in range(3)])
    store.embed("dummy", settings={"window_s": 0.5})
    assert open_page(store).get("store")["spaces"][0]["clips"] == 3


def test_imported_vectors_cannot_be_asked_with_a_file(page: Page, tmp_path: Path) -> None:
    ids = page.store.vectors().clip_ids[:5]
    np.save(tmp_path / "vectors.npy", np.eye(5, dtype=np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    page.store.import_vectors("mine", tmp_path / "vectors.npy", tmp_path / "ids.txt")
    spaces = {space["name"]: space for space in page.get("store")["spaces"]}
    assert (spaces["mine"]["can_ask"], spaces["mine"]["clips"]) == (False, 5)
    assert page.get("space", space="mine")["rows"] == 5
    answer = page.upload(b"sound", **page.here("mine"))
    assert answer.status_code in (400, 422)


def test_an_empty_store_still_answers(store: Store, open_page: Callable[[Store], Page]) -> None:
    page = open_page(store)
    told = page.get("store")
    assert (told["clips"], told["hours"], told["spaces"], told["default_space"]) == (0, 0.0, [], None)
    refused = page.ask("space")
    assert refused.status_code == 404
    assert "echodex embed" in refused.json()["error"]
    assert page.post("jobs", kind="duplicates").status_code == 404
    assert page.get("decisions") == {"decisions": []}


def test_clips_without_vectors(kinds: Store, open_page: Callable[[Store], Page]) -> None:
    clip_id = kinds.vectors().clip_ids[0]
    for folder in kinds.path.glob("vectors_*"):
        shutil.rmtree(folder)
    page = open_page(Store.open(kinds.path))
    assert page.get("store")["clips"] == 72
    told = page.get(f"clip/{clip_id}")
    assert (told["row"], told["name"][-4:]) == (None, ".wav")


def test_a_space_whose_clips_were_all_removed(page: Page) -> None:
    page.store.remove(page.store.vectors().clip_ids)
    here = page.here()
    assert page.get("space")["rows"] == 0
    _, points = page.packet("map", **here)
    assert points.shape == (0, 2)
    assert page.get("find", text="wav", **here) == {"clips": [], "total": 0}
    job = page.job(kind="duplicates")
    assert page.get(f"jobs/{job['job']}/groups")["total"] == 0
    assert page.ask("clip/nobody/similar", **here).status_code == 404


@pytest.mark.parametrize("path", ["map", "column", "rows", "find"])
def test_a_store_that_changed_is_told(page: Page, path: str) -> None:
    here = page.here()
    page.store.remove(page.store.vectors().clip_ids[:1])
    answer = page.ask(path, name="label", rows="0", text="x", **here)
    assert answer.status_code == 409
    assert answer.json() == {"error": "the store has changed since the page was loaded; reload it", "code": 6}
    assert page.ask(path, name="label", rows="0", text="x", **page.here()).status_code == 200
