"""Tables: names, versions, and what has changed between two of them. The oracle of a change is a dict."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest

from echodex.schemas.clip import PRIMARY_KEY
from echodex.store import tables as module
from echodex.store.keys import rows_of
from echodex.store.tables import Tables
from echodex.store.where import is_in

SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("segment", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("value", pa.int64()),
    ]
)
KEYS = ["clip_id", "segment"]


def rows(ids: list[str], value: int = 0, segments: int = 1) -> pa.Table:
    return pa.table(
        {
            "clip_id": np.repeat(ids, segments),
            "segment": np.tile(np.arange(segments, dtype=np.int32), len(ids)),
            "value": np.full(len(ids) * segments, value),
        },
        schema=SCHEMA,
    )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    return made


def compact(tables: Tables) -> None:
    lance.dataset(str(tables.folder / "things.lance")).optimize.compact_files()


def clean(tables: Tables) -> None:
    lance.dataset(str(tables.folder / "things.lance")).cleanup_old_versions(
        timedelta(0), error_if_tagged_old_versions=False
    )


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


def test_inserted_updated_and_deleted_clips_have_changed(tables: Tables) -> None:
    first = tables.append("things", rows(list("abcdef"), segments=3))
    assert tables.changes("things", first) == set()
    second = tables.append("things", rows(["new"], segments=2))
    tables.delete("things", is_in("clip_id", ["a", "b"]))
    tables.upsert("things", KEYS, rows(["c", "upserted"], value=5))
    assert tables.changes("things", first) == {"new", "a", "b", "c", "upserted"}
    assert tables.changes("things", second) == {"a", "b", "c", "upserted"}


def test_a_segment_that_is_deleted_changes_its_clip(tables: Tables) -> None:
    version = tables.append("things", rows(list("abc"), segments=3))
    tables.delete("things", "clip_id = 'b' AND segment = 2")
    assert tables.changes("things", version) == {"b"}


def test_compacting_changes_nothing(tables: Tables) -> None:
    for clip in "abcdef":
        version = tables.append("things", rows([clip]))
    tables.delete("things", "clip_id = 'a'")
    after = tables.version("things")
    compact(tables)
    assert tables.version("things") > after
    assert tables.changes("things", after) == set()
    assert tables.changes("things", version) == {"a"}


def test_what_came_and_went_between_has_not_changed(tables: Tables) -> None:
    version = tables.append("things", rows(["a"]))
    tables.append("things", rows(["brief"]))
    tables.delete("things", "clip_id = 'brief'")
    assert tables.changes("things", version) == set()


def test_what_was_deleted_and_added_again_has_changed(tables: Tables) -> None:
    version = tables.append("things", rows(["a", "b"]))
    tables.delete("things", "clip_id = 'b'")
    tables.append("things", rows(["b"], value=2))
    assert tables.changes("things", version) == {"b"}


def test_a_version_that_was_cleaned_up_cannot_be_compared_with(tables: Tables) -> None:
    gone = tables.append("things", rows(["a"]))
    assert tables.has_version("things", gone)
    held = tables.append("things", rows(["b", "c"]))
    tables.tag("things", "index", held)
    tables.append("things", rows(["d"]))
    tables.delete("things", "clip_id = 'b'")
    clean(tables)
    assert not tables.has_version("things", gone)
    assert tables.changes("things", gone) is None
    assert tables.has_version("things", held)
    assert tables.changes("things", held) == {"b", "d"}
    assert tables.changes("things", tables.version("things") + 1) is None


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_those_of_a_dict(tables: Tables, seed: int) -> None:
    random = np.random.default_rng(seed)
    now: dict[str, int] = {}
    history = {tables.version("things"): dict(now)}
    for step in range(40):
        picked = [f"{number:03}" for number in random.choice(60, random.integers(1, 12), replace=False)]
        kind = random.choice(["append", "upsert", "delete", "compact"])
        if kind == "append":
            picked = [clip for clip in picked if clip not in now]
            tables.append("things", rows(picked, step))
            now.update(dict.fromkeys(picked, step))
        elif kind == "upsert":
            tables.upsert("things", KEYS, rows(picked, step))
            now.update(dict.fromkeys(picked, step))
        elif kind == "delete":
            tables.delete("things", is_in("clip_id", picked))
            now = {clip: value for clip, value in now.items() if clip not in picked}
        else:
            compact(tables)
        history[tables.version("things")] = dict(now)
        since = int(random.choice(list(history)))
        then = history[since]
        expected = {clip for clip in then.keys() | now.keys() if then.get(clip) != now.get(clip)}
        assert tables.changes("things", since) == expected


def test_reading_never_imports_lancedb(kinds: object, tmp_path: Path) -> None:
    code = """
import sys
from echodex.api import Store
store = Store.open(sys.argv[1], create=False)
ids = store.clips(["clip_id"], where="decoded_s > 0").column(0).to_pylist()
assert len(store.vectors()) == len(store.sources(ids)) == len(ids) > 0
assert store.spaces() and store.views() == []
store.tables.changes("clips", 1)
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
    assert tables.changes("things", version + 2) == set()


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
        if kind == "append":
            picked = [clip for clip in picked if clip not in now]
            tables.append("things", rows(picked, step))
            now.update(dict.fromkeys(picked, step))
        elif kind == "upsert":
            tables.upsert("things", KEYS, rows(picked, step))
            now.update(dict.fromkeys(picked, step))
        elif kind == "delete":
            tables.delete("things", is_in("clip_id", picked))
            now = {clip: value for clip, value in now.items() if clip not in picked}
        elif kind == "tag":
            tables.tag("things", f"view-{step}", tables.version("things"))
            held[tables.version("things")] = dict(now)
        else:
            compact(tables) if kind == "compact" else tables.index_keys("things")
        for version, then in [(None, now), *held.items()]:
            asked = [f"{number:03}" for number in random.choice(90, 9, replace=False)]
            found = rows_of(tables, "things", ["clip_id", "value"], asked, version=version)
            expected = {clip: then[clip] for clip in asked if clip in then}
            assert dict(zip(*found.to_pydict().values(), strict=True)) == expected
            assert len(found) == len(expected)
