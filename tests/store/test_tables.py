"""Tables: names, versions, and rows looked up by key. The oracle is a dict."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import lance
import numpy as np
import pytest
from harness.things import SCHEMA, made, rows, write

from echodex.store import tables as module
from echodex.store.changes import changed_clips
from echodex.store.keys import rows_of
from echodex.store.tables import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return made(tmp_path)


def test_a_table_is_a_folder_with_a_version(tables: Tables) -> None:
    (tables.folder / "torn.lance").mkdir()
    (tables.folder / "empty.lance" / "_versions").mkdir(parents=True)
    (tables.folder / "notes").mkdir()
    tables.create("more", SCHEMA)
    assert tables.names() == ["more", "things"]


def test_it_pickles_to_its_path(tables: Tables) -> None:
    tables.append("things", rows(["a"]))
    assert tables.count("things") == 1
    assert pickle.loads(pickle.dumps(tables)).count("things") == 1


def test_what_others_commit_is_seen_at_once(tables: Tables) -> None:
    for number in range(3):
        Tables(tables.folder).append("things", rows([str(number)]))
        assert tables.count("things") == number + 1


def test_a_table_dropped_and_made_anew_is_not_mistaken_for_the_old_one(tables: Tables) -> None:
    tables.append("things", rows(["old"]))
    version = tables.version("things")
    assert tables.scan("things", ["clip_id"]).column(0).to_pylist() == ["old"]
    tables.drop("things")
    tables.create("things", SCHEMA)
    tables.append("things", rows(["new"]))
    assert tables.version("things") == version
    assert tables.scan("things", ["clip_id"], version=version).column(0).to_pylist() == ["new"]


def test_reading_never_imports_lancedb(kinds: object, tmp_path: Path) -> None:
    code = """
import sys
from echodex.api import Store
from echodex.store.changes import changed_clips
store = Store.open(sys.argv[1], create=False)
ids = store.clips(["clip_id"], where="decoded_s > 0").column(0).to_pylist()
assert len(store.vectors()) == len(store.sources(ids)) == len(ids) > 0
assert store.spaces() and store.views() == []
changed_clips(store.tables, "clips", 1)
assert "lancedb" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "library")], check=True, timeout=120)


def index_names(tables: Tables) -> list[str]:
    return [index.name for index in lance.dataset(str(tables.folder / "things.lance")).describe_indices()]


def test_the_key_index_comes_once_the_table_is_large(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEY_INDEX_ROWS", 100)
    tables.append("things", rows([f"{number:03}" for number in range(99)]))
    tables.index_keys("things")
    assert index_names(tables) == []
    tables.append("things", rows(["one more"]))
    tables.index_keys("things")
    assert len(index_names(tables)) == 1
    version = tables.version("things")
    tables.append("things", rows([f"late {number:03}" for number in range(99)]))
    tables.index_keys("things")
    assert tables.version("things") == version + 1
    tables.append("things", rows(["the hundredth"]))
    tables.index_keys("things")
    [index] = lance.dataset(str(tables.folder / "things.lance")).describe_indices()
    assert index.num_rows_indexed == 200
    assert changed_clips(tables, "things", version + 2) == set()


@pytest.mark.parametrize("seed", range(3))
def test_looking_up_keys_is_right_whatever_was_written_since(
    tables: Tables, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the index made at any moment, on the newest version and on those that tags hold."""
    monkeypatch.setattr(module, "KEY_INDEX_ROWS", 10)
    random = np.random.default_rng(seed)
    now: dict[str, int] = {}
    held: dict[int, dict[str, int]] = {}
    for step in range(40):
        picked = [f"{number:03}" for number in random.choice(90, random.integers(1, 20), replace=False)]
        kind = random.choice(["append", "upsert", "delete", "compact", "index", "tag"])
        if kind == "tag":
            tables.tag("things", f"view-{step}", tables.version("things"))
            held[tables.version("things")] = dict(now)
        elif kind == "index":
            tables.index_keys("things")
        else:
            write(tables, now, kind, picked, step)
        for version, then in [(None, now), *held.items()]:
            asked = [f"{number:03}" for number in random.choice(90, 9, replace=False)]
            found = rows_of(tables, "things", ["clip_id", "value"], asked, version=version)
            expected = {clip: then[clip] for clip in asked if clip in then}
            assert dict(zip(*found.to_pydict().values(), strict=True)) == expected
            assert len(found) == len(expected)
