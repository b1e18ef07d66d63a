"""Filling a table of blobs from the audio of clips, by this process, or by workers that leave them on a tray.

One function makes the blob of a clip, wherever that is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from ..progress import Progress, silent
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .blob_writing import COMMIT_BYTES, Blob, BlobReport, BlobWriter
from .blobs import BlobKind
from .keys import rows_of
from .known import CLIPS_TABLE
from .loose import Receipt, Tray, tray_of
from .reading import BATCH_CLIPS, Problem, hear
from .shards import Workers
from .tables import Tables
from .taking import check_seen, problems_of, shards_of, told_of

_SHARD_CLIPS = 256


class Maker(Protocol):
    """Makes blobs. Is pickled before it has made any.

    stage: as progress calls it; kind: of the blobs; sample_rate_hz: of what it hears.
    """

    @property
    def stage(self) -> str: ...  # noqa: D102

    @property
    def kind(self) -> BlobKind: ...  # noqa: D102

    @property
    def sample_rate_hz(self) -> int: ...  # noqa: D102

    def make(self, clip: Clip, waveform: Float32) -> Blob | Problem:
        """Return the blob of a clip with this waveform float32[n], or why it has none."""


def make_blobs(
    tables: Tables,
    maker: Maker,
    clips: Sequence[Clip],
    writer: BlobWriter,
    report: BlobReport,
    *,
    workers: Workers | None,
    progress: Progress,
) -> None:
    """Write the blobs of those clips that the table of `report` does not hold. workers: None for this process."""
    if workers is not None:
        _by_workers(tables, maker, clips, writer, report, workers, progress)
        return
    pending = [clip for clip in clips if clip.clip_id not in writer.ids]
    report.known = len(clips) - len(pending)
    for heard in hear(pending, maker.sample_rate_hz, stage=maker.stage, progress=progress):
        report.problems += heard.problems
        for clip, waveform in zip(heard.clips, heard.waveforms, strict=True):
            made = maker.make(clip, waveform)
            if isinstance(made, Problem):
                report.problems.append(made)
            else:
                writer.add(clip.clip_id, made.blob, *made.told)


@dataclass(frozen=True)
class BlobShard:
    """Work: make the blobs of clips, and leave them on the tray, COMMIT_BYTES to a fragment."""

    tray: Tray
    maker: Maker

    def __call__(self, clips: Sequence[Clip]) -> Receipt:
        """Return the receipt: the clips that have a blob, and told: `problems`, and the `size_bytes` of all blobs."""
        told: dict[str, Any] = {"problems": [], "size_bytes": 0}
        return self.tray.write(self._batches(clips, told), told)

    def _batches(self, clips: Sequence[Clip], told: dict[str, Any]) -> Iterator[pa.Table]:
        waiting: dict[str, tuple[bytes, tuple[float, ...]]] = {}
        held = 0
        for heard in hear(clips, self.maker.sample_rate_hz, stage=self.maker.stage, progress=silent):
            told["problems"] += told_of(heard.problems)["problems"]
            for clip, waveform in zip(heard.clips, heard.waveforms, strict=True):
                made = self.maker.make(clip, waveform)
                if isinstance(made, Problem):
                    told["problems"] += told_of([made])["problems"]
                    continue
                waiting[clip.clip_id] = made.blob, made.told
                held += len(made.blob)
            if held >= COMMIT_BYTES:
                told["size_bytes"] += held
                yield self.maker.kind.rows(waiting)
                waiting, held = {}, 0
        told["size_bytes"] += held
        if waiting:
            yield self.maker.kind.rows(waiting)


def _by_workers(
    tables: Tables,
    maker: Maker,
    clips: Sequence[Clip],
    writer: BlobWriter,
    report: BlobReport,
    workers: Workers,
    progress: Progress,
) -> None:
    with tray_of(tables, report.table) as tray:
        known = len(writer.ids.intersection(clip.clip_id for clip in clips))
        for receipt in tray.receipts():
            writer.take_in(tray, receipt)
        report.known = known
        pending = [clip for clip in clips if clip.clip_id not in writer.ids]
        done = len(clips) - len(pending)
        while pending:
            again: list[Clip] = []
            shards = shards_of(pending, workers, BATCH_CLIPS, _SHARD_CLIPS)
            for shard, receipt in workers.each(BlobShard(tray, maker), shards):
                problems = problems_of(receipt)
                check_seen(shard.content, problems)
                if writer.take_in(tray, receipt):
                    report.problems += problems
                    done += len(shard.content)
                    progress(maker.stage, done, len(clips))
                else:
                    again += shard.content
            pending = _left(tables, again, writer) if again else []


def _left(tables: Tables, clips: Sequence[Clip], writer: BlobWriter) -> list[Clip]:
    """Return those clips that the store still has, and the table still lacks."""
    there = rows_of(tables, CLIPS_TABLE, ["clip_id"], sorted(clip.clip_id for clip in clips)).column(0).to_pylist()
    wanted = set(there) - writer.ids
    return [clip for clip in clips if clip.clip_id in wanted]
