"""The published losses of fingerprints.

NT-Xent is training.contrastive.ntxent, as pfann has it: the mean over anchors and replicas. NAFP adds the mean over the
anchors to the mean over the replicas: twice as much.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..contrastive.ntxent import ntxent
from .config import FingerprintTraining


def fingerprint_loss(vectors: Tensor, config: FingerprintTraining) -> Tensor:
    """Return the loss of unit vectors float32[b, 1 + replicas, d]: each row an anchor and its replicas."""
    if config.loss == "triplet":
        return semi_hard(vectors[:, 0], vectors[:, 1:], config.margin)
    mean = ntxent(vectors[:, 0], vectors[:, 1], config.temperature)
    return 2 * mean if config.loss == "ntxent-sum" else mean


def semi_hard(anchors: Tensor, replicas: Tensor, margin: float) -> Tensor:
    """Return the mean of d(a, p) - d(a, n) + margin over semi-hard triplets, 0 where there is none.

    anchors: float32[b, d] unit vectors; replicas: float32[b, r, d]. d is the squared distance, p a replica of a, n an
    anchor or a replica of another anchor; semi-hard are those with d(a, p) < d(a, n) < d(a, p) + margin. Schroff et
    al., "FaceNet" (2015), over all of a batch, as "Now Playing" (Gfeller et al., 2017) uses it.
    """
    with torch.autocast(anchors.device.type, enabled=False):
        anchors, replicas = anchors.float(), replicas.float()
        near = (anchors[:, None] - replicas).square().sum(dim=2)  # [b, r]
        others = torch.cat([anchors[:, None], replicas], dim=1)  # [b, 1 + r, d]
        far = 2 - 2 * torch.einsum("id,jkd->ijk", anchors, others)
        gap = far[:, None] - near[:, :, None, None]  # [b, r, b, 1 + r]
        same = torch.eye(len(anchors), dtype=torch.bool, device=anchors.device)[:, None, :, None]
        taken = (gap > 0) & (gap < margin) & ~same
        return torch.where(taken, margin - gap, 0.0).sum() / taken.sum().clamp_min(1)
