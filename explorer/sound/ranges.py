"""Which bytes a browser asks for: the Range header of RFC 9110, section 14."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=[ \t]*(?=-?\d)(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_DIGITS = 18
"""More are beyond any file, and Python refuses to read thousands of them."""


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `stop`, which is not among them, of `length`. whole: all were asked for, or nothing valid."""

    start: int
    stop: int
    length: int
    whole: bool = False

    @property
    def header(self) -> str:
        """What Content-Range says of it."""
        return f"bytes {self.start}-{self.stop - 1}/{self.length}"


def asked_part(header: str | None, length: int) -> Part | None:
    """Return what a Range header asks of `length` bytes; None where it can have none of them (416).

    Everything, as the RFC lets a server, where there is no header, a malformed one, one in other units, or several
    ranges: no browser asks for these, and many small or overlapping ones are only sent to exhaust a server.
    """
    everything = Part(0, length, length, whole=True)
    found = _ONE.fullmatch(header or "")
    if found is None:
        return everything
    first, last = (_number(digits) for digits in found.groups())
    if first is None:
        start, stop = max(length - (last or 0), 0), length
    elif last is not None and last < first:
        return everything
    else:
        start, stop = first, length if last is None else min(last + 1, length)
    return Part(start, stop, length) if start < stop else None


def _number(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS
