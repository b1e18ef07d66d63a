"""Who stands for a clip that is left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .apart import Apart
from .choice import Choice
from .cluster import NOISE
from .coverage import nearest
from .members import by_cluster
from .versions import Performances

Rows = NDArray[np.int64]


def represent(
    matrix: Float32, choice: Choice, kept: NDArray[np.bool_], apart: Performances | None = None
) -> tuple[Rows, Float32]:
    """Return for each row of float32[n, d] the row that stands for it, int64[n], and their score, float32[n].

    A kept clip stands for itself, a duplicate has the representative of its group (kept or not), any other the kept
    clip of its cluster with the highest cosine; noise, and clusters of which nothing is kept, that of all. Nothing
    kept: -1 and 0. apart: what the clips are performances of, where no clip is represented by another performance of
    its work: where nothing else of its cluster is kept, by the nearest of all, and where nothing else is, by none.
    """
    rows = np.arange(len(matrix))
    stands, similarity = rows.copy(), np.ones(len(matrix), dtype=np.float32)
    copies = ~kept & choice.is_duplicate
    stands[copies] = choice.duplicate_of[copies]
    similarity[copies] = choice.scores[copies]
    left = ~kept & ~copies
    alone = left & ((choice.labels == NOISE) | ~np.isin(choice.labels, choice.labels[kept]))
    chosen, covered = np.flatnonzero(kept), np.flatnonzero(left & ~alone)
    peers = dict(by_cluster(choice.labels[chosen]))
    for label, places in by_cluster(choice.labels[covered]):
        which, among = covered[places], chosen[peers[label]]
        stands[which], similarity[which] = _nearest(matrix, which, among, apart)
    alone |= left & (stands < 0)
    rest = np.flatnonzero(alone)
    stands[rest], similarity[rest] = _nearest(matrix, rest, chosen, apart)
    return stands, np.clip(similarity, -1, 1)


def _nearest(matrix: Float32, which: Rows, among: Rows, apart: Performances | None) -> tuple[Rows, Float32]:
    """Return for the rows `which` their nearest row `among`, int64[q], -1 for none, and its cosine, float32[q]."""
    if not len(among) or not len(which):
        return np.full(len(which), -1), np.zeros(len(which), dtype=np.float32)
    barred = None if apart is None else Apart(apart).barred(which, among)
    found, similarity = nearest(matrix[which], matrix[among], barred)
    return np.where(found < 0, -1, among[found]), np.where(found < 0, 0, similarity).astype(np.float32)
