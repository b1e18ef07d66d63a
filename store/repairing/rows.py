"""Rows that are not what was written, or should not be there: written to the quarantine, then taken out."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import Damaged
from ...schemas.finding import Finding
from ..checking.blobs import blob_kind, wrong_blobs
from ..checking.links import doubles, keys_of
from ..checking.opened import dataset_of
from ..checking.rows import check_rows, plain_columns
from ..checking.sampling import Sample
from ..known import CLIPS_TABLE
from ..lock import writer_lock
from ..where import is_in_parts
from .work import Work


def changed_rows(work: Work, finding: Finding) -> str:
    """Set the rows of a table aside that are not what their sums say."""
    with writer_lock(work.folder):
        wrong = check_rows(dataset_of(work.folder, finding.where), Sample(), {}).wrong
        return set_aside(work, finding.where, wrong, finding.what)


def changed_blobs(work: Work, finding: Finding) -> str:
    """Set the rows of a table aside whose waveforms or frames are not what was written."""
    kind = blob_kind(finding.where)
    if kind is None:
        raise Damaged(f"{finding.where} is no table of waveforms or frames")
    with writer_lock(work.folder):
        wrong = dict(wrong_blobs(dataset_of(work.folder, finding.where), kind, Sample()))
        return set_aside(work, finding.where, wrong, finding.what)


def doubled_rows(work: Work, finding: Finding) -> str:
    """Set all rows aside whose key a row before them has."""
    keys = keys_of(finding.where)
    with writer_lock(work.folder):
        dataset = dataset_of(work.folder, finding.where)
        rows = dataset.scanner(columns=keys, with_row_id=True, scan_in_order=True).to_table()
        return set_aside(work, finding.where, doubles(rows, keys).column("_rowid").to_pylist(), finding.what)


def rows_without_clip(work: Work, finding: Finding) -> str:
    """Set the rows of a table aside whose clips are not in the store."""
    with writer_lock(work.folder):
        known = work.tables.scan(CLIPS_TABLE, ["clip_id"]).column(0).combine_chunks()
        rows = work.tables.scan(finding.where, ["clip_id"], row_ids=True)
        strays = rows.filter(pc.invert(pc.is_in(rows.column("clip_id"), value_set=known)))
        return set_aside(work, finding.where, strays.column("_rowid").to_pylist(), finding.what)


def set_aside(work: Work, table: str, row_ids: Iterable[int], why: str) -> str:
    """Write rows of a table to the quarantine, as they read, and take them out of the table; return what was done.

    The caller holds the writer lock. Blobs are left behind: they are made again from audio or from files of features.
    """
    ids = list(row_ids)
    columns = plain_columns(work.tables.schema(table))
    parts = list(is_in_parts("_rowid", ids))
    rows = [work.tables.scan(table, columns, where=part) for part in parts]
    if not rows:
        return ""
    place = work.quarantine.put(pa.concat_tables(rows), table, why)
    for part in parts:
        work.tables.delete(table, part)
    return f"{len(ids)} rows of {table} moved to {place}"
