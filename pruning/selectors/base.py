"""What a selector is: it orders the clips of one cluster, best to keep first, and says how many its criterion keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.near import ROUNDING, blocks
from ...schemas.vector import Float32

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]
Floats = TypeVar("Floats", bound=NDArray[np.floating[Any]])

MAX_COMPARED = 250_000
"""Clips of one cluster that are compared each with all others: about ten minutes of two cores, at 512 dimensions."""


@dataclass(frozen=True)
class Selection:
    """An order over the m clips of a cluster; every prefix of it is the selector's choice for that budget.

    order: int64[m], positions in the cluster, best to keep first; gains: float32[m], what each pick added given those
    before it; kept: how many of them the selector's criterion keeps; cuts: int64[g], how many it would keep at each of
    some values of its knob, where that was asked for (Tunable).
    """

    order: Rows
    gains: Float32
    kept: int
    cuts: Rows | None = None


class Selector(Protocol):
    """A frozen dataclass of its settings.

    Adding one is a file with `@register("name")` and a test file. A selector of this package is also named in
    registry.SELECTORS, by which its file is found; any other is known once its module is imported.
    """

    name: ClassVar[str]
    needs_keep: ClassVar[bool]
    """Whether it has no criterion of its own, so that a budget must be given."""

    def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
        """Order the rows of float32[m, d] (m >= 1, L2-normalised, sorted by clip id); all chance comes from `rng`.

        weights: float32[m], above 0; 1 is neutral, and a clip of a larger one is preferred. How, each selector says:
        facility, kcenter and medoid multiply what a pick would gain by it when candidates are compared, facility and
        kcenter but for the first pick, the medoid; random draws with chances in proportion to it; jsd and semdedup go
        by it first of all: of the closest pair the lighter clip leaves, of clips that are alike the heaviest stays.
        Coverage is measured without weights. No selector knows which clips are pinned.
        """


@runtime_checkable
class Tunable(Protocol):
    """What a selector may be besides: one whose order does not depend on the setting that cuts it, its knob."""

    @property
    def knob(self) -> str | None:
        """Return "eps" or "t", the setting that cuts the order; None where these settings leave it none."""

    def select_at(
        self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None, values: Float64
    ) -> Selection:
        """Return what `select` does, with its `cuts` at each of `values` (float64[g], ascending) of the knob."""


def as_one(cosines: Floats) -> Floats:
    """Make those cosines exactly 1 that differ from it by no more than rounding, in place, and return them."""
    cosines[cosines >= 1 - ROUNDING] = 1
    return cosines


def similarities(vectors: Float32) -> Float32:
    """Return the cosines float32[m, m] of L2-normalised rows; identical rows have exactly 1."""
    cosines = as_one(vectors @ vectors.T)
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
