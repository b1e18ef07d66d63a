from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.evaluation.cliques.protocol import CliquesConfig, clique_distances


def made(sizes: list[int], seed: int = 0, dim: int = 5) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Clips of works of these sizes, in a shuffled order."""
    random = np.random.default_rng(seed)
    works = np.repeat([f"W_{number}" for number in range(len(sizes))], sizes)
    order = random.permutation(len(works))
    return random.normal(size=(len(works), dim)).astype(np.float32), works[order]


def within(matrix: NDArray[np.float32], works: NDArray[np.str_], work: str) -> float:
    """As the study words it: over a work's performances, the mean of the mean distance to its others."""
    own = matrix[works == work].astype(np.float64)
    means = [np.mean([np.linalg.norm(a - b) for j, b in enumerate(own) if j != i]) for i, a in enumerate(own)]
    return float(np.mean(means))


def outside(matrix: NDArray[np.float32], works: NDArray[np.str_], work: str) -> float:
    own, others = (matrix[mask].astype(np.float64) for mask in (works == work, works != work))
    return float(np.mean([np.mean([np.linalg.norm(a - b) for b in others]) for a in own]))


def test_within_works_and_to_all_others() -> None:
    """A sample as large as all others falls on every work."""
    matrix, works = made([3, 2, 1, 13])
    found = clique_distances(matrix, works, CliquesConfig(samples=1000))
    assert found.works.tolist() == ["W_0", "W_1", "W_2", "W_3"]
    assert found.sizes.tolist() == [3, 2, 1, 13]
    for number, work in enumerate(found.works):
        if found.sizes[number] > 1:
            assert found.inside[number] == pytest.approx(within(matrix, works, work), rel=1e-6)
        assert found.outside[number] == pytest.approx(outside(matrix, works, work), rel=1e-6)
    assert np.isnan(found.inside).tolist() == [False, False, True, False]


def test_a_sample_falls_on_whole_works() -> None:
    """With one draw, the distance is the one to all clips of a single other work."""
    matrix, works = made([2, 3, 4])
    names = sorted(set(works))
    seen = set()
    for seed in range(12):
        found = clique_distances(matrix, works, CliquesConfig(samples=1, seed=seed))
        own = matrix[works == "W_0"].astype(np.float64)
        options = {
            other: np.mean([np.linalg.norm(a - b) for a in own for b in matrix[works == other].astype(np.float64)])
            for other in names[1:]
        }
        hit = min(options, key=lambda other: abs(options[other] - found.outside[0]))
        assert found.outside[0] == pytest.approx(options[hit], rel=1e-6)
        seen.add(hit)
    assert seen == {"W_1", "W_2"}


@examples(max_examples=25)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=12), st.integers(1, 8), st.integers(0, 3))
def test_no_work_is_compared_with_itself(sizes: list[int], samples: int, seed: int) -> None:
    """Works lie on lattice points a hundred apart, so that any clip of its own would pull the mean below that."""
    works = np.repeat([f"W_{number:02}" for number in range(len(sizes))], sizes)
    matrix = np.repeat(np.eye(len(sizes), dtype=np.float32) * 100, sizes, axis=0)
    found = clique_distances(matrix, works, CliquesConfig(samples=samples, seed=seed))
    np.testing.assert_allclose(found.outside, 100 * np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(found.inside[np.array(sizes) > 1], 0, atol=1e-9)


def test_seeds_repeat_and_differ() -> None:
    matrix, works = made([2] * 60)
    config = CliquesConfig(samples=5)
    one, again = (clique_distances(matrix, works, config) for _ in range(2))
    assert (one.outside == again.outside).all()
    other = clique_distances(matrix, works, CliquesConfig(samples=5, seed=1))
    assert (one.outside != other.outside).any()
    assert (one.inside == other.inside).all()


def test_one_work_has_no_others() -> None:
    matrix, works = made([4])
    with pytest.raises(UsageError, match="two works or more"):
        clique_distances(matrix, works, CliquesConfig())


@pytest.mark.parametrize("settings", [{"samples": 0}, {"bins": 1}, {"seed": -1}])
def test_settings_that_make_no_sense(settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least 1, bins 2"):
        CliquesConfig(**settings)
