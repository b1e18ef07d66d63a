"""NT-Xent: of all other views in a batch, which one is of the same clip?

Chen et al., "A simple framework for contrastive learning of visual representations" (2020), equation 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def ntxent(z_i: Tensor, z_j: Tensor, temperature: float) -> Tensor:
    """Return the loss, a float32 scalar, of two views of b clips: `z_i` and `z_j` float32[b, d], of any length.

    The mean over all 2b views of the cross-entropy of cosine / `temperature`, where a view's other one is right and the
    other 2 (b - 1) are wrong. Any b will do; a clip alone has nothing to be told from, and a loss of 0. Computed in
    float32, whatever the precision around it.
    """
    with torch.autocast(z_i.device.type, enabled=False):
        z = functional.normalize(torch.cat([z_i, z_j]).float(), dim=1)
        similarity = z @ z.T / temperature
        similarity = similarity.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
        partners = torch.arange(len(z), device=z.device).roll(len(z_i))
        return functional.cross_entropy(similarity, partners)
