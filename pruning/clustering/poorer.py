"""Neighbour lists that miss as much as those of a larger set, for a sample that is small enough for exact ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...indexing.cells import Cells, make_cells
from ...indexing.identical import equal_rows
from ...indexing.neighbours.graph_search import GraphSearch, cell_order, cell_ranks
from ...indexing.neighbours.nearest import CellFinder, ExactFinder
from ...schemas.vector import Float32
from .joining import PROBES, Lists, list_length

Rows = NDArray[np.int64]


def poorer_lists(matrix: Float32, min_samples: int, recall: float, *, seed: int = 0) -> Lists:
    """Return lists of float32[n, d] (L2-normalised rows, n >= 2) as a graph's search makes them, through cells.

    Each row looks into as many cells as find no more than a share `recall` (below 1) of the true neighbours, or as near
    to that as there is. All neighbours are known here: O(n^2 d) time.
    """
    n, k = len(matrix), list_length(len(matrix), min_samples)
    classes = equal_rows(matrix, np.arange(n))
    distinct = matrix[classes.firsts]
    blank = np.asarray(~distinct.any(axis=1))
    cells = make_cells(distinct, seed=seed)
    near = ExactFinder(distinct, blank).nearest(np.arange(len(distinct)), k)[0]
    shares = found_shares(cells, cell_order(cells, distinct), near)
    enough = np.flatnonzero(shares <= recall)
    probes = 1 + int(enough[-1] if len(enough) else shares.argmin())
    search = GraphSearch(
        classes, CellFinder(distinct, blank, cells, probes), k, np.empty(0, np.int64), np.empty((0, k), np.float32)
    )
    ids = np.full((n, k), -1, dtype=np.int64)
    for found in search.blocks(np.zeros(n, dtype=np.bool_)):
        ids[found.rows] = found.ids
    everywhere = cells if len(distinct) == n else make_cells(matrix, seed=seed)
    return Lists(ids, float(shares[probes - 1]), everywhere, max(PROBES, probes))


def found_shares(cells: Cells, order: Rows, near: Rows) -> NDArray[np.float64]:
    """Return float64[c]: the share of the neighbours `near` int64[n, m] that a search of 1, 2, ... c cells finds.

    order: int64[n, c], the cells by how near they are to each row. A row whose cells hold no m others is compared with
    all (CellFinder).
    """
    ranks = cell_ranks(cells, order, near)
    few = np.cumsum(cells.sizes[order], axis=1) <= near.shape[1]
    return np.array([(few[:, [last]] | (ranks <= last)).mean() if ranks.size else 1.0 for last in range(len(cells))])
