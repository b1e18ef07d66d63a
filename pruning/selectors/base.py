"""What a selector is: it orders the clips of one cluster, best to keep first, and says how many its criterion keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.near import ROUNDING, blocks
from ...schemas.vector import Float32

MAX_DENSE = 30_000
"""Clips of one cluster whose similarities are held as one matrix (3.6 GB)."""

MAX_COMPARED = 250_000
"""Clips of one cluster that are compared each with all others: about ten minutes of two cores, at 512 dimensions."""


@dataclass(frozen=True)
class Selection:
    """An order over the m clips of a cluster; every prefix of it is the selector's choice for that budget.

    order: int64[m], positions in the cluster, best to keep first; gains: float32[m], what each pick added given those
    before it; kept: how many of them the selector's criterion keeps; coverage: the share of the cluster that the kept
    clips cover, measured on the vectors, where the criterion is coverage.
    """

    order: NDArray[np.int64]
    gains: Float32
    kept: int
    coverage: float | None = None


class Selector(Protocol):
    """A frozen dataclass of its settings. Adding one is one file with `@register("name")` and one test file."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool]
    """Whether it has no criterion of its own, so that a budget must be given."""

    def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
        """Order the rows of float32[m, d] (m >= 1, L2-normalised, sorted by clip id); all chance comes from `rng`.

        weights: float32[m], above 0; 1 is neutral, and a clip of a larger one is preferred: what a pick would gain is
        multiplied by it when candidates are compared, never when coverage is measured.
        """


def similarities(vectors: Float32) -> Float32:
    """Return the cosines float32[m, m] of L2-normalised rows; identical rows have exactly 1.

    Raises UsageError above MAX_DENSE rows, where the matrix would not fit.
    """
    if len(vectors) > MAX_DENSE:
        raise UsageError(
            f"a cluster of {len(vectors):,} clips is too large to select from at once (at most {MAX_DENSE:,}): "
            "lower min_cluster_size, or collapse more with a lower duplicate score"
        )
    cosines = vectors @ vectors.T
    cosines[cosines >= 1 - ROUNDING] = 1.0
    np.fill_diagonal(cosines, 1.0)
    return np.asarray(cosines, dtype=np.float32)


def check_compared(m: int, selector: str) -> None:
    """Raise UsageError where a cluster of m clips is too large for a selector that takes O(m^2 d) time."""
    if m > MAX_COMPARED:
        raise UsageError(
            f"{selector} compares each clip of a cluster with all others, and one has {m:,} (at most "
            f"{MAX_COMPARED:,}): use facility, whose time is not quadratic, or make smaller clusters"
        )


def medoid(vectors: Float32) -> int:
    """Return the row of float32[m, d] with the largest mean cosine to all rows; the first of several."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    return int(np.argmax(np.concatenate([vectors[at] @ mean for at in blocks(*vectors.shape)])))  # float64 is twice it
