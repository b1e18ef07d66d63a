"""Batches of items, and what each of their versions is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..loader import ViewLoader, reader_loader
from ..shards import Shard
from .items import Frames, ItemPlan, ItemReader


class Items(NamedTuple):
    """segments: float32[b, versions, s, bins, t]; works, tracks: int64[b, versions], of each version of b items."""

    segments: Tensor
    works: Tensor
    tracks: Tensor


@dataclass(frozen=True)
class ItemLoader:
    """loader: of an ItemReader, whose names are anchors; plan: the reader's."""

    loader: ViewLoader
    plan: ItemPlan

    def items(self, segments: Tensor, names: Sequence[str], epoch: int) -> Items:
        """Return a batch of the items that `names` are anchors of, with `segments` made of their pieces."""
        works = self.plan.works
        rows = [works.place[name] for name in names]
        clips = torch.tensor([self.plan.clips(row, epoch) for row in rows])
        found = (torch.from_numpy(of)[clips].to(segments.device) for of in (works.works, works.tracks))
        return Items(segments, *found)


def item_loader(frames: Frames, plan: ItemPlan, shard: Shard, workers: int = 0) -> ItemLoader:
    """Return the batches of a process: every version is the anchor of an item once an epoch."""
    reader = ItemReader(frames, plan)
    loader = reader_loader(reader, plan.works.clip_ids, shard=shard, seed=plan.seed, workers=workers)
    return ItemLoader(loader, plan)
