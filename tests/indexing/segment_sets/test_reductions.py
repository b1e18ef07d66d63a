"""Reductions against the published example, against a slow reading of their definitions, and as a loss sees them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.indexing.segment_sets.reductions import Reduction, best_pairs, reduce

Matrix = NDArray[np.float64]

EXAMPLE = torch.tensor([[1, 5, 9, 3], [2, 1.5, 7, 4], [6, 0.8, 2.5, 8]], dtype=torch.float64)
PUBLISHED = {
    "min": 0.8,
    "max": 9.0,
    "mean": 4.15,
    "meanmin": 1.1,
    "minmean": 3.625,
    "bpwr-1": 0.8,
    "bpwr-2": 0.9,
    "bpwr-3": 1.93333333,
    "bpwr-10": 1.93333333,
    "bpwr": 1.93333333,
    "best-2": 0.9,
    "best-3": 1.1,
    "smeanmin": 1.4625,
}
ALL = [*PUBLISHED, "worst-2", "sminmean", "sbpwr-2", "smin", "best-40", "worst-40"]


@pytest.mark.parametrize(("how", "expected"), PUBLISHED.items())
def test_the_published_example(how: str, expected: float) -> None:
    assert reduce(EXAMPLE, how).item() == pytest.approx(expected, abs=1e-4)


def test_the_published_example_without_its_third_row() -> None:
    mask = torch.tensor([True, True, False])[:, None]
    assert reduce(EXAMPLE, "bpwr-10", mask).item() == pytest.approx(1.25)
    assert reduce(EXAMPLE, "meanmin", mask).item() == pytest.approx(1.25)


def test_the_worst_are_the_largest() -> None:
    assert reduce(EXAMPLE, "worst-2").item() == pytest.approx(8.5)
    assert reduce(EXAMPLE, "worst-1").item() == reduce(EXAMPLE, "max").item()


@pytest.mark.parametrize(
    "how", ["bestmin", "best", "worst", "bpwr-0", "bpwr-", "ssmin", "median", "", "min-3", "bpwr-1.5"]
)
def test_what_is_no_reduction_is_refused(how: str) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        Reduction.of(how)


def oracle(cells: Matrix, counts: NDArray[np.bool_], how: str) -> float:
    """Read the definitions, a cell at a time."""
    reduction = Reduction.of(how)
    if reduction.symmetric:
        plain = how[1:]
        return (oracle(cells, counts, plain) + oracle(cells.T, counts.T, plain)) / 2
    valid = sorted(float(cells[i, j]) for i, j in np.argwhere(counts))
    if not valid:
        return np.inf
    rows = [[float(cells[i, j]) for j in np.flatnonzero(counts[i])] for i in range(len(cells))]
    rows = [row for row in rows if row]
    if reduction.kind == "bpwr":
        return float(np.mean(greedy(cells, counts, reduction.n or min(cells.shape))))
    return {
        "min": lambda: valid[0],
        "max": lambda: valid[-1],
        "mean": lambda: float(np.mean(valid)),
        "meanmin": lambda: float(np.mean([min(row) for row in rows])),
        "minmean": lambda: min(float(np.mean(row)) for row in rows),
        "best": lambda: float(np.mean(valid[: reduction.n])),
        "worst": lambda: float(np.mean(valid[::-1][: reduction.n])),
    }[reduction.kind]()


def greedy(cells: Matrix, counts: NDArray[np.bool_], n: int) -> list[float]:
    chosen: list[tuple[int, int]] = []
    while len(chosen) < n:
        free = [
            (float(cells[i, j]), int(i), int(j))
            for i, j in np.argwhere(counts)
            if all(i != row and j != column for row, column in chosen)
        ]
        if not free:
            break
        chosen.append(min(free)[1:])
    return [float(cells[i, j]) for i, j in chosen]


@st.composite
def batches(draw: st.DrawFn) -> tuple[Matrix, NDArray[np.bool_]]:
    """Few different values, so that many cells are equal; any mask."""
    b, q, c = draw(st.integers(1, 3)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cells = draw(arrays.arrays(np.float64, (b, q, c), elements=st.integers(0, 8).map(float)))
    counts = draw(arrays.arrays(np.bool_, (b, q, c)))
    return cells, counts


@given(batches(), st.sampled_from(ALL))
def test_a_batch_with_a_mask_is_as_the_definitions_say(batch: tuple[Matrix, NDArray[np.bool_]], how: str) -> None:
    cells, counts = batch
    found = reduce(torch.from_numpy(cells), how, torch.from_numpy(counts))
    np.testing.assert_allclose(found, [oracle(one, mask, how) for one, mask in zip(cells, counts, strict=True)])


@given(batches())
def test_of_equal_pairs_the_first_is_taken(batch: tuple[Matrix, NDArray[np.bool_]]) -> None:
    cells, counts = batch
    pairs, found = best_pairs(torch.from_numpy(cells), None, torch.from_numpy(counts))
    q, c = cells.shape[1:]
    for one, mask, own, there in zip(cells, counts, pairs, found, strict=True):
        left, expected = np.where(mask, one, np.inf), []
        for _ in range(min(q, c)):
            first = int(left.argmin())
            if not np.isfinite(left.flat[first]):
                break
            expected.append(first)
            left[first // c], left[:, first % c] = np.inf, np.inf
        assert own[there].tolist() == expected


def test_leading_dimensions_stay_and_masks_are_broadcast() -> None:
    cells = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    rows, columns = torch.tensor([True, True, False, True]), torch.tensor([True, False, True, True, True])
    mask = rows[:, None] & columns
    found = reduce(cells, "bpwr-3", mask)
    assert found.shape == (2, 3)
    torch.testing.assert_close(found, reduce(cells[..., rows, :][..., columns], "bpwr-3"))


@pytest.mark.parametrize("how", ["mean", "bpwr-2", "smeanmin"])
def test_nothing_to_compare_is_infinitely_far(how: str) -> None:
    assert reduce(torch.rand(3, 2, 4), how, torch.tensor(False)).tolist() == [torch.inf] * 3
    assert reduce(torch.empty(3, 0, 4), how).tolist() == [torch.inf] * 3
    assert reduce(torch.empty(0, 2, 4), how).shape == (0,)


@pytest.mark.parametrize("how", ALL)
def test_gradients_are_those_of_the_definition(how: str) -> None:
    cells = torch.rand(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    mask = torch.rand(2, 4, 5, generator=torch.Generator().manual_seed(2)) > 0.3
    assert torch.autograd.gradcheck(lambda x: reduce(x, how, mask), (cells,))
    [slope] = torch.autograd.grad(reduce(cells, how, mask).sum(), cells)
    assert not slope[~mask].any()
    assert slope.sum().item() == pytest.approx(2.0), "one step up everywhere is one step up of the mean"


def test_what_is_masked_may_be_anything() -> None:
    cells = torch.tensor([[1.0, torch.nan], [torch.inf, 2.0]], requires_grad=True)
    mask = torch.tensor([[True, False], [False, True]])
    for how in ALL:
        [slope] = torch.autograd.grad(reduce(cells, how, mask), cells)
        assert torch.isfinite(slope).all(), how


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("how", ALL)
def test_on_a_gpu_it_is_the_same(how: str) -> None:
    cells = torch.randint(0, 9, (50, 7, 6), generator=torch.Generator().manual_seed(0)).float()
    mask = torch.rand(cells.shape, generator=torch.Generator().manual_seed(1)) > 0.3
    torch.testing.assert_close(reduce(cells.cuda(), how, mask.cuda()).cpu(), reduce(cells, how, mask))
    if how.startswith("bpwr"):
        for one, other in zip(best_pairs(cells.cuda(), 4, mask.cuda()), best_pairs(cells, 4, mask), strict=True):
            assert torch.equal(one.cpu(), other)
