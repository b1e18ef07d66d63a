"""A plan that was moved is the plan made anew: on made-up clips of all kinds, with every policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.material import Material, arrange
from echodex.pruning.plan import Plan, plan_of
from echodex.pruning.tuning import Numbers, tune
from echodex.pruning.versions import NO_WORK, Performances
from echodex.schemas.vector import Space, Vectors

KNOBS = {"facility": "eps", "kcenter": "eps", "semdedup": "eps", "jsd": "t"}
SOURCE = {"view": "all", "where": None}


@st.composite
def materials(draw: st.DrawFn) -> Material:
    """Clips in some clusters and around, with copies, labels, works, pins and splits; some without a vector."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    n = draw(st.integers(2, 60))
    centres = 4 * random.normal(size=(3, 12))
    rows = centres[random.integers(3, size=n)] + random.normal(size=(n, 12)) * draw(st.sampled_from([0.3, 1.0, 3.0]))
    rows = rows[np.maximum(np.arange(n) - random.integers(0, 2, size=n) * random.integers(0, n, size=n), 0)]
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    clip_ids = [f"clip{row:03}" for row in range(n)]
    split = random.choice(["train", "test"], size=n, p=[0.8, 0.2])
    split[0] = "train"
    seconds = random.integers(1, 9, size=n).astype(np.float64)
    table = pa.table(
        {
            "clip_id": clip_ids,
            "split": split.tolist(),
            "duration_s": seconds,
            "uris": [[f"/{name}.wav"] for name in clip_ids],
            "labels": [sorted(set(random.choice(list("abcd"), size=2).tolist())) for _ in range(n)],
            "decoded_s": seconds,
            "codec": ["flac"] * n,
            "sample_rate_hz": pa.array(random.choice([22050, 44100], size=n), pa.int32()),
            "channels": pa.array([1] * n, pa.int32()),
        }
    )
    space = Space("made", "import", "digest", {}, 12, "2026-01-01")
    with_vector = [0, *(1 + np.flatnonzero(random.random(n - 1) < 0.95)).tolist()]
    vectors = Vectors([clip_ids[row] for row in with_vector], matrix[with_vector], space, version=1)
    work = random.integers(NO_WORK, draw(st.sampled_from([1, 4, 12])), size=n)
    work[0] = 0
    performance = np.where(work == NO_WORK, 1000 + np.arange(n), 10 * work + random.integers(0, 4, size=n))
    pinned = random.random(n) < draw(st.sampled_from([0.0, 0.2]))
    found = arrange(table, vectors, draw(st.sampled_from(["train", None])))
    return replace(found, pinned=pinned & found.has_vector, performances=Performances(work, performance))


plans = st.fixed_dictionaries(
    {
        "selector": st.sampled_from(sorted(KNOBS)),
        "noise": st.sampled_from(["keep", "prune", "cluster"]),
        "duplicate_score": st.sampled_from([0.0, 0.9, 0.98]),
        "prefer": st.sampled_from([None, "longer", "quality"]),
        "versions": st.sampled_from([None, "keep", "one-per-work"]),
        "min_per_label": st.sampled_from([0, 3]),
        "keep": st.sampled_from([None, 0.4]),
        "algorithm": st.sampled_from(["hdbscan", "kmeans"]),
    }
)


def numbers_by_hand(plan: Plan) -> dict[str, Any]:
    """Return what a plan keeps, covers and leaves, from its rows and vectors alone, pair by pair."""
    material, everything = plan.material, plan.rows.column("kept").to_numpy()
    pool, rank, matrix = material.pool, plan.choice.rank, material.pooled.astype(np.float64)
    kept, cosines = everything[pool], matrix @ matrix.T
    near = cosines >= (plan.config.duplicate_score or 0.98) - 1e-6
    if plan.config.versions == "keep" and material.performances is not None:
        work, performance = material.performances.work[pool], material.performances.performance[pool]
        near &= ~((work[:, None] == work) & (work[:, None] != NO_WORK) & (performance[:, None] != performance))
    late = (near & kept & (rank < rank[:, None])).any(axis=1)
    alone = cosines.mean(axis=0).max()
    best = cosines[:, kept].max(axis=1).mean() if kept.any() else 0.0
    covered = (best - alone) / (1 - alone) if 1 - alone > 1e-6 else 1.0
    return {
        "kept": everything.sum(),
        "clips": len(material),
        "pool_kept": kept.sum(),
        "pool": len(pool),
        "kept_share": kept.mean(),
        "hours": pytest.approx(material.seconds[everything].sum() / 3600),
        "coverage": pytest.approx(covered if kept.any() else 0.0, abs=1e-4),
        "duplicates_left": (late & kept).sum(),
    }


def told(numbers: Numbers, by_hand: dict[str, Any]) -> dict[str, Any]:
    return {key: getattr(numbers, key) for key in by_hand}


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(material=materials(), settings=plans, value=st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0]))
def test_a_plan_that_was_moved_is_the_plan_made_anew(
    material: Material, settings: dict[str, Any], value: float
) -> None:
    leakage = "report" if material.split is None or settings["duplicate_score"] == 0 else "keep-test"
    of_hdbscan = settings["algorithm"] == "hdbscan"
    small: dict[str, Any] = {"min_cluster_size": 4, "min_samples": 2} if of_hdbscan else {"clusters": 1}
    config = PruneConfig(leakage=leakage, **small, **settings)
    set_to: dict[str, Any] = {KNOBS[config.selector]: value}
    try:
        tuned = tune(plan_of(material, config, SOURCE))
    except UsageError:  # every clip has a copy in another split
        reject()
    fresh = plan_of(material, replace(config, keep=None, **set_to), SOURCE)
    moved, setting = tuned.plan(**set_to), tuned.at(**set_to)
    assert moved.rows.equals(fresh.rows)
    assert moved.recipe == fresh.recipe
    assert moved.config == fresh.config
    assert setting.kept.tolist() == fresh.rows.column("kept").to_pylist()
    by_hand = numbers_by_hand(fresh)
    assert told(setting.numbers, by_hand) == by_hand
    by_hand = numbers_by_hand(cut := tuned.plan(keep=0.5))
    assert told(tuned.at(keep=0.5).numbers, by_hand) == by_hand
    assert cut.rows.equals(plan_of(material, replace(config, keep=0.5), SOURCE).rows)
