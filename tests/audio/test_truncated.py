"""A file that ends early, or is damaged on the way, says so."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from echodex.audio.clip import Decoded, decode_clip
from echodex.audio.declared import declared_data
from echodex.audio.source import Source
from echodex.schemas.clip import Reason, Status

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]

SHARES = [0.9, 0.7, 0.5, 0.2, 0.05]


def cut(path: Path, share: float) -> Decoded:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return decode_clip(path, sample_rate_hz=16_000)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", ["a.wav", "a.rf64", "a.w64", "a.aiff", "a.caf", "a.au"])
def test_a_cut_uncompressed_file_is_truncated(write: Write, sound: Make, name: str, share: float) -> None:
    found = cut(write(name, sound(10.0, 22_050), 22_050), share)
    assert (found.status, found.reason) == (Status.WARN, Reason.TRUNCATED)
    assert found.expected_s == pytest.approx(10.0, rel=0.01)
    assert found.decoded_s == pytest.approx(10 * share, abs=0.1)
    assert found.waveform is not None
    assert len(found.waveform) == pytest.approx(found.decoded_s * 16_000, abs=1)


@pytest.mark.parametrize("share", SHARES)
def test_a_cut_flac_keeps_what_came_before(write: Write, sound: Make, share: float) -> None:
    found = cut(write("a.flac", sound(10.0, 22_050), 22_050), share)
    assert found.status == Status.WARN
    assert found.reason in (Reason.CORRUPT, Reason.TRUNCATED)
    assert found.expected_s == 10.0
    assert 10 * share - 0.6 < found.decoded_s <= 10 * share + 0.1


@pytest.mark.parametrize("share", SHARES[:-1])  # the last one is within the headers of a Vorbis file
@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
def test_a_cut_lossy_file_is_truncated(write: Write, sound: Make, name: str, share: float) -> None:
    found = cut(write(name, sound(10.0, 22_050), 22_050), share)
    assert (found.status, found.reason) == (Status.WARN, Reason.TRUNCATED)
    assert 10 * share - 1.2 < found.decoded_s <= 10 * share + 1


def test_a_cut_m4a_with_its_index_first_is_truncated(encode: Write, sound: Make, tmp_path: Path) -> None:
    path = encode("a.mka", sound(10.0, 44_100), 44_100, "aac")
    found = cut(path, 0.5)
    assert found.status == Status.WARN
    assert found.reason in (Reason.CORRUPT, Reason.TRUNCATED)


def test_every_cut_of_a_small_file_ends_with_a_reason(write: Write, sound: Make) -> None:
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        path = write(name, sound(1.0, 8000), 8000)
        content = path.read_bytes()
        whole = decode_clip(path)
        for end in np.linspace(0, len(content) - 1, 40).astype(int):
            path.write_bytes(content[:end])
            found = decode_clip(path)
            shortened = whole.decoded_s - found.decoded_s > 0.1
            assert found.reason if shortened else found.status in Status, (name, end, found)


def test_a_missing_last_frame_is_no_reason_to_warn(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(5.0, 22_050), 22_050)
    path.write_bytes(path.read_bytes()[:-4])
    assert decode_clip(path).status == Status.OK


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFF000, 0])
def test_a_streamed_wav_is_read_in_full_and_says_that_its_length_is_open(write: Write, sound: Make, size: int) -> None:
    path = write("a.wav", sound(2.0, 22_050), 22_050)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    found = decode_clip(path)
    assert (found.status, found.reason, found.expected_s, found.decoded_s) == (Status.WARN, Reason.NO_LENGTH, None, 2.0)


def test_a_header_that_promises_hours_is_no_reason_to_refuse_what_is_there(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(2.0, 22_050), 22_050)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", 1 << 31)
    path.write_bytes(content)
    found = decode_clip(path)
    assert (found.status, found.reason, found.decoded_s) == (Status.WARN, Reason.TRUNCATED, 2.0)
    assert found.expected_s is not None
    assert found.expected_s > 3600


def test_an_excerpt_beyond_the_cut_is_empty_and_one_over_it_truncated(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(10.0, 22_050), 22_050)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert decode_clip(path, offset_s=6.0, duration_s=1.0).reason == Reason.EMPTY
    over = decode_clip(path, offset_s=4.5, duration_s=1.0)
    assert (over.reason, over.expected_s) == (Reason.TRUNCATED, 1.0)
    assert decode_clip(path, offset_s=1.0, duration_s=2.0).status == Status.OK


def test_the_declared_size_is_found_behind_other_chunks(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(1.0, 8000, channels=1), 8000)
    content = path.read_bytes()
    at = content.index(b"data")
    odd = b"LIST" + struct.pack("<I", 9001) + bytes(9002)  # of odd length, so padded, and longer than the head we keep
    path.write_bytes(content[:at] + odd + content[at:])
    with closing(Source(path)) as source:
        found = declared_data(source)
    assert found is not None
    assert (found.declared_bytes, found.present_bytes) == (16_000, 16_000)
    assert decode_clip(path).status == Status.OK


@pytest.mark.parametrize("name", ["a.flac", "a.ogg"])
def test_damage_in_the_middle_is_told(write: Write, sound: Make, name: str) -> None:
    path = write(name, sound(10.0, 22_050), 22_050)
    content = bytearray(path.read_bytes())
    for at in np.linspace(0.4, 0.6, 5):
        content[int(len(content) * at)] ^= 0x10
    path.write_bytes(content)
    found = decode_clip(path)
    assert (found.status, found.reason) == (Status.WARN, Reason.CORRUPT)
    assert found.decoded_s > 3.0


def test_damage_in_an_m4a_is_told(encode: Write, sound: Make) -> None:
    path = encode("a.m4a", sound(10.0, 44_100), 44_100, "aac")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    found = decode_clip(path)
    assert (found.status, found.reason) == (Status.WARN, Reason.CORRUPT)
    assert 1.0 < found.decoded_s < 6.0
