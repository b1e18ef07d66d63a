from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from echodex.errors import NotFound, Stale, StorageError
from echodex.indexing.index.rowids import id_table
from echodex.indexing.index.shelf import UNSEALED, Shelf, read_arrow
from echodex.schemas.manifest import CLIP, IndexManifest, Recipe


def manifest(name: str = "flat", built_at: str = "2026") -> IndexManifest:
    recipe = Recipe(name, "flat", {"m": 3}, "cosine", CLIP, 0.95, 0)
    return IndexManifest(
        recipe=recipe,
        dim=4,
        ntotal=2,
        space="s",
        space_identity="d@2026",
        table_version=7,
        effort=0,
        recall=1.0,
        recall_k=10,
        recall_queries=2,
        built_s=0.1,
        built_at=built_at,
        faiss_version="1",
        index_file="",
        ids_file="",
        index_seal=UNSEALED,
        ids_seal=UNSEALED,
        lists_at=0,
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "indexes")


def put(
    shelf: Shelf, content: bytes = b"index", ids: tuple[str, ...] = ("a", "b"), name: str = "flat"
) -> IndexManifest:
    return shelf.put(manifest(name), writes(content), id_table(list(ids)), lambda _: 3)


def writes(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def test_what_is_put_is_found(shelf: Shelf) -> None:
    written = put(shelf)
    assert shelf.manifest("flat") == written
    assert written.lists_at == 3
    assert shelf.names() == ["flat"]
    index, ids = shelf.open(written)
    index.check()
    assert index.content.tobytes() == b"index"
    assert read_arrow(ids).column("clip_id").to_pylist() == ["a", "b"]
    assert written.size_bytes == sum(path.stat().st_size for path in shelf.folder.glob("flat-*"))


def test_a_new_build_takes_the_place_of_the_old_one_which_stays_for_those_who_have_it_open(shelf: Shelf) -> None:
    index, ids = shelf.open(put(shelf, b"old"))
    newer = put(shelf, b"newer", ("c",))
    other = put(shelf, b"other", name="flat-l2")
    assert len(list(shelf.folder.glob("*.faiss"))) == 2
    index.check()
    assert (index.content.tobytes(), read_arrow(ids).num_rows) == (b"old", 2)
    assert [shelf.manifest(name) for name in shelf.names()] == [newer, other]
    shelf.drop("flat")
    assert shelf.names() == ["flat-l2"]
    assert sorted(path.suffix for path in shelf.folder.glob("flat*")) == [".arrow", ".faiss", ".json"]


def test_state_changes_with_every_build(shelf: Shelf) -> None:
    states = [shelf.state()]
    for content in (b"1", b"2"):
        put(shelf, content)
        states.append(shelf.state())
    assert len(set(states)) == 3
    assert shelf.state() == states[-1]


def test_a_build_that_fails_leaves_what_was_there(shelf: Shelf) -> None:
    before = put(shelf)

    def full(_: Path) -> None:
        raise RuntimeError("No space left on device")

    with pytest.raises(StorageError, match="full"):
        shelf.put(manifest(), full, id_table(["z"]), lambda _: 0)
    assert shelf.manifest("flat") == before
    assert len(list(shelf.folder.glob("flat-*"))) == 2


def test_dropping_what_is_not_there(shelf: Shelf) -> None:
    put(shelf)
    with pytest.raises(NotFound, match=r"'ivf' does not exist.*flat"):
        shelf.drop("ivf")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "echodex.index"}', "\0" * 40])
def test_what_is_no_manifest_is_stale_and_left_out_of_the_list(shelf: Shelf, text: str) -> None:
    put(shelf)
    shelf.path("flat").write_text(text)
    with pytest.raises(Stale):
        shelf.manifest("flat")
    assert shelf.manifests() == []


def test_every_single_change_of_a_manifest_is_found(shelf: Shelf) -> None:
    put(shelf)
    text = shelf.path("flat").read_text()
    plain = json.loads(text)
    for field in plain:
        changed = {**plain, field: "x" if isinstance(plain[field], str) else 99}
        shelf.path("flat").write_text(json.dumps(changed))
        with pytest.raises(Stale):
            shelf.manifest("flat")


def test_the_newest_comes_first(shelf: Shelf) -> None:
    for name, built_at in (("a", "2026-01-02"), ("b", "2026-01-03"), ("c", "2026-01-01")):
        shelf.put(manifest(name, built_at), writes(b"x"), pa.table({}), lambda _: 0)
    assert [found.name for found in shelf.manifests()] == ["b", "a", "c"]
