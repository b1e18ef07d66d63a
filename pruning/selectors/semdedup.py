"""SemDeDup (Abbas et al., arXiv 2303.09540): of clips that say nearly the same, keep the one least like the others.

Within a cluster the clips are taken from the least to the most similar to the centroid, "hard examples first", as the
published code does by default. A clip goes where its cosine to an earlier one, kept or not, is above 1 - eps. Its score
against those before does not depend on eps: sorted by it, every prefix is the choice of some eps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.near import blocks
from ...schemas.vector import Float32
from .base import Float64, Selection, as_one, check_compared
from .registry import register


@register("semdedup")
@dataclass(frozen=True)
class SemDeDup:
    """Semantic deduplication. eps: clips whose cosine is above 1 - eps count as saying the same; 0 keeps all."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False
    knob: ClassVar[str] = "eps"

    eps: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 1:
            raise UsageError(
                f"eps is how far below 1 the cosine of two alike clips may be, from 0 to 1, not {self.eps}"
            )

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Order by how little a clip is like those before it; keep those that no earlier one is like.

        gains: 1 - the highest cosine to a clip taken before; 2 for the first taken. With weights the heaviest clips are
        taken first, hard examples first among those as heavy: so of clips that are alike the heaviest stays. O(m^2 d)
        time (100,000 clips of 512 dimensions: about a minute), O(m) memory beside the vectors and a block of cosines.
        Raises UsageError above MAX_COMPARED clips.
        """
        m = len(vectors)
        check_compared(m, self.name)
        to_centroid = vectors @ vectors.sum(axis=0, dtype=np.float64)
        taken = np.lexsort((to_centroid, np.zeros(m) if weights is None else -weights))
        gains = (1 - _highest_before(vectors[taken])).astype(np.float32)
        by_gain = np.argsort(-gains, kind="stable")
        return Selection(taken[by_gain], gains[by_gain], _alone(gains, self.eps))

    def select_at(
        self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None, values: Float64
    ) -> Selection:
        """Return the same, with where each eps cuts it."""
        found = self.select(vectors, rng, weights)
        return replace(found, cuts=np.array([_alone(found.gains, eps) for eps in values.tolist()]))


def _alone(gains: Float32, eps: float) -> int:
    return int((gains >= np.float32(eps)).sum())


def _highest_before(vectors: Float32) -> NDArray[np.float64]:
    """Return float64[m]: the highest cosine of each row of float32[m, d] to those above it; -1 for the first row."""
    highest = np.full(len(vectors), -1.0)
    for at in blocks(len(vectors), len(vectors)):
        cosines = vectors[at] @ vectors[: at.stop].T
        cosines[np.arange(at.start, at.stop)[:, None] <= np.arange(at.stop)] = -1.0
        highest[at] = cosines.max(axis=1)
    return as_one(highest)
