"""Which clips are versions of which work, and on which side of the training a work is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...schemas.view import ALL
from ...store.recordings import RECORDING_COLUMNS, recordings_of
from ...store.store import Store
from ..inputs import chance
from ..splits import TEST, TRAIN, VALID, Splits, meaning

Rows = NDArray[np.int64]
Names = NDArray[np.str_]


@dataclass(frozen=True)
class Works:
    """clip_ids: n strings, sorted, clips that have another version; works, tracks: int64[n], numbers that clips of one
    work, or of one recording, share; lone: how many other clips were asked for, without a work or
    without another version of it.
    """

    clip_ids: list[str]
    works: Rows
    tracks: Rows
    lone: int

    def __len__(self) -> int:
        return len(self.clip_ids)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each clip is."""
        return {clip_id: place for place, clip_id in enumerate(self.clip_ids)}

    @property
    def count(self) -> int:
        """How many works there are."""
        return len(np.unique(self.works))


def read_works(store: Store, clip_ids: Sequence[str] | None = None, *, view: str = ALL) -> Works:
    """Return those of some clips of a view (None: all) that have versions among them."""
    clips = store.clips([*RECORDING_COLUMNS, "work"], view=view, clip_ids=clip_ids)
    ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    names = np.asarray([name or "" for name in clips.column("work").to_pylist()], dtype=np.str_)
    works, tracks = _numbers(names), _numbers(np.asarray(recordings_of(clips), dtype=np.str_))
    pairs = np.unique(np.stack([works, tracks], axis=1), axis=0)
    kept = (names != "") & (np.bincount(pairs[:, 0], minlength=1)[works] > 1)
    found = [str(clip_id) for clip_id in ids[kept]]
    return Works(found, _numbers(works[kept]), _numbers(tracks[kept]), int((~kept).sum()))


def _numbers(names: NDArray[np.str_] | Rows) -> Rows:
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def work_splits(store: Store, seed: int, valid_share: float, test_share: float) -> Splits:
    """Return the split of every usable clip: those of a work are on one side, by the `split` column or drawn by seed.

    A clip that the column says nothing of is where the others of its work are; works that it says nothing of teach.
    Where no clip at all is test, or valid, test_share of the teaching works, and valid_share of those left, are drawn,
    two of them at least for valid. Clips without another version are on no side. Raises UsageError for a work on two.
    """
    clips = store.clips(["clip_id", "work", "split"])
    clip_ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    names = np.zeros(len(clip_ids), dtype="U5")
    works = read_works(store)
    here = np.searchsorted(clip_ids, works.clip_ids)
    titles = clips.column("work").take(here).to_pylist()
    sides = _sides(titles, clips.column("split").take(here).to_pylist())
    drawn = _draw(sides, seed, {TEST: test_share, VALID: valid_share})
    names[here] = [sides[title] for title in titles]
    return Splits(clip_ids, names, drawn)


def _sides(titles: Sequence[str], said: Sequence[str | None]) -> dict[str, str]:
    """Return the split of each work, TRAIN for those of which none of its clips says one."""
    sides = dict.fromkeys(sorted(titles), "")
    for title, name in zip(titles, map(meaning, said), strict=True):
        if name and sides[title] not in ("", name):
            raise UsageError(
                f"work {title[:80]!r} has clips in split {sides[title]} and in {name}; versions of a work must be on "
                "one side, so give them one split"
            )
        sides[title] = name or sides[title]
    return {title: name or TRAIN for title, name in sides.items()}


def _draw(sides: dict[str, str], seed: int, shares: dict[str, float]) -> tuple[str, ...]:
    """Turn works that teach into works of the splits that no work is in; return those splits."""
    drawn = tuple(split for split, share in shares.items() if share and split not in sides.values())
    for split in drawn:
        left = [title for title, name in sides.items() if name == TRAIN]
        left.sort(key=lambda title: chance(seed, title))
        for title in left[: max(2, round(shares[split] * len(left)))]:
            sides[title] = split
    return drawn
