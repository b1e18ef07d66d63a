"""Which song each segment is of: what the published layout does not say, and song-level hit rates need."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound

Rows = NDArray[np.int64]
COLUMNS = ("name", "segments")


@dataclass(frozen=True)
class Songs:
    """names: s strings; bounds: int64[s + 1], song i owns the segments bounds[i] to bounds[i + 1]."""

    names: tuple[str, ...]
    bounds: Rows

    def of(self, segments: Rows) -> Rows:
        """Return int64 of the same shape: the song of each segment, -1 for those of none."""
        inside = (segments >= self.bounds[0]) & (segments < self.bounds[-1])
        return np.where(inside, np.searchsorted(self.bounds, segments, side="right") - 1, -1)

    def ends(self, segments: Rows) -> Rows:
        """Return the segment after the last of each segment's song; a segment of no song ends with itself."""
        return np.where(self.of(segments) < 0, segments, self.bounds[self.of(segments) + 1])

    def name(self, song: int) -> str:
        """Return the name of a song, "" for -1."""
        return self.names[song] if song >= 0 else ""

    def after(self, rows: int) -> Songs:
        """Return the same songs with so many segments of no song before them."""
        return Songs(self.names, self.bounds + rows)


def songs_of(names: list[str], counts: list[int]) -> Songs:
    """Return songs of so many segments each, in that order."""
    return Songs(tuple(names), np.cumsum([0, *counts]).astype(np.int64))


def read_songs(asked: str, segments: int) -> Songs:
    """Return the songs of `segments` rows. asked: how many rows each has ("59"), or a CSV with `name` and `segments`.

    Raises NotFound, and BadInput where they do not add up to the rows.
    """
    if asked.isascii() and asked.isdigit() and int(asked):
        each = int(asked)
        if segments % each:
            raise BadInput(f"{segments} segments are no whole number of songs of {each}; give a CSV of name,segments")
        return songs_of([str(number) for number in range(segments // each)], [each] * (segments // each))
    names, counts = _read(Path(asked))
    if sum(counts) != segments:
        raise BadInput(f"{asked} lists {sum(counts)} segments and there are {segments}; list every song in order")
    return songs_of(names, counts)


def _read(path: Path) -> tuple[list[str], list[int]]:
    if not path.is_file():
        raise NotFound(f"{path} does not exist; give segments per song, or a CSV with the columns {', '.join(COLUMNS)}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        return [row["name"] for row in rows], [_count(row["segments"]) for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadInput(f"{path} must be a CSV with the columns {', '.join(COLUMNS)}, the second numbers") from error


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count
