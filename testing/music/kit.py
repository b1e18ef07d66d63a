"""Drums: a head whose pitch falls, some partials, and one or more bursts of noise in a band; a role sets the ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ..drums import Hat, Kick, Snare
from ..noises import band_noise
from ..tones import HIGHEST, Float32, partials, random_phases
from .voices import Borrowed, Voice, log_uniform

Range = tuple[float, float]


@dataclass(frozen=True)
class Role:
    """Ranges of a kind of drum: its pitch, the decays of head and noise, the share and the band of the noise."""

    pitch_hz: Range
    head_s: Range
    noise_s: Range
    noise: Range
    low_hz: Range
    high_hz: Range
    drop: Range = (1.0, 1.0)
    bursts: Range = (1, 1)
    modes: Range = (0, 0)


ROLES: dict[str, Role] = {
    "kick": Role((38, 75), (0.06, 0.5), (0.003, 0.03), (0.02, 0.5), (60, 800), (1500, 3800), (1.3, 6.0)),
    "snare": Role(
        (140, 260), (0.03, 0.15), (0.04, 0.3), (0.4, 3.0), (300, 1800), (2800, 3900), (1.0, 1.6), (1, 1), (1, 3)
    ),
    "clap": Role((600, 1500), (0.002, 0.01), (0.05, 0.25), (2.0, 5.0), (500, 1200), (1800, 3800), (1, 1), (2, 5)),
    "hat": Role(
        (400, 1200), (0.01, 0.06), (0.015, 0.08), (1.0, 5.0), (1500, 3000), (3600, 3990), (1, 1), (1, 1), (0, 6)
    ),
    "open": Role((400, 1200), (0.1, 0.5), (0.12, 0.5), (1.0, 5.0), (1200, 3000), (3600, 3990), (1, 1), (1, 1), (0, 6)),
    "ride": Role((300, 900), (0.2, 0.8), (0.2, 0.9), (0.2, 2.0), (1000, 2500), (3500, 3990), (1, 1), (1, 1), (4, 10)),
    "crash": Role((250, 800), (0.3, 1.0), (0.5, 1.4), (2.0, 6.0), (400, 1500), (3600, 3990), (1, 1), (1, 1), (3, 10)),
    "tom": Role((70, 240), (0.1, 0.5), (0.01, 0.1), (0.05, 0.4), (200, 800), (1500, 3500), (1.1, 2.0), (1, 1), (0, 2)),
    "shaker": Role((900, 2000), (0.002, 0.01), (0.02, 0.09), (2.0, 5.0), (1200, 2600), (3300, 3990)),
    "wood": Role(
        (400, 1900), (0.01, 0.08), (0.003, 0.01), (0.05, 0.5), (500, 1500), (2500, 3900), (1, 1.1), (1, 1), (0, 3)
    ),
    "skin": Role(
        (120, 480), (0.04, 0.25), (0.005, 0.04), (0.1, 1.0), (300, 1200), (1800, 3500), (1.0, 1.4), (1, 1), (1, 3)
    ),
    "bell": Role(
        (450, 1100), (0.05, 0.4), (0.003, 0.01), (0.05, 0.3), (800, 1800), (2500, 3900), (1, 1), (1, 1), (1, 4)
    ),
}
"""Every role of a kit."""


@dataclass(frozen=True)
class Drum:
    """One drum. `drop`: where its pitch starts, over where it ends; `ratios`: partials over the head."""

    head_s: float
    drop: float
    fall_s: float
    ratios: tuple[float, ...]
    noise: float
    noise_s: float
    low_hz: float
    high_hz: float
    bursts: int
    ring_s: float
    release_s: ClassVar[float] = 0.01

    @classmethod
    def draw(cls, role: Role, rng: np.random.Generator) -> Self:
        """Return another drum of a role."""
        head_s, noise_s = log_uniform(rng, *role.head_s), log_uniform(rng, *role.noise_s)
        return cls(
            head_s=head_s,
            drop=rng.uniform(*role.drop),
            fall_s=log_uniform(rng, 0.01, 0.08),
            ratios=tuple(np.cumsum(rng.uniform(0.2, 1.2, round(rng.uniform(*role.modes)))).tolist()),
            noise=log_uniform(rng, *role.noise),
            noise_s=noise_s,
            low_hz=log_uniform(rng, *role.low_hz),
            high_hz=log_uniform(rng, *role.high_hz),
            bursts=round(rng.uniform(*role.bursts)),
            ring_s=min(0.05 + 4 * max(head_s, noise_s), 2.0),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        time_s = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
        turns = pitch_hz * (time_s + (self.drop - 1) * self.fall_s * (1 - np.exp(-time_s / self.fall_s)))
        head = np.sin(2 * np.pi * (turns + 0.2 * rng.random())) * np.exp(-time_s / self.head_s)
        if self.ratios:
            hz = pitch_hz * (1 + np.array(self.ratios))
            decay = np.full(len(hz), 1 / self.head_s) * rng.uniform(0.8, 2, len(hz))
            head += partials(hz, 0.7 * random_phases(len(hz), rng), decay, len(time_s), sample_rate_hz)
        top_hz = min(self.high_hz, HIGHEST * sample_rate_hz)
        noise = band_noise(min(self.low_hz, 0.5 * top_hz), top_hz, len(time_s), sample_rate_hz, rng)
        shape = np.zeros_like(time_s)
        for burst in range(self.bursts):
            after_s = time_s - 0.012 * burst * rng.uniform(0.7, 1.3)
            length_s = self.noise_s if burst == self.bursts - 1 else 0.004
            shape += np.where(after_s >= 0, np.exp(-np.maximum(after_s, 0) / length_s), 0.0)
        return (force * head + self.noise * (0.4 + 0.6 * force) * shape * noise).astype(np.float32)


def draw_drum(name: str, rng: np.random.Generator) -> tuple[Voice, float]:
    """Return a drum for a role, and its tuning in Hz."""
    role = ROLES[name]
    pitch_hz = log_uniform(rng, *role.pitch_hz)
    if name in _PLAIN and rng.random() < 0.3:
        instrument = _PLAIN[name].draw(rng)
        return Borrowed(instrument, instrument.rings_s, 0.01), pitch_hz
    return Drum.draw(role, rng), pitch_hz


_PLAIN: dict[str, type[Kick] | type[Snare] | type[Hat]] = {"kick": Kick, "snare": Snare, "hat": Hat}
"""Drums of the labelled corpora that fill a role."""
