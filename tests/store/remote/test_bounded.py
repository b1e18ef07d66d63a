"""A cache takes no more than its share; what was used long ago goes first, what was used just now stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from echodex.store.remote.bounded import Bounded, used

SIZE = 8192


def filled(folder: Path, count: int) -> list[Path]:
    """Write files, of which each was used a second after the one before, long ago."""
    paths = [folder / "ab" / f"{number}" for number in range(count)]
    (folder / "ab").mkdir(parents=True)
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * SIZE)
        os.utime(path, (1000 + number, 1000 + number))
    return paths


def test_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    paths = filled(tmp_path, 6)
    used(paths[0])
    assert Bounded(tmp_path, 4 * SIZE, 60.0).make_room(SIZE)
    assert [path for path in paths if path.exists()] == [paths[0], paths[4], paths[5]]


def test_what_was_used_just_now_stays_and_there_is_no_room(tmp_path: Path) -> None:
    paths = filled(tmp_path, 6)
    for path in paths:
        used(path)
    assert not Bounded(tmp_path, 4 * SIZE, 60.0).make_room(SIZE)
    assert all(path.exists() for path in paths)


def test_holes_take_no_room(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    with (tmp_path / "ab" / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert Bounded(tmp_path, 4 * SIZE, 60.0).make_room(SIZE)


def test_a_folder_is_looked_at_once_in_a_while(tmp_path: Path) -> None:
    bounded = Bounded(tmp_path, 64 * SIZE, 60.0)
    assert bounded.make_room(SIZE)
    paths = filled(tmp_path, 80)
    assert bounded.make_room(SIZE)
    assert all(path.exists() for path in paths)
    for _ in range(4):
        bounded.make_room(SIZE)
    assert not all(path.exists() for path in paths)


def test_what_is_not_there_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        used(tmp_path / "gone")
