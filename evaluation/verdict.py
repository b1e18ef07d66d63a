"""One sentence that says plainly what pruning does and does not buy, from the figures alone."""

from __future__ import annotations

from collections.abc import Sequence

from .methods_report import Compared, Outcome
from .ranks import DISTINCT, RANDOM, UNIFORM
from .report import FULL


def verdict(full: Outcome, outcomes: Sequence[Outcome], comparisons: Sequence[Compared]) -> str:
    """Return the sentence. Only differences that hold after Holm's correction count as better or worse."""
    parts = [
        _against(RANDOM, "as many random clips", [pair for pair in comparisons if pair.method != UNIFORM]),
        _against(DISTINCT, "as many random clips once duplicates are collapsed", comparisons),
        _against(FULL, "all train clips", comparisons),
    ]
    if full.duplicates_left is not None:
        parts.append(_left(outcomes))
    return "; ".join(part for part in parts if part) + "."


def _against(against: str, what: str, comparisons: Sequence[Compared]) -> str:
    made = [pair for pair in comparisons if pair.against == against]
    if not made:
        return ""
    better, worse = (
        [pair for pair in made if pair.significant and sign * pair.difference.interval.mean > 0] for sign in (1, -1)
    )
    said = [
        f"{_named(pairs)} {'is' if len(pairs) == 1 else 'are'} {word}"
        for pairs, word in ((better, "significantly better"), (worse, "significantly worse"))
        if pairs
    ]
    rest = len(made) - len(better) - len(worse)
    if rest:
        largest = max(abs(pair.difference.interval.mean) for pair in made if not pair.significant)
        which = f"none of {rest} comparisons" if rest == len(made) else f"none of the other {rest}"
        said.append(f"{which} shows a difference that holds (means up to {largest:.4f})")
    return f"against {what}, " + " and ".join(said)


def _named(pairs: Sequence[Compared]) -> str:
    return ", ".join(
        f"{pair.method} at {pair.keep:g} ({pair.difference.interval.mean:+.4f} {pair.metric})" for pair in pairs
    )


def _left(outcomes: Sequence[Outcome]) -> str:
    shares = []
    for keep in dict.fromkeys(found.keep for found in outcomes):
        here = [found for found in outcomes if found.keep == keep]
        named = ", ".join(f"{found.method} {found.duplicates_left.mean:.0%}" for found in here if found.duplicates_left)
        shares.append(f"at {keep:g} {named}")
    return f"planted duplicates left: {'; '.join(shares)}"
