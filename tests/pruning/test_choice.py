from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.pruning.choice import Choice, choose
from echodex.pruning.config import PruneConfig

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]


def chosen(matrix: Matrix, **given: object) -> Choice:
    settings: dict[str, object] = {"min_cluster_size": 5, "min_samples": 3, **given}
    return choose(matrix, np.zeros(len(matrix), np.int64), PruneConfig(**settings))  # type: ignore[arg-type]


def with_copies(matrix: Matrix, copies: int) -> Matrix:
    return np.concatenate([matrix, matrix[:copies]])


def test_duplicates_collapse_first_and_rank_last(blobs: Blobs) -> None:
    matrix = with_copies(blobs(4, 20, noise=10), 6)
    choice = chosen(matrix)
    assert choice.duplicate_of.tolist() == [*range(90), *range(6)]
    assert sorted(choice.rank.tolist()) == list(range(96))
    assert set(choice.rank[90:].tolist()) == set(range(90, 96))
    assert (choice.labels[90:] == choice.labels[:6]).all()
    assert not choice.selected[90:].any()
    assert np.isnan(choice.gains[90:]).all()


def test_duplicate_score_zero_collapses_nothing(blobs: Blobs) -> None:
    matrix = with_copies(blobs(4, 20), 6)
    assert not chosen(matrix, duplicate_score=0.0).is_duplicate.any()


def test_the_better_original_represents(blobs: Blobs) -> None:
    matrix = with_copies(blobs(4, 20), 6)
    prefer = np.ones(86, dtype=np.int64)
    prefer[81] = 0
    choice = choose(matrix, prefer, PruneConfig(min_cluster_size=5))
    assert choice.duplicate_of[[0, 1, 80, 81]].tolist() == [0, 81, 0, 81]


def test_the_noise_policies(blobs: Blobs) -> None:
    matrix = blobs(4, 20, noise=20)
    keep, prune, as_cluster = (chosen(matrix, noise=noise, eps=0.5) for noise in ("keep", "prune", "cluster"))
    noise = keep.labels == -1
    assert 10 < noise.sum() < 30
    assert keep.selected[noise].all()
    assert not prune.selected[noise].any()
    assert 0 < as_cluster.selected[noise].sum() < noise.sum()
    assert np.array_equal(keep.selected[~noise], prune.selected[~noise])
    assert np.isnan(keep.gains[noise]).all()
    assert not np.isnan(as_cluster.gains).any()
    left = ~prune.selected
    assert prune.rank[noise].min() > prune.rank[left & ~noise].max(), "pruned noise comes back last"


def test_kept_clips_have_the_first_ranks_and_every_cluster_its_share_of_a_budget(blobs: Blobs) -> None:
    matrix = blobs(2, 40, noise=20, seed=1)
    choice = chosen(matrix, eps=0.3)
    kept = int(choice.selected.sum())
    assert set(choice.rank[choice.selected].tolist()) == set(range(kept))
    random = chosen(matrix, selector="random", keep=0.5)
    for label in (-1, 0, 1):
        share = (random.rank[random.labels == label] < 50).mean()
        assert share == pytest.approx(0.5, abs=0.06)


def test_random_is_decided_by_the_seed(blobs: Blobs) -> None:
    matrix = blobs(3, 20)
    first, again, other = (chosen(matrix, selector="random", keep=0.5, seed=seed).rank.tolist() for seed in (1, 1, 2))
    assert first == again != other


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), copies=st.integers(0, 15), eps=st.sampled_from([0.0, 0.02, 0.2, 0.6]))
def test_a_copy_is_never_kept_beside_its_original(blobs: Blobs, seed: int, copies: int, eps: float) -> None:
    matrix = with_copies(blobs(3, 12, noise=8, seed=seed), copies)
    choice = chosen(matrix, eps=eps)
    assert not (choice.selected[:copies] & choice.selected[44:]).any()
    everything = chosen(matrix, eps=0.0, duplicate_score=1.0, noise="cluster")
    assert everything.selected.tolist() == [True] * 44 + [False] * copies, "eps = 0 keeps every distinct clip"


@pytest.mark.parametrize("n", [1, 2, 4])
def test_tiny_sources(n: int) -> None:
    choice = chosen(np.eye(n, 8, dtype=np.float32))
    assert choice.selected.all()
    assert sorted(choice.rank.tolist()) == list(range(n))


def test_identical_clips_leave_one() -> None:
    choice = chosen(np.repeat(np.eye(1, 8, dtype=np.float32), 30, axis=0))
    assert choice.selected.sum() == 1


def test_it_says_how_far_it_is(blobs: Blobs) -> None:
    said: list[tuple[str, int, int | None]] = []
    matrix = blobs(4, 20)
    prefer = np.zeros(len(matrix), np.int64)
    choose(matrix, prefer, PruneConfig(min_cluster_size=5), progress=lambda *step: said.append(step))
    stages = list(dict.fromkeys(stage for stage, _, _ in said))
    assert (stages[0], stages[-1]) == ("duplicates", "selecting")
    clusters = [step for step in said if step[0] == "selecting"]
    assert clusters == [("selecting", done, len(clusters)) for done in range(1, len(clusters) + 1)]
    assert len(clusters) >= 4
