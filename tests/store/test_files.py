from __future__ import annotations

import errno
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from echodex.errors import StorageError
from echodex.store.files import below, clear_torn, discard, private_folder, storage_errors, write_atomic


def test_what_is_written_is_read_back_and_private(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.json"
    write_atomic(target, b"content")
    assert target.read_bytes() == b"content"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


def test_a_folder_goes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows").write_bytes(b"rows")
    discard(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "said", ["LanceError(IO): Input/output error (os error 5)", "Packed blob range [0, 9) exceeds blob object size 5"]
)
def test_what_libraries_say_of_a_disk_that_failed_is_said_in_a_sentence(tmp_path: Path, said: str) -> None:
    with pytest.raises(StorageError, match="check its permissions and the disk"), storage_errors(tmp_path):
        raise ValueError(said)


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomic(target, b"old")

    def torn(path: Path) -> None:
        path.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="disk is full") as caught:
        write_atomic(target, torn)
    assert caught.value.exit_code == 74
    assert target.read_bytes() == b"old"
    assert [left.name for left in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_behind_a_library_error_is_still_a_full_disk(tmp_path: Path) -> None:
    def faiss_like(path: Path) -> None:
        raise RuntimeError("write error in fwrite: No space left on device")

    with pytest.raises(StorageError, match="disk is full"):
        write_atomic(tmp_path / "file", faiss_like)


def test_a_folder_that_cannot_be_made_names_itself(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match="taken"):
        private_folder(tmp_path / "taken" / "below")


def test_what_a_killed_writer_left_goes_and_nothing_else(tmp_path: Path) -> None:
    """A process that dies within its write, by os._exit, leaves what it had written so far under another name."""
    code = "import os, sys; from pathlib import Path; from echodex.store.files import write_atomic\n"
    code += "write_atomic(Path(sys.argv[1]), lambda path: (path.write_bytes(b'ne'), os._exit(9)))"
    write_atomic(tmp_path / "file", b"old")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    clear_torn(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_folders_that_go_while_they_are_walked_through_are_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").touch()
    found = below(tmp_path)
    first = next(found)
    gone = tmp_path / ("b" if first.name == "a" else "a")
    shutil.rmtree(gone)
    rest = set(found)
    assert rest == {gone, first / "deep", first / "deep" / "file"}
