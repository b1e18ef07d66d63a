"""The lease: one holder at a time, whoever dies, stalls or asks twice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.flaky import Fault, Flaky

from echodex.errors import StoreLocked
from echodex.store.files import private_folder
from echodex.store.lock import writer_lock
from echodex.store.remote import lease as module
from echodex.store.remote.lease import lease
from echodex.store.remote.mirror import mirror_folder
from echodex.store.remote.objects import Objects


@contextmanager
def held(remote: str, file: Path, wait_s: float = 60.0) -> Iterator[None]:
    """Hold the lease as a machine whose local lock is `file`."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    try:
        with lease(Objects(remote), "", remote, descriptor, wait_s):
            yield
    finally:
        os.close(descriptor)


def abandoned(remote: str, file: Path) -> None:
    """Leave a lease as a process does that is killed."""
    taken = module._Lease(Objects(remote), ".lock", module._kernel(os.open(file, os.O_RDWR | os.O_CREAT)))
    taken.acquire(remote, 60.0)


def test_one_machine_at_a_time_is_in(remote: str, tmp_path: Path) -> None:
    inside, most, times = [0], [0], [0]

    def work(number: int) -> None:
        for _ in range(4):
            with held(remote, tmp_path / f"lock{number}"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                times[0] += 1
                time.sleep(0.01)
                inside[0] -= 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (most[0], times[0]) == (1, 16)


def test_the_numbers_that_are_over_do_not_pile_up(remote: str, tmp_path: Path) -> None:
    for _ in range(20):
        with held(remote, tmp_path / "lock"):
            pass
    assert len(Objects(remote).below(".lock")) <= 10


def test_who_waits_long_enough_for_one_that_lives_is_told(
    remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_S", 0.2)
    with held(remote, tmp_path / "one"), pytest.raises(StoreLocked, match="another process"):  # noqa: SIM117
        with held(remote, tmp_path / "other", wait_s=0.0):
            pass


def test_a_holder_of_another_machine_that_died_is_given_up(
    remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    abandoned(remote, tmp_path / "dead")
    began_s = time.monotonic()
    with held(remote, tmp_path / "other"):
        assert time.monotonic() - began_s >= 1.0


def test_a_holder_that_renews_is_never_given_up(remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_S", 1.5)
    monkeypatch.setattr(module, "RENEW_S", 0.1)
    with held(remote, tmp_path / "one"), pytest.raises(StoreLocked):  # noqa: SIM117
        with held(remote, tmp_path / "other", wait_s=4.0):
            pass


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="needs a system that tells of boots")
def test_a_holder_of_this_machine_that_died_is_given_up_at_once(remote: str, tmp_path: Path) -> None:
    abandoned(remote, tmp_path / "lock")  # the kernel has let go of the file, or who asks would wait for that
    began_s = time.monotonic()
    with held(remote, tmp_path / "lock"):
        assert time.monotonic() - began_s < module.LEASE_S / 2


def test_who_dawdled_and_makes_a_number_that_is_over_does_not_hold(remote: str, tmp_path: Path) -> None:
    late = module._Lease(Objects(remote), ".lock", "")
    for _ in range(12):  # the numbers up to the tenth or so are removed again
        with held(remote, tmp_path / "lock"):
            pass
    assert not late._make(1)
    with held(remote, tmp_path / "lock"):
        pass


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.CUT_AFTER, Fault.BUSY])
def test_answers_that_are_lost_do_not_lock_anybody_out(remote: str, flaky: Flaky, tmp_path: Path, fault: Fault) -> None:
    counted = [0]

    def decide(method: str, path: str) -> Fault:
        counted[0] += 1
        return fault if counted[0] % 3 == 0 else Fault.NONE

    flaky.decide = decide
    for _ in range(3):
        with held(remote, tmp_path / "lock", wait_s=0.0):
            pass


def test_the_writer_lock_of_a_store_is_the_lease(remote: str) -> None:
    folder = mirror_folder(remote)
    with writer_lock(folder):
        assert Objects(remote).below(".lock")
        with pytest.raises(StoreLocked), writer_lock(folder, wait_s=0.0):
            pass
        with writer_lock(private_folder(folder / "runs" / "one"), wait_s=0.0):
            pass  # which has a lock of its own
    with writer_lock(folder, wait_s=0.0):
        pass
