"""From notes to pitch classes in time: octaves folded into one, the middle ones counting most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.arrays import Float32
from .spectra import HOP, LOWEST, NOTES, amplitudes, bands, peaks
from .tuning import tuning_cents

AROUND = 9
"""Notes around a note that it must stand out from."""
MIDDLE, OCTAVES = 60, 1.2
"""Notes count by a bell curve over pitch: its middle (MIDI number) and its deviation."""
STEADY = 0.1
"""Of a frame's length, in the root mean square of all: quiet or featureless frames come out shorter."""
LONGEST_POOL = 10
LOUDEST = np.float32(1e6)
"""Samples beyond it are scaled down to 1: the squares of what float files may hold overflow."""


def chroma(samples: Float32) -> Float32:
    """Return float32[frames, 12], at least 0, a frame every HOP samples: the strength of C, C sharp, ... B.

    samples: float32[n] at 8 kHz, of any level and tuning; silence gives zeros.
    """
    if len(samples) < LONGEST_POOL * HOP:
        samples = np.pad(samples, (0, LONGEST_POOL * HOP - len(samples)))
    peak = max(samples.max(), -samples.min())
    if peak > LOUDEST:
        samples = samples / peak
    notes = peaks(amplitudes(samples, bands(tuning_cents(samples)), HOP), AROUND)
    octaves = (LOWEST + np.arange(NOTES) - MIDDLE) / (12 * OCTAVES)
    weighted = notes * np.exp(-0.5 * octaves**2).astype(np.float32)
    folded: Float32 = weighted.reshape(len(notes), -1, 12).sum(axis=1)
    return folded


def pooled(frames: Float32, pool: int) -> NDArray[np.float64]:
    """Return float64[frames // pool, 12]: means of `pool` frames, less their own mean, of a length near 1."""
    count = len(frames) // pool
    mean = frames[: count * pool].reshape(count, pool, 12).mean(axis=1, dtype=np.float64)
    mean -= mean.mean(axis=1, keepdims=True)
    length = np.sqrt((mean**2).sum(axis=1, keepdims=True))
    usual = np.sqrt((length**2).mean())
    steady: NDArray[np.float64] = mean / np.maximum(length + STEADY * usual, np.finfo(np.float64).tiny)
    return steady
