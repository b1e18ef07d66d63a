"""Pitch: sines at the frequency asked for, a plain phase vocoder as oracle, and nothing that hangs on rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from numpy.typing import NDArray

from echodex.audio.augment.pitch import PitchShift, pitch_shifted
from echodex.audio.augment.rng import BatchRng
from echodex.audio.augment.vocoder import stretched, window_samples

RATE = 22_050


def sines(frequencies_hz: list[float], samples: int) -> torch.Tensor:
    time_s = np.arange(samples) / RATE
    return torch.from_numpy((0.5 * np.sin(2 * np.pi * np.outer(frequencies_hz, time_s))).astype(np.float32))


def frequency_hz(waveform: torch.Tensor) -> float:
    """The highest peak of the spectrum, between the bins by a parabola through its logarithm."""
    samples = waveform.double().numpy()
    spectrum = np.abs(np.fft.rfft(samples * scipy.signal.get_window("hann", len(samples)), 4 * len(samples)))
    peak = int(spectrum.argmax())
    before, at, after = np.log(spectrum[peak - 1 : peak + 2])
    return float((peak + 0.5 * (before - after) / (before - 2 * at + after)) * RATE / (4 * len(samples)))


def naive_stretch(source: NDArray[np.float64], ratio: float, samples: int, window: int) -> NDArray[np.float64]:
    """A phase vocoder as the textbooks have it: angles, unwrapped and added up, frame by frame and bin by bin."""
    hop, shape = window // 4, scipy.signal.get_window("hann", window)
    padded = np.pad(source, (window // 2, 4 * samples + 8 * window))
    spectra = [np.fft.rfft(shape * padded[start : start + window]) for start in range(0, 4 * samples, hop)]
    expected_turn = 2 * np.pi * np.arange(window // 2 + 1) * hop / window
    out = np.zeros(samples + 4 * window)
    phase = np.angle(spectra[0])
    for frame in range(samples // hop + 4):
        before = int(frame / ratio)
        share = frame / ratio - before
        here, there = spectra[before], spectra[before + 1]
        magnitude = (1 - share) * np.abs(here) + share * np.abs(there)
        out[frame * hop : frame * hop + window] += shape / 1.5 * np.fft.irfft(magnitude * np.exp(1j * phase))
        turn = np.angle(there) - np.angle(here) - expected_turn
        phase = phase + expected_turn + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    return out[window // 2 : window // 2 + samples]


@pytest.mark.parametrize("cents", [-700, -389, -50, 1, 100, 333, 700])
def test_a_sine_ends_up_where_it_should_within_a_cent(cents: int) -> None:
    tones = sines([220, 987.77, 3520], 59_049)
    shifted = pitch_shifted(tones, torch.full((3,), cents), RATE)
    assert shifted.shape == tones.shape
    middle = slice(5000, -5000)
    for before, after in zip(tones, shifted, strict=True):
        found = 1200 * np.log2(frequency_hz(after[middle]) / frequency_hz(before[middle]))
        assert abs(found - cents) < 1
        assert abs(20 * torch.log10(after[middle].std() / before[middle].std())) < 1


def test_zero_cents_change_nothing(noise: torch.Tensor) -> None:
    torch.testing.assert_close(pitch_shifted(noise, torch.zeros(6, dtype=torch.int64), RATE), noise, atol=2e-5, rtol=0)


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.31])
def test_stretching_is_that_of_a_plain_phase_vocoder(ratio: float) -> None:
    random = np.random.default_rng(0)
    chirp = scipy.signal.chirp(np.arange(6000) / RATE, 200, 0.27, 4000) + random.standard_normal(6000)
    found = stretched(torch.from_numpy(chirp.astype(np.float32))[None], torch.tensor([ratio]).double(), 4000, 512)
    expected = naive_stretch(chirp, ratio, 4000, 512)
    np.testing.assert_allclose(found[0, 128:], expected[128:], atol=2e-3)  # before, its frames do not add up to 1


def test_a_click_stays_where_it_is(noise: torch.Tensor) -> None:
    clicks = torch.zeros(3, 30_000)
    clicks[:, [9_000, 21_000]] = 1
    shifted = pitch_shifted(clicks, torch.tensor([-700, 250, 700]), RATE)
    energy = shifted.square().unfold(1, 1000, 1000).sum(dim=-1)
    for row in energy:
        assert set(row.topk(2).indices.tolist()) <= {8, 9, 20, 21}
    assert shifted.square().sum() > 0.2 * clicks.square().sum()


def test_all_of_a_clip_is_heard_up_to_its_end(noise: torch.Tensor) -> None:
    for cents in (-700, 700):
        shifted = pitch_shifted(noise, torch.full((6,), cents), RATE)
        assert (shifted[:, -1000:].std(dim=1) > 0.3 * noise.std(dim=1)).all()


def test_silence_stays_silent_and_what_comes_after_is_the_same_whatever_rounding_stood_there() -> None:
    tone = sines([440], 20_000)
    tone[:, :10_000] = 0
    specks = 1e-8 * torch.randn(1, 20_000, generator=torch.Generator().manual_seed(0))
    clean, dirty = (pitch_shifted(x, torch.tensor([300]), RATE) for x in (tone, tone + specks))
    torch.testing.assert_close(clean, dirty, atol=1e-3, rtol=0)
    assert not pitch_shifted(torch.zeros(2, 5000), torch.tensor([100, -100]), RATE).any()


@pytest.mark.parametrize("samples", [1, 2, 700, 3001])
def test_any_length_is_kept(samples: int, rng: Callable[[int], BatchRng]) -> None:
    shifted = PitchShift(RATE)(torch.ones(4, samples), rng(4))
    assert shifted.shape == (4, samples)
    assert shifted.isfinite().all()


def test_cents_are_whole_and_of_the_published_range(rng: Callable[[int], BatchRng]) -> None:
    tones = sines([1000], 9000).repeat(40, 1)
    shifted = PitchShift(RATE)(tones, rng(40))
    cents = np.array([1200 * np.log2(frequency_hz(row[2000:-2000]) / 1000) for row in shifted])
    assert np.abs(cents).max() < 701
    assert cents.min() < -400
    assert cents.max() > 400
    assert len(np.unique(cents.round())) > 30


@pytest.mark.parametrize(("rate_hz", "window"), [(22_050, 2048), (16_000, 1024), (44_100, 4096), (100, 16)])
def test_frames_last_about_as_long_at_every_rate(rate_hz: int, window: int) -> None:
    assert window_samples(rate_hz) == window
