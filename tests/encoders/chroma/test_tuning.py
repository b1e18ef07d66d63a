from __future__ import annotations

import numpy as np
import pytest

from echodex.encoders.chroma.spectra import SAMPLE_RATE_HZ
from echodex.encoders.chroma.tuning import STEP, tuning_cents
from echodex.schemas.vector import Float32


def chords(cents: float) -> Float32:
    """Four chords of four harmonics, all `cents` too high."""
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    parts = []
    for root in (60, 65, 67, 69):
        hz = [440 * 2 ** ((root + third + cents / 100 - 69) / 12) for third in (0, 4, 7)]
        parts.append(sum(np.sin(2 * np.pi * h * f * time_s) / h for f in hz for h in (1, 2, 3, 4)))
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize("cents", [-45, -30, -12, 0, 8, 25, 40])
def test_the_tuning_of_chords_is_heard(cents: int) -> None:
    found = tuning_cents(chords(cents))
    assert found % STEP == 0
    assert abs(found - cents) <= 7


def test_half_a_semitone_may_be_up_or_down() -> None:
    assert abs(tuning_cents(chords(50))) >= 43


def test_what_has_no_tuning_has_none() -> None:
    assert tuning_cents(np.zeros(SAMPLE_RATE_HZ, np.float32)) == 0
    noise = np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE_HZ).astype(np.float32)
    assert tuning_cents(noise) == 0
