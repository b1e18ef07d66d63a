"""A store is made by one of several that open it at once, and whatever a process leaves that dies while making one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import UsageError
from echodex.schemas.clip import Source
from echodex.schemas.format import MARKER

OPEN = """
import sys
from echodex.api import Store
import lancedb
print("READY", flush=True)
sys.stdin.readline()
assert Store.open(sys.argv[1]).tables.count("clips") == 0
"""


@pytest.mark.parametrize("left", [[".lock"], [".lock", "clips.lance"], [".lock", "clips.lance", f".{MARKER}.ab1.tmp"]])
def test_what_a_process_left_that_died_is_gone_on_from(tmp_path: Path, left: list[str]) -> None:
    store = Store.open(tmp_path / "library")
    (store.path / MARKER).rename(store.path / f".{MARKER}.ab1.tmp")
    for path in list(store.path.iterdir()):
        if path.name not in left:
            path.rename(tmp_path / path.name)
    assert Store.open(store.path).tables.count("clips") == 0
    assert (store.path / MARKER).is_file()


def test_a_store_that_lost_its_marker_is_not_taken_for_a_new_one(store: Store, tmp_path: Path) -> None:
    (tmp_path / "nothing.wav").write_bytes(b"")
    store.add_sources([Source(str(tmp_path / "nothing.wav"))])
    assert store.tables.count("clips") == 1
    (store.path / MARKER).unlink()
    with pytest.raises(UsageError, match="not an echodex store"):
        Store.open(store.path)
    assert not (store.path / MARKER).exists()


def test_processes_that_make_it_at_once_all_have_it(tmp_path: Path) -> None:
    script = [sys.executable, "-c", OPEN, str(tmp_path / "library")]
    made = [subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in made:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
    for process in made:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in made:
        process.communicate(timeout=60)
    assert [process.returncode for process in made] == [0, 0, 0, 0]
