from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from echodex.audio.clip import decode_clip, read_mono
from echodex.audio.limits import Limits
from echodex.errors import BadInput, NotFound, UsageError
from echodex.schemas.clip import Reason, Status

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


def test_a_good_file_is_ok(write: Write, sound: Make) -> None:
    samples = sound(1.0, 22_050)
    found = decode_clip(write("a.wav", samples, 22_050, "FLOAT"), sample_rate_hz=22_050)
    assert (found.status, found.reason, found.detail) == (Status.OK, Reason.NONE, "")
    assert (found.sample_rate_hz, found.channels, found.codec) == (22_050, 2, "wav/float")
    assert (found.expected_s, found.decoded_s) == (1.0, 1.0)
    assert found.waveform is not None
    assert np.array_equal(found.waveform, (samples[:, 0] + samples[:, 1]) * np.float32(0.5))


def test_a_check_makes_no_waveform(write: Write, sound: Make) -> None:
    assert decode_clip(write("a.flac", sound(0.5, 8000), 8000)).waveform is None


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros((0, 1)), Reason.EMPTY),
        (np.full((400, 1), 0.5), Reason.SHORT),
        (np.zeros((8000, 2)), Reason.SILENT),
        (np.full((8000, 2), 0.25), Reason.SILENT),
    ],
)
def test_what_cannot_be_used_is_bad(write: Write, samples: np.ndarray, reason: Reason) -> None:
    found = decode_clip(write("a.wav", samples, 16_000), sample_rate_hz=8000)
    assert (found.status, found.reason, found.waveform) == (Status.BAD, reason, None)
    assert found.decoded_s == len(samples) / 16_000


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channel", [0, 1])
def test_one_non_finite_sample_makes_it_bad(write: Write, sound: Make, value: float, channel: int) -> None:
    samples = sound(5.0, 22_050)
    samples[100_000, channel] = value
    path = write("a.wav", samples, 22_050, "FLOAT")
    for rate in (None, 16_000):
        assert decode_clip(path, sample_rate_hz=rate).reason == Reason.NON_FINITE
    with pytest.raises(BadInput, match="non-finite"):
        read_mono(path, 16_000)


def test_one_step_of_16_bits_is_not_silent(write: Write) -> None:
    samples = np.zeros((8000, 1))
    samples[::100] = 1 / 32768
    assert decode_clip(write("a.wav", samples, 8000)).status == Status.OK


def test_floats_beyond_full_scale_are_a_warning_but_not_what_a_codec_overshoots(write: Write, sound: Make) -> None:
    loud = 3.5 * sound(1.0, 44_100)
    found = decode_clip(write("a.wav", loud, 44_100, "FLOAT"), sample_rate_hz=44_100)
    assert (found.status, found.reason) == (Status.WARN, Reason.CLIPPED)
    assert found.waveform is not None
    assert found.waveform.max() > 1.0
    square = np.where(loud > 0, np.float32(0.999), np.float32(-0.999))
    lossy = decode_clip(write("a.ogg", square, 44_100), sample_rate_hz=44_100)
    assert lossy.waveform is not None
    assert lossy.waveform.max() > 1.0
    assert lossy.status == Status.OK


def test_more_than_the_limit_is_refused(write: Write, sound: Make) -> None:
    path, limits = write("a.flac", sound(4.0, 8000), 8000), Limits(max_decoded_s=3.0)
    found = decode_clip(path, limits=limits)
    assert (found.status, found.reason, found.expected_s) == (Status.BAD, Reason.TOO_LONG, 4.0)
    with pytest.raises(BadInput, match="too-long"):
        read_mono(path, 8000, limits=limits)
    assert decode_clip(path, offset_s=1.5, limits=limits).status == Status.OK
    assert decode_clip(path, duration_s=2.0, limits=limits).status == Status.OK


def test_the_limit_counts_what_is_decoded_where_the_header_is_silent(encode: Write, sound: Make) -> None:
    path = encode("a.aac", sound(6.0, 44_100), 44_100, "aac")
    assert decode_clip(path).expected_s is None
    found = decode_clip(path, limits=Limits(max_decoded_s=2.0))
    assert found.reason == Reason.TOO_LONG
    assert 2.0 < found.decoded_s + 65_536 / 44_100 < 5.0


def test_rates_and_channels_outside_the_limits_are_bad(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(0.5, 8000, channels=3), 8000)
    assert decode_clip(path, limits=Limits(min_rate_hz=9000)).reason == Reason.BAD_RATE
    assert decode_clip(path, limits=Limits(max_rate_hz=7000)).reason == Reason.BAD_RATE
    assert decode_clip(path, limits=Limits(max_channels=2)).reason == Reason.BAD_CHANNELS
    assert decode_clip(write("b.wav", sound(0.5, 500), 500)).reason == Reason.BAD_RATE


