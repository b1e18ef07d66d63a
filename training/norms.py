"""Batch normalisation over the batch of all processes, on a CPU: PyTorch's own does that between GPUs only."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from lightning.pytorch.plugins import LayerSync
from torch import Tensor, distributed
from torch.nn.modules.batchnorm import _BatchNorm


class SharedNorms(LayerSync):
    """Makes batch norms share their statistics, in place: their weights and what they are called stay as they are."""

    def apply(self, model: torch.nn.Module) -> torch.nn.Module:
        """Let the norms of `model` count what all processes have in a batch."""
        for norm in _norms(model):
            norm.forward = MethodType(_shared_norm, norm)
        return model

    def revert(self, model: torch.nn.Module) -> torch.nn.Module:
        """Let them count by themselves again."""
        for norm in _norms(model):
            del norm.forward
        return model


def _norms(model: torch.nn.Module) -> list[Any]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def _shared_norm(norm: Any, x: Tensor) -> Tensor:
    """Return `x` float[b, channels, ...] normalised by the mean and variance of all processes' batches.

    In float32, and the variance in a second pass, as it is small where the mean is large. What is kept for inference is
    what one process would keep that had them all.
    """
    if not norm.training:
        return type(norm).forward(norm, x)  # type: ignore[no-any-return]
    axes, shape = [0, *range(2, x.dim())], [1, -1] + [1] * (x.dim() - 2)
    values = x.float()
    count = _summed(values.new_tensor([x.numel() / x.shape[1]]))
    mean = _summed(values.sum(axes)) / count
    centred = values - mean.view(shape)
    variance = _summed(centred.square().sum(axes)) / count
    with torch.no_grad():
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * count / (count - 1), norm.momentum)
    normed = centred * torch.rsqrt(variance + norm.eps).view(shape)
    scaled: Tensor = normed * norm.weight.view(shape) + norm.bias.view(shape)
    return scaled.to(x.dtype)


def _summed(own: Tensor) -> Tensor:
    total: Tensor = _Summed.apply(own)  # type: ignore[no-untyped-call]
    return total


class _Summed(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(_: Any, own: Tensor) -> Tensor:
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total
