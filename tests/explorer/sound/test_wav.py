"""WAV files that are never written: whole, in parts, of excerpts, at another rate."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from echodex.audio.decode import open_audio
from echodex.explorer.sound.clip import Sound
from echodex.explorer.sound.wav import wav_bytes, wav_length

from .conftest import music

MakeSound = Callable[..., Sound]


def whole(sound: Sound) -> bytes:
    return b"".join(wav_bytes(sound, 0, wav_length(sound)))


def read(content: bytes) -> tuple[np.ndarray, int]:
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)
    return samples, rate_hz


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1)])
def test_a_16_bit_file_comes_back_to_the_bit(sound_of: MakeSound, rate_hz: int, channels: int) -> None:
    sound = sound_of(music(3.1, rate_hz, channels), rate_hz)
    samples, said_hz = read(whole(sound))
    expected, _ = soundfile.read(sound.clip.path, dtype="int16", always_2d=True)
    assert said_hz == rate_hz
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
def test_a_part_is_the_same_bytes_as_in_the_whole(sound_of: MakeSound, name: str) -> None:
    sound = sound_of(music(4.0, 44_100, 2), 44_100, name)
    expected = whole(sound)
    assert len(expected) == wav_length(sound)
    assert read(expected)[0].shape == (sound.frames, 2)
    random = np.random.default_rng(1)
    edges = [(0, 1), (0, 44), (43, 45), (44, 48), (45, 46), (len(expected) - 3, len(expected)), (10, 10)]
    edges += [tuple(sorted(random.integers(0, len(expected), 2).tolist())) for _ in range(20)]
    for start, stop in edges:
        part = b"".join(wav_bytes(sound, start, stop))
        assert len(part) == stop - start
        if name in ("a.wav", "a.flac") or stop <= 44:
            assert part == expected[start:stop]
        else:  # a lossy decoder that begins elsewhere rounds otherwise: by 1 of 32,768
            begin, odd = max(start, 44), max(start - 44, 0) % 2
            ours, theirs = (
                np.frombuffer(x[: len(x) // 2 * 2], "<i2").astype(int)
                for x in (part[begin - start + odd :], expected[begin + odd : stop])
            )
            assert np.abs(ours - theirs).max(initial=0) <= 1


def test_an_excerpt_is_that_stretch_alone(sound_of: MakeSound) -> None:
    samples = music(5.0, 22_050, 2)
    sound_of(samples, 22_050)
    excerpt = sound_of(samples, 22_050, offset_s=1.5, duration_s=2.0)
    expected, _ = soundfile.read(excerpt.clip.path, dtype="int16", always_2d=True)
    np.testing.assert_array_equal(read(whole(excerpt))[0], expected[33_075 : 33_075 + 44_100])


@pytest.mark.parametrize(("rate_hz", "made_hz"), [(96_000, 48_000), (88_200, 44_100), (64_000, 48_000), (4_000, 8_000)])
def test_rates_that_browsers_do_not_play_are_changed(sound_of: MakeSound, rate_hz: int, made_hz: int) -> None:
    sound = sound_of(music(2.0, rate_hz, 2), rate_hz)
    content = whole(sound)
    samples, said_hz = read(content)
    original, _ = soundfile.read(sound.clip.path, dtype="float32", always_2d=True)
    expected = np.rint(soxr.resample(original, rate_hz, made_hz, quality="HQ") * 32_768)
    assert said_hz == made_hz
    assert samples.shape == (2 * made_hz, 2) == expected.shape
    assert np.abs(samples - expected).max() <= 1
    middle = len(content) // 2 // 4 * 4
    part = np.frombuffer(b"".join(wav_bytes(sound, middle, middle + 4_000)), "<i2").astype(int)
    assert np.abs(part - np.frombuffer(content[middle : middle + 4_000], "<i2")).max() <= 1


def test_more_than_two_channels_are_mixed_to_one(sound_of: MakeSound) -> None:
    sound = sound_of(music(0.5, 16_000, 4), 16_000)
    original, _ = soundfile.read(sound.clip.path, dtype="float32", always_2d=True)
    samples, _ = read(whole(sound))
    assert samples.shape == (8_000, 1)
    assert np.abs(samples[:, 0] - np.rint(original.mean(axis=1) * 32_768)).max() <= 1


def test_what_is_louder_than_full_scale_is_cut_and_never_wraps(sound_of: MakeSound) -> None:
    loud = 3 * np.sign(music(0.5, 8_000, 1))
    sound = sound_of(loud, 8_000, "loud.wav")
    soundfile.write(sound.clip.path, loud, 8_000, subtype="FLOAT")  # at the same place, for the reader alone
    samples, _ = read(whole(sound))
    assert set(np.unique(samples).tolist()) <= {-32_768, 32_767}


def test_a_part_from_late_in_a_long_file_decodes_little(sound_of: MakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = sound_of(music(60.0, 8_000, 1), 8_000)
    decoded: list[int] = []
    reader_of = type(open_audio(sound.clip.path))
    blocks = reader_of.blocks

    def counting(self: object, *span: float) -> object:
        for block in blocks(self, *span):  # type: ignore[arg-type]
            decoded.append(len(block))
            yield block

    monkeypatch.setattr(reader_of, "blocks", counting)
    assert len(b"".join(wav_bytes(sound, 800_044, 802_044))) == 2_000
    assert sum(decoded) <= 1_000


def test_a_file_that_ends_early_is_followed_by_silence(sound_of: MakeSound) -> None:
    sound = sound_of(music(2.0, 8_000, 1), 8_000)
    soundfile.write(sound.clip.path, music(1.0, 8_000, 1), 8_000)
    samples, _ = read(whole(sound))
    assert len(samples) == 16_000
    assert not samples[8_000:].any()
    assert samples[:8_000].any()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")
def test_what_is_not_taken_to_its_end_leaves_no_file_open(sound_of: MakeSound) -> None:
    sound = sound_of(music(20.0, 8_000, 1), 8_000)
    gc.collect()  # what other tests left open
    before = len(list(Path("/proc/self/fd").iterdir()))
    for taken in (0, 1, 2):
        pieces = wav_bytes(sound, 0, wav_length(sound))
        for _ in range(taken):
            next(pieces)
        del pieces
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
