"""What of an encoder's network a training is told in one setting, as in `network_settings="norm=batch dim=32"`."""

from __future__ import annotations

from typing import Any


def network_settings(text: str) -> dict[str, Any]:
    """Return the values that "KEY=VALUE KEY=VALUE" says, as YAML would have them; build_config checks them."""
    pairs = [part.partition("=") for part in text.split()]
    return {key: _plain(value) for key, _, value in pairs}


def _plain(text: str) -> bool | float | str:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
