"""What two views have in common, and what each has alone: clips, hours, labels, clusters, coverage, leakage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..progress import Progress, silent
from .diff_sides import Sides, read_sides
from .diff_space import SpaceDiff, compare_in_space
from .labels import label_pairs

if TYPE_CHECKING:
    from ..store.store import Store


@dataclass(frozen=True)
class Part:
    """Clips of a comparison: how many, hours of audio, and their ids in order."""

    clips: int
    hours: float
    clip_ids: tuple[str, ...]


@dataclass(frozen=True)
class LabelCount:
    """How many clips with a label each of two views keeps, and how many both keep."""

    label: str
    a: int
    b: int
    both: int


@dataclass(frozen=True)
class KeptDiff:
    """Two views, by "name@version" ("all": every usable clip): what only one keeps, what both keep, and how that
    differs in labels (alphabetical, those that either keeps).
    """

    a: str
    b: str
    only_a: Part
    only_b: Part
    both: Part
    labels: tuple[LabelCount, ...]


@dataclass(frozen=True)
class ViewDiff(KeptDiff):
    """The same, and how two views differ in the space they were made from."""

    vectors: SpaceDiff


def diff(store: Store, a: str, b: str, progress: Progress = silent) -> ViewDiff:
    """Compare what two views ("all", "lean", "lean@2") keep. Raises NotFound for an unknown view.

    Each is read as it was saved, so that views from different states of the store compare; what does not compare is
    left out with a sentence in `vectors.notes`. progress: hears of "reading", "coverage" and "leakage".
    """
    progress("reading", 0, None)
    sides = read_sides(store, a, b)
    return ViewDiff(**vars(compare_kept(sides)), vectors=compare_in_space(store, sides, progress))


def compare_kept(sides: Sides) -> KeptDiff:
    """Compare two views by what they keep, which takes no vector."""
    kept_a, kept_b = sides.a.kept, sides.b.kept
    return KeptDiff(
        a=sides.a.address,
        b=sides.b.address,
        only_a=_part(sides, kept_a & ~kept_b),
        only_b=_part(sides, kept_b & ~kept_a),
        both=_part(sides, kept_a & kept_b),
        labels=_labels(sides),
    )


def _part(sides: Sides, which: NDArray[np.bool_]) -> Part:
    clips = sides.clips.filter(pa.array(which))
    seconds = clips.column("duration_s").fill_null(0.0).to_numpy()
    return Part(len(clips), float(seconds.sum() / 3600), tuple(clips.column("clip_id").to_pylist()))


def _labels(sides: Sides) -> tuple[LabelCount, ...]:
    pairs = label_pairs(sides.clips.column("labels"))
    kept = (sides.a.kept, sides.b.kept, sides.a.kept & sides.b.kept)
    counts = np.stack([pairs.counts(which) for which in kept], axis=1).astype(int).tolist()
    found = [LabelCount(name, *row) for name, row in zip(pairs.names, counts, strict=True) if any(row)]
    return tuple(sorted(found, key=lambda one: one.label))
