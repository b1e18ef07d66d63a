"""Reading and writing the vectors of a space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import NotFound
from ..schemas.vector import Float32, Segments, Space, Vectors, vector_schema
from .lock import writer_lock
from .rowsum import with_row_sums
from .spaces import table_of
from .tables import Tables

Strings = np.ndarray[tuple[int], np.dtype[np.object_]]


class Writer:
    """Appends clips to a space. Keeps the set of clip ids that the table holds, and renews it when others write too."""

    def __init__(self, tables: Tables, space: Space) -> None:
        self._tables = tables
        self._table = table_of(space)
        self._schema = vector_schema(space.dim)
        self._version = 0
        self.ids: set[str] = set()
        self._refresh()

    def write(self, clip_ids: Sequence[str], segments: Sequence[Segments]) -> int:
        """Append the segments of clips as one commit, but for clips that are there by now; return how many were new."""
        with writer_lock(self._tables.folder):
            self._refresh()
            new = {clip: parts for clip, parts in zip(clip_ids, segments, strict=True) if clip not in self.ids}
            if new:
                self._version = self._tables.append(self._table, self._rows(new))
                self.ids.update(new)
        return len(new)

    def _refresh(self) -> None:
        version = self._tables.version(self._table)
        if version != self._version:
            for batch in self._tables.batches(self._table, ["clip_id"], version=version):
                self.ids.update(batch.column(0).to_pylist())
            self._version = version

    def _rows(self, new: dict[str, Segments]) -> pa.Table:
        counts = [len(parts.start_s) for parts in new.values()]
        matrix = np.concatenate([parts.vectors for parts in new.values()]).astype(np.float32, copy=False)
        bare = pa.table(
            {
                "clip_id": pa.array(np.repeat(np.array(list(new), dtype=object), counts), pa.string()),
                "segment": pa.array(np.concatenate([np.arange(count) for count in counts]), pa.int32()),
                "start_s": pa.array(np.concatenate([parts.start_s for parts in new.values()]), pa.float32()),
                "vector": vector_column(matrix),
            }
        )
        return with_row_sums(bare, self._schema)


def vector_column(matrix: Float32) -> pa.FixedSizeListArray:
    """Return float32[n, d] as an Arrow column without copying."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(matrix).reshape(-1)), matrix.shape[1])


def read_pooled(tables: Tables, space: Space, wanted: set[str] | None, version: int | None = None) -> Vectors:
    """Return one L2-normalised vector per clip: the mean of its segments; only the clips in `wanted` (None: all).

    Streams into one preallocated array; rows come out sorted by clip id, whatever order they were written in.
    """
    table = table_of(space)
    version = tables.version(table) if version is None else version
    ids, starts, matrix = _read(tables, space, wanted, version)
    order = np.lexsort((starts, ids)) if len(ids) else np.empty(0, np.int64)
    unique, first, counts = np.unique(ids[order], return_index=True, return_counts=True)
    pooled = matrix[order]
    if len(unique) < len(ids):
        sums = np.add.reduceat(pooled, first, axis=0, dtype=np.float64)
        pooled = (sums / counts[:, None]).astype(np.float32)
    return Vectors([str(clip) for clip in unique], normalised(pooled), space, version)


def read_segments(tables: Tables, space: Space, clip_ids: Sequence[str]) -> tuple[list[str], Float32, Float32]:
    """Return every segment of `clip_ids`, in that order: clip id [s], start_s float32[s], raw vector float32[s, d].

    Raises NotFound naming the first clip that the space does not hold.
    """
    ids, starts, matrix = _read(tables, space, set(clip_ids), None)
    place = {clip: position for position, clip in enumerate(clip_ids)}
    held = set(ids.tolist())
    missing = next((clip for clip in clip_ids if clip not in held), None)
    if missing is not None:
        raise NotFound(f"clip {missing} has no vector in space {space.name!r}; run `echodex embed {space.encoder}`")
    order = np.lexsort((starts, np.array([place[clip] for clip in ids.tolist()], dtype=np.int64)))
    return [str(clip) for clip in ids[order]], starts[order], matrix[order]


def normalised(matrix: Float32) -> Float32:
    """Return the rows of float32[n, d] scaled to unit length; a zero row stays zero."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(norms > 0, norms, 1), dtype=np.float32)


def _read(
    tables: Tables, space: Space, wanted: set[str] | None, version: int | None
) -> tuple[Strings, Float32, Float32]:
    """Return clip ids, starts and vectors of the wanted rows in table order, read in one scan into preallocated
    arrays.
    """
    table = table_of(space)
    version = tables.version(table) if version is None else version
    value_set = None if wanted is None else pa.array(sorted(wanted), pa.string())
    rows = tables.count(table, version=version)
    ids: Strings = np.empty(rows, dtype=object)
    starts = np.empty(rows, dtype=np.float32)
    matrix = np.empty((rows, space.dim), dtype=np.float32)
    filled = 0
    for batch in tables.batches(table, ["clip_id", "start_s", "vector"], version=version):
        if value_set is not None:
            batch = batch.filter(pc.is_in(batch.column("clip_id"), value_set=value_set))
        rows_here = slice(filled, filled + len(batch))
        matrix[rows_here] = batch.column("vector").flatten().to_numpy(zero_copy_only=False).reshape(-1, space.dim)
        starts[rows_here] = batch.column("start_s").to_numpy()
        ids[rows_here] = batch.column("clip_id").to_numpy(zero_copy_only=False)
        filled += len(batch)
    return ids[:filled], starts[:filled], matrix[:filled]
