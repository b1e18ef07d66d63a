"""Whether an MP3 says how long it is.

The length of an MP3 stands, if anywhere, in a Xing, Info or VBRI header inside its first frame. Without one, decoders
guess from the first frame's bit rate; libsndfile stops at its guess, which is why MP3 is not read through it.
"""

from __future__ import annotations

from .source import Source

_HEADERS = (b"Xing", b"Info", b"VBRI")
_FRAME_BYTES = 2048


def declares_length(source: Source) -> bool:
    """Return whether the first frame after the ID3v2 tag holds a length header."""
    first_frame = source.read_at(_tag_bytes(source.head), _FRAME_BYTES)
    return any(name in first_frame for name in _HEADERS)


def _tag_bytes(head: bytes) -> int:
    """Size of the ID3v2 tag: four bytes of 7 bits each after the first six, and ten of its own header."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return size + 10
