from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import NotFound, StorageError, UsageError
from echodex.indexing.graph import knn_graph
from echodex.indexing.neighbours import graph_search
from echodex.indexing.neighbours.graph_search import graph_of
from echodex.schemas.graph import Graph, GraphManifest, GraphPart, GraphRecipe, graph_schema
from echodex.schemas.manifest import Seal
from echodex.store.joining import join_small
from echodex.testing.vectors import clustered

AddVectors = Callable[..., list[str]]
CLIPS, DIM, K = 600, 16, 5


@pytest.fixture
def made(store: Store, add_vectors: AddVectors, monkeypatch: pytest.MonkeyPatch) -> Store:
    """600 clips; a graph of them is written in six parts."""
    monkeypatch.setattr(graph_search, "_UNFOLDED_ROWS", 100)
    add_vectors(store, clustered(CLIPS, DIM))
    return store


def folder(store: Store, name: str = "graph-k5-exact") -> Path:
    return store.path / "indexes" / "made" / name


def parts(store: Store) -> list[Path]:
    return sorted(folder(store).glob("part-*.arrow"))


def stamps(store: Store) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in parts(store)}


def right(graph: Graph, store: Store) -> bool:
    """Whether a graph is that of the vectors that the store holds now."""
    vectors = store.vectors("made")
    truth = graph_of(vectors.matrix, graph.ids.shape[1], exact=True)
    return (
        graph.clip_ids == vectors.clip_ids
        and np.array_equal(graph.ids, truth.ids)
        and np.array_equal(graph.scores, truth.scores)
    )


