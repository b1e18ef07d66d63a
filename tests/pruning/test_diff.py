from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound
from echodex.pruning.config import PruneConfig
from echodex.pruning.diff import diff
from echodex.pruning.plan import plan

SMALL: dict[str, Any] = {"selector": "random", "min_cluster_size": 5}


@pytest.fixture
def views(library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]) -> Store:
    store = library(blobs(2, 10))
    for seed, name in ((0, "a"), (1, "b")):
        plan(store, PruneConfig(keep=8, seed=seed, **SMALL)).save(store, name)
    return store


def test_three_parts_that_share_nothing(views: Store) -> None:
    found = diff(views, "a", "b@1")
    kept = {name: set(views.clips(["clip_id"], view=name).column(0).to_pylist()) for name in ("a", "b")}
    assert (found.a, found.b) == ("a@1", "b@1")
    assert set(found.only_a.clip_ids) == kept["a"] - kept["b"]
    assert set(found.only_b.clip_ids) == kept["b"] - kept["a"]
    assert set(found.both.clip_ids) == kept["a"] & kept["b"]
    for part in (found.only_a, found.only_b, found.both):
        assert part.clips == len(part.clip_ids)
        assert part.hours == pytest.approx(part.clips * 0.1 / 3600)


def test_labels_are_counted_in_each_and_in_both(views: Store) -> None:
    kept = {name: views.clips(["clip_id", "labels"], view=name).to_pylist() for name in ("a", "b")}
    both = {row["clip_id"] for row in kept["a"]} & {row["clip_id"] for row in kept["b"]}
    assert [one.label for one in diff(views, "a", "b").labels] == ["even", "odd"]
    for one in diff(views, "a", "b").labels:
        with_it = [[row["clip_id"] for row in kept[name] if one.label in row["labels"]] for name in ("a", "b")]
        assert (one.a, one.b) == (len(with_it[0]), len(with_it[1]))
        assert one.both == len(both.intersection(with_it[0]))


def test_against_everything_and_itself(views: Store) -> None:
    found = diff(views, "all", "a")
    assert (found.a, found.only_a.clips, found.only_b.clips, found.both.clips) == ("all", 12, 0, 8)
    same = diff(views, "a", "a")
    assert (same.only_a.clips, same.only_b.clips, same.both.clips) == (0, 0, 8)


def test_coverage_of_the_source_and_of_each_other(views: Store) -> None:
    vectors = views.vectors("given")
    kept = {name: set(views.clips(["clip_id"], view=name).column(0).to_pylist()) for name in ("a", "b")}
    a, b = (np.array([clip_id in kept[name] for clip_id in vectors.clip_ids]) for name in ("a", "b"))

    def share(of: NDArray[np.bool_], by: NDArray[np.bool_]) -> float:
        cosines = vectors.matrix[of].astype(np.float64) @ vectors.matrix.astype(np.float64).T
        alone = cosines[:, of].mean(axis=0).max()
        return float((cosines[:, by].max(axis=1).mean() - alone) / (1 - alone))

    found = diff(views, "a", "b").vectors.coverage
    assert found is not None
    everything = np.ones(20, dtype=bool)
    assert found.clips == 20
    assert found.source_by_a == pytest.approx(share(everything, a), abs=1e-5)
    assert found.source_by_b == pytest.approx(share(everything, b), abs=1e-5)
    assert found.a_by_b == pytest.approx(share(a, b), abs=1e-5)
    assert found.b_by_a == pytest.approx(share(b, a), abs=1e-5)
    whole = diff(views, "all", "a").vectors.coverage
    assert whole is not None
    assert [whole.source_by_a, whole.b_by_a] == pytest.approx([1, 1])
    assert [whole.source_by_b, whole.a_by_b] == pytest.approx([found.source_by_a] * 2)


def test_clusters_that_one_view_has_lost(views: Store) -> None:
    rows = views.view_rows(views.view("a"))
    one = views.clips(["clip_id"], where=None).column(0)[0].as_py()
    plan(views, PruneConfig(keep=1, pin=(one,), **SMALL)).save(views, "one")
    [found] = diff(views, "one", "a").vectors.clusters
    clusters = dict(zip(rows.column("clip_id").to_pylist(), rows.column("cluster").to_pylist(), strict=True))
    assert set(clusters.values()) == {0, 1}
    assert (found.of, found.clusters, found.in_a, found.in_b) == ("one@1", 2, 1, 2)
    assert (found.lost_a, found.lost_b) == ((1 - clusters[one],), ())
    [of_all] = diff(views, "all", "a").vectors.clusters
    assert (of_all.of, of_all.in_a, of_all.in_b) == ("a@1", 2, 2)


