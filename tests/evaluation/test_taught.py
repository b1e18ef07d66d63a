"""Every evaluation of an encoder that the store's labels taught is on clips that did not teach it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.methods_config import MethodsConfig
from echodex.evaluation.methods_repeat import read_clips
from echodex.evaluation.pruning import evaluate_pruning
from echodex.evaluation.tags import evaluate_tags
from echodex.evaluation.trials import make_trial, read_source
from echodex.evaluation.views import compare_views
from echodex.schemas.run import Run
from echodex.schemas.view import VIEW_ROWS
from echodex.training.config import ProbeConfig
from echodex.training.labels import read_labels
from echodex.training.probe import train_probe
from echodex.training.run import run_folder
from echodex.training.splits import TEST, TRAIN, VALID, Splits, read_splits

CONFIG = ProbeConfig(max_epochs=1)


@pytest.fixture
def taught(kinds: Store, teach: Callable[..., Run]) -> Splits:
    """The splits of a run of seed 1, which taught the newest encoder of `kinds`; a view has every other clip."""
    splits = read_splits(kinds, read_labels(kinds), 1)
    teach(kinds, splits)
    space = kinds.embed("run:taught").space
    ids = kinds.clips(["clip_id"]).column(0).to_pylist()
    blank = {"rank": 0, "split": "", "cluster": -2, "similarity": 1.0, "gain": 0.0, "reason": "selected"}
    rows = [{"clip_id": name, "representative": name, "kept": k % 2 == 0, **blank} for k, name in enumerate(ids)]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    kinds.save_view("half", pa.Table.from_pylist(rows, schema=schema), {"space": space.name}, space)
    return splits


def test_no_repeat_of_a_trial_tests_what_taught(kinds: Store, taught: Splits) -> None:
    source = read_source(kinds, kinds.view("half"), "run:taught", CONFIG)
    for seed in range(42, 47):
        trial = make_trial(kinds, source, seed, by_cluster=False)
        assert [source.inputs.clip_ids[row] for row in trial.test] == taught.ids(TEST)
        assert [source.inputs.clip_ids[row] for row in trial.valid] == taught.ids(VALID)


def test_reports_of_pairs_say_whose_splits_they_have(kinds: Store, taught: Splits) -> None:
    said = "splits as run taught, which trained the encoder, had them: 12 valid, 12 test clips"
    for report in (
        evaluate_pruning(kinds, view="half", repeats=2, config=CONFIG),
        compare_views(kinds, view="half", repeats=2, config=CONFIG),
    ):
        assert (report.splits_of, report.drawn_splits, report.test_clips) == ("taught", (), (12, 12))
        assert said in report.text()
    other = compare_views(kinds, view="half", repeats=2, space="dummy", config=CONFIG)
    assert (other.splits_of, other.drawn_splits) == ("", ("valid", "test"))
    assert "drawn anew each time" in other.text()


def test_methods_are_compared_on_what_did_not_teach(kinds: Store, taught: Splits) -> None:
    clips = read_clips(kinds, MethodsConfig(probe=CONFIG), "run:taught")
    for seed in range(42, 45):
        rows = clips.split(seed)
        assert {split: [clips.inputs.clip_ids[row] for row in rows[split]] for split in (TRAIN, VALID, TEST)} == {
            split: taught.ids(split) for split in (TRAIN, VALID, TEST)
        }
    assert (clips.splits_of, read_clips(kinds, MethodsConfig(probe=CONFIG), "dummy").splits_of) == ("taught", "")


def test_methods_on_nothing_but_what_taught(kinds: Store, teach: Callable[..., Run]) -> None:
    clip_ids = read_labels(kinds).clip_ids
    teach(kinds, Splits(clip_ids, np.full(len(clip_ids), TRAIN), ()))
    kinds.embed("run:taught")
    with pytest.raises(UsageError, match="run 'taught' taught this encoder the labels of every clip"):
        read_clips(kinds, MethodsConfig(probe=CONFIG), "run:taught")


def test_a_probe_that_was_split_otherwise_is_tested_on_the_rest(kinds: Store, taught: Splits) -> None:
    """A probe that was trained before anybody asked for the encoder's run has test clips that taught the encoder."""
    run = train_probe(kinds, space="run:taught", config=CONFIG)
    found = evaluate_tags(kinds, run.name)
    assert (found.splits_of, found.clips, found.taught_clips) == ("taught", 12, 0)
    assert found.note == "splits as run taught, which trained the encoder, had them"
    other = read_splits(kinds, read_labels(kinds), 42)
    other.save(run_folder(kinds, run.name) / "splits.parquet")
    leaked = len(set(other.ids(TEST)) & set(taught.ids(TRAIN)))
    found = evaluate_tags(kinds, run.name)
    assert (found.taught_clips, found.clips) == (leaked, 12 - leaked)
    assert leaked > 0
    assert f"left out: {leaked} clips that taught the encoder their labels" in found.note
    Splits(other.clip_ids, np.where(taught.names == TRAIN, TEST, ""), ()).save(
        run_folder(kinds, run.name) / "splits.parquet"
    )
    with pytest.raises(UsageError, match="add clips that it has not seen"):
        evaluate_tags(kinds, run.name)
