"""Facility location: keep the clips that best stand for all clips of their cluster.

F(S) = mean_i max_{s in S} cos(i, s) is submodular: picking the clip of largest gain each time comes within a factor
1 - 1/e of the best F of that many clips (Nemhauser, Wolsey and Fisher, 1978). Raw F is no use for a stop, as the
medoid alone often has F near 0.9. Hence coverage(S) = (F(S) - F({medoid})) / (1 - F({medoid})): 0 for the medoid, 1
for everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import UsageError
from ...indexing.identical import Classes, equal_rows
from ...indexing.neighbours.unfold import class_of
from ...schemas.vector import Float32
from .base import Float64, Rows, Selection, medoid, similarities
from .facility_cut import shortest_prefixes
from .facility_dense import dense_greedy
from .facility_sparse import GraphCovered, sparse_greedy
from .registry import register

DENSE_ROWS = 8192
"""Clips of one cluster whose cosines are held as one matrix (268 MB). Of larger ones lists of near clips are held."""


@register("facility")
@dataclass(frozen=True)
class Facility:
    """Greedy facility location. `eps`: the share of coverage that may be lost; 0 keeps every distinct clip."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False
    knob: ClassVar[str] = "eps"

    eps: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 1:
            raise UsageError(f"eps is the share of coverage that may be lost, from 0 to 1, not {self.eps}")

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Pick the medoid, then by largest gain; keep the shortest prefix of coverage at least 1 - eps.

        gains: how much each pick raises F, the medoid's being F({medoid}); above DENSE_ROWS clips, how much at least.
        Identical clips come last, with gain 0. With weights the medoid still comes first, the others by gain x weight.
        Up to DENSE_ROWS clips O(m^2 d) time and 4 m^2 bytes; above, O(m k) memory for lists of k = 128, made in
        O(m^2 d) up to 20,000 clips, cell by cell above (rough.py).
        """
        return (select_dense if len(vectors) <= DENSE_ROWS else select_sparse)(vectors, self.eps, weights)

    def select_at(
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None,
        values: Float64,
    ) -> Selection:
        """Return the same, with where each eps cuts it: the greedy's picks depend on none."""
        return (select_dense if len(vectors) <= DENSE_ROWS else select_sparse)(vectors, self.eps, weights, values)


def select_dense(vectors: Float32, eps: float, weights: Float32 | None, values: Float64 | None = None) -> Selection:
    """Return the exact greedy's choice from float32[m, d]: O(m^2) memory; values: of eps, to cut at besides."""
    order, won, lost = dense_greedy(similarities(vectors), medoid(vectors), weights)
    kept, *cuts = [int(np.argmax(lost <= most)) + 1 for most in _eps(eps, values) * lost[0]]
    return _selection(order, won, len(vectors), kept, None if values is None else cuts)


def select_sparse(vectors: Float32, eps: float, weights: Float32 | None, values: Float64 | None = None) -> Selection:
    """Return the choice from float32[m, d] by lists of near ones among the distinct rows: O(m k) memory.

    values: of eps, to cut at besides.
    """
    classes = equal_rows(np.ascontiguousarray(vectors), np.arange(len(vectors)))
    heads = _heads(classes, weights)
    distinct = vectors if len(heads) == len(vectors) else vectors[heads]
    first = int(class_of(classes)[medoid(vectors)])
    worth = None if weights is None else weights[heads]
    covered = GraphCovered(distinct, classes.sizes(), first, worth)
    order, added = sparse_greedy(covered, worth)
    asked = _eps(eps, values)
    cut = np.full(len(asked), len(order))
    cut[asked > 0] = shortest_prefixes(covered, order, asked[asked > 0] * covered.lost[0])
    kept, *cuts = cut.tolist()
    return _selection(heads[order], added / len(vectors), len(vectors), kept, None if values is None else cuts)


def _eps(eps: float, values: Float64 | None) -> Float64:
    """Return float64[1 + g]: the setting, and then the values asked for besides."""
    return np.array([eps]) if values is None else np.concatenate([[eps], values])


def _heads(classes: Classes, weights: Float32 | None) -> Rows:
    """Return int64[c]: of each class of identical rows the one of largest weight, the first of several."""
    if weights is None:
        return classes.firsts
    number = np.repeat(np.arange(len(classes.firsts)), classes.sizes())
    order = np.lexsort((classes.rows, -weights[classes.rows], number))
    return np.asarray(classes.rows[order[classes.starts[:-1]]])


def _selection(picks: Rows, won: Float64, m: int, kept: int, cuts: list[int] | None) -> Selection:
    """Return the selection of all m clips: behind the picks, those identical to one, by row."""
    copies = np.setdiff1d(np.arange(m), picks)
    gains = np.concatenate([won, np.zeros(len(copies))]).astype(np.float32)
    order = np.concatenate([picks, copies])
    return Selection(order, gains, kept, None if cuts is None else np.array(cuts, dtype=np.int64))
