"""Tables `waveforms_<rate>`: the waveforms of clips, ready for training, read piece by piece.

A row is a clip: its samples as a blob, the step between two values of a sample, and a checksum of every block, which
`row_sum` covers with the rest of the row. Opening a table checks the rows, reading a piece checks its blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import Damaged
from ..schemas.clip import PRIMARY_KEY
from ..schemas.vector import Float32
from .keys import key_filter
from .pcm import SAMPLE_BYTES, block_span, checked
from .rowsum import row_sums
from .tables import Tables

PREFIX = "waveforms_"
AUDIO = "audio"
DESCRIBED = ["clip_id", "samples", "step", "block_sums"]
"""The columns beside the samples themselves; `row_sum` is over these."""
_ONE_FILE_BYTES = 1 << 40
"""Blobs are packed into large files, however long a clip is: a file for each would be what the table replaces."""


def waveforms_table(sample_rate_hz: int) -> str:
    """Return the name of the table of waveforms at a rate."""
    return f"{PREFIX}{sample_rate_hz}"


def waveforms_tables(tables: Tables) -> list[str]:
    """Return the names of all tables of waveforms."""
    return [name for name in tables.names() if name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal()]


def waveforms_schema() -> pa.Schema:
    """Return the schema of a table of waveforms: `audio` is a Lance blob of little-endian int16."""
    from lance.blob import blob_field

    return pa.schema(
        [
            pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
            pa.field("samples", pa.int64()),
            pa.field("step", pa.float32()),
            pa.field("block_sums", pa.binary()),
            pa.field("row_sum", pa.binary(16)),
            blob_field(AUDIO, inline_size_threshold=0, dedicated_size_threshold=_ONE_FILE_BYTES),
        ]
    )


@dataclass(frozen=True)
class Waveforms:
    """The waveforms of n clips in one version of a table. Pickles to plain data; a process that reads opens the table.

    clip_ids: n strings; row_ids: int64[n], -1 for a clip that the table does not hold; samples: int64[n], of the whole
    clip; steps: float32[n]; sums: n times the checksums of its blocks.
    """

    tables: Tables
    table: str
    version: int
    clip_ids: Sequence[str]
    row_ids: NDArray[np.int64]
    samples: NDArray[np.int64]
    steps: Float32
    sums: Sequence[bytes]

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which of the clips the table holds: bool[n]."""
        return self.row_ids >= 0

    def read(self, rows: Sequence[int], starts: Sequence[int], out: Sequence[Float32]) -> list[int]:
        """Read a piece of each clip at `rows`, from the sample `starts` on, into the float32 arrays `out`.

        Return how many samples each got: as many as it takes, or fewer where the clip ends. All clips must be held. All
        pieces are fetched together, and no more of each clip than the blocks that it lies in. Raises Damaged where one
        is not what was written.
        """
        stops = [
            min(start + len(piece), int(self.samples[row])) for row, start, piece in zip(rows, starts, out, strict=True)
        ]
        spans = [
            block_span(start, stop, int(self.samples[row]))
            for row, start, stop in zip(rows, starts, stops, strict=True)
        ]
        wanted = [(int(self.row_ids[row]), *span) for row, span in zip(rows, spans, strict=True)]
        blobs = self.tables.blob_ranges(self.table, AUDIO, wanted, version=self.version)
        for row, start, stop, (first, _), blob, piece in zip(rows, starts, stops, spans, blobs, out, strict=True):
            found = checked(self.clip_ids[row], blob, first, self.sums[row])
            if found is None:
                raise self._damaged(self.clip_ids[row])
            skip = start - first // SAMPLE_BYTES
            np.multiply(found[skip : skip + stop - start], self.steps[row], out=piece[: stop - start])
        return [stop - start for start, stop in zip(starts, stops, strict=True)]

    def _damaged(self, clip_id: str) -> Damaged:
        return damaged(self.tables, self.table, clip_id)


def open_waveforms(tables: Tables, sample_rate_hz: int, clip_ids: Sequence[str]) -> Waveforms | None:
    """Return where the waveforms of `clip_ids` lie in the table of a rate; None where there is no such table.

    Raises Damaged, naming the clip, where the row of one is not what was written.
    """
    name = waveforms_table(sample_rate_hz)
    if not tables.exists(name):
        return None
    version = tables.version(name)
    wanted = pa.array(clip_ids, pa.string())
    found = tables.scan(
        name, [*DESCRIBED, "row_sum"], where=key_filter(tables, name, wanted, version), version=version, row_ids=True
    )
    found = found.filter(pc.is_in(found.column("clip_id"), value_set=wanted))
    _check(tables, name, found)
    places = pc.index_in(wanted, value_set=found.column("clip_id").combine_chunks())
    here = found.take(places)
    sums = here.column("block_sums").fill_null(b"").to_pylist()
    return Waveforms(
        tables,
        name,
        version,
        list(clip_ids),
        here.column("_rowid").cast(pa.int64()).fill_null(-1).to_numpy(),
        here.column("samples").fill_null(0).to_numpy(),
        here.column("step").fill_null(0.0).to_numpy(),
        sums,
    )


def damaged(tables: Tables, table: str, clip_id: str) -> Damaged:
    """Return the error for a clip whose stored waveform is not what was written."""
    return Damaged(
        f"the waveform of clip {clip_id[:80]} in {table} is not what was written: remove the folder "
        f"{tables.folder / table}.lance and run `echodex materialise` again"
    )


def _check(tables: Tables, table: str, found: pa.Table) -> None:
    """Raise Damaged where a row is not what its `row_sum` says."""
    right = pc.equal(row_sums(found.select(DESCRIBED)), found.column("row_sum").combine_chunks())
    wrong = found.column("clip_id").filter(pc.invert(right.fill_null(False)))
    if len(wrong):
        raise damaged(tables, table, wrong[0].as_py())
