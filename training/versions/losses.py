"""The loss of CLEWS: versions of a work near, in the best of their segments; works apart, in the nearest of theirs.

Serrà et al., "Supervised contrastive learning from weakly-labeled audio segments for musical version matching" (2025).
A version is a set of segments. Labels are weak: of two versions it is not known which segments correspond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...indexing.segment_sets.distances import segment_distances
from ...indexing.segment_sets.reductions import Reduction, reduce

_LEVEL = 10.0
"""b of the published code, which keeps the exponentials of the second part in the range of float32."""
_ALONE = 0.01
"""Where all of a batch is of one work, this share of it passes for another one, two versions at least."""


NEAR, FAR = Reduction("bpwr", 5), Reduction("min")
"""As published: the five best pairs of segments, and the best one."""


@dataclass(frozen=True)
class ClewsLoss:
    """near, far: reductions of the distances of two versions of a work, and of two works; gamma, epsilon: of the second
    part: how fast a work stops mattering with distance, and below what mean nearness none does.
    """

    near: Reduction = NEAR
    far: Reduction = FAR
    gamma: float = 5.0
    epsilon: float = 1e-6

    def __call__(self, z: Tensor, works: Tensor, tracks: Tensor) -> Tensor:
        """Return the sum of `parts`."""
        align, uniform = self.parts(z, works, tracks)
        return align + uniform

    def parts(self, z: Tensor, works: Tensor, tracks: Tensor) -> tuple[Tensor, Tensor]:
        """Return alignment and uniformity of n versions of s segments each, z float32[n, s, d].

        works, tracks: int64[n], what each is of, not below 0. Positives are versions of one work and different tracks,
        negatives are of different works; a part without pairs is 0. Alignment is the mean of near(D) over positives,
        uniformity log(1 + mean exp(-gamma far(D)) / epsilon) over negatives; D: squared Euclidean over d.
        """
        with torch.autocast(z.device.type, enabled=False):
            z, works = z.float(), of_two_works(works)
            cells, same = segment_distances(z, z), works[:, None] == works
            near = reduce(cells[_pairs(z, self.near) & same & (tracks[:, None] != tracks)], self.near)
            far = reduce(cells[_pairs(z, self.far) & ~same], self.far)
            align = near.mean() if len(near) else z.sum() * 0
            return align, self._uniformity(far) if len(far) else z.sum() * 0

    def _uniformity(self, far: Tensor) -> Tensor:
        """Return log(1 + mean exp(-gamma far) / epsilon) of float32[m], as the published code writes it."""
        scale = 1 / (self.epsilon * math.exp(_LEVEL))
        return torch.log1p(scale * torch.exp(_LEVEL - self.gamma * far).mean())


def _pairs(z: Tensor, reduction: Reduction) -> Tensor:
    """Return bool[n, n], the pairs of n versions to reduce: D is symmetric, so that one of two will do, but for a
    reduction that is not.
    """
    once = torch.ones(len(z), len(z), dtype=torch.bool, device=z.device).triu(1)
    return once | once.T if reduction.directed else once


def of_two_works(works: Tensor) -> Tensor:
    """Return `works` int64[n], the first of them turned into another work where all are one."""
    if len(works) == 0 or bool((works != works[0]).any()):
        return works
    others = works.clone()
    others[: max(2, int(_ALONE * len(works)))] = -1
    return others
