from __future__ import annotations

import logging
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.indexing.index.tune import HeldOut, hold_out, measure, tune
from echodex.indexing.kinds.base import Kind
from echodex.indexing.kinds.flat import Flat, FlatConfig
from echodex.indexing.kinds.registry import build_kind
from echodex.indexing.metric import Metric, prepared

Matrix = NDArray[np.float32]


def rows(n: int, dim: int = 16, metric: Metric = Metric.COSINE, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    return prepared(rng.normal(size=(30, dim))[rng.integers(30, size=n)] + 0.6 * rng.normal(size=(n, dim)), metric)


def filled(kind: Kind, matrix: Matrix, metric: Metric, held: HeldOut | None = None) -> Any:
    index = kind.make(len(matrix), matrix.shape[1], metric)
    learnt = matrix if held is None else np.delete(matrix, held.own, axis=0)
    if kind.train_rows(len(matrix)):
        index.train(learnt[: kind.train_rows(len(matrix))])
    index.add(matrix)
    return index


def truth(matrix: Matrix, own: NDArray[np.int64], metric: Metric, k: int) -> NDArray[np.int64]:
    wide = matrix.astype(np.float64)
    scores = wide[own] @ wide.T if metric is not Metric.L2 else -((wide[own][:, None] - wide[None]) ** 2).sum(axis=2)
    scores[np.arange(len(own)), own] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("metric", list(Metric))
def test_held_out_rows_know_their_neighbours_but_not_themselves(metric: Metric) -> None:
    matrix = rows(800, metric=metric)
    held = hold_out(matrix, metric, k=7, queries=50, seed=3)
    assert len(set(held.own.tolist())) == 50
    assert np.array_equal(held.queries, matrix[held.own])
    assert held.truth.tolist() == truth(matrix, held.own, metric, 7).tolist()


def test_what_is_held_out_follows_the_seed() -> None:
    matrix = rows(1000)
    drawn = [hold_out(matrix, Metric.COSINE, queries=20, seed=seed).own.tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


@given(n=st.integers(0, 40), k=st.integers(1, 12), queries=st.integers(1, 30), metric=st.sampled_from(list(Metric)))
def test_few_rows_are_measured_as_far_as_there_are(n: int, k: int, queries: int, metric: Metric) -> None:
    matrix = rows(n, metric=metric)
    held = hold_out(matrix, metric, k=k, queries=queries)
    assert len(held.own) == min(queries, max(n // 5, min(n, 1)))
    assert held.truth.shape == (len(held.own), max(0, min(k, n - 1)))
    assert not (held.truth == held.own[:, None]).any()
    kind = build_kind("flat")
    found = tune(filled(kind, matrix, metric), kind, held, 0.9) if n else measure(None, kind, 0, held)
    assert (found.effort, found.recall) == (0, 1.0)


def test_recall_is_the_share_of_neighbours_that_are_found() -> None:
    matrix = rows(2000)
    held = hold_out(matrix, Metric.COSINE, queries=200)
    kind = build_kind("ivf")
    index = filled(kind, matrix, Metric.COSINE)
    for effort in (1, 3, 9):
        found = index.search(held.queries, 11, params=kind.parameters(effort))[1]
        hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), held.truth.tolist(), strict=True))
        measured = measure(index, kind, effort, held)
        assert measured.recall == pytest.approx(hits / 2000)
        assert (measured.effort, measured.k, measured.queries) == (effort, 10, 200)


class _OtherCopies:
    """An index of rows that stand 25 times each: of what it finds it returns other copies."""

    def __init__(self, index: Any) -> None:
        self.index = index

    def search(self, queries: Matrix, k: int, params: Any) -> tuple[Matrix, NDArray[np.int64]]:
        distances, found = self.index.search(queries, k, params=params)
        return distances, found - found % 25 + (24 - found % 25)


@pytest.mark.parametrize("metric", list(Metric))
def test_any_of_many_copies_counts_as_found(metric: Metric) -> None:
    matrix = np.repeat(rows(40, metric=metric), 25, axis=0)  # the nearest ten of a row are any ten of its 24 copies
    held = hold_out(matrix, metric, queries=100)
    kind: Any = build_kind("flat")
    index: Any = _OtherCopies(filled(kind, matrix, metric))
    found = index.search(held.queries, 10, None)[1]
    assert any(not set(ours) & set(theirs) for ours, theirs in zip(found.tolist(), held.truth.tolist(), strict=True))
    assert measure(index, kind, 0, held).recall == 1.0


def test_the_smallest_effort_that_reaches_the_target_is_found() -> None:
    matrix = rows(4000)
    held = hold_out(matrix, Metric.COSINE, queries=400)
    kind = build_kind("ivf")
    index = filled(kind, matrix, Metric.COSINE, held)
    for target in (0.5, 0.9, 0.99):
        found = tune(index, kind, held, target)
        assert found.queries == 200
        assert found.recall >= target - 0.02  # of other queries than those it was tuned with
        tuned_with = held.some(slice(0, None, 2))
        efforts = kind.efforts(4000)
        lower = efforts[: efforts.index(found.effort)]
        assert measure(index, kind, found.effort, tuned_with).recall >= target
        assert not lower or measure(index, kind, lower[-1], tuned_with).recall < target


def test_recall_is_reported_from_queries_that_were_not_tuned_with() -> None:
    matrix = rows(3000)
    held = hold_out(matrix, Metric.COSINE, queries=300)
    kind = build_kind("ivf")
    index = filled(kind, matrix, Metric.COSINE, held)
    found = tune(index, kind, held, 0.9)
    assert found == measure(index, kind, found.effort, held.some(slice(1, None, 2)))


def test_a_target_out_of_reach_is_told(caplog: pytest.LogCaptureFixture) -> None:
    matrix = rows(2000, dim=32)
    held = hold_out(matrix, Metric.COSINE, queries=200)
    kind = build_kind("ivfpq", {"m": 8})
    index = filled(kind, matrix, Metric.COSINE, held)
    with caplog.at_level(logging.WARNING, logger="echodex"):
        found = tune(index, kind, held, 0.99)
    assert found.recall < 0.9
    assert f"finds at most {found.recall:.3f} of the nearest vectors of this space, not 0.990; use kind" in caplog.text
    everything = measure(index, kind, kind.efforts(2000)[-1], held.some(slice(0, None, 2))).recall
    assert measure(index, kind, found.effort, held.some(slice(0, None, 2))).recall >= everything - 0.002
    assert found.effort < kind.efforts(2000)[-1]


class _Counting:
    """A kind whose recall is that of its effort, in hundredths, and which counts how often it is searched."""

    name: ClassVar[str] = "counting"
    effort_name: ClassVar[str] = "nprobe"

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.tried: list[int] = []
        self.ntotal = steps

    def efforts(self, n: int) -> tuple[int, ...]:
        return tuple(range(1, n + 1))

    def parameters(self, effort: int, selector: Any = None) -> int:
        self.tried.append(effort)
        return effort

    def search(self, queries: Matrix, k: int, params: int) -> tuple[Matrix, NDArray[np.int64]]:
        """Find the first neighbours: a share of them that grows with the effort."""
        found = np.tile(np.arange(k, dtype=np.int64), (len(queries), 1))
        found[:, round(k * params / self.steps) :] = -1
        return np.zeros_like(found, dtype=np.float32), found


def test_few_efforts_are_tried() -> None:
    matrix = np.repeat(np.array([[0.5] * 4, [-0.5] * 4], np.float32), [101, 900], axis=0)
    own = np.full(2, 500, dtype=np.int64)
    neighbours = np.tile(np.arange(100, dtype=np.int64), (2, 1))
    held = HeldOut(np.full((2, 4), 0.5, np.float32), own, neighbours, matrix, Metric.COSINE)
    kind: Any = _Counting(1000)
    assert 715 <= tune(kind, kind, held, 0.7).effort <= 740, "it aims a tenth of the way beyond"
    assert len(kind.tried) < 25


def test_the_last_row_is_left_out_where_a_query_does_not_find_itself() -> None:
    matrix = np.full((30, 4), 0.5, np.float32)
    held = hold_out(matrix, Metric.COSINE, queries=6)  # of thirty copies the search for one need not find that one
    assert held.truth.shape == (6, 10)
    assert all(len(set(row)) == 10 for row in held.truth.tolist())
    kind = Flat(FlatConfig())
    assert measure(filled(kind, matrix, Metric.COSINE), kind, 0, held).recall == 1.0
