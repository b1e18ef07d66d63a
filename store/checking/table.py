"""A table by itself: it opens, its files are there, its rows and blobs are what was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StorageError, StoreLocked
from ...schemas.finding import Damage, Finding
from ..lock import writer_lock
from ..seals import broken_seals, sealed_sizes
from .blobs import blob_kind, wrong_blobs
from .files import broken_files, lost_index_files, orphans
from .opened import Failed, dataset_of, held_versions, tried
from .rows import Known, RowCheck, check_rows
from .sampling import Sample

if TYPE_CHECKING:
    import lance

SALVAGE = "what can still be read of it is kept, the rest moved to quarantine/"
RESTORED = "put right from its hash where one bit is wrong, else made again or moved to quarantine/"
SET_ASIDE = "moved to quarantine/; `echodex add`, `embed` or `materialise` makes them again"


@dataclass(frozen=True)
class Depth:
    """How deep a check looks: at what is there, or with `data` also into it, into a share of the rows."""

    data: bool = False
    sample: Sample = field(default_factory=Sample)


@dataclass
class Looked:
    """What looking at a table came to.

    newest: its version; held: the version that each tag holds; lost: why, of those that cannot be read any more; read:
    what reading each of the others came to (none of them without `data`).
    """

    table: str
    findings: list[Finding] = field(default_factory=list)
    newest: int = 0
    held: dict[str, int] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    read: dict[int, RowCheck] = field(default_factory=dict)

    def add(self, kind: Damage, what: str, remedy: str, *, grave: bool = True) -> None:
        """Note a finding about the table."""
        self.findings.append(Finding(kind, self.table, what, remedy, grave))


def look(folder: Path, table: str, depth: Depth) -> Looked:
    """Return what is wrong with a table of the store at `folder`. Nothing is raised for damage, whatever it is."""
    found = Looked(table)
    wrong = broken_seals(folder, table) if depth.data else []
    for broken in wrong:
        found.add(Damage.SEAL, f"{broken.path.relative_to(folder)} {broken.what}", RESTORED)
    dataset = tried(partial(dataset_of, folder, table))
    if isinstance(dataset, Failed):
        found.add(Damage.TABLE, f"{table} cannot be opened: {dataset.why}", SALVAGE)
        return found
    found.newest = int(dataset.version)
    held = tried(partial(held_versions, dataset))
    if isinstance(held, Failed):
        found.add(Damage.TAG, f"the tags of {table} cannot be read: {held.why}", "made again from what they are of")
    else:
        found.held = held
    whole = _look_at_files(dataset, found)
    for path in lost_of_indices(folder, table, whole):
        if path not in {broken.path for broken in wrong}:
            found.add(Damage.SEAL, f"{path.relative_to(folder)} is missing or not as long as it was", RESTORED)
    left = [] if found.findings or found.lost else left_files(folder, table)
    if left:
        what = f"{len(left)} files of {table} belong to no version, such as {left[0]}: a writer was killed"
        found.add(Damage.ORPHAN_FILE, what, "moved to quarantine/", grave=False)
    if depth.data:
        _read_versions(whole, found, depth.sample)
        _read_blobs(dataset, found, depth.sample)
    return found


def _look_at_files(dataset: lance.LanceDataset, found: Looked) -> list[lance.LanceDataset]:
    """Note which files the versions of a table lack, and return those that lack none; the newest in any case."""
    for what in _lacks(dataset):
        found.add(Damage.TABLE, f"{found.table}: {what}", SALVAGE)
    valid = tried(dataset.validate)
    if isinstance(valid, Failed):
        found.add(Damage.TABLE, f"{found.table} is not whole: {valid.why}", SALVAGE)
    whole = [dataset]
    for version in sorted(set(found.held.values()) - {found.newest}, reverse=True):
        older = tried(partial(dataset.checkout_version, version))
        if isinstance(older, Failed):
            found.lost[version] = older.why
        elif lacks := _lacks(older):
            found.lost[version] = lacks[0]
        else:
            whole.append(older)
    return whole


def _lacks(dataset: lance.LanceDataset) -> list[str]:
    broken = tried(lambda: list(broken_files(dataset)))
    return [broken.why] if isinstance(broken, Failed) else broken


def lost_of_indices(folder: Path, table: str, versions: Iterable[lance.LanceDataset]) -> list[Path]:
    """Return the files that the key indexes of versions of a table lack, sorted."""
    sealed = sealed_sizes(folder, table)
    lost = [tried(partial(lost_index_files, dataset, sealed)) for dataset in versions]
    return sorted({path for found in lost if not isinstance(found, Failed) for path in found})


def left_files(folder: Path, table: str) -> list[str]:
    """Return the files within the folder of a table that no version names; none where somebody is writing, nobody may,
    or a version cannot be read, which may name them.
    """
    try:
        with writer_lock(folder, wait_s=0.0):
            left = tried(lambda: orphans(dataset_of(folder, table)))
    except (StoreLocked, StorageError):
        return []
    return [] if isinstance(left, Failed) else left


def _read_versions(whole: list[lance.LanceDataset], found: Looked, sample: Sample) -> None:
    known: Known = {}
    for dataset in whole:
        read = tried(partial(check_rows, dataset, sample, known))
        found.read[int(dataset.version)] = RowCheck(unreadable={-1: read.why}) if isinstance(read, Failed) else read
    newest = found.read[found.newest]
    for number, why in newest.unreadable.items():
        found.add(Damage.TABLE, f"part {number} of {found.table} cannot be read: {why}", SALVAGE)
    if newest.wrong:
        found.add(Damage.ROW, f"{_some(newest.wrong.values())} of {found.table}: not what was written", SET_ASIDE)


def _read_blobs(dataset: lance.LanceDataset, found: Looked, sample: Sample) -> None:
    kind = blob_kind(found.table)
    if kind is None or not found.read[found.newest].sound:
        return
    wrong = tried(lambda: dict(wrong_blobs(dataset, kind, sample)))
    if isinstance(wrong, Failed):
        found.add(Damage.TABLE, f"{found.table} cannot be read: {wrong.why}", SALVAGE)
    elif wrong:
        found.add(Damage.BLOB, f"{kind.what} of {_some(wrong.values())} in {found.table}: damaged", SET_ASIDE)


def _some(keys: Iterable[str]) -> str:
    names = list(keys)
    return f"{len(names)} row{'s' * (len(names) != 1)}, such as {names[0][:80]!r}"
