"""Of every work one clip: the one most like the others of its work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..indexing.groups.originals import preference
from ..schemas.vector import Float32
from ..schemas.view import Kept
from .material import LeftOut, Material
from .members import by_cluster
from .versions import NO_WORK
from .wishes import preferred

Rows = NDArray[np.int64]

_DIGITS = 5
"""Of mean cosines: two performances are as like each other either way, whatever rounding says."""


def one_per_work(material: Material, prefer: str | None) -> Material:
    """Return the material with one clip of every work in its pool, and all clips without a work.

    Which one stays: a pinned clip, then one that people chose to stand for its duplicates, then one that `prefer` (of
    PruneConfig) puts first, then the one with the highest mean cosine to all others of its work, then the better
    original (indexing/groups/originals.py), then the first clip id. It depends on nothing but the clips of its work.
    Other pinned clips stay beside it.
    """
    if material.performances is None:
        return material
    pool = material.pool
    work, clips = material.performances.work[pool], material.described.take(pa.array(pool))
    first = np.zeros(len(pool), dtype=np.int64) if prefer is None else preferred(clips, prefer)
    likeness, pinned = _likeness(material.pooled, work), material.pinned[pool]
    turns = np.zeros_like(first) if material.turns is None else material.turns[pool]
    keys = preference(clips), -likeness, first, turns, ~pinned, work
    order = np.lexsort(keys)  # stable: of equals the first clip id
    order = order[work[order] != NO_WORK]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = work[order[1:]] != work[order[:-1]]
    chosen = order[begins][np.cumsum(begins) - 1]
    gone = ~begins & ~pinned[order]
    rows, others = order[gone], chosen[gone]
    alone = np.zeros(len(material), dtype=np.bool_)
    alone[pool[chosen]] = True
    left_out = LeftOut(
        rows=pool[rows],
        reasons=(Kept.VERSION.value,) * len(rows),
        others=tuple(material.clip_ids[row] for row in pool[others].tolist()),
        scores=material.parts(pool).scores(rows, others).clip(-1, 1),
    )
    return replace(material.without(left_out), alone=alone)


def _likeness(matrix: Float32, work: Rows) -> NDArray[np.float64]:
    """Return float64[n]: the mean cosine of each row of float32[n, d] to the others of its work, 0 where there are
    none.
    """
    likeness = np.zeros(len(matrix))
    for number, rows in by_cluster(work):
        if number != NO_WORK and len(rows) > 1:
            own = matrix[rows].astype(np.float64)
            likeness[rows] = (own @ own.sum(axis=0) - (own * own).sum(axis=1)) / (len(rows) - 1)
    return likeness.round(_DIGITS)
