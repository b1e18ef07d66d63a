"""Objects at a URI, on a real server: what boto3 sees there is the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.flaky import Fault, Flaky

from echodex.errors import StorageError, UsageError
from echodex.store.remote import settings
from echodex.store.remote.making import is_free_at
from echodex.store.remote.objects import Objects


def test_objects_are_written_read_listed_and_removed(remote: str, tmp_path: Path) -> None:
    objects = Objects(remote)
    assert objects.read("a") is None
    assert objects.one("a") is None
    assert objects.below() == {}
    objects.put("a", b"first")
    (tmp_path / "file").write_bytes(b"second")
    objects.put("folder/b", tmp_path / "file")
    assert objects.read("a") == b"first"
    assert objects.names() == ["a", "folder"]
    assert {name: found.size_bytes for name, found in objects.below().items()} == {"a": 5, "folder/b": 6}
    assert objects.below("folder").keys() == {"folder/b"}
    objects.fetch("folder/b", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"second"
    objects.remove(["a", "never"])
    assert objects.names() == ["folder"]


def test_the_mark_of_an_object_tells_whether_it_was_written_again(remote: str) -> None:
    objects = Objects(remote)
    objects.put("a", b"first")
    before = objects.one("a")
    objects.put("a", b"other")
    after = objects.one("a")
    assert before
    assert after
    assert before.mark != after.mark
    assert after.written_ns > 1_600_000_000 * 10**9


def test_of_two_who_make_an_object_one_does(remote: str) -> None:
    objects = Objects(remote)
    assert objects.create("a", b"mine")
    assert not objects.create("a", b"yours")
    assert objects.read("a") == b"mine"


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_AFTER, Fault.CUT_AFTER, Fault.ERROR_BEFORE, Fault.CUT_BEFORE, Fault.BUSY]
)
def test_who_makes_an_object_knows_it_although_the_answer_was_lost(remote: str, flaky: Flaky, fault: Fault) -> None:
    left = [fault]
    flaky.decide = lambda method, path: left.pop() if method == "PUT" and left else Fault.NONE
    assert Objects(remote).create("a", b"mine")
    assert not left


def test_a_server_that_is_not_there_is_told_of_in_bounded_time(remote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(settings, "TRIES", 2)
    with pytest.raises(StorageError, match="did not answer"):
        Objects(remote).read("a")


def test_a_bucket_that_is_not_there_is_named(remote: str) -> None:
    with pytest.raises(StorageError, match="no bucket"):
        Objects("s3://no-such-bucket/x").put("a", b"")


def test_a_server_that_replaces_what_it_should_leave_holds_no_store(remote: str, flaky: Flaky) -> None:
    flaky.unconditional = True
    with pytest.raises(UsageError, match="If-None-Match"):
        is_free_at(remote, ())
    flaky.unconditional = False
    assert is_free_at(remote, [".lock"])
