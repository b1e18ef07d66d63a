"""Short vectors whose cosine is never below that of the whole ones: a cheap way to rule pairs out, without loss.

With an orthonormal basis P of some directions and Q of the others, x.y = Px.Py + Qx.Qy <= Px.Py + |Qx| |Qy| (Cauchy
and Schwarz): the coordinates in P and one more, the length of the rest, are a vector of the same length whose inner
products bound those of the whole vectors from above. P spans the directions that hold most of the rows (a randomised
range finder: Halko, Martinsson, Tropp, SIAM Review 53, 2011, algorithm 4.4), so that the rest is short and the bound
tight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..near import blocks

WIDTHS = (32, 64, 128, 256)
"""Lengths of short vectors that are tried, as long as they are at most half of the whole."""

SLACK = 1e-5
"""What float32 may take from the bound: a threshold on short vectors lies so much below that on whole ones."""

FEW_ROWS = 4096
"""Up to so many rows, whole vectors are compared; of more, so many are the sample that finds the directions."""

_CHECK_COST = 16
"""Fetching and multiplying one pair costs about so many times a pair in a matrix product, per number."""

_REST_ROUNDING = 1e-6
"""Squared lengths in float32 are off by less."""


def shortened(matrix: Float32, min_score: float) -> Float32:
    """Return float32[n, w], w <= d: rows whose inner products are never less, by SLACK, than those of the matrix.

    matrix: float32[n, d], L2-normalised. The shortest of WIDTHS at which, in a sample, pairs above `min_score` by the
    bound alone are rare enough to be checked one by one. The matrix itself where it is short or has few rows.
    """
    n, dim = matrix.shape
    widths = [width for width in WIDTHS if 2 * width <= dim]
    if n <= FEW_ROWS or not widths:
        return matrix
    sample = np.ascontiguousarray(matrix[:: n // FEW_ROWS])
    near = _share(sample, min_score)
    for width in widths:
        basis = _basis(sample, width - 1)
        spurious = _share(_project(sample, basis), min_score) - near
        if spurious * dim * _CHECK_COST <= width:
            break
    return _project(matrix, basis)


def _basis(sample: Float32, count: int) -> Float32:
    """Return float32[d, count], orthonormal: about the directions with most of the squared length of the sample."""
    basis = np.random.default_rng(0).standard_normal((sample.shape[1], count), dtype=np.float32)
    for _ in range(3):
        basis = np.linalg.qr(sample.T @ (sample @ basis))[0]
    return np.asarray(basis)


def _project(matrix: Float32, basis: Float32) -> Float32:
    short = np.empty((len(matrix), basis.shape[1] + 1), dtype=np.float32)
    for at in blocks(len(matrix), matrix.shape[1]):
        coordinates = matrix[at] @ basis
        rest = _squares(matrix[at]) - _squares(coordinates)
        short[at, :-1] = coordinates
        short[at, -1] = np.sqrt(np.maximum(rest, 0) + _REST_ROUNDING)
    return short


def _squares(rows: Float32) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def _share(rows: Float32, min_score: float) -> float:
    """Return the share of pairs of a sample at or above a score."""
    return float((rows[:: max(1, len(rows) // 512)] @ rows.T >= min_score - SLACK).mean())
