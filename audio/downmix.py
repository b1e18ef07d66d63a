"""Mixing channels to one without losing what is in anti-phase.

A stereo recording whose channels are mirror images of each other sums to silence. A channel whose difference to the
first holds more than 1,000 times the energy of their sum is therefore flipped before mixing (the rule of PFANN).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.arrays import Float32

ANTI_PHASE_RATIO = 1000.0


class PhaseMeter:
    """Measures over the blocks of a clip which channels are in anti-phase with the first one that is not silent."""

    def __init__(self, channels: int) -> None:
        self._reference: int | None = None
        self._of_sum: NDArray[np.float64] = np.zeros(channels)
        self._of_difference: NDArray[np.float64] = np.zeros(channels)

    def add(self, block: Float32) -> None:
        """Take in float32[frames, channels]."""
        channels = block.shape[1]
        if channels == 1:
            return
        if self._reference is None:
            self._reference = next((i for i in range(channels) if block[:, i].any()), None)
        if self._reference is None:
            return
        first = block[:, self._reference]
        for channel in range(channels):
            if channel != self._reference:
                self._of_sum[channel] += _energy(first + block[:, channel])
                self._of_difference[channel] += _energy(first - block[:, channel])

    def signs(self) -> NDArray[np.float32]:
        """Return float32[channels]: -1 for a channel in anti-phase, 1 for the others."""
        flipped = self._of_difference > ANTI_PHASE_RATIO * self._of_sum
        return np.where(flipped, np.float32(-1), np.float32(1))


def _energy(samples: Float32) -> float:
    return float(np.einsum("i,i->", samples, samples))


def mix(block: Float32, signs: NDArray[np.float32] | None = None) -> Float32:
    """Return float32[frames]: the mean of the channels of float32[frames, channels], times their signs (None: 1)."""
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    mixed: Float32 = block[:, 0].copy() if signs is None or signs[0] > 0 else -block[:, 0]
    for channel in range(1, channels):
        if signs is None or signs[channel] > 0:
            mixed += block[:, channel]
        else:
            mixed -= block[:, channel]
    mixed *= np.float32(1 / channels)
    return mixed
