"""Where each value of a knob cuts, told at once, is where it cuts alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.pruning.selectors import facility, jsd
from echodex.pruning.selectors.base import Selector, Tunable
from echodex.pruning.selectors.registry import build, names

Matrix = NDArray[np.float32]
Blob = Callable[..., Matrix]

VALUES = np.array([0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.55, 0.8, 1.0])


def made(name: str, value: float | None = None) -> Selector:
    """Return a selector with both knobs at a value, or at their defaults."""
    return build(name, {} if value is None else {"eps": value, "t": value}, {})


def test_who_has_a_knob() -> None:
    knobs = {name: selector.knob for name in names() if isinstance(selector := made(name), Tunable)}
    assert {knobs[name] for name in ("facility", "kcenter", "semdedup")} == {"eps"}
    assert knobs["jsd"] == "t"
    assert not {"random", "medoid"} & knobs.keys()
    fork = build("kcenter", {}, {"compat": "k_medoids"})
    assert isinstance(fork, Tunable)
    assert fork.knob is None, "who is kept is another matter for each eps"


def held_against_each_alone(name: str, vectors: Matrix, weights: Matrix | None) -> None:
    selector = made(name)
    assert isinstance(selector, Tunable)
    found = selector.select_at(vectors, np.random.default_rng(0), weights, VALUES)
    alone = [made(name, value).select(vectors, np.random.default_rng(0), weights) for value in VALUES.tolist()]
    assert found.cuts is not None
    assert found.cuts.tolist() == [one.kept for one in alone]
    plain = selector.select(vectors, np.random.default_rng(0), weights)
    assert found.kept == plain.kept
    assert plain.cuts is None
    for one in (plain, *alone):
        assert found.order.tolist() == one.order.tolist()
        assert found.gains.tobytes() == one.gains.tobytes()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), m=st.integers(1, 60), copies=st.integers(0, 20), weighted=st.booleans())
@pytest.mark.parametrize("name", ["facility", "kcenter", "semdedup", "jsd"])
def test_at_once_as_alone(blob: Blob, name: str, seed: int, m: int, copies: int, weighted: bool) -> None:
    vectors = blob(m, seed=seed, copies=min(copies, m // 2), jitter=0.01 * (seed % 2))
    weights = np.random.default_rng(seed).uniform(1, 2, size=m).astype(np.float32) if weighted else None
    held_against_each_alone(name, vectors, weights)


@pytest.mark.parametrize(("name", "module"), [("facility", facility), ("jsd", jsd)])
@pytest.mark.parametrize("weighted", [False, True])
def test_of_large_clusters_too(
    blob: Blob, name: str, module: object, weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DENSE_ROWS", 100)
    vectors = blob(500, d=24, copies=80, jitter=0.02)
    weights = np.random.default_rng(1).choice([1.0, 1.5, 2.0], size=500).astype(np.float32) if weighted else None
    held_against_each_alone(name, vectors, weights)


def test_clips_that_are_all_alike(blob: Blob) -> None:
    for name in ("facility", "kcenter", "semdedup", "jsd"):
        held_against_each_alone(name, np.repeat(blob(1), 7, axis=0), None)
        held_against_each_alone(name, np.eye(5, 8, dtype=np.float32), None)


def test_the_value_of_the_selector_itself_does_not_matter(blob: Blob) -> None:
    vectors, chance = blob(50), np.random.default_rng(0)
    first = replace(facility.Facility(), eps=0.3).select_at(vectors, chance, None, VALUES).cuts
    other = replace(facility.Facility(), eps=0.0).select_at(vectors, chance, None, VALUES).cuts
    assert first is not None
    assert other is not None
    assert first.tolist() == other.tolist()
