from __future__ import annotations

from dataclasses import replace

from echodex.evaluation.methods_report import Compared, Outcome
from echodex.evaluation.stats import Interval, PairedDifference
from echodex.evaluation.verdict import verdict


def outcome(method: str, keep: float, left: float | None) -> Outcome:
    interval = None if left is None else Interval(left, left, left, 10)
    return Outcome(method, keep, (5,) * 10, keep, {}, {}, interval, left)


def compared(method: str, against: str, mean: float, p: float) -> Compared:
    difference = PairedDifference(Interval(mean, mean - 0.01, mean + 0.01, 10), p, p)
    return Compared(method, against, 0.5, "Accuracy", difference, p)


FULL = outcome("full", 1.0, 1.0)
OUTCOMES = [outcome("jsd", 0.5, 0.02), outcome("random", 0.5, 0.25)]


def test_better_than_chance_and_worse_than_everything() -> None:
    found = verdict(
        FULL,
        OUTCOMES,
        [
            compared("jsd", "random", 0.02, 0.01),
            compared("jsd", "full", -0.01, 0.04),
            compared("random", "full", -0.03, 0.4),
        ],
    )
    assert found == (
        "against as many random clips, jsd at 0.5 (+0.0200 Accuracy) is significantly better; "
        "against all train clips, jsd at 0.5 (-0.0100 Accuracy) is significantly worse "
        "and none of the other 1 shows a difference that holds (means up to 0.0300); "
        "planted duplicates left: at 0.5 jsd 2%, random 25%."
    )


def test_nothing_shown() -> None:
    found = verdict(replace(FULL, duplicates_left=None), OUTCOMES, [compared("jsd", "random", 0.02, 0.2)])
    assert found == (
        "against as many random clips, none of 1 comparisons shows a difference that holds (means up to 0.0200)."
    )


def test_draws_by_chance_are_no_news_against_each_other() -> None:
    found = verdict(FULL, OUTCOMES, [compared("uniform", "random", 0.02, 0.01)])
    assert found == "planted duplicates left: at 0.5 jsd 2%, random 25%."
