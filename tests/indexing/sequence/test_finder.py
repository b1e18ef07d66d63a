from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.indexing.sequence.finder import Asked, open_finder
from echodex.indexing.sequence.songs import SongScores

CLIPS, CALLS = 100_000, 20


def test_a_query_among_many_clips_does_not_look_each_up_by_its_id(
    store: Store, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    for seed in range(3):
        make_wav(f"{seed}.wav", seed=seed, seconds=3)
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": 0.5})
    finder = open_finder(store, store.space(), Asked())
    ids, bounds = [f"{number:032x}" for number in range(CLIPS)], np.arange(CLIPS + 1)
    timeline = replace(
        finder.timeline, clip_ids=ids, clip_bounds=bounds, bounds=bounds, starts_s=np.zeros(CLIPS, np.float32)
    )
    many = replace(finder, timeline=timeline, songs=ids[1::2])
    scores = SongScores(CLIPS)
    scores.table[[7, 8]], scores.met[[7, 8]] = [[0.5, 3.0], [0.9, 1.0]], True
    table = many.song_table(scores)
    assert np.flatnonzero(table[:, 0]).tolist() == [3]
    assert table[3] == pytest.approx([0.5, 1.5])
    began_s = time.process_time()
    for _ in range(CALLS):
        many.song_table(scores)
    assert time.process_time() - began_s < 0.02 * CALLS
