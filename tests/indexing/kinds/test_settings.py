"""What each kind refuses, and what its settings do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.indexing.kinds.base import Kind, ladder, learnable
from echodex.indexing.kinds.registry import build_kind
from echodex.indexing.metric import Metric

Matrix = NDArray[np.float32]

REFUSED = [
    ("ivf", {"nlist": -1}, "nlist must be at least 0"),
    ("ivf", {"rows_per_cell": 0}, "at least 1, not 0, 0 and 10"),
    ("ivfpq", {"nbits": 5}, "nbits 4 or 8, not 0 and 5"),
    ("ivfpq", {"m": -2}, "m must be at least 0"),
    ("ivfpq-rr", {"refine": "none"}, "refine 'none' does not exist (known: fp32, fp16, pq)"),
    ("ivfpq-rr", {"k_factor": 0.5}, "k_factor must be at least 1, not 0.5"),
    ("ivf-rabitq", {"k_factor": 0}, "k_factor must be at least 1, not 0.0"),
    ("hnsw", {"m": 1}, "m must be at least 2"),
    ("hnsw", {"ef_construction": 0}, "ef_construction 1, not 16 and 0"),
]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED)
def test_values_that_make_no_index_are_refused(name: str, given: Mapping[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_kind(name, given)
    assert message in str(caught.value)


UNFIT = [
    (
        "ivf",
        {"nlist": 81},
        100,
        8,
        Metric.L2,
        "learns 81 cells from at least as many rows, and of 100 it can count on 80",
    ),
    ("ivfpq", {}, 318, 8, Metric.L2, "learns 256 codes a piece from at least as many rows"),
    ("ivfpq", {"m": 5}, 1000, 12, Metric.L2, "12 numbers cannot be cut into 5 pieces; use m 4"),
    ("ivfpq-rr", {"refine": "pq"}, 1000, 12, Metric.COSINE, "refine 'pq' for metric 'l2' alone, not 'cosine'"),
    ("ivfpq-rr", {"refine": "pq"}, 1000, 10, Metric.L2, "cannot be cut into m_refine 4 pieces"),
]


@pytest.mark.parametrize(("name", "given", "n", "dim", "metric", "message"), UNFIT)
def test_rows_that_do_not_fit_are_refused(
    name: str, given: Mapping[str, Any], n: int, dim: int, metric: Metric, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        build_kind(name, given).make(n, dim, metric)
    assert message in str(caught.value)


def test_cells_follow_the_number_of_rows() -> None:
    made = {n: build_kind("ivf").make(n, 4, Metric.L2).nlist for n in (1, 78, 1000, 10_000, 1_000_000)}
    assert made == {1: 1, 78: 2, 1000: 25, 10_000: 200, 1_000_000: 2000}
    assert build_kind("ivf", {"nlist": 7}).make(1000, 4, Metric.L2).nlist == 7
    assert build_kind("ivf").train_rows(1_000_000) == 2000 * 64
    assert build_kind("ivf").train_rows(1000) == 1000


@pytest.mark.parametrize(("metric", "spherical"), [(Metric.COSINE, True), (Metric.IP, True), (Metric.L2, False)])
def test_cells_are_found_by_direction_where_directions_count(metric: Metric, spherical: bool) -> None:
    index = build_kind("ivf", {"iterations": 4, "rows_per_cell": 50}).make(1000, 4, metric)
    assert (index.cp.spherical, index.cp.niter, index.cp.max_points_per_centroid) == (spherical, 4, 50)


@pytest.mark.parametrize(("dim", "pieces"), [(1, 1), (7, 7), (12, 6), (15, 15), (128, 64), (512, 256)])
def test_pieces_are_of_two_numbers_where_they_divide(dim: int, pieces: int) -> None:
    assert build_kind("ivfpq").config.pieces(dim) == pieces
    assert build_kind("ivfpq").make(1000, dim, Metric.L2).code_size == pieces


def test_pieces_to_rerank_are_single_numbers() -> None:
    assert [build_kind("ivfpq-rr").config.pieces(dim) for dim in (1, 7, 128)] == [1, 7, 128]


@pytest.mark.parametrize(("nbits", "base"), [(4, "IndexIVFPQFastScan"), (8, "IndexIVFPQ")])
def test_reranking_looks_again_with_halves(nbits: int, base: str) -> None:
    index = build_kind("ivfpq-rr", {"nbits": nbits}).make(2000, 16, Metric.COSINE)
    assert type(faiss.downcast_index(index.base_index)).__name__ == base
    again: Any = faiss.downcast_index(index.refine_index)
    assert again.sq.qtype == faiss.ScalarQuantizer.QT_fp16


@pytest.mark.parametrize("metric", list(Metric))
def test_reranking_with_rows_as_they_are_gives_exact_scores(
    metric: Metric,
    make_rows: Callable[..., Matrix],
    build: Callable[[Kind, Matrix, Metric], Any],
    nearest: Callable[..., Any],
) -> None:
    rows = make_rows(3000, 32, metric)
    kind = build_kind("ivfpq-rr", {"refine": "fp32"})
    distances, found = build(kind, rows, metric).search(rows[:100], 10, params=kind.parameters(76))
    truth = nearest(rows[:100], rows, metric, 10)
    assert sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)) > 950
    near, asked = rows[found].astype(np.float64), rows[:100, None].astype(np.float64)
    exact = ((near - asked) ** 2).sum(axis=2) if metric is Metric.L2 else (near * asked).sum(axis=2)
    assert distances == pytest.approx(exact, abs=1e-4)
    size = faiss.serialize_index(build(kind, rows, metric)).nbytes
    assert size == pytest.approx(3000 * kind.bytes_per_vector(32), rel=0.1)


def test_more_candidates_find_more(
    make_rows: Callable[..., Matrix], build: Callable[[Kind, Matrix, Metric], Any], nearest: Callable[..., Any]
) -> None:
    rows = make_rows(3000, 32, Metric.COSINE)
    truth = nearest(rows[:100], rows, Metric.COSINE, 10)
    for name in ("ivfpq-rr", "ivf-rabitq"):
        hits = []
        for factor in (1, 20):
            kind = build_kind(name, {"k_factor": factor})
            found = build(kind, rows, Metric.COSINE).search(rows[:100], 10, params=kind.parameters(76))[1]
            hits.append(sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)))
        assert hits[0] < 900 < 950 < hits[1]


def test_the_published_reranking_is_searched_only_as_a_whole(
    make_rows: Callable[..., Matrix], build: Callable[[Kind, Matrix, Metric], Any]
) -> None:
    rows = make_rows(1000, 16, Metric.L2)
    kind = build_kind("ivfpq-rr", {"refine": "pq", "nbits": 8, "k_factor": 4})
    index = build(kind, rows, Metric.L2)
    found = index.search(rows[:50], 1, params=kind.parameters(25))[1]
    assert (found[:, 0] == np.arange(50)).mean() > 0.9
    with pytest.raises(UsageError, match="use refine 'fp16', or kind 'ivf'"):
        kind.parameters(25, faiss.IDSelectorRange(0, 10))


def test_hnsw_is_linked_as_it_is_told() -> None:
    index = build_kind("hnsw", {"m": 12, "ef_construction": 33}).make(10, 4, Metric.L2)
    assert (index.hnsw.nb_neighbors(1), index.hnsw.nb_neighbors(0), index.hnsw.efConstruction) == (12, 24, 33)


def test_a_ladder_climbs_by_a_fifth() -> None:
    assert ladder(1, 1) == (1,)
    assert ladder(1, 30) == (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 30)
    steps = np.array(ladder(8, 100_000))
    assert (steps[1:] / steps[:-1]).max() < 1.26


def test_a_fifth_may_be_held_out() -> None:
    assert [learnable(n) for n in (0, 1, 4, 5, 100)] == [0, 1, 4, 4, 80]
