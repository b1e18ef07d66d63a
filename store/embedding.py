"""`embed`: every usable clip without a vector in a space gets one. Decoding, encoding and committing overlap.

Safe to interrupt and to repeat: a batch is one commit, and what is there is not done again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..encoders.base import Encoder, Fittable, FrameEncoder
from ..errors import BadInput
from ..progress import Progress
from ..schemas.clip import Clip, Reason
from ..schemas.vector import Float32, Segments, Space
from .fitting import Stage, fitted, kept_fit
from .ingest import Listener
from .joining import join_small
from .lock import writer_lock
from .reading import BATCH_CLIPS, Problem, hear
from .shards import Workers
from .spaces import load_encoder, space_of, table_of
from .tables import Tables
from .vectors import Writer, is_finite

COMMIT_CLIPS = 512
COMMIT_S = 10.0


@dataclass
class EmbedReport:
    """What `embed` did: `embedded` clips got a vector, `known` had one, `problems` could not be read any more or
    came out as no numbers, and `without_frames`, where frames were asked for, had none.
    """

    space: Space
    embedded: int = 0
    known: int = 0
    problems: list[Problem] = field(default_factory=list)
    without_frames: int = 0


class Embedder:
    """Encodes waveforms and writes their vectors, many clips to a commit. Also a Listener of `add`.

    A clip of which the encoder makes NaN or infinity gets no vector; `refused` are the ids of those.
    """

    def __init__(self, tables: Tables, encoder: Encoder, note: str = "") -> None:
        self.encoder = encoder
        self.sample_rate_hz: int = encoder.config.sample_rate_hz
        self.batch_clips = BATCH_CLIPS
        self.space = space_of(tables, encoder, note)
        self.writer = Writer(tables, self.space)
        self.written = 0
        self.refused: list[str] = []
        self._ids: list[str] = []
        self._segments: list[Segments] = []
        self._since = time.monotonic()

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Encode the waveforms (float32[n] each); commit once there are enough, or enough time has gone by."""
        self.add(clip_ids, self.encoder.encode(waveforms))

    def add(self, clip_ids: Sequence[str], segments: Sequence[Segments]) -> None:
        """Take vectors to write; commit once there are enough, or enough time has gone by."""
        for clip_id, parts in zip(clip_ids, segments, strict=True):
            if is_finite(parts):
                self._ids.append(clip_id)
                self._segments.append(parts)
            else:
                self.refused.append(clip_id)
        if len(self._ids) >= COMMIT_CLIPS or time.monotonic() - self._since > COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Write what is waiting as one commit."""
        if self._ids:
            self.written += self.writer.write(self._ids, self._segments)
        self._ids, self._segments, self._since = [], [], time.monotonic()

    def problems(self, path_of: Mapping[str, str]) -> list[Problem]:
        """Return what there is to say of the clips that were refused; `path_of`: by clip id, where its file is."""
        detail = f"encoder {self.encoder.name!r} makes NaN or infinity of it; it has no vector"
        return [Problem(path_of.get(clip_id, clip_id), Reason.NON_FINITE, detail) for clip_id in self.refused]


def listener(tables: Tables, encoder: Encoder) -> Listener:
    """Return what `add` should hand its waveforms to so that `embed_clips` finds the work done."""
    if not isinstance(encoder, Fittable):
        return Embedder(tables, encoder)
    kept = kept_fit(tables, encoder)
    return Embedder(tables, load_encoder(tables.folder, kept), kept.note) if kept else Stage(tables, encoder)


def nothing_to_embed(place: str, clips: int, encoder: Encoder) -> BadInput:
    """Return the error for a store at `place` none of whose usable clips, so many, has audio for `encoder`."""
    if not clips:
        return BadInput(f"{place} has no usable clip to embed; run `echodex add` (echodex status tells what there is)")
    frames = "; `--frames cqt` takes the frames of those that have some" if isinstance(encoder, FrameEncoder) else ""
    return BadInput(f"none of {clips} clips of {place} has audio, which this encoder takes{frames}")


def embed_clips(
    tables: Tables,
    encoder: Encoder,
    clips: Sequence[Clip],
    *,
    refit: bool,
    progress: Progress,
    workers: Workers | None = None,
) -> EmbedReport:
    """Give every clip of `clips` a vector under `encoder`; `refit` fits its last layer anew, which makes a new
    space. workers: who decodes and encodes, None for this process.
    """
    note, problems = "", list[Problem]()
    if isinstance(encoder, Fittable):
        encoder, note, problems = fitted(tables, encoder, clips, refit=refit, progress=progress)
    embedder = Embedder(tables, encoder, note)
    report = EmbedReport(embedder.space, problems=problems)
    failed = {problem.path for problem in problems}
    pending = [c for c in clips if c.clip_id not in embedder.writer.ids and c.path not in failed]
    report.known = sum(clip.clip_id in embedder.writer.ids for clip in clips)
    if isinstance(encoder, Fittable):
        stage = Stage(tables, encoder)
        _project_staged(stage, encoder, embedder, {clip.clip_id for clip in pending})
        done = embedder.writer.ids.union(embedder.refused)
        pending = [clip for clip in pending if clip.clip_id not in done]
        stage.drop()
    if workers is None:
        _embed_here(embedder, pending, report, progress)
    else:
        from .embedding_shards import embed_shards

        embed_shards(tables, embedder, pending, report, workers, progress)
    report.problems += embedder.problems({clip.clip_id: clip.path for clip in clips})
    with writer_lock(tables.folder):
        join_small(tables, table_of(embedder.space))
        tables.index_keys(table_of(embedder.space))
    return report


def _embed_here(embedder: Embedder, clips: Sequence[Clip], report: EmbedReport, progress: Progress) -> None:
    for heard in hear(clips, embedder.sample_rate_hz, stage="embed", progress=progress):
        report.problems += heard.problems
        embedder.accept([clip.clip_id for clip in heard.clips], heard.waveforms)
    embedder.commit()
    report.embedded = embedder.written


def _project_staged(stage: Stage, encoder: Fittable, embedder: Embedder, wanted: set[str]) -> None:
    """Write the vectors of the clips that were measured before the fit."""
    ids, raw = stage.read(wanted)
    for start in range(0, len(ids), COMMIT_CLIPS):
        vectors = encoder.project(raw[start : start + COMMIT_CLIPS])
        whole_clips = [Segments(np.zeros(1, np.float32), vector[None]) for vector in vectors]
        embedder.add(ids[start : start + COMMIT_CLIPS], whole_clips)
    embedder.commit()
