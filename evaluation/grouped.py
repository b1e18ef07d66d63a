"""Splits that never cut through a group: all clips of a speaker, a source file or an album fall on one side.

The splits of training (training/splits.py) draw label by label and take each group for its first clip's; groups that
hold clips of many labels, as speakers do, have to be weighed whole, and that is done here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.clip import DESCRIPTIVE
from ..schemas.read_json import read_json
from ..store.store import Store
from ..training.inputs import chance
from ..training.splits import TEST, TEST_SHARE, TRAIN, VALID, VALID_SHARE

ALONE = "clip "
"""What the name of a group begins with that is a clip without a value."""

_SHARES = ((TEST, TEST_SHARE), (VALID, VALID_SHARE))


def read_groups(store: Store, clip_ids: Sequence[str], column: str | None) -> NDArray[np.str_]:
    """Return the group of each clip: its value in a DESCRIPTIVE column or under a key of `extra`.

    A clip without a value is a group of its own, as every clip is where `column` is None. Raises UsageError where no
    clip has a value.
    """
    own = np.asarray([f"{ALONE}{clip_id}" for clip_id in clip_ids], dtype=np.str_)
    if column is None:
        return own
    clips = store.clips(["clip_id", column if column in DESCRIPTIVE else "extra"], clip_ids=clip_ids)
    held = dict(zip(clips.column(0).to_pylist(), clips.column(1).to_pylist(), strict=True))
    values = [held[clip_id] for clip_id in clip_ids]
    if column not in DESCRIPTIVE:
        extras = [read_json(value) if value else {} for value in values]
        values = [extra.get(column) for extra in extras]
    if not any(values):
        known = sorted({key for extra in extras for key in extra}) if column not in DESCRIPTIVE else []
        there = ", ".join([*DESCRIPTIVE, *known])
        raise UsageError(f"no clip to evaluate has a value in {column[:80]!r} to group by (there is: {there})")
    return np.array([f"= {value}" if value else alone for value, alone in zip(values, own, strict=True)], dtype=np.str_)


def grouped_split(hot: NDArray[np.bool_], groups: NDArray[np.str_], seed: int) -> NDArray[np.str_]:
    """Return "train", "valid" or "test" for each clip: about 15 % of each label's clips for test, 15 % for valid.

    hot: bool[n, c], which clip has which label; groups: n strings. Groups come in an order that depends on their names
    and the seed alone, and one goes to test, or to valid, where that brings the counts of its labels nearer to their
    share. Raises UsageError below three groups.
    """
    names, members = np.unique(groups, return_inverse=True)
    if len(names) < len(_SHARES) + 1:
        raise UsageError(f"train, valid and test need three groups at least, and there are {len(names)}")
    counts = np.zeros((len(names), hot.shape[1]))
    np.add.at(counts, members, hot)
    counts /= np.maximum(counts.sum(axis=0), 1)  # shares of each label's clips
    order = np.argsort([chance(seed, str(name)) for name in names], kind="stable")
    fates = np.full(len(names), TRAIN, dtype="U5")
    for split, share in _SHARES:
        open_groups = order[fates[order] == TRAIN]
        chosen = _fill(counts, open_groups, share)
        fates[chosen if len(chosen) else open_groups[:1]] = split
    return fates[members]


def _fill(counts: NDArray[np.float64], order: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Return the groups that, taken one by one, each lower sum_c (held_c - share)^2."""
    held, chosen = np.zeros(counts.shape[1]), []
    for group in order:
        if counts[group] @ (counts[group] + 2 * (held - share)) < 0:
            held += counts[group]
            chosen.append(group)
    return np.asarray(chosen, dtype=np.int64)
