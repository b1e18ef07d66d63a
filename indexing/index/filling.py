"""Filling an index by workers: each adds rows to a copy of the trained, empty index, and the copies are merged.

Inverted files alone can be merged, in FAISS: a cell of the whole is the cells of the parts, one after the other. So
they are merged in the order of the rows, and come out as if one process had added all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from ...schemas.vector import Float32
from ...store.journal import each_kept
from ...store.shards import Shard, Shared, Workers, cut
from ..shared_rows import SharedRows, share_rows

MOST_ROWS = 65_536
"""Rows of a shard."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class AddShard:
    """Work: add rows to a copy of an empty index, and return it.

    A worker holds a shard of the rows, 4 d MOST_ROWS bytes, the empty index, and what the kind makes of these rows.
    """

    empty: Shared[Bytes]
    matrix: SharedRows

    @cached_property
    def index(self) -> Any:
        """The index, emptied again for each shard."""
        import faiss

        return faiss.deserialize_index(self.empty.get())

    def __call__(self, at: slice) -> Bytes:
        """Return the index of the rows of a shard, as FAISS writes it."""
        import faiss

        index = self.index
        index.reset()
        index.add_with_ids(self.matrix[at], np.arange(at.start, at.stop, dtype=np.int64))
        return np.asarray(faiss.serialize_index(index))


def can_merge(index: Any) -> bool:
    """Return whether copies of a trained, empty index on the CPU can be filled apart from each other."""
    import faiss

    return isinstance(index, faiss.IndexIVF) and not index.ntotal


def fill_by(workers: Workers, index: Any, matrix: Float32, progress: Progress) -> None:
    """Add the rows of float32[n, d] to a trained, empty index that `can_merge`; progress: hears of "index"."""
    import faiss

    n = len(matrix)
    pieces = cut(range(n), workers.count, MOST_ROWS)
    places = (slice(one[0], one[-1] + 1) for one in pieces)
    shards = (Shard(f"the index of rows from {at.start} on", at, repr(at)) for at in places)
    empty = np.asarray(faiss.serialize_index(index))
    work = AddShard(workers.share(empty), share_rows(workers, matrix))
    for part in _in_order(each_kept(workers, ["index", empty, matrix], work, shards)):
        index.merge_from(faiss.deserialize_index(part), 0)  # each row has its number
        progress("index", index.ntotal, n)


def _in_order(found: Iterator[tuple[Shard[slice], Bytes]]) -> Iterator[Bytes]:
    """Yield what came of each shard in the order of the rows."""
    early: dict[int, tuple[int, Bytes]] = {}
    due = 0
    for shard, part in found:
        early[shard.content.start] = shard.content.stop, part
        while due in early:
            due, part = early.pop(due)
            yield part
