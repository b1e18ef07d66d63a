"""Seals: the hash and size of every small file that Lance writes beside the data of a table, in seals/<table>.txt.

Lance has no checksums. Data is covered by sums of its own (store/rowsum.py); but a flipped bit in a manifest, a list of
deleted rows or a key index takes rows away without a word. Such files are written once and never changed, so each
commit hashes what is new, and `check --data` compares. What a process that died, or a full disk, left unsealed is
sealed by the next writer. Tags are not sealed: they are replaced, and a registry says what they must hold.

Of the newest manifest, without which nobody knows what the last commit was, a copy is kept in seals/<table>.manifest.

A line is "<sum of the rest> <hash> <size> <name>". Lines are added at the end, so that a table of thousands of versions
costs no more to seal than one of three; where files are gone, the rest is written anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .files import PRIVATE_FILE, private_folder, storage_errors, write_atomic

FOLDER = "seals"
_SEALED = {"_versions": ".manifest", "_transactions": ".txn", "_deletions": ""}
"""The folders of a table that hold what is written once, and how the names of such files end."""
INDICES = "_indices"
_MANIFESTS = "_versions/"
_TRANSACTIONS = "_transactions/"
_HASH_BYTES = 16
_SUM_BYTES = 4

_Mark = tuple[int, int, int]


@dataclass(frozen=True)
class Broken:
    """A file that is not what was written: where it is, and what is wrong, in words that follow its name."""

    path: Path
    what: str


@dataclass(frozen=True)
class _Held:
    """What a file of seals holds: "<hash> <size>" by name within the folder of the table; `damaged` lines; whether the
    last line was `torn`.
    """

    files: dict[str, str]
    damaged: int = 0
    torn: bool = False


class Seals:
    """Seals the tables of the store at `folder`; remembers what is sealed, so that a commit reads nothing again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, tuple[_Mark, _Held]] = {}

    def seal(self, table: str) -> None:
        """Seal what is new in a table, and forget what is gone; the caller has just committed.

        Raises StorageError; what was sealed before is untouched then.
        """
        root, path = _root(self._folder, table), seals_path(self._folder, table)
        with storage_errors(path):
            mark, held = self._known(table)
            there = set(_names(root))
            newest, fresh = _newest(there), there - held.files.keys()
            if newest and any(name.startswith(_TRANSACTIONS) for name in fresh):
                fresh.add(newest)  # also where it was lost, and what was committed since has its number
            new = _hashes(root, sorted(fresh))
            if held.torn or not held.files.keys() <= there:
                kept = {name: said for name, said in held.files.items() if name in there} | new
                write_atomic(path, _lines(kept), durable=False)
                self._held.pop(table, None)
            elif new:
                _append(path, _lines(new))
                self._held[table] = _mark(path, mark[1] + len(_lines(new))), _Held(held.files | new, held.damaged)
            if newest in new:
                write_atomic(_copy_path(self._folder, table), (root / newest).read_bytes(), durable=False)

    def forget(self, table: str) -> None:
        """Forget the seals of a table that is about to go, or to be made: its files will have the names of others."""
        for path in (seals_path(self._folder, table), _copy_path(self._folder, table)):
            with storage_errors(path):
                path.unlink(missing_ok=True)

    def _known(self, table: str) -> tuple[_Mark, _Held]:
        path = seals_path(self._folder, table)
        mark = _mark(path)
        known = self._held.get(table)
        if known is None or known[0] != mark:
            known = self._held[table] = mark, _read(path)
        return known


def seals_path(folder: Path, table: str) -> Path:
    """Return where the seals of a table of the store at `folder` are."""
    return folder / FOLDER / f"{table}.txt"


