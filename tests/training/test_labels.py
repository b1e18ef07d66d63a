from __future__ import annotations

from collections.abc import Callable

import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.store.datasets.base import Listing
from echodex.store.datasets.notes import note_dataset
from echodex.training.labels import read_labels
from echodex.training.splits import read_splits


def test_one_label_each(kinds_store: Store) -> None:
    labels = read_labels(kinds_store)
    assert labels.classes == ("high", "low", "noise")
    assert not labels.multi_label
    said = dict(zip(*(kinds_store.clips(["clip_id", "labels"]).column(n).to_pylist() for n in (0, 1)), strict=True))
    wanted = list(reversed(said))
    assert [[labels.classes[number]] for number in labels.targets(wanted)] == [said[clip_id] for clip_id in wanted]


def test_a_clip_without_a_label_is_a_gap_and_not_another_task(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["noise"], []])
    labels = read_labels(store)
    assert not labels.multi_label
    said = store.clips(["labels"]).column(0).to_pylist()
    assert labels.teaches.tolist() == [bool(names) for names in said]
    numbers = labels.targets(store.clips(["clip_id"]).column(0).to_pylist())
    assert [labels.classes[n] if n >= 0 else None for n in numbers] == [names[0] if names else None for names in said]
    splits = read_splits(store, labels, seed=0)
    assert [name == "" for name in splits.names] == [not names for names in said]


def test_a_clip_with_several_labels_makes_it_multi_label(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], [], ["low", "noise"]])
    labels = read_labels(store)
    assert labels.multi_label
    clips = store.clips(["clip_id", "labels"])
    hot = labels.targets(clips.column("clip_id").to_pylist())
    assert hot.dtype == "float32"
    found = [[labels.classes[c] for c in row.nonzero()[0]] for row in hot]
    assert found == clips.column("labels").to_pylist()


def test_a_descriptive_column(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["low"], ["noise"]], ["train", "train", "test"])
    labels = read_labels(store, "split")
    assert labels.classes == ("test", "train")
    assert labels.hot.sum(axis=0).tolist() == [1, 2]


def test_what_cannot_be_read(kinds_store: Store) -> None:
    with pytest.raises(UsageError, match="loudness"):
        read_labels(kinds_store, "loudness")
    with pytest.raises(NotFound, match="artist"):
        read_labels(kinds_store, "artist")
    with pytest.raises(NotFound, match="stranger"):
        read_labels(kinds_store).rows(["stranger"])


def test_classes_of_a_data_set_come_first_and_in_its_order(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["noise", "high"], []])
    plain = read_labels(store)
    note_dataset(store.path, Listing("any", "one", (), classes=("noise", "absent", "high")))
    labels = read_labels(store)
    assert labels.classes == ("noise", "absent", "high", "low")
    assert labels.multi_label
    for number, name in enumerate(labels.classes):
        column = plain.hot[:, plain.classes.index(name)] if name in plain.classes else 0
        assert (labels.hot[:, number] == column).all()


def test_a_note_of_other_labels_changes_nothing(kinds: Store) -> None:
    before = read_labels(kinds)
    note_dataset(kinds.path, Listing("any", "one", (), classes=("rock", "choral")))
    after = read_labels(kinds)
    assert (after.classes, after.hot.tolist()) == (before.classes, before.hot.tolist())
