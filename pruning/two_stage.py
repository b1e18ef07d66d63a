"""Selecting in a cluster that is too large for one node, in two stages (GreeDi: Mirzasoleiman, Karbasi, Sarkar and
Krause, "Distributed submodular maximization", NIPS 2013).

The cluster is cut at random into parts, the greedy selects in each, and then again among what all of them kept. Each
part covers its own clips as far as was asked, so all that they keep together stays: more than one greedy would keep,
as parts do not know of each other. The second stage ranks it. Of a budget of k clips, where every one of p parts kept
k, (1 + F) / 2, which is never negative, is at least (1 - 1/e)^2 / min(k, p) of what it is for the best k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .members import Members, Rows
from .selectors.base import Selection, Selector
from .selectors.facility import Facility

GIANT_ROWS = 1 << 20
"""Clips of a cluster above which it is cut, where workers select: 2 GB of vectors at 512 dimensions."""


def is_giant(members: Members, selector: Selector) -> bool:
    """Return whether a cluster is selected from in two stages: by facility location alone, whose greedy has the bound,
    and not where performances of works are layered.
    """
    can_be = isinstance(selector, Facility) and not members.by_policy and not members.layers.any()
    return can_be and len(members.rows) > GIANT_ROWS


def parts_of(members: Members) -> list[Members]:
    """Return a cluster in as few parts of at most GIANT_ROWS clips as there can be, drawn by its own chance."""
    count = -(-len(members.rows) // GIANT_ROWS)
    drawn = members.rng.permutation(len(members.rows))
    return [some(members, np.sort(places)) for places in np.array_split(drawn, count)]


def some(members: Members, places: Rows) -> Members:
    """Return the clips of a cluster at `places`, int64[p]."""
    weights = None if members.weights is None else members.weights[places]
    return replace(members, rows=members.rows[places], layers=members.layers[places], weights=weights)


def kept_of(members: Members, parts: Sequence[Members], found: Sequence[Selection]) -> Members:
    """Return what the parts of a cluster kept: the clips of the second stage."""
    rows = [part.rows[one.order[: one.kept]] for part, one in zip(parts, found, strict=True)]
    return some(members, np.searchsorted(members.rows, np.sort(np.concatenate(rows))))


def joined(
    members: Members, parts: Sequence[Members], found: Sequence[Selection], second: tuple[Members, Selection]
) -> Selection:
    """Return the selection in the whole cluster: what the second stage ranked, and then the rest of each part, those
    first that come early in theirs. All that the parts kept is kept; gains are those of the stage that ranked a clip.
    """
    union, ranked = second
    first = np.searchsorted(members.rows, union.rows[ranked.order])
    rest = [part.rows[one.order[one.kept :]] for part, one in zip(parts, found, strict=True)]
    early = np.concatenate([(np.arange(len(rows)) + 0.5) / max(1, len(rows)) for rows in rest])
    order = np.lexsort((np.concatenate(rest), early))
    last = np.searchsorted(members.rows, np.concatenate(rest)[order])
    gains = np.concatenate([one.gains[one.kept :] for one in found])[order]
    return Selection(
        np.concatenate([first, last]), np.concatenate([ranked.gains, gains]).astype(np.float32), len(union.rows)
    )
