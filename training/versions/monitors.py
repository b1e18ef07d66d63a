"""What a training of versions is measured by: each valid clip asked for the others of its work, among all of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...indexing.segment_sets.distances import segment_distances
from ...indexing.segment_sets.reductions import Reduction, reduce

_CELLS = 1 << 22
"""Pairs of segments that are compared at once."""


def measured(z: Tensor, works: Tensor, tracks: Tensor, near: Reduction) -> dict[str, float]:
    """Return m_MAP, m_MR1, m_ARP and m_COMP of n clips of s segments each, z float32[n, s, d].

    works, tracks: int64[n]. A clip asks for those of its work that are of another track; those of its own track are no
    answers, but stay among the wrong ones that ARP is a share of, in percent. COMP, the square root of ARP (1 - MAP),
    is lower where both are better. Of equal distances the wrong answers come first. NaN where z is not finite.
    """
    if not bool(z.isfinite().all()):
        return dict.fromkeys(("m_MAP", "m_MR1", "m_ARP", "m_COMP"), math.nan)
    found: list[tuple[float, float, float]] = []
    for rows in torch.split(torch.arange(len(z)), max(1, _CELLS // (len(z) * z.shape[1] ** 2))):
        distances = reduce(segment_distances(z[rows.to(z.device)], z), near).cpu()
        answers = tracks[rows, None] != tracks
        found += map(_ranked, distances, answers & (works[rows, None] == works), answers)
    precisions, firsts, shares = zip(*found, strict=True)
    m_map, m_arp = _mean(precisions), 100 * _mean(shares)
    return {"m_MAP": m_map, "m_MR1": _mean(firsts), "m_ARP": m_arp, "m_COMP": math.sqrt(m_arp * (1 - m_map))}


def _ranked(distances: Tensor, right: Tensor, answers: Tensor) -> tuple[float, float, float]:
    """Return of one query, float32 and bool[n], average precision, rank of the first, and the mean share of the wrong
    that come before a right one.
    """
    wrong_first = torch.sort(right.to(torch.uint8), stable=True).indices
    order = wrong_first[torch.sort(distances.masked_fill(~answers, torch.inf)[wrong_first], stable=True).indices]
    ranks = right[order].nonzero()[:, 0].double() + 1
    found = torch.arange(1, len(ranks) + 1, dtype=torch.float64)
    wrong = len(right) - len(ranks)
    return float((found / ranks).mean()), float(ranks[0]), float((ranks - found).mean()) / max(wrong, 1)


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)
