"""Chance: the baseline that every other selector has to be compared with, at the same budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...schemas.vector import Float32
from .base import Selection
from .registry import register


@register("random")
@dataclass(frozen=True)
class Random:
    """A random order within each cluster, so that a budget takes the same share of every cluster."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = True

    def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
        """Return a permutation; nothing is gained, and nothing but a budget cuts it.

        With weights, the clips are drawn one by one without replacement, each with a chance in proportion to its weight
        (exponential clocks of that rate: Efraimidis and Spirakis, 2006).
        """
        m = len(vectors)
        order = rng.permutation(m) if weights is None else np.argsort(rng.exponential(size=m) / weights, kind="stable")
        return Selection(order, np.zeros(m, dtype=np.float32), m)
