"""What an evaluation is of: queries, a database, and where in it each query segment truly lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .layout import Stack, read_layout
from .songs import Songs, read_songs

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """queries: float32[m, d], one row a segment; database: n rows, of which the first `dummies` answer no query.

    truth: int64[m], the row of the database that each query segment is a replica of, -1 for none. query_songs, of the
    rows of queries, and database_songs, of the rows of the database: None where they are not known. source: what it is,
    in words; folder: where a list of test ids may lie; unbroken: int64[p + 1], where each stretch of the database
    begins in which every segment is there, and the end (None: songs have no gaps).
    """

    queries: Float32
    database: Stack
    dummies: int
    truth: Rows
    query_songs: Songs | None
    database_songs: Songs | None
    source: str
    folder: Path | None = None
    unbroken: Rows | None = None


def from_folder(folder: Path, dummy_folder: Path | None = None, songs: str | None = None) -> Material:
    """Return the material of a folder in the published layout; songs: as read_songs takes it, of query and db alike.

    Raises NotFound, BadInput.
    """
    layout = read_layout(folder, dummy_folder)
    named = None if songs is None else read_songs(songs, len(layout.query))
    dummies = len(layout.dummies)
    parts = (layout.dummies, layout.database) if dummies else (layout.database,)
    return Material(
        queries=layout.query,
        database=Stack(parts),
        dummies=dummies,
        truth=dummies + np.arange(len(layout.query), dtype=np.int64),
        query_songs=named,
        database_songs=named.after(dummies) if named else None,
        source=str(folder),
        folder=folder,
    )
