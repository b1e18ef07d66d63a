"""What every registered selector promises, on any cluster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning.selectors import base, registry
from echodex.pruning.selectors.base import Selection
from echodex.pruning.selectors.kcenter import KCenter
from echodex.pruning.selectors.semdedup import SemDeDup

Matrix = NDArray[np.float32]

EVERY = pytest.mark.parametrize("name", registry.names())
WITH_EPS = pytest.mark.parametrize("name", ["facility", "kcenter", "semdedup"])
CLUSTERS = st.tuples(st.integers(0, 10_000), st.integers(1, 60), st.integers(6, 9), st.integers(0, 20))


def cluster(seed: int, m: int, d: int, copies: int) -> Matrix:
    """Rows of one cluster, the last of them copies of the first: at most half."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=d) + random.normal(size=(m, d))
    copies = min(copies, m // 2)
    rows[m - copies :] = rows[:copies]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def select(name: str, vectors: Matrix, seed: int = 0, weights: Matrix | None = None, **options: float) -> Selection:
    return registry.build(name, {}, options).select(vectors, np.random.default_rng(seed), weights)


@EVERY
@settings(max_examples=25, deadline=None)
@given(any_cluster=CLUSTERS, weighted=st.booleans())
def test_an_order_of_all_clips_that_the_seed_decides(
    name: str, any_cluster: tuple[int, int, int, int], weighted: bool
) -> None:
    vectors = cluster(*any_cluster)
    m = len(vectors)
    weights = np.random.default_rng(1).choice([0.5, 1, 4], m).astype(np.float32) if weighted else None
    one, again = (select(name, vectors, 7, weights) for _ in range(2))
    assert sorted(one.order.tolist()) == list(range(m))
    assert one.gains.shape == (m,)
    assert np.isfinite(one.gains).all()
    assert 1 <= one.kept <= m
    assert (one.order == again.order).all()
    assert (one.gains == again.gains).all()
    assert one.kept == again.kept


@WITH_EPS
@settings(max_examples=25, deadline=None)
@given(any_cluster=CLUSTERS, eps=st.lists(st.floats(0, 1), min_size=2, max_size=4))
def test_a_smaller_eps_keeps_the_same_and_perhaps_more(
    name: str, any_cluster: tuple[int, int, int, int], eps: list[float]
) -> None:
    vectors = cluster(*any_cluster)
    results = [select(name, vectors, eps=one) for one in [0.0, *sorted(eps)]]
    assert all((result.order == results[0].order).all() for result in results), "one order: the plans are nested"
    kept = [result.kept for result in results]
    assert kept == sorted(kept, reverse=True)
    distinct = np.unique(vectors[results[0].order[: kept[0]]], axis=0)
    assert len(distinct) == len(np.unique(vectors, axis=0)), "eps = 0 keeps every distinct clip"


@settings(max_examples=50, deadline=None)
@given(any_cluster=CLUSTERS, ts=st.lists(st.floats(0, 1), min_size=2, max_size=4))
def test_a_larger_t_keeps_a_part_of_what_a_smaller_one_keeps(
    any_cluster: tuple[int, int, int, int], ts: list[float]
) -> None:
    vectors = cluster(*any_cluster)
    results = [select("jsd", vectors, t=t) for t in [0.0, *sorted(ts)]]
    assert results[0].kept == len(vectors)
    assert all((result.order == results[0].order).all() for result in results)
    kept = [result.kept for result in results]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.parametrize("selector", [KCenter(), KCenter(compat="farthest"), SemDeDup()])
def test_a_cluster_that_would_take_hours_is_refused(
    selector: KCenter | SemDeDup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_COMPARED", 10)
    vectors = np.eye(11, dtype=np.float32)
    assert selector.select(vectors[:10], np.random.default_rng(0)).kept >= 1
    with pytest.raises(UsageError, match="use facility"):
        selector.select(vectors, np.random.default_rng(0))
