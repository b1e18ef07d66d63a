"""Finding an index kind by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ...errors import UsageError
from ...registry import Registry, nearest
from .base import Kind

BUILT_IN = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivfpq", "ivfpq-rr", "ivf-rabitq", "hnsw")
"""Kinds of this package, the simplest first."""

KINDS: Registry[Any] = Registry("index kind", __package__, BUILT_IN, UsageError)

register, kind_names = KINDS.register, KINDS.names


def build_kind(name: str, settings: Mapping[str, Any] | None = None) -> Kind:
    """Return the kind `name` with these settings (missing ones: the defaults).

    Raises UsageError where the name, a setting or a value is not known, naming what is.
    """
    kind_class = KINDS.find(name)
    kind: Kind = kind_class(kind_class.config_type(**_checked(name, kind_class.config_type, settings or {})))
    return kind


def _checked(name: str, config_type: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, each of the type of its default: a whole number where a fraction may stand becomes one."""
    known = {field.name: field.default for field in fields(config_type)}
    checked: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in known:
            raise UsageError(f"index kind {name!r} has no setting {key!r}{nearest(key, known)}")
        wanted = type(known[key])
        checked[key] = float(value) if wanted is float and type(value) is int else value
        if type(checked[key]) is not wanted:
            raise UsageError(f"setting {key} of index kind {name!r} is of type {wanted.__name__}, not {value!r}")
    return checked
