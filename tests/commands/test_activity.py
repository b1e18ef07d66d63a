"""What a verb on the command line lets other processes see, as they see it: in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from echodex.api import Store
from echodex.store.activity import running

SLOW = """
import time
from echodex import cli
from echodex.encoders.dummy import Dummy
from echodex.encoders.registry import register

@register("slow")
class Slow(Dummy):
    def encode(self, waveforms):
        time.sleep(0.04 * len(waveforms))
        if self.config.version == 2 and len(waveforms) < 32:
            raise RuntimeError("the last batch")
        return super().encode(waveforms)

cli.main()
"""
"""The command line with an encoder that takes its time: three seconds for 72 clips."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(kinds: Store) -> Iterator[Start]:
    """Start a command on the store `kinds`; what still runs in the end is killed."""
    workers: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SLOW, "--store", str(kinds.path), *arguments]
        worker = subprocess.Popen(
            command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        workers.append(worker)
        return worker

    yield started
    for worker in workers:
        worker.kill()
        worker.communicate()


def wait_until_seen(store: Store, worker: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + 60
    while not running(store.path):
        assert worker.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_an_embedding_is_seen_until_it_is_finished(kinds: Store, start: Start) -> None:
    worker = start("--quiet", "embed", "slow")
    wait_until_seen(kinds, worker)
    (one,) = running(kinds.path)
    assert (one.verb, one.total, one.pid) == ("embed", 72, worker.pid)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    assert said == ""
    assert running(kinds.path) == []
    assert list((kinds.path / "activity").iterdir()) == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_an_embedding_that_was_ended_is_seen_no_more(kinds: Store, start: Start, sent: int, code: int) -> None:
    worker = start("embed", "slow")
    wait_until_seen(kinds, worker)
    worker.send_signal(sent)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == code, said
    assert len(list((kinds.path / "activity").iterdir())) == (sent == signal.SIGKILL)
    assert running(kinds.path) == []
    assert list((kinds.path / "activity").iterdir()) == []


@pytest.mark.slow
def test_an_embedding_that_failed_is_seen_no_more(kinds: Store, start: Start) -> None:
    worker = start("embed", "slow", "--set", "version=2")
    wait_until_seen(kinds, worker)
    _, said = worker.communicate(timeout=60)
    assert "the last batch" in said
    assert worker.returncode == 1
    assert list((kinds.path / "activity").iterdir()) == []


@pytest.mark.slow
def test_status_shows_who_is_at_work(kinds: Store, start: Start) -> None:
    worker = start("embed", "slow")
    wait_until_seen(kinds, worker)
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        answer, _ = start("status", "--json").communicate(timeout=60)
        (one,) = json.loads(answer)["running"]
        assert (one["verb"], one["total"], one["pid"]) == ("embed", 72, worker.pid)
        shown, _ = start("status").communicate(timeout=60)
        assert f"  {worker.pid}\n" in shown
        assert "\nrunning  stage" in shown
    finally:
        os.kill(worker.pid, signal.SIGCONT)
