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

    def select(self, vectors: Float32, rng: np.random.Generator) -> Selection:
        """Return a permutation; nothing is gained, and nothing but a budget cuts it."""
        m = len(vectors)
        return Selection(rng.permutation(m), np.zeros(m, dtype=np.float32), m)
