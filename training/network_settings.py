"""What of an encoder's network a training is told in one setting, as in `network_settings="norm=batch dim=32"`."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def network_settings(text: str, kind: type[DataclassInstance]) -> dict[str, Any]:
    """Return the values that "KEY=VALUE KEY=VALUE" says, words for those fields of `kind` that are words, else as YAML
    would have them; build_config checks them.
    """
    words = {field.name for field in fields(kind) if isinstance(field.default, str)}
    pairs = [part.partition("=") for part in text.split()]
    return {key: value if key in words else _plain(value) for key, _, value in pairs}


def _plain(text: str) -> bool | float | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
