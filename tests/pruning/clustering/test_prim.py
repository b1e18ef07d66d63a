from __future__ import annotations

import numpy as np
from hdbscan._hdbscan_linkage import mst_linkage_core
from hypothesis import given
from hypothesis import strategies as st

from echodex.pruning.clustering.prim import prim


@given(n=st.integers(2, 30), seed=st.integers(0, 1000), levels=st.integers(1, 400))
def test_takes_the_edges_that_hdbscan_takes_in_the_same_order(n: int, seed: int, levels: int) -> None:
    weights = np.random.default_rng(seed).integers(1, levels + 1, (n, n)).astype(np.float64)
    weights = np.minimum(weights, weights.T)
    low, high = np.triu_indices(n, 1)
    found = np.column_stack(prim(low, high, weights[low, high], n))
    assert found.tolist() == mst_linkage_core(weights).tolist()
