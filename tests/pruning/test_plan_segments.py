"""Clips of several segments, from the store to a plan that compares them by their best pair, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.pruning.config import PruneConfig
from echodex.pruning.plan import Plan, plan, reopen
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

Matrix = NDArray[np.float32]


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(min_cluster_size=5, min_samples=3, **settings), space="long")


@pytest.fixture
def store_of(library: Callable[..., Store]) -> Callable[..., tuple[Store, list[str]]]:
    """A store of 12 clips with 4 segments each, clip 11 with only one: the third segment of clip 0, twice as loud."""

    def make(splits: list[str] | None = None) -> tuple[Store, list[str]]:
        store = library(np.eye(12, dtype=np.float32), splits or ())
        clips = {row["title"]: row["clip_id"] for row in store.clips(["clip_id", "title"]).to_pylist()}
        ids = [clips[f"Tone {row}"] for row in range(12)]
        vectors = list(np.random.default_rng(0).normal(size=(12, 4, 16)).astype(np.float32))
        vectors[11] = 2 * vectors[0][2:3]
        parts = [Segments(np.arange(len(rows), dtype=np.float32), rows) for rows in vectors]
        Writer(store.tables, imported_space(store.tables, "long", 16, "made up")).write(ids, parts)
        return store, ids

    return make


def test_an_excerpt_is_a_duplicate_by_the_best_pair_alone(store_of: Callable[..., tuple[Store, list[str]]]) -> None:
    store, ids = store_of()
    assert "duplicate" not in planned(store).rows.column("reason").to_pylist()
    found = planned(store, match="best-pair")
    (copy,) = [row for row in found.rows.to_pylist() if row["reason"] == "duplicate"]
    assert {copy["clip_id"], copy["representative"]} == {ids[0], ids[11]}
    assert copy["similarity"] == pytest.approx(1)
    assert found.recipe["config"]["match"] == "best-pair"
    found.save(store, "lean")
    told = store.view("lean").explain(copy["clip_id"]).sentence
    assert "is a duplicate of" in told
    assert "(cosine of their nearest segments 1.000)" in told
    again = reopen(store, "lean")
    assert again.rows.equals(found.rows)
    assert again.at(0.5).rows.equals(found.at(0.5).rows)


def test_an_excerpt_leaks_by_the_best_pair_alone(store_of: Callable[..., tuple[Store, list[str]]]) -> None:
    store, ids = store_of(["train"] * 11 + ["test"])
    assert planned(store).leaks == ()
    found = planned(store, match="best-pair", leakage="keep-test")
    (leaked,) = [row for row in found.rows.to_pylist() if row["reason"] == "leakage"]
    assert (leaked["clip_id"], leaked["representative"]) == (ids[0], ids[11])
    of_train = plan(
        store,
        PruneConfig(min_cluster_size=5, min_samples=3, match="best-pair"),
        space="long",
        where="split = 'train'",
    )
    assert of_train.leaks == found.leaks, "the segments of test are held against those of train all the same"
    found.save(store, "lean")
    assert [leak.clip_id for leak in reopen(store, "lean").leaks] == [ids[0]]
