"""Bootstrap intervals over clips: how far a figure would move if other clips of the same kind had been tested.

Percentile intervals (Efron, 1979): clips are drawn with replacement, all classes of a clip together, and the figure is
worked out again. They say nothing of another training of the head; repeats in pairs do that (stats.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .curves import Areas, Bools, Counts, resampled_areas
from .stats import CONFIDENCE

_CELLS = 2**22
"""Numbers of one block of resamples that are in memory at once."""


@dataclass(frozen=True)
class Bounds:
    """The range that holds a figure in the middle `CONFIDENCE` of the resamples."""

    low: float
    high: float


def draws(n: int, resamples: int, seed: int) -> Iterator[Counts]:
    """Yield blocks int32[b, n], `resamples` rows in all: how often each of n clips is drawn when n are."""
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // n)
    for begun in range(0, resamples, block):
        b = min(block, resamples - begun)
        drawn = rng.integers(0, n, (b, n)) + n * np.arange(b)[:, None]
        yield np.bincount(drawn.ravel(), minlength=b * n).reshape(b, n).astype(np.int32)


def resampled_classes(truth: Bools, scores: Float32, resamples: int, seed: int) -> tuple[Areas, Areas]:
    """Return ROC-AUC and average precision per resample and class, float64[resamples, c] both, NaN where undefined.

    truth: bool[n, c]; scores: float32[n, c].
    """
    blocks = []
    for counts in draws(len(truth), resamples, seed):
        found = [resampled_areas(truth[:, k], scores[:, k], counts) for k in range(truth.shape[1])]
        blocks.append(np.stack([np.stack(areas, axis=1) for areas in zip(*found, strict=True)]))
    roc, precision = np.concatenate(blocks, axis=1)
    return roc, precision


def resampled_mean(values: NDArray[np.float64], resamples: int, seed: int) -> Areas:
    """Return float64[resamples]: the mean of float64[n] values, one per clip, NaN for clips that have none."""
    defined = ~np.isnan(values)
    filled = np.where(defined, values, 0.0)
    sums = [(counts @ filled, counts @ defined.astype(np.float64)) for counts in draws(len(values), resamples, seed)]
    total, count = (np.concatenate(parts) for parts in zip(*sums, strict=True))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def bounds(figures: Sequence[float] | Areas) -> Bounds:
    """Return the interval of the figures of resamples; those without one (NaN) are left out."""
    sample = np.asarray(figures, dtype=np.float64)
    low, high = np.nanquantile(sample, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Bounds(float(low), float(high))
