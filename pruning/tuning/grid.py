"""The values of a knob that a plan is told at: the hundredths of t, and of eps finer steps where little is left out."""

from __future__ import annotations

import numpy as np

from ..config import PruneConfig
from ..selectors.base import Float64, Tunable

_EPS_THOUSANDTHS = (*range(20), *range(20, 100, 5), *range(100, 300, 10), *range(300, 1001, 25))
_T_HUNDREDTHS = range(101)


def tunable(config: PruneConfig) -> tuple[str, Tunable] | None:
    """Return the setting that cuts the order of the selector, "eps" or "t", and it; None for one that has none."""
    selector = config.build_selector()
    if not isinstance(selector, Tunable) or selector.knob is None:
        return None
    return selector.knob, selector


def grid(knob: str, asked: float) -> Float64:
    """Return float64[g], ascending: the values from 0 to 1 to choose from, and the one that the plan was asked for."""
    steps = [step / 1000 for step in _EPS_THOUSANDTHS] if knob == "eps" else [step / 100 for step in _T_HUNDREDTHS]
    return np.unique([*steps, asked])
