"""Tables `waveforms_<rate>`: the waveforms of clips, ready for training, read piece by piece.

A row is a clip: its samples as a blob, how many they are, and the step between two values of a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .blobs import BlobKind, Blobs, open_blobs
from .pcm import SAMPLE_BYTES
from .tables import Tables

PREFIX = "waveforms_"
WAVEFORMS = BlobKind(
    "waveform", "audio", (("samples", pa.int64()), ("step", pa.float32())), made_by="`echodex materialise`"
)
"""`audio` is a Lance blob of little-endian int16."""


def waveforms_table(sample_rate_hz: int) -> str:
    """Return the name of the table of waveforms at a rate."""
    return f"{PREFIX}{sample_rate_hz}"


def waveforms_tables(tables: Tables) -> list[str]:
    """Return the names of all tables of waveforms."""
    return [name for name in tables.names() if name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal()]


@dataclass(frozen=True)
class Waveforms:
    """The waveforms of n clips in one version of a table. Pickles to plain data; a process that reads opens the
    table.
    """

    blobs: Blobs

    @property
    def clip_ids(self) -> Sequence[str]:
        """N strings."""
        return self.blobs.clip_ids

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which of the clips the table holds: bool[n]."""
        return self.blobs.held

    @property
    def samples(self) -> NDArray[np.int64]:
        """Samples of each whole clip, int64[n]."""
        return self.blobs.told["samples"]

    @property
    def steps(self) -> Float32:
        """What one step of a clip's samples stands for, float32[n]."""
        return self.blobs.told["step"]

    def read(self, rows: Sequence[int], starts: Sequence[int], out: Sequence[Float32]) -> list[int]:
        """Read a piece of each clip at `rows`, from the sample `starts` on, into the float32 arrays `out`.

        Return how many samples each got: as many as it takes, or fewer where the clip ends. All clips must be held. All
        pieces are fetched together, and little more of each clip. Raises Damaged where one is not what was written.
        """
        sizes = [int(self.samples[row]) for row in rows]
        stops = [min(start + len(piece), size) for start, piece, size in zip(starts, out, sizes, strict=True)]
        wanted = [
            (row, start * SAMPLE_BYTES, stop * SAMPLE_BYTES, size * SAMPLE_BYTES)
            for row, start, stop, size in zip(rows, starts, stops, sizes, strict=True)
        ]
        for row, found, piece in zip(rows, self.blobs.pieces(wanted), out, strict=True):
            pcm = np.frombuffer(found, "<i2")
            np.multiply(pcm, self.steps[row], out=piece[: len(pcm)])
        return [stop - start for start, stop in zip(starts, stops, strict=True)]


def open_waveforms(tables: Tables, sample_rate_hz: int, clip_ids: Sequence[str]) -> Waveforms | None:
    """Return where the waveforms of `clip_ids` lie in the table of a rate; None where there is no such table.

    Raises Damaged, naming the clip, where the row of one is not what was written.
    """
    blobs = open_blobs(tables, waveforms_table(sample_rate_hz), WAVEFORMS, clip_ids)
    return None if blobs is None else Waveforms(blobs)
