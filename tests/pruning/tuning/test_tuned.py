"""From a store to a plan that moves, and from there to a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.plan import Plan, plan, reopen
from echodex.pruning.selectors import registry
from echodex.pruning.selectors.base import Selection
from echodex.pruning.sweep import sweep
from echodex.pruning.tuning import Tuned, remaining, tune
from echodex.schemas.vector import Float32

Matrix = NDArray[np.float32]
KNOBS = {"facility": "eps", "kcenter": "eps", "semdedup": "eps", "jsd": "t"}
VALUES = (0.0, 0.05, 0.3, 1.0)


@pytest.fixture
def shelf(library: Callable[..., Store], blobs: Callable[..., Matrix]) -> Store:
    """46 clips of train, in three clusters and around, six of them copies; six of test, each with a copy in train."""
    rows = blobs(3, 12, noise=10)
    return library(np.concatenate([rows, rows[:6] + 1e-4, rows[10:16]]), ["train"] * 52 + ["test"] * 6)


def planned(store: Store, **settings: Any) -> Plan:
    return plan(store, PruneConfig(**{"min_cluster_size": 5, "min_samples": 3, **settings}))


def check(moved: Tuned, knob: str, value: float, fresh: Plan) -> None:
    """Hold a setting against the plan that was made anew with it."""
    found, setting = moved.plan(**{knob: value}), moved.at(**{knob: value})
    assert found.rows.equals(fresh.rows)
    assert found.recipe == fresh.recipe
    assert setting.kept.tolist() == fresh.rows.column("kept").to_pylist()
    numbers, summary = setting.numbers, fresh.summary()
    assert found.summary() == summary
    assert (numbers.knob, numbers.value) == (knob, value)
    assert (numbers.kept, numbers.clips) == (summary.kept, summary.clips)
    assert (numbers.pool_kept, numbers.pool) == (summary.pool_kept, summary.pool_clips)
    assert numbers.kept_share == summary.pool_kept / summary.pool_clips
    assert numbers.hours == pytest.approx(summary.hours_kept)
    assert numbers.coverage == pytest.approx(summary.coverage, abs=1e-6)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"noise": "cluster", "prefer": "labelled", "pin_where": "title in ('Tone 0', 'Tone 40', 'Tone 47')"},
        {"noise": "prune", "min_per_label": 14, "leakage": "keep-test"},
        {"selector": "jsd", "duplicate_score": 0.0},
    ],
)
def test_a_move_is_the_plan_made_anew(shelf: Store, more: dict[str, Any]) -> None:
    made = planned(shelf, **more)
    tuned, knob = tune(made), KNOBS[made.config.selector]
    assert tuned.knob == knob
    fresh = {value: planned(shelf, **more, **{knob: value}) for value in VALUES}
    for value in VALUES:
        check(tuned, knob, value, fresh[value])
    kept = [fresh[value].kept.sum() for value in VALUES]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > kept[-1]


def test_a_budget_is_a_point_of_the_sweep(shelf: Store) -> None:
    made = planned(shelf, duplicate_score=0.0, eps=0.2)
    tuned = tune(made)
    for point in sweep(made, [0.02, 0.1, 0.33, 0.6, 0.95, 1.0]):
        setting = tuned.at(keep=point.share)
        numbers = setting.numbers
        assert (numbers.knob, numbers.value) == ("keep", point.share)
        assert (numbers.pool_kept, numbers.kept_share) == (point.kept, point.kept_share)
        assert numbers.duplicates_left == point.duplicates_left
        assert numbers.coverage == pytest.approx(point.coverage, abs=1e-6)
        cut = made.at(point.share)
        assert setting.kept.tolist() == cut.rows.column("kept").to_pylist()
        assert tuned.plan(keep=point.share).rows.equals(cut.rows)
    assert tuned.at(keep=7).numbers.pool_kept == 7
    assert tuned.at(keep=1.0).numbers.duplicates_left == 6


def test_as_it_was_made(shelf: Store) -> None:
    for settings in ({"eps": 0.2}, {"keep": 0.4}, {"selector": "medoid"}, {"noise": "prune", "min_per_label": 5}):
        made = planned(shelf, **settings)
        setting = tune(made).at()
        assert setting.kept.tolist() == made.rows.column("kept").to_pylist()
        assert (setting.numbers.knob, setting.numbers.value) == (None, None)
        assert setting.numbers.coverage == pytest.approx(made.summary().coverage, abs=1e-6)
        assert tune(made).plan() is made


def test_a_value_takes_the_place_of_a_budget(shelf: Store) -> None:
    tuned = tune(planned(shelf, keep=5))
    check(tuned, "eps", 0.1, planned(shelf, eps=0.1))
    assert tuned.plan(eps=0.1).config.keep is None


def test_between_two_values_the_nearest_is_taken_and_told(shelf: Store) -> None:
    tuned = tune(planned(shelf, eps=0.0537))
    assert 0.0537 in tuned.values
    assert {0.0, 0.001, 0.05, 0.5, 1.0} <= set(tuned.values)
    assert tuned.at(eps=0.0537).numbers.value == 0.0537
    assert tuned.at(eps=0.0013).numbers.value == 0.001
    assert tuned.plan(eps=0.0013).recipe["config"]["eps"] == 0.001
    of_jsd = tune(planned(shelf, selector="jsd"))
    assert of_jsd.values == tuple(step / 100 for step in range(101))
    assert of_jsd.at(t=0.333).numbers.value == 0.33


def test_settings_that_are_none(shelf: Store) -> None:
    tuned = tune(planned(shelf))
    with pytest.raises(UsageError, match="keep and eps cannot be set at once"):
        tuned.at(keep=0.5, eps=0.1)
    with pytest.raises(UsageError, match="'facility' is not cut by t: it is cut by eps"):
        tuned.plan(t=0.1)
    for value in (-0.1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="eps is from 0 to 1"):
            tuned.at(eps=value)
    with pytest.raises(UsageError, match="keep is a share"):
        tuned.at(keep=1.5)
    with pytest.raises(UsageError, match="'medoid' is not cut by eps: give a budget with keep"):
        tune(planned(shelf, selector="medoid")).at(eps=0.1)


@pytest.fixture
def firsts() -> Iterator[None]:
    """A selector of one's own that knows nothing of knobs."""

    @registry.register("firsts")
    @dataclass(frozen=True)
    class Firsts:
        name: ClassVar[str]
        needs_keep: ClassVar[bool] = False
        eps: float = 0.5

        def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
            m = len(vectors)
            return Selection(np.arange(m), np.zeros(m, np.float32), max(1, round(m * self.eps)))

    yield
    del registry.SELECTORS.classes["firsts"]


