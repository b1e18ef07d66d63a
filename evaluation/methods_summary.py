"""From repeats to a report: means, paired differences, Holm's correction, and what could not be compared."""

from __future__ import annotations

from collections.abc import Sequence

from .methods_config import MethodsConfig
from .methods_repeat import Clips, Repeat, Tried
from .methods_report import Compared, MethodsReport, Outcome
from .ranks import references
from .stats import PairedDifference, holm, mean_interval, paired_difference
from .verdict import verdict

MAX_OFF = 0.015
"""How far the share that a method kept may be from the one asked for: beyond, sizes and not methods are compared."""


def summarise(repeats: Sequence[Repeat], config: MethodsConfig, clips: Clips) -> MethodsReport:
    """Return the report of at least two repeats."""
    full, *outcomes = (_outcome(tried, repeats) for tried in zip(*(repeat.tried for repeat in repeats), strict=True))
    dropped = {(found.method, found.keep): said for found in outcomes if (said := _too_far(found, repeats))}
    comparisons = _compare(full, [found for found in outcomes if (found.method, found.keep) not in dropped])
    return MethodsReport(
        space=clips.inputs.space.name,
        repeats=len(repeats),
        seeds=tuple(repeat.seed for repeat in repeats),
        group_by=config.group_by,
        groups=len(set(clips.groups.tolist())),
        split=config.split,
        splits_of=clips.splits_of,
        inject=config.inject,
        duplicate_score=config.prune.duplicate_score,
        multi_label=clips.labels.multi_label,
        train_clips=tuple(repeat.train for repeat in repeats),
        planted=tuple(repeat.planted for repeat in repeats),
        valid_clips=tuple(repeat.valid for repeat in repeats),
        test_clips=tuple(repeat.test for repeat in repeats),
        full=full,
        outcomes=tuple(outcomes),
        comparisons=comparisons,
        dropped=tuple(dropped.values()),
        verdict=verdict(full, outcomes, comparisons),
    )


def _outcome(tried: Sequence[Tried], repeats: Sequence[Repeat]) -> Outcome:
    """Return what one method at one kept share came to over the repeats."""
    values = {metric: tuple(found.metrics[metric] for found in tried) for metric in tried[0].metrics}
    left = [found.duplicates_left for found in tried if found.duplicates_left is not None]
    least = [found.least_left for found in tried if found.least_left is not None]
    return Outcome(
        method=tried[0].method,
        keep=tried[0].keep,
        kept=tuple(found.kept for found in tried),
        share=sum(found.kept for found in tried) / sum(repeat.train + repeat.planted for repeat in repeats),
        values=values,
        means={metric: mean_interval(found) for metric, found in values.items()},
        duplicates_left=mean_interval(left) if left else None,
        least_left=sum(least) / len(least) if least else None,
    )


def _too_far(found: Outcome, repeats: Sequence[Repeat]) -> str | None:
    """Return why a method is not compared at a kept share, None where it is."""
    shares = [kept / (repeat.train + repeat.planted) for kept, repeat in zip(found.kept, repeats, strict=True)]
    worst = max(shares, key=lambda share: abs(share - found.keep))
    if abs(worst - found.keep) <= MAX_OFF:
        return None
    return f"{found.method} at {found.keep:g} is not compared: it kept {worst:.3f} in one of the repeats"


def _compare(full: Outcome, outcomes: Sequence[Outcome]) -> tuple[Compared, ...]:
    """Return every method minus the draws by chance it has to beat, and minus all clips, corrected together."""
    pairs: list[tuple[Outcome, Outcome, str, PairedDifference]] = []
    there = {(found.method, found.keep): found for found in outcomes}
    for found in outcomes:
        against = [there[name, found.keep] for name in references(found.method) if (name, found.keep) in there]
        pairs += [
            (found, other, metric, paired_difference(found.values[metric], other.values[metric]))
            for other in (*against, full)
            for metric in found.values
        ]
    corrected = holm([difference.p_t for *_, difference in pairs])
    return tuple(
        Compared(found.method, other.method, found.keep, metric, difference, p)
        for (found, other, metric, difference), p in zip(pairs, corrected, strict=True)
    )
