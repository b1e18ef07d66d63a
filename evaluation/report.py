"""What fresh heads in pairs reached, as frozen objects: what `--json` prints, and a text of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..training.splits import like_run
from .stats import Interval, PairedDifference

FULL, VIEW, RANDOM = "full", "view", "random"


@dataclass(frozen=True)
class Arm:
    """Fresh heads on one choice of the train clips: how many clips each had, and by metric what each reached."""

    name: str
    train_clips: tuple[int, ...]
    values: dict[str, tuple[float, ...]]
    means: dict[str, Interval]


@dataclass(frozen=True)
class Comparison:
    """`of` minus `against` in one metric, run by run."""

    of: str
    against: str
    metric: str
    difference: PairedDifference


@dataclass(frozen=True)
class PairedReport:
    """Fresh heads on a view and on what it is compared with: `repeats` of each, in pairs of one seed and one split.

    view: "name@version"; against: what was drawn, or which views; seeds: of the repeats; drawn_splits: which splits
    each repeat drew for itself (none where the `split` column names them); splits_of: the run that trained the encoder,
    where splits were taken from it, or clips that taught it left out ("": neither); valid_clips, test_clips: per
    repeat, the same for all arms; left_out_classes: by repeat, classes without both kinds of test clips.
    """

    view: str
    against: str
    space: str
    repeats: int
    seeds: tuple[int, ...]
    multi_label: bool
    drawn_splits: tuple[str, ...]
    splits_of: str
    valid_clips: tuple[int, ...]
    test_clips: tuple[int, ...]
    left_out_classes: tuple[tuple[str, ...], ...]
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]

    def arm(self, name: str) -> Arm:
        """Return an arm by its name: "full", "view", "random", or that of a view."""
        return next(arm for arm in self.arms if arm.name == name)

    def text(self) -> str:
        """Return the report in lines of text."""
        told = [like_run(self.splits_of)] if self.splits_of else []
        told += [f"{' and '.join(self.drawn_splits)} drawn anew each time"] if self.drawn_splits else []
        lines = [
            f"view {self.view} against {self.against}",
            f"{self.repeats} repeats, seeds {self.seeds[0]} to {self.seeds[-1]}, space {self.space}",
            f"splits {', '.join(told) or 'from the split column'}: "
            f"{show_range(self.valid_clips)} valid, {show_range(self.test_clips)} test clips",
        ]
        width = max(7, *(len(arm.name) for arm in self.arms))
        for arm in self.arms:
            for metric, found in arm.means.items():
                lines.append(
                    f"{arm.name:<{width}} {show_range(arm.train_clips):>9} clips  {metric} {show_interval(found)}"
                )
        for pair in self.comparisons:
            p = f"p {pair.difference.p_t:.3f} (t), {pair.difference.p_permutation:.3f} (sign flips)"
            lines.append(
                f"{pair.of} - {pair.against}: {pair.metric} {show_interval(pair.difference.interval, '+')}  {p}"
            )
        return "\n".join(lines)


def show_range(counts: tuple[int, ...]) -> str:
    """Return "10", or "8 to 10" where repeats differ."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def show_interval(found: Interval, sign: str = "") -> str:
    """Return "0.9000 [0.8900, 0.9100]"; with `sign` "+", each figure has one."""
    return f"{found.mean:{sign}.4f} [{found.low:{sign}.4f}, {found.high:{sign}.4f}]"
