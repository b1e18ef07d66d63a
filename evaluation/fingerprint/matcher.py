"""The published sequence match: neighbours of each query segment vote for where the query begins, all are scored.

If row r of the database is a neighbour of query segment o, row r - o is a candidate for where the query begins. Its
score is the mean inner product of the query's segments with the rows that would lie under them, exact vectors whatever
the index keeps (Chang et al., 2021, `eval_faiss.py`). A shorter query that begins at the same segment has the
candidates and the sums of a longer one as far as it goes, so that all lengths are scored at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .layout import Stack

Rows = NDArray[np.int64]
KEPT = 10
Ends = Callable[[Rows], Rows]


def best_rows(
    query: Float32, neighbours: Rows, database: Stack, lengths: Sequence[int], ends: Ends | None = None
) -> tuple[Rows, NDArray[np.float64]]:
    """Return for each of the lengths the KEPT best rows at which the query may begin, best first, and their scores.

    query: float32[L, d], up to the longest of `lengths` segments; neighbours: int64[L, k], rows found for each of them,
    -1 for none; a length beyond L means all of the query. The result is int64[lengths, KEPT] and float64, -1 and -inf
    where there are fewer candidates; among equal scores the lower row comes first. Where a candidate reaches over the
    end of the database, the mean is over what lies inside it. ends: the row after the last of each row's song; a
    candidate that reaches beyond is none. None: songs may be crossed, as published.
    """
    candidates, first = _candidates(neighbours)
    position = candidates[:, None] + np.arange(len(query))
    inside = position < len(database)
    rows = database.take(np.minimum(position, len(database) - 1).ravel())
    products = np.einsum("cld,ld->cl", rows.reshape(*position.shape, database.dim), query, dtype=np.float64)
    totals = np.cumsum(np.where(inside, products, 0.0), axis=1)
    counts = np.cumsum(inside, axis=1)
    found = np.full((len(lengths), KEPT), -1, dtype=np.int64)
    scores = np.full((len(lengths), KEPT), -np.inf)
    stop = None if ends is None else ends(candidates)
    for place, length in enumerate(lengths):
        last = min(length, len(query)) - 1
        able = first < length
        if stop is not None:
            able &= candidates + last < stop
        score = totals[able, last] / counts[able, last]
        best = np.argsort(-score, kind="stable")[:KEPT]
        found[place, : len(best)] = candidates[able][best]
        scores[place, : len(best)] = score[best]
    return found, scores


def _candidates(neighbours: Rows) -> tuple[Rows, Rows]:
    """Return the rows, ascending, that a neighbour makes a candidate, and the first query segment that does so."""
    segment = np.broadcast_to(np.arange(len(neighbours))[:, None], neighbours.shape)
    begins = neighbours - segment
    usable = (neighbours >= 0) & (begins >= 0)
    candidates, at = np.unique(begins[usable], return_index=True)  # the first occurrence: segments come in order
    return candidates, segment[usable][at]
