"""Pitch: sines at the frequency asked for, a plain phase vocoder as oracle, and nothing that hangs on rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from numpy.typing import NDArray

from echodex.audio.augment.frames import frames_for
from echodex.audio.augment.pitch import PitchShift, pitch_shifted
from echodex.audio.augment.rng import BatchRng
from echodex.audio.augment.vocoder import shifted

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


def naive_shift(source: NDArray[np.float64], cents: int, hop: int) -> NDArray[np.float64]:
    """The same vocoder with angles, frame by frame: read twice, written where it was read."""
    frames, ratio = frames_for(cents, hop), 2 ** (cents / 1200)
    shapes = [scipy.signal.get_window("hann", length) for length in (frames.source, frames.result)]
    padded = np.pad(source, 8 * hop)

    def spectrum(middle: float) -> NDArray[np.complex128]:
        start = round(middle) - frames.source // 2
        turn = np.exp(2j * np.pi * np.arange(frames.bins) / frames.source * (middle - round(middle)))
        piece = shapes[0] * padded[start : start + frames.source]
        return np.asarray(turn * np.fft.rfft(piece)[: frames.bins])

    middles = [5 * hop + frames.result // 2 + hop * (number + 1) for number in range(len(source) // hop + 5)]
    read = [spectrum(middle) for middle in middles]
    floor = (1e-3 * max(max(abs(found.real).max(), abs(found.imag).max()) for found in read)) ** 2
    out, weight = np.zeros_like(padded), np.zeros_like(padded)
    ahead = np.zeros(frames.bins)
    for number, middle in enumerate(middles):
        if number:
            drawn = read[number - 1] * spectrum(middle - ratio * hop).conj() * np.exp(1j * ahead)
            ahead = np.angle(np.convolve(drawn, [1, 1, 1], mode="same") + floor)
        piece = np.fft.irfft(read[number] * np.exp(1j * ahead), frames.result) * frames.result / frames.source
        reach = slice(middle - frames.result // 2, middle - frames.result // 2 + frames.result)
        out[reach] += shapes[1] * piece
        weight[reach] += shapes[1] ** 2
    kept = slice(8 * hop, 8 * hop + len(source))
    return np.asarray(out[kept] / weight[kept])


@pytest.mark.parametrize("cents", [-700, -389, -50, 1, 100, 333, 700])
def test_a_sine_ends_up_where_it_should_within_a_tenth_of_a_cent(cents: int) -> None:
    tones = sines([220, 987.77, 3520], 59_049)
    shifted = pitch_shifted(tones, torch.full((3,), cents), RATE)
    assert shifted.shape == tones.shape
    middle = slice(5000, -5000)
    for before, after in zip(tones, shifted, strict=True):
        found = 1200 * np.log2(frequency_hz(after[middle]) / frequency_hz(before[middle]))
        assert abs(found - cents) < 0.1
        assert abs(20 * torch.log10(after[middle].std() / before[middle].std())) < 0.1


def test_zero_cents_change_nothing(noise: torch.Tensor) -> None:
    torch.testing.assert_close(pitch_shifted(noise, torch.zeros(6, dtype=torch.int64), RATE), noise, atol=2e-5, rtol=0)


@pytest.mark.parametrize("cents", [-617, 0, 467])
def test_it_is_a_plain_phase_vocoder(cents: int) -> None:
    random = np.random.default_rng(0)
    chirp = scipy.signal.chirp(np.arange(6000) / RATE, 200, 0.27, 4000) + 0.5 * random.standard_normal(6000)
    found = shifted(torch.from_numpy(chirp.astype(np.float32))[None], torch.tensor([cents]), 200)
    np.testing.assert_allclose(found[0], naive_shift(chirp, cents, 200), atol=2e-3)


@pytest.mark.parametrize("cents", [-700, -250, 250, 700])
def test_noise_keeps_its_level_and_its_spectrum(cents: int) -> None:
    hiss = torch.randn(8, 40_000, generator=torch.Generator().manual_seed(0))
    shifted_hiss = pitch_shifted(hiss, torch.full((8,), cents), RATE)
    frequencies_hz, before = scipy.signal.welch(hiss.numpy(), RATE, nperseg=512)
    after = scipy.signal.welch(shifted_hiss.numpy(), RATE, nperseg=512)[1]
    heard = (frequencies_hz > 500) & (frequencies_hz < 0.9 * RATE / 2 * min(1, 2 ** (cents / 1200)))
    lost_db = 10 * np.log10(after.mean(axis=0) / before.mean(axis=0) * 2 ** (cents / 1200))[heard]
    assert abs(lost_db.mean()) < 2
    assert lost_db.std() < 0.5


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
