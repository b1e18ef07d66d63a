"""Layouts beside the tables: an Arrow file per space and method, maps/<space>/<method>.arrow, that is memory-mapped.

Like indexes they are caches: one that cannot be read, or is of another space of that name, counts as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schemas.read_json import read_json
from ...schemas.vector import Float32, Space
from ...store.files import write_atomic
from ...store.known import CLIPS_TABLE
from ...store.spaces import table_of
from ...store.versions import Hold
from .pca import Projection

if TYPE_CHECKING:
    from ...store.store import Store

FOLDER = "maps"
_SUFFIX = ".arrow"
_INFO, _PROJECTION, _SUM = b"echodex.layout", b"echodex.projection", b"echodex.sum"
_COLUMNS = pa.schema([("clip_id", pa.string()), ("x", pa.float32()), ("y", pa.float32()), ("placed", pa.bool_())])


@dataclass(frozen=True)
class LayoutInfo:
    """What a layout is of.

    space, identity: whose vectors; method, settings, seed: how it was made; clips: on it; placed: of these, how many
    were put in later, beside the others; clips_version, table_version: of the tables that it answers to; made_at: when
    it was fitted (UTC, ISO 8601), by which version of echodex.
    """

    space: str
    identity: str
    method: str
    settings: dict[str, Any]
    seed: int
    clips: int
    placed: int
    clips_version: int
    table_version: int
    made_at: str
    echodex_version: str


@dataclass(frozen=True)
class Layout:
    """Where the clips of a space lie.

    clip_ids: n strings, ascending; points: float32[n, 2], both axes within [-1, 1] and on one scale; placed: bool[n],
    which clips were put in later; projection: what put them there, None where neighbours do.
    """

    info: LayoutInfo
    clip_ids: pa.Array
    points: Float32
    placed: NDArray[np.bool_]
    projection: Projection | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.points)


def keep(store: Store, layout: Layout) -> None:
    """Write a layout, in the place of one of its space and method. Raises StorageError."""
    metadata = {_INFO: json.dumps(asdict(layout.info)).encode()}
    if layout.projection is not None:
        numbers = {"axes": layout.projection.axes.tolist(), "offset": layout.projection.offset.tolist()}
        metadata[_PROJECTION] = json.dumps(numbers).encode()
    x, y = np.ascontiguousarray(layout.points.T)
    columns = [layout.clip_ids, pa.array(x), pa.array(y), pa.array(layout.placed)]
    metadata[_SUM] = _sum(metadata, columns)
    batch = pa.record_batch(columns, schema=_COLUMNS.with_metadata(metadata))

    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)

    write_atomic(_path(store, layout.info.space, layout.info.method), write)


def kept_layout(store: Store, space: Space, method: str) -> Layout | None:
    """Return the kept layout of a space by a method, whatever has changed since; None where there is none."""
    return _read(_path(store, space.name, method), space)


def kept_infos(store: Store, space: Space) -> list[LayoutInfo]:
    """Return what the kept layouts of a space are of, by method."""
    found = (_read(path, space) for path in sorted(store.beside(FOLDER, space.name).glob(f"*{_SUFFIX}")))
    return [layout.info for layout in found if layout]


def holds(store: Store) -> Iterator[Hold]:
    """Yield the versions of tables that the kept layouts need: from them it is told what has changed since."""
    for space in store.spaces():
        for info in kept_infos(store, space):
            yield Hold(CLIPS_TABLE, info.clips_version, f"map {info.method}")
            yield Hold(table_of(space), info.table_version, f"map {info.method}")


def _path(store: Store, space: str, method: str) -> Path:
    return store.beside(FOLDER, space, f"{method}{_SUFFIX}")


def _read(path: Path, space: Space) -> Layout | None:
    try:
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all().combine_chunks()
        table.validate(full=True)
        metadata = table.schema.metadata
        info = LayoutInfo(**read_json(metadata[_INFO]))
        columns = [_whole(table, name) for name in _COLUMNS.names]
        if metadata.get(_SUM, b"") not in (b"", _sum(metadata, columns)):  # an older file has none
            return None
        clip_ids, x, y, placed = columns
        points = np.column_stack([x.to_numpy(), y.to_numpy()])
        found = Layout(info, clip_ids, points, placed.to_numpy(zero_copy_only=False), _projection(metadata))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None
    return found if info.identity == space.identity and info.clips == len(found) else None


def _sum(metadata: Mapping[bytes, bytes], columns: Sequence[pa.Array]) -> bytes:
    """Return blake2b-128, in hex, of all that a file says."""
    state = hashlib.blake2b(digest_size=16)
    for key in (_INFO, _PROJECTION):
        state.update(metadata.get(key, b""))
    ids, *numbers = columns
    state.update("\n".join(ids.to_pylist()).encode(errors="replace"))
    for values in numbers:
        state.update(np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes())
    return state.hexdigest().encode()


def _whole(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, of the memory that was mapped."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _projection(metadata: dict[bytes, bytes]) -> Projection | None:
    if _PROJECTION not in metadata:
        return None
    numbers = read_json(metadata[_PROJECTION])
    return Projection(np.array(numbers["axes"]), np.array(numbers["offset"]))
