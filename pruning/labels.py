"""Which clip has which label, as pairs of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LabelPairs:
    """rows, codes: int64[p], the clip and the label of each pair, each once; names: the label of each code."""

    rows: Rows
    codes: Rows
    names: tuple[str, ...]

    def counts(self, which: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return float64[labels]: how many of the clips `which` (bool[n]) have each label."""
        return np.bincount(self.codes[which[self.rows]], minlength=len(self.names)).astype(np.float64)

    def distinct(self, which: NDArray[np.bool_], groups: Rows) -> NDArray[np.float64]:
        """Return float64[labels]: how many groups (int64[n], of each clip) the clips `which` of each label are of."""
        there = which[self.rows]
        pairs = np.unique(np.stack([self.codes[there], groups[self.rows[there]]], axis=1), axis=0)
        return np.bincount(pairs[:, 0], minlength=len(self.names)).astype(np.float64)

    def best(self, rank: Rows, groups: Rows, count: int) -> NDArray[np.bool_]:
        """Return bool[n]: the clips that are among the first `count` by rank (int64[n]) of any of their labels.

        groups: int64[n], one number for copies of each other: of a label, the first of each group comes before the
        second of any.
        """
        found = np.zeros(len(rank), dtype=np.bool_)
        if not count:  # nobody asked: of a million clips, the sorting would take a second
            return found
        order = np.lexsort((rank[self.rows], self._again(rank, groups), self.codes))
        codes = self.codes[order]
        place = np.arange(len(codes)) - np.searchsorted(codes, codes)
        found[self.rows[order[place < count]]] = True
        return found

    def _again(self, rank: Rows, groups: Rows) -> NDArray[np.bool_]:
        """Return bool[p]: whether a clip of the same label and group ranks before that of each pair."""
        own = groups[self.rows]
        order = np.lexsort((rank[self.rows], own, self.codes))
        codes, own = self.codes[order], own[order]
        again = np.zeros(len(order), dtype=np.bool_)
        again[order[1:]] = (codes[1:] == codes[:-1]) & (own[1:] == own[:-1])
        return again


def label_pairs(labels: pa.ChunkedArray) -> LabelPairs:
    """Return the pairs of n lists of labels; null lists and null labels count as none."""
    lists = labels.combine_chunks()
    names = pc.list_flatten(lists)
    encoded = names.dictionary_encode()
    there = names.is_valid().to_numpy(zero_copy_only=False)
    rows = pc.list_parent_indices(lists).to_numpy()[there]
    codes = encoded.indices.drop_null().to_numpy()
    pairs = np.unique(np.stack([rows, codes], axis=1).astype(np.int64), axis=0)
    return LabelPairs(pairs[:, 0], pairs[:, 1], tuple(encoded.dictionary.to_pylist()))
