"""Rows that lie in clusters, and their true neighbours by brute force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing.kinds.base import Kind
from echodex.indexing.metric import Metric, prepared

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]


@pytest.fixture
def make_rows() -> Callable[..., Matrix]:
    """Return float32[n, dim] in 40 clusters, prepared for a metric: of different lengths unless that is the cosine."""

    def make(n: int, dim: int, metric: Metric, seed: int = 0) -> Matrix:
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(40, dim))[rng.integers(40, size=n)] + 0.5 * rng.normal(size=(n, dim))
        return prepared(rows * rng.uniform(0.8, 1.2, size=(n, 1)), metric)

    return make


@pytest.fixture
def build() -> Callable[[Kind, Matrix, Metric], Any]:
    """Return a kind's index of rows, trained and filled."""

    def built(kind: Kind, rows: Matrix, metric: Metric) -> Any:
        index = kind.make(len(rows), rows.shape[1], metric)
        if kind.train_rows(len(rows)):
            index.train(rows[: kind.train_rows(len(rows))])
        index.add(rows)
        assert index.is_trained
        return index

    return built


@pytest.fixture
def nearest() -> Callable[..., Rows]:
    """Return int64[q, k]: the best rows by brute force in float64."""

    def find(queries: Matrix, rows: Matrix, metric: Metric, k: int) -> Rows:
        wide, others = queries.astype(np.float64), rows.astype(np.float64)
        scores = -((wide[:, None] - others[None]) ** 2).sum(axis=2) if metric is Metric.L2 else wide @ others.T
        return np.argsort(-scores, axis=1, kind="stable")[:, :k]

    return find
