"""The order in which each method would keep the clips of a pool: one order holds every kept share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..pruning.choice import choose
from ..pruning.config import PruneConfig
from ..schemas.vector import Float32
from ..training.order import generator

RANDOM, DISTINCT, UNIFORM = "random", "distinct", "uniform"
CHANCE = (RANDOM, DISTINCT, UNIFORM)
"""random: the same share of each cluster; uniform: of all; neither knows of duplicates. distinct: as random, once
duplicates are collapsed, as `prune random` does: a selector has to beat it to buy more than their removal does.
"""

_UNIFORM, _SPREAD = 1, 2
"""Streams of a repeat's seed: neither draw tells anything of the other, or of which clips are planted."""

Rows = NDArray[np.int64]


def method_ranks(matrix: Float32, method: str, config: PruneConfig) -> Rows:
    """Return int64[m], the rank of each row of float32[m, d] (unit length): the first r ranks are what r rows keep.

    method: one of CHANCE, or a selector, run as `prune` would with `config`. All see the same clusters and have the
    same noise policy.
    """
    if method == UNIFORM:
        return _places(generator(config.seed, _UNIFORM).permutation(len(matrix)))
    selector = RANDOM if method in CHANCE else method
    choice = choose(matrix, np.arange(len(matrix)), replace(config, selector=selector))
    return spread_ranks(choice.labels, config.seed) if method == RANDOM else choice.rank


def references(method: str) -> tuple[str, ...]:
    """Return the draws by chance that a method is compared with."""
    if method in CHANCE:
        return () if method == RANDOM else (RANDOM,)
    return (RANDOM, DISTINCT)


def spread_ranks(strata: NDArray[np.int32], seed: int) -> Rows:
    """Return int64[m], random ranks of which any first r hold about the same share of every stratum."""
    m = len(strata)
    rng = generator(seed, _SPREAD)
    shuffled = rng.permutation(m)
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    _, first, counts = np.unique(strata[order], return_index=True, return_counts=True)
    place = (np.arange(m) - np.repeat(first, counts) + 0.5) / np.repeat(counts, counts)
    return _places(order[np.lexsort((rng.permutation(m), place))])


def _places(order: Rows) -> Rows:
    """Return the rank of each row: the inverse of an order."""
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks
