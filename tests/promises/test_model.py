"""Whatever is done to a store, in whatever order: it holds what a Python set would, and its views what they held."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from harness.made import add_clips, add_vectors
from harness.promise import Promise
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from numpy.typing import NDArray

from echodex.api import Store

DIM, SPACE = 4, "made"
POOL = [f"clip-{number:02}" for number in range(24)]
clips = st.lists(st.sampled_from(POOL), min_size=1, max_size=8, unique=True)
names = st.sampled_from(["lean", "other"])


def vectors_of(clip_ids: Sequence[str]) -> NDArray[np.float32]:
    rows = [np.random.default_rng(POOL.index(clip_id)).standard_normal(DIM) for clip_id in clip_ids]
    return np.asarray(rows, dtype=np.float32).reshape(-1, DIM)


class Library(RuleBasedStateMachine):
    """A store, and beside it what it should hold: a set of clips, a dict of views, and the decisions by number."""

    tried = 0

    def __init__(self) -> None:
        super().__init__()
        Library.tried += 1
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store.open(self.folder / "library")
        self.held: set[str] = set()
        self.views: dict[tuple[str, int], list[str]] = {}
        self.highest: dict[str, int] = {}
        self.pins: dict[str, str] = {}

    @initialize()
    def begin(self) -> None:
        add_vectors(self.store, SPACE, [], np.empty((0, DIM), np.float32))

    @rule(asked=clips)
    def add(self, asked: list[str]) -> None:
        new = [clip_id for clip_id in asked if clip_id not in self.held]
        if new:
            add_clips(self.store, new)
            add_vectors(self.store, SPACE, new, vectors_of(new))
        self.held.update(new)

    @rule(asked=clips)
    def remove(self, asked: list[str]) -> None:
        doomed = [clip_id for clip_id in asked if clip_id in self.held]
        assert self.store.remove(doomed) == len(doomed)
        self.held.difference_update(doomed)

    @precondition(lambda self: self.held)
    @rule(name=names, seed=st.integers(0, 3))
    def prune(self, name: str, seed: int) -> None:
        view = self.store.prune("random", space=SPACE, duplicate_score=0, keep=0.5, noise="cluster", seed=seed).save(
            name
        )
        rows = view.rows().to_pylist()
        assert {row["clip_id"] for row in rows} == self.held
        number = self.highest[name] = self.highest.get(name, 0) + 1
        assert view.address == f"{name}@{number}", "a number is given once"
        self.views[name, number] = sorted(row["clip_id"] for row in rows if row["kept"])

    @precondition(lambda self: self.views)
    @rule(data=st.data())
    def delete_view(self, data: st.DataObject) -> None:
        name, number = data.draw(st.sampled_from(sorted(self.views)))
        self.store.delete_view(f"{name}@{number}")
        del self.views[name, number]

    @precondition(lambda self: self.views)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted({name for name, _ in self.views})))
        self.store.undo(name)
        del self.views[max(key for key in self.views if key[0] == name)]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        clip_id = data.draw(st.sampled_from(sorted(self.held)))
        made = self.store.decide("pin", clip_id)
        assert self.pins.setdefault(clip_id, made.decision_id) == made.decision_id, "what stands is not decided again"

    @precondition(lambda self: self.pins)
    @rule(data=st.data())
    def undo_decision(self, data: st.DataObject) -> None:
        clip_id = data.draw(st.sampled_from(sorted(self.pins)))
        assert self.store.undo_decision(self.pins.pop(clip_id)).clip_id == clip_id

    @rule(keep_days=st.sampled_from([None, 0.0]))
    def compact(self, keep_days: float | None) -> None:
        self.store.compact(keep_days=keep_days)

    @rule()
    def reopen(self) -> None:
        self.store = Store.open(self.folder / "library", create=False)

    @invariant()
    def holds_the_clips(self) -> None:
        assert self.store.clips(["clip_id"]).column(0).to_pylist() == sorted(self.held)
        assert self.store.tables.count("clips") == len(self.held)

    @invariant()
    def holds_their_vectors(self) -> None:
        found = self.store.vectors(SPACE, normalise=False)
        assert found.clip_ids == sorted(self.held)
        np.testing.assert_array_equal(found.matrix, vectors_of(found.clip_ids))

    @invariant()
    def views_are_what_was_saved(self) -> None:
        assert sorted((info.name, info.version) for info in self.store.views()) == sorted(self.views)
        for (name, number), kept in self.views.items():
            found = self.store.vectors(SPACE, view=f"{name}@{number}", normalise=False)
            assert (
                found.clip_ids == self.store.clips(["clip_id"], view=f"{name}@{number}").column(0).to_pylist() == kept
            )
            np.testing.assert_array_equal(found.matrix, vectors_of(kept))

    @invariant()
    def decisions_stand(self) -> None:
        assert {made.clip_id: made.decision_id for made in self.store.decisions()} == self.pins

    def teardown(self) -> None:
        try:
            assert not self.store.check(data=True).findings
        finally:
            shutil.rmtree(self.folder)


@pytest.mark.promise("P9")
def test_a_store_is_what_a_set_would_be(promise: Promise) -> None:
    Library.tried = 0
    run_state_machine_as_test(
        Library,
        settings=settings(
            max_examples=promise.size(4, 100),
            stateful_step_count=promise.size(12, 30),
            suppress_health_check=list(HealthCheck),
            derandomize=not promise.full,
            database=None,
        ),
    )
    promise.trials += Library.tried
