"""Processes that torchrun starts train as one process does, and one goes on where two were stopped."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

from echodex.api import Store
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

WATCHED = Path(__file__).parent / "watched.py"
TOGETHER, EPOCHS, STEPS = 4, 3, 4
"""Clips of a step of all processes, and the steps of an epoch of 18 clips: two are left out of each."""

SETTINGS = {"width": 1 / 32, "max_epochs": EPOCHS, "sample_rate": 8000, "gather_negatives": True, "monitor_every": 0}

FIRST, TOLERANCE = 2e-4, 1e-2
"""Of the first loss and of those of 12 steps of Adam, relative. Sums in float32 are made in another order:
PyTorch's own batch norm on a CPU is off by 1e-3 of its vectors, ours by 2e-5, and every step adds to it."""

Line = dict[str, Any]


def torchrun(processes: int) -> list[str]:
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, text=True, capture_output=True, timeout=400, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )


def trained(store: Store, name: str, notes: Path, processes: int, stop: str = "-") -> list[list[Line]]:
    """Train, or go on; return the steps of each process."""
    notes.mkdir()
    settings = json.dumps({**SETTINGS, "batch_size": TOGETHER // processes})
    start = torchrun(processes) if processes > 1 else [sys.executable]
    done = run([*start, str(WATCHED), str(store.path), name, str(notes), stop, settings])
    assert (done.returncode == 0) == (stop == "-"), done.stderr
    return [
        [json.loads(line) for line in (notes / f"{rank}.jsonl").read_text().splitlines()] for rank in range(processes)
    ]


def losses(steps: Sequence[Line]) -> list[float]:
    """Return the loss of each step, from the sums over an epoch so far."""
    begins = {"loss_sum": 0.0, "examples": 0}
    pairs = itertools.pairwise([begins, *steps])
    differences = [(after, begins if after["examples"] <= before["examples"] else before) for before, after in pairs]
    return [(b["loss_sum"] - a["loss_sum"]) / (b["examples"] - a["examples"]) for b, a in differences]


def figures(store: Store, name: str, figure: str) -> list[float]:
    """Return a figure of every epoch of a run."""
    return [line[figure] for line in read_log(run_folder(store, name))]


@pytest.fixture(scope="module")
def store(few_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("launched") / "library"
    shutil.copytree(few_store.path, folder)
    return Store.open(folder)


@pytest.fixture(scope="module")
def alone(store: Store, tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """The steps of one process that trains the run "alone"."""
    return trained(store, "alone", tmp_path_factory.mktemp("alone") / "notes", 1)[0]


@pytest.mark.slow
def test_two_processes_read_equal_shares_and_have_the_losses_of_one(
    store: Store, alone: list[Line], tmp_path: Path
) -> None:
    shares = trained(store, "pair", tmp_path / "notes", 2)
    assert [len(share) for share in shares] == [EPOCHS * STEPS] * 2
    assert {len(line["clips"]) for share in shares for line in share} == {TOGETHER // 2}
    for both, one in zip(zip(*shares, strict=True), alone, strict=True):
        assert sorted(both[0]["clips"] + both[1]["clips"]) == sorted(one["clips"])
    for epoch in range(EPOCHS):
        read = [clip for share in shares for line in share[epoch * STEPS :][:STEPS] for clip in line["clips"]]
        assert len(read) == len(set(read)) == 16
    assert_allclose(losses(shares[0])[0], losses(alone)[0], rtol=FIRST)
    assert_allclose(losses(shares[0]), losses(alone), rtol=TOLERANCE)
    assert_allclose(figures(store, "pair", "valid_loss"), figures(store, "alone", "valid_loss"), rtol=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after", "stop"), [(2, 1, "1:6"), (1, 2, "0:7")])
def test_stopped_within_an_epoch_it_goes_on_with_another_number_of_processes(
    store: Store, alone: list[Line], tmp_path: Path, before: int, after: int, stop: str
) -> None:
    """SIGTERM to one process, not the first, stops both after the same step; nothing is read twice or left out."""
    name, last = f"resumed-{before}", int(stop.partition(":")[2])
    first = trained(store, name, tmp_path / "first", before, stop)
    assert [share[-1]["step"] for share in first] == [last] * before
    assert not load_run(store, name).metrics
    then = trained(store, name, tmp_path / "then", after)
    assert [share[0]["step"] for share in then] == [last + 1] * after
    read = [[clip for share in step for clip in share["clips"]] for part in (first, then) for step in zip(*part)]  # noqa: B905
    assert [sorted(clips) for clips in read] == [sorted(line["clips"]) for line in alone]
    assert_allclose(losses([*first[0], *then[0]]), losses(alone), rtol=TOLERANCE)
    assert figures(store, name, "epoch") == list(range(EPOCHS))
    assert_allclose(figures(store, name, "train_loss"), figures(store, "alone", "train_loss"), rtol=TOLERANCE)


@pytest.mark.slow
def test_the_command_line_under_torchrun(store: Store) -> None:
    """The run is told once; what one process cannot train is refused by all, and nothing is begun."""
    echodex = [*torchrun(2), "--no-python", "echodex", "--store", str(store.path), "train"]
    words = [f"{key}={str(value).lower()}" for key, value in SETTINGS.items()]
    done = run([*echodex, "clmr", "--name", "command", "--json", "batch_size=2", *words])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "command"
    assert load_run(store, "command").config["devices"] == 2
    refused = run([*echodex, "supervised", "--name", "alone-only"])
    assert "runs in one process; start it by itself" in refused.stderr
    assert not run_folder(store, "alone-only").exists()


@pytest.mark.slow
def test_sigterm_to_torchrun_stops_all_and_saves(store: Store) -> None:
    """As a cluster's scheduler sends it to a job."""
    settings = {**SETTINGS, "max_epochs": 1000, "batch_size": 2}
    words = [f"{key}={str(value).lower()}" for key, value in settings.items()]
    command = [*torchrun(2), "--no-python", "echodex", "--store", str(store.path), "train", "clmr", "--name", "long"]
    process = subprocess.Popen([*command, *words], text=True, stderr=subprocess.PIPE)
    folder = run_folder(store, "long")
    try:
        while not read_log(folder):
            assert process.poll() is None, process.communicate()[1]
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert (folder / "last.safetensors").is_file(), said
    assert process.returncode != 0
