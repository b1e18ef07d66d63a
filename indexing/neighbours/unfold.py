"""From lists over distinct rows to lists over all rows: the copies of a row are its nearest neighbours.

A search over distinct rows stays honest where one vector is there a hundred thousand times: no list overflows with
equals, which copy comes first does not depend on how a block was cut, and no row is compared with its own copies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..identical import Classes

Rows = NDArray[np.int64]


def class_of(classes: Classes) -> Rows:
    """Return int64[m]: the class of each row, for classes of all rows 0..m-1."""
    found = np.empty(len(classes.rows), dtype=np.int64)
    found[classes.rows] = np.repeat(np.arange(len(classes.firsts)), classes.sizes())
    return found


def first_members(classes: Classes, which: Rows, most: int) -> tuple[Rows, Rows]:
    """Return the first rows of each of the classes `which` (int64[w]), at most `most` of each: its place, and the row.

    Both are int64[m], ordered by place in `which`, then by row.
    """
    counts = np.minimum(classes.sizes()[which], most)
    places = np.repeat(np.arange(len(which)), counts)
    offsets = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, classes.rows[classes.starts[which][places] + offsets]


def unfold(classes: Classes, rows: Rows, near: Rows, squared: Float32, k: int) -> tuple[Rows, Float32]:
    """Return lists of rows from lists of classes: ids int64[r, k], nearest first, ties by row, and squared chords.

    rows: int64[r]; near: int64[r, m], for each the classes nearest to it, its own first; squared: float32[r, m], how
    far they are. A row is not on its own list. Where it has fewer than k others the rest is -1, infinitely far.
    """
    ids, chords = np.full((len(rows), k), -1, dtype=np.int64), np.full((len(rows), k), np.inf, dtype=np.float32)
    folded = (classes.sizes()[near] > 1).any(axis=1)
    plain, mixed = np.flatnonzero(~folded), np.flatnonzero(folded)
    width = min(k, near.shape[1] - 1)
    ids[plain, :width] = classes.firsts[near[plain, 1 : width + 1]]
    chords[plain, :width] = squared[plain, 1 : width + 1]

    places, members = first_members(classes, near[mixed].ravel(), k + 1)
    owners, far = places // near.shape[1], squared[mixed].ravel()[places]
    others = members != rows[mixed][owners]
    owners, far, members = owners[others], far[others], members[others]
    order = np.lexsort((members, far, owners))
    owners, far, members = owners[order], far[order], members[order]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    listed = rank < k
    ids[mixed[owners[listed]], rank[listed]] = members[listed]
    chords[mixed[owners[listed]], rank[listed]] = far[listed]
    return ids, chords
