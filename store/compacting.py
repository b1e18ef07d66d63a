"""`compact`: the tables of a store take as little room as they can. Small fragments are joined, rows of removed clips
leave the disk, versions that nobody needs go, and so does what killed writers left.

A version that a view, an index, a graph, a map or a clustering stands on stays, and its fragments are left as they lie:
joined, they would be there twice. Every step is one commit of Lance under the writer lock, which is given back between
them, so that others write meanwhile, and what is killed is gone on with by the next run.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..errors import Damaged, NotFound, UsageError
from ..progress import Progress
from . import views
from .changes import changed_clips
from .clusters import list_runs
from .joining import runs_of
from .lock import writer_lock
from .seals import broken_seals
from .spaces import list_spaces, table_of
from .tables import NO_VERSION, Tables
from .versions import (
    Fragment,
    Hold,
    folder_bytes,
    fragments_held,
    fragments_of,
    held_versions,
    superseded_before,
    versions_of,
    written_s,
)

KEEP_DAYS = 1.0
"""How long what was superseded stays where others have the store open, who may still read it."""
ORPHAN_S = 3600.0
"""A file that no version names may be one that somebody without the lock is about to commit, until it is so old."""
_COMMITS = 2
"""Of joining a run of fragments: Lance reserves the number of the new one first."""
_MANY_DAYS = 36_500


@dataclass(frozen=True)
class TableRoom:
    """What a table takes before and after: fragments, versions, bytes; removed: rows of removed clips on disk.

    held: what needs its older versions, tags and others.
    """

    table: str
    rows: int
    fragments_before: int
    fragments_after: int
    removed_before: int
    removed_after: int
    versions_before: int
    versions_after: int
    bytes_before: int
    bytes_after: int
    held: tuple[str, ...]


@dataclass
class CompactReport:
    """What `compact` did, or with `dry_run` would do at least, table by table.

    others: whether other processes had the store open, for whom superseded versions were kept for KEEP_DAYS unless it
    was said how long.
    """

    dry_run: bool
    others: bool
    tables: list[TableRoom] = field(default_factory=list)

    @property
    def bytes_before(self) -> int:
        """Bytes of all tables before."""
        return sum(room.bytes_before for room in self.tables)

    @property
    def bytes_after(self) -> int:
        """Bytes of all tables after."""
        return sum(room.bytes_after for room in self.tables)


@dataclass(frozen=True)
class _Room:
    """A table that is looked after. holds: what needs versions of tables beside the tags, which are asked anew each
    time: others save views meanwhile. keep_days, orphan_s: how long what is superseded, or named by no version, stays.
    """

    tables: Tables
    name: str
    holds: Sequence[Hold]
    keep_days: float | None
    orphan_s: float

    def held(self) -> dict[int, tuple[str, ...]]:
        """Return the versions that have to stay, and what needs each."""
        return held_versions(self.tables, self.name, self.holds)

    def joinable(self, spare: Collection[int] = ()) -> list[list[Fragment]]:
        """Return the runs of neighbouring fragments to write anew as one each, but for those to `spare`: none of a
        view's own table, which was written at once, in an order that counts.
        """
        if self.name.startswith(views.PREFIX):
            return []
        held = fragments_held(self.tables, self.name, self.held())
        return runs_of(fragments_of(self.tables, self.name), held.union(spare))

    def superseded(self, days: float) -> list[int]:
        """Return the versions that nobody needs and that have been superseded for so many days."""
        moment = datetime.now(UTC) - timedelta(days=days)
        return superseded_before(versions_of(self.tables, self.name), moment, self.held())

    def orphans(self) -> bool:
        """Return whether all files that no version names are old enough to go."""
        dataset = self.tables.opened(self.name)
        told = dataset.explain_cleanup_old_versions(
            versions=[NO_VERSION], delete_unverified=True, include_files=True, max_files=1 << 20
        )
        newest_s = time.time() - self.orphan_s
        names = [file.path for file in told.candidate_files]
        return not names or max(written_s(dataset.uri, names)) <= newest_s

    def lying(self) -> TableRoom:
        """Return what the table takes now, as what it takes before and after."""
        fragments, versions = fragments_of(self.tables, self.name), len(versions_of(self.tables, self.name))
        newest = self.tables.version(self.name)
        removed, size = sum(one.removed for one in fragments), folder_bytes(self.tables.opened(self.name).uri)
        return TableRoom(
            table=self.name,
            rows=sum(one.rows for one in fragments),
            fragments_before=len(fragments),
            fragments_after=len(fragments),
            removed_before=removed,
            removed_after=removed,
            versions_before=versions,
            versions_after=versions,
            bytes_before=size,
            bytes_after=size,
            held=tuple(sorted({by for version, needs in self.held().items() if version != newest for by in needs})),
        )


def compact(
    tables: Tables, holds: Iterable[Hold], *, keep_days: float | None, dry_run: bool, progress: Progress
) -> CompactReport:
    """Compact every table; return what came of it.

    holds: what needs which versions, beside tags and clusterings. keep_days: how long what was superseded stays; None:
    no longer where nobody else has the store open, else KEEP_DAYS. Raises UsageError, StorageError, StoreLocked, and
    Damaged before a table is touched whose files are not what was written.
    """
    if keep_days is not None and not 0 <= keep_days < _MANY_DAYS:
        raise UsageError(f"superseded versions can be kept for 0 to {_MANY_DAYS} days, not for {keep_days}")
    needed = [*holds, *_clusterings(tables)]
    report = CompactReport(dry_run, others=False)
    names = tables.names()
    for done, name in enumerate(names):
        progress("compact", done, len(names))
        room = _Room(tables, name, needed, keep_days, 0.0 if keep_days == 0 else ORPHAN_S)
        with suppress(NotFound):  # others delete views meanwhile
            report.tables.append(_foreseen(room, report) if dry_run else _compacted(room, report))
    progress("compact", len(names), len(names))
    return report


def _clusterings(tables: Tables) -> Iterator[Hold]:
    """Yield what the clustering runs that are current need: by it they are known to be."""
    for space in list_spaces(tables):
        for run in list_runs(tables, space):
            if changed_clips(tables, table_of(space), run.table_version) == set():
                yield Hold(table_of(space), run.table_version, f"clustering {run.run}")


def _compacted(room: _Room, report: CompactReport) -> TableRoom:
    _check_whole(room)
    before = room.lying()
    done: set[int] = set()
    while _join(room, done):
        pass
    with writer_lock(room.tables.folder), _keeping(room, report) as days:
        if room.tables.opened(room.name).describe_indices():
            room.tables.index_keys(room.name)
        room.tables.clean(room.name, room.superseded(days), orphans=room.orphans())
    after = room.lying()
    return replace(
        after,
        fragments_before=before.fragments_before,
        removed_before=before.removed_before,
        versions_before=before.versions_before,
        bytes_before=before.bytes_before,
    )


def _check_whole(room: _Room) -> None:
    """Raise Damaged where a list of removed rows or the like is not what was written: joining would make that last."""
    with writer_lock(room.tables.folder):
        broken = broken_seals(room.tables.folder, room.name)
    if broken:
        raise Damaged(
            f"{broken[0].path} {broken[0].what}, so {room.name} is left as it is; run `echodex repair`, then this again"
        )


def _join(room: _Room, done: set[int]) -> bool:
    """Write the first run of fragments anew that was not yet, and note it and what became of it as `done`; return
    whether there was one.
    """
    with writer_lock(room.tables.folder):
        runs = room.joinable(spare=done)
        if runs:
            before = {one.id for one in fragments_of(room.tables, room.name)}
            room.tables.rewrite(room.name, [one.id for one in runs[0]])
            done |= {one.id for one in fragments_of(room.tables, room.name)} - before
            done |= {one.id for one in runs[0]}
    return bool(runs)


@contextmanager
def _keeping(room: _Room, report: CompactReport) -> Iterator[float]:
    """Give how long older versions stay, in days; who opens the store in this block reads the newest ones alone."""
    with room.tables.presence.alone() as alone:
        report.others = report.others or not alone
        yield room.keep_days if room.keep_days is not None else 0.0 if alone else KEEP_DAYS


def _foreseen(room: _Room, report: CompactReport) -> TableRoom:
    """Return what compacting would come to: fragments and versions exactly, bytes about."""
    before, runs = room.lying(), room.joinable()
    with _keeping(room, report) as days:
        gone, orphans = room.superseded(days), room.orphans()
    told = room.tables.opened(room.name).explain_cleanup_old_versions(
        versions=gone or [NO_VERSION], delete_unverified=orphans
    )
    rewritten = [one for run in runs for one in run]
    written = sum(one.size_bytes * one.rows // max(one.rows + one.removed, 1) for one in rewritten)
    freed = told.stats.bytes_removed + (0 if days else sum(one.size_bytes for one in rewritten))
    newest_goes = bool(runs) and not days
    return replace(
        before,
        fragments_after=before.fragments_after - len(rewritten) + sum(any(one.rows for one in run) for run in runs),
        removed_after=before.removed_after - sum(one.removed for one in rewritten),
        versions_after=before.versions_after - len(gone) + (0 if newest_goes else _COMMITS * len(runs)),
        bytes_after=before.bytes_after - freed + written,
    )
