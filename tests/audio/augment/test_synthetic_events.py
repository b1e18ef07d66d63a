"""Events: few and sudden, many and dense, or tones that glide."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from echodex.audio.augment.synthetic_events import calls, crackling, knocks
from echodex.audio.augment.synthetic_textures import hiss

RATE = 8000
LONG = 40_000


def kurtosis(source: object) -> np.ndarray:
    assert callable(source)
    return np.array([scipy.stats.kurtosis(source(LONG, RATE, np.random.default_rng(seed))) for seed in range(30)])


def test_knocks_are_sudden_and_crackling_lies_between_them_and_a_hiss() -> None:
    few, many, steady = (np.median(kurtosis(source)) for source in (knocks, crackling, hiss))
    assert few > 4 * many > 4 > 1 > abs(steady)


def test_calls_are_tones_over_a_quieter_background() -> None:
    for seed in range(20):
        call = calls(LONG, RATE, np.random.default_rng(seed))
        power = np.mean(call.reshape(-1, 400) ** 2, axis=1)
        loudest = call.reshape(-1, 400)[power.argmax()] * np.hanning(400)
        spectrum = np.abs(np.fft.rfft(loudest)) ** 2
        assert np.sort(spectrum)[-40:].sum() > 0.6 * spectrum.sum()
        assert power.max() > 2 * power.min()


@pytest.mark.parametrize("source", [knocks, crackling, calls])
@pytest.mark.parametrize("samples", [100, 1500])
def test_any_length_and_no_silence(source: object, samples: int) -> None:
    assert callable(source)
    for seed in range(10):
        sound = source(samples, RATE, np.random.default_rng(seed))
        assert sound.shape == (samples,)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0
