"""Finding a data set by name: each registers itself, and a name loads only its own file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from ...encoders.config import build_config
from ...errors import NotFound
from .base import Dataset

BUILT_IN = ("esc50", "gtzan", "librispeech", "magnatagatune", "million_song", "spoken_digit")
"""Data sets of this package; `store/datasets/<name>.py` registers each when it is imported."""

D = TypeVar("D", bound=type[Dataset])

_REGISTRY: dict[str, type[Dataset]] = {}


def register(name: str) -> Callable[[D], D]:
    """Return a class decorator that makes a data set known as `name`."""

    def add(dataset: D) -> D:
        dataset.name = name
        _REGISTRY[name] = dataset
        return dataset

    return add


def dataset_names() -> list[str]:
    """Return the names of all known data sets."""
    return sorted({*BUILT_IN, *_REGISTRY})


def build(name: str, settings: Mapping[str, Any]) -> Dataset:
    """Return the data set `name` with `settings`.

    Raises NotFound, with the nearest name, where there is none, and BadInput for an unknown setting.
    """
    if name not in _REGISTRY and name in BUILT_IN:
        import_module(f".{name}", __package__)
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name, dataset_names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NotFound(f"data set {name[:80]!r} is not known{hint} (known: {', '.join(dataset_names())})")
    return build_config(_REGISTRY[name], settings)
