"""What a row of the loader is: a version and others of its work, a piece of each; drawn by (seed, epoch, clip)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ...encoders.versions.encoder import segment_count
from ...schemas.vector import Float32
from ..fetch import Fetched, empty_batch
from ..inputs import chance
from ..order import generator
from .works import Rows, Works


class Frames(Protocol):
    """Constant-Q frames of clips, as store.frames keeps them. lengths: int64[n], frames of each clip."""

    @property
    def lengths(self) -> Rows: ...  # noqa: D102
    def read_many(self, wanted: Sequence[tuple[int, int, int]]) -> list[Float32]:
        """Return float32[up to count, bins] of each (clip, first frame, count)."""


@dataclass(frozen=True)
class ItemPlan:
    """works: of the clips, whose order is that of the frames; versions: of an item; crop: frames of a piece; drawn:
    whether pieces begin at random, or at the start of the clip.
    """

    works: Works
    versions: int
    crop: int
    seed: int
    drawn: bool = True

    def clips(self, row: int, epoch: int) -> list[int]:
        """Return the anchor `row` and versions of its work of other tracks, shuffled, again from the first where they
        are too few.
        """
        works, tracks = self.works.works, self.works.tracks
        others = np.flatnonzero((works == works[row]) & (tracks != tracks[row]))
        generator(chance(self.seed, epoch, self.works.clip_ids[row])).shuffle(others)
        return [row, *np.resize(others, self.versions - 1).tolist()]

    def start(self, row: int, place: int, clip: int, length: int, epoch: int) -> int:
        """Return the frame at which the piece of the clip at `place` of item `row` begins, of `length` frames.

        A clip shorter than the piece is repeated, and may begin anywhere.
        """
        if not self.drawn:
            return 0
        last = length - self.crop if length >= self.crop else length - 1
        seed = chance(self.seed, epoch, self.works.clip_ids[row], place, self.works.clip_ids[clip])
        return int(generator(seed).integers(0, last, endpoint=True))


class ItemReader:
    """Reads the pieces of items."""

    def __init__(self, frames: Frames, plan: ItemPlan) -> None:
        self._frames, self._plan = frames, plan

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return float32[m, versions, crop, bins], magnitudes."""
        plan, lengths = self._plan, self._frames.lengths.tolist()
        wanted = [
            (clip, plan.start(row, place, clip, lengths[clip], epoch))
            for row in rows.tolist()
            for place, clip in enumerate(plan.clips(row, epoch))
        ]
        whole = [start + plan.crop > lengths[clip] for clip, start in wanted]  # what goes on with its beginning
        found = self._frames.read_many(
            [
                (clip, 0, lengths[clip]) if all_of_it else (clip, start, plan.crop)
                for (clip, start), all_of_it in zip(wanted, whole, strict=True)
            ]
        )
        batch = empty_batch(len(found), plan.crop * found[0].shape[1])
        for out, (_, start), piece, all_of_it in zip(batch.numpy(), wanted, found, whole, strict=True):
            at = np.arange(plan.crop) + start * all_of_it
            piece.take(at, axis=0, mode="wrap", out=out.reshape(plan.crop, -1))
        return Fetched(rows, batch.view(len(rows), plan.versions, plan.crop, -1))


def shingles(pieces: Tensor, size: int, hop: int) -> Tensor:
    """Return the segments float32[m, s, bins, size] of pieces float32[m, crop, bins], one each `hop` frames.

    As many as it takes to hear all of a piece; the last goes on with its beginning.
    """
    crop = pieces.shape[1]
    starts = torch.arange(segment_count(crop, size, hop), device=pieces.device) * hop
    at = (starts[:, None] + torch.arange(size, device=pieces.device)) % crop
    return pieces[:, at].transpose(2, 3)
