"""Pitch shift: short pieces of a waveform, each played faster or slower, at the places where they were.

The published chain calls sox's `pitch`, which stretches by overlapping the pieces that fit best (WSOLA). Which piece
fits best can hang on the last bit of a sum, and with it the whole of what follows; a phase vocoder has no such choices,
so that a clip comes out the same, but for rounding, in every batch and on every device. It costs noise-like sounds
about 1 dB: their phases it cannot quite keep together.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .frames import hop_samples
from .rng import BatchRng
from .vocoder import shifted


@dataclass(frozen=True)
class PitchShift:
    """Higher or lower by whole cents, uniform over low_cents, ..., high_cents; 100 cents are a semitone."""

    sample_rate_hz: int
    low_cents: int = -700
    high_cents: int = 700

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n], shifted."""
        return pitch_shifted(waveforms, rng.integers(self.low_cents, self.high_cents), self.sample_rate_hz)


def pitch_shifted(waveforms: Tensor, cents: Tensor, sample_rate_hz: int) -> Tensor:
    """Return float32[b, n] of float32[b, n]: each row higher by its `cents` (int64[b]) and as long as it was.

    Tones from 40 Hz on are right within 0.01 cents. Raises UsageError for more than two octaves.
    """
    return shifted(waveforms, cents, hop_samples(sample_rate_hz))
