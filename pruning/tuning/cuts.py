"""Where each value of the knob cuts the order of each cluster, or of each layer of one: selected once, for all values.

Clusters and duplicates are taken from the plan; its selector does again what it did, which gives the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from ...schemas.vector import Float32
from ..choice import Choice, Order
from ..config import PruneConfig
from ..layers import places_of
from ..members import Members, Tier, members_of
from ..selecting import noise_order
from ..selectors.base import Float64, Selection, Tunable
from ..wishes import Wishes

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cuts:
    """The r clips of n that are no copies, piece by piece (a cluster, or a layer of one), each best to keep first.

    rows: int64[r]; piece, place: int64[r], of each its piece and its place in that; gains: float32[r]; sizes, clusters,
    left: int64[p], of each piece how many clips it has, its cluster's number, the tier of those not kept; kept:
    int64[p, g], how many of it each value keeps; copies, scores: int64[n - r], float32[n - r], the copies and their
    scores.
    """

    rows: Rows
    piece: Rows
    place: Rows
    gains: Float32
    sizes: Rows
    clusters: Rows
    left: Rows
    kept: Rows
    copies: Rows
    scores: Float32

    def selected(self, value: int) -> Mask:
        """Return bool[n]: who is selected at a value, by its place in the grid."""
        selected = np.zeros(len(self.rows) + len(self.copies), dtype=np.bool_)
        selected[self.rows] = self._kept(value)
        return selected

    def order(self, value: int) -> Order:
        """Return the order of all n clips at a value, as `choose` would find it."""
        n, kept = len(self.rows) + len(self.copies), self._kept(value)
        order = Order(np.full(n, Tier.COPY), np.zeros(n), np.full(n, np.nan, dtype=np.float32))
        order.tier[self.rows] = np.where(kept, Tier.SELECTED, self.left[self.piece])
        order.place[self.rows] = self._places(kept)
        order.place[self.copies] = self.scores
        order.gains[self.rows] = self.gains
        return order

    def _kept(self, value: int) -> Mask:
        return np.asarray(self.place < self.kept[self.piece, value])

    def _places(self, kept: Mask) -> Float64:
        """Return float64[r]: the place in its cluster, whose layers are interleaved as `select_in_layers` does."""
        within = (self.place + 0.5) / self.sizes[self.piece]
        if len(np.unique(self.clusters)) == len(self.clusters):
            return np.asarray(within)
        cluster = self.clusters[self.piece]
        order = np.lexsort((within, ~kept, cluster))  # of equals the lower layer: it is stable
        sizes = np.bincount(cluster)
        places = np.empty(len(order))
        places[order] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.asarray((places + 0.5) / sizes[cluster])


def find_cuts(
    matrix: Float32,
    choice: Choice,
    wishes: Wishes,
    config: PruneConfig,
    selector: Tunable,
    values: Float64,
    progress: Progress,
) -> Cuts:
    """Return the cuts of float32[n, d], the clips of a choice, at `values` of the knob (float64[g], ascending).

    progress: hears of "selecting" by the clusters done.
    """
    rows = np.flatnonzero(~choice.is_duplicate)
    clusters = members_of(rows, choice.labels[rows], wishes, config)
    taken, found, numbers, left = [], [], [], []
    for number, members in enumerate(clusters):
        for own, selection in _pieces(matrix, members, selector, config.noise, values):
            taken.append(own[selection.order])
            found.append(selection)
            numbers.append(number)
            left.append(int(members.left))
        progress("selecting", number + 1, len(clusters))
    sizes = np.array([len(own) for own in taken], dtype=np.int64)
    copies = np.flatnonzero(choice.is_duplicate)
    return Cuts(
        rows=np.concatenate(taken),
        piece=np.repeat(np.arange(len(sizes)), sizes),
        place=np.concatenate([np.arange(size) for size in sizes]),
        gains=np.concatenate([selection.gains for selection in found]),
        sizes=sizes,
        clusters=np.array(numbers, dtype=np.int64),
        left=np.array(left, dtype=np.int64),
        kept=np.stack([np.full(len(values), one.kept) if one.cuts is None else one.cuts for one in found]),
        copies=copies,
        scores=choice.scores[copies],
    )


def _pieces(
    matrix: Float32, members: Members, selector: Tunable, noise: str, values: Float64
) -> Iterator[tuple[Rows, Selection]]:
    """Yield the rows of each layer of a cluster, and how they are selected from; noise: its policy."""
    if members.by_policy:
        yield members.rows, noise_order(matrix[members.rows], members, noise)
        return
    for places in places_of(members.layers):
        own = members.rows[places]
        weights = None if members.weights is None else members.weights[places]
        yield own, selector.select_at(matrix[own], members.rng, weights, values)
