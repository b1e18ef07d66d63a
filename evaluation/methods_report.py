"""What a comparison of pruning methods found, as frozen objects: what `--json` prints, and a text of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..training.splits import like_run
from .ranks import DISTINCT, RANDOM
from .report import FULL, show_interval, show_range
from .stats import Interval, PairedDifference

LEVEL = 0.05
"""Of all comparisons of a report together, after Holm's correction."""


@dataclass(frozen=True)
class Outcome:
    """One method at one kept share: what it kept, what fresh heads reached on it, and what it left.

    keep: as asked for; kept: train clips kept, per repeat; share: kept / all, over the repeats; values, means: by
    metric; duplicates_left: per repeat, the share of planted duplicates kept beside the clip they copy, least_left: the
    share that any choice of that size leaves (both None where none was planted).
    """

    method: str
    keep: float
    kept: tuple[int, ...]
    share: float
    values: dict[str, tuple[float, ...]]
    means: dict[str, Interval]
    duplicates_left: Interval | None
    least_left: float | None


@dataclass(frozen=True)
class Compared:
    """`method` minus `against` at one kept share and in one metric, run by run.

    p_holm: of the paired t test, corrected for all comparisons of the report.
    """

    method: str
    against: str
    keep: float
    metric: str
    difference: PairedDifference
    p_holm: float

    @property
    def significant(self) -> bool:
        """Whether the difference holds at LEVEL among all comparisons of the report."""
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class MethodsReport:
    """Fresh heads on what each method keeps and on all train clips, `repeats` of each, in pairs of one seed and split.

    seeds: of the repeats; splits_of: the run that trained the encoder, where all repeats have its splits ("": each
    draws its own); groups: how many there were to split by `group_by`; train_clips, planted, valid_clips, test_clips:
    per repeat, the planted duplicates not counted as clips; full: all of those; dropped: comparisons that were not
    made, and why; verdict: one sentence.
    """

    space: str
    repeats: int
    seeds: tuple[int, ...]
    group_by: str | None
    groups: int
    split: str | None
    splits_of: str
    inject: float
    duplicate_score: float
    multi_label: bool
    train_clips: tuple[int, ...]
    planted: tuple[int, ...]
    valid_clips: tuple[int, ...]
    test_clips: tuple[int, ...]
    full: Outcome
    outcomes: tuple[Outcome, ...]
    comparisons: tuple[Compared, ...]
    dropped: tuple[str, ...]
    verdict: str

    def outcome(self, method: str, keep: float) -> Outcome:
        """Return what a method reached at a kept share."""
        return next(found for found in self.outcomes if (found.method, found.keep) == (method, keep))

    def compared(self, method: str, against: str, keep: float, metric: str) -> Compared | None:
        """Return a comparison; None where it was not made."""
        wanted = (method, against, keep, metric)
        return next((c for c in self.comparisons if (c.method, c.against, c.keep, c.metric) == wanted), None)

    def header(self) -> str:
        """Return how it was done, in lines of text."""
        grouped = f"{self.groups} groups by {self.group_by}" if self.group_by else "clip by clip"
        drawn = like_run(self.splits_of) if self.splits_of else "drawn anew each time"
        planted = f" and {show_range(self.planted)} planted duplicates" if self.inject else ""
        return (
            f"{self.repeats} repeats, seeds {self.seeds[0]} to {self.seeds[-1]}, space {self.space}\n"
            f"splits {drawn}, {grouped}: {show_range(self.train_clips)} train{planted}, "
            f"{show_range(self.valid_clips)} valid, {show_range(self.test_clips)} test clips\n"
            f"duplicates collapse at {self.duplicate_score:g}; noise is one more cluster for every method; "
            f"p of {len(self.comparisons)} comparisons after Holm, * below {LEVEL:g}"
        )

    def table(self) -> tuple[list[str], list[tuple[str, ...]]]:
        """Return a header and one row per method, kept share and metric."""
        against = [name for name in (RANDOM, DISTINCT, FULL) if any(c.against == name for c in self.comparisons)]
        minus = [f"minus {name}" for name in against]
        columns = ["method", "keep", "clips", "metric", "mean", *minus, "duplicates left"]
        rows = []
        for found in (self.full, *self.outcomes):
            left = "-" if found.duplicates_left is None else f"{found.duplicates_left.mean:.1%}"
            for metric, mean in found.means.items():
                shown = [_difference(self.compared(found.method, name, found.keep, metric)) for name in against]
                head = (found.method, f"{found.keep:g}", show_range(found.kept), metric, show_interval(mean))
                rows.append((*head, *shown, left))
        return columns, rows


def _difference(pair: Compared | None) -> str:
    if pair is None:
        return "-"
    mark = "*" if pair.significant else ""
    return f"{show_interval(pair.difference.interval, '+')} p {pair.p_holm:.3f}{mark}"
