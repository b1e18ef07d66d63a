"""The fitted layer of `timbre`: standardise, clip, project on the principal axes, half-whiten, scale to unit length.

Half-whitening divides a coordinate by the square root of its deviation: rare directions gain on common ones, and noise
does not drown all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..errors import BadInput
from ..schemas.vector import Float32

CLIP_SIGMA = 5.0
WHITENING = 0.5
"""Power to which the deviation along an axis is divided out: 0 is plain PCA, 1 full whitening."""


@dataclass(frozen=True)
class Projection:
    """mean, std: float32[raw], of the statistics; projection: float32[dim, raw]; offset: float32[dim]."""

    mean: Float32
    std: Float32
    projection: Float32
    offset: Float32

    def apply(self, raw: Float32) -> Float32:
        """Return float32[n, dim], rows of unit length, of `raw` float32[n, raw]; each row on its own, without BLAS."""
        vectors = [self._apply_one(row) for row in raw]
        return np.stack(vectors) if vectors else np.empty((0, len(self.offset)), np.float32)

    def _apply_one(self, row: Float32) -> Float32:
        standard = np.clip((row - self.mean) / self.std, np.float32(-CLIP_SIGMA), np.float32(CLIP_SIGMA))
        vector = np.einsum("dr,r->d", self.projection, standard) + self.offset
        unit: Float32 = vector / max(np.sqrt(np.einsum("d,d->", vector, vector)), np.finfo(np.float32).tiny)
        return unit

    def arrays(self) -> dict[str, Float32]:
        """Return the four arrays by name."""
        return {"mean": self.mean, "std": self.std, "projection": self.projection, "offset": self.offset}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], raw: int, dim: int) -> Projection:
        """Return the projection that `arrays()` wrote; raise BadInput where one is missing, unknown or misshapen."""
        shapes = {"mean": (raw,), "std": (raw,), "projection": (dim, raw), "offset": (dim,)}
        if set(arrays) != set(shapes):
            raise BadInput(
                f"a projection has the arrays {', '.join(sorted(shapes))}, not {', '.join(sorted(arrays)) or 'none'}"
            )
        for name, shape in shapes.items():
            if arrays[name].shape != shape or arrays[name].dtype != np.float32:
                raise BadInput(
                    f"{name} must be float32{list(shape)}, not {arrays[name].dtype}{list(arrays[name].shape)}"
                )
        return cls(**{name: np.ascontiguousarray(arrays[name]) for name in shapes})


def fit_projection(raw: Float32, dim: int) -> Projection:
    """Return the projection of float32[n, raw] to `dim` axes; the same rows in the same order give the same bits.

    Sums in float64 with one thread, each axis turned so that its largest entry is positive. Raises BadInput for fewer
    than dim + 1 rows and for values that are not finite.
    """
    if len(raw) <= dim or raw.shape[1] < dim:
        raise BadInput(
            f"a projection to {dim} dimensions needs more rows and columns than {raw.shape[0]} and {raw.shape[1]}"
        )
    if not np.isfinite(raw).all():
        raise BadInput(
            f"row {int(np.argmin(np.isfinite(raw).all(axis=1)))} of the statistics is not finite: leave that clip out"
        )
    mean, std = raw.mean(axis=0, dtype=np.float64), raw.std(axis=0, dtype=np.float64)
    mean32, std32 = mean.astype(np.float32), np.where(std > 1e-6, std, 1.0).astype(np.float32)
    standard = np.clip((raw - mean32) / std32, -CLIP_SIGMA, CLIP_SIGMA).astype(np.float64)
    centre = standard.mean(axis=0)
    standard -= centre
    with threadpool_limits(limits=1, user_api="blas"):
        covariance = standard.T @ standard / (len(raw) - 1)
        last = len(covariance) - 1
        variances, axes = scipy.linalg.eigh(covariance, subset_by_index=(last - dim + 1, last), driver="evr")
        scaled = _scaled(variances[::-1], axes[:, ::-1].T)
        offset = -(scaled @ centre)
    return Projection(mean32, std32, np.ascontiguousarray(scaled, np.float32), offset.astype(np.float32))


def _scaled(variances: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the axes, float64[dim, raw], divided by deviation ** WHITENING; an axis without variance becomes zero."""
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    kept = variances > 1e-9 * max(variances[0], 1e-9)
    scale = np.where(kept, np.where(kept, variances, 1.0) ** (-WHITENING / 2), 0.0)
    scaled: NDArray[np.float64] = axes * (signs * scale)[:, None]
    return scaled
