"""Checking the pages of an Ogg file without decoding it.

An Ogg decoder skips a damaged page without a word: the clip is merely shorter. But every page carries a checksum, a
number that counts up, and a mark on the last one of its stream (RFC 3533), so damage and a missing end can be told.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from .source import Source

_HEADER = struct.Struct("<4sBBqIIIB")
_CRC_AT = 22
_LAST_PAGE = 4
_RESYNC_BYTES = 65_536
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass
class OggPages:
    """What a walk over the pages found.

    pages: whole pages; damaged: places with a wrong checksum or missing pages; ended: every stream has its last page.
    """

    pages: int = 0
    damaged: int = 0
    ended: bool = True


def check_pages(source: Source) -> OggPages:
    """Walk over all pages of an Ogg file and compare checksums and numbers."""
    found = OggPages()
    next_number: dict[int, int] = {}
    position = 0
    while position < source.size_bytes:
        page = _page_at(source, position)
        if page is None:
            resumed = _next_page(source, position + 1)
            found.damaged += resumed is not None  # bytes after the last page are a cut, or a foreign tag: `ended` tells
            if resumed is None:
                break
            position = resumed
            continue
        _, _, flags, _, serial, number, checksum, _ = _HEADER.unpack_from(page)
        expected = next_number.get(serial, number)
        found.pages += 1
        found.damaged += int(page_checksum(page) != checksum) + min(max(number - expected, 0), 1)
        next_number[serial] = number + 1
        if flags & _LAST_PAGE:
            del next_number[serial]
        position += len(page)
    found.ended = not next_number and found.pages > 0
    return found


def page_checksum(page: bytes) -> int:
    """Return the CRC-32 of a page as Ogg counts it: polynomial 0x04c11db7, bits not reflected, its own field zero.

    zlib's has the same polynomial with bits reflected and both ends inverted, so mirrored bytes in and out give Ogg's.
    """
    blank = page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")


def _page_at(source: Source, position: int) -> bytes | None:
    """Return the whole page at `position`; None where none starts there or its end is missing."""
    header = source.read_at(position, _HEADER.size)
    if len(header) < _HEADER.size or header[:4] != b"OggS":
        return None
    lacing = source.read_at(position + _HEADER.size, header[-1])
    size = _HEADER.size + len(lacing) + sum(lacing)
    page = source.read_at(position, size)
    return page if len(page) == size else None


def _next_page(source: Source, position: int) -> int | None:
    while chunk := source.read_at(position, _RESYNC_BYTES):
        at = chunk.find(b"OggS")
        if at >= 0:
            return position + at
        position += max(len(chunk) - 3, 1)
    return None
