"""What a contrastive training looks like beside its loss: are views of a clip close, clips apart, vectors rich?"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

NEIGHBOURS = 5
_SHARPNESS = 2.0


def measured(z_i: Tensor, z_j: Tensor, h: Tensor, targets: Tensor) -> dict[str, float]:
    """Return those of these that are finite, by name; kNN accuracy is where there are clips with labels.

    targets: as in `knn_accuracy`.
    """
    found = {"alignment": alignment(z_i, z_j), "uniformity": uniformity(z_i), "effective_rank": effective_rank(h)}
    if targets.numel():
        found["knn_accuracy"] = knn_accuracy(h, targets)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def alignment(z_i: Tensor, z_j: Tensor) -> float:
    """Return the mean squared distance of the two views of a clip on the unit sphere, 0 to 4; lower is closer.

    z_i, z_j: float32[n, d]. Wang and Isola, "Understanding contrastive representation learning through alignment and
    uniformity on the hypersphere" (2020), with alpha 2.
    """
    distances = functional.normalize(z_i, dim=1) - functional.normalize(z_j, dim=1)
    return float(distances.square().sum(dim=1).mean())


def uniformity(z: Tensor) -> float:
    """Return log mean exp(-2 d^2) over all pairs of z float32[n, d] on the unit sphere, -8 to 0; lower is more even.

    Wang and Isola (2020), with t = 2.
    """
    distances = torch.pdist(functional.normalize(z, dim=1))
    return float((-_SHARPNESS * distances.square()).exp().mean().log())


def effective_rank(h: Tensor) -> float:
    """Return how many dimensions h float32[n, d] uses: exp of the entropy of its singular values, once centred.

    1 to min(n, d). Roy and Vetterli, "The effective rank: a measure of effective dimensionality" (2007).
    """
    values = torch.linalg.svdvals((h - h.mean(dim=0)).double())
    shares = values / values.sum().clamp_min(torch.finfo(values.dtype).tiny)
    return float(torch.special.entr(shares).sum().exp())


def knn_accuracy(h: Tensor, targets: Tensor, neighbours: int = NEIGHBOURS) -> float:
    """Return the share of clips that have the label which most of their nearest others have; NaN where none has any.

    h: float32[n, d], compared by cosine; targets: int64[n] classes, -1 for none, or float32[n, c] of zeros and ones;
    clips without a label are left out. Of labels with as many votes, the one of the nearest clip wins.
    """
    if targets.is_floating_point():
        hot = targets.double()
    else:
        hot = functional.one_hot(targets.clamp_min(0)).double() * (targets >= 0)[:, None]
    known = hot.sum(dim=1) > 0
    hot, unit = hot[known], functional.normalize(h[known], dim=1)
    if len(hot) < 2:
        return math.nan
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)
    nearest = similarity.topk(min(neighbours, len(hot) - 1), dim=1).indices
    weights = 1 + 0.5 ** torch.arange(1, nearest.shape[1] + 1, dtype=torch.float64)  # a vote, and less for a tie
    votes = (hot[nearest] * weights[:, None]).sum(dim=1)
    right = hot.gather(1, votes.argmax(dim=1, keepdim=True))
    return float(right.mean())
