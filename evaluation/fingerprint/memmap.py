"""Fingerprints written as the published system's `generate` writes them: `NAME.mm` and `NAME_shape.npy` (`layout`).

Two files more keep what it does not, which row is what: `NAME_songs.csv`, a line a clip, in the order of their rows,
which `evaluate fingerprint --songs` takes; and `NAME_rows.parquet`, with clip_id, path, segment and start_s of each
row, and in its metadata what made the vectors. Nothing that is there is written over.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import BadInput, UsageError
from ...schemas.vector import Float32
from ...store.files import private_folder, storage_errors, write_atomic
from .layout import DATABASE, DUMMY, QUERY
from .pieces import Piece

CUSTOM = "custom_source"
NAMES = (DUMMY, DATABASE, QUERY, CUSTOM)
"""Of the published files, in the order in which they are made."""
SUFFIXES = (".mm", "_songs.csv", "_rows.parquet", "_shape.npy")
"""The shape comes last: a part that has one is whole."""
SONG_COLUMNS = ("name", "segments", "first_row", "clip_id")
GROUP_CLIPS = 1_000

_ROWS = pa.schema([("clip_id", pa.string()), ("path", pa.string()), ("segment", pa.int32()), ("start_s", pa.float32())])


@dataclass(frozen=True)
class Part:
    """What was written as `name`: clips, and float32[rows, dim]."""

    name: str
    clips: int
    rows: int
    dim: int


@dataclass
class _Index:
    """What the rows of a part are, clip by clip."""

    dim: int = 0
    paths: list[str] = field(default_factory=list)
    clip_ids: list[str] = field(default_factory=list)
    starts_s: list[Float32] = field(default_factory=list)

    def take(self, piece: Piece) -> None:
        self.dim = piece.vectors.shape[1]
        self.paths.append(piece.path)
        self.clip_ids.append(piece.clip_id)
        self.starts_s.append(piece.starts_s)

    def counts(self) -> list[int]:
        return [len(starts_s) for starts_s in self.starts_s]


def write_parts(folder: Path, parts: Mapping[str, Iterable[Piece]], made_by: Mapping[str, str]) -> list[Part]:
    """Write parts, each one of NAMES, into `folder`, all of them or none; pieces are read one by one.

    made_by: what made the vectors, for the metadata. Raises UsageError where a part is there already or would be
    empty, BadInput where db and query are not clip for clip of equally many segments.
    """
    for name in parts:
        if found := next((f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").exists()), None):
            raise UsageError(f"{folder} already holds {found}, which is not written over; give another folder")
    private_folder(folder)
    with (
        storage_errors(folder),
        tempfile.TemporaryDirectory(prefix=".memmap.", suffix=".tmp", dir=folder, ignore_cleanup_errors=True) as place,
    ):
        draft = Path(place)
        indexes = {name: _write_matrix(draft, name, pieces) for name, pieces in parts.items()}
        _check_rows(indexes)
        for name, index in indexes.items():
            _describe(draft, name, index, made_by)
        for name in indexes:
            for suffix in SUFFIXES:
                (draft / f"{name}{suffix}").replace(folder / f"{name}{suffix}")
    return [Part(name, len(index.paths), sum(index.counts()), index.dim) for name, index in indexes.items()]


def _write_matrix(folder: Path, name: str, pieces: Iterable[Piece]) -> _Index:
    """Write the rows of all pieces as they come and return what they are."""
    index = _Index()

    def stream(path: Path) -> None:
        with path.open("wb") as file:
            for piece in pieces:
                index.take(piece)
                file.write(np.ascontiguousarray(piece.vectors, dtype="<f4").data)

    write_atomic(folder / f"{name}.mm", stream)
    return index


def _check_rows(indexes: Mapping[str, _Index]) -> None:
    empty = next((name for name, index in indexes.items() if not index.dim), None)
    if empty:
        raise UsageError(f"{empty} would have no rows; give a view or a folder with clips in it")
    if DATABASE in indexes and QUERY in indexes:
        _check_pairs(indexes[DATABASE], indexes[QUERY])


def _check_pairs(database: _Index, query: _Index) -> None:
    """Raise BadInput unless row i of the one is the replica of row i of the other, as far as counts can tell."""
    pairs = zip(database.paths, database.counts(), query.paths, query.counts(), strict=False)
    odd = next((pair for pair in pairs if pair[1] != pair[3]), None)
    if odd:
        raise BadInput(
            f"{odd[2]} has {odd[3]} segments and {odd[0]}, in its place in {DATABASE}, {odd[1]}; {QUERY} must have a "
            f"replica of each clip of {DATABASE}, as long, by the order of paths"
        )
    if len(database.paths) != len(query.paths):
        raise BadInput(
            f"{QUERY} has {len(query.paths)} clips and {DATABASE} {len(database.paths)}; give a replica of each"
        )


def _describe(folder: Path, name: str, index: _Index, made_by: Mapping[str, str]) -> None:
    """Write what stands beside the rows of a part."""
    counts = index.counts()
    firsts = np.cumsum([0, *counts])[:-1].tolist()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(SONG_COLUMNS)
    writer.writerows(zip(index.paths, counts, firsts, index.clip_ids, strict=True))
    write_atomic(folder / f"{name}_songs.csv", text.getvalue().encode())
    write_atomic(folder / f"{name}_rows.parquet", lambda path: _write_rows(path, index, made_by))
    shape = io.BytesIO()
    np.save(shape, np.array([sum(counts), index.dim], dtype=np.int64))
    write_atomic(folder / f"{name}_shape.npy", shape.getvalue())


def _write_rows(path: Path, index: _Index, made_by: Mapping[str, str]) -> None:
    schema = _ROWS.with_metadata({f"echodex.{key}": value for key, value in made_by.items()})
    counts = np.array(index.counts())
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(counts), GROUP_CLIPS):
            group = slice(start, start + GROUP_CLIPS)
            of_row = pa.array(np.repeat(np.arange(len(counts[group])), counts[group]))
            columns = [
                pa.array(index.clip_ids[group], pa.string()).take(of_row),
                pa.array(index.paths[group], pa.string()).take(of_row),
                pa.array(np.concatenate([np.arange(count, dtype=np.int32) for count in counts[group]])),
                pa.array(np.concatenate(index.starts_s[group]).astype(np.float32)),
            ]
            writer.write_table(pa.table(columns, schema=schema))
