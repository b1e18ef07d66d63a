from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import Stale, UsageError
from echodex.indexing.index.build import BuildConfig, build_index, shelf_of
from echodex.indexing.index.device import gpu_count
from echodex.indexing.index.live import SUBSET_ROWS, OpenIndex
from echodex.indexing.index.mapped import BATCH
from echodex.indexing.index.opened import open_index
from echodex.indexing.metric import Metric
from echodex.store.where import equals
from echodex.testing.vectors import clustered

KINDS = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivf-rabitq", "ivfpq", "ivfpq-rr", "hnsw")
Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]


def scaled(n: int, dim: int, seed: int = 0) -> Matrix:
    """Rows of many lengths, so that the three metrics disagree."""
    return clustered(n, dim, seed) * np.random.default_rng(seed).uniform(0.5, 2, (n, 1)).astype(np.float32)


def exact(matrix: Matrix, queries: Matrix, metric: str) -> Matrix:
    if metric == "cosine":
        matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    if metric == "l2":
        return np.asarray(-np.linalg.norm(matrix[None] - queries[:, None], axis=2))
    return np.asarray(queries @ matrix.T)


def normal(rng: np.random.Generator, n: int, dim: int) -> Matrix:
    """Unit rows in every direction, the hardest there are for cells and graphs."""
    rows = rng.standard_normal((n, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def recall(rows: NDArray[np.int64], truth: Matrix) -> float:
    best = np.argsort(-truth, axis=1)[:, : rows.shape[1]]
    hits = [len(set(ours) & set(theirs)) for ours, theirs in zip(rows.tolist(), best.tolist(), strict=True)]
    return sum(hits) / rows.size


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, add_vectors: AddVectors) -> Store:
    """A store of 2,000 vectors that no test changes but for its index."""
    store = Store.open(tmp_path_factory.mktemp("shared") / "library")
    add_vectors(store, clustered(2000, 24))
    return store


def build(store: Store, kind: str, metric: str = "cosine") -> OpenIndex:
    build_index(store, BuildConfig(kind, metric=metric, recall=0.98, name="x"))
    return open_index(store, store.space(), name="x")


@pytest.mark.parametrize("metric", list(Metric))
def test_a_flat_index_equals_brute_force(store: Store, metric: str, add_vectors: AddVectors) -> None:
    matrix, queries = scaled(500, 12), clustered(9, 12, seed=1)
    add_vectors(store, matrix)
    truth = exact(matrix, queries, metric)
    rows, scores = build(store, "flat", metric).search(queries, 10)
    assert rows.tolist() == np.argsort(-truth, axis=1, kind="stable")[:, :10].tolist()
    assert scores == pytest.approx(-np.sort(-truth, axis=1)[:, :10], abs=1e-5)


LEAST = {"ivf-fp16": 0.99, "ivf-sq8": 0.95, "ivf-rabitq": 0.85, "ivfpq": 0.5, "ivfpq-rr": 0.8}
"""Recall of kinds that shorten their rows, on what even all cells give; the others are exact on a small subset."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.002, 0.05, 0.6])
def test_a_subset_gives_its_own_nearest_not_what_is_left_of_all(shared: Store, kind: str, share: float) -> None:
    queries, matrix = clustered(50, 24, seed=1), shared.vectors().matrix
    index = build(shared, kind)
    allowed = np.random.default_rng(0).random(len(matrix)) < share
    rows, scores = index.search(queries, 5, allowed)
    k = min(5, allowed.sum())
    best = np.argsort(-np.where(allowed, queries @ matrix.T, -np.inf), axis=1)[:, :k]
    assert (rows >= 0).sum() == 50 * k
    assert allowed[rows[rows >= 0]].all()
    hits = [len(set(a) & set(b)) / k for a, b in zip(rows.tolist(), best.tolist(), strict=True)]
    assert np.mean(hits) >= LEAST.get(kind, 1.0)
    assert (scores[:, 1:] <= scores[:, :-1]).all()


def test_what_is_missing_is_said(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, clustered(50, 6))
    index = build(store, "flat")
    rows, scores = index.search(clustered(3, 6), 60)
    assert rows.shape == scores.shape == (3, 60)
    assert (rows[:, 50:] == -1).all()
    assert np.isneginf(scores[:, 50:]).all()
    rows, scores = index.search(clustered(3, 6), 4, np.arange(50) < 2)
    assert (rows[:, 2:] == -1).all()
    assert np.isneginf(scores[:, 2:]).all()
    assert (index.search(clustered(3, 6), 4, np.zeros(50, bool))[0] == -1).all()


def test_equal_scores_come_in_row_order(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, clustered(6, 12)[[5, 1, 5, 2, 5, 3]])
    assert build(store, "flat").search(clustered(6, 12)[[5]], 3)[0].tolist() == [[0, 2, 4]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_and_single_questions_agree(shared: Store, kind: str) -> None:
    queries = clustered(100, 24, seed=1)
    index = build(shared, kind)
    alone = [index.search(query[None], 10) for query in queries]
    rows, scores = index.search(queries, 10)
    assert (rows == np.concatenate([found for found, _ in alone])).mean() > 0.99
    assert scores == pytest.approx(np.concatenate([found for _, found in alone]), abs=1e-5)


def test_a_subset_larger_than_the_exact_limit_looks_into_more_cells(store: Store, add_vectors: AddVectors) -> None:
    n = SUBSET_ROWS * 8 // 5
    matrix = clustered(n, 8)
    add_vectors(store, matrix)
    index = build(store, "ivf")
    allowed = np.arange(n) % 3 != 0
    queries = clustered(100, 8, seed=1)
    rows, _ = index.search(queries, 5, allowed)
    best = np.argsort(-np.where(allowed, queries @ matrix.T, -np.inf), axis=1)[:, :5]
    hits = [len(set(a) & set(b)) / 5 for a, b in zip(rows.tolist(), best.tolist(), strict=True)]
    assert allowed[rows].all()
    assert np.mean(hits) > 0.95


@pytest.mark.parametrize(("kind", "settings"), [("ivf", {"nlist": 100}), ("hnsw", {"m": 4})])
def test_a_removed_clip_makes_a_search_neither_exact_nor_worse(
    store: Store, kind: str, settings: dict[str, int], add_vectors: AddVectors
) -> None:
    rng = np.random.default_rng(0)
    matrix, queries = (normal(rng, n, 24) for n in (4000, 200))
    ids = add_vectors(store, matrix)
    build_index(store, BuildConfig(kind, settings, recall=0.5, name="x"))
    before = recall(open_index(store, store.space(), name="x").search(queries, 10)[0], queries @ matrix.T)
    assert before < 0.8
    store.tables.delete("vectors_made", equals("clip_id", ids[7]))
    rows, _ = open_index(store, store.space(), name="x").search(queries, 10)
    cosines = queries @ matrix.T
    cosines[:, 7] = -np.inf
    assert 7 not in rows
    assert before - 0.02 <= recall(rows, cosines) <= before + 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, BATCH])
def test_all_asked_for_are_found_where_what_is_nearest_is_gone(
    store: Store, kind: str, count: int, add_vectors: AddVectors
) -> None:
    rng = np.random.default_rng(0)
    matrix, target = normal(rng, 4000, 24), normal(rng, 1, 24)
    near = matrix[:400] + 9 * target  # more than a search with little effort ever looks at
    matrix[:400] = near / np.linalg.norm(near, axis=1, keepdims=True)
    ids = add_vectors(store, matrix)
    build_index(store, BuildConfig(kind, recall=0.5, name="x"))
    store.tables.delete("vectors_made", f"clip_id IN {tuple(ids[:400])}")
    rows, scores = open_index(store, store.space(), name="x").search(np.repeat(target, count, axis=0), 20)
    assert (rows >= 400).all()
    assert [len(set(each)) for each in rows.tolist()] == [20] * count
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_are_found_as_are_asked_for_however_many(shared: Store, kind: str) -> None:
    rows, scores = build(shared, kind).search(clustered(3, 24, seed=1), 1500)
    assert (rows >= 0).all()
    assert [len(set(each)) for each in rows.tolist()] == [1500] * 3
    assert (scores[:, 1:] <= scores[:, :-1]).all()


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("count", [1, BATCH])
def test_an_exact_index_stays_exact_for_one_question_and_for_many(
    store: Store, metric: str, count: int, add_vectors: AddVectors
) -> None:
    n = SUBSET_ROWS + 500  # more than are copied at once
    matrix, queries = scaled(n, 4), scaled(count, 4, seed=1)
    ids = add_vectors(store, matrix)
    build_index(store, BuildConfig("flat", metric=metric, name="x"))
    truth = exact(matrix, queries, metric)
    gone = np.unique(np.argsort(-truth, axis=1)[:, [0, 2]])
    store.tables.delete("vectors_made", f"clip_id IN {tuple(ids[row] for row in gone)}")
    truth[:, gone] = -np.inf
    rows, scores = open_index(store, store.space(), name="x").search(queries, 5)
    assert scores == pytest.approx(-np.sort(-truth, axis=1)[:, :5], abs=1e-5)
    assert np.take_along_axis(truth, rows, axis=1) == pytest.approx(scores, abs=1e-5)


def test_of_an_index_whose_clips_are_all_gone_nothing_is_found(store: Store, add_vectors: AddVectors) -> None:
    matrix = clustered(40, 6)
    add_vectors(store, matrix)
    build_index(store, BuildConfig("flat", name="x"))
    add_vectors(store, matrix[:2], first=900)
    store.tables.delete("vectors_made", "clip_id < 'clip00900'")
    index = open_index(store, store.space(), name="x")
    assert len(index) == 2
    assert sorted(index.search(matrix[:1], 4)[0][0].tolist()) == [-1, -1, 40, 41]


@pytest.mark.parametrize(("kind", "settings"), [*((kind, {}) for kind in KINDS), ("ivfpq-rr", {"refine": "fp32"})])
def test_rows_are_given_back_as_they_were_added_or_not_at_all(
    store: Store, kind: str, settings: dict[str, str], add_vectors: AddVectors
) -> None:
    matrix = scaled(900, 24)
    add_vectors(store, matrix[:800])
    build_index(store, BuildConfig(kind, settings, name="x"))
    add_vectors(store, matrix[800:], first=900)
    store.tables.delete("vectors_made", equals("clip_id", "clip00004"))
    index = open_index(store, store.space(), name="x")
    asked = np.array([899, 3, 0, 850, 3, 799, 410])
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    for rows in (asked, asked[asked < 800], asked[:0]):
        found = index.vectors(rows)
        if kind in ("flat", "ivf", "hnsw") or settings:
            assert found == pytest.approx(unit[rows], abs=3e-6)
        else:
            assert found is None
    queries = clustered(40, 24, seed=1)
    again = open_index(Store.open(store.path), store.space(), name="x")
    assert np.array_equal(index.search(queries, 5)[0], again.search(queries, 5)[0])


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_some_rows_do_not_cost_a_copy_of_all(shared: Store, kind: str) -> None:
    index = build(shared, kind)
    index.vectors(np.arange(3))
    tracemalloc.start()
    index.vectors(np.arange(3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2000 * 24 * 4 / 4


def test_a_damaged_list_gives_no_rows(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, clustered(15_000, 24))  # more than is checked when it is opened
    index = build(store, "ivf")
    path = next(path for path in shelf_of(store, store.space()).folder.iterdir() if path.suffix == ".faiss")
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Stale, match="echodex index build"):
        index.vectors(np.arange(3))


@pytest.mark.skipif(gpu_count() > 0, reason="there is a GPU here")
def test_without_a_gpu_an_index_stays_where_it_is(shared: Store) -> None:
    index = build(shared, "ivf")
    assert index.to("auto") is index
    assert index.exact_scores
    with pytest.raises(UsageError, match="GPU"):
        index.to("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(gpu_count() == 0, reason="FAISS finds no GPU here")
@pytest.mark.parametrize("kind", ["flat", "ivf", "ivf-fp16", "ivf-sq8"])
def test_a_gpu_answers_as_the_cpu_does(shared: Store, kind: str) -> None:
    queries = clustered(100, 24, seed=1)
    index = build(shared, kind)
    rows, scores = index.search(queries, 10)
    moved, near = index.to("cuda").search(queries, 10)
    assert (rows == moved).mean() > 0.98
    assert near == pytest.approx(scores, abs=2e-3)
    assert not index.exact_scores
    allowed = np.arange(len(index)) % 2 == 0
    assert allowed[index.search(queries, 10, allowed)[0]].all(), "with a selector the CPU answers"
