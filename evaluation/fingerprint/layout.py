"""Fingerprints as the published system writes them: `NAME.mm`, float32 row by row, and `NAME_shape.npy`.

Chang et al., "Neural audio fingerprint" (2021): `generate` makes db, query and dummy_db. Nothing here writes to them:
the published evaluation appends the database to `dummy_db.mm` itself, here the two are stacked in name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound
from ...schemas.vector import Float32
from ...store.arrays import read_array

QUERY, DATABASE, DUMMY = "query", "db", "dummy_db"
ITEM_BYTES = 4

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Stack:
    """Matrices float32[n_i, d], one below the other without a copy; row 0 is the first of the first.

    order: int64[n], which of these rows each row is (None: all, as they lie).
    """

    parts: tuple[Float32, ...]
    order: Rows | None = None

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts) if self.order is None else len(self.order)

    @property
    def dim(self) -> int:
        """Length of a row."""
        return int(self.parts[0].shape[1])

    def take(self, rows: Rows) -> Float32:
        """Return float32[m, d], the rows int64[m], each from 0 up to the length."""
        if self.order is not None:
            rows = self.order[rows]
        taken = np.empty((len(rows), self.dim), dtype=np.float32)
        begin = 0
        for part in self.parts:
            here = (rows >= begin) & (rows < begin + len(part))
            taken[here] = part[rows[here] - begin]
            begin += len(part)
        return taken

    def blocks(self, size: int) -> Iterator[Float32]:
        """Yield all rows in order, at most `size` at a time, read from the disk as they are asked for."""
        if self.order is not None:
            yield from (self.take(np.arange(at, min(at + size, len(self)))) for at in range(0, len(self), size))
            return
        for part in self.parts:
            for start in range(0, len(part), size):
                yield np.asarray(part[start : start + size])


@dataclass(frozen=True)
class Layout:
    """A folder of fingerprints: query and database float32[m, d], segment for segment alike; dummies float32[n, d]."""

    query: Float32
    database: Float32
    dummies: Float32


def read_layout(folder: Path, dummy_folder: Path | None = None) -> Layout:
    """Open `query`, `db` and, where it is there, `dummy_db` of a folder, or of `dummy_folder`, for reading alone.

    Raises NotFound where a file is missing, BadInput where one is not what its shape says, or they do not fit.
    """
    query, database = read_matrix(folder, QUERY), read_matrix(folder, DATABASE)
    source = dummy_folder or folder
    there = dummy_folder is not None or _path(source, DUMMY).exists()
    dummies = read_matrix(source, DUMMY, appended=len(query)) if there else database[:0]
    for name, matrix in ((DATABASE, database), (DUMMY, dummies)):
        if matrix.shape[1] != query.shape[1]:
            raise BadInput(
                f"{folder}: {name} has vectors of length {matrix.shape[1]}, {QUERY} of {query.shape[1]}; they must be "
                "made by one network"
            )
    if len(query) != len(database):
        raise BadInput(
            f"{folder}: {QUERY} has {len(query)} segments and {DATABASE} {len(database)}; segment i of the one must be "
            "the replica of segment i of the other"
        )
    return Layout(query, database, dummies)


def read_matrix(folder: Path, name: str, appended: int = 0) -> Float32:
    """Return `name`.mm of a folder as a read-only memory map float32[n, d].

    appended: rows that may follow those that the shape tells of, all or none, and are left out: the published
    evaluation leaves as many behind as there are queries. Raises NotFound, BadInput.
    """
    path = _path(folder, name)
    rows, dim = _shape(folder / f"{name}_shape.npy")
    if not path.is_file():
        raise NotFound(f"{path} does not exist; give a folder with {QUERY}, {DATABASE} and {DUMMY}, each .mm and shape")
    size = path.stat().st_size
    if size % (ITEM_BYTES * dim):
        raise BadInput(f"{path} has {size} bytes, which is no whole number of rows of {dim} float32: it is cut short")
    held = size // (ITEM_BYTES * dim)
    if held not in (rows, rows + appended):
        raise BadInput(f"{path} holds {held} rows of {dim} float32 and its shape file says {rows}; write both again")
    if not rows:
        return np.empty((0, dim), dtype=np.float32)
    return np.memmap(path, dtype="<f4", mode="r", shape=(rows, dim))


def read_npy(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file, which may hold no Python objects. Raises NotFound, BadInput."""
    try:
        return read_array(path)
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as an array ({str(error)[:120]})") from error


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.mm"


def _shape(path: Path) -> tuple[int, int]:
    found = read_npy(path)
    if found.shape != (2,) or found.dtype.kind not in "iu" or int(found[0]) < 0 or int(found[1]) < 1:
        raise BadInput(f"{path} must hold two whole numbers, rows and length, not {str(found.tolist())[:80]}")
    return int(found[0]), int(found[1])
