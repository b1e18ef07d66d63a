"""`materialise`: the waveforms of clips, at the rate that an encoder wants, written once into a table for training.

Safe to interrupt and to repeat: half a minute of work is lost at most, and what is there is not done again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ..audio.limits import DEFAULT_LIMITS
from ..errors import UsageError
from ..progress import Progress
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .keys import rows_of
from .known import CLIPS_TABLE
from .lock import writer_lock
from .pcm import SAMPLE_BYTES, block_sums, quantised
from .reading import Problem, hear
from .rowsum import row_sums
from .tables import Tables
from .waveforms import AUDIO, waveforms_schema, waveforms_table

COMMIT_BYTES = 128 << 20
COMMIT_S = 30.0


@dataclass
class MaterialiseReport:
    """What `materialise` did: `written` clips (`hours` of audio, `size_bytes` of samples) are new in `table`, `known`
    were there; `problems` are those that could not be read any more, or whose files have changed.
    """

    table: str
    sample_rate_hz: int
    written: int = 0
    known: int = 0
    hours: float = 0.0
    size_bytes: int = 0
    problems: list[Problem] = field(default_factory=list)


class WaveformWriter:
    """Appends waveforms to the table of a rate, many to a commit, but for clips that it holds by then, or that have
    left the store.
    """

    def __init__(self, tables: Tables, report: MaterialiseReport) -> None:
        self._tables, self._report = tables, report
        with writer_lock(tables.folder):
            tables.create(report.table, waveforms_schema())
        self._version = 0
        self._waiting: dict[str, tuple[bytes, float]] = {}
        self._waiting_bytes, self._since_s = 0, time.monotonic()
        self.ids: set[str] = set()
        self._refresh()

    def add(self, clip_id: str, waveform: Float32) -> None:
        """Take a waveform, float32[n]; commit once there are enough, or enough time has gone by."""
        self._waiting[clip_id] = quantised(waveform)
        self._waiting_bytes += SAMPLE_BYTES * len(waveform)
        if self._waiting_bytes >= COMMIT_BYTES or time.monotonic() - self._since_s > COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Write what is waiting as one commit."""
        with writer_lock(self._tables.folder):
            self._refresh()
            rows = rows_of(self._tables, CLIPS_TABLE, ["clip_id"], list(self._waiting))
            stored = set(rows.column(0).to_pylist()) - self.ids
            new = {clip_id: said for clip_id, said in self._waiting.items() if clip_id in stored}
            if new:
                self._version = self._tables.append(self._report.table, _rows(new))
                self.ids.update(new)
        self._report.written += len(new)
        self._report.size_bytes += sum(len(pcm) for pcm, _ in new.values())
        self._waiting, self._waiting_bytes, self._since_s = {}, 0, time.monotonic()

    def _refresh(self) -> None:
        version = self._tables.version(self._report.table)
        if version != self._version:
            rows = self._tables.scan(self._report.table, ["clip_id"], version=version)
            self.ids = set(rows.column(0).to_pylist())  # anew: others remove clips as well
            self._version = version


def materialise(tables: Tables, clips: Sequence[Clip], sample_rate_hz: int, *, progress: Progress) -> MaterialiseReport:
    """Write the waveform of every clip of `clips` that the table of the rate does not hold yet.

    Raises UsageError for a rate that no audio has.
    """
    if not DEFAULT_LIMITS.min_rate_hz <= sample_rate_hz <= DEFAULT_LIMITS.max_rate_hz:
        raise UsageError(
            f"waveforms at {sample_rate_hz} Hz cannot be made; a rate is {DEFAULT_LIMITS.min_rate_hz} to "
            f"{DEFAULT_LIMITS.max_rate_hz} Hz"
        )
    report = MaterialiseReport(waveforms_table(sample_rate_hz), sample_rate_hz)
    writer = WaveformWriter(tables, report)
    pending = [clip for clip in clips if clip.clip_id not in writer.ids]
    report.known = len(clips) - len(pending)
    for heard in hear(pending, sample_rate_hz, stage="materialise", progress=progress):
        report.problems += heard.problems
        for clip, waveform in zip(heard.clips, heard.waveforms, strict=True):
            writer.add(clip.clip_id, waveform)
    writer.commit()
    report.hours = report.size_bytes / SAMPLE_BYTES / sample_rate_hz / 3600
    with writer_lock(tables.folder):
        tables.index_keys(report.table)
    return report


def _rows(new: dict[str, tuple[bytes, float]]) -> pa.Table:
    """Return rows of the table for clip id -> (samples, step)."""
    from lance.blob import blob_array

    described = pa.table(
        {
            "clip_id": pa.array(list(new), pa.string()),
            "samples": pa.array([len(pcm) // SAMPLE_BYTES for pcm, _ in new.values()], pa.int64()),
            "step": pa.array([step for _, step in new.values()], pa.float32()),
            "block_sums": pa.array([block_sums(clip_id, pcm) for clip_id, (pcm, _) in new.items()], pa.binary()),
        }
    )
    columns = {**dict(zip(described.column_names, described.columns, strict=True)), "row_sum": row_sums(described)}
    columns[AUDIO] = blob_array([pcm for pcm, _ in new.values()])
    schema = waveforms_schema()
    return pa.table([columns[name] for name in schema.names], schema=schema)
