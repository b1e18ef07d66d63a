"""Closest-pair elimination of a small cluster: every similarity is held, O(m^2) memory and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .base import similarities
from .jsd_remaining import Remaining

_NO_PAIR = -2.0
"""Stands in a matrix of cosines where there is no pair (any more)."""


def eliminate_dense(vectors: Float32, weights: Float32 | None) -> tuple[NDArray[np.int64], Float32]:
    """Return order and gains of float32[m, d], m >= 1, as Remaining has them; weights: float32[m] or None.

    Each row keeps its nearest remaining row, renewed when that leaves.
    """
    remaining = Remaining(vectors, weights)
    cosines = similarities(vectors)
    np.fill_diagonal(cosines, _NO_PAIR)
    nearest, score = cosines.argmax(axis=1), cosines.max(axis=1)
    while remaining.count > 1:
        row = int(np.argmax(score))
        out = remaining.part(row, int(nearest[row]), float(score[row]))
        cosines[:, out] = score[out] = _NO_PAIR
        widowed = np.flatnonzero(remaining.left & (nearest == out))
        nearest[widowed] = cosines[widowed].argmax(axis=1)
        score[widowed] = cosines[widowed, nearest[widowed]]
    return remaining.order()
