"""Clips that came twice into a table, because somebody without the writer lock added them at the same time.

Whoever commits later takes its own rows out again: of two, that is always exactly one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from .where import above, all_of, is_in_parts

if TYPE_CHECKING:
    from .tables import Tables

CREATED = "_row_created_at_version"


def drop_doubles(tables: Tables, name: str, clip_ids: pa.ChunkedArray, seen: int, version: int) -> int:
    """Delete those rows of `clip_ids` that commit `version` added to a table although another commit, after version
    `seen`, had added the clip before; return how many.
    """
    dropped = 0
    for part in is_in_parts("clip_id", clip_ids.unique().to_pylist()):
        since = all_of(part, above(CREATED, seen))
        found = list(tables.batches(name, ["clip_id", CREATED], where=since, row_ids=True))
        if not found:  # whoever was there has removed them since
            continue
        rows = pa.Table.from_batches(found)
        made = rows.column(CREATED)
        before = rows.filter(pc.less(made, version)).column("clip_id").combine_chunks()
        ours = rows.filter(pc.and_(pc.equal(made, version), pc.is_in(rows.column("clip_id"), value_set=before)))
        for doubled in is_in_parts("_rowid", ours.column("_rowid").to_pylist()):
            tables.delete(name, doubled)
        dropped += len(ours)
    return dropped
