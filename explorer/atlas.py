"""The map for Embedding Atlas (Ren, Hohman, Lin and Moritz 2025, github.com/apple/embedding-atlas): a Parquet file with
coordinates, neighbours and every column of the explorer.

Neighbours are in the form that it documents, a struct of `ids`, rows of the file from 0, and `distances`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import EchodexError, UsageError
from ..indexing.near import rows_of
from ..indexing.neighbours.graph_search import graph_of
from ..progress import Progress, say, silent
from ..schemas.vector import Float32, Space
from ..store.files import write_atomic
from ..store.keys import id_array
from .layout import layout
from .server.clip_names import file_names
from .server.session import Session
from .server.values import Column
from .sound.clip import find_sound
from .sound.file import file_bytes, played_type
from .sound.wav import wav_bytes, wav_length

if TYPE_CHECKING:
    from ..store.store import Store

NEIGHBOURS = 10
AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_SUFFIXES = {"audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/aac": ".aac"}
"""Types that it takes for audio by the end of their path; anything else is made a WAV file."""
_GROUP_ROWS, _GROUP_SOUNDS = 65_536, 64
"""Rows written at a time, without audio and with it."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class AtlasFile:
    """What was written: clips, the columns, and of how many clips there is audio in it."""

    path: str
    space: str
    method: str
    clips: int
    columns: tuple[str, ...]
    audio: int


def export_atlas(
    store: Store,
    path: Path,
    *,
    space: str | None = None,
    view: str | None = None,
    method: str = "pca",
    neighbours: int = NEIGHBOURS,
    audio: bool = False,
    progress: Progress = silent,
) -> AtlasFile:
    """Write the clips of a space (kept by a view) as a Parquet file, in the order of their ids.

    method: of the map; neighbours: how many of each clip, by cosine among the clips that are written; audio: put it in,
    as the file is where that is WAV, MP3 or AAC, else as WAV; null where it cannot be read, and `progress` told.
    Raises as `layout` does, and StorageError.
    """
    if neighbours < 1:
        raise UsageError(f"neighbours is how many to write of each clip, at least 1, not {neighbours}")
    found = store.space(space)
    table = _table(store, found, view, method, neighbours, progress)
    heard = _Sounds(store, table.column("id"), progress)

    def write(temporary: Path) -> None:
        import pyarrow.parquet as pq

        schema = table.schema.append(pa.field("audio", AUDIO)) if audio else table.schema
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            step = _GROUP_SOUNDS if audio else _GROUP_ROWS
            for first in range(0, len(table), step):
                part = table.slice(first, step)
                writer.write_table(part.append_column("audio", heard.read(first, len(part))) if audio else part)

    write_atomic(path, write)
    if heard.missing:
        say(progress, f"{heard.missing} of {len(table)} clips have no audio that can be read")
    columns = (*table.column_names, *(("audio",) if audio else ()))
    return AtlasFile(str(path), found.name, method, len(table), columns, heard.count)


def _table(store: Store, space: Space, view: str | None, method: str, neighbours: int, progress: Progress) -> pa.Table:
    """Return all columns but the audio."""
    made = layout(store, space, method, progress=progress)
    seen = Session(store).seen(space.name)
    snapshot = seen.snapshot
    vectors = store.vectors(space.name, view=view)
    clip_ids = id_array(vectors.clip_ids)
    there = pc.and_(pc.is_in(clip_ids, value_set=made.clip_ids), pc.is_in(clip_ids, value_set=snapshot.ids))
    clip_ids = clip_ids.filter(there)
    matrix = rows_of(vectors.matrix, np.flatnonzero(there.to_numpy(zero_copy_only=False)))
    points = made.points[pc.index_in(clip_ids, value_set=made.clip_ids).to_numpy()]
    rows = pc.index_in(clip_ids, value_set=snapshot.ids).to_numpy()
    uris = snapshot.column(store.tables, "uris").take(pa.array(rows))
    columns = {
        "id": clip_ids,
        "x": pa.array(points[:, 0]),
        "y": pa.array(points[:, 1]),
        "neighbors": _neighbours(matrix, neighbours, progress),
        "name": file_names(uris),
        "path": pc.list_element(uris, 0),
    }
    return pa.table(columns | {column.name: _values(column, rows) for column in seen.columns(store)})


def _neighbours(matrix: Float32, count: int, progress: Progress) -> pa.Array:
    """Return the nearest others of each row, and the cosine distances to them: 1 - cos."""
    if len(matrix) < 2:  # nobody is near anybody
        ids, distances, listed = np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((len(matrix), 0), np.bool_)
    else:
        graph = graph_of(matrix, min(count, len(matrix) - 1), progress=progress)
        listed = graph.ids >= 0
        ids, distances = graph.ids[listed], np.maximum(1 - graph.scores[listed], 0)
    offsets = pa.array(np.append(0, np.cumsum(listed.sum(axis=1))).astype(np.int32))
    lists = [pa.ListArray.from_arrays(offsets, pa.array(values)) for values in (ids, distances)]
    return pa.StructArray.from_arrays(lists, ["ids", "distances"])


def _values(column: Column, rows: Rows) -> pa.Array:
    """Return a column of the explorer as Parquet has it: texts, or numbers; null where a clip has none."""
    made = column.make()
    array = made.array[rows]
    if column.kind == "number":
        return pa.array(array, from_pandas=True)
    names: list[str | None] = list(made.header["names"])
    if made.header["none"] is not None:
        names[made.header["none"]] = None
    return pa.array(names, pa.string()).take(pa.array(array.astype(np.int32)))


class _Sounds:
    """The audio of clips, some at a time. count, missing: of how many it was read so far, of how many it could not."""

    def __init__(self, store: Store, clip_ids: pa.ChunkedArray, progress: Progress) -> None:
        self._store, self._clip_ids, self._progress = store, clip_ids, progress
        self.count = self.missing = 0

    def read(self, first: int, count: int) -> pa.Array:
        """Return the audio of clips first, first + 1, ..."""
        found = list(self._each(self._clip_ids.slice(first, count).to_pylist()))
        self.count += sum(one is not None for one in found)
        self.missing += sum(one is None for one in found)
        self._progress("audio", first + count, len(self._clip_ids))
        return pa.array(found, AUDIO)

    def _each(self, clip_ids: list[str]) -> Iterator[dict[str, bytes | str] | None]:
        for clip_id in clip_ids:
            try:
                sound = find_sound(self._store, clip_id)
                suffix = _SUFFIXES.get(played_type(sound) or "")
                if suffix:
                    content = b"".join(file_bytes(sound, 0, sound.clip.size_bytes))
                else:
                    content = b"".join(wav_bytes(sound, 0, wav_length(sound)))
                yield {"bytes": content, "path": f"{clip_id}{suffix or '.wav'}"}
            except EchodexError:
                yield None
