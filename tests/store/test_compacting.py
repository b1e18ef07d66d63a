"""Compacting: the same rows in less room, while what others need stays. The oracle is what was read before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from echodex.errors import Damaged, UsageError
from echodex.progress import silent
from echodex.schemas.clip import PRIMARY_KEY
from echodex.store import compacting, joining
from echodex.store.compacting import CompactReport, TableRoom
from echodex.store.tables import Tables
from echodex.store.versions import Hold, fragments_of, tags_of, versions_of
from echodex.store.where import equals, is_in

SCHEMA = pa.schema([pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY), ("value", pa.int64())])


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """One table of six commits, ten rows each."""
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    for number in range(6):
        made.append("things", rows(range(10 * number, 10 * number + 10)))
    return made


def rows(numbers: range) -> pa.Table:
    return pa.table({"clip_id": [f"c{n:03}" for n in numbers], "value": list(numbers)}, schema=SCHEMA)


def compact(tables: Tables, *holds: Hold, keep_days: float | None = None, dry_run: bool = False) -> CompactReport:
    return compacting.compact(tables, holds, keep_days=keep_days, dry_run=dry_run, progress=silent)


def room(report: CompactReport) -> TableRoom:
    [found] = report.tables
    return found


def numbers_of(tables: Tables) -> list[int]:
    return [one.number for one in versions_of(tables, "things")]


def files(tables: Tables) -> set[Path]:
    return {path for path in tables.folder.rglob("*") if path.is_file()}


def test_the_same_rows_in_one_fragment_and_one_version(tables: Tables) -> None:
    tables.delete("things", is_in("clip_id", ["c000", "c033", "c059"]))
    before = tables.scan("things", SCHEMA.names, row_ids=True)
    version = tables.version("things")
    done = room(compact(tables))
    assert (done.fragments_before, done.fragments_after) == (6, 1)
    assert (done.removed_before, done.removed_after) == (3, 0)
    assert (done.versions_before, done.versions_after) == (8, 1)
    assert tables.scan("things", SCHEMA.names, row_ids=True).equals(before)
    assert len(list((tables.folder / "things.lance" / "data").iterdir())) == 1
    assert not tables.has_version("things", version)
    again = room(compact(tables))
    assert (again.bytes_before, again.versions_after) == (done.bytes_after, 1)


def test_the_bytes_of_a_removed_row_leave_the_disk(tables: Tables) -> None:
    tables.append("things", pa.table({"clip_id": ["unforgettable"], "value": [1]}, schema=SCHEMA))
    tables.delete("things", equals("clip_id", "unforgettable"))
    assert any(b"unforgettable" in path.read_bytes() for path in files(tables))
    compact(tables)
    assert not any(b"unforgettable" in path.read_bytes() for path in files(tables))


def test_what_a_tag_or_somebody_else_holds_stays_and_is_not_copied(tables: Tables) -> None:
    tables.tag("things", "view-a.v1", 3)
    old, held = tables.scan("things", SCHEMA.names, version=3), tables.scan("things", SCHEMA.names, version=5)
    tables.delete("things", is_in("clip_id", ["c000", "c055"]))
    done = room(compact(tables, Hold("things", 5, "map pca"), Hold("other", 1, "nobody")))
    assert done.held == ("map pca", "view-a.v1")
    assert numbers_of(tables)[:2] == [3, 5]
    assert done.versions_after == 3
    assert (done.removed_before, done.removed_after) == (2, 1)  # the first is in the fragments of the view
    assert tables.scan("things", SCHEMA.names, version=3).equals(old)
    assert tables.scan("things", SCHEMA.names, version=5).equals(held)
    assert done.bytes_after <= done.bytes_before
    tables.untag("things", "view-a.v1")
    freed = room(compact(tables))
    assert (freed.fragments_after, freed.removed_after, freed.versions_after) == (1, 0, 1)


def test_a_dry_run_changes_nothing_and_tells_the_truth(tables: Tables) -> None:
    tables.tag("things", "view-a.v1", 2)
    tables.append("things", rows(range(60, 20_000)))
    tables.append("things", rows(range(20_000, 40_000)))
    tables.delete("things", is_in("clip_id", [f"c{number:03}" for number in range(20, 40_000, 2)]))
    before = files(tables)
    told = room(compact(tables, dry_run=True))
    assert files(tables) == before
    done = room(compact(tables))
    for name in ("fragments_after", "removed_after", "versions_after", "held", "bytes_before"):
        assert getattr(told, name) == getattr(done, name), name
    assert done.bytes_after < 1.1 * told.bytes_after < told.bytes_before


def test_a_fragment_without_rows_is_gone(tables: Tables) -> None:
    tables.delete("things", is_in("clip_id", [f"c{number:03}" for number in range(60)]))
    told = room(compact(tables, dry_run=True))
    done = room(compact(tables))
    assert (told.fragments_after, done.fragments_after, done.rows) == (0, 0, 0)


def test_no_fragment_is_made_larger_than_it_may_be(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "JOINED_ROWS", 50)
    compact(tables)
    assert sorted(one.rows for one in fragments_of(tables, "things")) == [10, 50]
    tables.delete("things", equals("clip_id", "c001"))
    compact(tables)
    assert sorted(one.rows for one in fragments_of(tables, "things")) == [10, 49]


READER = """
import sys
from pathlib import Path
from echodex.store.tables import Tables
tables = Tables(Path(sys.argv[1]))
batches = tables.batches("things", ["clip_id"], version=4)
first = next(batches)
print("open", flush=True)
sys.stdin.readline()
print(tables.count("things", 4), flush=True)
"""


def test_while_others_have_the_store_open_what_they_read_stays(tables: Tables) -> None:
    command = [sys.executable, "-c", READER, str(tables.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        report = compact(tables)
        assert report.others
        assert room(report).versions_after == 9
        assert reader.communicate("\n")[0] == "30\n"
    report = compact(tables)
    assert not report.others
    assert room(report).versions_after == 1


def test_another_handle_of_this_process_counts_as_well_until_it_is_gone(tables: Tables) -> None:
    other = Tables(tables.folder)
    assert other.count("things", 3) == 20
    assert compact(tables).others
    del other
    assert not compact(tables).others


def test_who_says_how_long_is_heeded(tables: Tables) -> None:
    other = Tables(tables.folder)
    assert other.count("things") == 60
    assert room(compact(tables, keep_days=1)).versions_after == 9
    assert room(compact(tables, keep_days=0)).versions_after == 1
    for days in (-1.0, float("nan"), float("inf"), 1e9):
        with pytest.raises(UsageError, match="days"):
            compact(tables, keep_days=days)


def test_what_killed_writers_left_goes_once_it_is_old(tables: Tables) -> None:
    data = tables.folder / "things.lance" / "data"
    left = [data / "0123456789.lance", data / "012345" / "1.blob"]
    left[1].parent.mkdir()
    for path in left:
        path.write_bytes(b"left")
    compact(tables)
    assert all(path.exists() for path in left)  # somebody without the lock may be about to commit it
    long_ago = time.time() - 2 * compacting.ORPHAN_S
    os.utime(left[0], (long_ago, long_ago))
    compact(tables)
    assert all(path.exists() for path in left)
    os.utime(left[1], (long_ago, long_ago))
    compact(tables)
    assert not any(path.exists() for path in left)
    left[0].write_bytes(b"left")
    compact(tables, keep_days=0)
    assert not left[0].exists()
    assert tables.count("things") == 60


def test_the_key_index_finds_what_was_joined(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echodex.store.tables.KEY_INDEX_ROWS", 10)
    tables.index_keys("things")
    tables.append("things", rows(range(60, 80)))
    tables.delete("things", equals("clip_id", "c011"))
    compact(tables)
    [index] = tables.opened("things").describe_indices()
    assert index.num_rows_indexed >= 79
    for number in range(80):
        assert tables.count("things", where=equals("clip_id", f"c{number:03}")) == (number != 11)


def test_what_a_flipped_bit_hides_is_not_made_to_last(tables: Tables) -> None:
    """Of a list of removed rows, or a manifest, that is not what was written: what it says would be all there is."""
    tables.delete("things", equals("clip_id", "c000"))
    [deleted] = (tables.folder / "things.lance" / "_deletions").iterdir()
    written = bytearray(deleted.read_bytes())
    written[-20] ^= 1
    deleted.write_bytes(written)
    before = files(tables)
    with pytest.raises(Damaged, match="echodex repair"):
        compact(tables)
    assert files(tables) - {tables.folder / ".lock"} == before - {tables.folder / ".lock"}


def test_tags_are_told(tables: Tables) -> None:
    tables.tag("things", "a", 2)
    tables.tag("things", "b", 7)
    assert tags_of(tables, "things") == {"a": 2, "b": 7}


KILLED = """
import os, signal, sys
from pathlib import Path
from echodex.progress import silent
from echodex.store.compacting import compact
from echodex.store.tables import Tables
before, what = int(sys.argv[2]), sys.argv[3]
wrapped = getattr(Tables, what)
def kill(*given, **named):
    if before == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    wrapped(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Tables, what, kill)
compact(Tables(Path(sys.argv[1])), [], keep_days=0, dry_run=False, progress=silent)
"""


@pytest.mark.parametrize("step", ["rewrite", "clean"])
@pytest.mark.parametrize("after", ["0", "1"])
def test_killed_at_a_step_it_is_gone_on_with(tables: Tables, step: str, after: str) -> None:
    tables.delete("things", is_in("clip_id", ["c000", "c033"]))
    before = tables.scan("things", SCHEMA.names)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tables.folder), after, step], check=False, timeout=60)
    assert done.returncode == -9
    assert tables.scan("things", SCHEMA.names).equals(before)
    finished = room(compact(tables))
    assert (finished.fragments_after, finished.removed_after, finished.versions_after) == (1, 0, 1)
    assert tables.scan("things", SCHEMA.names).equals(before)
