"""How near two vectors are: by cosine, inner product or Euclidean distance. What FAISS calls it, and what we report."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.vector import Float32

BLOCK = 65_536

UNIT = 2e-6
"""Lengths this near to 1 are of unit rows: dividing by them would only move the last bit, at the price of a copy."""


class Metric(StrEnum):
    """The measures that an index can be built for."""

    COSINE = "cosine"
    IP = "ip"
    L2 = "l2"

    @classmethod
    def of(cls, name: str) -> Metric:
        """Return the metric of this name; raise UsageError where there is none."""
        try:
            return cls(name)
        except ValueError:
            raise UsageError(f"metric {name!r} does not exist (known: {', '.join(cls)})") from None


def faiss_metric(metric: Metric) -> int:
    """Return FAISS's number for a metric; the cosine is the inner product of `prepared` rows."""
    import faiss

    return int(faiss.METRIC_L2 if metric is Metric.L2 else faiss.METRIC_INNER_PRODUCT)


def prepared(matrix: NDArray[Any], metric: Metric) -> Float32:
    """Return float32[n, d], C-contiguous, as an index of this metric takes it: for the cosine, rows of unit length.

    A row of zeros stays one. What is as it should be already is returned itself, not a copy.
    """
    rows = np.ascontiguousarray(matrix, dtype=np.float32)
    if metric is not Metric.COSINE:
        return rows
    lengths = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        lengths[start : start + BLOCK] = np.sqrt(np.einsum("ij,ij->i", block, block))
    lengths[lengths == 0] = 1.0
    if np.all(np.abs(lengths - 1.0) < UNIT):
        return rows
    return np.asarray(rows / lengths[:, None])


def scores(distances: Float32, metric: Metric) -> Float32:
    """Return float32 of the same shape, higher is nearer, from what FAISS's `search` gives.

    Cosines and inner products are scores already; a squared Euclidean distance becomes minus the distance.
    """
    if metric is not Metric.L2:
        return distances
    return np.asarray(-np.sqrt(np.maximum(distances, 0.0)), dtype=np.float32)  # rounding may have gone below zero
