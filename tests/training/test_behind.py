"""An encoder that a run of the store trained is never tested on what it was taught, whatever the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.api import Store
from echodex.encoders.samplecnn import SampleCNN
from echodex.errors import Damaged, UsageError
from echodex.schemas.run import Run
from echodex.training.behind import RunBehind, run_behind
from echodex.training.config import ProbeConfig
from echodex.training.from_head import probe_from_head
from echodex.training.labels import read_labels
from echodex.training.probe import train_probe
from echodex.training.run import run_folder
from echodex.training.splits import TEST, TRAIN, VALID, Splits, read_splits

Teach = Callable[..., Run]


class Told:
    """A Progress that keeps the lines that it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Count nothing."""

    def say(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


def drawn(store: Store, seed: int) -> Splits:
    """The splits that a training with this seed draws where nothing is known of an encoder."""
    return read_splits(store, read_labels(store), seed)


def behind_of(splits: Splits, *, taught_labels: bool = True) -> RunBehind:
    return RunBehind("taught", taught_labels, splits)


def test_a_group_is_on_the_side_of_whichever_clip_taught_most() -> None:
    splits = Splits(np.array(list("abcdef")), np.array([TRAIN, TEST, VALID, TEST, "", TEST]), ())
    behind, asked = behind_of(splits), list("abcdefx")
    assert behind.sides(asked).tolist() == [TRAIN, TEST, VALID, TEST, "", TEST, ""]
    groups = np.array([0, 0, 1, 1, 2, 3, 3])
    assert behind.sides(asked, groups).tolist() == [TRAIN, TRAIN, VALID, VALID, "", TEST, TEST]
    none = behind_of(Splits(np.array([], dtype=np.str_), np.array([], dtype=np.str_), ()))
    assert none.sides(["a"]).tolist() == [""]


def test_the_run_is_found_whatever_the_settings_of_the_space(kinds: Store, teach: Teach, tmp_path: Path) -> None:
    assert run_behind(kinds, kinds.space("dummy")) is None
    teach(kinds, drawn(kinds, 1))
    torch.manual_seed(0)
    network = SampleCNN(width=1 / 64)
    torch.save(network.state_dict(), tmp_path / "exported.pt")
    torch.manual_seed(1)
    torch.save(SampleCNN(width=1 / 64).state_dict(), tmp_path / "another.pt")
    rate = {"sample_rate_hz": 8000}
    own = kinds.embed("run:taught").space
    mean = kinds.embed("run:taught", settings={"pooling": "mean"}).space
    read_back = kinds.embed("clmr", checkpoint=str(tmp_path / "exported.pt"), settings=rate).space
    for space in (own, mean, read_back):
        found = run_behind(kinds, space)
        assert found is not None
        assert (found.name, found.taught_labels) == ("taught", True)
        assert found.splits.ids(TEST) == drawn(kinds, 1).ids(TEST)
    another = kinds.embed("clmr", checkpoint=str(tmp_path / "another.pt"), settings=rate).space
    assert run_behind(kinds, another) is None
    assert run_behind(kinds, kinds.space("dummy")) is None
    (run_folder(kinds, "taught") / "encoder.safetensors").write_bytes(b"torn")
    with pytest.raises(Damaged, match="delete the run's folder"):
        run_behind(kinds, mean)


def test_whatever_the_seed_the_test_clips_are_those_of_the_run(kinds_store: Store) -> None:
    labels, taught = read_labels(kinds_store), drawn(kinds_store, 1)
    assert set(drawn(kinds_store, 42).ids(TEST)) & set(taught.ids(TRAIN))  # what leaks where nobody asks
    for seed in (1, 42, 43):
        found = read_splits(kinds_store, labels, seed, behind=behind_of(taught))
        assert found.names.tolist() == taught.names.tolist()
        assert (found.drawn, found.of_run) == ((), "taught")


def test_clips_that_the_run_did_not_know_teach(kinds_store: Store) -> None:
    taught = drawn(kinds_store, 1)
    early = Splits(taught.clip_ids[:60], taught.names[:60], ())
    found = read_splits(kinds_store, read_labels(kinds_store), 5, behind=behind_of(early))
    assert found.names[:60].tolist() == taught.names[:60].tolist()
    assert set(found.names[60:].tolist()) == {TRAIN}


def test_duplicates_of_what_taught_are_not_tested(kinds_store: Store) -> None:
    labels, taught = read_labels(kinds_store), drawn(kinds_store, 1)
    groups = np.arange(len(labels.clip_ids))
    first_train, first_test = (int(np.flatnonzero(taught.names == side)[0]) for side in (TRAIN, TEST))
    groups[first_test] = groups[first_train]
    found = read_splits(kinds_store, labels, 5, groups, behind_of(taught))
    assert found.names[first_test] == TRAIN
    assert set(found.ids(TEST)) == set(taught.ids(TEST)) - {str(labels.clip_ids[first_test])}


def test_a_run_that_kept_to_the_column_changes_nothing(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"]] * 12, (["train"] * 4 + ["valid", "test"]) * 4)
    found = read_splits(store, read_labels(store), 3, behind=behind_of(drawn(store, 1)))
    assert found.names.tolist() == drawn(store, 3).names.tolist()
    assert found.of_run == ""


def test_test_clips_of_the_column_that_taught_are_left_out(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"]] * 12, (["train"] * 4 + ["valid", "test"]) * 4)
    labels, column = read_labels(store), drawn(store, 0)
    taught = column.names.copy()
    taught[np.flatnonzero(taught == TEST)[:3]] = TRAIN  # the column was changed since
    found = read_splits(store, labels, 0, behind=behind_of(replace(column, names=taught)))
    assert (len(found.ids(TEST)), found.of_run) == (1, "taught")
    assert found.names[(column.names == TEST) & (taught == TRAIN)].tolist() == [""] * 3
    unlabelled = behind_of(replace(column, names=taught), taught_labels=False)
    assert len(read_splits(store, labels, 0, behind=unlabelled).ids(TEST)) == 4
    taught[:] = TRAIN
    with pytest.raises(UsageError, match="run 'taught' taught this encoder the labels of every clip"):
        read_splits(store, labels, 0, behind=behind_of(replace(column, names=taught)))


def test_a_run_without_labels_lends_its_test_clips_if_it_has_any(kinds_store: Store) -> None:
    labels, run = read_labels(kinds_store), drawn(kinds_store, 1)
    found = read_splits(kinds_store, labels, 42, behind=behind_of(run, taught_labels=False))
    assert (found.ids(TEST), found.of_run) == (run.ids(TEST), "taught")
    blind = replace(run, names=np.where(run.names == TEST, TRAIN, run.names))
    found = read_splits(kinds_store, labels, 42, behind=behind_of(blind, taught_labels=False))
    assert (found.names.tolist(), found.of_run) == (drawn(kinds_store, 42).names.tolist(), "")
    with pytest.raises(UsageError, match="every clip that could test it"):
        read_splits(kinds_store, labels, 42, behind=behind_of(blind))


def test_a_probe_says_whose_splits_it_has(kinds: Store, teach: Teach) -> None:
    taught = drawn(kinds, 1)
    teach(kinds, taught)
    kinds.embed("run:taught")
    told = Told()
    run = train_probe(kinds, space="run:taught", config=ProbeConfig(max_epochs=1), progress=told)
    assert told.lines[0] == "splits as run taught, which trained the encoder, had them"
    assert (run.config["splits_of"], run.config["drawn_splits"]) == ("taught", [])
    kept = Splits.load(run_folder(kinds, run.name) / "splits.parquet")
    assert (kept.ids(TEST), kept.of_run) == (taught.ids(TEST), "taught")
    other = train_probe(kinds, space="dummy", config=ProbeConfig(max_epochs=1))
    assert (other.config["splits_of"], other.config["drawn_splits"]) == ("", ["valid", "test"])


def test_a_head_from_elsewhere_is_tested_on_what_the_run_held_out(kinds: Store, teach: Teach, tmp_path: Path) -> None:
    taught = drawn(kinds, 1)
    teach(kinds, taught)
    dim = kinds.embed("run:taught").space.dim
    torch.save({"0.weight": torch.zeros(3, dim), "0.bias": torch.zeros(3)}, tmp_path / "head.pt")
    run = probe_from_head(kinds, tmp_path / "head.pt", classes="store", space="run:taught")
    assert (run.metrics["test_clips"], run.config["splits_of"]) == (len(taught.ids(TEST)), "taught")
