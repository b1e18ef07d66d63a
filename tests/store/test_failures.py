"""What cannot be read is said to be what it is: a wrong filter, a version that is gone, or damaged files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from echodex.errors import Damaged, Stale, UsageError
from echodex.store.failures import UNREADABLE, failed_read
from echodex.store.tables import Tables

SCHEMA = pa.schema([pa.field("clip_id", pa.string()), pa.field("value", pa.int64())])


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    for number in range(3):
        made.append("things", pa.table({"clip_id": [str(number)], "value": [number]}, schema=SCHEMA))
    return made


def reads(tables: Tables) -> list[Callable[[str], object]]:
    return [
        lambda where: tables.scan("things", ["value"], where=where),
        lambda where: tables.count("things", where=where),
    ]


@pytest.mark.parametrize("where", ["value =", "nobody = 1", "value", "value / 0 = 1", "regexp_like(clip_id, '(')"])
def test_a_wrong_filter_is_a_wrong_call(tables: Tables, where: str) -> None:
    for read in reads(tables):
        with pytest.raises(UsageError, match="cannot be used"):
            read(where)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["missing", "empty"])
def test_files_that_are_gone_or_empty_are_damage_whatever_is_asked(
    tables: Tables, damage: Callable[[Path], object]
) -> None:
    for path in (tables.folder / "things.lance" / "data").iterdir():
        damage(path)
    for read in reads(Tables(tables.folder)):
        with pytest.raises(Damaged, match="echodex repair"):
            read("value > 0")
    with pytest.raises(Damaged, match="echodex repair"):
        tables.scan("things", ["value"])


def test_a_manifest_that_is_torn_is_damage(tables: Tables) -> None:
    newest = min((tables.folder / "things.lance" / "_versions").glob("*.manifest"))  # named backwards
    newest.write_bytes(newest.read_bytes()[:10])
    with pytest.raises(Damaged, match="echodex repair"):
        Tables(tables.folder).count("things")


def test_a_version_that_was_cleaned_up_is_gone(tables: Tables) -> None:
    tables.clean("things", [2], orphans=False)
    assert not tables.has_version("things", 2)
    with pytest.raises(Stale, match="version 2 of things"):
        Tables(tables.folder).scan("things", ["value"], version=2)


def test_files_that_go_while_they_are_read_are_of_a_version_that_is_gone(tables: Tables) -> None:
    """Those of a version that somebody cleans up between its opening and its reading."""
    version = tables.version("things")
    opened = tables.opened("things", version)
    tables.delete("things", "value = 1")
    tables.rewrite("things", [0, 1, 2])
    tables.clean("things", list(range(1, tables.version("things"))), orphans=False)
    with pytest.raises(UNREADABLE) as error:
        opened.to_table()
    assert isinstance(failed_read(tables, "things", version, None, error.value), Stale)
