from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from echodex.audio.align import align
from echodex.audio.clip import decode_clip, read_mono
from echodex.audio.decode import open_audio
from echodex.audio.reader import BLOCK_FRAMES
from echodex.schemas.clip import Reason, Status

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("name", "subtype", "codec", "error"),
    [
        ("a.wav", "PCM_U8", "wav/pcm_u8", 1 / 128),
        ("a.wav", "PCM_16", "wav/pcm_16", 1 / 32768),
        ("a.wav", "PCM_24", "wav/pcm_24", 1e-6),
        ("a.wav", "FLOAT", "wav/float", 0.0),
        ("a.wav", "DOUBLE", "wav/double", 0.0),
        ("a.aiff", "PCM_16", "aiff/pcm_16", 1 / 32768),
        ("a.caf", "PCM_16", "caf/pcm_16", 1 / 32768),
        ("a.w64", "PCM_16", "w64/pcm_16", 1 / 32768),
        ("a.rf64", "PCM_16", "rf64/pcm_16", 1 / 32768),
        ("a.flac", "PCM_16", "flac/pcm_16", 1 / 32768),
        ("a.flac", "PCM_24", "flac/pcm_24", 1e-6),
    ],
)
def test_lossless_files_come_back(write: Write, sound: Make, name: str, subtype: str, codec: str, error: float) -> None:
    samples = sound(1.7, 22_050)
    with closing(open_audio(write(name, samples, 22_050, subtype))) as reader:
        assert reader.codec == codec
        assert reader.expected_s == pytest.approx(1.7, abs=1e-4)
        decoded = np.concatenate(list(reader.blocks()))
    assert decoded.shape == samples.shape
    assert np.abs(decoded - samples).max() <= error


@pytest.mark.parametrize(
    ("name", "rate_hz", "codec", "said"),
    [
        ("a.mp3", 44_100, "libmp3lame", "mp3/mp3"),
        ("a.m4a", 44_100, "aac", "mov/aac"),
        ("a.opus", 48_000, "libopus", "ogg/opus"),
        ("a.webm", 48_000, "libopus", "matroska/opus"),
    ],
)
def test_lossy_files_come_back_in_full_and_in_place(
    encode: Write, sound: Make, name: str, rate_hz: int, codec: str, said: str
) -> None:
    samples = sound(3.1, rate_hz, channels=1)
    path = encode(name, samples, rate_hz, codec)
    found = decode_clip(path, sample_rate_hz=rate_hz)
    assert (found.status, found.codec) == (Status.OK, said)
    assert found.waveform is not None
    assert len(found.waveform) == len(samples)
    lies = align(samples[:, 0], found.waveform, rate_hz)
    assert abs(lies.offset_s) < 1 / rate_hz
    assert lies.residual_db < -10


def test_an_mp3_without_a_length_header_is_not_cut_short(encode: Write, sound: Make) -> None:
    loud_first = sound(12.0, 44_100, channels=1) * np.linspace(1, 0, 12 * 44_100, dtype=np.float32)[:, None] ** 4
    path = encode("a.mp3", loud_first, 44_100, "libmp3lame", vbr=True)
    assert b"Xing" not in path.read_bytes()
    found = decode_clip(path)  # libsndfile gives a part of it, guessing from the first frame's bit rate
    assert (found.status, found.expected_s) == (Status.OK, None)
    assert found.decoded_s == pytest.approx(12.0, abs=0.1)
    assert len(read_mono(path, 44_100, offset_s=11.0)) > 44_100


def test_two_mp3_files_in_one_are_read_to_the_end(write: Write, sound: Make) -> None:
    one = write("a.mp3", sound(3.0, 44_100), 44_100)
    one.write_bytes(one.read_bytes() * 2)
    assert decode_clip(one).decoded_s == pytest.approx(6.0, abs=0.1)


def test_two_ogg_streams_in_one_file_are_read_to_the_end(write: Write, sound: Make) -> None:
    one, two = write("a.ogg", sound(3.0, 44_100), 44_100), write("b.ogg", sound(2.0, 44_100, seed=1), 44_100)
    one.write_bytes(one.read_bytes() + two.read_bytes())
    found = decode_clip(one)
    assert found.status == Status.OK
    assert found.decoded_s == pytest.approx(5.0, abs=0.01)


def test_content_decides_not_the_name(write: Write, encode: Write, sound: Make) -> None:
    samples = sound(1.0, 44_100)
    for path, codec in (
        (write("a.mp3", samples, 44_100), "mp3/mp3"),
        (encode("a.m4a", samples, 44_100, "aac"), "mov/aac"),
    ):
        renamed = path.rename(path.with_suffix(".wav"))
        assert decode_clip(renamed).codec == codec


def test_names_that_are_not_text_are_read(write: Write, encode: Write, sound: Make) -> None:
    samples = sound(0.5, 44_100)
    for path in (write("a.wav", samples, 44_100), encode("a.m4a", samples, 44_100, "aac")):
        odd = path.rename(path.with_name("line\nbreak \udcff é" + path.suffix))
        assert decode_clip(odd).status == Status.OK


def test_blocks_are_bounded_and_come_again(write: Write, sound: Make) -> None:
    samples = sound(6.0, 44_100)
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        with closing(open_audio(write(name, samples, 44_100))) as reader:
            first, second = list(reader.blocks()), list(reader.blocks())
        assert max(len(block) for block in first) <= BLOCK_FRAMES + 4096
        assert all(block.dtype == np.float32 and block.shape[1] == 2 for block in first)
        assert np.array_equal(np.concatenate(first), np.concatenate(second))


@pytest.mark.parametrize("content", ["#EXTM3U\n#EXTINF:5,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_playlist_does_not_make_us_read_another_file(
    encode: Write, sound: Make, tmp_path: Path, content: str
) -> None:
    other = encode("secret.m4a", sound(1.0, 44_100), 44_100, "aac")
    (tmp_path / "list.m4a").write_text(content.format(other.name))
    found = decode_clip(tmp_path / "list.m4a")
    assert (found.status, found.reason) == (Status.BAD, Reason.UNREADABLE)


def test_the_message_names_file_reason_and_decoder(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(
        Exception, match=r"a\.wav cannot be used \(unreadable\): no decoder opens it \(libsndfile: .*\)"
    ):
        open_audio(tmp_path / "a.wav")
