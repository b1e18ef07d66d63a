"""`add --features NAME --verify`: what one file holds, before any is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadInput
from .adding import find_features


@dataclass(frozen=True)
class FeatureSample:
    """The first of `files` files, or parts of files, `missing` of which are listed and not there.

    path, part: which; said: what is known of it; told: how it lies in the file; kept: how a store would keep it;
    seconds: of the recording.
    """

    path: str
    part: str
    said: Mapping[str, str]
    told: Mapping[str, str]
    kept: str
    seconds: float
    files: int
    missing: int


def verify_features(name: str, paths: Sequence[str | Path], settings: Mapping[str, Any]) -> FeatureSample:
    """Read the first of the feature files that `add_features` would add, and add none.

    Raises as it does, and BadInput, naming the file, where this one cannot be used.
    """
    kind, found = find_features(name, paths, settings)
    source = found.sources[0]
    try:
        features = kind.read(source)
    except BadInput as error:
        raise BadInput(f"{source.path} {source.part}".rstrip() + f" {error}") from error
    values = features.values
    return FeatureSample(
        path=source.path,
        part=source.part,
        said=dict((*source.fields, *source.extra)),
        told=dict(features.told),
        kept=f"{values.dtype} {values.shape}, {values.min():.6g} to {values.max():.6g}",
        seconds=features.seconds,
        files=len(found.sources),
        missing=len(found.missing),
    )
