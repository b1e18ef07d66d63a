"""Optimisers that move each layer by a rule of its own, with nothing shared between layers but their settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Layerwise(torch.optim.Optimizer):
    """Calls `move` for each layer that has a gradient."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; `closure` computes the gradients first, as in every optimiser of PyTorch."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, group)
        return loss

    @abstractmethod
    def move(self, weight: Tensor, group: dict[str, Any]) -> None:
        """Change a layer by its gradient, in place. group: the settings of its group of parameters."""
