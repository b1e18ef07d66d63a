from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.evaluation.pruning import evaluate_pruning
from echodex.evaluation.trials import make_trial, read_source
from echodex.schemas.view import VIEW_ROWS
from echodex.training.config import ProbeConfig
from echodex.training.run import load_run, run_folder

CONFIG = ProbeConfig(max_epochs=12, learning_rate=0.02)


def save_lean(store: Store, clusters: int) -> None:
    """Save a view that keeps every second clip of each cluster, with one duplicate in five."""
    rows = []
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    for number, clip_id in enumerate(ids):
        duplicate = number % 5 == 4
        rows.append(
            {
                "clip_id": clip_id,
                "kept": not duplicate and number % 2 == 0,
                "rank": number,
                "split": "",
                "cluster": -2 if duplicate or not clusters else number % clusters,
                "representative": ids[number - 1] if duplicate else clip_id,
                "similarity": 1.0,
                "gain": 0.0,
                "reason": "duplicate" if duplicate else "selected",
            }
        )
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    store.save_view("lean", pa.Table.from_pylist(rows, schema=schema), {"space": store.space().name}, store.space())


def test_report(kinds: Store) -> None:
    save_lean(kinds, clusters=3)
    seen = []
    report = evaluate_pruning(
        kinds, view="lean", repeats=3, config=CONFIG, progress=lambda stage, done, total: seen.append((done, total))
    )
    assert seen == [(number, 9) for number in range(1, 10)]
    assert (report.view, report.seeds, report.repeats) == ("lean@1", (42, 43, 44), 3)
    assert report.against == "random clips (stratified by cluster, distinct seeds, same kept count)"
    assert report.arm("view").train_clips == report.arm("random").train_clips
    assert all(n < m for n, m in zip(report.arm("view").train_clips, report.arm("full").train_clips, strict=True))
    for arm in report.arms:
        assert arm.means["Accuracy"].mean == pytest.approx(np.mean(arm.values["Accuracy"]))
        assert min(arm.values["Accuracy"]) > 0.6
    pair = report.comparisons[0]
    assert (pair.of, pair.against, len(report.comparisons)) == ("view", "random", 3)
    differences = np.subtract(report.arm("view").values["Accuracy"], report.arm("random").values["Accuracy"])
    assert pair.difference.interval.mean == pytest.approx(differences.mean())
    run = load_run(kinds, "pruning-lean-1")
    assert run.metrics["full Accuracy"] == report.arm("full").means["Accuracy"].mean
    kept = json.loads((run_folder(kinds, run.name) / "evaluation.json").read_text())
    assert kept == json.loads(json.dumps(asdict(report)))
    assert "view - random: Accuracy" in report.text()


def test_the_same_call_gives_the_same_report(kinds: Store) -> None:
    save_lean(kinds, clusters=3)
    first, again = (evaluate_pruning(kinds, view="lean", repeats=2, config=CONFIG) for _ in range(2))
    assert first == again


def test_trials_share_all_but_the_choice(kinds: Store) -> None:
    save_lean(kinds, clusters=3)
    source = read_source(kinds, kinds.view("lean"), None, CONFIG)
    trials = [make_trial(kinds, source, seed, by_cluster=True) for seed in range(4)]
    draws = [tuple(trial.train["random"]) for trial in trials]
    assert len(set(draws)) == 4
    assert len({tuple(trial.test) for trial in trials}) == 4  # no split column: each repeat draws its own
    for trial in trials:
        pools = {name: set(rows.tolist()) for name, rows in trial.train.items()}
        assert pools["view"] < pools["full"]
        assert pools["random"] < pools["full"]
        assert not pools["full"] & (set(trial.valid) | set(trial.test))
        assert not set(trial.valid) & set(trial.test)
        for stratum in np.unique(source.strata):
            of = [sum(source.strata[row] == stratum for row in pools[name]) for name in ("view", "random")]
            assert of[0] == of[1]


def test_duplicates_never_straddle_drawn_splits(kinds: Store) -> None:
    save_lean(kinds, clusters=3)
    source = read_source(kinds, kinds.view("lean"), None, CONFIG)
    groups = source.groups[source.labels.rows(source.inputs.clip_ids)]
    assert len(set(groups.tolist())) < len(groups)
    for seed in range(5):
        trial = make_trial(kinds, source, seed, by_cluster=True)
        of = [set(groups[rows].tolist()) for rows in (trial.train["full"], trial.valid, trial.test)]
        assert not of[0] & of[1]
        assert not of[0] & of[2]
        assert not of[1] & of[2]


def test_splits_of_the_column_stay(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"]] * 12, (["train"] * 4 + ["valid", "test"]) * 4)
    save_lean(store, clusters=0)
    report = evaluate_pruning(store, view="lean", repeats=2, config=CONFIG)
    assert (report.drawn_splits, report.valid_clips, report.test_clips) == ((), (4, 4), (4, 4))
    assert report.against == "random clips (distinct seeds, same kept count)"
    assert "from the split column" in report.text()


def test_multi_label(new_store: Callable[..., Store]) -> None:
    store = new_store([["low", "tone"], ["high", "tone"], ["noise"], []] * 10)
    save_lean(store, clusters=2)
    report = evaluate_pruning(store, view="lean", repeats=2, config=CONFIG, against="uniform")
    assert set(report.arm("view").means) == {"ROC-AUC", "PR-AUC"}
    assert len(report.comparisons) == 6


def test_what_cannot_be_compared(kinds: Store) -> None:
    for wrong in ({"view": "all"}, {"view": "lean", "repeats": 1}, {"view": "lean", "against": "best"}):
        with pytest.raises(UsageError):
            evaluate_pruning(kinds, **wrong)
    with pytest.raises(NotFound, match="lean"):
        evaluate_pruning(kinds, view="lean")
