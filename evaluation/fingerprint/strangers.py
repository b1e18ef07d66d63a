"""Which clips are left out of the search, so that cuts of them are strangers: with whatever they are related to.

Another excerpt of a file may hold the same sound, and another performance of a work bars of it, so that to find those
is no mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UsageError
from ...schemas.clip import Clip
from ...store.recordings import RECORDING_COLUMNS, recordings_of

if TYPE_CHECKING:
    from ...store.store import Store

LEFT_OUT = 0.2
"""About this share of the clips is left out of the search, in whole families."""


@dataclass(frozen=True)
class Parted:
    """known, strange: clips to cut queries from, long enough, in an order by chance; searched: the ids of all clips
    that are no relatives of the strange ones, sorted.
    """

    known: list[Clip]
    strange: list[Clip]
    searched: list[str]


def part_strangers(
    store: Store, clips: Sequence[Clip], *, view: str | None, most: int, least_s: float, seed: int
) -> Parted:
    """Return clips of a view parted into those that can be found and, up to `most` and a family's rest, those that
    cannot. least_s: how long a clip to cut from is at least.

    Clips of one work are a family, and without one the excerpts of a file. Raises UsageError below two families.
    """
    family = _families(store, [clip.clip_id for clip in clips], view)
    usable = [clip for clip in clips if clip.duration_s >= least_s]
    sizes = Counter(family[clip.clip_id] for clip in usable)
    if len(sizes) < 2:
        raise UsageError(
            f"{len(usable)} clips are {least_s:g} s long, of {len(sizes)} works or files, and two at least are needed"
        )
    order = [usable[place] for place in np.random.default_rng(seed).permutation(len(usable))]
    count = min(most, max(1, int(LEFT_OUT * len(usable))))
    away: set[str] = set()
    for name in dict.fromkeys(family[clip.clip_id] for clip in order):
        if sum(sizes[each] for each in away) >= count or len(away) == len(sizes) - 1:
            break
        away.add(name)
    return Parted(
        [clip for clip in order if family[clip.clip_id] not in away],
        [clip for clip in order if family[clip.clip_id] in away],
        sorted(clip_id for clip_id, name in family.items() if name not in away),
    )


def _families(store: Store, clip_ids: Sequence[str], view: str | None) -> dict[str, str]:
    clips = store.clips([*RECORDING_COLUMNS, "work"], clip_ids=clip_ids, view=view)
    named = zip(
        clips.column("clip_id").to_pylist(), clips.column("work").to_pylist(), recordings_of(clips), strict=True
    )
    return {clip_id: f"work {work}" if work else f"file {file}" for clip_id, work, file in named}
