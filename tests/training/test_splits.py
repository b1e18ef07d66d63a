from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from echodex.api import Store
from echodex.errors import Damaged, UsageError
from echodex.training.labels import read_labels
from echodex.training.splits import TEST, TRAIN, VALID, Splits, read_splits


def test_the_column_is_taken_as_it_is(new_store: Callable[..., Store]) -> None:
    given = ["train", "Validation", "test", "", "training", "val"]
    store = new_store([["low"]] * 6, given)
    splits = read_splits(store, read_labels(store), seed=0)
    means = {"train": "train", "training": "train", "Validation": "valid", "val": "valid", "test": "test", "": ""}
    said = [means[name] for name in store.clips(["split"]).column(0).to_pylist()]
    assert splits.names.tolist() == said
    assert splits.drawn == ()


def test_a_missing_split_is_drawn_from_train(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"]] * 12, ["train"] * 10 + ["test"] * 2)
    splits = read_splits(store, read_labels(store), seed=0)
    assert splits.drawn == ("valid",)
    assert Counter(splits.names.tolist()) == {"train": 8, "test": 2, "valid": 2}


def test_drawn_by_seed_label_by_label(kinds_store: Store) -> None:
    labels = read_labels(kinds_store)
    first, again, other = (read_splits(kinds_store, labels, seed) for seed in (1, 1, 2))
    assert first.names.tolist() == again.names.tolist() != other.names.tolist()
    for number in range(3):
        of_class = Counter(first.names[labels.hot[:, number]].tolist())
        assert of_class == {TRAIN: 16, VALID: 4, TEST: 4}


def test_groups_stay_together(kinds_store: Store) -> None:
    labels = read_labels(kinds_store)
    groups = np.arange(len(labels.clip_ids)) // 4
    names = read_splits(kinds_store, labels, 3, groups).names
    assert all(len(set(names[groups == group].tolist())) == 1 for group in range(18))
    assert set(names.tolist()) == {TRAIN, VALID, TEST}


def test_a_strange_name(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"]] * 2, ["train", "holdout"])
    with pytest.raises(UsageError, match="holdout"):
        read_splits(store, read_labels(store), 0)


def test_kept_in_a_file(tmp_path: Path) -> None:
    splits = Splits(np.array(["a", "b"]), np.array(["train", ""]), ("valid",))
    splits.save(tmp_path / "splits.parquet")
    found = Splits.load(tmp_path / "splits.parquet")
    assert (found.ids("train"), found.names.tolist(), found.drawn) == (["a"], ["train", ""], ("valid",))
    (tmp_path / "splits.parquet").write_bytes(b"torn")
    with pytest.raises(Damaged):
        Splits.load(tmp_path / "splits.parquet")


def test_tiny_classes_keep_a_teacher(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"], ["high"], ["noise"], ["noise"], ["noise"]])
    labels = read_labels(store)
    names = read_splits(store, labels, 0).names
    found = {name: sorted(names[labels.hot[:, number]].tolist()) for number, name in enumerate(labels.classes)}
    assert found == {"low": ["train"], "high": ["test", "train"], "noise": ["test", "train", "valid"]}


def test_changed_splits_are_told(tmp_path: Path) -> None:
    path = tmp_path / "splits.parquet"
    Splits(np.array(["a", "b"]), np.array(["train", "test"]), (TEST,)).save(path)
    assert Splits.load(path).drawn == (TEST,)
    table = pq.read_table(path)
    names = pa.array(["test", "test"])
    pq.write_table(table.set_column(1, "split", names), path)
    with pytest.raises(Damaged, match="not what was written"):
        Splits.load(path)
