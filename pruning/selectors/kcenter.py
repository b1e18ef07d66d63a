"""k-centre: the next clip is always the one farthest from those kept so far (Gonzalez, 1985).

coverage(S) = 1 - mean_i D_i(S) / mean_i D_i({medoid}), D_i(S) the chord distance of clip i to the nearest of S: 0 for
the medoid alone and 1 for everything, as for facility location. How the published CLMR pruning fork counts and chooses
is had by `compat` (fork.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...errors import UsageError
from ...schemas.vector import Float32
from .base import Float64, Selection, check_compared, medoid
from .farthest import farthest_order
from .fork import READINGS, fork_selection
from .registry import register


@register("kcenter")
@dataclass(frozen=True)
class KCenter:
    """Farthest-point order from the medoid.

    eps: the share of coverage that may be lost; 0 keeps every distinct clip. compat: "" or a reading of the published
    CLMR pruning fork, "farthest", "mean_distance", "k_medoids" or "dpp": eps is then a loss of the fork's coverage, and
    those clips are kept that the fork would keep (fork.py). Weights have no part in the fork's readings.
    """

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False

    eps: float = 0.05
    compat: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 1:
            raise UsageError(f"eps is the share of coverage that may be lost, from 0 to 1, not {self.eps}")
        if self.compat not in ("", *READINGS):
            raise UsageError(f"compat is one of {', '.join(READINGS)}, not {self.compat!r}; leave it out for k-centre")

    @property
    def knob(self) -> str | None:
        """None where `compat` is set: who is kept is another matter for each eps of the fork."""
        return None if self.compat else "eps"

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Order by distance to what was picked before; keep the shortest prefix of coverage at least 1 - eps.

        gains: that distance (chord, 0 to 2) when the clip was picked; 2 for the medoid. Every clip is ranked, in O(m d)
        each: O(m^2 d) time (100,000 clips of 512 dimensions: minutes), O(m) memory beside the vectors and a block of
        distances. Raises UsageError above MAX_COMPARED clips.
        """
        check_compared(len(vectors), self.name)
        if self.compat:
            return Selection(*fork_selection(vectors, self.compat, self.eps))
        return self._selected(vectors, weights, None)

    def select_at(
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None,
        values: Float64,
    ) -> Selection:
        """Return the same, with where each eps cuts it; not for `compat`."""
        check_compared(len(vectors), self.name)
        return self._selected(vectors, weights, values)

    def _selected(self, vectors: Float32, weights: Float32 | None, values: Float64 | None) -> Selection:
        found = farthest_order(vectors, medoid(vectors), weights)
        eps = (self.eps, *(() if values is None else values.tolist()))
        kept = np.array([int(np.argmax(found.lost <= one * found.lost[0])) + 1 for one in eps])
        return Selection(found.order, found.gains, int(kept[0]), None if values is None else kept[1:])
