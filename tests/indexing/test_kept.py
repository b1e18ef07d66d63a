from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from echodex.api import Store
from echodex.errors import NotFound
from echodex.indexing.graph import knn_graph
from echodex.indexing.kept import drop, graphs
from echodex.store.lock import writer_lock
from echodex.testing.vectors import clustered

AddVectors = Callable[..., list[str]]


@pytest.fixture
def made(store: Store, add_vectors: AddVectors) -> Store:
    add_vectors(store, clustered(60, 8))
    return store


def tags(store: Store) -> set[str]:
    return set(store.tables._dataset("vectors_made").tags.list())


def test_an_index_goes_with_its_tag(made: Store) -> None:
    before = tags(made)
    made.build_index("flat")
    made.build_index("flat", name="other")
    assert tags(made) == before | {"index-flat", "index-other"}
    drop(made, "flat")
    assert tags(made) == before | {"index-other"}
    assert [each.name for each in made.indexes()] == ["other"]


def test_a_tag_is_removed_by_one_writer_at_a_time(made: Store) -> None:
    made.build_index("flat")
    dropping = threading.Thread(target=drop, args=(made, "flat"))
    with writer_lock(made.path):
        dropping.start()
        dropping.join(0.3)
        assert [each.name for each in made.indexes()] == ["flat"], "it waits for the writer"
    dropping.join()
    assert made.indexes() == []


def test_graphs_are_listed_finished_or_not_and_dropped_one_by_one(made: Store) -> None:
    assert graphs(made) == []
    for k in (3, 4):
        knn_graph(made, "made", k, exact=True)

    def stop(stage: str, done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        knn_graph(made, "made", 9, exact=True, progress=stop)
    assert [(each.recipe.name, each.finished, each.ntotal) for each in graphs(made)] == [
        ("graph-k3-exact", True, 60),
        ("graph-k4-exact", True, 60),
        ("graph-k9-exact", False, 60),
    ]
    drop(made, "graph-k3-exact")
    assert [each.recipe.k for each in graphs(made)] == [4, 9]
    assert len(knn_graph(made, "made", 3, exact=True)) == 60, "the longer lists serve"
    drop(made, "graph-k4-exact")
    knn_graph(made, "made", 3, exact=True)
    assert [each.recipe.k for each in graphs(made)] == [3, 9]


def test_a_damaged_graph_is_not_listed_but_dropped(made: Store) -> None:
    knn_graph(made, "made", 3, exact=True)
    manifest = made.path / "indexes" / "made" / "graph-k3-exact" / "graph.json"
    manifest.write_text("{}")
    assert graphs(made) == []
    drop(made, "graph-k3-exact")
    assert not manifest.exists()


@pytest.mark.parametrize("name", ["ivf", "", ".", "../x", "graph-k5-exact"])
def test_what_is_not_there_is_told_with_what_is(made: Store, name: str) -> None:
    made.build_index("flat")
    knn_graph(made, "made", 3, exact=True)
    with pytest.raises(NotFound, match=r"there is: flat, graph-k3-exact\)"):
        drop(made, name)
