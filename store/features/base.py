"""What a kind of feature files is to `add`: where they lie, what they are called, what one holds, and who keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ...schemas.clip import Source
from ...schemas.vector import Float32
from ..ingest import Listener
from ..tables import Tables


@dataclass(frozen=True)
class Found:
    """sources: the files that are there, or the parts of them; missing: those that a list names and no folder has."""

    sources: tuple[Source, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Features:
    """values: float32, finite, in the shape that the keeper takes; seconds: of the recording that they describe; told:
    how they lie in the file, by name, for whoever wants to look.
    """

    values: Float32
    seconds: float
    told: tuple[tuple[str, str], ...] = ()


class Keeper(Listener, Protocol):
    """Writes what files hold. It is given the values of clips in the place of their waveforms, before the clips
    themselves are committed, so that an interrupted call leaves no clip without.
    """

    def holds(self, clip_id: str) -> bool:
        """Return whether there is something of this clip already."""

    def finish(self) -> None:
        """Tidy up once all is written."""


class FeatureFiles(Protocol):
    """A frozen dataclass of settings that all have defaults, made known by `@register(name)`.

    codec: what the clips table says of such a file.
    """

    name: ClassVar[str]
    codec: ClassVar[str]

    def check_installed(self) -> None:
        """Raise Unavailable where an optional package is missing without which no file can be read."""

    def keeper(self, tables: Tables) -> Keeper:
        """Return who keeps the values in a store. Raises UsageError where what is there does not go with them."""

    def find(self, paths: Sequence[Path]) -> Found:
        """Return the files that `paths` name; raise NotFound or BadInput where there are none or a list is unusable."""

    def read(self, source: Source) -> Features:
        """Return what a file, or a part of it, holds; raise BadInput, saying what is odd about it."""
