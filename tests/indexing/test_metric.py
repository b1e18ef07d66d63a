from __future__ import annotations

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.indexing import metric as module
from echodex.indexing.metric import Metric, faiss_metric, prepared, scores


def test_a_metric_is_found_by_name() -> None:
    assert [Metric.of(name) for name in ("cosine", "ip", "l2")] == list(Metric)
    with pytest.raises(UsageError, match=r"metric 'l1' does not exist \(known: cosine, ip, l2\)"):
        Metric.of("l1")


def test_what_faiss_calls_them() -> None:
    assert [faiss_metric(metric) for metric in Metric] == [
        faiss.METRIC_INNER_PRODUCT,
        faiss.METRIC_INNER_PRODUCT,
        faiss.METRIC_L2,
    ]


@given(n=st.integers(0, 30), dim=st.integers(1, 20), seed=st.integers(0, 99), fortran=st.booleans())
def test_rows_for_the_cosine_are_of_unit_length(n: int, dim: int, seed: int, fortran: bool) -> None:
    rows = np.random.default_rng(seed).normal(size=(n, dim)) * 100
    rows = np.asfortranarray(rows) if fortran else rows
    made = prepared(rows, Metric.COSINE)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    assert np.linalg.norm(made.astype(np.float64), axis=1) == pytest.approx(1.0, abs=1e-6)
    assert np.array_equal(prepared(rows, Metric.L2), rows.astype(np.float32))


def test_rows_of_zeros_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    made = prepared(np.array([[0.0, 0], [3, 4], [0, 0], [0, -2], [5, 0]]), Metric.COSINE)
    assert made == pytest.approx(np.array([[0, 0], [0.6, 0.8], [0, 0], [0, -1], [1, 0]]))


def test_what_is_prepared_already_is_not_copied() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    unit = prepared(rows, Metric.COSINE)
    assert prepared(unit, Metric.COSINE) is unit
    assert prepared(rows, Metric.IP) is rows
    assert prepared(unit[:, ::2], Metric.L2).flags.c_contiguous


def test_higher_scores_are_nearer_whatever_the_metric() -> None:
    distances = np.array([[4.0, -1e-7, 0.25]], dtype=np.float32)
    assert scores(distances, Metric.L2).tolist() == [[-2.0, 0.0, -0.5]]
    assert scores(distances, Metric.L2).dtype == np.float32
    assert scores(distances, Metric.IP) is distances
    assert scores(distances, Metric.COSINE) is distances
