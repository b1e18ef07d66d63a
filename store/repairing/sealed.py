"""Files of a table that are not what their seals say: put right where a single bit is wrong, else made again or moved.

The hash of a file says whether a guess of what was written is right. For one flipped bit there are eight guesses a
byte, which for files as small as these is a matter of seconds; so nothing of what they say is lost.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ...schemas.finding import Finding
from ..checking.opened import Failed, dataset_of, held_versions, tried
from ..checking.table import lost_of_indices
from ..files import write_atomic
from ..lock import writer_lock
from ..seals import INDICES, Seals, broken_seals, sealed_copy, sealed_hash, seals_path
from .work import Work

if TYPE_CHECKING:
    import lance

_TRIES = 6
"""The smaller file of a key index says the same in an order that comes by chance, one of a few."""
_GUESSED_BYTES = 40_000
"""Up to this size every bit is tried, which takes up to 10 s."""


def broken_file(work: Work, finding: Finding) -> str:
    """Mend every broken file of a table that its seals know, and key indexes that lack one."""
    table = finding.where
    with writer_lock(work.folder):
        wrong = {broken.path for broken in broken_seals(work.folder, table)}
        did = [_mend(work, table, path) for path in sorted(wrong | set(_lost(work, table)))]
        Seals(work.folder).seal(table)
    return "; ".join(filter(None, did))


def _mend(work: Work, table: str, path: Path) -> str:
    """Mend one file; return what was done."""
    name, there = str(path.relative_to(work.folder)), path.exists()
    of_index = path.parent.parent.name == INDICES
    if path == seals_path(work.folder, table):
        place = work.quarantine.move(path, "seals are damaged")
        return f"{table} is sealed anew, the seals as they were moved to {place}"
    expected = sealed_hash(work.folder, table, path)
    right = sealed_copy(work.folder, table, path)
    if right is None and expected and there:
        right = unflipped(path.read_bytes(), expected)
    if right is None and expected and of_index:
        right = same_index(work.folder, table, path, expected)
    if right is not None:
        if there:
            work.quarantine.copy(path, "it is not what was written")
        write_atomic(path, right)
        return f"{name} is what was written again"
    if not there and not of_index:
        return f"the changes of {name} are lost"
    place = work.quarantine.move(path, "not what was written") if there else ""
    if of_index and not isinstance(tried(partial(_index_anew, work, table)), Failed):
        return f"the key index of {table} is made again{f', a file of the old one moved to {place}' if place else ''}"
    return f"{name} moved to {place}" if place else ""


def _lost(work: Work, table: str) -> list[Path]:
    """Return the files that the key indexes of the versions of a table lack that somebody needs."""
    newest = tried(partial(dataset_of, work.folder, table))
    if isinstance(newest, Failed):
        return []
    held = tried(partial(held_versions, newest))
    numbers = set() if isinstance(held, Failed) else set(held.values())
    older = [tried(partial(dataset_of, work.folder, table, number)) for number in numbers]
    return lost_of_indices(work.folder, table, [newest, *(one for one in older if not isinstance(one, Failed))])


def same_index(folder: Path, table: str, path: Path, matches: str) -> bytes | None:
    """Return a file of a key index as it was, made again from the rows of a version that has it; None where none gives
    the hash that it had. So versions that views hold, which cannot be written to, keep their index.
    """
    for version in reversed(dataset_of(folder, table).versions()):
        dataset = tried(partial(dataset_of, folder, table, version["version"]))
        if isinstance(dataset, Failed) or path.parent.name not in _indices(dataset):
            continue
        for _ in range(_TRIES):
            made = tried(partial(_made, dataset, path.name))
            if not isinstance(made, Failed) and _hash(made) == matches:
                return made
    return None


def _indices(dataset: lance.LanceDataset) -> set[str]:
    found = tried(lambda: {segment.uuid for index in dataset.describe_indices() for segment in index.segments})
    return set() if isinstance(found, Failed) else {str(uuid) for uuid in found}


def _made(dataset: lance.LanceDataset, name: str) -> bytes:
    """Return a file of the key index of a version as it is made now, beside the table and not in it."""
    with TemporaryDirectory() as folder:
        clone = dataset.shallow_clone(f"{folder}/clone.lance", dataset.version)
        for index in clone.describe_indices():
            clone.drop_index(index.name)
        clone.create_scalar_index("clip_id", "BTREE")
        return next(Path(folder).glob(f"clone.lance/{INDICES}/*/{name}")).read_bytes()


def _hash(content: bytes) -> str:
    return f"{hashlib.blake2b(content, digest_size=16).hexdigest()} {len(content)}"


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
