from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.material import COLUMNS, arrange
from echodex.pruning.plan import Plan, plan, plan_of, reopen
from echodex.pruning.selectors.registry import names
from echodex.schemas.vector import Vectors
from echodex.schemas.view import VIEW_ROWS

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]
Library = Callable[..., Store]
Rows = dict[str, dict[str, Any]]

SMALL: dict[str, Any] = {"min_cluster_size": 5, "min_samples": 3}


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{**SMALL, **settings}))


def rows_of(found: Plan) -> Rows:
    return {row["clip_id"]: row for row in found.rows.to_pylist()}


@pytest.fixture
def matrix(blobs: Blobs) -> Matrix:
    """Three clusters of 12, 8 in no cluster, and 4 copies."""
    rows = blobs(3, 12, noise=8)
    return np.concatenate([rows, rows[:4]])


def test_a_plan_has_a_row_for_every_clip_of_the_source(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    found = planned(store, eps=0.3)
    assert found.rows.schema.names == [name for name in VIEW_ROWS.names if name != "row_id"]
    assert found.rows.column("clip_id").to_pylist() == store.clips(["clip_id"]).column(0).to_pylist()
    assert sorted(found.rows.column("rank").to_pylist()) == list(range(48))
    assert pc.count(found.rows.column("representative")).as_py() == 48
    assert not store.views(), "a plan writes nothing"


def test_every_pruned_clip_has_the_nearest_that_is_kept_or_its_original(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    found = planned(store, eps=0.3)
    vectors = store.vectors("given")
    place, rows = vectors.positions(), rows_of(found)
    assert {row["reason"] for row in rows.values()} == {"selected", "noise", "duplicate", "redundant"}
    for clip_id, row in rows.items():
        cosines = vectors.matrix @ vectors.matrix[place[clip_id]]
        assert row["similarity"] == pytest.approx(cosines[place[row["representative"]]], abs=1e-5)
        peers = [other for other, its in rows.items() if its["kept"] and its["cluster"] == row["cluster"]]
        if row["kept"]:
            assert row["representative"] == clip_id
        elif row["reason"] == "duplicate":
            assert row["similarity"] == pytest.approx(1.0)
        else:
            assert row["representative"] == max(peers, key=lambda other: cosines[place[other]])


def test_one_plan_holds_every_budget(library: Library, matrix: Matrix) -> None:
    found = planned(library(matrix), eps=0.3)
    rank = dict(zip(found.rows.column("clip_id").to_pylist(), found.rows.column("rank").to_pylist(), strict=True))
    before: set[str] = set()
    for keep in (1, 0.1, 0.3, 20, 0.75, 1.0):
        cut = found.at(keep)
        kept = {clip_id for clip_id, row in rows_of(cut).items() if row["kept"]}
        count = keep if isinstance(keep, int) else round(keep * 48)
        assert kept == {clip_id for clip_id, place in rank.items() if place < count}
        assert before <= kept
        assert cut.recipe["config"]["keep"] == keep
        before = kept
        assert all(
            rows_of(cut)[row["representative"]]["kept"] for row in rows_of(cut).values() if row["reason"] != "duplicate"
        )
    assert found.at(int(found.kept.sum())).kept.tolist() == found.kept.tolist()


def test_only_train_is_pruned_where_there_are_splits(library: Library, matrix: Matrix) -> None:
    splits = ["train"] * 30 + ["test"] * 10 + ["valid"] * 8
    rows = rows_of(planned(library(matrix, splits), eps=0.5)).values()
    assert all(row["kept"] and row["reason"] == "other-split" for row in rows if row["split"] != "train")
    assert all(row["rank"] is None and row["cluster"] == -2 for row in rows if row["split"] != "train")
    assert sorted(row["rank"] for row in rows if row["split"] == "train") == list(range(30))


def test_another_split_can_be_named(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["train"] * 30 + ["test"] * 18)
    rows = rows_of(planned(store, split="test", eps=0.5)).values()
    assert {row["split"] for row in rows if row["reason"] == "other-split"} == {"train"}
    with pytest.raises(UsageError, match=r"no clip is in split 'valid' \(there is: test, train\)"):
        planned(store, split="valid")


def test_splits_without_a_train_are_not_pruned_unasked(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["dev"] * 30 + ["test"] * 18)
    told = r"no clip is in split 'train' \(there is: dev, test\).*name the one to prune with split, or 'all' for every"
    with pytest.raises(UsageError, match=told):
        planned(store)
    with pytest.raises(UsageError, match=r"\(there is: test\)"):
        plan(store, PruneConfig(), where="split = 'test'")
    rows = rows_of(planned(store, split="dev")).values()
    assert {row["split"] for row in rows if row["reason"] == "other-split"} == {"test"}


def test_every_split_can_be_pruned_by_saying_so(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["train"] * 30 + ["test"] * 18)
    found = planned(store, split="all", eps=0.5)
    assert sorted(row["rank"] for row in rows_of(found).values()) == list(range(48))
    assert {row["split"] for row in rows_of(found).values() if not row["kept"]} == {"train", "test"}
    assert (found.recipe["split"], found.recipe["config"]["split"]) == (None, "all")
    found.save(store, "lean")
    assert reopen(store, "lean").rows.equals(found.rows)


def test_clips_without_a_vector_are_told_of_and_left_out_of_what_is_pruned(
    library: Library, matrix: Matrix, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    store = library(matrix, ["train"] * 40 + ["test"] * 8)
    make_wav("late.wav", seed=900)
    make_wav("late-test.wav", seed=901)
    (tmp_path / "late.csv").write_text("path,split\naudio/late.wav,train\naudio/late-test.wav,test\n")
    store.add(labels=tmp_path / "late.csv")
    found = planned(store)
    late = {row["split"]: row for row in rows_of(found).values() if row["reason"] == "no-vector" or row["rank"] is None}
    assert (late["train"]["kept"], late["train"]["representative"]) == (False, None)
    assert late["test"]["kept"]
    summary = found.summary()
    assert summary.reasons["no-vector"] == 1
    assert any("1 clips have no vector in space 'given'" in warning for warning in summary.warnings)


def test_saved_and_opened_again_it_cuts_the_same(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["train"] * 40 + ["test"] * 8)
    found = planned(store, eps=0.3, noise="cluster")
    info = found.save(store, "lean")
    assert (info.name, info.version, info.clips) == ("lean", 1, 48)
    assert store.view_rows(info).drop_columns(["row_id"]).equals(found.rows)
    again = reopen(store, "lean")
    assert again.rows.equals(found.rows)
    for keep in (5, 0.5):
        assert again.at(keep).rows.equals(found.at(keep).rows)
    assert info.recipe["config"] == again.recipe["config"]


def test_what_was_not_pruned_cannot_be_reopened(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    found = planned(store)
    store.save_view("by-hand", found.rows, {"by": "hand"}, store.space("given"))
    with pytest.raises(UsageError, match="by-hand@1 was not made by `echodex prune`"):
        reopen(store, "by-hand")


def test_a_view_and_a_filter_can_be_pruned_further(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    planned(store, eps=0.1).save(store, "lean")
    further = plan(store, PruneConfig(eps=0.5, **SMALL), view="lean", where="array_has(labels, 'odd')")
    odd = {
        row["clip_id"] for row in store.clips(["clip_id"], view="lean", where="array_has(labels, 'odd')").to_pylist()
    }
    assert set(rows_of(further)) == odd
    assert further.recipe["view"] == "lean@1"
    assert further.save(store, "leaner").parent == "lean@1"


@pytest.mark.parametrize("selector", names())
def test_the_same_plan_whatever_the_order_of_rows(library: Library, matrix: Matrix, selector: str) -> None:
    store = library(matrix)
    vectors = store.vectors("given")
    clips = store.clips(COLUMNS)
    order = np.random.default_rng(0).permutation(48)
    mixed = Vectors([vectors.clip_ids[row] for row in order], vectors.matrix[order], vectors.space, vectors.version)
    config = PruneConfig(selector=selector, keep=0.5, eps=0.3, prefer="longer", min_per_label=2, **SMALL)
    straight, shuffled = (
        plan_of(arrange(table, some, None), config, {}).rows
        for table, some in ((clips, vectors), (clips.take(order[::-1]), mixed))
    )
    assert straight.equals(shuffled)


def test_nothing_to_prune(store: Store, library: Library, matrix: Matrix) -> None:
    library(matrix)
    with pytest.raises(NotFound, match="no clip to prune"):
        plan(store, PruneConfig(), where="title = 'nothing'")
    with pytest.raises(NotFound, match="view 'lean' does not exist"):
        plan(store, PruneConfig(), view="lean")


def test_a_plan_that_keeps_nothing_is_not_saved(library: Library) -> None:
    store = library(np.eye(6, 64, dtype=np.float32))
    found = planned(store, noise="prune")
    assert found.summary().kept == 0
    assert found.rows.column("representative").null_count == 6
    with pytest.raises(UsageError, match="keeps no clip at all"):
        found.save(store, "empty")
    assert found.at(2).save(store, "two").kept == 2
