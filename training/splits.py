"""Which clips teach, which validate and which test: from the `split` column, else drawn by seed.

Training and evaluation share it. Where the encoder was trained here, its run's splits come before a draw (behind.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import Damaged, UsageError
from ..store.files import write_atomic
from ..store.store import Store
from .inputs import chance
from .labels import Labels

if TYPE_CHECKING:
    from .behind import RunBehind

TRAIN, VALID, TEST = "train", "valid", "test"
VALID_SHARE = 0.15
TEST_SHARE = 0.15
_MEANS = {
    "train": TRAIN,
    "training": TRAIN,
    "valid": VALID,
    "validation": VALID,
    "val": VALID,
    "dev": VALID,
    "test": TEST,
    "testing": TEST,
    "": "",
}


@dataclass(frozen=True)
class Splits:
    """The split of every usable clip of a store.

    clip_ids: n strings, sorted; names: n of "train", "valid", "test" or "" (has no split where others have one, or
    no label: not used); `drawn`: which of the three were drawn by seed because the `split` column does not name them;
    of_run: the run behind the encoder, where splits were taken from it, or clips that taught it left out.
    """

    clip_ids: NDArray[np.str_]
    names: NDArray[np.str_]
    drawn: tuple[str, ...]
    of_run: str = ""

    def ids(self, split: str) -> list[str]:
        """Return the sorted ids of the clips of `split`."""
        return [str(clip_id) for clip_id in self.clip_ids[self.names == split]]

    def save(self, path: Path) -> None:
        """Write the splits to a Parquet file, atomically."""
        notes = {"drawn": " ".join(self.drawn), "of_run": self.of_run, "sum": self._sum()}
        table = pa.table({"clip_id": self.clip_ids, "split": self.names}, metadata=notes)
        write_atomic(path, lambda temporary: pq.write_table(table, temporary))

    @classmethod
    def load(cls, path: Path) -> Splits:
        """Read what `save` wrote; raise Damaged where that is not possible."""
        try:
            table = pq.read_table(path)
            columns = [np.asarray(table.column(name).to_pylist(), dtype=np.str_) for name in ("clip_id", "split")]
            notes = table.schema.metadata
            drawn, of_run = notes[b"drawn"].decode().split(), notes.get(b"of_run", b"").decode()
        except (OSError, pa.ArrowException, KeyError, TypeError) as error:
            raise Damaged(f"{path} does not hold the splits of a run ({error}); train the run again") from error
        found = cls(columns[0], columns[1], tuple(drawn), of_run)
        if notes.get(b"sum", found._sum().encode()) != found._sum().encode():  # an older file has none
            raise Damaged(f"{path} is not what was written; train the run again")
        return found

    def _sum(self) -> str:
        """Return blake2b-128, in hex, of all that is said."""
        lines = (*self.clip_ids.tolist(), *self.names.tolist(), *self.drawn, self.of_run)
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def read_splits(
    store: Store,
    labels: Labels,
    seed: int,
    groups: NDArray[np.int64] | None = None,
    behind: RunBehind | None = None,
) -> Splits:
    """Return the splits of a store.

    A split that the `split` column names is taken as it is. One that it does not name is drawn from the train clips:
    15 % of each label's clips for test, 15 % for valid, chosen by a hash of (seed, clip_id), so that the draw depends
    on neither view nor order. groups: int64[n], the same number for clips that must fall on one side (their
    duplicates); they are drawn as one.

    behind: the run that trained the encoder. What the column does not name is then taken from that run, whatever the
    seed: its valid and test clips stay what they were, and all others teach. Clips that taught the encoder their labels
    are left out where the column says test. A run without labels that held no test clips back leaves the draw as it is.
    Raises UsageError for a name that is not a split, and where all test clips taught the encoder.
    """
    clips = store.clips(["clip_id", "split"])
    here = np.searchsorted(np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_), labels.clip_ids)
    given = clips.column("split").take(here).to_pylist()
    names = np.array([meaning(name) for name in given], dtype="U5")
    if (names == "").all():
        names[:] = TRAIN
    names[~labels.teaches] = ""
    groups = np.arange(len(names)) if groups is None else groups
    missing = _missing(names)
    is_taken = behind is not None and _take(names, labels, groups, behind, missing)
    drawn = _missing(names)
    if drawn:
        _draw(names, labels, seed, groups, drawn)
    return Splits(labels.clip_ids, names, drawn, behind.name if behind and is_taken else "")


def _missing(names: NDArray[np.str_]) -> tuple[str, ...]:
    return tuple(name for name in (VALID, TEST) if not (names == name).any())


def _take(
    names: NDArray[np.str_], labels: Labels, groups: NDArray[np.int64], behind: RunBehind, missing: Sequence[str]
) -> bool:
    """Turn train clips of `names` into those of the `missing` splits that they were in the run behind the encoder.

    And test clips that taught it their labels into clips that are not used. Return whether that changed any.
    """
    before, pool = names.copy(), names == TRAIN
    if behind.taught_labels:
        names[(names == TEST) & (behind.sides(labels.clip_ids) == TRAIN)] = ""
    sides = behind.sides(labels.clip_ids, groups)
    if behind.taught_labels or TEST not in missing or (pool & (sides == TEST)).any():
        for split in missing:
            names[pool & (sides == split)] = split
    if behind.taught_labels and not (names == TEST).any():
        raise nothing_to_test(behind.name)
    return not np.array_equal(before, names)


def like_run(name: str) -> str:
    """Return how splits were made that are those of the run behind the encoder."""
    return f"as run {name}, which trained the encoder, had them"


def nothing_to_test(run: str) -> UsageError:
    """Return the error for an encoder that was taught the labels of all clips that could test it."""
    return UsageError(
        f"run {run!r} taught this encoder the labels of every clip that could test it; add clips that it has not seen, "
        "with split test"
    )


def meaning(name: str | None) -> str:
    """Return which split a value of the `split` column means, "" for none; raise UsageError for an unknown one."""
    try:
        return _MEANS[(name or "").strip().lower()]
    except KeyError:
        raise UsageError(f"split {name!r} is not known; use train, valid or test in the split column") from None


def _draw(names: NDArray[np.str_], labels: Labels, seed: int, groups: NDArray[np.int64], drawn: Sequence[str]) -> None:
    """Turn train clips of `names` into clips of the `drawn` splits, label by label and group by group."""
    teachers = np.flatnonzero(names == TRAIN)
    _, leaders, members = np.unique(groups[teachers], return_index=True, return_inverse=True)
    fates = np.full(len(leaders), TRAIN, dtype="U5")
    strata = rarest_label(labels.hot)[teachers[leaders]]
    order = np.array([chance(seed, str(clip_id)) for clip_id in labels.clip_ids[teachers[leaders]]])
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        inside = inside[np.argsort(order[inside], kind="stable")]
        tests = _quota(len(inside), TEST_SHARE, 2) if TEST in drawn else 0
        valids = _quota(len(inside), VALID_SHARE, 3 if TEST in drawn else 2) if VALID in drawn else 0
        fates[inside[:tests]] = TEST
        fates[inside[tests : tests + valids]] = VALID
    names[teachers] = fates[members]


def _quota(count: int, share: float, least: int) -> int:
    """Return how many of `count` clips are drawn: at least one where there are `least` of them."""
    return max(1, round(share * count)) if count >= least else 0


def rarest_label(hot: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return int64[n]: of each clip's labels the one that fewest clips have, -1 for none."""
    rarity = np.where(hot, hot.sum(axis=0), len(hot) + 1)
    return np.where(hot.any(axis=1), rarity.argmin(axis=1), -1)
