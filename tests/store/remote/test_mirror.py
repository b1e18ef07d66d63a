"""The mirror: what one machine writes another finds, a cache is a cache, and what failed to be stored is not there."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from harness.flaky import Fault, Flaky

from echodex.errors import StorageError
from echodex.store.files import remove, write_atomic
from echodex.store.remote import settings
from echodex.store.remote.mirror import Mirror, fetched, listed, mirror_folder, mirror_of, stored
from echodex.store.remote.objects import Objects


@pytest.fixture
def here(remote: str) -> Path:
    return mirror_folder(remote)


def elsewhere(remote: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Become another machine, with a cache of its own."""
    monkeypatch.setenv("ECHODEX_CACHE", str(folder))
    return mirror_folder(remote)


def test_a_folder_of_ones_own_is_no_mirror(tmp_path: Path) -> None:
    assert mirror_of(tmp_path) is None
    assert fetched(tmp_path / "runs") == tmp_path / "runs"


def test_what_is_written_here_is_found_elsewhere(
    remote: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomic(here / "runs" / "one" / "run.json", b"first")
    there = elsewhere(remote, monkeypatch, tmp_path / "other")
    assert fetched(there / "runs").is_dir()
    assert (there / "runs" / "one" / "run.json").read_bytes() == b"first"
    write_atomic(there / "runs" / "one" / "run.json", b"second")
    remove(there / "runs" / "one" / "run.json")
    write_atomic(there / "runs" / "two" / "run.json", b"third")
    monkeypatch.setenv("ECHODEX_CACHE", str(here.parent.parent))
    fetched(here / "runs")
    assert not (here / "runs" / "one" / "run.json").exists()
    assert (here / "runs" / "two" / "run.json").read_bytes() == b"third"


def test_what_is_private_here_stays_private(here: Path) -> None:
    write_atomic(here / "runs" / "one" / "run.json", b"x")
    for path in (here, here / "runs", here / "runs" / "one"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    shutil.rmtree(here / "runs")
    fetched(here / "runs")
    assert stat.S_IMODE((here / "runs" / "one" / "run.json").stat().st_mode) == 0o600


def test_a_copy_that_was_touched_is_fetched_anew(here: Path) -> None:
    write_atomic(here / "echodex.json", b"right")
    (here / "echodex.json").write_bytes(b"wrong")
    assert fetched(here / "echodex.json").read_bytes() == b"right"


def test_a_copy_that_is_as_it_was_is_not_fetched_again(here: Path, remote: str, flaky: Flaky) -> None:
    mirror = Mirror(here, remote)
    Objects(remote).put("runs/a/run.json", b"x" * 1000)
    mirror.fetch("runs")
    flaky.forget()
    mirror.look_again()
    mirror.fetch("runs")
    assert not [path for _, path in flaky.seen if path.endswith("run.json")]


def test_only_what_is_asked_for_is_fetched(here: Path, remote: str) -> None:
    for name in ("indexes/s/a.json", "indexes/s/a-1.faiss"):
        Objects(remote).put(name, b"x")
    fetched(here / "indexes", "*.json")
    assert (here / "indexes/s/a.json").exists()
    assert not (here / "indexes/s/a-1.faiss").exists()
    assert {path.name for path in listed(here / "indexes/s")} == {"a.json", "a-1.faiss"}


def test_what_is_of_one_machine_is_not_stored(here: Path, remote: str) -> None:
    for name in ("activity/1-a.json", "cache/x", ".hidden", "clips.lance/x"):
        write_atomic(here / name, b"x")
    assert Objects(remote).below() == {}


def test_what_was_appended_to_is_stored_when_that_is_said(here: Path, remote: str) -> None:
    path = here / "runs" / "a" / "metrics.jsonl"
    write_atomic(path, b"1\n")
    with path.open("ab") as file:
        file.write(b"2\n")
    stored(path)
    assert Objects(remote).read("runs/a/metrics.jsonl") == b"1\n2\n"
    fetched(here / "runs")
    assert path.read_bytes() == b"1\n2\n"


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.CUT_BEFORE])
def test_what_cannot_be_stored_is_not_here_either(
    here: Path, remote: str, flaky: Flaky, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "TRIES", 2)
    here = mirror_folder(remote)  # by way of the proxy, another server
    write_atomic(here / "echodex.json", b"first")
    flaky.decide = lambda method, path: fault if method == "PUT" else Fault.NONE
    with pytest.raises(StorageError, match="run the same command again"):
        write_atomic(here / "echodex.json", b"second")
    flaky.decide = lambda method, path: Fault.NONE
    assert (here / "echodex.json").read_bytes() == b"first"
    assert not list(here.glob(".*.tmp"))
    write_atomic(here / "echodex.json", b"second")
    assert Objects(remote).read("echodex.json") == b"second"


def test_notes_that_nobody_can_read_cost_a_fetch_and_no_more(here: Path) -> None:
    write_atomic(here / "echodex.json", b"right")
    (here / ".mirror.json").write_text("torn {")
    assert fetched(here / "echodex.json").read_bytes() == b"right"
    assert json.loads((here / ".mirror.json").read_text()).keys() == {"echodex.json"}


def test_another_server_has_another_mirror(remote: str, here: Path, flaky: Flaky) -> None:
    assert mirror_folder(remote) != here
