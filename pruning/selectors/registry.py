"""Finding a selector by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import UsageError
from ...registry import Registry
from .base import Selector

SELECTORS: Registry[Selector] = Registry(
    "selector", __package__, ("facility", "jsd", "kcenter", "medoid", "random", "semdedup")
)

register, names, selector_class = SELECTORS.register, SELECTORS.names, SELECTORS.find


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
