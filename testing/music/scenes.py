"""What is not music: talk, and places; a fingerprint meets them between and under songs."""

from __future__ import annotations

import numpy as np

from ...audio.augment.synthetic_events import calls, crackling, knocks
from ...audio.augment.synthetic_speech import babble, voice
from ...audio.augment.synthetic_textures import chopped, harmonics, hiss, swelling
from ..noises import Rain, Surf, Wind
from ..tones import Float32, Float64
from .mixing import mixed

TEXTURES = (calls, crackling, knocks, chopped, harmonics, hiss, swelling, babble)
"""Places, machines, weather, crowds, applause."""


def talk(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[samples] of one or two voices, in a room."""
    count = int(rng.choice([1, 1, 2]))
    parts = [(_float32(voice(samples, sample_rate_hz, rng)), rng.uniform(-6, 0), rng.random()) for _ in range(count)]
    return mixed(parts, sample_rate_hz, rng)


def place(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[samples] of one to three textures at once."""
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.2:
            weather = (Rain, Surf, Wind)[rng.integers(3)].draw(rng)
            sound = weather.render(samples / sample_rate_hz, sample_rate_hz, rng)
        else:
            sound = _float32(TEXTURES[rng.integers(len(TEXTURES))](samples, sample_rate_hz, rng))
        parts.append((sound, rng.uniform(-12, 0), rng.random()))
    return mixed(parts, sample_rate_hz, rng)


def _float32(sound: Float64) -> Float32:
    return np.asarray(sound, np.float32)
