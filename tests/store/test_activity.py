"""Work that other processes see: what is written while it lasts, how often, and what is left of it afterwards."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from echodex.store.activity import FORGOTTEN_S, Reporter, running

Write = Callable[..., Path]


def until(found: Callable[[], bool], patience_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + patience_s
    while not found():
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(0.05)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write what a process on another host would, said `ago_s` seconds ago."""

    def made(name: str = "7-ab.json", ago_s: float = 0.0, **fields: Any) -> Path:
        said = datetime.now(UTC) - timedelta(seconds=ago_s)
        told = {"verb": "embed", "stage": "embed", "done": 30, "total": 90, "left_s": 60.0, "pid": 7}
        told |= {"host": "elsewhere", "process": "123", "started_at": said.isoformat(), "updated_at": said.isoformat()}
        path = tmp_path / "activity" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told | fields))
        os.utime(path, (said.timestamp(), said.timestamp()))
        return path

    return made


def versions(folder: Path, seconds: float) -> Iterator[int]:
    """Yield what tells one version of the only file of a folder from the next, over and over."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        for path in folder.glob("*.json"):
            yield path.stat().st_mtime_ns


def test_work_is_seen_while_it_lasts_and_writes_once_a_second(tmp_path: Path) -> None:
    seen, calls = set(), 0
    with closing(Reporter(tmp_path, "embed")) as report:
        report("embed", 100, 100_000_000)
        until(lambda: bool(running(tmp_path)))
        for version in versions(tmp_path / "activity", 2.5):
            seen.add(version)
            calls += 1
            report("embed", 100 + calls, 100_000_000)
        (one,) = running(tmp_path)
        (path,) = (tmp_path / "activity").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (one.verb, one.stage, one.total, one.pid) == ("embed", "embed", 100_000_000, os.getpid())
    assert 100 <= one.done <= 100 + calls
    assert one.id == path.stem
    assert calls > 1000
    assert 2 <= len(seen) <= 4
    assert running(tmp_path) == []
    assert list((tmp_path / "activity").iterdir()) == []


def test_what_is_done_within_a_second_leaves_no_trace(tmp_path: Path) -> None:
    with closing(Reporter(tmp_path, "similar")) as report:
        report("search", 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "activity").write_text("in the way")
    with closing(Reporter(tmp_path, "embed")) as report:
        report("embed", 1, 2)
        time.sleep(1.3)
        report("embed", 2, 2)
    assert (tmp_path / "activity").read_text() == "in the way"
    assert running(tmp_path) == []


def test_a_store_that_was_deleted_stays_deleted(tmp_path: Path) -> None:
    with closing(Reporter(tmp_path / "library", "embed")) as report:
        report("embed", 1, 2)
        time.sleep(1.3)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_died_is_cleared_even_before_its_parent_has_asked(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from echodex.store.activity import Reporter\n"
    code += "Reporter(Path(sys.argv[1]), 'embed')('embed', 1, 2); time.sleep(100)"
    worker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        until(lambda: bool(running(tmp_path)))
        assert running(tmp_path)[0].pid == worker.pid
    finally:
        worker.kill()
    until(lambda: not running(tmp_path))
    assert list((tmp_path / "activity").iterdir()) == []
    worker.wait()


def test_a_number_that_was_given_to_another_process_is_not_that_process(tmp_path: Path, write: Write) -> None:
    path = write(pid=os.getpid(), host=os.uname().nodename, process="1")
    assert running(tmp_path) == []
    assert not path.exists()


def test_other_hosts_count_until_they_have_been_quiet_for_long(tmp_path: Path, write: Write) -> None:
    write("7-ab.json", ago_s=20.0)
    old = write("8-cd.json", ago_s=FORGOTTEN_S + 1)
    (one,) = running(tmp_path)
    assert (one.id, one.host, one.done) == ("7-ab", "elsewhere", 30)
    assert one.left_s == pytest.approx(40.0, abs=5.0)
    assert not old.exists()


def test_what_is_left_is_never_less_than_nothing_and_may_be_unknown(tmp_path: Path, write: Write) -> None:
    write("7-ab.json", ago_s=100.0)
    write("8-cd.json", ago_s=50.0, left_s=None, total=None)
    assert [(one.left_s, one.total) for one in running(tmp_path)] == [(0.0, 90), (None, None)]


def test_what_cannot_be_read_hides_nobody_and_goes_when_it_is_old(tmp_path: Path, write: Write) -> None:
    write()
    good = (tmp_path / "activity" / "7-ab.json").read_text()
    odd = ["{", "[]", '{"host": "elsewhere"}', "[" * 100_000]
    odd += [good.replace(" 30,", " 1e999,"), good.replace(" 60.0", " []")]
    for name, text in zip("abcdef", odd, strict=True):
        (tmp_path / "activity" / f"1-{name}.json").write_text(text)
    torn = tmp_path / "activity" / ".9-f.json.x.tmp"
    torn.write_text("{")
    assert [one.id for one in running(tmp_path)] == ["7-ab"]
    assert len(list((tmp_path / "activity").iterdir())) == 8
    for path in (tmp_path / "activity").iterdir():
        if path.name != "7-ab.json":
            os.utime(path, (0, 0))
    assert [one.id for one in running(tmp_path)] == ["7-ab"]
    assert [path.name for path in (tmp_path / "activity").iterdir()] == ["7-ab.json"]
