"""A selector's knob: who is kept at each of its values, and what is needed to make the plan of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...progress import Progress
from ..choice import Choice, Ranked, ranked
from ..config import PruneConfig
from ..material import Material
from ..selectors.base import Float64
from ..wishes import Wishes, wishes_of
from .cuts import Cuts, find_cuts
from .grid import grid, tunable

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Knob:
    """name: "eps" or "t"; values: float64[g], ascending; cuts: of the n clips of a choice; choice, wishes,
    min_per_label: what decides on ranks besides.
    """

    name: str
    values: Float64
    cuts: Cuts
    choice: Choice
    wishes: Wishes
    min_per_label: int

    def nearest(self, value: float) -> int:
        """Return the place of the value nearest to one asked for; UsageError for one that no selector would take."""
        if not 0 <= value <= 1:
            raise UsageError(f"{self.name} is from 0 to 1, not {value}")
        return int(np.argmin(np.abs(self.values - value)))

    def ranked(self, place: int) -> Ranked:
        """Return the ranks at the value of a place, and who is kept for what: as `choose` finds them."""
        choice = self.choice
        return ranked(self.cuts.order(place), choice.labels, choice.duplicate_of, self.wishes, self.min_per_label)

    def kept(self) -> Mask:
        """Return bool[g, n]: who is kept at each value. Ranks have no say in it unless labels need their best."""
        places = range(len(self.values))
        if self.min_per_label:
            return np.stack([self.ranked(place).selected for place in places])
        always = self.wishes.pinned if self.wishes.alone is None else self.wishes.pinned | self.wishes.alone
        return np.stack([self.cuts.selected(place) | always for place in places])


def find_knob(material: Material, choice: Choice, config: PruneConfig, progress: Progress) -> Knob | None:
    """Return the knob of a plan's selector, None for one that has none; the selector chooses in each cluster again."""
    found = tunable(config)
    if found is None:
        return None
    name, selector = found
    values, wishes = grid(name, getattr(config, name)), wishes_of(material, config)[1]
    cuts = find_cuts(material.pooled, choice, wishes, config, selector, values, progress)
    return Knob(name, values, cuts, choice, wishes, config.min_per_label)
