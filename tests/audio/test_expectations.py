"""Every file of the collection of good, odd and broken ones ends as it should, and none is silently halved."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from echodex.audio.clip import decode_clip, read_mono
from echodex.schemas.clip import Reason, Status

FORMATS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "formats"

ALLOWED = {
    "ok": {Status.OK},
    "ok?": {Status.OK, Status.WARN, Status.BAD},
    "warn": {Status.WARN},
    "warn/reject": {Status.WARN, Status.BAD},
    "reject": {Status.BAD},
    "reject?": {Status.BAD},
}

DECIDED = {
    "antiphase_stereo.wav": Reason.NONE,  # one channel is flipped, nothing is lost
    "clipped_float_gt1.wav": Reason.CLIPPED,
    "tiny_amplitude.wav": Reason.NONE,  # one step of 16 bits is quiet, not silent
    "short_10ms.wav": Reason.SHORT,
    "silent_3s.wav": Reason.SILENT,
    "silent_2h.flac": Reason.TOO_LONG,
    "truncated_half.mp3": Reason.TRUNCATED,
    "mp3_renamed.wav": Reason.NONE,  # content decides, not the name
    "truncated_half.ogg": Reason.TRUNCATED,
    "one_sample.wav": Reason.SHORT,
    "nan_float.wav": Reason.NON_FINITE,
    "all_nan_float.wav": Reason.NON_FINITE,
    "inf_float.wav": Reason.NON_FINITE,
    "no_samples.wav": Reason.EMPTY,
    "no_samples.flac": Reason.EMPTY,
    "zero_bytes.wav": Reason.EMPTY,
    "zero_bytes.mp3": Reason.EMPTY,
    "text.wav": Reason.UNREADABLE,
    "html_error.mp3": Reason.UNREADABLE,
    "truncated_header.wav": Reason.UNREADABLE,
    "random_bytes.ogg": Reason.UNREADABLE,
    "rate_zero.wav": Reason.UNREADABLE,
    "channels_zero.wav": Reason.UNREADABLE,
    "truncated_half.wav": Reason.TRUNCATED,
    "truncated_half.flac": Reason.CORRUPT,
    "corrupt_bitflips.flac": Reason.CORRUPT,
    "corrupt_bytes.mp3": Reason.CORRUPT,
    "data_size_ffffffff.wav": Reason.NO_LENGTH,
}
"""What we decided where the collection leaves it open, or says no more than warn or reject."""

FFMPEG_GUESSES = ("adts.aac", "wma.wma", "wav_ima_stereo_22050.wav", "wav_msadpcm_stereo_22050.wav")
"""ffprobe's length is an estimate, or counts frames that the encoder padded."""


@cache
def rows() -> tuple[dict[str, str], ...]:
    if not FORMATS.is_dir():
        return ()
    with (FORMATS / "expect.csv").open() as file:
        return tuple(csv.DictReader(file))


def names() -> list[str]:
    return [row["path"] for row in rows()]


def row_of(name: str) -> dict[str, str]:
    return next(row for row in rows() if row["path"] == name)


def test_the_collection_is_there() -> None:
    if not rows():
        pytest.skip("needs ../shared/data/formats beside the checkout")
    undecided = {row["path"] for row in rows() if row["expect"] != "ok"} - DECIDED.keys()
    assert not undecided


@pytest.mark.parametrize("name", names())
def test_it_ends_as_expected(name: str) -> None:
    found = decode_clip(FORMATS / name)
    assert found.status in ALLOWED[row_of(name)["expect"]], found
    assert found.reason == DECIDED.get(name, Reason.NONE), found
    assert (found.detail == "") == (found.status == Status.OK)


@pytest.mark.parametrize("name", names())
def test_a_usable_file_is_not_silently_shortened(name: str) -> None:
    found, row = decode_clip(FORMATS / name), row_of(name)
    if found.status == Status.BAD or found.reason == Reason.CORRUPT:
        return
    libsndfile = re.search(r"(\d+)Hz \d+ch \d+f read=(\d+)", row["libsndfile_says"])
    if libsndfile and not name.endswith("half.mp3"):  # of that one we read a frame more
        rate, frames = map(int, libsndfile.groups())
        assert found.sample_rate_hz == rate
        assert round(found.decoded_s * rate) == frames
    seconds = row["ffprobe_says"].split(",")[-1]
    if seconds != "N/A" and name not in FFMPEG_GUESSES and found.reason != Reason.TRUNCATED:
        assert found.decoded_s == pytest.approx(float(seconds), abs=0.07)


@pytest.mark.parametrize("name", names())
def test_the_waveform_is_read_again_to_the_bit(name: str) -> None:
    found = decode_clip(FORMATS / name, sample_rate_hz=16_000)
    if found.waveform is None:
        assert found.status == Status.BAD
        return
    assert found.waveform.dtype == np.float32
    assert found.waveform.ndim == 1
    again = read_mono(FORMATS / name, 16_000)
    as_stored = read_mono(FORMATS / name, 16_000, duration_s=found.decoded_s)
    assert np.array_equal(again, found.waveform)
    assert np.array_equal(as_stored, found.waveform)


def test_antiphase_stereo_keeps_its_sound() -> None:
    if not rows():
        pytest.skip("needs ../shared/data/formats beside the checkout")
    mono = read_mono(FORMATS / "antiphase_stereo.wav", 22_050)
    left = read_mono(FORMATS / "left_only.wav", 22_050)  # the same sound in one channel, so half as loud
    assert np.sqrt(np.mean(mono**2)) == pytest.approx(2 * np.sqrt(np.mean(left**2)), rel=0.01)
