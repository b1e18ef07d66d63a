"""The rows of a matrix, for workers: in blocks, of which a node fetches those that its shards look into.

What a node holds does not grow with the matrix: the blocks of the shards that are being done, and of others as many as
the cluster's memory for shared values has room for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from ..store.shards import Shared, Workers

Rows = NDArray[np.int64]

BLOCK_BYTES = 32 << 20


@dataclass(frozen=True)
class SharedRows:
    """float32[n, d] in blocks of `step` rows."""

    blocks: tuple[Shared[Float32], ...]
    step: int

    def __getitem__(self, at: slice) -> Float32:
        """Return the rows from at.start to at.stop, not to be written to."""
        parts = []
        for number in range(at.start // self.step, -(-at.stop // self.step)):
            first = number * self.step
            block = self.blocks[number].get()
            parts.append(block[max(at.start - first, 0) : at.stop - first])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def share_rows(workers: Workers, matrix: Float32, rows: Rows | None = None) -> SharedRows:
    """Return those `rows` of float32[n, d], in that order (None: all as they are), for workers."""
    count = len(matrix) if rows is None else len(rows)
    step = max(1, BLOCK_BYTES // max(1, 4 * matrix.shape[1]))
    places = (slice(start, min(start + step, count)) for start in range(0, count, step))
    blocks = (np.ascontiguousarray(matrix[at] if rows is None else matrix[rows[at]]) for at in places)
    return SharedRows(tuple(map(workers.share, blocks)), step)
