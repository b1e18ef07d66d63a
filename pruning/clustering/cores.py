"""Core distances: how far the min_samples-th other row of each row is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]


def core_distances(low: Rows, high: Rows, distances: Weights, copies: Rows, min_samples: int) -> Weights:
    """Return float64[n]: how far each row's min_samples-th other is, of rows of which there are `copies` (int64[n]).

    low, high: int64[p], pairs of rows, once each, among them all that are no farther apart than that; distances:
    float64[p], between them, or what grows with these. 0 where there are too few pairs.
    """
    rows, others = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((np.tile(distances, 2), rows))
    rows = rows[order]
    counted = np.cumsum(copies[others[order]])
    first = np.searchsorted(rows, np.arange(len(copies)))
    before = np.concatenate([[0], counted])[first]
    enough = np.flatnonzero(counted - before[rows] + copies[rows] > min_samples)
    reached, at = np.unique(rows[enough], return_index=True)
    cores = np.zeros(len(copies))
    cores[reached] = np.tile(distances, 2)[order[enough[at]]]
    cores[copies > min_samples] = 0
    return cores


def cores_at_most(low: Rows, high: Rows, distances: Float32, n: int, min_samples: int) -> Float32:
    """Return float32[n]: the distance to the min_samples-th of those that a row is paired with; infinite with fewer.

    low, high: int64[p], any pairs of distinct rows; distances: float32[p], at least 0. No core distance is greater.
    """
    keys = np.concatenate([low, high])  # in place from here on: there may be many millions of them
    keys <<= 32
    for half in (keys[: len(low)], keys[len(low) :]):
        half |= distances.view(np.uint32)  # bits of positive numbers are in their order
    keys.sort()
    last = np.searchsorted(keys, np.arange(n) << 32) + min_samples - 1
    enough = np.flatnonzero(last < np.searchsorted(keys, np.arange(1, n + 1) << 32))
    cores = np.full(n, np.inf, dtype=np.float32)
    cores[enough] = (keys[last[enough]] & 0xFFFFFFFF).astype(np.uint32).view(np.float32)
    return cores
