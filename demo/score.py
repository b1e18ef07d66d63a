"""How well found duplicates agree with planted ones, counted in pairs.

A group of m files says that m (m - 1) / 2 pairs are duplicates. Pairs weigh a group by how much it claims, and treat
one group split in two, or two run together, as the partial errors that they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

Pair = tuple[str, str]


@dataclass(frozen=True)
class DuplicateScore:
    """Pairs planted, and found; the share of the planted that were found, and of the found that were planted.

    `recall` and `planted` are None where nothing is known of the truth, `precision` also where nothing was found.
    """

    planted: int | None
    found: int
    recall: float | None
    precision: float | None


def pairs(groups: Iterable[Iterable[str]]) -> set[Pair]:
    """Return every pair of members of one group, each in alphabetical order."""
    return {pair for group in groups for pair in combinations(sorted(set(group)), 2)}


def score_duplicates(found: Iterable[Iterable[str]], planted: Iterable[Iterable[str]] | None = None) -> DuplicateScore:
    """Return how `found` groups of names agree with `planted` ones; None: the truth is not known."""
    said = pairs(found)
    if planted is None:
        return DuplicateScore(None, len(said), None, None)
    true = pairs(planted)
    hits = len(said & true)
    return DuplicateScore(
        planted=len(true),
        found=len(said),
        recall=hits / len(true) if true else None,
        precision=hits / len(said) if said else None,
    )
