"""Opening a file with the decoder that suits it, whatever its name says, and with the other one where that fails."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..schemas.condition import Reason
from .ffmpeg import FfmpegReader  # both at once: many threads open files, and av does not survive being imported by two
from .limits import DEFAULT_LIMITS, Limits
from .reader import Reader
from .sndfile import SndfileReader
from .source import Source
from .unusable import Unusable

_UNCOMPRESSED = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b".snd", b"fLaC")
"""First bytes of what libsndfile reads best: PCM in any container, and FLAC."""

_LOSSY = (b"OggS", b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2")
"""First bytes of Ogg and MP3, of which libsndfile may give only a part: it is not even asked."""


def open_audio(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Reader:
    """Open an audio file; close the reader that comes back.

    Raises NotFound where there is no such file, Unusable where no decoder opens it or where its rate or channels are
    beyond `limits`.
    """
    source = Source(path)
    try:
        reader = _first_that_opens(source)
    except BaseException:
        source.close()
        raise
    try:
        _check(reader, source.path, limits)
    except Unusable:
        reader.close()
        raise
    return reader


def _first_that_opens(source: Source) -> Reader:
    if source.size_bytes == 0:
        raise Unusable(source.path, Reason.EMPTY, "the file has 0 bytes")
    openers: list[Callable[[Source], Reader]] = [FfmpegReader, SndfileReader]
    if source.head.startswith(_UNCOMPRESSED):
        openers = [SndfileReader, FfmpegReader]
    if source.head.startswith(_LOSSY):
        openers = [FfmpegReader]
    failures: list[Unusable] = []
    for opener in openers:
        try:
            return opener(source)
        except Unusable as error:
            failures.append(error)
    first = failures[0]  # the decoder meant for it says best what is wrong
    if first.reason != Reason.UNREADABLE:
        raise first
    raise Unusable(source.path, first.reason, f"no decoder opens it ({first.detail})")


def _check(reader: Reader, path: str, limits: Limits) -> None:
    rate, channels = reader.sample_rate_hz, reader.channels
    if not limits.min_rate_hz <= rate <= limits.max_rate_hz:
        wanted = f"{limits.min_rate_hz} to {limits.max_rate_hz} Hz"
        raise Unusable(path, Reason.BAD_RATE, f"its sample rate is {rate} Hz, outside {wanted}")
    if not 1 <= channels <= limits.max_channels:
        raise Unusable(path, Reason.BAD_CHANNELS, f"it has {channels} channels, more than {limits.max_channels}")
