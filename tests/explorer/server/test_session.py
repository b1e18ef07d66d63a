from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from echodex.api import Store
from echodex.explorer.layout import layouts
from echodex.explorer.server.session import Session
from echodex.schemas.clip import Source
from tests.store.features.miniature import datacos

from .conftest import Page


def test_what_a_page_asks_first_is_read_ahead(kinds: Store) -> None:
    kinds.build_index()
    session = Session(Store.open(kinds.path))
    session.warm()
    session.close()
    assert any(thread.name == "explorer-warming" for thread in threading.enumerate()) is False
    assert [key for key in session.store.kept if isinstance(key, tuple) and key[0] == "index"]
    assert [info.method for info in layouts(kinds)] == ["pca"]
    assert len(session.snapshot()) == 72


def test_an_empty_store_is_not_read_ahead(store: Store) -> None:
    session = Session(store)
    session.warm()
    session.close()
    assert not store.kept


def test_no_index_is_built_ahead(kinds: Store) -> None:
    session = Session(kinds)
    session.warm()
    session.close()
    assert kinds.indexes() == []


def test_which_clips_a_view_keeps(kinds: Store) -> None:
    kinds.prune("random", keep=0.5).save("half")
    session = Session(kinds)
    kept = kinds.view_rows(kinds.view("half")).column("kept").to_numpy()
    np.testing.assert_array_equal(session.kept(session.seen(), "half"), kept)


def test_one_clip_alone(store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]) -> None:
    store.add_sources([Source(str(make_wav()))])
    store.embed("dummy")
    page = open_page(store)
    here, clip_id = page.here(), store.vectors().clip_ids[0]
    assert page.packet("map", **here)[1].tolist() == [[0.0, 0.0]]
    assert page.get(f"clip/{clip_id}/similar", **here)["hits"] == []
    assert page.get("rows", rows="0", **here)["clips"][0]["name"] == "tone.wav"
    for column in page.get("space")["columns"]:
        assert len(page.packet("column", name=column["name"], **here)[1]) == 1
    told = page.job(kind="plan", settings={"selector": "random", "keep": 1})
    assert page.packet(f"jobs/{told['job']}/at", keep=1)[1].tolist() == [2]
    assert page.job(kind="duplicates")["state"] == "done"


def test_clips_of_features_alone(store: Store, tmp_path: Path, open_page: Callable[[Store], Page]) -> None:
    datacos(tmp_path / "features", {"W_1": 2, "W_2": 3})
    store.add_features("datacos", tmp_path / "features")
    page = open_page(store)
    here = page.here()
    assert page.get("store")["spaces"][0]["can_ask"] is False
    names = {column["name"] for column in page.get("space")["columns"]}
    assert "work" in names
    assert not names & {"sample_rate_hz", "channels"}
    clip_id = store.vectors().clip_ids[0]
    told = page.get(f"clip/{clip_id}", **here)
    assert (told["name"], told["channels"]) == (Path(told["uris"][0]).name, 0)
    assert len(page.get(f"clip/{clip_id}/similar", k=3, **here)["hits"]) == 3
    assert page.job(kind="duplicates", min_score=0.5)["state"] == "done"
    refused = page.upload(b"no sound", **here)
    assert refused.status_code in (400, 422)
