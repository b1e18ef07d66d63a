"""Which configuration is meant: a preset, named or the one that the weights fit, with a user's settings over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...errors import BadInput
from ...registry import nearest
from ..base import Weights
from ..checkpoint import COUNTER, Shapes
from ..config import build_config
from .config import PRESETS, FingerprintConfig


def choose_config(settings: Mapping[str, Any], weights: Weights) -> FingerprintConfig:
    """Return the configuration that `settings` mean for these weights.

    settings: fields of FingerprintConfig, and `preset`: the name of one of PRESETS to begin with. Without it, that is
    the one whose network the weights are of. Raises BadInput where several are, since presets of one network differ in
    what it hears, and for settings that cannot be. Weights that fit no preset get the nearest one: whoever checks them
    against it says what is missing or odd.
    """
    own = dict(settings)
    candidates, refused = _candidates(own, own.pop("preset", None))
    if len(candidates) == 1 and not refused:
        return next(iter(candidates))
    found = _without_counters({name: array.shape for name, array in weights.items()})
    shared = {config: _shared(config, found) for config in candidates}
    fitting = [config for config, share in shared.items() if share == 1.0]
    if len(fitting) > 1:
        names = " and ".join(name for config in fitting for name in candidates[config])
        raise BadInput(f"these weights fit the presets {names}, which hear differently: say which as preset=NAME")
    if refused and not fitting:
        raise refused
    return fitting[0] if fitting else max(shared, key=lambda config: shared[config])


def _candidates(
    settings: Mapping[str, Any], preset: object
) -> tuple[dict[FingerprintConfig, list[str]], BadInput | None]:
    """Return each configuration that can be meant, with the presets that it comes from, and why one cannot be."""
    if preset is not None and preset not in PRESETS:
        raise BadInput(f"preset {str(preset)[:80]!r} of 'fingerprint' does not exist{nearest(str(preset), PRESETS)}")
    candidates: dict[FingerprintConfig, list[str]] = {}
    refused: BadInput | None = None
    for name in PRESETS if preset is None else [str(preset)]:
        try:
            config = build_config(FingerprintConfig, {**asdict(PRESETS[name]), **settings})
        except BadInput as error:  # another preset may take these settings
            refused = refused or error
        else:
            candidates.setdefault(config, []).append(name)
    return candidates, refused


def _shared(config: FingerprintConfig, found: Shapes) -> float:
    """Return how much of what is found or wanted is both, from 0 to 1."""
    from .network import state_shapes

    wanted = _without_counters(state_shapes(config))
    return len(wanted.items() & found.items()) / max(len(wanted.keys() | found.keys()), 1)


def _without_counters(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.endswith(COUNTER)}
