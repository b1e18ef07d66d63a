"""Who has a store open is known by a lock on its folder, which leaves nothing behind."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from echodex.store.presence import Presence

HOLDER = """
import sys
from pathlib import Path
from echodex.store.presence import Presence
held = Presence(Path(sys.argv[1]))
held.show()
print("held", flush=True)
sys.stdin.read()
"""


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def alone(presence: Presence) -> bool:
    with presence.alone() as found:
        return found


def test_one_is_alone_until_another_comes_and_again_once_it_is_gone(tmp_path: Path) -> None:
    first, second = Presence(tmp_path), Presence(tmp_path)
    assert alone(first)
    second.show()
    assert not alone(first)
    assert not alone(second)
    del first
    gc.collect()
    assert alone(second)
    assert list(tmp_path.iterdir()) == []


def test_who_comes_while_one_asks_does_not_wait_and_is_seen_later(tmp_path: Path) -> None:
    first, second = Presence(tmp_path), Presence(tmp_path)
    with first.alone() as found:
        assert found
        second.show()
    second.show()
    assert not alone(first)


def test_a_process_that_is_killed_is_gone(tmp_path: Path) -> None:
    mine = Presence(tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert not alone(mine)
        other.kill()
    assert alone(mine)


def test_where_files_cannot_be_locked_nobody_is_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    before, presence = descriptors(), Presence(tmp_path)
    assert not alone(presence)
    assert descriptors() == before


def test_it_closes_what_it_opened(tmp_path: Path) -> None:
    gc.collect()
    before = descriptors()
    for _ in range(20):
        Presence(tmp_path).show()
    gc.collect()
    assert descriptors() <= before  # fewer, where what other tests left was collected now
