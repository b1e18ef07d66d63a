from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.training.fingerprint.minisearch import LENGTHS, mini_search

Float64 = NDArray[np.float64]


def unit(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def by_hand(queries: Float64, database: Float64, clips: list[int], length: int) -> dict[str, float]:
    """Every sequence against every other one, without matrices."""
    starts = [i for i in range(len(clips) - length + 1) if clips[i] == clips[i + length - 1]]
    ranks = []
    for i in starts:
        scores = {j: sum(((queries[i + k] - database[j + k]) ** 2).sum() for k in range(length)) for j in starts}
        ranks.append(sum(score <= scores[i] for score in scores.values()) - 1)
    if not starts:
        return {}
    found = {f"top{top}_{length}": float(np.mean([rank < top for rank in ranks])) for top in (1, 3, 10)}
    return {**found, f"rank_{length}": float(np.mean(ranks))}


def test_it_equals_a_search_by_hand() -> None:
    """Two clips of 21 and 12 segments and a short one, with queries so noisy that few are found alone."""
    clips = [0] * 21 + [1] * 12 + [2] * 2
    database = unit((35, 6), 0)
    queries = torch.nn.functional.normalize(database + 1.2 * unit((35, 6), 1), dim=1)
    found = mini_search(queries, database, torch.tensor(clips))
    expected = {
        name: figure
        for length in LENGTHS
        for name, figure in by_hand(queries.double().numpy(), database.double().numpy(), clips, length).items()
    }
    assert found == pytest.approx(expected)
    assert found["top1_1"] < found["top1_5"]
    assert 0 < found["top1_1"] < found["top10_1"] < 1
    assert found["rank_1"] > found["rank_5"]


def test_rows_of_any_length_are_compared_by_their_distances() -> None:
    """As f(.) is before it is made a unit vector: a long row is far from a short one of its direction."""
    clips = [0] * 9 + [1] * 11
    database = unit((20, 5), 3) * torch.linspace(0.5, 3, 20)[:, None]
    queries = database + 0.8 * torch.randn(20, 5, generator=torch.Generator().manual_seed(4))
    found = mini_search(queries, database, torch.tensor(clips), (1, 3), of="f_")
    expected = {
        f"f_{name}": figure
        for length in (1, 3)
        for name, figure in by_hand(queries.double().numpy(), database.double().numpy(), clips, length).items()
    }
    assert found == pytest.approx(expected)
    directions = torch.nn.functional.normalize(queries), torch.nn.functional.normalize(database)
    assert mini_search(*directions, torch.tensor(clips), (1, 3), of="f_") != pytest.approx(expected)


def test_lengths_that_no_clip_has_are_left_out() -> None:
    rows = unit((8, 4), 2)
    found = mini_search(rows, rows, torch.tensor([0, 0, 0, 0, 1, 1, 1, 1]))
    assert {name.partition("_")[2] for name in found} == {"1", "3"}
    assert {found["top1_1"], found["top10_3"]} == {1.0}
    assert {found["rank_1"], found["rank_3"]} == {0.0}


def test_vectors_that_are_all_the_same_find_nothing() -> None:
    rows = torch.nn.functional.normalize(torch.ones(20, 4), dim=1)
    found = mini_search(rows, rows, torch.zeros(20))
    assert {found[f"top1_{length}"] for length in LENGTHS} == {found["top10_1"]} == {0.0}
