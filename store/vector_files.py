"""Files of ready-made vectors, as somebody else may have made them: Parquet, or .npy with a list of ids.

What a file declares is held against what the store could take before any of it is decoded: a Parquet file of a
kilobyte can hold a thousand million zeros.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import BadInput, NotFound
from ..schemas.vector import Float32
from .arrays import read_array
from .sources import path_list

if TYPE_CHECKING:
    import pyarrow.parquet as pq

ID_COLUMNS = ("clip_id", "path", "uri", "id")
VECTOR_COLUMNS = ("vector", "embedding", "emb")
MAX_DIM = 1 << 16
"""No encoder gives longer vectors."""
_ID_BYTES = 4096
"""No path is longer."""


def read_vectors(path: Path, ids: Path | None, most: int) -> tuple[list[str], Float32]:
    """Return the ids and the vectors, float32[n, d], of a file, n being `most` at most. Raises NotFound and BadInput.

    path: Parquet with an id column (one of ID_COLUMNS) and a list column (one of VECTOR_COLUMNS), or .npy float[n,
    d] with `ids`, a text file of n lines.
    """
    _must_exist(path)
    names, matrix = _read_parquet(path, most) if path.suffix == ".parquet" else _read_npy(path, ids, most)
    if len(names) != len(matrix):
        raise BadInput(f"{path} holds {len(matrix)} vectors, but there are {len(names)} ids")
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise BadInput(f"{path}: the vector of {names[int(np.argmin(finite))]!r} holds NaN or infinity")
    return names, matrix


def _read_parquet(path: Path, most: int) -> tuple[list[str], Float32]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            columns = _columns(path, file)
            _check_size(path, file.metadata.num_rows, most)
            values = max(_values(file, columns[1]), file.metadata.num_rows)
            _check_dim(path, values // max(file.metadata.num_rows, 1))
            table = file.read(columns=list(columns)).combine_chunks()
        return _ids(path, table.column(0)), _matrix(path, table.column(1))
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:  # ValueError: text that is not UTF-8
        raise BadInput(f"{path} is not a Parquet file of ids and vectors ({_first_line(error)})") from error


def _columns(path: Path, file: pq.ParquetFile) -> tuple[str, str]:
    names = file.schema_arrow.names
    id_column = next((column for column in ID_COLUMNS if column in names), None)
    vector_column = next((column for column in VECTOR_COLUMNS if column in names), None)
    if not id_column or not vector_column:
        wanted = f"one of {', '.join(ID_COLUMNS)} and one of {', '.join(VECTOR_COLUMNS)}"
        raise BadInput(f"{path} needs the columns {wanted}; it has {', '.join(names)[:200]!r}")
    return id_column, vector_column


def _values(file: pq.ParquetFile, column: str) -> int:
    """Return how many numbers a column of lists has, as the file declares."""
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    parts = [group.column(place) for group in groups for place in range(group.num_columns)]
    return sum(part.num_values for part in parts if part.path_in_schema.partition(".")[0] == column)


def _ids(path: Path, column: pa.ChunkedArray) -> list[str]:
    array = column.cast(pa.string())
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    if array.null_count or longest > _ID_BYTES:
        raise BadInput(f"{path}: the ids are not all there, or longer than any path")
    return list(array.to_pylist())


def _matrix(path: Path, column: pa.ChunkedArray) -> Float32:
    lists = column.combine_chunks()
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    numbers = lists.flatten()
    if None in lengths or len(lengths) > 1 or numbers.null_count:
        raise BadInput(f"{path}: the vectors are not all there or not all of one length")
    _check_dim(path, lengths[0] if lengths else 1)
    return _as_float32(numbers.to_numpy(zero_copy_only=False).reshape(len(lists), -1), path)


def _read_npy(path: Path, ids: Path | None, most: int) -> tuple[list[str], Float32]:
    if ids is None:
        raise BadInput(f"{path} does not say whose vectors it holds; give --ids with one clip id or path a line")
    _must_exist(ids)
    try:
        matrix = read_array(path)
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} is not a .npy file of numbers ({_first_line(error)})") from error
    if matrix.ndim == 2:
        _check_size(path, len(matrix), most)
        _check_dim(path, matrix.shape[1])
    with ids.open("rb") as lines:
        return path_list(lines), _as_float32(matrix, path)


def _as_float32(matrix: np.ndarray, path: Path) -> Float32:
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.floating):
        raise BadInput(
            f"{path} holds {matrix.dtype} of shape {matrix.shape}; it must be floats of shape [clips, dimensions]"
        )
    with np.errstate(over="ignore"):  # what is too large for float32 is found not to be finite
        return np.asarray(matrix, np.float32)


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise NotFound(f"{path} does not exist")


def _check_size(path: Path, rows: int, most: int) -> None:
    if rows > most:
        raise BadInput(f"{path} holds {rows} vectors, but the store knows {most} ids and paths; add the clips first")


def _check_dim(path: Path, dim: int) -> None:
    if not 1 <= dim <= MAX_DIM:
        raise BadInput(f"{path} holds vectors of {dim} numbers; 1 to {MAX_DIM} can be imported")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
