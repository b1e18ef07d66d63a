"""The segments of clips, read from the table of a space set by set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...schemas.vector import Float32, SegmentRows, Space
from ...store.spaces import table_of
from ...store.vectors import read_all_segments, read_segments
from ..metric import Metric, prepared
from .distances import pad

if TYPE_CHECKING:
    from ...store.store import Store

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Sets:
    """Clips and their segments. clip_ids: n strings; bounds: int64[n + 1], clip i has the rows bounds[i] to
    bounds[i + 1] of starts_s float32[s], seconds into the clip, and of matrix float32[s, d], as `metric` compares
    them: of unit length for the cosine.
    """

    clip_ids: list[str]
    bounds: Rows
    starts_s: Float32
    matrix: Float32

    def __len__(self) -> int:
        return len(self.clip_ids)

    def padded(self, device: str = "cpu") -> tuple[Tensor, Tensor]:
        """Return float32[n, c, d], c segments of the longest clip, and bool[n, c], which of them there are."""
        rows = torch.from_numpy(self.matrix).to(device)
        return pad(rows, torch.from_numpy(np.diff(self.bounds)).to(device))

    def pick(self, clips: Rows) -> Sets:
        """Return some of the clips, by their places int64[m], in that order."""
        sizes = np.diff(self.bounds)[clips]
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        rows = np.arange(bounds[-1]) + np.repeat(self.bounds[clips] - bounds[:-1], sizes)
        return Sets([self.clip_ids[clip] for clip in clips], bounds, self.starts_s[rows], self.matrix[rows])

    def part(self, first: int, last: int) -> Sets:
        """Return the clips from `first` to before `last`."""
        begin, end = int(self.bounds[first]), int(self.bounds[last])
        bounds = self.bounds[first : last + 1] - begin
        return Sets(self.clip_ids[first:last], bounds, self.starts_s[begin:end], self.matrix[begin:end])


def sets_of(rows: SegmentRows, metric: Metric) -> Sets:
    """Return segments that lie clip by clip as sets."""
    runs = pc.run_end_encode(rows.clip_ids) if len(rows) else None
    ends = runs.run_ends.to_numpy() if runs is not None else np.empty(0, np.int64)
    bounds = np.concatenate([[0], ends]).astype(np.int64)
    clip_ids = runs.values.to_pylist() if runs is not None else []
    return Sets(clip_ids, bounds, rows.starts_s, prepared(rows.matrix, metric))


def read_sets(
    store: Store, space: Space, metric: Metric, clip_ids: Sequence[str] | None, version: int | None = None
) -> Sets:
    """Return the segments of clips, in that order, each from its first to its last; None: of all, by clip id.

    Raises NotFound naming the first clip without a vector.
    """
    if clip_ids is None:
        return sets_of(read_all_segments(store.tables, space, version), metric)
    return sets_of(read_segments(store.tables, space, clip_ids, version), metric)


def set_sizes(store: Store, space: Space, version: int | None = None) -> tuple[pa.Array, Rows]:
    """Return the ids of the clips that a space holds, sorted, and how many segments each has, int64[n]."""
    column = store.tables.scan(table_of(space), ["clip_id"], version=version).column(0)
    counted = pc.value_counts(column)
    order = pc.sort_indices(counted.field(0))
    return counted.field(0).take(order), counted.field(1).take(order).to_numpy()


def spans(sizes: Rows, most: int) -> Iterator[slice]:
    """Yield slices that cut sets of these sizes so that those of one, padded to the largest of them, are at most `most`
    segments, or one set.
    """
    first = 0
    while first < len(sizes):
        largest = np.maximum.accumulate(sizes[first:])
        fitting = int(np.searchsorted(largest * np.arange(1, len(largest) + 1), most, side="right"))
        last = first + max(1, fitting)
        yield slice(first, last)
        first = last
