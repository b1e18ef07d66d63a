from __future__ import annotations

import numpy as np
import pytest
import torch

from echodex.indexing.metric import Metric
from echodex.indexing.segment_sets.distances import likeness, metric_of, pad, segment_distances
from echodex.schemas.vector import Space


def sets(count: int, segments: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(count, segments, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_published_distance_is_a_mean_of_squares() -> None:
    queries, others = sets(2, 3, 5, 0), sets(4, 6, 5, 1)
    found = segment_distances(queries, others)
    expected = ((queries[:, None, :, None] - others[None, :, None]).numpy() ** 2).mean(axis=-1)
    assert found.shape == (2, 4, 3, 6)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_equal_segments_are_never_less_than_nothing_apart() -> None:
    one = 1000 * sets(1, 40, 8, 2).float()
    assert segment_distances(one, one).min() >= 0


def test_the_cosine_is_of_unit_rows() -> None:
    queries, others = sets(2, 3, 5, 0), sets(4, 6, 5, 1)
    queries, others = (x / torch.linalg.vector_norm(x, dim=2, keepdim=True) for x in (queries, others))
    found = segment_distances(queries, others, Metric.COSINE)
    expected = 1 - np.einsum("bqd,ncd->bnqc", queries.numpy(), others.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_loss_can_follow_it() -> None:
    queries, others = sets(1, 2, 3, 0).requires_grad_(True), sets(2, 2, 3, 1)
    assert torch.autograd.gradcheck(segment_distances, (queries, others))


def test_spaces_are_compared_as_their_encoders_were_trained() -> None:
    assert metric_of(Space("a", "versions", "d", {}, 8, "")) is Metric.L2
    assert metric_of(Space("versions", "chroma", "d", {}, 8, "")) is Metric.COSINE


@pytest.mark.parametrize(
    ("distance", "metric", "score"),
    [(0.25, Metric.COSINE, 0.75), (2.0000002, Metric.COSINE, -1), (-1e-7, Metric.COSINE, 1), (3.5, Metric.L2, -3.5)],
)
def test_nearer_is_a_higher_score(distance: float, metric: Metric, score: float) -> None:
    assert likeness(distance, metric) == pytest.approx(score, abs=1e-12)


def test_sets_of_different_sizes_are_filled_up() -> None:
    rows = torch.arange(10.0).reshape(5, 2)
    padded, there = pad(rows, torch.tensor([2, 0, 3]))
    assert padded.shape == (3, 3, 2)
    assert there.tolist() == [[True, True, False], [False] * 3, [True] * 3]
    assert padded[there].tolist() == rows.tolist()
    assert not padded[~there].any()
    assert pad(rows[:0], torch.tensor([], dtype=torch.int64))[0].shape == (0, 0, 2)
