"""Pools of synthetic noise: by their seed alone, all kinds in them, and real noises would not stand out among them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr
import torch

from echodex.audio.augment.synthetic_noise import AT_ONCE, SOURCES, synthetic_noise, synthetic_speech

RATE = 8000


@pytest.mark.parametrize("pool_of", [synthetic_noise, synthetic_speech])
def test_a_row_depends_on_seed_and_place_alone(pool_of: object) -> None:
    assert callable(pool_of)
    pool = pool_of(12, 12_000, RATE, 3)
    assert pool.shape == (12, 12_000)
    assert pool.dtype == torch.float32
    torch.testing.assert_close(pool.square().mean(dim=1).sqrt(), torch.full((12,), 0.1))
    assert torch.equal(pool_of(4, 12_000, RATE, 3), pool[:4])
    assert not torch.equal(pool_of(4, 12_000, RATE, 4), pool[:4])
    assert len({row.numpy().tobytes() for row in pool}) == 12


def test_shares_are_shares() -> None:
    assert sum(share for _, share in SOURCES) == pytest.approx(1)
    assert sum(AT_ONCE) == pytest.approx(1)


def slope_db(sound: np.ndarray) -> float:
    """Change of the power from octave to octave, 125 to 4000 Hz."""
    frequency_hz, density = scipy.signal.welch(sound, RATE, nperseg=1024)
    lower = 125 * 2 ** np.arange(5)
    powers = [density[(frequency_hz >= low) & (frequency_hz < 2 * low)].sum() for low in lower]
    return float(np.polyfit(np.arange(5), 10 * np.log10(np.array(powers) + 1e-12), 1)[0])


def range_db(sound: np.ndarray) -> float:
    """How much louder the loudest tenth of 50 ms is than the quietest tenth, but for the silence around a clip."""
    levels = 10 * np.log10(np.mean(sound[: len(sound) // 400 * 400].reshape(-1, 400) ** 2, axis=1) + 1e-9)
    low, high = np.percentile(levels[levels > levels.max() - 50], [10, 90])
    return float(high - low)


def flatness_db(sound: np.ndarray) -> float:
    _, _, spectra = scipy.signal.stft(sound, RATE, nperseg=512)
    power = np.abs(spectra[20:218]) ** 2 + 1e-15
    return float(np.median(10 * (np.log10(power).mean(axis=0) - np.log10(power.mean(axis=0)))))


def crest_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(sound).max() / np.sqrt(np.mean(sound**2))))


@pytest.mark.parametrize("measure", [slope_db, range_db, flatness_db, crest_db])
def test_real_noises_would_not_stand_out(measure: object, shared_data: Path) -> None:
    """The middle half of real noises lies within the middle nine tenths of the synthetic ones."""
    assert callable(measure)
    with (shared_data / "environment" / "labels.csv").open(newline="") as file:
        paths = [shared_data / "environment" / line["path"] for line in csv.DictReader(file)][::16]
    real = []
    for path in paths:
        sound, rate_hz = soundfile.read(path)
        sound = soxr.resample(sound, rate_hz, RATE)
        if np.abs(sound).max() > 1e-3 and np.mean(sound**2) > 0:
            real.append(measure(sound / np.sqrt(np.mean(sound**2))))
    synthetic = [measure(sound) for sound in 10 * synthetic_noise(100, 40_000, RATE, 0).double().numpy()]
    low, high = np.percentile(synthetic, [5, 95])
    quartiles = np.percentile(real, [25, 50, 75])
    assert low < quartiles[0] < quartiles[2] < high
    assert np.percentile(real, 5) < np.median(synthetic) < np.percentile(real, 95)
