"""How the learning rate falls over the steps of a training, without a warm-up, as published.

Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
"""

from __future__ import annotations

import math

PERIODS = 10
"""The first restart is after this part of the steps; every further period is twice as long."""


def rate_factor(schedule: str, alpha: float, steps: int, step: int) -> float:
    """Return what the learning rate is multiplied by in step `step` (from 0) of `steps`: from 1 to `alpha`."""
    if schedule == "none":
        return 1.0
    share = min(step / max(steps, 1), 1.0)
    if schedule == "restarts":
        share = PERIODS * step / max(steps, 1)
        period = math.floor(math.log2(share + 1))
        share = (share + 1) / 2**period - 1
    return (1 - alpha) * 0.5 * (1 + math.cos(math.pi * share)) + alpha
