"""Which pitch class follows which: for some lags in time, how pitch class i now goes with pitch class j later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.arrays import Float32
from .frames import chroma, pooled

LAGS: tuple[tuple[int, tuple[int, ...]], ...] = ((5, (0, 1, 2, 3, 4, 5, 6, 8)), (10, (1, 2, 3, 4, 5, 6)))
"""Frames that are averaged (0.25 s, 0.5 s), and lags in such averages: at once to 2 s, and 0.5 to 3 s."""
TABLES = sum(len(lags) for _, lags in LAGS)
RAW = TABLES * 12 * 12
_LATER = (np.arange(12)[None, :] + np.arange(12)[:, None]) % 12


def following(frames: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """Return float64[interval, root]: how strongly the pitch class root + interval sounds `lag` frames after root.

    frames: float64[n, 12]. The mean product over all pairs of frames, of the frames' mean square; 0 where there are no
    pairs. Another key turns each row.
    """
    pairs = len(frames) - lag
    energy = (frames**2).sum()
    if pairs <= 0 or not energy:
        return np.zeros((12, 12))
    table = np.einsum("ti,tj->ij", frames[:pairs], frames[lag:]) * (len(frames) / (pairs * energy))
    turned: NDArray[np.float64] = table[np.arange(12)[None, :], _LATER]
    return turned


def describe(samples: Float32) -> Float32:
    """Return float32[RAW]: the tables [interval, root] of all LAGS for float32[n] samples at 8 kHz."""
    frames = chroma(samples)
    tables = [following(averaged, lag) for pool, lags in LAGS for averaged in [pooled(frames, pool)] for lag in lags]
    return np.stack(tables).astype(np.float32).ravel()
