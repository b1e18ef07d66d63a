"""The vectors of a view where a loader wants them: in memory, or in a file that all its workers map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..schemas.vector import Float32, Space
from ..schemas.view import ALL
from ..store.spaces import table_of
from ..store.store import Store
from ..store.vectors import normalised
from .fetch import Fetched, Rows, gather
from .spill import SpillReader, new_spill

SPILL_FOLDER = "cache"
_CHUNK_ROWS = 16_384


@dataclass(frozen=True)
class MemoryReader:
    """matrix: float32[n, d], in this process."""

    matrix: Float32

    def fetch(self, rows: Rows, epoch: int) -> Fetched:  # noqa: ARG002  (vectors are the same in every epoch)
        """Return the vectors of `rows`."""
        return Fetched(rows, gather(self.matrix, rows))


@dataclass(frozen=True)
class VectorSource:
    """clip_ids: n strings, sorted; reader: of their unit vectors, float32[n, d]; in_memory: whether they would fit."""

    clip_ids: list[str]
    reader: MemoryReader | SpillReader
    in_memory: bool


def open_vectors(store: Store, view: str, space: str | None, *, memory_bytes: int, shared: bool) -> VectorSource:
    """Return the unit vectors of the clips that `view` keeps.

    They are read from the table once: into memory, or, where they are `shared` between processes or larger than
    `memory_bytes`, into a file of the store's cache folder, which goes when the reader does.
    """
    found = store.space(space)
    wanted = store.clips(["clip_id"], view=view).column(0)
    if len(wanted) * found.dim * 4 > memory_bytes:
        return _streamed(store, view, found, wanted.combine_chunks())
    vectors = store.vectors(found.name, view=view)
    if not shared:
        return VectorSource(vectors.clip_ids, MemoryReader(vectors.matrix), in_memory=True)
    reader = new_spill(store.folder(SPILL_FOLDER), (len(vectors), found.dim))
    reader.map("r+")[:] = vectors.matrix
    return VectorSource(vectors.clip_ids, reader, in_memory=True)


def _streamed(store: Store, view: str, space: Space, wanted: pa.Array) -> VectorSource:
    """Put the mean unit vectors of clips into a file, holding no more than a batch of the table in memory."""
    table = table_of(space)
    bases = store.view(view).bases if view != ALL else ()
    version = next((base.version for base in bases if base.table == table), store.tables.version(table))
    held: set[str] = set()
    for batch in store.tables.batches(table, ["clip_id"], version=version):
        held.update(batch.filter(pc.is_in(batch.column(0), value_set=wanted)).column(0).to_pylist())
    clip_ids = np.asarray(sorted(held), dtype=np.str_)
    reader = new_spill(store.folder(SPILL_FOLDER), (len(clip_ids), space.dim))
    matrix, counts = reader.map("r+"), np.zeros(len(clip_ids), dtype=np.int64)
    for batch in store.tables.batches(table, ["clip_id", "vector"], version=version):
        batch = batch.filter(pc.is_in(batch.column("clip_id"), value_set=wanted))
        places = np.searchsorted(clip_ids, np.asarray(batch.column("clip_id").to_pylist(), dtype=np.str_))
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        _accumulate(matrix, counts, places, flat.reshape(-1, space.dim))
    for first in range(0, len(clip_ids), _CHUNK_ROWS):
        rows = slice(first, first + _CHUNK_ROWS)
        matrix[rows] = normalised((matrix[rows] / counts[rows, None]).astype(np.float32))
    return VectorSource(clip_ids.tolist(), reader, in_memory=False)


def _accumulate(matrix: Float32, counts: NDArray[np.int64], places: Rows, vectors: Float32) -> None:
    """Add each vector to the row of `matrix` at its place, and 1 to its count."""
    if len(places):
        order = np.argsort(places, kind="stable")
        unique, first, times = np.unique(places[order], return_index=True, return_counts=True)
        matrix[unique] += np.add.reduceat(vectors[order], first, axis=0)
        counts[unique] += times
