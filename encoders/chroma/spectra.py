"""From samples to how strong each note is in each frame: a spectrum summed up in bands of a semitone."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.sparse

from ...schemas.arrays import Float32
from ..timbre_spectra import hann

SAMPLE_RATE_HZ = 8000
WINDOW = 3072
"""Samples per frame: 0.38 s, which tells semitones apart from G3 (196 Hz) upwards."""
HOP = 400
"""Samples from frame to frame: 50 ms."""
LOWEST, NOTES = 36, 60
"""MIDI number of the first note, C2 (65 Hz), and how many there are: up to B6 (1976 Hz)."""
FLAT, WIDE = 0.3, 0.6
"""A band is level up to FLAT semitones from its note, and ends at WIDE."""
NARROWEST = 1.7
"""A band is never narrower than if a semitone were so many bins."""
BLOCK = 1024
"""Frames that are in memory at once."""
QUIETEST = 1 / 300
"""Amplitude, of the loudest, where logarithmic begins: 50 dB below it."""
NOTHING = 1e-7
"""An amplitude, of full scale 1, that counts as silence."""


@cache
def bands(cents: int, a_semitone: int = 1) -> scipy.sparse.csr_array:
    """Return float32[NOTES a_semitone, WINDOW // 2 + 1]: bands around notes, each with the sum 1.

    cents: how far the music's A is above 440 Hz; a_semitone: bands to a semitone, narrower by as much.
    """
    notes = LOWEST + np.arange(NOTES * a_semitone) / a_semitone + cents / 100
    centre_hz = 440 * 2 ** ((notes[:, None] - 69) / 12)
    bin_hz = SAMPLE_RATE_HZ / WINDOW
    semitone_hz = np.maximum(centre_hz * (2 ** (1 / 12 / a_semitone) - 1), NARROWEST * bin_hz)
    off = np.abs(np.arange(WINDOW // 2 + 1) * bin_hz - centre_hz) / semitone_hz
    weights = np.clip((WIDE - off) / (WIDE - FLAT), 0, 1)
    return scipy.sparse.csr_array((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def amplitudes(samples: Float32, filters: scipy.sparse.csr_array, hop: int) -> Float32:
    """Return float32[1 + n // hop, bands]: root mean square in each band, in frames centred on every `hop` samples.

    samples: float32[n] at SAMPLE_RATE_HZ; beyond either end is silence.
    """
    padded = np.pad(samples, WINDOW // 2)
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop]
    window = hann(WINDOW) * np.float32(2 / WINDOW)
    rows = []
    for start in range(0, len(views), BLOCK):
        spectrum = scipy.fft.rfft(views[start : start + BLOCK] * window, axis=1, workers=1)
        power = np.ascontiguousarray((spectrum.real**2 + spectrum.imag**2).T)
        rows.append(np.sqrt(filters @ power).T)
    return np.concatenate(rows)


def peaks(strength: Float32, width: int) -> Float32:
    """Return float32[frames, bands]: how far each band is above the mean of the `width` bands around it, in log
    amplitude, 0 where it is below; the loudest value of all counts 1 / QUIETEST.

    What is common to neighbouring notes goes: drums, noise, the tilt of a spectrum.
    """
    loudest = float(strength.max(initial=0.0))
    level = np.log1p(strength * np.float32(1 / (QUIETEST * loudest) if loudest > NOTHING else 0.0))
    above: Float32 = level - scipy.ndimage.uniform_filter1d(level, width, axis=1)
    return np.maximum(above, np.float32(0))
