"""`import`: vectors that the user already has become a space, matched to clips by id or by path."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..schemas.vector import Segments, Space
from .known import CLIPS_TABLE
from .lock import writer_lock
from .spaces import imported_space, table_of
from .tables import Tables
from .vector_files import read_vectors
from .vectors import Writer


def import_vectors(tables: Tables, name: str, path: Path, ids: Path | None) -> tuple[Space, int]:
    """Add the vectors of a Parquet or .npy file to the space `name`; return it and how many were new.

    path, ids: as vector_files.read_vectors takes them. An id is a clip id or a path of the clip. Raises NotFound and
    BadInput, naming what does not fit.
    """
    by_name = _names(tables)
    names, matrix = read_vectors(path, ids, len(by_name))
    clip_ids = _match(path, names, by_name)
    space = imported_space(tables, name, matrix.shape[1], f"imported from {path.name}")
    zero = np.zeros(1, np.float32)
    new = Writer(tables, space).write(clip_ids, [Segments(zero, row[None]) for row in matrix])
    with writer_lock(tables.folder):
        tables.index_keys(table_of(space))
    return space, new


def _names(tables: Tables) -> dict[str, str]:
    """Return the clip of every id and path that the store knows."""
    by_name: dict[str, str] = {}
    for row in tables.scan(CLIPS_TABLE, ["clip_id", "uris"]).to_pylist():
        by_name.update({row["clip_id"]: row["clip_id"], **dict.fromkeys(row["uris"], row["clip_id"])})
    return by_name


def _match(path: Path, names: list[str], by_name: dict[str, str]) -> list[str]:
    found = [by_name.get(name) or by_name.get(str(Path(name).absolute())) for name in names]
    times = Counter(clip_id or name for name, clip_id in zip(names, found, strict=True))  # by its id and by its path
    [(often, number)] = times.most_common(1) or [("", 0)]
    if number > 1:
        raise BadInput(f"{path} names a clip twice: {often!r}")
    unknown = [name for name, clip_id in zip(names, found, strict=True) if clip_id is None]
    if unknown:
        raise BadInput(
            f"{path} names {len(unknown)} clips that the store does not hold, {unknown[0]!r} first; add them"
        )
    return [clip_id for clip_id in found if clip_id]
