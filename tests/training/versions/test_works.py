from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.errors import UsageError
from echodex.schemas.clip import Source
from echodex.training.versions.works import read_works, work_splits

Row = tuple[str, str | None, str | None]
"""Name of a clip, its work, its split."""


@pytest.fixture
def library(tmp_path: Path) -> Callable[[list[Row]], Store]:
    """Make a store of such rows; clips called "file/..." are excerpts of one file."""

    def make(rows: list[Row]) -> Store:
        store, sources = Store.open(tmp_path / "library"), []
        for number, (name, work, split) in enumerate(rows):
            file, _, part = name.partition("/")
            path = tmp_path / f"{file}.wav"
            if not path.exists():
                soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(4000), 8000)
            fields = tuple((key, value) for key, value in (("work", work), ("split", split)) if value)
            sources.append(
                Source(str(path), 0.2 * int(part), 0.2, (), fields) if part else Source(str(path), fields=fields)
            )
        store.add_sources(sources)
        return store

    return make


def titles(store: Store, clip_ids: list[str]) -> list[str]:
    return sorted(store.clips(["work"], clip_ids=clip_ids).column(0).to_pylist())


def test_clips_without_another_version_are_left_out_and_counted(library: Callable[[list[Row]], Store]) -> None:
    rows: list[Row] = [("a1", "a", None), ("a2", "a", None), ("b1", "b", None), ("none", None, None)]
    store = library(
        [*rows, ("c/0", "c", None), ("c/1", "c", None), ("d/0", "d", None), ("d/1", "d", None), ("d2", "d", None)]
    )
    works = read_works(store)
    assert titles(store, works.clip_ids) == ["a", "a", "d", "d", "d"]
    assert (works.count, works.lone) == (2, 4)  # b, the one of no work, and both excerpts of the only file of c
    groups = {work: np.flatnonzero(works.works == work) for work in np.unique(works.works)}
    assert sorted(len(np.unique(works.tracks[rows])) for rows in groups.values()) == [2, 2]
    assert [works.place[clip_id] for clip_id in works.clip_ids] == list(range(5))
    some = read_works(store, works.clip_ids[:1])
    assert (len(some), some.lone) == (0, 1)


def versions(*said: tuple[str, str | None]) -> list[Row]:
    return [(f"{work}{version}", work, split) for work, split in said for version in range(2)]


def test_the_column_says_the_split_of_a_work(library: Callable[[list[Row]], Store]) -> None:
    rows = versions(("a", "train"), ("b", "validation"), ("c", "test"), ("d", None))
    rows.append(("c2", "c", None))  # goes where the others are
    store = library(rows)
    splits = work_splits(store, 0, valid_share=0.5, test_share=0.5)
    found = {name: titles(store, splits.ids(name)) for name in ("train", "valid", "test")}
    assert found == {"train": ["a", "a", "d", "d"], "valid": ["b", "b"], "test": ["c", "c", "c"]}
    assert splits.drawn == ()


def test_a_work_on_two_sides_is_refused(library: Callable[[list[Row]], Store]) -> None:
    store = library([*versions(("a", "train"), ("b", "train")), ("a2", "a", "test")])
    with pytest.raises(UsageError, match=r"work 'a' has clips in split .* on one side"):
        work_splits(store, 0, 0.5, 0.0)


def test_whole_works_are_drawn_by_seed_whatever_the_view(library: Callable[[list[Row]], Store]) -> None:
    store = library([*versions(*((f"w{number:02}", None) for number in range(20))), ("lone", "x", None)])
    splits = work_splits(store, 3, valid_share=0.25, test_share=0.4)
    sizes = {name: len(splits.ids(name)) for name in ("train", "valid", "test", "")}
    assert sizes == {"train": 18, "valid": 6, "test": 16, "": 1}  # 20 works, 8 of them test, a quarter of 12 valid
    sides = [set(titles(store, splits.ids(name))) for name in ("train", "valid", "test")]
    assert len(set().union(*sides)) == sum(map(len, sides)) == 20
    assert splits.drawn == ("test", "valid")
    again, other = (work_splits(store, seed, valid_share=0.25, test_share=0.4) for seed in (3, 4))
    assert (again.names == splits.names).all()
    assert (other.names != splits.names).any()
    small = work_splits(store, 3, valid_share=0.01, test_share=0.0)
    assert len(small.ids("valid")) == 4  # two works: one alone has no others to be told from
