from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound, Stale
from echodex.indexing.index import choose
from echodex.indexing.index.build import BuildConfig, build_index, shelf_of
from echodex.indexing.index.catchup import FEW
from echodex.indexing.index.live import OpenIndex
from echodex.indexing.index.opened import open_index
from echodex.schemas.manifest import SEGMENT
from echodex.store.where import equals
from echodex.testing.vectors import clustered

KINDS = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivf-rabitq", "ivfpq", "ivfpq-rr", "hnsw")
Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]


def opened(store: Store, name: str | None = None) -> OpenIndex:
    return open_index(Store.open(store.path), store.space(), name=name)  # as another process would


def nearest(index: OpenIndex, query: Matrix, k: int) -> list[str]:
    rows, _ = index.search(query[None], k)
    return index.ids.take(rows[0][rows[0] >= 0])


def truth(store: Store, query: Matrix, k: int) -> list[str]:
    vectors = store.vectors()
    best = np.lexsort((np.arange(len(vectors)), -(vectors.matrix @ query)))[:k]
    return [vectors.clip_ids[row] for row in best]


def recall(index: OpenIndex, store: Store, queries: Matrix, k: int = 10) -> float:
    hits = [len(set(nearest(index, query, k)) & set(truth(store, query, k))) / k for query in queries]
    return float(np.mean(hits))


@pytest.fixture
def made(store: Store, add_vectors: AddVectors) -> Store:
    add_vectors(store, clustered(3000, 24))
    return store


def files(store: Store) -> list[Path]:
    return sorted(path for path in shelf_of(store, store.space()).folder.iterdir() if not path.name.startswith("."))


def test_the_first_question_builds_what_suits_and_the_next_opens_it(made: Store) -> None:
    first = opened(made)
    assert (first.manifest.recipe.kind, first.manifest.recall, len(first)) == ("flat", 1.0, 3000)
    before = [(path, path.stat().st_mtime_ns) for path in files(made)]
    queries = clustered(20, 24, seed=5)
    assert recall(opened(made), made, queries) == 1.0
    assert [(path, path.stat().st_mtime_ns) for path in files(made)] == before


def test_an_open_index_is_kept_until_something_changes(made: Store, add_vectors: AddVectors) -> None:
    index = open_index(made, made.space())
    assert open_index(made, made.space()) is index
    add_vectors(made, clustered(1, 24, seed=8), first=9000)
    newer = open_index(made, made.space())
    assert newer is not index
    assert len(newer) == 3001
    build_index(made, BuildConfig("flat"))
    assert open_index(made, made.space()) is not newer


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_follows_inserts_and_deletes_without_being_built_again(
    made: Store, kind: str, add_vectors: AddVectors
) -> None:
    build_index(made, BuildConfig(kind, recall=0.98))
    before = [(path, path.stat().st_mtime_ns) for path in files(made)]
    queries = clustered(20, 24)  # of the same clusters, as those that the effort was tuned with
    found = recall(opened(made, kind), made, queries)
    assert found >= (0.8 if kind == "ivfpq" else 0.9)
    doomed = sorted({truth(made, query, 1)[0] for query in queries})
    new = add_vectors(made, queries[:5], first=9000)
    for clip_id in doomed:
        made.tables.delete("vectors_made", equals("clip_id", clip_id))
    index = opened(made, kind)
    assert len(index) == 3000 + 5 - len(doomed)
    assert [nearest(index, query, 1)[0] for query in queries[:5]] == new
    everything = {clip_id for query in queries for clip_id in nearest(index, query, 200)}
    assert not everything & set(doomed)
    assert recall(index, made, queries) >= found - 0.03
    assert [(path, path.stat().st_mtime_ns) for path in files(made)] == before


def test_a_vector_that_changed_is_found_where_it_is_now(made: Store) -> None:
    build_index(made, BuildConfig("ivf"))
    clip_id, query = "clip00007", clustered(1, 24, seed=77)[0]
    made.tables.delete("vectors_made", equals("clip_id", clip_id))
    moved = -made.vectors().matrix[3][None]
    row = made.tables.scan("vectors_made", ["clip_id"]).num_rows
    assert row == 2999
    from echodex.schemas.vector import Segments
    from echodex.store.vectors import Writer

    Writer(made.tables, made.space()).write([clip_id], [Segments(np.zeros(1, np.float32), moved)])
    index = opened(made, "ivf")
    assert nearest(index, moved[0], 1) == [clip_id]
    found = index.ids.find(clip_id)
    assert found == 3000
    assert index.can_find(found)
    assert not index.can_find(7)
    assert sorted(nearest(index, query, 3000)) == made.vectors().clip_ids, "each once, the one that moved too"


