"""What a kind of feature files is to `add`: where they lie, what they are called, and a row of numbers for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ...schemas.clip import Source
from ...schemas.vector import Float32


@dataclass(frozen=True)
class Found:
    """sources: the files that are there; missing: those that a list names and no folder has."""

    sources: tuple[Source, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Features:
    """row: float32[columns], finite, as the file has them; seconds: of the recording that they describe."""

    row: Float32
    seconds: float


class FeatureFiles(Protocol):
    """A frozen dataclass of settings that all have defaults, made known by `@register(name)`.

    columns: what each number of a row is; codec: what the clips table says of such a file.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    codec: ClassVar[str]

    @property
    def space(self) -> str:
        """The name of the space that the rows go into."""

    @property
    def note(self) -> str:
        """What the space says of itself."""

    def check_installed(self) -> None:
        """Raise Unavailable where an optional package is missing without which no file can be read."""

    def find(self, folders: Sequence[Path]) -> Found:
        """Return the files below `folders`; raise NotFound or BadInput where there are none or a list is unusable."""

    def read(self, path: Path) -> Features:
        """Return what a file holds; raise BadInput, saying what is odd about it."""