@pytest.mark.usefixtures("firsts")
@pytest.mark.parametrize(
    "settings",
    [{"selector": "firsts"}, {"selector": "random", "keep": 0.5}, {"selector": "kcenter", "compat": "k_medoids"}],
)
def test_who_has_no_knob_is_cut_by_budgets(shelf: Store, settings: dict[str, Any]) -> None:
    made = planned(shelf, **settings)
    tuned = tune(made)
    assert (tuned.knob, tuned.values) == (None, ())
    assert tuned.at(keep=0.3).kept.tolist() == made.at(0.3).rows.column("kept").to_pylist()
    assert tuned.curve(10).values == ()
    assert len(tuned.curve(10).budgets) == 10


def test_a_view_moves_as_its_plan_did(shelf: Store) -> None:
    made = planned(shelf, noise="prune", leakage="keep-test", prefer="quality", pin_where="title = 'Tone 3'")
    made.save(shelf, "lean")
    tuned = tune(reopen(shelf, "lean"))
    for value in VALUES:
        check(tuned, "eps", value, planned(shelf, **_settings(made), eps=value))
    tuned.plan(eps=0.3).save(shelf, "leaner")
    assert shelf.view_rows(shelf.view("leaner")).num_rows == 58
    assert reopen(shelf, "leaner").config.eps == 0.3
    tuned.plan(keep=0.5).save(shelf, "half")
    by_budget = tune(reopen(shelf, "half"))
    assert by_budget.at(keep=0.2).kept.tolist() == made.at(0.2).rows.column("kept").to_pylist()


def _settings(made: Plan) -> dict[str, Any]:
    config = made.config
    return {name: getattr(config, name) for name in ("noise", "leakage", "prefer", "pin_where")}


