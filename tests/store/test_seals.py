"""Seals: every file that Lance writes beside the data is covered, at once, and nothing else is called broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from echodex.schemas.clip import PRIMARY_KEY
from echodex.store import tables as module
from echodex.store.seals import Seals, broken_seals, sealed_copy, sealed_hash, seals_path
from echodex.store.tables import Tables
from echodex.store.where import equals

SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("value", pa.int64()),
    ]
)


def rows(first: int, count: int = 3) -> pa.Table:
    return pa.table({"clip_id": [f"c{n}" for n in range(first, first + count)], "value": [first] * count}, SCHEMA)


def beside_the_data(root: Path) -> set[Path]:
    """What is to be sealed, told in another way: all files but data, tags and the hint, which Lance does not heed."""
    files = {path for path in root.rglob("*") if path.is_file()}
    return {path for path in files if not {"data", "_refs"} & set(path.parts) and "hint" not in path.name}


def unsealed(folder: Path, table: str) -> list[Path]:
    """What is not sealed of what is to be."""
    return [path for path in beside_the_data(folder / f"{table}.lance") if not sealed_hash(folder, table, path)]


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A table with a manifest, a transaction, a list of deleted rows and a key index, each made by a commit."""
    monkeypatch.setattr(module, "KEY_INDEX_ROWS", 1)
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    made.append("things", rows(0))
    made.upsert("things", ["clip_id"], rows(2))
    made.delete("things", equals("clip_id", "c0"))
    made.index_keys("things")
    return made


@pytest.fixture
def root(tables: Tables) -> Path:
    return tables.folder / "things.lance"


WRITES: list[Callable[[Tables], object]] = [
    lambda tables: tables.append("things", rows(10)),
    lambda tables: tables.upsert("things", ["clip_id"], rows(3)),
    lambda tables: tables.delete("things", equals("clip_id", "c1")),
    lambda tables: tables.index_keys("things"),
    lambda tables: tables.rewrite("things", [0, 1]),
    lambda tables: tables.create("others", SCHEMA),
]


@pytest.mark.parametrize("write", WRITES)
def test_each_commit_seals_what_it_wrote(tables: Tables, write: Callable[[Tables], object]) -> None:
    write(tables)
    for table in tables.names():
        assert unsealed(tables.folder, table) == []
        assert broken_seals(tables.folder, table) == []


def test_every_file_beside_the_data_is_sealed(tables: Tables, root: Path) -> None:
    folders = {path.relative_to(root).parts[0] for path in beside_the_data(root)}
    assert folders == {"_versions", "_transactions", "_deletions", "_indices"}
    for path in beside_the_data(root):
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        assert [found.path for found in broken_seals(tables.folder, "things")] == [path]
        path.write_bytes(whole)
    assert broken_seals(tables.folder, "things") == []


def test_a_file_that_is_shorter_or_longer_is_broken(tables: Tables, root: Path) -> None:
    deleted = min((root / "_deletions").iterdir())
    whole = deleted.read_bytes()
    for other in (b"", whole[:-1], whole + b"\0"):
        deleted.write_bytes(other)
        assert [found.path for found in broken_seals(tables.folder, "things")] == [deleted]


def test_a_newest_manifest_that_is_gone_is_missed(tables: Tables, root: Path) -> None:
    newest = min((root / "_versions").glob("*.manifest"))
    newest.rename(root / "elsewhere")
    assert Tables(tables.folder).count("things") > 0  # Lance takes the version before for the newest
    assert [(found.path, found.what) for found in broken_seals(tables.folder, "things")] == [(newest, "is gone")]


def test_what_cleanup_took_is_not_missed(tables: Tables, root: Path) -> None:
    before = len(seals_path(tables.folder, "things").read_text().splitlines())
    lance.dataset(str(root)).cleanup_old_versions(timedelta(0))  # and dies before it seals
    assert broken_seals(tables.folder, "things") == []
    tables.append("things", rows(20))
    assert unsealed(tables.folder, "things") == []
    assert len(seals_path(tables.folder, "things").read_text().splitlines()) < before


def test_what_another_program_wrote_is_not_sealed_until_the_next_commit(tables: Tables, root: Path) -> None:
    lance.dataset(str(root)).delete("clip_id = 'c2'")
    assert {path.parent.name for path in unsealed(tables.folder, "things")} >= {"_versions", "_deletions"}
    assert broken_seals(tables.folder, "things") == []
    tables.append("things", rows(20))
    assert unsealed(tables.folder, "things") == []


def test_damage_is_not_sealed_by_a_later_commit(tables: Tables, root: Path) -> None:
    deleted = min((root / "_deletions").iterdir())
    deleted.write_bytes(deleted.read_bytes() + b"\0")
    for writer in (tables, Tables(tables.folder)):
        writer.append("things", rows(30))
        assert [found.path for found in broken_seals(tables.folder, "things")] == [deleted]


