"""Star groups: every member is within a score of one representative, so a chain of small steps never joins two ends.

Greedy: the row with the most neighbours takes all of them, then the next row that is still free, and so on. A row
becomes a representative only while no earlier representative has taken it, hence no two representatives (rows without
a group count as their own) are within the score of each other: what remains after collapsing the groups has no
duplicates left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .pairs import near_pairs

Rows = NDArray[np.int64]
Confirm = Callable[[int, Rows], Rows]


class Pairs(Protocol):
    """Who is near whom: counts int64[n], how many others are near each row; recall, the share of all pairs that was
    found; near(row), who, ascending.
    """

    @property
    def counts(self) -> Rows: ...  # noqa: D102

    @property
    def recall(self) -> float: ...  # noqa: D102

    def near(self, row: int) -> Rows: ...  # noqa: D102


def star_groups(
    matrix: Float32, min_score: float, prefer: Rows | None = None, confirm: Confirm | None = None
) -> list[Rows]:
    """Return the star groups of float32[n, d] (L2-normalised rows): two rows or more each, the representative first.

    As `stars_of`, of all pairs with a cosine of at least `min_score`.
    """
    return stars_of(matrix, near_pairs(matrix, min_score), prefer, confirm)


def stars_of(
    matrix: Float32,
    pairs: Pairs,
    prefer: Rows | None = None,
    confirm: Confirm | None = None,
    turns: Rows | None = None,
) -> list[Rows]:
    """Return the star groups of the near pairs of n rows: two rows or more each, the representative first.

    Rows with the most others near them come first as representatives, then those with the lowest `prefer` (int64[n];
    None: all alike), then the first row. Members are in row order. Only rows with others near them are visited.

    confirm: asked for each representative which of the rows near it, most similar first, belong to it; they come in the
    order it gives, by `matrix`, float32[n, d]. The counts are of candidates then, so that `prefer` goes before them.
    turns: int64[n], lower for rows that come before others as representatives, however few are near them.
    """
    rows = np.flatnonzero(pairs.counts)
    counts = pairs.counts[rows]
    preference = (np.zeros(len(pairs.counts), dtype=np.int64) if prefer is None else prefer)[rows]
    keys = (-counts, preference) if confirm else (preference, -counts)
    first = np.zeros(len(rows), dtype=np.int64) if turns is None else turns[rows]
    order = rows[np.lexsort((rows, *keys, first))]

    def near(row: int, free: NDArray[np.bool_]) -> Rows:
        candidates = pairs.near(row)
        return candidates[free[candidates]]

    def confirmed(row: int, free: NDArray[np.bool_]) -> Rows:
        candidates = near(row, free)
        nearest_first = np.lexsort((candidates, -(matrix[candidates] @ matrix[row])))
        return np.asarray(confirm(row, candidates[nearest_first])) if confirm else candidates

    return greedy_stars(order, confirmed if confirm else near)


def greedy_stars(order: Iterable[int], neighbours: Callable[[int, NDArray[np.bool_]], Rows]) -> list[Rows]:
    """Return star groups over rows for any notion of nearness.

    order: all rows with neighbours, best representative first; neighbours(row, free: bool[n]): the rows among the
    `free` that belong to `row`, in the order to list them. It is asked once per representative, so it may be as dear
    as aligning waveforms.
    """
    order = np.asarray(order, dtype=np.int64)
    free = np.zeros(order.max(initial=-1) + 1, dtype=np.bool_)
    free[order] = True
    groups = []
    for row in order:
        if not free[row]:
            continue
        free[row] = False
        members = neighbours(int(row), free)
        free[members] = False
        if len(members):
            groups.append(np.concatenate([[row], members]))
    return groups
