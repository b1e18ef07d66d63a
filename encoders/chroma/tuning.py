"""How far a recording is tuned from A = 440 Hz, from where its spectrum's peaks lie between the semitones."""

from __future__ import annotations

import numpy as np

from ...schemas.arrays import Float32
from .spectra import HOP, amplitudes, bands, peaks

A_SEMITONE = 5
"""Bands to a semitone."""
LOW = 24 * A_SEMITONE
"""Bands below C4 are too narrow for the spectrum, and have no say."""
EVERY = 8 * HOP
"""Samples from frame to frame: tuning needs few."""
SURE = 0.05
"""Share of the peaks that must agree, else the tuning is 0."""
STEP = 5
"""Cents: tunings are rounded to multiples, so that few sets of bands are made."""


def tuning_cents(samples: Float32) -> int:
    """Return -50 to 50, a multiple of STEP: the mean direction of peaks on the circle of a semitone.

    samples: float32[n] at SAMPLE_RATE_HZ. 0 where there is no tuning to be heard.
    """
    strength = peaks(amplitudes(samples, bands(0, A_SEMITONE), EVERY), 3 * A_SEMITONE)
    total = strength.sum(axis=0, dtype=np.float64)[LOW:]
    turn = np.exp(2j * np.pi * np.arange(len(total)) / A_SEMITONE)
    mean = (total * turn).sum()
    if abs(mean) <= SURE * total.sum():
        return 0
    return STEP * round(float(np.angle(mean)) / (2 * np.pi) * 100 / STEP)
