"""The fitted last layer of an encoder (encoders.base.Fittable): measured, staged, fitted once, kept with the space.

A fit uses the clips with the smallest ids. Ids are hashes, so that is a fair sample that does not depend on the
order of adding. What the encoder measures of a clip is staged in a table, so that an interrupted fit loses nothing
and no file is read twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from ..encoders.base import Encoder, Fittable
from ..errors import Damaged
from ..progress import Progress
from ..schemas.clip import PRIMARY_KEY, Clip
from ..schemas.vector import Float32, Space
from .lock import writer_lock
from .reading import BATCH_CLIPS, Problem, hear
from .rowsum import all_right, with_row_sums
from .spaces import list_spaces, load_encoder
from .tables import Tables
from .vectors import vector_column

COMMIT_CLIPS = 512
PREFIX = "stage_"


class Stage:
    """The table of what a fittable encoder measured before its last layer: clip_id and float32[raw]."""

    def __init__(self, tables: Tables, encoder: Fittable) -> None:
        self._tables = tables
        self._encoder = encoder
        self.sample_rate_hz: int = encoder.config.sample_rate_hz
        self.batch_clips = BATCH_CLIPS
        identity = blake2b(json.dumps(asdict(encoder.config), sort_keys=True).encode(), digest_size=4).hexdigest()
        self._table = f"{PREFIX}{encoder.name}-{identity}"
        self._waiting: list[tuple[list[str], Float32]] = []
        self.ids: set[str] = set()
        self.refused: set[str] = set()
        """Clips of which what was measured is NaN or infinity: they would spoil the fit for all."""
        if staged := self._scan(["clip_id"]):
            self.ids.update(staged.column(0).to_pylist())

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Measure clips (waveforms float32[n] each); stage them once there are enough to make a commit."""
        seen = self.ids | self.refused
        new = [position for position, clip_id in enumerate(clip_ids) if clip_id not in seen]
        if new:
            raw = self._encoder.describe([waveforms[position] for position in new])
            ids, sound = np.array(clip_ids, dtype=object)[new], np.isfinite(raw).all(axis=1)
            self._waiting.append((ids[sound].tolist(), raw[sound]))
            self.ids.update(ids[sound])
            self.refused.update(ids[~sound])
        if sum(len(ids) for ids, _ in self._waiting) >= COMMIT_CLIPS:
            self.commit()

    def commit(self) -> None:
        """Stage what is waiting as one commit."""
        ids = [clip_id for part, _ in self._waiting for clip_id in part]
        if not ids:
            return
        raw = np.concatenate([part for _, part in self._waiting])
        self._waiting = []
        rows = pa.table({"clip_id": pa.array(ids, pa.string()), "raw": vector_column(raw)})
        schema = pa.schema(
            [
                pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
                rows.schema.field("raw"),
                pa.field("row_sum", pa.binary(16)),
            ]
        )
        with writer_lock(self._tables.folder):
            self._tables.create(self._table, schema)
            self._tables.append(self._table, with_row_sums(rows, schema))

    def read(self, wanted: set[str]) -> tuple[list[str], Float32]:
        """Return the staged clips among `wanted`, sorted by id, and float32[n, raw]. Two writers' doubles count
        once. Raises Damaged where they are not what was written.
        """
        rows = self._scan(["clip_id", "raw", "row_sum"]) if wanted & self.ids else None
        if rows is None:
            return [], np.empty((0, 0), np.float32)
        if not all_right(rows):
            raise Damaged(
                f"a row of {self._table} in {self._tables.place} is not what was written; `echodex repair` moves it "
                "to quarantine/, and `echodex embed` measures the clip again"
            )
        ids = np.array(rows.column("clip_id").to_pylist(), dtype=object)
        unique, first = np.unique(ids, return_index=True)
        keep = [(clip_id, row) for clip_id, row in zip(unique, first, strict=True) if clip_id in wanted]
        column = rows.column("raw").combine_chunks()
        matrix = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
        return [str(clip_id) for clip_id, _ in keep], matrix[[row for _, row in keep]]

    def _scan(self, columns: list[str]) -> pa.Table | None:
        """Return what is staged, None where nothing is; another process cannot drop it meanwhile."""
        with writer_lock(self._tables.folder):
            return self._tables.scan(self._table, columns) if self._tables.exists(self._table) else None

    def drop(self) -> None:
        """Forget everything staged."""
        with writer_lock(self._tables.folder):
            self._tables.drop(self._table)


def kept_fit(tables: Tables, encoder: Encoder) -> Space | None:
    """Return the newest space of this encoder with this configuration: its fit is used until a refit is asked for."""
    config = asdict(encoder.config)
    fitting = [space for space in list_spaces(tables) if (space.encoder, space.config) == (encoder.name, config)]
    return fitting[-1] if fitting else None


def fitted(
    tables: Tables, encoder: Encoder, clips: Sequence[Clip], *, refit: bool, progress: Progress
) -> tuple[Encoder, str, list[Problem]]:
    """Return the encoder with the layer to use on this store, a note on where it comes from, and files that failed."""
    kept = kept_fit(tables, encoder)
    if kept and not refit:
        return load_encoder(tables.folder, kept), kept.note, []
    if not isinstance(encoder, Fittable) or len(clips) < encoder.fit_min_clips:
        return encoder, "fit shipped with echodex: this store was too small for one of its own", []
    sample = sorted(clips, key=lambda clip: clip.clip_id)[: encoder.fit_max_clips]
    raw, problems = _measured(tables, encoder, sample, progress)
    kept = kept_fit(tables, encoder)
    if kept and not refit:  # another process was faster
        return load_encoder(tables.folder, kept), kept.note, problems
    if len(raw) < encoder.fit_min_clips:
        return encoder, f"fit shipped with echodex: only {len(raw)} clips could be read", problems
    return encoder.fit(raw), f"fitted on {len(raw)} clips of this store", problems


def _measured(
    tables: Tables, encoder: Fittable, sample: Sequence[Clip], progress: Progress
) -> tuple[Float32, list[Problem]]:
    """Return the measures float32[n, raw] of all clips of a sample, by id, but for files that failed, and these, and
    for clips of which what is measured is no number.

    A process that is done with a fit drops what is staged, of others too; what is gone is measured again.
    """
    problems: list[Problem] = []
    failed, odd = set[str](), set[str]()
    wanted = list(sample)
    while True:
        stage = Stage(tables, encoder)
        missing = [clip for clip in wanted if clip.clip_id not in stage.ids]
        for heard in hear(missing, stage.sample_rate_hz, stage="measure", progress=progress):
            problems += heard.problems
            stage.accept([clip.clip_id for clip in heard.clips], heard.waveforms)
        stage.commit()
        ids, raw = stage.read({clip.clip_id for clip in sample})
        failed |= {problem.path for problem in problems}
        odd |= stage.refused
        wanted = [clip for clip in sample if clip.path not in failed and clip.clip_id not in odd]
        if {clip.clip_id for clip in wanted}.issubset(ids):
            return raw, problems
