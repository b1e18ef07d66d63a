"""Files that a browser plays as they are, and their bytes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import Stale
from ...store.files import storage_errors
from ...store.remote.address import is_uri
from ...store.remote.sources import at_hand, told_of
from .clip import Sound

_BLOCK_BYTES = 256 << 10
_PLAYED = {
    "aac/aac": "audio/aac",
    "flac/flac": "audio/flac",
    "mov/aac": "audio/mp4",
    "mp3/mp3": "audio/mpeg",
    "ogg/opus": "audio/ogg",
    "ogg/vorbis": "audio/ogg",
}
_PLAYED_WAV = ("pcm_u8", "pcm_16", "pcm_24", "float")


def played_type(sound: Sound) -> str | None:
    """Return the media type of a clip that browsers play as it is; None for an excerpt, and what they do not play."""
    if sound.excerpt:
        return None
    container, _, codec = sound.codec.partition("/")
    if container in ("wav", "wavex"):
        return "audio/wav" if codec in _PLAYED_WAV else None
    return "audio/flac" if container == "flac" else _PLAYED.get(sound.codec)


def file_bytes(sound: Sound, start: int, stop: int) -> Iterator[bytes]:
    """Return the bytes `start` to `stop`, which is not among them, of the file of a clip, block by block.

    The file is open when this returns: raises StorageError, and Stale where it has just been replaced, now.
    """
    blocks = _blocks(sound, start, stop)
    return itertools.chain([next(blocks)], blocks)  # a generator that has begun closes its file however it ends


def _blocks(sound: Sound, start: int, stop: int) -> Iterator[bytes]:
    path = Path(at_hand(sound.clip.path))
    with storage_errors(path), path.open("rb", buffering=0) as file:
        if _is_another(file.fileno(), sound):
            raise Stale(f"{sound.clip.path} has just changed; run `echodex add` on it again")
        while start < stop:
            block = os.pread(file.fileno(), min(_BLOCK_BYTES, stop - start), start)
            if not block:
                return
            start += len(block)
            yield block


def _is_another(descriptor: int, sound: Sound) -> bool:
    """Return whether an open file is not the one that was added; a copy is of the object that it is named for."""
    if is_uri(sound.clip.path):
        return told_of(sound.clip.path) != (sound.clip.mtime_ns, sound.clip.size_bytes)
    found = os.fstat(descriptor)
    return (found.st_mtime_ns, found.st_size) != (sound.clip.mtime_ns, sound.clip.size_bytes)
