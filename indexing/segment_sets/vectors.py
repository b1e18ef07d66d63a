"""Reading the segments of candidates: from the table, and for who asks often from memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.vector import Space
from ...store.spaces import table_of
from ..metric import Metric
from .sets import Sets, read_sets

if TYPE_CHECKING:
    from ...store.store import Store

HOLD_AFTER = 8
"""Queries to a space after which all of its vectors are kept in memory: reading those of 200 clips takes 30 ms of a
processor, most of what a query takes.
"""

HELD_BYTES = 2 << 30
"""Vectors that take more are read each time they are needed."""


class Vectors:
    """The segments of a space at one version of its table, as a metric compares them. queries: that have read some."""

    def __init__(self, store: Store, space: Space, metric: Metric, version: int) -> None:
        self.version = version
        self._store, self._space, self._metric = store, space, metric
        self.queries = 0

    @cached_property
    def size_bytes(self) -> int:
        """What all of them take."""
        return 4 * self._space.dim * self._store.tables.count(table_of(self._space), self.version)

    def read(self, clip_ids: Sequence[str]) -> Sets:
        """Return the segments of clips, in that order. Raises NotFound naming the first without a vector."""
        if self.queries <= HOLD_AFTER or self.size_bytes > HELD_BYTES:
            return read_sets(self._store, self._space, self._metric, clip_ids, self.version)
        sets, places = self._held
        return sets.pick(np.array([places[clip_id] for clip_id in clip_ids], dtype=np.int64))

    @cached_property
    def _held(self) -> tuple[Sets, dict[str, int]]:
        sets = read_sets(self._store, self._space, self._metric, None, self.version)
        return sets, {clip_id: place for place, clip_id in enumerate(sets.clip_ids)}


def vectors_of(store: Store, space: Space, metric: Metric, version: int) -> Vectors:
    """Return what reads the vectors of a space at a version for one more query, kept with the store object until
    another version is asked for.
    """
    key = ("segments", space.name, space.identity)
    kept = store.kept.get(key)
    if not isinstance(kept, Vectors) or kept.version != version:
        kept = store.kept[key] = Vectors(store, space, metric, version)
    kept.queries += 1
    return kept