def broken_seals(folder: Path, table: str) -> list[Broken]:
    """Return the sealed files of a table that are not what was written; the seals themselves, where they are not.

    Of what is gone only the newest manifest counts, without which the version before would pass for the table: older
    ones cleanup takes, with all that they alone need, and a version that lacks a file cannot be read. Raises
    StorageError.
    """
    root, path = _root(folder, table), seals_path(folder, table)
    with storage_errors(root):
        held = _read(path)
        found = _hashes(root, held.files)
        newest, lost = _newest(_names(root)), _newest(held.files)
    wrong = [Broken(root / name, "is not what was written") for name in found if found[name] != held.files[name]]
    if lost and (not newest or lost < newest):
        wrong.append(Broken(root / lost, "is gone"))
    if held.damaged:
        wrong.append(Broken(path, "is not what was written"))
    return wrong


def sealed_hash(folder: Path, table: str, path: Path) -> str | None:
    """Return "<blake2b-128 in hex> <size in bytes>" of a file of a table as it was written, None where it is not
    sealed. Raises StorageError.
    """
    at = seals_path(folder, table)
    with storage_errors(at):
        return _read(at).files.get(str(path.relative_to(_root(folder, table))))


def sealed_copy(folder: Path, table: str, path: Path) -> bytes | None:
    """Return a file of a table as it was written where it is the manifest that a copy was kept of, else None. Raises
    StorageError.
    """
    copy, expected = _copy_path(folder, table), sealed_hash(folder, table, path)
    with storage_errors(copy):
        return copy.read_bytes() if expected and _hashes(copy.parent, [copy.name]).get(copy.name) == expected else None


def sealed_sizes(folder: Path, table: str) -> dict[str, int]:
    """Return the sealed files of a table, relative to its folder, with their sizes in bytes. Raises StorageError."""
    path = seals_path(folder, table)
    with storage_errors(path):
        return {name: int(said.rpartition(" ")[2]) for name, said in _read(path).files.items()}


def _copy_path(folder: Path, table: str) -> Path:
    return folder / FOLDER / f"{table}.manifest"


def _root(folder: Path, table: str) -> Path:
    return folder / f"{table}.lance"


def _names(root: Path) -> Iterator[str]:
    """Yield the files of a table that are to be sealed, relative to its folder."""
    for folder, ending in _SEALED.items():
        yield from (f"{folder}/{name}" for name in _listed(root / folder) if name.endswith(ending))
    for index in _listed(root / INDICES):
        yield from (f"{INDICES}/{index}/{name}" for name in _listed(root / INDICES / index))


def _listed(folder: Path) -> list[str]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)  # noqa: PTH208  (thousands of them, where a Path each takes longer than a commit)
    return []


def _newest(names: Iterable[str]) -> str:
    """Return the manifest of the highest version among files, "" where there is none: Lance numbers them downwards."""
    return min((name for name in names if name.startswith(_MANIFESTS)), default="")


def _hashes(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return "<blake2b-128 in hex> <size in bytes>" by name of those files that are there."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError), (root / name).open("rb") as file:
            state = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_HASH_BYTES))
            found[name] = f"{state.hexdigest()} {file.tell()}"
    return found


def _mark(path: Path, size_bytes: int | None = None) -> _Mark:
    """Return what tells whether a file of seals was written to, by others if it is not as long as it should be."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_ino, found.st_size if size_bytes is None else size_bytes, found.st_mtime_ns


def _append(path: Path, lines: bytes) -> None:
    private_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "ab") as file:
        file.write(lines)


def _lines(files: Mapping[str, str]) -> bytes:
    said = [f"{found} {name}" for name, found in files.items()]
    return "".join(f"{_sum(line)} {line}\n" for line in said).encode()


def _sum(line: str) -> str:
    return hashlib.blake2b(line.encode(errors="replace"), digest_size=_SUM_BYTES).hexdigest()


def _read(path: Path) -> _Held:
    """Return what a file of seals holds; nothing where there is none."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return _Held({})
    *lines, last = text.split("\n")
    files: dict[str, str] = {}
    damaged = 0
    for line in lines:
        total, _, rest = line.partition(" ")
        parts = rest.split(" ", 2)
        if len(parts) == 3 and total == _sum(rest):
            files[parts[2]] = f"{parts[0]} {parts[1]}"
        else:
            damaged += 1
    return _Held(files, damaged, bool(last))
