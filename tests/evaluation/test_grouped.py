from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.grouped import grouped_split, read_groups
from echodex.schemas.clip import Source


def one_hot(labels: list[int]) -> np.ndarray:
    return np.eye(max(labels) + 1, dtype=np.bool_)[labels]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=3, max_size=80), st.integers(0, 9))
def test_no_group_is_ever_on_two_sides(clips: list[tuple[int, int]], seed: int) -> None:
    groups = np.array([f"= {group}" for _, group in clips])
    hot = one_hot([label for label, _ in clips])
    if len(set(groups.tolist())) < 3:
        with pytest.raises(UsageError, match="three groups"):
            grouped_split(hot, groups, seed)
        return
    names = grouped_split(hot, groups, seed)
    assert set(names.tolist()) == {"train", "valid", "test"}
    for group in set(groups.tolist()):
        assert len(set(names[groups == group].tolist())) == 1


def test_each_label_gives_its_share_where_groups_are_small() -> None:
    labels = [0] * 100 + [1] * 200 + [2] * 40
    names = grouped_split(one_hot(labels), np.array([f"= {row // 2}" for row in range(340)]), 3)
    for label, count in ((0, 100), (1, 200), (2, 40)):
        here = names[np.array(labels) == label]
        for split in ("valid", "test"):
            assert (here == split).sum() == pytest.approx(0.15 * count, abs=2)


def test_a_few_speakers_of_all_labels_take_turns() -> None:
    labels, groups = [row % 10 for row in range(400)], np.array([f"= {row // 100}" for row in range(400)])
    tested = set()
    for seed in range(20):
        names = grouped_split(one_hot(labels), groups, seed)
        assert [(names == split).sum() for split in ("train", "valid", "test")] == [200, 100, 100]
        tested.add(groups[names == "test"][0])
    assert len(tested) == 4


def test_the_draw_depends_on_seed_and_names_alone() -> None:
    labels, groups = [row % 3 for row in range(90)], np.array([f"= {row // 3}" for row in range(90)])
    names = grouped_split(one_hot(labels), groups, 1)
    assert names.tolist() == grouped_split(one_hot(labels), groups, 1).tolist()
    assert names.tolist() != grouped_split(one_hot(labels), groups, 2).tolist()
    shuffle = np.random.default_rng(0).permutation(90)
    again = grouped_split(one_hot(labels)[shuffle], groups[shuffle], 1)
    assert again.tolist() == names[shuffle].tolist()


def test_groups_of_a_column_and_of_extra(store: Store, make_wav: Callable[..., Path]) -> None:
    said = [("a", "1"), ("a", "2"), ("", "2")]
    sources = [
        Source(str(make_wav(f"{row}.wav", seed=row)), fields=(("artist", artist),), extra=(("speaker", speaker),))
        for row, (artist, speaker) in enumerate(said)
    ]
    store.add_sources(sources)
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    uris = store.clips(["uris"]).column(0).to_pylist()
    row_of = [int(places[0][-5]) for places in uris]
    by_artist = dict(zip(row_of, read_groups(store, ids, "artist").tolist(), strict=True))
    assert by_artist[0] == by_artist[1] == "= a"
    assert by_artist[2].startswith("clip ")
    by_speaker = dict(zip(row_of, read_groups(store, ids, "speaker").tolist(), strict=True))
    assert (by_speaker[0], by_speaker[1], by_speaker[2]) == ("= 1", "= 2", "= 2")
    assert len(set(read_groups(store, ids, None).tolist())) == 3
    with pytest.raises(UsageError, match=r"take.*speaker"):
        read_groups(store, ids, "take")
    with pytest.raises(UsageError, match="album"):
        read_groups(store, ids, "album")
