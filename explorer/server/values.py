"""A column as the page colours clips by it: names by number, or numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NONE = "none"
OTHER = "other"
MAX_NAMES = 65_535
"""Codes are of 16 bits; the commonest names have one each, the rest share `OTHER`."""


@dataclass(frozen=True)
class Values:
    """A column over the rows of a snapshot.

    array: uint16[n], the code of each clip, or float32[n], NaN where it has none; header: what the page is told of it.
    """

    array: NDArray[Any]
    header: dict[str, Any]


Make = Callable[[], Values]


@dataclass(frozen=True)
class Column:
    """A column that there is: its name, what it is called, "category" or "number", the group it is shown in ("clip",
    "clusters", "view" or "decisions"), and what reads it.
    """

    name: str
    title: str
    kind: str
    group: str
    make: Make

    def about(self) -> dict[str, str]:
        """Return what the page is told before it asks for the column."""
        return {"name": self.name, "title": self.title, "kind": self.kind, "group": self.group}


def category(texts: pa.Array | pa.ChunkedArray) -> Values:
    """Return texts as codes: the commonest name is 0, of equals the first by the alphabet; null and "" are none.

    Header: names and counts by code; none: the code of "none", null where every clip has a name.
    """
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    encoded = texts.dictionary_encode()
    codes = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy()
    names = encoded.dictionary.to_pylist()
    counts = np.bincount(codes, minlength=len(names) + 1)
    ranked = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
    target = np.empty(len(names) + 1, dtype=np.int64)
    target[ranked] = np.minimum(np.arange(len(names)), MAX_NAMES - 2 if len(names) > MAX_NAMES - 1 else len(names))
    shown = [names[code] for code in ranked]
    if len(names) > MAX_NAMES - 1:
        shown = [*shown[: MAX_NAMES - 2], OTHER]
    target[-1] = len(shown)
    found = target[codes].astype(np.uint16)
    none = len(shown) if counts[-1] else None
    shown += [NONE] * (none is not None)
    told = np.bincount(found, minlength=len(shown)).tolist()
    return Values(found, {"names": shown, "counts": told, "none": none})


def number(values: pa.Array | pa.ChunkedArray | NDArray[Any], unit: str = "") -> Values:
    """Return numbers as float32; header: the least, the greatest and the median of those that are finite, null where
    none is, and the unit.
    """
    if not isinstance(values, np.ndarray):
        values = pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy()
    array = values.astype(np.float32)
    finite = array[np.isfinite(array)]
    told = (finite.min(), finite.max(), np.median(finite)) if len(finite) else (None, None, None)
    least, greatest, middle = (None if value is None else float(value) for value in told)
    return Values(array, {"min": least, "max": greatest, "median": middle, "unit": unit})
