"""How often something is found that is not there: queries of which nothing is in the collection, and their matches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...schemas.hit import Match
from .finder import Finder
from .listen import Heard


@dataclass(frozen=True)
class FalseAlarms:
    """queries: how many were asked; alarms: those that matched, by their number, and their surest match."""

    queries: int
    alarms: tuple[tuple[int, Match], ...]

    @property
    def rate(self) -> float:
        """Share of the queries that matched, in [0, 1]."""
        return len(self.alarms) / max(self.queries, 1)

    @property
    def rate_at_most(self) -> float:
        """What the true rate is below with 95 % confidence (Clopper and Pearson, 1934)."""
        from scipy.stats import beta

        missing = self.queries - len(self.alarms)
        return float(beta.ppf(0.95, len(self.alarms) + 1, missing)) if missing else 1.0


def false_alarms(finder: Finder, queries: Iterable[Heard]) -> FalseAlarms:
    """Return which of `queries`, of none of which anything is in the collection, match nevertheless."""
    alarms, number = [], -1
    for number, heard in enumerate(queries):
        matches = finder.matches(heard)
        if matches:
            alarms.append((number, matches[0]))
    return FalseAlarms(number + 1, tuple(alarms))
