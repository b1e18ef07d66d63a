"""Seals: the size and hash of every small file that Lance writes beside the data of a table, in seals/<table>.json.

Lance has no checksums. Data is covered by sums of its own (store/rowsum.py); but a flipped bit in a manifest, a list of
deleted rows or a key index takes rows away without a word. Such files are written once and never changed, so each
commit hashes what is new, and `check --data` compares. What a process that died, or a full disk, left unsealed is
sealed by the next writer. Tags are not sealed: they are replaced, and a registry says what they must hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Stale
from ..schemas.checked_json import checked_text, read_checked
from .files import storage_errors, write_atomic

FOLDER = "seals"
_FORMAT, _VERSION = "echodex.seals", 1
_SEALED = ("_versions/*.manifest", "_transactions/*.txn", "_deletions/*", "_indices/*/*")
_MANIFESTS = "_versions/"


@dataclass(frozen=True)
class Broken:
    """A file that is not what was written: where it is, and what is wrong, in words that follow its name."""

    path: Path
    what: str


def seals_path(folder: Path, table: str) -> Path:
    """Return where the seals of a table of the store at `folder` are."""
    return folder / FOLDER / f"{table}.json"


def seal(folder: Path, table: str) -> None:
    """Seal what is new in a table of the store at `folder`, and forget what is gone; the caller has just committed.

    Seals that are damaged stay as they are, for `check` to tell: to seal anew would seal damage with the rest. Raises
    StorageError; what was sealed before is untouched then.
    """
    root = _root(folder, table)
    with storage_errors(root):
        try:
            sealed = _read(folder, table)
        except Stale:
            return
        there = _names(root)
        now = {name: sealed[name] for name in there if name in sealed}
        now |= _hashes(root, [name for name in there if name not in sealed])
        if now != sealed:
            files = [f"{said} {name}" for name, said in sorted(now.items())]
            text = checked_text({"format": _FORMAT, "version": _VERSION, "files": files})
            write_atomic(seals_path(folder, table), text.encode(), durable=False)


def unseal(folder: Path, table: str) -> None:
    """Forget the seals of a table that is about to go, or to be made: one made after it has files of the same names."""
    path = seals_path(folder, table)
    with storage_errors(path):
        path.unlink(missing_ok=True)


def broken_seals(folder: Path, table: str) -> list[Broken]:
    """Return the sealed files of a table that are not what was written; the seals themselves, where they are not.

    Of what is gone only the newest manifest counts, without which the version before would pass for the table: older
    ones cleanup takes, with all that they alone need, and a version that lacks a file cannot be read. Raises
    StorageError.
    """
    root = _root(folder, table)
    with storage_errors(root):
        try:
            sealed = _read(folder, table)
        except Stale:
            return [Broken(seals_path(folder, table), "is not what was written")]
        found = _hashes(root, list(sealed))
        newest = _newest(_names(root))
    wrong = [Broken(root / name, "is not what was written") for name in found if found[name] != sealed[name]]
    lost = _newest(sealed)
    if lost and (not newest or lost < newest):
        wrong.append(Broken(root / lost, "is gone"))
    return wrong


def unsealed(folder: Path, table: str) -> list[Path]:
    """Return the files of a table that are not sealed: of a process that died just then, or of another program. None
    where the seals are damaged. Raises StorageError.
    """
    root = _root(folder, table)
    with storage_errors(root):
        try:
            sealed = _read(folder, table)
        except Stale:
            return []
        return [root / name for name in _names(root) if name not in sealed]


def _root(folder: Path, table: str) -> Path:
    return folder / f"{table}.lance"


def _names(root: Path) -> list[str]:
    """Return the files of a table that are to be sealed, relative to its folder."""
    return [str(path.relative_to(root)) for pattern in _SEALED for path in root.glob(pattern)]


def _newest(names: Iterable[str]) -> str:
    """Return the manifest of the highest version among files, "" where there is none: Lance numbers them downwards."""
    return min((name for name in names if name.startswith(_MANIFESTS)), default="")


def _hashes(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Return "<blake2b-128 in hex> <size in bytes>" by name of those files that are there."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError), (root / name).open("rb") as file:
            state = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
            found[name] = f"{state.hexdigest()} {file.tell()}"
    return found


def _read(folder: Path, table: str) -> dict[str, str]:
    """Return what is sealed, by name within the folder of the table. Raises Stale where the seals are damaged."""
    path = seals_path(folder, table)
    try:
        text = path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return {}
    return read_checked(text, str(path), (_FORMAT, _VERSION), _by_name)


def _by_name(plain: dict[str, Any]) -> dict[str, str]:
    """Return the lines of seals, "<hash> <size> <name>", by name."""
    parts = (line.split(" ", 2) for line in plain["files"])
    return {name: f"{found} {size}" for found, size, name in parts}
