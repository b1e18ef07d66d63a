"""Reading and writing the vectors of a space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import BadInput, NotFound
from ..schemas.vector import Float32, SegmentRows, Segments, Space, Vectors, vector_schema
from .keys import ClipIds, id_array, key_filter
from .lock import writer_lock
from .loose import Receipt, Tray
from .pooling import Means, among, normalise_rows, places
from .rowsum import with_row_sums
from .spaces import table_of
from .tables import Tables


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
        """Append the segments of clips as one commit, but for clips that are there by now; return how many were new.

        Raises BadInput, naming the clip, for a vector that holds NaN or infinity, or is of another length; nothing is
        written then.
        """
        with writer_lock(self._tables.folder):
            self._refresh()
            new = {clip: parts for clip, parts in zip(clip_ids, segments, strict=True) if clip not in self.ids}
            if new:
                self._tables.append(self._table, vector_rows(self._table, self._schema, new), seen=self._version)
                self._version += 1  # where it is more, somebody without the lock wrote too: the ids are read anew
                self.ids.update(new)
        return len(new)

    def take_in(self, tray: Tray, receipt: Receipt) -> bool:
        """Make what a worker wrote part of the table, as one commit; return whether that was done.

        Where the table holds one of the clips by now nothing is, and the receipt is gone.
        """
        with writer_lock(self._tables.folder):
            self._refresh()
            free = self.ids.isdisjoint(receipt.clip_ids)
            if free and receipt.clip_ids:
                tray.take_in(self._tables, receipt, self._version)
                self._version += 1  # as above
                self.ids.update(receipt.clip_ids)
            else:
                tray.discard(receipt)
        return free

    def _refresh(self) -> None:
        version = self._tables.version(self._table)
        if version != self._version:
            rows = self._tables.scan(self._table, ["clip_id"], version=version)
            self.ids = set(rows.column(0).unique().to_pylist())  # anew: others remove clips as well
            self._version = version


def vector_rows(table: str, schema: pa.Schema, new: Mapping[str, Segments]) -> pa.Table:
    """Return the rows of a table of vectors for the segments of clips, by clip id; `schema` is the table's.

    Raises BadInput, naming the clip, for a vector that holds NaN or infinity, or is of another length.
    """
    _check_length(table, schema, new)
    counts = [len(parts.start_s) for parts in new.values()]
    matrix = np.concatenate([parts.vectors for parts in new.values()]).astype(np.float32, copy=False)
    if not np.isfinite(matrix).all():
        odd = next(clip for clip, parts in new.items() if not is_finite(parts))
        raise BadInput(f"a vector of clip {odd[:80]!r} for {table} holds NaN or infinity; leave it out")
    bare = pa.table(
        {
            "clip_id": pa.array(np.repeat(np.array(list(new), dtype=object), counts), pa.string()),
            "segment": pa.array(np.concatenate([np.arange(count) for count in counts]), pa.int32()),
            "start_s": pa.array(np.concatenate([parts.start_s for parts in new.values()]), pa.float32()),
            "vector": vector_column(matrix),
        }
    )
    return with_row_sums(bare, schema)


def _check_length(table: str, schema: pa.Schema, new: Mapping[str, Segments]) -> None:
    """Raise BadInput where an encoder gave other vectors than those of the space."""
    dim = schema.field("vector").type.list_size
    shapes = ((clip, parts.vectors.shape) for clip, parts in new.items())
    odd = next(((clip, shape) for clip, shape in shapes if len(shape) != 2 or shape[1] != dim), None)
    if odd is not None:
        raise BadInput(
            f"the vectors of clip {odd[0][:80]!r} have shape {odd[1]}, but {table} holds vectors of {dim} "
            "numbers: spaces never mix; embed with the encoder of that space, or into a new one"
        )


def is_finite(segments: Segments) -> bool:
    """Return whether all that an encoder made of a clip is numbers: one that is not would be nearest to nothing."""
    return bool(np.isfinite(segments.vectors.astype(np.float32, copy=False)).all())


def vector_column(matrix: Float32) -> pa.FixedSizeListArray:
    """Return float32[n, d] as an Arrow column without copying."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(matrix).reshape(-1)), matrix.shape[1])


