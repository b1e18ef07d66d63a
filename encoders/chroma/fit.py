"""The fitted layer of `chroma`: axes per harmonic, and the projection of their products; and what ships with it.

A small store has too few clips to tell which directions matter in general, so every fit also sees `COMPANIONS` clips
of synthesised music, whose tables come with the package; among thousands of a store's own they hardly count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...schemas.arrays import Float32
from ..projection import Projection, fit_projection
from .invariants import AXES, HARMONICS, INVARIANTS, ROWS, Complex, fit_axes, invariants

DIM = 128
COMPANIONS = 256
SHIPPED = Path(__file__).parents[1] / "chroma_fit.safetensors"
"""The fit for stores that are too small for one of their own, and the companions: `testing/make_chroma_fit.py`."""
_AXES = "axes"
_COMPANIONS = "companions"


@dataclass(frozen=True)
class ChromaFit:
    """axes: complex128[HARMONICS - 1, ROWS, AXES], whose values are those of complex64; projection: to DIM."""

    axes: Complex
    projection: Projection

    def apply(self, raw: Float32) -> Float32:
        """Return float32[n, DIM], rows of unit length, of float32[n, RAW]; each row on its own, without BLAS."""
        return self.projection.apply(invariants(raw, self.axes))

    def arrays(self) -> dict[str, Float32]:
        """Return the arrays by name: axes, float32[2, ...] (real and imaginary), and those of the projection."""
        return {_AXES: np.stack([self.axes.real, self.axes.imag]).astype(np.float32), **self.projection.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ChromaFit:
        """Return the fit that `arrays()` wrote; raise BadInput where one is missing, unknown or misshapen."""
        rest = {name: array for name, array in arrays.items() if name != _AXES}
        projection = Projection.from_arrays(rest, INVARIANTS, DIM)
        shape = (2, HARMONICS - 1, ROWS, AXES)
        axes = arrays.get(_AXES, np.empty(0))
        if axes.shape != shape or axes.dtype != np.float32:
            raise BadInput(f"{_AXES} must be float32{list(shape)}, not {axes.dtype}{list(axes.shape)}")
        parts = np.stack([axes[0], axes[1]], axis=-1).astype(np.float64)
        return cls(parts.view(np.complex128)[..., 0], projection)  # a sum would lose the sign of zeros


def fit_alone(raw: Float32) -> ChromaFit:
    """Return the fit to float32[n, RAW] and nothing else, n > DIM; the same rows in the same order, the same bits."""
    axes = fit_axes(raw).astype(np.complex64).astype(np.complex128)
    return ChromaFit(axes, fit_projection(invariants(raw, axes), DIM))


def fit_in_company(raw: Float32) -> ChromaFit:
    """Return the fit to float32[n, RAW] and the companions; raise BadInput for values that are not finite."""
    return fit_alone(np.concatenate([raw, _shipped()[_COMPANIONS].astype(np.float32)]))


def shipped_fit() -> Mapping[str, NDArray[Any]]:
    """Return the arrays of the fit that ships with the package."""
    return {name: array for name, array in _shipped().items() if name != _COMPANIONS}


def write_shipped(raw: Float32) -> None:
    """Write SHIPPED: the fit to float32[n, RAW], and the first COMPANIONS rows of it in float16."""
    from safetensors.numpy import save_file

    save_file({_COMPANIONS: raw[:COMPANIONS].astype(np.float16), **fit_alone(raw).arrays()}, SHIPPED)


@cache
def _shipped() -> Mapping[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    return load_file(SHIPPED)
