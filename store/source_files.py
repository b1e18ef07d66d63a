"""The files that clips were added from, and whether they are still what they were."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import BadInput, NotFound
from .identity import content_hash
from .remote.sources import at_hand, told_of


class State(StrEnum):
    """What became of a file."""

    SAME = ""
    MISSING = "missing"
    """There is no file, or none that may be read."""
    CHANGED = "changed"
    """It is of another size or time, or has other bytes, than what was added."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was added: when it was written, its size, and the hash of its bytes."""

    path: str
    mtime_ns: int
    size_bytes: int
    content: str


def state_of(path: str, mtime_ns: int, size_bytes: int) -> State:
    """Return what became of a file by its size and time alone, which is what every verb goes by that reads audio."""
    try:
        found = told_of(path)
    except (OSError, ValueError):
        return State.MISSING
    return State.SAME if found == (mtime_ns, size_bytes) else State.CHANGED


def state_by_bytes(file: SourceFile) -> tuple[State, int]:
    """Return what became of a file by its bytes, whatever its time says; and when it was last written, 0 where it
    cannot be read.
    """
    try:
        written_ns, size = told_of(file.path)
        same = size == file.size_bytes and content_hash(Path(at_hand(file.path))) == file.content
    except (OSError, ValueError, NotFound):
        return State.MISSING, 0
    except BadInput:  # no regular file
        return State.CHANGED, 0
    return (State.SAME if same else State.CHANGED), written_ns
