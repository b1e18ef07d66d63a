from __future__ import annotations

import pytest

from echodex.errors import NotFound, UsageError
from echodex.pruning.config import PruneConfig, budget


@pytest.mark.parametrize(
    ("keep", "clips", "kept"), [(0.5, 10, 5), (1.0, 10, 10), (0.001, 10, 1), (1, 10, 1), (7, 10, 7), (70, 10, 10)]
)
def test_a_share_is_a_float_and_a_count_an_int(keep: float, clips: int, kept: int) -> None:
    assert budget(keep, clips) == kept


@pytest.mark.parametrize("keep", [0, 0.0, -1, 1.5, float("nan"), True])
def test_other_budgets_are_refused(keep: float) -> None:
    with pytest.raises(UsageError, match="keep is a share"):
        budget(keep, 10)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"selector": "random"}, "give a budget with keep"),
        ({"keep": 0.0}, "keep is a share"),
        ({"duplicate_score": 1.2}, "duplicate score"),
        ({"noise": "drop"}, "noise is one of"),
        ({"seed": -1}, "a seed is"),
        ({"eps": 3.0}, "eps is"),
        ({"selector": "jsd", "t": 2.0}, "t runs from"),
    ],
)
def test_bad_settings_say_what_is_wrong(settings: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        PruneConfig(**settings)  # type: ignore[arg-type]


def test_an_unknown_selector_is_not_found() -> None:
    with pytest.raises(NotFound, match="selector 'best'"):
        PruneConfig(selector="best")
