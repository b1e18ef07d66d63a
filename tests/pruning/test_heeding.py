"""What people decided, from a plan to its saved view and back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.api import Store
from echodex.pruning.config import PruneConfig
from echodex.pruning.explain import explain
from echodex.pruning.heeding import heed
from echodex.pruning.plan import Plan, plan, plan_of, reopen
from echodex.pruning.sweep import sweep
from echodex.schemas.decision import Decided

Matrix = NDArray[np.float32]
Library = Callable[..., Store]


@pytest.fixture
def copies(library: Library, blobs: Callable[..., Matrix]) -> Store:
    """Two clusters of 12, and three copies of each of the first two clips."""
    rows = blobs(2, 12)
    return library(np.concatenate([rows, np.repeat(rows[:2], 3, axis=0)]))


def planned(store: Store, where: str | None = None, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{"min_cluster_size": 5, "min_samples": 3, **settings}), where=where)


def tone(store: Store, row: int) -> str:
    (found,) = store.clips(["clip_id"], where=f"title = 'Tone {row}'").column(0).to_pylist()
    return str(found)


def row_of(found: Plan, clip_id: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = found.rows.to_pylist()
    return next(row for row in rows if row["clip_id"] == clip_id)


def test_without_decisions_nothing_is_said_of_them(copies: Store) -> None:
    before = planned(copies)
    assert "decisions" not in before.recipe
    made = copies.decide("pin", tone(copies, 3))
    assert planned(copies).recipe["decisions"] == {"pin": [made.clip_id]}
    passed_over = planned(copies, decisions=False)
    assert passed_over.rows.equals(before.rows)
    assert "decisions" not in passed_over.recipe
    copies.undo_decision(made.decision_id)
    after = planned(copies)
    assert after.rows.equals(before.rows)
    assert after.recipe == before.recipe


def test_a_pinned_clip_is_kept_as_one_that_the_plan_pins(copies: Store) -> None:
    clips = [tone(copies, row) for row in (25, 7)]
    by_plan = planned(copies, pin=clips, keep=1)
    for clip in clips:
        copies.decide("pin", clip)
    found = planned(copies, keep=1)
    assert found.rows.equals(by_plan.rows)
    assert row_of(found, clips[0])["reason"] == "pinned"
    assert found.kept.sum() == 2
    found.save(copies, "lean")
    assert "it is pinned, and stays whatever the budget" in explain(copies, "lean", clips[0]).sentence
    elsewhere = planned(copies, where="title NOT IN ('Tone 25', 'Tone 7')")
    assert "decisions" not in elsewhere.recipe, "a clip that is not of the source is passed over"


def test_distinct_clips_do_not_collapse(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    before = planned(copies)
    (first,) = [clip for clip in group if row_of(before, clip)["reason"] != "duplicate"]
    others = [clip for clip in group if clip != first]
    copies.decide("distinct", first, others[0])
    found = planned(copies)
    assert row_of(found, others[0])["representative"] != first or row_of(found, others[0])["reason"] == "redundant"
    assert all(row_of(found, clip)["reason"] == "duplicate" for clip in others[1:])
    for clip in others[1:]:
        copies.decide("distinct", first, clip)
    for one, other in zip(others, others[1:] + others[:1], strict=True):
        copies.decide("distinct", one, other)
    apart = planned(copies, keep=1.0)
    assert [row_of(apart, clip)["reason"] for clip in group] == ["selected"] * 4
    assert sweep(before, [1.0])[0].duplicates_left == 6
    assert sweep(apart, [1.0])[0].duplicates_left == 3


def test_a_chosen_representative_stands_for_its_duplicates(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    for clip in group:
        made = copies.decide("representative", clip)
        found = planned(copies, keep=1.0)
        assert {row_of(found, other)["reason"] for other in group if other != clip} <= {"duplicate", "selected"}
        assert found.at(24).rows.num_rows == 30
        lean = found.at(24)
        assert {row_of(lean, other)["representative"] for other in group} == {clip}
        copies.undo_decision(made.decision_id)
    copies.decide("representative", group[1])
    copies.decide("pin", group[2])
    assert {row_of(planned(copies), clip)["representative"] for clip in group} == {group[2]}, "a pin comes first"


def test_a_saved_view_stays_what_it_was(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    made = [
        copies.decide("distinct", group[0], group[1]),
        copies.decide("pin", tone(copies, 9)),
        copies.decide("representative", group[2]),
    ]
    found = planned(copies)
    found.save(copies, "lean")
    told = {clip: explain(copies, "lean", clip).sentence for clip in group}
    before = sweep(found)
    for one in made:
        copies.undo_decision(one.decision_id)
    copies.decide("distinct", group[2], group[3])
    again = reopen(copies, "lean")
    assert again.rows.equals(found.rows)
    assert again.at(0.3).rows.equals(found.at(0.3).rows)
    assert again.config == found.config
    assert sweep(again) == before
    assert {clip: explain(copies, "lean", clip).sentence for clip in group} == told
    assert again.recipe["decisions"] == {
        "pin": [made[1].clip_id],
        "distinct": [sorted(group[:2])],
        "representative": [group[2]],
    }


def test_distinct_clips_leak_nothing_to_each_other(library: Library, blobs: Callable[..., Matrix]) -> None:
    rows = blobs(2, 8)
    store = library(np.concatenate([rows, rows[:2]]), ["train"] * 16 + ["test"] * 2)
    store.decide("distinct", tone(store, 0), tone(store, 16))
    for where in (None, "split = 'train'"):
        found = planned(store, where=where, leakage="keep-test")
        assert [leak.clip_id for leak in found.leaks] == [tone(store, 1)], "beyond the source, too"
        assert row_of(found, tone(store, 1))["reason"] == "leakage"
        assert len(found.recipe["decisions"]["distinct"]) == 1
    found.save(store, "lean")
    store.undo_decision("d1")
    assert reopen(store, "lean").leaks == found.leaks


def test_decisions_by_segments(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    for one, other in pairwise(group):
        copies.decide("distinct", one, other)
    copies.decide("representative", group[3])
    found = planned(copies, match="best-pair").at(1)
    assert row_of(found, group[0])["representative"] == group[3]
    assert row_of(found, group[2])["reason"] in ("selected", "redundant")


def test_of_two_representatives_the_last_that_was_chosen_counts(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    for clip in [*group, group[0]]:
        copies.decide("representative", clip)
        assert {row_of(planned(copies, keep=24), other)["representative"] for other in group} == {clip}
    copies.undo_decision(copies.decisions()[-1].decision_id)
    assert {row_of(planned(copies, keep=24), other)["representative"] for other in group} == {group[3]}


def test_the_order_of_other_decisions_does_not_matter(copies: Store) -> None:
    group = [tone(copies, row) for row in (0, 24, 25, 26)]
    asked = [("representative", group[3]), ("pin", tone(copies, 9)), ("distinct", group[1], group[2])]
    plans = []
    for order in permutations(asked):
        made = [copies.decide(*one) for one in order]
        plans.append(planned(copies))
        for one in made:
            copies.undo_decision(one.decision_id)
    assert all(one.rows.equals(plans[0].rows) for one in plans)
    assert all(one.recipe == plans[0].recipe for one in plans)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_decided_holds(data: st.DataObject, world: Plan) -> None:
    """On one material, of which any clips, and others that are not of it, are decided on."""
    clips = st.sampled_from([*world.material.clip_ids[::2], "nobody", "zzz"])
    pairs = st.tuples(clips, clips).filter(lambda pair: pair[0] < pair[1])
    said = Decided(
        tuple(sorted(data.draw(st.sets(clips, max_size=3)))),
        tuple(sorted(data.draw(st.sets(pairs, max_size=12)))),
        tuple(sorted(data.draw(st.sets(clips, max_size=3)))),
    )
    found = plan_of(heed(world.material, said), world.config, {})
    rows = {row["clip_id"]: row for row in found.rows.to_pylist()}
    assert all(rows[clip]["reason"] == "pinned" for clip in said.pinned if clip in rows)
    duplicates = {(clip, row["representative"]) for clip, row in rows.items() if row["reason"] == "duplicate"}
    assert not duplicates & {pair for one, other in said.distinct for pair in ((one, other), (other, one))}
    for clip in set(said.representatives) & rows.keys():
        if rows[clip]["reason"] == "duplicate":
            assert rows[clip]["representative"] in {*said.pinned, *said.representatives}
    counts = Decided(
        tuple(clip for clip in said.pinned if clip in rows),
        tuple(pair for pair in said.distinct if set(pair) <= rows.keys()),
        tuple(clip for clip in said.representatives if clip in rows),
    )
    assert found.recipe.get("decisions", {}) == counts.as_recipe()
    if not counts:
        assert found.rows.equals(world.rows)


@pytest.fixture
def world(copies: Store) -> Plan:
    return planned(copies)
