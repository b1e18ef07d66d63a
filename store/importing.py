"""`import`: vectors that the user already has become a space, matched to clips by id or by path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from ..errors import BadInput, NotFound
from ..schemas.vector import Float32, Segments, Space
from .known import CLIPS_TABLE
from .lock import writer_lock
from .spaces import imported_space, table_of
from .tables import Tables
from .vectors import Writer

ID_COLUMNS = ("clip_id", "path", "uri", "id")
VECTOR_COLUMNS = ("vector", "embedding", "emb")


def import_vectors(tables: Tables, name: str, path: Path, ids: Path | None) -> tuple[Space, int]:
    """Add the vectors of a Parquet or .npy file to the space `name`; return it and how many were new.

    path: Parquet with an id column (one of ID_COLUMNS) and a list column (one of VECTOR_COLUMNS), or .npy float[n,
    d] with `ids`, a text file of n lines. An id is a clip id or a path of the clip. Raises BadInput, naming what
    does not fit.
    """
    names, matrix = _read_parquet(path) if path.suffix == ".parquet" else _read_npy(path, ids)
    _check(path, names, matrix)
    clip_ids = _match(tables, path, names)
    space = imported_space(tables, name, matrix.shape[1], f"imported from {path.name}")
    zero = np.zeros(1, np.float32)
    new = Writer(tables, space).write(clip_ids, [Segments(zero, row[None]) for row in matrix])
    with writer_lock(tables.folder):
        tables.index_keys(table_of(space))
    return space, new


def _read_parquet(path: Path) -> tuple[list[str], Float32]:
    import pyarrow.parquet as pq

    _must_exist(path)
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path} is not a Parquet file ({error})") from error
    id_column = next((column for column in ID_COLUMNS if column in table.column_names), None)
    vector_column = next((column for column in VECTOR_COLUMNS if column in table.column_names), None)
    if not id_column or not vector_column:
        wanted = f"one of {', '.join(ID_COLUMNS)} and one of {', '.join(VECTOR_COLUMNS)}"
        raise BadInput(f"{path} needs the columns {wanted}; it has {', '.join(table.column_names)}")
    rows = table.column(vector_column).to_pylist()
    if any(row is None or len(row) != len(rows[0] or ()) for row in rows):
        raise BadInput(f"{path}: the vectors in {vector_column!r} are not all there or not all of one length")
    return [str(value) for value in table.column(id_column).to_pylist()], np.array(rows, dtype=np.float32)


def _read_npy(path: Path, ids: Path | None) -> tuple[list[str], Float32]:
    _must_exist(path)
    if ids is None:
        raise BadInput(f"{path} does not say whose vectors it holds; give --ids with one clip id or path a line")
    _must_exist(ids)
    try:
        matrix = np.load(path, allow_pickle=False)
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} is not a .npy file of numbers ({error})") from error
    return [line for line in ids.read_text().splitlines() if line.strip()], matrix


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise NotFound(f"{path} does not exist")


def _check(path: Path, names: list[str], matrix: Float32) -> None:
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.floating):
        raise BadInput(
            f"{path} holds {matrix.dtype} of shape {matrix.shape}; it must be floats of shape [clips, dimensions]"
        )
    if len(names) != len(matrix):
        raise BadInput(f"{path} holds {len(matrix)} vectors, but there are {len(names)} ids")
    if not np.isfinite(matrix).all():
        row = int(np.nonzero(~np.isfinite(matrix).all(axis=1))[0][0])
        raise BadInput(f"{path}: the vector of {names[row]} holds NaN or infinity")
    if len(set(names)) != len(names):
        raise BadInput(f"{path} names a clip twice: {next(n for i, n in enumerate(names) if n in names[:i])}")


def _match(tables: Tables, path: Path, names: list[str]) -> list[str]:
    by_name: dict[str, str] = {}
    for row in tables.scan(CLIPS_TABLE, ["clip_id", "uris"]).to_pylist():
        by_name.update({row["clip_id"]: row["clip_id"], **dict.fromkeys(row["uris"], row["clip_id"])})
    found = [by_name.get(name) or by_name.get(str(Path(name).absolute())) for name in names]
    unknown = [name for name, clip_id in zip(names, found, strict=True) if clip_id is None]
    if unknown:
        raise BadInput(
            f"{path} names {len(unknown)} clips that the store does not hold, {unknown[0]!r} first; add them"
        )
    return [clip_id for clip_id in found if clip_id]
