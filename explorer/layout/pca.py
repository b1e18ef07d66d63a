"""The first two principal axes: a map that is there in seconds, the same on every machine, and exact for new clips.

The axes are those of the covariance (Pearson 1901), which blocks of rows add up to: no second matrix is ever held. Each
block is one product on one thread and the sums are added in order, so that the answer does not depend on threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.pipeline import in_order

Float64 = NDArray[np.float64]
T = TypeVar("T")

_BLOCK_VALUES = 1 << 21
"""Numbers of a block: 16 MB as float64."""
_TIE = 1e-6
"""Parts of an axis that differ by less than this share count as equally long: the first of them settles the sign."""
_NO_EXTENT = 1e-7
"""Points of unit vectors that differ by less than this lie on one spot: what differs is rounding."""


@dataclass(frozen=True)
class Projection:
    """Where a vector float[d] lies: axes @ vector + offset. axes: float64[2, d]; offset: float64[2]."""

    axes: Float64
    offset: Float64

    def apply(self, matrix: Float32) -> Float32:
        """Return float32[n, 2]: where the rows of float32[n, d] lie."""
        return self._wide(matrix).astype(np.float32)

    def scaled(self, factor: float) -> Projection:
        """Return the projection that puts everything at `factor` times where this one does."""
        return Projection(self.axes * factor, self.offset * factor)

    def boxed(self, matrix: Float32) -> Projection:
        """Return the projection that also moves and scales so that the rows of `matrix` fill [-1, 1] on their longer
        axis.
        """
        centre, scale = box(self._wide(matrix))
        return Projection(self.axes / scale, (self.offset - centre) / scale)

    def _wide(self, matrix: Float32) -> Float64:
        with threadpool_limits(limits=1, user_api="blas"):
            parts = list(_over_blocks(lambda at: matrix[at] @ self.axes.T + self.offset, matrix))
        return np.concatenate([np.zeros((0, 2)), *parts])


def fit_pca(matrix: Float32, progress: Progress = silent) -> Projection:
    """Return the projection of float32[n, d] on its first two principal axes, boxed; `progress` counts rows.

    The part of an axis that is longest is positive. Fewer than two dimensions leave an axis of zeros, and what no rows
    extend along is one of several axes.
    """
    from scipy.linalg import eigh

    dim = matrix.shape[1]
    axes = np.zeros((2, dim))
    if not matrix.size:
        return Projection(axes, np.zeros(2))
    mean = matrix.mean(axis=0, dtype=np.float64)
    found = min(2, dim)
    with threadpool_limits(limits=1, user_api="blas"):
        covariance = _scatter(matrix, mean, progress)
        vectors = eigh(covariance, subset_by_index=[dim - found, dim - 1])[1]
    axes[:found] = vectors.T[::-1]
    lengths = np.abs(axes)
    settles = (lengths >= lengths.max(axis=1, keepdims=True) * (1 - _TIE)).argmax(axis=1)
    axes *= np.where(axes[[0, 1], settles] < 0, -1.0, 1.0)[:, None]
    return Projection(axes, -axes @ mean).boxed(matrix)


def box(points: Float64) -> tuple[Float64, float]:
    """Return the middle float64[2] of float64[n, 2] and half its longer extent, 1 where it has none."""
    if not len(points):
        return np.zeros(2), 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2
    return (low + high) / 2, half if half > _NO_EXTENT else 1.0


def _scatter(matrix: Float32, mean: Float64, progress: Progress) -> Float64:
    """Return float64[d, d]: the sum over rows of the outer products of what is left without the mean."""

    def of_block(at: slice) -> tuple[int, Float64]:
        block = matrix[at] - mean
        return at.stop, block.T @ block

    total = np.zeros((matrix.shape[1],) * 2)
    for done, part in _over_blocks(of_block, matrix):
        total += part
        progress("principal axes", done, len(matrix))
    return total


def _over_blocks(work: Callable[[slice], T], matrix: Float32) -> Iterator[T]:
    step = max(1, _BLOCK_VALUES // matrix.shape[1])
    slices = (slice(first, min(first + step, len(matrix))) for first in range(0, len(matrix), step))
    return in_order(work, slices, ahead=2 * core_count())
