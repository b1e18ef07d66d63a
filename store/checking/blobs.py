"""Waveforms and frames against the sums of their blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from ..blobs import BlobKind
from ..blocks import BLOCK_BYTES, is_right
from ..frames import table as frames
from ..frames.layout import PREFIX as FRAMES_PREFIX
from ..waveforms import PREFIX as WAVEFORMS_PREFIX
from ..waveforms import WAVEFORMS
from .opened import Failed, tried
from .sampling import Sample

if TYPE_CHECKING:
    import lance

_SUM_BYTES = 4
_TOGETHER_BYTES = 64 << 20


def blob_kind(table: str) -> BlobKind | None:
    """Return which blobs a table holds, None for a table of something else."""
    if table.startswith(WAVEFORMS_PREFIX):
        return WAVEFORMS
    return frames.FRAMES if table.startswith(FRAMES_PREFIX) else None


def wrong_blobs(dataset: lance.LanceDataset, kind: BlobKind, sample: Sample) -> Iterator[tuple[int, str]]:
    """Yield (row id, clip id) of the clips of a table whose blob is not what was written, or cannot be read.

    Clips whose rows are not what was written may be among them. Raises what Lance raises where rows cannot be read.
    """
    total = dataset.count_rows()
    for offset, length in sample.blocks(0, total, total):
        columns = ["clip_id", "block_sums"]
        rows = dataset.scanner(
            columns=columns, offset=offset, limit=length, with_row_id=True, scan_in_order=True
        ).to_table()
        for part in _parts(rows):
            yield from _wrong(dataset, kind, part)


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    """Yield stretches of `rows` whose blobs fit into memory together."""
    first, held = 0, 0
    for place, sums in enumerate(rows.column("block_sums").to_pylist()):
        held += len(sums or b"") // _SUM_BYTES * BLOCK_BYTES
        if held >= _TOGETHER_BYTES:
            yield rows.slice(first, place + 1 - first)
            first, held = place + 1, 0
    yield rows.slice(first)


def _wrong(dataset: lance.LanceDataset, kind: BlobKind, rows: pa.Table) -> Iterator[tuple[int, str]]:
    ids, clips, sums = (rows.column(name).to_pylist() for name in ("_rowid", "clip_id", "block_sums"))
    if not ids:
        return
    blobs = tried(lambda: _blobs(dataset, kind, ids))
    if isinstance(blobs, Failed):
        if len(ids) == 1:
            yield ids[0], clips[0]
            return
        for half in (rows.slice(0, len(ids) // 2), rows.slice(len(ids) // 2)):
            yield from _wrong(dataset, kind, half)
        return
    for row, clip, expected, blob in zip(ids, clips, sums, blobs, strict=True):
        blocks = -(-len(blob) // BLOCK_BYTES)
        if blocks * _SUM_BYTES != len(expected) or not is_right(clip, blob, 0, expected):
            yield row, clip


def _blobs(dataset: lance.LanceDataset, kind: BlobKind, ids: list[int]) -> list[bytes]:
    files = dataset.take_blobs(kind.column, ids=ids)
    blobs = [file.readall() for file in files if file is not None]
    if len(blobs) != len(ids):
        raise ValueError("blobs are missing")
    return blobs
