"""From samples to the pictures that `timbre` measures: spectrum, mel bands and cepstra of the part that sounds.

Level cancels: everything is relative to the clip's own largest mel value. Silence at either end is cut off, so that
padding does not matter, and bands end at 7.2 kHz, below the filter edges of any resampler to 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft
import scipy.sparse

from ..schemas.arrays import Float32

SAMPLE_RATE_HZ = 16_000
WINDOW = 512
"""Samples per frame: 32 ms."""
HOP = 160
"""Samples from frame to frame: 10 ms."""
FRAMES_PER_S = SAMPLE_RATE_HZ / HOP
BANDS = 48
LOW_HZ, HIGH_HZ = 50.0, 7200.0
CEPSTRA = 24
FLOOR = 1e-5
"""50 dB under the largest mel value all is the same: noise of a codec, a converter or a quiet room is not timbre."""
SILENCE = 1e-5
"""Frames at either end that are 50 dB under the loudest are cut off."""
NOTHING = 1e-9
"""A full-scale sine has a mel value near 10^4. What stays below this is rounding, and counts as silence."""
LEAST_FRAMES = 50
"""A shorter sound is followed by silence up to this length: 0.5 s."""


@dataclass(frozen=True)
class Spectra:
    """One clip, or one part of a long one, from its first to its last frame that sounds.

    samples: float32[n], as given; power: float32[frames, bins] and mel: float32[BANDS, frames], largest mel value 1;
    log_mel: float32[BANDS, frames], dB, -50 to 0; cepstra: float32[CEPSTRA, frames], orthonormal DCT of log_mel (MFCC);
    energy: float32[frames], sum over bands; level: float32[frames], the same in dB under the loudest frame, -50 to 0;
    loudest: the largest mel value before all was divided by it, 0 for silence.
    """

    samples: Float32
    power: Float32
    mel: Float32
    log_mel: Float32
    cepstra: Float32
    energy: Float32
    level: Float32
    loudest: float

    @property
    def weight(self) -> Float32:
        """Share of each frame in the sum of amplitudes, float32[frames]: loud frames count more."""
        amplitude = np.sqrt(self.energy) + np.float32(1e-9)
        share: Float32 = amplitude / amplitude.sum()
        return share


def mel_filterbank(bands: int, low_hz: float, high_hz: float, window: int, sample_rate_hz: int) -> Float32:
    """Return float32[bands, window // 2 + 1]: triangles of height 1, evenly spaced on the mel scale of HTK.

    mel(f) = 2595 log10(1 + f / 700): O'Shaughnessy, Speech Communication, 1987.
    """
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    edges_hz = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    bins_hz = np.arange(window // 2 + 1) * sample_rate_hz / window
    rise = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    fall = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


@cache
def _filters() -> scipy.sparse.csr_array:
    return scipy.sparse.csr_array(mel_filterbank(BANDS, LOW_HZ, HIGH_HZ, WINDOW, SAMPLE_RATE_HZ))


def hann(length: int) -> Float32:
    """Return the periodic Hann window, float32[length]."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def power_spectrum(samples: Float32, window: int, hop: int) -> Float32:
    """Return float32[frames, window // 2 + 1]: |rfft|^2 under Hann windows wholly within float32[n], n >= window."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    spectrum = scipy.fft.rfft(frames * hann(window), axis=1, workers=1)
    power: Float32 = spectrum.real**2 + spectrum.imag**2
    return power


def decibels(power: Float32) -> Float32:
    """Return 10 log10(power + FLOOR)."""
    level: Float32 = np.float32(10) * np.log10(power + np.float32(FLOOR))
    return level


def spectra(samples: Float32) -> Spectra:
    """Return the spectra of float32[n] at SAMPLE_RATE_HZ with a peak near 1; silence is a picture of the floor."""
    padded = np.pad(samples, (0, max(WINDOW - len(samples), 0)))
    power = power_spectrum(padded, WINDOW, HOP)
    mel = _filters() @ np.ascontiguousarray(power.T)
    loudest = float(mel.max()) if mel.max() > NOTHING else 0.0
    scale = np.float32(1 / loudest if loudest else 0.0)
    first, last = _sounding(mel.sum(axis=0))
    missing = max(LEAST_FRAMES - (last - first), 0)
    mel = np.pad(mel[:, first:last] * scale, ((0, 0), (0, missing)))
    log_mel = decibels(mel)
    energy = mel.sum(axis=0)
    return Spectra(
        samples=np.pad(padded[first * HOP : (last - 1) * HOP + WINDOW], (0, missing * HOP)),
        power=np.pad(power[first:last] * scale, ((0, missing), (0, 0))),
        mel=mel,
        log_mel=log_mel,
        cepstra=scipy.fft.dct(log_mel, axis=0, norm="ortho", workers=1)[:CEPSTRA],
        energy=energy,
        level=decibels(energy / max(energy.max(), np.float32(FLOOR))),
        loudest=loudest,
    )


def _sounding(energy: Float32) -> tuple[int, int]:
    """Return the first frame that sounds and the one after the last; all of them where none does."""
    sounding = np.flatnonzero(energy > np.float32(SILENCE) * energy.max())
    return (int(sounding[0]), int(sounding[-1]) + 1) if len(sounding) else (0, len(energy))
