"""Vectors that are made up: for tests and for trying an index without audio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLUSTERS = 20


def clustered(n: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    """Return float32[n, dim], rows of unit length in 20 clusters; the clusters are those of `seed` too."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(CLUSTERS, dim))
    rows = centres[random.integers(CLUSTERS, size=n)] + 0.5 * random.normal(size=(n, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
