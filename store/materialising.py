"""`materialise`: the waveforms of clips, at the rate that an encoder wants, written once into a table for training.

Safe to interrupt and to repeat: half a minute of work is lost at most, and what is there is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..audio.limits import DEFAULT_LIMITS
from ..errors import UsageError
from ..progress import Progress
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .blob_making import make_blobs
from .blob_writing import Blob, BlobReport, BlobWriter
from .blobs import BlobKind
from .pcm import SAMPLE_BYTES, quantised
from .shards import Workers
from .tables import Tables
from .waveforms import WAVEFORMS, waveforms_table


@dataclass(frozen=True)
class WaveformMaker:
    """Makes the blobs of a table of waveforms."""

    sample_rate_hz: int
    stage: ClassVar[str] = "materialise"
    kind: ClassVar[BlobKind] = WAVEFORMS

    def make(self, clip: Clip, waveform: Float32) -> Blob:  # noqa: ARG002  (of any clip)
        """Return 16-bit samples."""
        pcm, step = quantised(waveform)
        return Blob(pcm, (len(waveform), step))


def materialise(
    tables: Tables, clips: Sequence[Clip], sample_rate_hz: int, *, workers: Workers | None = None, progress: Progress
) -> BlobReport:
    """Write the waveform of every clip of `clips` that the table of the rate does not hold yet.

    workers: who decodes, None for this process. Raises UsageError for a rate that no audio has.
    """
    if not DEFAULT_LIMITS.min_rate_hz <= sample_rate_hz <= DEFAULT_LIMITS.max_rate_hz:
        raise UsageError(
            f"waveforms at {sample_rate_hz} Hz cannot be made; a rate is {DEFAULT_LIMITS.min_rate_hz} to "
            f"{DEFAULT_LIMITS.max_rate_hz} Hz"
        )
    report = BlobReport(waveforms_table(sample_rate_hz))
    writer = BlobWriter(tables, report, WAVEFORMS)
    maker = WaveformMaker(sample_rate_hz)
    make_blobs(tables, maker, clips, writer, report, workers=workers, progress=progress)
    writer.finish()
    report.hours = report.size_bytes / SAMPLE_BYTES / sample_rate_hz / 3600
    return report
