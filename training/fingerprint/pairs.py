"""Which segments of a clip are anchors, and where their replicas begin: drawn by (seed, epoch, clip, number).

In the published code a generator is seeded with the number of the segment alone, so that both offsets of a segment are
the same in every epoch. Here they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ...encoders.fingerprint.config import FingerprintConfig
from ...encoders.fingerprint.encoder import segment_count
from ...schemas.clip import Clip
from ...schemas.vector import Float32
from ..fetch import Fetched, Rows, empty_batch
from ..inputs import chance
from ..order import generator
from ..pieces import PieceReader


class Example(NamedTuple):
    """What a row of the loader is: the anchor number `number` of clip `row`."""

    row: int
    number: int


@dataclass(frozen=True)
class PairPlan:
    """encoder: whose segments; anchors: of a clip and epoch, 0 for all; replicas: of each; offset, context: samples.

    drawn: whether anchors are any segments of a clip, moved by an offset each; otherwise they are its first ones, each
    at its place, and the replicas of a clip are all moved by the same offset, as a recording of it would be.
    """

    encoder: FingerprintConfig
    anchors: int
    replicas: int
    offset: int
    context: int
    seed: int
    drawn: bool = True

    @property
    def samples(self) -> int:
        """Length of what is read for an anchor or a replica: the context, then the segment."""
        return self.context + self.encoder.segment_samples

    def examples(self, clips: Sequence[Clip]) -> list[Example]:
        """Return the rows of an epoch over some clips."""
        counts = [segment_count(self.length(clip), self.encoder) for clip in clips]
        kept = [min(count, self.anchors or count) for count in counts]
        return [Example(row, number) for row, count in enumerate(kept) for number in range(count)]

    def length(self, clip: Clip) -> int:
        """Return the samples of a clip at the encoder's rate."""
        return round(clip.duration_s * self.encoder.sample_rate_hz)

    def starts(self, clip: Clip, number: int, epoch: int) -> list[int]:
        """Return at which sample of the clip the anchor starts, and then each of its replicas; all lie within it."""
        length = self.length(clip)
        segment, last = number, max(length - self.encoder.segment_samples, 0)
        if self.drawn:
            segment = _nth(number, segment_count(length, self.encoder), chance(self.seed, epoch, clip.clip_id))
        place = segment * self.encoder.segment_hop
        own = (number,) if self.drawn else ()
        draws = generator(chance(self.seed, epoch, clip.clip_id, *own, "offsets"))
        offsets = draws.integers(-self.offset, self.offset, 1 + self.replicas, endpoint=True).tolist()
        anchor = min(max(place + offsets[0] * self.drawn, 0), last)
        return [anchor, *(min(max(anchor + offset, 0), last) for offset in offsets[1:])]


class PairReader:
    """Reads an anchor and its replicas-to-be: what sounds before each as well, zeros where a clip has none."""

    def __init__(self, pieces: PieceReader, examples: Sequence[Example], plan: PairPlan) -> None:
        self._pieces, self._examples, self._plan = pieces, examples, plan

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return float32[m, 1 + replicas, samples] for the examples `rows`; what cannot be read is named instead."""
        plan, clips = self._plan, self._pieces.clips
        wanted = [self._examples[row] for row in rows]
        starts = np.array([plan.starts(clips[each.row], each.number, epoch) for each in wanted], np.int64)
        starts -= plan.context
        first = starts.min(axis=1)
        sizes = (starts.max(axis=1) - first + plan.samples).tolist()
        found = [np.zeros(size, np.float32) for size in sizes]
        before = np.maximum(-first, 0)  # of the clip's start
        parts = [piece[skip:] for piece, skip in zip(found, before, strict=True)]
        lengths, unread = self._pieces.read([each.row for each in wanted], np.maximum(first, 0).tolist(), parts)
        for place, length in lengths.items():
            parts[place][length:] = 0.0
        kept = [place for place in range(len(rows)) if place not in unread]
        batch = empty_batch(len(kept), starts.shape[1] * plan.samples).view(len(kept), starts.shape[1], plan.samples)
        _cut(found, starts - first[:, None], kept, batch.numpy())
        skipped = {clips[wanted[place].row].clip_id: reason for place, reason in unread.items()}
        return Fetched(rows[torch.tensor(kept, dtype=torch.int64).numpy()], batch, skipped)


def _cut(found: Sequence[Float32], starts: Rows, kept: Sequence[int], out: Float32) -> None:
    """Cut from each piece that is kept what begins at its `starts`."""
    for cuts, place in zip(out, kept, strict=True):
        for cut, start in zip(cuts, starts[place].tolist(), strict=True):
            cut[:] = found[place][start : start + len(cut)]


def _nth(number: int, count: int, seed: int) -> int:
    """Return where `number` goes in a permutation of `count` places that `seed` draws."""
    return int(generator(seed).permutation(count)[number])


def example_names(clips: Sequence[Clip], examples: Sequence[Example]) -> list[str]:
    """Return a name for each example, unlike all others: "clip_id:number"."""
    return [f"{clips[each.row].clip_id}:{each.number}" for each in examples]