def test_many_changes_build_it_again_with_the_same_recipe(
    made: Store, caplog: pytest.LogCaptureFixture, add_vectors: AddVectors
) -> None:
    build_index(made, BuildConfig("ivf", settings={"nlist": 17}, name="mine"))
    add_vectors(made, clustered(FEW + 1, 24, seed=3), first=10_000)
    with caplog.at_level(logging.WARNING):
        index = opened(made, "mine")
    assert "too far behind" in caplog.text
    assert (index.manifest.recipe.settings, index.manifest.ntotal) == ({"nlist": 17}, 3000 + FEW + 1)


def test_what_was_chosen_for_a_small_space_is_chosen_anew_for_a_large_one(
    made: Store, monkeypatch: pytest.MonkeyPatch, add_vectors: AddVectors
) -> None:
    assert opened(made).manifest.recipe.kind == "flat"
    monkeypatch.setattr(choose, "FLAT_ROWS", 3000)
    assert opened(made).manifest.recipe.kind == "flat"  # while it can be caught up with
    add_vectors(made, clustered(FEW + 1, 24, seed=3), first=10_000)
    larger = opened(made)
    assert larger.manifest.recipe.kind == "ivf"
    assert shelf_of(made, made.space()).names() == ["ivf"]
    assert recall(larger, made, clustered(20, 24)) >= 0.9


def test_a_kind_is_chosen_by_the_rows_that_it_will_have(
    store: Store, monkeypatch: pytest.MonkeyPatch, add_vectors: AddVectors
) -> None:
    """200 clips of three segments each."""
    monkeypatch.setattr(choose, "FLAT_ROWS", 599)
    add_vectors(store, clustered(600, 24), segments=3)
    assert build_index(store, BuildConfig()).reason.startswith("200 vectors are few enough")
    assert opened(store).manifest.recipe.kind == "flat"
    assert build_index(store, BuildConfig(level=SEGMENT)).manifest.recipe.kind == "ivf"


def test_what_is_asked_for_by_name_stays_under_it(
    made: Store, monkeypatch: pytest.MonkeyPatch, add_vectors: AddVectors
) -> None:
    assert opened(made).manifest.recipe.chosen
    monkeypatch.setattr(choose, "FLAT_ROWS", 3000)
    add_vectors(made, clustered(FEW + 1, 24, seed=3), first=10_000)
    assert opened(made, "flat").manifest.ntotal == 3000 + FEW + 1
    assert shelf_of(made, made.space()).names() == ["flat"]


def test_what_was_asked_for_stays_of_its_kind(
    made: Store, monkeypatch: pytest.MonkeyPatch, add_vectors: AddVectors
) -> None:
    build_index(made, BuildConfig("flat"))
    monkeypatch.setattr(choose, "FLAT_ROWS", 3000)
    add_vectors(made, clustered(FEW + 1, 24, seed=3), first=10_000)
    assert opened(made).manifest.recipe.kind == "flat"


def test_what_is_chosen_anew_leaves_settings_of_what_was_asked_for(
    made: Store, monkeypatch: pytest.MonkeyPatch, add_vectors: AddVectors
) -> None:
    build_index(made, BuildConfig("ivf", settings={"nlist": 17}))
    build_index(made, BuildConfig())
    monkeypatch.setattr(choose, "FLAT_ROWS", 3000)
    add_vectors(made, clustered(FEW + 1, 24, seed=3), first=10_000)
    recipe = opened(made).manifest.recipe
    assert (recipe.kind, recipe.settings, recipe.chosen) == ("ivf", {"nlist": 17}, False)
    assert shelf_of(made, made.space()).names() == ["ivf"]


def test_an_index_that_is_searched_only_as_a_whole_is_built_again_once_a_clip_went(
    made: Store, caplog: pytest.LogCaptureFixture, add_vectors: AddVectors
) -> None:
    settings = {"refine": "pq", "nbits": 8, "m": 12, "m_refine": 4}
    build_index(made, BuildConfig("ivfpq-rr", settings, metric="l2", recall=0.8, name="x"))
    add_vectors(made, clustered(3, 24, seed=3), first=9000)
    with caplog.at_level(logging.WARNING):
        assert opened(made, "x").manifest.ntotal == 3000, "what is new lies beside it"
        assert not caplog.text
        made.tables.delete("vectors_made", equals("clip_id", "clip00007"))
        index = opened(made, "x")
    assert "cannot pass over the clips that are gone; the index is built again" in caplog.text
    assert (index.manifest.ntotal, index.manifest.recipe.settings) == (3002, settings)
    assert "clip00007" not in nearest(index, clustered(3000, 24)[7], 50)


