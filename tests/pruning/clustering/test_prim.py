from __future__ import annotations

import numpy as np
from hdbscan._hdbscan_linkage import mst_linkage_core
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.identical import equal_rows
from echodex.indexing.neighbours.unfold import class_of
from echodex.pruning.clustering.prim import prim


@given(n=st.integers(2, 30), seed=st.integers(0, 1000), levels=st.integers(1, 400), names=st.integers(1, 30))
def test_takes_the_edges_that_hdbscan_takes_in_the_same_order(n: int, seed: int, levels: int, names: int) -> None:
    random = np.random.default_rng(seed)
    classes = equal_rows(random.integers(0, names, (n, 1)).astype(np.float32), np.arange(n))
    c = len(classes.firsts)
    weights = random.integers(1, levels + 1, (c, c)).astype(np.float64)
    weights = np.minimum(weights, weights.T)
    cores = np.where(np.eye(c), np.inf, weights).min(axis=1, initial=levels)
    low, high = np.triu_indices(c, 1)
    found = np.column_stack(prim(low, high, weights[low, high], cores, classes))
    np.fill_diagonal(weights, cores)
    own = class_of(classes)
    assert found.tolist() == mst_linkage_core(np.ascontiguousarray(weights[np.ix_(own, own)])).tolist()
