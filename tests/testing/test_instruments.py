"""Every instrument sounds at its pitch and within full scale, the same from the same seed and from no other."""

from __future__ import annotations

import numpy as np
import pytest

from echodex.testing.drums import Hat, Kick, Snare
from echodex.testing.instruments import BAR, BELL, Blown, Bowed, Instrument, Plucked, Struck
from echodex.testing.noises import Rain, Surf, Wind, band_noise, noise
from echodex.testing.recordings import INSTRUMENTS
from echodex.testing.tones import Float32

RATE = 16_000


def spectrum(samples: Float32) -> tuple[Float32, Float32]:
    """Frequencies (Hz) and magnitudes."""
    window = np.hanning(len(samples))
    return np.fft.rfftfreq(len(samples), 1 / RATE), np.abs(np.fft.rfft(samples * window))


def strength(samples: Float32, frequency_hz: float, width: float = 0.03) -> float:
    """Largest magnitude within `width` of a frequency."""
    frequency, magnitude = spectrum(samples)
    near = np.abs(frequency - frequency_hz) < width * frequency_hz
    return float(np.max(magnitude[near]))


def centroid_hz(samples: Float32) -> float:
    frequency, magnitude = spectrum(samples)
    return float(np.sum(frequency * magnitude) / np.sum(magnitude))


@pytest.mark.parametrize("label", [name for name in INSTRUMENTS if name not in {"bell", "cello"}])
@pytest.mark.parametrize("pitch_hz", [220.0, 523.25])
def test_the_strongest_partials_are_harmonics_of_the_pitch(label: str, pitch_hz: float) -> None:
    rng = np.random.default_rng(1)
    sound = INSTRUMENTS[label](rng).note(pitch_hz, 1.0, RATE, rng)
    frequency, magnitude = spectrum(sound)
    strongest = frequency[np.argmax(magnitude)] / pitch_hz
    assert strongest == pytest.approx(max(round(strongest), 1), rel=0.03)
    assert strength(sound, pitch_hz) > 20 * strength(sound, 0.7 * pitch_hz)


def test_a_plucked_string_dies_away_highest_first() -> None:
    string = Plucked(position=0.2, tilt=1.0, decay_s=0.5, damping=0.5, stiffness=1e-5)
    sound = string.note(220.0, 2.0, RATE, np.random.default_rng(0))
    start, end = sound[:8000], sound[-8000:]
    assert np.sqrt(np.mean(end**2)) < 0.1 * np.sqrt(np.mean(start**2))
    assert strength(end, 1100) / strength(end, 220) < 0.2 * strength(start, 1100) / strength(start, 220)


def test_a_string_plucked_in_the_middle_has_no_even_harmonics() -> None:
    string = Plucked(position=0.5, tilt=1.0, decay_s=1.0, damping=0.3, stiffness=0.0)
    sound = string.note(220.0, 1.0, RATE, np.random.default_rng(0))[800:]
    assert strength(sound, 440) < 0.05 * strength(sound, 660)


def test_a_bell_and_a_bar_ring_at_their_own_ratios() -> None:
    for ratios in (BELL, BAR):
        body = Struck(ratios, decay_s=1.0, damping=0.3, tilt=0.3, tick=0.0)
        sound = body.note(400.0, 1.0, RATE, np.random.default_rng(0))
        for ratio in (r for r in ratios if 400 * r < 7000):
            assert strength(sound, 400 * ratio, 0.01) > 20 * strength(sound, 400 * (ratio + 0.25), 0.01)


def test_a_bow_holds_and_a_pluck_does_not() -> None:
    rng = np.random.default_rng(3)
    bowed = Bowed.draw(rng, 480.0).note(330.0, 1.5, RATE, rng)
    assert np.sqrt(np.mean(bowed[-8000:-4000] ** 2)) > 0.4 * np.sqrt(np.mean(bowed[8000:12000] ** 2))
    assert Bowed.rings_s == Blown.rings_s == 0.0
    assert Plucked.rings_s > 0.0


def test_a_stopped_pipe_has_odd_partials_and_an_open_one_all() -> None:
    for even, low, high in ((0.03, 0.0, 0.1), (1.0, 0.6, 1.8)):
        pipe = Blown(even, 1.0, breath=0.0, breath_hz=2000, vibrato_hz=5, vibrato_cents=0.0, attack_s=0.05)
        sound = pipe.note(300.0, 1.0, RATE, np.random.default_rng(0))
        share = strength(sound, 600) / np.sqrt(strength(sound, 300) * strength(sound, 900))
        assert low < share < high


def test_breath_fills_the_gaps_between_partials() -> None:
    gaps = []
    for breath in (0.0, 0.2):
        pipe = Blown(0.5, 1.2, breath, breath_hz=2000, vibrato_hz=5, vibrato_cents=0.0, attack_s=0.05)
        gaps.append(strength(pipe.note(300.0, 1.0, RATE, np.random.default_rng(0)), 2250, 0.01))
    assert gaps[1] > 5 * gaps[0]


def test_drums_lie_in_their_own_registers() -> None:
    rng = np.random.default_rng(0)
    kick = centroid_hz(Kick.draw(rng).note(50.0, 0.5, RATE, rng))
    snare = centroid_hz(Snare.draw(rng).note(190.0, 0.5, RATE, rng))
    hat = centroid_hz(Hat.draw(rng).note(500.0, 0.5, RATE, rng))
    assert kick < snare < hat
    assert hat > 4000


@pytest.mark.parametrize(("color", "slope_db"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0)])
def test_the_slope_of_a_noise(color: str, slope_db: float) -> None:
    frequency, magnitude = spectrum(noise(color, 1 << 17, np.random.default_rng(0)).astype(np.float32))
    power = [np.mean(magnitude[(frequency > f) & (frequency < 2 * f)] ** 2) for f in (250, 500, 1000, 2000)]
    np.testing.assert_allclose(np.diff(10 * np.log10(power)), slope_db, atol=0.7)


def test_band_noise_stays_in_its_band_at_unit_power() -> None:
    samples = band_noise(1000, 2000, 16_000, RATE, np.random.default_rng(0))
    frequency, magnitude = spectrum(samples.astype(np.float32))
    inside = (frequency > 990) & (frequency < 2010)
    assert np.sum(magnitude[inside] ** 2) > 0.999 * np.sum(magnitude**2)
    assert np.mean(samples**2) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("texture", [Rain, Wind, Surf])
def test_textures(texture: type[Rain] | type[Wind] | type[Surf]) -> None:
    sound = texture.draw(np.random.default_rng(2))
    first, again, other = (sound.render(1.0, RATE, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert len(first) == RATE
    assert np.max(np.abs(first)) == pytest.approx(1.0)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.5


@pytest.mark.parametrize("rate_hz", [8000, 48_000])
def test_every_note_is_bounded_whatever_the_rate(rate_hz: int) -> None:
    drawn: list[Instrument] = [draw(np.random.default_rng(4)) for draw in INSTRUMENTS.values()]
    drawn += [kind.draw(np.random.default_rng(4)) for kind in (Kick, Snare, Hat)]
    for instrument in drawn:
        sound = instrument.note(300.0, 0.3, rate_hz, np.random.default_rng(5))
        assert sound.dtype == np.float32
        assert len(sound) == round(0.3 * rate_hz)
        assert np.isfinite(sound).all()
        assert np.max(np.abs(sound)) == pytest.approx(1.0, abs=1e-6)