class Stop:
    """Interrupts the work after some steps."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.seen: list[tuple[int, int | None]] = []

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        assert stage == "graph"
        self.seen.append((done, total))
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_the_graph_of_a_space(made: Store) -> None:
    graph = knn_graph(made, "made", K, exact=True)
    assert right(graph, made)
    assert (graph.exact, graph.recall, graph.effort, graph.space) == (True, 1.0, 0, "made")
    assert graph.version == made.tables.version("vectors_made")
    assert len(graph) == CLIPS


def test_it_is_kept_as_arrow_with_a_manifest_and_read_after(made: Store) -> None:
    first = knn_graph(made, "made", K, exact=True)
    assert len(parts(made)) == 6
    before = stamps(made)
    seen = Stop(1)
    again = knn_graph(made, "made", K, exact=True, progress=seen)
    assert seen.seen == []
    assert stamps(made) == before
    assert np.array_equal(again.ids, first.ids)
    assert np.array_equal(again.scores, first.scores)
    assert replace(again, ids=first.ids, scores=first.scores) == first
    with pa.ipc.open_file(parts(made)[0]) as reader:
        table = reader.read_all()
    assert table.schema == graph_schema(K)
    assert len(table) == 100
    manifest = json.loads((folder(made) / "graph.json").read_text())
    assert manifest["finished"]
    assert manifest["recipe"] == {
        "space": "made",
        "space_identity": made.space("made").identity,
        "k": K,
        "exact": True,
        "recall": 1.0,
    }


def test_a_larger_k_an_exact_one_and_a_higher_recall_serve_the_smaller(made: Store) -> None:
    large = knn_graph(made, "made", 9, exact=True)
    small = knn_graph(made, "made", 4, recall=0.5)
    assert np.array_equal(small.ids, large.ids[:, :4])
    assert [path.name for path in folder(made).parent.glob("graph-*")] == ["graph-k9-exact"]
    knn_graph(made, "made", 10, exact=True)
    assert folder(made, "graph-k10-exact").is_dir()


def test_a_graph_of_some_recall_does_not_pass_for_exact_or_better(made: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_search, "SMALL_ROWS", 0)
    low = knn_graph(made, "made", K, recall=0.4)
    assert not low.exact
    assert 0.3 < low.recall < 1
    truth = graph_of(made.vectors("made").matrix, K, exact=True)
    assert low.recall == pytest.approx((low.scores >= truth.scores[:, -1:]).mean(), abs=0.05)
    assert knn_graph(made, "made", K, recall=0.4).recall == low.recall
    better = knn_graph(made, "made", K, recall=0.99)
    assert better.recall >= 0.98
    assert {path.name for path in folder(made).parent.glob("graph-*")} == {"graph-k5-recall0.4", "graph-k5-recall0.99"}
    assert right(knn_graph(made, "made", K, exact=True), made)


@pytest.mark.parametrize("after", [1, 3, 6])
def test_interrupted_work_goes_on_where_it_stopped(made: Store, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", K, exact=True, progress=Stop(after))
    before = stamps(made)
    assert len(before) == after
    seen = Stop(0)
    assert right(knn_graph(made, "made", K, exact=True, progress=seen), made)
    assert stamps(made).items() >= before.items()
    assert len(parts(made)) == 6
    assert seen.seen == [(100 * (part + 1), CLIPS) for part in range(after, 6)]


def test_interrupted_work_with_cells_goes_on_too(made: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_search, "SMALL_ROWS", 0)
    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", K, recall=0.5, progress=Stop(2))
    whole = graph_of(made.vectors("made").matrix, K, recall=0.5)
    graph = knn_graph(made, "made", K, recall=0.5)
    assert not graph.exact
    assert np.array_equal(graph.ids, whole.ids)
    assert graph.recall == whole.recall


def test_a_part_that_was_damaged_meanwhile_is_not_gone_on_with(made: Store, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", K, exact=True, progress=Stop(4))
    flip(parts(made)[1], 77)
    parts(made)[2].unlink()
    before = stamps(made)
    assert right(knn_graph(made, "made", K, exact=True), made)
    assert "part-00001.arrow is not what was written; its rows are searched again" in caplog.text
    assert "part-00002.arrow is missing" in caplog.text
    assert stamps(made)["part-00003.arrow"] == before["part-00003.arrow"]


def test_interrupted_work_is_of_no_use_once_a_clip_was_added(made: Store, add_vectors: AddVectors) -> None:
    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", K, exact=True, progress=Stop(4))
    add_vectors(made, clustered(10, DIM, seed=0), first=CLIPS)
    graph = knn_graph(made, "made", K, exact=True)
    assert len(graph) == CLIPS + 10
    assert right(graph, made)


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)


def test_damage_is_found_logged_and_repaired(made: Store, caplog: pytest.LogCaptureFixture) -> None:
    knn_graph(made, "made", K, exact=True)
    intact = {path: path.read_bytes() for path in folder(made).iterdir() if path.is_file()}
    random = np.random.default_rng(0)
    for path in (folder(made) / name for name in ("graph.json", "clips.arrow", "part-00003.arrow")):
        for damage in ("flipped", "truncated", "empty", "gone", "noise"):
            caplog.clear()
            if damage == "gone":
                path.unlink()
            elif damage == "flipped":
                flip(path, int(random.integers(8 * len(intact[path]))))
            else:
                path.write_bytes({"truncated": intact[path][:-7], "empty": b"", "noise": random.bytes(300)}[damage])
            with caplog.at_level(logging.WARNING):
                assert right(knn_graph(made, "made", K, exact=True), made), (path.name, damage)
            gone = damage == "gone" and path.name == "graph.json"  # as if there had never been one
            assert gone or "the graph is built anew" in caplog.text
            assert path.read_bytes() == intact[path]


def test_an_added_clip_makes_it_stale(made: Store, add_vectors: AddVectors, caplog: pytest.LogCaptureFixture) -> None:
    knn_graph(made, "made", K, exact=True)
    add_vectors(made, clustered(1, DIM, seed=5), first=CLIPS)
    with caplog.at_level(logging.INFO):
        graph = knn_graph(made, "made", K, exact=True)
    assert "is of another version of its table" in caplog.text
    assert len(graph) == CLIPS + 1
    assert right(graph, made)


def test_a_removed_clip_is_in_no_list(made: Store) -> None:
    gone = knn_graph(made, "made", K, exact=True).clip_ids[17]
    made.tables.delete("vectors_made", f"clip_id = '{gone}'")
    graph = knn_graph(made, "made", K, exact=True)
    assert gone not in graph.clip_ids
    assert right(graph, made)


def test_compacting_keeps_it(made: Store, add_vectors: AddVectors) -> None:
    for number in range(70):
        add_vectors(made, clustered(1, DIM, seed=number), first=CLIPS + number)
    before = knn_graph(made, "made", K, exact=True)
    join_small(made.tables, "vectors_made")
    seen = Stop(1)
    graph = knn_graph(made, "made", K, exact=True, progress=seen)
    assert seen.seen == []
    assert graph.version == made.tables.version("vectors_made") > before.version
    assert right(graph, made)


def test_interrupted_work_survives_compacting(made: Store, add_vectors: AddVectors) -> None:
    for number in range(70):
        add_vectors(made, clustered(1, DIM, seed=number), first=CLIPS + number)
    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", K, exact=True, progress=Stop(3))
    before = stamps(made)
    join_small(made.tables, "vectors_made")
    assert right(knn_graph(made, "made", K, exact=True), made)
    assert stamps(made).items() >= before.items()


def test_what_cannot_be_written_is_said_and_what_was_found_stays(made: Store) -> None:
    def block(stage: str, done: int, total: int | None) -> None:
        if done == 200:  # no file can take the place of a folder, whoever runs the test
            (folder(made) / "part-00002.arrow").mkdir()

    with pytest.raises(StorageError, match=r"part-00002\.arrow"):
        knn_graph(made, "made", K, exact=True, progress=block)
    assert [path.name for path in parts(made)] == ["part-00000.arrow", "part-00001.arrow", "part-00002.arrow"]
    (folder(made) / "part-00002.arrow").rmdir()
    before = stamps(made)
    assert right(knn_graph(made, "made", K, exact=True), made)
    assert stamps(made).items() >= before.items()


def test_a_space_of_one_clip_and_one_of_none(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, clustered(1, DIM))
    graph = knn_graph(store, "made", 3)
    assert graph.ids.tolist() == [[-1, -1, -1]]
    assert graph.scores.tolist() == [[-np.inf] * 3]
    store.tables.delete("vectors_made", "true")
    assert len(knn_graph(store, "made", 3)) == 0
    assert knn_graph(store, "made", 3).ids.shape == (0, 3)


def test_what_cannot_be_asked(made: Store) -> None:
    with pytest.raises(UsageError, match="k = 0"):
        knn_graph(made, "made", 0)
    with pytest.raises(UsageError, match="recall"):
        knn_graph(made, "made", recall=2)
    with pytest.raises(NotFound):
        knn_graph(made, "other")


def test_a_manifest_reads_back_as_it_was() -> None:
    part = GraphPart("part-00000.arrow", 3, Seal(10, 1 << 20, ("ab",)))
    recipe = GraphRecipe("made", "digest", 2, False, 0.99)
    manifest = GraphManifest(recipe, 4, 3, False, 7, part, (part,), (0.5, 0.991), True)
    assert GraphManifest.from_json(manifest.to_json(), "here") == manifest
    assert recipe.name == "graph-k2-recall0.99"


@pytest.mark.parametrize(
    ("k", "exact", "recall", "serves"),
    [
        (2, False, 0.99, True),
        (1, False, 0.5, True),
        (1, False, 0.9, False),
        (3, False, 0.9, False),
        (2, True, 1, False),
    ],
)
def test_whom_a_graph_serves(k: int, exact: bool, recall: float, serves: bool) -> None:
    part = GraphPart("clips.arrow", 3, Seal(10, 1 << 20, ("ab",)))
    recipe = GraphRecipe("made", "digest", 2, False, 0.99)
    manifest = GraphManifest(recipe, 4, 3, False, 7, part, recalls=(0.6, 0.989), finished=True)
    assert manifest.serves(k, exact, recall) is serves
    assert not replace(manifest, finished=False).serves(k, exact, recall)
