from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from echodex.evaluation.versions.measures import measure
from echodex.indexing.segment_sets.distances import segment_distances
from echodex.indexing.segment_sets.reductions import Reduction, reduce
from echodex.training.versions import monitors
from echodex.training.versions.monitors import measured

NEAR = Reduction("bpwr", 5)


def test_the_order_that_the_sheet_works_out() -> None:
    """A query, then candidates at growing distances of which the second and the fourth of five are right: AP .5, first
    rank 2, ARP (1/3 + 2/3) / 2 with the query itself among what is wrong.
    """
    z = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).view(6, 1, 1)
    distances = segment_distances(z, z)[..., 0, 0]
    right = torch.tensor([False, False, True, False, True, False])
    precision, first, share = monitors._ranked(distances[0], right, torch.arange(6) != 0)
    assert (precision, first) == (0.5, 2)
    assert share == pytest.approx((1 + 2) / 2 / 4)


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_the_measures_are_those_of_the_evaluation(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitors, "_CELLS", block)
    works = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3])
    tracks = torch.tensor([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    z = torch.randn(11, 4, 6, generator=torch.Generator().manual_seed(1)) + 0.3 * works.view(-1, 1, 1)
    z[9] = z[7]  # equal distances: the wrong come first
    distances = reduce(segment_distances(z, z), NEAR).numpy()
    answers = (tracks[:, None] != tracks).numpy()
    expected = measure(distances, answers & (works[:, None] == works).numpy(), answers)
    found = measured(z, works, tracks, NEAR)
    assert found["m_MAP"] == pytest.approx(expected.average_precision.mean())
    assert found["m_MR1"] == pytest.approx(expected.first_rank.mean())
    assert found["m_ARP"] == pytest.approx(expected.arp.mean())
    assert found["m_COMP"] == pytest.approx(math.sqrt(found["m_ARP"] * (1 - found["m_MAP"])))


def test_what_is_told_apart_and_what_is_not() -> None:
    works, tracks = torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(6)
    apart = works.float().view(6, 1, 1).expand(6, 3, 2)
    assert measured(apart, works, tracks, NEAR) == {"m_MAP": 1.0, "m_MR1": 1.0, "m_ARP": 0.0, "m_COMP": 0.0}
    alike = measured(torch.zeros(6, 3, 2), works, tracks, NEAR)
    assert alike["m_MR1"] == 5  # four wrong ones come first
    assert alike["m_MAP"] == pytest.approx(1 / 5)


def test_what_is_not_finite_has_no_figures() -> None:
    z = torch.zeros(4, 2, 3)
    z[1, 0, 0] = math.nan
    found = measured(z, torch.tensor([0, 0, 1, 1]), torch.arange(4), NEAR)
    assert all(np.isnan(value) for value in found.values())


def test_memory_is_that_of_a_part_of_the_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never clips times clips, 6 GB for 40,000 of them."""
    monkeypatch.setattr(monitors, "_CELLS", 1 << 14)
    n, sizes = 600, list[int]()

    class Watched(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = call(*args, **(kwargs or {}))
            sizes.append(found.numel() if isinstance(found, torch.Tensor) else 0)
            return found

    z = torch.randn(n, 2, 4, generator=torch.Generator().manual_seed(0))
    with Watched():  # type: ignore[no-untyped-call]
        measured(z, torch.arange(n) // 3, torch.arange(n), NEAR)
    assert max(sizes) < n * n / 4