@pytest.mark.parametrize("at", [0, 20, 60, -30])
def test_seals_that_were_altered_are_broken_themselves(tables: Tables, at: int) -> None:
    path = seals_path(tables.folder, "things")
    whole = bytearray(path.read_bytes())
    whole[at] ^= 1
    path.write_bytes(whole)
    assert [found.path for found in broken_seals(tables.folder, "things")] == [path]


@pytest.mark.parametrize("kept", [0, 1, 50, -1])
def test_torn_seals_are_made_whole_by_the_next_commit(tables: Tables, kept: int) -> None:
    path = seals_path(tables.folder, "things")
    path.write_bytes(path.read_bytes()[:kept])
    assert broken_seals(tables.folder, "things") == []
    assert unsealed(tables.folder, "things") != []
    tables.append("things", rows(40))
    assert unsealed(tables.folder, "things") == []
    assert broken_seals(tables.folder, "things") == []


def test_two_writers_seal_by_turns(tables: Tables) -> None:
    others = Tables(tables.folder)
    for turn in range(4):
        (tables, others)[turn % 2].append("things", rows(100 * turn))
        assert unsealed(tables.folder, "things") == []
    assert broken_seals(tables.folder, "things") == []
    lines = seals_path(tables.folder, "things").read_text().splitlines()
    assert len(lines) == len(set(lines)) == len(beside_the_data(tables.folder / "things.lance"))


def newest(root: Path) -> Path:
    return min((root / "_versions").glob("*.manifest"))


def test_of_the_newest_manifest_there_is_a_copy(tables: Tables, root: Path) -> None:
    for turn in range(3):
        tables.append("things", rows(100 * turn))
        path = newest(root)
        written = path.read_bytes()
        path.unlink()
        assert sealed_copy(tables.folder, "things", path) == written
        path.write_bytes(written)
    older = sorted((root / "_versions").glob("*.manifest"))[1]
    assert sealed_copy(tables.folder, "things", older) is None


def test_a_commit_that_has_the_number_of_a_lost_one_counts(tables: Tables, root: Path) -> None:
    tables.append("things", rows(100))
    lost = newest(root)
    lost.unlink()
    again = Tables(tables.folder)
    again.append("things", rows(200))
    assert newest(root) == lost
    assert broken_seals(tables.folder, "things") == []
    assert sealed_copy(tables.folder, "things", lost) == lost.read_bytes()


def test_a_table_that_has_lost_its_manifests_can_be_sealed(tables: Tables, root: Path) -> None:
    seals_path(tables.folder, "things").unlink()
    for manifest in (root / "_versions").glob("*.manifest"):
        manifest.unlink()
    Seals(tables.folder).seal("things")
    assert broken_seals(tables.folder, "things") == []


def test_a_copy_that_was_altered_or_lost_is_none(tables: Tables, root: Path) -> None:
    copy = tables.folder / "seals" / "things.manifest"
    written = copy.read_bytes()
    copy.write_bytes(written[:-1])
    assert sealed_copy(tables.folder, "things", newest(root)) is None
    copy.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
    assert sealed_copy(tables.folder, "things", newest(root)) is None
    copy.unlink()
    assert sealed_copy(tables.folder, "things", newest(root)) is None


def test_a_table_that_was_dropped_leaves_no_seals_to_one_of_its_name(tables: Tables) -> None:
    tables.drop("things")
    assert not list((tables.folder / "seals").glob("things.*"))
    tables.create("things", SCHEMA)
    assert broken_seals(tables.folder, "things") == []


def test_a_folder_that_somebody_removed_may_be_made_again(tables: Tables, root: Path) -> None:
    root.rename(root.with_name("gone"))
    tables.create("things", SCHEMA)
    assert broken_seals(tables.folder, "things") == []
    assert unsealed(tables.folder, "things") == []


def test_a_commit_stands_though_its_seal_cannot_be_written(tables: Tables) -> None:
    path = seals_path(tables.folder, "things")
    path.unlink()
    path.mkdir()
    tables.append("things", rows(50))
    assert tables.count("things", where=equals("value", 50)) == 3
    path.rmdir()
    tables.append("things", rows(60))
    assert unsealed(tables.folder, "things") == []


def test_seals_are_private(tables: Tables) -> None:
    path = seals_path(tables.folder, "things")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_second_seal_of_the_same_reads_nothing_again(tables: Tables) -> None:
    seals = Seals(tables.folder)
    seals.seal("things")
    before = seals_path(tables.folder, "things").stat()
    seals.seal("things")
    assert seals_path(tables.folder, "things").stat() == before
