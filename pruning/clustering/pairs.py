"""Pairs of rows that may be edges of a minimum spanning tree, and how to be rid of those that cannot.

A spanning tree whose weights are at least the mutual reachability of its edges bounds what matters: a pair farther
apart than the heaviest edge on the path between its ends would be the heaviest of the cycle that it closes, and it is
beyond both core distances, since no edge of a row weighs less than its core distance. Any pairs that were found make a
lighter such tree together with it, under which fewer of them are left: so the pairs can be sifted at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .cores import cores_at_most
from .ladder import Rows, Weights, ladder_of

MARGIN = 2e-5
"""Bounds are raised by this share: weights of an approximate tree are rounded to float32."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows `low` < `high` int64[p], once each; the squared chord of each is from `least` to `most`
    float32[p].
    """

    low: Rows
    high: Rows
    least: Float32
    most: Float32

    def __len__(self) -> int:
        return len(self.low)

    @property
    def nbytes(self) -> int:
        """The memory that the pairs take."""
        return self.low.nbytes + self.high.nbytes + self.least.nbytes + self.most.nbytes

    def take(self, which: NDArray[np.generic]) -> Pairs:
        """Return the pairs at these places, or where a mask is true."""
        return Pairs(self.low[which], self.high[which], self.least[which], self.most[which])


def all_pairs(parts: list[Pairs]) -> Pairs:
    """Return the pairs of all parts."""
    rows, chords = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    return Pairs(
        np.concatenate([rows, *(part.low for part in parts)]),
        np.concatenate([rows, *(part.high for part in parts)]),
        np.concatenate([chords, *(part.least for part in parts)]),
        np.concatenate([chords, *(part.most for part in parts)]),
    )


@dataclass(frozen=True)
class Tree:
    """The n - 1 edges `low` < `high` int64 of a spanning tree; `squared` float64: no squared mutual reachability of one
    is greater.
    """

    low: Rows
    high: Rows
    squared: Weights


def sifted(pairs: Pairs, tree: Tree, min_samples: int) -> tuple[Pairs, Tree]:
    """Return the pairs that can be edges or within a core distance, and a tree that is lighter by what they tell.

    pairs: of distinct rows, at least those already found that could matter. Time O(p log p).
    """
    tree = _lighter(tree, pairs, min_samples)
    bounds = ladder_of(tree.low, tree.high, tree.squared).between(pairs.low, pairs.high)
    return pairs.take(pairs.least <= bounds * (1 + MARGIN)), tree


def _lighter(tree: Tree, pairs: Pairs, min_samples: int) -> Tree:
    """Return the minimum spanning tree of a tree and pairs together."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    n = len(tree.low) + 1
    cores = cores_at_most(pairs.low, pairs.high, pairs.most, n, min_samples).astype(np.float64)
    np.minimum.at(cores, tree.low, tree.squared)
    np.minimum.at(cores, tree.high, tree.squared)
    weights = np.maximum(cores[pairs.low], cores[pairs.high])
    np.maximum(weights, pairs.most, out=weights)
    new, weights = _apart_from(tree, pairs, weights)
    weights = np.concatenate([tree.squared[new], weights])
    np.maximum(weights, np.finfo(np.float64).tiny, out=weights)  # 0 would be no edge
    graph = csr_matrix((weights, (_ends(tree.low[new], pairs.low), _ends(tree.high[new], pairs.high))), shape=(n, n))
    del weights  # the graph has its own, and a tree's are written over them
    found = minimum_spanning_tree(graph, overwrite=True).tocoo()
    low, high = np.minimum(found.row, found.col), np.maximum(found.row, found.col)
    return Tree(low.astype(np.int64), high.astype(np.int64), found.data)


def _ends(some: Rows, others: Rows) -> NDArray[np.int32]:
    """Return both one after the other, as narrow as a sparse matrix of fewer than 2^31 rows keeps them."""
    return np.concatenate([some, others], dtype=np.int32, casting="same_kind")


def _apart_from(tree: Tree, pairs: Pairs, weights: Weights) -> tuple[NDArray[np.bool_], Weights]:
    """Return which edges of the tree are no pairs, and the weights of pairs, no more than those of the same edges: a
    sparse matrix would add up the two.
    """
    n = len(tree.low) + 1
    keys, wanted = tree.low * n + tree.high, pairs.low * n + pairs.high
    order = np.argsort(keys)
    at = order[np.minimum(np.searchsorted(keys[order], wanted), n - 2)]
    same = np.flatnonzero(keys[at] == wanted)
    weights[same] = np.minimum(weights[same], tree.squared[at[same]])
    new = np.ones(n - 1, dtype=np.bool_)
    new[at[same]] = False
    return new, weights
