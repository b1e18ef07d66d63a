from __future__ import annotations

import numpy as np

from echodex.pruning.leakage import find_leaks
from echodex.pruning.parts import one_each

ROWS = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 2, 3]]
SPLITS = ["train", "test", "train", "valid", "test", "train", None]
IDS = list("abcdefg")


def test_each_pair_of_splits_is_looked_at_from_the_pruned_one() -> None:
    leaks = find_leaks(IDS, one_each(ROWS), SPLITS, "train", 0.98)
    assert [(leak.clip_id, leak.split, leak.other, leak.other_split) for leak in leaks] == [
        ("a", "train", "b", "test"),
        ("c", "train", "e", "test"),
        ("e", "test", "d", "valid"),
    ]


def test_no_split_or_one_split_leaks_nothing() -> None:
    assert find_leaks(IDS, one_each(ROWS), [None] * 7, None, 0.9) == []
    assert find_leaks(IDS, one_each(ROWS), ["train"] * 6 + [None], "train", 0.9) == []
