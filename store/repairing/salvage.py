"""Tables that cannot be read, or not all of them: what can be read stays, the rest is moved to the quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from ...schemas.clip import CLIPS
from ...schemas.finding import Finding
from ..checking.blobs import blob_kind
from ..checking.files import broken_files
from ..checking.opened import Failed, dataset_of, tried
from ..checking.rows import check_rows, plain_columns
from ..checking.sampling import BLOCK_ROWS, Sample
from ..known import CLIPS_TABLE
from ..lock import writer_lock
from ..remote.mirror import listed
from ..remote.moving import present
from ..remote.tables import options_of
from ..seals import Seals, sealed_hash
from .registered import move_table
from .work import Work

if TYPE_CHECKING:
    import lance
    from lance.fragment import LanceFragment


def unreadable_table(work: Work, finding: Finding) -> str:
    """Take the parts out of a table that cannot be read, and keep what can be read of them.

    Where no version opens, the newest manifest goes until one does: the changes since then are lost. A table without
    any is moved as a whole.
    """
    table = finding.where
    with writer_lock(work.folder):
        gone = _until_it_opens(work, table, finding.what)
        if not work.tables.exists(table):
            return lost_table(work, finding, locked=True)
        dataset = dataset_of(work.folder, table)
        broken = _broken_fragments(dataset)
        kept = sum(_take_out(work, dataset, fragment, finding.what) for fragment in broken)
        Seals(work.folder).seal(table)
    did = [f"the newest {gone} versions of {table} moved to the quarantine"] if gone else []
    if broken:
        did.append(f"{len(broken)} parts of {table} moved to the quarantine, {kept} of their rows kept")
    return "; ".join(did)


def lost_table(work: Work, finding: Finding, *, locked: bool = False) -> str:
    """Move what is left of a table to the quarantine, and begin the table of clips anew."""
    if not locked:
        with writer_lock(work.folder):
            return lost_table(work, finding, locked=True)
    did = move_table(work, finding.where, finding.what)
    if finding.where == CLIPS_TABLE:
        work.tables.create(CLIPS_TABLE, CLIPS)
    return did


def _until_it_opens(work: Work, table: str, why: str) -> int:
    """Move the newest manifests of a table away until one opens; return how many. One that is what was written stays,
    whatever keeps it from being opened: a newer Lance wrote it, or there is no memory.
    """
    folder = work.path(f"{table}.lance") / "_versions"
    manifests = [path for path in listed(folder) if path.suffix == ".manifest"]  # Lance numbers them downwards
    for gone, path in enumerate(manifests):
        opens = not isinstance(tried(lambda: dataset_of(work.folder, table).count_rows()), Failed)
        if opens or sealed_hash(work.folder, table, path):  # a broken seal was dealt with before
            return gone
        work.quarantine.move(path, why)
    return len(manifests)


def _broken_fragments(dataset: lance.LanceDataset) -> list[LanceFragment]:
    """Return the fragments of the newest version of a table whose rows cannot be read, or whose files are not whole."""
    read = check_rows(dataset, Sample(), {})
    broken = " ".join(broken_files(dataset))
    found = []
    for fragment in dataset.get_fragments():
        named = [file.path for file in fragment.data_files()] + [str(fragment.deletion_file() or "-")]
        if fragment.fragment_id in read.unreadable or any(name in broken for name in named):
            found.append(fragment)
    return found


def _take_out(work: Work, dataset: lance.LanceDataset, fragment: LanceFragment, why: str) -> int:
    """Take a fragment out of its table, in one commit, and put the rows in again that can be read; return how many.

    Its files are copied to the quarantine first: older versions may still stand on them.
    """
    import lance

    table = dataset.uri.rstrip("/").rpartition("/")[2].removesuffix(".lance")
    kind = blob_kind(table)
    rows = [] if kind else list(_readable(fragment, plain_columns(fragment.schema)))
    for file in fragment.data_files():
        path = work.path(f"{table}.lance") / "data" / file.path
        if present(path):
            work.quarantine.copy(path, why)
    gone = lance.LanceOperation.Delete([], [fragment.fragment_id], "true")
    newest = dataset_of(work.folder, table)
    options = options_of(newest.uri) or None
    lance.LanceDataset.commit(newest.uri, gone, read_version=newest.version, storage_options=options)
    if rows:
        whole = pa.concat_tables(rows)
        work.tables.append(table, whole.cast(work.tables.schema(table)))
    return sum(map(len, rows))


def _readable(fragment: LanceFragment, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the rows of a fragment that can be read, block by block, those of a torn block one by one."""
    if isinstance(tried(fragment.count_rows), Failed):  # nobody knows any more which of its rows were removed
        return
    count = fragment.count_rows()
    spans = [(first, min(BLOCK_ROWS, count - first)) for first in range(0, count, BLOCK_ROWS)]
    while spans:
        first, length = spans.pop(0)
        rows = tried(lambda at=first, of=length: _block(fragment, columns, at, of))  # type: ignore[misc]
        if not isinstance(rows, Failed):
            yield rows
        elif length > 1:
            half = length // 2
            spans[:0] = [(first, half), (first + half, length - half)]


def _block(fragment: LanceFragment, columns: list[str], first: int, length: int) -> pa.Table:
    rows = fragment.scanner(columns=columns, offset=first, limit=length).to_table()
    rows.validate(full=True)
    if len(rows) != length:
        raise ValueError("rows are missing")
    return rows
