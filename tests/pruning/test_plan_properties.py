"""What holds of every plan, whatever the clips: on made-up ones with copies, noise, tiny clusters, labels and pins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.pruning.choice import Choice, choose
from echodex.pruning.config import PruneConfig
from echodex.pruning.labels import LabelPairs
from echodex.pruning.selectors.registry import names
from echodex.pruning.wishes import Wishes

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Clips in a random order. matrix: float32[n, d]; copy_of: int64[n], the row that a row is a copy of, else itself;
    prefer, wishes: as `choose` takes them.
    """

    matrix: Matrix
    copy_of: Rows
    prefer: Rows
    wishes: Wishes

    def __len__(self) -> int:
        return len(self.matrix)

    def choose(self, **given: Any) -> Choice:
        config = PruneConfig(**{"min_cluster_size": 4, "min_samples": 2, **given})
        return choose(self.matrix, self.prefer, config, self.wishes)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to four clusters of 1 to 12 clips, scattered ones, and copies; at least one clip in all."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    sizes = draw(st.lists(st.integers(1, 12), max_size=4))
    scattered, copies = draw(st.integers(0 if sizes else 1, 10)), draw(st.integers(0, 8))
    centres = np.repeat(4 * random.normal(size=(len(sizes), 12)), sizes, axis=0)
    rows = np.concatenate([centres + random.normal(size=centres.shape), 4 * random.normal(size=(scattered, 12))])
    origins = np.append(np.arange(len(rows)), random.integers(len(rows), size=copies))
    origins = origins[random.permutation(len(origins))]
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)[origins]
    first = np.array([np.argmax(origins == origin) for origin in origins])
    n, pairs = len(matrix), draw(st.integers(0, 30))
    named = np.unique(np.stack([random.integers(n, size=pairs), random.integers(4, size=pairs)], axis=1), axis=0)
    wishes = Wishes(
        weights=draw(st.sampled_from([None, random.choice([1.0, 1.5, 2.0], size=n).astype(np.float32)])),
        pinned=random.random(n) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        labels=LabelPairs(named[:, 0], named[:, 1], tuple("abcd")),
    )
    return World(matrix, first, random.integers(3, size=n), wishes)


plans = st.fixed_dictionaries(
    {
        "selector": st.sampled_from(names()),
        "keep": st.sampled_from([0.3, 5, 1.0]),
        "noise": st.sampled_from(["keep", "prune", "cluster"]),
        "duplicate_score": st.sampled_from([0.0, 0.9, 0.98, 1.0]),
        "eps": st.sampled_from([0.0, 0.05, 0.5]),
        "t": st.sampled_from([0.0, 0.3, 1.0]),
        "min_per_label": st.sampled_from([0, 1, 3]),
        "method": st.sampled_from(["eom", "leaf"]),
        "allow_single_cluster": st.booleans(),
        "seed": st.integers(0, 3),
    }
)

thorough = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(world=worlds(), plan=plans)
def test_a_choice_makes_sense(world: World, plan: dict[str, Any]) -> None:
    choice = world.choose(**plan)
    n, pinned, labels = len(world), world.wishes.pinned, world.wishes.labels
    assert sorted(choice.rank.tolist()) == list(range(n))
    assert choice.selected[choice.rank < choice.required].all(), "what is required is kept, and ranks first"
    assert set(choice.rank[pinned].tolist()) == set(range(pinned.sum())), "pins come first"
    assert pinned.sum() <= choice.required
    kept = int(choice.selected.sum())
    if plan["noise"] != "prune":
        assert kept
    assert set(choice.rank[choice.selected].tolist()) == set(range(kept)), "the first ranks are those that are kept"
    copies = choice.is_duplicate
    assert not (copies & pinned).any()
    assert (choice.duplicate_of[choice.duplicate_of] == choice.duplicate_of).all(), "a star, never a chain"
    assert (choice.labels == choice.labels[choice.duplicate_of]).all()
    cosines = np.einsum("ij,ij->i", world.matrix, world.matrix[choice.duplicate_of])
    assert choice.scores == pytest.approx(cosines, abs=1e-5)
    assert (cosines[copies] >= plan["duplicate_score"] - 1e-5).all()
    if plan["duplicate_score"]:
        near = world.matrix[~copies] @ world.matrix[~copies & ~pinned].T >= plan["duplicate_score"] + 1e-5
        assert near.sum() <= (~copies & ~pinned).sum(), "what is left is near none but itself, unless both are pinned"
    for code in range(4):
        having = labels.rows[labels.codes == code]
        assert choice.selected[having].sum() >= min(plan["min_per_label"], len(having))
        assert (choice.rank[having] < choice.required).sum() >= min(plan["min_per_label"], len(having))
        groups = choice.duplicate_of[having]
        kept = len(np.unique(groups[choice.selected[having]]))
        assert kept >= min(plan["min_per_label"], len(np.unique(groups))), "copies count last"


