"""How the published CLMR pruning fork selects in a cluster, for those who have to repeat it (`compat` of kcenter).

D are the Euclidean distances of the cluster's L2-normalised rows divided by their largest. The fork takes the
farthest-point order S from the medoid (smallest mean D), coverage(k) = 1 - mean_i min_{s in S_k} D_is, and the smallest
k of coverage at least 1 - eps; then another selector picks the k clips:

farthest       S_k itself, the clips whose coverage was measured. What the fork says, not what it does.
mean_distance  the k with the largest mean distance to the others.
dpp            the farthest-point order again, from the clip with the largest mean distance. No determinants.
k_medoids      k medoids by alternation. What the fork falls back to above 500 clips, whatever was asked for.

k_medoids does what KMedoids of scikit-learn-extra does by default (Park and Jun, 2009), which the fork calls and which
is no longer maintained: the k clips nearest to all others first, then in turns each clip goes to its nearest medoid and
each medoid moves to the clip nearest to its own, at most 300 times.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import blocks
from ...schemas.vector import Float32
from .farthest import chords, farthest_order

READINGS = ("farthest", "mean_distance", "k_medoids", "dpp")

MANY = 500
"""Above so many clips the fork always selects by k_medoids (farthest excepted, which it does not know)."""

_TURNS = 300

Rows = NDArray[np.int64]


def fork_selection(vectors: Float32, reading: str, eps: float) -> tuple[Rows, Float32, int]:
    """Return order int64[m], gains float32[m] and how many to keep of float32[m, d] (L2-normalised).

    reading: one of READINGS. Of k_medoids only the kept clips are the reading's own choice: the k medoids, those
    nearest to all others first, then the other clips likewise. gains: the distance from those before where the order
    is a farthest-point one, else the mean distance to the others.
    """
    totals = _total_distances(vectors)
    from_medoid = farthest_order(vectors, int(np.argmin(totals)))
    lost = from_medoid.lost / (from_medoid.largest or 1.0)
    kept = int(np.argmax(lost <= eps)) + 1
    if reading == "farthest":
        return from_medoid.order, from_medoid.gains, kept
    mean = (totals / max(1, len(vectors) - 1)).astype(np.float32)
    if reading == "k_medoids" or len(vectors) > MANY:
        chosen = np.zeros(len(vectors), dtype=np.bool_)
        chosen[k_medoids(vectors, totals, kept)] = True
        order = np.lexsort((totals, ~chosen))
        return order, mean[order], kept
    if reading == "dpp":
        from_outlier = farthest_order(vectors, int(np.argmax(totals)))
        return from_outlier.order, from_outlier.gains, kept
    order = np.argsort(-totals, kind="stable")
    return order, mean[order], kept


def k_medoids(vectors: Float32, totals: NDArray[np.float64], count: int) -> Rows:
    """Return `count` medoids of float32[m, d], int64[count]; totals: float64[m], each row's distance to all others."""
    medoids = np.argsort(totals, kind="stable")[:count]
    for _ in range(_TURNS):
        nearest = _nearest(vectors, medoids)
        ends = np.cumsum(np.bincount(nearest, minlength=count))[:-1]
        groups = np.split(np.argsort(nearest, kind="stable"), ends)
        moved = np.array([_centre(vectors, group, row) for group, row in zip(groups, medoids, strict=True)])
        if np.array_equal(moved, medoids):
            break
        medoids = moved
    return medoids


def _nearest(vectors: Float32, medoids: Rows) -> Rows:
    """Return int64[m]: which of `medoids` (int64[k]) is nearest to each row; the first of several."""
    nearest = np.empty(len(vectors), dtype=np.int64)
    for at in blocks(len(vectors), len(medoids)):
        nearest[at] = (vectors[at] @ vectors[medoids].T).argmax(axis=1)
    return nearest


def _centre(vectors: Float32, members: Rows, medoid: int) -> int:
    """Return the member (of int64[s]) with the smallest total distance to all; `medoid` where it is as good."""
    if not len(members):
        return medoid
    costs = _total_distances(vectors[members])
    best = int(np.argmin(costs))
    here = costs[np.searchsorted(members, medoid)] if medoid in members else np.inf
    return int(members[best]) if costs[best] < here else medoid


def _total_distances(vectors: Float32) -> NDArray[np.float64]:
    """Return float64[m]: the sum of each row's chord distances to all."""
    totals = np.empty(len(vectors))
    for at in blocks(len(vectors), len(vectors)):
        totals[at] = chords(vectors, np.arange(at.start, at.stop)).sum(axis=1, dtype=np.float64)
    return totals
