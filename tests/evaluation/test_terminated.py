"""SIGTERM while heads are trained: Lightning would end the process with exit code 0, as if all had been done."""

from __future__ import annotations

import signal

import pytest

from echodex.api import Store
from echodex.errors import Terminated
from echodex.evaluation.pruning import evaluate_pruning
from echodex.evaluation.views import compare_views
from echodex.training.config import ProbeConfig
from echodex.training.probe import train_probe
from echodex.training.run import load_run, run_folder

QUICK = ProbeConfig(max_epochs=2)


def ended(stage: str, done: int, total: int | None) -> None:
    assert total is not None
    if done == 1:
        signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def pruned(kinds: Store) -> Store:
    kinds.prune("random", keep=0.6, min_cluster_size=3, min_samples=2).save("lean")
    return kinds


def test_comparisons_end_without_a_report(pruned: Store) -> None:
    with pytest.raises(Terminated):
        compare_views(pruned, view="lean", repeats=2, config=QUICK, progress=ended)
    with pytest.raises(Terminated):
        evaluate_pruning(pruned, view="lean", repeats=2, config=QUICK, progress=ended)
    assert not list((pruned.path / "runs").glob("*/run.json"))


def test_a_probe_is_saved_and_goes_on(kinds: Store) -> None:
    with pytest.raises(Terminated):
        train_probe(kinds, config=QUICK, name="probe", progress=ended)
    assert load_run(kinds, "probe").metrics == {}
    assert (run_folder(kinds, "probe") / "last.safetensors").is_file()
    assert train_probe(kinds, config=QUICK, name="probe").metrics["epochs"] == 2
