"""Mean distances within works and to others, as the da-TACOS study of audio embeddings takes them.

There, the sample of others is drawn anew and without a seed for every work; here a seed draws it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.distance import distance_sum
from ...schemas.vector import Float32

Means = NDArray[np.float64]


@dataclass(frozen=True)
class CliquesConfig:
    """samples: of the other clips, so many are drawn for each work, and all clips of their works are compared with.

    100 in the study. bins: of the histograms; seed: of the draw.
    """

    samples: int = 100
    bins: int = 40
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or self.bins < 2 or self.seed < 0:
            raise UsageError(
                f"samples is at least 1, bins 2 and the seed 0, not {self.samples}, {self.bins} and {self.seed}"
            )


@dataclass(frozen=True)
class CliqueDistances:
    """works: w names, sorted; sizes: int64[w], clips of each; inside: float64[w], NaN for a single clip; outside."""

    works: NDArray[np.str_]
    sizes: NDArray[np.int64]
    inside: Means
    outside: Means


def clique_distances(matrix: Float32, works: NDArray[np.str_], config: CliquesConfig) -> CliqueDistances:
    """Return the mean Euclidean distances of each work's clips, float32[n, d], to each other and to others.

    works: n names. inside: the mean over the clips of a work of the mean distance to its other clips; outside: the mean
    over them of the mean distance to all clips of those works that a sample of other clips falls on. The same rows in
    the same order give the same. Raises UsageError where there is but one work.
    """
    rows = matrix[np.argsort(works, kind="stable")]
    names, sizes = np.unique(works, return_counts=True)
    if len(names) < 2:
        raise UsageError(f"distances to others need two works or more; these {len(works)} clips are of {len(names)}")
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    random = np.random.default_rng(config.seed)
    inside, outside = np.full(len(names), np.nan), np.empty(len(names))
    for number, (begin, size) in enumerate(zip(bounds[:-1].tolist(), sizes.tolist(), strict=True)):
        own = rows[begin : begin + size]
        if size > 1:
            inside[number] = distance_sum(own, own) / (size * (size - 1))
        drawn = random.choice(len(rows) - size, min(config.samples, len(rows) - size), replace=False, shuffle=False)
        past = np.where(drawn >= begin, drawn + size, drawn)  # counted past the work's own rows
        hit = np.unique(np.searchsorted(bounds, past, side="right") - 1)
        others = np.concatenate([rows[bounds[work] : bounds[work + 1]] for work in hit.tolist()])
        outside[number] = distance_sum(own, others) / (size * len(others))
    return CliqueDistances(names, sizes, inside, outside)
