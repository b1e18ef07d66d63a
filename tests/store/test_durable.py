from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest

from echodex.errors import StorageError
from echodex.store.durable import durable
from echodex.store.files import storage_errors
from echodex.store.tables import Tables

ROWS = pa.table({"clip_id": ["a", "b"]})


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    found = Tables(tmp_path)
    found.create("numbers", ROWS.schema)
    found.append("numbers", ROWS)
    return found


def test_a_commit_that_lost_the_end_of_a_data_file_is_taken_back(tables: Tables) -> None:
    folder = tables.folder / "numbers.lance"
    before = set(folder.rglob("*.lance"))
    with pytest.raises(StorageError, match=r"numbers\.lance was not written, what was there before is untouched"):
        lose_the_end(tables, folder, before)
    again = Tables(tables.folder)
    assert again.version("numbers") == 2
    assert again.scan("numbers", ["clip_id"]).column(0).to_pylist() == ["a", "b"]
    again.append("numbers", ROWS)
    assert again.count("numbers") == 4


def lose_the_end(tables: Tables, folder: Path, before: set[Path]) -> None:
    import lancedb

    with durable(folder):
        lancedb.connect(str(tables.folder)).open_table("numbers").add(ROWS)
        (fresh,) = set(folder.rglob("*.lance")) - before
        os.truncate(fresh, fresh.stat().st_size - 1)


def test_only_new_files_are_waited_for(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("echodex.store.durable.sync", synced.append)
    folder = tables.folder / "numbers.lance"
    old = set(folder.rglob("*"))
    tables.append("numbers", ROWS)
    fresh = {path for path in folder.rglob("*") if path.is_file()} - old
    assert fresh < set(synced)
    assert set(synced) - fresh == {folder / name for name in ("data", "_versions", "_transactions")}


@pytest.mark.parametrize(
    "error", [RuntimeError("x: Input/output error (os error 5), at y"), RuntimeError(os.strerror(5))]
)
def test_what_the_operating_system_told_a_library(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(StorageError, match=f"{os.strerror(errno.EIO)}.*check its permissions"),
        storage_errors(tmp_path),
    ):
        raise error
