"""Pins, labels and leakage, from a plan to its saved view and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.plan import Plan, plan, reopen

Matrix = NDArray[np.float32]
Library = Callable[..., Store]


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{"min_cluster_size": 5, "min_samples": 3, **settings}))


def rows_of(found: Plan) -> dict[str, dict[str, Any]]:
    return {row["clip_id"]: row for row in found.rows.to_pylist()}


@pytest.fixture
def matrix(blobs: Callable[..., Matrix]) -> Matrix:
    """Three clusters of 12, 8 in no cluster, and 4 copies."""
    rows = blobs(3, 12, noise=8)
    return np.concatenate([rows, rows[:4]])


def test_pins_by_id_and_by_filter_come_first_whatever_the_budget(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    by_id = planned(store, pin=(ids[40], ids[7]), keep=1)
    by_filter = planned(store, pin_where=f"clip_id IN ('{ids[40]}', '{ids[7]}')", keep=1)
    path = Path(store.sources([ids[40]])[0].path)
    by_path = planned(store, pin=[path], pin_where=f"clip_id = '{ids[7]}'", keep=1)
    assert by_id.rows.equals(by_filter.rows)
    assert by_id.rows.equals(by_path.rows)
    assert by_path.recipe["config"]["pin"] == [ids[40]], "paths may lead elsewhere tomorrow"
    kept = {clip_id: row for clip_id, row in rows_of(by_id).items() if row["kept"]}
    assert set(kept) == {ids[40], ids[7]}
    assert {row["reason"] for row in kept.values()} == {"pinned"}
    assert any("keeps 2 clips instead" in warning for warning in by_id.summary().warnings)
    assert by_id.at(5).kept.sum() == 5
    by_id.save(store, "lean")
    assert reopen(store, "lean").rows.equals(by_id.rows)
    assert reopen(store, "lean").at(1).kept.sum() == 2


def test_what_cannot_be_pinned(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    with pytest.raises(NotFound, match="'nobody' is neither a usable clip"):
        planned(store, pin=("nobody",))
    (outside,) = store.clips(["clip_id"], where="title = 'Tone 0'").column(0).to_pylist()
    with pytest.raises(NotFound, match=r"cannot be pinned: it is not in view 'all' where title != 'Tone 0'"):
        plan(store, PruneConfig(pin=[outside]), where="title != 'Tone 0'")
    with pytest.raises(NotFound, match="selects none of those"):
        planned(store, pin_where="title = 'nothing'")


def test_every_label_keeps_its_clips(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    labels = dict(zip(*(c.to_pylist() for c in store.clips(["clip_id", "labels"]).columns), strict=True))
    found = planned(store, eps=1.0, noise="prune", min_per_label=4)
    rows = rows_of(found)
    for label in ("even", "odd"):
        assert sum(row["kept"] and label in labels[clip_id] for clip_id, row in rows.items()) >= 4
    assert {row["reason"] for row in rows.values() if row["kept"]} == {"selected", "label"}
    assert found.at(1).kept.sum() == found.choice.required == 8
    found.save(store, "lean")
    again = reopen(store, "lean")
    assert again.rows.equals(found.rows)
    assert again.at(1).rows.equals(found.at(1).rows)


def test_leakage_keep_test_leaves_out_the_copies_of_the_pruned_split(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["train"] * 44 + ["test"] * 4)
    reported = planned(store, eps=0.3)
    leaks = {leak.clip_id: leak.other for leak in reported.leaks}
    found = planned(store, eps=0.3, leakage="keep-test")
    leaked = {clip_id: row for clip_id, row in rows_of(found).items() if row["reason"] == "leakage"}
    assert {clip_id: row["representative"] for clip_id, row in leaked.items()} == leaks
    assert all(not row["kept"] and row["rank"] is None for row in leaked.values())
    assert all(row["similarity"] == pytest.approx(1) for row in leaked.values())
    assert all(rows_of(found)[row["representative"]]["split"] == "test" for row in leaked.values())
    assert sorted(row["rank"] for row in rows_of(found).values() if row["rank"] is not None) == list(range(40))
    assert not found.at(1.0).summary().leaks
    found.save(store, "lean")
    again = reopen(store, "lean")
    assert again.rows.equals(found.rows)
    assert again.at(0.5).rows.equals(found.at(0.5).rows)
    pinned = planned(store, leakage="keep-test", pin=(next(iter(leaks)),))
    assert rows_of(pinned)[next(iter(leaks))]["reason"] == "pinned"


def test_leakage_can_be_an_error(library: Library, matrix: Matrix) -> None:
    store = library(matrix, ["train"] * 44 + ["test"] * 4)
    with pytest.raises(UsageError, match=r"of 'train' has a duplicate in 'test', .* at 1.000 \(4 such clips\)"):
        planned(store, leakage="error")


def test_a_view_saved_before_there_were_these_settings_opens(library: Library, matrix: Matrix) -> None:
    store = library(matrix)
    found = planned(store, eps=0.3)
    old = {"selector", "eps", "t", "keep", "duplicate_score", "min_cluster_size", "min_samples", "noise", "split"}
    recipe = {key: value for key, value in found.recipe.items() if key not in ("required", "agreement")}
    recipe["config"] = {key: value for key, value in recipe["config"].items() if key in old | {"seed", "options"}}
    store.save_view("old", found.rows, recipe, found.material.space)
    again = reopen(store, "old")
    assert again.config == found.config
    assert again.rows.equals(found.rows)
    assert again.at(0.3).rows.equals(found.at(0.3).rows)
