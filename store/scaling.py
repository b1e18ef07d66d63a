"""Features brought to one scale, column by column, where they are used: stored, they stay as they came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32, Vectors
from .store import Store
from .where import equals

_CONSTANT = 1e-6
"""A column that varies by less than this share of its mean is taken to be constant."""

Columns = NDArray[np.float64]


def column_scales(matrix: Float32) -> tuple[Columns, Columns]:
    """Return mean and deviation, float64[d] both, of the columns of float32[n, d]; 1 for one that does not vary."""
    mean, deviation = matrix.mean(axis=0, dtype=np.float64), matrix.std(axis=0, dtype=np.float64)
    varies = deviation > _CONSTANT * np.maximum(np.abs(mean), _CONSTANT)
    return mean, np.where(varies, deviation, 1.0)


def stored_vectors(
    store: Store,
    space: str | None = None,
    *,
    view: str | None = None,
    where: str | None = None,
    standardise: bool = False,
) -> Vectors:
    """Return one vector per usable clip of a space as it is stored, the mean of its segments, not normalised.

    standardise: bring each column to mean 0 and deviation 1 over the clips of split `train`, whether they are asked for
    or not, or over those asked for where the space has none.
    """
    found = store.vectors(space, view=view, where=where, normalise=False)
    if not standardise or not len(found):
        return found
    taught = store.vectors(found.space.name, where=equals("split", "train"), normalise=False)
    mean, deviation = column_scales(taught.matrix if len(taught) else found.matrix)
    return replace(found, matrix=((found.matrix - mean) / deviation).astype(np.float32))
