"""The symmetric closure of a kNN graph: neighbours of each other, whichever of the two lists the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ...schemas.graph import Graph
    from .graph_search import Neighbours


def closure(graph: Graph | Neighbours) -> csr_matrix:
    """Return the cosines float32[n, n], sparse, of all pairs of which either row lists the other; both directions.

    Columns ascend within a row. A cosine of 0 is stored like any other, so that `nnz` counts edges. Memory O(n k).
    """
    from scipy.sparse import csr_matrix

    n, k = graph.ids.shape
    listed = graph.ids.ravel() >= 0
    one, other = np.repeat(np.arange(n), k)[listed], graph.ids.ravel()[listed]
    pairs = np.concatenate([one * n + other, other * n + one])  # int64: a sort by one key, not two
    pairs, first = np.unique(pairs, return_index=True)
    scores = np.tile(graph.scores.ravel()[listed], 2)[first]
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs // max(1, n), minlength=n))])
    return csr_matrix((scores, pairs % max(1, n), starts), shape=(n, n))
