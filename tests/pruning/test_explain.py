from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.explain import Explanation, explain
from echodex.pruning.plan import Plan, plan

Matrix = NDArray[np.float32]
SMALL: dict[str, Any] = {"min_cluster_size": 5, "min_samples": 3}


@pytest.fixture
def lean(library: Callable[..., Store], blobs: Callable[..., Matrix]) -> Store:
    rows = blobs(3, 12, noise=8)
    store = library(np.concatenate([rows, rows[:6]]), ["train"] * 44 + ["test"] * 6)
    plan(store, PruneConfig(eps=0.5, noise="prune", **SMALL)).save(store, "lean")
    plan(store, PruneConfig(eps=0.5, split="test", **SMALL)).save(store, "test-only")
    return store


def by_reason(store: Store, view: str = "lean") -> dict[str, Explanation]:
    rows = store.view_rows(store.view(view)).to_pylist()
    return {row["reason"]: explain(store, view, row["clip_id"]) for row in rows}


def test_every_reason_has_its_sentence(lean: Store) -> None:
    found = by_reason(lean)
    assert set(found) == {"selected", "redundant", "noise", "other-split"}
    for reason, pattern in {
        "selected": "is in lean@1: the selector chose it in cluster ",
        "redundant": "is not in lean@1: in cluster ",
        "noise": "is not in lean@1: it is in no cluster, and noise is pruned; the nearest kept clip is ",
        "other-split": "is in lean@1: it is not of the split that was pruned.",
    }.items():
        assert pattern in found[reason].sentence
    redundant = found["redundant"]
    assert f"it is covered by {redundant.representative_path} (cosine {redundant.similarity:.3f})" in redundant.sentence
    assert redundant.rank is not None
    chosen = found["selected"]
    assert chosen.rank is not None
    assert f" for a gain of {chosen.gain:.2g}, at place {chosen.rank + 1} of 44" in chosen.sentence
    share = (redundant.rank + 1) / 44
    assert (redundant.budget, redundant.budget_share) == (redundant.rank + 1, share)
    assert (
        f"come back at a budget of {redundant.rank + 1} of 44 clips ({share:.1%}), for a gain of" in redundant.sentence
    )
    assert found["noise"].gain is None


def test_a_duplicate_names_its_original_and_what_became_of_that(
    library: Callable[..., Store], blobs: Callable[..., Matrix]
) -> None:
    rows = blobs(2, 14)
    store = library(np.concatenate([rows, rows]))
    plan(store, PruneConfig(eps=0.6, **SMALL)).save(store, "lean")
    found = [explain(store, "lean", row["clip_id"]) for row in store.view_rows(store.view("lean")).to_pylist()]
    duplicates = [one for one in found if one.reason == "duplicate"]
    assert len(duplicates) == 28
    assert all("it is a duplicate of " in one.sentence and "(cosine 1.000)" in one.sentence for one in duplicates)
    assert any("which is itself redundant" in one.sentence for one in duplicates)
    assert sum(one.stands_for for one in found) == sum(not one.kept for one in found)


def test_a_pinned_clip_and_one_that_its_label_needs(lean: Store) -> None:
    pinned = lean.clips(["clip_id"], view="lean", where="split = 'train'").column(0)[0].as_py()
    config = PruneConfig(eps=1.0, noise="prune", pin=(pinned,), min_per_label=9, **SMALL)
    plan(lean, config).save(lean, "pins")
    found = by_reason(lean, "pins")
    assert found["pinned"].clip_id == pinned
    assert ": it is pinned, and stays whatever the budget" in found["pinned"].sentence
    assert (found["pinned"].rank, found["pinned"].budget) == (0, 1)
    label = found["label"]
    assert ": a label of its keeps 9 clips whatever the budget, of which it is one" in label.sentence
    assert label.budget == 1, "what is required is kept at any budget"


def test_at_a_budget_the_label_is_why_and_not_the_budget(lean: Store) -> None:
    found = plan(lean, PruneConfig(eps=0.5, keep=1, min_per_label=4, **SMALL))
    found.save(lean, "rare")
    told = [explain(lean, "rare", clip_id) for clip_id in found.material.clip_ids]
    kept = [one for one in told if one.kept and one.reason != "other-split"]
    assert len(kept) == 8
    assert {one.reason for one in kept} == {"label"}
    assert all(": a label of its keeps 4 clips whatever the budget" in one.sentence for one in kept)
    beyond = found.at(20)
    beyond.save(lean, "rare")
    assert beyond.summary().reasons["label"] == 8
    assert beyond.summary().reasons["selected"] + beyond.summary().reasons.get("noise", 0) >= 12


def test_noise_that_only_the_budget_keeps(lean: Store) -> None:
    found = plan(lean, PruneConfig(eps=0.5, noise="prune", keep=42, **SMALL))
    found.save(lean, "most")
    told = [explain(lean, "most", clip_id) for clip_id in found.material.clip_ids]
    noise = [one for one in told if one.reason == "noise"]
    assert {one.kept for one in noise} == {True, False}
    for one in noise:
        if one.kept:
            assert one.rank is not None
            place = f"the budget reaches it among those in no cluster, at place {one.rank + 1} of 44."
            assert one.sentence.endswith(f"is in most@1: {place}")
        else:
            assert ": it is in no cluster, and the budget does not reach it; the nearest kept clip is " in one.sentence


