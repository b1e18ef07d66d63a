"""The run behind a space: which training of this store made its encoder, and which clips taught it.

What an encoder was taught the labels of must not test it, however good the head: it would be asked what it was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..errors import Damaged
from ..schemas.run import TRAINED, Run
from ..schemas.vector import Space
from ..store.spaces import kept_weights
from ..store.store import Store
from .layout import ENCODER_FILE, SPLITS_FILE, SUPERVISED
from .run import list_runs, run_folder
from .splits import TEST, TRAIN, VALID, Splits
from .trained import PREFIX

_SIDES = ("", TEST, VALID, TRAIN)
"""The splits, each going before those to its left in a group that has several."""


@dataclass(frozen=True)
class RunBehind:
    """name, splits: of the run; taught_labels: whether the encoder learned the labels of its train clips."""

    name: str
    taught_labels: bool
    splits: Splits

    def sides(self, clip_ids: Sequence[str] | NDArray[np.str_], groups: NDArray[Any] | None = None) -> NDArray[np.str_]:
        """Return n strings: the split that each clip had in the run, "" for one that it did not know.

        groups: n values, the same for clips that must fall on one side. All have that of the one that taught most: any
        train clip makes a group of train clips, else any valid clip one of valid clips, else any test clip.
        """
        wanted, known = np.asarray(clip_ids, dtype=np.str_), self.splits.clip_ids
        if not len(known):
            return np.full(len(wanted), "", dtype="U5")
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        names = np.where(known[place] == wanted, self.splits.names[place], "")
        ranks = sum((number * (names == side) for number, side in enumerate(_SIDES)), np.zeros(len(names), np.int64))
        if groups is not None:
            owners, members = np.unique(groups, return_inverse=True)
            highest = np.zeros(len(owners), np.int64)
            np.maximum.at(highest, members, ranks)
            ranks = highest[members]
        return np.array(_SIDES)[ranks]


def run_behind(store: Store, space: Space) -> RunBehind | None:
    """Return the finished run that trained the encoder of `space`, the oldest of several, None where none did.

    It is known by the encoder's digest or, where the space was made with other settings (pooling=windows), from an
    exported checkpoint, or under another version, by the weights. Raises Damaged where a run cannot be read.
    """
    made = [run for run in list_runs(store) if run.metrics and run.encoder_digest and not run.space]
    for run in made:
        if run.encoder_digest == space.digest:
            return _described(store, run)
    weights = kept_weights(store.path, space) if made else None
    for run in made:
        if weights and _holds(run_folder(store, run.name) / ENCODER_FILE, weights):
            return _described(store, run)
    return None


def taught_clips(store: Store, space: Space) -> set[str] | None:
    """Return the clips that taught the encoder of `space`, or chose its epoch, in runs of this store; None where none
    made it.

    They are the train clips that the view of its run keeps, its valid clips, and the same of the run whose weights that
    one began with. Raises Damaged.
    """
    behind = run_behind(store, space)
    if behind is None:
        return None
    runs, name, found = {run.name: run for run in list_runs(store)}, behind.name, set[str]()
    while run := runs.pop(name, None):
        splits = Splits.load(run_folder(store, name) / SPLITS_FILE)
        kept = store.clips(["clip_id"], view=run.view).column(0).to_pylist()
        found |= set(splits.ids(TRAIN)).intersection(kept).union(splits.ids(VALID))
        name = str(run.config.get("start", "")).partition(TRAINED)[2]
    return found


def _described(store: Store, run: Run) -> RunBehind:
    splits = Splits.load(run_folder(store, run.name) / SPLITS_FILE)
    return RunBehind(run.name, run.objective == SUPERVISED, splits)


def _holds(path: Path, weights: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether the encoder in a run's file has these weights, reading no more of it than that takes."""
    try:
        with safe_open(path, framework="numpy") as file:
            names = {name for name in file.keys() if name.startswith(PREFIX)}  # noqa: SIM118  (not a dict)
            return names == {PREFIX + name for name in weights} and all(
                np.array_equal(file.get_tensor(PREFIX + name), array) for name, array in weights.items()
            )
    except (SafetensorError, OSError) as error:
        raise Damaged(
            f"{path} cannot be read as an encoder ({error}); delete the run's folder, or restore it"
        ) from error
