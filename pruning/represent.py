"""Who stands for a clip that is left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .choice import Choice, by_cluster
from .cluster import NOISE
from .coverage import nearest

Rows = NDArray[np.int64]


def represent(matrix: Float32, choice: Choice, kept: NDArray[np.bool_]) -> tuple[Rows, Float32]:
    """Return for each row of float32[n, d] the row that stands for it, int64[n], and their score, float32[n].

    A kept clip stands for itself, a duplicate has the representative of its group (kept or not), any other the kept
    clip of its cluster with the highest cosine; noise, and clusters of which nothing is kept, that of all. Nothing
    kept: -1 and 0.
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
        _to_nearest(matrix, covered[places], chosen[peers[label]], stands, similarity)
    _to_nearest(matrix, np.flatnonzero(alone), chosen, stands, similarity)
    return stands, np.clip(similarity, -1, 1)


def _to_nearest(matrix: Float32, which: Rows, among: Rows, stands: Rows, similarity: Float32) -> None:
    """Fill in `stands` and `similarity` of the rows `which` from their nearest row `among`."""
    if not len(among):
        stands[which], similarity[which] = -1, 0.0
    elif len(which):
        found, similarity[which] = nearest(matrix[which], matrix[among])
        stands[which] = among[found]
