from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning import leakage
from echodex.pruning.config import PruneConfig
from echodex.pruning.leakage import Leaks, find_leaks
from echodex.pruning.parts import near_clips, one_each
from echodex.pruning.plan import Plan, plan, reopen

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


@settings(max_examples=60)
@given(seed=st.integers(0, 999), n=st.integers(1, 40), share=st.sampled_from([0.0, 0.5, 1.0]))
def test_those_that_are_not_asked_for_are_looked_at_from_the_other_side(seed: int, n: int, share: float) -> None:
    random = np.random.default_rng(seed)
    rows = np.eye(4, dtype=np.float32)[random.integers(4, size=n)] + 0.02 * random.normal(size=(n, 4))
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    splits = [("train", "test", "valid", None)[at] for at in random.integers(4, size=n)]
    asked = random.random(n) < share
    names, ids, expected = ["train", "test", "valid", None], [f"{row:02}" for row in range(n)], {}
    for row in np.flatnonzero(asked):
        cosines = matrix[row].astype(np.float64) @ matrix.T.astype(np.float64)
        at = names.index(splits[row])
        others = [
            other
            for other in range(n)
            if None not in (splits[row], splits[other])
            and splits[other] != splits[row]
            and (names.index(splits[other]) > at or not asked[other])
            and cosines[other] >= 0.98
        ]
        if others:
            expected[ids[row]] = max(cosines[others])
    leaks = find_leaks(ids, one_each(matrix), splits, "train", 0.98, asked)
    assert {leak.clip_id: leak.score for leak in leaks} == pytest.approx(expected, abs=1e-5)
    assert [leak.score for leak in leaks] == sorted((leak.score for leak in leaks), reverse=True)


def test_at_the_threshold_a_leak_is_what_a_duplicate_is() -> None:
    """400 pairs of which half are within 0.98 - 1e-6, where the rounding of float32 is as large as what tells them
    apart.
    """
    random = np.random.default_rng(0)
    cosines = 0.98 - 1e-6 + np.linspace(-2e-7, 2e-7, 400)
    one, other = random.normal(size=(2, 400, 512))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    other -= np.einsum("ij,ij->i", one, other)[:, None] * one
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    pairs = np.concatenate([one, cosines[:, None] * one + np.sqrt(1 - cosines**2)[:, None] * other]).astype(np.float32)
    exact = np.einsum("ij,ij->i", pairs[:400], pairs[400:], dtype=np.float64)
    within = exact >= 0.98 - 1e-6
    assert 100 < within.sum() < 300
    ids, splits = [f"{row:03}" for row in range(800)], ["train"] * 400 + ["test"] * 400
    leaks = find_leaks(ids, one_each(pairs), splits, "train", 0.98)
    assert sorted(leak.clip_id for leak in leaks) == [ids[row] for row in np.flatnonzero(within)]
    assert np.array_equal(near_clips(one_each(pairs), 0.98).counts[:400] > 0, within)


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


def of_train(store: Store, policy: str, **settings: Any) -> Plan:
    config = PruneConfig(eps=0.3, min_cluster_size=5, min_samples=3, leakage=policy, **settings)
    return plan(store, config, where="split = 'train'")


def test_a_source_of_one_split_is_held_against_the_others_of_the_store(straddling: Store) -> None:
    title, whole, alone = titles(straddling), found(straddling, "report"), of_train(straddling, "report")
    assert len(alone.material) == 25
    assert alone.leaks == tuple(leak for leak in whole.leaks if leak.split == "train")
    assert len(alone.leaks) == 2
    said = alone.at(1.0).summary()
    assert said.leaks == alone.leaks, "what is tested on is kept, wherever it is"
    assert any("have a duplicate in another split" in warning for warning in said.warnings)
    with pytest.raises(UsageError, match=r"of 'train' has a duplicate in '(valid|test)', .* \(2 such clips\)"):
        of_train(straddling, "error")
    assert of_train(straddling, "report", duplicate_score=0.0).leaks == ()
    assert {title[leak.other] for leak in alone.leaks} <= {"Tone 25", "Tone 26", "Tone 27"}


def test_what_is_left_to_a_split_beyond_the_source_says_so_when_it_is_saved(straddling: Store) -> None:
    title, kept_test = titles(straddling), of_train(straddling, "keep-test")
    rows = {title[row["clip_id"]]: row for row in kept_test.rows.to_pylist()}
    leaked = {name: row for name, row in rows.items() if row["reason"] == "leakage"}
    assert set(leaked) == {f"Tone {GROUP}", "Tone 24"}
    assert {title[row["representative"]] for row in leaked.values()} <= {"Tone 25", "Tone 26", "Tone 27"}
    summary = kept_test.summary()
    assert summary.leaks == ()
    assert {example.representative_path for example in summary.examples} <= set(kept_test.material.path_of.values())
    kept_test.save(straddling, "lean")
    straddling.remove([row["representative"] for row in leaked.values()][:1])
    again = reopen(straddling, "lean")
    assert again.rows.equals(kept_test.rows)
    assert again.leaks == kept_test.leaks, "as the store was"
    assert again.at(0.5).rows.equals(kept_test.at(0.5).rows)
    for row in leaked.values():
        told = straddling.view("lean").explain(row["clip_id"])
        other = next(leak for leak in kept_test.leaks if leak.clip_id == row["clip_id"])
        assert f"in split {other.other_split!r}, which keeps it (leakage='keep-test')" in told.sentence
        assert told.representative_path == kept_test.material.path_of[row["representative"]]


def test_a_view_without_the_other_splits_is_held_against_them(straddling: Store) -> None:
    of_train(straddling, "report").at(1.0).save(straddling, "all-train")
    config = PruneConfig(eps=0.3, min_cluster_size=5, min_samples=3, leakage="error")
    with pytest.raises(UsageError, match="has a duplicate in"):
        plan(straddling, config, view="all-train")


def test_where_every_split_is_pruned_the_next_nearest_counts(library: Callable[..., Store]) -> None:
    """Of dev, a clip; of test, its copy and a clip that is nearly one."""
    rows = np.eye(4, 16, dtype=np.float32)
    near = (rows[0] + 0.15 * rows[3]) / np.linalg.norm(rows[0] + 0.15 * rows[3])
    store = library(np.concatenate([rows[:1], rows[:1], near[None], rows[1:3]]), ["dev", "test", "test", "dev", "test"])
    source = plan(store, PruneConfig(split="all"))
    title = titles(store)
    number = [int(title[clip_id].split()[1]) for clip_id in source.material.clip_ids]
    leaks = Leaks(source.material, 0.98)
    assert [title[leak.other] for leak in leaks.found] == ["Tone 1"]
    without = np.array([at != 1 for at in number])
    assert [title[leak.other] for leak in leaks.kept(without)] == ["Tone 2"]
    assert leaks.kept(np.array([at not in (1, 2) for at in number])) == ()
    assert leaks.kept(np.array([at != 0 for at in number])) == ()
    with pytest.raises(UsageError, match="keep-test' has to know which split loses its copies"):
        plan(store, PruneConfig(split="all", leakage="keep-test"))