def test_compacting_the_table_changes_nothing(made: Store, add_vectors: AddVectors) -> None:
    for number in range(3):
        add_vectors(made, clustered(10, 24, seed=number), first=5000 + 10 * number)
    build_index(made, BuildConfig("ivf"))
    before = files(made)
    made.tables._dataset("vectors_made").optimize.compact_files()
    index = opened(made, "ivf")
    assert index.version > index.manifest.table_version
    assert len(index) == 3030
    assert files(made) == before


@pytest.mark.parametrize("suffix", [".json", ".faiss", ".arrow"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "gone", "noise"])
def test_a_damaged_index_is_built_again(made: Store, suffix: str, damage: str) -> None:
    opened(made)
    path = next(path for path in files(made) if path.suffix == suffix)
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage != "gone":
        content[len(content) // 2] ^= 1
        damaged = {"flipped": content, "truncated": content[:-7], "empty": b"", "noise": range(256)}
        path.write_bytes(bytes(damaged[damage]))
    before = files(made)
    assert recall(opened(made), made, clustered(20, 24, seed=5)) == 1.0
    rebuilt = files(made)
    assert not {each.name for each in rebuilt if each.suffix != ".json"} & {each.name for each in before}
    assert recall(opened(made), made, clustered(20, 24, seed=5)) == 1.0
    assert files(made) == rebuilt


def test_a_named_index_whose_manifest_is_damaged_says_what_to_do(made: Store) -> None:
    build_index(made, BuildConfig("ivf"))
    shelf_of(made, made.space()).path("ivf").write_text("{}")
    with pytest.raises(Stale, match="echodex index build"):
        opened(made, "ivf")
    with pytest.raises(NotFound, match=r"no index 'hnsw'.*echodex index build"):
        opened(made, "hnsw")


def test_an_index_of_another_space_is_not_used(made: Store, tmp_path: Path, add_vectors: AddVectors) -> None:
    build_index(made, BuildConfig("flat"))
    other = Store.open(tmp_path / "other")
    add_vectors(other, clustered(3000, 24, seed=9))
    shelf_of(other, other.space()).folder.mkdir(parents=True)
    for path in files(made):
        manifest = json.loads(path.read_text()) if path.suffix == ".json" else None
        assert manifest is None or manifest["space_identity"].startswith("import:made@")
        (shelf_of(other, other.space()).folder / path.name).write_bytes(path.read_bytes())
    queries = clustered(20, 24, seed=5)
    assert recall(opened(other), other, queries) == 1.0


def test_a_store_that_cannot_be_written_still_answers(made: Store, caplog: pytest.LogCaptureFixture) -> None:
    folder = shelf_of(made, made.space()).folder
    (folder / "flat.json").mkdir(parents=True)  # no file can take its place, whoever runs the test
    with caplog.at_level(logging.WARNING):
        assert recall(opened(made), made, clustered(5, 24, seed=5)) == 1.0
    assert "not kept" in caplog.text


def test_a_store_that_has_no_place_for_indexes_still_answers(made: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert shelf_of(made, made.space()).names() == []
    (made.path / "indexes").write_text("in the way")  # as for who may only read the store, root among them
    with caplog.at_level(logging.WARNING):
        index = opened(made)
    assert nearest(index, clustered(3000, 24)[7], 5) == truth(made, clustered(3000, 24)[7], 5)
    assert "not kept" in caplog.text


def test_threads_that_build_at_once_agree(made: Store) -> None:
    results: list[OpenIndex] = []
    threads = [threading.Thread(target=lambda: results.append(opened(made))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [recall(index, made, clustered(3, 24, seed=5)) for index in results] == [1.0] * 4


def test_segments_have_an_index_of_their_own(store: Store, add_vectors: AddVectors) -> None:
    matrix = clustered(600, 24)
    add_vectors(store, matrix, segments=3)
    build_index(store, BuildConfig("flat", level=SEGMENT))
    index = open_index(store, store.space(), level=SEGMENT)
    assert (index.manifest.name, len(index)) == ("flat-segments", 600)
    rows, scores = index.search(matrix[[100]], 1)
    assert (index.ids[rows[0, 0]], index.ids.segments[rows[0, 0]], index.ids.starts_s[rows[0, 0]]) == (
        "clip00033",
        1,
        1.0,
    )
    assert scores[0, 0] == pytest.approx(1)
    add_vectors(store, clustered(3, 24, seed=4), first=900, segments=3)
    store.tables.delete("vectors_made", equals("clip_id", "clip00033"))
    newer = open_index(store, store.space(), level=SEGMENT)
    assert len(newer) == 600
    assert newer.ids.segments[-3:].tolist() == [0, 1, 2]
    assert newer.ids[newer.search(matrix[[100]], 1)[0][0, 0]] != "clip00033"
