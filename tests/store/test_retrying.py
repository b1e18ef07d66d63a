"""Commits that another one comes between are made again, by Lance's own word that they may be; nothing else is."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from echodex.errors import StorageError, StoreLocked
from echodex.schemas.clip import PRIMARY_KEY
from echodex.store import retrying
from echodex.store.retrying import committed
from echodex.store.tables import Tables
from echodex.store.where import equals

SCHEMA = pa.schema([pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY)])


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    for number in range(4):
        made.append("things", pa.table({"clip_id": [str(number)]}, schema=SCHEMA))
    return made


def overtaken(tables: Tables, times: int) -> tuple[Callable[[], None], list[int]]:
    """A compaction that opens the table, and then a row of it is deleted, so many times; and when it was tried."""
    tried: list[int] = []

    def compact() -> None:
        opened = lance.dataset(str(tables.folder / "things.lance"))
        tried.append(opened.version)
        if len(tried) <= times:
            Tables(tables.folder).delete("things", equals("clip_id", str(len(tried))))
        opened.optimize.compact_files()

    return compact, tried


def test_what_was_overtaken_is_made_again_on_what_is_there(tables: Tables) -> None:
    compact, tried = overtaken(tables, 2)
    committed(tables.folder, compact)
    assert len(tried) == 3
    assert sorted(tables.scan("things", ["clip_id"]).column(0).to_pylist()) == ["0", "3"]
    assert len(lance.dataset(str(tables.folder / "things.lance")).get_fragments()) == 1


def test_who_is_always_overtaken_says_so(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "TRIES", 2)
    compact, tried = overtaken(tables, 2)
    with pytest.raises(StoreLocked, match="without heeding its lock"):
        committed(tables.folder / "things.lance", compact)
    assert len(tried) == 2


def test_any_other_failure_is_not_tried_again(tmp_path: Path) -> None:
    tried = []

    def fail() -> None:
        tried.append(1)
        raise OSError(errno.EIO, "broken")

    with pytest.raises(StorageError, match="broken"):
        committed(tmp_path, fail)
    assert len(tried) == 1
