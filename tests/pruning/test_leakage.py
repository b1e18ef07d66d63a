from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning import leakage
from echodex.pruning.config import PruneConfig
from echodex.pruning.leakage import find_leaks
from echodex.pruning.parts import one_each
from echodex.pruning.plan import Plan, plan

ROWS = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 2, 3]]
SPLITS = ["train", "test", "train", "valid", "test", "train", None]
IDS = list("abcdefg")
GROUP = 7


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


def test_many_clips_leak_as_few_do(monkeypatch: pytest.MonkeyPatch, unit: Callable[..., NDArray[np.float32]]) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(600, 16))
    rows[300:360] = rows[:60] + 0.02 * random.normal(size=(60, 16))
    matrix, splits = unit(rows), [("train", "valid", "test", None)[at] for at in random.integers(4, size=600)]
    ids = [f"{row:03}" for row in range(600)]
    outright = find_leaks(ids, one_each(matrix), splits, "train", 0.98)
    monkeypatch.setattr(leakage, "OUTRIGHT", 0)
    assert find_leaks(ids, one_each(matrix), splits, "train", 0.98) == outright
    names = np.array(splits, dtype=object)
    near = matrix @ matrix.T >= 0.98
    straddling = {
        ids[row] for row in np.flatnonzero(names == "train") if (near[row] & np.isin(names, ["valid", "test"])).any()
    }
    assert len(straddling) > 10
    assert {leak.clip_id for leak in outright if leak.split == "train"} == straddling
    assert find_leaks(ids[:60], one_each(matrix[:60]), splits[:60], "train", 0.9999) == []


@pytest.fixture
def straddling(library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]) -> Store:
    """Two clusters of training clips, and one of those clips four times more: in train, valid, and twice in test."""
    rows = blobs(2, 12)
    splits = ["train"] * 25 + ["valid", "test", "test"]
    return library(np.concatenate([rows, rows[[GROUP] * 4]]), splits)


def found(store: Store, policy: str) -> Plan:
    return plan(store, PruneConfig(eps=0.3, min_cluster_size=5, min_samples=3, leakage=policy))


def titles(store: Store) -> dict[str, str]:
    return dict(zip(*(column.to_pylist() for column in store.clips(["clip_id", "title"]).columns), strict=True))


def test_report_keeps_one_of_the_group_and_says_so(straddling: Store) -> None:
    title = titles(straddling)
    summary = found(straddling, "report").at(1.0).summary()
    of_train = [leak for leak in summary.leaks if leak.split == "train"]
    assert {title[leak.clip_id] for leak in of_train} == {f"Tone {GROUP}", "Tone 24"}
    assert {title[leak.other] for leak in summary.leaks} <= {"Tone 25", "Tone 26", "Tone 27"}
    assert any(warning.startswith(f"{len(summary.leaks)} kept clips have a dup") for warning in summary.warnings)
    rows = found(straddling, "report").rows.to_pylist()
    group = {title[row["clip_id"]]: row for row in rows if title[row["clip_id"]] in (f"Tone {GROUP}", "Tone 24")}
    assert sum(row["reason"] == "duplicate" for row in group.values()) == 1, "one of train stands for the other"


def test_keep_test_leaves_the_whole_group_to_the_other_splits(straddling: Store) -> None:
    title = titles(straddling)
    kept_test = found(straddling, "keep-test")
    rows = {title[row["clip_id"]]: row for row in kept_test.rows.to_pylist()}
    leaked = {name for name, row in rows.items() if row["reason"] == "leakage"}
    assert leaked == {f"Tone {GROUP}", "Tone 24"}
    assert all(rows[f"Tone {row}"]["kept"] for row in (25, 26, 27)), "valid and test are never touched"
    left = kept_test.at(1.0).summary()
    assert {(leak.split, leak.other_split) for leak in left.leaks} == {("test", "valid")}, "nobody asked about those"
    view = kept_test.save(straddling, "lean")
    assert straddling.view(view.name).recipe["config"]["leakage"] == "keep-test"


def test_error_names_the_nearest_pair_and_how_many(straddling: Store) -> None:
    with pytest.raises(
        UsageError, match=r"of 'train' has a duplicate in '(valid|test)', .* at 1\.000 \(2 such clips\)"
    ):
        found(straddling, "error")


def test_without_a_leak_each_policy_is_the_same(
    library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]
) -> None:
    store = library(blobs(2, 12, noise=4), ["train"] * 24 + ["test"] * 4)
    plans = [found(store, policy).rows for policy in ("report", "keep-test", "error")]
    assert plans[0].equals(plans[1])
    assert plans[0].equals(plans[2])
