"""Opening a store, and what it answers before anything is in it."""

from __future__ import annotations

import json
import pickle
import stat
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import Damaged, NotFound, UsageError


def test_a_new_store_is_private_and_empty(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "library")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o700
    assert json.loads((store.path / "echodex.json").read_text()) == {"format": "echodex", "version": 2}
    assert store.clips(["clip_id"]).num_rows == 0
    assert store.spaces() == []
    assert store.views() == []


def test_opening_again_finds_the_same_store(tmp_path: Path) -> None:
    Store.open(tmp_path / "library")
    assert Store.open(tmp_path / "library", create=False).path == tmp_path / "library"


def test_no_store_is_made_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not an echodex store"):
        Store.open(tmp_path / "library", create=False)
    assert not (tmp_path / "library").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an echodex store"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not the marker"),
        ('{"format": "other", "version": 1}', "other"),
        ('{"format": "echodex", "version": 99}', "99"),
    ],
)
def test_an_unknown_or_newer_format_is_refused(tmp_path: Path, content: str, said: str) -> None:
    store = Store.open(tmp_path / "library")
    (store.path / "echodex.json").write_text(content)
    with pytest.raises(Damaged, match=said):
        Store.open(store.path)


def test_a_store_pickles_to_its_path(store: Store) -> None:
    copy = pickle.loads(pickle.dumps(store))
    assert type(copy) is Store
    assert copy.path == store.path


def test_a_space_or_view_that_is_not_there_says_what_to_do(store: Store) -> None:
    with pytest.raises(NotFound, match="echodex embed"):
        store.space("timbre")
    with pytest.raises(NotFound, match="echodex views list"):
        store.view("lean")
