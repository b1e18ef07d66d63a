"""Finding a kind of feature files by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...encoders.config import build_config
from ...registry import Registry
from .base import FeatureFiles

FEATURES: Registry[FeatureFiles] = Registry("feature set", __package__, ("cqt", "datacos"))

register, feature_names = FEATURES.register, FEATURES.names


def build(name: str, settings: Mapping[str, Any]) -> FeatureFiles:
    """Return the kind of feature files called `name` with `settings`; raise NotFound with the nearest name, BadInput
    for an unknown setting.
    """
    return build_config(FEATURES.find(name), settings)