@thorough
@given(world=worlds(), noise=st.sampled_from(["keep", "cluster"]), score=st.sampled_from([0.0, 1.0]))
def test_eps_zero_keeps_every_distinct_clip(world: World, noise: str, score: float) -> None:
    choice = world.choose(eps=0.0, noise=noise, duplicate_score=score)
    assert set(world.copy_of[choice.selected].tolist()) == set(world.copy_of.tolist())
    if noise == "cluster" and not world.wishes.pinned.any():
        assert choice.selected.sum() == len(np.unique(world.copy_of)), "and no copy"


@pytest.mark.slow
@thorough
@given(
    world=worlds(), selector=st.sampled_from(["facility", "kcenter", "semdedup"]), noise=plans.map(lambda p: p["noise"])
)
def test_a_smaller_eps_keeps_the_clips_of_a_larger_and_maybe_more(world: World, selector: str, noise: str) -> None:
    before = np.ones(len(world), dtype=np.bool_)
    for eps in (0.0, 0.01, 0.1, 0.4, 1.0):
        kept = world.choose(selector=selector, eps=eps, noise=noise).selected
        assert before[kept].all()
        before = kept


@pytest.mark.slow
@thorough
@given(world=worlds())
def test_a_larger_t_keeps_no_more(world: World) -> None:
    kept = [int(world.choose(selector="jsd", t=t).selected.sum()) for t in (0.0, 0.2, 0.5, 0.9, 1.0)]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.slow
@thorough
@given(world=worlds(), plan=plans)
def test_noise_policies_change_the_fate_of_noise_alone(world: World, plan: dict[str, Any]) -> None:
    keep, prune, as_cluster = (world.choose(**{**plan, "noise": noise}) for noise in ("keep", "prune", "cluster"))
    noise = keep.labels == -1
    alone = noise & ~keep.is_duplicate & ~keep.for_label & ~prune.for_label
    assert keep.selected[noise & ~keep.is_duplicate].all()
    assert not (prune.selected & alone & ~world.wishes.pinned).any()
    required = [choice.rank < choice.required for choice in (keep, prune, as_cluster)]
    free = ~noise & ~np.any(required, axis=0)
    for other in (prune, as_cluster):
        assert (other.labels == keep.labels).all()
        assert (other.selected[free] == keep.selected[free]).all()


@thorough
@given(n=st.integers(1, 30), plan=plans)
def test_clips_that_are_all_the_same(n: int, plan: dict[str, Any]) -> None:
    none = np.zeros(0, np.int64)
    wishes = Wishes(None, np.zeros(n, np.bool_), LabelPairs(none, none, ()))
    world = World(np.tile(np.eye(1, 6, dtype=np.float32), (n, 1)), np.zeros(n, np.int64), np.zeros(n, np.int64), wishes)
    choice = world.choose(**plan)
    assert sorted(choice.rank.tolist()) == list(range(n))
    if plan["duplicate_score"]:
        assert choice.is_duplicate.sum() == n - 1
        assert choice.rank[0] == 0
