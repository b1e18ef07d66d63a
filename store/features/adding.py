"""`add --features`: a clip for each file of features, or each part of one, and what it holds where its kind keeps it.

The values of a batch are written before its clips, so that an interrupted call leaves no known clip without; what is
there is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...audio.clip import Decoded
from ...audio.limits import Limits
from ...errors import BadInput, UsageError
from ...progress import Progress
from ...schemas.clip import Reason, Source, Status
from ..ingest import AddReport, add_sources
from ..tables import Tables
from .base import FeatureFiles, Found
from .registry import build


def add_features(
    tables: Tables,
    name: str,
    paths: Sequence[str | Path],
    *,
    settings: Mapping[str, Any],
    limits: Limits,
    progress: Progress,
) -> AddReport:
    """Add the feature files of the kind `name` that `paths` name: clips that have no audio, and what the files hold.

    A file that cannot be used becomes a clip that is bad, and a problem of the report. Safe to interrupt and repeat.
    Raises NotFound, BadInput, UsageError for wrong settings, Unavailable where a package is missing.
    """
    kind, found = find_features(name, paths, settings)
    keeper = kind.keeper(tables)
    report = add_sources(
        tables,
        found.sources,
        limits=limits,
        listener=keeper,
        progress=progress,
        decode=_Reader(kind).decode,
        lacks=lambda clip_id: not keeper.holds(clip_id),
    )
    report.missing = list(found.missing)
    keeper.finish()
    return report


def find_features(name: str, paths: Sequence[str | Path], settings: Mapping[str, Any]) -> tuple[FeatureFiles, Found]:
    """Return the kind called `name`, with `settings`, and the files of it that `paths` name. Raises as above."""
    kind = build(name, settings)
    if not paths:
        raise UsageError(f"name the folders or lists of the {name} files")
    kind.check_installed()
    # abspath, because resolve() would follow links
    return kind, kind.find([Path(os.path.abspath(Path(path).expanduser())) for path in paths])  # noqa: PTH100


@dataclass(frozen=True)
class _Reader:
    """Reads feature files as `add` decodes audio."""

    kind: FeatureFiles

    def decode(self, source: Source, limits: Limits, sample_rate_hz: int | None) -> tuple[Decoded, dict[str, str]]:
        """Return how reading ended, the values in the place of a waveform, and no tags. There is no audio: no
        channels.
        """
        del sample_rate_hz
        codec = self.kind.codec
        try:
            found = self.kind.read(source)
        except BadInput as error:
            detail = f"{source.part} {error}".lstrip()
            return Decoded(Status.BAD, Reason.UNREADABLE, detail, codec=codec), {}
        if found.seconds > limits.max_decoded_s:
            detail = f"{found.seconds:.0f} s of features, the limit is {limits.max_decoded_s:.0f} s"
            return Decoded(Status.BAD, Reason.TOO_LONG, detail, codec=codec), {}
        decoded = Decoded(Status.OK, Reason.NONE, "", decoded_s=found.seconds, codec=codec, waveform=found.values)
        return decoded, {}
