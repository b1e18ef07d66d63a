"""The loss against loops over plain numbers, and against figures worked out by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from echodex.indexing.segment_sets.reductions import Reduction
from echodex.training.versions.losses import ClewsLoss, of_two_works


def drawn(n: int, segments: int, dim: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(n, segments, dim, generator=torch.Generator().manual_seed(seed))


def best_pairs(cells: np.ndarray, n: int) -> float:
    """The mean of the n smallest cells, each without the rows and columns of those before."""
    left, chosen = cells.copy(), []
    for _ in range(min(n, *cells.shape)):
        row, column = np.unravel_index(left.argmin(), left.shape)
        chosen.append(left[row, column])
        left[row], left[:, column] = np.inf, np.inf
    return float(np.mean(chosen))


def in_loops(z: np.ndarray, works: list[int], tracks: list[int], gamma: float, epsilon: float) -> tuple[float, float]:
    """Alignment and uniformity over ordered pairs, as the paper has them."""
    near, far = [], []
    for i, j in itertools.permutations(range(len(z)), 2):
        cells = np.array([[((s - t) ** 2).sum() / z.shape[2] for t in z[j]] for s in z[i]])
        if works[i] == works[j] and tracks[i] != tracks[j]:
            near.append(best_pairs(cells, 5))
        if works[i] != works[j]:
            far.append(math.exp(-gamma * cells.min()))
    return float(np.mean(near)), math.log(1 + float(np.mean(far)) / epsilon)


@pytest.mark.parametrize("segments", [1, 3, 8])
@pytest.mark.parametrize(("gamma", "epsilon"), [(5.0, 1e-6), (2.0, 1e-3)])
def test_it_is_what_loops_make_of_it(segments: int, gamma: float, epsilon: float) -> None:
    z = drawn(9, segments, 6, scale=0.8)
    works, tracks = [0, 0, 0, 0, 1, 1, 1, 2, 2], [0, 1, 1, 2, 3, 4, 3, 5, 6]  # some tracks come twice
    align, uniform = in_loops(z.double().numpy(), works, tracks, gamma, epsilon)
    loss = ClewsLoss(gamma=gamma, epsilon=epsilon)
    found = loss.parts(z, torch.tensor(works), torch.tensor(tracks))
    assert [float(part) for part in found] == pytest.approx([align, uniform], rel=1e-5)
    assert float(loss(z, torch.tensor(works), torch.tensor(tracks))) == pytest.approx(align + uniform, rel=1e-5)


def test_figures_by_hand() -> None:
    """Two works of two versions with one segment each, at 0 and 1, and at 3 and 5: distances 1 and 4; 4, 9, 16, 25."""
    z = torch.tensor([0.0, 1.0, 3.0, 5.0]).view(4, 1, 1)
    align, uniform = ClewsLoss().parts(z, torch.tensor([0, 0, 1, 1]), torch.arange(4))
    assert float(align) == pytest.approx((1 + 4) / 2)
    mean = (math.exp(-20) + math.exp(-45) + math.exp(-80) + math.exp(-125)) / 4
    assert float(uniform) == pytest.approx(math.log1p(mean / 1e-6), rel=1e-4)


def test_all_alike_is_worst_and_far_apart_is_nothing() -> None:
    works, tracks = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    align, uniform = ClewsLoss().parts(torch.zeros(4, 2, 3), works, tracks)
    assert float(align) == 0
    assert float(uniform) == pytest.approx(math.log(1 + 1e6))
    apart = torch.tensor([0.0, 0.0, 100.0, 100.0]).view(4, 1, 1).expand(4, 2, 3)
    assert float(ClewsLoss()(apart, works, tracks)) == 0


def test_a_work_alone_in_its_batch_is_made_two() -> None:
    """As published: the first versions, two at least and one in a hundred, pass for another work."""
    assert of_two_works(torch.full((12,), 7)).tolist() == [-1, -1] + [7] * 10
    assert of_two_works(torch.full((400,), 7)).tolist() == [-1] * 4 + [7] * 396
    mixed = torch.tensor([3, 3, 4])
    assert of_two_works(mixed).tolist() == mixed.tolist()
    z = drawn(5, 2, 4)
    expected = in_loops(z.double().numpy(), [1, 1, 0, 0, 0], [0, 1, 2, 3, 4], 5.0, 1e-6)
    found = ClewsLoss().parts(z, torch.zeros(5, dtype=torch.int64), torch.arange(5))
    assert [float(part) for part in found] == pytest.approx(expected, rel=1e-5)


def test_a_part_without_pairs_is_nothing() -> None:
    z = drawn(2, 3, 4).requires_grad_()
    align, uniform = ClewsLoss().parts(z, torch.tensor([0, 1]), torch.tensor([0, 1]))
    assert align.item() == 0 < uniform.item()
    align, uniform = ClewsLoss().parts(z, torch.tensor([5, 5]), torch.tensor([0, 1]))
    assert uniform.item() == 0 < align.item()
    (align + uniform).backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None


def test_versions_are_drawn_near_and_works_apart() -> None:
    z = drawn(4, 2, 3, scale=0.3).requires_grad_()
    works, tracks = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    loss = ClewsLoss()
    before = loss(z, works, tracks)
    before.backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    after = loss(z.detach() - 0.01 * z.grad, works, tracks)
    assert after.item() < before.item()
    assert bool(z.grad.isfinite().all())


def test_equal_segments_have_a_gradient() -> None:
    """The distance is squared, so that it can be differentiated at 0."""
    z = torch.zeros(4, 2, 3, requires_grad=True)
    ClewsLoss()(z, torch.tensor([0, 0, 1, 1]), torch.arange(4)).backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert bool(z.grad.isfinite().all())


def test_half_precision_around_it_changes_nothing() -> None:
    z, works, tracks = drawn(6, 3, 8), torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(6)
    plain = ClewsLoss()(z, works, tracks)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ClewsLoss()(z, works, tracks), plain)


def test_other_reductions() -> None:
    z, works, tracks = drawn(4, 3, 5), torch.tensor([0, 0, 1, 1]), torch.arange(4)
    align, _ = ClewsLoss(near=Reduction.of("mean")).parts(z, works, tracks)
    cells = torch.cdist(z[[0, 2]], z[[1, 3]]).square() / 5
    assert float(align) == pytest.approx(float(cells.mean()), rel=1e-5)


def test_reductions_of_one_direction_are_taken_in_both() -> None:
    """As published, over ordered pairs: of a meets b, and of b meets a."""
    z, works, tracks = drawn(5, 3, 4), [0, 0, 0, 1, 1], torch.arange(5)
    loss = ClewsLoss(near=Reduction.of("meanmin"), far=Reduction.of("minmean"))
    near, far = [], []
    for i, j in itertools.permutations(range(5), 2):
        cells = torch.cdist(z[i], z[j]).square() / 4
        if works[i] == works[j]:
            near.append(float(cells.min(dim=1).values.mean()))
        else:
            far.append(math.exp(-5 * float(cells.mean(dim=1).min())))
    expected = [np.mean(near), math.log1p(np.mean(far) / 1e-6)]
    assert [float(part) for part in loss.parts(z, torch.tensor(works), tracks)] == pytest.approx(expected, rel=1e-5)
