"""Reading wav, flac, aiff, au, caf and their kin through libsndfile: fast, and exact to the sample after a seek."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import soundfile

from ..schemas.arrays import Float32
from ..schemas.condition import Reason
from .declared import Declared, declared_data
from .reader import BLOCK_FRAMES, frame_span
from .source import Source
from .unusable import Broken, Unusable

_SALVAGE_FRAMES = 512
_UNKNOWN_FRAMES = 1 << 53
_FULL_SCALE_16 = np.float32(1 / 32768)


class SndfileReader:
    """A Reader over libsndfile. It owns `source` once it is made."""

    def __init__(self, source: Source) -> None:
        """Open `source`; raise Unusable where libsndfile cannot."""
        self._source = source
        source.rewind()
        try:
            self._file: Any = soundfile.SoundFile(source.fd, closefd=False)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise Unusable(source.path, Reason.UNREADABLE, _words(error)) from error
        # Left to FFmpeg: an MP3 inside a wav, and a size of 0 that stands for "to the end".
        if self._file.subtype.startswith("MPEG") or (self._file.frames == 0 and self.flaw()[0]):
            self._file.close()
            raise Unusable(source.path, Reason.UNREADABLE, "libsndfile: not read to its end")
        self.sample_rate_hz = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        subtype = self._file.subtype
        self.codec = f"{self._file.format}/{subtype}".lower()
        self.stores_floats = subtype in ("FLOAT", "DOUBLE")
        self._sixteen_bit = subtype == "PCM_16"
        self._frames = int(self._file.frames)

    @property
    def length_s(self) -> float | None:
        """Seconds that libsndfile finds in the file."""
        return None if self._frames >= _UNKNOWN_FRAMES else self._frames / self.sample_rate_hz

    @property
    def expected_s(self) -> float | None:
        """Seconds that the header promises."""
        return self.length_s if self._declared is None else self._declared.promised_s(self.length_s)

    @cached_property
    def _declared(self) -> Declared | None:
        return declared_data(self._source)

    def flaw(self) -> tuple[Reason, str]:
        """Say so where a streaming writer left the length open."""
        return (Reason.NONE, "") if self._declared is None else self._declared.flaw()

    def blocks(self, offset_s: float = 0.0, duration_s: float | None = None) -> Iterator[Float32]:
        """Yield float32[frames, channels]; see Reader."""
        position, count = frame_span(offset_s, duration_s, self.sample_rate_hz)
        stop = self._frames if count is None else min(position + count, self._frames)
        if position >= stop:
            return
        try:
            self._file.seek(position)
            while position < stop:
                block = self._read(min(BLOCK_FRAMES, stop - position))
                if not len(block):
                    return
                yield block
                position += len(block)
        except soundfile.SoundFileError as error:
            yield from self._salvage(position, stop)
            raise Broken(_words(error)) from error

    def _read(self, frames: int) -> Float32:
        block: Float32
        if self._sixteen_bit:  # the same bits as libsndfile's own conversion, in less than half the time
            raw = self._file.read(frames, dtype="int16", always_2d=True)
            block = np.multiply(raw, _FULL_SCALE_16, dtype=np.float32)
        else:
            block = self._file.read(frames, dtype="float32", always_2d=True)
        return block

    def _salvage(self, position: int, stop: int) -> Iterator[Float32]:
        """Yield in small steps what the block that failed still holds."""
        self._source.rewind()
        try:
            with soundfile.SoundFile(self._source.fd, closefd=False) as again:
                again.seek(position)
                while position < stop and len(block := again.read(_SALVAGE_FRAMES, dtype="float32", always_2d=True)):
                    yield block
                    position += len(block)
        except soundfile.SoundFileError:
            return

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
        self._source.close()


def _words(error: Exception) -> str:
    """Return what libsndfile says, without "Error opening 5: " or "Error : " before it."""
    return f"libsndfile: {str(error).rpartition(': ')[2].strip(' .')}"
