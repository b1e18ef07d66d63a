"""Sounds, and a file that takes long to decode though it takes no room on the disk."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def endless(tmp_path: Path) -> Callable[[], Path]:
    """Make an hour of 64 channels of zeros as a WAV file with a hole in it: minutes of decoding."""

    def make() -> Path:
        path, channels, rate_hz, seconds = tmp_path / "endless.wav", 64, 8000, 3599
        size = channels * 2 * rate_hz * seconds
        shape = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16)
        head = b"RIFF" + struct.pack("<I", 36 + size & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + shape
        with path.open("wb") as file:
            file.write(head + b"data" + struct.pack("<I", size & 0xFFFFFFFF))
            file.truncate(44 + size)
        return path

    return make
