from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echodex.pruning.clustering.ladder import Rows, Weights, ladder_of


def random_tree(n: int, seed: int, levels: int) -> tuple[Rows, Rows, Weights]:
    random = np.random.default_rng(seed)
    names = random.permutation(n)
    low = names[[random.integers(0, row) for row in range(1, n)]] if n > 1 else np.empty(0, np.int64)
    return low, names[1:], random.integers(0, levels, n - 1).astype(np.float64)


def heaviest(low: Rows, high: Rows, weights: Weights, n: int) -> Weights:
    """All paths of a tree, edge by edge, lightest first: what an edge joins has it as its heaviest."""
    table, component = np.zeros((n, n)), np.arange(n)
    for edge in np.argsort(weights, kind="stable"):
        one, other = component == component[low[edge]], component == component[high[edge]]
        table[np.ix_(one, other)] = table[np.ix_(other, one)] = weights[edge]
        component[other] = component[low[edge]]
    return table


@given(n=st.integers(1, 40), seed=st.integers(0, 1000), levels=st.integers(1, 50))
def test_the_highest_step_between_two_places_is_the_heaviest_edge_on_the_path(n: int, seed: int, levels: int) -> None:
    tree = random_tree(n, seed, levels)
    ladder = ladder_of(*tree)
    assert sorted(ladder.order.tolist()) == list(range(n))
    left, right = np.nonzero(~np.eye(n, dtype=np.bool_))
    assert ladder.between(left, right).tolist() == heaviest(*tree, n)[left, right].tolist()
