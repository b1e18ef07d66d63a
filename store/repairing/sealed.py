"""Files of a table that are not what their seals say: put right where a single bit is wrong, else made again or moved.

The hash of a file says whether a guess of what was written is right. For one flipped bit there are eight guesses a
byte, which for files as small as these is a matter of seconds; so nothing of what they say is lost.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from ...schemas.finding import Finding
from ..checking.opened import Failed, dataset_of, tried
from ..files import write_atomic
from ..lock import writer_lock
from ..seals import INDICES, Seals, broken_seals, sealed_hash, seals_path
from .work import Work

_GUESSED_BYTES = 40_000
"""Up to this size every bit is tried, which takes up to 10 s."""


def broken_file(work: Work, finding: Finding) -> str:
    """Mend every broken file of a table that its seals know."""
    table = finding.where
    with writer_lock(work.folder):
        did = [_mend(work, table, broken.path) for broken in broken_seals(work.folder, table)]
        Seals(work.folder).seal(table)
    return "; ".join(did)


def _mend(work: Work, table: str, path: Path) -> str:
    """Mend one file; return what was done."""
    name = str(path.relative_to(work.folder))
    if not path.exists():
        return f"the changes of {name} are lost"
    if path == seals_path(work.folder, table):
        place = work.quarantine.move(path, "seals are damaged")
        return f"{table} is sealed anew, the seals as they were moved to {place}"
    expected = sealed_hash(work.folder, table, path)
    right = unflipped(path.read_bytes(), expected) if expected else None
    if right is not None:
        work.quarantine.copy(path, "a bit was wrong")
        write_atomic(path, right)
        return f"{name} is what was written again"
    place = work.quarantine.move(path, "not what was written")
    if path.parent.parent.name == INDICES and not isinstance(tried(partial(_index_anew, work, table)), Failed):
        return f"the key index of {table} is made again, a file of the old one moved to {place}"
    return f"{name} moved to {place}"


def _index_anew(work: Work, table: str) -> None:
    """Make the key index of a table again, whose files are not all there."""
    dataset = dataset_of(work.folder, table)
    for index in dataset.describe_indices():
        dataset.drop_index(index.name)
    work.tables.index_keys(table)


def unflipped(content: bytes, matches: str) -> bytes | None:
    """Return `content` with the one bit turned that makes it what "<blake2b-128 in hex> <size>" says, None where no bit
    does.
    """
    expected, size = matches.split(" ")
    if int(size) != len(content) or len(content) > _GUESSED_BYTES:
        return None
    guess, before = bytearray(content), hashlib.blake2b(digest_size=16)
    for place, value in enumerate(content):
        for bit in range(8):
            guess[place] = value ^ 1 << bit
            state = before.copy()
            state.update(memoryview(guess)[place:])
            if state.hexdigest() == expected:
                return bytes(guess)
        guess[place] = value
        before.update(content[place : place + 1])
    return None