def test_other_clusters_are_told_apart(views: Store) -> None:
    plan(views, PruneConfig(keep=8, selector="random", algorithm="kmeans", clusters=5)).save(views, "means")
    of_a, of_means = diff(views, "a", "means").vectors.clusters
    assert (of_a.of, of_a.clusters, of_means.of, of_means.clusters) == ("a@1", 2, "means@1", 5)


def test_a_view_of_an_older_store_keeps_its_clips(views: Store, make_wav: Callable[..., Path]) -> None:
    gone = views.clips(["clip_id"], view="a").column(0).to_pylist()[:3]
    before = diff(views, "a", "b")
    views.remove(gone)
    assert diff(views, "a", "b") == before
    views.add(make_wav("late.wav", seed=99))
    found = diff(views, "a", "all")
    assert set(gone) <= set(found.only_a.clip_ids)
    assert found.vectors.coverage is not None
    assert found.vectors.coverage.clips == 17
    assert found.vectors.notes == ("1 kept clips have no vector in space 'given': they cover and leak nothing",)


def test_views_of_different_spaces(views: Store) -> None:
    """Only leakage is looked for, in the space of each view."""
    views.embed("dummy")
    plan(views, PruneConfig(keep=8, **SMALL), space="dummy").save(views, "other")
    found = diff(views, "a", "other")
    assert found.both.clips + found.only_a.clips == 8
    assert (found.vectors.space, found.vectors.clusters, found.vectors.coverage) == (None, (), None)
    assert found.vectors.leakage is not None
    assert (found.vectors.leakage.a, found.vectors.leakage.b) == (0, 0)
    [note] = found.vectors.notes
    assert "a@1 in space given and other@1 in space dummy" in note
    assert "vectors of different encoders do not compare" in note


def test_a_space_that_is_gone(views: Store) -> None:
    views.tables.drop(f"vectors_{views.space('given').name}")
    found = diff(views, "a", "b").vectors
    assert (found.space, found.leakage) == (None, None)
    assert found.notes[0].startswith("space given is no longer what a@1 was made from: clusters, coverage and leakage")


def test_no_space_at_all(views: Store) -> None:
    [note] = diff(views, "all", "all").vectors.notes
    assert note.startswith("neither view was made from the vectors of a space")


def test_views_of_sources_apart(views: Store) -> None:
    for name, label in (("odd", "odd"), ("even", "even")):
        made = plan(views, PruneConfig(keep=3, **SMALL), where=f"array_has(labels, '{label}')")
        made.save(views, name)
    found = diff(views, "odd", "even").vectors
    assert found.coverage is None
    assert found.notes == ("the sources of the two views have no clip in common: coverage is not compared",)


def test_leakage_of_each_view(library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]) -> None:
    rows = blobs(2, 10)
    store = library(np.concatenate([rows, rows[:4]]), ["train"] * 20 + ["test"] * 4)
    for policy in ("report", "keep-test"):
        plan(store, PruneConfig(keep=1.0, leakage=policy, **SMALL)).save(store, policy)
    found = diff(store, "report", "keep-test").vectors.leakage
    assert found is not None
    assert (found.duplicate_score, found.a, found.b) == (0.98, 4, 0)
    (one,), (other,) = (
        store.clips(["clip_id"], where=f"title = 'Tone {row}'").column(0).to_pylist() for row in (0, 20)
    )
    made = store.decide("distinct", one, other)
    plan(store, PruneConfig(keep=1.0, **SMALL)).save(store, "heeding")
    store.undo_decision(made.decision_id)
    for name in ("report", "all"):
        heeded = diff(store, name, "heeding").vectors.leakage
        assert heeded is not None
        assert (heeded.a, heeded.b) == (3, 3), "both sides by one measure"
    store.embed("dummy")
    plan(store, PruneConfig(keep=1.0, **SMALL), space="dummy").save(store, "other")
    apart = diff(store, "report", "other").vectors
    assert apart.leakage is not None
    assert (apart.coverage, apart.leakage.a) == (None, 4)


def test_an_unknown_view(views: Store) -> None:
    with pytest.raises(NotFound, match="view 'c' does not exist"):
        diff(views, "a", "c")
