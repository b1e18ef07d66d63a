"""`add --features`: a clip for each file of features, and its numbers as a vector of a space.

The vectors of a batch are written before its clips, so that an interrupted call leaves no known clip without one; what
is there is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...audio.clip import Decoded
from ...audio.limits import Limits
from ...errors import BadInput, UsageError
from ...progress import Progress
from ...schemas.clip import Reason, Source, Status
from ...schemas.vector import Float32, Segments
from ..ingest import AddReport, add_sources
from ..lock import writer_lock
from ..spaces import imported_space, table_of
from ..tables import Tables
from ..vectors import Writer
from .base import FeatureFiles
from .registry import build


def add_features(
    tables: Tables,
    name: str,
    folders: Sequence[str | Path],
    *,
    settings: Mapping[str, Any],
    limits: Limits,
    progress: Progress,
) -> AddReport:
    """Add the feature files of the kind `name` below `folders`: clips that have no audio, and their rows as a space.

    A file that cannot be used becomes a clip that is bad, and a problem of the report. Safe to interrupt and repeat.
    Raises NotFound, BadInput, UsageError for wrong settings, Unavailable where a package is missing.
    """
    kind = build(name, settings)
    if not folders:
        raise UsageError(f"name the folders of the {name} files")
    kind.check_installed()
    # abspath, because resolve() would follow links
    found = kind.find([Path(os.path.abspath(Path(folder).expanduser())) for folder in folders])  # noqa: PTH100
    space = imported_space(tables, kind.space, len(kind.columns), kind.note)
    rows = _Rows(Writer(tables, space))
    report = add_sources(
        tables, found.sources, limits=limits, listener=rows, progress=progress, decode=_Reader(kind).decode
    )
    report.missing = list(found.missing)
    tables.compact(table_of(space))
    with writer_lock(tables.folder):
        tables.index_keys(table_of(space))
    return report


@dataclass(frozen=True)
class _Reader:
    """Reads feature files as `add` decodes audio."""

    kind: FeatureFiles

    def decode(self, source: Source, limits: Limits, sample_rate_hz: int | None) -> tuple[Decoded, dict[str, str]]:
        """Return how reading ended, the row in the place of a waveform, and no tags. There is no audio: no channels."""
        del sample_rate_hz
        try:
            found = self.kind.read(Path(source.path))
        except BadInput as error:
            return Decoded(Status.BAD, Reason.UNREADABLE, str(error), codec=self.kind.codec), {}
        if found.seconds > limits.max_decoded_s:
            detail = f"{found.seconds:.0f} s of features, the limit is {limits.max_decoded_s:.0f} s"
            return Decoded(Status.BAD, Reason.TOO_LONG, detail, codec=self.kind.codec), {}
        codec, row = self.kind.codec, found.row
        return Decoded(Status.OK, Reason.NONE, "", decoded_s=found.seconds, codec=codec, waveform=row), {}


@dataclass
class _Rows:
    """Takes rows where an encoder would take waveforms, and writes them at once."""

    writer: Writer
    sample_rate_hz: int = 0
    start_s: Float32 = field(default_factory=lambda: np.zeros(1, np.float32))

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Write the rows of clips that are about to be committed."""
        self.writer.write(clip_ids, [Segments(self.start_s, row[None]) for row in waveforms])

    def commit(self) -> None:
        """Do nothing: nothing waits."""
