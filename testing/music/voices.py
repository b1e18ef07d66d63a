"""What a voice is: a frozen set of random parameters that plays notes, softer or harder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..instruments import Instrument
from ..tones import Float32


class Voice(Protocol):
    """What plays a note. ring_s: how long it sounds once struck (0: while held); release_s: how it then dies."""

    @property
    def ring_s(self) -> float:
        """Return seconds."""

    @property
    def release_s(self) -> float:
        """Return seconds."""

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n] of any level, with an attack and without a release; force: 0 to 1."""


@dataclass(frozen=True)
class Borrowed:
    """An instrument of the labelled corpora, which knows no force."""

    instrument: Instrument
    ring_s: float
    release_s: float

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n], peak 1."""
        del force
        return self.instrument.note(pitch_hz, seconds, sample_rate_hz, rng)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two positive ones, as likely in any octave as in any other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
