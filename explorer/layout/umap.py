"""UMAP (McInnes, Healy and Melville 2018), by umap-learn: near clips near each other; distances far off say little.

It starts from the principal axes rather than at random, which keeps the large features of the collection where they are
(Kobak and Linderman, Initialization is critical for preserving global data structure in both t-SNE and UMAP, 2021).
"""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import numpy as np

from ...errors import Unavailable
from ...progress import Progress, say, silent
from ...schemas.vector import Float32
from .pca import box

SETTINGS: dict[str, Any] = {"n_neighbors": 15, "min_dist": 0.1, "metric": "euclidean", "init": "pca"}
"""Of unit vectors, whose Euclidean distances are in the order of their cosines."""
_FEWEST = 4
"""Fewer clips than this have no neighbourhoods to speak of; they lie as the principal axes have them."""
_JITTER = 1e-4
"""How far clips are moved before the start, of an extent of 1, so that copies can part."""


def available() -> bool:
    """Return whether umap-learn is installed."""
    return importlib.util.find_spec("umap") is not None


def fit_umap(matrix: Float32, start: Float32, seed: int = 0, progress: Progress = silent) -> Float32:
    """Return float32[n, 2], boxed: the rows of float32[n, d] (unit length) by UMAP, from `start` (float32[n, 2]) on.

    Seeded, so on one thread, and the same each time. Raises Unavailable where umap-learn is not installed.
    """
    if not available():
        raise Unavailable("maps by umap need the package umap-learn; run `pip install 'echodex[map]'`")
    if len(matrix) < _FEWEST:
        return start
    say(progress, "umap compiles itself before it begins, which takes up to a minute")
    progress("umap", 0, len(matrix))
    points = _fit(matrix, start, seed)
    progress("umap", len(matrix), len(matrix))
    centre, scale = box(points)
    return np.clip((points - centre) / scale, -1, 1).astype(np.float32)


def _fit(matrix: Float32, start: Float32, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value .* overridden", category=UserWarning)
        import umap

        moved = start + np.random.default_rng(seed).normal(scale=_JITTER, size=start.shape)
        settings = SETTINGS | {"init": moved, "n_neighbors": min(SETTINGS["n_neighbors"], len(matrix) - 1)}
        return np.asarray(umap.UMAP(random_state=seed, n_jobs=1, **settings).fit_transform(matrix), dtype=np.float64)
