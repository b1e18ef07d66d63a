"""Many points as a grid of cells, each in one colour: a million dots on paper would only hide each other.

A cell is the firmer the more clips lie in it, by the logarithm, so that single clips and crowds both show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

SIDE = 320
"""Cells along each axis; a panel has about two pixels for one."""
_FAINTEST = 0.3
_FULL = 0.99
"""The cells above this share, by how many clips they hold, are as firm as can be."""

Colors = NDArray[np.float64]
Cells = NDArray[np.int64]


def cells_of(points: Float32) -> Cells:
    """Return int64[n]: the cell of each of float32[n, 2] within [-1, 1], counted from the lower left, row by row."""
    places = np.clip(((points + 1) * (SIDE / 2)).astype(np.int64), 0, SIDE - 1)
    return np.asarray(places[:, 1] * SIDE + places[:, 0])


def commonest(cells: Cells, codes: NDArray[np.int64], colors: Colors) -> Colors:
    """Return float64[SIDE, SIDE, 4], each cell in the colour of the code that most of its clips have.

    codes: int64[n], rows of `colors` (float64[k, 3]).
    """
    kinds = len(colors)
    counts = np.bincount(cells * kinds + codes, minlength=SIDE * SIDE * kinds).reshape(-1, kinds)
    return shaded(colors[counts.argmax(axis=1)], counts.sum(axis=1))


def means(cells: Cells, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean of `values` (float64[n]) in each cell, NaN where there is none, and how many clips it holds."""
    counts = np.bincount(cells, minlength=SIDE * SIDE)
    known = np.isfinite(values)
    held = np.bincount(cells[known], minlength=SIDE * SIDE)
    sums = np.bincount(cells[known], weights=values[known], minlength=SIDE * SIDE)
    return np.where(held > 0, sums / np.maximum(held, 1), np.nan), counts


def shaded(colors: Colors, counts: NDArray[np.int64]) -> Colors:
    """Return float64[SIDE, SIDE, 4]: cells of `colors` (float64[SIDE * SIDE, 3]), as firm as they are full."""
    filled = counts > 0
    firm = np.log1p(np.quantile(counts[filled], _FULL)) if filled.any() else 1.0
    alpha = np.where(filled, np.clip(_FAINTEST + (1 - _FAINTEST) * np.log1p(counts) / firm, 0, 1), 0)
    return np.column_stack([colors, alpha]).reshape(SIDE, SIDE, 4)
