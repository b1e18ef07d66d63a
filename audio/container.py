"""Opening a container through FFmpeg, with what is not trusted about it, and what it promises of its length."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import av

from ..schemas.condition import Reason
from .mp3 import declares_length
from .source import Source
from .unusable import Unusable

FAILURES: tuple[type[Exception], ...] = (av.FFmpegError, OSError, ValueError, OverflowError, RuntimeError)
"""What PyAV raises for bad files."""

_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,"
    "tta,w64,wav,wv"
)
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
"""No playlists, and nothing but the bytes handed over: a file must not make us read another, or a URL."""

_WITHOUT_LENGTH = ("aac", "ac3", "amr", "eac3", "loas", "mpeg", "mpegts")
"""Containers whose length FFmpeg can only guess from the bit rate or the last time stamp."""


class _Handle(io.FileIO):
    """The file as FFmpeg reads it: a seek before the start is a failure code, where PyAV would print a traceback."""

    def seek(self, position: int, whence: int = 0, /) -> int:
        try:
            return super().seek(position, whence)
        except OSError:
            return -1


def open_container(source: Source, options: dict[str, str] | None = None) -> Any:
    """Return an open PyAV container over `source`; raise Unusable where FFmpeg cannot open it."""
    source.rewind()
    try:
        handle = _Handle(source.fd, closefd=False)
        return av.open(handle, options={**_OPTIONS, **(options or {})}, metadata_errors="replace")
    except FAILURES as error:
        raise Unusable(source.path, Reason.UNREADABLE, words(error)) from error


class _Pipe:
    """A stream as FFmpeg reads it: only forward, and no longer waiting than until something has come."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = getattr(stream, "read1", stream.read)


def open_pipe(stream: BinaryIO, name: str) -> Any:
    """Return an open PyAV container over what need not be able to seek; raise Unusable where FFmpeg cannot open it."""
    try:
        options = {**_OPTIONS, "ignore_length": "1"}  # of WAV, whose header was written before its length was known
        return av.open(_Pipe(stream), options=options, metadata_errors="replace")
    except FAILURES as error:
        raise Unusable(name, Reason.UNREADABLE, words(error)) from error


def promised_s(container: Any, stream: Any, source: Source) -> float | None:
    """Return the seconds that a container states for `stream`; None where it states none."""
    kind = container.format.name
    if kind in _WITHOUT_LENGTH or (kind == "mp3" and not declares_length(source)):
        return None
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if "DURATION" in stream.metadata:
        return _clock_s(stream.metadata["DURATION"])
    if container.duration and not container.streams.video:
        return float(container.duration / av.time_base)
    return None


def words(error: BaseException) -> str:
    """Return what FFmpeg says in a few words."""
    return f"FFmpeg: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}"


def _clock_s(text: str) -> float | None:
    """Seconds of "00:00:02.508000000"; None where it is something else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
