from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.pruning import evaluate_pruning
from echodex.evaluation.views import compare_views
from echodex.schemas.view import VIEW_ROWS
from echodex.training.config import ProbeConfig
from echodex.training.run import load_run, run_folder

CONFIG = ProbeConfig(max_epochs=8, learning_rate=0.02)


def save_view(store: Store, name: str, step: int) -> None:
    """Save a view that keeps every `step`-th clip."""
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    blank = {"rank": 0, "split": "", "cluster": -2, "similarity": 1.0, "gain": 0.0, "reason": "selected"}
    rows = [{"clip_id": ids[k], "representative": ids[k], "kept": k % step == 0, **blank} for k in range(len(ids))]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    store.save_view(name, pa.Table.from_pylist(rows, schema=schema), {"space": store.space().name}, store.space())


def test_views_in_pairs(kinds: Store) -> None:
    save_view(kinds, "half", 2)
    save_view(kinds, "third", 3)
    seen = []
    report = compare_views(
        kinds,
        view="half",
        baselines=["all", "third"],
        repeats=2,
        config=CONFIG,
        progress=lambda stage, done, total: seen.append((done, total)),
    )
    assert seen == [(number, 6) for number in range(1, 7)]
    assert [arm.name for arm in report.arms] == ["half@1", "all", "third@1"]
    assert (report.view, report.against, report.seeds) == ("half@1", "all, third@1", (42, 43))
    counts = [np.mean(arm.train_clips) for arm in report.arms]
    assert counts[2] < counts[0] < counts[1] == 48
    assert [(c.of, c.against) for c in report.comparisons] == [
        ("half@1", "all"),
        ("half@1", "third@1"),
        ("all", "third@1"),
    ]
    difference = np.subtract(report.arm("half@1").values["Accuracy"], report.arm("all").values["Accuracy"])
    assert report.comparisons[0].difference.interval.mean == pytest.approx(difference.mean())
    assert report.comparisons[0].difference.interval.low <= difference.mean()
    run = load_run(kinds, "views-half-1")
    assert run.metrics["all Accuracy"] == report.arm("all").means["Accuracy"].mean
    kept = json.loads((run_folder(kinds, run.name) / "evaluation.json").read_text())
    assert kept == json.loads(json.dumps(asdict(report)))
    assert "half@1 - all: Accuracy" in report.text()


def test_all_against_a_view_is_full_against_it(kinds: Store) -> None:
    """The same heads on the same clips as in `evaluate pruning`: the same figures to the bit."""
    save_view(kinds, "half", 2)
    pruning = evaluate_pruning(kinds, view="half", repeats=2, config=CONFIG)
    report = compare_views(kinds, view="half", repeats=2, config=CONFIG)
    assert report.arm("half@1").values == pruning.arm("view").values
    assert report.arm("all").values == pruning.arm("full").values


def test_a_label_budget_of_each_view(kinds: Store) -> None:
    save_view(kinds, "half", 2)
    report = compare_views(kinds, view="half", repeats=2, config=replace(CONFIG, label_share=0.25))
    assert report.arm("all").train_clips == (12, 12)
    assert all(5 <= count <= 8 for count in report.arm("half@1").train_clips)


def test_duplicates_of_any_view_stay_on_one_side(new_store: Callable[..., Store]) -> None:
    """All clips of a kind are one recording by one view or the other: each kind falls into one split whole."""
    store = new_store([["low"], ["high"], ["noise"], ["low"], ["high"], ["noise"]] * 4)
    clips = store.clips(["clip_id", "labels"])
    ids, kinds = clips.column(0).to_pylist(), [names[0] for names in clips.column(1).to_pylist()]
    leaders = {kind: ids[kinds.index(kind)] for kind in ("low", "high", "noise")}
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    blank = {"rank": 0, "split": "", "cluster": -2, "similarity": 1.0, "gain": 0.0}
    for name, parity in (("even", 0), ("odd", 1)):
        rows = []
        for number, (clip_id, kind) in enumerate(zip(ids, kinds, strict=True)):
            copy = number % 2 == parity and clip_id != leaders[kind]
            rows.append(
                {
                    "clip_id": clip_id,
                    "kept": True,
                    "representative": leaders[kind] if copy else clip_id,
                    "reason": "duplicate" if copy else "selected",
                    **blank,
                }
            )
        store.save_view(name, pa.Table.from_pylist(rows, schema=schema), {}, None)
    with pytest.raises(UsageError, match="there are no"):  # three groups of one label each are never split
        compare_views(store, view="even", baselines=["odd"], repeats=2, config=CONFIG)


def test_what_cannot_be_compared(kinds: Store) -> None:
    save_view(kinds, "half", 2)
    with pytest.raises(UsageError):
        compare_views(kinds, view="half", baselines=[])
    with pytest.raises(UsageError):
        compare_views(kinds, view="half", baselines=["half@1"])
    with pytest.raises(UsageError):
        compare_views(kinds, view="half", repeats=1)
