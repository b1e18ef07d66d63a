"""The medoid: the one clip that stands best for its cluster, and the others by how near they are to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...schemas.vector import Float32
from .base import Selection, medoid
from .registry import register


@register("medoid")
@dataclass(frozen=True)
class Medoid:
    """Keep one clip of each cluster, its medoid; a budget takes those nearest to it next."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Order by cosine to the medoid, the clip with the largest mean cosine to all.

        gains: (1 + cosine to the medoid) / 2. With weights the medoid stays what it is; the others go by gain x weight.
        O(m d) time.
        """
        first = medoid(vectors)
        gains = ((1 + vectors @ vectors[first]) / 2).astype(np.float32)
        wanted = gains * (1 if weights is None else weights)
        wanted[first] = np.inf
        order = np.argsort(-wanted, kind="stable")
        return Selection(order, gains[order], 1)
