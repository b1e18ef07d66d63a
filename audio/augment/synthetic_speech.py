"""Talk that says nothing: voices with pitch, formants, syllables and pauses, alone or as the babble of many.

A source (pulses at the pitch, and breath) through the resonances of a throat, as in Fant, "Acoustic Theory of Speech
Production", 1960, which change from syllable to syllable; filtered frame by frame in the spectrum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

FRAME_S = 0.032
OVERLAP = 4
"""Frames that a sample lies in."""
FORMANTS_HZ = ((250, 850), (800, 2400), (2300, 3200), (3300, 3900))
"""Ranges over the vowels of many speakers; the last is that of the voice, not of the vowel."""
GLOTTIS_HZ = 150.0
PAUSE_DB = (-50.0, -25.0)
"""What is left between words: breath, and the air of the place."""


def babble(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: one to twelve voices, near and far."""
    voices = round(np.exp(random.uniform(0, np.log(12))))
    levels = 10 ** (random.uniform(-12, 0, voices) / 20)
    return np.asarray(sum(level * voice(samples, sample_rate_hz, random) for level in levels))


def voice(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples] of one voice, power about 1 where it speaks; it starts in the middle of talk."""
    size = int(FRAME_S * sample_rate_hz / OVERLAP) * OVERLAP
    hop = size // OVERLAP
    frames = samples // hop + OVERLAP
    syllable, place = _syllables(frames, hop / sample_rate_hz, random)
    count = int(syllable[-1]) + 1
    loud = np.where(random.random(count) < random.uniform(0.08, 0.3), 0.0, 10 ** (random.normal(0, 3, count) / 20))
    envelope = loud[syllable] * np.sin(np.pi * np.clip(place, 0.02, 0.98)) ** 0.7
    breath = np.where(place < random.uniform(-0.3, 0.5, count)[syllable], 1.0, 0.03)
    voiced = _filtered(_pulses(frames * hop + size, syllable, hop, sample_rate_hz, random), size)
    unvoiced = _filtered(random.standard_normal(frames * hop + size), size)
    bins = np.fft.rfftfreq(size, 1 / sample_rate_hz).astype(np.float64)
    resonant = _throat(bins, count, random)[syllable]
    sharp = np.maximum(bins / 2500, 0.02) ** random.uniform(0.5, 2)
    spectra = voiced * resonant * (1 - 0.9 * breath[:, None]) + 0.12 * unvoiced * sharp * breath[:, None]
    floor = 0.1 * 10 ** (random.uniform(*PAUSE_DB) / 20) * unvoiced
    return _joined(spectra * envelope[:, None] + floor, hop)[size : size + samples]


def _syllables(frames: int, hop_s: float, random: np.random.Generator) -> tuple[NDArray[np.int64], Float64]:
    """Return int64[frames], which syllable, and float64[frames], how far into it (0 to 1); 3 to 7 a second."""
    rate_hz = random.uniform(3, 7)
    count = int(frames * hop_s * rate_hz * 2) + 4
    bounds = np.cumsum(random.gamma(6, 1 / (6 * rate_hz), count)) - random.uniform(0, 1 / rate_hz)
    time_s = np.arange(frames) * hop_s
    at = np.searchsorted(bounds, time_s, side="right")
    starts, ends = np.concatenate([[bounds[0] - 1 / rate_hz], bounds])[at], np.append(bounds, bounds[-1] + 1)[at]
    return at.astype(np.int64), np.asarray((time_s - starts) / (ends - starts))


def _pulses(
    samples: int, syllable: NDArray[np.int64], hop: int, sample_rate_hz: int, random: np.random.Generator
) -> Float64:
    """Return float64[samples]: a pulse per period of a pitch that glides from syllable to syllable, power 1."""
    per_syllable = random.uniform(85, 260) * 2 ** random.normal(0, 0.2, int(syllable[-1]) + 1)
    smooth = np.convolve(np.pad(per_syllable[syllable], 4, mode="edge"), np.ones(9) / 9, mode="valid")
    pitch_hz = np.interp(np.arange(samples) / hop, np.arange(len(smooth)), smooth)
    periods = np.cumsum(pitch_hz) / sample_rate_hz
    pulses = np.diff(np.floor(periods), prepend=0.0)
    return np.asarray(pulses * np.sqrt(sample_rate_hz / pitch_hz))


def _throat(bins_hz: Float64, syllables: int, random: np.random.Generator) -> Float64:
    """Return float64[syllables, k]: the gain of the resonances, and of glottis and lips, -6 dB an octave together."""
    scale = random.uniform(0.88, 1.15)
    gain = np.ones((syllables, len(bins_hz)))
    for low_hz, high_hz in FORMANTS_HZ:
        centre = scale * random.uniform(low_hz, high_hz, syllables)[:, None]
        width = random.uniform(80, 200)
        gain *= centre**2 / np.sqrt((bins_hz**2 - centre**2) ** 2 + (width * bins_hz) ** 2)
    return np.asarray(gain / (1 + bins_hz / GLOTTIS_HZ))


def _filtered(sound: Float64, size: int) -> NDArray[np.complex128]:
    """Return complex128[frames, size / 2 + 1]: the spectra of the frames of a sound."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // OVERLAP][:-1]
    return np.asarray(np.fft.rfft(frames * _window(size)))


def _joined(spectra: NDArray[np.complex128], hop: int) -> Float64:
    """Return float64[(frames + OVERLAP - 1) * hop]: the frames, each on top of the one before."""
    size = hop * OVERLAP
    pieces = (np.fft.irfft(spectra, size) * _window(size)).reshape(len(spectra), OVERLAP, hop)
    total = np.zeros((len(spectra) + OVERLAP - 1, hop))
    for part in range(OVERLAP):
        total[part : part + len(spectra)] += pieces[:, part]
    return np.asarray(total.ravel() * 2 / OVERLAP)


def _window(size: int) -> Float64:
    return np.asarray(np.sin(np.pi * (np.arange(size) + 0.5) / size))
