"""Finding an encoder by name: each registers itself, and a name loads only its own file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from ..errors import NotFound
from .base import Encoder, Weights

BUILT_IN = ("timbre", "clmr", "dummy")
"""Encoders of this package; `encoders/<name>.py` registers each when it is imported."""

E = TypeVar("E", bound=type[Encoder])

_REGISTRY: dict[str, type[Encoder]] = {}


def register(name: str) -> Callable[[E], E]:
    """Return a class decorator that makes an encoder known as `name`."""

    def add(encoder_class: E) -> E:
        encoder_class.name = name
        _REGISTRY[name] = encoder_class
        return encoder_class

    return add


def names() -> list[str]:
    """Return the names of all known encoders."""
    return sorted({*BUILT_IN, *_REGISTRY})


def encoder_class(name: str) -> type[Encoder]:
    """Return the class registered as `name`; raise NotFound with the nearest name where there is none."""
    if name not in _REGISTRY and name in BUILT_IN:
        import_module(f".{name}", __package__)
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NotFound(f"encoder {name!r} does not exist{hint} (known: {', '.join(names())})")
    return _REGISTRY[name]


def build(name: str, config: Mapping[str, Any] | None = None, weights: Weights | None = None) -> Encoder:
    """Return the encoder `name` with this configuration and these weights (None: what the encoder ships with)."""
    return encoder_class(name).build(config or {}, weights)
