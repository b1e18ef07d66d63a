"""`embed` by workers: each decodes and encodes shards of clips, and leaves their vectors on a tray (loose.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..encoders.base import Encoder
from ..progress import Progress, silent
from ..schemas.clip import Clip
from ..schemas.vector import Segments, Space, vector_schema
from .embedding import COMMIT_CLIPS, Embedder, EmbedReport
from .loose import Receipt, Tray, tray_of
from .reading import BATCH_CLIPS, hear
from .shards import Workers
from .spaces import load_encoder, table_of
from .tables import Tables
from .taking import check_seen, problems_of, shards_of, told_of
from .vectors import is_finite, vector_rows


@dataclass(frozen=True)
class EmbedShard:
    """Work: encode clips by the encoder that the store keeps with the space, and leave the vectors on the tray."""

    tray: Tray
    space: Space

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, once for all shards of a worker."""
        return load_encoder(self.tray.folder, self.space)

    def __call__(self, clips: Sequence[Clip]) -> Receipt:
        """Return the receipt: the clips that have a vector, and told: `problems` and the ids of those `refused`."""
        new: dict[str, Segments] = {}
        problems, refused = [], []
        for heard in hear(clips, self.encoder.config.sample_rate_hz, stage="embed", progress=silent):
            problems += heard.problems
            for clip, segments in zip(heard.clips, self.encoder.encode(heard.waveforms), strict=True):
                if is_finite(segments):
                    new[clip.clip_id] = segments
                else:
                    refused.append(clip.clip_id)
        rows = [vector_rows(self.tray.table, vector_schema(self.space.dim), new)] if new else []
        return self.tray.write(rows, {**told_of(problems), "refused": refused})


def embed_shards(
    tables: Tables, embedder: Embedder, clips: Sequence[Clip], report: EmbedReport, workers: Workers, progress: Progress
) -> None:
    """Give clips that have none a vector, by `workers`; those of a shard that somebody else was faster with are tried
    again, but for the ones that are there by then.
    """
    writer, total = embedder.writer, len(clips)
    report.embedded = embedder.written
    with tray_of(tables, table_of(embedder.space)) as tray:
        for receipt in tray.receipts():
            report.embedded += len(receipt.clip_ids) if writer.take_in(tray, receipt) else 0
        pending = [clip for clip in clips if clip.clip_id not in writer.ids]
        done = total - len(pending)
        while pending:
            again = []
            for shard, receipt in workers.each(
                EmbedShard(tray, embedder.space), shards_of(pending, workers, BATCH_CLIPS, COMMIT_CLIPS)
            ):
                problems = problems_of(receipt)
                check_seen(shard.content, problems)
                if not writer.take_in(tray, receipt):
                    again += [clip for clip in shard.content if clip.clip_id not in writer.ids]
                    continue
                report.problems += problems
                report.embedded += len(receipt.clip_ids)
                embedder.refused += receipt.told["refused"]
                done += len(shard.content)
                progress("embed", done, total)
            pending = again
