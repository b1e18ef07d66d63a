"""How many bytes of samples the header of an uncompressed file promises, and how many are there.

libsndfile silently shortens a file whose data chunk is cut off, so the comparison is ours to make. The containers are
RIFF/WAVE, RF64, Wave64, AIFF, CAF and AU; all but AU are a list of chunks that differ in the width of names and sizes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..schemas.condition import Reason
from .source import Source

_MAX_CHUNKS = 10_000


@dataclass(frozen=True)
class Declared:
    """Sizes of the sample data.

    declared_bytes: by the header, None where a streaming writer left it open; present_bytes: from where they start to
    the end of the file.
    """

    declared_bytes: int | None
    present_bytes: int

    def promised_s(self, present_s: float | None) -> float | None:
        """Return the seconds that the header promises where `present_s` are there; None where it does not say."""
        if self.declared_bytes is None or present_s is None:
            return None
        return present_s * max(self.declared_bytes / max(self.present_bytes, 1), 1.0)

    def flaw(self) -> tuple[Reason, str]:
        """Say so where the length was left open: nobody can tell then whether the end is missing."""
        if self.declared_bytes is None:
            return Reason.NO_LENGTH, "the header does not say how long it is, so a missing end would not show"
        return Reason.NONE, ""


@dataclass(frozen=True)
class _Chunks:
    """How a container lays out its chunks.

    first: position of the first one; header: struct of (name, size); data: name of the one with the samples; align:
    chunks start at multiples of it; counts_header: a size includes the chunk's own header.
    """

    first: int
    header: struct.Struct
    data: bytes
    align: int = 2
    counts_header: bool = False


_RIFF = _Chunks(12, struct.Struct("<4sI"), b"data")
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_CONTAINERS = {
    b"RIFF": _RIFF,
    b"RF64": _RIFF,
    b"BW64": _RIFF,
    b"RIFX": _Chunks(12, struct.Struct(">4sI"), b"data"),
    b"FORM": _Chunks(12, struct.Struct(">4sI"), b"SSND"),
    b"riff": _Chunks(40, struct.Struct("<16sQ"), _W64_DATA, align=8, counts_header=True),
    b"caff": _Chunks(8, struct.Struct(">4sQ"), b"data", align=1),
}


def declared_data(source: Source) -> Declared | None:
    """Return what the header says of the sample data; None for other containers or where no data chunk is found."""
    magic = source.head[:4]
    if magic == b".snd":
        return _au(source)
    chunks = _CONTAINERS.get(magic)
    if chunks is None:
        return None
    position, wide_size = chunks.first, None
    for _ in range(_MAX_CHUNKS):
        raw = _bytes_at(source, position, chunks.header.size)
        if len(raw) < chunks.header.size:
            return None
        name, size = chunks.header.unpack(raw)
        start = position + chunks.header.size
        if name == b"ds64" and magic in (b"RF64", b"BW64"):
            wide_size = int.from_bytes(_bytes_at(source, start + 8, 8), "little")
        length = size - chunks.header.size if chunks.counts_header else size
        if name == chunks.data:
            return _compare(source, start, length if wide_size is None else wide_size)
        position = start + max(length, 0)
        position += -position % chunks.align
    return None


def _au(source: Source) -> Declared | None:
    if len(source.head) < 12:
        return None
    start, length = struct.unpack(">II", source.head[4:12])
    return _compare(source, start, length)


def _compare(source: Source, start: int, length: int) -> Declared:
    present = max(source.size_bytes - start, 0)
    return Declared(None if _left_open(length, present) else length, present)


def _left_open(length: int, present: int) -> bool:
    """Whether a size is what writers to a pipe leave: 0, or just below 2^31, 2^32 or 2^64."""
    if length == 0:
        return present > 0
    return length > present and any(0 < (1 << bits) - length <= 8192 for bits in (31, 32, 63, 64))


def _bytes_at(source: Source, position: int, length: int) -> bytes:
    if position + length <= len(source.head):
        return source.head[position : position + length]
    return source.read_at(position, length)
