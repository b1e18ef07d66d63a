"""A plan that moves: what it would keep at any budget, and at any value of its selector's eps or t, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..pruning.tuning import Curve, Setting
    from ..pruning.tuning import Tuned as PruningTuned
    from .store import Store
    from .views import Plan


@dataclass(frozen=True)
class Tuned:
    """A plan at every budget and every value of its knob; what takes time was done once, by `Plan.tune`."""

    store: Store
    tuned: PruningTuned

    @property
    def knob(self) -> str | None:
        """The setting that cuts the order of the plan's selector: "eps" or "t"; None for one that has none."""
        return self.tuned.knob

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the knob to choose from, ascending."""
        return self.tuned.values

    def at(self, *, keep: float | None = None, eps: float | None = None, t: float | None = None) -> Setting:
        """Return who is kept at a budget, or at the value nearest to one of the knob, and the numbers: clips, hours,
        coverage, duplicates left.
        """
        return self.tuned.at(keep, eps, t)

    def curve(self, points: int = 40) -> Curve:
        """Return the numbers at so many budgets, and at as many values of the knob."""
        return self.tuned.curve(points)

    def plan(self, *, keep: float | None = None, eps: float | None = None, t: float | None = None) -> Plan:
        """Return the plan at a setting, to be saved: what pruning anew with it would give."""
        from .views import Plan

        return Plan(self.store, self.tuned.plan(keep, eps, t))
