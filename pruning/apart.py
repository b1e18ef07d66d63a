"""Clips that are no duplicates, however near: performances of one work, and pairs that were said to be distinct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..indexing.groups.distinct import Distinct
from .versions import Performances

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Apart:
    """What keeps n clips apart. performances: what they are of, None where works have no say; distinct: which were said
    to be no duplicates, None where nothing was said.
    """

    performances: Performances | None = None
    distinct: Distinct | None = None

    def take(self, rows: Rows) -> Apart:
        """Return the same of some of the clips, in that order."""
        return Apart(self.performances and self.performances.take(rows), self.distinct and self.distinct.take(rows))

    def bars(self, one: Rows, other: Rows) -> Mask:
        """Return whether clips one[i] and other[i] are no duplicates of each other."""
        barred = np.zeros(len(one), dtype=np.bool_)
        if self.performances is not None:
            barred |= self.performances.versions(one, other)
        if self.distinct is not None:
            barred |= self.distinct.bars(one, other)
        return barred

    def barred(self, rows: Rows, others: Rows) -> Barred:
        """Return which of the clips `others` may not stand for each of the clips `rows`."""
        return Barred(self.take(rows), self.take(others))


@dataclass(frozen=True)
class Barred:
    """Which of m rows may not stand for each of q rows."""

    of: Apart
    by: Apart

    def take(self, rows: Rows, others: Rows) -> Barred:
        """Return the same of some of the rows, and of some of those that may not stand for them."""
        return Barred(self.of.take(rows), self.by.take(others))

    def cells(self, at: slice) -> tuple[Rows, Rows]:
        """Return the barred pairs of the rows `at`: places in the slice and among the m rows, int64[e] each. A pair
        that is barred twice is there twice.
        """
        found = [(_NONE, _NONE), *(find(at) for find in self._finders)]
        rows, columns = zip(*found, strict=True)
        return np.concatenate(rows), np.concatenate(columns)

    @cached_property
    def _finders(self) -> list[Callable[[slice], tuple[Rows, Rows]]]:
        finders = []
        if self.of.performances is not None and self.by.performances is not None:
            finders.append(self.of.performances.among(self.by.performances))
        if self.of.distinct is not None and self.by.distinct is not None:
            finders.append(self.of.distinct.among(self.by.distinct))
        return finders
