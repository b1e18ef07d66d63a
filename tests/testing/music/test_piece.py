"""A piece is a sound, the same from the same seed, and unlike the next one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.testing.music import draw_piece
from echodex.testing.tones import Float32

RATE = 8000


@pytest.fixture(scope="module")
def pieces() -> list[Float32]:
    return [draw_piece(np.random.default_rng((7, seed)), RATE, 8.0) for seed in range(40)]


def power(sound: Float32) -> tuple[Float32, Float32]:
    """Frequencies [f] and power [f, t]."""
    hz, _, spectra = scipy.signal.stft(sound, RATE, nperseg=1024, noverlap=768)
    return hz, np.abs(spectra) ** 2


def spread(values: list[float]) -> float:
    """From the tenth to the ninetieth percentile."""
    low, high = np.quantile(values, [0.1, 0.9])
    return float(high - low)


def test_the_same_seed_gives_the_same_piece_and_another_seed_another() -> None:
    first, again, other = (draw_piece(np.random.default_rng(seed), RATE, 6.0) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.2


def test_a_generator_goes_on_to_another_piece() -> None:
    rng = np.random.default_rng(1)
    first, second = draw_piece(rng, RATE, 5.0), draw_piece(rng, RATE, 5.0)
    assert not np.array_equal(first, second)


@given(seed=st.integers(0, 2**63), seconds=st.floats(0.01, 12.0))
@settings(max_examples=40, deadline=None)
def test_any_seed_and_length_gives_finite_sound_within_full_scale(seed: int, seconds: float) -> None:
    sound = draw_piece(np.random.default_rng(seed), RATE, seconds)
    assert sound.dtype == np.float32
    assert sound.shape == (max(round(seconds * RATE), 1),)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_other_sample_rates(rate: int) -> None:
    for seed in range(6):
        sound = draw_piece(np.random.default_rng(seed), rate, 5.0)
        assert sound.shape == (5 * rate,)
        assert 0.05 < np.abs(sound).max() <= 1


def test_no_piece_is_silent_and_few_seconds_are(pieces: list[Float32]) -> None:
    assert min(float(np.abs(piece).max()) for piece in pieces) > 0.1
    seconds = np.concatenate([piece.reshape(-1, RATE) for piece in pieces])
    level_db = 10 * np.log10(np.mean(seconds**2, axis=1) + 1e-12)
    assert 0 < np.mean(level_db < -60) < 0.1


def test_some_are_dark_and_some_bright(pieces: list[Float32]) -> None:
    centroids_hz = []
    for piece in pieces:
        hz, each = power(piece)
        centroids_hz.append(float(np.sum(hz[:, None] * each) / np.sum(each)))
    assert spread(centroids_hz) > 400


def test_some_are_busy_and_some_calm(pieces: list[Float32]) -> None:
    onsets_per_s = []
    for piece in pieces:
        rise = np.diff(np.log(power(piece)[1] + 1e-7), axis=1).clip(0).mean(axis=0)
        peaks, _ = scipy.signal.find_peaks(rise, height=rise.mean() + rise.std())
        onsets_per_s.append(len(peaks) / 8)
    assert spread(onsets_per_s) > 1.5


def test_keys_and_tunings_are_all_over_the_place(pieces: list[Float32]) -> None:
    strongest, pitches = [], []
    for piece in pieces:
        hz, each = power(piece)
        heard = (hz > 100) & (hz < 1500)
        pitch = 12 * np.log2(hz[heard] / 440)
        classes = np.bincount(np.round(pitch).astype(int) % 12, each[heard].sum(axis=1), 12)
        strongest.append(int(np.argmax(classes)))
        pitches.append(float(np.sort(classes)[-3:].sum() / classes.sum()))
    assert len(set(strongest)) >= 10
    assert spread(pitches) > 0.15


@pytest.mark.parametrize("seed", [182, 428, 721])
def test_what_would_be_all_rests_is_drawn_again(seed: int) -> None:
    assert np.abs(draw_piece(np.random.default_rng((77, seed)), RATE, 4.0)).max() > 0.05
