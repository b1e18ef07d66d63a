"""`materialise`: the waveforms of clips, at the rate that an encoder wants, written once into a table for training.

Safe to interrupt and to repeat: half a minute of work is lost at most, and what is there is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..audio.limits import DEFAULT_LIMITS
from ..errors import UsageError
from ..progress import Progress
from ..schemas.clip import Clip
from .blob_writing import BlobReport, BlobWriter
from .pcm import SAMPLE_BYTES, quantised
from .reading import hear
from .tables import Tables
from .waveforms import WAVEFORMS, waveforms_table


def materialise(tables: Tables, clips: Sequence[Clip], sample_rate_hz: int, *, progress: Progress) -> BlobReport:
    """Write the waveform of every clip of `clips` that the table of the rate does not hold yet.

    Raises UsageError for a rate that no audio has.
    """
    if not DEFAULT_LIMITS.min_rate_hz <= sample_rate_hz <= DEFAULT_LIMITS.max_rate_hz:
        raise UsageError(
            f"waveforms at {sample_rate_hz} Hz cannot be made; a rate is {DEFAULT_LIMITS.min_rate_hz} to "
            f"{DEFAULT_LIMITS.max_rate_hz} Hz"
        )
    report = BlobReport(waveforms_table(sample_rate_hz))
    writer = BlobWriter(tables, report, WAVEFORMS)
    pending = [clip for clip in clips if clip.clip_id not in writer.ids]
    report.known = len(clips) - len(pending)
    for heard in hear(pending, sample_rate_hz, stage="materialise", progress=progress):
        report.problems += heard.problems
        for clip, waveform in zip(heard.clips, heard.waveforms, strict=True):
            pcm, step = quantised(waveform)
            writer.add(clip.clip_id, pcm, len(waveform), step)
    writer.finish()
    report.hours = report.size_bytes / SAMPLE_BYTES / sample_rate_hz / 3600
    return report
