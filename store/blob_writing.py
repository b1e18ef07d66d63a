"""Filling a table of blobs: many clips to a commit, each once, whoever else writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .blobs import BlobKind
from .keys import rows_of
from .known import CLIPS_TABLE
from .lock import writer_lock
from .loose import Receipt, Tray
from .reading import Problem
from .tables import Tables

COMMIT_BYTES = 128 << 20
COMMIT_S = 30.0


@dataclass
class BlobReport:
    """What filling a table did: `written` clips (`hours` of them, `size_bytes` of blobs) are new in `table`, `known`
    were there; `problems` are those that could not be read any more, or whose files have changed.
    """

    table: str
    written: int = 0
    known: int = 0
    hours: float = 0.0
    size_bytes: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Blob:
    """A blob, and what describes it, in the order of its kind."""

    blob: bytes
    told: tuple[float, ...]


class BlobWriter:
    """Appends blobs to the table of a report, but for clips that it holds by then, or that have left the store.

    ids: the clips that the table holds. The table is made where it is not there. ahead: the clips are written after
    their blobs, so that none has left yet.
    """

    def __init__(
        self,
        tables: Tables,
        report: BlobReport,
        kind: BlobKind,
        metadata: Mapping[bytes, bytes] | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        self._tables, self._report, self._kind, self._ahead = tables, report, kind, ahead
        with writer_lock(tables.folder):
            tables.create(report.table, kind.schema(metadata))
        self._version = 0
        self._waiting: dict[str, tuple[bytes, tuple[float, ...]]] = {}
        self._waiting_bytes, self._since_s = 0, time.monotonic()
        self.ids: set[str] = set()
        self._refresh()

    def add(self, clip_id: str, blob: bytes, *told: float) -> None:
        """Take a blob and what describes it, in the kind's order; commit once there are enough, or it is time."""
        self._waiting[clip_id] = blob, told
        self._waiting_bytes += len(blob)
        if self._waiting_bytes >= COMMIT_BYTES or time.monotonic() - self._since_s > COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Write what is waiting as one commit."""
        with writer_lock(self._tables.folder):
            self._refresh()
            wanted = set(self._waiting) - self.ids
            if not self._ahead:
                rows = rows_of(self._tables, CLIPS_TABLE, ["clip_id"], sorted(wanted))
                wanted = set(rows.column(0).to_pylist())
            new = {clip_id: said for clip_id, said in self._waiting.items() if clip_id in wanted}
            if new:
                self._tables.append(self._report.table, self._kind.rows(new), seen=self._version)
                self._version += 1  # where it is more, somebody without the lock wrote too: the ids are read anew
                self.ids.update(new)
        self._report.written += len(new)
        self._report.size_bytes += sum(len(blob) for blob, _ in new.values())
        self._waiting, self._waiting_bytes, self._since_s = {}, 0, time.monotonic()

    def finish(self) -> None:
        """Write what is waiting, and index the keys once there are many."""
        self.commit()
        with writer_lock(self._tables.folder):
            self._tables.index_keys(self._report.table)

    def take_in(self, tray: Tray, receipt: Receipt) -> bool:
        """Make what a worker wrote part of the table, as one commit; return whether that was done.

        Where the table holds one of the clips by now, or one has left the store, nothing is, and the receipt is gone.
        """
        with writer_lock(self._tables.folder):
            self._refresh()
            there = rows_of(self._tables, CLIPS_TABLE, ["clip_id"], sorted(receipt.clip_ids))
            right = self.ids.isdisjoint(receipt.clip_ids) and len(there) == len(receipt.clip_ids)
            if right and receipt.clip_ids:
                tray.take_in(self._tables, receipt, self._version)
                self._version += 1  # as above
                self.ids.update(receipt.clip_ids)
            else:
                tray.discard(receipt)
        if right:
            self._report.written += len(receipt.clip_ids)
            self._report.size_bytes += receipt.told["size_bytes"]
        return right

    def _refresh(self) -> None:
        version = self._tables.version(self._report.table)
        if version != self._version:
            rows = self._tables.scan(self._report.table, ["clip_id"], version=version)
            self.ids = set(rows.column(0).to_pylist())  # anew: others remove clips as well
            self._version = version
