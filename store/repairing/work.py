"""What the repairs of a store share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..tables import Tables
from .quarantine import Quarantine


@dataclass(frozen=True)
class Work:
    """The store that is repaired, and where what is wrong goes."""

    tables: Tables
    quarantine: Quarantine

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.tables.folder

    def path(self, where: str) -> Path:
        """Return the file or folder of the store that a finding names."""
        return self.folder / where
