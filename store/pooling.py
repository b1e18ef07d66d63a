"""Rows of a table, as they stream by, become the rows of one matrix: each is added where its clip belongs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .keys import ClipIds, id_array

_BLOCK_ROWS = 8192
Rows = NDArray[np.int32]
Bools = NDArray[np.bool_]


def places(column: pa.ChunkedArray, wanted: ClipIds | None) -> tuple[pa.Array, Rows]:
    """Return the distinct ids of `column` among `wanted` (None: all), sorted, and int32[rows]: which of them each row
    of the column holds, -1 for none.
    """
    targets = np.full(len(column), -1, dtype=np.int32)
    rows = np.arange(len(column)) if wanted is None else np.flatnonzero(among(column, wanted))
    ids = id_array(column if wanted is None else column.take(pa.array(rows)))
    order = pc.sort_indices(ids)
    ids = ids.take(order)
    first = np.ones(len(ids), dtype=np.bool_)
    if len(ids):
        first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    targets[rows[order.to_numpy()]] = np.cumsum(first, dtype=np.int32) - 1
    return (ids if first.all() else ids.filter(pa.array(first))), targets


def among(column: pa.ChunkedArray, wanted: ClipIds) -> Bools:
    """Return bool[rows]: whether each id of `column` is one of `wanted`."""
    found: Bools = pc.is_in(column, value_set=id_array(wanted)).to_numpy()
    return found


class Means:
    """Means of the rows that share a target, in a matrix that is allocated once.

    targets: int32[rows], the row of the result that each row of the table belongs to, -1 for none. Batches come in
    the order of `targets`. A clip's segments are written side by side, so that the sums in float64 that are open at
    any time are a few; whatever order they come in, the result is right.
    """

    def __init__(self, targets: Rows, count: int, dim: int) -> None:
        self._targets = targets
        self._left = np.bincount(targets[targets >= 0], minlength=count).astype(np.int32)
        self._single = bool((self._left <= 1).all())
        self._held = np.zeros(count, dtype=np.int32)
        self._matrix: Float32 = np.empty((count, dim), dtype=np.float32)
        self._open: dict[int, NDArray[np.float64]] = {}
        self._done = 0

    def take_all(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add the column `vector` of all batches; a null adds nothing."""
        for batch in batches:
            column = batch.column("vector")
            targets = self._targets[self._done : self._done + len(column)]
            self._done += len(column)
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            flat = column.drop_null().flatten().to_numpy(zero_copy_only=False)
            vectors = flat.reshape(-1, self._matrix.shape[1])
            picked = targets[valid] >= 0
            self._take(targets, valid, vectors if picked.all() else vectors[picked])

    def finish(self) -> tuple[Float32, Bools]:
        """Return float32[m, dim], the rows that any vector was added to, and bool[count]: which these are."""
        held = self._held > 0
        return (self._matrix if held.all() else self._matrix[held]), held

    def _take(self, targets: Rows, valid: Bools, vectors: Float32) -> None:
        """vectors: those of the rows that are valid and have a target."""
        wanted = targets >= 0
        nulls, targets = targets[wanted & ~valid], targets[wanted & valid]
        if self._single:
            self._matrix[targets] = vectors
            self._held[targets] = 1
            return
        for target in nulls.tolist():
            self._add(target, 0, 1, np.zeros(self._matrix.shape[1]))
        if not len(targets):
            return
        order = np.argsort(targets, kind="stable")
        rows, first, counts = np.unique(targets[order], return_index=True, return_counts=True)
        sums = np.add.reduceat(vectors[order], first, axis=0, dtype=np.float64)
        whole = (counts == self._left[rows]) & (self._held[rows] == 0)
        self._matrix[rows[whole]] = sums[whole] / counts[whole, None]
        self._held[rows[whole]] = counts[whole]
        self._left[rows[whole]] = 0
        for row in np.flatnonzero(~whole).tolist():
            self._add(int(rows[row]), int(counts[row]), int(counts[row]), sums[row])

    def _add(self, target: int, held: int, seen: int, total: NDArray[np.float64]) -> None:
        """Add to a clip of which other rows are in other batches; the last of them gives the mean."""
        total = total + self._open.pop(target, 0.0)
        self._held[target] += held
        self._left[target] -= seen
        if self._left[target]:
            self._open[target] = total
        else:
            self._matrix[target] = total / max(int(self._held[target]), 1)


def normalise_rows(matrix: Float32) -> None:
    """Scale the rows of float32[n, d] to unit length, in place; a zero row stays zero."""
    for first in range(0, len(matrix), _BLOCK_ROWS):
        block = matrix[first : first + _BLOCK_ROWS]
        norms = np.linalg.norm(block, axis=1, keepdims=True)
        block /= np.where(norms > 0, norms, 1)
