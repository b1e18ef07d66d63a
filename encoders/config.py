"""Building a frozen configuration from what a user wrote, with precise errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from ..errors import BadInput

C = TypeVar("C")


def build_config(config_class: type[C], given: Mapping[str, Any]) -> C:
    """Return `config_class(**given)`; raise BadInput for an unknown key or a value of another type, naming it.

    Whole numbers are taken where a float is asked for. `config_class` is a dataclass whose fields all have defaults.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(config_class)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in defaults:
            raise BadInput(f"{config_class.__name__} has no setting {key!r}; it has {', '.join(defaults)}")
        kind = type(defaults[key])
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise BadInput(f"{config_class.__name__}.{key} must be {kind.__name__}, not {value!r}")
        values[key] = value
    return config_class(**values)


def whole_numbers(text: str, what: str) -> tuple[int, ...]:
    """Return the numbers of "32,64,96", each from 1 to 8192; raise BadInput, which begins with `what`."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) < 5 and 0 < int(part) <= 8192 for part in parts):
        raise BadInput(f"{what} must be whole numbers from 1 to 8192 with commas between, not {text[:80]!r}")
    return tuple(map(int, parts))
