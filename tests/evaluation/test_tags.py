from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.evaluation.tags import evaluate_tags, mean_per_clip
from echodex.training.config import ProbeConfig
from echodex.training.head import load_head
from echodex.training.labels import read_labels
from echodex.training.probe import train_probe
from echodex.training.run import run_folder
from echodex.training.splits import Splits

CONFIG = ProbeConfig(max_epochs=30, learning_rate=0.02)


def test_single_label(kinds: Store) -> None:
    run = train_probe(kinds, config=CONFIG)
    found = evaluate_tags(kinds, run.name)
    assert set(found.metrics) == {"Accuracy"}
    assert found.metrics["Accuracy"] > 0.9
    assert (found.run, found.clips, found.split, found.view) == (run.name, 12, "test", "all")
    assert sum(tag.positives for tag in found.tags) == 12
    report = json.loads((run_folder(kinds, run.name) / "evaluation.json").read_text())
    assert report == json.loads(json.dumps(asdict(found)))


def test_multi_label_against_a_loop(new_store: Callable[..., Store]) -> None:
    store = new_store([["low", "tone"], ["high", "tone"], ["noise"], []] * 10)
    run = train_probe(store, config=CONFIG)
    found = evaluate_tags(store, run.name)
    metrics = found.metrics
    folder = run_folder(store, run.name)
    head, labels = load_head(folder / "head.safetensors"), read_labels(store)
    aucs = []
    test = Splits.load(folder / "splits.parquet").ids("test")
    mean = np.stack([head.probabilities(store.segments(None, [clip_id])[2]).mean(axis=0) for clip_id in test])
    truth = labels.targets(test)
    for column in range(4):
        yes, no = mean[truth[:, column] == 1, column], mean[truth[:, column] == 0, column]
        aucs.append((yes[:, None] > no[None, :]).mean())
    assert metrics["ROC-AUC"] == pytest.approx(np.mean(aucs))
    assert metrics["ROC-AUC"] > 0.9
    untagged = int((truth.sum(axis=1) == 0).sum())
    assert (found.left_out_clips, found.segments) == (untagged, len(store.segments(None, test)[0]))
    assert untagged > 0
    assert metrics["clip ROC-AUC"] > 0.9


def test_intervals_of_a_run(kinds: Store) -> None:
    run = train_probe(kinds, config=CONFIG)
    found = evaluate_tags(kinds, run.name, resamples=100, seed=2)
    assert found == evaluate_tags(kinds, run.name, resamples=100, seed=2)
    assert found.bounds["Accuracy"].low <= found.metrics["Accuracy"] <= found.bounds["Accuracy"].high
    assert found.table()[0] == ["metric", "value", "low", "high"]
    assert len(found.tag_table()[1]) == 3


def test_probabilities_are_averaged_per_clip() -> None:
    values = np.array([[1, 0], [0, 1], [0.5, 0.5]], dtype=np.float32)
    assert mean_per_clip(["b", "b", "a"], values).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_never_on_clips_it_was_trained_on(kinds: Store) -> None:
    run = train_probe(kinds, config=CONFIG)
    assert evaluate_tags(kinds, run.name, split="valid").metrics["Accuracy"] > 0.9
    with pytest.raises(UsageError, match="not trained on"):
        evaluate_tags(kinds, run.name, split="train")


def test_splits_do_not_move_when_clips_are_added(kinds: Store, make_wav: Callable[..., object]) -> None:
    run = train_probe(kinds, config=CONFIG)
    before = evaluate_tags(kinds, run.name)
    for seed in range(6):
        kinds.add(str(make_wav(f"{seed}.wav", seed=seed)))
    kinds.embed("dummy")
    assert evaluate_tags(kinds, run.name) == before
    report = json.loads((run_folder(kinds, run.name) / "evaluation.json").read_text())
    assert report["clips"] == 12


def test_runs_that_cannot_be_evaluated(kinds: Store) -> None:
    with pytest.raises(NotFound, match="probe-all-1"):
        evaluate_tags(kinds, "probe-all-1")
