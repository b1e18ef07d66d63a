"""Rows by clip id: few are looked up through the table's key index, many are picked out of one scan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from .tables import Tables
from .where import all_of, is_in

ClipIds: TypeAlias = Collection[str] | pa.Array | pa.ChunkedArray
"""Clip ids in any order: Python strings, or an Arrow column of them where there may be millions."""

FEW = 1_000
SHARE = 0.02
"""Up to the larger of FEW and this share of the table, ids are looked up; beyond, reading all and picking is faster:
measured on 1M rows, where a lookup of 20,000 ids and a scan take the same time.
"""


def key_filter(tables: Tables, name: str, clip_ids: ClipIds, version: int | None = None) -> str | None:
    """Return the filter that selects `clip_ids`, or None where they are so many that a scan is faster."""
    if len(clip_ids) > FEW and len(clip_ids) > SHARE * tables.count(name, version):
        return None
    return is_in("clip_id", id_array(clip_ids).to_pylist())


def rows_of(
    tables: Tables,
    name: str,
    columns: Sequence[str],
    clip_ids: ClipIds,
    *,
    where: str | None = None,
    version: int | None = None,
) -> pa.Table:
    """Return columns (clip_id among them) of those rows of `clip_ids` that `where` selects, in the table's order."""
    keyed = key_filter(tables, name, clip_ids, version)
    rows = tables.scan(name, columns, where=all_of(keyed, where), version=version)
    return rows if keyed else rows.filter(pc.is_in(rows.column("clip_id"), value_set=id_array(clip_ids)))


def id_array(clip_ids: ClipIds) -> pa.Array:
    """Return clip ids as one Arrow array of strings."""
    if isinstance(clip_ids, pa.ChunkedArray):
        return clip_ids.combine_chunks()
    return clip_ids if isinstance(clip_ids, pa.Array) else pa.array(list(clip_ids), pa.string())
