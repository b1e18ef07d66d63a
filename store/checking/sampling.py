"""Which rows a check of a share of a store takes: other ones each day, so that in time it has read them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

BLOCK_ROWS = 8192
"""Rows that are read together."""
SMALL_ROWS = 4 * BLOCK_ROWS
"""A table of so few rows is always read whole."""


@dataclass(frozen=True)
class Sample:
    """Every `period`-th block of rows, counted from `phase` on; a period of 1 is all of them."""

    period: int = 1
    phase: int = 0

    @classmethod
    def of(cls, share: float) -> Sample:
        """Return the sample of a share of the rows (above 0, up to 1) that is taken today."""
        period = max(1, round(1 / share))
        return cls(period, datetime.now(UTC).toordinal() % period)

    def blocks(self, first: int, count: int, total: int) -> Iterator[tuple[int, int]]:
        """Yield (offset, length) of the blocks to read of `count` rows that begin at row `first` of `total`."""
        period = 1 if total <= SMALL_ROWS else self.period
        for offset in range(0, count, BLOCK_ROWS):
            if ((first + offset) // BLOCK_ROWS + self.phase) % period == 0:
                yield offset, min(BLOCK_ROWS, count - offset)
