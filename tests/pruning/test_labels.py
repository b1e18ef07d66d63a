from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from echodex.pruning.labels import label_pairs

LISTS = st.lists(st.one_of(st.none(), st.lists(st.sampled_from([*"abcd", None]), max_size=4)), max_size=20)


@given(lists=LISTS, count=st.integers(0, 4), seed=st.integers(0, 99), copies=st.integers(1, 20))
def test_the_best_ranked_of_each_label_before_copies_of_them(
    lists: list[list[str | None] | None], count: int, seed: int, copies: int
) -> None:
    pairs = label_pairs(pa.chunked_array([pa.array(lists, pa.list_(pa.string()))]))
    random = np.random.default_rng(seed)
    rank, groups = random.permutation(len(lists)), random.integers(copies, size=len(lists))
    expected, distinct = set(), {}
    for label in "abcd":
        having = sorted((row for row, labels in enumerate(lists) if label in (labels or [])), key=lambda row: rank[row])
        firsts = [row for at, row in enumerate(having) if groups[row] not in groups[having[:at]]]
        expected |= set((firsts + [row for row in having if row not in firsts])[:count])
        distinct[label] = len(firsts)
    assert set(np.flatnonzero(pairs.best(rank, groups, count)).tolist()) == expected
    found = pairs.distinct(np.ones(len(lists), np.bool_), groups)
    assert dict(zip(pairs.names, found.tolist(), strict=True)) == {label: distinct[label] for label in pairs.names}


@given(lists=LISTS)
def test_counts(lists: list[list[str | None] | None]) -> None:
    pairs = label_pairs(pa.chunked_array([pa.array(lists, pa.list_(pa.string()))]))
    which = np.arange(len(lists)) % 2 == 0
    found = dict(zip(pairs.names, pairs.counts(which).tolist(), strict=True))
    assert found == {label: sum(label in (labels or []) for labels in lists[::2]) for label in found}
    assert set(found) == {label for labels in lists for label in labels or [] if label is not None}
