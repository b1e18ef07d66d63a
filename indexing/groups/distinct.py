"""Pairs of clips that are no duplicates because somebody said so, and near pairs without any that are barred."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .stars import Pairs

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

NOBODY = -1
"""The number of a clip about which nothing was said."""


class Bars(Protocol):
    """What keeps pairs apart: bars(one, other), whether clips one[i] and other[i] are no duplicates."""

    def bars(self, one: Rows, other: Rows) -> Mask: ...  # noqa: D102


@dataclass(frozen=True)
class UnbarredPairs:
    """The near pairs that nothing keeps apart. counts, recall: of all pairs, of which `counts` decides nothing but an
    order.
    """

    pairs: Pairs
    apart: Bars

    @property
    def counts(self) -> Rows:
        """int64[n]: how many others are near each row, barred ones among them."""
        return self.pairs.counts

    @property
    def recall(self) -> float:
        """The share of all pairs that was found."""
        return self.pairs.recall

    def near(self, row: int) -> Rows:
        """Return the rows near a row that are not barred from it, ascending, without itself."""
        others = self.pairs.near(row)
        return others[~self.apart.bars(np.full(len(others), row), others)]


@dataclass(frozen=True)
class Distinct:
    """Which of n clips were said to be distinct. clip: int64[n], a number for each clip of which that was said, NOBODY
    for all others; pairs: int64[2 p, 2], those numbers, each pair both ways, sorted.
    """

    clip: Rows
    pairs: Rows

    def take(self, rows: Rows) -> Distinct:
        """Return what was said of some of the clips, in that order; a clip may be there more than once."""
        return Distinct(self.clip[rows], self.pairs)

    def bars(self, one: Rows, other: Rows) -> Mask:
        """Return whether clips one[i] and other[i] were said to be distinct."""
        left = self.clip[one]
        barred = left != NOBODY
        if barred.any():  # most are asked about clips of which nothing was said
            right = self.clip[other]
            asked = np.flatnonzero(barred & (right != NOBODY))
            barred[:] = False
            barred[asked] = np.isin(self._keys(left[asked], right[asked]), self._keys(*self.pairs.T))
        return np.asarray(barred)

    def among(self, others: Distinct) -> Callable[[slice], tuple[Rows, Rows]]:
        """Return what tells, of a slice of these clips, which of `others` were said to be distinct from them: places in
        the slice and among the others, int64[e] each.
        """
        having = np.flatnonzero(others.clip != NOBODY)
        order = having[np.argsort(others.clip[having], kind="stable")]

        def find(at: slice) -> tuple[Rows, Rows]:
            rows, pairs = matches(self.clip[at], self.pairs[:, 0])
            which, found = matches(self.pairs[pairs, 1], others.clip[order])
            return rows[which], order[found]

        return find

    def _keys(self, one: Rows, other: Rows) -> Rows:
        return one * (1 + int(self.pairs.max(initial=0))) + other


def distinct_among(clip_ids: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Distinct | None:
    """Return the pairs both clips of which are among `clip_ids` (sorted), None where there is no such pair."""
    found = rows_among(clip_ids, [clip_id for pair in pairs for clip_id in pair]).reshape(-1, 2)
    found = found[(found >= 0).all(axis=1)]
    if not len(found):
        return None
    return distinct_rows(len(clip_ids), found)


def distinct_rows(n: int, pairs: Rows) -> Distinct:
    """Return what pairs of rows, int64[p, 2], say of n clips."""
    rows, numbered = np.unique(pairs, return_inverse=True)
    numbers = numbered.reshape(-1, 2)
    clip = np.full(n, NOBODY)
    clip[rows] = np.arange(len(rows))
    return Distinct(clip, np.unique(np.concatenate([numbers, numbers[:, ::-1]]), axis=0))


def rows_among(clip_ids: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Return int64[w]: where in `clip_ids` (sorted) each of `wanted` is, -1 for what is not there."""
    places = [bisect_left(clip_ids, clip_id) for clip_id in wanted]
    there = [at < len(clip_ids) and clip_ids[at] == clip_id for at, clip_id in zip(places, wanted, strict=True)]
    return np.where(np.array(there, dtype=np.bool_), np.array(places, dtype=np.int64), -1)


def matches(keys: Rows, values: Rows) -> tuple[Rows, Rows]:
    """Return each pair of equal entries of int64[k] and int64[v] (sorted, ascending): their places in both."""
    low = np.searchsorted(values, keys, side="left")
    counts = np.searchsorted(values, keys, side="right") - low
    places = np.repeat(np.arange(len(keys)), counts)
    within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, np.repeat(low, counts) + within
