"""Every voice sounds at its pitch, harder is brighter, and what is looked up or looped is what theory says it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from echodex.testing.music.held import Filtered, Sung, Sustained
from echodex.testing.music.orchestra import draw_voice
from echodex.testing.music.struck import Looped, Modulated, Ringing
from echodex.testing.music.voices import Voice
from echodex.testing.music.wavetable import CONTROL, Intonation, control_points, cycles, envelope, joined, turned
from echodex.testing.tones import Float32

RATE = 8000
DRAWS: dict[str, Callable[[np.random.Generator], Voice]] = {
    "sustained": Sustained.draw,
    "filtered": Filtered.draw,
    "sung": Sung.draw,
    "ringing": Ringing.draw,
    "looped": Looped.draw,
    "modulated": Modulated.draw,
}


def magnitudes(sound: Float32) -> tuple[Float32, Float32]:
    window = np.hanning(len(sound))
    return np.fft.rfftfreq(len(sound), 1 / RATE), np.abs(np.fft.rfft(sound * window))


def test_a_stored_cycle_is_the_sum_of_its_harmonics() -> None:
    amplitudes = np.array([[1.0, 0.0, 0.5j]])
    turns = 200 * np.arange(RATE) / RATE
    sound = turned(cycles(amplitudes), np.ones((1, RATE), np.float32), turns)
    expected = np.cos(2 * np.pi * turns) - 0.5 * np.sin(2 * np.pi * 3 * turns)
    np.testing.assert_allclose(sound, expected, atol=5e-3)


def test_weights_are_lines_through_their_control_points() -> None:
    points = np.array([0.0, 1.0, 0.5, 0.5])
    count = 2 * CONTROL + 5
    assert control_points(count) == len(points)
    expected = np.interp(np.arange(count) / CONTROL, np.arange(len(points)), points)
    np.testing.assert_allclose(joined(points, count), expected, atol=1e-6)


def test_an_envelope_reaches_one_and_falls_to_its_sustain() -> None:
    curve = envelope(RATE, RATE, 0.1, 0.05, 0.4)
    assert curve[0] == 0
    assert curve.max() == pytest.approx(1, abs=0.1)
    assert curve[-1] == pytest.approx(0.4, abs=1e-3)


def test_a_held_pitch_turns_at_its_frequency_and_a_vibrato_does_on_average() -> None:
    rng = np.random.default_rng(0)
    (plain,) = Intonation().turns(440.0, 2 * RATE, RATE, rng)
    np.testing.assert_allclose(np.diff(plain), 440 / RATE, rtol=1e-6)
    (wavering,) = Intonation(vibrato_hz=5.0, vibrato_cents=50.0).turns(440.0, 2 * RATE, RATE, rng)
    steps = np.diff(wavering) * RATE
    assert steps.mean() == pytest.approx(440, rel=2e-3)
    assert steps.max() == pytest.approx(440 * 2 ** (50 / 1200), rel=1e-3)


@pytest.mark.parametrize("pitch_hz", [98.0, 261.6, 740.0])
def test_a_looped_string_is_in_tune(pitch_hz: float) -> None:
    string = Looped(decay_s=1.5, dull=0.3, pick=0.2, soft=0.2, ring_s=0.0, release_s=0.1)
    hz, magnitude = magnitudes(string.note(pitch_hz, 2.0, 0.8, RATE, np.random.default_rng(1)))
    near = np.abs(hz / pitch_hz - 1) < 0.2
    assert hz[near][np.argmax(magnitude[near])] == pytest.approx(pitch_hz, rel=0.01)


@pytest.mark.parametrize("pitch_hz", [110.0, 440.0, 2900.0])
def test_modulation_keeps_its_side_bands_below_half_the_rate(pitch_hz: float) -> None:
    """Integer ratios give harmonics only: whatever folded back at half the rate would lie between them."""
    voice = Modulated(1.0, (3.0,), (6.0,), 1.0, 1.0, 0.002, 1.0, 1.0, Intonation(), 0.1)
    hz, magnitude = magnitudes(voice.note(pitch_hz, 1.0, 1.0, RATE, np.random.default_rng(0)))
    off = np.abs(hz / pitch_hz - np.round(hz / pitch_hz)) * pitch_hz > 8
    assert np.sum(magnitude[off] ** 2) < 0.003 * np.sum(magnitude**2)


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("rate", [8000, 16_000])
def test_every_drawn_voice_plays_high_and_low_long_and_short(kind: str, rate: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(12):
        voice = DRAWS[kind](rng)
        for pitch_hz, seconds, force in ((30.0, 0.3, 1.0), (3100.0, 0.05, 0.3), (440.0, 1.0, 0.7)):
            sound = voice.note(pitch_hz, seconds, force, rate, rng)
            assert sound.dtype == np.float32
            assert sound.shape == (round(seconds * rate),)
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() > 1e-4


@pytest.mark.parametrize("kind", ["sustained", "ringing"])
def test_harder_is_brighter(kind: str) -> None:
    centroids_hz = {0.3: 0.0, 1.0: 0.0}
    for seed in range(10):
        for force in centroids_hz:
            rng = np.random.default_rng(seed)
            hz, magnitude = magnitudes(DRAWS[kind](rng).note(220.0, 0.5, force, RATE, rng))
            centroids_hz[force] += float(np.sum(hz * magnitude) / np.sum(magnitude))
    assert centroids_hz[1.0] > 1.1 * centroids_hz[0.3]


def test_voices_are_of_many_kinds() -> None:
    rng = np.random.default_rng(0)
    assert {type(draw_voice(rng, 0.5)).__name__ for _ in range(100)} == {
        "Sustained",
        "Filtered",
        "Sung",
        "Ringing",
        "Looped",
        "Modulated",
        "Borrowed",
    }
