"""Which queries of which lengths are asked: as published all test ids in every length, strictly only what can be hit.

A strict query stays inside its own file, and its answer is in the database whole. What can be is told of each length on
its own, so that short files are asked in the short lengths; what is left out is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from .material import Material
from .testids import choose_ids, choose_inside

Rows = NDArray[np.int64]
_NO_RECORDING = "no query has its recording in the database; check what is asked against what is there"


@dataclass(frozen=True)
class Chosen:
    """ids: int64[t], the query segments at which queries begin; able: bool[t, lengths], those that are asked.

    unanswerable: ids left out because their recording is not in the database. Of each length, outlasting: queries left
    out because what the database has of the recording ends before them; short: files that have no query so long.
    """

    ids: Rows
    able: NDArray[np.bool_]
    unanswerable: int
    outlasting: tuple[int, ...]
    short: tuple[int, ...]

    def of(self, place: int) -> Rows:
        """Return the ids asked in one of the lengths."""
        return self.ids[self.able[:, place]]


def as_published(material: Material, test_ids: str, lengths: Sequence[int], seed: int) -> Chosen:
    """Return all test ids that have an answer, in every length. Raises what `choose_ids` raises."""
    ids = choose_ids(test_ids, len(material.queries), max(lengths), seed, _folders(material))
    answered = material.truth[ids] >= 0
    if not answered.any():
        raise UsageError(_NO_RECORDING)
    able = np.ones((int(answered.sum()), len(lengths)), dtype=np.bool_)
    none = (0,) * len(lengths)
    return Chosen(ids[answered], able, int((~answered).sum()), none, none)


def inside_songs(material: Material, test_ids: str, lengths: Sequence[int], seed: int) -> Chosen:
    """Return the test ids, chosen in each length on its own, of queries that lie in their file and their recording.

    Raises UsageError where songs are not known, or a length has no query; and what `choose_inside` raises.
    """
    files = material.query_songs
    if files is None or material.database_songs is None:
        raise UsageError("a strict evaluation has to know the songs: say segments per song, or give a CSV, by --songs")
    spans, begins = np.array(lengths), np.arange(len(material.queries))
    inside = begins[:, None] + spans <= files.ends(begins)[:, None]
    ids, chosen = choose_inside(test_ids, inside, seed, _folders(material))
    truth, of = material.truth[ids], files.of(begins)
    known = np.isin(of[ids], of[material.truth >= 0])
    if len(ids) and not known.any():
        raise UsageError(_NO_RECORDING)
    whole = (truth >= 0)[:, None] & (truth[:, None] + spans <= database_ends(material)(truth)[:, None])
    able = chosen & whole
    without = [length for length, count in zip(lengths, able.sum(axis=0).tolist(), strict=True) if not count]
    if without:
        raise UsageError(
            f"no query of {' or '.join(map(str, without))} segments lies inside its file and its recording in the "
            "database; ask for shorter ones by --lengths"
        )
    return Chosen(
        ids=ids[able.any(axis=1)],
        able=able[able.any(axis=1)],
        unanswerable=int((~known).sum()),
        outlasting=tuple((chosen & known[:, None] & ~whole).sum(axis=0).tolist()),
        short=tuple((np.diff(files.bounds)[:, None] < spans).sum(axis=0).tolist()),
    )


def database_ends(material: Material) -> Callable[[Rows], Rows]:
    """Return what tells the row after the last that follows each row without a break, inside its song.

    What is of no song may go on up to where the songs begin.
    """
    bounds = material.unbroken
    if bounds is None:
        bounds = material.database_songs.bounds if material.database_songs else np.empty(0, dtype=np.int64)
    bounds = np.append(bounds, len(material.database))
    return lambda rows: bounds[np.searchsorted(bounds[:-1], rows, side="right")]


def _folders(material: Material) -> list[Path]:
    return [*([material.folder] if material.folder else []), Path(), Path("eval")]
