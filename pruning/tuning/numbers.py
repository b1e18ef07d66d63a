"""What a setting of the sliders says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Numbers:
    """A plan at one setting.

    knob, value: what was set, "keep" to a budget, "eps" or "t" to a value that was looked up (the nearest to that asked
    for), or None and None for the plan as it was made. kept, clips: kept clips of the source and all of them;
    pool_kept, pool: the same of the clips that are pruned; kept_share: of these, 0 to 1; hours: of all kept clips of
    the source; coverage: of the pool, as PlanSummary has it, measured on a sample of very many; duplicates_left: kept
    clips of the pool with a duplicate that is kept before them, as SweepPoint has it.
    """

    knob: str | None
    value: float | int | None
    kept: int
    clips: int
    pool_kept: int
    pool: int
    kept_share: float
    hours: float
    coverage: float
    duplicates_left: int


@dataclass(frozen=True)
class Setting:
    """kept: bool[n], of all clips of the source, as the rows of a plan have it; numbers: what that comes to."""

    kept: NDArray[np.bool_]
    numbers: Numbers


@dataclass(frozen=True)
class Curve:
    """Numbers over budgets, from few clips to all, and over values of the knob, ascending; none without one."""

    budgets: tuple[Numbers, ...]
    values: tuple[Numbers, ...]
