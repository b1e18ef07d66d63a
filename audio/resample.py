"""Changing the sample rate with soxr at HQ: -0.01 dB at 0.45 of the rate, aliases below -140 dB."""

from __future__ import annotations

import numpy as np
import soxr

from ..schemas.arrays import Float32


class Resampler:
    """Resamples a waveform that comes in pieces. The samples do not depend on where the pieces are cut, to the bit."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.to_hz = to_hz
        self._stream = (
            None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
        )

    def push(self, samples: Float32) -> Float32:
        """Take in float32[n]; return what is ready, float32[m]."""
        if self._stream is None:
            return samples
        ready: Float32 = self._stream.resample_chunk(samples)
        return ready

    def finish(self) -> Float32:
        """Return the rest, float32[m]."""
        empty = np.empty(0, dtype=np.float32)
        if self._stream is None:
            return empty
        rest: Float32 = self._stream.resample_chunk(empty, last=True)
        return rest


def resample(samples: Float32, from_hz: int, to_hz: int) -> Float32:
    """Return float32[n] at `from_hz` as float32[floor(n * to_hz / from_hz + 1/2)] at `to_hz`."""
    if from_hz == to_hz:
        return samples
    resampler = Resampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples), resampler.finish()])
