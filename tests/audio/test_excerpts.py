"""An excerpt is the slice of the whole, and reading it does not decode the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.align import align
from echodex.audio.clip import decode_clip, read_mono
from echodex.audio.decode import open_audio
from echodex.audio.reader import frame_span

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]

SPANS = [(0.0, 1.0), (0.3, 0.5), (2.4, 2.5), (3.0, 1.0), (5.9, None), (4.2, 100.0), (0.0, None)]


def slice_of(whole: np.ndarray, offset_s: float, duration_s: float | None, rate_hz: int) -> np.ndarray:
    start = round(offset_s * rate_hz)
    return whole[start:] if duration_s is None else whole[start : start + round(duration_s * rate_hz)]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff", "a.ogg", "a.mp3"])
def test_what_soundfile_writes(write: Write, sound: Make, name: str) -> None:
    path = write(name, sound(7.0, 44_100), 44_100)
    whole = read_mono(path, 44_100)
    for offset_s, duration_s in SPANS:
        excerpt = read_mono(path, 44_100, offset_s=offset_s, duration_s=duration_s)
        assert np.array_equal(excerpt, slice_of(whole, offset_s, duration_s, 44_100))


def test_mp3_of_changing_bit_rate_without_header(encode: Write, sound: Make) -> None:
    rising = sound(7.0, 44_100, channels=1) * np.linspace(0, 1, 7 * 44_100, dtype=np.float32)[:, None] ** 4
    path = encode("a.mp3", rising, 44_100, "libmp3lame", vbr=True)
    whole = read_mono(path, 44_100)
    for offset_s, duration_s in SPANS:
        excerpt = read_mono(path, 44_100, offset_s=offset_s, duration_s=duration_s)
        assert np.array_equal(excerpt, slice_of(whole, offset_s, duration_s, 44_100))


@pytest.mark.parametrize(
    ("name", "rate_hz", "codec", "off_by"),
    [
        ("a.m4a", 44_100, "aac", 0),
        ("a.aac", 44_100, "aac", 0),
        ("a.opus", 48_000, "libopus", 0),
        ("a.webm", 48_000, "libopus", 48),  # its time stamps are whole milliseconds
    ],
)
def test_what_ffmpeg_writes(encode: Write, sound: Make, name: str, rate_hz: int, codec: str, off_by: int) -> None:
    path = encode(name, sound(7.0, rate_hz), rate_hz, codec)
    whole = read_mono(path, rate_hz)
    for offset_s, duration_s in SPANS:
        wanted = slice_of(whole, offset_s, duration_s, rate_hz)
        excerpt = read_mono(path, rate_hz, offset_s=offset_s, duration_s=duration_s)
        inside = duration_s is not None and offset_s + duration_s < 7
        assert abs(len(excerpt) - len(wanted)) <= (0 if inside else off_by)
        lies = align(wanted, excerpt, rate_hz)
        assert abs(lies.offset_s * rate_hz) <= off_by + 0.01
        # The decoder starts in another state, and AAC fills bands with noise of its own: near, not equal.
        assert lies.residual_db < -20


def clicks(sound: Make, seed: int) -> np.ndarray:
    """A quiet sound with sudden knocks, for which Vorbis changes between long and short blocks."""
    samples, random = 0.05 * sound(6.0, 44_100, channels=1, seed=seed), np.random.default_rng(seed)
    for start in random.integers(0, len(samples) - 2000, 25):
        samples[start : start + 400] += 0.5 * random.standard_normal((400, 1)).astype(np.float32)
    return samples


def test_vorbis_with_blocks_of_changing_length(write: Write, sound: Make) -> None:
    random = np.random.default_rng(0)
    for seed in range(4):
        path = write("a.ogg", clicks(sound, seed), 44_100)
        whole = read_mono(path, 44_100)
        assert len(whole) == 6 * 44_100
        for start in random.integers(0, 5 * 44_100, 12):
            excerpt = read_mono(path, 44_100, offset_s=start / 44_100, duration_s=0.1)
            assert np.array_equal(excerpt, whole[start : start + 4410])


def test_real_vorbis_files_in_whole_and_in_part(shared_data: Path) -> None:
    folder, random = shared_data / "environment" / "audio", np.random.default_rng(0)
    odd = [folder / name for name in ("1-100032-A-0.ogg", "3-216284-A-39.ogg", "1-15689-A-4.ogg")]
    for path in [*odd, *sorted(folder.iterdir())[::25]]:
        whole = read_mono(path, 16_000)
        by_libsndfile, _ = soundfile.read(path, dtype="float32")
        assert len(whole) == len(by_libsndfile)
        assert np.abs(whole - by_libsndfile).max() < 1e-6
        for start in random.integers(0, len(whole) - 4000, 3):
            excerpt = read_mono(path, 16_000, offset_s=start / 16_000, duration_s=0.25)
            assert np.array_equal(excerpt, whole[start : start + 4000])


def test_a_second_pass_over_an_excerpt_gives_the_same(write: Write, encode: Write, sound: Make) -> None:
    samples = sound(4.0, 44_100)
    for path in (write("a.wav", samples, 44_100), write("a.ogg", samples, 44_100), write("a.mp3", samples, 44_100)):
        with closing(open_audio(path)) as reader:
            passes = [np.concatenate(list(reader.blocks(2.5, 1.0))) for _ in range(3)]
            whole = np.concatenate(list(reader.blocks()))
        assert np.array_equal(passes[0], whole[round(2.5 * 44_100) : round(3.5 * 44_100)])
        assert all(np.array_equal(passes[0], later) for later in passes)


def test_at_another_rate_the_length_is_that_of_the_duration(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(5.0, 44_100), 44_100)
    for offset_s in (0.0, 0.123, 1.777):
        assert len(read_mono(path, 16_000, offset_s=offset_s, duration_s=2.7)) == 43_200
    whole = read_mono(path, 16_000)
    middle = read_mono(path, 16_000, offset_s=2.0, duration_s=1.0)  # a whole number of samples at both rates
    assert np.abs(middle - whole[32_000:48_000])[200:-200].max() < 1e-3  # but for the ringing of its edges


def test_a_stored_excerpt_is_read_again_to_the_bit(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(5.0, 12_345), 12_345)
    found = decode_clip(path, offset_s=0.777, duration_s=2.7, sample_rate_hz=16_000)
    again = read_mono(path, 16_000, offset_s=0.777, duration_s=found.decoded_s)
    assert found.waveform is not None
    assert np.array_equal(again, found.waveform)
    assert 43_200 <= len(again) <= 43_201


@given(st.floats(0, 1e4), st.floats(1e-3, 1e3), st.integers(1000, 192_000))
def test_a_span_covers_its_duration_with_less_than_a_frame_to_spare(
    offset_s: float, duration_s: float, rate_hz: int
) -> None:
    start, count = frame_span(offset_s, duration_s, rate_hz)
    assert count is not None
    assert abs(start - offset_s * rate_hz) <= 0.5
    assert -1e-5 <= count - duration_s * rate_hz < 1


@given(st.integers(1, 10**8), st.integers(1000, 192_000))
def test_the_seconds_of_some_frames_are_those_frames(frames: int, rate_hz: int) -> None:
    assert frame_span(0.0, frames / rate_hz, rate_hz) == (0, frames)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_late_excerpt_of_a_long_file_is_not_decoded_from_the_start(write: Write, sound: Make, name: str) -> None:
    path = write(name, np.tile(sound(10.0, 22_050), (6, 1)), 22_050)

    def cpu_s(offset_s: float, duration_s: float | None) -> float:
        started = time.thread_time()
        read_mono(path, 22_050, offset_s=offset_s, duration_s=duration_s)
        return time.thread_time() - started

    whole, excerpt = min(cpu_s(0.0, None) for _ in range(2)), min(cpu_s(55.0, 1.0) for _ in range(3))
    assert excerpt < whole / 3
