"""Making networks: by a seed alone, with given weights, or as names and shapes; no global random number is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

Shapes = dict[str, tuple[int, ...]]

M = TypeVar("M", bound=nn.Module)


def made_by_seed(make: Callable[[], M], seed: int) -> M:
    """Return what `make` makes, initialised by `seed` alone as PyTorch initialises its layers, on the CPU.

    Its global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def made_of(make: Callable[[], M], weights: Mapping[str, NDArray[Any]]) -> M:
    """Return what `make` makes with these weights, which must fit and are not copied."""
    with torch.device("meta"):  # draws no random numbers for weights that are replaced
        network = make()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, assign=True)
    return network


def shapes_of(make: Callable[[], nn.Module]) -> Shapes:
    """Return name -> shape of everything in the state of what `make` makes, which takes no memory."""
    with torch.device("meta"):
        return {name: tuple(array.shape) for name, array in make().state_dict().items()}
