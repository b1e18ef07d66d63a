"""Some clips of a collection, as a collection of their own."""

from __future__ import annotations

import numpy as np

from ...schemas.vector import Float32
from .diagonals import Collection, Rows


def part_of(collection: Collection, kept: Rows) -> Collection:
    """Return the collection of the clips `kept` int64[p], ascending: its clip i is clip kept[i] of the whole.

    collection: its `search` finds segments of these clips alone.
    """
    bounds = np.append(0, np.cumsum(np.diff(collection.bounds)[kept])).astype(np.int64)
    later = collection.bounds[kept] - bounds[:-1]  # by how many rows each clip lies later in the whole

    def fetch(rows: Rows) -> Float32:
        return collection.fetch(rows + later[np.searchsorted(bounds, rows, side="right") - 1])

    def search(queries: Float32, k: int) -> tuple[Rows, Float32]:
        rows, scores = collection.search(queries, k)
        clips = np.searchsorted(kept, collection.pieces_of(rows))
        return np.where(rows < 0, -1, rows - later[clips]), scores

    return Collection(bounds, fetch, collection.silent, search=search)
