"""LAMB: Adam whose step is scaled, layer by layer, to the size of the weights.

You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020), algorithm 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ..layerwise import Layerwise

PFANN_CLAMP = 1e3


class Lamb(Layerwise):
    """u <- m / (sqrt(v) + eps) + weight_decay w, w <- w - lr |w| / |u| u, m and v as Adam has them.

    The ratio is 1 where either norm is 0. debias: divide m and v by 1 - beta^t, as the paper and NAFP do; pfann does
    not. clamp: what |w| counts for at the most; pfann's is PFANN_CLAMP.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 1e-6,
        debias: bool = True,
        clamp: float = math.inf,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, {**settings, "debias": debias, "clamp": clamp if math.isfinite(clamp) else None})

    def move(self, weight: Tensor, group: dict[str, Any]) -> None:
        """Do so for one layer."""
        gradient, state = weight.grad, self.state[weight]
        if "step" not in state:
            state.update(step=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight))
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(gradient, 1 - first)
        state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        corrections = [1 - beta ** state["step"] if group["debias"] else 1.0 for beta in (first, second)]
        root = (state["square"] / corrections[1]).sqrt_().add_(group["eps"])
        update = (state["mean"] / corrections[0]).div_(root).add_(weight, alpha=group["weight_decay"])
        size, length = weight.norm().clamp_max(group["clamp"] or math.inf), update.norm()
        weight.sub_(update * (group["lr"] * torch.where((size > 0) & (length > 0), size / length, 1.0)))
