"""Jensen-Shannon pruning: thin out the closest pairs until the spread of similarities is as even as asked for.

p_S is the histogram of the cosines of all pairs in S, p_0 that of the whole cluster. Clips leave one by one: of the
closest pair that is left, the one more similar to all others. Among all the sets met on this way, the one is kept
whose p_S is nearest in Jensen-Shannon divergence (base 2; Lin, 1991) to (1 - t) p_0 + t uniform: the cluster's own
spread for t = 0, an even one for t = 1. The order does not depend on t, and the cut is the smallest of those at all
hundredths up to t: so a larger t keeps a subset, on any data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import UsageError
from ...schemas.vector import Float32
from .base import Float64, Selection
from .jsd_cut import cuts, step_of
from .jsd_dense import eliminate_dense
from .jsd_sparse import eliminate_sparse
from .registry import register

DENSE_ROWS = 4000
"""Up to so many clips all similarities are held (64 MB); above, those of the nearest neighbours."""


@register("jsd")
@dataclass(frozen=True)
class JSD:
    """Closest-pair elimination, cut by divergence.

    t: 0 keeps all, towards 1 removes more; it counts in hundredths, rounded, and any above 0 as one at least. bins: of
    the histogram.
    """

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False
    knob: ClassVar[str] = "t"

    t: float = 0.5
    bins: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            raise UsageError(f"t runs from 0 (keep all) to 1 (the most even spread), not {self.t}")
        if not 2 <= self.bins <= 256:
            raise UsageError(f"bins must be from 2 to 256, not {self.bins}")

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Order by elimination, the last to leave first; keep the prefix of lowest divergence.

        gains: 1 - cosine to the nearest of the clips before it. Of the closest pair the lighter clip leaves, however
        little lighter. Fewer than 3 clips are all kept; so are clips that are all equally far apart; of clips that are
        all identical one is kept, unless t is 0. Up to DENSE_ROWS clips O(m^2 d) time and 4 m^2 bytes; above, O(m k)
        memory for lists of k = 32, and the time of making those anew, some ten times (100,000 clips of 512 dimensions:
        about a minute).
        """
        return self._selected(vectors, weights, None)

    def select_at(
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None,
        values: Float64,
    ) -> Selection:
        """Return the same, with where each t cuts it."""
        return self._selected(vectors, weights, values)

    def _selected(self, vectors: Float32, weights: Float32 | None, values: Float64 | None) -> Selection:
        m = len(vectors)
        eliminate = eliminate_dense if m <= DENSE_ROWS else eliminate_sparse
        order, gains = eliminate(vectors, weights)
        steps = [step_of(t) for t in (self.t, *(() if values is None else values.tolist()))]
        kept = np.full(max(steps) + 1, m)
        if m >= 3 and max(steps):
            kept[1:] = cuts(vectors[order], max(steps), self.bins)
        return Selection(order, gains, int(kept[steps[0]]), None if values is None else kept[steps[1:]])
