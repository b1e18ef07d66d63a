"""Clips without audio, as many as a test wants in no time: their rows, and vectors that are made up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from echodex.api import Store
from echodex.audio.clip import Decoded
from echodex.schemas.clip import Reason, Source, Status
from echodex.schemas.vector import Segments
from echodex.store.known import CLIPS_TABLE
from echodex.store.lock import writer_lock
from echodex.store.rows import FileFacts, clip_row, clip_table
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

_WAVE = Decoded(Status.OK, Reason.NONE, "", 1.0, 1.0, 8000, 1, "PCM_16")


def add_clips(store: Store, clip_ids: Sequence[str]) -> None:
    """Add clips of files that are nowhere, as one commit."""
    rows = [
        clip_row(clip_id, Source(f"/nowhere/{clip_id}.wav"), FileFacts(clip_id, 1, 1), _WAVE, {})
        for clip_id in clip_ids
    ]
    with writer_lock(store.path):
        store.tables.append(CLIPS_TABLE, clip_table(rows))


def add_vectors(store: Store, space: str, clip_ids: Sequence[str], matrix: NDArray[np.float32]) -> None:
    """Give clips the rows of float32[n, d] in a space for ready-made vectors, as one commit."""
    start = np.zeros(1, np.float32)
    writer = Writer(store.tables, imported_space(store.tables, space, matrix.shape[1], "made up"))
    writer.write(clip_ids, [Segments(start, row[None]) for row in matrix])