def test_what_people_decided_holds_at_every_value(shelf: Store) -> None:
    """Tones 46 to 51 are copies of the first six."""
    clips = shelf.clips(["clip_id", "title"]).to_pylist()
    named = {row["title"]: row["clip_id"] for row in clips}
    shelf.decide("distinct", named["Tone 0"], named["Tone 46"])
    shelf.decide("representative", named["Tone 47"])
    shelf.decide("pin", named["Tone 30"])
    tuned = tune(planned(shelf))
    for value in VALUES:
        fresh = planned(shelf, eps=value)
        check(tuned, "eps", value, fresh)
        (point,) = sweep(fresh, [1.0])
        assert tuned.at(keep=1.0).numbers.duplicates_left == point.duplicates_left == 5
        assert tuned.at(eps=value).numbers.duplicates_left == 0


@pytest.mark.parametrize(("versions", "score"), [("keep", 0.98), ("one-per-work", 0.0)])
def test_works_in_a_view(shelf: Store, tmp_path: Path, versions: str, score: float) -> None:
    """Of a view of one per work nobody knows who is a copy, kept for its work: here none are looked for."""
    lines = [f"audio/{row:03}.wav,work {row % 9},take {row % 4}" for row in range(50)]
    (tmp_path / "works.csv").write_text("\n".join(["path,work,rendition", *lines]))
    shelf.add(labels=tmp_path / "works.csv")
    settings: dict[str, Any] = {"versions": versions, "duplicate_score": score}
    planned(shelf, **settings, eps=0.1).save(shelf, "works")
    tuned = tune(reopen(shelf, "works"))
    for value in VALUES:
        check(tuned, "eps", value, planned(shelf, **settings, eps=value))


def test_the_curve_is_made_of_settings(shelf: Store) -> None:
    tuned = tune(planned(shelf))
    curve = tuned.curve(12)
    assert [point.value for point in curve.budgets] == pytest.approx([place / 12 for place in range(1, 13)])
    assert all(point == tuned.at(keep=point.value).numbers for point in curve.budgets)
    assert all(point == tuned.at(eps=point.value).numbers for point in curve.values)
    values = [float(point.value or 0) for point in curve.values]
    assert (values[0], values[-1], len(values)) == (0.0, 1.0, 12)
    assert values == sorted(set(values))
    assert len(tuned.curve(500).values) == len(tuned.values)


def test_of_very_many_pairs_those_that_matter_are_looked_up(shelf: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(shelf, duplicate_score=0.0, selector="jsd")
    held = tune(made)
    monkeypatch.setattr(remaining, "MAX_HELD", 0)
    looked_up = tune(made)
    found = [tuned.at(t=t).numbers for tuned in (held, looked_up) for t in (0.0, 0.5, 1.0)]
    assert found[:3] == found[3:]
    assert found[0].duplicates_left > found[2].duplicates_left


def test_it_says_how_far_it_is(shelf: Store) -> None:
    said: list[tuple[str, int, int | None]] = []
    tune(planned(shelf), lambda *step: said.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in said)) == ["selecting", "duplicates", "coverage"]
    assert said[-1] == ("coverage", 52, 52)


def test_a_plan_is_as_it_was_after_it_was_moved(shelf: Store) -> None:
    made = planned(shelf)
    rank, recipe = made.choice.rank.copy(), dict(made.recipe)
    tuned = tune(made)
    tuned.at(eps=0.5).kept[:] = False
    tuned.plan(eps=0.9)
    assert (made.choice.rank == rank).all()
    assert made.recipe == recipe
    assert tuned.at(eps=0.5).kept.any(), "and a mask is the caller's own"
    check(tuned, "eps", 0.5, plan(shelf, replace(made.config, eps=0.5)))


def test_the_public_plan_is_tuned_and_saved(shelf: Store) -> None:
    made = shelf.prune(min_cluster_size=5, min_samples=3)
    said: list[str] = []
    tuned = made.tune(progress=lambda stage, *_: said.append(stage))
    assert said[-1] == "coverage"
    assert tuned.knob == "eps"
    assert 0.1 in tuned.values
    numbers = tuned.at(eps=0.1).numbers
    view = tuned.plan(eps=0.1).save("leaner")
    assert view.kept == numbers.kept
    assert view.hours_kept == pytest.approx(numbers.hours)
    anew = shelf.prune(min_cluster_size=5, min_samples=3, eps=0.1).save("anew")
    assert anew.content_hash == view.content_hash
    assert tuned.at(keep=0.3).kept.tolist() == made.at(0.3).rows.column("kept").to_pylist()
    assert tuned.plan(keep=0.3).rows.equals(made.at(0.3).rows)
    assert len(tuned.curve(5).budgets) == 5
    assert view.plan().tune().at().numbers.kept == view.kept