def read_pooled(
    tables: Tables, space: Space, wanted: ClipIds | None, version: int | None = None, *, normalise: bool = True
) -> Vectors:
    """Return one vector per clip, the mean of its segments, for the clips in `wanted` (None: all that have one).

    With `normalise` rows have unit length. They come out sorted by clip id, whatever order they were written in. The
    ids are read first, and then the vectors straight into their places, so that only one matrix is ever held.
    """
    table = table_of(space)
    version = tables.version(table) if version is None else version
    keys, batches = _open(tables, space, ["clip_id"], wanted, version)
    clip_ids, targets = places(keys.column("clip_id"), wanted)
    del keys
    pa.default_memory_pool().release_unused()
    means = Means(targets, len(clip_ids), space.dim)
    means.take_all(batches)
    matrix, held = means.finish()
    if normalise:
        normalise_rows(matrix)
    if not held.all():
        clip_ids = clip_ids.filter(pa.array(held))
    return Vectors(clip_ids.to_pylist(), matrix, space, version)


def read_all_segments(tables: Tables, space: Space, version: int | None = None) -> SegmentRows:
    """Return every segment of a space that has a vector, sorted by clip id and segment; never two matrices at once."""
    return _read_segments(tables, space, None, version)


def read_segments(tables: Tables, space: Space, clip_ids: Sequence[str], version: int | None = None) -> SegmentRows:
    """Return every segment of `clip_ids`, in that order, each clip's from its first to its last.

    Raises NotFound naming the first clip that the space does not hold.
    """
    found = _read_segments(tables, space, clip_ids, version)
    held = pc.is_in(pa.array(clip_ids, pa.string()), value_set=found.clip_ids)
    missing = next((clip for clip, there in zip(clip_ids, held.to_pylist(), strict=True) if not there), None)
    if missing is not None:
        raise NotFound(
            f"clip {missing[:80]} has no vector in space {space.name!r}; run `echodex embed {space.encoder}`"
        )
    order = pc.index_in(found.clip_ids, value_set=pa.array(clip_ids, pa.string())).to_numpy()
    return found.take(np.argsort(order, kind="stable"))


def normalised(matrix: Float32) -> Float32:
    """Return the rows of float32[n, d] scaled to unit length; a zero row stays zero."""
    copy = np.array(matrix, dtype=np.float32)
    normalise_rows(copy)
    return copy


def _read_segments(tables: Tables, space: Space, wanted: ClipIds | None, version: int | None) -> SegmentRows:
    version = tables.version(table_of(space)) if version is None else version
    keys, batches = _open(tables, space, ["clip_id", "segment", "start_s"], wanted, version)
    targets = np.full(len(keys), -1, dtype=np.int32)
    rows = np.arange(len(keys)) if wanted is None else np.flatnonzero(among(keys.column("clip_id"), wanted))
    keys = keys.take(pa.array(rows))
    order = pc.sort_indices(keys, sort_keys=[("clip_id", "ascending"), ("segment", "ascending")])
    targets[rows[order.to_numpy()]] = np.arange(len(rows))
    keys = keys.take(order).combine_chunks()
    means = Means(targets, len(rows), space.dim)
    means.take_all(batches)
    matrix, held = means.finish()
    keys = keys.filter(pa.array(held))
    return SegmentRows(
        id_array(keys.column("clip_id")),
        keys.column("segment").to_numpy(),
        keys.column("start_s").to_numpy(),
        matrix,
    )


def _open(
    tables: Tables, space: Space, columns: list[str], wanted: ClipIds | None, version: int
) -> tuple[pa.Table, Iterable[pa.RecordBatch]]:
    """Return `columns` of the rows that hold `wanted` (and maybe others), and the vectors of the same rows in
    batches.
    """
    table = table_of(space)
    where = None if wanted is None else key_filter(tables, table, wanted, version)
    if where is None:
        return tables.scan(table, columns, version=version), tables.batches(table, ["vector"], version=version)
    rows = tables.scan(table, [*columns, "vector"], where=where, version=version)
    return rows.select(columns), rows.select(["vector"]).to_batches()
