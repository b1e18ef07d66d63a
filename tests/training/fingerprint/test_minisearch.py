from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.training.fingerprint.minisearch import LENGTHS, mini_search

Float64 = NDArray[np.float64]


def unit(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def by_hand(queries: Float64, database: Float64, clips: list[int], length: int) -> dict[int, float]:
    """Every sequence against every other one, without matrices."""
    starts = [i for i in range(len(clips) - length + 1) if clips[i] == clips[i + length - 1]]
    ranks = []
    for i in starts:
        scores = {j: sum(((queries[i + k] - database[j + k]) ** 2).sum() for k in range(length)) for j in starts}
        ranks.append(sum(score <= scores[i] for score in scores.values()) - 1)
    return {top: float(np.mean([rank < top for rank in ranks])) for top in (1, 3, 10)} if starts else {}


def test_it_equals_a_search_by_hand() -> None:
    """Two clips of 21 and 12 segments and a short one, with queries so noisy that few are found alone."""
    clips = [0] * 21 + [1] * 12 + [2] * 2
    database = unit((35, 6), 0)
    queries = torch.nn.functional.normalize(database + 1.2 * unit((35, 6), 1), dim=1)
    found = mini_search(queries, database, torch.tensor(clips))
    expected = {
        f"top{top}_{length}": share
        for length in LENGTHS
        for top, share in by_hand(queries.double().numpy(), database.double().numpy(), clips, length).items()
    }
    assert found == pytest.approx(expected)
    assert found["top1_1"] < found["top1_5"]
    assert 0 < found["top1_1"] < found["top10_1"] < 1


def test_lengths_that_no_clip_has_are_left_out() -> None:
    rows = unit((8, 4), 2)
    found = mini_search(rows, rows, torch.tensor([0, 0, 0, 0, 1, 1, 1, 1]))
    assert {name.partition("_")[2] for name in found} == {"1", "3"}
    assert set(found.values()) == {1.0}


def test_vectors_that_are_all_the_same_find_nothing() -> None:
    rows = torch.nn.functional.normalize(torch.ones(20, 4), dim=1)
    found = mini_search(rows, rows, torch.zeros(20))
    assert {found[f"top1_{length}"] for length in LENGTHS} == {found["top10_1"]} == {0.0}
