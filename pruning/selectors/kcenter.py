"""k-centre: the next clip is always the one farthest from those kept so far (Gonzalez, 1985).

This is the reading of `eps` in the published CLMR pruning fork (`--compat farthest`): coverage(k) = 1 - mean_i min_{s
in S_k} D_is, D the Euclidean distances of the cluster divided by their largest, S_k the first k of the farthest-point
order from the medoid. Unlike the fork, the clips that are kept are those S_k whose coverage was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import UsageError
from ...schemas.vector import Float32
from .base import Selection, similarities
from .registry import register


@register("kcenter")
@dataclass(frozen=True)
class KCenter:
    """Farthest-point order from the medoid. `eps`: the share of coverage, as the fork measures it, that may be lost."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False

    eps: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 1:
            raise UsageError(f"eps is the share of coverage that may be lost, from 0 to 1, not {self.eps}")

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Order by distance to what was picked before; keep the shortest prefix of coverage at least 1 - eps.

        gains: that distance (chord, 0 to 2) when the clip was picked; 2 for the medoid.
        """
        distances = np.sqrt(np.maximum(2 - 2 * similarities(vectors), 0))
        scale = float(distances.max()) or 1.0
        pick = int(np.argmin(distances.mean(axis=1, dtype=np.float64)))
        worth = np.ones(len(vectors), dtype=np.float32) if weights is None else weights
        nearest = np.full(len(vectors), np.float32(2.0))
        free = np.ones(len(vectors), dtype=np.bool_)
        order, gains, lost = [], [], []
        for _ in range(len(vectors)):
            order.append(pick)
            gains.append(nearest[pick])
            free[pick] = False
            nearest = np.minimum(nearest, distances[pick])
            lost.append(float(nearest.mean(dtype=np.float64)) / scale)
            pick = int(np.argmax(np.where(free, nearest * worth, -1)))
        kept = int(np.argmax(np.array(lost) <= self.eps)) + 1
        return Selection(np.array(order, dtype=np.int64), np.array(gains, dtype=np.float32), kept)
