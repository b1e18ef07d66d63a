"""A table of things, for tests of what tables are: rows with a key of two columns and a value."""

from __future__ import annotations

from pathlib import Path

import lance
import numpy as np
import pyarrow as pa

from echodex.schemas.clip import PRIMARY_KEY
from echodex.store.tables import Tables
from echodex.store.where import is_in

SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("segment", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("value", pa.int64()),
    ]
)
KEYS = ["clip_id", "segment"]


def rows(ids: list[str], value: int = 0, segments: int = 1) -> pa.Table:
    """Return rows of clips, each with so many segments, all of one value."""
    return pa.table(
        {
            "clip_id": np.repeat(ids, segments),
            "segment": np.tile(np.arange(segments, dtype=np.int32), len(ids)),
            "value": np.full(len(ids) * segments, value),
        },
        schema=SCHEMA,
    )


def made(folder: Path) -> Tables:
    """Return the tables of a folder, of which "things" is one, empty."""
    tables = Tables(folder)
    tables.create("things", SCHEMA)
    return tables


def write(tables: Tables, now: dict[str, int], kind: str, picked: list[str], value: int) -> None:
    """Append, upsert or delete the clips `picked`, or compact; `now`, the value of each clip, is kept in step."""
    if kind == "append":
        picked = [clip for clip in picked if clip not in now]
        tables.append("things", rows(picked, value))
        now.update(dict.fromkeys(picked, value))
    elif kind == "upsert":
        tables.upsert("things", KEYS, rows(picked, value))
        now.update(dict.fromkeys(picked, value))
    elif kind == "delete":
        tables.delete("things", is_in("clip_id", picked))
        for clip in picked:
            now.pop(clip, None)
    else:
        compact(tables)


def compact(tables: Tables) -> None:
    """Compact "things" as Lance does."""
    lance.dataset(str(tables.folder / "things.lance")).optimize.compact_files()
