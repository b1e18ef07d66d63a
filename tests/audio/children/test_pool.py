"""What a child decodes is what this process would, to the bit; and there are no more children than it takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from harness.processes import decoding

from echodex.audio.children.pool import Children
from echodex.audio.clip import Decoded, decode_clip, read_mono
from echodex.audio.decode import open_audio
from echodex.audio.limits import Limits
from echodex.audio.tags import read_tags
from echodex.audio.unusable import Unusable
from echodex.errors import NotFound, UsageError
from echodex.schemas.clip import Reason, Status

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


def same(one: Decoded, other: Decoded) -> bool:
    if one.waveform is None or other.waveform is None:
        alike = one.waveform is other.waveform
    else:
        alike = np.array_equal(one.waveform, other.waveform)
    told = [{name: value for name, value in vars(each).items() if name != "waveform"} for each in (one, other)]
    return alike and told[0] == told[1]


@pytest.mark.parametrize("name", ["a.wav", "f.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_a_child_decodes_to_the_same_bits(write: Write, sound: Make, name: str) -> None:
    path = write(name, sound(1.5, 22_050), 22_050, "FLOAT" if name == "f.wav" else None)
    with Children() as children:
        for rate_hz in (None, 16_000):
            found, tags = children.decode_clip(path, sample_rate_hz=rate_hz)
            assert found.status == Status.OK
            assert same(found, decode_clip(path, sample_rate_hz=rate_hz))
            assert tags == read_tags(path)
        part, _ = children.decode_clip(path, offset_s=0.5, duration_s=0.25, sample_rate_hz=8000)
        assert same(part, decode_clip(path, offset_s=0.5, duration_s=0.25, sample_rate_hz=8000))
        assert np.array_equal(children.read_mono(path, 16_000), read_mono(path, 16_000))
        with closing(open_audio(path)) as reader:
            assert children.length_s(path) == reader.length_s


def test_tags_come_with_what_was_decoded(encode: Write, sound: Make) -> None:
    path = encode("a.m4a", sound(0.5, 44_100), 44_100, "aac", tags={"title": "Blåbær \x1b[31m", "artist": "Ab"})
    with Children() as children:
        found, tags = children.decode_clip(path)
    assert (found.status, tags) == (Status.OK, {"title": "Blåbær \x1b[31m", "artist": "Ab"})


def test_a_stream_is_the_waveform_in_pieces(write: Write, sound: Make) -> None:
    samples = sound(8.0, 44_100)
    samples[:, 1] = -samples[:, 0]  # sums to nothing, unless a channel is turned round
    path = write("a.wav", samples, 44_100)
    pieces: list[np.ndarray] = []
    with Children() as children:
        signs, broken = children.stream(path, 16_000, pieces.append)
        assert np.abs(np.concatenate(pieces)).max() < 1e-4
        pieces.clear()
        children.stream(path, 16_000, pieces.append, signs=signs)
    assert (signs.tolist(), broken) == ([1.0, -1.0], "")
    assert len(pieces) > 2
    assert np.array_equal(np.concatenate(pieces), read_mono(path, 16_000))


def test_bad_files_have_the_reasons_that_they_have_in_this_process(tmp_path: Path, write: Write, sound: Make) -> None:
    (tmp_path / "text.wav").write_text("no sound at all " * 99)
    (tmp_path / "zero.mp3").write_bytes(b"")
    write("silent.wav", np.zeros((8000, 1), np.float32), 8000)
    write("nan.wav", np.full((8000, 1), np.nan, np.float32), 8000, "FLOAT")
    write("long.wav", sound(3.0, 8000), 8000)
    limits = Limits(max_decoded_s=2.0)
    with Children() as children:
        for name in ("text.wav", "zero.mp3", "silent.wav", "nan.wav", "long.wav"):
            found, _ = children.decode_clip(tmp_path / name, sample_rate_hz=8000, limits=limits)
            assert found.status == Status.BAD
            assert same(found, decode_clip(tmp_path / name, sample_rate_hz=8000, limits=limits))
        with pytest.raises(Unusable, match="NaN") as raised:
            children.read_mono(tmp_path / "nan.wav", 8000)
        assert raised.value.reason == Reason.NON_FINITE
        with pytest.raises(NotFound, match="nowhere"):
            children.decode_clip(tmp_path / "nowhere.wav")
        with pytest.raises(UsageError, match="-1"):
            children.decode_clip(tmp_path / "long.wav", offset_s=-1.0)
        assert len(decoding()) == 1, "a bad file costs no child"


@pytest.mark.parametrize("name", [b"\xff\xfe \xe9.wav", b"a\nb.wav", b"\x1b[31m.wav", "Blåbær 𝄞.wav".encode()])
def test_names_of_any_bytes_reach_the_child(tmp_path: Path, write: Write, sound: Make, name: bytes) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH118  (of bytes)
    write("a.wav", sound(0.5, 8000), 8000).rename(path)
    with Children() as children:
        assert children.decode_clip(path)[0].status == Status.OK


def test_threads_share_children_and_one_is_left_for_the_next(write: Write, sound: Make) -> None:
    path = write("a.flac", sound(2.0, 44_100), 44_100)
    expected = decode_clip(path, sample_rate_hz=22_050)
    with Children() as children, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: children.decode_clip(path, sample_rate_hz=22_050)[0], range(40)))
        assert 1 <= len(decoding()) <= 4
    assert all(same(each, expected) for each in found)
    [kept] = decoding()
    with Children() as children:
        children.read_mono(path, 8000)
        assert decoding() == [kept]
        with Children() as others:
            others.read_mono(path, 8000)
    assert len(decoding()) == 1


def test_nothing_is_started_before_it_is_needed() -> None:
    before = decoding()
    with Children():
        assert decoding() == before


def test_a_stream_that_its_taker_ends_leaves_a_child_that_answers(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(20.0, 44_100), 44_100)

    def enough(_: np.ndarray) -> None:
        raise InterruptedError

    with Children() as children:
        with pytest.raises(InterruptedError):
            children.stream(path, 44_100, enough)
        assert np.array_equal(children.read_mono(path, 8000), read_mono(path, 8000))


def test_a_relative_path_is_meant_from_where_this_process_is_now(
    write: Write, sound: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.wav", sound(0.5, 8000), 8000)
    (tmp_path / "elsewhere").mkdir()
    with Children() as children:
        children.read_mono(path, 8000)  # there is a child now, and it was started elsewhere
        monkeypatch.chdir(tmp_path)
        assert np.array_equal(children.read_mono("a.wav", 8000), read_mono("a.wav", 8000))
        monkeypatch.chdir(tmp_path / "elsewhere")
        with pytest.raises(NotFound, match=r"^'a\.wav' does not exist"):
            children.read_mono("a.wav", 8000)
        with pytest.raises(Unusable, match=r"^\.\. cannot be used"):
            children.read_mono("..", 8000)
