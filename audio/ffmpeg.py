"""Reading mp3, ogg, opus, m4a, aac, webm, wma and the sound of videos through FFmpeg (PyAV).

Lossy codecs are read here even where libsndfile could: of an MP3 without a length header or an Ogg file of several
streams it gives only a part, without an error, and Vorbis and Opus decode here 1.6 and 3 times as fast.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any

from av.codec.context import Flags2

from ..schemas.arrays import Float32
from ..schemas.condition import Reason
from .container import FAILURES, open_container, promised_s, words
from .declared import Declared, declared_data
from .frames import gathered, to_float
from .ogg import check_pages
from .reader import frame_span
from .source import Source
from .unusable import Unusable

PREROLL_S = 0.5
"""Decoding starts this much before an excerpt: more than a bit reservoir or a filter remembers."""

_PLACED_BY = 16
"""Packets whose time stamps say together where decoding goes on: at a page's edge one alone may be half a block off."""


class FfmpegReader:
    """A Reader over FFmpeg. It owns `source` once it is made."""

    def __init__(self, source: Source) -> None:
        """Open `source` and decode its first frame; raise Unusable where FFmpeg cannot."""
        self._source = source
        self._origin: float | None = None
        self._open()
        codec = self._stream.codec_context.codec.canonical_name
        self.sample_rate_hz = int(self._first.sample_rate)
        self.channels = int(self._first.layout.nb_channels)
        self.codec = f"{self._kind}/{codec}"
        self.stores_floats = codec.startswith("pcm_f")

    def _open(self) -> None:
        """Open the container and decode a frame, which alone says rate, channels and where time starts."""
        self._container: Any = open_container(self._source)
        self._kind: str = self._container.format.name.split(",", maxsplit=1)[0]
        streams = self._container.streams.audio
        if not streams:
            self._container.close()
            raise Unusable(self._source.path, Reason.UNREADABLE, "FFmpeg: it holds no audio")
        self._stream: Any = streams[0]
        try:
            frames: Iterator[Any] = self._container.decode(self._stream)
            self._first: Any = next(frames, None)
            if self._first is not None:
                to_float(self._first)  # fails at once for the rare kind of sample that cannot be brought to float
        except FAILURES as error:
            self._container.close()
            raise Unusable(self._source.path, Reason.UNREADABLE, words(error)) from error
        if self._first is None:
            self._container.close()
            raise Unusable(self._source.path, Reason.EMPTY, "it holds no samples")
        if self._kind == "ogg" and self._stream.codec_context.name == "vorbis":
            # FFmpeg cuts the end by time stamps that are a block late where a file begins with short blocks.
            self._stream.codec_context.flags2 |= Flags2.skip_manual
        self._unread: Iterator[Any] | None = itertools.chain([self._first], frames)

    @cached_property
    def _declared(self) -> Declared | None:
        return declared_data(self._source)

    @property
    def length_s(self) -> float | None:
        """Seconds by the container, where it can be trusted to say."""
        return promised_s(self._container, self._stream, self._source)

    @property
    def expected_s(self) -> float | None:
        """Seconds that the container promises; None where it says nothing and FFmpeg would guess."""
        return self.length_s if self._declared is None else self._declared.promised_s(self.length_s)

    def flaw(self) -> tuple[Reason, str]:
        """Check the pages of an Ogg file, or whether a length was left open; else what is promised is all there is."""
        if self._kind != "ogg":
            return (Reason.NONE, "") if self._declared is None else self._declared.flaw()
        found = check_pages(self._source)
        if found.damaged:
            return Reason.CORRUPT, f"Ogg pages are damaged or missing in {found.damaged} places"
        if not found.ended:
            return Reason.TRUNCATED, "the last Ogg page is missing"
        return Reason.NONE, ""

    def blocks(self, offset_s: float = 0.0, duration_s: float | None = None) -> Iterator[Float32]:
        """Yield float32[frames, channels]; see Reader.

        An excerpt is cut by time stamps: exact to the sample, but in Matroska and ASF, which count in milliseconds.
        """
        start, count = frame_span(offset_s, duration_s, self.sample_rate_hz)
        stop = None if count is None else start + count
        position, frames = self._frames_before(start)
        for block in gathered(frames, position, stop, self._end):
            kept = block[max(start - position, 0) : None if stop is None else max(stop - position, 0)]
            position += len(block)
            if len(kept):
                yield kept

    def _frames_before(self, start: int) -> tuple[int, Iterator[Any]]:
        """Return (position, frames): decoded frames from a position at or before `start`, both counted in samples."""
        if start > PREROLL_S * self.sample_rate_hz + self._first.samples:
            return self._seek(start) or (0, self._from_the_start())
        return 0, self._from_the_start()

    def _from_the_start(self) -> Iterator[Any]:
        if self._unread is None:
            self._container.close()
            self._open()
        frames, self._unread = self._unread or iter(()), None
        return frames

    def _seek(self, start: int) -> tuple[int, Iterator[Any]] | None:
        """Return (position, frames) from a little before `start` on; None where this file cannot be sought."""
        try:
            if self._origin is None:
                self._origin, _ = self._placed(self._from_the_start())
            self._unread = None
            early = self._origin + start - PREROLL_S * self.sample_rate_hz
            self._container.seek(int(early / self._tick), stream=self._stream, backward=True)
            time, frames = self._placed(self._container.decode(self._stream))
        except FAILURES:
            return None
        position = round(time - self._origin)
        # What begins at the very start is decoded from there: FFmpeg drops the codec's delay only then.
        return (position, frames) if self._first.samples < position <= start else None

    def _placed(self, frames: Iterator[Any]) -> tuple[float, Iterator[Any]]:
        """Return (time, frames): in samples by the container's clock, where the first of `frames` starts."""
        looked_at, starts, passed = list(itertools.islice(frames, _PLACED_BY)), [], 0
        for frame in looked_at:
            if frame.pts is not None:
                starts.append(float(frame.pts * self._tick) - passed)
            passed += frame.samples
        return statistics.median(starts), itertools.chain(looked_at, frames)

    @property
    def _tick(self) -> Fraction:
        """Samples per unit of the container's clock."""
        return Fraction(self._stream.time_base) * self.sample_rate_hz

    @property
    def _end(self) -> int | None:
        """The sample where an MP4 or a Vorbis file says it ends, which its last packet may not."""
        if not self._stream.duration or not (self._kind == "mov" or self.codec == "ogg/vorbis"):
            return None
        end: int = round(self._stream.duration * self._tick)
        return end

    def close(self) -> None:
        """Give the file back."""
        self._container.close()
        self._source.close()
