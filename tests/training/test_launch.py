from __future__ import annotations

import pytest

from echodex.errors import UsageError
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.launch import Launch, launched
from echodex.training.machine import check_alone, machine_flags, on_devices


def launch(monkeypatch: pytest.MonkeyPatch, *place: int) -> None:
    for name, value in Launch(*place).environment("10.0.0.1", 29_500).items():
        monkeypatch.setenv(name, value)


def test_a_process_started_alone_is_in_no_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launched() is None
    launch(monkeypatch, 0, 1, 0, 1)  # torchrun with one process
    assert launched() is None
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR")
    assert launched() is None


def test_two_machines_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    launch(monkeypatch, 6, 8, 2, 4)
    assert launched() == Launch(6, 8, 2, 4)
    flags = machine_flags(8, "32-true", 1)
    assert (flags["devices"], flags["num_nodes"], flags["strategy"]) == (4, 2, "ddp")


def test_machines_with_other_numbers_of_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    launch(monkeypatch, 0, 5, 0, 3)
    with pytest.raises(UsageError, match="5 processes were started, 3 of them on this machine"):
        launched()


def test_devices_are_the_processes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert on_devices(ClmrTraining(devices=3)).devices == 3
    check_alone("probe")
    launch(monkeypatch, 1, 8, 1, 4)
    assert on_devices(ClmrTraining()).devices == on_devices(ClmrTraining(devices=8)).devices == 8
    with pytest.raises(UsageError, match="devices is 4, and 8 processes were started"):
        on_devices(ClmrTraining(devices=4))
    with pytest.raises(UsageError, match="'probe' runs in one process"):
        check_alone("probe")
