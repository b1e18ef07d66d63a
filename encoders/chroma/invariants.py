"""What does not depend on the key: products of pairs of harmonics over the root, from a few axes fitted per harmonic.

A table's row (one interval at one lag) is turned by another key, so its Fourier coefficient z_k over the root is
multiplied by exp(-2 pi i k s / 12) when the key goes up by s. That factor is the same for all rows: z_k conj(w_k) of
two rows does not change, and keeps how one row stands to the other, which magnitudes alone lose. Rows are many, so they
are first summed up along principal axes; sums with complex weights turn as the rows do.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...schemas.arrays import Float32
from .follow import RAW

ROWS = RAW // 12
HARMONICS = 7
"""0 to 6: what a real row of 12 has."""
AXES = 20
"""Axes per harmonic."""
LEAST = 1e-6
"""Rows whose harmonic is smaller than this share of the largest have none."""
_UPPER = np.triu_indices(AXES)
_APART = np.triu_indices(AXES, 1)
INVARIANTS = ROWS + (HARMONICS - 1) * len(_UPPER[0]) + (HARMONICS - 2) * len(_APART[0])

Complex = NDArray[np.complex128]


def harmonics(raw: Float32) -> Complex:
    """Return complex128[n, HARMONICS, ROWS], the Fourier transform over the root of float32[n, RAW]."""
    spectrum: Complex = np.fft.rfft(raw.reshape(-1, ROWS, 12).astype(np.float64), axis=-1).transpose(0, 2, 1)
    return spectrum


def fit_axes(raw: Float32) -> Complex:
    """Return complex128[HARMONICS - 1, ROWS, AXES]: principal axes of harmonics 1 to 6 of float32[n, RAW].

    Rows are first brought to a root mean square of 1, by the axes themselves. The same rows give the same bits: one
    thread, each axis turned so that its largest entry is real and positive.
    """
    spectrum = harmonics(raw)[:, 1:]
    scale = np.sqrt((np.abs(spectrum) ** 2).mean(axis=0))
    some = scale > LEAST * max(scale.max(), LEAST)  # at lag 0, a tritone has no odd harmonics
    weight = np.where(some, 1 / np.where(some, scale, 1.0), 0.0)
    spectrum *= weight
    axes = np.empty((HARMONICS - 1, ROWS, AXES), np.complex128)
    with threadpool_limits(limits=1, user_api="blas"):
        for place in range(HARMONICS - 1):
            of = spectrum[:, place]
            covariance = of.conj().T @ of / len(of)
            _, vectors = scipy.linalg.eigh(covariance, subset_by_index=(ROWS - AXES, ROWS - 1), driver="evr")
            largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(AXES)]
            axes[place] = (vectors * (largest.conj() / np.abs(largest)))[:, ::-1]
    return axes * weight[:, :, None]


def invariants(raw: Float32, axes: Complex) -> Float32:
    """Return float32[n, INVARIANTS] of float32[n, RAW]: harmonic 0 of each row, then, for harmonics 1 to 6, the
    product of each pair of axes, its magnitude under a square root: real parts, and imaginary ones where there are any.
    """
    rows = [_invariants(spectrum, axes) for spectrum in harmonics(raw)]
    return np.stack(rows) if rows else np.empty((0, INVARIANTS), np.float32)


def _invariants(spectrum: Complex, axes: Complex) -> Float32:
    along = np.einsum("kr,kra->ka", spectrum[1:], axes)
    first, second = _UPPER
    product = along[:, first] * along[:, second].conj()
    product /= np.sqrt(np.maximum(np.abs(product), np.finfo(np.float64).tiny))
    turned = product[:-1, first != second].imag  # the sixth harmonic of a real row is real
    return np.concatenate([spectrum[0].real, product.real.ravel(), turned.ravel()]).astype(np.float32)