def test_a_check_holds_a_block_and_a_waveform_little_more_than_itself(write: Write, sound: Make) -> None:
    path = write("a.wav", np.tile(sound(10.0, 16_000), (6, 1)), 16_000)
    decode_clip(path)
    peaks = []
    for rate in (None, 16_000):
        tracemalloc.start()
        decode_clip(path, sample_rate_hz=rate)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    block, waveform = 65_536 * 2 * 4, 60 * 16_000 * 4
    assert peaks[0] < 4 * block
    assert peaks[1] < 2 * waveform + 6 * block


def test_folders_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", tmp_path, Path("/dev/zero")):
        found = decode_clip(path)
        assert (found.status, found.reason) == (Status.BAD, Reason.UNREADABLE)
        with pytest.raises(BadInput, match="not a file"):
            read_mono(path, 8000)


def test_nothing_there_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "no.wav", "no\0.wav", tmp_path / "no" / "a.wav"):
        with pytest.raises(NotFound, match="does not exist"):
            decode_clip(path)
        with pytest.raises(NotFound, match="does not exist"):
            read_mono(path, 8000)


@pytest.mark.parametrize(("offset_s", "duration_s"), [(-1.0, None), (0.0, 0.0), (0.0, -1.0), (float("nan"), None)])
def test_an_excerpt_that_makes_no_sense_is_a_usage_error(
    write: Write, sound: Make, offset_s: float, duration_s: float | None
) -> None:
    with pytest.raises(UsageError, match="excerpt"):
        decode_clip(write("a.wav", sound(0.5, 8000), 8000), offset_s=offset_s, duration_s=duration_s)


def test_an_excerpt_past_the_end_is_empty_and_one_over_it_is_cut(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(2.0, 8000), 8000)
    found = decode_clip(path, offset_s=5.0)
    assert (found.status, found.reason, found.decoded_s) == (Status.BAD, Reason.EMPTY, 0.0)
    assert "ends at 2 s" in found.detail
    with pytest.raises(BadInput, match="ends at 2 s"):
        read_mono(path, 8000, offset_s=5.0)
    over = decode_clip(path, offset_s=1.5, duration_s=3.0, sample_rate_hz=8000)
    assert (over.status, over.expected_s, over.decoded_s) == (Status.OK, 0.5, 0.5)


def test_anti_phase_is_found_over_the_whole_clip(write: Write, sound: Make) -> None:
    voice = sound(10.0, 22_050, channels=1)
    inverted = -voice
    inverted[:100] = voice[:100]  # in phase for a moment: a rule per block would flip somewhere in the middle
    path = write("a.wav", np.hstack([voice, inverted]), 22_050, "FLOAT")
    mono = read_mono(path, 22_050)
    assert np.array_equal(mono[100:], voice[100:, 0])
    found = decode_clip(path, sample_rate_hz=22_050)
    assert found.waveform is not None
    assert np.array_equal(found.waveform, mono)


def test_silence_and_short_clips_can_still_be_read(write: Write) -> None:
    path = write("a.wav", np.zeros((8000, 1)), 8000)
    assert not read_mono(path, 8000).any()
    assert len(read_mono(path, 8000, offset_s=0.5, duration_s=0.01)) == 80


def test_threads_decode_at_once_to_the_same_bits(write: Write, encode: Write, sound: Make) -> None:
    samples = sound(2.0, 44_100)
    paths = [
        write("a.wav", samples, 44_100),
        write("a.flac", samples, 44_100),
        write("a.ogg", samples, 44_100),
        write("a.mp3", samples, 44_100),
        encode("a.m4a", samples, 44_100, "aac"),
    ]
    alone = [read_mono(path, 16_000) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: read_mono(path, 16_000), paths * 8))
    assert all(np.array_equal(found, alone[i % len(paths)]) for i, found in enumerate(together))


def test_no_file_stays_open(write: Write, sound: Make, tmp_path: Path) -> None:
    paths = [write("a.wav", sound(0.5, 8000), 8000), write("a.ogg", sound(0.5, 8000), 8000), tmp_path / "bad.ogg"]
    paths[2].write_bytes(b"OggS" + bytes(500))
    for path in paths:
        decode_clip(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in paths * 10:
        decode_clip(path, sample_rate_hz=16_000)
        decode_clip(path, limits=Limits(max_channels=1))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
