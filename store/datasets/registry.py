"""Finding a data set by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...encoders.config import build_config
from ...errors import NotFound
from ...registry import Registry
from .base import Dataset

BUILT_IN = (
    *("clews", "covers80", "datacos", "discogs_vi"),
    *("esc50", "gtzan", "librispeech", "magnatagatune", "million_song", "shs100k", "spoken_digit"),
)

DATASETS: Registry[Dataset] = Registry("data set", __package__, BUILT_IN)

_FORMER = {
    "msd": "the data set 'msd' of CLMR is called million_song here: `echodex add --dataset million_song --root DIR`",
    "audio": "the data set 'audio' of CLMR is any folder here: `echodex add DIR`, with --labels FILE for its labels",
}
"""Names of the published program that mean something else here, or need no name."""

register, dataset_names = DATASETS.register, DATASETS.names


def build(name: str, settings: Mapping[str, Any]) -> Dataset:
    """Return the data set `name` with `settings`.

    Raises NotFound, with the nearest name or what a former one is called now, where there is none, and BadInput for an
    unknown setting.
    """
    if name in _FORMER and name not in dataset_names():
        raise NotFound(_FORMER[name])
    return build_config(DATASETS.find(name), settings)
