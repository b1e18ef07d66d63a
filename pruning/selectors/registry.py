"""Finding a selector by name: each registers itself, and a name loads only its own file."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from ...errors import NotFound, UsageError
from .base import Selector

BUILT_IN = ("facility", "jsd", "kcenter", "medoid", "random", "semdedup")
"""Selectors of this package; `pruning/selectors/<name>.py` registers each when it is imported."""

S = TypeVar("S", bound=type[Selector])

_REGISTRY: dict[str, type[Selector]] = {}


def register(name: str) -> Callable[[S], S]:
    """Return a class decorator that makes a selector known as `name`."""

    def add(selector_class: S) -> S:
        selector_class.name = name
        _REGISTRY[name] = selector_class
        return selector_class

    return add


def names() -> list[str]:
    """Return the names of all known selectors."""
    return sorted({*BUILT_IN, *_REGISTRY})


def selector_class(name: str) -> type[Selector]:
    """Return the class registered as `name`; raise NotFound with the nearest name where there is none."""
    if name not in _REGISTRY and name in BUILT_IN:
        import_module(f".{name}", __package__)
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise NotFound(f"selector {name[:80]!r} does not exist{hint} (known: {', '.join(names())})")
    return _REGISTRY[name]


def settings_of(name: str) -> frozenset[str]:
    """Return the names of the settings that the selector `name` has. Raises NotFound for an unknown one."""
    return frozenset(field.name for field in dataclasses.fields(selector_class(name)))  # type: ignore[arg-type]


def having(setting: str) -> list[str]:
    """Return the names of all known selectors that have a setting."""
    return [name for name in names() if setting in settings_of(name)]


def build(name: str, settings: Mapping[str, Any], options: Mapping[str, Any]) -> Selector:
    """Return the selector `name`. Of `settings` it takes those it knows; every one of `options` must be its own.

    Raises NotFound for an unknown selector, UsageError for an option it does not have or a value it refuses.
    """
    known = settings_of(name)
    unknown = sorted(set(options) - known)
    if unknown:
        raise UsageError(
            f"selector {name!r} has no option {unknown[0]!r} (it has: {', '.join(sorted(known)) or 'none'})"
        )
    return selector_class(name)(**{key: value for key, value in {**settings, **options}.items() if key in known})
