"""Finding a data set by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...encoders.config import build_config
from ...registry import Registry
from .base import Dataset

BUILT_IN = ("esc50", "gtzan", "librispeech", "magnatagatune", "million_song", "spoken_digit")

DATASETS: Registry[Dataset] = Registry("data set", __package__, BUILT_IN)

register, dataset_names = DATASETS.register, DATASETS.names


def build(name: str, settings: Mapping[str, Any]) -> Dataset:
    """Return the data set `name` with `settings`.

    Raises NotFound, with the nearest name, where there is none, and BadInput for an unknown setting.
    """
    return build_config(DATASETS.find(name), settings)
