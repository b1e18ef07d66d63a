from __future__ import annotations

import json
from pathlib import Path

import pytest

from echodex.errors import Damaged, UsageError
from echodex.schemas.checked_json import intact
from echodex.schemas.clip import Source
from echodex.store.datasets.base import Listing
from echodex.store.datasets.notes import note_dataset, noted_classes


def listing(name: str, split: str, *classes: str) -> Listing:
    return Listing(name, split, (Source("/a"),), missing=("b", "c"), notes=("said",), classes=classes)


def test_what_was_added_is_remembered(tmp_path: Path) -> None:
    note_dataset(tmp_path, listing("mtt", "pons", "z", "a"))
    assert intact(json.loads((tmp_path / "datasets/mtt.json").read_text())) == {
        "dataset": "mtt",
        "split": "pons",
        "classes": ["z", "a"],
        "clips": 1,
        "missing": 2,
        "notes": ["said"],
    }
    assert noted_classes(tmp_path) == ("z", "a")


def test_classes_of_several_data_sets_follow_each_other(tmp_path: Path) -> None:
    assert noted_classes(tmp_path) == ()
    note_dataset(tmp_path, listing("b", "one", "z", "y"))
    note_dataset(tmp_path, listing("a", "one", "x", "z"))
    note_dataset(tmp_path, listing("c", "one"))
    assert noted_classes(tmp_path) == ("x", "z", "y")


def test_a_store_has_one_split_of_a_data_set(tmp_path: Path) -> None:
    note_dataset(tmp_path, listing("mtt", "pons"))
    note_dataset(tmp_path, listing("mtt", "pons", "a"))
    with pytest.raises(UsageError, match="holds mtt by its split 'pons'; add split 'other' to another store"):
        note_dataset(tmp_path, listing("mtt", "other"))
    assert noted_classes(tmp_path) == ("a",)


def test_a_changed_note_is_said(tmp_path: Path) -> None:
    note_dataset(tmp_path, listing("mtt", "pons", "a", "b"))
    path = tmp_path / "datasets/mtt.json"
    path.write_text(path.read_text().replace('"a"', '"c"'))
    with pytest.raises(Damaged, match="not what was written"):
        noted_classes(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"split": 1, "classes": []}', '{"split": "a", "classes": [1]}'])
def test_a_torn_note_is_said(text: str, tmp_path: Path) -> None:
    note_dataset(tmp_path, listing("mtt", "pons"))
    (tmp_path / "datasets/mtt.json").write_text(text)
    with pytest.raises(Damaged, match=r"mtt\.json is not what `add --dataset` wrote"):
        noted_classes(tmp_path)
