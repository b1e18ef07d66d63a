"""Title, artist, album and track from a file's own tags."""

from __future__ import annotations

import os
from contextlib import closing

from ..errors import NotFound
from .container import FAILURES, open_container
from .source import Source
from .unusable import Unusable

TAGS = ("title", "artist", "album", "track")
_MAX_CHARS = 1000
_UNCOMPRESSED_PROBE = {"probesize": "2048"}
"""FFmpeg reads 5 MB of a wav file before it is sure; its tags are not worth that."""


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return those of title, artist, album and track that the file names; {} where it cannot be read."""
    try:
        with closing(Source(path)) as source:
            return _tags_of(source)
    except (Unusable, NotFound):
        return {}


def _tags_of(source: Source) -> dict[str, str]:
    if not source.size_bytes:
        return {}
    options = _UNCOMPRESSED_PROBE if source.head[:4] == b"RIFF" else {}
    try:
        with open_container(source, options) as container:
            stream_tags = [stream.metadata for stream in container.streams.audio]
            return _chosen([container.metadata, *stream_tags])
    except FAILURES:
        return {}


def _chosen(sources: list[dict[str, str]]) -> dict[str, str]:
    """Return the known tags; the container's win over those of a stream (an Ogg keeps them there)."""
    found: dict[str, str] = {}
    for tags in sources:
        for key, value in tags.items():
            name, text = key.lower(), value.replace("\0", " ").strip()[:_MAX_CHARS]
            if name in TAGS and text:
                found.setdefault(name, text)
    return found