def test_a_leaked_clip_names_the_copy_and_its_split(lean: Store) -> None:
    plan(lean, PruneConfig(eps=0.5, leakage="keep-test", **SMALL)).save(lean, "clean")
    found = by_reason(lean, "clean")["leakage"]
    assert found.sentence == (
        f"{found.path} is not in clean@1: it is a duplicate of {found.representative_path} (cosine 1.000) in split "
        "'test', which keeps it (leakage='keep-test')."
    )
    assert (found.rank, found.budget, found.gain) == (None, None, None), "no budget brings it back"


def test_a_budget_that_does_not_reach(lean: Store) -> None:
    rows = plan(lean, PruneConfig(eps=0.5, keep=3, **SMALL))
    rows.save(lean, "three")
    found = [explain(lean, "three", clip_id) for clip_id in rows.material.clip_ids]
    kept = [one for one in found if one.kept and one.reason == "selected"]
    assert all(f": the budget reaches it in cluster {one.cluster} for a gain of" in one.sentence for one in kept)
    assert all("of 44" in one.sentence for one in kept)
    noise = next(one for one in found if one.reason == "noise" and not one.kept)
    assert ": it is in no cluster, and the budget does not reach it; the nearest kept clip is " in noise.sentence
    assert f"come back at a budget of {noise.budget} of 44 clips" in noise.sentence
    assert noise.budget is not None
    assert explain_at(lean, rows.at(noise.budget), noise.clip_id).kept
    assert not explain_at(lean, rows.at(noise.budget - 1), noise.clip_id).kept


def explain_at(store: Store, cut: Plan, clip_id: str) -> Explanation:
    info = cut.save(store, "cut")
    return explain(store, f"cut@{info.version}", clip_id)


def test_a_cluster_of_which_nothing_is_kept(lean: Store) -> None:
    rows = plan(lean, PruneConfig(eps=0.5, keep=1, **SMALL))
    rows.save(lean, "one")
    found = [explain(lean, "one", clip_id) for clip_id in rows.material.clip_ids]
    kept = next(one for one in found if one.kept and one.reason != "other-split")
    lost = [one for one in found if one.reason == "redundant" and one.cluster != kept.cluster]
    assert lost
    for one in lost:
        assert f": nothing of its cluster, {one.cluster}, is kept; the nearest kept clip is {kept.path}" in one.sentence


def test_noise_as_one_more_cluster(lean: Store) -> None:
    plan(lean, PruneConfig(eps=0.9, noise="cluster", **SMALL)).save(lean, "noisy")
    rows = lean.view_rows(lean.view("noisy")).to_pylist()
    noise = [explain(lean, "noisy", row["clip_id"]) for row in rows if row["cluster"] == -1]
    assert {one.reason for one in noise} == {"selected", "redundant"}
    for one in noise:
        if one.kept:
            assert ": the selector chose it among those in no cluster for a gain of" in one.sentence
        else:
            near = f"the nearest kept clip is {one.representative_path}"
            assert f": it is in no cluster, and the selector chose others of those; {near}" in one.sentence


def test_by_path_and_by_id_are_the_same(lean: Store) -> None:
    one = by_reason(lean)["redundant"]
    assert explain(lean, "lean@1", one.path) == explain(lean, "lean", Path(one.path)) == one
    Path(one.path).unlink()
    assert explain(lean, "lean", one.path) == one, "the file need not be there"


def test_a_clip_without_a_vector(lean: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    late = make_wav("late.wav", seed=900)
    (tmp_path / "late.csv").write_text("path,split\naudio/late.wav,train\n")
    lean.add(labels=tmp_path / "late.csv")
    with pytest.raises(NotFound, match="was not among the clips that view lean@1 was made from"):
        explain(lean, "lean", late)
    plan(lean, PruneConfig(**SMALL)).save(lean, "lean")
    found = explain(lean, "lean", late)
    assert (found.view, found.kept, found.rank, found.representative) == ("lean@2", False, None, None)
    assert found.sentence.endswith("it had no vector, so that nobody could tell whether it is redundant.")


def test_what_cannot_be_explained(lean: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="view 'fat' does not exist"):
        explain(lean, "fat", "x")
    for unknown in ("x", Path("x"), "a\0b"):
        with pytest.raises(NotFound, match="neither a usable clip"):
            explain(lean, "lean", unknown)
    make_wav("two.wav", seconds=2.0)
    (tmp_path / "two.csv").write_text("path,offset_s,duration_s\naudio/two.wav,0,1\naudio/two.wav,1,1\n")
    lean.add(labels=tmp_path / "two.csv")
    with pytest.raises(UsageError, match="holds 2 clips; name one by its id"):
        explain(lean, "lean", tmp_path / "audio" / "two.wav")
