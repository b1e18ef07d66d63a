"""The statistics of `timbre`: what is left of a clip when time is averaged out, one function per group.

Memory is that of one part: a clip longer than PART_S is cut into equal parts, each is measured, and their mean is
returned, so an hour of audio needs no more than half a minute of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.signal

from ..schemas.arrays import Float32
from .timbre_shape import shape_tracks, tonality
from .timbre_spectra import FRAMES_PER_S, SAMPLE_RATE_HZ, SILENCE, Spectra, decibels, spectra
from .track_statistics import (
    autocorrelation,
    correlations,
    mean_step,
    modulation,
    moments,
    quantiles,
    slopes,
    weighted_moments,
)

PART_S = 30.0
RATES_HZ = (0.4, 0.8, 1.5, 2.5, 4.0, 6.0, 13.0, 28.0, 50.0)
"""Edges of the eight bands of modulation rate."""
WIDE_BANDS = 16
"""Modulation is measured in bands three times as wide as a mel band."""
CORRELATED = 16
"""Cepstra 0 to 15 take part in correlations."""
LAGS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 90, 128, 180)
"""Frames at which envelope and onsets are compared with themselves: 10 ms to 1.8 s."""
PCEN_S = 0.4
"""Time constant of the gain control of PCEN."""


def log_mel(of: Spectra) -> list[Float32]:
    """Quiet, usual and loud level of each band, its skewness, and how fast it changes."""
    _, _, skewness, _ = moments(of.log_mel, 0.1)
    return [*quantiles(of.log_mel, 0.1, 0.5, 0.9), skewness, mean_step(of.log_mel[:, ::2])]


def mfcc(of: Spectra) -> list[Float32]:
    """Moments of the cepstra, deviation of their slopes (deltas) and of the slopes' change (delta-deltas)."""
    first = slopes(of.cepstra)
    second = first[:, 4:] - first[:, :-4]
    return [*moments(of.cepstra, 1.0), first.std(axis=1), second.std(axis=1)]


def weighted_spectrum(of: Spectra) -> list[Float32]:
    """The long-term spectrum, where frames count by their energy, and cepstra where they count by their amplitude."""
    share = of.mel.mean(axis=1)
    share /= max(share.sum(), np.float32(1e-9))
    return [decibels(share), *weighted_moments(of.cepstra, of.weight)]


def pcen(of: Spectra) -> list[Float32]:
    """Moments of the per-channel energy normalisation (Wang et al., ICASSP 2017, eq. 2): events over background."""
    gain = 1 - np.exp(-1 / (PCEN_S * FRAMES_PER_S))
    energy = of.mel * np.float32(1e6)
    forward, back = np.array([gain], np.float32), np.array([1, gain - 1], np.float32)
    start = energy.mean(axis=1, keepdims=True) * np.float32(1 - gain)
    smooth, _ = scipy.signal.lfilter(forward, back, energy, axis=1, zi=start)
    level = energy * np.exp(np.float32(-0.9) * np.log(smooth + np.float32(1e-2)))
    mean, deviation, skewness, _ = moments(np.sqrt(level + np.float32(2)) - np.float32(2**0.5), 1e-3)
    return [mean, np.log(deviation + np.float32(0.05)), skewness]


def modulation_spectrum(of: Spectra) -> list[Float32]:
    """How fast bands (in dB and in amplitude) and cepstra 0 to 19 go up and down."""
    bands = of.log_mel.reshape(WIDE_BANDS, -1, of.log_mel.shape[1]).mean(axis=1)
    amplitude = np.sqrt(of.mel.reshape(WIDE_BANDS, -1, of.mel.shape[1]).mean(axis=1))
    return [
        modulation(bands, RATES_HZ, FRAMES_PER_S, 1e-1),
        modulation(amplitude, RATES_HZ, FRAMES_PER_S, 1e-6),
        modulation(of.cepstra[:20], RATES_HZ, FRAMES_PER_S, 1.0),
    ]


def spectral_shape(of: Spectra) -> list[Float32]:
    """Statistics of the shape tracks, how they go together, and tonality."""
    tracks = shape_tracks(of)
    mean, deviation, skewness, _ = moments(tracks, 1e-4)
    loud, _ = weighted_moments(tracks, of.weight)
    usual = [mean, deviation, skewness, loud, mean_step(tracks), *quantiles(tracks, 0.05, 0.95)]
    return [*usual, correlations(tracks, 1e-4), tonality(of.samples)]


def mfcc_correlations(of: Spectra) -> list[Float32]:
    """How cepstra 0 to 15 go together, and their slopes."""
    cepstra = of.cepstra[:CORRELATED]
    return [correlations(cepstra, 1e-2), correlations(slopes(cepstra), 1e-3)]


def envelope(of: Spectra) -> list[Float32]:
    """The course of level and onsets: how they repeat, how often the clip is loud, how its energy is spread in time."""
    rise = np.maximum(of.log_mel[:, 2:] - of.log_mel[:, :-2], 0).mean(axis=0)
    peak = (rise[1:-1] > rise[:-2]) & (rise[1:-1] >= rise[2:])
    strong = rise.mean() + rise.std()
    onsets = [rise.mean(), rise.std(), *np.quantile(rise, (0.5, 0.9, 0.98, 1.0)).tolist()]
    onsets += [(peak & (rise[1:-1] > factor * strong)).mean() for factor in (1, 2)]
    share = of.energy / max(of.energy.sum(), np.float32(1e-9))
    time = np.linspace(0, 1, len(share), dtype=np.float32)
    centre = (share * time).sum()
    course = [-(share * np.log(share + 1e-12)).sum(), np.sqrt((share * (time - centre) ** 2).sum()), centre]
    loud = [of.level.mean(), of.level.std(), *((of.level > -below).mean() for below in (6, 12, 20, 30, 40))]
    flat = np.array([*onsets, *course, *loud], np.float32)
    return [autocorrelation(of.level, LAGS), autocorrelation(rise, LAGS), flat]


GROUPS: Mapping[str, Callable[[Spectra], list[Float32]]] = {
    function.__name__: function
    for function in (
        log_mel,
        mfcc,
        weighted_spectrum,
        pcen,
        modulation_spectrum,
        spectral_shape,
        mfcc_correlations,
        envelope,
    )
}
"""All groups, in the order in which they stand in a row of statistics."""


def describe(waveform: Float32) -> Float32:
    """Return float32[RAW]: the statistics of float32[n] at SAMPLE_RATE_HZ; finite for any finite waveform, even none.

    A constant offset and the level cancel. Parts that are 50 dB under the loudest part are left out of the mean.
    """
    samples = waveform if len(waveform) else np.zeros(1, np.float32)
    peak = max(samples.max(), -samples.min()) or np.float32(1)
    offset = (samples.mean(dtype=np.float64) / peak).astype(np.float32)
    count = int(np.ceil(len(samples) / (PART_S * SAMPLE_RATE_HZ)))
    measured = [_measured(part / peak - offset) for part in np.array_split(samples, count)]
    loudest = np.array([loud for loud, _ in measured])
    rows = np.stack([row for _, row in measured])
    mean: Float32 = rows[loudest >= SILENCE * loudest.max()].mean(axis=0)
    return mean


def _measured(part: Float32) -> tuple[float, Float32]:
    """Return how loud a part is and its statistics."""
    of = spectra(part)
    return of.loudest, np.concatenate([values for group in GROUPS.values() for values in group(of)])


RAW = len(describe(np.zeros(SAMPLE_RATE_HZ, np.float32)))
"""How many statistics a clip has."""
