"""The picture of a sound: mel bands over time, of any length in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ...audio.downmix import mix
from ...encoders.timbre_spectra import hann, mel_filterbank
from ...schemas.vector import Float32

MAX_FRAMES, MAX_BANDS = 4_000, 256
LOW_HZ, HIGH_HZ = 30.0, 16_000.0
RANGE_DB = 80.0
_LOUD = 1e6
"""Beyond, samples of a file of floats are damage, and their power more than a float holds."""
_WINDOWS = 4
"""At most so many windows are averaged for a column: an hour in 600 columns has 65 that do not overlap."""
_WINDOW = (256, 8_192)


@dataclass(frozen=True)
class Spectrogram:
    """levels: uint8[bands, frames], band 0 lowest, 255 the loudest, 0 what is RANGE_DB or more under it."""

    levels: NDArray[np.uint8]
    low_hz: float
    high_hz: float


def spectrogram(blocks: Iterator[Float32], rate_hz: int, samples: int, frames: int, bands: int) -> Spectrogram:
    """Return the mel spectrogram of `samples` samples a channel in `frames` columns of equal length, channels mixed.

    blocks: float32[n, channels], taken up to the end of the last window, and silence after them. A column is the mean
    power of up to four Hann windows spread over it; bands as encoders.timbre_spectra makes them.
    """
    high_hz = min(HIGH_HZ, rate_hz / 2)
    low_hz = min(LOW_HZ, high_hz / 4)
    window = _window(bands, low_hz, high_hz, rate_hz)
    filters = scipy.sparse.csr_array(mel_filterbank(bands, low_hz, high_hz, window, rate_hz))
    middles, column = _middles(samples, frames, window)
    power = np.zeros((bands, frames), np.float32)
    count = np.bincount(column, minlength=frames).astype(np.float32)
    done = 0
    for pieces in _windows((mix(np.clip(block, -_LOUD, _LOUD)) for block in blocks), middles - window // 2, window):
        spectrum = np.fft.rfft(pieces * hann(window), axis=1)
        mel = filters @ (spectrum.real**2 + spectrum.imag**2).T.astype(np.float32)
        np.add.at(power.T, column[done : done + len(pieces)], mel.T)
        done += len(pieces)
    return Spectrogram(_levels(power / count), low_hz, high_hz)


def _window(bands: int, low_hz: float, high_hz: float, rate_hz: int) -> int:
    """Return how many samples a window takes for the lowest band to hold a bin of its own: a power of two."""
    edges_hz = 700 * ((1 + high_hz / 700) / (1 + low_hz / 700)) ** (1 / (bands + 1)) - 700
    narrowest_hz = edges_hz * (1 + low_hz / 700)
    wanted = 1 << int(np.ceil(np.log2(rate_hz / narrowest_hz)))
    return int(np.clip(wanted, *_WINDOW))


def _middles(samples: int, frames: int, window: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the middle of every window, in order, and the column that it counts for."""
    each = int(np.clip(samples / frames / window, 1, _WINDOWS))
    places = (np.arange(frames * each) + 0.5) * samples / (frames * each)
    return places.astype(np.int64), np.arange(frames * each) // each


def _windows(blocks: Iterator[Float32], starts: NDArray[np.int64], window: int) -> Iterator[Float32]:
    """Yield float32[k, window]: the samples at each of `starts`, which rise, with silence before and after the clip."""
    held, position, done = np.zeros(window, np.float32), -window, 0
    while done < len(starts):
        block = next(blocks, None)
        held = np.concatenate([held, np.zeros(2 * window + 1, np.float32) if block is None else block])
        ready = int(np.searchsorted(starts, position + len(held) - window, side="right"))
        for first in range(done, ready, 64):
            at = starts[first : min(first + 64, ready)] - position
            yield np.lib.stride_tricks.sliding_window_view(held, window)[at]
        done = max(done, ready)
        let_go = len(held) if done == len(starts) else min(max(int(starts[done]) - position, 0), len(held))
        held, position = held[let_go:], position + let_go


def _levels(power: Float32) -> NDArray[np.uint8]:
    """Return uint8 of power relative to the loudest, in decibels from -RANGE_DB to 0."""
    loudest = float(power.max())
    if loudest <= 0:
        return np.zeros(power.shape, np.uint8)
    under_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    levels: NDArray[np.uint8] = np.rint((1 + under_db / RANGE_DB) * 255).astype(np.uint8)
    return levels
