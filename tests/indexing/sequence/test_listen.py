from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.audio.clip import read_mono
from echodex.encoders.base import Weights
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput, NotFound
from echodex.indexing.sequence.listen import hear, listen
from echodex.schemas.vector import Float32, Segments

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Config:
    sample_rate_hz: int = 4000
    version: int = 1


class Overlapping:
    """Windows of 2.5 hops, with one more that ends with the clip, as `clmr` has; a short clip is repeated."""

    name: ClassVar[str] = "overlapping"
    config = Config()
    dim = 8
    hop, window = 1000, 2500

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        return cls()

    def weights(self) -> Weights:
        return {}

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        return [self._one(waveform) for waveform in waveforms]

    def _one(self, waveform: Float32) -> Segments:
        starts = list(range(0, max(len(waveform) - self.window, 0) + 1, self.hop))
        if 2 * (len(waveform) - starts[-1] - self.window) >= self.hop:
            starts.append(len(waveform) - self.window)
        rows = [np.resize(waveform[start : start + self.window], self.window) for start in starts]
        vectors = np.stack([np.abs(np.fft.rfft(row))[1:9] for row in rows]).astype(np.float32)
        return Segments(np.array(starts, np.float32) / np.float32(4000), vectors)


def noisy(seconds: float, rate_hz: int, seed: int = 0) -> Samples:
    random = np.random.default_rng(seed)
    return np.asarray(0.2 * random.standard_normal(int(seconds * rate_hz)))


def at_once(path: Path, encoder: Any, hop_s: float) -> Float32:
    """What the encoder gives for the whole waveform, on its grid, scaled to unit length."""
    found = encoder.encode([read_mono(path, encoder.config.sample_rate_hz)])[0]
    rows: Float32 = found.vectors[np.isclose(found.start_s % hop_s, 0, atol=1e-5)]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("seconds", [0.3, 5.0, 59.9, 60.0, 61.3, 183.26])
@pytest.mark.parametrize("encoder", [Overlapping(), Dummy(DummyConfig(window_s=0.25))], ids=["overlapping", "dummy"])
def test_stretches_equal_the_whole_to_the_bit(encoder: Any, seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "query.wav"
    soundfile.write(path, noisy(seconds, 11_025), 11_025)
    heard = listen(path, encoder, 0.25)
    expected = at_once(path, encoder, 0.25)
    assert heard.tracks[0].vectors.shape == expected.shape
    assert np.array_equal(heard.tracks[0].vectors, expected)
    assert heard.seconds == pytest.approx(seconds, abs=0.001)


@pytest.mark.parametrize("seconds", [0.3, 61.3])
def test_a_phase_is_the_query_begun_later(seconds: float, tmp_path: Path) -> None:
    samples = noisy(seconds, 4000)
    encoder = Overlapping()
    soundfile.write(tmp_path / "query.wav", samples, 4000, subtype="FLOAT")
    heard = listen(tmp_path / "query.wav", encoder, 0.25, phases=4)
    assert len(heard.tracks) == 4
    for phase, track in enumerate(heard.tracks):
        soundfile.write(tmp_path / "later.wav", samples[250 * phase :], 4000, subtype="FLOAT")
        later = listen(tmp_path / "later.wav", encoder, 0.25).tracks[0]
        assert np.array_equal(track.vectors, later.vectors)
        assert np.array_equal(track.sounding, later.sounding)
    again = hear(samples.astype(np.float32), encoder, 0.25, phases=4)
    assert again.seconds == heard.seconds
    assert all(
        np.array_equal(*pair)
        for pair in zip([t.vectors for t in again.tracks], [t.vectors for t in heard.tracks], strict=True)
    )


def test_a_window_is_known_to_within_a_hop(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "query.wav", noisy(20.3, 8000), 8000)
    assert listen(tmp_path / "query.wav", Dummy(DummyConfig(window_s=0.25)), 0.25).window_s == 0.25
    assert 0.375 < listen(tmp_path / "query.wav", Overlapping(), 0.25).window_s < 0.875


def test_channels_in_anti_phase_are_heard(tmp_path: Path) -> None:
    samples = noisy(70, 8000)
    soundfile.write(tmp_path / "mono.wav", samples, 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "mirrored.wav", np.stack([samples, -samples], axis=1), 8000, subtype="FLOAT")
    encoder = Dummy(DummyConfig(window_s=0.5))
    mono, mirrored = (listen(tmp_path / name, encoder, 0.5) for name in ("mono.wav", "mirrored.wav"))
    assert np.array_equal(mono.tracks[0].vectors, mirrored.tracks[0].vectors)


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "query.wav", noisy(150, 4000), 4000)
    told: list[tuple[str, int, int | None]] = []
    listen(tmp_path / "query.wav", Overlapping(), 0.25, lambda *said: told.append(said))
    assert [stage for stage, _, _ in told] == ["listen"] * 3
    assert told[-1][1] == 150


def test_what_cannot_be_heard(tmp_path: Path) -> None:
    encoder = Dummy(DummyConfig(window_s=0.5))
    with pytest.raises(NotFound, match="nowhere"):
        listen(tmp_path / "nowhere.wav", encoder, 0.5)
    (tmp_path / "text.wav").write_text("no audio at all")
    with pytest.raises(BadInput, match="no decoder opens it"):
        listen(tmp_path / "text.wav", encoder, 0.5)
    spoilt = noisy(1, 8000)
    spoilt[4000] = np.nan
    soundfile.write(tmp_path / "nan.wav", spoilt, 8000, subtype="FLOAT")
    with pytest.raises(BadInput, match="NaN"):
        listen(tmp_path / "nan.wav", encoder, 0.5)


@pytest.mark.parametrize("encoder", [Overlapping(), Dummy(DummyConfig(sample_rate_hz=4000, window_s=0.25))])
def test_silence_is_told_from_sound_wherever_stretches_are_cut(tmp_path: Path, encoder: Any) -> None:
    samples = noisy(150, 4000)
    for first, last, level in ((10, 14, 0.0), (58, 63, 0.0), (100, 104, 2e-4), (110, 114, 4e-3)):  # -88 and -62 dB
        samples[first * 4000 : last * 4000] *= level
    soundfile.write(tmp_path / "a.wav", samples, 4000, subtype="FLOAT")
    heard = listen(tmp_path / "a.wav", encoder, 0.25)
    assert len(heard.tracks[0].sounding) == len(heard.tracks[0].vectors)
    window = round(heard.window_s * 4000)
    silent = [
        (samples[at : at + window] ** 2).mean() < 1e-7 for at in range(0, 1000 * len(heard.tracks[0].sounding), 1000)
    ]
    assert (~heard.tracks[0].sounding).tolist() == silent
    assert 4 * (4 + 5 + 4) - 9 <= sum(silent) <= 4 * (4 + 5 + 4)
