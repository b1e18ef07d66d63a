"""Which configuration is meant: a preset, named or the one that the weights fit best, with settings over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...errors import BadInput
from ...registry import nearest
from ..base import Weights
from ..config import build_config
from .config import PRESETS, VersionsConfig


def choose_config(settings: Mapping[str, Any], weights: Weights) -> VersionsConfig:
    """Return the configuration that `settings` mean for these weights.

    settings: fields of VersionsConfig, and `preset`: the name of one of PRESETS to begin with; without it, the one
    whose network has most in common with the weights: whoever checks them against it says what is missing or odd.
    Raises BadInput for settings that cannot be.
    """
    own = dict(settings)
    preset = own.pop("preset", None)
    if preset is not None:
        return preset_config(preset, own)
    found = {name: array.shape for name, array in weights.items()}
    shared: dict[VersionsConfig, int] = {}
    refused: BadInput | None = None
    for name in PRESETS:
        try:
            config = preset_config(name, own)
        except BadInput as error:  # another preset may take these settings
            refused = refused or error
        else:
            shared[config] = _shared(config, found)
    if refused and not shared:
        raise refused
    return max(shared, key=lambda config: shared[config])


def preset_config(preset: object, settings: Mapping[str, Any]) -> VersionsConfig:
    """Return the configuration of a preset with `settings` over it; raise BadInput with the nearest name."""
    if preset not in PRESETS:
        raise BadInput(f"preset {str(preset)[:80]!r} of 'versions' does not exist{nearest(str(preset), PRESETS)}")
    return build_config(VersionsConfig, {**asdict(PRESETS[str(preset)]), **settings})


def _shared(config: VersionsConfig, found: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many arrays the weights have as the network of `config` wants them."""
    from .network import state_shapes

    return len(state_shapes(config).items() & found.items())
