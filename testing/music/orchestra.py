"""Which voice plays: one of all kinds, drawn anew for every part of every piece."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..recordings import INSTRUMENTS
from .held import Filtered, Sung, Sustained
from .struck import Looped, Modulated, Ringing
from .voices import Borrowed, Voice, log_uniform


def _borrowed(rng: np.random.Generator) -> Voice:
    instrument = INSTRUMENTS[str(rng.choice(sorted(INSTRUMENTS)))](rng)
    return Borrowed(instrument, min(instrument.rings_s, 1.5), log_uniform(rng, 0.03, 0.3))


HELD: tuple[tuple[Callable[[np.random.Generator], Voice], float], ...] = (
    (Sustained.draw, 0.45),
    (Filtered.draw, 0.25),
    (Sung.draw, 0.2),
    (Modulated.draw, 0.1),
)
"""What can hold a note, and how often."""
STRUCK: tuple[tuple[Callable[[np.random.Generator], Voice], float], ...] = (
    (Ringing.draw, 0.45),
    (Looped.draw, 0.2),
    (Modulated.draw, 0.15),
    (Filtered.draw, 0.1),
    (_borrowed, 0.1),
)
"""What is struck or plucked, and how often."""


def draw_voice(rng: np.random.Generator, held: float) -> Voice:
    """Return a voice; `held`: how likely it is of a kind that holds its notes."""
    kinds = HELD if rng.random() < held else STRUCK
    draws, shares = zip(*kinds, strict=True)
    voice: Voice = draws[rng.choice(len(draws), p=shares)](rng)
    return voice
