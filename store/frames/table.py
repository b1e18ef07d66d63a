"""Tables `frames_<name>`: the frames of clips as float16, read piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import NotFound
from ...schemas.vector import Float32
from ..blobs import BlobKind, Blobs, open_blobs
from .layout import FrameLayout, frames_table, layout_of

if TYPE_CHECKING:
    from ..store import Store

VALUE_BYTES = 2
MADE_BY = "`echodex materialise --features cqt` (from audio) or `echodex add --features cqt` (from files of features)"
FRAMES = BlobKind("frames", "values", (("frames", pa.int64()),), MADE_BY)
"""`values` is a Lance blob of little-endian float16[frames, bins]; `frames` says how many there are."""


@dataclass(frozen=True)
class Frames:
    """The frames of n clips in one version of a table. Pickles to plain data; a process that reads opens the table."""

    layout: FrameLayout
    blobs: Blobs

    @property
    def clip_ids(self) -> list[str]:
        """N strings, in the order asked for."""
        return list(self.blobs.clip_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each clip, int64[n], at least 1."""
        return self.blobs.told["frames"]

    def read(self, index: int, start: int, count: int) -> Float32:
        """Return up to `count` frames of clip number `index` from frame `start` on: magnitudes, float32[count, bins].

        Raises Damaged where they are not what was written.
        """
        return self.read_many([(index, start, count)])[0]

    def read_many(self, wanted: Sequence[tuple[int, int, int]]) -> list[Float32]:
        """Return the same for each (index, start, count), all fetched together."""
        width = self.layout.bins * VALUE_BYTES
        spans = []
        for index, start, count in wanted:
            length = int(self.lengths[index])
            stop = min(start + count, length)
            spans.append((index, min(start, stop) * width, stop * width, length * width))
        found = self.blobs.pieces(spans)
        return [np.frombuffer(piece, "<f2").reshape(-1, self.layout.bins).astype(np.float32) for piece in found]


def held_frames(store: Store, name: str, clip_ids: Sequence[str]) -> Frames | None:
    """Return the frames of those of `clip_ids` that the table called `name` holds; None where there is no such table.

    Raises Damaged.
    """
    table = frames_table(name)
    blobs = open_blobs(store.tables, table, FRAMES, clip_ids)
    if blobs is None:
        return None
    if not blobs.held.all():
        blobs = blobs.take(np.flatnonzero(blobs.held))
    return Frames(layout_of(store.tables, table), blobs)


def open_frames(store: Store, name: str, clip_ids: Sequence[str]) -> Frames:
    """Return the frames of `clip_ids` in the table called `name`, opened at its newest version.

    Raises NotFound, naming a clip, where some have none, and Damaged.
    """
    found = held_frames(store, name, clip_ids)
    here = set(found.clip_ids) if found else set()
    missing = [clip_id for clip_id in clip_ids if clip_id not in here]
    if found is None or missing:
        raise NotFound(
            f"{len(missing)} of {len(clip_ids)} clips have no frames in {frames_table(name)} of {store.place}, such as "
            f"{missing[0][:80] if missing else 'all'}: run {MADE_BY}"
        )
    return found
