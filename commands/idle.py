"""Options that would change nothing are refused: only the command knows what was said, and a view that was saved would
tell of settings that had no part in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..errors import UsageError

_OF_HDBSCAN = ("min_cluster_size", "min_samples", "method", "epsilon", "allow_single_cluster", "approximate", "noise")
"""Settings without a meaning where K-Means puts every clip into some cluster."""

_STOPS = ("eps", "t")
_OF_SELECTORS = (*_STOPS, "compat")


def refuse_idle_clustering(given: Mapping[str, Any]) -> None:
    """Raise UsageError for settings of HDBSCAN beside K-Means."""
    idle = [name for name in _OF_HDBSCAN if name in given]
    if idle and given.get("algorithm") == "kmeans":
        raise UsageError(f"{_said(idle[0])} is a setting of HDBSCAN; leave it out with --algorithm kmeans")


def refuse_idle_selecting(selector: str, given: Mapping[str, Any]) -> None:
    """Raise UsageError for a stop that the selector does not have or that a budget replaces, and for a selector that
    has no stop and no budget; NotFound for one that does not exist.
    """
    from ..pruning.selectors.registry import having, selector_class, settings_of

    known = settings_of(selector)
    for name in _OF_SELECTORS:
        if name in given and name not in known:
            raise UsageError(f"--{name} goes with {', '.join(having(name))}, not with {selector}")
    stop = next((name for name in _STOPS if name in given), None)
    if "keep" in given and stop:
        raise UsageError(
            f"--keep is a budget in place of --{stop}; give one of the two, or cut a plan that was saved by --from-plan"
        )
    if "keep" not in given and selector_class(selector).needs_keep:
        raise UsageError(f"{selector} has no stop of its own; give a budget with --keep")
    if given.get("duplicate_score") == 0 and "match" in given:
        raise UsageError("--match says how duplicates are found, and --duplicate-score 0 looks for none")


def refuse_idle_stops(methods: Collection[str], given: Mapping[str, Any]) -> None:
    """Raise UsageError for a stop that none of the methods has."""
    from ..pruning.selectors.registry import having

    for name in _STOPS:
        if name in given and not set(having(name)) & set(methods):
            raise UsageError(f"--{name} goes with {', '.join(having(name))}, none of which is among the methods")


def refuse_beside_plan(view: str, given: Collection[str]) -> None:
    """Raise UsageError for settings beside a plan that was made: names of all but --keep."""
    if given:
        raise UsageError(f"--from-plan takes the plan of {view} as it is; leave out {_said(sorted(given)[0])}")


def _said(name: str) -> str:
    return "--set" if name == "options" else f"--{name.replace('_', '-')}"
