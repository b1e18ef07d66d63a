"""The shape of each frame's spectrum as tracks, and how tonal each band is: brightness, noise and pitch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..schemas.arrays import Float32
from .timbre_spectra import HIGH_HZ, HOP, LOW_HZ, SAMPLE_RATE_HZ, WINDOW, Spectra, power_spectrum

FLOOR = 1e-6
"""Power per bin, of the largest mel value, that is added everywhere: below it a spectrum has no shape."""
SUB_BANDS_HZ = (200.0, 400.0, 800.0, 1600.0, 3200.0)
"""Edges between the six bands of spectral contrast and flatness."""
ROLLOFFS = (0.5, 0.85, 0.95)
LONG_WINDOW, LONG_HOP = 2048, 1024
"""Samples of the long frames (128 ms) that can tell a partial from noise."""
TONAL_BANDS = 12
TONAL_LOW_HZ = 100.0
TONAL_FLOOR = 1e-5
"""Power, of the loudest bin of the clip, below which a long frame holds nothing tonal: -50 dB."""
QUIET = 1e-3
"""Share of the peak that a sample must pass to count as on the other side of zero: hiss in a pause does not."""


def bin_of(hz: float, window: int = WINDOW) -> int:
    """Return the spectral bin nearest below a frequency."""
    return int(hz * window / SAMPLE_RATE_HZ)


def shape_tracks(spectra: Spectra) -> Float32:
    """Return float32[24, frames]: what librosa calls spectral features, of bins between LOW_HZ and HIGH_HZ.

    log centroid, log spread, skewness, log kurtosis; flatness; three log rolloffs; contrast of six bands; flatness of
    six bands; flux; height of the highest peak; zero crossings per sample; level (dB).
    """
    low, high = bin_of(LOW_HZ) + 1, bin_of(HIGH_HZ) + 1
    power = spectra.power[:, low:high] + np.float32(FLOOR)
    khz = (np.arange(low, high) * (SAMPLE_RATE_HZ / WINDOW / 1000)).astype(np.float32)
    total = power.sum(axis=1)
    log_power = np.log(power)
    log_mean = np.log(total / np.float32(high - low))
    edges = [0, *(bin_of(hz) - low for hz in SUB_BANDS_HZ), high - low]
    tracks = [
        *_spread(power / total[:, None], khz),
        log_power.mean(axis=1) - log_mean,
        *_rolloffs(power, total, khz),
        *_contrasts(log_power, edges),
        *_flatnesses(power, log_power, edges),
        _flux(power, total),
        log_power.max(axis=1) - log_mean,
        _crossings(spectra.samples, len(power)),
        spectra.level,
    ]
    return np.stack(tracks).astype(np.float32)


def _spread(share: Float32, khz: Float32) -> list[Float32]:
    """Return log centroid, log spread, skewness and log(1 + kurtosis) of spectra that sum to 1, by raw moments."""
    m1, m2, m3, m4 = (np.einsum("tf,f->t", share, khz**power) for power in (1, 2, 3, 4))
    variance = np.maximum(m2 - m1**2, np.float32(1e-4))
    spread = np.sqrt(variance)
    third = m3 - 3 * m1 * m2 + 2 * m1**3
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    skewness = third / (variance * spread + np.float32(1e-2))
    kurtosis = fourth / (variance * variance + np.float32(1e-2))
    return [np.log(m1), np.log(spread), skewness, np.log1p(np.maximum(kurtosis, 0))]


def _rolloffs(power: Float32, total: Float32, khz: Float32) -> list[Float32]:
    """Return the log of the frequencies below which shares of the power lie."""
    below = np.cumsum(power, axis=1) / total[:, None]
    return [np.log(khz[np.minimum((below < share).sum(axis=1), len(khz) - 1)]) for share in ROLLOFFS]


def _contrasts(log_power: Float32, edges: list[int]) -> list[Float32]:
    """Return, per band, the mean of its upper fifth minus that of its lower fifth (Jiang et al., ICME 2002)."""
    contrasts = []
    for low, high in pairwise(edges):
        ordered = np.sort(log_power[:, low:high], axis=1)
        fifth = max((high - low) // 5, 1)
        contrasts.append(ordered[:, -fifth:].mean(axis=1) - ordered[:, :fifth].mean(axis=1))
    return contrasts


def _flatnesses(power: Float32, log_power: Float32, edges: list[int]) -> list[Float32]:
    """Return, per band, the log of geometric over arithmetic mean: 0 for noise, very negative for a tone."""
    return [log_power[:, a:b].mean(axis=1) - np.log(power[:, a:b].mean(axis=1)) for a, b in pairwise(edges)]


def _flux(power: Float32, total: Float32) -> Float32:
    """Return the Hellinger distance (times sqrt 2) of each spectrum from the one before it, 0 for the first."""
    root = np.sqrt(power / total[:, None])
    overlap = np.einsum("tf,tf->t", root[1:], root[:-1])
    return np.concatenate([np.zeros(1, np.float32), np.sqrt(np.maximum(2 - 2 * overlap, 0))])


def _crossings(samples: Float32, frames: int) -> Float32:
    """Return the zero crossings per sample of each frame, float32[frames]."""
    side = samples > np.float32(QUIET) * np.abs(samples).max()
    count = np.concatenate([[0], np.cumsum(side[1:] != side[:-1])])
    starts = np.arange(frames) * HOP
    rate: Float32 = ((count[starts + WINDOW - 1] - count[starts]) / WINDOW).astype(np.float32)
    return rate


def tonality(samples: Float32) -> Float32:
    """Return float32[72]: mean and deviation of flatness, peak over mean, and change, in 12 bands of long frames."""
    power = power_spectrum(samples, LONG_WINDOW, LONG_HOP)
    power /= max(power.max(), np.finfo(np.float32).tiny)
    log_power = np.log(power + np.float32(TONAL_FLOOR))
    edges = np.geomspace(TONAL_LOW_HZ, HIGH_HZ, TONAL_BANDS + 1)
    bands = [slice(bin_of(a, LONG_WINDOW), bin_of(b, LONG_WINDOW)) for a, b in pairwise(edges)]
    means = [log_power[:, band].mean(axis=1) for band in bands]
    flat = [
        np.log(power[:, band].mean(axis=1) + np.float32(TONAL_FLOOR)) - mean
        for band, mean in zip(bands, means, strict=True)
    ]
    peak = [log_power[:, band].max(axis=1) - mean for band, mean in zip(bands, means, strict=True)]
    step = np.abs(np.diff(log_power, axis=0))
    change = [step[:, band].mean(axis=1) for band in bands]
    return np.concatenate(
        [part for tracks in (flat, peak, change) for part in (np.mean(tracks, axis=1), np.std(tracks, axis=1))]
    )
