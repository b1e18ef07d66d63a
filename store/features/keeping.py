"""Who keeps what feature files hold: a space a row for each clip, a table of frames the frames of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...schemas.vector import Float32, Segments
from ..frames.layout import FrameLayout
from ..frames.writing import FrameWriter
from ..joining import join_small
from ..lock import writer_lock
from ..spaces import imported_space, table_of
from ..tables import Tables
from ..vectors import Writer


class RowKeeper:
    """Writes float32[dim] of each clip as its vector in the space called `name`."""

    sample_rate_hz = 0
    batch_clips = 512

    def __init__(self, tables: Tables, name: str, dim: int, note: str) -> None:
        self._tables = tables
        space = imported_space(tables, name, dim, note)
        self._table, self._writer = table_of(space), Writer(tables, space)
        self._start_s = np.zeros(1, np.float32)

    def holds(self, clip_id: str) -> bool:
        """Return whether the clip has a vector."""
        return clip_id in self._writer.ids

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Write the rows of clips that are about to be committed."""
        self._writer.write(clip_ids, [Segments(self._start_s, row[None]) for row in waveforms])

    def commit(self) -> None:
        """Do nothing: nothing waits."""

    def finish(self) -> None:
        """Join small files, and index the keys once there are many."""
        with writer_lock(self._tables.folder):
            join_small(self._tables, self._table)
            self._tables.index_keys(self._table)


class FrameKeeper:
    """Writes magnitudes float32[t, bins] of each clip to the table of frames called `name`."""

    sample_rate_hz = 0
    batch_clips = 256

    def __init__(self, tables: Tables, name: str, layout: FrameLayout) -> None:
        self._writer = FrameWriter(tables, name, layout, ahead=True)

    def holds(self, clip_id: str) -> bool:
        """Return whether the clip has frames."""
        return clip_id in self._writer.ids

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Write the frames of clips that are about to be committed."""
        for clip_id, frames in zip(clip_ids, waveforms, strict=True):
            self._writer.add(clip_id, frames)
        self.commit()

    def commit(self) -> None:
        """Write what is waiting."""
        self._writer.commit()

    def finish(self) -> None:
        """Index the keys once there are many."""
        self._writer.finish()
