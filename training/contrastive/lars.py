"""LARS: stochastic gradient descent whose step is scaled, layer by layer, to the size of the weights.

You, Gitman and Ginsburg, "Large batch training of convolutional networks" (2017), with momentum as SimCLR has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ..layerwise import Layerwise

TRUST = 0.001
MOMENTUM = 0.9


class Lars(Layerwise):
    """v <- momentum v + lr r (g + weight_decay w), w <- w - v, where r = trust |w| / |g + weight_decay w|.

    r is 1 where either norm is 0, and for groups with `adapt` False.
    """

    def __init__(self, groups: Iterable[Any], lr: float, *, weight_decay: float = 0.0) -> None:
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay, "adapt": True})

    def move(self, weight: Tensor, group: dict[str, Any]) -> None:
        """Do so for one layer."""
        gradient = weight.grad.add(weight, alpha=group["weight_decay"])  # type: ignore[union-attr]
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        rate: float | Tensor = group["lr"]
        if group["adapt"]:
            rate = rate * _trust(weight, gradient)
        state["velocity"].mul_(MOMENTUM).add_(gradient * rate)
        weight.sub_(state["velocity"])


def _trust(weight: Tensor, gradient: Tensor) -> Tensor:
    """Return the trust ratio of a layer, a scalar that stays on its device."""
    size, slope = weight.norm(), gradient.norm()
    return torch.where((size > 0) & (slope > 0), TRUST * size / slope, 1.0)


def lars_groups(network: nn.Module, weight_decay: float, *, exclude_norms: bool) -> list[dict[str, Any]]:
    """Return the parameters of `network` in groups for Lars.

    exclude_norms: biases and the gains of batch normalisation, which have one dimension, go with neither weight decay
    nor a trust ratio.
    """
    parameters = list(network.parameters())
    if not exclude_norms:
        return [{"params": parameters, "weight_decay": weight_decay, "adapt": True}]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay, "adapt": True},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0, "adapt": False},
    ]
