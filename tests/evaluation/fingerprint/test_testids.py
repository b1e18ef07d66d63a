from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.errors import BadInput, NotFound, UsageError
from echodex.evaluation.fingerprint.songs import read_songs, songs_of
from echodex.evaluation.fingerprint.testids import ICASSP_FILE, choose_ids, choose_inside


def test_all_and_a_number_of_them_as_published() -> None:
    np.testing.assert_array_equal(choose_ids("all", 29_500, 19), np.arange(29_481))
    some = choose_ids("2000", 29_500, 19, seed=3)
    assert len(set(some.tolist())) == 2000
    assert some.max() < 29_481
    np.testing.assert_array_equal(some, choose_ids("2000", 29_500, 19, seed=3))
    assert (some != choose_ids("2000", 29_500, 19, seed=4)).any()


def test_the_published_list_is_taken_from_where_it_lies(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"test_ids_icassp2021\.npy is not in"):
        choose_ids("icassp", 100, 19, folders=[tmp_path])
    ids = np.array([13, 40, 95], dtype=np.int64)
    np.save(tmp_path / ICASSP_FILE, ids)
    np.testing.assert_array_equal(choose_ids("icassp", 100, 19, folders=[Path("nowhere"), tmp_path]), ids)
    np.testing.assert_array_equal(choose_ids(str(tmp_path / ICASSP_FILE), 100, 19), ids)
    inside = np.arange(100)[:, None] % 50 + [1, 19] <= 50  # songs of 50
    chosen, able = choose_inside("icassp", inside, 0, [tmp_path])
    np.testing.assert_array_equal(chosen, ids)
    assert able.tolist() == [[True, True], [True, False], [True, False]]


def test_strict_ids_are_chosen_in_each_length() -> None:
    songs = songs_of(["a", "none", "b"], [30, 0, 10])
    lengths = np.array([1, 10, 19])
    inside = np.arange(40)[:, None] + lengths <= songs.ends(np.arange(40))[:, None]
    ids, able = choose_inside("all", inside)
    for place, expected in enumerate(([*range(40)], [*range(21), 30], [*range(12)])):
        assert ids[able[:, place]].tolist() == expected
    ids, able = choose_inside("11", inside, seed=3)
    assert able.sum(axis=0).tolist() == [11, 11, 11]
    assert able.any(axis=1).all()
    assert all(inside[ids[able[:, place]], place].all() for place in range(3))
    again = choose_inside("11", inside, seed=3)
    np.testing.assert_array_equal(ids, again[0])
    other = choose_inside("11", inside, seed=4)
    assert set(other[0].tolist()) != set(ids.tolist())
    assert choose_inside("1000", inside)[1].sum(axis=0).tolist() == [40, 22, 12]


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.array([0, 100]), "ids from 0 to 100"),
        (np.array([-1, 5]), "ids from -1 to 5"),
        (np.array([1.0]), "whole numbers"),
        (np.array([[1]]), "whole numbers"),
    ],
)
def test_ids_that_cannot_be_are_refused(tmp_path: Path, array: np.ndarray, told: str) -> None:
    np.save(tmp_path / "ids.npy", array)
    with pytest.raises(BadInput, match=told):
        choose_ids(str(tmp_path / "ids.npy"), 100, 19)


def test_no_query_that_long() -> None:
    with pytest.raises(UsageError, match="leave no query of 19 segments among 19"):
        choose_ids("all", 19, 19)


def test_songs_by_a_number_or_a_file(tmp_path: Path) -> None:
    songs = read_songs("59", 118)
    assert songs.bounds.tolist() == [0, 59, 118]
    np.testing.assert_array_equal(songs.of(np.array([-1, 0, 58, 59, 117, 118])), [-1, 0, 0, 1, 1, -1])
    np.testing.assert_array_equal(songs.ends(np.array([0, 58, 59])), [59, 59, 118])
    path = tmp_path / "songs.csv"
    path.write_text("name,segments\nfirst.wav,10\nsecond.wav,5\n", encoding="utf-8-sig")
    named = read_songs(str(path), 15)
    assert (named.names, named.bounds.tolist()) == (("first.wav", "second.wav"), [0, 10, 15])
    assert (named.name(1), named.name(-1)) == ("second.wav", "")
    with pytest.raises(BadInput, match="lists 15 segments and there are 16"):
        read_songs(str(path), 16)
    with pytest.raises(BadInput, match="no whole number of songs of 59"):
        read_songs("59", 117)
    path.write_text("name,count\nfirst.wav,10\n")
    with pytest.raises(BadInput, match="columns name, segments"):
        read_songs(str(path), 10)
    with pytest.raises(NotFound):
        read_songs(str(tmp_path / "none.csv"), 10)
