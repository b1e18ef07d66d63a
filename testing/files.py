"""Writing audio files whose bytes depend on nothing but the samples."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import soundfile as sf

from ..errors import UsageError
from .tones import Float32

SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
"""Formats that can be written, by suffix, and how their samples are coded."""
LOSSY = (".ogg", ".mp3")

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def write_audio(path: Path, samples: Float32, sample_rate_hz: int, *, quality: float = 0.6) -> None:
    """Write float32[n] or [n, channels] in the format that the suffix names; folders are made.

    `quality`, 0 to 1, matters to lossy formats: for mp3 it is the bit rate, 32 to 320 kbit/s (8 to 160 below 32 kHz).
    Raises UsageError for a suffix not in SUBTYPES.
    """
    if path.suffix not in SUBTYPES:
        raise UsageError(f"{path} cannot be written; the formats are {', '.join(sorted(SUBTYPES))}")
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"compression_level": 1.0 - quality} if path.suffix in LOSSY else {}
    if path.suffix == ".mp3":
        options["bitrate_mode"] = "CONSTANT"
    sf.write(path, samples, sample_rate_hz, subtype=SUBTYPES[path.suffix], **options)
    if path.suffix == ".ogg":
        path.write_bytes(with_serial(path.read_bytes(), 1))


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Return an Ogg file with another stream serial number, which libsndfile draws at random, and fresh checksums."""
    pages, at = [], 0
    while at < len(ogg):
        segments = ogg[at + 26]
        size = 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at : at + size])
        page[14:18] = serial.to_bytes(4, "little")
        page[22:26] = bytes(4)
        page[22:26] = _checksum(page).to_bytes(4, "little")
        pages.append(page)
        at += size
    return b"".join(pages)


def _checksum(page: bytes | bytearray) -> int:
    """Return Ogg's CRC-32 (RFC 3533): zlib's polynomial with bits the other way round, from zero and not inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
