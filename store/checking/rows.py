"""Rows against their `row_sum`: which of a table are not what was written, and which cannot be read at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ..rowsum import row_sums
from .opened import Failed, tried
from .sampling import Sample

if TYPE_CHECKING:
    import lance
    from lance.fragment import LanceFragment

ROW_SUM = "row_sum"


@dataclass
class RowCheck:
    """What reading rows came to.

    rows: how many were read; wrong: the row ids of those that are not what was written, with their clip ids as they
    read now; unreadable: why, by the number of each fragment that cannot be read.
    """

    rows: int = 0
    wrong: dict[int, str] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether all that was read is what was written."""
        return not self.wrong and not self.unreadable

    def take(self, other: RowCheck) -> None:
        """Take in what reading other rows came to."""
        self.rows += other.rows
        self.wrong |= other.wrong
        self.unreadable |= other.unreadable


Known = dict[tuple[str, ...], RowCheck]
"""What was read before, by fragment: versions of a table share most of theirs."""


def plain_columns(schema: pa.Schema) -> list[str]:
    """Return the columns of a table but for blobs, which have sums of their own."""
    return [one.name for one in schema if not isinstance(one.type, pa.BaseExtensionType)]


def fragment_key(fragment: LanceFragment) -> tuple[str, ...]:
    """Return what two fragments share that hold the same rows: their files, and which rows of them are deleted."""
    files = tuple(file.path for file in fragment.data_files())
    return (*files, str(fragment.deletion_file() or ""))


def check_rows(dataset: lance.LanceDataset, sample: Sample, known: Known) -> RowCheck:
    """Return which rows of a version of a table are not what their sums say; of a table without sums, whether it reads.

    known: what was read before, which grows. Raises what Lance raises where the version cannot be read at all.
    """
    found = RowCheck()
    total, first = dataset.count_rows(), 0
    for fragment in dataset.get_fragments():
        key, count = fragment_key(fragment), fragment.count_rows()
        if key not in known:
            known[key] = RowCheck()
            why = tried(partial(_check_fragment, fragment, first, count, total, sample, known[key]))
            if isinstance(why, Failed):
                known[key].unreadable[fragment.fragment_id] = why.why
        found.take(known[key])
        first += count
    return found


def _check_fragment(
    fragment: LanceFragment, first: int, count: int, total: int, sample: Sample, found: RowCheck
) -> None:
    columns = plain_columns(fragment.schema)
    for offset, length in sample.blocks(first, count, total):
        rows = fragment.scanner(columns=columns, offset=offset, limit=length, with_row_id=True).to_table()
        if len(rows) != length:
            raise ValueError(f"{len(rows)} of {length} rows are there")
        found.rows += length
        wrong = [place for place, right in enumerate(_right(rows.drop_columns(["_rowid"]))) if not right]
        ids, keys = rows.column("_rowid").take(pa.array(wrong, pa.int64())).to_pylist(), rows.column(0)
        found.wrong.update((row, shown(keys, place)) for row, place in zip(ids, wrong, strict=True))


def shown(keys: pa.ChunkedArray, place: int) -> str:
    """Return a key as text, whatever has become of it."""
    text = tried(lambda: str(keys[place].as_py()))
    return "?" if isinstance(text, Failed) else text


def _right(rows: pa.Table) -> list[bool]:
    """Return of each row whether it is what was written: bool[n]. What cannot be read even by itself is not."""

    def whole() -> list[bool]:
        rows.validate(full=True)
        if ROW_SUM not in rows.column_names:
            return [True] * len(rows)
        same = pc.equal(row_sums(rows), rows.column(ROW_SUM).combine_chunks())
        return list(same.fill_null(False).to_pylist())

    right = tried(whole)
    if not isinstance(right, Failed):
        return right
    return [False] if len(rows) == 1 else [_right(rows.slice(place, 1))[0] for place in range(len(rows))]
