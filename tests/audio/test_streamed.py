from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.audio.clip import read_mono
from echodex.audio.streamed import streamed
from echodex.audio.unusable import Unusable

RATE = 8000


def noise(seconds: float, channels: int = 1) -> NDArray[np.float32]:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (int(seconds * RATE), channels))
    return np.asarray(samples, dtype=np.float32)


class Pipe(io.RawIOBase):
    """Bytes that come in pieces, of a file that cannot seek."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._content, self._piece, self._at = content, piece, 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        part = self._content[self._at : self._at + min(self._piece, len(into))]
        into[: len(part)] = part
        self._at += len(part)
        return len(part)


def decoded(content: bytes, piece: int = 1000) -> tuple[NDArray[np.float32], int]:
    with streamed(io.BufferedReader(Pipe(content, piece), 4096)) as (blocks, rate_hz):
        return np.concatenate(list(blocks)), rate_hz


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_stream_gives_the_samples_of_its_file(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, noise(3, channels), RATE)
    samples, rate_hz = decoded(path.read_bytes())
    assert rate_hz == RATE
    expected = read_mono(path, RATE)
    shorter = min(len(samples), len(expected))
    assert shorter > 2.9 * RATE
    np.testing.assert_allclose(samples[:shorter], expected[:shorter], atol=1e-6)


@pytest.mark.parametrize("stated", [0, 100, 0x7FFFF000, 0xFFFFFFFF])
def test_the_stated_length_of_a_wav_is_not_believed(tmp_path: Path, stated: int) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, noise(2), RATE, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = stated.to_bytes(4, "little")
    assert len(decoded(bytes(content))[0]) == 2 * RATE


def test_channels_in_anti_phase_do_not_cancel(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, noise(2) * np.array([1, -1], dtype=np.float32), RATE)
    np.testing.assert_allclose(decoded(path.read_bytes())[0], read_mono(path, RATE), atol=1e-6)


def test_what_has_come_is_given_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, noise(20), RATE)
    content = path.read_bytes()
    receiver, sender = os.pipe()
    rest = threading.Event()

    def send() -> None:
        with os.fdopen(sender, "wb", buffering=0) as pipe:
            pipe.write(content[: len(content) // 2])
            rest.wait(60)
            pipe.write(content[len(content) // 2 :])

    thread = threading.Thread(target=send)
    thread.start()
    heard = 0
    with os.fdopen(receiver, "rb") as stream, streamed(stream) as (blocks, _):
        for block in blocks:
            heard += len(block)
            if heard > 9 * RATE:
                rest.set()
    thread.join()
    assert rest.is_set()
    assert heard == 20 * RATE


def test_what_breaks_off_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, noise(2), RATE, subtype="PCM_16")
    assert 1.4 * RATE < len(decoded(path.read_bytes()[:-8000])[0]) <= 1.5 * RATE


@pytest.mark.parametrize("content", [b"", b"no audio, but words" * 100])
def test_what_is_no_audio_is_told(content: bytes) -> None:
    with pytest.raises(Unusable, match="the stream"), streamed(io.BytesIO(content)):
        pass
