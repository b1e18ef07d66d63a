"""Background that was never recorded: textures, events and voices, one to three at once, some of them in a room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.signal
import torch
from numpy.typing import NDArray
from torch import Tensor

from .synthetic_events import calls, crackling, knocks
from .synthetic_rooms import draw_room, room_response
from .synthetic_speech import babble, voice
from .synthetic_textures import chopped, harmonics, hiss, swelling

Float64 = NDArray[np.float64]
Source = Callable[[int, int, np.random.Generator], Float64]

SOURCES: tuple[tuple[Source, float], ...] = (
    (hiss, 0.2),
    (swelling, 0.15),
    (harmonics, 0.12),
    (chopped, 0.08),
    (knocks, 0.12),
    (crackling, 0.08),
    (calls, 0.1),
    (babble, 0.15),
)
"""What is heard, and how often."""

AT_ONCE = (0.5, 0.35, 0.15)
"""How often one, two or three of them."""

IN_ROOM = 0.3
QUIETER_DB = 15.0
"""How much quieter a source may be than another that is heard with it."""
T60_S = (0.2, 1.0)


def synthetic_noise(count: int, samples: int, sample_rate_hz: int, seed: int) -> Tensor:
    """Return float32[count, samples]: noises of rms 0.1 for Background; by `seed` alone, whatever `count` is."""
    return _pool(_mixture, count, samples, sample_rate_hz, seed)


def synthetic_speech(count: int, samples: int, sample_rate_hz: int, seed: int) -> Tensor:
    """Return float32[count, samples]: single voices of rms 0.1, for a second Background; by `seed` alone."""
    return _pool(voice, count, samples, sample_rate_hz, seed)


def _pool(source: Source, count: int, samples: int, sample_rate_hz: int, seed: int) -> Tensor:
    pool = torch.empty(count, samples)
    for number in range(count):
        sound = _level(source(samples, sample_rate_hz, np.random.default_rng((seed, number))))
        pool[number] = torch.from_numpy(0.1 * sound)
    return pool


def _mixture(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    sources, shares = zip(*SOURCES, strict=True)
    total = np.zeros(samples)
    for place in range(1 + random.choice(len(AT_ONCE), p=AT_ONCE)):
        sound = _level(sources[random.choice(len(sources), p=shares)](samples, sample_rate_hz, random))
        total += sound * 10 ** (-QUIETER_DB / 20 * random.random() * (place > 0))
    if random.random() < IN_ROOM:
        room = room_response(draw_room(T60_S, random), sample_rate_hz // 2, sample_rate_hz, random)
        total = scipy.signal.fftconvolve(total, room)[:samples]
    return total


def _level(sound: Float64) -> Float64:
    """Return float64[n] of rms 1; a sound too short to have any power stays as it is."""
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9))
