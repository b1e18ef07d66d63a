"""What one table says against another: keys that are there twice, and rows of clips that are not in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ...schemas.finding import Damage, Finding
from ..known import CLIPS_TABLE
from ..spaces import PREFIX as VECTORS_PREFIX
from .blobs import blob_kind
from .opened import Failed, dataset_of, tried

if TYPE_CHECKING:
    import lance

SET_ASIDE = "moved to quarantine/, the first of each stays"


def keys_of(table: str) -> list[str]:
    """Return the columns that tell a row of a table of clips from all others, none for a table of something else."""
    if table == CLIPS_TABLE or blob_kind(table):
        return ["clip_id"]
    return ["clip_id", "segment"] if table.startswith(VECTORS_PREFIX) else []


def link_findings(folder: Path, tables: list[str]) -> Iterator[Finding]:
    """Yield the doubled keys of the tables of clips, and their rows of clips that the store does not have.

    A table that cannot be read is passed over: that is told elsewhere.
    """
    known = tried(lambda: _keys(dataset_of(folder, CLIPS_TABLE), ["clip_id"]).column(0).combine_chunks())
    for table in tables:
        keys = keys_of(table)
        rows = tried(lambda at=table, of=keys: _keys(dataset_of(folder, at), of)) if keys else None  # type: ignore[misc]
        if not isinstance(rows, pa.Table):
            continue
        doubled = doubles(rows, keys)
        if len(doubled):
            what = f"{len(doubled)} rows of {table} have a key that another row has: a writer heeded no lock"
            yield Finding(Damage.DOUBLE, table, what, SET_ASIDE)
        if table == CLIPS_TABLE or isinstance(known, Failed):
            continue
        strays = len(rows.filter(pc.invert(pc.is_in(rows.column("clip_id"), value_set=known))))
        if strays:
            what = f"{strays} rows of {table} are of clips that are not in the store"
            yield Finding(Damage.ORPHAN_ROWS, table, what, "moved to quarantine/", False)


def doubles(rows: pa.Table, keys: list[str]) -> pa.Table:
    """Return those of `rows` whose key a row before them has."""
    numbered = rows.append_column("_place", pa.array(range(len(rows)), pa.int64()))
    firsts = numbered.group_by(keys).aggregate([("_place", "min")]).column("_place_min")
    return rows.filter(pc.invert(pc.is_in(numbered.column("_place"), value_set=firsts.combine_chunks())))


def _keys(dataset: lance.LanceDataset, keys: list[str]) -> pa.Table:
    return dataset.scanner(columns=keys, with_row_id=True, scan_in_order=True).to_table()
