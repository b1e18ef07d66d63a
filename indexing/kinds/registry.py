"""Finding an index kind by name: each registers itself, and a name loads only its own file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, TypeVar

from ...errors import UsageError
from .base import Kind

BUILT_IN = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivfpq", "ivfpq-rr", "ivf-rabitq", "hnsw")
"""Kinds of this package; `kinds/<name>.py`, with "_" for "-", registers each when it is imported."""

K = TypeVar("K", bound=type[Any])

_REGISTRY: dict[str, type[Any]] = {}


def register(name: str) -> Callable[[K], K]:
    """Return a class decorator that makes a Kind, built from its configuration alone, known as `name`."""

    def add(kind_class: K) -> K:
        kind_class.name = name
        _REGISTRY[name] = kind_class
        return kind_class

    return add


def kind_names() -> tuple[str, ...]:
    """Return the names of all known kinds, the simplest first."""
    return (*BUILT_IN, *(name for name in _REGISTRY if name not in BUILT_IN))


def build_kind(name: str, settings: Mapping[str, Any] | None = None) -> Kind:
    """Return the kind `name` with these settings (missing ones: the defaults).

    Raises UsageError where the name, a setting or a value is not known, naming what is.
    """
    if name in BUILT_IN and name not in _REGISTRY:
        import_module(f".{name.replace('-', '_')}", __package__)
    if name not in _REGISTRY:
        raise UsageError(f"index kind {name!r} does not exist{_hint(name, kind_names())}")
    kind_class = _REGISTRY[name]
    kind: Kind = kind_class(kind_class.config_type(**_checked(name, kind_class.config_type, settings or {})))
    return kind


def _checked(name: str, config_type: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, each of the type of its default: a whole number where a fraction may stand becomes one."""
    known = {field.name: field.default for field in fields(config_type)}
    checked: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in known:
            raise UsageError(f"index kind {name!r} has no setting {key!r}{_hint(key, known)}")
        wanted = type(known[key])
        checked[key] = float(value) if wanted is float and type(value) is int else value
        if type(checked[key]) is not wanted:
            raise UsageError(f"setting {key} of index kind {name!r} is of type {wanted.__name__}, not {value!r}")
    return checked


def _hint(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{meant} (known: {', '.join(known) or 'none'})"
