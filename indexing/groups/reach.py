"""Which cells can hold rows within a score of the rows of which other cells: proven, or else measured on a sample."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...schemas.vector import Float32
from ..cells import Cells
from ..near import blocks, true_cells, within
from .shortened import SLACK

Rows = NDArray[np.int64]
Table = NDArray[np.bool_]

EXACT_WORK = 3e13
"""Products of two numbers that an exact answer may cost: some minutes on two cores. Beyond, a sample decides."""

MIN_RECALL = 0.999
"""Share of the pairs of a sample that must lie in cells that are looked at."""

SAMPLE_ROWS = 2000
SAMPLE_PAIRS = 1000
"""Rows compared with all others to measure recall; with fewer pairs than this it is not known, and all is searched."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reach:
    """Where to look.

    cells: bool[c, c], symmetric: whether rows of two cells are compared; recall: the share of all pairs that lie in
    such cells, 1.0 where that is proven, else as measured; exact: whether it is proven.
    """

    cells: Table
    recall: float
    exact: bool


def reach_of(matrix: Float32, rows: Rows, short: Float32, cells: Cells, min_score: float) -> Reach:
    """Return which cells to compare to find the pairs within `min_score`.

    matrix: float32[n, d], L2-normalised; rows: int64[m], those of its rows that the cells are made of; short:
    float32[m, w], their short vectors (shortened.py), sorted by cell.
    """
    proven = _proven(short, cells, min_score)
    sizes = cells.sizes.astype(np.float64)
    work = float(sizes @ proven @ sizes) / 2 * short.shape[1]
    if work > EXACT_WORK:
        found = _sampled(matrix, rows, cells, min_score)
        if found is not None:
            return found
        logger.info("too few pairs within %g in a sample to measure recall: all pairs are compared", min_score)
    return Reach(proven, 1.0, exact=True)


def _proven(short: Float32, cells: Cells, min_score: float) -> Table:
    """Return bool[c, c]: False where no row of one cell can be within the score of a row of the other.

    Between two centroids at a distance D, (|x - b|^2 - |x - a|^2) / 2D is how far x lies on the side of a from the
    plane halfway. Two rows on either side are at least the sum of both apart, and rows of length 1 with an inner
    product of s or more at most sqrt(2 - 2s). This holds for any centroids and any assignment to them.
    """
    centroids = cells.centroids
    depths = np.full((len(cells), len(cells)), np.inf, dtype=np.float32)
    lengths = np.einsum("ij,ij->i", centroids, centroids)

    def measure(cell: int) -> None:
        own = short[cells.starts[cell] : cells.starts[cell + 1]]
        towards = (centroids - centroids[cell]).T
        for at in blocks(len(own), len(cells)):
            nearest = lengths - lengths[cell] - 2 * (own[at] @ towards).max(axis=0)
            np.minimum(depths[cell], nearest, out=depths[cell])

    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(core_count()) as pool:
        list(pool.map(measure, range(len(cells))))
    exact = centroids.astype(np.float64)
    squares = np.einsum("ij,ij->i", exact, exact)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * exact @ exact.T, 0))
    farthest = np.sqrt(max(2 - 2 * min_score, 0) + 4 * SLACK)
    return np.asarray(depths + depths.T <= 2 * apart * farthest + SLACK)


def _sampled(matrix: Float32, rows: Rows, cells: Cells, min_score: float) -> Reach | None:
    """Return the fewest nearest cells that hold MIN_RECALL of a sample's pairs; None where it has too few pairs.

    One half of the sample chooses how many, the other half says what recall that gives.
    """
    one, other, half = _sample_pairs(matrix, rows, cells, min_score)
    if min(half.sum(), (~half).sum()) < SAMPLE_PAIRS:
        return None
    ranks = np.argsort(np.argsort(-_affinity(cells), axis=1, kind="stable"), axis=1, kind="stable")
    ranks = np.minimum(ranks, ranks.T)
    needed = ranks[one, other]
    count = int(np.quantile(needed[half], (1 + MIN_RECALL) / 2, method="higher")) + 1
    while (needed[~half] < count).mean() < MIN_RECALL:
        count += 1
    return Reach(ranks < count, float((needed[~half] < count).mean()), exact=False)


def _affinity(cells: Cells) -> Float32:
    """Return float32[c, c], higher for nearer centroids, a cell's own the highest."""
    lengths = np.einsum("ij,ij->i", cells.centroids, cells.centroids)
    affinity = 2 * cells.centroids @ cells.centroids.T - lengths
    np.fill_diagonal(affinity, np.inf)
    return np.asarray(affinity)


def _sample_pairs(matrix: Float32, rows: Rows, cells: Cells, min_score: float) -> tuple[Rows, Rows, Table]:
    """Return the cells of both ends of each pair of a sample of rows with any row, and which half of it has it."""
    sample = np.sort(np.random.default_rng(0).choice(len(rows), min(SAMPLE_ROWS, len(rows)), replace=False))
    half = np.random.default_rng(1).random(len(sample)) < 0.5
    cell = cells.cell_of()
    found: list[tuple[Rows, Rows]] = []
    for at in blocks(len(rows), len(sample)):
        near = within(matrix[rows[sample]], matrix[rows[at]], min_score)
        left, right = true_cells(near)
        apart = sample[left] != right + at.start
        found.append((left[apart], right[apart] + at.start))
    left, right = (np.concatenate(ends) for ends in zip(*found, strict=True))
    return cell[sample[left]], cell[right], half[left]
